"""The journal under a whole session: every intent is in it before its bytes leave, orders are on the disk before where
the policy says so, and a failure sends nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
import pytest

from mm._core import JournalReader
from mm._core import events as ev
from mm._core.events import Event, unpack
from mm.journal import main
from mm.live.reopening import AGAIN_NS, Reopening
from mm.net.actions import Send
from mm.persistence.journal import DURABLE, EventJournal, Kind, Policy
from mm.persistence.recorder import FileRecorder
from mm.persistence.recording import read
from tests.backtest.session import START, Session

ENTRY = {"add_order", "batch_add", "amend_order", "cancel_order"}


class Watched:
    """A port that looks, at each order request on its way to the socket, at what the journal holds."""

    def __init__(self, session: Session, folder: Path, journal: EventJournal) -> None:
        self.port = session.world.machine
        self.folder = folder
        self.journal = journal
        self.seen = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.port, name)

    def drain(self) -> list[object]:
        actions = self.port.drain()
        for action in actions:
            if type(action) is Send and action.channel == "private":
                request = orjson.loads(action.payload)
                if request.get("method") in ENTRY:
                    self.look(request)
        return actions

    def look(self, request: dict[str, object]) -> None:
        self.seen += 1
        found = [(index, unpack(payload)) for index, _, _, _, payload in JournalReader(str(self.folder))]
        text = orjson.dumps(request).decode()
        kept = [
            index for index, event in found if type(event) in (ev.Place, ev.Amend, ev.Cancel) and named(event, text)
        ]
        assert kept, text
        # A cancel takes no risk: it is in the journal, and the sync follows.
        if self.journal.policy != "os" and request["method"] != "cancel_order":
            assert max(kept) < self.journal.durable_index, text


def named(event: Event, text: str) -> bool:
    """Whether a request is about the order of a command."""
    return any(f'"{name}"' in text for name in (event.client_id, getattr(event, "venue_id", "")) if name)


@pytest.mark.parametrize("policy", ["os", "group", "always"])
def test_f72_an_intent_is_in_the_journal_before_its_bytes_leave(tmp_path: Path, policy: Policy) -> None:
    folder = tmp_path / "journal"
    journal = EventJournal(folder, epoch=1, build="", now_ns=START, policy=policy)
    recorder = FileRecorder(tmp_path / "run.mmr", build="", created_ns=START, journal=journal)
    session = Session(tmp_path, recorder=recorder)
    watched = Watched(session, folder, journal)
    session.world.machine = watched
    session.run(15)
    assert session.stop()
    deadline = time.monotonic() + 10
    while journal.durable_index < journal.next_index and time.monotonic() < deadline:
        time.sleep(0.001)
    assert journal.durable_index == journal.next_index, "nobody syncs what was not waited for"
    recorder.close()
    assert watched.seen > 4
    reader = JournalReader(str(folder))
    kept = [unpack(payload) for *_, payload in reader]
    assert kept == [event for event in read(tmp_path / "run.mmr") if type(event) in DURABLE]
    assert {type(event) for event in kept} >= {ev.Start, ev.Place, ev.Cancel, ev.OrderAccepted, ev.OrderCanceled}
    assert reader.is_closed


def test_f82_a_journal_that_fails_lets_no_order_out(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    recorder = FileRecorder(tmp_path / "run.mmr", build="", created_ns=START, journal=journal)
    session = Session(tmp_path, recorder=recorder)
    sent: list[bytes] = []
    port = session.world.machine

    class Watching:
        def __getattr__(self, name: str) -> object:
            return getattr(port, name)

        def drain(self) -> list[object]:
            actions = port.drain()
            sent.extend(action.payload for action in actions if type(action) is Send)
            return actions

    session.world.machine = Watching()
    journal.close(START, 0)
    session.run(40)
    assert "the journal is closed" in recorder.broken
    assert not any(b"add_order" in payload or b"batch_add" in payload for payload in sent)


def test_the_recording_waits_until_the_bytes_have_left_and_loses_nothing(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0)
    recorder = FileRecorder(tmp_path / "a", build="", created_ns=0, journal=journal)
    stop, up = ev.Operator(1, "stop", ""), ev.VenueStatus(2, "kraken", "online")
    recorder.record(stop)
    assert [unpack(payload) for *_, payload in JournalReader(str(tmp_path / "journal"))] == [stop]
    assert list(read(tmp_path / "a")) == []
    assert recorder.settle is not None
    recorder.settle()
    assert list(read(tmp_path / "a")) == [stop]
    # What the journal does not take is written at once, as without one.
    recorder.record(up)
    assert list(read(tmp_path / "a")) == [stop, up]
    recorder.record(stop)
    recorder.close()
    assert list(read(tmp_path / "a")) == [stop, up, stop]


@pytest.mark.parametrize("policy", ["os", "group"])
def test_a_commit_that_fails_is_told_to_whoever_sends(tmp_path: Path, policy: Policy) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0, policy=policy)
    recorder = FileRecorder(tmp_path / "a", build="", created_ns=0, journal=journal)
    if policy == "os":
        assert recorder.commit is None
        return
    assert recorder.commit is not None
    journal.close(0, 0)
    for _ in range(2):
        recorder.commit()
    assert recorder.broken
    assert not recorder.failed


def test_a_recording_that_fails_beside_a_journal_is_given_up_and_the_journal_goes_on(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    recorder = FileRecorder(tmp_path / "run.mmr", build="", created_ns=START, journal=journal)
    session = Session(tmp_path, recorder=recorder)
    session.run(5)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, recorder._file)
    os.close(full)
    session.run(20)
    assert "No space left on device" in recorder.lost
    assert session.stop()
    recorder.close()
    kept = [unpack(payload) for *_, payload in JournalReader(str(tmp_path / "journal"))]
    assert {type(event) for event in kept} >= {ev.Place, ev.Cancel, ev.OrderAccepted, ev.OrderCanceled}


def test_what_comes_while_a_journal_is_opened_again_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    recorder = FileRecorder(tmp_path / "run.mmr", build="", created_ns=START, journal=journal)
    session = Session(tmp_path, recorder=recorder)
    session.run(5)
    told: list[str] = []
    reopening = Reopening(session.engine, recorder, journal, say=told.append)
    first, missed, meanwhile, after = (ev.Operator(number, "note", str(number)) for number in range(4))
    recorder.record(first)
    journal.fail("no room")
    recorder.record(missed)
    assert "no room" in recorder.broken
    reopening.look(1)
    reopening.look(1 + AGAIN_NS)
    recorder.record(meanwhile)
    deadline = time.monotonic() + 20
    while recorder.broken and time.monotonic() < deadline:
        reopening.look(1 + AGAIN_NS)
        time.sleep(0.001)
    assert not recorder.broken
    assert len(told) == 1
    recorder.record(after)
    journal.sync()
    state = session.engine.durable_hash()
    recorder.close()
    again = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=START)
    found = again.snapshot()
    assert found is not None
    assert found[0] == state, "it begins with the state of that moment"
    assert list(again.recovered()) == [meanwhile, after], "F82: what came meanwhile is not behind the snapshot"
    kinds = [kind for _, _, _, kind, _ in JournalReader(str(tmp_path / "journal"))]
    assert kinds[-4:-1] == [Kind.OPERATOR, Kind.REOPENED, Kind.OPERATOR]
    assert main(["dump", "--state", str(tmp_path)]) == 0
    assert "reopened  opened again: what happened since the record before is in no record" in capsys.readouterr().out

"""A journal that has failed and is opened again within the run: when it is tried, and what a try that fails leaves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mm._core import events as ev
from mm.live import reopening
from mm.live.reopening import AGAIN_NS, Reopening
from mm.persistence.journal import EventJournal
from mm.persistence.recorder import FileRecorder
from tests.backtest.session import START, Session


class Stand:
    """A run of some seconds whose journal has failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "journal"
        self.journal = EventJournal(self.folder, epoch=1, build="", now_ns=START)
        self.recorder = FileRecorder(folder / "run.mmr", build="", created_ns=START, journal=self.journal)
        self.session = Session(folder, recorder=self.recorder)
        self.session.run(5)
        self.told: list[str] = []
        self.reopening = Reopening(self.session.engine, self.recorder, self.journal, say=self.told.append)
        self.journal.fail("no room")
        self.note(0)
        assert self.recorder.broken

    def note(self, number: int) -> ev.Operator:
        event = ev.Operator(number, "note", str(number))
        self.recorder.record(event)
        return event

    def settle(self, now_ns: int) -> None:
        """Look until the try that is under way has ended."""
        deadline = time.monotonic() + 20
        while self.reopening.is_under_way and time.monotonic() < deadline:
            self.reopening.look(now_ns)
            time.sleep(0.001)
        assert not self.reopening.is_under_way, "F82: a try does not end"

    def again(self) -> list[ev.Event]:
        """What a start after this one reads behind its snapshot."""
        self.recorder.close()
        journal = EventJournal(self.folder, epoch=2, build="", now_ns=START)
        assert journal.snapshot() is not None
        return list(journal.recovered())


def test_f82_a_disk_is_asked_again_after_ten_seconds_and_not_at_each_look(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    for now_ns in (1, 1 + AGAIN_NS // 2, AGAIN_NS):
        stand.reopening.look(now_ns)
        assert not stand.reopening.is_under_way, "F82: it is tried at once"
    stand.reopening.look(1 + AGAIN_NS)
    assert stand.reopening.is_under_way
    stand.settle(1 + AGAIN_NS)
    assert not stand.recorder.broken
    assert len(stand.told) == 1


def test_f82_a_try_that_fails_is_followed_by_another_and_keeps_nothing_twice(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    # Nothing can be written under the name that the snapshot, behind the record that says so, has until it is whole.
    fresh = stand.folder / f"snapshot-{stand.journal.next_index + 1:020}.mms.new"
    fresh.mkdir()
    stand.reopening.look(1)
    stand.reopening.look(1 + AGAIN_NS)
    stand.note(1)
    stand.settle(1 + AGAIN_NS)
    assert (bool(stand.recorder.broken), stand.told) == (True, [])
    # In the next try's snapshot, or in nobody's: an event of the first must not be applied again.
    stand.note(2)
    fresh.rmdir()
    stand.reopening.look(1 + 2 * AGAIN_NS)
    assert stand.reopening.is_under_way, "F82: it is not tried again"
    meanwhile = stand.note(3)
    stand.settle(1 + 2 * AGAIN_NS)
    assert not stand.recorder.broken, "F82: the second try came to nothing"
    assert stand.again() == [meanwhile], "F82: what a start reads twice or never"


def test_f82_a_try_that_takes_too_long_is_given_up_and_not_half_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reopening, "BACKLOG_MAX", 2)
    stand = Stand(tmp_path)
    stand.reopening.look(1)
    stand.reopening.look(1 + AGAIN_NS)
    for number in range(1, 4):
        stand.note(number)
    stand.settle(1 + AGAIN_NS)
    assert stand.recorder.broken, "F82: it goes on without what came meanwhile"
    assert "too much" in stand.journal.failure
    assert stand.told == []
    stand.reopening.look(1 + 2 * AGAIN_NS)
    meanwhile = stand.note(4)
    stand.settle(1 + 2 * AGAIN_NS)
    assert not stand.recorder.broken
    assert stand.again() == [meanwhile]


def test_f82_a_journal_that_fails_again_while_it_takes_up_stays_broken(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.reopening.look(1)
    stand.reopening.look(1 + AGAIN_NS)
    stand.note(1)
    append_soon = stand.journal.append_soon

    def fails(*record: object) -> int:
        stand.journal.fail("no room again")
        return append_soon(*record)  # type: ignore[arg-type]

    stand.journal.append_soon = fails
    stand.settle(1 + AGAIN_NS)
    assert "no room again" in stand.recorder.broken, "F82: orders would leave without a journal"
    assert stand.told == [], "F82: nobody is to resume it"

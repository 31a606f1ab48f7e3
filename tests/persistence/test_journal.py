"""The durable journal from Python: a kill loses nothing acknowledged, a full disk ends it, the past comes back."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import (
    Journal,
    JournalDamaged,
    JournalError,
    JournalFailed,
    JournalLocked,
    JournalReader,
    events,
    journal_repair,
)
from mm._core.events import CLASSES, Alert, BookFrame, Cancel, Event, Fill, Place, Start, StrategyPaused, Timer
from mm.persistence.journal import DURABLE, EventJournal, Kind, events_of

SEGMENT_HEADER_BYTES = 128
KILLS = 50

WRITER = """
import os, sys
from mm._core import Journal
journal = Journal("journal", epoch=int(sys.argv[1]), form=1, build="", now_ns=0, segment_bytes=4000)
payload = b"x" * 100
while True:
    index = journal.append(1, b"%d" % journal.next_index, 0, 0)
    os.write(1, b"%d\\n" % index)
"""


def open_journal(folder: Path, epoch: int, **settings: object) -> Journal:
    return Journal(str(folder), epoch=epoch, form=1, build="test", now_ns=epoch, **settings)  # type: ignore[arg-type]


def fill(journal: Journal, count: int) -> list[bytes]:
    payloads = [b"record %d" % (journal.next_index + number) for number in range(count)]
    for payload in payloads:
        journal.append(1, payload, 5, 6)
    return payloads


@pytest.mark.parametrize("what", ["moved", "removed"])
def test_a_journal_whose_folder_is_gone_touches_no_file_of_another_one_at_its_path(tmp_path: Path, what: str) -> None:
    folder, moved = tmp_path / "journal", tmp_path / "moved"
    first = open_journal(folder, 1, segment_bytes=1000)
    # Further on than the other: what lies before its snapshot it takes away.
    fill(first, 200)
    shutil.move(folder, moved) if what == "moved" else shutil.rmtree(folder)
    second = open_journal(folder, 2, segment_bytes=1000)
    written = fill(second, 100)
    names = sorted(path.name for path in folder.iterdir())
    if what == "moved":
        first.begin_snapshot(b"of the first", 1, 5).wait(20 * 10**9)
        fill(first, 100)
        assert first.next_index == 300
        assert [path.name for path in moved.iterdir() if path.suffix == ".mms"]
    else:
        with pytest.raises(JournalError):
            first.begin_snapshot(b"of the first", 1, 5).wait(20 * 10**9)
        with pytest.raises(JournalError):
            fill(first, 100)
    assert sorted(path.name for path in folder.iterdir()) == names
    assert payloads(folder) == written
    second.close(0, 0)


def payloads(folder: Path) -> list[bytes]:
    return [payload for *_, payload in JournalReader(str(folder))]


def place(number: int) -> Place:
    return Place(
        number, "kraken", "BTC/USD", f"id{number}", "btc", "quote", 0, 1, 600_000, 100, "limit", "gtc", True, False, ""
    )


def test_what_goes_in_comes_out_with_both_clocks(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "new" / "journal", 1)
    assert (journal.append(7, b"a", -1, 2), journal.append(8, b"", 3, 4)) == (0, 1)
    assert list(JournalReader(str(tmp_path / "new" / "journal"))) == [(0, -1, 2, 7, b"a"), (1, 3, 4, 8, b"")]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = open_journal(folder, 1)
    journal.begin_snapshot(b"state", 1, 2).wait(20 * 10**9)
    journal.close(0, 0)
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    with pytest.raises(JournalLocked, match=f"process {os.getpid()} does"):
        open_journal(tmp_path, 2)
    with pytest.raises(JournalLocked):
        journal_repair(str(tmp_path), 0)
    journal.close(0, 0)
    open_journal(tmp_path, 2).close(0, 0)


@pytest.mark.parametrize("policy", ["os", "group", "always"])
def test_a_policy_keeps_what_it_promises(tmp_path: Path, policy: str) -> None:
    journal = open_journal(tmp_path, 1, policy=policy, gather_ns=3_600_000_000_000)
    fill(journal, 3)
    assert journal.durable_index == (3 if policy == "always" else 0)
    journal.commit()
    assert journal.durable_index == (0 if policy == "os" else 3)
    journal.sync()
    assert journal.durable_index == 3


def test_bad_arguments_name_the_field(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="policy: expected os, group or always, got never"):
        open_journal(tmp_path, 1, policy="never")
    with pytest.raises(ValueError, match="epoch: expected above 0"):
        open_journal(tmp_path, 0)
    with pytest.raises(ValueError, match="segment_bytes: expected more than 128, got 128"):
        open_journal(tmp_path, 1, segment_bytes=128)
    journal = open_journal(tmp_path, 1)
    for kind in (0, Kind.REOPENED):
        with pytest.raises(ValueError, match=f"kind: expected a number from 1 to 4294967294, got {kind:d}"):
            journal.append(kind, b"", 0, 0)
    with pytest.raises(ValueError, match="payload: expected at most 1048576 bytes, got 1048577 bytes"):
        journal.append(1, bytes(1_048_577), 0, 0)
    assert journal.failure == ""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """F72: fifty kills of one journal, each at a moment of its own."""
    chance = random.Random(72)
    known = 0
    for epoch in range(1, KILLS + 1):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(epoch)], cwd=tmp_path, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.read(chance.choice((1, 5, 50, 500, chance.randrange(1, 20_000))))
            process.send_signal(signal.SIGKILL)
            # What was acknowledged before the kill and not read yet; the first part of the number was.
            rest = process.stdout.read().rsplit(b"\n", 2)
        if len(rest) == 3:
            known = max(known, int(rest[1]) + 1)
        found = payloads(tmp_path / "journal")
        assert len(found) >= known
        assert found == [b"%d" % index for index in range(len(found))]
        known = len(found)
    assert known > 1000
    open_journal(tmp_path / "journal", KILLS + 1)


def test_f82_a_full_disk_ends_the_journal_and_leaves_whole_records(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    journal = open_journal(tmp_path, 1, segment_bytes=1000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900, hard))
    try:
        with pytest.raises(JournalFailed, match="File too large"):
            fill(journal, 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "File too large" in journal.failure
    # There is room again, and still nothing is taken or promised: what happened in between is not in it.
    for again in (partial(journal.append, 1, b"", 0, 0), journal.sync, journal.commit, partial(journal.close, 0, 0)):
        with pytest.raises(JournalFailed):
            again()
    written = payloads(tmp_path)
    assert 0 < len(written) < 100
    assert written == [b"record %d" % number for number in range(len(written))]
    assert open_journal(tmp_path, 2).next_index == len(written)


def test_a_torn_tail_is_cut_told_and_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    written = fill(journal, 3)
    del journal
    segment = next(tmp_path.glob("*.mmj"))
    data = segment.read_bytes().rstrip(b"\0")
    segment.write_bytes(data[:-3])
    notice = "the tail was torn and is cut at segment 0000000001.mmj, byte 224, record 2: it ends before the record"
    assert JournalReader(str(tmp_path)).notices[0].startswith(notice)
    journal = open_journal(tmp_path, 2)
    assert journal.notices[0].startswith(notice)
    assert payloads(tmp_path) == written[:2]
    assert next(tmp_path.glob("cut-*")).read_bytes() == data[224:-3]
    journal.close(0, 0)
    assert open_journal(tmp_path, 3).notices == []


def test_f84_damage_in_the_middle_stops_and_names_the_place(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    written = fill(journal, 5)
    journal.close(0, 0)
    segment = next(tmp_path.glob("*.mmj"))
    data = bytearray(segment.read_bytes())
    data[SEGMENT_HEADER_BYTES + 48 + 45] ^= 4
    segment.write_bytes(data)
    for opened in (lambda: open_journal(tmp_path, 2), lambda: JournalReader(str(tmp_path))):
        with pytest.raises(JournalDamaged, match=r"segment 0000000001.mmj, byte 176, record 1: the record's check"):
            opened()
    assert segment.read_bytes() == data, "nothing is changed without a word of the operator"
    assert journal_repair(str(tmp_path), 9) == 1
    assert payloads(tmp_path) == written[:1]
    assert (tmp_path / "cut-0000000001-176-9.bin").read_bytes() == data[176:]


def test_recovery_begins_with_the_newest_sound_snapshot(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1, segment_bytes=500)
    fill(journal, 40)
    assert journal.begin_snapshot(b"first", 11, 1).wait(20 * 10**9) == 40
    fill(journal, 40)
    assert journal.begin_snapshot(b"second", 22, 2).wait(20 * 10**9) == 80
    later = fill(journal, 5)
    journal.close(0, 0)
    journal = open_journal(tmp_path, 2)
    assert journal.snapshot() == (80, 2, 22, 1, b"second")
    assert [payload for *_, payload in journal.records()] == later
    assert journal.notices == []
    journal.close(0, 0)
    newest = max(tmp_path.glob("*.mms"))
    newest.write_bytes(newest.read_bytes()[:-1] + b"X")
    journal = open_journal(tmp_path, 3)
    assert journal.snapshot() == (40, 1, 11, 1, b"first")
    assert [payload for *_, payload in journal.records()][-5:] == later
    assert "is damaged, an earlier state and more records are taken" in journal.notices[0]


def test_a_copy_that_was_put_back_is_noticed(tmp_path: Path) -> None:
    folder, copy = tmp_path / "journal", tmp_path / "copy"
    journal = open_journal(folder, 1)
    fill(journal, 3)
    journal.close(0, 0)
    shutil.copytree(folder, copy)
    open_journal(folder, 2).close(0, 0)
    shutil.rmtree(folder)
    copy.rename(folder)
    journal = open_journal(folder, 3)
    assert journal.notices == [
        "the folder was copied or put back since it was written, or journal.lock removed: it may be an older state",
    ]


def test_a_hundred_thousand_records_come_back_in_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    payload = bytes(200)
    for _ in range(100_000):
        journal.append(1, payload, 0, 0)
    del journal
    began = time.perf_counter()
    journal = open_journal(tmp_path, 2)
    count = sum(1 for _ in journal.records())
    assert count == 100_000
    assert time.perf_counter() - began < 10


def test_every_event_has_a_stream() -> None:
    transient = {
        events.BookFrame, events.BookReset, events.Trade, events.Ticker, events.VenueStatus,
        events.ClockOffset, events.Timer, events.Resync, events.QueryOrder, events.Alert,
        events.FundingRate, events.MarkPrice, events.Reconcile, events.Recovered, events.HedgeRouted,
    }  # fmt: skip
    assert set(DURABLE) | transient == set(CLASSES)
    assert not set(DURABLE) & transient


EVENTS: list[Event] = [
    Start(1, 7, 3, b"config"),
    BookFrame(2, "kraken", b'{"channel":"book"}'),
    place(3),
    Fill(4, 5, "kraken", "id3", "V", "BTC/USD", 1, "T1", 600_000, 40, 40, "m", 10**25, "USD"),
    Timer(5),
    Cancel(6, "kraken", "BTC/USD", "id3", "V", "stop"),
]


def test_events_come_back_without_the_market(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path, epoch=1, build="a build", now_ns=0)
    taken = [journal.record(event, 1, 2) for event in EVENTS]
    assert taken == [True, False, True, True, False, True]
    journal.close(0, 0)
    journal = EventJournal(tmp_path, epoch=2, build="", now_ns=0)
    assert list(journal.recovered()) == [event for event in EVENTS if type(event) in DURABLE]
    assert [kind for _, _, _, kind, _ in JournalReader(str(tmp_path))] == [Kind.POLICY, 1, 2, 1]
    assert journal.snapshot() is None


def test_f87_events_of_another_form_are_refused_and_nothing_is_rewritten(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), epoch=1, form=events.FORMAT_VERSION + 1, build="newer", now_ns=0)
    journal.append(1, b"?", 0, 0)
    journal.begin_snapshot(b"", 0, 0).wait(20 * 10**9)
    journal.append(1, b"?", 0, 0)
    journal.close(0, 0)
    with pytest.raises(JournalError, match=r"events in form \d+ by build newer, this build reads form \d+"):
        list(events_of(JournalReader(str(tmp_path))))
    opened = EventJournal(tmp_path, epoch=2, build="", now_ns=0)
    with pytest.raises(JournalError, match="a snapshot in form"):
        opened.snapshot()


def test_f87_a_reader_of_forms_2_and_3_alone_refuses_the_folder_of_this_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would book fills again whose names are kept in another form, and stumble over a journal that was reopened."""
    journal = EventJournal(tmp_path, epoch=1, build="newer", now_ns=0)
    journal.record(EVENTS[0], 0, 0)
    journal.begin_snapshot(b"state", 7, 0).wait(20 * 10**9)
    journal.close(0, 0)
    monkeypatch.setattr("mm.persistence.journal.READABLE_FORMS", frozenset((2, 3)))
    with pytest.raises(JournalError, match="events in form 4 by build newer, this build reads"):
        list(events_of(JournalReader(str(tmp_path))))
    opened = EventJournal(tmp_path, epoch=2, build="", now_ns=0)
    with pytest.raises(JournalError, match="a snapshot in form 4, this build reads"):
        opened.snapshot()


@pytest.mark.parametrize("form", [2, 3])
def test_a_journal_and_a_snapshot_of_an_earlier_form_are_read_on(tmp_path: Path, form: int) -> None:
    journal = Journal(str(tmp_path), epoch=1, form=form, build="older", now_ns=0)
    journal.append(1, events.pack(EVENTS[0]), 0, 0)
    journal.begin_snapshot(b"state", 7, 0).wait(20 * 10**9)
    journal.append(1, events.pack(EVENTS[2]), 0, 0)
    journal.close(0, 0)
    opened = EventJournal(tmp_path, epoch=2, build="", now_ns=0)
    assert opened.snapshot() == (7, b"state")
    assert list(opened.recovered()) == [EVENTS[2]]
    opened.close(0, 0)


def test_an_intent_that_cannot_be_written_raises(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path, epoch=1, build="", now_ns=0)
    journal.close(0, 0)
    with pytest.raises(JournalFailed):
        journal.record(place(1), 0, 0)
    assert journal.record(BookFrame(2, "kraken", b""), 0, 0) is False
    assert journal.failure == "the journal is closed"


def test_a_strategy_that_was_paused_is_a_latch() -> None:
    assert DURABLE[StrategyPaused] is Kind.LATCH
    assert Alert not in DURABLE


@given(st.lists(st.tuples(st.integers(1, 2**32 - 2), st.binary(max_size=300)), max_size=30), st.integers(129, 2000))
def test_any_records_come_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, bytes]], segment_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("j")
    journal = open_journal(folder, 1, segment_bytes=segment_bytes)
    for kind, payload in records:
        journal.append(kind, payload, 0, 0)
    found = [(kind, payload) for _, _, _, kind, payload in JournalReader(str(folder))]
    assert found == records
    del journal
    shutil.rmtree(folder)

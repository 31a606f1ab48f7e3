"""When a snapshot of the durable state is made, and what a start makes of it: with a journal on the disk."""

import json
from shutil import copytree, rmtree

import pytest

from mm._core import JournalError, JournalReader
from mm._core import events as ev
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from mm.live.recovering import read_back
from mm.live.snapshots import QUIET_NS, Snapshots
from mm.persistence.journal import EventJournal
from tests.engine.world import START, World

SECOND = 1_000_000_000


class Kept(World):
    """An engine whose durable events go into a journal first."""

    def __init__(self, folder, events=20):
        self.folder, self.told = folder, []
        super().__init__(path=folder / "mm.toml")
        self.journal = EventJournal(folder / "journal", epoch=7, build="", now_ns=START)
        record = self.recorder.record
        self.journal.record(self.start, START, 0)

        def both(event):
            self.journal.record(event, event.recv_ns, 0)
            record(event)

        self.recorder = type("Both", (), {"record": staticmethod(both), "events": self.recorder.events})()
        self.engine = Engine(self.start, self.settings, {"kraken": VENUE}, self.recorder)
        self.snapshots = Snapshots(self.engine, self.journal, behind=1, say=self.told.append, events=events)

    def talk(self, count):
        for number in range(count):
            self.tell(ev.Balance(self.now, "kraken", "EUR", number, "stream"))

    def next_start(self):
        """What the start after a kill reads back, from a copy of the files."""
        journal = EventJournal(self.copied(), epoch=8, build="", now_ns=self.now)
        return journal, read_back(journal, self.settings)

    def copied(self):
        target = self.folder / f"copy-{len(list(self.folder.glob('copy-*')))}"
        copytree(self.folder / "journal", target)
        return target


@pytest.fixture
def world(tmp_path):
    return Kept(tmp_path)


def test_a_snapshot_waits_for_its_events_and_for_a_quiet_second(world):
    world.ready()
    look = world.snapshots.look
    look(world.now)
    assert world.snapshots.taken == 0
    world.talk(12)
    look(world.now)
    look(world.now + QUIET_NS - 1)
    assert world.snapshots.taken == 0
    look(world.now + QUIET_NS)
    assert world.snapshots.taken == 1
    look(world.now + 5 * QUIET_NS)
    assert world.snapshots.taken == 1


def test_a_request_under_way_puts_it_off_and_not_for_ever(world):
    world.instrument()
    world.up()
    world.book(600_000, 600_010)
    assert world.decide()
    world.talk(15)
    for second in range(5):
        world.snapshots.look(world.now + second * SECOND)
    assert world.snapshots.taken == 0
    world.talk(20)
    world.snapshots.look(world.now + 6 * SECOND)
    assert world.snapshots.taken == 1


def test_the_next_start_begins_with_it_and_reads_what_came_after(world):
    (bid, _) = world.ready()
    world.fill(bid, bid.size, fee=10**9)
    world.snapshots.take(world.now)
    world.talk(7)
    journal, found = world.next_start()
    assert found.events == 7
    assert found.engine.durable_hash() == world.engine.durable_hash()
    assert journal.snapshot() is not None
    assert found.engine.markets["kraken", "BTC/USD"].position.quantity == bid.size
    assert json.loads(found.engine.durable_state()) == json.loads(world.engine.durable_state())


def test_of_two_snapshots_the_older_one_serves_where_the_newer_is_damaged(world):
    world.ready()
    world.snapshots.take(world.now)
    world.talk(5)
    world.snapshots.take(world.now)
    world.talk(3)
    newest = max((world.folder / "journal").glob("snapshot-*.mms"))
    text = bytearray(newest.read_bytes())
    text[len(text) // 2] ^= 1
    newest.write_bytes(text)
    _, found = world.next_start()
    assert found.events == 8
    assert found.engine.durable_hash() == world.engine.durable_hash()


def test_nothing_new_makes_no_snapshot(world):
    world.ready()
    world.snapshots.take(world.now)
    world.snapshots.take(world.now)
    assert world.snapshots.taken == 1


def test_a_disk_that_refuses_is_told_and_the_run_goes_on(world, tmp_path):
    world.ready()
    rmtree(tmp_path / "journal")
    world.snapshots.take(world.now)
    assert world.snapshots.taken == 0
    assert "the next start reads more of the journal" in world.told[0]


def test_a_snapshot_that_comes_out_otherwise_stops_the_start(world):
    world.ready()
    state, told = world.engine.snapshot()
    world.journal.save_snapshot(state, told ^ 1, world.now)
    with pytest.raises(JournalError, match="comes out otherwise than it was written"):
        world.next_start()


def test_the_journal_is_cut_behind_the_older_of_two(tmp_path):
    world = Kept(tmp_path)
    world.ready()
    payload = "x" * 60_000
    for _ in range(3):
        for number in range(300):
            world.tell(ev.Difference(world.now, "kraken", "order", str(number), payload, "", 0, "", "closed"))
        world.snapshots.take(world.now)
    reader = JournalReader(str(tmp_path / "journal"))
    assert reader.first_index > 300
    _, found = world.next_start()
    assert found.events == 0
    assert found.engine.durable_hash() == world.engine.durable_hash()

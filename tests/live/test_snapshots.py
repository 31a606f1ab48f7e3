"""When a snapshot of the durable state is made, and what a start makes of it: with a journal on the disk."""

import json
import os
import subprocess
import sys
import time
from shutil import copytree, rmtree

import pytest

from mm._core import JournalError, JournalReader
from mm._core import events as ev
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.live.recovering import read_back
from mm.live.snapshots import QUIET_NS, Snapshots
from mm.persistence.journal import EventJournal
from tests.engine.world import BTC, KRAKEN, SETTINGS, START, World, instrument

SECOND = 1_000_000_000


class Kept(World):
    """An engine whose durable events go into a journal first."""

    def __init__(self, folder, events=20, settings=SETTINGS):
        self.folder, self.told = folder, []
        super().__init__(path=folder / "mm.toml", settings=settings)
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

    def look(self, now_ns):
        """A look, and those that follow until what it began has ended."""
        self.snapshots.look(now_ns)
        deadline = time.monotonic() + 20
        while self.snapshots.is_under_way and time.monotonic() < deadline:
            time.sleep(0.001)
            self.snapshots.look(now_ns)

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
    look = world.look
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
        world.look(world.now + second * SECOND)
    assert world.snapshots.taken == 0
    world.talk(20)
    world.look(world.now + 6 * SECOND)
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


RATED = '\n[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\n'


def worth(world, engine, middle):
    facts = {"symbol": "USDT/USD", "base": "USDT", "price_precision": 4}
    event = ev.InstrumentUpdate(world.now, KRAKEN, "USDT/USD", instrument(**facts).to_json())
    if engine is world.engine:
        world.tell(event)
    else:
        engine.apply(event)
    market = engine.markets[KRAKEN, "USDT/USD"]
    market.book.apply_snapshot([(middle - 1, BTC)], [(middle + 1, BTC)])
    market.take_top()


@pytest.mark.parametrize("is_refused", [False, True])
def test_what_a_currency_was_worth_when_it_came_is_known_after_a_kill(tmp_path, is_refused):
    """Rates come with the market, which is in no journal: what a peg has lost since would be gained back by a kill.

    A disk that refuses the snapshot once is asked again after half a minute, without a further event."""
    world = Kept(tmp_path, events=10_000, settings=SETTINGS + RATED)
    worth(world, world.engine, 10_000)
    world.instrument()
    world.tell(ev.Balance(world.now, KRAKEN, "USDT", 10**16, "snapshot"))
    world.up()

    def look_each_second(first, end):
        for second in range(first, end):
            world.look(world.now + second * SECOND)

    if is_refused:
        world.journal.sync()
        # Nothing can be written under the name that it has until it is whole.
        fresh = tmp_path / "journal" / f"snapshot-{world.journal.next_index:020}.mms.new"
        fresh.mkdir()
        look_each_second(0, 3)
        assert len(world.told) == 1, "it was not tried"
        fresh.rmdir()
        look_each_second(3, 30)
        assert world.snapshots.taken == 0, "a disk that refused is not asked each second"
    first = 30 if is_refused else 0
    look_each_second(first, first + 4)
    assert world.snapshots.taken == 1
    look_each_second(first + 4, first + 70)
    assert world.snapshots.taken == 1, "nothing has changed since"
    worth(world, world.engine, 9_900)
    lost = world.engine.accounts.terms().conversion
    assert lost == -100 * 10**DOLLAR_DIGITS
    _, found = world.next_start()
    worth(world, found.engine, 9_900)
    assert found.engine.accounts.terms().conversion == lost


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
    world.talk(5)
    world.snapshots.take(world.now)
    assert len(world.told) == 1, "a failure is said once"


def test_a_disk_that_hangs_in_it_holds_up_neither_the_loop_nor_the_journal(tmp_path, slow_disk):
    """In a process of its own, whose syncs hang once a file is there."""
    hangs = tmp_path / "hangs"
    script = """
import json, sys, time
from pathlib import Path
from tests.live import test_snapshots as t
folder, hangs = Path(sys.argv[1]), Path(sys.argv[2])
world = t.Kept(folder)
world.ready()
world.talk(30)
hangs.write_text("30000")
began = time.monotonic()
world.snapshots.look(world.now)
world.snapshots.look(world.now + t.QUIET_NS)
world.talk(30)
spent_s = time.monotonic() - began
begun = world.snapshots.is_under_way
told, before = list(world.told), time.monotonic()
world.snapshots.take(world.now, 0.2)
waited_s = time.monotonic() - before
late = list(world.told)
hangs.unlink()
world.snapshots.take(world.now, 20)
_, found = world.next_start()
print(json.dumps({
    "spent_s": spent_s, "begun": begun, "told": told, "waited_s": waited_s, "late": late,
    "taken": world.snapshots.taken, "behind": found.events,
    "same": found.engine.durable_hash() == world.engine.durable_hash(),
}))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(hangs)],
        env={**os.environ, **slow_disk(hangs)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["begun"]
    # A third of what a sync takes meanwhile, which no machine is too slow for.
    assert found["spent_s"] < 10, "a disk that hangs in a snapshot held the loop up"
    assert found["told"] == []
    assert 0.1 < found["waited_s"] < 10, "an end waits, and not for ever"
    assert "within 0.2 s" in found["late"][0]
    assert (found["taken"], found["behind"], found["same"]) == (2, 0, True)


def test_a_snapshot_that_comes_out_otherwise_stops_the_start(world):
    world.ready()
    state, told = world.engine.snapshot()
    world.journal.begin_snapshot(state, told ^ 1, world.now).wait(20 * SECOND)
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

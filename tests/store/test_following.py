"""The store and its journal through kills, locks, cuts and other builds: its rows are always the journal's."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from mm._core import Journal, JournalReader, events
from mm._core.events import FORMAT_VERSION, pack
from mm.persistence.journal import DURABLE, EventJournal
from mm.persistence.recording import read
from mm.store import following
from mm.store.comparing import differences
from mm.store.database import StoreBusy, StoreError
from mm.store.following import QUIET_NS, Follower, rebuild
from mm.store.reading import stated
from mm.store.sqlite import MIGRATIONS, SqliteDatabase
from tests.engine.world import World
from tests.store.conftest import Run, keep

NOW = 1_700_000_000_000_000_000


class Killed(BaseException):
    """Stands for the end of the process: nobody handles it."""


class Dying:
    """A database whose writer dies at some write: before it, or after it and before anybody hears of it."""

    def __init__(self, database: SqliteDatabase, chance: random.Random) -> None:
        self._database = database
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def write(self, batch: Any) -> None:
        fate = self._chance.randrange(10)
        if fate == 0:
            raise Killed
        if fate == 1:
            self._database.write(batch)
            raise Killed
        if fate == 2:
            raise StoreBusy("locked")
        self._database.write(batch)


@pytest.mark.parametrize("seed", range(4))
def test_a_writer_that_is_killed_at_random_makes_the_same_rows(
    hedged: Run, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(following, "BATCH_MAX", chance.choice((20, 50, 90)))
    kills = 0
    follower = None
    for _ in range(20_000):
        try:
            if follower is None:
                database = SqliteDatabase(tmp_path / "store.db")
                follower = Follower(Dying(database, chance), hedged.journal)
            follower.finish()
            break
        except StoreBusy:
            continue
        except Killed:
            kills += 1
            follower = None
            database.close()
    assert kills > 1
    assert differences(SqliteDatabase(tmp_path / "store.db"), hedged.journal) == []


def durable_events(run: Run) -> list[events.Event]:
    return [event for event in read(run.state / "recordings" / "00000001.mmr") if type(event) in DURABLE]


def test_rows_follow_a_journal_that_grows_and_starts_anew(hedged: Run, tmp_path: Path) -> None:
    """Two starts: what the second tells again of the first makes no second row."""
    kept = durable_events(hedged)
    database = SqliteDatabase(tmp_path / "store.db")
    now = [NOW]
    follower = Follower(database, tmp_path / "journal", lambda: now[0])
    assert follower.step() == 0
    count = 0
    for epoch in (1, 2):
        journal = EventJournal(tmp_path / "journal", epoch=epoch, build=f"b{epoch}", now_ns=NOW)
        for number, event in enumerate(kept):
            journal.record(event, NOW, 0)
            if number % 100 == 99:
                count += follower.step()
        journal.close(NOW, 0)
        count += follower.step()
    assert count == 2 * len(kept)
    fills = database.rows("fills")
    told = [event for event in kept if type(event) is events.Fill]
    assert len(fills) == len({(event.venue, event.execution_id) for event in told}) < len(told)
    assert {row["epoch"] for row in fills} == {1}
    assert [(row["epoch"], row["build"]) for row in database.rows("starts", "ORDER BY epoch")] == [(1, "b1"), (2, "b2")]
    assert differences(database, tmp_path / "journal") == []


def test_nothing_is_taken_that_a_loss_of_power_could_take_back(hedged: Run, tmp_path: Path) -> None:
    kept = durable_events(hedged)[:60]
    # Nothing is synced by itself within the test.
    journal = Journal(
        str(tmp_path / "journal"), epoch=1, form=FORMAT_VERSION, build="", now_ns=NOW, gather_ns=3_600_000_000_000
    )
    now = [NOW]
    database = SqliteDatabase(tmp_path / "store.db")
    follower = Follower(database, tmp_path / "journal", lambda: now[0])
    for event in kept[:40]:
        journal.append(1, pack(event), NOW, 0)
    assert journal.durable_index < 40
    follower.step()
    assert follower.record <= journal.durable_index
    assert follower.step() == 0
    # It stood for a second: synced here, and taken.
    now[0] += QUIET_NS
    follower.step()
    assert follower.record == 40
    for event in kept[40:]:
        journal.append(1, pack(event), NOW, 0)
    journal.sync()
    journal.append(1, pack(kept[0]), NOW, 0)
    follower.step()
    assert 40 <= follower.record <= 60


def test_f83_a_locked_database_keeps_nobody_but_the_store_waiting(hedged: Run, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db", busy_ms=20)
    other = apsw.Connection(str(tmp_path / "store.db"))
    other.execute("BEGIN IMMEDIATE")
    follower = Follower(database, hedged.journal)
    for _ in range(2):
        with pytest.raises(StoreBusy, match="another process holds it locked"):
            follower.finish()
    assert database.rows("fills") == []
    other.execute("ROLLBACK")
    follower.finish()
    assert differences(database, hedged.journal) == []


def test_a_reader_does_not_wait_for_the_writer(hedged: Run, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, hedged.journal).finish()
    other = apsw.Connection(str(tmp_path / "store.db"))
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM fills")
    assert len(SqliteDatabase(tmp_path / "store.db", is_readonly=True).rows("fills")) > 3
    other.execute("ROLLBACK")


def test_a_journal_that_lost_its_beginning_is_a_gap_and_no_stop(hedged: Run, tmp_path: Path) -> None:
    kept = durable_events(hedged)
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=NOW)
    database = SqliteDatabase(tmp_path / "store.db")
    for event in kept[:50]:
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    Follower(database, tmp_path / "journal").finish()
    for epoch in (2, 3, 4):
        journal = EventJournal(tmp_path / "journal", epoch=epoch, build="", now_ns=NOW)
        for event in kept[50 * (epoch - 1) : 50 * epoch] if epoch < 4 else kept[150:]:
            journal.record(event, NOW, 0)
        journal.begin_snapshot(b"state", 1, NOW).wait(20 * 10**9)
        journal.close(NOW, 0)
    segments = sorted((tmp_path / "journal").glob("*.mmj"))
    for segment in segments[:-1]:
        segment.unlink()
    Follower(database, tmp_path / "journal").finish()
    gaps = database.rows("gaps")
    assert len(gaps) == 1
    assert "cut or moved away" in gaps[0]["reason"]
    assert gaps[0]["until_record"] > gaps[0]["record"] >= 50
    assert len(database.rows("orders")) > 3
    with pytest.raises(StoreError, match="cannot make the older rows"):
        rebuild(database, tmp_path / "journal")
    # What the rest makes alone is compared all the same.
    assert differences(database, tmp_path / "journal") == []
    fill = max(database.rows("fills"), key=lambda row: row["record"])
    database.write({"fills": [fill | {"fee": "77"}]})
    assert [line for line in differences(database, tmp_path / "journal") if "fee is '77'" in line]


def test_a_journal_whose_end_was_cut_goes_on_with_the_next_start(hedged: Run, tmp_path: Path) -> None:
    kept = durable_events(hedged)
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=NOW)
    for event in kept[:30]:
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    database = SqliteDatabase(tmp_path / "store.db")
    # As if the disk had more than was put back.
    rows = [{"name": "journal", "owner": "", "epoch": 1, "record": 500}]
    database.write({"cursors": rows})
    follower = Follower(database, tmp_path / "journal")
    from mm._core import JournalError

    with pytest.raises(JournalError, match="waiting for the next start"):
        follower.finish()
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=NOW)
    for event in kept:
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    follower.finish()
    assert "went back to record 31" in database.rows("gaps")[0]["reason"]
    assert len(database.rows("fills")) > 3


def test_f82_what_a_journal_did_not_take_until_it_was_opened_again_is_a_gap(hedged: Run, tmp_path: Path) -> None:
    kept = durable_events(hedged)
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=NOW)
    database = SqliteDatabase(tmp_path / "store.db")
    follower = Follower(database, tmp_path / "journal", lambda: NOW)
    for event in kept[:200]:
        journal.record(event, NOW, 0)
    journal.sync()
    follower.step()
    journal.fail("no room")
    journal.begin_anew(b"state", 1, NOW + 60_000_000_000)
    while not journal.go_on():
        time.sleep(0.001)
    # Twenty events were never written. A run that is killed before a further one leaves the mark behind all the same.
    follower.finish()
    told = database.rows("gaps")
    gaps = [(row["epoch"], row["record"], row["until_record"]) for row in told]
    assert gaps == [(1, 200, 201)], "F82: what was never written is no gap"
    assert "opened again at 2023-11-14 22:14:20" in told[0]["reason"]
    for event in kept[220:]:
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    follower.finish()
    assert database.rows("gaps") == told
    assert differences(database, tmp_path / "journal") == []
    assert rebuild(database, tmp_path / "journal") == len(kept) - 20 + 1
    assert database.rows("gaps") == [told[0] | {"found_ns": database.rows("gaps")[0]["found_ns"]}]
    # Whoever looks for the start's settings finds them before the segment that was begun then.
    assert stated(tmp_path / "journal") == stated(hedged.journal) != ""


def test_the_store_of_a_run_is_known_once_its_start_was_pruned(hedged: Run, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = Journal(str(folder), epoch=1, form=FORMAT_VERSION, build="", now_ns=NOW, segment_bytes=65536)
    engine = hedged.session.engine
    kept = durable_events(hedged)
    for event in kept * 20:
        journal.append(DURABLE[type(event)], pack(event), NOW, 0)
        if JournalReader(str(folder)).first_index:
            break
        if JournalReader(str(folder)).next_index % 500 == 0:
            assert journal.begin_snapshot(engine.durable_state(), engine.durable_hash(), NOW).wait(5_000_000_000)
    assert JournalReader(str(folder)).first_index > 0, "the start was not pruned"
    assert stated(folder) == stated(hedged.journal) != ""
    journal.close(NOW, 0)
    assert stated(folder) == stated(hedged.journal)


def test_f87_records_of_another_build_are_told_and_left_out(hedged: Run, tmp_path: Path) -> None:
    old = Journal(str(tmp_path / "journal"), epoch=1, form=FORMAT_VERSION + 1, build="mm 9", now_ns=NOW)
    for _ in range(3):
        old.append(1, b"what a later build knows", NOW, 0)
    old.close(NOW, 0)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=NOW)
    for event in durable_events(hedged):
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, tmp_path / "journal").finish()
    gaps = database.rows("gaps")
    assert len(gaps) == 1
    assert f"form {FORMAT_VERSION + 1} by build mm 9" in gaps[0]["reason"]
    assert len(database.rows("fills")) > 3


def test_numbers_without_their_instrument_are_a_gap(hedged: Run, tmp_path: Path) -> None:
    kept = [event for event in durable_events(hedged) if type(event) is not events.InstrumentUpdate]
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=NOW)
    for event in kept:
        journal.record(event, NOW, 0)
    journal.close(NOW, 0)
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, tmp_path / "journal").finish()
    assert database.rows("fills") == []
    assert any("before its instrument was told" in row["reason"] for row in database.rows("gaps"))


def test_f87_a_database_of_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteDatabase(path).close()
    apsw.Connection(str(path)).execute("PRAGMA user_version = 99")
    for is_readonly in (False, True):
        with pytest.raises(StoreError, match=r"written by a newer mm \(schema 99"):
            SqliteDatabase(path, is_readonly=is_readonly)
    assert apsw.Connection(str(path)).execute("PRAGMA user_version").fetchall() == [(99,)]


def test_a_database_of_an_older_schema_is_brought_up_and_a_failed_step_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteDatabase(path).close()

    def fails(connection: apsw.Connection) -> None:
        connection.execute("ALTER TABLE fills ADD COLUMN half TEXT")
        raise Killed

    with pytest.raises(Killed):
        SqliteDatabase(path, migrations=(*MIGRATIONS, fails))
    SqliteDatabase(path).close()

    def adds(connection: apsw.Connection) -> None:
        connection.execute("ALTER TABLE notes ADD COLUMN more TEXT")

    SqliteDatabase(path, migrations=(*MIGRATIONS, adds)).close()
    with pytest.raises(StoreError, match=f"schema {len(MIGRATIONS) + 1}, this one knows {len(MIGRATIONS)}"):
        SqliteDatabase(path)
    with pytest.raises(StoreError, match="older schema"):
        SqliteDatabase(path, is_readonly=True, migrations=(*MIGRATIONS, adds, adds))


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE photos (name TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteDatabase(path)
    (tmp_path / "text").write_text("no database at all, but a text of some length" * 100)
    with pytest.raises(StoreError, match="damaged"):
        SqliteDatabase(tmp_path / "text")


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "store.db")
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0


def test_a_database_of_another_state_folder_is_refused(hedged: Run, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, hedged.journal, owner="one").finish()
    with pytest.raises(StoreError, match="belongs to another state folder"):
        Follower(database, hedged.journal, owner="two").finish()
    with pytest.raises(StoreError, match="belongs to another state folder"):
        rebuild(database, hedged.journal, owner="two")


def traded_with_oneself(folder: Path) -> World:
    """Own orders on both sides that the venue gave one execution, each side told twice; then one of its own id."""
    world = World(path=folder / "mm.toml")
    bid, ask = world.ready()
    for _ in range(2):
        for place in (bid, ask):
            world.fill(place, place.size // 2, "T1")
    world.fill(bid, bid.size - bid.size // 2, "T2")
    keep(folder, world.recorder.events)
    return world


def test_two_orders_executions_of_one_id_are_two_fills_as_the_engine_books_them(tmp_path: Path) -> None:
    world = traded_with_oneself(tmp_path)
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, tmp_path / "journal").finish()
    fills = database.rows("fills", "ORDER BY record")
    ids = [(row["execution_id"], row["twin"] == row["client_id"], row["side"]) for row in fills]
    assert ids == [("T1", False, 1), ("T1", True, -1), ("T2", False, 1)], "F86: two orders' fills are one"
    orders = {row["client_id"]: row for row in database.rows("orders")}
    booked = {row["client_id"]: Decimal(row["filled"]) for row in orders.values() if row["filled"] != "0"}
    precision = world.engine.markets["kraken", "BTC/USD"].instrument.size_precision
    theirs = {order.client_id: Decimal(order.booked).scaleb(-precision) for order in known(world) if order.booked}
    assert booked == theirs
    assert len(booked) == 2
    (held,) = database.rows("positions")
    position = world.engine.markets["kraken", "BTC/USD"].position.quantity
    assert Decimal(held["position"]) == Decimal(position).scaleb(-precision)
    assert differences(database, tmp_path / "journal") == []
    rebuild(database, tmp_path / "journal")
    assert database.rows("fills", "ORDER BY record") == fills
    # A start that tells all of it again makes no further row.
    keep(tmp_path, world.recorder.events, epoch=2)
    Follower(database, tmp_path / "journal").finish()
    assert database.rows("fills", "ORDER BY epoch, record") == fills


def known(world: World) -> list[Any]:
    ids = [event.client_id for event in world.recorder.events if type(event) is events.Place]
    return [order for client_id in ids if (order := world.engine.orders.get(client_id)) is not None]


def test_fills_of_an_older_schema_are_kept_and_twins_go_beside_them(tmp_path: Path) -> None:
    traded_with_oneself(tmp_path)
    path = tmp_path / "store.db"
    connection = apsw.Connection(str(path))
    connection.execute((Path(__file__).parent / "version_1.sql").read_text())
    connection.execute(
        "INSERT INTO fills (venue, symbol, execution_id, client_id, price) VALUES ('kraken', 'A/B', 'E', 'c', '1.5')"
    )
    connection.close()
    with pytest.raises(StoreError, match="of an older schema"):
        SqliteDatabase(path, is_readonly=True)
    database = SqliteDatabase(path)
    (row,) = database.rows("fills")
    assert (row["execution_id"], row["twin"], row["client_id"], row["price"]) == ("E", "", "c", "1.5")
    Follower(database, tmp_path / "journal").finish()
    assert sorted(row["execution_id"] for row in database.rows("fills")) == ["E", "T1", "T1", "T2"]
    made = SqliteDatabase(tmp_path / "fresh.db")
    assert schema_of(database) == schema_of(made)


def schema_of(database: SqliteDatabase) -> dict[Any, list[str]]:
    """Each table and index as it was made, its lines joined."""
    made = database._connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: str(sql).split() for name, sql in made}


def test_what_a_reconciliation_found_and_what_the_operator_said_is_kept(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=5, build="", now_ns=NOW)
    journal.record(
        events.Difference(1, "kraken", "balance", "USD", "1", "2", 10**20, "two reads", "unexplained"), NOW, 0
    )
    journal.record(events.Reconciled(2, "kraken", 1, 1, 1, "one thing"), NOW, 0)
    journal.record(events.Operator(3, "pause", "btc"), NOW, 0)
    journal.record(events.StrategyPaused(4, "btc", "it raised"), NOW, 0)
    journal.close(NOW, 0)
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, tmp_path / "journal").finish()
    (found,) = database.rows("differences")
    assert (found["ours"], found["theirs"], found["amount"]) == ("1", "2", str(10**20))
    (whole,) = database.rows("reconciliations")
    assert (whole["differences"], whole["unexplained"], whole["summary"]) == (1, 1, "one thing")
    notes = [(row["kind"], row["subject"], row["text"]) for row in database.rows("notes")]
    assert notes == [("operator", "pause", "btc"), ("strategy paused", "btc", "it raised")]

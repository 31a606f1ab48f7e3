"""F83, F86, F87: a store that is locked out, whose server is gone or loses its last second, or is of another version.

A journal grows as a run wrote it; what the store has in the end is judged by the venue's ledger. `make test-postgres`
does the same to a real server, `tests/store/test_process.py` to a real bot.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import apsw
import pytest

from mm._core import Journal
from mm._core.events import FORMAT_VERSION, Event
from mm.persistence.journal import DURABLE, EventJournal
from mm.simulator.market import ACCOUNT
from mm.store import following
from mm.store.amounts import units_text
from mm.store.comparing import differences
from mm.store.database import StoreBusy, StoreError
from mm.store.following import Follower
from mm.store.sqlite import SqliteDatabase
from mm.store.tables import TABLES
from tests.backtest.session import KEY, START, Session
from tests.faults.refused import refused

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else range(1)


class Told:
    """What a run told, and the ledger that judges the store."""

    def __init__(self, folder: Path) -> None:
        self.session = Session(folder)
        self.session.run(45)
        assert self.session.stop()
        told = [event for event in self.session.recorder.events if type(event) in DURABLE]
        fills = [event for event in told if type(event).__name__ == "Fill"]
        # Venues tell of executions again: after a reconnect, in a history.
        self.events: list[Event] = [*told, *fills[-20:]]

    def judge(self, fault: str, database: Any, journal: Path) -> None:
        trades = self.session.exchange.trades(ACCOUNT)
        rows = database.rows("fills")
        ours = sorted(row["execution_id"] for row in rows)
        assert ours == sorted(trade.execution_id for trade in trades) != [], f"{fault}: fills are not the ledger's"
        held = units_text(sum(trade.side * trade.size for trade in trades), 8)
        assert [row["position"] for row in database.rows("positions")] == [held], f"{fault}: position"
        filled = {row["client_id"]: row["filled"] for row in database.rows("orders")}
        for order in [*self.session.exchange.closed_orders(ACCOUNT)]:
            assert filled[order.request.client_id] == units_text(order.cum_size, 8), f"{fault}: an order's fills"
        assert differences(database, journal) == [], f"{fault}: rows are not the journal's"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    found = Told(tmp_path_factory.mktemp("told"))
    assert found.session.engine.markets[KEY].instrument.size_precision == 8
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_f83_a_locked_database_is_waited_for_by_the_store_alone(told: Told, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    database = SqliteDatabase(tmp_path / "store.db", busy_ms=0)
    other = apsw.Connection(str(tmp_path / "store.db"))
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    follower = Follower(database, tmp_path / "journal")
    refused = 0
    for number, event in enumerate(told.events):
        assert journal.record(event, START, 0)
        if number % 100 == 50:
            other.execute("BEGIN EXCLUSIVE")
        if chance.random() < 0.05:
            journal.sync()
            try:
                follower.step()
            except StoreBusy:
                refused += 1
            except StoreError as error:
                raise AssertionError(f"F83: the store gave up: {error}") from error
            try:
                SqliteDatabase(tmp_path / "store.db", is_readonly=True, busy_ms=0).rows("fills")
            except StoreBusy as error:
                raise AssertionError("F83: a reader waits for a writer") from error
        if number % 100 == 99:
            other.execute("ROLLBACK")
    if other.in_transaction:
        other.execute("ROLLBACK")
    journal.close(START, 0)
    follower.finish()
    assert refused > 3
    told.judge("F83", database, tmp_path / "journal")


class Server:
    """A database elsewhere: refuses for a time, and comes back as it was a while ago."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.database = SqliteDatabase(path)
        self._chance = chance
        self._old = self._all()
        self.lost = self.refused = 0
        self.is_well = False

    def _all(self) -> dict[str, list[dict[str, Any]]]:
        return {table.name: self.database.rows(table.name) for table in TABLES}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)

    def write(self, batch: Any) -> None:
        fate = self._chance.random()
        if not self.is_well and fate < 0.15:
            self.refused += 1
            raise StoreBusy("F86: stopped")
        self.database.write(batch)
        if not self.is_well and fate < 0.35:
            self.database.replace(tuple(self._old), self._old)
            self.lost += 1
            raise StoreBusy("F86: another took over, a second behind")
        if fate > 0.8:
            self._old = self._all()


@pytest.mark.parametrize("seed", SEEDS)
def test_f86_a_server_that_is_gone_or_went_back_gets_everything_again_and_nothing_twice(
    told: Told, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH_MAX", 10)
    server = Server(tmp_path / "store.db", random.Random(seed))
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    follower = Follower(server, tmp_path / "journal")
    for number, event in enumerate(told.events):
        journal.record(event, START, 0)
        if number % 40 == 39:
            journal.sync()
            try:
                follower.step()
            except StoreBusy:
                continue
    journal.close(START, 0)
    server.is_well = True
    follower.finish()
    assert server.lost > 1
    assert server.refused > 1
    told.judge("F86", server.database, tmp_path / "journal")


def test_f87_another_version_is_refused_or_told_and_nothing_is_rewritten(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteDatabase(path).close()
    other = apsw.Connection(str(path))
    other.execute("PRAGMA user_version = 99")
    other.close()
    before = path.read_bytes()
    for is_readonly in (False, True):
        with refused("F87", StoreError, "written by a newer mm"):
            SqliteDatabase(path, is_readonly=is_readonly)
    assert path.read_bytes() == before, "F87: a newer database was written to"
    later = Journal(str(tmp_path / "journal"), epoch=1, form=FORMAT_VERSION + 1, build="mm 9", now_ns=START)
    later.append(1, b"what a later build knows", START, 0)
    later.close(START, 0)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=START)
    for event in told.events:
        journal.record(event, START, 0)
    journal.close(START, 0)
    database = SqliteDatabase(tmp_path / "new.db")
    Follower(database, tmp_path / "journal").finish()
    reasons = [row["reason"] for row in database.rows("gaps")]
    assert len(reasons) == 1, "F87: records of another form are passed over in silence"
    assert "by build mm 9" in reasons[0]
    assert len(database.rows("fills")) == len(told.session.exchange.trades(ACCOUNT))

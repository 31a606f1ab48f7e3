"""F86: the store in a real PostgreSQL that is stopped, slow, crashed and rolled back: its rows are the journal's."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mm.config.secret import Secret
from mm.persistence.journal import DURABLE, EventJournal
from mm.persistence.recording import read
from mm.simulator import world as simulator
from mm.store import following
from mm.store.command import main, store_main
from mm.store.comparing import differences
from mm.store.database import StoreBusy, StoreError
from mm.store.following import Follower, rebuild
from tests.run.bot_process import BotProcess, ledger
from tests.store.conftest import Run
from tests.store.test_following import traded_with_oneself

pytestmark = pytest.mark.postgres
NOW = 1_700_000_000_000_000_000
LAG_S = 5.0


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    from tools.postgres_server import Server

    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def server(running: Any) -> Iterator[Any]:
    """The server, running, with a fresh database `fresh`."""
    if running.process is None:
        running.start()
    statement(running.url(), "DROP DATABASE IF EXISTS fresh WITH (FORCE)")
    statement(running.url(), "CREATE DATABASE fresh")
    return running


def statement(url: str, *sql: str) -> None:
    """Say something to the server, past the store."""

    async def say() -> None:
        import asyncpg

        connection = await asyncpg.connect(url)
        for each in sql:
            await connection.execute(each)
        await connection.close()

    asyncio.run(say())


@pytest.fixture
def opened(server: Any) -> Iterator[Callable[..., Any]]:
    from mm.store.postgres import PostgresDatabase

    databases = []

    def opened(**options: Any) -> Any:
        databases.append(PostgresDatabase(Secret(server.url("fresh")), **options))
        return databases[-1]

    yield opened
    for database in databases:
        database.close()


def journal_of(run: Run, folder: Path, until: int | None = None, epoch: int = 1) -> EventJournal:
    """A journal with the first events of a run's."""
    journal = EventJournal(folder, epoch=epoch, build="", now_ns=NOW)
    events = [event for event in read(run.state / "recordings" / "00000001.mmr") if type(event) in DURABLE]
    for event in events[:until]:
        journal.record(event, NOW, 0)
    return journal


def test_rows_are_the_journals_and_made_anew_the_same(hedged: Run, opened: Callable[..., Any]) -> None:
    database = opened()
    Follower(database, hedged.journal).finish()
    assert differences(database, hedged.journal) == []
    assert len(database.rows("payments")) > 3
    rebuild(database, hedged.journal)
    assert differences(database, hedged.journal) == []


def test_f86_a_stopped_server_is_waited_for(
    hedged: Run, server: Any, opened: Callable[..., Any], tmp_path: Path
) -> None:
    database = opened()
    journal_of(hedged, tmp_path / "journal", 300).close(NOW, 0)
    follower = Follower(database, tmp_path / "journal")
    follower.finish()
    for is_crash in (False, True):
        server.stop(is_crash=is_crash)
        journal = journal_of(hedged, tmp_path / "journal", epoch=2 + is_crash)
        journal.close(NOW, 0)
        for _ in range(2):
            with pytest.raises(StoreBusy):
                follower.finish()
        server.start()
        follower.finish()
        assert differences(database, tmp_path / "journal") == []


def test_f86_a_server_that_takes_five_seconds_is_waited_for(
    hedged: Run, server: Any, opened: Callable[..., Any]
) -> None:
    database = opened()
    locked = threading.Event()
    waited = []

    async def hold() -> None:
        import asyncpg

        connection = await asyncpg.connect(server.url("fresh"))
        async with connection.transaction():
            await connection.execute("LOCK TABLE cursors, orders")
            locked.set()
            await asyncio.sleep(LAG_S)
            waited.append(LAG_S)
        await connection.close()

    slow = threading.Thread(target=lambda: asyncio.run(hold()))
    slow.start()
    assert locked.wait(60)
    Follower(database, hedged.journal).finish()
    assert waited, "it was done while another held the tables"
    slow.join()
    assert differences(database, hedged.journal) == []


def test_f86_what_a_crash_took_back_comes_again(
    hedged: Run, server: Any, opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last second of commits is lost, as after a failover to a server that was behind."""
    monkeypatch.setattr(following, "BATCH_MAX", 50)
    server.stop()
    server.start(
        "synchronous_commit=off", "wal_writer_delay=10000ms", "wal_writer_flush_after=0", "bgwriter_delay=10000"
    )
    database = opened()
    journal_of(hedged, tmp_path / "journal", 200).close(NOW, 0)
    follower = Follower(database, tmp_path / "journal")
    follower.finish()
    statement(server.url("fresh"), "CHECKPOINT")
    kept = follower.record
    journal_of(hedged, tmp_path / "journal", epoch=2).close(NOW, 0)
    follower.finish()
    taken = follower.record
    server.stop(is_crash=True)
    server.start()
    cursor = -1
    for _ in range(3):
        try:
            cursor = database.rows("cursors")[0]["record"]
            break
        except StoreBusy:
            continue
    assert kept <= cursor < taken, "the crash took nothing back: the test shows nothing"
    follower = Follower(database, tmp_path / "journal")
    follower.finish()
    assert differences(database, tmp_path / "journal") == []


def test_the_schema_that_the_steps_make_is_the_one_in_use(opened: Callable[..., Any], server: Any) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.ext.asyncio import create_async_engine

    from mm.store.postgres import metadata

    opened()

    async def compared() -> list[Any]:
        engine = create_async_engine(server.url("fresh").replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), metadata())
            )
        await engine.dispose()
        return list(found)

    assert asyncio.run(compared()) == []


def test_fills_of_an_older_schema_are_kept_and_twins_go_beside_them(
    opened: Callable[..., Any], server: Any, tmp_path: Path
) -> None:
    opened()
    statement(
        server.url("fresh"),
        "ALTER TABLE fills DROP CONSTRAINT fills_pkey",
        "ALTER TABLE fills DROP COLUMN twin",
        "ALTER TABLE fills ADD PRIMARY KEY (venue, symbol, execution_id)",
        "UPDATE alembic_version SET version_num = '0001'",
        "INSERT INTO fills (venue, symbol, execution_id, client_id, price) VALUES ('kraken', 'A/B', 'E', 'c', 1.5)",
    )
    traded_with_oneself(tmp_path)
    with pytest.raises(StoreError, match="of an older schema"):
        opened(is_readonly=True)
    database = opened()
    (row,) = database.rows("fills")
    assert (row["execution_id"], row["twin"], row["client_id"], row["price"]) == ("E", "", "c", "1.5")
    Follower(database, tmp_path / "journal").finish()
    assert sorted(row["execution_id"] for row in database.rows("fills")) == ["E", "T1", "T1", "T2"]


def test_f87_a_newer_schema_is_refused(opened: Callable[..., Any], server: Any) -> None:
    with pytest.raises(StoreError, match="no store there"):
        opened(is_readonly=True)
    opened()
    opened(is_readonly=True)
    statement(server.url("fresh"), "UPDATE alembic_version SET version_num = '9999'")
    for is_readonly in (False, True):
        with pytest.raises(StoreError, match="written by a newer mm"):
            opened(is_readonly=is_readonly)


def test_a_password_is_in_no_message(server: Any) -> None:
    from mm.store.postgres import PostgresDatabase

    for url in (
        f"postgresql://mm:hunter2@127.0.0.1:{server.port}/nowhere",
        "postgresql://mm:hunter2@127.0.0.1:1/fresh",
        "hunter2",
    ):
        with pytest.raises(StoreError) as caught:
            PostgresDatabase(Secret(url))
        assert "hunter2" not in str(caught.value)


def test_the_commands_read_it(
    hedged: Run, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal").symlink_to(hedged.journal)
    monkeypatch.setenv("STORE_URL", server.url("fresh"))
    assert store_main(["--state", str(tmp_path), "--in", "postgres"]) == 0
    assert store_main(["--state", str(tmp_path), "--in", "postgres", "--check"]) == 0
    for command in ("orders", "fills", "hedges", "pnl"):
        for options in ([], ["--venue", "kraken", "--symbol", "BTC/USD", "--since", "2023-11-14", "--last", "3"]):
            found = []
            for source in ("postgres", "journal"):
                capsys.readouterr()
                assert main(command, ["--state", str(tmp_path), "--json", "--from", source, *options]) == 0
                value = json.loads(capsys.readouterr().out)
                del value["source"]
                found.append(value)
            assert found[0] == found[1], command


def test_f86_a_real_bot_trades_on_while_the_server_is_gone(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("STORE_URL", server.url("fresh").replace("mm@", "mm:hunter2@"))
    bot = BotProcess(state, environment={"MM_RUN__JOURNAL": "os", "MM_RUN__STORE": "postgres"})
    try:
        bot.until_fills(1)
        since = len(bot.lines)
        server.stop(is_crash=True)
        before = bot.until(lambda line: line["type"] == "status")["orders"]["total"]
        bot.until_said("The store: waiting", since)
        bot.until(lambda line: line["type"] == "status" and line["orders"]["total"] > before)
        server.start()
        bot.until_said("The store: goes on", since)
        assert "hunter2" not in bot.text()
        assert bot.stop()[0] == 0
        assert store_main(["--state", str(state), "--in", "postgres", "--check"]) == 0, capsys.readouterr()
        capsys.readouterr()
        assert main("fills", ["--state", str(state), "--json", "--last", "0"]) == 0
        value = json.loads(capsys.readouterr().out)
        assert value["source"].startswith("postgresql://")
        theirs = {trade["execution_id"] for trade in ledger(state)["fills"]}
        assert {row["execution_id"] for row in value["fills"]} == theirs != set()
    finally:
        bot.kill()
        world = simulator.find(state)
        if world is not None:
            world.control("stop", {})

"""The store's process beside a real bot: killed and locked out, and in the end every row is the venue's own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import apsw
import psutil
import pytest

from mm.simulator import world as simulator
from mm.simulator.kinds import KINDS
from mm.store.command import main, store_main
from tests.run.bot_process import PATIENCE_S, BotProcess, ledger

LOCKED_S = 30.0 if os.environ.get("MM_CAMPAIGN") else 3.0


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[BotProcess]:
    state = tmp_path / "state"
    found = BotProcess(state, environment={"MM_RUN__JOURNAL": "os"})
    yield found
    found.kill()
    world = simulator.find(state)
    if world is not None:
        world.control("stop", {})


def store_of(bot: BotProcess) -> psutil.Process:
    """The process that writes the store of a bot."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for child in psutil.Process(bot.process.pid).children():
            if "mm.store.writing" in " ".join(child.cmdline()):
                return child
        time.sleep(0.05)
    raise AssertionError(bot.text())


def test_f83_a_store_that_is_killed_and_locked_out_catches_up_and_nobody_waited(
    bot: BotProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    state = bot.state
    bot.until_fills(1)
    store_of(bot).kill()
    bot.until_said("starting another")
    store_of(bot)
    other = apsw.Connection(str(state / "store.db"))
    other.set_busy_timeout(10_000)
    other.execute("BEGIN IMMEDIATE")
    end = time.monotonic() + LOCKED_S
    since = len(bot.lines)
    before = bot.until(lambda line: line["type"] == "status")["orders"]["total"]
    bot.until_said("holds it locked", since)
    bot.until(lambda line: line["type"] == "status" and line["orders"]["total"] > before and time.monotonic() > end)
    other.execute("ROLLBACK")
    bot.until_said("The store: goes on", since)
    assert bot.stop()[0] == 0
    assert store_main(["--state", str(state), "--check"]) == 0, capsys.readouterr()
    books = ledger(state)
    capsys.readouterr()
    assert main("fills", ["--state", str(state), "--json", "--last", "0"]) == 0
    fills = {row["execution_id"]: row for row in json.loads(capsys.readouterr().out)["fills"]}
    assert fills.keys() == {trade["execution_id"] for trade in books["fills"]} != set()
    for trade in books["fills"]:
        row = fills[trade["execution_id"]]
        for ours, theirs in (("price", "price"), ("amount", "size"), ("cost", "cost"), ("fee", "fee")):
            assert Decimal(row[ours]) == Decimal(trade[theirs]), trade
    assert main("pnl", ["--state", str(state), "--json"]) == 0
    market = json.loads(capsys.readouterr().out)["markets"][0]
    funds = KINDS["kraken"].funds
    assert Decimal(market["position"]) == Decimal(books["balances"]["BTC"]) - funds["BTC"]
    assert Decimal(market["cash"]) - Decimal(market["fees"]["USD"]) == Decimal(books["balances"]["USD"]) - funds["USD"]

"""The bot as a user starts it, against the simulated Kraken in its own process, whose ledger is the judge."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mm._core import events as ev
from mm.config.canonical import from_json
from mm.engine import Engine
from mm.exchanges import find as find_venue
from mm.persistence.recorder import NullRecorder
from mm.persistence.recording import read
from mm.run import INTERRUPTED, main
from mm.screen.amounts import plain
from mm.simulator.world import find
from mm.strategies import parameters_of
from tests.run.bot_process import BotProcess, eventually, ledger, slowness

Start = Callable[..., BotProcess]
RSS_MB_MAX = 60
FIRST_QUOTE_S_MAX = 3.0
FIRST_FILL_S_MAX = 20.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_every_order_and_the_recording_is_what_the_venue_booked(
    start: Start, state: Path, number: int
) -> None:
    slow = slowness()
    bot = start()
    created_ns = int(psutil.Process(bot.process.pid).create_time() * 1e9)
    bot.until_fills(1)
    code, end = bot.stop(number)
    assert (code, end["exit_code"], end["clean"], end["orders"], end["unknown"]) == (0, 0, True, [], [])
    books = ledger(state)
    assert books["open_orders"] == []
    begin, *events = read(max((state / "recordings").glob("*.mmr")))
    fills = [event for event in events if isinstance(event, ev.Fill)]
    places = [event for event in events if isinstance(event, ev.Place)]
    assert {fill.execution_id for fill in fills} == {fill["execution_id"] for fill in books["fills"]}
    assert (places[0].recv_ns - created_ns) / 1e9 < FIRST_QUOTE_S_MAX * slow
    assert (fills[0].recv_ns - created_ns) / 1e9 < FIRST_FILL_S_MAX * slow
    # The run over sockets is replayed from its recording.
    assert isinstance(begin, ev.Start)
    engine = Engine(begin, from_json(begin.config, parameters_of), {"kraken": find_venue("kraken")}, NullRecorder())
    for event in events:
        engine.apply(event)
    (market,) = engine.markets.values()
    assert market.position.quantity == sum(fill.side * fill.size for fill in fills)
    assert end["positions"] == [f"{plain(market.position.quantity, 8)} BTC from this run on kraken"]
    assert (engine.orders.n_open, engine.orders.total) == (0, len(places))


def test_a_signal_while_the_arguments_are_read_ends_with_a_code_that_means_it() -> None:
    program = (
        "import os, signal, sys\n"
        "from mm import run\n"
        "run.parser = lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.exit(run.main([]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, f"{INTERRUPTED}\n")


def test_kill_nine_leaves_no_order_because_the_venue_counts_down(start: Start, state: Path) -> None:
    timer_s = 3
    bot = start(environment={"MM_VENUES__KRAKEN__DEAD_MAN_SWITCH_S": str(timer_s)})
    bot.until_fills(1)
    bot.kill()
    before = ledger(state)
    assert before["open_orders"] != []
    after = eventually(state, lambda books: not books["open_orders"])
    left = {order["order_id"] for order in before["open_orders"]}
    closed = {order["order_id"]: order["closed_ns"] for order in after["closed_orders"]}
    assert left <= set(closed)
    stood_ns = max(closed[order_id] for order_id in left) - before["time_ns"]
    # What a busy machine adds: the venue closes an order when its timer is looked at, not when it is due.
    assert stood_ns <= (timer_s + 1) * 10**9, f"quotes stood for {stood_ns / 1e9:.2f} s"


def test_a_start_after_kill_nine_finds_the_same_venue_and_cancels_what_was_left(start: Start, state: Path) -> None:
    first = start(environment={"MM_VENUES__KRAKEN__DEAD_MAN_SWITCH_S": "3600"})
    first.until_fills(1)
    first.kill()
    venue = find(state)
    left = {order["client_id"] for order in ledger(state)["open_orders"]}
    assert left != set()
    second = start()
    eventually(state, lambda books: not left & {order["client_id"] for order in books["open_orders"]}, second)
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    assert find(state) == venue
    code, end = second.stop()
    assert (code, end["clean"]) == (0, True)
    books = ledger(state)
    assert books["open_orders"] == []
    ids = [order["client_id"] for order in books["closed_orders"]]
    assert len(set(ids)) == len(ids)


def test_a_second_bot_on_the_same_folder_is_refused_and_disturbs_nothing(start: Start) -> None:
    first = start()
    first.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    second = start()
    assert second.wait() == 2
    assert f"process {first.process.pid} runs on it" in second.text()
    assert first.stop()[0] == 0


def test_the_bot_stays_small_and_loads_nothing_heavy(start: Start) -> None:
    bot = start()
    bot.until_fills(1)
    process = psutil.Process(bot.process.pid)
    assert process.memory_info().rss / 1e6 < RSS_MB_MAX
    if sys.platform == "linux":  # elsewhere the maps of a process are the system's secret
        libraries = {Path(file.path).as_posix() for file in process.memory_maps()}
        for heavy in ("numpy", "aiohttp", "polars", "pyarrow", "pydantic"):
            assert not any(f"/{heavy}/" in library for library in libraries), heavy
    assert bot.stop()[0] == 0


def test_plain_lines_tell_the_market_and_the_three_figures(start: Start) -> None:
    bot = start("--seconds", "1", json_lines=False)
    assert bot.wait() == 0
    text = bot.text()
    for part in ("no profit can be claimed", "inside the maker fee", "rate tier", "Orders: ", "Hedges: ", "Position: "):
        assert part in text
    assert "Own orders: none, by the venue's word" in text


def test_a_file_that_is_given_without_its_option_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["nope.toml"])
    assert end.value.code == 2
    assert (
        "unrecognized arguments: nope.toml (a configuration is given with --config nope.toml)"
        in capsys.readouterr().err
    )

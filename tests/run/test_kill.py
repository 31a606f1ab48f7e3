"""The kill ladder of a run as a process of its own, by `mm kill` and `mm resume`; judged by the venue's ledger."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm import operate
from mm._core import events as ev
from mm.live.sentry import free_bytes
from mm.operate import Run
from mm.persistence.recording import read
from mm.simulator import world as simulator
from tests.run.bot_process import KILL_NS, BotProcess, eventually, first_cancel_ns, ledger
from tests.run.test_operating import say

Start = Callable[..., BotProcess]


def own_open(state: Path) -> list[dict[str, Any]]:
    """Own orders that are open, by the venue's ledger."""
    return [order for order in ledger(state)["open_orders"] if order["client_id"].startswith("mm")]


def held(state: Path) -> Decimal:
    """What the account's executions came to, by the venue's ledger, in BTC."""
    fills = ledger(state)["fills"]
    return sum((Decimal(fill["size"]) * (1 if fill["side"] == "buy" else -1) for fill in fills), Decimal(0))


def test_kill_cancels_halts_says_what_is_proven_and_lasts_over_a_restart(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    code, text = say(state, "kill", "--reason", "the news")
    assert own_open(state) == [], "an own order is open after the kill"
    assert code == 0, text
    assert "kill ladder: halt by the operator: the news; until mm resume" in text
    assert "no own orders, by the venues' word" in text
    shown = bot.until(lambda value: value["type"] == "status" and value["ladder"] != [])
    assert shown["orders"]["open"] == 0
    assert "not quoting: kill ladder: halt by the operator: the news" in shown["markets"][0]["why"]
    orders = len(ledger(state)["closed_orders"])
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)
    # Nothing was sent since, and the next start begins where this one ended.
    second = start()
    second.until_said("kill ladder: halt by the operator: the news")
    second.until(lambda value: value["type"] == "status" and all(link["up"] for link in value["links"]))
    second.until(lambda value: value["type"] == "status" and "kill ladder: halt" in value["markets"][0]["why"])
    assert len(ledger(state)["closed_orders"]) == orders, "an order was sent while the run was halted"
    assert own_open(state) == []
    code, text = say(state, "resume")
    assert (code, text.splitlines()[0]) == (0, "let go: halt"), text
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0 and value["ladder"] == [])
    assert second.stop()[0] == 0
    third = start()
    third.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    assert third.stop()[0] == 0


def test_the_first_cancel_is_at_the_venue_within_a_tenth_of_a_second(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    with Run(state) as run:
        # What a word and its answer take here and now: on a busy machine the kill waits as long for its turn.
        turns = []
        for _ in range(20):
            began = time.monotonic_ns()
            run.ask({"command": "strategies"})
            turns.append(time.monotonic_ns() - began)
        said_ns = time.time_ns()
        answer = run.ask({"command": "kill"})
    assert answer["ok"], answer
    events = list(read(max((state / "recordings").glob("*.mmr"))))
    latched = next(event for event in events if type(event) is ev.Latched)
    cancels = [event for event in events if type(event) is ev.Cancel and event.recv_ns >= latched.recv_ns]
    asked = {cancel.client_id for cancel in cancels}
    first_ns = first_cancel_ns(ledger(state), asked, said_ns)
    assert first_ns <= KILL_NS + 10 * statistics.median(turns), f"I13: the first cancel after {first_ns / 1e6:.1f} ms"
    assert bot.stop()[0] == 0


def test_flatten_closes_the_position_and_says_so(start: Start, state: Path) -> None:
    bot = start()
    bot.until(lambda value: value["type"] == "status" and Decimal(value["markets"][0]["position"]) != 0)
    code, text = say(state, "kill", "flatten")
    assert code == 0, text
    assert "flat and no orders, by the venues' word" in text
    assert held(state) == 0, "a position is left at the venue"
    assert own_open(state) == []
    assert say(state, "resume", "--step", "halt") == (1, "halt is not in force\n")
    code, text = say(state, "resume", "--step", "flatten")
    assert (code, text) == (0, "let go: flatten\n")
    assert bot.stop()[0] == 0


def test_stop_says_what_is_left_and_gives_the_runs_own_code(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    code, text = say(state, "stop")
    assert (code, bot.wait()) == (0, 0), text
    assert "Stopped: mm stop" in text
    assert "Own orders: none, by the venue's word" in text
    assert own_open(state) == []


def test_what_is_not_proven_is_named(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    world = simulator.find(state)
    assert world is not None
    world.control("hooks", [{"on": "request", "name": "cancel_order", "action": "drop"}])
    stood = {order["client_id"] for order in own_open(state)}
    code, text = say(state, "kill")
    left = {order["client_id"] for order in own_open(state)}
    assert code == 1, text
    assert "NOT VERIFIED after" in text
    assert left != set()
    assert left <= stood
    assert all(client_id in text for client_id in left), (left, text)
    world.control("hooks", [])
    code, text = say(state, "kill")
    assert code == 0, text
    assert own_open(state) == []
    assert bot.stop()[0] == 0


def test_a_damaged_latch_file_is_a_halt(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    assert say(state, "kill")[0] == 0
    assert bot.stop()[0] == 0
    path = state / "latches"
    path.write_bytes(path.read_bytes().replace(b"halt", b"hald"))
    orders = len(ledger(state)["closed_orders"])
    second = start()
    second.until_said("is damaged: what was in force is not known")
    second.until(lambda value: value["type"] == "status" and "kill ladder: halt" in value["markets"][0]["why"])
    assert len(ledger(state)["closed_orders"]) == orders
    assert say(state, "resume")[0] == 0
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    assert second.stop()[0] == 0


def test_words_that_make_no_sense_are_refused(start: Start, state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    for words, said in (
        (("kill", "everything"), 'no step is named "everything"; there are widen, pause-side'),
        (("kill", "pause-side"), "pause-side takes --side buy or --side sell"),
        (("kill", "--venue", "nowhere"), 'no venue is named "nowhere"; the run has kraken'),
        (("kill", "--strategy", "eth"), 'no strategy is named "eth"; the run has btc'),
        (("resume", "--step", "hold"), 'no step is named "hold"'),
    ):
        code, text = say(state, *words)
        assert (code, said in text) == (1, True), text
    assert bot.stop()[0] == 0
    assert say(state, "kill")[0] == 2


def test_a_process_that_stood_still_latches_what_the_configuration_says(start: Start, state: Path) -> None:
    bot = start(environment={"MM_KILL__LOOP_BLOCKED_STEP": "halt", "MM_KILL__LOOP_BLOCKED_MS": "2000"})
    bot.until_fills(1)
    os.kill(bot.process.pid, signal.SIGSTOP)
    time.sleep(0.1)
    stood = own_open(state)
    # The venue goes on meanwhile: its own clock says when that is over.
    began_ns = ledger(state)["time_ns"]
    while ledger(state)["time_ns"] - began_ns < 2_500_000_000:
        time.sleep(0.05)
    os.kill(bot.process.pid, signal.SIGCONT)
    shown = bot.until(lambda value: value["type"] == "status" and value["ladder"] != [])
    assert "kill ladder: halt by loop blocked: this process stood still for" in shown["ladder"][0]
    assert stood != []
    assert eventually(state, lambda books: not books["open_orders"], bot)["open_orders"] == []
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)


def test_a_disk_that_is_nearly_full_ends_quoting_and_not_the_run(start: Start, state: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    if free_bytes(str(state)) >= 10**12:
        pytest.skip("no bound that the configuration takes is above what is free here")
    bot = start(environment={"MM_KILL__DISK_FREE_MB": "1000000"})
    shown = bot.until(lambda value: value["type"] == "status" and value["ladder"] != [])
    assert "kill ladder: cancel by disk: " in shown["ladder"][0]
    bot.until_said("cancel by disk: verified after")
    bot.until(lambda value: value["type"] == "status" and "kill ladder: cancel" in value["markets"][0]["why"])
    assert eventually(state, lambda books: not books["open_orders"], bot)["open_orders"] == []
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)


def test_a_run_that_does_not_answer_is_named_and_obeys_once_it_can(
    start: Start, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = start()
    bot.until_fills(1)
    monkeypatch.setattr(operate, "KILL_PATIENCE_S", 0.3)
    os.kill(bot.process.pid, signal.SIGSTOP)
    try:
        assert operate.main("kill", ["--state", str(state)]) == 2
    finally:
        os.kill(bot.process.pid, signal.SIGCONT)
    assert f"(process {bot.process.pid}) does not answer" in capsys.readouterr().err
    bot.until(lambda value: value["type"] == "status" and value["ladder"] != [])
    assert eventually(state, lambda books: not books["open_orders"], bot)["open_orders"] == []
    assert bot.stop()[0] == 0


def test_flatten_closes_a_quote_and_its_hedge_on_both_venues(start: Start, state: Path) -> None:
    bot = start(default=True, environment={"MM_RUN__OUTAGE_S": "0"})

    def is_hedged(value: dict[str, Any]) -> bool:
        if value["type"] != "status":
            return False
        return {"kraken", "mexc_futures"} <= {
            market["venue"] for market in value["markets"] if Decimal(market["position"])
        }

    bot.until(is_hedged)
    code, text = say(state, "kill", "flatten")
    assert (code, "flat and no orders, by the venues' word" in text) == (0, True), text
    world = simulator.find(state)
    assert world is not None
    contracts = world.control("ledger", venue="mexc_futures")
    assert contracts["positions"] == [], "the hedge is left"
    assert held(state) == 0, "what was quoted is left"
    assert not any(world.control("ledger", venue=name)["open_orders"] for name in world.venues)
    assert bot.stop()[0] == 0

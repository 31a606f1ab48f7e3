"""A bot that dies or stands still without a timer at the venue: its watchdog leaves no order, by the venue's ledger."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from mm.live.watchdog import Pulse
from mm.persistence.floors import nonce_file
from mm.simulator import world as simulator
from tests.run.bot_process import BotProcess, eventually, ledger

Start = Callable[..., BotProcess]
NO_TIMER = {"MM_VENUES__KRAKEN__DEAD_MAN_SWITCH_S": "0", "MM_RUN__WATCHDOG_S": "2"}
# Of the simulated account: the run takes that of the simulator.
OWN_KEY = {"KRAKEN_WATCHDOG_API_KEY": "w" * 56, "KRAKEN_WATCHDOG_API_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQ="}
TIMER_S = 60

RESCUE_S = 100.0
"""Mostly four seconds; the account's count of REST calls may be nearly used up by the bot, and then it has to decay."""


def watchdogs_of(bot: BotProcess) -> list[psutil.Process]:
    """The processes that watch a bot: the simulator may be its child, too."""
    children = psutil.Process(bot.process.pid).children()
    return [child for child in children if "mm.live.watchdog" in " ".join(child.cmdline())]


def watchdog_of(bot: BotProcess) -> psutil.Process:
    """The process that watches a bot."""
    (found,) = watchdogs_of(bot)
    return found


def test_kill_nine_without_a_timer_at_the_venue_leaves_no_order(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    watchdog = watchdog_of(bot)
    bot.kill()
    left = {order["client_id"] for order in ledger(state)["open_orders"]}
    assert left != set()
    eventually(state, lambda books: not books["open_orders"], patience_s=RESCUE_S)
    watchdog.wait(RESCUE_S)
    told = (state / "watchdog.log").read_text()
    assert "the bot ended without its last word: cancelling own orders at kraken" in told
    assert f"kraken: {len(left)} cancelled, none left by the venue's word" in told
    # The next start tells of it, once.
    second = start(environment=NO_TIMER)
    second.until(lambda value: "the watchdog of an earlier start" in str(value))
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    assert second.stop()[0] == 0
    assert not (state / "watchdog.log").exists()


def test_a_bot_that_stands_still_is_stood_in_for_and_goes_on_when_it_wakes(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    os.kill(bot.process.pid, signal.SIGSTOP)
    try:
        eventually(state, lambda books: not books["open_orders"], patience_s=RESCUE_S)
    finally:
        os.kill(bot.process.pid, signal.SIGCONT)
    assert "no heartbeat of the bot for 2 s" in (state / "watchdog.log").read_text()
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    code, end = bot.stop()
    assert "This process stood still for " in bot.text()
    assert "The watchdog: no heartbeat of the bot for 2 s: cancelling own orders at kraken" in bot.text()
    assert (code, end["clean"]) == (0, True)
    assert ledger(state)["open_orders"] == []


def test_a_watchdog_with_a_key_of_its_own_shares_no_nonce_with_the_bot(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER | OWN_KEY)
    bot.until_fills(1)
    world = simulator.find(state)
    assert world is not None
    second = state / nonce_file("kraken", world.venues["kraken"].second_key[0])
    os.kill(bot.process.pid, signal.SIGSTOP)
    try:
        eventually(state, lambda books: not books["open_orders"], patience_s=RESCUE_S)
        # Signed with it, and so not above what the bot has used.
        assert second.exists()
    finally:
        os.kill(bot.process.pid, signal.SIGCONT)
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)
    assert "nonce" not in bot.text()
    assert "does not do" not in bot.text()


def test_a_key_of_the_watchdogs_own_that_is_refused_is_told_at_once_and_the_bots_is_used(
    start: Start, state: Path
) -> None:
    world = simulator.launch(state, seed=1, speed=6.0)
    kraken = world.venues["kraken"]
    refused = replace(kraken, second_key=("refused" + kraken.second_key[0][7:], kraken.second_key[1]))
    replace(world, venues=world.venues | {"kraken": refused}).save(state)
    bot = start(environment=NO_TIMER | OWN_KEY)
    bot.until(lambda value: "kraken: the key of the watchdog does not do, the bot's will be used" in str(value))
    bot.until_fills(1)
    bot.kill()
    assert ledger(state)["open_orders"] != []
    eventually(state, lambda books: not books["open_orders"], patience_s=RESCUE_S)
    told = (state / "watchdog.log").read_text()
    assert "kraken: that was the watchdog's own key; now with the bot's" in told


def test_a_watchdog_with_a_key_of_its_own_does_not_wait_for_the_venues_timer(start: Start, state: Path) -> None:
    bot = start(environment=OWN_KEY | {"MM_VENUES__KRAKEN__DEAD_MAN_SWITCH_S": str(TIMER_S)})
    bot.until_fills(1)
    bot.kill()
    # Mostly two seconds.
    eventually(state, lambda books: not books["open_orders"], patience_s=TIMER_S / 3)
    assert "cancelling own orders at kraken" in (state / "watchdog.log").read_text()


def test_an_ordinary_end_needs_no_watchdog_and_ends_it(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    watchdog = watchdog_of(bot)
    assert bot.stop()[0] == 0
    watchdog.wait(10)
    assert not (state / "watchdog.log").exists()


def test_orders_that_a_stop_could_not_cancel_are_the_watchdogs(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    watchdog = watchdog_of(bot)
    world = simulator.find(state)
    assert world is not None
    # Over the socket, and over REST, where the watchdog is quicker.
    names = "cancel_order", "CancelOrder"
    world.control("hooks", [{"on": "request", "name": name, "action": "drop"} for name in names])
    bot.process.send_signal(signal.SIGINT)
    assert ledger(state)["open_orders"] != []
    # The second one: the wait is short.
    code, end = bot.stop()
    assert (code, end["clean"]) == (4, False)
    assert "the watchdog goes on cancelling own orders" in str(end["protection"])
    assert ledger(state)["open_orders"] != []
    world.control("hooks", [])
    eventually(state, lambda books: not books["open_orders"], patience_s=RESCUE_S)
    watchdog.wait(RESCUE_S)
    told = (state / "watchdog.log").read_text()
    assert "the bot ended without its last word: cancelling own orders at kraken" in told
    assert "none left by the venue's word" in told


def test_where_the_venue_has_its_timer_there_is_none(start: Start) -> None:
    bot = start()
    bot.until_fills(1)
    assert watchdogs_of(bot) == []
    assert bot.stop()[0] == 0


def test_a_watchdog_that_dies_is_replaced(start: Start) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    first = watchdog_of(bot)
    first.kill()
    bot.until(lambda value: "starting another" in str(value))
    bot.until(lambda value: value["type"] == "status")
    assert watchdog_of(bot).pid != first.pid
    assert bot.stop()[0] == 0


def test_the_keys_are_in_no_ones_sight(start: Start, state: Path) -> None:
    bot = start(environment=NO_TIMER)
    bot.until_fills(1)
    watchdog = watchdog_of(bot)
    assert " ".join(watchdog.cmdline()).endswith("-m mm.live.watchdog")
    assert bot.stop()[0] == 0


@pytest.mark.parametrize(
    ("lines", "at", "expected"),
    [
        ([b'{"beat": 1, "covered": []}'], 4.0, ""),
        ([b'{"beat": 1, "covered": []}'], 5.0, "no heartbeat of the bot for 5 s"),
        ([b"not json at all"], 4.0, ""),
        ([b'{"beat": 1}', b""], 0.1, "the bot ended without its last word"),
        ([b'{"bye": true}', b""], 99.0, ""),
        ([b'["a list"]', b"7", b"null"], 1.0, ""),
    ],
)
def test_when_the_heart_has_stopped(lines: list[bytes], at: float, expected: str) -> None:
    pulse = Pulse(5.0)
    for line in lines:
        pulse.line(line, 0.0)
    assert pulse.why(at) == expected

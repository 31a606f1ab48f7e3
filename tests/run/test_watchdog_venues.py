"""The watchdog over several venues: none waits for another, a later start's orders are left alone, and at venues
without a timer no order of a bot that was killed or stopped stays, by their ledgers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm.config import VenueSettings
from mm.live import rescuing
from mm.live import watchdog as watchdog_module
from mm.live.linking import Addresses
from mm.live.rescuing import Rescued, Target
from mm.live.watchdog import Watchdog
from mm.simulator.world import find
from tests.run.bot_process import BotProcess

WHERE = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1", "ws://127.0.0.1:1")


def hello(*names: str) -> dict[str, Any]:
    venues = {name: Target(VenueSettings(name=name), WHERE, (), 1).to_json() for name in names}
    return {"silence_s": 2, "owner": "mm", "epoch": 7, "venues": venues}


def test_a_venue_that_cannot_be_reached_keeps_no_order_at_another_open(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    never = asyncio.Event()

    async def rescue(target: Target, owner: str, *, is_wanted: Callable[[], bool], **more: Any) -> Rescued:
        assert more["epoch_max"] == 7
        if target.venue.name == "mexc_spot":
            await never.wait()
        return Rescued((), 2, True, "", True, True)

    monkeypatch.setattr(rescuing, "rescue", rescue)

    async def fire() -> None:
        firing = asyncio.ensure_future(Watchdog(hello("mexc_spot", "mexc_futures"), said.append)._fire("killed"))
        for _ in range(10):
            await asyncio.sleep(0)
        firing.cancel()

    asyncio.run(fire())
    assert said == [
        "killed: cancelling own orders at mexc_spot, mexc_futures",
        "mexc_futures: 2 cancelled, none left by the venue's word",
    ]


@pytest.mark.parametrize(
    ("own", "is_enough"),
    [
        (Rescued((), 2, True, "", True, True), True),
        (Rescued((), 2, True, "", True, False), False),
        (Rescued(("mm7Q1 (V1)",), 1, True, "", True, True), False),
        (Rescued((), 0, False, "EAPI:Invalid key", True, False), False),
    ],
    ids=["done", "an account that knows none of our orders", "one is left", "a refused key"],
)
def test_the_bots_key_does_what_the_watchdogs_own_could_not(
    monkeypatch: pytest.MonkeyPatch, own: Rescued, is_enough: bool
) -> None:
    used: list[str] = []

    async def rescue(target: Target, owner: str, **more: Any) -> Rescued:
        key = target.venue.api_key.reveal() if target.venue.api_key is not None else ""
        if more["epoch_max"] == 7:
            used.append(key)
        return own if key == "own" else Rescued((), 1, True, "", True, True)

    monkeypatch.setattr(rescuing, "rescue", rescue)
    value = hello("mexc_spot")
    value["own_keys"] = {"mexc_spot": value["venues"]["mexc_spot"] | {"key": "own"}}
    watchdog = Watchdog(value, lambda text: None)
    watchdog.pulse.open = {"mexc_spot": {"mm7Q1": ("BTC/USDT", "V1")}}
    asyncio.run(watchdog._fire("killed"))
    expected = ["own"] if is_enough else ["own", ""]
    assert used == expected, f"F72: keys {used} were used where {expected} are needed"


def test_an_account_that_knows_none_of_our_orders_is_no_proof_though_none_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[str] = []

    async def rescue(target: Target, owner: str, **more: Any) -> Rescued:
        used.append(target.venue.api_key.reveal() if target.venue.api_key is not None else "")
        return Rescued((), 0, True, "", True, False)

    monkeypatch.setattr(rescuing, "rescue", rescue)
    value = hello("mexc_spot")
    value["own_keys"] = {"mexc_spot": value["venues"]["mexc_spot"] | {"key": "own"}}
    asyncio.run(Watchdog(value, lambda text: None)._fire("killed"))
    assert used == ["own", ""], f"F72: keys {used} were used, and an order that was sent last is nobody's"


@pytest.mark.parametrize("fails", ["own", ""])
def test_a_rescue_that_fails_keeps_neither_the_other_key_nor_the_other_venues_from_cancelling(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    used: list[tuple[str, str]] = []
    said: list[str] = []

    async def rescue(target: Target, owner: str, **more: Any) -> Rescued:
        key = target.venue.api_key.reveal() if target.venue.api_key is not None else ""
        used.append((target.venue.name, key))
        if target.venue.name == "mexc_spot" and key == fails:
            raise RuntimeError("nobody thought of that")
        await asyncio.sleep(0)
        return Rescued((), 1, True, "", True, key == "")

    monkeypatch.setattr(rescuing, "rescue", rescue)
    value = hello("mexc_spot", "mexc_futures")
    value["own_keys"] = {"mexc_spot": value["venues"]["mexc_spot"] | {"key": "own"}}
    asyncio.run(Watchdog(value, said.append)._fire("killed"))
    assert sorted(used) == [("mexc_futures", ""), ("mexc_spot", ""), ("mexc_spot", "own")], f"F75: {used}"
    assert "mexc_spot: RuntimeError: nobody thought of that" in said
    assert "mexc_futures: 1 cancelled, none left by the venue's word" in said


def test_a_trial_of_a_key_that_does_not_end_holds_no_cancel_up(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    async def rescue(target: Target, owner: str, **more: Any) -> Rescued:
        if more["epoch_max"] == 0:
            await asyncio.sleep(60)
        used.append(target.venue.api_key.reveal() if target.venue.api_key is not None else "")
        return Rescued((), 1, True, "", True, True)

    monkeypatch.setattr(rescuing, "rescue", rescue)
    monkeypatch.setattr(watchdog_module, "TRIAL_ENDS_S", 0.05)
    value = hello("mexc_spot")
    value["own_keys"] = {"mexc_spot": value["venues"]["mexc_spot"] | {"key": "own"}}
    watchdog = Watchdog(value, lambda text: None)

    async def fire() -> None:
        watchdog._trying = asyncio.ensure_future(watchdog._try_keys())
        await asyncio.sleep(0)
        await asyncio.wait_for(watchdog._fire("killed"), 5)

    asyncio.run(fire())
    assert used == ["own"]


@pytest.mark.parametrize(
    ("problem", "error", "why"),
    [("EAPI:Invalid key", None, "EAPI:Invalid key"), ("", RuntimeError("broken"), "RuntimeError: broken")],
)
def test_a_key_of_the_watchdogs_own_is_tried_at_the_start_and_one_that_does_not_do_is_told(
    monkeypatch: pytest.MonkeyPatch, problem: str, error: Exception | None, why: str
) -> None:
    said: list[str] = []

    async def rescue(target: Target, owner: str, **more: Any) -> Rescued:
        key = target.venue.api_key.reveal() if target.venue.api_key is not None else ""
        assert (key, more["epoch_max"], more["is_trial"]) == ("own", 0, True), "what the bot sent was meant"
        if error is not None:
            raise error
        return Rescued((), 0, False, problem, True, False)

    monkeypatch.setattr(rescuing, "rescue", rescue)
    value = hello("mexc_spot")
    value["own_keys"] = {"mexc_spot": value["venues"]["mexc_spot"] | {"key": "own"}}
    watchdog = Watchdog(value, said.append)

    async def watch() -> None:
        reader = asyncio.StreamReader()
        watching = asyncio.ensure_future(watchdog.run(reader))
        await asyncio.sleep(0.05)
        watching.cancel()

    asyncio.run(watch())
    expected = "mexc_spot: the key of the watchdog does not do, the bot's will be used: "
    assert said == [expected + why], f"F72: of a key that does not do nobody knows before it is needed: {said}"


QUOTING = """
[run]
watchdog_s = 2

[venues.{venue}]

[strategies.btc]
venue = "{venue}"
symbol = "{symbol}"
spread_bps = 20
quote_size = 0.002
max_position = 0.05
refresh_interval_ms = 2000
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["kill -9", "kill -STOP"])
@pytest.mark.parametrize(("venue", "symbol"), [("mexc_spot", "BTC/USDT"), ("mexc_futures", "BTC/USDT:USDT")])
def test_a_venue_without_a_timer_keeps_no_order_of_a_bot_that_is_gone(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, venue: str, symbol: str, number: signal.Signals
) -> None:
    config = tmp_path / "quoting.toml"
    config.write_text(QUOTING.format(venue=venue, symbol=symbol))
    bot = start("--config", str(config))
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] == 2)
    world = find(state)
    assert world is not None
    os.kill(bot.process.pid, number)
    left = [order["client_id"] for order in world.control("ledger", venue=venue)["open_orders"]]
    assert left, "nothing stood that could be left"
    deadline = time.monotonic() + 60
    while world.control("ledger", venue=venue)["open_orders"]:
        assert time.monotonic() < deadline, (state / "watchdog.log").read_text()
        time.sleep(0.05)
    assert f"cancelling own orders at {venue}" in (state / "watchdog.log").read_text()
    if number is signal.SIGSTOP:
        os.kill(bot.process.pid, signal.SIGCONT)
        bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
        assert bot.stop()[0] == 0
        assert world.control("ledger", venue=venue)["open_orders"] == []

"""Faults of the program itself: whatever breaks, own orders are cancelled, and the exit code says what is proven."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from picows import WSCloseCode, WSProtocolError

from mm._core import events as ev
from mm.config import Environment, Secret, Settings, load
from mm.live.bot import Bot
from mm.live.supervisor import Supervisor
from mm.persistence.recorder import FileRecorder, MemoryRecorder, Recorder
from mm.screen.narrator import Happening
from mm.screen.snapshot import Snapshot
from mm.simulator.world import World, launch
from mm.stopping import Exit
from mm.strategies import parameters_of
from tests.one_venue import ONE_VENUE

NOBODY = "127.0.0.1:1"
"""Nothing listens on this port: it would need a privileged server of the nineteen-seventies."""


class Audience:
    """A view that remembers, and plays `steps`: once a snapshot is like the first one's, what it says is done."""

    interval_s = 0.05

    def __init__(self) -> None:
        self.said: list[str] = []
        self.facts: dict[str, Any] = {}
        self.steps: list[tuple[Callable[[Snapshot], bool], Callable[[], object]]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def happened(self, happening: Happening) -> None:
        self.said.append(happening.text)

    def show(self, snapshot: Snapshot) -> None:
        if self.steps and self.steps[0][0](snapshot):
            self.steps.pop(0)[1]()

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        self.said += lines
        self.facts = facts


def quotes_stand(snapshot: Snapshot) -> bool:
    """Orders that the venue has confirmed: what a fault would leave behind."""
    return any(quote.state == "NEW" for market in snapshot.markets for quote in market.quotes)


def is_silent(reason: str, *, pulled: bool) -> Callable[[Snapshot], bool]:
    """The reason is shown; pulled: and no order stands any more."""

    def check(snapshot: Snapshot) -> bool:
        (market,) = snapshot.markets
        return market.why == f"not quoting: {reason}" and not (pulled and market.quotes)

    return check


class Run:
    """A bot with its supervisor on a simulated venue; `at_quotes` is what happens once it quotes."""

    def __init__(self, settings: Settings, recorder: Recorder | None = None, *, epoch: int = 1, **options: Any) -> None:
        self.view = Audience()
        self.view.steps.append((quotes_stand, lambda: self.at_quotes(self)))
        self.at_quotes: Callable[[Run], None] = lambda run: None
        self.bot = Bot(settings, recorder or MemoryRecorder(), epoch=epoch)
        self.supervisor = Supervisor(
            self.bot, self.view, told=lambda error: f"{type(error).__name__}: {error}", **options
        )

    async def until_over(self) -> Exit:
        async with asyncio.timeout(30):
            return await self.supervisor.run()


EPOCH = iter(range(1, 1000))
"""Runs of this module share an account, so their client ids must not meet."""


def on(world: World) -> Settings:
    """The default settings, for a simulator that runs."""
    settings = load(ONE_VENUE, Environment({}), None, parameters_of)
    venue = replace(
        settings.venues["kraken"],
        tier="unlimited",
        rest_url=world.rest_url,
        ws_url=world.ws_url,
        ws_auth_url=world.ws_auth_url,
        api_key=Secret(world.api_key),
        api_secret=Secret(world.api_secret),
    )
    return replace(settings, venues={"kraken": venue})


@pytest.fixture
def settings(world: World) -> Settings:
    return on(world)


def open_orders(world: World) -> list[Any]:
    orders: list[Any] = world.control("ledger")["open_orders"]
    return orders


def boom(*_: object) -> None:
    raise ZeroDivisionError("boom")


async def test_a_broken_engine_is_not_asked_and_its_orders_are_cancelled(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))
    stood: list[Any] = []

    def break_engine(run: Run) -> None:
        run.bot.engine.set_upkeep(SimpleNamespace(run=boom))
        run.bot.engine.upkeep_due_ns = 1
        stood.extend(run.bot.engine.orders.open())

    run.at_quotes = break_engine
    assert await run.until_over() is Exit.FAULT
    assert stood != []
    assert open_orders(world) == []
    assert run.view.facts["clean"]
    assert run.view.facts["why"] == "ZeroDivisionError: boom"
    assert "counted before the fault" in run.view.facts["positions"][0]


async def test_a_run_ends_in_order_when_its_last_strategy_has_raised(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))
    stood: list[Any] = []

    def break_strategy(run: Run) -> None:
        (market,) = run.bot.engine.markets.values()
        market.strategy.quotes = boom
        stood.extend(run.bot.engine.orders.open())

    run.at_quotes = break_strategy
    assert await run.until_over() is Exit.FAULT
    assert stood != []
    assert open_orders(world) == []
    assert run.bot.failure is None
    assert run.view.facts["why"].startswith(
        "strategy btc has failed, its orders are cancelled: it raised ZeroDivisionError: boom"
    )
    assert run.view.facts["clean"]


def without_timer(settings: Settings) -> Settings:
    """The venue's own timer is off, so that a watchdog is needed."""
    return replace(settings, venues={"kraken": replace(settings.venues["kraken"], dead_man_switch_s=0)})


def cannot_spawn(*_: object, **__: object) -> None:
    raise OSError("no process to be had")


async def test_nothing_is_traded_without_the_watchdog_that_is_needed(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.live.guard.Popen", cannot_spawn)
    run = Run(without_timer(settings), epoch=next(EPOCH))
    assert await run.until_over() is not Exit.CLEAN
    assert "the watchdog cannot be started (no process to be had)" in run.view.facts["why"]
    assert run.bot.engine.orders.total == 0


async def test_a_watchdog_that_cannot_be_replaced_is_told(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(without_timer(settings), epoch=next(EPOCH))

    def stop_once_told() -> None:
        if any("its orders stay at the venue" in text for text in run.view.said):
            run.supervisor.ask_to_stop("told")
        else:
            asyncio.get_running_loop().call_later(0.05, stop_once_told)

    def kill_watchdog(run: Run) -> None:
        monkeypatch.setattr("mm.live.guard.Popen", cannot_spawn)
        # By its own id: an earlier test's may still be on its way out.
        os.kill(run.supervisor.guard.pid, signal.SIGKILL)
        stop_once_told()

    run.at_quotes = kill_watchdog
    assert await run.until_over() is Exit.CLEAN, run.view.facts["why"]
    assert "No watchdog can be started: no process to be had" in run.view.said


async def test_a_broken_screen_stops_the_run_in_order(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = boom
    assert await run.until_over() is Exit.FAULT
    assert open_orders(world) == []
    assert run.bot.failure is None
    assert run.view.facts["why"] == "ZeroDivisionError: boom"


async def test_a_fault_of_the_watch_itself_stops_the_run_in_order(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = lambda run: monkeypatch.setattr(run.supervisor, "_is_hopeless", boom)
    assert await run.until_over() is Exit.FAULT
    assert open_orders(world) == []


async def test_a_callback_that_raises_stops_the_run_in_order(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = lambda run: asyncio.get_running_loop().call_soon(boom) and None
    assert await run.until_over() is Exit.FAULT
    assert open_orders(world) == []
    assert run.view.facts["why"] == "ZeroDivisionError: boom"


async def test_bytes_that_are_no_websocket_frame_are_the_other_sides_fault(world: World, settings: Settings) -> None:
    def garble(_: object = None) -> None:
        raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "invalid opcode")

    def at_quotes(run: Run) -> None:
        asyncio.get_running_loop().call_soon(garble)
        asyncio.get_running_loop().call_later(0.2, run.supervisor.ask_to_stop, "SIGINT")

    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = at_quotes
    assert await run.until_over() is Exit.CLEAN
    assert open_orders(world) == []


async def test_a_task_that_dies_unseen_stops_the_run_in_order(world: World, settings: Settings) -> None:
    async def die() -> None:
        boom()

    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = lambda run: asyncio.ensure_future(die()) and None
    assert await run.until_over() is Exit.FAULT
    assert open_orders(world) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is Linux's")
async def test_a_full_disk_ends_the_run_and_cancels_without_the_recording(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    recorder = FileRecorder(tmp_path / "run.mmr", build="test", created_ns=0)
    run = Run(settings, recorder, epoch=next(EPOCH))

    def fill_disk(run: Run) -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, recorder._file)
        os.close(full)

    run.at_quotes = fill_disk
    assert await run.until_over() is Exit.FAULT
    recorder.close()
    assert open_orders(world) == []
    assert "No space left on device" in run.view.facts["why"]


async def test_a_second_signal_hurries_and_still_cancels(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))

    def interrupt(run: Run) -> None:
        run.supervisor.ask_to_stop("SIGINT")
        asyncio.get_running_loop().call_soon(run.supervisor.ask_to_stop, "SIGINT")

    run.at_quotes = interrupt
    assert await run.until_over() is Exit.CLEAN
    assert open_orders(world) == []
    assert run.view.facts["why"] == "Ctrl-C"


async def test_an_order_that_cannot_be_cancelled_is_named_and_the_exit_code_says_so(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.stopping.PATIENCE_NS", 300_000_000)
    venue = replace(settings.venues["kraken"], dead_man_switch_s=3)
    run = Run(replace(settings, venues={"kraken": venue}), epoch=next(EPOCH))

    def deafen(run: Run) -> None:
        world.control("hooks", [{"on": "request", "name": "cancel_order", "action": "drop"}])
        run.supervisor.ask_to_stop("SIGINT")

    run.at_quotes = deafen
    try:
        assert await run.until_over() is Exit.LEFT
    finally:
        world.control("hooks", [])
    facts = run.view.facts
    assert facts["orders"] != []
    assert facts["protection"] == ["kraken cancels every order of the account 3 s after our last word"]
    assert any("OWN ORDERS MAY BE LEFT" in line for line in run.view.said)


async def test_a_stop_is_not_clean_while_a_second_order_of_a_request_may_stand(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.stopping.PATIENCE_NS", 300_000_000)
    alone = replace(without_timer(settings), run=replace(settings.run, watchdog_s=0))
    run = Run(alone, epoch=next(EPOCH))
    goodbyes: list[bool] = []
    stop = run.supervisor.guard.stop

    async def heard(*, is_left: bool = False) -> None:
        goodbyes.append(not is_left)
        await stop(is_left=is_left)

    def double(run: Run) -> None:
        order = next(order for order in run.bot.engine.orders.open() if order.venue_id)
        now_ns = run.bot.clock.now_ns()
        # That the venue does not find it to cancel it is no end of it.
        run.bot.driver.take((ev.OrderAccepted(now_ns, now_ns, order.venue, order.client_id, "TWIN"),))
        run.supervisor.ask_to_stop("SIGINT")

    monkeypatch.setattr(run.supervisor.guard, "stop", heard)
    run.at_quotes = double
    assert await run.until_over() is Exit.LEFT
    assert open_orders(world) == []
    (left,) = run.view.facts["orders"]
    assert "(TWIN): " in left
    assert goodbyes == [False], "a watchdog would go on where the run gave up"


def unreachable(settings: Settings) -> Settings:
    venue = replace(
        settings.venues["kraken"],
        rest_url=f"http://{NOBODY}",
        ws_url=f"ws://{NOBODY}/v2",
        ws_auth_url=f"ws://{NOBODY}/auth/v2",
    )
    return replace(settings, venues={"kraken": venue})


async def test_a_venue_that_is_not_there_ends_with_what_to_do(settings: Settings) -> None:
    run = Run(unreachable(settings), epoch=next(EPOCH), connect_patience_s=0.5)
    assert await run.until_over() is Exit.UNREACHABLE
    assert f"no working connection within 0.5 s to kraken at http://{NOBODY}" in run.view.facts["why"]
    assert "Check the network, the addresses" in run.view.facts["why"]
    assert run.view.facts["unknown"] == ["kraken was not heard: orders of an earlier start may be left"]
    assert not any("by the venue's word" in said for said in run.view.said)


async def test_a_venue_that_is_not_there_is_the_only_one_that_is_named(settings: Settings) -> None:
    away = unreachable(settings).venues["kraken"]
    away = replace(away, name="mexc_spot", ws_auth_url="", dead_man_switch_s=0, symbols=("BTC/USDT",))
    run = Run(replace(settings, venues={**settings.venues, "mexc_spot": away}), connect_patience_s=3, epoch=next(EPOCH))
    assert await run.until_over() is Exit.UNREACHABLE
    assert run.view.facts["unknown"] == ["mexc_spot was not heard: orders of an earlier start may be left"]
    assert f"to mexc_spot at http://{NOBODY}" in run.view.facts["why"]
    assert "kraken" not in run.view.facts["why"]


async def test_a_stop_before_the_venue_was_heard_claims_nothing(settings: Settings) -> None:
    run = Run(unreachable(settings), epoch=next(EPOCH))
    run.supervisor.ask_to_stop("SIGINT")
    assert await run.until_over() is Exit.UNREACHABLE
    assert not run.view.facts["clean"]
    assert run.view.facts["unknown"] == ["kraken was not heard: orders of an earlier start may be left"]
    assert "Never ready to trade: the private stream of kraken was not up yet" in run.view.said
    assert "  kraken: this start has armed no timer; whether one of an earlier start runs is not known" in run.view.said


async def test_a_key_that_the_venue_refuses_ends_with_what_to_do(settings: Settings) -> None:
    venue = replace(settings.venues["kraken"], api_secret=Secret("Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"))
    run = Run(replace(settings, venues={"kraken": venue}), epoch=next(EPOCH))
    assert await run.until_over() is Exit.UNREACHABLE
    assert "Check the API key, its secret and its rights" in run.view.facts["why"]


async def test_a_symbol_that_the_venue_does_not_trade_ends_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.live.supervisor.SYMBOL_PATIENCE_S", 0.5)
    strategy = replace(settings.strategies["btc"], symbol="BTC/USX")
    run = Run(replace(settings, strategies={"btc": strategy}), epoch=next(EPOCH))
    assert await run.until_over() is Exit.USAGE
    assert "strategies.btc.symbol: kraken has told nothing about BTC/USX" in run.view.facts["why"]


async def test_a_short_run_on_an_unknown_symbol_is_no_success(settings: Settings) -> None:
    strategy = replace(settings.strategies["btc"], symbol="BTC/USX")
    run = Run(replace(settings, strategies={"btc": strategy}), epoch=next(EPOCH), seconds=1.5)
    assert await run.until_over() is Exit.UNREACHABLE
    assert run.view.facts["why"] == "1.5 s are over"
    assert run.view.facts["clean"], "the venue was heard: nothing is left"
    assert any("Never ready to trade: strategies.btc.symbol: kraken has told nothing" in s for s in run.view.said)


async def test_a_size_under_the_venues_minimum_ends_with_the_minimum(settings: Settings) -> None:
    strategy = settings.strategies["btc"]
    small = replace(strategy, parameters=replace(strategy.parameters, quote_size=Decimal("0.00001")))
    run = Run(replace(settings, strategies={"btc": small}), epoch=next(EPOCH))
    assert await run.until_over() is Exit.USAGE
    assert "strategies.btc.quote_size" in run.view.facts["why"]
    assert "0.00005" in run.view.facts["why"]


@pytest.mark.parametrize(("mode", "pulled"), [("maintenance", False), ("cancel_only", True)])
async def test_a_venue_that_takes_no_orders_is_left_alone_and_quoted_again_later(
    world: World, settings: Settings, mode: str, pulled: bool
) -> None:
    """In maintenance not even a cancel is taken: the orders are unknown until the venue is back."""
    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = lambda run: world.control("status", {"mode": mode}) and None
    reason = f"BTC/USD is {mode.replace('_', ' ')}"
    run.view.steps += [
        (is_silent(reason, pulled=pulled), lambda: world.control("status", {"mode": "online"})),
        (quotes_stand, lambda: run.supervisor.ask_to_stop("SIGINT")),
    ]
    assert await run.until_over() is Exit.CLEAN
    assert open_orders(world) == []


@pytest.mark.parametrize("seconds", [0.0, 0.5])
async def test_a_start_in_maintenance_says_so(world: World, settings: Settings, seconds: float) -> None:
    world.control("status", {"mode": "maintenance"})
    run = Run(settings, epoch=next(EPOCH), connect_patience_s=1.0, seconds=seconds)
    try:
        assert await run.until_over() is Exit.UNREACHABLE
    finally:
        world.control("status", {"mode": "online"})
    told = " ".join(run.view.facts["unready"]) if seconds else run.view.facts["why"]
    assert "kraken says its mode is maintenance: start again when that is over" in told
    assert run.view.facts["unknown"] == ["kraken was not heard: orders of an earlier start may be left"]


async def test_a_venue_in_post_only_mode_is_quoted(world: World, settings: Settings) -> None:
    world.control("status", {"mode": "post_only"})
    run = Run(settings, epoch=next(EPOCH))
    run.at_quotes = lambda run: run.supervisor.ask_to_stop("SIGINT")
    try:
        assert await run.until_over() is Exit.CLEAN
    finally:
        world.control("status", {"mode": "online"})
    assert any("its mode is post_only" in said for said in run.view.said)


async def test_a_clock_five_seconds_off_forbids_to_quote_and_says_what_to_do(state: Path) -> None:
    hooks = state.parent / "hooks.json"
    hooks.write_text('[{"on": "clock", "action": "skew", "skew_s": 5.0, "duration_s": 3600}]')
    run = Run(on(launch(state, tier="unlimited", hooks=hooks)), connect_patience_s=1.0)
    assert await run.until_over() is Exit.UNREACHABLE
    assert "this machine's clock is 5.0 s behind the venue's" in run.view.facts["why"]
    assert "Synchronise it (timedatectl set-ntp true" in run.view.facts["why"]
    assert run.bot.engine.orders.total == 0
    short = Run(run.bot.settings, seconds=1.0)
    assert await short.until_over() is Exit.UNREACHABLE
    assert "Synchronise it" in short.view.facts["unready"][0]


async def test_garbage_on_every_channel_is_survived(world: World, settings: Settings) -> None:
    run = Run(settings, epoch=next(EPOCH))
    garbage = [
        {"on": "message", "name": name, "action": action, "times": 1}
        for name in ("book", "executions", "trade")
        for action in ("garbage", "corrupt")
    ]
    run.at_quotes = lambda run: world.control("hooks", garbage) and None
    run.view.steps.append(
        (
            lambda snapshot: quotes_stand(snapshot) and _fired(world) >= len(garbage),
            lambda: run.supervisor.ask_to_stop("SIGINT"),
        )
    )
    try:
        assert await run.until_over() is Exit.CLEAN
    finally:
        world.control("hooks", [])
    assert open_orders(world) == []


def _fired(world: World) -> int:
    rules: list[dict[str, Any]] = world.control("stats")["hooks"]["rules"]
    return sum(rule["fired"] for rule in rules)

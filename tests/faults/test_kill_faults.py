"""F74 to F77: a stop that meets an order being made, a kill switch with broken parts, tasks that die, a blocked loop.

Judged by the simulated venue's ledger: in memory where a moment has to be hit exactly, over sockets and with processes
where the fault is of the loop, the disk or a signal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from mm._core import events as ev
from mm.engine.triggers import Triggers
from mm.exchanges.kraken import VENUE
from mm.live.guard import BEATS_MIN
from mm.live.latches import LatchFile
from mm.live.linking import Addresses
from mm.live.tasks import Tasks
from mm.persistence.recorder import FileRecorder, MemoryRecorder
from mm.simulator import world as simulator
from mm.simulator.kinds import ACCOUNT
from mm.stopping import Exit
from tests.backtest.two_venues import KRAKEN, MEXC, TwoVenues
from tests.faults.hedged import CAMPAIGN
from tests.faults.quoted import PLACE, Quoted, each
from tests.faults.test_order_faults import on as on_event
from tests.run.bot_process import KILL_NS, BotProcess, first_cancel_ns, ledger, slowness
from tests.run.conftest import start, state, world
from tests.run.test_supervisor import NOBODY, Run, on, open_orders, without_timer

__all__ = ["start", "state", "world"]
SECOND = 1_000_000_000
EPOCH = iter(range(1, 1000))
"""Runs of this module share an account, so their client ids must not meet."""
SEEDS = range(20 if CAMPAIGN else 1)


def on_world(world: simulator.World, tmp_path: Path, **run: Any) -> Any:
    """Settings of a run whose state folder is the test's own."""
    (tmp_path / "state").mkdir(exist_ok=True)
    settings = on(world)
    # Far from the market: what ends an order here is a cancel.
    (name, strategy), *_ = settings.strategies.items()
    far = replace(strategy, parameters=replace(strategy.parameters, spread_bps=Decimal(60)))
    settings = replace(settings, strategies={name: far})
    return replace(settings, run=replace(settings.run, state=str(tmp_path / "state"), **run))


# --- F74 --------------------------------------------------------------------------------------------------------------


def stop_at(folder: Path, venue: str, seed: int, events: int, action: str) -> Quoted:
    """Stop, or halt, right after so many events of the recording; returns the bot once it is at rest."""
    bot = Quoted(folder, venue, seed=seed)
    bot.run(30, done=lambda: len(bot.recorder.events) >= events)
    placed = len(bot.of(ev.Place))
    if action == "stop":
        bot.operate("stop", "asked")
    else:
        halt = [ev.Latched(bot.now_ns, "halt", "", True, "operator", "")]
        bot.worlds[venue].tell(lambda now_ns: bot.driver.latch(now_ns, halt))
    # Not for so long that the market would have filled them.
    bot.run(10, done=lambda: bot.is_up and not bot.engine.orders.n_open and not bot.own_open())
    bot.run(1)
    assert len(bot.of(ev.Place)) == placed, f"F74: an intent after the {action} at event {events}"
    left = [order.request.client_id for order in bot.own_open()]
    assert not left, f"F74: {left} are open after the {action} at event {events}"
    assert not bot.engine.orders.n_open, f"F74: the bot knows of orders that are not there, {action} at event {events}"
    assert bot.replayed().state_hash() == bot.engine.state_hash()
    return bot


@each()
def test_f74_a_stop_at_any_moment_of_an_order_leaves_none(tmp_path: Path, venue: str, seed: int) -> None:
    seen = Quoted(tmp_path, venue, seed=seed)
    seen.run(6)
    kinds = [type(event) for event in seen.recorder.events]
    moments = [number for number, kind in enumerate(kinds, 1) if kind in (ev.Place, ev.OrderPending, ev.OrderAccepted)]
    assert len(moments) >= 4
    # Between its intent and its bytes, on its way, and with the answer on its way back.
    chosen = sorted({moment + after for moment in moments[:: 1 if CAMPAIGN else 3] for after in (0, 1, 2)})
    for moment in chosen[: 60 if CAMPAIGN else 12]:
        stop_at(tmp_path, venue, seed, moment, "stop")
        stop_at(tmp_path, venue, seed, moment, "halt")


class Ladder(Quoted):
    """Several quotes a side: a new one beside those that stand replaces none of them."""

    def _look_at_place(self, event: ev.Place) -> None:
        assert event.client_id not in self.own_sent, "I12: an id was used twice"
        self.own_sent.add(event.client_id)


@pytest.mark.parametrize("action", ["stop", "halt", "pause", "pause of the strategy", "pause-side", "reduce-only"])
def test_f74_an_order_that_waits_for_its_turn_never_leaves_after_the_word(tmp_path: Path, action: str) -> None:
    venue = MEXC
    # Answers that are late fill the lane of orders, so that the last quotes have to wait.
    hooks = on_event("reply", [PLACE[venue]], "delay", delay_s=0.3)
    bot = Ladder(tmp_path, venue, hooks=hooks, more="max_order_age_s = 600\nlevels = 4")
    rest = bot.driver.links[venue]._rest
    bot.run(60, done=lambda: any(call.kind == "place" for call in rest.waiting))
    waiting = {call.command.client_id for call in rest.waiting if call.kind == "place"}
    placed = {event.client_id for event in bot.of(ev.Place)}
    assert waiting, "no order waits for its turn when the word comes"
    assert waiting < placed, "no order has left when the word comes"
    if action == "stop":
        bot.operate("stop", "asked")
    elif action.startswith("pause") and action != "pause-side":
        bot.operate("pause", "btc" if "strategy" in action else "")
    else:
        scopes = ("side=buy", "side=sell") if action == "pause-side" else ("",)
        steps = [ev.Latched(bot.now_ns, action, scope, True, "operator", "") for scope in scopes]
        bot.worlds[venue].tell(lambda now_ns: bot.driver.latch(now_ns, steps))
    bot.run(10, done=lambda: not bot.engine.orders.n_open and not bot.own_open())
    bot.run(1)
    assert not waiting & set(bot.sent), f"F74: {waiting & set(bot.sent)} left for the venue after the {action}"
    assert {event.client_id for event in bot.of(ev.Place)} == placed, f"F74: an intent after the {action}"
    left = [order.request.client_id for order in bot.own_open()]
    assert not left, f"F74: {left} are open after the {action}"
    assert not bot.engine.orders.n_open, f"F74: the bot knows of orders that are not there after the {action}"
    denied = {event.client_id for event in bot.of(ev.OrderDenied)}
    assert waiting <= denied, f"F74: {waiting - denied} waited, and nothing says what became of them"
    assert bot.replayed().state_hash() == bot.engine.state_hash()


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.4][:: 1 if CAMPAIGN else 3])
def test_f74_a_signal_at_any_moment_of_the_start_ends_with_the_truth(
    start: Callable[..., BotProcess], state: Path, delay_s: float
) -> None:
    bot = start()
    time.sleep(delay_s)
    bot.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code = bot.wait()
    assert time.monotonic() - began < 25, "F74: the end took too long"
    begun = any((state / "recordings").glob("*.mmr")) if state.exists() else False
    if code == -signal.SIGTERM:
        # The interpreter was not up yet: nothing of the program has run.
        assert not state.exists(), "F74: a run that had begun ended by the signal's default"
        return
    assert code in (0, 3), f"F74: exit code {code}: {bot.text()}"
    assert code == 3 or begun, "F74: a clean end of a run that never was"
    if simulator.find(state) is not None:
        own = [order for order in ledger(state)["open_orders"] if order["client_id"].startswith("mm")]
        assert not own, f"F74: exit code {code} and {own} are open"


def test_f74_a_signal_while_the_interpreter_makes_code_from_text_leaves_the_exit_code_alone(tmp_path: Path) -> None:
    (tmp_path / "begun.py").write_text(
        "import os, signal, sys\n"
        "from mm.live.signals import Signals\n"
        "with Signals():\n"
        "    try:\n"
        "        exec('os.kill(os.getpid(), signal.SIGTERM)\\nwhile True: pass')\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(3)\n"
    )
    ended = subprocess.run([sys.executable, "-m", "begun"], cwd=tmp_path, timeout=30, check=False)
    assert ended.returncode == 3, "F74"


def test_f74_a_second_signal_hurries_and_the_end_is_proven(start: Callable[..., BotProcess], state: Path) -> None:
    bot = start()
    bot.until_fills(1)
    for _ in range(5):
        bot.process.send_signal(signal.SIGTERM)
    try:
        end = bot.until(lambda value: value["type"] == "end")
    except AssertionError as error:
        raise AssertionError(f"F74: no last word: {error}") from error
    for _ in range(5):
        # After the last word, too: the code is decided.
        if bot.process.poll() is None:
            bot.process.send_signal(signal.SIGTERM)
    assert bot.wait() == end["exit_code"] == 0, f"F74: another code than the last word's: {bot.text()}"
    assert not ledger(state)["open_orders"], "F74: an order is left"


# --- F75 --------------------------------------------------------------------------------------------------------------


class BrokenTriggers(Triggers):
    """What looks for reasons raises."""

    def run(self, now_ns: int) -> bool:
        raise ZeroDivisionError("boom")


class Limiter:
    """The count of what the venue lets us ask; broken, it raises whatever it is asked or told."""

    def __init__(self) -> None:
        self.counter = VENUE.trading_limits("pro")
        self.is_broken = False

    def __getattr__(self, name: str) -> Any:
        return _boom if self.is_broken else getattr(self.counter, name)


class Breakage:
    """One part that the kill touches, broken; `mend` lets go what hangs."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = name
        self.lets_go = threading.Event()
        self._patch = monkeypatch
        self.limiter = Limiter()
        if name == "limiter raises":
            monkeypatch.setattr(type(VENUE), "trading_limits", lambda *_: self.limiter)

    def mend(self) -> None:
        self.lets_go.set()

    def recorder(self, folder: Path) -> Any:
        """The recording of the run."""
        if self.name != "disk full":
            return MemoryRecorder()
        return FileRecorder(folder / "run.mmr", build="test", created_ns=0)

    def strike(self, run: Run) -> None:
        """Break it, while quotes stand."""
        getattr(self, "_" + self.name.replace(" ", "_"))(run)

    def _nothing(self, run: Run) -> None:
        pass

    def _latch_file_hangs(self, run: Run) -> None:
        synced = os.fsync

        def hang(descriptor: int) -> None:
            self.lets_go.wait(5)
            synced(descriptor)

        self._patch.setattr(os, "fsync", hang)

    def _latch_file_refused(self, run: Run) -> None:
        run.bot.latches.path.with_name("latches.new").mkdir()

    def _disk_full(self, run: Run) -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, run.bot.driver.engine.recorder._file)
        os.close(full)
        # And no new connection can be made: what cannot be cancelled over those that stand stays.
        self._patch.setattr("mm.live.supervisor.RESCUE_S", 0.5)
        nowhere = Addresses(f"http://{NOBODY}", f"ws://{NOBODY}/v2", f"ws://{NOBODY}/auth/v2")
        run.bot.addresses = dict.fromkeys(run.bot.addresses, nowhere)

    def _news_raises(self, run: Run) -> None:
        run.view.happened = _boom  # type: ignore[method-assign]

    def _news_hangs(self, run: Run) -> None:
        told = run.view.happened

        def hang(happening: Any) -> None:
            run.view.happened = told  # type: ignore[method-assign]
            time.sleep(1.5)

        run.view.happened = hang  # type: ignore[method-assign]

    def _strategy_raises(self, run: Run) -> None:
        for market in run.bot.engine.markets.values():
            market.strategy.quotes = _boom

    def _triggers_raise(self, run: Run) -> None:
        run.bot.engine.triggers = BrokenTriggers(run.bot.engine)

    def _rates_used_up(self, run: Run) -> None:
        now_ns = run.bot.clock.now_ns()
        for market in run.bot.engine.markets.values():
            for _ in range(2000):
                market.limits.charge(now_ns, "place", 0)

    def _limiter_raises(self, run: Run) -> None:
        self.limiter.is_broken = True


def _boom(*_: object) -> None:
    raise ZeroDivisionError("boom")


BREAKAGES = (
    "nothing",
    "latch file hangs",
    "latch file refused",
    "disk full",
    "news raises",
    "news hangs",
    "strategy raises",
    "triggers raise",
    "rates used up",
    "limiter raises",
)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is Linux's")
@pytest.mark.parametrize("name", BREAKAGES)
async def test_f75_the_first_cancel_leaves_in_time_whatever_else_breaks(
    world: simulator.World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    breakage = Breakage(name, monkeypatch)
    settings = on_world(world, tmp_path)
    if name == "rates used up":
        # The bot's own count: the venue's would not be used up.
        counted = replace(settings.venues["kraken"], tier="starter")
        settings = replace(settings, venues={"kraken": counted})
    run = Run(settings, breakage.recorder(tmp_path), epoch=next(EPOCH))
    stood: set[str] = set()
    turns: list[int] = []
    said_ns = 0

    def kill(run: Run) -> None:
        nonlocal said_ns
        stood.update(order["client_id"] for order in open_orders(world))
        for _ in range(5):
            began = time.monotonic_ns()
            open_orders(world)
            turns.append(time.monotonic_ns() - began)
        breakage.strike(run)
        said_ns = time.time_ns()
        run.bot.latch([ev.Latched(run.bot.clock.now_ns(), "halt", "", True, "operator", name)])
        asyncio.get_running_loop().call_later(1.0, run.supervisor.ask_to_stop, "SIGINT")

    run.at_quotes = kill
    try:
        code = await run.until_over()
    finally:
        breakage.mend()
    # Nobody could be asked what is left, and the code says just that.
    expected = (Exit.LEFT,) if name == "disk full" else (Exit.CLEAN, Exit.FAULT)
    assert code in expected, f"F75: exit code {code}"
    assert stood, "nothing stood when the kill came"
    books = world.control("ledger")
    left = [order["client_id"] for order in books["open_orders"]]
    assert not left, f"F75: {left} are open after the kill with {name}"
    # On a machine that is busy the venue's process has to wait for its turn as long as for a page of its ledger.
    allowed = KILL_NS + 2 * max(turns)
    first_ns = first_cancel_ns(books, stood, said_ns)
    assert first_ns <= allowed, f"F75: I13: the first cancel came {first_ns / 1e6:.0f} ms after the kill with {name}"
    later = [order["client_id"] for order in books["closed_orders"] if order["created_ns"] > said_ns + allowed]
    assert not [each for each in later if each.startswith("mm")], f"F75: an order after the kill with {name}"
    if "latch file" not in name:
        kept = [(latch.step, latch.reason) for latch in LatchFile(tmp_path / "state").read(1)]
        # A recording that fails is the end of the run; what was said while it failed is in force in the next one too.
        assert kept == [("halt", name)], "F75: the latch is not what was said"


@pytest.mark.parametrize("keeps_latches", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_f75_a_dead_venue_keeps_no_cancel_of_another_back(tmp_path: Path, seed: int, keeps_latches: bool) -> None:
    outage = [{"on": "clock", "action": "outage", "at_s": 8, "duration_s": 60}]
    bot = TwoVenues(tmp_path, seed=seed, hooks={MEXC: outage})
    bot.run(8.5 + Random(f"f75 {seed}").uniform(0, 8))
    bot.run(10, done=lambda: bool(bot.exchanges[KRAKEN].open_orders(ACCOUNT)))
    stood = {order.request.client_id for order in bot.exchanges[KRAKEN].open_orders(ACCOUNT)}
    assert stood, "nothing stood when the kill came"
    halt = [ev.Latched(bot.now_ns, "halt", "", True, "operator", "")]
    said_ns = bot.now_ns
    if keeps_latches:
        bot.worlds[KRAKEN].tell(lambda now_ns: bot.driver.latch(now_ns, halt))
    else:
        bot.driver.on_latch = _boom
        with pytest.raises(ZeroDivisionError):
            bot.worlds[KRAKEN].tell(lambda now_ns: bot.driver.latch(now_ns, halt))
    bot.run(0.5)
    left = [order.request.client_id for order in bot.exchanges[KRAKEN].open_orders(ACCOUNT)]
    assert not left, f"F75: {left} are open at the venue that lives"
    gone = [order for order in bot.exchanges[KRAKEN].closed_orders(ACCOUNT) if order.request.client_id in stood]
    first_ns = min(order.closed_ns for order in gone) - said_ns
    assert first_ns <= KILL_NS, f"F75: I13: the first cancel came {first_ns / 1e6:.0f} ms after the kill"


# --- F76 --------------------------------------------------------------------------------------------------------------


def _break_engine(run: Run) -> None:
    run.bot.engine.set_upkeep(SimpleNamespace(run=_boom))
    run.bot.engine.upkeep_due_ns = 1


def _break_heartbeat(run: Run) -> None:
    run.supervisor.guard._tell = _boom


def _break_nonces(run: Run) -> None:
    floor = next(iter(run.bot.nonces.floors.values()))
    run.bot.nonces.floors["kraken"] = SimpleNamespace(keep_ahead=_boom, start=floor.start, give_back=floor.give_back)


def _break_sentry(run: Run) -> None:
    run.supervisor.sentry._look_at_disk = _boom


def _break_store(run: Run) -> None:
    # It writes nothing else here: the process that it talks to ends.
    run.supervisor.storing._say = _boom
    os.kill(run.supervisor.storing.pid, signal.SIGKILL)


TASKS: dict[str, tuple[Callable[[Run], None], Exit]] = {
    "engine": (_break_engine, Exit.FAULT),
    "heartbeat": (_break_heartbeat, Exit.FAULT),
    "nonces": (_break_nonces, Exit.FAULT),
    "sentry": (_break_sentry, Exit.FAULT),
    "store": (_break_store, Exit.CLEAN),
}
"""How each task of a run is made to raise, and what becomes of the run: without the store trading goes on."""


def with_everything(world: simulator.World, tmp_path: Path) -> Any:
    """Settings with which every task of a run is needed."""
    return without_timer(on_world(world, tmp_path, journal="os", store="sqlite"))


DEATHS = [(name, 0) for name in TASKS] + [(name, seed) for seed, name in zip(SEEDS[1:], cycle(TASKS), strict=False)]
"""Each task as soon as quotes stand, and one more a seed, at another moment."""


@pytest.mark.parametrize(("name", "seed"), DEATHS)
async def test_f76_a_task_that_dies_ends_quoting_and_the_exit_code_says_so(
    world: simulator.World, tmp_path: Path, name: str, seed: int
) -> None:
    break_it, expected = TASKS[name]
    later_s = Random(f"f76 {seed}").uniform(0, 2) if seed else 0.0
    run = Run(with_everything(world, tmp_path), epoch=next(EPOCH))
    stood: list[Any] = []

    def at_quotes(run: Run) -> None:
        stood.extend(open_orders(world))
        if name == "store" and not run.supervisor.storing.pid:
            asyncio.get_running_loop().call_later(0.1, at_quotes, run)
            return
        asyncio.get_running_loop().call_later(later_s, break_it, run)
        asyncio.get_running_loop().call_later(8.0, run.supervisor.ask_to_stop, "SIGINT")

    run.at_quotes = at_quotes
    code = await run.until_over()
    assert stood, "nothing stood when the task died"
    assert not open_orders(world), f"F76: orders are open after the task {name} died"
    assert code is expected, f"F76: exit code {code} after the task {name} died: {run.view.facts['why']}"
    assert run.view.facts["clean"]
    if expected is Exit.FAULT:
        assert "boom" in run.view.facts["why"], f"F76: nobody says why: {run.view.facts['why']}"
    else:
        assert any("boom" in text for text in run.view.said), "F76: nobody says that it died"


async def test_f76_the_register_has_every_task_of_a_run(world: simulator.World, tmp_path: Path) -> None:
    run = Run(with_everything(world, tmp_path), epoch=next(EPOCH))
    own = asyncio.current_task()
    seen: dict[str, set[str]] = {}

    def at_quotes(run: Run) -> None:
        registered = run.supervisor.tasks.running
        seen["register"] = set(registered)
        others = asyncio.all_tasks() - set(registered.values()) - {own}
        # What lives as long as a connection, an exchange or a process is told of by it.
        seen["others"] = {task.get_coro().__qualname__ for task in others}  # type: ignore[union-attr]
        run.supervisor.ask_to_stop("SIGINT")

    run.at_quotes = at_quotes
    assert await run.until_over() is Exit.CLEAN
    assert seen["register"] == set(TASKS), "F76: a task that no test lets die, or one that is not there"
    # Those of the shells are what "engine" waits for.
    allowed = {"WebSocket._connect", "HttpClient._connect", "Shell.wait_failed"}
    assert seen["others"] <= allowed, f"F76: not in the register: {seen}"


@pytest.mark.parametrize("how", ["raises", "returns", "is cancelled"])
async def test_f76_a_task_of_the_register_never_ends_without_a_word(how: str) -> None:
    died: list[tuple[str, str]] = []
    tasks = Tasks(lambda name, error: died.append((name, str(error))))
    ends = asyncio.Event()

    async def work() -> None:
        await ends.wait()
        if how == "raises":
            _boom()

    task = tasks.start("work", work())
    task.cancel() if how == "is cancelled" else ends.set()
    await asyncio.wait((task,))
    await asyncio.sleep(0)
    said = {"raises": "boom", "returns": "came to an end", "is cancelled": "was cancelled"}[how]
    assert [(name, said in text) for name, text in died] == [("work", True)], f"F76: it {how}, and nobody heard"
    assert tasks.running == {}
    forever = tasks.start("forever", asyncio.Event().wait())  # type: ignore[arg-type]
    await tasks.stop()
    assert (forever.cancelled(), len(died)) == (True, 1)


# --- F77 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked_s", [0.7, 1.5, 4.0][: 3 if CAMPAIGN else 1])
async def test_f77_nothing_is_quoted_from_what_waited_while_the_loop_was_blocked(
    world: simulator.World, tmp_path: Path, blocked_s: float
) -> None:
    recorder = MemoryRecorder(keep=True)
    run = Run(on_world(world, tmp_path), recorder, epoch=next(EPOCH))
    blocked_ns: list[int] = []

    def block(run: Run) -> None:
        blocked_ns.append(run.bot.clock.now_ns())
        time.sleep(blocked_s)
        blocked_ns.append(run.bot.clock.now_ns())
        asyncio.get_running_loop().call_later(5.0, run.supervisor.ask_to_stop, "SIGINT")

    # In the loop itself, and not in what shows the run.
    run.at_quotes = lambda run: asyncio.get_running_loop().call_soon(block, run) and None
    assert await run.until_over() is Exit.CLEAN
    assert not open_orders(world)
    began_ns, ended_ns = blocked_ns
    after = [event for event in recorder.events if event.recv_ns >= ended_ns]
    resets = [event for event in after if type(event) is ev.BookReset]
    assert resets, "F77: a loop that was blocked is not noticed"
    assert "this process stood still for" in resets[0].reason, f"F77: another reason: {resets[0]}"
    assert (ended_ns - began_ns) / 1e9 >= blocked_s
    is_fresh = False
    for event in after:
        if type(event) is ev.BookFrame and b'"type":"snapshot"' in event.payload:
            is_fresh = True
        elif type(event) in (ev.Place, ev.Amend):
            assert is_fresh, f"F77: an order from what had waited in the sockets: {event}"
    assert is_fresh, "F77: no fresh book was asked for"
    assert any(type(event) is ev.Place or type(event) is ev.Amend for event in after), "quotes did not come back"


WATCHDOG_S = (0.25, 0.5, 1.0)
RESCUE_NS = SECOND
"""To connect, read and cancel: a quarter of it, on a machine that is not busy."""
PULL_NS = 500_000_000


@pytest.mark.parametrize("seed", SEEDS)
def test_f77_somebody_outside_pulls_the_orders_of_a_loop_that_stays_blocked(
    start: Callable[..., BotProcess], state: Path, seed: int
) -> None:
    chance = Random(f"f77 {seed}")
    watchdog_s = WATCHDOG_S[seed % len(WATCHDOG_S)]
    beat_ns = round(watchdog_s / BEATS_MIN * SECOND)
    # Far from the market: what ends an order here is a cancel.
    environment = {"MM_STRATEGIES__BTC__SPREAD_BPS": "60", "MM_RUN__SEED": str(seed)}
    environment |= {"MM_VENUES__KRAKEN__DEAD_MAN_SWITCH_S": "0", "MM_RUN__WATCHDOG_S": str(watchdog_s)}
    bot = start(environment=environment)
    took_ns = []
    slow = slowness()
    # What else a machine does may come between once, and not each time.
    for _ in range(3 if watchdog_s == WATCHDOG_S[0] else 1):
        bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] == 2)
        time.sleep(chance.uniform(0, 2 * watchdog_s))
        stopped_ns = ledger(state)["time_ns"]
        os.kill(bot.process.pid, signal.SIGSTOP)
        try:
            stood = {order["client_id"] for order in ledger(state)["open_orders"]}
            deadline = time.monotonic() + 40
            while ledger(state)["open_orders"] and time.monotonic() < deadline:
                time.sleep(0.05)
            books = ledger(state)
        finally:
            os.kill(bot.process.pid, signal.SIGCONT)
        assert stood, "nothing stood when the loop was blocked"
        assert not books["open_orders"], "F77: quotes stood while nobody looked after them"
        closed = [order["closed_ns"] - stopped_ns for order in books["closed_orders"] if order["client_id"] in stood]
        assert min(closed) >= 0
        took_ns.append(max(closed))
    text = (
        f"F77: quotes stood for {[round(each / SECOND, 2) for each in took_ns]} s, the watchdog's time is {watchdog_s}"
    )
    # A machine that is busy before or after was so in between.
    slow = max(slow, slowness())
    assert max(took_ns) <= watchdog_s * SECOND + RESCUE_NS * slow, text
    assert watchdog_s > WATCHDOG_S[0] or min(took_ns) <= (PULL_NS + beat_ns) * slow, text
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    fired = (state / "watchdog.log").read_text().count("no heartbeat")
    # A heart that beats too seldom for the watchdog's time costs all quotes each time.
    assert fired <= 2 * len(took_ns), (
        f"F77: quotes were cancelled {fired} times, the loop was blocked {len(took_ns)} times"
    )
    assert bot.stop()[0] == 0
    assert not ledger(state)["open_orders"]

"""Watches one run from its first connection to its last word: shows it, stops it, and says what is left.

A requested stop cancels own orders through the engine and waits for the venue's word. After a failure of the engine or
a link the same is done by a fresh link without the engine (`rescue.py`). A failure of anything else, the screen for
example, is a stop that nobody asked for. The exit code tells the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from picows import WSProtocolError

from mm._core import events as ev
from mm._core.gates import QUOTABLE
from mm._core.orders import Order, OrderState
from mm.engine.engine import OWNER
from mm.engine.ladder import OPERATOR, Scope
from mm.instruments import AMOUNT_PRECISION
from mm.live.control import Answer, Command
from mm.live.guard import Guard
from mm.live.killing import proof
from mm.live.linking import symbols_of
from mm.live.meters import latencies
from mm.live.recovering import held_elsewhere
from mm.live.rescuing import Target, rescue
from mm.live.sentry import Sentry
from mm.live.storing import STORE, Storing
from mm.live.tasks import Tasks
from mm.live.watchdog import PATIENCE_S
from mm.screen.amounts import in_base, plain, thousands
from mm.screen.lines import accounts as accounts_line
from mm.screen.lines import accounts_json
from mm.screen.narrator import Happening, Narrator
from mm.screen.observe import Instruments, accounts, observe
from mm.stopping import Exit, Patience, Residue, exit_code

if TYPE_CHECKING:
    from mm.config import StrategySettings
    from mm.engine.venue import VenueState
    from mm.live.bot import Bot
    from mm.live.reopening import Reopening
    from mm.live.snapshots import Snapshots
    from mm.screen.view import View

POLL_S: Final = 0.02
"""How often a stop looks whether it is proven; a person does not notice it."""
CONNECT_PATIENCE_S: Final = 20.0
"""A venue that was never reached by then is not going to be: say so, and what to do."""
SYMBOL_PATIENCE_S: Final = 5.0
"""Venues tell of their instruments in the first answer."""
LOOK_S: Final = 0.25
RESCUE_S: Final = 15.0
STOOD_S: Final = 1.0
"""A look that comes this late means that the process was stopped, or that its machine was."""
TRACE_LENGTH_MAX: Final = 400
"""Of an event in a trace: a whole book is nothing to read."""
SEEN: Final = (ev.OrderReport, ev.OrderPending, ev.OrderAccepted)
"""Words about an order that another start of this bot may have placed."""
ENGINE: Final = "engine"
SENTRY: Final = "sentry"
NONCES: Final = "nonces"
RESTARTS_MAX: Final = 3
"""Of a task that nobody trades by."""
SIGNAL_NAMES: Final = {"SIGINT": "Ctrl-C", "SIGHUP": "the terminal was closed (SIGHUP)"}


class Supervisor:
    """Runs a bot.

    labels: what the world is, for the screen; seconds: stop by itself then, 0 never; told: keeps an error that ends the
    run for people, and returns a sentence about it without any secret; is_first: no start has used the state folder
    before.
    """

    def __init__(
        self,
        bot: Bot,
        view: View,
        *,
        labels: tuple[str, ...] = (),
        seconds: float = 0.0,
        connect_patience_s: float = CONNECT_PATIENCE_S,
        is_first: bool = False,
        told: Callable[[BaseException], str] = lambda error: type(error).__name__,
    ) -> None:
        self._bot = bot
        self._view = view
        self._labels = labels
        self._seconds = seconds
        self._connect_patience_s = connect_patience_s
        self._is_first = is_first
        self._told = told
        self._narrator = Narrator(Instruments(bot.engine))
        self._wake = asyncio.Event()
        self._asked = ""
        """Why the stop was asked for; '' it was not."""
        self._fault = ""
        """Why the run ends without having been asked; '' it does not."""
        self._trouble = ""
        """The last thing that a link could not get over by itself."""
        self._is_lost = False
        """The recording could not be written, and it was said."""
        self._is_refused = False
        """The configuration cannot work at this venue."""
        self._patience: Patience | None = None
        self._is_traced = bot.settings.run.log_level == "trace"
        self._heard: set[str] = set()
        """Venues whose private stream was up: they have told every open order in this run."""
        self._quoted: set[tuple[str, str]] = set()
        self.ended: asyncio.Future[tuple[list[str], Exit]] | None = None
        """The last word, for whoever waits for it."""
        self.tasks = Tasks(self._died)
        """Every task that lives as long as the run."""
        self.guard = Guard(bot, view.say, self.tasks)
        self.storing = Storing(bot.settings.run, view.say, self.tasks)
        self.sentry = Sentry(bot)
        self._restarts = self._proofs = 0
        self.snapshots: Snapshots | None = None
        self.reopening: Reopening | None = None
        """Of a run with a journal."""
        bot.driver.observers.append(self._observe)

    def ask_to_stop(self, reason: str) -> None:
        """Stop in order; a second call shortens the wait and skips nothing."""
        if not self._asked:
            self._asked = SIGNAL_NAMES.get(reason, reason)
        elif self._patience is not None:
            self._patience.hurry(self._bot.clock.now_ns())
            self._view.say("Stopping already; not waiting long for the venue's word now.")
        self._wake.set()

    def commands(self) -> dict[str, Command]:
        """What can be said to this run about its end."""
        return {"stop": self._stop_command}

    async def _stop_command(self, request: Mapping[str, Any]) -> Answer:
        """Stop in order, and answer with the last word."""
        if self.ended is None:
            self.ended = asyncio.get_running_loop().create_future()
        self.ask_to_stop("mm stop")
        lines, code = await asyncio.shield(self.ended)
        return {"ok": code is Exit.CLEAN, "text": lines, "exit_code": int(code)}

    async def run(self) -> Exit:
        """Run to the end; returns the exit code."""
        bot = self._bot
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)
        self.tasks.start(ENGINE, bot.wait_failed())
        # Until it is known better: an end that fails on its way proves nothing.
        is_left = True
        try:
            try:
                await self.guard.start()
            except OSError as error:
                self._fault = (
                    f"the watchdog cannot be started ({error}), and a venue has no timer of its own: set "
                    "run.watchdog_s = 0 to trade without"
                )
            bot.start()
            self.storing.start()
            self.tasks.start(SENTRY, self.sentry.run())
            self.tasks.start(NONCES, bot.nonces.run(bot.clock.now_ns, self._view.say))
            try:
                await self._watch()
            except Exception as error:  # noqa: BLE001  # whatever it is, own orders are cancelled first
                self._fail(error)
            if bot.failure is None:
                await self._stop()
            # What was not shown yet, since it failed before its actions were carried out.
            with contextlib.suppress(Exception):
                bot.driver.show()
            residue = self._residue() if bot.failure is None else await self._rescue(bot.failure)
            is_left = bool(residue.orders or residue.unknown)
            return self._end(residue)
        finally:
            await self.tasks.stop(ENGINE, SENTRY, NONCES)
            bot.driver.observers.clear()
            bot.stop()
            await bot.wait_closed()
            if bot.failure is None and not is_left:
                # Else the watchdog goes on, above what it was told.
                await bot.nonces.give_back()
            # Not before the last word: until then it would be right to step in.
            await self.guard.stop(is_left=is_left)
            await self.storing.stop()
            await self.tasks.stop()

    # --- while it runs ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Show the run until something ends it."""
        loop = asyncio.get_running_loop()
        began_s = shown_s = looked_s = loop.time()
        end_s = began_s + self._seconds if self._seconds else float("inf")
        while not self._asked and not self._fault and self._bot.failure is None:
            now_s = loop.time()
            if now_s - looked_s > STOOD_S:
                self._view.say(
                    f"This process stood still for {now_s - looked_s:.1f} s (stopped, or its machine was busy): what "
                    "happened meanwhile comes now"
                )
            looked_s = now_s
            self._tell_lost()
            if now_s >= end_s:
                self.ask_to_stop(f"{self._seconds:g} s are over")
                return
            if self.snapshots is not None:
                self.snapshots.look(self._bot.clock.now_ns())
            if self.reopening is not None:
                self.reopening.look(self._bot.clock.now_ns())
            if self._unheard() and now_s - began_s > self._connect_patience_s:
                self._fault = self._unreachable()
                return
            if self._is_hopeless(now_s - began_s):
                return
            if now_s - shown_s >= self._view.interval_s:
                shown_s = now_s
                self._show()
            wait_s = min(shown_s + self._view.interval_s, end_s, now_s + LOOK_S) - now_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)

    def _tell_lost(self) -> None:
        """Say once that the recording is not written any more."""
        lost = getattr(self._bot.engine.recorder, "lost", "")
        if lost and not self._is_lost:
            self._is_lost = True
            self._view.say(
                f"{lost}: the run goes on without it, mm why and a replay will not; the journal has the orders"
            )

    def _is_hopeless(self, running_s: float) -> bool:
        """Whether a strategy can never quote as it is configured, which is better said by ending than in a corner."""
        for strategy in self._bot.settings.strategies.values():
            key = (strategy.venue, strategy.symbol)
            market = self._bot.engine.markets.get(key)
            if market is None and strategy.venue in self._heard and running_s > SYMBOL_PATIENCE_S:
                self._fault = _untold(strategy)
            elif market is not None and market.problem and key not in self._quoted:
                self._fault = market.problem
            else:
                continue
            self._is_refused = True
            return True
        for hedge in self._bot.settings.hedging.values():
            for named, (venue, symbol) in zip(("hedge_symbol", "fallback_symbol"), hedge.markets(), strict=False):
                is_told = (venue, symbol) in self._bot.engine.markets
                if not is_told and venue in self._heard and running_s > SYMBOL_PATIENCE_S:
                    self._fault = (
                        f"hedging.{hedge.name}.{named}: {venue} has told nothing about {symbol}. "
                        "Is it traded there, and written as the venue writes it (BASE/QUOTE)?"
                    )
                    self._is_refused = True
                    return True
        return False

    def _unreachable(self) -> str:
        closed = [text for name in self._unheard() if (text := self._closed(name))]
        if closed or self._trouble:
            told = [*closed, self._trouble.removesuffix("; trying on")] if self._trouble else closed
            return f"not ready to trade within {self._connect_patience_s:g} s. {'. '.join(told)}"
        away = [(name, self._bot.addresses[name]) for name in self._unheard()]
        where = "; ".join(f"{name} at {a.rest}, {a.public} and {a.private}" for name, a in away)
        return (
            f"no working connection within {self._connect_patience_s:g} s to {where}. Check the network, the addresses "
            "(venues.NAME.rest_url, ws_url, ws_auth_url) and the venue's status page, then start again"
        )

    def _closed(self, name: str) -> str:
        """What a venue says about itself when it is not open for trading; '' when it is, or has not said so."""
        venue = self._bot.engine.venues.get(name)
        if venue is None or venue.status in QUOTABLE:
            return ""
        return f"{name} says its mode is {venue.status}: start again when that is over (its status page tells)"

    def _observe(self, event: Any) -> None:
        kind = type(event)
        if self._is_traced:
            self._view.happened(Happening(event.recv_ns, _cut(repr(event)), "trace"))
        if kind is ev.BookFrame:
            return
        try:
            if kind is ev.LinkChanged and event.up and event.channel == "private":
                self._heard.add(event.venue)
            elif kind is ev.Place:
                self._quoted.add((event.venue, event.symbol))
            elif kind in SEEN:
                self._look_for_younger(event)
            elif kind is ev.StrategyPaused:
                self._strategy_paused(event)
            elif kind is ev.Latched and event.is_on and event.cause != OPERATOR:
                # An operator's word is answered with the same.
                self._proofs += 1
                self.tasks.start(f"proof {self._proofs}", self._prove(event), may_end=True)
            elif kind is ev.Alert and event.severity == "critical" and not self._fault:
                self._fault = event.text
                self._wake.set()
            elif kind is ev.Alert and event.severity == "error":
                self._trouble = event.text
            happening = self._narrator.tell(event)
            if happening is not None:
                self._view.happened(happening)
        except Exception as error:  # noqa: BLE001  # telling people must not break the engine: the run ends in order
            self._fail(error)

    async def _prove(self, latched: ev.Latched) -> None:
        """Tell whether a step that came by itself did what it says."""
        _, told = await proof(self._bot, latched.step, Scope.of(latched.scope), latched.recv_ns)
        for line in told:
            self._view.say(f"{latched.step} by {latched.cause}: {line.strip()}")

    def _look_for_younger(self, event: Any) -> None:
        """End where a later start trades with this account: the later one goes on, as it cancels what we have."""
        ids, ours = self._bot.engine.ids, self._bot.epoch
        if self._fault or not ids.is_own(event.client_id):
            return
        if (epoch := ids.epoch_of(event.client_id)) > ours:
            self._fault = (
                f"{event.venue} tells of order {event.client_id} of start {epoch}, and this is start {ours}: a later "
                "start of this bot trades with this account, on another machine or from a copy of the state folder. "
                f"If none does, write {epoch} into {self._bot.settings.run.state}/epoch and start again"
            )
            self._wake.set()

    def _strategy_paused(self, event: ev.StrategyPaused) -> None:
        """Keep the report of what a strategy raised; without any strategy left the run is over."""
        engine = self._bot.engine
        error = engine.roster.errors.get(event.strategy)
        # The report has the traceback; whose mistake it is, the sentence says.
        report = self._told(error).rpartition(" (report: ") if error is not None else ("", "", "")
        told = f"strategy {event.strategy} has failed, its orders are cancelled: {event.reason}"
        if event.strategy not in engine.roster.members:
            told = f"{event.reason}; its debts are kept, and what adds to them is not quoted: mm resume"
        told += f" (report: {report[2]}" if report[1] else ""
        self._view.say(told)
        if not self._fault and engine.roster.is_over:
            self._fault = told
            self._wake.set()

    def _show(self) -> None:
        bot = self._bot
        try:
            self._view.show(
                observe(
                    bot.engine,
                    bot.clock.now_ns(),
                    started_ns=bot.started_ns,
                    world=bot.settings.run.world,
                    labels=self._labels,
                    latencies=latencies(bot.registry),
                )
            )
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(error)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something on the loop has raised and nobody awaited it: the run cannot be trusted any more."""
        error = context.get("exception")
        if isinstance(error, WSProtocolError):
            # The other side's fault, and its connection's end: the link hears of that and connects anew.
            self._view.say(f"A connection brought what is no WebSocket frame ({error}); it is closed and made anew")
            return
        self._fail(error if isinstance(error, BaseException) else RuntimeError(str(context.get("message"))))

    def _died(self, name: str, error: BaseException) -> None:
        """A task that was to live as long as the run has ended: trading ends with it, but for what nobody trades by."""
        if name == ENGINE and self._bot.failure is not None:
            self._wake.set()
        elif name == STORE and self._restarts < RESTARTS_MAX:
            self._restarts += 1
            self._view.say(f"The keeper of the store has failed: {self._told(error)}; starting it again")
            self.storing.start()
        elif name == STORE:
            self._view.say("The keeper of the store does not stay alive: `mm store` brings it up to date later")
        else:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._fault:
            self._fault = self._told(error)
        self._wake.set()

    # --- the end ----------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        """Cancel through the engine until the venue has confirmed every own order's end, or patience is over."""
        bot = self._bot
        self._patience = patience = Patience(bot.clock.now_ns())
        bot.operate("stop", self._fault or self._asked)
        while (bot.engine.orders.n_open or bot.engine.contradicted.standing()) and bot.failure is None:
            if patience.is_over(bot.clock.now_ns()):
                return
            await asyncio.sleep(POLL_S)
        # The timer's disarming leaves with what the engine decides once nothing is open.
        bot.decide()
        await asyncio.sleep(POLL_S)

    def _end(self, residue: Residue) -> Exit:
        """Say the last word."""
        code = exit_code(residue, requested=not self._fault, placed=bool(self._quoted), is_refused=self._is_refused)
        why = self._fault or self._asked
        if self._bot.failure is None:
            self._show()
        lines, facts = residue.lines(why), residue.facts(why, code)
        with contextlib.suppress(Exception):
            # After a fault of the engine it may not know; the statement is more than that.
            profit = accounts(self._bot.engine)
            lines.append(accounts_line(profit))
            facts["profit"] = accounts_json(profit)
            # What a replay of the recording up to here has to end in.
            facts["state_hash"] = self._bot.engine.state_hash()
        self._view.end(lines, facts)
        if self.ended is not None and not self.ended.done():
            self.ended.set_result((lines, code))
        return code

    def _residue(self) -> Residue:
        orders: list[str] = []
        unknown: list[str] = []
        for order in self._bot.engine.orders.open():
            (unknown if order.state is OrderState.UNKNOWN else orders).append(self._order(order, order.leaves))
        orders += [self._order(each, each.size - each.cum_size) for each in self._bot.engine.contradicted.standing()]
        return Residue(
            tuple(orders),
            tuple(unknown),
            self._positions(),
            self._protection(is_left=bool(orders or unknown)),
            self._unheard(),
            self._unready(),
            self._is_first and not self._quoted,
        )

    def _unheard(self) -> tuple[str, ...]:
        """Venues that have not told their open orders."""
        return tuple(name for name in self._bot.settings.venues if name not in self._heard)

    def _unready(self) -> tuple[str, ...]:
        """What was missing to the end for a strategy's first quote; nothing once every strategy could quote."""
        if self._fault or self._quoted:
            return ()
        missing: list[str] = []
        for strategy in self._bot.settings.strategies.values():
            market = self._bot.engine.markets.get((strategy.venue, strategy.symbol))
            if strategy.venue not in self._heard:
                why = self._closed(strategy.venue) or self._trouble.removesuffix("; trying on")
                missing.append(why or f"the private stream of {strategy.venue} was not up yet")
            elif market is None:
                missing.append(_untold(strategy))
            elif not market.book_ns:
                missing.append(f"there was no proven book of {strategy.symbol} on {strategy.venue} yet")
        return tuple(dict.fromkeys(missing))

    def _order(self, order: Order | ev.OrderReport, leaves: int) -> str:
        market = self._bot.engine.markets.get((order.venue, order.symbol))
        side = "buy" if order.side > 0 else "sell"
        size, price = str(leaves), str(order.price)
        if market is not None:
            instrument = market.instrument
            size = in_base(instrument, leaves)
            price = thousands(instrument.price_text(order.price))
        return f"{order.venue} {order.client_id} ({order.venue_id or 'no id yet'}): {side} {size} at {price}"

    def _positions(self, note: str = "") -> tuple[str, ...]:
        """What is held, and what of it is not hedged."""
        engine = self._bot.engine
        runs = "this run" if engine.started_ns == engine.begun_ns else "this run and those before"
        held = tuple(
            f"{in_base(market.instrument, market.position.held)} from {runs} on {market.venue.name}{note}"
            for market in self._bot.engine.markets.values()
            # Of a rate, or of a fallback that was not needed, there is nothing to tell.
            if market.strategy is not None or market.position.fill_count
        )
        held += tuple(f"{text}, from earlier runs: not looked after by this one" for text in held_elsewhere(engine))
        desks = self._bot.engine.desks.values()
        return held + tuple(
            f"{plain(desk.ledger.net, AMOUNT_PRECISION)} {desk.settings.symbol.partition('/')[0]} of it is not hedged "
            f"({desk.settings.name}, from {desk.settings.primary} to {desk.settings.hedge}){note}"
            for desk in desks
            if desk.ledger.net
        )

    def _protection(self, *, is_left: bool = True) -> tuple[str, ...]:
        """is_left: an order may be; else the watchdog goes, and what was heard holds nothing to be looked after."""
        venues = self._bot.engine.venues.values()
        return tuple(self._protected(venue) for venue in venues if is_left or venue.name not in self._heard)

    def _protected(self, venue: VenueState) -> str:
        if venue.protected_s:
            told = f"{venue.name} cancels every order of the account {venue.protected_s} s after our last word"
            watched = self.guard.pid and venue.name in self.guard.own_keys
            return f"{told}, and the watchdog own orders before that" if watched else told
        if venue.name not in self._heard:
            return f"{venue.name}: this start has armed no timer; whether one of an earlier start runs is not known"
        if self.guard.pid:
            return (
                f"{venue.name} has no timer armed: the watchdog goes on cancelling own orders for {PATIENCE_S:.0f} s "
                "more, and says in watchdog.log what it did"
            )
        return f"{venue.name} has no timer armed: orders stay until they are cancelled"

    async def _rescue(self, failure: BaseException) -> Residue:
        """Cancel own orders by fresh links, without the engine; what they cannot prove is named."""
        bot = self._bot
        self._fault = self._told(failure)
        self._view.say(f"FAULT: {self._fault}. Cancelling own orders without the engine")
        bot.stop()
        self.sentry.descriptors.release()
        orders: list[str] = []
        unknown: list[str] = []
        targets = {
            name: Target(venue, bot.addresses[name], symbols_of(bot.settings, name), bot.settings.run.seed)
            for name, venue in bot.settings.venues.items()
            if venue.api_key is not None
        }
        # All at once: a venue that cannot be reached must not keep orders at the others open.
        rescued = await asyncio.gather(
            *(
                rescue(
                    target,
                    OWNER,
                    patience_s=RESCUE_S,
                    clock=bot.clock,
                    nonce_floor=bot.nonce(name),
                    keeper=bot.nonces,
                )
                for name, target in targets.items()
            )
        )
        for name, done in zip(targets, rescued, strict=True):
            orders += [f"{name} {order}" for order in done.left]
            if not done.is_read:
                unknown.append(done.text(name))
        note = ", as far as it was counted before the fault"
        return Residue(tuple(orders), tuple(unknown), self._positions(note), self._protection())


def _untold(strategy: StrategySettings) -> str:
    return (
        f"strategies.{strategy.name}.symbol: {strategy.venue} has told nothing about {strategy.symbol}. "
        "Is it traded there, and written as the venue writes it (BASE/QUOTE)?"
    )


def _cut(text: str) -> str:
    return text if len(text) <= TRACE_LENGTH_MAX else f"{text[:TRACE_LENGTH_MAX]}... ({len(text)} characters)"

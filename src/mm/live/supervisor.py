"""Watches one run from its first connection to its last word: shows it, stops it, and says what is left.

A requested stop cancels own orders through the engine and waits for the venue's word. After a failure of the engine
or a link the same is done by a fresh link without the engine (`rescue.py`). The exit code tells the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.orders import OrderState
from mm.engine.engine import OWNER
from mm.exchanges import find
from mm.live.bot import make_link, symbols_of
from mm.live.rescue import Rescue
from mm.live.shell import Shell
from mm.screen.amounts import plain
from mm.screen.narrator import Narrator
from mm.screen.observe import Instruments, observe
from mm.stopping import HURRIED_NS, PATIENCE_NS, Exit, Residue, exit_code

if TYPE_CHECKING:
    from mm.live.bot import Bot
    from mm.screen.view import View

POLL_S: Final = 0.02
"""How often a stop looks whether it is proven; a person does not notice it."""
CONNECT_PATIENCE_S: Final = 20.0
"""A venue that was never reached by then is not going to be: say so, and what to do."""
RESCUE_S: Final = 15.0


class Supervisor:
    """Runs a bot. seconds: stop by itself then, 0 never."""

    def __init__(self, bot: Bot, view: View, *, labels: tuple[str, ...] = (), seconds: float = 0.0) -> None:
        self._bot = bot
        self._view = view
        self._labels = labels
        self._seconds = seconds
        self._narrator = Narrator(Instruments(bot.engine))
        self._asked = asyncio.Event()
        self._hurried = False
        self._reason = ""
        self._fault = ""
        self._was_up = False
        bot.driver.observers.append(self._observe)

    def ask_to_stop(self, reason: str) -> None:
        """Stop in order; a second call shortens the wait and skips nothing."""
        if self._asked.is_set():
            self._hurried = True
            self._view.say("Stopping already; waiting less long for the venue's word.")
            return
        self._reason = "Ctrl-C" if reason == "SIGINT" else reason
        self._asked.set()

    async def run(self) -> Exit:
        """Run to the end; returns the exit code."""
        bot = self._bot
        bot.start()
        try:
            await self._watch()
            if bot.failure is None:
                await self._stop()
            requested = not self._fault
            if bot.failure is not None:
                error = bot.failure
                self._fault = f"{type(error).__name__}: {error}"
                self._view.say(f"FAULT in the engine or a link: {self._fault}; cancelling own orders without it")
                requested = False
                residue = await self._rescue()
            else:
                residue = self._residue()
            code = exit_code(residue, requested=requested)
            if not requested and not self._was_up and residue.is_clean:
                code = Exit.UNREACHABLE
            why = self._fault or self._reason
            self._show()
            self._view.end(residue.lines(why), residue.facts(why, code))
            bot.driver.observers.clear()
            return code
        finally:
            bot.stop()
            await bot.wait_closed()

    # --- while it runs ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Show the run until something ends it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        shown = began
        while not self._asked.is_set() and not self._fault and self._bot.failure is None:
            now = loop.time()
            if self._seconds and now - began >= self._seconds:
                self.ask_to_stop(f"{self._seconds:g} s are over")
                break
            if not self._was_up and now - began > CONNECT_PATIENCE_S:
                self._fault = self._unreachable()
                break
            if now - shown >= self._view.interval_s:
                shown = now
                self._show()
            wait = self._view.interval_s - (now - shown)
            if self._seconds:
                wait = min(wait, began + self._seconds - now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), max(0.01, min(wait, 0.25)))

    def _unreachable(self) -> str:
        where = "; ".join(f"{name} at {a.rest}, {a.public} and {a.private}" for name, a in self._bot.addresses.items())
        return (
            f"no working connection within {CONNECT_PATIENCE_S:.0f} s to {where}. Check the network and the addresses "
            "(venues.NAME.rest_url, ws_url, ws_auth_url), then start again"
        )

    def _observe(self, event: Any) -> None:
        kind = type(event)
        if kind is ev.BookFrame:
            return
        if kind is ev.LinkChanged and event.up and event.channel == "private":
            self._was_up = True
        elif kind is ev.Alert and event.severity == "critical" and not self._fault:
            self._fault = event.text
        happening = self._narrator.tell(event)
        if happening is not None:
            self._view.happened(happening)

    def _show(self) -> None:
        bot = self._bot
        self._view.show(
            observe(
                bot.engine,
                bot.clock.now_ns(),
                started_ns=bot.started_ns,
                world=bot.settings.run.world,
                labels=self._labels,
            )
        )

    # --- the end ----------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        """Cancel through the engine until the venue has confirmed every own order's end, or patience is over."""
        bot = self._bot
        bot.operate("stop", self._fault or self._reason)
        began_ns = hurried_ns = bot.clock.now_ns()
        while bot.engine.orders.n_open and bot.failure is None:
            now_ns = bot.clock.now_ns()
            if not self._hurried:
                hurried_ns = now_ns
            if now_ns - began_ns > PATIENCE_NS or now_ns - hurried_ns > HURRIED_NS:
                return
            await asyncio.sleep(POLL_S)
        # The timer's disarming leaves with what the engine decides once nothing is open.
        bot.decide()
        await asyncio.sleep(POLL_S)

    def _residue(self) -> Residue:
        orders: list[str] = []
        unknown: list[str] = []
        for order in self._bot.engine.orders.open():
            market = self._bot.engine.markets.get((order.venue, order.symbol))
            side = "buy" if order.side > 0 else "sell"
            size, price = str(order.leaves), str(order.price)
            if market is not None:
                size, price = market.instrument.size_text(order.leaves), market.instrument.price_text(order.price)
            text = f"{order.venue} {order.client_id} ({order.venue_id or 'no id yet'}): {side} {size} at {price}"
            (unknown if order.state is OrderState.UNKNOWN else orders).append(text)
        return Residue(tuple(orders), tuple(unknown), self._positions(), self._protection())

    def _positions(self) -> tuple[str, ...]:
        return tuple(
            f"{plain(market.position.quantity, market.instrument.size_precision)} {market.instrument.base} "
            f"on {market.venue.name} from this run"
            for market in self._bot.engine.markets.values()
        )

    def _protection(self) -> tuple[str, ...]:
        return tuple(
            f"{venue.name} cancels every order of the account {venue.armed_s} s after our last word"
            if venue.armed_s
            else f"{venue.name} has no timer armed: orders stay until they are cancelled"
            for venue in self._bot.engine.venues.values()
        )

    async def _rescue(self) -> Residue:
        """Cancel own orders by a fresh link; what it cannot prove is named."""
        bot = self._bot
        bot.stop()
        orders: list[str] = []
        unknown: list[str] = []
        for name, venue in bot.settings.venues.items():
            if venue.api_key is None:
                continue
            where = bot.addresses[name]
            link = make_link(venue, where, find(name), symbols_of(bot.settings, name), seed=bot.settings.run.seed)
            rescue = Rescue(link, OWNER)
            shell = Shell(rescue, {name: where.rest}, clock=bot.clock)
            shell.start()
            deadline = asyncio.get_running_loop().time() + RESCUE_S
            # The machine is pure and has no event to wait for.
            while not rescue.is_done and shell.failure is None and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            shell.stop()
            await shell.wait_closed()
            orders += [f"{name} {client_id}" for client_id in rescue.open]
            if not rescue.is_read:
                unknown.append(f"{name}: the open orders could not be read {rescue.problem}".rstrip())
        return Residue(tuple(orders), tuple(unknown), self._positions(), self._protection())

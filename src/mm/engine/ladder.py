"""The kill ladder: six steps from quoting to standing still, each in force until an operator lets it go.

    widen        quotes stand further from the fair price
    pause-side   nothing is quoted on one side
    reduce-only  only what brings a position nearer to nothing is quoted
    cancel       own orders are cancelled and nothing is quoted; debts go on being hedged
    flatten      the same, nothing is hedged, and positions are closed across the book
    halt         own orders are cancelled and nothing new is sent, but for what a flatten closes

A step is in force for everything or for a part: a strategy, a venue, a side. What is in force changes in `apply` alone
(`Latched`), so that a replay ends with the same steps; what follows from it (cancels, closing orders) are commands like
any other. Cancels wait for nothing: neither for a strategy nor for a count of requests.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote as quoted
from urllib.parse import unquote as unquoted

from mm._core import events as ev
from mm._core.gates import ASTRAY
from mm._core.quotes import Quote, Quoting, Terms
from mm.engine.closing import AGAIN_NS, close, least
from mm.engine.liquidation import NAME as GUARD
from mm.instruments import AMOUNT_PRECISION
from mm.steps import CANCEL, FLATTEN, KILLING, PAUSE_SIDE, REDUCE_ONLY, SEALING, STEPS, WIDEN

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.config import StrategySettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market

OPERATOR: Final = "operator"
NAME: Final = "kill ladder"
"""As which strategy it closes positions."""
NOT_REDUCED: Final = (
    "reductions cannot be sent while the journal takes nothing ({}): positions stay as they are until they are closed "
    "at the venue by hand, or the disk is mended and the run started again"
)
LOOK_NS: Final = 50_000_000
SIDES: Final = {"buy": 1, "sell": -1}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a step is about; '' is all of it. side: "buy" or "sell"."""

    strategy: str = ""
    venue: str = ""
    side: str = ""

    def __str__(self) -> str:
        """The form in which an event carries it; a name may be any text."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return " ".join(f"{name}={quoted(value)}" for name, value in values.items() if value)

    @classmethod
    def of(cls, text: str) -> Scope:
        """Return the scope of that form. Raises ValueError for another text."""
        words = dict(word.partition("=")[::2] for word in text.split())
        if not words.keys() <= {each.name for each in fields(cls)} or words.get("side", "buy") not in SIDES:
            raise ValueError(f"{text!r} is no scope of a step")
        return cls(**{name: unquoted(value) for name, value in words.items()})

    def holds(self, market: Market) -> bool:
        """Whether a market is meant."""
        return self.venue in ("", market.venue.name) and self.strategy in ("", market.strategy_name)


class Curb:
    """What steps short of a cancel make of the quotes of one market. factor: of the distance from the fair price."""

    __slots__ = ("_factor", "_notes", "_reduces", "_sides")

    def __init__(self, factor: float, sides: frozenset[int], notes: tuple[str, ...], *, reduces: bool) -> None:
        self._factor = factor
        self._sides = sides
        self._reduces = reduces
        self._notes = notes

    def __call__(self, market: Market, quoting: Quoting) -> Quoting:
        """Return what is left of an answer, with the reason in its terms."""
        room = {side: _room(market, side) for side in (1, -1)}
        quotes = []
        for quote in quoting.quotes:
            if quote.side in self._sides:
                continue
            size = quote.size
            if self._reduces:
                lot = market.instrument.lot
                size = min(size, room[quote.side]) // lot * lot
                if size < market.size_least(quote.price):
                    continue
                room[quote.side] -= size
            price = quote.price if self._factor == 1 else self._away(market, quote, quoting.terms.fair)
            if price > 0:
                quotes.append(Quote(quote.side, quote.level, price, size))
        terms = quoting.terms
        note = ", ".join(self._notes)
        notes = [f"{note}, {old}" if old else note for old in (terms.bid_note, terms.ask_note)]
        return Quoting(tuple(quotes), Terms(terms.fair, terms.half_spread * self._factor, terms.skew, *notes))

    def _away(self, market: Market, quote: Quote, fair: float) -> int:
        """Further from the fair price, never nearer to it, on the grid."""
        instrument = market.instrument
        far = fair + (quote.price - fair) * self._factor
        if quote.side > 0:
            return min(quote.price, instrument.price_down(far))
        return max(quote.price, instrument.price_up(far))


class Ladder:
    """See the module's text. latches: what is in force, by step and scope, with the event that brought it."""

    __slots__ = ("_closed_ns", "_engine", "_is_told", "latches", "notes")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.latches: dict[tuple[str, str], ev.Latched] = {}
        self._closed_ns: dict[tuple[str, str], int] = {}
        """When the last order to close a position was sent, by market."""
        self.notes: dict[tuple[str, str], str] = {}
        """Why a position is not closed yet; for people, and no part of the state."""
        self._is_told = False
        """That no reduction can be sent was said; no part of the state either."""

    # --- apply ------------------------------------------------------------------------------------------------------

    def latch(self, event: ev.Latched) -> None:
        """Have a step be in force, from a decision.

        A recording that refuses it ends the run: that it had to stand still is kept for the next start all the same.
        """
        try:
            self._engine.emit(event)
        except Exception:
            self.on_latched(event)
            raise

    def on_latched(self, event: ev.Latched) -> None:
        """A step is in force from now on, or let go. One that is in force already keeps its first reason."""
        key = (event.step, event.scope)
        if not event.is_on:
            self._engine.triggers.forgive(event, self.latches.pop(key, None))
            self._engine.refusals.forgive()
        elif event.step in STEPS:
            self.latches.setdefault(key, event)
            for market in self._engine.markets.values() if event.step in KILLING else ():
                if Scope.of(event.scope).holds(market):
                    market.stop_asked_ns = event.recv_ns
        self.show()
        self._engine.wake_upkeep()

    def show(self) -> None:
        """Let every market know what is in force there."""
        found = [(Scope.of(event.scope), event) for _, event in sorted(self.latches.items(), key=_height)]
        for market in self._engine.markets.values():
            here = [(scope, event) for scope, event in found if scope.holds(market)]
            killing = [event for _, event in here if event.step in KILLING]
            sealing = [event for event in killing if event.step in SEALING]
            market.killed = told(killing[-1]) if killing else ""
            market.sealed = told(sealing[-1]) if sealing else ""
            market.curb = _curb(here, float(self._engine.settings.kill.widen_factor))
            market.changed = True

    def on_placed(self, place: ev.Place) -> None:
        """An order that closes a position is on its way."""
        self._closed_ns[place.venue, place.symbol] = place.recv_ns

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (self.durable(), sorted(self._closed_ns.items()))

    def durable(self) -> list[list[Any]]:
        """What is in force, as plain values."""
        return [
            [event.recv_ns, event.step, event.scope, event.cause, event.reason]
            for _, event in sorted(self.latches.items())
        ]

    def restore(self, saved: list[list[Any]]) -> None:
        """Take back what `durable` gave."""
        for recv_ns, step, scope, cause, reason in saved:
            self.latches[step, scope] = ev.Latched(recv_ns, step, scope, True, cause, reason)
        self.show()

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Cancel what may not stand any more, and close what is to be closed."""
        engine = self._engine
        if not self.latches or engine.is_stopping:
            return
        for order in engine.orders.open():
            why = self.unwanted(order)
            if why:
                self._wake(engine.cancel(now_ns, order, why))
        for market in engine.markets.values():
            if self.is_flattened(market):
                self._close(now_ns, market)

    def unwanted(self, order: Order) -> str:
        """Why an order may not stand, '' when it may."""
        if order.strategy == GUARD or order.strategy == NAME:
            return ""
        for event in self.latches.values():
            scope = Scope.of(event.scope)
            if scope.venue not in ("", order.venue) or scope.strategy not in ("", order.strategy):
                continue
            if event.step in SEALING or (event.step == CANCEL and _is_before(order, event)):
                return told(event)
        return ""

    def is_flattened(self, market: Market) -> bool:
        """Whether a step closes what is held there."""
        return any(event.step == FLATTEN and Scope.of(event.scope).holds(market) for event in self.latches.values())

    def held(self, market: Market) -> int:
        """What of a position can be closed, in its size units, signed."""
        instrument = market.instrument
        quantity = market.position.held
        size = abs(quantity)
        if quantity > 0 and not instrument.is_contract:
            # A fee that is taken in the asset is not there any more.
            free = market.venue.free(instrument.base)
            if free is not None:
                scale = 10**AMOUNT_PRECISION * instrument.multiplier
                size = min(size, free * 10**instrument.base_precision // scale)
        size = size // instrument.lot * instrument.lot
        if size < least(market, -1 if quantity > 0 else 1):
            return 0
        return size if quantity > 0 else -size

    def _close(self, now_ns: int, market: Market) -> None:
        """Send one order that closes a position across the book, or all of it that one order may be."""
        engine = self._engine
        key = (market.venue.name, market.symbol)
        held = self.held(market)
        self.notes.pop(key, None)
        if not held:
            return
        self._wake(now_ns + LOOK_NS)
        sent_ns = self._closed_ns.get(key, 0)
        if sent_ns and now_ns - sent_ns < AGAIN_NS:
            return
        market.refresh(engine.orders, now_ns)
        note = market.problem if market.is_frozen else engine.venue_gate(now_ns, market)
        if not note and (market.orders or market.buys or market.sells):
            # Or what they fill, told late, would be closed twice.
            note = "own orders there are not over yet, or their fills not told"
        if not note and engine.is_astray(now_ns, market):
            note = ASTRAY
        if note:
            self.notes[key] = note
            return
        if why := close(engine, now_ns, market, -1 if held > 0 else 1, abs(held), NAME):
            self.notes[key] = why

    def tell_unjournaled(self, now_ns: int, broken: str) -> None:
        """Say, once, that reductions cannot be sent. An error and not critical, which would end the run: it goes on
        cancelling and booking."""
        if not self._is_told:
            self._is_told = True
            self._engine.emit(ev.Alert(now_ns, "error", NOT_REDUCED.format(broken)))

    def _wake(self, due_ns: int) -> None:
        engine = self._engine
        engine.upkeep_due_ns = min(engine.upkeep_due_ns, due_ns)

    # --- for whoever asks -------------------------------------------------------------------------------------------

    def lines(self, strategy: StrategySettings | None = None) -> list[str]:
        """What is in force, a sentence each, the highest step last. strategy: only what is about it, None for all."""
        found = [(Scope.of(event.scope), event) for _, event in sorted(self.latches.items(), key=_height)]
        return [
            told(event)
            for scope, event in found
            if strategy is None or (scope.strategy in ("", strategy.name) and scope.venue in ("", strategy.venue))
        ]


def told(event: ev.Latched) -> str:
    """`halt of everything since 12:03:04 by the operator: ... (mm resume)`."""
    scope = f" ({event.scope})" if event.scope else ""
    by = "the operator" if event.cause == OPERATOR else event.cause
    reason = f": {event.reason}" if event.reason else ""
    return f"kill ladder: {event.step}{scope} by {by}{reason}; until mm resume"


def _height(item: tuple[tuple[str, str], ev.Latched]) -> tuple[int, str]:
    step, scope = item[0]
    return STEPS.index(step), scope


def _is_before(order: Order, event: ev.Latched) -> bool:
    return order.created_ns <= event.recv_ns or order.purpose == "quote"


def _room(market: Market, side: int) -> int:
    """What quotes of a side may be of a position: fills that are not told yet, and orders that are no quotes, take it
    too."""
    owed = market.buys if side > 0 else market.sells
    for order in market.orders:
        if order.side == side and order.purpose == "quote":
            owed -= order.exposure - order.fills_missing
    return max(0, -side * market.position.held - owed)


def _curb(here: list[tuple[Scope, ev.Latched]], factor: float) -> Curb | None:
    mild = [(scope, event) for scope, event in here if event.step not in KILLING]
    if not mild:
        return None
    steps = {event.step for _, event in mild}
    sides = frozenset(SIDES[scope.side] for scope, event in mild if event.step == PAUSE_SIDE and scope.side)
    notes = tuple(told(event) for _, event in mild)
    return Curb(factor if WIDEN in steps else 1.0, sides, notes, reduces=REDUCE_ONLY in steps)

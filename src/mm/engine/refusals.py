"""Refusals without end: a side whose orders the venue refuses again and again for one reason is not quoted any more.

Each further try waits longer already (`_core/quoter.pyx`). After `kill.refusals_in_a_row` refusals in a row of one side
of a symbol with the same words, none of its orders accepted in between, the kill ladder's `pause-side` is latched for
that strategy and side until an operator lets it go (`mm resume`). What passes by itself does not count: the venue's
rate, its mode, a clock that is off, and post-only quotes that would have taken, for which the wait alone is the cure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.exchanges.venue import ErrorClass
from mm.steps import PAUSE_SIDE

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.engine.engine import Engine

CAUSE: Final = "refusals"
PASSING: Final = frozenset(
    kind.value for kind in (ErrorClass.RATE, ErrorClass.MODE, ErrorClass.NONCE, ErrorClass.CLOCK)
)
WORDS_MAX: Final = 48
"""Of a reason: what follows are figures, which differ each time."""


class Refusals:
    """How often in a row each side was refused, and why."""

    __slots__ = ("_counts", "_engine")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts: dict[tuple[str, str, str, int], tuple[str, int]] = {}

    def on_order(self, event: Any, order: Order) -> None:
        """Count what the venue says about an order that was asked for."""
        kind = type(event)
        key = (order.venue, order.symbol, order.strategy, order.side)
        if kind is ev.OrderAccepted:
            self._counts.pop(key, None)
            return
        if kind is not ev.OrderRejected or event.code in PASSING or "post" in event.reason.lower():
            return
        words, count = self._counts.get(key, ("", 0))
        now = f"{event.code}: {event.reason}"[:WORDS_MAX]
        count = count + 1 if words == now else 1
        self._counts[key] = (now, count)
        if count == self._engine.settings.kill.refusals_in_a_row:
            self._engine.wake_upkeep()

    def forgive(self) -> None:
        """An operator let a step go: the counts begin anew."""
        self._counts.clear()

    def found(self) -> Iterator[tuple[str, str, str, str]]:
        """What is to be latched: cause, step, scope and reason."""
        most = self._engine.settings.kill.refusals_in_a_row
        for (venue, symbol, strategy, side), (words, count) in self._counts.items():
            if most and count >= most:
                scope = Scope(strategy=strategy, venue=venue, side="buy" if side > 0 else "sell")
                yield CAUSE, PAUSE_SIDE, str(scope), f"{venue} refused {count} orders of {symbol} in a row: {words}"

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return tuple(sorted(self._counts.items()))

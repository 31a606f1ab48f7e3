"""Reduces a position that is close to its liquidation, before the venue takes it over. Part of `decide`.

The venue would take all of it, at its own price and for a fee. We close half of what is left, crossing the book within
a slippage, reduce-only, and look again a second later: with cross margin each part moves the liquidation away, and
where that does not help all of it is closed once half of the distance is gone. Fills open debts again, as any change of
a hedge does; they wait until the danger is over, or go to the fallback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm.engine.closing import AGAIN_NS, close, price_of

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market

NAME: Final = "liquidation guard"


class LiquidationGuard:
    """See the module's text. markets: those of contracts; due_ns: when it wants to be woken, 0 never."""

    __slots__ = ("_engine", "due_ns", "markets", "note")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.due_ns = 0
        self.note = ""
        self.markets: list[Market] = []

    def run(self, now_ns: int) -> None:
        """Send what is due."""
        self.due_ns = 0
        for market in self.markets:
            if market.perpetual is not None and market.perpetual.danger:
                self._reduce(now_ns, market, market.perpetual.danger)

    def _reduce(self, now_ns: int, market: Market, danger: int) -> None:
        engine = self._engine
        perpetual = market.perpetual
        assert perpetual is not None
        market.refresh(engine.orders, now_ns)
        for order in market.orders:
            if order.side == danger:
                # Whatever is known of the book: it may fill all the same.
                engine.cancel(now_ns, order, "the position is close to its liquidation")
        again_ns = perpetual.reduced_ns + AGAIN_NS
        if perpetual.reduced_ns and now_ns < again_ns:
            self._wake(again_ns)
            return
        self._wake(now_ns + AGAIN_NS)
        self.note = market.problem if market.is_frozen else engine.venue_gate(now_ns, market)
        if self.note:
            return
        if any(order.strategy == NAME for order in market.orders):
            self.note = "a reduction is under way"
            return
        instrument = market.instrument
        lot = instrument.lot
        held = sum(report.size for report in perpetual.positions.values() if report.side == danger)
        # The lists may trail our own fills; what was closed already is not closed again.
        own = max(0, danger * market.position.quantity + danger * (perpetual.base or 0))
        size = min(held, own)
        nearest = perpetual.nearest()
        if nearest is None or 2 * nearest[0] >= engine.perpetuals.distance_e8:
            size = max(size // 2 // lot * lot, min(size, market.size_least(price_of(market, -danger))))
        self.note = close(engine, now_ns, market, -danger, size, NAME)

    def _wake(self, due_ns: int) -> None:
        if not self.due_ns or due_ns < self.due_ns:
            self.due_ns = due_ns

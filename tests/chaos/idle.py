"""Strategies and a hedging policy of a user's own that make a run in the world of faults worth nothing."""

from __future__ import annotations

from mm.inventory.hedging import HedgePolicy
from mm.quotes import Quoting, Terms
from mm.strategies.market_maker import MarketMaker


class Idle(MarketMaker):
    """Never trades."""

    def quotes(self, market):
        return Quoting((), Terms(market.bid, 1.0, 0.0, "", ""))


class Raising(MarketMaker):
    """Raises at its third fill."""

    def __init__(self, name, parameters):
        super().__init__(name, parameters)
        self.fills = 0

    def on_fill(self, fill):
        self.fills += 1
        if self.fills == 3:
            raise ValueError("a bug of its own")
        super().on_fill(fill)


class NoPlan(HedgePolicy):
    """Answers with nothing."""

    def plan(self, state):
        return None

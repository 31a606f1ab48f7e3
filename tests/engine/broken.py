"""A strategy that raises where a test wants it to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm._core.events import BUY
from mm.config import number, text
from mm.quotes import Quote, Quoting, Terms
from mm.strategies import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenParameters:
    """breaks: "quotes" or "result" (from the third time that it is asked), "fill", "trade" or "prepare"; quote_size: of
    its bid."""

    breaks: str = text()
    quote_size: Decimal = number("base", default="0.01", above=0, most=100)


class Broken(Strategy):
    """One bid under the market, until it breaks."""

    Parameters = BrokenParameters

    def __init__(self, name, parameters):
        super().__init__(name, parameters)
        self.asked = 0

    def check(self, where):
        if self.parameters.breaks == where:
            raise ZeroDivisionError(f"in {where}")

    def prepare(self, instrument):
        self.size = int(self.parameters.quote_size * 10**instrument.size_precision)
        self.check("prepare")

    def quotes(self, market):
        self.asked += 1
        if self.asked > 2:
            self.check("quotes")
            if self.parameters.breaks == "result":
                return None
        quote = Quote(BUY, 0, market.bid - 100 * market.instrument.tick, self.size)
        return Quoting((quote,), Terms(market.bid, 1.0, 0.0, "", ""))

    def on_fill(self, fill):
        self.check("fill")

    def on_trade(self, trade):
        self.check("trade")

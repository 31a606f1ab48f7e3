"""The strategy of the tick-to-trade benchmark: the one bid that the baselines quote, moved with every tick."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm.config import number
from mm.instruments import Instrument, Side
from mm.quotes import Quote, Quoting, Terms
from mm.strategies import MarketState, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class OneBidParameters:
    """How much; the price is the benchmark's."""

    quote_size: Decimal = number("base", default="0.01", above=0, most=100)


class OneBid(Strategy):
    """One bid, 0.9 under the microprice and lower with what is held."""

    Parameters = OneBidParameters
    parameters: OneBidParameters

    def prepare(self, instrument: Instrument) -> None:
        """Take the size on the instrument's grid."""
        self.size = int(self.parameters.quote_size * 10**instrument.size_precision)

    def quotes(self, market: MarketState) -> Quoting:
        """Return the bid."""
        micro = (market.bid * market.ask_size + market.ask * market.bid_size) / (market.ask_size + market.bid_size)
        bid = round(micro - 9 - 4 * market.position / 10**market.instrument.size_precision)
        return Quoting((Quote(Side.BUY, 0, bid, self.size),), Terms(micro, 9.0, 0.0, "", ""))

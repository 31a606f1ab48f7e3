"""A strategy of your own in one file: quotes around the microprice, which leans to the side that is about to move.

Use it without touching the package. Write into mine.toml (see examples/kraken-sim.toml for the other tables):

    [strategies.btc]
    kind = "microprice:Microprice"
    symbol = "BTC/USD"
    width_bps = 0.2
    quote_size = 0.005

    PYTHONPATH=examples/strategies .venv/bin/python -m mm.run --config mine.toml
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm.config import integer, number
from mm.instruments import Instrument, Side
from mm.quotes import Quote, Quoting, Terms
from mm.strategies import MarketState, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class MicropriceParameters:
    """The keys of the strategy's table; each is checked before anything runs."""

    width_bps: Decimal = number("bps", above=0, most=100)
    quote_size: Decimal = number("base", above=0, most=100)
    # Read by the quoter: how far a quote may be off before it moves, and how often it may move.
    refresh_tolerance_bps: Decimal = number("bps", default="0.1", least=0, most=100)
    refresh_interval_ms: int = integer("ms", default=1000, least=0, most=60_000)


class Microprice(Strategy):
    """One bid and one ask, half of `width_bps` from the microprice, never taking."""

    Parameters = MicropriceParameters
    parameters: MicropriceParameters

    def prepare(self, instrument: Instrument) -> None:
        """Called with the venue's grid before the first quote, and again when it changes."""
        self.size = instrument.size_of_base(self.parameters.quote_size)
        if self.size < instrument.size_min:
            raise ValueError(f"quote_size is below the venue's least of {instrument.base_text(instrument.size_min)}")

    def quotes(self, market: MarketState) -> Quoting:
        """The same market gives the same quotes: no clock, no chance, nothing remembered."""
        instrument = market.instrument
        weight = market.bid_size / (market.bid_size + market.ask_size)
        fair = market.bid + (market.ask - market.bid) * weight
        half = fair * float(self.parameters.width_bps) / 20_000
        bid = min(instrument.price_down(fair - half), market.ask - instrument.tick)
        ask = max(instrument.price_up(fair + half), market.bid + instrument.tick)
        return Quoting(
            (Quote(Side.BUY, 0, bid, self.size), Quote(Side.SELL, 0, ask, self.size)),
            Terms(fair, half, 0.0, "", ""),
        )

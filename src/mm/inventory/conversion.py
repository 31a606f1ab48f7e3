"""What one unit of a currency is worth in dollars: as stated, or by the book of a market.

USD is worth one. Any other currency has the rate that `[conversion.NAME]` states, or the middle of the market that it
names; until that market has told of a book the rate is unknown, and unknown is 0 here, never 1. A currency that nothing
is stated for stays unknown, but for the pegged ones of `PEGGED`, which are counted as their peg.

Rates are whole halves of 10^-18 dollars (`ONE2` is one dollar), so that the middle of a book is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import inf
from typing import Final, Protocol

from mm.config import ConversionSettings
from mm.instruments import Instrument

USD: Final = "USD"
NO_MARKET: Final = ("", "")
DIGITS: Final = 18
"""Decimals of prices and rates: more than any venue's grid."""
ONE2: Final = 2 * 10**DIGITS
PEGGED: Final = ("USDC", "USDG", "USDQ", "USDT")
"""Counted as one dollar where the configuration states nothing else, as the screen says."""


class Priced(Protocol):
    """What a rate needs of a market."""

    @property
    def middle2(self) -> int:
        """Bid + ask of the last good book, 0 before the first."""
        ...

    @property
    def instrument(self) -> Instrument: ...


Markets = Mapping[tuple[str, str], Priced]


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a currency's rate comes from: fixed2 as stated, 0 for that of a market; peg_low, peg_high: between which it
    keeps its peg; is_assumed: nobody stated it."""

    currency: str
    fixed2: int
    market: tuple[str, str] = NO_MARKET
    peg_low: float = 0.0
    peg_high: float = inf
    is_assumed: bool = False

    def rate2(self, markets: Markets) -> int:
        """The rate now, 0 while it is unknown."""
        if self.fixed2:
            return self.fixed2
        market = markets.get(self.market)
        if market is None:
            return 0
        return market.middle2 * int(10 ** (DIGITS - market.instrument.price_precision))

    def source(self) -> str:
        """In words, for the screen."""
        if self.currency == USD:
            return "USD"
        if not self.fixed2:
            return f"{self.currency} by the middle of {self.market[1]} on {self.market[0]}"
        told = "assumed" if self.is_assumed else "as stated"
        return f"1 {self.currency} = {Decimal(self.fixed2) / ONE2:f} USD {told}"


def rates(conversion: Mapping[str, ConversionSettings]) -> dict[str, Rate]:
    """The rate of every currency that one is stated for, USD and the pegged ones among them."""
    found = {name: Rate(name, ONE2, is_assumed=True) for name in (USD, *PEGGED)}
    for name, stated in conversion.items():
        fixed2 = 0 if stated.venue else int(Fraction(stated.rate) * ONE2)
        low, high = 0.0, inf
        peg = stated.peg if stated.peg is not None else Decimal(1) if name in PEGGED else None
        if peg is not None:
            reach = stated.peg_deviation_bps_max / 10_000
            low, high = float(peg * (1 - reach)), float(peg * (1 + reach))
        found[name] = Rate(name, fixed2, (stated.venue, stated.symbol), low, high)
    return found

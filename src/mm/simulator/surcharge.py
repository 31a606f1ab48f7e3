"""Fees that are not as the venue's lists say: another rate, or another asset, from a moment on (fault hooks).

An asset that is none of the market's is worth `PRICE` of the quote, and taken at a discount, as an exchange's own token
is. An account that does not have enough of it pays in the quote asset, from one fill to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mm.simulator.orders import SimInstrument

PRICE: Final = 3
DISCOUNT_E2: Final = 80
"""Per cent of the fee that is left."""
BASE: Final = "base"


@dataclass(slots=True)
class Surcharge:
    """asset: "" for the quote, "base", or a name; rates: of maker and taker in millionths, where lists show others."""

    asset: str = ""
    rates: tuple[int, int] | None = None

    def rate_e6(self, instrument: SimInstrument, *, maker: bool) -> int:
        """What an execution costs."""
        maker_e6, taker_e6 = self.rates or (instrument.maker_fee_e6, instrument.taker_fee_e6)
        return maker_e6 if maker else taker_e6

    def highest_e6(self, instrument: SimInstrument) -> int:
        """The greatest that an execution may cost, never below nothing."""
        return max(0, *(self.rate_e6(instrument, maker=maker) for maker in (True, False)))

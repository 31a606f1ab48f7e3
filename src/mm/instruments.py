"""What is traded: names, grid, minimums and fees of one symbol on one venue.

Prices are whole multiples of 10^-price_precision, sizes of 10^-size_precision. A size counts contracts, and on spot a
contract is one unit of the base asset: what a size is in base units is size x multiplier, and money is price x size x
multiplier. Text and floats become these integers here or in a codec, and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

import orjson

from mm._core import fixed

AMOUNT_PRECISION: Final = 12
"""Decimals of fees and balances: any asset in one unit; MEXC and Kraken print at most 10."""

RATE_ONE: Final = 10**8
"""Rates of fees, margin and maintenance are in 1e-8 of the value."""
UNKNOWN_FEE: Final = -1


class Side(IntEnum):
    """Buying adds, selling takes away."""

    BUY = 1
    SELL = -1


@dataclass(frozen=True, slots=True)
class Instrument:
    """One symbol on one venue.

    tick, lot: steps of price and size, in units; size_min, size_max (0: none), in units; cost_min in units of
    10^-cost_precision; maker_fee_e8, taker_fee_e8: fractions of the cost in 1e-8, -1 while unknown (unknown is never
    taken as free); multiplier: base units of one contract in 10^-multiplier_precision (spot: 1, 0), of an inverse
    contract (linear False) quote units; settle: what profit, margin and fees are paid in; status: online, post_only,
    cancel_only, limit_only, reduce_only, maintenance, unlisted (left out by a list once) or delisted. Sizes are
    contracts; what they are worth is in `mm.perpetuals`.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    price_precision: int
    size_precision: int
    tick: int = 1
    lot: int = 1
    size_min: int = 1
    cost_min: int = 0
    size_max: int = 0
    settle: str = ""
    multiplier: int = 1
    linear: bool = True
    margin: bool = False
    status: str = "online"
    maker_fee_e8: int = UNKNOWN_FEE
    taker_fee_e8: int = UNKNOWN_FEE
    multiplier_precision: int = 0

    def __post_init__(self) -> None:
        """Refuse what could never be traded, naming the field."""
        for name in ("price_precision", "size_precision", "multiplier_precision"):
            if not 0 <= getattr(self, name) <= 18:
                raise ValueError(f"{self.symbol}: {name} {getattr(self, name)} is not in 0..18")
        for name in ("tick", "lot", "multiplier"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{self.symbol}: {name} {getattr(self, name)} is not positive")

    @property
    def cost_precision(self) -> int:
        """Decimals of price x size x multiplier."""
        return self.price_precision + self.size_precision + self.multiplier_precision

    @property
    def is_contract(self) -> bool:
        """Whether it is a contract, whose symbol names what it settles in ("BTC/USDT:USDT"): an order binds margin
        instead of spending what it trades. A spot pair that could be traded on margin is none."""
        return ":" in self.symbol

    @property
    def base_precision(self) -> int:
        """Decimals of size x multiplier."""
        return self.size_precision + self.multiplier_precision

    def meaning(self) -> tuple[object, ...]:
        """What integers of this symbol mean: equal, or numbers kept of it are of no use."""
        scales = (self.price_precision, self.size_precision, self.multiplier, self.multiplier_precision)
        return (*scales, self.linear)

    def money(self, product: int) -> int:
        """Return a sum of price x size in units of 10^-cost_precision of the quote currency."""
        return product * self.multiplier

    def base_units(self, size: int) -> int:
        """Return a size in units of 10^-base_precision of the base asset."""
        return size * self.multiplier

    def base_text(self, size: int) -> str:
        """Return a size in base units with all its decimals."""
        return fixed.to_text(size * self.multiplier, self.base_precision)

    def size_of_base(self, amount: Decimal) -> int:
        """Return an amount of the base asset as a size in units, rounded down."""
        return int(amount * 10**self.base_precision) // self.multiplier

    def price_from_text(self, text: str | bytes, field: str = "price") -> int:
        """Return the units of a price. Raises FixedError off the tick, zero, negative or not a number."""
        return fixed.to_units(text, self.price_precision, field, self.tick)

    def size_from_text(self, text: str | bytes, field: str = "size") -> int:
        """Return the units of a size. Raises FixedError off the lot, zero, negative or not a number."""
        return fixed.to_units(text, self.size_precision, field, self.lot)

    def price_text(self, price: int) -> str:
        """Return a price with all its decimals."""
        return fixed.to_text(price, self.price_precision)

    def size_text(self, size: int) -> str:
        """Return a size with all its decimals."""
        return fixed.to_text(size, self.size_precision)

    def price_float(self, price: float) -> float:
        """Return a price in quote currency, for display and models only."""
        return float(price / 10**self.price_precision)

    def size_float(self, size: float) -> float:
        """Return a size in base currency (an inverse contract's in quote currency), for display and models only."""
        return float(size * self.multiplier / 10 ** (self.size_precision + self.multiplier_precision))

    def price_down(self, units: float) -> int:
        """Round a price in units down to the tick: the safe side of a bid."""
        return math.floor(units / self.tick) * self.tick

    def price_up(self, units: float) -> int:
        """Round a price in units up to the tick: the safe side of an ask."""
        return math.ceil(units / self.tick) * self.tick

    def size_down(self, units: float) -> int:
        """Round a size in units down to the lot."""
        return math.floor(units / self.lot) * self.lot

    def to_json(self) -> bytes:
        """Return the canonical text of an InstrumentUpdate."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, text: bytes) -> Instrument:
        """Return the instrument of `to_json`. Raises ValueError or TypeError for anything else."""
        return cls(**orjson.loads(text))

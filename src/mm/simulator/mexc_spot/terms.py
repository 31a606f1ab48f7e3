"""What MEXC lists BTC/USDT with (MEXC Spot reference: conventions, precision and filters)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mm.simulator.orders import SimInstrument

SYMBOL: Final = "BTC/USDT"
MAKER_FEE_E6: Final = 0
TAKER_FEE_E6: Final = 500
"""0 and 0.05 %: the default rates of the newer symbol samples."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A symbol as the venue lists it, with the core's instrument behind it. Amounts of money are whole quote units."""

    traded: SimInstrument
    notional_max: int = 2_000_000
    notional_max_market: int = 100_000
    bid_multiplier_up: int = 5
    """A buy's price is at most the last price times this."""
    ask_divisor_down: int = 5
    """A sell's price is at least the last price divided by this (listed as its inverse, 0.2)."""

    @property
    def name(self) -> str:
        return self.traded.base + self.traded.quote

    @property
    def notional_min(self) -> int:
        """The least value of an order."""
        return self.traded.cost_min // self.money

    @property
    def money(self) -> int:
        """One whole quote unit in price x size units."""
        return int(10 ** (self.traded.price_precision + self.traded.size_precision))


def btc_usdt() -> SimInstrument:
    """BTC/USDT: prices of 0.01, sizes of 1e-8 from 0.000001, one USDT at least."""
    return SimInstrument(
        symbol=SYMBOL,
        base="BTC",
        quote="USDT",
        price_precision=2,
        size_precision=8,
        tick=1,
        size_min=100,
        cost_min=10**10,
        quote_decimals=8,
        maker_fee_e6=MAKER_FEE_E6,
        taker_fee_e6=TAKER_FEE_E6,
    )


class Listing:
    """The symbols of the venue by both their names."""

    def __init__(self, instruments: dict[str, SimInstrument]) -> None:
        self.by_symbol = {symbol: Terms(traded) for symbol, traded in instruments.items()}
        self.by_name = {terms.name: terms for terms in self.by_symbol.values()}
        self.hidden: set[str] = set()
        """Names that not even requests about one's own past may use any more."""

    def listed(self) -> dict[str, Terms]:
        """What lists show and requests may name, by the venue's names."""
        return {name: terms for name, terms in self.by_name.items() if terms.traded.listed}

    def known(self, name: str) -> Terms | None:
        """What a request about one's own past may name."""
        return None if name in self.hidden else self.by_name.get(name)

    def name(self, symbol: str) -> str:
        """The venue's name of a symbol."""
        return self.by_symbol[symbol].name

"""Unified symbols and the venue's names: `BTC/USDT:USDT` is BTC_USDT, the coin-margined `BTC/USD:BTC` is BTC_USD."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Z0-9a-z.\-]{1,40}_[A-Z0-9]{1,12}", re.ASCII)
COIN_MARGINED: Final = "USD"
"""The quote that nobody can pay in: contracts in it are settled in their base."""


def venue_name(symbol: str) -> str:
    """Return what the venue calls a symbol."""
    pair = symbol.partition(":")[0]
    return pair.replace("/", "_")


def symbol_of(name: str) -> str:
    """Return the unified symbol of a venue's name; empty for what cannot be one."""
    if _NAME.fullmatch(name) is None:
        return ""
    base, _, quote = name.rpartition("_")
    return f"{base}/{quote}:{base if quote == COIN_MARGINED else quote}"

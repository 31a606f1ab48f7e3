"""Recorded messages, the instruments they are about, and times written as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mm.exchanges.kraken.codec import KrakenCodec
from mm.instruments import Instrument

DATA = Path(__file__).parent.parent / "data" / "kraken"
NOW = 1_800_000_000_123_456_789
# The second published vector's key: it opens nothing.
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
PRECISIONS = {
    "BTC/USD": (1, 8),
    "BTC/USDT": (1, 8),
    "ETH/USD": (2, 8),
    "USDC/USD": (4, 8),
    "ADX/USD": (5, 8),
    "FET/USD": (4, 8),
    "BRICK/USD": (5, 8),
    "ALGO/USD": (5, 8),
    "MATIC/USD": (4, 8),
    "ATOM/ETH": (8, 8),
    "ATOM/USD": (4, 8),
    "LDO/USD": (5, 8),
    "LUNA/USD": (8, 8),
}


def instrument(symbol: str) -> Instrument:
    base, _, quote = symbol.partition("/")
    price, size = PRECISIONS[symbol]
    return Instrument("kraken", symbol, base, quote, price, size)


def codec(**options: object) -> KrakenCodec:
    """A codec that knows the samples' instruments."""
    return KrakenCodec("key", SECRET, instruments=map(instrument, PRECISIONS), **options)  # type: ignore[arg-type]


def text(name: str) -> bytes:
    """A sample's bytes as they stand in the file."""
    return (DATA / f"{name}.json").read_bytes()


def frame(name: str) -> bytes:
    """A sample as one frame: the white space of its file taken out, its digits left alone."""
    return re.sub(rb'\s+(?=([^"]*"[^"]*")*[^"]*$)', b"", text(name))


def names(folder: str) -> list[str]:
    return sorted(f"{folder}/{path.stem}" for path in (DATA / folder).glob("*.json"))


def ns(moment: str) -> int:
    """An RFC 3339 time with up to nine digits, by the standard library."""
    whole, _, fraction = moment.removesuffix("Z").partition(".")
    since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(seconds=1) * 10**9 + int(fraction.ljust(9, "0"))

"""Recorded messages and the contracts that they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mm.exchanges.mexc_futures.codec import MexcFuturesCodec
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.instruments import Instrument

DATA = Path(__file__).parent.parent / "data" / "mexc_futures"
NOW = 1_800_000_000_123_456_789
MS = 1_000_000
ONE = 10**12
# The documentation's example pair: it opens nothing.
SIGNATURES: dict[str, Any] = json.loads((DATA / "signatures.json").read_text())
KEY, SECRET = SIGNATURES["apiKey"], SIGNATURES["secretKey"]
ERRORS: dict[str, Any] = json.loads((DATA / "errors.json").read_text())

# Decimals of prices, contract size and its decimals.
CONTRACTS = {
    "BTC/USDT:USDT": (1, 1, 4),
    "ETH/USDT:USDT": (2, 1, 2),
    "CRV/USDT:USDT": (3, 1, 1),
    "DOGE/USDT:USDT": (5, 100, 0),
    "STEPN/USDT:USDT": (3, 1, 0),
    "SUSHI/USDT:USDT": (4, 1, 0),
}


def instrument(symbol: str) -> Instrument:
    price, multiplier, decimals = CONTRACTS[symbol]
    base, _, rest = symbol.partition("/")
    quote = rest.partition(":")[0]
    return Instrument(
        "mexc_futures",
        symbol,
        base,
        quote,
        price,
        0,
        settle=quote,
        multiplier=multiplier,
        multiplier_precision=decimals,
        margin=True,
    )


def codec(mode: TradingMode | None = None, symbols: tuple[str, ...] = ()) -> MexcFuturesCodec:
    """A codec that knows the samples' contracts."""
    return MexcFuturesCodec(KEY, SECRET, instruments=map(instrument, CONTRACTS), mode=mode, symbols=symbols)


def document(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


REST: dict[str, Any] = {each["id"]: each for each in document("rest")}
PRIVATE: dict[str, Any] = {each["id"]: each for each in document("ws_private")}
PUBLIC: dict[str, Any] = {each["id"]: each for each in document("ws_public")}


def body(name: str) -> bytes:
    """A reply's body."""
    return json.dumps(REST[name]["response"]["body"]).encode()


def frames(name: str, source: str = "server") -> list[bytes]:
    """The texts of a sample, of one of the two sides."""
    found = PRIVATE.get(name) or PUBLIC[name]
    return [each["text"].encode() for each in found["frames"] if each["from"] == source]

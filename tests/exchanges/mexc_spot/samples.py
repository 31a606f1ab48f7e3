"""Recorded messages of MEXC Spot, the instruments they are about, and commands."""

from __future__ import annotations

from typing import Any

from mm._core.events import Cancel, Place
from mm.exchanges.mexc_spot.codec import MexcSpotCodec
from mm.instruments import Instrument
from tests.core.mexc_frames import EDGES, PUSHES, document, sample

NOW = 1_800_000_000_123_456_789
KEY = "mx0aBYs33eIilxBWC5"
# The documentation's example pair: it opens nothing.
SECRET = "45d0b3c26f2644f19bfb98b07741b2f5"
PRECISIONS = {
    "BTC/USDT": (2, 8),
    "ETH/USDT": (2, 5),
    "MX/USDT": (4, 2),
    "DOGE/USDT": (6, 2),
    "LTC/BTC": (8, 8),
    "BNB/BTC": (8, 8),
    "FARTCOIN/USDT": (4, 2),
}
REST: dict[str, Any] = {each["id"]: each for each in document("rest")}


def instrument(symbol: str) -> Instrument:
    base, _, quote = symbol.partition("/")
    price, size = PRECISIONS[symbol]
    return Instrument("mexc_spot", symbol, base, quote, price, size)


def codec(**options: Any) -> MexcSpotCodec:
    """A codec that knows the samples' instruments."""
    return MexcSpotCodec(KEY, SECRET, instruments=map(instrument, PRECISIONS), **options)


def place(**changes: Any) -> Place:
    values: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "client_id": "mm1Q1",
        "strategy": "maker",
        "purpose": "quote",
        "level": 0,
        "side": 1,
        "price": 1100,
        "size": 100_000_000,
        "order_type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "reduce_only": False,
        "parent": "",
    }
    values.update(changes)
    return Place(NOW, "mexc_spot", *values.values())


def cancel(symbol: str = "BTC/USDT", client_id: str = "mm1Q1", venue_id: str = "") -> Cancel:
    return Cancel(NOW, "mexc_spot", symbol, client_id, venue_id, "test")


FRAMES_AND_TEXTS = [
    *(sample(name) for name in [*PUSHES, *EDGES]),
    *(
        frame["text"].encode()
        for each in document("ws_control")
        for frame in each["frames"]
        if frame["from"] == "server"
    ),
]


__all__ = [
    "EDGES",
    "FRAMES_AND_TEXTS",
    "KEY",
    "NOW",
    "PRECISIONS",
    "PUSHES",
    "REST",
    "SECRET",
    "cancel",
    "codec",
    "document",
    "instrument",
    "place",
    "sample",
]

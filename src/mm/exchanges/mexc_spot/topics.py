"""Names of the streams, and the text messages that ask for them. (MEXC Spot reference: WebSocket.)"""

from __future__ import annotations

from typing import Final

import orjson

from mm.exchanges.mexc_spot.instruments import venue_name

SUBSCRIPTIONS_MAX: Final = 30
"""On one connection; further ones are accepted and have no effect."""
INTERVALS: Final = ("10ms", "100ms")
PRIVATE_TOPICS: Final = (
    "spot@private.orders.v3.api.pb",
    "spot@private.deals.v3.api.pb",
    "spot@private.account.v3.api.pb",
)
PING: Final = b'{"method":"PING"}'


def depth(symbol: str, interval: str) -> str:
    """The topic of the book."""
    return f"spot@public.aggre.depth.v3.api.pb@{interval}@{venue_name(symbol)}"


def deals(symbol: str, interval: str) -> str:
    """The topic of trades."""
    return f"spot@public.aggre.deals.v3.api.pb@{interval}@{venue_name(symbol)}"


def book_ticker(symbol: str, interval: str) -> str:
    """The topic of the best prices."""
    return f"spot@public.aggre.bookTicker.v3.api.pb@{interval}@{venue_name(symbol)}"


def frame_prefix(topic: str) -> bytes:
    """How a push of a topic begins, as the venue writes it: the field of the channel comes first."""
    name = topic.encode()
    return b"\x0a" + bytes([len(name)]) + name if len(name) < 128 else b""


def request(method: str, topic: str, request_id: int) -> bytes:
    """Return a request for one topic: one each, so that an answer always tells whose it is."""
    return orjson.dumps({"method": method, "params": [topic], "id": request_id})

"""The venue's names and words, on our side of the wire."""

from __future__ import annotations

from typing import Final

from mm.exchanges.venue import ErrorClass

NAME: Final = "lantern"
SIDES: Final = {"buy": 1, "sell": -1}
SIDE_WORDS: Final = {1: "buy", -1: "sell"}
STATUSES: Final = frozenset({"new", "partially_filled", "filled", "canceled", "expired"})
ENDS: Final = frozenset({"filled", "canceled", "expired"})
ERRORS: Final = {
    "unauthorized": ErrorClass.FATAL,
    # Signed too long ago by the venue's clock: refused before anything was done.
    "stale_request": ErrorClass.NONCE,
    "bad_token": ErrorClass.TOKEN,
    "rate_limited": ErrorClass.RATE,
    "closed": ErrorClass.MODE,
    "unknown_order": ErrorClass.GONE,
    "bad_request": ErrorClass.REJECTED,
    "unknown_symbol": ErrorClass.REJECTED,
    "below_minimum": ErrorClass.REJECTED,
    "insufficient_funds": ErrorClass.REJECTED,
    "duplicate_client_id": ErrorClass.REJECTED,
    "would_take": ErrorClass.REJECTED,
}
"""What each code of the venue means. One that is not here proves nothing: an order request is then in doubt."""


def venue_symbol(symbol: str) -> str:
    """`BTC-USD` for `BTC/USD`."""
    return symbol.replace("/", "-")


def own_symbol(symbol: str) -> str:
    """`BTC/USD` for `BTC-USD`."""
    return symbol.replace("-", "/")

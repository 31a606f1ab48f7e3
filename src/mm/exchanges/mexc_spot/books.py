"""Books of MEXC Spot: pushes, and whole books over REST (MEXC Spot reference: order book)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mm.exchanges.mexc_spot.instruments import venue_name
from mm.exchanges.mexc_spot.numbers import VENUE
from mm.exchanges.mexc_spot.rest_replies import snapshot_frame
from mm.exchanges.mexc_spot.rest_requests import DEPTH_LIMIT
from mm.exchanges.mexc_spot.topics import frame_prefix
from mm.exchanges.pushed_books import PushedBooks
from mm.exchanges.session import Wish

LAG_WAIT_NS: Final = 100_000_000


class Books(PushedBooks):
    """topics: the stream of each symbol's book."""

    def __init__(self, topics: dict[str, str], wish: Callable[[Wish], None]) -> None:
        super().__init__(VENUE, {symbol: venue_name(symbol) for symbol in topics}, LAG_WAIT_NS, wish)
        self._topics = topics

    def _parameters(self, symbol: str) -> dict[str, Any]:
        return {"symbol": symbol, "limit": DEPTH_LIMIT}

    def _frame(self, kind: str, symbol: str, body: bytes, now_ns: int) -> Any:
        return snapshot_frame(venue_name(symbol), body, now_ns)

    def _prefix(self, symbol: str) -> bytes:
        return frame_prefix(self._topics[symbol])

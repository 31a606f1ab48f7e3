"""Books of MEXC Futures: pushes, and whole books over REST (MEXC Futures reference: keeping a book from push.depth).

After a gap the list of the latest changes is asked for as well: it repairs what the decoder kept, most often before a
whole book comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mm.exchanges.mexc_futures.names import venue_name
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.mexc_futures.rest_replies import reply_frame
from mm.exchanges.pushed_books import PushedBooks
from mm.exchanges.session import Query, Wish

LAG_WAIT_NS: Final = 250_000_000
"""The REST book has been seen 400 versions behind: some seconds of a busy market."""


class Books(PushedBooks):
    """See the module's text."""

    repair = "depth_commits"

    def __init__(self, symbols: Sequence[str], wish: Callable[[Wish], None]) -> None:
        super().__init__(VENUE, {symbol: venue_name(symbol) for symbol in symbols}, LAG_WAIT_NS, wish)

    def reply(self, now_ns: int, query: Query, version: int, body: bytes) -> list[Any]:
        """As of every venue; or the list of changes, which has no state of its own."""
        if query.kind == "depth":
            return super().reply(now_ns, query, version, body)
        return [self._frame(query.kind, query.subject, body, now_ns)] if self._asked(query) else []

    def _parameters(self, symbol: str) -> dict[str, Any]:
        return {"symbol": symbol}

    def _frame(self, kind: str, symbol: str, body: bytes, now_ns: int) -> Any:
        return reply_frame(kind, venue_name(symbol), body, now_ns)

    def _prefix(self, symbol: str) -> bytes:
        # What has its members in another order is seen anyhow.
        return f'{{"symbol":"{venue_name(symbol)}","data":{{"cts":'.encode()

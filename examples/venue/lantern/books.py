"""Book messages: numbered changes from the socket, whole books from REST.

{"channel":"book","symbol":"BTC-USD","seq":812,"bids":[["60000.10","0.5"]],"asks":[]}
whole {"symbol":"BTC-USD","seq":810,"bids":[...],"asks":[...]}
"""

from __future__ import annotations

from typing import Final

from examples.venue.lantern.terms import own_symbol
from mm.exchanges.sequenced_books import BookNews, Level, SequencedBooks
from mm.exchanges.wire import Malformed, Row, array, integer, mapping, parse, text

WHOLE: Final = b"whole "
"""Before the body of a REST reply: it reaches the engine, and its recording, as a payload like any other."""


class LanternBooks(SequencedBooks):
    """Reads both."""

    def read(self, payload: bytes) -> BookNews | None:
        is_whole = payload.startswith(WHOLE)
        row = mapping(parse(payload[len(WHOLE) :] if is_whole else payload), "book")
        if not is_whole and row.get("channel") != "book":
            return None
        number = integer(row, "seq")
        levels = (*_levels(row, "bids", 1), *_levels(row, "asks", -1))
        return BookNews(own_symbol(text(row, "symbol")), number, number, levels, is_whole)


def _levels(row: Row, key: str, side: int) -> list[Level]:
    levels: list[Level] = []
    for level in array(row.get(key), key):
        if type(level) is not list or len(level) != 2 or not all(type(part) is str for part in level):
            raise Malformed(f"{key}: expected pairs of texts")
        levels.append((side, level[0], level[1]))
    return levels

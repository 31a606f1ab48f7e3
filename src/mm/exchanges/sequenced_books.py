"""Books of a venue that numbers its changes and shows a whole book over REST: written once, for venues to derive from.

A subclass turns a payload into `BookNews`. Changes that come before the whole book wait for it; a whole book that is
older than the first of them changes nothing; a number that is left out ends the trust in the book until the next whole
one. The codes are those of the native decoders (`mm._core._rust`), which a venue with a heavy stream should have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final

from mm._core._rust import (
    BOOK_BEHIND,
    BOOK_CROSSED,
    BOOK_GAP,
    BOOK_IGNORED_INVALID,
    BOOK_MALFORMED,
    BOOK_OTHER_CHANNEL,
    BOOK_SNAPSHOT,
    BOOK_TOP_CHANGED,
    BOOK_UNKNOWN_SYMBOL,
    BOOK_VALID,
    Book,
)
from mm._core.fixed import to_units

WAITING_MAX: Final = 10_000
"""Changes that wait for a whole book; more than any venue sends while one is fetched."""

Level = tuple[int, str, str]
"""Side, price, size, as text."""
Units = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class BookNews:
    """One message about a book. first, last: numbers of the changes in it; of a whole book both are its own."""

    symbol: str
    first: int
    last: int
    levels: tuple[Level, ...]
    is_whole: bool = False
    venue_ns: int = 0
    """When the venue says that it happened, 0 where it does not."""


@dataclass(slots=True)
class _Kept:
    index: int
    book: Book
    last: int = 0
    waiting: list[tuple[int, int, list[Units]]] = field(default_factory=list)


class SequencedBooks(ABC):
    """The port is `mm.engine.venue.BookDecoder`; what a venue sends never raises."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self.last_index = -1
        self.last_error = ""
        self.last_venue_ns = 0

    @abstractmethod
    def read(self, payload: bytes) -> BookNews | None:
        """Return what a payload tells, None where it is not about a book. Raises ValueError for a malformed one."""

    def add(self, symbol: str, book: Book) -> int:
        """Keep `book` by the payloads of `symbol`; returns the symbol's index, for good."""
        known = self._kept.get(symbol)
        index = known.index if known is not None else len(self._kept)
        self._kept[symbol] = _Kept(index, book)
        return index

    def apply(self, payload: bytes) -> int:
        """Apply one payload whole, or nothing of it; returns `index << 8 | flags`, or a negative code."""
        self.last_index = -1
        try:
            news = self.read(payload)
            if news is None:
                return BOOK_OTHER_CHANNEL
            kept = self._kept.get(news.symbol)
            if kept is None:
                return BOOK_UNKNOWN_SYMBOL
            self.last_index, self.last_venue_ns = kept.index, news.venue_ns
            levels = [_level(level, kept.book) for level in news.levels]
            if not 0 < news.first <= news.last:
                raise ValueError(f"numbers {news.first} to {news.last}: expected a range above zero")
        except ValueError as error:
            return self._malformed(str(error))
        before = kept.book.top()
        flags = self._whole(kept, news.last, levels) if news.is_whole else self._change(kept, news, levels)
        if flags & BOOK_VALID:
            flags |= BOOK_TOP_CHANGED if kept.book.top() != before or news.is_whole else 0
            flags |= BOOK_CROSSED if kept.book.is_crossed else 0
        return kept.index << 8 | flags

    def _change(self, kept: _Kept, news: BookNews, levels: list[Units]) -> int:
        if not kept.book.is_valid:
            # Lost, by us or by the engine: a whole book has to come.
            kept.last = 0
        if not kept.last:
            if kept.waiting and (news.first != kept.waiting[-1][1] + 1 or len(kept.waiting) >= WAITING_MAX):
                kept.waiting.clear()
            kept.waiting.append((news.first, news.last, levels))
            return BOOK_IGNORED_INVALID
        if news.last <= kept.last:
            return BOOK_VALID | BOOK_BEHIND
        if news.first > kept.last + 1:
            kept.book.invalidate()
            kept.last = 0
            kept.waiting = [(news.first, news.last, levels)]
            return BOOK_GAP
        kept.book.apply_many(levels)
        kept.last = news.last
        return BOOK_VALID

    def _whole(self, kept: _Kept, last: int, levels: list[Units]) -> int:
        if kept.book.is_valid and last <= kept.last:
            return BOOK_VALID | BOOK_BEHIND
        later = [change for change in kept.waiting if change[1] > last]
        if later and later[0][0] > last + 1:
            kept.waiting = later
            return BOOK_SNAPSHOT | BOOK_IGNORED_INVALID
        kept.book.apply_snapshot(
            [(price, size) for side, price, size in levels if side > 0],
            [(price, size) for side, price, size in levels if side < 0],
        )
        kept.last, kept.waiting = last, []
        for _, until, changes in later:
            kept.book.apply_many(changes)
            kept.last = until
        return BOOK_SNAPSHOT | BOOK_VALID

    def _malformed(self, error: str) -> int:
        """It may have been a change of any book, or of the one that it names."""
        self.last_error = error
        for kept in self._kept.values():
            if self.last_index in (-1, kept.index):
                kept.book.invalidate()
                kept.last = 0
                kept.waiting.clear()
        return BOOK_MALFORMED


def _level(level: Level, book: Book) -> Units:
    side, price, size = level
    return side, to_units(price, book.price_precision, "price"), to_units(size, book.size_precision, "size", 1, True)

"""Reads own deals of several symbols from a time on, with an overlap, page by page.

Whether pages run from the newest or from the oldest, a deal that happens between two of them makes rows repeat and none
be skipped. Repeated fills are harmless, they are known by their ids. (MEXC Futures reference: orders.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

OVERLAP_MS: Final = 60_000
"""Read again before the last booked fill: lists trail the engine, and times of one deal may differ between paths."""
REACH_MS: Final = 89 * 24 * 3_600_000
"""The venue refuses spans of more than 90 days."""
AHEAD_MS: Final = 1_000
PAGES_MAX: Final = 400
Page = tuple[str, int, int, int]
"""Symbol, from and to in milliseconds, number of the page from 1."""


class HistoryReader:
    """One read at a time; a request while one runs starts it over."""

    __slots__ = ("_from_ms", "_page", "_symbols", "_to_ms", "generation", "has_failed", "is_truncated")

    def __init__(self) -> None:
        self._symbols: list[str] = []
        self._from_ms = self._to_ms = 0
        self._page = 1
        self.generation = 0
        """Of the read that runs: an answer to an earlier one is not part of it."""
        self.has_failed = False
        self.is_truncated = False

    @property
    def page(self) -> Page | None:
        """The page that is awaited; None when no read runs."""
        if not self._symbols or self.has_failed:
            return None
        return self._symbols[0], self._from_ms, self._to_ms, self._page

    @property
    def is_running(self) -> bool:
        """Pages are awaited, or have failed."""
        return bool(self._symbols)

    def request(self, now_ms: int, since_ms: int, symbols: Sequence[str]) -> None:
        """Begin to read, or begin again: a page on its way may have been cut before what is asked for happened."""
        from_ms = max(0, since_ms - OVERLAP_MS, now_ms - REACH_MS)
        if self._symbols:
            # What that read was for has not been read.
            from_ms = min(from_ms, self._from_ms)
        self._from_ms = from_ms
        self._begin(now_ms, symbols)

    def resume(self, now_ms: int, symbols: Sequence[str]) -> bool:
        """Begin again a read that failed."""
        if not self.has_failed:
            return False
        self._begin(now_ms, symbols)
        return True

    def read(self, rows: int, total: int, page_rows: int) -> bool:
        """Take the awaited page; True when there is another one to ask for. total: rows of all pages of the symbol."""
        if rows and total > (self._page - 1) * page_rows + rows:
            if self._page < PAGES_MAX:
                self._page += 1
                return True
            self.is_truncated = True
        self._symbols.pop(0)
        self._page = 1
        return bool(self._symbols)

    def failed(self) -> None:
        """The awaited page cannot be read."""
        self.has_failed = bool(self._symbols)

    def _begin(self, now_ms: int, symbols: Sequence[str]) -> None:
        self._symbols = list(symbols)
        self._to_ms = now_ms + AHEAD_MS
        self._page = 1
        self.generation += 1
        self.has_failed = self.is_truncated = False

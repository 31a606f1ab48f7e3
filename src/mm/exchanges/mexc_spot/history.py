"""Reads own trades of several symbols from a time on, with an overlap, in windows of time.

A reply holds at most a hundred rows, and the reference does not say whether those are the newest or the oldest of the
window. So a full reply proves only that there may be more: its window is halved and both halves are read. Repeated
fills are harmless, they are known by their ids. (MEXC Spot reference: queries.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from mm.exchanges.mexc_spot.rest_requests import TRADES_PAGE

OVERLAP_MS: Final = 60_000
"""Read again before the last booked fill: lists trail the engine, and times of one trade may differ between paths."""
REACH_MS: Final = 30 * 24 * 3_600_000
"""The venue keeps no more than a month."""
AHEAD_MS: Final = 1_000
Page = tuple[str, int, int]
"""Symbol, from and to in milliseconds, both inclusive."""


class HistoryReader:
    """One read at a time; a request while one runs starts it over."""

    __slots__ = ("_from_ms", "_waiting", "generation", "has_failed", "is_truncated")

    def __init__(self) -> None:
        self._waiting: deque[Page] = deque()
        self._from_ms = 0
        self.generation = 0
        """Of the read that runs: an answer to an earlier one is not part of it."""
        self.has_failed = False
        self.is_truncated = False

    @property
    def page(self) -> Page | None:
        """The page that is awaited; None when no read runs."""
        return self._waiting[0] if self._waiting and not self.has_failed else None

    @property
    def is_running(self) -> bool:
        """Pages are awaited, or have failed."""
        return bool(self._waiting)

    def request(self, now_ms: int, since_ms: int, symbols: Sequence[str]) -> None:
        """Begin to read, or begin again: a page on its way may have been cut before what is asked for happened."""
        from_ms = max(0, since_ms - OVERLAP_MS, now_ms - REACH_MS)
        if self._waiting:
            from_ms = min(from_ms, self._from_ms)
        self._from_ms = from_ms
        self._begin(now_ms, symbols)

    def resume(self, now_ms: int, symbols: Sequence[str]) -> bool:
        """Begin again a read that failed."""
        if not self.has_failed:
            return False
        self._begin(now_ms, symbols)
        return True

    def read(self, rows: int) -> bool:
        """Take the awaited page; True when there is another one to ask for."""
        symbol, from_ms, to_ms = self._waiting.popleft()
        if rows >= TRADES_PAGE:
            if from_ms >= to_ms:
                self.is_truncated = True
            else:
                middle = (from_ms + to_ms) // 2
                self._waiting.extendleft([(symbol, middle + 1, to_ms), (symbol, from_ms, middle)])
        return bool(self._waiting)

    def failed(self) -> None:
        """The awaited page cannot be read."""
        self.has_failed = bool(self._waiting)

    def _begin(self, now_ms: int, symbols: Sequence[str]) -> None:
        self._waiting = deque((symbol, self._from_ms, now_ms + AHEAD_MS) for symbol in symbols)
        self.generation += 1
        self.has_failed = self.is_truncated = False

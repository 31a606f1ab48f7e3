"""Paging through Kraken's trade history, newest first, with an overlap on both ends of time.

Pages are counted from the newest trade, so that a trade which happens between two reads shifts the rest: rows repeat,
none is skipped. Repeated fills are harmless, they are known by their execution ids.
"""

from __future__ import annotations

OVERLAP_NS = 60_000_000_000
"""Read again before the last booked fill: lists trail the engine and times of one trade differ between paths."""
PAGE_ROWS = 50
PAGES_MAX = 400
"""20,000 fills: more than a maker makes in any outage that it survives."""


class HistoryReader:
    """One read at a time; a request while one runs starts it over."""

    __slots__ = ("_offset", "_pages", "_running", "_since_ns", "has_failed", "is_truncated")

    def __init__(self) -> None:
        self._running = False
        self._since_ns = 0
        self._offset = 0
        self._pages = 0
        self.has_failed = False
        self.is_truncated = False

    @property
    def page(self) -> tuple[int, int]:
        """The page that is awaited: since when, from which row; (-1, -1) when none is."""
        return (self._since_ns, self._offset) if self._running else (-1, -1)

    def request(self, since_ns: int) -> None:
        """Begin to read, or begin again: a page on its way may have been cut before what is asked for happened."""
        since_ns = max(0, since_ns - OVERLAP_NS)
        if self._running or self.has_failed:
            # What that read was for has not been read.
            since_ns = min(since_ns, self._since_ns)
        # One nanosecond tells a restarted read from the one before it, whose pages may still arrive.
        self._since_ns = since_ns - 1 if since_ns == self._since_ns and since_ns else since_ns
        self._begin()

    def resume(self) -> bool:
        """Begin again a read that failed."""
        if not self.has_failed:
            return False
        self._begin()
        return True

    def read(self, rows: int, total: int) -> bool:
        """Take a page; True when there is another one to ask for."""
        self._pages += 1
        self._offset += rows
        if rows and self._offset < total:
            if self._pages < PAGES_MAX:
                return True
            self.is_truncated = True
        self._running = False
        return False

    def failed(self) -> None:
        """The awaited page cannot be read."""
        self._running = False
        self.has_failed = True

    def _begin(self) -> None:
        self._running = True
        self._offset = self._pages = 0
        self.has_failed = self.is_truncated = False

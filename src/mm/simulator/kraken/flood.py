"""More book messages than the recorded market has: how a fast market weighs on a client, without another price in it.

The tenth best bid grows by one unit and shrinks again, with the checksums that belong to both books. The two messages
are made once for each book that the market shows, so that many thousand a second cost little here.
"""

from __future__ import annotations

from typing import Final

from mm.simulator.kraken.feeds import Feeds

STEP_NS: Final = 5_000_000


class Flood:
    """One pair of messages after the other, at a rate. until_ns: 0 while there is none; rate: messages a second."""

    __slots__ = ("_feeds", "_sent", "_since_ns", "due_ns", "rate", "until_ns")

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self.until_ns = self.due_ns = self._since_ns = self._sent = 0
        self.rate = 0.0

    def begin(self, now_ns: int, rate: float, until_ns: int) -> None:
        """Flood from now on, instead of what went on."""
        self.rate, self.until_ns, self._since_ns, self._sent = rate, until_ns, now_ns, 0
        self.due_ns = now_ns + STEP_NS if rate else 0

    def run(self, now_ns: int) -> None:
        """Send what is due."""
        pairs = int((min(now_ns, self.until_ns) - self._since_ns) * self.rate / 2e9)
        self._feeds.repeat(now_ns, pairs - self._sent)
        self._sent = pairs
        self.due_ns = now_ns + STEP_NS if now_ns < self.until_ns else 0

"""The one reader of clocks: wall time anchored once on the monotonic clock, so that it never goes back or jumps."""

from __future__ import annotations

import time


class WallClock:
    """UTC in ns. A stepped system clock does not move it; how far it is off is measured against the venue's time."""

    __slots__ = ("_anchor_ns",)

    def __init__(self) -> None:
        self._anchor_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """The time now."""
        return self._anchor_ns + time.monotonic_ns()

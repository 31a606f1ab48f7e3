"""Exponential back-off with full jitter, from a seed: equal seeds give equal waits."""

from __future__ import annotations

from random import Random


class Backoff:
    """Waits that double from `base_ns` to `cap_ns`, each drawn evenly from (0, bound].

    The first `free` waits after a success are zero: a venue recycles its servers at random moments, and a maker that
    waits without need is out of the market. Full jitter spreads the clients of one outage over the whole interval.
    """

    __slots__ = ("_failures", "_random", "base_ns", "cap_ns", "free")

    def __init__(self, random: Random, base_ns: int = 500_000_000, cap_ns: int = 30_000_000_000, free: int = 3) -> None:
        if base_ns <= 0 or cap_ns < base_ns:
            raise ValueError(f"back-off: expected 0 < base <= cap, got {base_ns} and {cap_ns}")
        self.base_ns, self.cap_ns, self.free = base_ns, cap_ns, free
        self._random = random
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures since the last success."""
        return self._failures

    def next_ns(self) -> int:
        """Count a failure and return the wait before the next try."""
        self._failures += 1
        if self._failures <= self.free:
            return 0
        # The shift is bounded: after 2^20 bases every cap in use is long reached.
        bound = min(self.cap_ns, self.base_ns << min(self._failures - self.free - 1, 20))
        return self._random.randrange(bound) + 1

    def succeed(self) -> None:
        """Start again from the first wait."""
        self._failures = 0

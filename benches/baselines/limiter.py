"""A token bucket as one writes it in Python."""

from __future__ import annotations

import time


class TunedBucket:
    """Tokens that come back by time; one lane, one weight, floats."""

    __slots__ = ("capacity", "rate", "time_s", "tokens")

    def __init__(self, capacity: float, rate: float) -> None:
        self.capacity = self.tokens = capacity
        self.rate = rate
        self.time_s = time.monotonic()

    def take(self, weight: float = 1.0) -> bool:
        now_s = time.monotonic()
        tokens = self.tokens + (now_s - self.time_s) * self.rate
        if tokens > self.capacity:
            tokens = self.capacity
        self.time_s = now_s
        if tokens >= weight:
            self.tokens = tokens - weight
            return True
        self.tokens = tokens
        return False

"""How many connections may be tried: one rolling window per venue, shared by all of its sockets."""

from __future__ import annotations

from collections import deque


class ConnectionBudget:
    """At most `attempts_max` attempts in any `window_ns`.

    Kraken's front end bans an address for ten minutes after about 150 attempts in a rolling ten minutes (Kraken
    reference: connection life). The default keeps two thirds of that for us: restarts of the process and other
    programs behind the same address draw on the same allowance.
    """

    __slots__ = ("_attempts", "attempts_max", "window_ns")

    def __init__(self, attempts_max: int = 100, window_ns: int = 600_000_000_000) -> None:
        if attempts_max <= 0 or window_ns <= 0:
            raise ValueError(f"connection budget: expected positive limits, got {attempts_max} in {window_ns} ns")
        self.attempts_max, self.window_ns = attempts_max, window_ns
        self._attempts: deque[int] = deque(maxlen=attempts_max)

    def next_ns(self, now_ns: int) -> int:
        """The earliest time at which an attempt is allowed; `now_ns` or before it means now."""
        if len(self._attempts) < self.attempts_max:
            return now_ns
        return self._attempts[0] + self.window_ns

    def spend(self, now_ns: int) -> bool:
        """Take one attempt; False (and nothing taken) when the window is full."""
        if self.next_ns(now_ns) > now_ns:
            return False
        self._attempts.append(now_ns)
        return True

    def used(self, now_ns: int) -> int:
        """Attempts inside the window that ends now."""
        return sum(1 for attempt in self._attempts if attempt > now_ns - self.window_ns)

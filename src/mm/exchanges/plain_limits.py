"""Plain counts for venues that allow so many order requests a second and so many REST calls a second."""

from __future__ import annotations

from typing import Final

from mm._core import TokenBucket

PAUSE_NS: Final = 2_000_000_000
"""After a refusal: the venue knows better than we what the account has used."""


class OrderRate:
    """Order requests of one symbol; the port is `mm.engine.venue.TradingLimits`.

    per_s: requests a second, and how many may go at once; reserve: of those, for cancels and hedges alone.
    """

    __slots__ = ("_bucket", "_paused_ns", "_refusals")

    def __init__(self, per_s: int, reserve: int) -> None:
        self._bucket = TokenBucket(per_s, per_s * 1000, reserve)
        self._paused_ns = 0
        self._refusals = 0

    def allows(self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0) -> bool:
        """Return whether a request may go; counts nothing."""
        return 0 < self.next_permit_ns(now_ns, action, age_ns, priority, open_orders) <= now_ns

    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """Count a request that is on its way."""
        self._bucket.take(now_ns, 1, True)

    def refund(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """A request was counted and never left: its place is free again within a second anyway."""

    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int:
        """Return when `allows` will say yes, 0 if it never will; changes nothing."""
        is_cancel = action == "cancel"
        due_ns = self._bucket.next_permit_ns(now_ns, 1, is_cancel or priority)
        return max(due_ns, now_ns, 0 if is_cancel else self._paused_ns)

    def refused(self, now_ns: int) -> None:
        """Take the venue's word that we are over: no new orders for a while."""
        self._refusals += 1
        self._paused_ns = max(self._paused_ns, now_ns + PAUSE_NS)

    def headroom(self, now_ns: int) -> float:
        """Return the requests that may still go, for display."""
        return 0.0 if now_ns < self._paused_ns else self._bucket.headroom(now_ns, True)

    def state_hash(self) -> int:
        """Return a 64-bit hash; the same after the same charges and refusals."""
        state = self._bucket.state_hash()
        for part in (self._paused_ns, self._refusals):
            state = (state * 0x9E3779B97F4A7C15 + part) % 2**64
        return state


class CallRate:
    """Private REST calls of a key; the port is `mm.net.rest.CallCounter`. reserve: for what a recovery needs."""

    __slots__ = ("_bucket", "_paused_ns")

    def __init__(self, per_s: int, reserve: int) -> None:
        self._bucket = TokenBucket(per_s, per_s * 1000, reserve)
        self._paused_ns = 0

    def charge(self, now_ns: int, cost: int = 1) -> None:
        """Count a call."""
        self._bucket.take(now_ns, cost, True)

    def refused(self, now_ns: int) -> None:
        """Take the venue's word that we are over."""
        self._paused_ns = max(self._paused_ns, now_ns + PAUSE_NS)

    def next_permit_ns(self, now_ns: int, cost: int = 1, priority: bool = False) -> int:
        """Return when a call may go; changes nothing."""
        return max(self._bucket.next_permit_ns(now_ns, cost, priority), self._paused_ns)

"""How many order requests may go, by two native buckets: orders placed, and requests of any kind.

About 12 orders a second are reported for an account, and API support told a client author to stay within 20 requests a
second; both are unconfirmed, so that a refusal of the venue empties the buckets. Cancels and hedges may use a reserve
that new quotes leave. The venue counts by account, and so do we: the symbols of a run share one counter
(`Capabilities.order_rate_by_account`). (MEXC Spot reference: limits.)
"""

from __future__ import annotations

from typing import Final

from mm._core import TokenBucket
from mm._core.order_rate import OrderRate

ORDERS_PER_S: Final = 12
REQUESTS_PER_S: Final = 20
RESERVE: Final = 4
PAUSE_NS: Final = 2_000_000_000
"""After a refusal; going on at once leads to a ban of minutes."""
WEIGHT_MAX: Final = 300
WEIGHT_PER_S: Final = 30
WEIGHT_RESERVE: Final = 60
"""Weight of private reads: 300 in ten seconds is the lowest figure in use (documented: 500); a fifth is kept for what a
recovery needs."""


class MexcSpotLimits(OrderRate):
    """See the module's text; the port is `mm.engine.venue.TradingLimits`. tier: "unlimited" for a simulated venue."""

    __slots__ = ("_refusals",)

    def __init__(self, orders_per_s: int = ORDERS_PER_S, requests_per_s: int = REQUESTS_PER_S) -> None:
        super().__init__((orders_per_s, orders_per_s, RESERVE), (requests_per_s, requests_per_s, RESERVE))
        self._refusals = 0

    def refund(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """A request was counted and never left: its place is free again within a second anyway."""

    def refused(self, now_ns: int) -> None:
        """Take the venue's word that we are over: no new orders for a while."""
        self._refusals += 1
        self._paused_ns = max(self._paused_ns, now_ns + PAUSE_NS)

    def headroom(self, now_ns: int) -> float:
        """Return the orders that may still go, for display."""
        return 0.0 if now_ns < self._paused_ns else self.room(now_ns)

    def state_hash(self) -> int:
        """Return a 64-bit hash; the same after the same charges and refusals."""
        state = 0
        for part in (*self.levels(), self._paused_ns, self._refusals):
            state = (state * 0x9E3779B97F4A7C15 + part) % 2**64
        return state


class MexcSpotCalls:
    """The weight of private REST reads; the port is `mm.net.rest.CallCounter`."""

    __slots__ = ("_bucket", "_paused_ns")

    def __init__(self) -> None:
        self._bucket = TokenBucket(WEIGHT_MAX, WEIGHT_PER_S * 1000, WEIGHT_RESERVE)
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

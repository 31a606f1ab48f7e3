"""How many order requests may go, by two native buckets: orders placed, and cancels.

The venue counts each endpoint by itself: 4 orders and 20 cancels in 2 s (an older edition: 20 of both). One order of
the four is kept for hedges. It counts by account, and so do we: the symbols of a run share one counter
(`Capabilities.order_rate_by_account`). (MEXC Futures reference: limits.)
"""

from __future__ import annotations

from typing import Final

from mm._core import TokenBucket

ORDERS: Final = 4
CANCELS: Final = 20
WINDOW_S: Final = 2
ORDER_RESERVE: Final = 1
READS: Final = 20
READ_RESERVE: Final = 4
"""Reads of one endpoint in 2 s, counted here for all of them together; a fifth is kept for what a recovery needs."""
PAUSE_NS: Final = WINDOW_S * 1_000_000_000
"""After a refusal, until a window has passed for certain."""


class MexcFuturesLimits:
    """See the module's text; the port is `mm.engine.venue.TradingLimits`."""

    __slots__ = ("_cancels", "_orders", "_paused_ns", "_refusals")

    def __init__(self, orders: int = ORDERS, cancels: int = CANCELS) -> None:
        # A bucket lets through what it holds and what flows in meanwhile: half of each, or a window could see one and
        # a half times its limit.
        self._orders = TokenBucket(orders - orders // 4, orders * 1000 // (4 * WINDOW_S), ORDER_RESERVE)
        self._cancels = TokenBucket(cancels - cancels // 4, cancels * 1000 // (4 * WINDOW_S), 0)
        self._paused_ns = 0
        self._refusals = 0

    def allows(self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0) -> bool:
        """Return whether a request may go; counts nothing."""
        permit_ns = self.next_permit_ns(now_ns, action, age_ns, priority, open_orders)
        return 0 < permit_ns <= now_ns

    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """Count a request that is on its way."""
        (self._orders if action == "place" else self._cancels).take(now_ns, 1, True)

    def refund(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """A request was counted and never left: its place is free again within a second anyway."""

    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int:
        """Return when `allows` will say yes, 0 if it never will; changes nothing."""
        if action == "amend":
            return 0
        if action == "cancel":
            return max(self._cancels.next_permit_ns(now_ns, 1, True), now_ns)
        return max(self._orders.next_permit_ns(now_ns, 1, priority), self._paused_ns, now_ns)

    def refused(self, now_ns: int) -> None:
        """Take the venue's word that we are over: no new orders for a while."""
        self._refusals += 1
        self._paused_ns = max(self._paused_ns, now_ns + PAUSE_NS)

    def headroom(self, now_ns: int) -> float:
        """Return the orders that may still go, for display."""
        return 0.0 if now_ns < self._paused_ns else self._orders.headroom(now_ns, True)

    def state_hash(self) -> int:
        """Return a 64-bit hash; the same after the same charges and refusals."""
        state = 0
        for part in (self._orders.state_hash(), self._cancels.state_hash(), self._paused_ns, self._refusals):
            state = (state * 0x9E3779B97F4A7C15 + part) % 2**64
        return state


class MexcFuturesCalls:
    """Private REST reads; the port is `mm.net.rest.CallCounter`."""

    __slots__ = ("_bucket", "_paused_ns")

    def __init__(self) -> None:
        self._bucket = TokenBucket(READS - READS // 4, READS * 1000 // (4 * WINDOW_S), READ_RESERVE)
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

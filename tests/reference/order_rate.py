"""The slow twin of `mm._core.order_rate`."""

from __future__ import annotations

from mm._core import TokenBucket


class OrderRate:
    """Two buckets: orders placed, and requests of any kind."""

    def __init__(self, orders: TokenBucket, requests: TokenBucket) -> None:
        self._orders, self._requests = orders, requests
        self._paused_ns = 0

    def allows(self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0) -> bool:
        permit_ns = self.next_permit_ns(now_ns, action, age_ns, priority, open_orders)
        return 0 < permit_ns <= now_ns

    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        if action == "place":
            self._orders.take(now_ns, 1, True)
        self._requests.take(now_ns, 1, True)

    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int:
        if action == "amend":
            return 0
        first = action == "cancel" or priority
        due_ns = self._requests.next_permit_ns(now_ns, 1, first)
        if action == "place":
            due_ns = max(due_ns, self._orders.next_permit_ns(now_ns, 1, first), self._paused_ns)
        return max(due_ns, now_ns)

from typing_extensions import disjoint_base

from mm._core._rust import TokenBucket

@disjoint_base
class OrderRate:
    """orders, requests: `mm._core.TokenBucket`; _paused_ns: until then no order goes, whatever they hold."""

    _paused_ns: int

    def __init__(self, orders: TokenBucket, requests: TokenBucket) -> None: ...
    @property
    def _orders(self) -> TokenBucket: ...
    @property
    def _requests(self) -> TokenBucket: ...
    def allows(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> bool: ...
    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None: ...
    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int: ...

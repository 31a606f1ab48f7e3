from typing_extensions import disjoint_base

TOKENS_MAX: int

@disjoint_base
class OrderRate:
    """orders, requests: tokens, tokens a second, and how many of them only cancels and hedges may use; _paused_ns:
    until then no order goes, whatever the buckets hold."""

    _paused_ns: int

    def __init__(self, orders: tuple[int, int, int], requests: tuple[int, int, int]) -> None: ...
    def allows(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> bool: ...
    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None: ...
    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int: ...
    def room(self, now_ns: int) -> float: ...
    def levels(self) -> tuple[int, int, int, int]: ...

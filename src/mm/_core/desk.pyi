from typing_extensions import disjoint_base

from mm._core.events import Fill, Place
from mm._core.market import MarketCore
from mm._core.order import Order

@disjoint_base
class Desk:
    """due_ns: when it wants to be woken, 0 never; note: why the last look sent nothing, or what it sent."""

    due_ns: int
    note: str

    def __init__(self) -> None: ...
    def run(self, now_ns: int) -> None: ...
    def on_fill(self, event: Fill, order: Order, market: MarketCore) -> None: ...
    def places(self, strategy: str) -> bool: ...
    def on_placed(self, place: Place) -> None: ...

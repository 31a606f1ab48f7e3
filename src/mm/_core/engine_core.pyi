from collections import deque
from collections.abc import Callable
from typing import Any, Final

from typing_extensions import disjoint_base

from mm._core.decision import Decision
from mm._core.event import Event
from mm._core.limits import Limits, Refused
from mm._core.market import MarketCore
from mm._core.order import Order
from mm._core.orders import OrderStore
from mm._core.quotes import Quote

DECISIONS_MAX: Final[int]
QUOTABLE: Final[frozenset[str]]

@disjoint_base
class EngineCore:
    """State of a run and the two verbs on it."""

    is_stopping: bool
    is_paused: bool
    last_ns: int
    upkeep_due_ns: int
    def __init__(
        self,
        *,
        orders: OrderStore,
        limits: Limits,
        ids: Any,
        recorder: Any,
        handlers: dict[type, Callable[[Any], None]],
        book_age_ns_max: int,
        private_down_ns_max: int,
    ) -> None: ...
    @property
    def orders(self) -> OrderStore: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def recorder(self) -> Any: ...
    @property
    def ids(self) -> Any: ...
    @property
    def decisions(self) -> deque[Decision]: ...
    @property
    def venues(self) -> dict[str, Any]: ...
    @property
    def markets(self) -> dict[tuple[str, str], Any]: ...
    @property
    def cancel_asked_ns(self) -> dict[str, int]: ...
    @property
    def cancel_tries(self) -> dict[str, int]: ...
    def cancels_are_taken(self) -> None: ...
    def set_upkeep(self, upkeep: Any) -> None: ...
    def add_market(self, market: MarketCore) -> None: ...
    def apply(self, event: Event) -> int: ...
    def decide(self, now_ns: int) -> list[Any]: ...
    def next_deadline(self) -> int: ...
    def emit(self, command: Event) -> int: ...
    def gate(self, now_ns: int, market: MarketCore) -> str: ...
    def refusal(
        self,
        now_ns: int,
        market: MarketCore,
        order: Order | None,
        quote: Quote,
        reason: str,
        others_micro_usd: int,
    ) -> Refused | None: ...
    def others_micro_usd(self, market: MarketCore) -> int: ...
    def cancel(self, now_ns: int, order: Order, reason: str, acts: list[Any] | None = None) -> int: ...

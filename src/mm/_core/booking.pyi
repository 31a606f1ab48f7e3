from typing import Any

from typing_extensions import disjoint_base

from mm._core.events import Fill
from mm._core.orders import OrderStore

@disjoint_base
class BookingCore:
    """The part of an engine that a fill changes."""

    # Any: a subclass of `mm._core.accounts_core.AccountsCore`, and a function.
    accounts: Any
    is_stopping: bool
    hears_fills: bool
    started_ns: int
    fills: int
    unbooked: int
    silent: Any

    @property
    def orders(self) -> OrderStore: ...
    @property
    def venues(self) -> dict[str, Any]: ...
    def apply_fill(self, event: Fill) -> int: ...

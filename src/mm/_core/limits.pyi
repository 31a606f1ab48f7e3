from typing import Final, final

from mm._core.market import MarketCore
from mm._core.order import Order

MICRO_USD: Final[int]
APPROVED: Final[Approved]

def net_micro_usd(markets: list[MarketCore]) -> int: ...

@final
class Approved:
    """The order may go."""

@final
class Refused:
    """The order may not go; reason for people, gate for counters."""

    def __init__(self, gate: str, reason: str) -> None: ...
    @property
    def gate(self) -> str: ...
    @property
    def reason(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Limits:
    """The caps of a run."""

    def __init__(self, *, collar: float, total_micro_usd: int, orders_max: int) -> None: ...
    def retune(self, *, collar: float, total_micro_usd: int, orders_max: int) -> None: ...
    def check(
        self,
        market: MarketCore,
        side: int,
        price: int,
        size: int,
        *,
        post_only: bool,
        replaces: Order | None = None,
        orders_open: int,
        others_micro_usd: int,
    ) -> Approved | Refused: ...

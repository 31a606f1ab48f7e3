from typing import Any, Final

from typing_extensions import disjoint_base

from mm._core.booking import BookingCore
from mm._core.limits import Limits, Refused
from mm._core.market import MarketCore
from mm._core.order import Order
from mm._core.quotes import Quote, Quoting

QUOTABLE: Final[frozenset[str]]
ASTRAY_NS_MAX: Final[int]
ASTRAY: Final[str]

@disjoint_base
class GatesCore(BookingCore):
    """The part of the engine that says no."""

    is_paused: bool
    awaited: str
    @property
    def limits(self) -> Limits: ...
    @property
    def markets(self) -> dict[tuple[str, str], Any]: ...
    def wait_for(self, book_age_ns_max: int, private_down_ns_max: int) -> None: ...
    def gate(self, now_ns: int, market: MarketCore) -> str: ...
    def market_gate(self, now_ns: int, market: MarketCore) -> str: ...
    def is_astray(self, now_ns: int, market: MarketCore) -> bool: ...
    def venue_gate(self, now_ns: int, market: MarketCore) -> str: ...
    def curbed(self, market: MarketCore, quoting: Quoting) -> Quoting: ...
    def refusal(
        self,
        now_ns: int,
        market: MarketCore,
        order: Order | None,
        quote: Quote,
        reason: str,
        others_micro_usd: int,
    ) -> Refused | None: ...
    def look_around(self, now_ns: int, market: MarketCore) -> int: ...
    def others_micro_usd(self, market: MarketCore) -> int: ...

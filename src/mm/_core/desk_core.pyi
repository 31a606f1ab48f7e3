from typing import Any, Final

from typing_extensions import disjoint_base

from mm._core.desk import Desk
from mm._core.engine_core import EngineCore
from mm._core.hedge_ledger import HedgeLedger
from mm._core.hedge_policy import NativePolicy
from mm._core.market import MarketCore
from mm._core.orders import Order

AGAIN_NS: Final[int]
RETRY_NS_MAX: Final[int]
ELSEWHERE_NS_MAX: Final[int]
ALARM_TRIES: Final[int]

@disjoint_base
class HedgeDeskCore(Desk):
    """Hedges the fills of one market on another."""

    hedge: tuple[str, str]
    # Any: an engine and a policy are Python, which the core does not know.
    _engine: Any
    policy: Any
    _retry_ns: int
    _hold_ns: int
    _ended_ns: int
    _failures: int
    misses: int
    kept: int
    is_away: bool
    fault: str
    gated_ns: int

    def __init__(
        self,
        engine: EngineCore,
        name: str,
        title: str,
        primary: tuple[str, str],
        markets: tuple[tuple[str, str], ...],
        names: dict[tuple[str, str], str],
        debt_max: float,
        seed: int,
    ) -> None: ...
    def on_over(self, now_ns: int, order: Order, is_refused: bool, is_withdrawn: bool) -> None:
        """A hedge has ended: refused by the venue, or kept back before it left, or otherwise."""
    def pays(self, now_ns: int, market: MarketCore) -> bool:
        """Whether a market's account covers the least hedge of what is owed there."""
    def take_policy(self, policy: Any, planner: NativePolicy | None, remembers: bool, hears_paid: bool) -> None: ...
    def take_debt_max(self, debt_max: float) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def primary(self) -> tuple[str, str]: ...
    @property
    def markets(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def names(self) -> dict[tuple[str, str], str]: ...
    @property
    def ledger(self) -> HedgeLedger: ...
    @property
    def _debt_max(self) -> float: ...

from typing import Any, ClassVar, final

from typing_extensions import disjoint_base

from mm._core.order import Order

@final
class HedgeState:
    """The debt and the hedge market; valid during the call only."""

    now_ns: int
    debt: int
    worth: float
    oldest_ns: int
    committed: int
    # Any: an instrument of `mm.instruments`, which the core does not know.
    instrument: Any
    lot: int
    least: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    depth: int
    balance: int | None
    seed: int
    orders: list[Order]

    def __init__(
        self,
        *,
        now_ns: int,
        debt: int,
        worth: float,
        oldest_ns: int,
        committed: int,
        instrument: Any,
        lot: int,
        bid: int,
        ask: int,
        bid_size: int,
        ask_size: int,
        depth: int,
        balance: int | None,
        seed: int = 0,
        orders: list[Order] | None = None,
        least: int = 1,
    ) -> None: ...
    @property
    def side(self) -> int: ...
    @property
    def owed(self) -> int: ...
    @property
    def touch(self) -> int: ...
    def crossing_price(self, slippage_bps: float) -> int: ...

@final
class HedgeOrder:
    """One hedge order that should be sent. lots: of the hedge instrument; crossing: at once or not at all."""

    def __init__(self, side: int, lots: int, price: int, crossing: bool) -> None: ...
    @property
    def side(self) -> int: ...
    @property
    def lots(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def crossing(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class HedgePlan:
    """What to do now."""

    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __init__(
        self,
        order: HedgeOrder | None = None,
        cancel: tuple[Order, ...] = (),
        note: str = "",
        due_ns: int = 0,
    ) -> None: ...
    @property
    def order(self) -> HedgeOrder | None: ...
    @property
    def cancel(self) -> tuple[Order, ...]: ...
    @property
    def note(self) -> str: ...
    @property
    def due_ns(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...

@disjoint_base
class NativePolicy:
    """A policy's native part: `plan` of `mm.inventory.hedging.HedgePolicy`, without a call into Python."""

    def __init__(self, threshold: float, slippage_bps: float) -> None: ...
    @property
    def threshold(self) -> float: ...
    @property
    def slippage_bps(self) -> float: ...
    def plan(self, state: HedgeState) -> HedgePlan: ...

@final
class FollowPlanner(NativePolicy):
    """Hedges each debt at once, within a share of the depth and the balance."""

    def __init__(self, threshold: float, slippage_bps: float, depth_share: float) -> None: ...
    @property
    def depth_share(self) -> float: ...

@final
class ThresholdPlanner(NativePolicy):
    """Hedges at once from the threshold on, back to the edge of a band."""

    def __init__(self, threshold: float, slippage_bps: float, band: float) -> None: ...
    @property
    def band(self) -> float: ...

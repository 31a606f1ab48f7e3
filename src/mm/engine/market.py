"""One symbol of the engine: its book, its position, its strategy and what they know of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm._core._rust import Book
from mm._core.market import MarketCore
from mm._core.orders import Order
from mm._core.quoter import Quoter
from mm.engine.perpetual import Perpetual
from mm.instruments import AMOUNT_PRECISION, Instrument
from mm.strategies import Strategy

if TYPE_CHECKING:
    from mm.config import LimitSettings
    from mm.engine.venue import TradingLimits, VenueState


@dataclass(frozen=True, slots=True)
class _Knobs:
    """What the quoter and the limits read of a strategy's parameters; one of one's own need not have any of them."""

    interval_ns: int
    tolerance: float
    max_age_ns: int
    post_only: bool

    @classmethod
    def of(cls, strategy: Strategy | None) -> _Knobs:
        knobs = strategy.parameters if strategy is not None else None
        return cls(
            interval_ns=int(getattr(knobs, "refresh_interval_ms", 0)) * 1_000_000,
            tolerance=float(getattr(knobs, "refresh_tolerance_bps", 0)) / 10_000,
            max_age_ns=int(getattr(knobs, "max_order_age_s", 0) * 1_000_000_000),
            post_only=bool(getattr(knobs, "post_only", True)),
        )


def _due_of(strategy: Strategy | None) -> Callable[..., int] | None:
    """Its own `due_ns`; nobody is asked for one that is always never."""
    if strategy is None or type(strategy).due_ns is Strategy.due_ns:
        return None
    return strategy.due_ns


class Market(MarketCore):
    """State of one symbol during a run; see `MarketCore` for the part that a tick needs.

    resync_ns: when a fresh snapshot was last asked for; told: the symbol as the venue tells it; charged: rates in 1e-8
    that fills were charged, where they are higher, by liquidity ("m", "t").
    """

    instrument: Instrument
    strategy: Strategy | None
    venue: VenueState
    perpetual: Perpetual | None
    __slots__ = ("charged", "resync_ns", "told")

    def __init__(
        self, venue: VenueState, instrument: Instrument, strategy: Strategy | None, limits: TradingLimits | None
    ) -> None:
        knobs = _Knobs.of(strategy)
        quoter = Quoter(can_amend=venue.capabilities.amend)
        quoter.retune(knobs.interval_ns, knobs.tolerance, knobs.max_age_ns)
        super().__init__(
            venue,
            instrument,
            Book(venue.settings.book_depth, instrument.price_precision, instrument.size_precision),
            strategy,
            limits,
            quoter,
            post_only=knobs.post_only,
            due_of=_due_of(strategy),
        )
        self.resync_ns = 0
        self.told = instrument
        self.charged: dict[str, int] = {}
        self.perpetual = Perpetual() if instrument.is_contract else None
        self.leverage = venue.settings.leverage or 1

    def take_strategy_of(self, strategy: Strategy) -> None:
        """Let the strategy made anew quote here, by its own knobs; its orders keep their places."""
        knobs = _Knobs.of(strategy)
        self.quoter.retune(knobs.interval_ns, knobs.tolerance, knobs.max_age_ns)
        self.take_strategy(strategy, post_only=knobs.post_only, due_of=_due_of(strategy))

    def take_count(self, told: Instrument, recv_ns: int) -> Instrument:
        """Know what the venue counts in now; returns what we count in, for the whole run."""
        if self.perpetual is not None:
            self.perpetual.recounting.on_definition(self.instrument, told, recv_ns, is_frozen=self.is_frozen)
        return self.instrument

    @property
    def is_uncounted(self) -> bool:
        """Whether nobody knows what the venue's numbers are in ours: frozen, and not by what can be recounted."""
        return self.is_frozen and (self.perpetual is None or self.perpetual.recounting.theirs is None)

    def believe(self, limits: LimitSettings) -> None:
        """Take how far a book is to be believed."""
        self.jump_max = float(limits.jump_bps_max) / 10_000
        self.lag_ns_max = limits.book_lag_ms_max * 1_000_000
        self.side_age_ns_max = limits.book_side_age_ms_max * 1_000_000

    def marked(self) -> int:
        """The mark price of a contract in units, else the middle of the book; 0 unknown."""
        if self.perpetual is not None and self.perpetual.mark_e12:
            shift = AMOUNT_PRECISION - self.instrument.price_precision
            return max(1, int(self.perpetual.mark_e12 * 10 ** max(0, -shift) // 10 ** max(0, shift)))
        return self.middle2 // 2

    def venue_orders(self) -> list[Order]:
        """Own open orders of this symbol as of the last look at it."""
        return [order for order in self.orders if order.is_open]

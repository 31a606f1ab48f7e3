"""What a hedging policy is: a pure function from the debt and the hedge market to the hedge orders that should be sent.

A policy reads `HedgeState` and answers with `HedgePlan`. It keeps no clock, draws no chance of its own and sends
nothing: the hedger calls it when something changed, cuts its wish to what is owed and to what the limits allow, and
retries what was refused. What a policy must remember between calls it learns in `on_sent`, which a replay repeats.

To add one, write one file with one subclass (here, or anywhere: `policy = "package.module:Class"`), give it a frozen
dataclass `Parameters` made of `mm.config` rules, and implement `plan`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from mm._core.events import BUY, SELL
from mm._core.orders import Order
from mm.config import rule
from mm.instruments import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeParameters:
    """What every policy takes.

    threshold: in dollars of open debt from which it hedges; slippage_bps: how far behind the best price of the hedge
    market a crossing order may go.
    """

    threshold: Decimal = rule.number("usd", default=1000, least=0, most=1_000_000_000)
    slippage_bps: Decimal = rule.number("bps", default=5, least=0, most=500)


@dataclass(slots=True)
class HedgeState:
    """The debt and the hedge market; valid during the call only.

    debt: what we hold too much (positive) or too little, in lots of the hedge instrument, rounded towards zero; worth:
    its value in dollars; oldest_ns: when the oldest part of it was made; committed: lots that open hedge orders may
    still fill; orders: those orders; instrument, lot: of the hedge market, and its lot in size units; bid, ask,
    bid_size, ask_size: its best prices; depth: lots that can be had on the hedge's side without going further than the
    slippage, by price from the best on; balance: lots that the account can pay for, None unlimited; seed: of the run.
    """

    now_ns: int
    debt: int
    worth: float
    oldest_ns: int
    committed: int
    instrument: Instrument
    lot: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    depth: int
    balance: int | None
    seed: int = 0
    orders: list[Order] = field(default_factory=list)

    @property
    def side(self) -> int:
        """The hedge's side: what we hold too much is sold."""
        return SELL if self.debt > 0 else BUY

    @property
    def owed(self) -> int:
        """Lots that no hedge order is out for."""
        return max(0, abs(self.debt) - self.committed)

    @property
    def touch(self) -> int:
        """The best price that a crossing hedge meets."""
        return self.ask if self.side == BUY else self.bid

    def crossing_price(self, slippage_bps: float) -> int:
        """The worst price that a crossing order may take, on the tick, never on the other side of the touch."""
        instrument = self.instrument
        if self.side == BUY:
            return max(self.ask, instrument.price_down(self.ask * (1 + slippage_bps / 10_000)))
        return min(self.bid, instrument.price_up(self.bid * (1 - slippage_bps / 10_000)))


@dataclass(frozen=True, slots=True)
class HedgeOrder:
    """One hedge order that should be sent. lots: of the hedge instrument; crossing: at once or not at all."""

    side: int
    lots: int
    price: int
    crossing: bool


@dataclass(frozen=True, slots=True)
class HedgePlan:
    """What to do now.

    order: to send, None for none; cancel: resting hedge orders to take back; note: why, in words; due_ns: when to ask
    again although nothing happens, 0 never.
    """

    order: HedgeOrder | None = None
    cancel: tuple[Order, ...] = ()
    note: str = ""
    due_ns: int = 0


class HedgePolicy(ABC):
    """A way to hedge the debts of one asset on one market."""

    Parameters: ClassVar[type] = HedgeParameters
    """A frozen dataclass made of `mm.config` rules: the policy's keys in the configuration."""

    def __init__(self, name: str, parameters: Any) -> None:  # Any: an instance of the subclass's own Parameters
        self.name = name
        self.parameters = parameters
        self.threshold = float(parameters.threshold)
        self.slippage_bps = float(parameters.slippage_bps)

    @abstractmethod
    def plan(self, state: HedgeState) -> HedgePlan:
        """Return what to do now. Pure but for what `on_sent` taught: the same state gives the same answer."""

    def on_sent(self, now_ns: int, order: HedgeOrder, debt: int) -> None:  # noqa: B027 - most policies remember nothing
        """Learn that an order was sent for a debt of so many lots."""

    def on_paid(self) -> None:  # noqa: B027 - most policies remember nothing
        """Learn that nothing is owed any more."""

    def facts(self) -> tuple[Any, ...]:
        """What a replay must agree on."""
        return ()

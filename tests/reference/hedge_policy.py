"""The slow twin of `mm._core.hedge_policy`: dataclasses, and the policies that hedge at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from mm._core.events import BUY, SELL
from mm._core.orders import Order
from mm.instruments import Instrument


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


class Follow:
    """`cross_exchange`."""

    def __init__(self, threshold: float, slippage_bps: float, depth_share: float) -> None:
        self.threshold, self.slippage_bps, self.depth_share = threshold, slippage_bps, depth_share

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order, cut to depth and balance."""
        if not state.owed or state.worth < self.threshold:
            return HedgePlan(note="nothing owed")
        lots = min(state.owed, int(state.depth * self.depth_share))
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots <= 0:
            return HedgePlan(note="the hedge market has not enough depth, or the account not enough balance")
        return HedgePlan(HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True), note="follows")


class Threshold:
    """`immediate`."""

    def __init__(self, threshold: float, slippage_bps: float, band: float) -> None:
        self.threshold, self.slippage_bps, self.band = threshold, slippage_bps, band

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order for what is above the band."""
        if state.worth < self.threshold or not state.debt:
            return HedgePlan(note="under the threshold")
        lots = state.owed
        band = self.band
        if band and state.worth > 0:
            lots -= int(abs(state.debt) * min(1.0, band / state.worth))
        lots = min(lots, state.depth)
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots <= 0:
            return HedgePlan(note="hedge orders are out" if state.committed else "nothing to be had in the slippage")
        return HedgePlan(HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True), note="at once")

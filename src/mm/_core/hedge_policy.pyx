# cython: nonecheck=True
"""What a hedging policy reads and answers, and the two policies that hedge at once.

Policies are Python (`mm.inventory.hedging.policy`); the desk calls the native part of those that have one.
"""

from cython cimport final, freelist
from libc.math cimport ceil, floor
from libc.stdint cimport int64_t

# Whole numbers that a double holds exactly.
cdef double EXACT = 9007199254740992.0
# With room to the end of 64 bits.
cdef double LARGEST = 9e18
cdef int64_t DEPTH_MAX = 2**62


@final
@freelist(8)
cdef class HedgeState:
    """The debt and the hedge market; valid during the call only.

    debt: what we hold too much (positive) or too little, in lots of the hedge instrument, rounded towards zero; worth:
    its value in dollars; oldest_ns: when the oldest part of it was made; committed: lots that open hedge orders may
    still fill; orders: those orders; instrument, lot: of the hedge market, and its lot in size units; least: lots that
    one order must have for the venue to take it; bid, ask, bid_size, ask_size: its best prices; depth: lots that can be
    had on the hedge's side without going further than the slippage, by price from the best on; balance: lots that the
    account can pay for, None unlimited; seed: of the run.
    """

    def __init__(
        self, *, int64_t now_ns, int64_t debt, double worth, int64_t oldest_ns, int64_t committed, instrument,
        int64_t lot, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size, int64_t depth, balance, seed=0,
        list orders=None, int64_t least=1,
    ):
        self.now_ns = now_ns
        self.debt = debt
        self.worth = worth
        self.oldest_ns = oldest_ns
        self.committed = committed
        self.instrument = instrument
        self.lot = lot
        self.least = least
        self.bid = bid
        self.ask = ask
        self.bid_size = bid_size
        self.ask_size = ask_size
        self.depth = depth
        self.balance = balance
        self.seed = seed
        self.orders = [] if orders is None else orders

    @property
    def side(self):
        """The hedge's side: what we hold too much is sold."""
        return -1 if self.debt > 0 else 1

    @property
    def owed(self):
        """Lots that no hedge order is out for."""
        return self.owed_lots()

    @property
    def touch(self):
        """The best price that a crossing hedge meets."""
        return self.bid if self.debt > 0 else self.ask

    cdef int64_t owed_lots(self) noexcept:
        cdef int64_t debt = self.debt if self.debt >= 0 else -self.debt
        return debt - self.committed if debt > self.committed else 0

    cpdef int64_t crossing_price(self, double slippage_bps) except? -1:
        """The worst price that a crossing order may take, on the tick, never on the other side of the touch."""
        cdef int64_t tick = self._tick
        cdef double at
        if tick == 0:
            tick = self.instrument.tick
        if self.debt > 0:
            at = ceil(<double>self.bid * (1 - slippage_bps / 10_000) / <double>tick)
            if at < EXACT and at * <double>tick < LARGEST:
                return min(self.bid, <int64_t>at * tick)
            return min(self.bid, self.instrument.price_up(self.bid * (1 - slippage_bps / 10_000)))
        at = floor(<double>self.ask * (1 + slippage_bps / 10_000) / <double>tick)
        if at < EXACT and at * <double>tick < LARGEST:
            return max(self.ask, <int64_t>at * tick)
        return max(self.ask, self.instrument.price_down(self.ask * (1 + slippage_bps / 10_000)))


@final
@freelist(16)
cdef class HedgeOrder:
    """One hedge order that should be sent. lots: of the hedge instrument; crossing: at once or not at all."""

    def __init__(self, int side, int64_t lots, int64_t price, bint crossing):
        self.side = side
        self.lots = lots
        self.price = price
        self.crossing = crossing

    def __eq__(self, other):
        if type(other) is not HedgeOrder:
            return NotImplemented
        cdef HedgeOrder that = <HedgeOrder>other
        return (self.side, self.lots, self.price, self.crossing) == (that.side, that.lots, that.price, that.crossing)

    def __hash__(self):
        return hash((self.side, self.lots, self.price, self.crossing))

    def __repr__(self):
        return f"HedgeOrder({self.side}, {self.lots}, {self.price}, crossing={self.crossing})"


@final
@freelist(16)
cdef class HedgePlan:
    """What to do now.

    order: to send, None for none; cancel: resting hedge orders to take back; note: why, in words; due_ns: when to ask
    again although nothing happens, 0 never.
    """

    def __init__(self, HedgeOrder order=None, tuple cancel not None=(), str note not None="", int64_t due_ns=0):
        self.order = order
        self.cancel = cancel
        self.note = note
        self.due_ns = due_ns

    def __eq__(self, other):
        if type(other) is not HedgePlan:
            return NotImplemented
        cdef HedgePlan that = <HedgePlan>other
        return (self.order, self.cancel, self.note, self.due_ns) == (that.order, that.cancel, that.note, that.due_ns)

    __hash__ = None

    def __repr__(self):
        return f"HedgePlan({self.order!r}, cancel={self.cancel!r}, note={self.note!r}, due_ns={self.due_ns})"


cdef HedgePlan noted(str note):
    cdef HedgePlan plan = HedgePlan.__new__(HedgePlan)
    plan.cancel = ()
    plan.note = note
    return plan


cdef HedgePlan crossing(HedgeState state, int64_t lots, double slippage_bps, str note):
    cdef HedgeOrder order = HedgeOrder.__new__(HedgeOrder)
    cdef HedgePlan plan = noted(note)
    order.side = -1 if state.debt > 0 else 1
    order.lots = lots
    order.price = state.crossing_price(slippage_bps)
    order.crossing = True
    plan.order = order
    return plan


cdef class NativePolicy:
    """A policy's native part: `plan` of `mm.inventory.hedging.HedgePolicy`, without a call into Python."""

    def __init__(self, double threshold, double slippage_bps):
        self.threshold = threshold
        self.slippage_bps = slippage_bps

    cpdef HedgePlan plan(self, HedgeState state):
        """Return what to do now."""
        raise NotImplementedError

    cdef bint is_enough(self, HedgeState state, int64_t lots) noexcept:
        """Whether so much depth leaves the plan as any more would: then the book need not be asked for the rest."""
        return False


@final
cdef class FollowPlanner(NativePolicy):
    """Hedges each debt at once, within a share of the depth and the balance."""

    def __init__(self, double threshold, double slippage_bps, double depth_share):
        NativePolicy.__init__(self, threshold, slippage_bps)
        self.depth_share = depth_share

    cdef bint is_enough(self, HedgeState state, int64_t lots) noexcept:
        return <int64_t>(<double>min(lots, DEPTH_MAX) * self.depth_share) >= state.owed_lots()

    cpdef HedgePlan plan(self, HedgeState state):
        """Return one crossing order, cut to depth and balance."""
        cdef int64_t owed = state.owed_lots()
        cdef int64_t lots
        if not owed or state.worth < self.threshold:
            return noted("nothing owed")
        lots = min(owed, <int64_t>(<double>min(state.depth, DEPTH_MAX) * self.depth_share))
        if state.balance is not None:
            lots = min(<object>lots, state.balance)
        if lots <= 0:
            return noted("the hedge market has not enough depth, or the account not enough balance")
        return crossing(state, lots, self.slippage_bps, "follows")


@final
cdef class ThresholdPlanner(NativePolicy):
    """Hedges at once from the threshold on, back to the edge of a band."""

    def __init__(self, double threshold, double slippage_bps, double band):
        NativePolicy.__init__(self, threshold, slippage_bps)
        self.band = band

    cdef bint is_enough(self, HedgeState state, int64_t lots) noexcept:
        return lots >= state.owed_lots()

    cpdef HedgePlan plan(self, HedgeState state):
        """Return one crossing order for what is above the band."""
        cdef int64_t lots
        cdef double left
        if state.worth < self.threshold or not state.debt:
            return noted("under the threshold")
        lots = state.owed_lots()
        if self.band and state.worth > 0:
            left = min(1.0, self.band / state.worth)
            lots -= <int64_t>(<double>(state.debt if state.debt >= 0 else -state.debt) * left)
        lots = min(lots, state.depth)
        if state.balance is not None:
            lots = min(<object>lots, state.balance)
        if lots <= 0:
            return noted("hedge orders are out" if state.committed else "nothing to be had in the slippage")
        return crossing(state, lots, self.slippage_bps, "at once")

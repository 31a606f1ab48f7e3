# cython: nonecheck=True
"""Booking a fill: what the engine does with each of them, before anybody decides anything."""

from libc.stdint cimport int64_t

from mm._core.desk cimport Desk
from mm._core.market cimport MarketCore, VenueCore
from mm._core.order cimport UNKNOWN, Order
from mm._core.order_events cimport Fill
from mm._core.orders cimport OrderStore
from mm._core.profit cimport ProfitSplit

# A fill that is told later than this was not told when it happened: the stream is some milliseconds behind.
cdef int64_t LATE_NS = 5_000_000_000
cdef str HEDGE = "hedge"
cdef str FLATTEN = "flatten"
cdef str ADOPTED = "adopted"


cdef class BookingCore:
    """The part of an engine that a fill changes.

    orders, venues: of the run; accounts: the profit over all venues; fills, unbooked: how many were booked, and how
    many were of orders that are not ours (they change the account, not our position); silent: `on_fill` of a strategy
    that does not want to hear of fills; hears_fills: somebody subscribed to them.
    """

    cpdef int apply_fill(self, Fill event) except -1:
        """Book a fill: order, position, profit, debts; a fill that was booked before changes nothing but its order."""
        cdef OrderStore orders = self.orders
        cdef Order order = orders.get(event.client_id)
        cdef MarketCore market
        cdef ProfitSplit profit
        cdef bint is_quote
        if order is None:
            order = orders.by_venue_id(event.venue, event.venue_id)
        if order is not None and order.purpose == ADOPTED and event.venue_ns < self.started_ns:
            # Of an order taken over, before this start: settled elsewhere.
            return 0
        order = orders.apply(event)
        if order is None:
            self.unbooked += 1
            self._unbooked(event)
            return 0
        market = (<VenueCore?>self.venues[order.venue]).markets.get(order.symbol)
        if orders.last_booked:
            self.fills += 1
            if event.recv_ns - event.venue_ns > LATE_NS:
                self._late(event)
            if market is not None:
                is_quote = order.purpose != HEDGE and order.purpose != FLATTEN
                middle2 = market.middle2
                market.position.apply_fill(event.side, event.price, event.size, event.fee, event.fee_asset)
                profit = <ProfitSplit?>market.profit
                profit.on_fill(event.side, event.price, event.size, middle2)
                self.accounts.on_fill(
                    (order.venue, order.symbol), event.side, event.price, event.size, middle2, event.fee,
                    event.fee_asset, not is_quote,
                )
                if order.purpose == HEDGE:
                    market.hedge_fills += 1
                    market.hedge_cost += market.instrument.money(<object>event.price * event.size)
                if event.side > 0:
                    market.state.buy_fill_ns = event.recv_ns
                else:
                    market.state.sell_fill_ns = event.recv_ns
                for sibling in market.siblings:
                    # What all venues hold together is another now.
                    (<MarketCore>sibling).changed = True
                for desk in self._desks:
                    if isinstance(desk, Desk):
                        (<Desk>desk).on_fill(event, order, market)
                if market.perpetual is not None:
                    self.perpetuals.on_own_fill(market, event)
                if market.strategy is not None and order.purpose != HEDGE:
                    if order.strategy == market.strategy_name:
                        market.own_quantity += event.side * event.size
                    hook = market.strategy.on_fill
                    if self.silent is None or getattr(type(market.strategy), "on_fill", None) is not self.silent:
                        self.roster.tell(market, hook, event)
            if self.hears_fills:
                self.hearing.on_fill(event)
        if (
            market is not None and order.is_open and order._state != UNKNOWN and not self.is_stopping
            and not (<VenueCore?>self.venues[order.venue]).doubtful
        ):
            market.changed = True
            return 0
        self._after(event, order)
        return 0

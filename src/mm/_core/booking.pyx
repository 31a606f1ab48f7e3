# cython: nonecheck=True
"""Booking a fill: what the engine does with each of them, before anybody decides anything."""

from libc.math cimport fabs
from libc.stdint cimport int64_t

from mm._core.accounts_core cimport AccountsCore
from mm._core.desk cimport Desk
from mm._core.int128 cimport as_int, mm_fits_int64, mm_int128
from mm._core.market cimport MarketCore, VenueCore
from mm._core.order cimport UNKNOWN, Order
from mm._core.order_events cimport Fill
from mm._core.orders cimport OrderStore
from mm._core.profit cimport ProfitSplit
from mm._core.words cimport same

# A fill that is told later than this was not told when it happened: the stream is some milliseconds behind.
cdef int64_t LATE_NS = 5_000_000_000
# How many fills are kept for the names that they have: twice what a minute of the quickest venue brings. The next start
# reads no history from before them, see `Engine.history_since_ns`.
cdef Py_ssize_t NAMED_MAX = 2000
cdef str HEDGE = "hedge"
cdef str FLATTEN = "flatten"
cdef str ADOPTED = "adopted"
cdef str MAKER = "m"
# What is charged beyond the rate is taken for a rounding up to here, a hundredth: the fee of a smallest order is about
# a cent, and venues tell it to a ten thousandth of a dollar.
cdef double ROUNDING = 0.01


cdef bint is_dear(MarketCore market, Fill event) except -1:
    """Whether a fill was charged more than its market's rate, by more than a rounding of it; or in an asset that says
    nothing of the rate."""
    cdef double due
    cdef double rate = market.maker_rate if same(event.liquidity, MAKER) else market.taker_rate
    if same(event.fee_asset, market.settle if market.is_margin else market.quote):
        due = <double>event.price * <double>event.size / market.cost_scale * rate
    elif same(event.fee_asset, market.base) and not market.is_margin:
        due = <double>event.size / market.size_scale * rate
    else:
        return True
    return <double>event.fee / 1e12 > due + fabs(due) * ROUNDING


cdef int forget_names(VenueCore venue) except -1:
    """Keep the names of the fills that were booked first no longer."""
    cdef list named = venue.named_fills
    for fill in named[:NAMED_MAX]:
        venue.unnamed_ns = max(venue.unnamed_ns, (<Fill?>fill).venue_ns)
    del named[:NAMED_MAX]
    return 0


cdef class BookingCore:
    """The part of an engine that a fill changes.

    orders, venues: of the run; accounts: the profit over all venues; fills, unbooked: how many were booked, and how
    many were of orders that are not ours (they change the account, not our position); silent: `on_fill` of a strategy
    that does not want to hear of fills; hears_fills: somebody subscribed to them.

    What a fill does to the profit is worked out once its hedge is out, and before anything else happens or is asked.
    """

    @property
    def accounts(self):
        """The profit over all venues, with every fill in it."""
        self.settle_accounts()
        return self._accounts

    @accounts.setter
    def accounts(self, AccountsCore accounts not None):
        self._accounts = accounts

    cdef MarketCore market_at(self, str venue, str symbol):
        """The market of a symbol, None for one that is not there. Markets are for good, and mostly one is asked for
        many times in a row."""
        cdef MarketCore market = self._last_market
        cdef VenueCore at
        if market is not None and same(market.symbol, symbol) and same(market.venue.name, venue):
            return market
        market = self._other_market
        if market is None or not (same(market.symbol, symbol) and same(market.venue.name, venue)):
            at = self.venues.get(venue)
            market = at.markets.get(symbol) if at is not None else None
            if market is None:
                return None
        self._other_market = self._last_market
        self._last_market = market
        return market

    cdef int price_fill(self, Fill event) except -1:
        """Write on a fill where its market stands, before it is recorded."""
        cdef MarketCore market = self.market_at(event.venue, event.symbol)
        cdef mm_int128 middle2
        if market is not None:
            middle2 = market.middle()
            if mm_fits_int64(middle2):
                event.middle2 = <int64_t>middle2
        return 0

    cdef int settle_accounts(self) except -1:
        """Work out what the last fill did to the profit, unless that is done."""
        cdef Fill event = self._owed
        cdef Order order = self._owed_order
        if event is None:
            return 0
        self._owed = None
        self._owed_order = None
        self._accounts.on_fill(
            (order.venue, order.symbol), event.side, event.price, event.size, as_int(self._owed_middle2), event.fee,
            event.fee_asset, same(order.purpose, HEDGE) or same(order.purpose, FLATTEN),
        )
        return 0

    cpdef int apply_fill(self, Fill event) except -1:
        """Book a fill: order, position, profit, debts; a fill that was booked before changes nothing but its order."""
        cdef OrderStore orders = self.orders
        cdef Order order = orders.get(event.client_id)
        cdef MarketCore market
        cdef VenueCore venue
        cdef ProfitSplit profit
        cdef mm_int128 middle2
        self.settle_accounts()
        if order is None:
            order = orders.by_venue_id(event.venue, event.venue_id)
        if order is not None and same(order.purpose, ADOPTED) and event.venue_ns < self.started_ns:
            # Of an order taken over, before this start: settled elsewhere.
            return 0
        order = orders.apply(event)
        if order is None:
            self.unbooked += 1
            self._unbooked(event)
            return 0
        market = self.market_at(order.venue, order.symbol)
        venue = market.venue if market is not None else <VenueCore?>self.venues[order.venue]
        if orders.last_booked:
            self.fills += 1
            if event.venue_ns > venue.fill_ns:
                venue.fill_ns = event.venue_ns
            if venue.private_up:
                # All before it is booked: nothing is missed while the stream is up.
                venue.history_ns = venue.fill_ns
            if venue.named_fills is not None:
                venue.named_fills.append(event)
                if len(venue.named_fills) >= 2 * NAMED_MAX:
                    forget_names(venue)
            if event.recv_ns - event.venue_ns > LATE_NS:
                self._late(event)
            if market is not None:
                middle2 = event.middle2 if event.middle2 else market.middle()
                market.position.take(event.side, event.price, event.size, event.fee, event.fee_asset)
                if market.surcharged or (event.fee and is_dear(market, event)):
                    self.terms.on_charged(market, event)
                profit = market.profit
                if mm_fits_int64(middle2):
                    profit.take(event.side, event.price, event.size, <int64_t>middle2)
                else:
                    profit.on_fill(event.side, event.price, event.size, as_int(middle2))
                self._owed = event
                self._owed_order = order
                self._owed_middle2 = middle2
                if same(order.purpose, HEDGE):
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
                if market.is_margin and market.perpetual is not None:
                    self.perpetuals.on_own_fill(market, event)
                if market.strategy is not None and not same(order.purpose, HEDGE):
                    if same(order.strategy, market.strategy_name):
                        market.own_quantity += event.side * event.size
                    if type(market.strategy) is not self._silent_kind:
                        self._tell(market, event)
            if self.hears_fills:
                self.hearing.on_fill(event)
        if (
            market is not None and order.is_open and order._state != UNKNOWN and not self.is_stopping
            and not venue.doubtful
        ):
            market.changed = True
            return 0
        self._after(event, order)
        return 0

    cdef int _tell(self, MarketCore market, Fill event) except -1:
        """Tell a strategy of its fill, unless its kind does not want to hear of any."""
        kind = type(market.strategy)
        if self.silent is not None and getattr(kind, "on_fill", None) is self.silent:
            self._silent_kind = kind
        else:
            self.roster.tell(market, market.strategy.on_fill, event)
        return 0

"""Own orders: their states, their indexes, and the fills that are booked once.

The state machine is the table of `order_states.py`; this module keeps the facts that its words refer to, and walks it.
Whatever the venue says is taken in any order and any number of times: an execution is booked once by its id, the
cumulative quantity never falls, a terminal state never ends, and an answer settles only the request that it answers.
What may still fill never counts for less than the worst case: the larger size while a change is in flight or in doubt,
the whole rest while anything is unknown, and what the venue has told as filled until its executions are here. What
it says about orders that are not here is kept for a while, in case they are adopted.
"""

from hashlib import blake2b

from cython cimport final

from mm._core.commands cimport Amend, Cancel, Place
from mm._core.int128 cimport as_int, mm_add_int64, mm_add_int128, mm_int128
from mm._core.order cimport (
    ABSENT, ACCEPT, CANCEL, CONFIRM, CREATED, DENY, DOUBT_PLACE, EVENTS, EXPIRE, FILL, FILL_ALL, LIVE, ODD, OF_ALL,
    OF_STRATEGY, OF_SYMBOL, PEND, REFUSE, REJECT, REPLACED, REQUEST_CANCEL, REQUEST_REPLACE, SAME, STANDS, STATES,
    SUBMIT, OpenOrders, Order, OrderList, order_of, order_of_report, twin_of,
)
from mm._core.order_events cimport (
    AmendRejected, CancelRejected, Fill, OrderAbsent, OrderAccepted, OrderAmended, OrderCanceled, OrderDenied,
    OrderExpired, OrderNews, OrderPending, OrderRejected, OrderReport, OutcomeUnknown,
)
from mm._core.words cimport same

from mm._core.order_states import TERMINAL, TRANSITIONS, OrderEvent, OrderState, Transition
from mm.errors import LocalError

__all__ = ["TERMINAL", "TRANSITIONS", "OpenOrders", "Order", "OrderEvent", "OrderState", "OrderStore", "Transition"]

# What is cimported is not yet a name of the module for Python.
globals().update(OpenOrders=OpenOrders, Order=Order)

cdef int[240] TABLE
cdef bint[12] IS_TERMINAL
# How many orders the venue's words about unknown ids are kept for: enough for an account traded by hand.
cdef int QUARANTINE_MAX = 1000, QUARANTINE_EVENTS_MAX = 100
# How many fills of unknown orders are kept over a restart.
cdef int ASIDE_MAX = 500
# How many closed orders one step looks at before it lets their memory grow for the sake of fills that are missing.
cdef int LOOKS_MAX = 8

cdef int compile_table() except -1:
    """The literal table as an array; what is missing or misspelt there is an error at import."""
    special = {"LIVE": LIVE, "STANDS": STANDS, "SAME": SAME, "ODD": ODD, "REFUSE": REFUSE}
    if len(OrderState) != STATES or len(OrderEvent) != EVENTS:
        raise ValueError("orders.pyx and order_states.py disagree about states and events")
    for state in OrderState:
        IS_TERMINAL[<int>int(state)] = state in TERMINAL
        for event in OrderEvent:
            target = TRANSITIONS[state, event].target
            code = special[target] if target in special else int(OrderState[target])
            TABLE[<int>int(state) * EVENTS + <int>int(event)] = code
    return 0

compile_table()


@final
cdef class OrderStore:
    """Every own order of a run.

    closed_max: how many orders that are over are remembered (the newest; one whose fills are missing is kept longer);
    executions_max: how many execution ids of a symbol are remembered, the newest (those of an order that is remembered
    are kept longer: none of its fills is booked twice; for the others see `has_forgotten`). total: orders ever;
    contradictions: times the venue said what cannot be true; dropped: events about unknown orders that were not kept;
    last_booked: whether the last fill applied was booked (False: it was known, or is not ours).
    """

    def __init__(self, int64_t closed_max=10_000, int64_t executions_max=200_000):
        if closed_max < 0 or executions_max < 1:
            raise ValueError(f"closed_max {closed_max}, executions_max {executions_max}: too small")
        self.closed_max = closed_max
        self.executions_max = executions_max
        self._orders = {}
        self._by_venue_id = {}
        self._groups = {}
        self._open = OrderList(OF_ALL, self._orders)
        self._strategies = {}
        self._quarantine = {}
        # What is over needs no place among the open orders, so its place there serves here.
        self._closed = OrderList(OF_ALL, self._orders)
        self._ended = Recent(max(1, 10 * closed_max))

    def __len__(self):
        return len(self._orders)

    # --- our own requests -------------------------------------------------------------------------------------------

    cpdef Order place(self, Place command):
        """Take an order that is about to leave. Raises LocalError for a client id that was used."""
        if command is None:
            raise TypeError("command: None is no order")
        cdef Order order = self._make(command)
        self._move(order, SUBMIT)
        return order

    def deny(self, Place command not None, str reason not None):
        """Take an order that was never sent, for the count and the record."""
        cdef Order order = self._make(command)
        order.reason = reason
        self._move(order, DENY)
        return order

    cpdef Order amend(self, Amend command):
        """Take a change that is about to leave. Raises LocalError where the table refuses it, or for an unknown id."""
        if command is None:
            raise TypeError("command: None is no change")
        cdef Order order = self._known(command.client_id)
        if command.price <= 0 or command.size <= 0:
            raise LocalError(f"order {command.client_id}: amend to price {command.price}, size {command.size}")
        self._move(order, REQUEST_REPLACE)
        order.pending_price = command.price
        order.pending_size = command.size
        order.updated_ns = command.recv_ns
        self._recount(order)
        return order

    cpdef Order cancel(self, Cancel command):
        """Take a cancel that is about to leave. Raises LocalError where the table refuses it, or for an unknown id."""
        if command is None:
            raise TypeError("command: None is no cancel")
        cdef Order order = self._known(command.client_id)
        self._move(order, REQUEST_CANCEL)
        order.cancel_asked = True
        order.updated_ns = command.recv_ns
        return order

    def adopt(self, OrderReport report not None, str strategy not None, str purpose not None="adopted"):
        """Take over an own order that the venue has and we do not, and apply what was said about it before.

        Fills stay aside until `take_fills`, since whoever keeps the position must book them too; until then they count
        as missing. Raises LocalError for an order that is known or has no client id, and for a side or size that
        cannot be.
        """
        if not report.client_id or self._find(report.venue, report.client_id, report.venue_id) is not None:
            raise LocalError(f"order {report.client_id!r} cannot be adopted: it is known, or has no client id")
        if (report.side != 1 and report.side != -1) or report.size <= 0:
            raise LocalError(f"order {report.client_id}: adopted with side {report.side}, size {report.size}")
        cdef Order order = order_of_report(report, strategy, purpose)
        self._add(order)
        self._move(order, SUBMIT)
        if report.venue_id:
            self._named(order, report.venue_id)
        for key in (report.venue, "", report.client_id), (report.venue, report.venue_id, ""):
            events = self._quarantine.pop(key, [])
            fills = [event for event in events if type(event) is Fill]
            if fills:
                self._quarantine[key] = fills
            for event in events:
                if type(event) is not Fill:
                    self.apply(event)
        self.apply(report)
        return order

    def take_fills(self, Order order not None):
        """Return the fills that came before the order was adopted, once; apply them like any others."""
        keys = (order.venue, "", order.client_id), (order.venue, order.venue_id, "")
        return [fill for key in keys for fill in self._quarantine.pop(key, ())]

    def settle_elsewhere(self, Order order not None, int64_t size):
        """Count so much of an adopted order as booked by whoever had it before: its executions will not come."""
        if size > 0:
            order.booked += min(size, order.cum_size - order.booked)
            self._recount(order)

    # --- the venue's words ------------------------------------------------------------------------------------------

    cpdef Order apply(self, object event):
        """Take any order event; returns its order, or None when it is not ours (the event is then quarantined)."""
        if not isinstance(event, OrderNews):
            raise LocalError(f"{type(event).__name__} is not an order event")
        kind = type(event)
        if kind is Fill:
            return self._fill(<Fill>event)
        cdef OrderNews news = <OrderNews>event
        cdef Order order = self._find(news.venue, news.client_id, news.venue_id)
        if order is None:
            self._put_aside(news)
            return None
        self._named(order, news.venue_id)
        if kind is OrderAccepted:
            # Said twice, it tells nothing of what was asked since.
            order.accept(news.recv_ns)
            self._move(order, ACCEPT)
        elif kind is OrderPending:
            order.doubts &= ~DOUBT_PLACE
            self._move(order, PEND)
        elif kind is OrderReport:
            self._report(order, <OrderReport>event)
        elif kind is OrderAmended:
            order.amend_told(<OrderAmended>event)
            self._move(order, REPLACED)
        elif kind is OrderCanceled:
            self._ended_by(order, CANCEL, (<OrderCanceled>event).cum_size, (<OrderCanceled>event).reason)
        elif kind is OrderExpired:
            self._ended_by(order, EXPIRE, (<OrderExpired>event).cum_size, (<OrderExpired>event).reason)
        elif kind is OrderAbsent:
            self._ended_by(order, ABSENT, -1, (<OrderAbsent>event).evidence)
        elif kind is OrderRejected:
            self._refused(order, REJECT, (<OrderRejected>event).reason)
        elif kind is OrderDenied:
            self._refused(order, DENY, (<OrderDenied>event).reason)
        elif kind is AmendRejected:
            self._move(order, order.amend_refused(<AmendRejected>event))
        elif kind is CancelRejected:
            self._move(order, order.cancel_refused(<CancelRejected>event))
        elif kind is OutcomeUnknown:
            self._move(order, order.lose(<OutcomeUnknown>event))
        else:
            raise LocalError(f"{kind.__name__} is not an order event")
        self._settle(order, news.recv_ns)
        return order

    cdef Order _fill(self, Fill event):
        self.last_booked = False
        if event.size <= 0 or event.price <= 0:
            raise LocalError(f"fill {event.execution_id}: price {event.price} and size {event.size} must be positive")
        cdef Order order = self._find(event.venue, event.client_id, event.venue_id)
        cdef long long booked = 0
        cdef mm_int128 cost = 0
        order = order or twin_of(self._orders.get(event.client_id), event)
        if order is None:
            self._put_aside(event)
            return None
        self._named(order, event.venue_id)
        cdef Recent executions = self._executions_of(order, event.symbol)
        cdef str name = executions.name_for(event.execution_id, order.client_id)
        if (
            mm_add_int64(order.booked, event.size, &booked)
            or mm_add_int128(order._cost, <mm_int128>event.price * event.size, &cost)
        ) and name not in executions:
            raise OverflowError(f"order {order.client_id}: the sums of its fills pass their range")
        if executions.add(name, order.client_id, self._orders):
            self.last_booked = True
            order.booked = booked
            order._cost = cost
            is_odd = event.side != order.side or not same(event.symbol, order.symbol) or name is not event.execution_id
            if is_odd or booked > order.size:
                self.contradictions += 1
        order.accept(event.recv_ns)
        order.tell(max(event.cum_size, order.booked))
        if self.last_booked:
            self._move(order, FILL_ALL if order.cum_size >= order.worst() else FILL)
        else:
            # Told again, it still says that the order was in the book.
            self._move(order, ACCEPT)
        self._settle(order, event.recv_ns)
        return order

    cdef int _report(self, Order order, OrderReport event) except -1:
        cdef str status = event.status
        cdef int64_t cum_size = event.cum_size
        if status == "pending_new":
            order.tell(cum_size)
            order.doubts &= ~DOUBT_PLACE
            return self._move(order, PEND)
        if status == "new" or status == "partially_filled":
            order.shown(event)
            return self._move(order, ACCEPT if event.source == "stream" else CONFIRM)
        if status != "filled" and status != "canceled" and status != "expired":
            raise LocalError(f"OrderReport.status {status!r} is not one of its words")
        if order.is_open:
            # The last numbers there will be.
            order.price = event.price if event.price > 0 else order.price
            order.size = event.size if event.size > 0 else order.size
        order.accept(event.recv_ns)
        if status == "filled":
            return self._ended_by(order, FILL_ALL, cum_size if cum_size > 0 else order.size, event.reason)
        return self._ended_by(order, CANCEL if status == "canceled" else EXPIRE, cum_size, event.reason)

    cdef int _refused(self, Order order, int event, str reason) except -1:
        if order.is_open:
            if order.accepted:
                self.contradictions += 1
                return 0
            if TABLE[order._state * EVENTS + event] < STATES:
                order.reason = reason
        return self._move(order, event)

    cdef int _ended_by(self, Order order, int event, int64_t cum_size, str reason) except -1:
        order.tell(cum_size)
        if order.is_open:
            order.reason = reason
        return self._move(order, event)

    cdef int _settle(self, Order order, int64_t recv_ns) except -1:
        if order.is_open and order.accepted and order.cum_size >= order.worst():
            self._move(order, FILL_ALL)
        order.updated_ns = recv_ns
        return self._recount(order)

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def n_open(self):
        """How many orders are open."""
        return self._open.count

    cpdef Order get(self, str client_id):
        """Return an order by client id, None when it is not here (any more)."""
        return self._orders.get(client_id)

    cpdef Order by_venue_id(self, str venue, str venue_id):
        """Return an order by the venue's id, None when it is not here (any more)."""
        cdef dict of_venue = self._by_venue_id.get(venue)
        return None if of_venue is None else of_venue.get(venue_id)

    cpdef OpenOrders group(self, str venue, str symbol):
        """Return the open orders of a symbol; the object stays the same and is kept up to date."""
        cdef OpenOrders group = self._last_group
        if group is not None and same(group.symbol, symbol) and same(group.venue, venue):
            return group
        cdef dict of_venue = self._groups.setdefault(venue, {})
        group = of_venue.get(symbol)
        if group is None:
            group = of_venue[symbol] = OpenOrders(OF_SYMBOL, self._orders, venue, symbol)
            group.executions = Recent(self.executions_max)
        self._last_group = group
        return group

    def open_of(self, str venue not None, str symbol not None):
        """Return the open orders of a symbol, oldest first."""
        return self.group(venue, symbol).orders()

    def open_exposure(self, str venue not None, str symbol not None, int8_t side):
        """Return what a side of a symbol may still fill at worst, in size units."""
        cdef OpenOrders group = self.group(venue, symbol)
        return group.buys if side > 0 else group.sells

    def open_count(self, str venue not None, str symbol not None):
        """Return how many orders of a symbol are open."""
        return self.group(venue, symbol).count

    cpdef list open_of_strategy(self, str strategy):
        """Return the open orders of a strategy, oldest first."""
        cdef OrderList orders = self._strategies.get(strategy)
        return [] if orders is None else orders.orders()

    cpdef object exposure_of_strategy(self, str strategy, int8_t side):
        """Return what a side of a strategy's orders may still fill at worst, over all symbols, in size units.

        Also of orders that are over by the venue's word and whose executions are still to come.
        """
        cdef OrderList orders = self._strategies.get(strategy)
        if orders is None:
            return 0
        return as_int(orders._buys if side > 0 else orders._sells)

    def unsettled(self):
        """Return the orders of which fills may be missing: open ones without a venue's id, and those short of fills."""
        cdef Order order
        found = [order for order in self._open.orders() if not order.venue_id or order.cum_size > order.booked]
        return found + [order for order in self._closed.orders() if order.cum_size > order.booked]

    def open(self):
        """Return every open order, oldest first."""
        return self._open.orders()

    def count(self, state):
        """Return how many orders are in a state; of terminal states, how many ever got there."""
        cdef int index = int(state)
        if not 0 <= index < STATES:
            raise ValueError(f"{state!r} is not an order state")
        return self._counts[index]

    def quarantined(self):
        """Return the events about orders that are not here, oldest order first."""
        return [event for events in self._quarantine.values() for event in events]

    def knows_execution(self, str venue not None, str symbol not None, str execution_id not None):
        """Return whether an execution was booked."""
        return execution_id in self.group(venue, symbol).executions

    def has_forgotten(self, str client_id not None):
        """Return whether an order is over, all that it filled was booked, and nothing else of it is known any more."""
        return client_id in self._ended._owners

    def durable(self):
        """Return what `restore` takes back: every order, and the executions that are booked of them.

        `aside` is what came for orders that are not here: fills of the newest, packed.
        """
        cdef Order order
        cdef OpenOrders group
        rows = [order.facts() for order in self._closed.orders() + self._open.orders()]
        executions = []
        for _, of_venue in sorted(self._groups.items()):
            for _, each in sorted((<dict>of_venue).items()):
                group = <OpenOrders>each
                owned = (<Recent>group.executions).owned(self._orders)
                if owned:
                    executions.append([group.venue, group.symbol, owned])
        fills = [event for events in self._quarantine.values() for event in events if type(event) is Fill]
        return {"orders": rows, "executions": executions, "aside": fills[-ASIDE_MAX:], "total": self.total}

    def restore(self, dict saved not None):
        """Take back what `durable` gave, into a store without orders. Raises LocalError for a row that is no order."""
        cdef Order order
        if self._orders:
            raise LocalError("orders are restored before the first is placed")
        for row in saved["orders"]:
            order = Order.__new__(Order)
            order.take_facts(tuple(row))
            if (order.side != 1 and order.side != -1) or not 0 <= order._state < STATES or not order.client_id:
                raise LocalError(f"a saved order {row!r} cannot be")
            self._add(order)
            self._counts[CREATED] -= 1
            self._counts[order._state] += 1
            if order.venue_id:
                self._by_venue_id.setdefault(order.venue, {}).setdefault(order.venue_id, order)
            if IS_TERMINAL[order._state]:
                self._closed.push(order)
            else:
                self._open_up(order)
            self._recount(order)
        for venue, symbol, names in saved["executions"]:
            for name, owner in names:
                (<Recent>self.group(venue, symbol).executions).add(name, owner, self._orders)
        for event in saved["aside"]:
            self._put_aside(event)
        self.total = saved["total"]

    def state_hash(self):
        """Return 64 bits that are equal for equal stores, however they came about, in any process."""
        total = self.total
        cdef Order order
        cdef OpenOrders group
        for order in self._orders.values():
            total += int.from_bytes(blake2b(repr(order.facts()).encode(), digest_size=8).digest(), "little")
        for of_venue in self._groups.values():
            for group in of_venue.values():
                for name in (<Recent>group.executions).names():
                    key = repr((group.venue, group.symbol, name)).encode()
                    total += int.from_bytes(blake2b(key, digest_size=8).digest(), "little")
        return total & 0xFFFFFFFFFFFFFFFF

    # --- inside -----------------------------------------------------------------------------------------------------

    cdef int _move(self, Order order, int event) except -1:
        cdef int target = TABLE[order._state * EVENTS + event]
        if target == SAME:
            return 0
        if target == ODD:
            self.contradictions += 1
            return 0
        if target == REFUSE:
            state = order.state
            why = TRANSITIONS[state, OrderEvent(event)].why
            raise LocalError(f"order {order.client_id} is {state.name}, {OrderEvent(event).name} is refused: {why}")
        if target == STANDS or target == LIVE:
            target = order.standing(target)
        return self._enter(order, target)

    cdef int _enter(self, Order order, int state) except -1:
        if state == order._state:
            return 0
        if not IS_TERMINAL[order._state]:
            self._counts[order._state] -= 1
        order._state = state
        self._counts[state] += 1
        if IS_TERMINAL[state]:
            self._close(order)
        elif not order.is_open:
            self._open_up(order)
        return self._recount(order)

    cdef int _recount(self, Order order) except -1:
        """Bring the worst case of the symbol and of the strategy up to date with one order."""
        cdef int64_t exposure = max(0, order.worst() - order.booked)
        cdef OrderList group = <OrderList>order._group
        cdef OrderList of_strategy = <OrderList>order._of_strategy
        cdef mm_int128 change
        if exposure != order.counted:
            change = <mm_int128>exposure - order.counted
            if order.side > 0:
                group._buys += change
                of_strategy._buys += change
            else:
                group._sells += change
                of_strategy._sells += change
            order.counted = exposure
        return 0

    cdef int _open_up(self, Order order) except -1:
        order.is_open = True
        self._open.push(order)
        (<OpenOrders>order._group).push(order)
        (<OrderList>order._of_strategy).push(order)
        return 0

    cdef int _close(self, Order order) except -1:
        if order.is_open:
            order.is_open = False
            self._open.drop(order)
            (<OpenOrders>order._group).drop(order)
            (<OrderList>order._of_strategy).drop(order)
        order.pending_price = order.pending_size = 0
        order.doubts = 0
        order.cancel_asked = False
        self._closed.push(order)
        if self._closed.count > self.closed_max:
            self._forget()
        return 0

    cdef int _forget(self) except -1:
        cdef Order oldest
        cdef dict of_venue
        for _ in range(LOOKS_MAX):
            if self._closed.count <= self.closed_max:
                break
            oldest = self._closed.first()
            self._closed.drop(oldest)
            if oldest.cum_size > oldest.booked:
                # Its executions are still to come, and must find it.
                self._closed.push(oldest)
                continue
            del self._orders[oldest.client_id]
            self._ended.add(oldest.client_id, "", self._orders)
            of_venue = self._by_venue_id.get(oldest.venue)
            if of_venue is not None and of_venue.get(oldest.venue_id) is oldest:
                del of_venue[oldest.venue_id]
        return 0

    cdef Order _make(self, Place command):
        if not command.client_id or command.client_id in self._ended._owners:
            raise LocalError(f"client id {command.client_id!r} is empty or was used before")
        if command.side != 1 and command.side != -1:
            raise LocalError(f"order {command.client_id}: side {command.side} is neither +1 nor -1")
        if command.size <= 0 or command.price < 0:
            raise LocalError(f"order {command.client_id}: price {command.price}, size {command.size}")
        cdef Order order = order_of(command)
        self._add(order)
        return order

    cdef int _add(self, Order order) except -1:
        cdef OpenOrders group = self.group(order.venue, order.symbol)
        cdef OrderList of_strategy = self._strategies.get(order.strategy)
        if of_strategy is None:
            of_strategy = self._strategies[order.strategy] = OrderList(OF_STRATEGY, self._orders)
        # Borrowed: both lists live as long as the store does.
        order._of_strategy = <void*>of_strategy
        order._group = <void*>group
        if self._orders.setdefault(order.client_id, order) is not order:
            raise LocalError(f"client id {order.client_id!r} was used before")
        self._counts[CREATED] += 1
        self.total += 1
        return 0

    cdef Order _known(self, str client_id):
        cdef Order order = self._orders.get(client_id)
        if order is None:
            raise LocalError(f"there is no order {client_id!r}")
        return order

    cdef Order _find(self, str venue, str client_id, str venue_id):
        cdef Order order = None
        cdef dict of_venue
        if client_id:
            order = self._orders.get(client_id)
            if order is not None and not same(order.venue, venue):
                return None
            if order is not None and venue_id and order.venue_id and not same(venue_id, order.venue_id):
                # The same client id in an earlier life of the account: another order.
                self.contradictions += 1
                order = None
        if order is None and venue_id:
            of_venue = self._by_venue_id.get(venue)
            if of_venue is not None:
                order = of_venue.get(venue_id)
        return order

    cdef int _named(self, Order order, str venue_id) except -1:
        """Learn the venue's id; a second one, or one that another order has, is a contradiction."""
        if not venue_id or same(venue_id, order.venue_id):
            return 0
        cdef dict of_venue = self._by_venue_id.setdefault(order.venue, {})
        if order.venue_id or of_venue.setdefault(venue_id, order) is not order:
            self.contradictions += 1
        else:
            order.venue_id = venue_id
        return 0

    cdef Recent _executions_of(self, Order order, str symbol):
        if same(symbol, order.symbol):
            return <Recent>(<OpenOrders>order._group).executions
        return <Recent>self.group(order.venue, symbol).executions

    cdef int _put_aside(self, OrderNews event) except -1:
        key = (event.venue, "", event.client_id) if event.client_id else (event.venue, event.venue_id, "")
        events = self._quarantine.setdefault(key, [])
        if not events and len(self._quarantine) > QUARANTINE_MAX:
            self.dropped += len(self._quarantine.pop(next(iter(self._quarantine))))
        if len(events) < QUARANTINE_EVENTS_MAX:
            events.append(event)
        else:
            self.dropped += 1
        return 0

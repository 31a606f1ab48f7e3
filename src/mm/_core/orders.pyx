"""Own orders: their states, their indexes, and the fills that are booked once.

The state machine is the table of `order_states.py`; this module walks it. Whatever the venue says is taken in any order
and any number of times: an execution is booked once by its id, the cumulative quantity never falls, a terminal state
never ends. What the venue says about orders that are not here is kept for a while, in case they are adopted.
"""

from collections import deque
from hashlib import blake2b

from cython cimport final

from mm._core.events cimport (
    Amend, AmendRejected, Cancel, CancelRejected, Fill, OrderAbsent, OrderAccepted, OrderAmended, OrderCanceled,
    OrderDenied, OrderExpired, OrderPending, OrderRejected, OrderReport, OutcomeUnknown, Place,
)

from mm._core.order_states import TERMINAL, TRANSITIONS, OrderEvent, OrderState, Transition
from mm.errors import LocalError

__all__ = ["TERMINAL", "TRANSITIONS", "OpenOrders", "Order", "OrderEvent", "OrderState", "OrderStore", "Transition"]

cdef enum:
    CREATED = 0
    DENIED = 1
    PENDING_NEW = 2
    NEW = 3
    PARTIALLY_FILLED = 4
    PENDING_CANCEL = 5
    PENDING_REPLACE = 6
    FILLED = 7
    CANCELED = 8
    REJECTED = 9
    EXPIRED = 10
    UNKNOWN = 11
    # Targets that depend on the order.
    LIVE = 12
    BACK = 13
    SAME = 14
    REFUSE = 15

    STATES = 12
    EVENTS = 20

cdef enum:
    SUBMIT = 0
    DENY = 1
    REQUEST_REPLACE = 2
    REQUEST_CANCEL = 3
    PEND = 4
    ACCEPT = 5
    REJECT = 6
    FILL = 7
    FILL_ALL = 8
    REPLACED = 9
    REPLACE_REJECTED = 10
    CANCEL_REJECTED = 11
    CANCEL_GONE = 12
    CANCEL = 13
    EXPIRE = 14
    LOSE_PLACE = 15
    LOSE_REPLACE = 16
    LOSE_CANCEL = 17
    CONFIRM = 18
    ABSENT = 19

cdef int[240] TABLE
cdef bint[12] IS_TERMINAL
cdef tuple STATE_OBJECTS = tuple(OrderState)
# How many orders the venue's words about unknown ids are kept for: enough for an account traded by hand.
cdef int QUARANTINE_MAX = 1000
cdef int QUARANTINE_EVENTS_MAX = 100


cdef int compile_table() except -1:
    """The literal table as an array; what is missing or misspelt there is an error at import."""
    special = {"LIVE": LIVE, "BACK": BACK, "SAME": SAME, "REFUSE": REFUSE}
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
cdef class OpenOrders:
    """The open orders of one symbol on one venue, and what they could fill at worst.

    buys, sells: sum of the exposure of each side, in size units.
    """

    def __cinit__(self, str venue not None, str symbol not None):
        self.venue = venue
        self.symbol = symbol
        self._orders = {}

    def __len__(self):
        return len(self._orders)

    cpdef list orders(self):
        """Return the open orders, oldest first."""
        return list(self._orders.values())


@final
cdef class Order:
    """One own order; read it, only the store writes it.

    price, size: as the venue last confirmed them, or as asked for before that; pending_price, pending_size: of an amend
    in flight, 0 none; cum_size: the largest sum that the venue has told; booked: the sum of the executions booked;
    cost: the exact sum of price x size of those; touched_ns: acceptance or last confirmed amend.
    """

    @property
    def state(self):
        """The state, an `OrderState`."""
        return STATE_OBJECTS[self._state]

    @property
    def leaves(self):
        """What is still to fill as far as the venue has told; 0 when the order is over."""
        return max(0, self.size - self.cum_size) if self.is_open else 0

    @property
    def fills_missing(self):
        """What the venue says has filled beyond the executions that we have."""
        return self.cum_size - self.booked

    @property
    def exposure(self):
        """What may still change our position, at worst."""
        return self.counted

    def __repr__(self):
        return (
            f"Order({self.client_id} {self.venue_id or '-'} {self.symbol} {'buy' if self.side > 0 else 'sell'} "
            f"{self.size} at {self.price}, {self.state.name}, cum {self.cum_size})"
        )

    cdef tuple facts(self):
        return (
            self.client_id, self.venue_id, self.venue, self.symbol, self.strategy, self.purpose, self.parent,
            self.level, self.side, self.price, self.size, self.cum_size, self.booked, self.cost, self.pending_price,
            self.pending_size, self.order_type, self.time_in_force, self.post_only, self.reduce_only, self._state,
            self.accepted, self.created_ns, self.updated_ns, self.touched_ns, self.reason,
        )


@final
cdef class OrderStore:
    """Every own order of a run.

    closed_max: how many orders that are over are remembered (the newest; one whose fills are missing is kept longer);
    executions_max: how many execution ids are remembered, the newest. total: orders ever; contradictions: times the
    venue said what cannot be true; last_booked: whether the last fill applied was booked (False: it was known).
    """

    def __init__(self, int64_t closed_max=10_000, int64_t executions_max=200_000):
        if closed_max < 0 or executions_max < 1:
            raise ValueError(f"closed_max {closed_max}, executions_max {executions_max}: too small")
        self.closed_max = closed_max
        self.executions_max = executions_max
        self._orders = {}
        self._by_venue_id = {}
        self._groups = {}
        self._open = {}
        self._open_of_strategy = {}
        self._executions = {}
        self._quarantine = {}
        self._ended = {}
        self._closed = deque()

    def __len__(self):
        return len(self._orders)

    # --- our own requests -------------------------------------------------------------------------------------------

    def place(self, Place command not None):
        """Take an order that is about to leave. Raises LocalError for a client id that was used."""
        cdef Order order = self._make(command)
        self._enter(order, PENDING_NEW)
        return order

    def deny(self, Place command not None, str reason not None):
        """Take an order that was never sent, for the count and the record."""
        cdef Order order = self._make(command)
        order.reason = reason
        self._enter(order, DENIED)
        return order

    def amend(self, Amend command not None):
        """Take a change that is about to leave. Raises LocalError where the table refuses it, or for an unknown id."""
        cdef Order order = self._known(command.client_id)
        self._move(order, REQUEST_REPLACE)
        order.pending_price = command.price
        order.pending_size = command.size
        order.updated_ns = command.recv_ns
        self._recount(order)
        return order

    def cancel(self, Cancel command not None):
        """Take a cancel that is about to leave. Raises LocalError where the table refuses it, or for an unknown id."""
        cdef Order order = self._known(command.client_id)
        self._move(order, REQUEST_CANCEL)
        order.updated_ns = command.recv_ns
        return order

    def adopt(self, OrderReport report not None, str strategy not None):
        """Take over an own order that the venue has and we do not; what was said about it before is applied now."""
        if report.client_id in self._orders or not report.client_id:
            raise LocalError(f"order {report.client_id!r} cannot be adopted: it is known, or has no client id")
        cdef Order order = Order.__new__(Order)
        order.client_id = report.client_id
        order.venue_id = ""
        order.venue = report.venue
        order.symbol = report.symbol
        order.strategy = strategy
        order.purpose = "adopted"
        order.parent = ""
        order.order_type = "limit"
        order.time_in_force = "gtc"
        order.side = report.side
        order.price = report.price
        order.size = report.size
        order.created_ns = order.updated_ns = order.touched_ns = report.recv_ns
        order.reason = ""
        order.cost = 0
        self._add(order)
        self._enter(order, PENDING_NEW)
        events = self._quarantine.pop((report.venue, "", report.client_id), [])
        if report.venue_id:
            self._learn(order, report.venue_id)
            events = events + self._quarantine.pop((report.venue, report.venue_id, ""), [])
        for event in events:
            self.apply(event)
        self.apply(report)
        return order

    # --- the venue's words ------------------------------------------------------------------------------------------

    cpdef Order apply(self, object event):
        """Take any order event; returns its order, or None when it is not ours (the event is then quarantined)."""
        kind = type(event)
        if kind is Fill:
            return self._fill(<Fill>event)
        cdef Order order = self._find(event.venue, event.client_id, event.venue_id)
        if order is None:
            self._put_aside(event)
            return None
        if event.venue_id and not order.venue_id:
            self._learn(order, event.venue_id)
        if kind is OrderReport:
            self._report(order, <OrderReport>event)
        elif kind is OrderAccepted:
            self._accept(order, event.recv_ns)
            self._move(order, ACCEPT)
        elif kind is OrderPending:
            self._move(order, PEND)
        elif kind is OrderAmended:
            self._amended(order, <OrderAmended>event)
        elif kind is OrderCanceled:
            self._told(order, (<OrderCanceled>event).cum_size)
            order.reason = (<OrderCanceled>event).reason
            self._move(order, CANCEL)
        elif kind is OrderExpired:
            self._told(order, (<OrderExpired>event).cum_size)
            order.reason = (<OrderExpired>event).reason
            self._move(order, EXPIRE)
        elif kind is OrderRejected:
            if order.accepted and order.is_open:
                self.contradictions += 1
            elif order.is_open:
                order.reason = (<OrderRejected>event).reason
            self._move(order, REJECT)
        elif kind is AmendRejected:
            self._move(order, REPLACE_REJECTED)
            order.pending_price = order.pending_size = 0
        elif kind is CancelRejected:
            self._move(order, CANCEL_GONE if (<CancelRejected>event).gone else CANCEL_REJECTED)
        elif kind is OutcomeUnknown:
            request = (<OutcomeUnknown>event).request
            self._move(order, LOSE_PLACE if request == "place" else LOSE_REPLACE if request == "amend" else LOSE_CANCEL)
        elif kind is OrderAbsent:
            if order.is_open:
                order.reason = (<OrderAbsent>event).evidence
            self._move(order, ABSENT)
        elif kind is OrderDenied:
            if order._state == PENDING_NEW:
                order.reason = (<OrderDenied>event).reason
            self._move(order, DENY)
        else:
            raise LocalError(f"{kind.__name__} is not an order event")
        order.updated_ns = event.recv_ns
        self._recount(order)
        return order

    cdef Order _fill(self, Fill event):
        self.last_booked = False
        if event.size <= 0 or event.price <= 0:
            raise LocalError(f"fill {event.execution_id}: price {event.price} and size {event.size} must be positive")
        cdef Order order = self._find(event.venue, event.client_id, event.venue_id)
        if order is None:
            self._put_aside(event)
            return None
        if event.venue_id and not order.venue_id:
            self._learn(order, event.venue_id)
        key = (event.venue, event.symbol, event.execution_id)
        if key not in self._executions:
            self._executions[key] = None
            if len(self._executions) > self.executions_max:
                del self._executions[next(iter(self._executions))]
            self.last_booked = True
            order.booked += event.size
            order.cost += <object>event.price * event.size
            if order.booked > order.size or order._state in (DENIED, REJECTED):
                self.contradictions += 1
        self._accept(order, event.recv_ns)
        self._told(order, max(event.cum_size, order.booked))
        if self.last_booked:
            self._move(order, FILL_ALL if order.cum_size >= order.size else FILL)
        elif order.is_open and order.cum_size >= order.size:
            self._move(order, FILL_ALL)
        order.updated_ns = event.recv_ns
        self._recount(order)
        return order

    cdef int _report(self, Order order, OrderReport event) except -1:
        cdef str status = event.status
        if IS_TERMINAL[order._state] and status in ("pending_new", "new", "partially_filled"):
            if event.source == "query":
                self.contradictions += 1
        elif order._state != PENDING_REPLACE and order._state != PENDING_CANCEL and event.size > 0:
            # With a change in flight the report may be older than the change: its own answer brings the numbers.
            if event.price > 0:
                order.price = event.price
            order.size = event.size
        self._told(order, event.cum_size)
        if status == "pending_new":
            self._move(order, PEND)
        elif status == "new" or status == "partially_filled":
            self._accept(order, event.recv_ns)
            if event.source == "stream":
                self._move(order, ACCEPT)
            else:
                if order._state == UNKNOWN:
                    order.pending_price = order.pending_size = 0
                self._move(order, CONFIRM)
        elif status == "filled":
            self._told(order, order.size)
            self._move(order, FILL_ALL)
        elif status == "canceled" or status == "expired":
            if order.is_open:
                order.reason = event.reason
            self._move(order, CANCEL if status == "canceled" else EXPIRE)
        else:
            raise LocalError(f"OrderReport.status {status!r} is not one of its words")
        return 0

    cdef int _amended(self, Order order, OrderAmended event) except -1:
        order.price = event.price
        order.size = event.size
        order.pending_price = order.pending_size = 0
        order.touched_ns = event.recv_ns
        order.accepted = True
        self._told(order, event.cum_size)
        self._move(order, REPLACED)
        if order.is_open and order.cum_size >= order.size:
            self._move(order, FILL_ALL)
        return 0

    cdef int _told(self, Order order, int64_t cum_size) except -1:
        """The venue's cumulative quantity; it never falls, whatever order its messages come in."""
        if cum_size > order.cum_size:
            order.cum_size = cum_size
        return 0

    cdef int _accept(self, Order order, int64_t recv_ns) except -1:
        if not order.accepted:
            order.accepted = True
            order.touched_ns = recv_ns
        return 0

    # --- reading ----------------------------------------------------------------------------------------------------

    cpdef Order get(self, str client_id):
        """Return an order by client id, None when it is not here (any more)."""
        return self._orders.get(client_id)

    def by_venue_id(self, str venue not None, str venue_id not None):
        """Return an order by the venue's id."""
        return self._by_venue_id.get((venue, venue_id))

    def group(self, str venue not None, str symbol not None):
        """Return the open orders of a symbol; the object stays the same and is kept up to date."""
        group = self._groups.get((venue, symbol))
        if group is None:
            group = self._groups[venue, symbol] = OpenOrders(venue, symbol)
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
        return len(self.group(venue, symbol))

    def open_of_strategy(self, str strategy not None):
        """Return the open orders of a strategy, oldest first."""
        return list(self._open_of_strategy.get(strategy, {}).values())

    def open(self):
        """Return every open order, oldest first."""
        return list(self._open.values())

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
        return (venue, symbol, execution_id) in self._executions

    def state_hash(self):
        """Return 64 bits that are equal for equal stores, however they came about, in any process."""
        total = len(self._executions) * 0x9E3779B97F4A7C15 + self.total
        cdef Order order
        for order in self._orders.values():
            total += int.from_bytes(blake2b(repr(order.facts()).encode(), digest_size=8).digest(), "little")
        for key in self._executions:
            total += int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), "little")
        return total & 0xFFFFFFFFFFFFFFFF

    # --- inside -----------------------------------------------------------------------------------------------------

    cdef Order _make(self, Place command):
        if not command.client_id or command.client_id in self._orders or command.client_id in self._ended:
            raise LocalError(f"client id {command.client_id!r} is empty or was used before")
        if command.side != 1 and command.side != -1:
            raise LocalError(f"order {command.client_id}: side {command.side} is neither +1 nor -1")
        if command.size <= 0 or command.price < 0:
            raise LocalError(f"order {command.client_id}: price {command.price}, size {command.size}")
        cdef Order order = Order.__new__(Order)
        order.client_id = command.client_id
        order.venue_id = ""
        order.venue = command.venue
        order.symbol = command.symbol
        order.strategy = command.strategy
        order.purpose = command.purpose
        order.parent = command.parent
        order.order_type = command.order_type
        order.time_in_force = command.time_in_force
        order.post_only = command.post_only
        order.reduce_only = command.reduce_only
        order.level = command.level
        order.side = command.side
        order.price = command.price
        order.size = command.size
        order.created_ns = order.updated_ns = order.touched_ns = command.recv_ns
        order.reason = ""
        order.cost = 0
        self._add(order)
        return order

    cdef int _add(self, Order order) except -1:
        order._group = self.group(order.venue, order.symbol)
        self._orders[order.client_id] = order
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
        if client_id:
            order = self._orders.get(client_id)
        if order is None and venue_id:
            order = self._by_venue_id.get((venue, venue_id))
        if order is not None and order.venue != venue:
            return None
        return order

    cdef int _learn(self, Order order, str venue_id) except -1:
        order.venue_id = venue_id
        self._by_venue_id[order.venue, venue_id] = order
        return 0

    cdef int _move(self, Order order, int event) except -1:
        cdef int target = TABLE[order._state * EVENTS + event]
        if target == SAME:
            return 0
        if target == REFUSE:
            state = STATE_OBJECTS[order._state]
            why = TRANSITIONS[state, OrderEvent(event)].why
            raise LocalError(f"order {order.client_id} is {state.name}, {OrderEvent(event).name} is refused: {why}")
        if target == BACK:
            target = LIVE if order.accepted else PENDING_NEW
        if target == LIVE:
            order.accepted = True
            target = PARTIALLY_FILLED if order.cum_size > 0 else NEW
        self._enter(order, target)
        return 0

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
            order.is_open = True
            self.n_open += 1
            self._open[order.client_id] = order
            order._group._orders[order.client_id] = order
            of_strategy = self._open_of_strategy.get(order.strategy)
            if of_strategy is None:
                of_strategy = self._open_of_strategy[order.strategy] = {}
            of_strategy[order.client_id] = order
        if state == NEW or state == PARTIALLY_FILLED:
            order.pending_price = order.pending_size = 0
        self._recount(order)
        return 0

    cdef int _recount(self, Order order) except -1:
        """Bring the symbol's worst case up to date with one order."""
        cdef int64_t worst = order.cum_size
        if order.is_open:
            worst = max(worst, order.size, order.pending_size)
        cdef int64_t exposure = max(0, worst - order.booked)
        if exposure != order.counted:
            if order.side > 0:
                order._group.buys += exposure - order.counted
            else:
                order._group.sells += exposure - order.counted
            order.counted = exposure
        return 0

    cdef int _close(self, Order order) except -1:
        if order.is_open:
            order.is_open = False
            self.n_open -= 1
            del self._open[order.client_id]
            del order._group._orders[order.client_id]
            of_strategy = self._open_of_strategy[order.strategy]
            del of_strategy[order.client_id]
            if not of_strategy:
                del self._open_of_strategy[order.strategy]
        order.pending_price = order.pending_size = 0
        self._closed.append(order)
        cdef Order oldest
        cdef Py_ssize_t looked = 0
        while len(self._closed) > self.closed_max and looked < 8:
            oldest = self._closed.popleft()
            looked += 1
            if oldest.cum_size > oldest.booked:
                # Its executions are still to come, and must find it.
                self._closed.append(oldest)
                continue
            self._orders.pop(oldest.client_id, None)
            self._ended[oldest.client_id] = None
            if len(self._ended) > 10 * self.closed_max:
                del self._ended[next(iter(self._ended))]
            if oldest.venue_id:
                self._by_venue_id.pop((oldest.venue, oldest.venue_id), None)
        return 0

    cdef int _put_aside(self, object event) except -1:
        key = (event.venue, "", event.client_id) if event.client_id else (event.venue, event.venue_id, "")
        events = self._quarantine.get(key)
        if events is None:
            events = self._quarantine[key] = []
            if len(self._quarantine) > QUARANTINE_MAX:
                del self._quarantine[next(iter(self._quarantine))]
        if len(events) < QUARANTINE_EVENTS_MAX:
            events.append(event)
        return 0

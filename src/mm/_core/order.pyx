"""One own order with the facts that its state stands on, and sequences that orders enter and leave without a search.

An order is written by its store only, which moves the state by the table; here is what each word of the venue says of
the numbers and of the requests that are in flight or in doubt: an answer settles only the request that it answers.

An order refers to nothing but text and numbers, so the garbage collector does not look at it: 100,000 live orders add
nothing to a collection.
"""

from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_INCREF
from libc.string cimport memmove

from cython cimport final, no_gc

from mm._core.commands cimport Place
from mm._core.int128 cimport as_int, from_int
from mm._core.order_events cimport AmendRejected, CancelRejected, Fill, OrderAmended, OrderReport, OutcomeUnknown

from mm._core.order_states import OrderState
from mm.errors import LocalError

__all__ = ["OpenOrders", "Order", "OrderList"]

# A list longer than this is made anew each time: kept, it would be walked through by every garbage collection.
cdef int KEPT_LIST_MAX = 256
cdef tuple STATE_OBJECTS = tuple(OrderState)
# Lists trail the matching engine, by 20 s in reports from the field; what the stream has told since is newer.
cdef int64_t LIST_LAG_NS = 30_000_000_000
# When a list proves that a change in doubt was not carried out: its request was sent before the loss and is obeyed
# within 5 s or not at all (Kraken reference: deadline of order requests), and the list may trail.
cdef int64_t LATE_NS = 35_000_000_000
# How far our clock may be ahead of the venue's, and more, for an execution that is said to be older than its order.
cdef int64_t TWIN_NS = 10_000_000_000


cdef class OrderList:
    """Orders in the sequence in which they came, entered and left in constant time.

    An array of bare pointers with holes: `owner` is the dict that keeps the orders alive while they are in here, and
    the garbage collector has nothing to walk through.
    """

    def __cinit__(self, int which, dict owner not None, *_):
        self._which = which
        self._owner = owner

    def __dealloc__(self):
        PyMem_Free(self._slots)

    def __len__(self):
        return self.count

    cpdef list orders(self):
        """Return the orders, oldest first, in a list of the caller's own."""
        cdef list listed = self._listed
        cdef Py_ssize_t index
        cdef Py_ssize_t filled = 0
        if listed is not None:
            return listed[:]
        listed = PyList_New(self.count)
        for index in range(self._begin, self._used):
            if self._slots[index] != NULL:
                Py_INCREF(<Order>self._slots[index])
                PyList_SET_ITEM(listed, filled, <Order>self._slots[index])
                filled += 1
        if self.count > KEPT_LIST_MAX:
            return listed
        self._listed = listed
        return listed[:]

    cdef list listed(self):
        """The same, to be read only: it may be the one that the next who asks gets too."""
        return self._listed if self._listed is not None else self.orders()

    cdef Order first(self):
        """The oldest; None of none."""
        if self.count == 0:
            return None
        while self._slots[self._begin] == NULL:
            self._begin += 1
        return <Order>self._slots[self._begin]

    cdef int push(self, Order order) except -1:
        if self._used == self._room:
            self._make_room()
        order._places[self._which] = self._base + self._used
        self._slots[self._used] = <void*>order
        self._used += 1
        self.count += 1
        self._listed = None
        return 0

    cdef int drop(self, Order order) except -1:
        self._slots[order._places[self._which] - self._base] = NULL
        self.count -= 1
        self._listed = None
        return 0

    cdef int _make_room(self) except -1:
        """Cut off a front of holes, or close the holes, or take more memory: constant time on the average."""
        cdef Py_ssize_t index
        cdef Py_ssize_t kept = 0
        cdef void** slots
        while self._begin < self._used and self._slots[self._begin] == NULL:
            self._begin += 1
        if self._begin * 2 > self._room:
            memmove(self._slots, self._slots + self._begin, (self._used - self._begin) * sizeof(void*))
            self._base += self._begin
            self._used -= self._begin
        elif self.count * 2 < self._room:
            for index in range(self._begin, self._used):
                if self._slots[index] != NULL:
                    self._slots[kept] = self._slots[index]
                    (<Order>self._slots[kept])._places[self._which] = self._base + kept
                    kept += 1
            self._used = kept
        else:
            index = max(8, self._room * 2)
            slots = <void**>PyMem_Realloc(self._slots, index * sizeof(void*))
            if slots == NULL:
                raise MemoryError
            self._slots = slots
            self._room = index
            return 0
        self._begin = 0
        return 0


@final
cdef class OpenOrders(OrderList):
    """The open orders of one symbol on one venue, and what they could fill at worst."""

    def __cinit__(self, int which, dict owner not None, str venue not None, str symbol not None):
        self.venue = venue
        self.symbol = symbol

    @property
    def buys(self):
        """Sum of the exposure of the buy orders, in size units."""
        return as_int(self._buys)

    @property
    def sells(self):
        """Sum of the exposure of the sell orders, in size units."""
        return as_int(self._sells)


@final
@no_gc
cdef class Order:
    """One own order; read it, only the store writes it.

    price, size: as the venue last confirmed them, or as asked for before that; pending_price, pending_size: of an amend
    that may still take effect, 0 none; cum_size: the largest sum that the venue has told; booked: the sum of the
    executions booked; touched_ns: acceptance or last confirmed amend; accepted: the venue has had it in its book;
    cancel_asked: a cancel is in flight; doubts: the bits 1 place, 2 amend, 4 cancel for requests whose answer was lost,
    8 where the venue said that it is not open, and not how it ended; unsent: its newest request, the order itself or an
    amend, still waits here and not one byte of it has left, as who sends it says.
    """

    @property
    def state(self):
        """The state, an `OrderState`."""
        return STATE_OBJECTS[self._state]

    @property
    def cost(self):
        """The exact sum of price x size of the executions booked."""
        return as_int(self._cost)

    @property
    def leaves(self):
        """What is still to fill as far as the venue has told; 0 when the order is over."""
        return self.size - self.cum_size if self.is_open and self.size > self.cum_size else 0

    @property
    def fills_missing(self):
        """What the venue says has filled beyond the executions that we have."""
        return self.cum_size - self.booked

    @property
    def exposure(self):
        """What may still change our position, at worst: also fills that the venue has told and not yet shown."""
        return self.counted

    def __repr__(self):
        return (
            f"Order({self.client_id} {self.venue_id or '-'} {self.symbol} {'buy' if self.side > 0 else 'sell'} "
            f"{self.size} at {self.price}, {self.state.name}, cum {self.cum_size})"
        )

    cdef int64_t worst(self) noexcept:
        """The largest total that may have filled when all is told."""
        cdef int64_t worst = self.cum_size
        if self.is_open:
            worst = max(worst, self.size, self.pending_size)
        return worst

    cdef tuple facts(self):
        return (
            self.client_id, self.venue_id, self.venue, self.symbol, self.strategy, self.purpose, self.parent,
            self.level, self.side, self.price, self.size, self.cum_size, self.booked, self.cost, self.pending_price,
            self.pending_size, self.order_type, self.time_in_force, self.post_only, self.reduce_only, self._state,
            self.accepted, self.cancel_asked, self.doubts, self.created_ns, self.updated_ns, self.touched_ns,
            self._told_ns, self._lost_ns, self.reason,
        )

    cdef int take_facts(self, tuple saved) except -1:
        """Be the order whose facts these are."""
        (
            self.client_id, self.venue_id, self.venue, self.symbol, self.strategy, self.purpose, self.parent,
            self.level, self.side, self.price, self.size, self.cum_size, self.booked, cost, self.pending_price,
            self.pending_size, self.order_type, self.time_in_force, self.post_only, self.reduce_only, self._state,
            self.accepted, self.cancel_asked, self.doubts, self.created_ns, self.updated_ns, self.touched_ns,
            self._told_ns, self._lost_ns, self.reason,
        ) = saved
        self._cost = from_int(cost)
        return 0

    cdef int standing(self, int word) noexcept:
        """The state that the words LIVE and STANDS mean now."""
        if word == STANDS:
            if self.doubts:
                return UNKNOWN
            if self.cancel_asked:
                return PENDING_CANCEL
            if self.pending_size:
                return PENDING_REPLACE
            if not self.accepted:
                return PENDING_NEW
        return PARTIALLY_FILLED if self.cum_size > 0 else NEW

    cdef void tell(self, int64_t cum_size) noexcept:
        """The venue's cumulative quantity; it never falls, whatever order its messages come in."""
        if cum_size > self.cum_size:
            self.cum_size = cum_size

    cdef void accept(self, int64_t recv_ns) noexcept:
        """The venue has had it in its book; the first word of this settles whether it was placed."""
        if not self.accepted:
            self.accepted = True
            self.touched_ns = recv_ns
            self.doubts &= ~(DOUBT_PLACE | DOUBT_GONE)

    cdef bint is_news(self, int64_t venue_ns) noexcept:
        """Whether the stream's numbers are not older than those taken already; 0 is a time that the venue left out."""
        if venue_ns < self._told_ns:
            return venue_ns == 0
        self._told_ns = venue_ns
        return True

    cdef int shown(self, OrderReport event) except -1:
        """The venue shows the order open, by its stream or in a list."""
        cdef bint from_stream = event.source == "stream"
        cdef bint is_query = event.source == "query"
        cdef bint numbers = event.price > 0 and event.size > 0
        if self.is_open:
            if from_stream:
                numbers = numbers and self.is_news(event.venue_ns)
            if numbers and self.pending_size:
                if event.price == self.pending_price and event.size == self.pending_size:
                    self.amend_done(event.price, event.size, event.recv_ns)
                elif is_query and self.doubts & DOUBT_REPLACE and event.recv_ns - self._lost_ns >= LATE_NS:
                    # Read when the change could no longer take effect, and it has not.
                    self.amend_done(event.price, event.size, self.touched_ns)
            elif numbers and (from_stream or not self.accepted or event.recv_ns - self.touched_ns >= LIST_LAG_NS):
                self.price = event.price
                self.size = event.size
            if not from_stream:
                self.doubts &= ~(DOUBT_PLACE | DOUBT_GONE)
            if is_query:
                self.doubts &= ~DOUBT_CANCEL
        self.accept(event.recv_ns)
        self.tell(event.cum_size)
        return 0

    cdef int amend_told(self, OrderAmended event) except -1:
        """The stream tells of a change: the one in flight, an earlier one again, or one by other hands."""
        if self.is_open and event.price > 0 and event.size > 0 and self.is_news(event.venue_ns):
            if event.price == self.pending_price and event.size == self.pending_size:
                self.amend_done(event.price, event.size, event.recv_ns)
            else:
                self.price = event.price
                self.size = event.size
                self.touched_ns = event.recv_ns
        self.accept(event.recv_ns)
        self.tell(event.cum_size)
        return 0

    cdef void amend_done(self, int64_t price, int64_t size, int64_t touched_ns) noexcept:
        self.price = price
        self.size = size
        self.pending_price = self.pending_size = 0
        self.doubts &= ~DOUBT_REPLACE
        self.touched_ns = touched_ns

    cdef int amend_refused(self, AmendRejected event) except -1:
        """Returns the table's event."""
        self.pending_price = self.pending_size = 0
        self.doubts &= ~DOUBT_REPLACE
        if event.code != "gone":
            return REPLACE_REJECTED
        if self.is_open:
            self.doubts |= DOUBT_GONE
        return GONE

    cdef int cancel_refused(self, CancelRejected event) except -1:
        """Returns the table's event."""
        self.cancel_asked = False
        self.doubts &= ~DOUBT_CANCEL
        if not event.gone:
            return CANCEL_REJECTED
        if self.is_open:
            self.doubts |= DOUBT_GONE
        return GONE

    cdef int lose(self, OutcomeUnknown event) except -1:
        """An answer will not come. Returns the table's event."""
        cdef int doubt
        cdef int lost
        if event.request == "place":
            lost, doubt = LOSE_PLACE, 0 if self.accepted else DOUBT_PLACE
        elif event.request == "amend":
            lost, doubt = LOSE_REPLACE, DOUBT_REPLACE if self.pending_size else 0
            self._lost_ns = event.recv_ns
        elif event.request == "cancel":
            lost, doubt = LOSE_CANCEL, DOUBT_CANCEL
            self.cancel_asked = False
        else:
            raise LocalError(f"OutcomeUnknown.request {event.request!r} is none of 'place', 'amend', 'cancel'")
        if self.is_open:
            self.doubts |= doubt
        return lost


cdef Order twin_of(Order order, Fill event):
    """The order of whose request the venue has made another one, by a fill with its client id: whatever that one does
    we have asked for. None where the fill is older: of an earlier life of the account."""
    if order is None or order.venue != event.venue or event.venue_ns < order.created_ns - TWIN_NS:
        return None
    return order


cdef Order order_of(Place command):
    """The order that an intent asks for."""
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
    return order


cdef Order order_of_report(OrderReport report, str strategy, str purpose):
    """The order that a venue tells of and nobody here knows."""
    cdef Order order = Order.__new__(Order)
    order.client_id = report.client_id
    order.venue_id = ""
    order.venue = report.venue
    order.symbol = report.symbol
    order.strategy = strategy
    order.purpose = purpose
    order.parent = ""
    order.order_type = "limit"
    order.time_in_force = "gtc"
    order.side = report.side
    order.price = report.price
    order.size = report.size
    order.created_ns = order.updated_ns = order.touched_ns = report.recv_ns
    order.reason = ""
    return order

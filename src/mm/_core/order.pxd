from libc.stdint cimport int8_t, int64_t

from mm._core.commands cimport Place
from mm._core.int128 cimport mm_int128
from mm._core.order_events cimport AmendRejected, CancelRejected, Fill, OrderAmended, OrderReport, OutcomeUnknown

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
    # The words for targets that depend on the order.
    LIVE = 12
    STANDS = 13
    SAME = 14
    ODD = 15
    REFUSE = 16

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
    GONE = 12
    CANCEL = 13
    EXPIRE = 14
    LOSE_PLACE = 15
    LOSE_REPLACE = 16
    LOSE_CANCEL = 17
    CONFIRM = 18
    ABSENT = 19

cdef enum:
    # The lists that an open order is in: every open order, those of its symbol, those of its strategy.
    OF_ALL = 0
    OF_SYMBOL = 1
    OF_STRATEGY = 2
    LISTS = 3

cdef enum:
    # Requests without an answer, and a contradicted existence.
    DOUBT_PLACE = 1
    DOUBT_REPLACE = 2
    DOUBT_CANCEL = 4
    DOUBT_GONE = 8


cdef class OrderList:
    cdef mm_int128 _buys, _sells
    cdef readonly Py_ssize_t count
    cdef int _which
    cdef void** _slots
    cdef Py_ssize_t _begin, _used, _room
    # The place of an order is its index here plus this, so that the front is cut off without touching the rest.
    cdef int64_t _base
    cdef dict _owner
    cdef list _listed

    cpdef list orders(self)
    cdef list listed(self)
    cdef Order first(self)
    cdef int push(self, Order order) except -1
    cdef int drop(self, Order order) except -1
    cdef int _make_room(self) except -1


cdef class OpenOrders(OrderList):
    cdef readonly str venue, symbol
    # A `Recent`, which itself knows orders.
    cdef object executions


cdef class Order:
    cdef readonly str client_id, venue_id, venue, symbol, strategy, purpose, parent, order_type, time_in_force, reason
    cdef readonly int64_t level, price, size, cum_size, booked, pending_price, pending_size
    cdef readonly int64_t created_ns, updated_ns, touched_ns, counted
    # When the numbers were last told by the stream, venue time; when a change was last lost, ours.
    cdef int64_t _told_ns, _lost_ns
    cdef readonly int8_t side, doubts
    cdef int8_t _state
    cdef readonly bint post_only, reduce_only, accepted, is_open, cancel_asked
    # No part of the state: a replay sends nothing.
    cdef public bint unsent
    cdef mm_int128 _cost
    cdef void* _group
    cdef void* _of_strategy
    cdef int64_t _places[3]

    cdef int64_t worst(self) noexcept
    cdef int standing(self, int word) noexcept
    cdef void tell(self, int64_t cum_size) noexcept
    cdef void accept(self, int64_t recv_ns) noexcept
    cdef bint is_news(self, int64_t venue_ns) noexcept
    cdef int shown(self, OrderReport event) except -1
    cdef int amend_told(self, OrderAmended event) except -1
    cdef void amend_done(self, int64_t price, int64_t size, int64_t recv_ns) noexcept
    cdef int amend_refused(self, AmendRejected event) except -1
    cdef int cancel_refused(self, CancelRejected event) except -1
    cdef int lose(self, OutcomeUnknown event) except -1
    cdef tuple facts(self)
    cdef int take_facts(self, tuple saved) except -1


cdef Order twin_of(Order order, Fill event)
cdef Order order_of(Place command)
cdef Order order_of_report(OrderReport report, str strategy, str purpose)

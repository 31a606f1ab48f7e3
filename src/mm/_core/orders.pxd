from libc.stdint cimport int8_t, int64_t

from mm._core.events cimport Fill, OrderAmended, OrderReport, Place


cdef class OpenOrders:
    cdef readonly str venue, symbol
    cdef readonly int64_t buys, sells
    cdef dict _orders

    cpdef list orders(self)


cdef class Order:
    cdef readonly str client_id, venue_id, venue, symbol, strategy, purpose, parent, order_type, time_in_force, reason
    cdef readonly int64_t level, price, size, cum_size, booked, pending_price, pending_size
    cdef readonly int64_t created_ns, updated_ns, touched_ns, counted
    cdef readonly int8_t side
    cdef readonly bint post_only, reduce_only, accepted, is_open
    cdef readonly object cost
    cdef int _state
    cdef OpenOrders _group

    cdef tuple facts(self)


cdef class OrderStore:
    cdef readonly int64_t closed_max, executions_max, total, contradictions, n_open
    cdef readonly bint last_booked
    cdef dict _orders, _by_venue_id, _groups, _open, _open_of_strategy, _executions, _quarantine, _ended
    cdef object _closed
    cdef int64_t _counts[12]

    cpdef Order get(self, str client_id)
    cpdef Order apply(self, object event)
    cdef Order _find(self, str venue, str client_id, str venue_id)
    cdef int _move(self, Order order, int event) except -1
    cdef int _enter(self, Order order, int state) except -1
    cdef int _recount(self, Order order) except -1
    cdef int _close(self, Order order) except -1
    cdef int _learn(self, Order order, str venue_id) except -1
    cdef Order _fill(self, Fill event)
    cdef int _report(self, Order order, OrderReport event) except -1
    cdef int _amended(self, Order order, OrderAmended event) except -1
    cdef int _told(self, Order order, int64_t cum_size) except -1
    cdef int _accept(self, Order order, int64_t recv_ns) except -1
    cdef Order _make(self, Place command)
    cdef int _add(self, Order order) except -1
    cdef Order _known(self, str client_id)
    cdef int _put_aside(self, object event) except -1

from libc.stdint cimport int8_t, int64_t

from mm._core.commands cimport Amend, Cancel, Place
from mm._core.order cimport OpenOrders, Order, OrderList
from mm._core.order_events cimport Fill, OrderNews, OrderReport
from mm._core.recent cimport Recent


cdef class OrderStore:
    cdef readonly int64_t closed_max, executions_max, total, contradictions, dropped
    cdef readonly bint last_booked
    cdef dict _orders, _by_venue_id, _groups, _strategies, _quarantine
    cdef OrderList _open, _closed
    cdef Recent _ended
    cdef int64_t _counts[12]
    # What was looked up last: it is there for good.
    cdef OpenOrders _last_group

    cpdef Order place(self, Place command)
    cpdef Order amend(self, Amend command)
    cpdef Order cancel(self, Cancel command)
    cpdef Order get(self, str client_id)
    cpdef Order by_venue_id(self, str venue, str venue_id)
    cpdef OpenOrders group(self, str venue, str symbol)
    cpdef list open_of_strategy(self, str strategy)
    cpdef object exposure_of_strategy(self, str strategy, int8_t side)
    cpdef Order apply(self, object event)
    cdef Order _fill(self, Fill event)
    cdef int _report(self, Order order, OrderReport event) except -1
    cdef int _refused(self, Order order, int event, str reason) except -1
    cdef int _ended_by(self, Order order, int event, int64_t cum_size, str reason) except -1
    cdef int _settle(self, Order order, int64_t recv_ns) except -1
    cdef int _move(self, Order order, int event) except -1
    cdef int _enter(self, Order order, int state) except -1
    cdef int _recount(self, Order order) except -1
    cdef int _open_up(self, Order order) except -1
    cdef int _close(self, Order order) except -1
    cdef int _forget(self) except -1
    cdef Order _make(self, Place command)
    cdef int _add(self, Order order) except -1
    cdef Order _known(self, str client_id)
    cdef Order _find(self, str venue, str client_id, str venue_id)
    cdef int _named(self, Order order, str venue_id) except -1
    cdef Recent _executions_of(self, Order order, str symbol)
    cdef int _put_aside(self, OrderNews event) except -1

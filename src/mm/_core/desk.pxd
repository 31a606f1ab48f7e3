from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.order_events cimport Fill


cdef class Desk:
    cdef public int64_t due_ns
    cdef public str note

    cpdef run(self, int64_t now_ns)
    cpdef on_fill(self, Fill event, Order order, MarketCore market)
    cpdef bint places(self, str strategy) except -1
    cpdef on_placed(self, Place place)

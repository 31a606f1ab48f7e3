"""Whoever hedges, as the engine sees it; `mm._core.desk_core` is the one that there is."""

from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.order_events cimport Fill


cdef class Desk:
    """due_ns: when it wants to be woken, 0 never; note: why the last look sent nothing, or what it sent."""

    def __init__(self):
        self.note = ""

    cpdef run(self, int64_t now_ns):
        """Look at what is owed, in `decide`."""

    cpdef on_fill(self, Fill event, Order order, MarketCore market):
        """A fill was booked."""

    cpdef bint places(self, str strategy) except -1:
        """Whether orders of a strategy's name are its hedges."""
        return False

    cpdef on_placed(self, Place place):
        """A hedge is on its way."""

from libc.stdint cimport int64_t

from mm._core.accounts_core cimport AccountsCore
from mm._core.order_events cimport Fill
from mm._core.orders cimport OrderStore


cdef class BookingCore:
    cdef readonly OrderStore orders
    cdef readonly dict venues
    cdef public AccountsCore accounts
    cdef public bint is_stopping, hears_fills
    cdef public int64_t started_ns, fills, unbooked
    cdef public object silent
    cdef list _desks

    cpdef int apply_fill(self, Fill event) except -1

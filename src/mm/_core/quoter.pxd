from libc.stdint cimport int64_t

from mm._core.order cimport Order
from mm._core.orders cimport OrderStore
from mm._core.quotes cimport Quote


cdef class Step:
    cdef readonly Order order
    cdef readonly Quote quote
    cdef readonly str reason


cdef class Slot:
    cdef str client_id
    cdef int64_t failures, retry_ns


cdef class Quoter:
    cdef readonly int64_t changed_ns
    cdef bint _can_amend
    cdef int64_t _due_ns, _interval_ns, _max_age_ns
    cdef double _tolerance
    # By level; None where no order ever stood.
    cdef list _buys, _sells

    cpdef list plan(self, int64_t now_ns, tuple quotes, double fair, OrderStore store)
    cdef int _unwanted(self, tuple quotes, OrderStore store, list steps) except -1
    cdef Slot _slot_at(self, int side, int64_t level)
    cdef Slot _slot_of(self, Order order)
    cdef Step _change(self, int64_t now_ns, Order order, Quote quote, double fair, Slot slot)
    cdef bint _fits(self, Quote quote, int64_t price, int64_t leaves, double fair) noexcept
    cdef Step _second_thought(self, Order order, Quote quote, double fair)
    cdef bint _is_exposed(self, Order order, Quote quote, double fair) noexcept
    cdef void _wake(self, int64_t due_ns) noexcept

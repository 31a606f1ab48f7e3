from libc.stdint cimport int8_t, int64_t

from mm._core.int128 cimport mm_int128


# What was bought and what was sold.
cdef struct Sums:
    mm_int128 longs
    mm_int128 shorts


cdef class Debt:
    cdef readonly str owner, kind
    cdef readonly int8_t side
    cdef readonly int64_t opened_ns
    cdef readonly object middle2
    cdef mm_int128 _amount


cdef class Payment:
    cdef readonly str owner, policy
    cdef readonly int8_t side
    cdef readonly object amount, price, cost2
    cdef readonly int64_t waited_ns, paid_ns


cdef class PolicyTotals:
    cdef readonly int64_t fills
    cdef readonly object amount, money, cost2, waited


cdef class HedgeLedger:
    cdef readonly list debts
    cdef readonly object payments, unknown_cost
    cdef readonly dict totals
    cdef mm_int128 _net
    cdef Sums _opened, _paid, _netted
    # How many debts are of kind "external".
    cdef Py_ssize_t _externals

    cdef int take_hedge(
        self, int64_t now_ns, str owner, str policy, int side, mm_int128 amount, object price
    ) except -1
    cpdef int64_t oldest_ns(self) noexcept
    cdef int add(self, int64_t now_ns, str owner, str kind, int side, mm_int128 amount, object middle2) except -1
    cdef int _owe(self, Debt debt) except -1
    cdef int _reduce(self, Debt debt, mm_int128 part) except -1

from libc.stdint cimport int8_t, int64_t


cdef class Debt:
    cdef readonly str owner, kind
    cdef readonly int8_t side
    cdef readonly int64_t opened_ns
    cdef readonly object amount, middle2


cdef class Payment:
    cdef readonly str owner, policy
    cdef readonly int8_t side
    cdef readonly object amount, price, cost2
    cdef readonly int64_t waited_ns, paid_ns


cdef class PolicyTotals:
    cdef readonly int64_t fills
    cdef readonly object amount, money, cost2, waited


cdef class HedgeLedger:
    cdef readonly object debts, payments, unknown_cost, net
    cdef readonly dict totals, opened, paid, netted

    cpdef on_quote_fill(self, int64_t now_ns, str owner, int side, object amount, object middle2)
    cpdef on_external(self, int64_t now_ns, str owner, int side, object amount, object middle2)
    cpdef on_hedge_fill(self, int64_t now_ns, str owner, str policy, int side, object amount, object price)
    cpdef int64_t oldest_ns(self) except? -1
    cdef int _add(self, int64_t now_ns, str owner, str kind, int side, object amount, object middle2) except -1
    cdef int _reduce(self, Debt debt, object part) except -1

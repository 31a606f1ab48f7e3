from libc.stdint cimport int64_t

from mm._core.booking cimport BookingCore
from mm._core.limits cimport Limits, Refused
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.quotes cimport Quote, Quoting


cdef class GatesCore(BookingCore):
    cdef readonly Limits limits
    cdef readonly dict markets
    cdef public bint is_paused
    # What the run waits for before its first order, '' once everything is there.
    cdef public str awaited
    cdef dict _assets
    cdef readonly int64_t _book_age_ns_max
    cdef int64_t _private_down_ns_max
    # From when on standing orders are taken away, by the gate that was asked for last.
    cdef public int64_t _pull_ns

    cpdef str gate(self, int64_t now_ns, MarketCore market)
    cpdef str market_gate(self, int64_t now_ns, MarketCore market)
    cpdef str venue_gate(self, int64_t now_ns, MarketCore market)
    cpdef Quoting curbed(self, MarketCore market, Quoting quoting)
    cpdef Refused refusal(
        self, int64_t now_ns, MarketCore market, Order order, Quote quote, str reason, object others_micro_usd
    )
    cdef Refused _judged(
        self, MarketCore market, int side, int64_t price, int64_t size, bint post_only, Order order, bint is_quote,
        int64_t orders_open, object others_micro_usd,
    )
    cpdef int look_around(self, int64_t now_ns, MarketCore market) except -1
    cpdef object others_micro_usd(self, MarketCore market)
    cdef str _forbidden(self, int64_t now_ns, Order order)
    cpdef bint is_astray(self, int64_t now_ns, MarketCore market) noexcept
    cdef bint _is_killed(self, Order order) except -1
    cdef bint _in_maintenance(self, str venue, str symbol) except -1
    cdef MarketCore _market_of(self, str venue, str symbol)

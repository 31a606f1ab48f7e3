from libc.stdint cimport int64_t

from mm._core.int128 cimport mm_int128
from mm._core.market cimport MarketCore
from mm._core.order cimport Order


cpdef object net_micro_usd(list markets)


cdef class Approved:
    pass


cdef class Refused:
    cdef readonly str gate, reason


cdef class Limits:
    cdef double _collar, _total_near
    cdef int64_t _orders_max
    cdef object _total

    cdef Refused judge(
        self, MarketCore market, int side, int64_t price, int64_t size, bint post_only, Order replaces,
        int64_t orders_open, object others_micro_usd,
    )
    cdef Refused judge_own(self, MarketCore market, int side, int64_t size, Order replaces)
    cdef Refused _worst_case(
        self, MarketCore market, int side, int64_t price, int64_t size, Order replaces, object others_micro_usd
    )
    cdef Refused _funds(self, MarketCore market, int side, int64_t price, int64_t size, Order replaces)
    cdef Refused _margin(self, MarketCore market, int side, int64_t price, int64_t size, Order replaces)
    cdef Refused _same_symbol(self, MarketCore market, int side, object worst)
    cdef bint _is_within(
        self, MarketCore market, mm_int128 up, mm_int128 down, int64_t price, object others_micro_usd
    ) except -1
    cdef Refused _exposure(self, MarketCore market, object buys, object sells, int64_t price, object others_micro_usd)

from libc.stdint cimport int8_t, int64_t

from mm._core.int128 cimport mm_int128


cdef class Position:
    cdef readonly str venue, symbol
    cdef readonly int price_precision, size_precision
    cdef readonly int64_t quantity, fill_count
    cdef readonly dict fees
    cdef mm_int128 _cash, _basis, _bought, _sold, _bought_cost, _sold_cost

    cdef int take(self, int8_t side, int64_t price, int64_t size, object fee, str fee_asset) except -1

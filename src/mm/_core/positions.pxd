from libc.stdint cimport int8_t, int64_t

from mm._core.int128 cimport mm_int128


cdef class Position:
    cdef readonly str venue, symbol
    cdef readonly int price_precision, size_precision
    cdef readonly int64_t quantity, held, fill_count
    cdef readonly dict fees
    # The asset that is held, and one unit of size of it in 1e-12; None where fees take nothing of what is held.
    cdef str _base
    cdef object _base_unit
    cdef int64_t _eaten
    cdef mm_int128 _cash, _basis, _bought, _sold, _bought_cost, _sold_cost

    cdef int _count_eaten(self) except -1
    cdef int take(self, int8_t side, int64_t price, int64_t size, object fee, str fee_asset) except -1

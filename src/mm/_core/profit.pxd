from libc.stdint cimport int64_t

from mm._core.int128 cimport mm_int128


cdef class ProfitSplit:
    cdef mm_int128 _cash, _quantity, _spread2
    cdef object _cash_above, _quantity_above, _spread2_above

    cdef int take(self, int side, int64_t price, int64_t size, int64_t middle2) except -1

from libc.stdint cimport int64_t


cdef class ProfitSplit:
    cdef readonly object cash, quantity, spread2

    cpdef on_fill(self, int side, int64_t price, int64_t size, object middle2)

from libc.stdint cimport int8_t, int64_t


cdef class Quote:
    cdef readonly int64_t price, size, level
    cdef readonly int8_t side


cdef class Terms:
    cdef readonly double fair, half_spread, skew
    cdef readonly str bid_note, ask_note

    cdef tuple _values(self)


cdef class Quoting:
    cdef readonly tuple quotes
    cdef readonly Terms terms


cdef int64_t whole(number, str field) except? -1

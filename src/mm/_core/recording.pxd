from libc.stdint cimport int64_t

from mm._core.event cimport Event


cdef class RecorderCore:
    cdef readonly int64_t records
    cdef public bint failed
    cdef readonly object buffer
    cdef object _append
    cdef frozenset _waiting
    cdef int64_t _bytes_max
    cdef list _kept

    cpdef record(self, Event event)

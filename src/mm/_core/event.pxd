from libc.stdint cimport int64_t


cdef class Event:
    cdef readonly int64_t recv_ns

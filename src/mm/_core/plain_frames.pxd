from libc.stdint cimport int64_t


cdef class PlainFrames:
    cpdef object take(self, int64_t now_ns, bytes payload)

from libc.stdint cimport int64_t

from mm._core.text cimport TextWriter


cdef class ClientIdsCore:
    cdef readonly str owner
    cdef readonly int64_t count
    cdef str _prefix
    cdef dict _letters
    cdef TextWriter _writer

    cpdef str peek(self, str purpose)
    cpdef take(self)

from libc.stdint cimport int64_t

from mm._core.text cimport TextWriter


cdef class ClientIdsCore:
    cdef readonly str owner
    cdef readonly int64_t count
    cdef str _prefix
    cdef dict _letters
    cdef TextWriter _writer
    # Of the id before: what its purpose makes of the front of an id stands in the writer.
    cdef str _last_purpose
    cdef Py_ssize_t _head_size

    cpdef str peek(self, str purpose)
    cpdef take(self)

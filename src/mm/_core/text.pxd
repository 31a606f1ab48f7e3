from cython cimport final
from libc.stdint cimport int64_t
from libc.string cimport memcpy


@final
cdef class TextWriter:
    cdef char* start
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    cdef int grow(self, Py_ssize_t count) except -1
    cdef int put_bytes(self, bytes text) except -1
    cdef int put_quoted(self, str text) except -1
    cdef int put_units(self, int64_t units, int precision) except -1
    cdef int put_time(self, int64_t time_ns) except -1
    cdef bytes taken(self)

    # Here, so that a piece of known length is a few moves where it is written.
    cdef inline int put(self, const char* source, Py_ssize_t count) except -1:
        if count > self.room - self.size:
            self.grow(count)
        memcpy(self.start + self.size, source, count)
        self.size += count
        return 0

from libc.stdint cimport int64_t


cdef class TextWriter:
    cdef char* start
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    cdef int put(self, const char* source, Py_ssize_t count) except -1
    cdef int put_bytes(self, bytes text) except -1
    cdef int put_quoted(self, str text) except -1
    cdef int put_units(self, int64_t units, int precision) except -1
    cdef int put_time(self, int64_t time_ns) except -1
    cdef bytes taken(self)

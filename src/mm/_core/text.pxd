from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from cython cimport final
from libc.stdint cimport int64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, unsigned int maxchar)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint PyUnicode_IS_COMPACT_ASCII(object text)


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

    cdef inline int put_str(self, str text) except -1:
        """A text as it is, in UTF-8."""
        cdef Py_ssize_t count = 0
        cdef const char* raw
        if text is not None and PyUnicode_IS_COMPACT_ASCII(text):
            return self.put(<const char*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text))
        raw = PyUnicode_AsUTF8AndSize(text, &count)
        return self.put(raw, count)


cdef inline str ascii_of(const char* raw, Py_ssize_t count):
    """A text of bytes that are known to be ASCII: nothing looks at them again."""
    cdef str made = PyUnicode_New(count, 127)
    memcpy(PyUnicode_DATA(made), raw, count)
    return made

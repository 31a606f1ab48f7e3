from libc.stdint cimport int64_t

cdef enum Fault:
    OK = 0
    BLANK
    NOT_DECIMAL
    TOO_MANY_DIGITS
    TOO_FINE
    OUT_OF_RANGE

cdef Fault parse(const char* text, Py_ssize_t length, int precision, int64_t* units) noexcept nogil

from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.http_request cimport HttpRequest


cdef class OrderWriter:
    cdef public bint is_up

    cpdef HttpRequest write(self, Place place, int64_t nonce)

from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.event cimport Event
from mm._core.http_request cimport HttpRequest


cdef class OrderWriter:
    cdef public bint is_up

    cpdef HttpRequest write(self, Place place, int64_t nonce)


cdef class TokenCore:
    cdef public str value


cdef class SocketOrders:
    cdef dict _up, _opened
    cdef TokenCore _token
    cdef public bint is_subscribed

    cdef bint is_up(self) except -1
    cpdef bint can_cancel(self) except -1
    cdef bytes encode(self, Event command, int64_t request_id, int64_t venue_now_ns)

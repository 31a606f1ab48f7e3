from libc.stdint cimport int64_t

from mm._core.commands cimport Amend, Place
from mm._core.event cimport Event
from mm._core.order_writer cimport SocketOrders
from mm._core.text cimport TextWriter


cdef class KrakenRequestWriter:
    cdef readonly int64_t deadline_ns
    cdef object _terms, _check_kind, _other
    cdef dict _instruments, _orders
    cdef bytes _order_tail
    cdef dict _kinds
    cdef str _token
    cdef bytes _token_quoted
    cdef TextWriter _writer
    # Of the amend before: most are of one symbol.
    cdef object _newest
    cdef int _price_precision, _size_precision

    cpdef bytes write(self, Event command, int64_t request_id, str token, int64_t venue_now_ns)
    cpdef bytes amend(self, Amend command, int64_t request_id, str token, int64_t venue_now_ns)
    cpdef bytes place(self, Place command, int64_t request_id, str token, int64_t venue_now_ns)
    cdef int _put_order(self, Place command) except -1
    cdef bytes _kind(self, Place command)
    cdef int _put_deadline(self, int64_t venue_now_ns) except -1
    cdef bytes _end(self, int64_t request_id, str token)


cdef class KrakenSocketOrders(SocketOrders):
    cdef KrakenRequestWriter _writer
    cdef object _other

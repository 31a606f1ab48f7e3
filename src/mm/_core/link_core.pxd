from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.event cimport Event
from mm._core.http_request cimport HttpRequest
from mm._core.order_writer cimport OrderWriter, SocketOrders
from mm._core.plain_frames cimport PlainFrames
from mm._core.rest_core cimport RestCore


cdef class Send:
    cdef readonly str channel
    cdef readonly bytes payload
    cdef readonly int64_t request_id


cdef class Request:
    cdef readonly str venue
    cdef readonly int64_t request_id, timeout_ns, wait_ns
    cdef readonly HttpRequest request


cdef class LinkCounters:
    cdef public int64_t connects, malformed, unknown, calls, call_failures


cdef class Outstanding:
    cdef readonly int64_t request_id, sent_ns, deadline_ns
    cdef readonly Event command
    cdef readonly str key
    cdef readonly bint by_rest


cdef class ChannelCore:
    cdef public int64_t last_frame_ns
    cdef public object phase


cdef class EntryCore:
    cdef readonly int64_t timeout_ns
    cdef readonly dict outstanding, busy

    cdef bint is_free(self, Event command) except -1
    cpdef sent(self, int64_t now_ns, int64_t request_id, Event command, bint by_rest)


cdef class TradingCore:
    cdef readonly object session
    # The plain case of the session's own part in it; None where that has no socket for orders.
    cdef SocketOrders _socket_orders
    cdef readonly list actions
    cdef readonly EntryCore entry
    cdef public int64_t clock_offset_ns, last_id

    cpdef int64_t take_id(self) except? -1
    cpdef object send(self, int64_t now_ns, Event command)
    cpdef object submit(self, int64_t now_ns, Event command)


cdef class LinkCore:
    cdef readonly str venue
    cdef dict _channels
    # The channel of the frame before: they are there for good.
    cdef ChannelCore _newest
    cdef str _newest_name
    cdef list _actions
    cdef TradingCore _trading
    cdef object _open_phase
    cdef RestCore _rest
    cdef PlainFrames _plain
    cdef OrderWriter _orders
    cdef readonly LinkCounters counters
    # Calls under way by request id; the last nonce used.
    cdef readonly dict _calls
    cdef public int64_t _nonce
    cdef public tuple book_prefixes
    # Kept from one look at the deadlines to the next, -1 when anything may have changed.
    cdef public int64_t other_due_ns

    cdef bint is_book(self, bytes payload) except -1
    cdef object take_frame(self, int64_t now_ns, str channel, bytes payload)
    cdef object take_command(self, int64_t now_ns, Event command)
    cdef list taken_actions(self)
    cdef object _order(self, int64_t now_ns, Place place)

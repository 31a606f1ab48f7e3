from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.http_request cimport HttpRequest
from mm._core.known_orders cimport KnownOrders
from mm._core.order_writer cimport OrderWriter
from mm._core.text cimport TextWriter


cdef class MexcOrders(OrderWriter):
    cdef dict _instruments
    cdef KnownOrders _known
    cdef object _sign, _other
    cdef TextWriter _writer
    cdef public int64_t offset_ns
    # Of the order before: hedges of one market come in runs.
    cdef object _instrument
    cdef str _symbol, _name
    cdef int _price_precision, _size_precision
    cdef int64_t _lot
    # What stands in each order besides it: the key, words of ours.
    cdef bint _is_ascii

    cdef bint _is_plain(self, Place place) except -1
    cdef bint _take_instrument(self, str symbol) except -1
    cdef int64_t _time_ms(self, int64_t nonce)
    cdef str _name_of(self, str symbol)
    cdef str _key_of(self)


cdef class MexcSpotOrders(MexcOrders):
    cdef tuple _headers
    cdef bytes _tail, _window


cdef class MexcFuturesOrders(MexcOrders):
    cdef str _key
    cdef tuple _key_header, _type_header
    cdef bytes _tail

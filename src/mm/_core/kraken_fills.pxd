from libc.stdint cimport int64_t, uint64_t

from mm._core.known_orders cimport KnownOrder, KnownOrders
from mm._core.plain_frames cimport PlainFrames


cdef struct Span:
    const char* start
    Py_ssize_t size


cdef struct Number:
    const char* start
    Py_ssize_t size
    # Its digits as a whole number, where there are no more than 18; how many, and how many of them behind the point.
    int64_t value
    int digits, decimals


cdef struct Key:
    # `"name":` in two words, and which of their bytes count.
    uint64_t low, high, low_mask, high_mask
    int size, member


cdef struct Row:
    Span client_id, venue_id, execution_id, symbol, fee_asset, status
    int64_t venue_ns, price, size, cum_size, fee
    int side
    bint is_maker


cdef class KrakenFills(PlainFrames):
    cdef readonly KnownOrders known
    cdef dict _instruments
    cdef object _minute_of
    cdef public bint is_up
    cdef public int64_t sequence, last_fill_ns
    # Of the row before: one symbol's fills come in runs.
    cdef object _instrument
    cdef str _symbol, _quote
    cdef int _price_precision, _size_precision
    # The members of the row before, in its order: Kraken has one order of them.
    cdef Key[24] _keys
    # How many of them, from the first on, are known to be different from one another.
    cdef int _different
    # The orders of the fills before: mostly a bid and an ask.
    cdef KnownOrder _newest, _other
    cdef char[17] _minute
    cdef int64_t _minute_ns

    cpdef tuple read(self, int64_t now_ns, bytes payload)
    cdef list _read(self, int64_t now_ns, bytes payload, int64_t* sequence)
    cdef int _row(self, const char** at, const char* end, Row* row) except -1
    cdef int64_t _time(self, Span text) except -2
    cdef bint _instrument_of(self, Span symbol) except -1
    cdef KnownOrder _known(self, Row* row)
    cdef object _fill(self, int64_t now_ns, Row* row)

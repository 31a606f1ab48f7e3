from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


cdef class BookFrame(Event):
    cdef readonly str venue
    cdef readonly bytes payload


cdef class BookReset(Event):
    cdef readonly str venue, symbol, reason


cdef class Trade(Event):
    cdef readonly int64_t venue_ns, price, size
    cdef readonly str venue, symbol, trade_id
    cdef readonly int8_t side


cdef class Ticker(Event):
    cdef readonly int64_t venue_ns, bid, bid_size, ask, ask_size, last
    cdef readonly str venue, symbol


cdef class InstrumentUpdate(Event):
    cdef readonly str venue, symbol
    cdef readonly bytes definition


cdef class VenueStatus(Event):
    cdef readonly str venue, status


cdef class LinkChanged(Event):
    cdef readonly str venue, channel, reason
    cdef readonly bint up


cdef class ClockOffset(Event):
    cdef readonly str venue
    cdef readonly int64_t offset_ns, uncertainty_ns

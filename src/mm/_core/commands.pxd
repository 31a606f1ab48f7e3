from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


cdef class Timer(Event):
    pass


cdef class Operator(Event):
    cdef readonly str action, argument


cdef class Start(Event):
    cdef readonly int64_t seed, epoch
    cdef readonly bytes config


cdef class Recovered(Event):
    cdef readonly bytes state
    cdef readonly object state_hash


cdef class SettingsChanged(Event):
    cdef readonly bytes config


cdef class Place(Event):
    cdef readonly str venue, symbol, client_id, strategy, purpose, order_type, time_in_force, parent
    cdef readonly int64_t level, price, size
    cdef readonly int8_t side
    cdef readonly bint post_only, reduce_only


cdef class Amend(Event):
    cdef readonly str venue, symbol, client_id, venue_id
    cdef readonly int64_t price, size


cdef class Cancel(Event):
    cdef readonly str venue, symbol, client_id, venue_id, reason


cdef class CancelAfter(Event):
    cdef readonly str venue
    cdef readonly int64_t timeout_s


cdef class Resync(Event):
    cdef readonly str venue, symbol, reason


cdef class QueryOrder(Event):
    cdef readonly str venue, client_id, venue_id


cdef class Alert(Event):
    cdef readonly str severity, text


cdef class StrategyPaused(Event):
    cdef readonly str strategy, reason


cdef class Latched(Event):
    cdef readonly str step, scope, cause, reason
    cdef readonly bint is_on


cdef class ProfitMarked(Event):
    cdef readonly int64_t day
    cdef readonly object begun, peak


cdef class HedgeRouted(Event):
    cdef readonly str hedging, venue, symbol, reason

from libc.stdint cimport int64_t

from mm._core.event cimport Event


cdef class Balance(Event):
    cdef readonly str venue, asset, source
    cdef readonly object total


cdef class BalanceChange(Event):
    cdef readonly int64_t venue_ns
    cdef readonly str venue, ledger_id, reference, kind, asset
    cdef readonly object amount, fee, total


cdef class ForeignOrders(Event):
    cdef readonly str venue
    cdef readonly int64_t count


cdef class TimerSet(Event):
    cdef readonly str venue
    cdef readonly int64_t timeout_s


cdef class FeeRates(Event):
    cdef readonly str venue, symbol
    cdef readonly int64_t maker_fee_e8, taker_fee_e8

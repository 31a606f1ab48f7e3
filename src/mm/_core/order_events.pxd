from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


cdef class OrderNews(Event):
    cdef readonly int64_t venue_ns
    cdef readonly str venue, client_id, venue_id


cdef class OrderPending(OrderNews):
    pass


cdef class OrderAccepted(OrderNews):
    pass


cdef class OrderRejected(OrderNews):
    cdef readonly str reason, code


cdef class OrderCanceled(OrderNews):
    cdef readonly int64_t cum_size
    cdef readonly str reason


cdef class OrderExpired(OrderNews):
    cdef readonly int64_t cum_size
    cdef readonly str reason


cdef class Fill(OrderNews):
    cdef readonly int64_t price, size, cum_size
    cdef readonly str symbol, execution_id, liquidity, fee_asset
    cdef readonly int8_t side
    cdef readonly object fee
    # Written once, by the driver that takes it.
    cdef readonly int64_t middle2


cdef class OrderAmended(OrderNews):
    cdef readonly int64_t price, size, cum_size


cdef class AmendRejected(OrderNews):
    cdef readonly str reason, code


cdef class CancelRejected(OrderNews):
    cdef readonly str reason, code
    cdef readonly bint gone


cdef class OutcomeUnknown(OrderNews):
    cdef readonly str request, reason


cdef class OrderReport(OrderNews):
    cdef readonly int64_t price, size, cum_size
    cdef readonly str symbol, status, reason, source
    cdef readonly int8_t side


cdef class OrderAbsent(OrderNews):
    cdef readonly str evidence


cdef class OrderDenied(OrderNews):
    cdef readonly str reason


cdef class OpenOrdersRead(Event):
    cdef readonly str venue
    cdef readonly bint complete
    cdef readonly int64_t count, asked_ns

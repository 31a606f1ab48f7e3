from libc.stdint cimport int8_t, int64_t


cdef class Event:
    cdef readonly int64_t recv_ns


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
    cdef readonly int64_t count


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


cdef class FeeRates(Event):
    cdef readonly str venue, symbol
    cdef readonly int64_t maker_fee_e8, taker_fee_e8


cdef class TimerSet(Event):
    cdef readonly str venue
    cdef readonly int64_t timeout_s


cdef class Timer(Event):
    pass


cdef class Operator(Event):
    cdef readonly str action, argument


cdef class Start(Event):
    cdef readonly int64_t seed, epoch
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

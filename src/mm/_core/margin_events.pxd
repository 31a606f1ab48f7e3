from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


cdef class PositionReport(Event):
    cdef readonly int64_t venue_ns, size, size_frozen, leverage, margin_ratio_e8, adl_level, version
    cdef readonly int8_t side
    cdef readonly bint is_isolated
    cdef readonly str venue, symbol, position_id, source
    cdef readonly object entry_price_e12, liquidation_price_e12, margin, realized, funding, fees


cdef class FundingPaid(Event):
    cdef readonly int64_t venue_ns
    cdef readonly int8_t side
    cdef readonly str venue, symbol, record_id, asset
    cdef readonly object amount, rate_e12, position_value


cdef class FundingRate(Event):
    cdef readonly int64_t venue_ns, settle_ns, period_s
    cdef readonly str venue, symbol
    cdef readonly object rate_e12


cdef class MarkPrice(Event):
    cdef readonly int64_t venue_ns
    cdef readonly str venue, symbol
    cdef readonly object mark_e12, index_e12


cdef class MarginReport(Event):
    cdef readonly str venue, asset, source
    cdef readonly object equity, available, position_margin, order_margin, unrealized, bonus


cdef class PositionChanged(Event):
    cdef readonly int64_t size, price, middle2
    cdef readonly str venue, symbol, evidence


cdef class LiquidationRisk(Event):
    cdef readonly int64_t venue_ns, margin_ratio_e8, adl_level
    cdef readonly str venue, symbol, position_id
    cdef readonly object liquidation_price_e12

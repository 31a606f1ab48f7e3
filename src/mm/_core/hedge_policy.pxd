from libc.stdint cimport int8_t, int64_t


cdef class HedgeState:
    cdef public int64_t now_ns, debt, oldest_ns, committed, lot, least, bid, ask, bid_size, ask_size, depth
    cdef public double worth
    cdef public object instrument, balance, seed
    cdef public list orders
    cdef int64_t _tick

    cdef int64_t owed_lots(self) noexcept
    cpdef int64_t crossing_price(self, double slippage_bps) except? -1


cdef class HedgeOrder:
    cdef readonly int8_t side
    cdef readonly int64_t lots, price
    cdef readonly bint crossing


cdef class HedgePlan:
    cdef readonly HedgeOrder order
    cdef readonly tuple cancel
    cdef readonly str note
    cdef readonly int64_t due_ns


cdef class NativePolicy:
    cdef readonly double threshold, slippage_bps

    cpdef HedgePlan plan(self, HedgeState state)
    cdef bint is_enough(self, HedgeState state, int64_t lots) noexcept


cdef class FollowPlanner(NativePolicy):
    cdef readonly double depth_share


cdef class ThresholdPlanner(NativePolicy):
    cdef readonly double band

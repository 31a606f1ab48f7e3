from libc.stdint cimport int64_t

from mm._core.desk cimport Desk
from mm._core.engine_core cimport EngineCore
from mm._core.hedge_ledger cimport HedgeLedger
from mm._core.hedge_policy cimport HedgeOrder, HedgePlan, HedgeState, NativePolicy
from mm._core.market cimport MarketCore


cdef class Grid:
    cdef object instrument
    cdef object base_unit, lot_base, base_scale, base_divisor, cost_scale, multiplier, price_factor, price_divisor
    cdef int64_t lot, fee_e8

    cdef object price_units(self, object price)


cdef class HedgeDeskCore(Desk):
    cdef readonly EngineCore _engine
    cdef readonly str name
    cdef readonly tuple primary, markets
    cdef readonly dict names
    cdef readonly HedgeLedger ledger
    cdef readonly object policy
    cdef public tuple hedge
    cdef public int64_t _retry_ns, _failures
    cdef readonly double _debt_max
    cdef object _seed
    cdef NativePolicy _native
    cdef bint _remembers, _hears_paid
    cdef str _title
    cdef dict _grids

    cdef Grid _grid(self, MarketCore market)
    cdef int _hedge(self, int64_t now_ns, MarketCore hedge, double worth) except -1
    cdef int _send(self, int64_t now_ns, MarketCore hedge, HedgePlan plan) except -1
    cdef HedgeState _state(self, int64_t now_ns, MarketCore hedge, double worth, list orders)
    cdef object _balance(self, MarketCore hedge, HedgeState state, int64_t price)
    cdef object _lots(self, MarketCore hedge)
    cdef list _orders(self)
    cdef object _exposure(self, int side)
    cdef int _held(self, object net, double price) except -2
    cdef double _price(self, MarketCore primary, MarketCore hedge) except? -1
    cdef int _wake(self, int64_t due_ns) except -1

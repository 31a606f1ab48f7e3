from libc.stdint cimport int64_t

from mm._core.desk cimport Desk
from mm._core.engine_core cimport EngineCore
from mm._core.hedge_grid cimport Grid
from mm._core.hedge_ledger cimport HedgeLedger
from mm._core.hedge_policy cimport HedgeOrder, HedgePlan, HedgeState, NativePolicy
from mm._core.int128 cimport mm_int128
from mm._core.market cimport MarketCore
from mm._core.order cimport Order, OrderList
from mm._core.order_events cimport Fill


cdef class HedgeDeskCore(Desk):
    cdef readonly EngineCore _engine
    cdef readonly str name
    cdef readonly tuple primary, markets
    cdef readonly dict names
    cdef readonly HedgeLedger ledger
    cdef readonly object policy
    cdef public tuple hedge
    # misses: crossing hedges in a row of which nothing was filled; kept: hedges in a row that did not leave.
    # Until when the last try is waited for, and until when nothing is sent whatever came of it; when a hedge last ended.
    cdef public int64_t _retry_ns, _hold_ns, _ended_ns
    cdef public int64_t _failures, misses, kept
    # Its hedges go to another market than the first, since that one gave nothing (`HedgeRouted`).
    cdef public bint is_away
    # Since when nothing could be sent to the market of now, as far as somebody looked; 0 it could at the last look.
    cdef public int64_t gated_ns
    # What the policy raised, for people: it is asked no more; '' nothing.
    cdef public str fault
    cdef readonly double _debt_max
    cdef object _seed
    cdef NativePolicy _native
    cdef bint _remembers, _hears_paid
    cdef str _title
    cdef dict _grids
    cdef Grid _last_grid, _other_grid
    cdef MarketCore _primary_market, _hedge_at
    # Whose market `_hedge_at` is.
    cdef tuple _found
    # The name of the orders there.
    cdef str _hedge_name
    # Those of its hedges that are open, by market; of a market that never had one there is none.
    cdef list _own

    cdef Grid _grid(self, MarketCore market)
    cdef int _owe(self, Fill event, MarketCore market, str kind) except -1
    cdef int _hedge(self, int64_t now_ns, MarketCore hedge, double worth) except -1
    cdef HedgePlan _asked(self, HedgeState state)
    cdef int _withdraw(self, int64_t now_ns, list orders) except -1
    cpdef on_over(self, int64_t now_ns, Order order, bint is_refused, bint is_withdrawn)
    cdef bint _is_astray(self, int64_t now_ns) except -1
    cpdef bint pays(self, int64_t now_ns, MarketCore market) except -1
    cdef bint _seek(self, int64_t now_ns, str gate) except -1
    cdef int _send(self, int64_t now_ns, MarketCore hedge, HedgePlan plan) except -1
    cdef HedgeState _state(self, int64_t now_ns, MarketCore hedge, double worth, list orders)
    cdef int64_t _reserved(self, MarketCore market) except -1
    cdef object _balance(self, MarketCore hedge, HedgeState state, int64_t price)
    cdef int64_t _lots(self, MarketCore hedge) except? -1
    cdef list _own_orders(self)
    cdef list _orders(self)
    cdef MarketCore _hedge_market(self)
    cdef bint _is_out(self) except -1
    cdef mm_int128 _exposure(self, int side) except? -1
    cdef int _held(self, mm_int128 net, double price) except -2
    cdef double _price(self, MarketCore primary, MarketCore hedge) except? -1
    cdef int _wake(self, int64_t due_ns) except -1

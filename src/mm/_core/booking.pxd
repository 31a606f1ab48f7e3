from libc.stdint cimport int64_t

from mm._core.accounts_core cimport AccountsCore
from mm._core.int128 cimport mm_int128
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.order_events cimport Fill
from mm._core.orders cimport OrderStore


cdef class BookingCore:
    cdef readonly OrderStore orders
    cdef readonly dict venues
    cdef public bint is_stopping, hears_fills
    cdef public int64_t started_ns, fills, unbooked
    cdef public object silent
    cdef list _desks
    cdef AccountsCore _accounts
    # The fill that the accounts have not heard of yet.
    cdef Fill _owed
    cdef Order _owed_order
    cdef mm_int128 _owed_middle2
    # The markets that were looked up last: a fill's and its hedge's.
    cdef MarketCore _last_market, _other_market
    # The kind of strategy that was found to want no fills.
    cdef object _silent_kind

    cdef MarketCore market_at(self, str venue, str symbol)
    cdef int price_fill(self, Fill event) except -1
    cdef int settle_accounts(self) except -1
    cdef int _tell(self, MarketCore market, Fill event) except -1
    cpdef int apply_fill(self, Fill event) except -1

from libc.stdint cimport int64_t


cdef class MarketAccount:
    cdef readonly object instrument, unit, price_unit
    cdef readonly str currency
    cdef public object amount, mark2, spread, hedging, inventory

    cpdef mark(self, object middle2)


cdef class CurrencyAccount:
    cdef public object cash, fees, funding, opening, opening_usd, rate2
    cdef public bint is_fixed
    cdef public list usd


cdef class AccountsCore:
    cdef readonly dict _markets, _currencies
    cdef public set opened
    cdef public bint _unpriced

    cpdef on_fill(
        self, tuple key, int side, int64_t price, int64_t size, object middle2, object fee, str fee_asset,
        bint is_hedge
    )

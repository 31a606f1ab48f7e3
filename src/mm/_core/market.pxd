from libc.stdint cimport int8_t, int64_t

from mm._core.int128 cimport mm_int128
from mm._core.order cimport OpenOrders, Order
from mm._core.orders cimport OrderStore
from mm._core.positions cimport Position
from mm._core.profit cimport ProfitSplit
from mm._core.quoter cimport Quoter


cdef class MarketState:
    cdef public object instrument, book, others
    cdef public int64_t now_ns, bid, bid_size, ask, ask_size, position, net_position
    cdef public bint is_hedged
    cdef public int64_t buy_fill_ns, sell_fill_ns, trade_price


cdef class VenueCore:
    cdef readonly str name
    cdef readonly object decoder
    cdef readonly dict markets
    cdef readonly list by_index
    cdef public dict balances
    cdef readonly dict margins
    cdef public str status
    cdef public bint private_up, early_book
    # Its private side was up once.
    cdef public bint was_ready
    # Orders whose fate has to be asked for, and when that was done.
    cdef public dict doubtful
    cdef public int64_t private_down_ns, clock_offset_ns
    # Of the venue's clock: its last fill that was booked, and until when none is missing.
    cdef public int64_t fill_ns, history_ns
    cdef readonly int64_t clock_offset_ns_max
    # The newest fills that are booked, where the venue may tell them again by other names; else None.
    cdef public list named_fills
    # Of the venue's clock: fills before this may have no name there any more; 0 all of them have.
    cdef public int64_t unnamed_ns

    cpdef object free(self, str asset)
    cpdef object margin_free(self, str asset)


cdef class MarketCore:
    cdef readonly VenueCore venue
    cdef readonly str symbol, strategy_name
    cdef readonly object instrument, strategy, limits, book
    cdef readonly Quoter quoter
    cdef readonly Position position
    cdef readonly ProfitSplit profit
    cdef readonly MarketState state
    cdef readonly bint post_only
    cdef public str gap, problem, paused, waits, halted, killed, sealed
    cdef public object curb
    cdef public bint book_ok, no_market, changed
    cdef public int8_t held, guarded
    cdef public bint is_capped, stirs, stirred
    # The venue changed what our numbers mean.
    cdef public bint is_frozen
    # Of a contract, what the venue says of its position, margin and funding; None on spot.
    cdef public object perpetual
    cdef public int64_t hedge_fills
    cdef public object hedge_cost
    cdef public int64_t own_quantity, own_position_max, own_size_max, own_orders_max
    cdef public list hears, wakes
    cdef public str seen_gate
    cdef public int64_t bid, bid_size, ask, ask_size, book_ns, lost_ns, due_ns, position_max, order_size_max
    # Bounds of what is believed of a book: a fraction, ns, ns; 0 never.
    cdef public double jump_max
    cdef public int64_t lag_ns_max, side_age_ns_max
    # A slow average of the middle, doubled, and when it last moved; since when the middle is far from it, and where.
    cdef readonly double reference
    cdef readonly int64_t reference_ns, jumped_ns
    # When an order was last heard of that should not stand here, 0 none does, and since when one does.
    # When somebody last said stop or kill, or a step that cancels came to be in force here.
    cdef public int64_t astray_ns, astray_since_ns, stop_asked_ns
    # What such orders may still fill: they are over, so nothing else counts them.
    cdef public int64_t stray_buys, stray_sells
    cdef double _jumped_to
    # When each side's best last changed, and how often the other side's did since.
    cdef readonly int64_t bid_ns, ask_ns
    cdef int _bid_still, _ask_still
    # How late the data is by the venue's time, 0 within the bound.
    cdef readonly int64_t lag_ns
    cdef int64_t _sampled_ns
    cdef bint _was_late
    cdef public object last
    cdef readonly str status
    # As of the last look.
    cdef readonly list orders
    cdef readonly int64_t quantity
    # Contracts that the account held before the first start, signed.
    cdef public int64_t base_quantity
    cdef readonly object base_free, quote_free, margin_free
    cdef mm_int128 _buys, _sells
    cdef double _base_room, _quote_room
    # Of the instrument, so that a decision reads no Python object.
    cdef int64_t tick, lot, size_min, size_max, fee_e8
    # Fees as fractions of what is traded; infinite while unknown. surcharged: fills were charged more than is told.
    cdef double maker_rate, taker_rate
    cdef public bint surcharged
    cdef mm_int128 cost_min
    cdef str base, quote, settle
    cdef double cost_scale, size_scale, price_scale
    # One unit of price in 10^-18, one of size in 10^-36 of the base asset.
    cdef object price_unit, unit
    cdef readonly list siblings
    cdef list _dependents
    # What the quote currency is worth: stated, or by another market.
    cdef object _rate2
    cdef double _rate, _peg_low, _peg_high
    # What the currency is worth was said, be it that it is not known yet.
    cdef bint _is_rated
    cdef readonly MarketCore rate_source
    cdef readonly bint off_peg
    cdef readonly bint is_margin
    cdef public int64_t leverage
    cdef int price_precision
    cdef OpenOrders _group
    cdef object _due_of
    # When the strategy wants to be asked again, 0 never.
    cdef int64_t wish_ns

    cdef mm_int128 middle(self) noexcept
    cpdef refresh(self, OrderStore store, int64_t now_ns)
    cpdef take_top(self, int64_t now_ns=*)
    cdef int _follow(self, int64_t now_ns) except -1
    cdef bint _is_confirmed(self, double middle2) noexcept
    cdef int sample_lag(self, int64_t now_ns) except -1
    cpdef str doubt(self, int64_t now_ns)
    cpdef bint is_far(self, int64_t price) noexcept
    cpdef lose_book(self, str gap, int64_t now_ns=*)
    cpdef str currency_gate(self)
    cdef double usd_rate(self) noexcept
    cdef object rate2(self)
    cpdef double last_usd_rate(self) noexcept
    cdef object last_rate2(self)
    cdef bint _is_off_peg(self) noexcept
    cdef int _tell_dependents(self) except -1
    cdef int64_t _net_position(self) noexcept
    cpdef object affordable(self, int side, int64_t price)
    cpdef int64_t size_least(self, int64_t price) except? -1
    cdef object margin_bound(self, int side, int64_t size, int64_t price, Order replaces)
    cdef object _bound(self, int of_side, int side, int64_t size, int64_t price, Order replaces)
    cdef tuple _opening(self, int of_side, int side, int64_t size, int64_t price, Order replaces)
    cdef object _margin_rate(self)
    cdef object margin_of_others(self)
    cdef int _funds(self) except -1
    cdef int _best_of_others(self, int side, int64_t own) except -1

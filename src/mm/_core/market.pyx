# cython: nonecheck=True
"""One symbol and its venue as a decision needs them: best prices, orders, position, balances, in C.

`MarketCore.refresh` brings all of it to the moment of the decision; `MarketState` is the part that a strategy sees.
"""

from sys import intern

from cython cimport final
from libc.math cimport INFINITY, fabs, llrint
from libc.stdint cimport int64_t

from mm._core.int128 cimport as_int, from_int, mm_int128
from mm._core.order cimport OpenOrders, Order
from mm._core.orders cimport OrderStore
from mm._core.positions cimport Position
from mm._core.profit cimport ProfitSplit
from mm._core.quoter cimport Quoter

from types import MappingProxyType

# Currencies that are one dollar until `rate_by` says what they are worth. Anything else has no price in dollars until
# then, so its exposure cannot be bounded.
USD = frozenset({"USD", "USDT", "USDC", "USDG", "USDQ"})
# Decimals of balances.
AMOUNT_PRECISION = 12
# Caps above it are as good as none: no position gets there in 64 bits.
CAP_MAX = 2**62
# For `MarketCore.held`.
BOTH_SIDES = 2
# No order costs as much: its price and its size have 63 bits each.
COST_MAX = 2**126

# The average that a jump is measured against takes in a new price within so long.
REFERENCE_NS = 10_000_000_000
# A price that jumped and stays where it is for so long is the price.
JUMP_HOLD_NS = 10_000_000_000
# After so long without a book there is nothing to measure a jump against.
REFERENCE_NS_MAX = 60_000_000_000
# So often the best of the other side has to change before a side that does not is taken for dead.
STILL_MOVES = 20
# How late data is, is looked at this often; two looks in a row count.
LAG_SAMPLE_NS = 100_000_000
# A venue's time that is further off is a jump of its clock, and says nothing.
LAG_NS_MAX = 900_000_000_000

cdef int64_t _SIZE_LEAST_MAX = CAP_MAX
cdef double _REFERENCE_NS = REFERENCE_NS
cdef int64_t _JUMP_HOLD_NS = JUMP_HOLD_NS
cdef int64_t _REFERENCE_NS_MAX = REFERENCE_NS_MAX
cdef int _STILL_MOVES = STILL_MOVES
cdef int64_t _LAG_NS_MAX = LAG_NS_MAX
# A sibling that was not heard of for longer confirms nothing.
cdef int64_t CONFIRM_NS = 2_000_000_000

# Decimals of amounts of the base asset, when they are exact: those of a size and of a contract's size together.
BASE_DIGITS = 36
# One dollar in halves of 10^-18.
ONE2 = 2 * 10**18

cdef frozenset _USD = USD
# What a strategy sees that has asked for no other market.
cdef object NO_OTHERS = MappingProxyType({})


@final
cdef class MarketState:
    """One symbol as a strategy sees it; valid during the call only.

    now_ns: time of the decision; bid, bid_size, ask, ask_size: the best prices of others (own orders taken out), always
    present and uncrossed; book: every level, own orders included; position: signed, in size units; net_position: that
    of its base asset over all venues, contracts times their size, in this market's size units (to the nearest);
    is_hedged: what fills here is hedged on another market; buy_fill_ns, sell_fill_ns: time of the last own fill on a
    side, 0 none; trade_price: last trade, 0 none; others: the markets that the strategy has subscribed to, by (venue,
    symbol), to read.
    """

    def __init__(self, instrument, book):
        self.instrument = instrument
        self.book = book
        self.others = NO_OTHERS

    def fill_ns(self, int side):
        """When we last filled on a side, 0 never."""
        return self.buy_fill_ns if side > 0 else self.sell_fill_ns


cdef class VenueCore:
    """What a decision needs of a venue.

    decoder: applies book frames; markets: by symbol; by_index: in the order in which the decoder knows them;
    private_up: connected, snapshots and history read; was_ready: so it was once; doubtful: orders whose fate has to be
    asked for, and when that was done; balances: by asset in 1e-12; margins: the last report of
    each margin account, by asset; early_book: a book came before its instrument; fill_ns: venue time of the last fill
    booked; history_ns: the same, as long as none before it can be missing; named_fills: the newest that are booked,
    None where the venue has one name for each; unnamed_ns: fills before this venue time may be none of them, 0 all are.
    """

    def __init__(self, str name not None, decoder, *, int64_t clock_offset_ns_max):
        self.name = intern(name)
        self.decoder = decoder
        self.clock_offset_ns_max = clock_offset_ns_max
        self.markets = {}
        self.by_index = []
        self.balances = {}
        self.margins = {}
        self.doubtful = {}
        self.status = "online"

    cpdef object free(self, str asset):
        """What the account has of an asset, in 1e-12; None while the venue has not said."""
        held = self.balances.get(asset)
        if held is not None:
            return held
        # Venues leave out what is zero; once the private snapshots are read, silence means nothing is there.
        return 0 if self.private_up else None

    cpdef object margin_free(self, str asset):
        """What of a margin account no position binds, in 1e-12; None while the venue has not said. What orders bind is
        in it: the limits count own orders themselves."""
        report = self.margins.get(asset)
        if report is not None:
            return report.available + report.order_margin
        return 0 if self.private_up else None


cdef class MarketCore:
    """What a decision needs of one symbol.

    venue, book, position, quoter: of this symbol; strategy: None for a symbol that is only watched; limits: the venue's
    order rate, None without one; bid, bid_size, ask, ask_size: the best prices, own orders included, kept after a loss
    of the book or of a side for the collar; book_ns: when it was last heard of and could be quoted from, 0 never;
    jump_max, lag_ns_max, side_age_ns_max: bounds of `doubt`;
    book_ok: it may be quoted from; gap: why not; lost_ns: since when; no_market: it is the venue's, and crossed or
    one-sided; problem: why the symbol cannot be quoted at all; paused: why its strategy is
    not asked; waits: what has to come before its first quote; halted: why nothing is quoted until somebody looks into
    it; killed: the same by the kill ladder; sealed: why it lets nothing new be sent, hedges neither; curb: what it
    makes of quotes, None as they are; position_max, order_size_max: hard caps in size
    units; due_ns: when the quotes have to be looked at again although nothing happens; changed: something happened
    since they were looked at; held: the side on which nothing may be quoted, BOTH_SIDES, 0 none; guarded: the same for
    a position that is close to its liquidation; last: the last record that was kept.

    is_capped: the strategy has caps of its own, own_position_max, own_size_max and own_orders_max, on what its own
    orders fill and may fill; own_quantity: what they have filled. hears: markets that the strategy reads; wakes: those
    whose strategies read this one; stirs: they read its whole book; seen_gate: why nothing could be sent here when one
    of them last looked.

    is_frozen: the venue changed what our numbers mean; perpetual: of a contract, what the venue says of its position,
    margin and funding, None on spot; hedge_fills, hedge_cost: of hedges that filled here.

    surcharged: fills were charged more than the venue tells of its rates, see `mm.engine.terms`.
    base_quantity: contracts that the account held before the first start, signed: no strategy's, and in the limits.

    As of the last `refresh`: orders, own open ones; quantity, signed, with those; base_free, quote_free, what the
    account can spend in 1e-12, None while unknown; margin_free, the same of a contract's margin account. leverage:
    with which a contract's margin is counted.

    siblings: the other markets of the same base asset, on whatever venue; off_peg: the quote currency has no known rate
    in dollars or is too far off its peg.
    """

    def __init__(
        self, VenueCore venue not None, instrument, book, strategy, limits, Quoter quoter not None, *,
        bint post_only=True, due_of=None,
    ):
        self.venue = venue
        self.symbol = intern(instrument.symbol)
        self.book = book
        self.strategy = strategy
        self.strategy_name = strategy.name if strategy is not None else ""
        self.limits = limits
        self.quoter = quoter
        self.post_only = post_only
        self.position = Position(
            venue.name, instrument.symbol, instrument.price_precision, instrument.size_precision
        )
        self.profit = ProfitSplit()
        self.state = MarketState(instrument, book)
        self.gap = "no book yet"
        self.problem = ""
        self.paused = self.waits = self.halted = self.killed = self.sealed = ""
        self.changed = True
        self.leverage = 1
        self.orders = []
        self.siblings = []
        self._dependents = []
        self._rate2 = -1
        self._peg_high = float("inf")
        self._due_of = due_of
        self.hears = []
        self.wakes = []
        self.seen_gate = ""
        self.hedge_cost = 0
        self.own_position_max = self.own_size_max = self.own_orders_max = CAP_MAX
        self.take_instrument(instrument)

    @property
    def buys(self):
        """What the buy orders may fill at worst, as of the last look."""
        return as_int(self._buys)

    @property
    def sells(self):
        """What the sell orders may fill at worst, as of the last look."""
        return as_int(self._sells)

    @property
    def middle2(self):
        """Bid + ask of the last good book, 0 before the first."""
        return as_int(self.middle())

    cdef mm_int128 middle(self) noexcept:
        """The same."""
        return <mm_int128>self.bid + self.ask if self.bid and self.ask else 0

    def take_instrument(self, instrument):
        """Take the symbol's grid, minimums and fees. Raises OverflowError for numbers that no order could have."""
        self.tick = instrument.tick
        self.lot = instrument.lot
        self.size_min = instrument.size_min
        self.size_max = instrument.size_max
        # Of price x size: what costs less than this costs less than the minimum once it is multiplied.
        self.cost_min = from_int(-(-min(instrument.cost_min, COST_MAX) // instrument.multiplier))
        self.fee_e8 = max(instrument.maker_fee_e8, 0)
        self.base = intern(instrument.base)
        self.quote = intern(instrument.quote)
        if not self._is_rated:
            self._rate2 = ONE2 if self.quote in _USD else 0
            self._rate = 1.0 if self._rate2 else 0.0
            self.off_peg = not self._rate2
        self.status = instrument.status
        self.price_precision = instrument.price_precision
        self.cost_scale = 10.0 ** instrument.cost_precision / instrument.multiplier
        self.size_scale = 10.0 ** instrument.base_precision / instrument.multiplier
        self.price_scale = 10.0 ** instrument.price_precision
        self.price_unit = 10 ** (18 - instrument.price_precision)
        self.unit = instrument.multiplier * 10 ** (BASE_DIGITS - instrument.base_precision)
        self.is_margin = instrument.is_contract
        self.settle = intern(instrument.settle)
        self.instrument = self.state.instrument = instrument
        self.maker_rate = instrument.maker_fee_e8 / 1e8 if instrument.maker_fee_e8 != -1 else INFINITY
        self.taker_rate = instrument.taker_fee_e8 / 1e8 if instrument.taker_fee_e8 != -1 else INFINITY
        if not instrument.is_contract and instrument.base_precision <= AMOUNT_PRECISION:
            self.position.takes_fees_in(instrument.base, 10 ** (AMOUNT_PRECISION - instrument.base_precision))
        # What was computed in the old units.
        self.base_free = self.quote_free = self.margin_free = None

    def take_strategy(self, strategy, *, bint post_only, due_of):
        """Let another strategy quote here from now on: the same one made anew, or with other knobs."""
        if strategy.name != self.strategy_name:
            raise ValueError(f"{self.symbol}: quoted by {self.strategy_name}, not by {strategy.name}")
        self.strategy = strategy
        self.post_only = post_only
        self._due_of = due_of
        self.wish_ns = 0
        self.changed = True

    cpdef lose_book(self, str gap, int64_t now_ns=0):
        """Trust the book no longer: the next snapshot ends it, or what makes it a market again."""
        if self.book_ok:
            self.lost_ns = now_ns
        self.book_ok = self.no_market = False
        self.gap = gap
        self.changed = True
        if self._dependents:
            self._tell_dependents()

    cpdef take_top(self, int64_t now_ns=0):
        """Read the book's best prices after a change; those of a book that is no market are not taken."""
        cdef tuple top = self.book.top()
        cdef int64_t bid = top[0]
        cdef int64_t ask = top[2]
        if not bid or not ask:
            self.lose_book("one side of the book is empty" if bid or ask else "the book is empty", now_ns)
            self.no_market = True
        elif bid >= ask:
            self.lose_book("the book is crossed" if bid > ask else "the book is locked", now_ns)
            self.no_market = True
        else:
            if bid != self.bid or self.bid_size != top[1]:
                self.bid = bid
                self.bid_size = top[1]
                self.bid_ns = now_ns
                self._bid_still = 0
                self._ask_still += 1
            if ask != self.ask or self.ask_size != top[3]:
                self.ask = ask
                self.ask_size = top[3]
                self.ask_ns = now_ns
                self._ask_still = 0
                self._bid_still += 1
            self.book_ok = True
            self.changed = True
            self._follow(now_ns)
            if self._dependents:
                self._tell_dependents()

    # --- whether a good book is to be believed -----------------------------------------------------------------------

    cdef int _follow(self, int64_t now_ns) except -1:
        """Let the average follow the middle, unless that is too far away to be believed at once."""
        cdef double middle2 = <double>self.bid + <double>self.ask
        cdef int64_t passed_ns = now_ns - self.reference_ns
        if not self.reference or passed_ns > _REFERENCE_NS_MAX:
            self.reference = middle2
        elif self.jump_max > 0 and fabs(middle2 - self.reference) > self.jump_max * self.reference:
            if not self.jumped_ns or fabs(middle2 - self._jumped_to) > self.jump_max * self._jumped_to:
                self.jumped_ns = now_ns
                self._jumped_to = middle2
            if now_ns - self.jumped_ns < _JUMP_HOLD_NS and not self._is_confirmed(middle2):
                return 0
            self.reference = middle2
        else:
            self.reference += (middle2 - self.reference) * min(1.0, passed_ns / _REFERENCE_NS)
        self.reference_ns = now_ns
        self.jumped_ns = 0
        return 0

    cdef bint _is_confirmed(self, double middle2) noexcept:
        """Whether another market of the same asset shows about the same price, by a rate that is believed itself."""
        cdef MarketCore other
        cdef double price = middle2 / self.price_scale * self.usd_rate()
        cdef double theirs
        for each in self.siblings:
            other = <MarketCore>each
            if other.off_peg or (other.rate_source is not None and other.rate_source.jumped_ns):
                continue
            if other.book_ok and self.book_ns - other.book_ns < CONFIRM_NS:
                theirs = (<double>other.bid + <double>other.ask) / other.price_scale * other.usd_rate()
                if price > 0 and fabs(theirs - price) <= self.jump_max * price:
                    return True
        return False

    cpdef bint is_far(self, int64_t price) noexcept:
        """Whether a price is too far from the average to be believed at once."""
        return self.jump_max > 0 and self.reference > 0 and fabs(2.0 * price - self.reference) > (
            self.jump_max * self.reference
        )

    cdef int sample_lag(self, int64_t now_ns) except -1:
        """See how late the message is that was just decoded, by the venue's time; two late ones in a row count."""
        cdef int64_t venue_ns = self.venue.decoder.last_venue_ns
        cdef int64_t lag_ns = now_ns + self.venue.clock_offset_ns - venue_ns
        self._sampled_ns = now_ns
        if not venue_ns or not self.lag_ns_max or lag_ns > _LAG_NS_MAX or lag_ns < -_LAG_NS_MAX:
            return 0
        if lag_ns <= self.lag_ns_max:
            lag_ns = 0
        elif not self._was_late:
            self._was_late = True
            return 0
        self._was_late = lag_ns > 0
        if (self.lag_ns > 0) != (lag_ns > 0):
            self.changed = True
        self.lag_ns = lag_ns
        return 0

    cpdef str doubt(self, int64_t now_ns):
        """Why a book that is the venue's and a market is not believed, '' when it is. In the same words while it lasts.
        """
        if self.lag_ns:
            return f"the book is late by the venue's time, over book_lag_ms_max = {self.lag_ns_max // 1_000_000}"
        if self.jumped_ns and now_ns - self.jumped_ns < _JUMP_HOLD_NS:
            away = self.instrument.price_text(int(self.reference) // 2)
            return f"the price jumped away from {away}, by more than jump_bps_max = {self.jump_max * 10_000:g}"
        if self.side_age_ns_max:
            if self._ask_still >= _STILL_MOVES and now_ns - self.ask_ns > self.side_age_ns_max:
                return f"the asks stand still, over book_side_age_ms_max = {self.side_age_ns_max // 1_000_000}"
            if self._bid_still >= _STILL_MOVES and now_ns - self.bid_ns > self.side_age_ns_max:
                return f"the bids stand still, over book_side_age_ms_max = {self.side_age_ns_max // 1_000_000}"
        return ""

    # --- what the quote currency is worth ----------------------------------------------------------------------------

    def rate_by(self, rate2, MarketCore source, double peg_low, double peg_high):
        """Take what the quote currency is worth in dollars and the bounds of its peg.

        rate2: as stated, in halves of 10^-18, or 0 for the middle of source, which is None until it was told of.
        """
        self._is_rated = True
        self._rate2 = rate2
        self._rate = rate2 / ONE2
        self._peg_low = peg_low
        self._peg_high = peg_high
        self.rate_source = source
        if source is not None and self not in source._dependents:
            source._dependents.append(self)
        self.off_peg = self._is_off_peg()
        self.changed = True

    cdef double usd_rate(self) noexcept:
        """What one unit of the quote currency is worth in dollars; 0 unknown."""
        cdef MarketCore source = self.rate_source
        if source is None:
            return self._rate
        if not source.book_ok:
            return 0.0
        return (<double>source.bid + <double>source.ask) / (2.0 * source.price_scale)

    cdef object rate2(self):
        """The same in halves of 10^-18, exact."""
        cdef MarketCore source = self.rate_source
        if source is None:
            return self._rate2
        return source.middle2 * source.price_unit if source.book_ok else 0

    cpdef double last_usd_rate(self) noexcept:
        """The last that was known, for what is held already: it is not worth nothing because nobody quotes it."""
        cdef MarketCore source = self.rate_source
        if source is None:
            return self._rate
        return (<double>source.bid + <double>source.ask) / (2.0 * source.price_scale)

    cdef object last_rate2(self):
        """The same in halves of 10^-18, exact."""
        cdef MarketCore source = self.rate_source
        return self._rate2 if source is None else source.middle2 * source.price_unit

    cdef bint _is_off_peg(self) noexcept:
        cdef double rate = self.usd_rate()
        return not (rate > 0 and self._peg_low <= rate <= self._peg_high)

    cdef int _tell_dependents(self) except -1:
        """Those whose currency is valued here look again when that crosses the bounds of its peg."""
        cdef MarketCore market
        for each in self._dependents:
            market = <MarketCore>each
            if market._is_off_peg() != market.off_peg:
                market.off_peg = not market.off_peg
                market.changed = True
        return 0

    cpdef str currency_gate(self):
        """Why nothing may be sent here that adds risk, '' while the quote currency is worth what it should be."""
        if not self.off_peg:
            return ""
        cdef double rate = self.usd_rate()
        if not rate:
            return f"no price of {self.quote} in USD: exposure cannot be bounded"
        return f"{self.quote} is {rate:.4f} USD, off its peg"

    # --- the moment of a decision ------------------------------------------------------------------------------------

    def relate(self, OrderStore store not None, list markets not None):
        """Learn of the other markets of the base asset."""
        self._group = store.group(self.venue.name, self.symbol)
        self.siblings = [market for market in markets if market is not self]

    cpdef refresh(self, OrderStore store, int64_t now_ns):
        """Bring everything that a decision reads to this moment."""
        cdef OpenOrders group = self._group
        cdef MarketState state = self.state
        cdef Order order
        cdef int64_t own_bid = 0
        cdef int64_t own_ask = 0
        if group is None:
            group = self._group = store.group(self.venue.name, self.symbol)
        self.orders = group.listed()
        self._buys = group._buys
        self._sells = group._sells
        self.quantity = self.position.held + self.base_quantity
        self._funds()
        state.now_ns = now_ns
        state.position = self.position.held
        state.net_position = state.position if not self.siblings else self._net_position()
        state.bid = self.bid
        state.bid_size = self.bid_size
        state.ask = self.ask
        state.ask_size = self.ask_size
        for each in self.orders:
            order = <Order>each
            if order.side > 0:
                if (order.price == self.bid or order.pending_price == self.bid) and order.size > order.cum_size:
                    own_bid += order.size - order.cum_size
            elif (order.price == self.ask or order.pending_price == self.ask) and order.size > order.cum_size:
                own_ask += order.size - order.cum_size
        if own_bid:
            self._best_of_others(1, own_bid)
        if own_ask:
            self._best_of_others(-1, own_ask)

    cdef int64_t _net_position(self) noexcept:
        """What all markets of the base asset hold together, in size units of this one, to the nearest."""
        cdef MarketCore other
        cdef double net = <double>self.position.held
        for each in self.siblings:
            other = <MarketCore>each
            net += <double>other.position.held / other.size_scale * self.size_scale
        return <int64_t>llrint(net) if -9.2e18 < net < 9.2e18 else self.position.held

    cdef object margin_bound(self, int side, int64_t size, int64_t price, Order replaces):
        """The margin that open orders bind at worst, and one more of a side, size and price (0: none), in 1e-12.

        What can only bring the position nearer to zero binds nothing.
        """
        return self._bound(1, side, size, price, replaces) + self._bound(-1, side, size, price, replaces)

    cdef object _bound(self, int of_side, int side, int64_t size, int64_t price, Order replaces):
        """The same of one side."""
        opening, top = self._opening(of_side, side, size, price, replaces)
        if opening <= 0:
            return 0
        instrument = self.instrument
        cost = opening * top * instrument.multiplier * self._margin_rate() * 10**AMOUNT_PRECISION
        return -(-cost // (<object>self.leverage * 100_000_000 * 10**instrument.cost_precision))

    cdef tuple _opening(self, int of_side, int side, int64_t size, int64_t price, Order replaces):
        """How much the orders of a side would open beyond what they close, below zero: less, and their worst price."""
        cdef Order order
        opening = <object>size if side == of_side else 0
        top = <object>price if opening else 0
        if self._group is not None:
            for each in self._group.orders():
                order = <Order>each
                if order.side == of_side and order is not replaces:
                    opening += order.counted
                    top = max(top, order.price, order.pending_price)
        opening -= max(0, -of_side * (<object>self.position.quantity + self.base_quantity))
        # A sale may fill at a better price, which is worth more.
        return opening, top if of_side > 0 else max(top, self.ask)

    cdef object _margin_rate(self):
        """What a position binds for its value: its share by the leverage, the fees of opening and of closing; in 1e-8
        of value / leverage."""
        return 100_000_000 + 2 * <object>self.leverage * max(self.instrument.taker_fee_e8, 0)

    cdef object margin_of_others(self):
        """What the open orders of the other symbols of the same margin account bind."""
        cdef MarketCore other
        total = 0
        for each in self.venue.markets.values():
            other = <MarketCore>each
            if other is not self and other.is_margin and other.settle == self.settle:
                total += other.margin_bound(0, 0, 0, None)
        return total

    cpdef object affordable(self, int side, int64_t price):
        """How much more of a side a margin account pays for at a price, in size units; None while unknown."""
        if self.margin_free is None:
            return None
        instrument = self.instrument
        # One more, so that the price counts.
        opening, top = self._opening(side, side, 1, price, None)
        room = self.margin_free - self._bound(-side, 0, 0, 0, None) - self.margin_of_others()
        cost = top * instrument.multiplier * self._margin_rate() * 10**AMOUNT_PRECISION
        most = max(0, room) * <object>self.leverage * 100_000_000 * 10**instrument.cost_precision // cost
        return max(0, most - (opening - 1))

    cpdef int64_t size_least(self, int64_t price) except? -1:
        """The smallest size that the venue takes at a price (0: at any), by its least size and value, on the lot."""
        cdef mm_int128 least = max(self.size_min, 1)
        cdef mm_int128 worth
        if price > 0 and self.cost_min > 0:
            worth = (self.cost_min + price - 1) // price
            if worth > least:
                least = worth
        least = (least + self.lot - 1) // self.lot * self.lot
        return <int64_t>least if least < _SIZE_LEAST_MAX else _SIZE_LEAST_MAX

    cdef int _funds(self) except -1:
        """What can be spent. On spot our orders carry no margin; a contract binds margin and never the base asset."""
        if self.is_margin:
            self.margin_free = self.venue.margin_free(self.settle)
            return 0
        # A balance is mostly the same object as at the last look.
        held = self.venue.free(self.base)
        if held is not self.base_free:
            self.base_free = held
            self._base_room = 0.0 if held is None else float(held) * self.size_scale / 1e12
        held = self.venue.free(self.quote)
        if held is not self.quote_free:
            self.quote_free = held
            self._quote_room = 0.0 if held is None else float(held) * self.cost_scale / 1e12
        return 0

    cdef int _best_of_others(self, int side, int64_t own) except -1:
        """Take own orders out of a side whose best level holds some. We must not chase ourselves."""
        cdef MarketState state = self.state
        cdef Order order
        cdef int64_t price = self.bid if side > 0 else self.ask
        cdef int64_t size = self.bid_size if side > 0 else self.ask_size
        if size > own:
            size -= own
        else:
            own_at = {}
            for each in self.orders:
                order = <Order>each
                if order.side == side and order.size > order.cum_size:
                    # Until an amend is answered the book may show either price.
                    for at in {order.price, order.pending_price or order.price}:
                        own_at[at] = own_at.get(at, 0) + order.size - order.cum_size
            for level_price, level_size in self.book.levels(side, len(own_at) + 1):
                if level_size > own_at.get(level_price, 0):
                    price, size = level_price, level_size - own_at.get(level_price, 0)
                    break
        if side > 0:
            state.bid, state.bid_size = price, size
        else:
            state.ask, state.ask_size = price, size
        return 0

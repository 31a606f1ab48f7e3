# cython: nonecheck=True
"""Hard caps on the worst case of position, open orders, orders in flight and orders of unknown fate.

`Limits.check` answers `APPROVED` or `Refused` with the reason. The worst case of a side is that everything on it fills
and nothing of the other side does; in dollars it is that of an asset over all venues, so that a long on one and a short
on another are what is left of them. An amend in flight counts with its larger size, an unknown order as if it lived.
An order that can only bring the position nearer to zero is not held back by the position caps: in doubt, reductions
work.

Money is compared in doubles where a difference of a millionth decides nothing, and exactly where it might.
"""

from cython cimport final
from libc.math cimport fabs
from libc.stdint cimport int64_t

from mm._core.int128 cimport as_int, mm_int128
from mm._core.market cimport MarketCore
from mm._core.order cimport OpenOrders, Order
from mm._core.quotes cimport whole

from mm._core.market import AMOUNT_PRECISION as _AMOUNT_PRECISION
from mm._core.market import BASE_DIGITS as _BASE_DIGITS

MICRO_USD = 1_000_000
# Doubles carry 15 digits; with this much room their rounding cannot hide that a limit is passed.
cdef double NEAR = 0.999999


@final
cdef class Approved:
    """The order may go."""

    def __repr__(self):
        return "Approved()"


@final
cdef class Refused:
    """The order may not go; reason for people, gate for counters."""

    def __init__(self, str gate not None, str reason not None):
        self.gate = gate
        self.reason = reason

    def __eq__(self, other):
        if type(other) is not Refused:
            return NotImplemented
        return (self.gate, self.reason) == ((<Refused>other).gate, (<Refused>other).reason)

    def __hash__(self):
        return hash((self.gate, self.reason))

    def __repr__(self):
        return f"Refused(gate={self.gate!r}, reason={self.reason!r})"


APPROVED = Approved()


# Of a sum of doubles, against the sum of their magnitudes: a dozen terms round by 1e-15 each.
cdef double ROUNDING = 1e-12
# Amounts of 10^-36 times prices of 10^-18 times rates of half 10^-18.
cdef object SCALE = 2 * 10**72


cdef object worst_amount(MarketCore market, int side):
    """What a market holds when everything on a side fills and nothing of the other does, in 10^-36 of the asset."""
    cdef OpenOrders group = market._group
    held = <object>market.position.held + market.base_quantity
    if side > 0:
        return (held + as_int(group._buys) + market.stray_buys) * market.unit
    return (held - as_int(group._sells) - market.stray_sells) * market.unit


cdef object price_of(MarketCore market):
    """The best ask in dollars, half 10^-36, at the last rate that was known; 0 before the first book or rate."""
    return market.ask * market.price_unit * market.last_rate2()


cpdef object net_micro_usd(list markets):
    """The worst case of one asset over its markets, in 1e-6 USD; 0 without a price: nothing is bought then.

    Everything that buys it fills on every venue and nothing that sells it, or the other way round.
    """
    cdef MarketCore market
    highest = lowest = top = 0
    for each in markets:
        market = <MarketCore>each
        highest += worst_amount(market, 1)
        lowest += worst_amount(market, -1)
        top = max(top, price_of(market))
    return max(abs(highest), abs(lowest)) * top * MICRO_USD // SCALE


cdef inline mm_int128 magnitude(mm_int128 value) noexcept:
    return -value if value < 0 else value


@final
cdef class Limits:
    """The caps of a run.

    collar: fraction of the middle of the book; total_micro_usd: over all symbols; orders_max: over all symbols.
    """

    def __init__(self, *, double collar, total_micro_usd, int64_t orders_max):
        self.retune(collar=collar, total_micro_usd=total_micro_usd, orders_max=orders_max)

    def retune(self, *, double collar, total_micro_usd, int64_t orders_max):
        """Judge by other caps from now on. Raises ValueError for a collar that is none."""
        if not collar >= 0:
            raise ValueError(f"collar: {collar} is negative or not a number")
        self._collar = collar
        self._total = int(total_micro_usd)
        self._total_near = NEAR * float(self._total)
        self._orders_max = orders_max

    def check(
        self, MarketCore market not None, side, price, size, *, bint post_only, Order replaces=None,
        int64_t orders_open, others_micro_usd,
    ):
        """Judge an order, or the change of `replaces` to this price and size still to fill.

        market: refreshed; orders_open: own open orders over all symbols; others_micro_usd: worst case of the other
        symbols. Raises TypeError for a number that is not whole.
        """
        verdict = self.judge(
            market, 1 if whole(side, "side") > 0 else -1, whole(price, "price"), whole(size, "size"), post_only,
            replaces, orders_open, others_micro_usd,
        )
        return APPROVED if verdict is None else verdict

    cdef Refused judge(
        self, MarketCore market, int side, int64_t price, int64_t size, bint post_only, Order replaces,
        int64_t orders_open, object others_micro_usd,
    ):
        """The same; None when the order may go."""
        cdef Order order
        cdef double middle2
        if price <= 0 or price % market.tick:
            return Refused("grid", f"price {price} is not on the tick of {market.tick}")
        if size <= 0 or size % market.lot:
            return Refused("grid", f"size {size} is not on the lot of {market.lot}")
        if size < market.size_min or <mm_int128>size * price < market.cost_min:
            return Refused("minimum", f"{market.instrument.base_text(size)} is less than the venue takes")
        if size > market.order_size_max or (market.size_max and size > market.size_max):
            return Refused("order size", f"{market.instrument.base_text(size)} is over max_order_size")
        if not (market.bid and market.ask):
            return Refused("book", "no two-sided book to judge the price by")
        middle2 = <double>market.bid + <double>market.ask
        if fabs(2.0 * price - middle2) > self._collar * middle2:
            return Refused("collar", f"{market.instrument.price_text(price)} is outside price_collar_bps")
        if post_only and (price >= market.ask if side > 0 else price <= market.bid):
            return Refused("crossing", f"{market.instrument.price_text(price)} would take from the book")
        if replaces is None and orders_open >= self._orders_max:
            return Refused("order count", f"{orders_open} orders are open, max_open_orders is {self._orders_max}")
        for each in market.orders:
            order = <Order>each
            # Wherever an amend in flight may put it.
            if order.side != side and (
                price >= (min(order.price, order.pending_price) if order.pending_price else order.price)
                if side > 0
                else price <= max(order.price, order.pending_price)
            ):
                text = market.instrument.price_text(order.price)
                return Refused("self-trade", f"own order at {text} stands there")
        return self._worst_case(market, side, price, size, replaces, others_micro_usd)

    cdef Refused judge_own(self, MarketCore market, int side, int64_t size, Order replaces):
        """Judge by the caps that the market's strategy has for itself; None when its order may go."""
        cdef Order order
        cdef int64_t count = 0
        cdef mm_int128 open_size = 0
        cdef mm_int128 added = size
        cdef mm_int128 worst
        if size > market.own_size_max:
            text = market.instrument.base_text(size)
            return Refused("order size", f"{text} is over max_order_size of {market.strategy_name}")
        for each in market.orders:
            order = <Order>each
            if order.strategy == market.strategy_name:
                count += 1
                if order.side == side:
                    open_size += order.counted
        if replaces is None and count >= market.own_orders_max:
            cap = f"max_open_orders of {market.strategy_name} is {market.own_orders_max}"
            return Refused("order count", f"{count} of its orders are open, {cap}")
        if replaces is not None:
            added = <mm_int128>replaces.cum_size + size - (<mm_int128>replaces.booked + replaces.counted)
            if added < 0:
                added = 0
        worst = <mm_int128>market.own_quantity + side * (open_size + added)
        if side * worst > 0 and magnitude(worst) > market.own_position_max:
            text = f"{market.instrument.base_text(as_int(worst))} {market.base}"
            return Refused("position", f"worst case {text} is over max_position of {market.strategy_name}")
        return None

    cdef Refused _worst_case(
        self, MarketCore market, int side, int64_t price, int64_t size, Order replaces, object others_micro_usd
    ):
        # Until the venue answers, an amended order may fill at its old size or its new one: the larger counts.
        cdef mm_int128 added = size
        cdef mm_int128 buys = market._buys + market.stray_buys
        cdef mm_int128 sells = market._sells + market.stray_sells
        cdef mm_int128 worst
        cdef bint reduces
        if replaces is not None:
            added = <mm_int128>replaces.cum_size + size - (<mm_int128>replaces.booked + replaces.counted)
            if added < 0:
                added = 0
        if side > 0:
            buys += added
            worst = <mm_int128>market.quantity + buys
            reduces = worst <= 0
        else:
            sells += added
            worst = <mm_int128>market.quantity - sells
            reduces = worst >= 0
        if not reduces:
            if magnitude(worst) > market.position_max:
                text = market.instrument.base_text(as_int(worst))
                return Refused("position", f"worst case {text} {market.base} is over the limit")
            if market.off_peg:
                return Refused("exposure", market.currency_gate())
            if market.siblings:
                refused = self._same_symbol(market, side, as_int(worst))
                if refused is not None:
                    return refused
        if not self._is_within(
            market, <mm_int128>market.quantity + buys, <mm_int128>market.quantity - sells, price, others_micro_usd
        ):
            refused = self._exposure(market, as_int(buys), as_int(sells), price, others_micro_usd)
            if refused is not None:
                return refused
        return self._funds(market, side, price, size, replaces)

    cdef Refused _same_symbol(self, MarketCore market, int side, object worst):
        """The cap of a symbol holds over all venues that trade it."""
        cdef MarketCore other
        total = None
        for each in market.siblings:
            other = <MarketCore>each
            if other.symbol == market.symbol:
                if total is None:
                    total = worst * market.unit
                total += worst_amount(other, side)
        if total is None or abs(total) <= market.position_max * market.unit or total * side <= 0:
            return None
        text = f"{total / 10**_BASE_DIGITS:.8f}"
        return Refused("position", f"worst case {text} {market.base} over all venues is over the limit")

    cdef bint _is_within(
        self, MarketCore market, mm_int128 up, mm_int128 down, int64_t price, object others_micro_usd
    ) except -1:
        """Whether the worst case is under the limit beyond doubt, in doubles; up, down: of this market, with the order.
        """
        cdef MarketCore other
        cdef double top = price * market.usd_rate() / market.price_scale
        cdef double highest = <double>up / market.size_scale
        cdef double lowest = <double>down / market.size_scale
        cdef double gross = fabs(highest) + fabs(lowest)
        cdef double held, buys, sells, at
        if top <= 0:
            return False
        for each in market.siblings:
            other = <MarketCore>each
            held = (<double>other.position.held + <double>other.base_quantity) / other.size_scale
            buys = (<double>other._group._buys + other.stray_buys) / other.size_scale
            sells = (<double>other._group._sells + other.stray_sells) / other.size_scale
            highest += held + buys
            lowest += held - sells
            gross += fabs(held) + buys + sells
            at = other.ask * other.last_usd_rate() / other.price_scale
            if at > top:
                top = at
        # What cancels may leave the rounding of what it cancelled from.
        highest = max(fabs(highest), fabs(lowest)) + gross * ROUNDING
        return highest * top * 1e6 + <double>others_micro_usd < self._total_near

    cdef Refused _exposure(self, MarketCore market, object buys, object sells, int64_t price, object others_micro_usd):
        """The worst case of the base asset over all venues, with this order, and of the other assets; exact. An order
        that does not add to it is never held back."""
        cdef MarketCore other
        before = (
            market.quantity + as_int(market._buys) + market.stray_buys,
            market.quantity - as_int(market._sells) - market.stray_sells,
        )
        highest = lowest = 0
        top = price * market.price_unit * market.rate2()
        for each in market.siblings:
            other = <MarketCore>each
            highest += worst_amount(other, 1)
            lowest += worst_amount(other, -1)
            top = max(top, price_of(other))
        largest = max(
            abs(highest + (market.quantity + buys) * market.unit), abs(lowest + (market.quantity - sells) * market.unit)
        )
        if largest <= max(abs(highest + before[0] * market.unit), abs(lowest + before[1] * market.unit)):
            return None
        if not top:
            return Refused("exposure", market.currency_gate())
        total = largest * top * MICRO_USD // SCALE + others_micro_usd
        if total > self._total:
            return Refused("exposure", f"worst case {total / 1e6:,.2f} USD is over the limit")
        return None

    cdef Refused _funds(self, MarketCore market, int side, int64_t price, int64_t size, Order replaces):
        """Spot cannot sell what is not there: asking would only be refused, and counted against the rate limit."""
        cdef Order order
        cdef double held
        if market.is_margin:
            return self._margin(market, side, price, size, replaces)
        if side > 0:
            if market.quote_free is None:
                return None
            held = <double>size * price
            for each in market.orders:
                order = <Order>each
                if order.side > 0 and order is not replaces:
                    held += <double>order.counted * max(order.price, order.pending_price)
            if held * (1e8 + market.fee_e8) / 1e8 < NEAR * market._quote_room:
                return None
            cost = size * <object>price
            for each in market.orders:
                order = <Order>each
                if order.side > 0 and order is not replaces:
                    cost += <object>order.counted * <object>max(order.price, order.pending_price)
            need = cost * market.instrument.multiplier * (100_000_000 + market.fee_e8) // 100_000_000
            if need * 10**_AMOUNT_PRECISION > market.quote_free * 10**market.instrument.cost_precision:
                return Refused("funds", f"not enough {market.quote} for another buy order")
            return None
        if market.base_free is None:
            return None
        held = size
        for each in market.orders:
            order = <Order>each
            if order.side <= 0 and order is not replaces:
                held += order.counted
        if held < NEAR * market._base_room:
            return None
        total = <object>size
        for each in market.orders:
            order = <Order>each
            if order.side <= 0 and order is not replaces:
                total += order.counted
        total *= market.instrument.multiplier
        if total * 10**_AMOUNT_PRECISION > market.base_free * 10**market.instrument.base_precision:
            return Refused("funds", f"not enough {market.base} for another sell order")
        return None

    cdef Refused _margin(self, MarketCore market, int side, int64_t price, int64_t size, Order replaces):
        """A contract binds margin in its settlement asset; what only closes binds nothing and always may."""
        if market.margin_free is None:
            return None
        before = market.margin_bound(0, 0, 0, replaces)
        bound = market.margin_bound(side, size, price, replaces)
        if bound > before and bound + market.margin_of_others() > market.margin_free:
            return Refused("funds", f"not enough {market.settle} for the margin of another order")
        return None

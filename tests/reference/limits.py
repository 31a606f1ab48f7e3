"""The slow twin of `mm._core.limits`: exact integers of any size, one rule after the other.

Hard caps on the worst case of position, open orders, orders in flight and orders of unknown fate.

`Limits.check` answers `APPROVED` or `Refused` with the reason. The worst case of a side is that everything on it fills
and nothing of the other side does; an amend in flight counts with its larger size, an unknown order as if it lived. An
order that can only bring the position nearer to zero is not held back by the position caps: in doubt, reductions work.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final, Protocol

from mm._core.events import BUY
from mm._core.limits import APPROVED, Approved, Refused
from mm._core.orders import Order
from mm.instruments import AMOUNT_PRECISION, Instrument

MICRO_USD: Final = 1_000_000


class Exposure(Protocol):
    """What the limits need to know of one symbol.

    bid, ask: the book's best, 0 none; quantity: signed position; buys, sells: worst-case open size of each side;
    orders: open orders; base_free, quote_free: what the account can spend in 1e-12, None when it does not limit;
    margin_free: what of a contract's margin account no position binds; leverage: of its positions; bound_elsewhere:
    what open orders of the account's other contracts bind.
    """

    instrument: Instrument
    bid: int
    ask: int
    quantity: int
    buys: int
    sells: int
    orders: list[Order]
    position_max: int
    order_size_max: int
    base_free: int | None
    quote_free: int | None
    margin_free: int | None
    leverage: int
    bound_elsewhere: int
    rate: Fraction
    currency_gate: str
    elsewhere: list[Elsewhere]


@dataclass(frozen=True)
class Elsewhere:
    """Another market of the same asset: what is held and may fill there, in base units, and its best ask in dollars."""

    symbol: str
    quantity: Fraction
    buys: Fraction
    sells: Fraction
    ask_usd: Fraction


class ReferenceLimits:
    """The caps of a run.

    collar: fraction of the middle of the book; total_micro_usd: over all symbols; orders_max: over all symbols.
    """

    __slots__ = ("_collar", "_orders_max", "_total")

    def __init__(self, *, collar: float, total_micro_usd: int, orders_max: int) -> None:
        self._collar = collar
        self._total = total_micro_usd
        self._orders_max = orders_max

    def check(
        self,
        market: Exposure,
        side: int,
        price: int,
        size: int,
        *,
        post_only: bool,
        replaces: Order | None = None,
        orders_open: int,
        others_micro_usd: int,
    ) -> Approved | Refused:
        """Judge an order, or the change of `replaces` to this price and size still to fill.

        orders_open: own open orders over all symbols; others_micro_usd: worst case of the other symbols.
        """
        instrument = market.instrument
        if price <= 0 or price % instrument.tick:
            return Refused("grid", f"price {price} is not on the tick of {instrument.tick}")
        if size <= 0 or size % instrument.lot:
            return Refused("grid", f"size {size} is not on the lot of {instrument.lot}")
        if size < instrument.size_min or size * price * instrument.multiplier < instrument.cost_min:
            return Refused("minimum", f"{instrument.base_text(size)} is less than the venue takes")
        if size > market.order_size_max or (instrument.size_max and size > instrument.size_max):
            return Refused("order size", f"{instrument.base_text(size)} is over max_order_size")
        middle2 = market.bid + market.ask
        if not (market.bid and market.ask):
            return Refused("book", "no two-sided book to judge the price by")
        if abs(2 * price - middle2) > self._collar * middle2:
            return Refused("collar", f"{instrument.price_text(price)} is outside price_collar_bps")
        if post_only and (price >= market.ask if side == BUY else price <= market.bid):
            return Refused("crossing", f"{instrument.price_text(price)} would take from the book")
        if replaces is None and orders_open >= self._orders_max:
            return Refused("order count", f"{orders_open} orders are open, max_open_orders is {self._orders_max}")
        for order in market.orders:
            if order.side != side and self._meets(side, price, order):
                return Refused("self-trade", f"own order at {instrument.price_text(order.price)} stands there")
        return self._worst_case(market, side, price, size, replaces, others_micro_usd)

    @staticmethod
    def _meets(side: int, price: int, other: Order) -> bool:
        """Whether a price would trade with an own order, wherever an amend in flight may put it."""
        if side == BUY:
            return price >= (min(other.price, other.pending_price) if other.pending_price else other.price)
        return price <= max(other.price, other.pending_price)

    def _worst_case(
        self, market: Exposure, side: int, price: int, size: int, replaces: Order | None, others_micro_usd: int
    ) -> Approved | Refused:
        instrument = market.instrument
        # Until the venue answers, an amended order may fill at its old size or its new one: the larger counts.
        added = size
        if replaces is not None:
            added = max(0, replaces.cum_size + size - (replaces.booked + replaces.exposure))
        quantity = market.quantity
        if side == BUY:
            buys, sells = market.buys + added, market.sells
            worst, reduces = quantity + buys, quantity + buys <= 0
        else:
            buys, sells = market.buys, market.sells + added
            worst, reduces = quantity - sells, quantity - sells >= 0
        if not reduces:
            if abs(worst) > market.position_max:
                return Refused(
                    "position", f"worst case {instrument.base_text(worst)} {instrument.base} is over the limit"
                )
            if market.currency_gate:
                return Refused("exposure", market.currency_gate)
            unit = Fraction(instrument.multiplier, 10**instrument.base_precision)
            same = [other for other in market.elsewhere if other.symbol == instrument.symbol]
            total = worst * unit + sum(o.quantity + (o.buys if side == BUY else -o.sells) for o in same)
            if same and total * side > 0 and abs(total) > market.position_max * unit:
                text = f"worst case {float(total):.8f} {instrument.base} over all venues is over the limit"
                return Refused("position", text)
        refused = self._exposure(market, price, buys, sells, others_micro_usd)
        if refused is not None:
            return refused
        return self._funds(market, side, price, size, replaces)

    def _exposure(self, market: Exposure, price: int, buys: int, sells: int, others_micro_usd: int) -> Refused | None:
        """The worst case of the asset: all that buys it fills on every venue and nothing else, or the reverse."""
        instrument = market.instrument
        unit = Fraction(instrument.multiplier, 10**instrument.base_precision)
        net = market.quantity * unit + sum(o.quantity for o in market.elsewhere)
        up, down = sum(o.buys for o in market.elsewhere), sum(o.sells for o in market.elsewhere)

        def largest(buys: int, sells: int) -> Fraction:
            return max(abs(net + up + buys * unit), abs(net - down - sells * unit))

        worst = largest(buys, sells)
        if worst <= largest(market.buys, market.sells):
            return None
        at = max(
            [Fraction(price, 10**instrument.price_precision) * market.rate, *(o.ask_usd for o in market.elsewhere)]
        )
        if not at:
            return Refused("exposure", market.currency_gate)
        micro = worst * at * MICRO_USD
        total = micro.numerator // micro.denominator + others_micro_usd
        if total > self._total:
            return Refused("exposure", f"worst case {total / 1e6:,.2f} USD is over the limit")
        return None

    @staticmethod
    def _funds(market: Exposure, side: int, price: int, size: int, replaces: Order | None) -> Approved | Refused:
        """Spot cannot sell what is not there: asking would only be refused, and counted against the rate limit."""
        instrument = market.instrument
        if instrument.is_contract:
            return _margin(market, side, price, size, replaces)
        if side == BUY:
            if market.quote_free is None:
                return APPROVED
            cost = size * price + sum(
                order.exposure * max(order.price, order.pending_price)
                for order in market.orders
                if order.side == BUY and order is not replaces
            )
            fee_e8 = max(instrument.maker_fee_e8, 0)
            need = cost * instrument.multiplier * (100_000_000 + fee_e8) // 100_000_000
            if need * 10**AMOUNT_PRECISION > market.quote_free * 10**instrument.cost_precision:
                return Refused("funds", f"not enough {instrument.quote} for another buy order")
            return APPROVED
        if market.base_free is None:
            return APPROVED
        held = size + sum(o.exposure for o in market.orders if o.side != BUY and o is not replaces)
        held *= instrument.multiplier
        if held * 10**AMOUNT_PRECISION > market.base_free * 10**instrument.base_precision:
            return Refused("funds", f"not enough {instrument.base} for another sell order")
        return APPROVED


def _margin(market: Exposure, side: int, price: int, size: int, replaces: Order | None) -> Approved | Refused:
    """A linear contract binds value / leverage and the fees of opening and closing, in its settlement asset."""
    if market.margin_free is None:
        return APPROVED
    standing = [(o.side, o.exposure, max(o.price, o.pending_price)) for o in market.orders if o is not replaces]
    before = _bound(market, standing)
    bound = _bound(market, [*standing, (side, size, price)])
    if bound > before and bound + market.bound_elsewhere > market.margin_free:
        return Refused("funds", f"not enough {market.instrument.settle} for the margin of another order")
    return APPROVED


def _bound(market: Exposure, orders: list[tuple[int, int, int]]) -> int:
    """What orders bind in 1e-12, rounded up for each side; what only closes the position binds nothing."""
    instrument = market.instrument
    total = 0
    for side in (1, -1):
        sizes = [size for each, size, _ in orders if each == side]
        prices = [price for each, size, price in orders if each == side]
        opening = sum(sizes) - max(0, -side * market.quantity)
        if opening <= 0:
            continue
        price = max(prices) if side == BUY else max(*prices, market.ask)
        value = Fraction(opening * instrument.multiplier * price, 10**instrument.cost_precision)
        rate = Fraction(1, market.leverage) + 2 * Fraction(max(instrument.taker_fee_e8, 0), 10**8)
        total += ceil(value * rate * 10**AMOUNT_PRECISION)
    return total

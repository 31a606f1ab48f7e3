"""Order parameters read into the core's values, with the checks that MEXC makes of them.

Prices off the grid, sizes and funds are the core's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mm.simulator.decimals import decimal_units
from mm.simulator.mexc_spot.errors import Refused, above_maximum, below_minimum, malformed, missing
from mm.simulator.mexc_spot.terms import Terms
from mm.simulator.orders import BUY, SELL, NewOrder, OrderType, SelfTrade, TimeInForce

CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
NUMBER: Final = re.compile(r"\d{1,20}(?:\.\d{1,20})?")
"""Scientific notation is refused."""
SIDES: Final = {"BUY": BUY, "SELL": SELL}
TYPES: Final = {
    "LIMIT": (OrderType.LIMIT, TimeInForce.GTC, False),
    # The documented example of a batch says so.
    "LIMIT_ORDER": (OrderType.LIMIT, TimeInForce.GTC, False),
    "LIMIT_MAKER": (OrderType.LIMIT, TimeInForce.GTC, True),
    "IMMEDIATE_OR_CANCEL": (OrderType.LIMIT, TimeInForce.IOC, False),
    "FILL_OR_KILL": (OrderType.LIMIT, TimeInForce.FOK, False),
    "MARKET": (OrderType.MARKET, TimeInForce.IOC, False),
}
STP_MODES: Final = {
    "": SelfTrade.ALLOW,
    "cancel_maker": SelfTrade.CANCEL_OLDEST,
    "cancel_taker": SelfTrade.CANCEL_NEWEST,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
PROTECTION_PERCENT: Final = 5
"""How far from the market the price of a market order is shown."""


def read_order(account: str, terms: Terms, fields: Mapping[str, str], *, best: int, last: int) -> NewOrder:
    """The order of a request; a market buy for an amount has no size yet, and the amount as `user_reference`.

    best: price of the best level that it would meet, 0 for none; last: price of the last trade, 0 for none.

    Raises:
        Refused: a parameter is missing, cannot be, or is out of the symbol's bounds.
    """
    side, kind = SIDES.get(_given(fields, "side")), TYPES.get(_given(fields, "type"))
    if side is None:
        raise malformed("side")
    if kind is None:
        raise malformed("type")
    client_id = fields.get("newClientOrderId", "")
    if client_id and not CLIENT_ID.fullmatch(client_id):
        raise Refused(700008, "Illegal characters found in parameter 'newClientOrderId'.")
    self_trade = STP_MODES.get(fields.get("stpMode", ""))
    if self_trade is None:
        raise malformed("stpMode")
    order_type, time_in_force, post_only = kind
    order = NewOrder(
        account=account,
        symbol=terms.traded.symbol,
        side=side,
        size=0,
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=post_only,
        self_trade=self_trade,
        client_id=client_id,
    )
    if order_type is OrderType.MARKET:
        _market(order, terms, fields, best)
    else:
        _limit(order, terms, fields, last)
    return order


def _limit(order: NewOrder, terms: Terms, fields: Mapping[str, str], last: int) -> None:
    order.size = _size(terms, _given(fields, "quantity"))
    price = decimal_units(_number(fields, "price"), terms.traded.price_precision)
    if price is None:
        raise malformed("price")
    order.price = price
    if price <= 0:
        raise Refused(30010, "no valid trade price")
    if last and (
        price > last * terms.bid_multiplier_up if order.side == BUY else price * terms.ask_divisor_down < last
    ):
        raise Refused(30087, "The order price is outside the allowed range")
    _bounds(terms, price * order.size, terms.notional_max)


def _market(order: NewOrder, terms: Terms, fields: Mapping[str, str], best: int) -> None:
    if not best:
        raise Refused(30025, "No opponent order")
    percent = 100 + PROTECTION_PERCENT * order.side
    order.price = best * percent // 100
    if fields.get("quoteOrderQty") and order.side == BUY:
        precision = terms.traded.price_precision + terms.traded.size_precision
        money = decimal_units(_number(fields, "quoteOrderQty"), precision)
        if money is None:
            raise Refused(10096, "amount has too many decimals")
        _bounds(terms, money, terms.notional_max_market)
        order.user_reference = money
    elif fields.get("quantity"):
        order.size = _size(terms, fields["quantity"])
        _bounds(terms, best * order.size, terms.notional_max_market)
    elif fields.get("quoteOrderQty"):
        raise Refused(-1128, "Combination of optional parameters invalid.")
    else:
        raise missing("quantity")


def _bounds(terms: Terms, money: int, most: int) -> None:
    if money < terms.notional_min * terms.money:
        raise below_minimum(f"{terms.notional_min}{terms.traded.quote}")
    if money > most * terms.money:
        raise above_maximum(f"{most}{terms.traded.quote}")


def _size(terms: Terms, text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise malformed("quantity")
    size = decimal_units(text, terms.traded.size_precision)
    if size is None:
        raise Refused(10096, "amount has too many decimals")
    return size


def _given(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise missing(name)
    return value


def _number(fields: Mapping[str, str], name: str) -> str:
    value = _given(fields, name)
    if not NUMBER.fullmatch(value):
        raise malformed(name)
    return value

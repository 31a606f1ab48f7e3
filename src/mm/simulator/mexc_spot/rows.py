"""Orders and trades as REST shows them (MEXC Spot reference: trading REST), and the words that go with them."""

from __future__ import annotations

from typing import Any, Final

from mm.simulator.decimals import fixed, scaled, trimmed
from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.mexc_spot.terms import Terms
from mm.simulator.orders import BUY, NewOrder, OrderType, SelfTrade, SimOrder, SimTrade, Status, TimeInForce

MS_NS: Final = 1_000_000
TYPE_CODES: Final = {"LIMIT": 1, "LIMIT_MAKER": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4, "MARKET": 5}
"""`orderType` of the private stream."""
STP_WORDS: Final = {
    SelfTrade.ALLOW: "",
    SelfTrade.CANCEL_OLDEST: "cancel_maker",
    SelfTrade.CANCEL_NEWEST: "cancel_taker",
    SelfTrade.CANCEL_BOTH: "cancel_both",
}


def type_word(request: NewOrder) -> str:
    """The venue's type of an order: time in force and post-only are types there."""
    if request.order_type is OrderType.MARKET:
        return "MARKET"
    if request.post_only:
        return "LIMIT_MAKER"
    if request.time_in_force is TimeInForce.IOC:
        return "IMMEDIATE_OR_CANCEL"
    return "FILL_OR_KILL" if request.time_in_force is TimeInForce.FOK else "LIMIT"


def side_word(side: int) -> str:
    return "BUY" if side == BUY else "SELL"


def status_word(status: Status, cum_size: int) -> str:
    """A cancelled order that has fills has a final status of its own."""
    if status is Status.FILLED:
        return "FILLED"
    if status in (Status.CANCELED, Status.EXPIRED):
        return "PARTIALLY_CANCELED" if cum_size else "CANCELED"
    return "PARTIALLY_FILLED" if cum_size else "NEW"


def price_text(terms: Terms, price: int) -> str:
    return trimmed(price, terms.traded.price_precision)


def size_text(terms: Terms, size: int) -> str:
    return trimmed(size, terms.traded.size_precision)


def money_text(terms: Terms, money: int) -> str:
    """Price x size as text."""
    return trimmed(money, terms.traded.price_precision + terms.traded.size_precision)


def asset_text(units: int) -> str:
    """An amount of the ledger."""
    return trimmed(units, DECIMALS)


def fee_text(terms: Terms, trade: SimTrade) -> str:
    """What an execution was charged, of its `fee_asset`."""
    return trimmed(*trade.charged(terms.traded.quote_decimals, DECIMALS))


def average_text(terms: Terms, cost: int, size: int) -> str:
    """The average price, four decimals finer than the grid; "0" without fills."""
    if not size:
        return "0"
    fine = (2 * cost * 10**4 + size) // (2 * size)
    return trimmed(fine, terms.traded.price_precision + 4)


def order_amount(terms: Terms, order: SimOrder) -> int:
    """What an order was for in money: as asked for, or price x size."""
    return order.request.user_reference or order.price * order.size


def cancel_row(terms: Terms, order: SimOrder, status: str, *, origin: str | None) -> dict[str, Any]:
    """The answer to a cancel."""
    request = order.request
    return {
        "symbol": terms.name,
        "origClientOrderId": origin,
        "orderId": order.order_id,
        "orderListId": "-1",
        "clientOrderId": request.client_id or None,
        "price": price_text(terms, order.price),
        "origQty": size_text(terms, order.size),
        "executedQty": size_text(terms, order.cum_size),
        "cummulativeQuoteQty": money_text(terms, order.cum_cost),
        "status": status,
        "timeInForce": None,
        "type": type_word(request),
        "side": side_word(request.side),
    }


def order_row(terms: Terms, order: SimOrder) -> dict[str, Any]:
    """An order as the queries show it."""
    row = cancel_row(terms, order, status_word(order.status, order.cum_size), origin=None)
    del row["origClientOrderId"]
    row.update(
        stopPrice=None,
        icebergQty=None,
        time=order.created_ns // MS_NS,
        updateTime=max(order.closed_ns, order.touched_ns) // MS_NS,
        isWorking=True,
        origQuoteOrderQty=money_text(terms, order_amount(terms, order)),
        stpMode=STP_WORDS[order.request.self_trade],
    )
    if order.reason == "Self trade prevention":
        row["cancelReason"] = "stp_cancel"
    return row


def is_self_trade(exchange: Exchange, trade: SimTrade) -> bool:
    """Whether both sides of a trade were the account's."""
    other = exchange.order(trade.cause.removeprefix("match:")) if trade.cause.startswith("match:") else None
    return other is not None and other.request.account == trade.account


def trade_row(terms: Terms, exchange: Exchange, trade: SimTrade) -> dict[str, Any]:
    """A fill as `myTrades` shows it."""
    order = exchange.order(trade.order_id)
    return {
        "symbol": terms.name,
        "id": trade.execution_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": price_text(terms, trade.price),
        "qty": size_text(terms, trade.size),
        "quoteQty": money_text(terms, trade.cost),
        "commission": fee_text(terms, trade),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ns // MS_NS,
        "isBuyer": trade.side == BUY,
        "isMaker": trade.maker,
        "isBestMatch": True,
        "isSelfTrade": is_self_trade(exchange, trade),
        "clientOrderId": (order.request.client_id or None) if order is not None else None,
    }


def rate_text(rate_e6: int) -> str:
    """`0.0005`."""
    return trimmed(rate_e6, 6)


def padded_size(terms: Terms, size: int) -> str:
    """With all eight decimals, as the REST book has them."""
    return fixed(scaled(size, terms.traded.size_precision, 8), 8)

"""REST rows of orders and trades, as JSON text with Kraken's decimals."""

from __future__ import annotations

from mm.simulator.kraken.names import Pair
from mm.simulator.kraken.texts import SECOND_NS, fixed, quoted, ratio, scaled, unix_seconds
from mm.simulator.orders import BUY, NewOrder, OrderType, SimInstrument, SimOrder, SimTrade, Status, TimeInForce

COST_DECIMALS = 5
PRICE_DECIMALS = 5
"""Prices in Depth, Ticker and trade rows are zero-padded to five decimals."""

STATUS = {
    Status.PENDING_NEW: "pending",
    Status.NEW: "open",
    Status.PARTIALLY_FILLED: "open",
    Status.FILLED: "closed",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}


def order_text(pair: Pair, traded: SimInstrument, request: NewOrder, price: int, size: int) -> str:
    """`buy 1.25000000 XBTUSD @ limit 27500.0`"""
    side = "buy" if request.side == BUY else "sell"
    head = f"{side} {fixed(size, traded.size_precision)} {pair.altname} @ "
    return head + (
        "market" if request.order_type is OrderType.MARKET else f"limit {fixed(price, traded.price_precision)}"
    )


def order_row(pair: Pair, traded: SimInstrument, order: SimOrder, *, trades: bool) -> str:
    """An order as OpenOrders, ClosedOrders and QueryOrders show it (`price` is the average fill price)."""
    request = order.request
    market = request.order_type is OrderType.MARKET
    closed = order.status in (Status.FILLED, Status.CANCELED, Status.EXPIRED)
    price = fixed(0, traded.price_precision) if market else fixed(order.price, traded.price_precision)
    flags = "fciq" + (",post" if request.post_only else "")
    misc = ",".join(
        word
        for word, holds in (
            ("partial", order.status is not Status.FILLED and order.cum_size > 0),
            ("amended", order.amended),
        )
        if holds
    )
    size, filled = fixed(order.size, traded.size_precision), fixed(order.cum_size, traded.size_precision)
    average = scaled(ratio(order.cum_cost * 10**4, order.cum_size), traded.price_precision + 4, PRICE_DECIMALS)
    members = [
        f'"refid":null,"userref":{request.user_reference}',
        f'"status":"{STATUS[order.status]}","opentm":{unix_seconds(order.created_ns)},"starttm":0',
        f'"expiretm":{request.expire_ns // SECOND_NS if request.time_in_force is TimeInForce.GTD else 0}',
        f'"descr":{{"pair":"{pair.altname}","type":"{"buy" if request.side == BUY else "sell"}",'
        f'"ordertype":"{request.order_type.value}","price":"{price}","price2":"0","leverage":"none",'
        f'"order":"{order_text(pair, traded, request, order.price, order.size)}","close":""}}',
        f'"vol":"{size}","vol_exec":"{filled}"',
        f'"cost":"{cost_text(order.cum_cost, traded)}","fee":"{fee_text(order.fee, traded)}"',
        f'"price":"{fixed(average, PRICE_DECIMALS)}"',
        f'"stopprice":"0.00000","limitprice":"0.00000","misc":"{misc}","oflags":"{flags}"',
    ]
    if request.client_id:
        members.append(f'"cl_ord_id":{quoted(request.client_id)}')
    if closed:
        members.append(f'"closetm":{unix_seconds(order.closed_ns)}')
        members.append(f'"reason":{quoted(order.reason) if order.reason else "null"}')
    if trades:
        members.append('"trades":[' + ",".join(f'"{trade}"' for trade in order.trade_ids) + "]")
    return f"{{{','.join(members)}}}"


def trade_row(pair: Pair, traded: SimInstrument, trade: SimTrade, order: SimOrder | None) -> str:
    """A fill as TradesHistory and QueryTrades show it."""
    kind = order.request.order_type.value if order is not None else "limit"
    return (
        f'{{"ordertxid":"{trade.order_id}","postxid":"TKH2SE-M7IF5-CFI7LT","pair":"{pair.rest_id}",'
        f'"time":{unix_seconds(trade.time_ns)},"type":"{"buy" if trade.side == BUY else "sell"}","ordertype":"{kind}",'
        f'"price":"{padded_price(trade.price, traded)}","cost":"{cost_text(trade.cost, traded)}",'
        f'"fee":"{fee_text(trade.fee, traded)}","vol":"{fixed(trade.size, traded.size_precision)}",'
        f'"margin":"0.00000","leverage":"0","misc":"","trade_id":{trade.trade_number},'
        f'"maker":{"true" if trade.maker else "false"}}}'
    )


def padded_price(price: int, traded: SimInstrument) -> str:
    """A price with at least five decimals."""
    decimals = max(PRICE_DECIMALS, traded.price_precision)
    return fixed(scaled(price, traded.price_precision, decimals), decimals)


def cost_text(money: int, traded: SimInstrument) -> str:
    """An amount of quote money at cost precision."""
    decimals = traded.price_precision + traded.size_precision
    return fixed(scaled(money, decimals, COST_DECIMALS), COST_DECIMALS)


def fee_text(fee: int, traded: SimInstrument) -> str:
    """A fee at cost precision."""
    return fixed(scaled(fee, traded.quote_decimals, COST_DECIMALS), COST_DECIMALS)

"""Texts of the private WebSocket channels: `executions` (full `pending_new`, deltas afterwards) and `balances`.

Bodies end before the closing brace: each subscription appends its own `sequence`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mm.simulator.kraken.texts import fixed, quoted, ratio, rfc3339, scaled
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import (
    BUY,
    LedgerEntry,
    OrderType,
    Report,
    ReportKind,
    SimInstrument,
    SimOrder,
    SimTrade,
    Status,
    TimeInForce,
)

COST_DECIMALS = 5
USD_DECIMALS = 4
ENTRY_KINDS = {"trade": "trade", "deposit": "deposit", "withdrawal": "withdrawal", "transfer": "transfer"}


def executions(kind: str, rows: Iterable[str]) -> str:
    """An `executions` message without its sequence number."""
    return f'{{"channel":"executions","type":"{kind}","data":[{",".join(rows)}]'


def balances(kind: str, rows: Iterable[str]) -> str:
    """A `balances` message without its sequence number."""
    return f'{{"channel":"balances","type":"{kind}","data":[{",".join(rows)}]'


def report_row(report: Report, traded: SimInstrument) -> str:
    """One step of an order as the venue tells it."""
    if report.kind is ReportKind.PENDING_NEW:
        return _order_row(report.order, traded, "pending_new", Status.PENDING_NEW, report.price, report.size, report)
    order = report.order
    head = f'"timestamp":"{rfc3339(report.time_ns)}","order_status":"{report.status.value}",{client_ids(order)}'
    tail = f'"order_id":"{order.order_id}"'
    if report.kind is ReportKind.NEW:
        return f'{{{head}"exec_type":"new",{tail}}}'
    cum_size = f'"cum_qty":{fixed(report.cum_size, traded.size_precision)}'
    if report.kind is ReportKind.AMENDED:
        return (
            f'{{{head}"exec_type":"amended",{cum_size},"reason":"User requested","amended":true,'
            f'"order_qty":{fixed(report.size, traded.size_precision)},'
            f'"limit_price":{fixed(report.price, traded.price_precision)},"limit_price_type":"static",{tail}}}'
        )
    sums = f"{cum_size},{_cost_sums(report.cum_cost, report.cum_size, report.fee, traded)}"
    if report.kind is ReportKind.TRADE and report.trade is not None:
        return f"{{{head}{_trade_members(report.trade, order, traded)},{sums},{tail}}}"
    reason = ""
    if report.kind in (ReportKind.CANCELED, ReportKind.EXPIRED) and report.reason:
        # `cancel_reason` is the deprecated twin, still sent in 2026.
        reason = f'"cancel_reason":{quoted(report.reason)},"reason":{quoted(report.reason)},'
    return f'{{{head}"exec_type":"{report.kind.value}",{sums},{reason}{tail}}}'


def order_row(order: SimOrder, traded: SimInstrument) -> str:
    """An open order of the snapshot: as `pending_new` with its fills and whether it was amended."""
    kind = "pending_new" if order.status is Status.PENDING_NEW else "new"
    return _order_row(order, traded, kind, order.status, order.price, order.size, None)


def trade_row(trade: SimTrade, order: SimOrder, traded: SimInstrument) -> str:
    """A fill of the snapshot: `order_status` filled, without the order's sums, as recorded."""
    return (
        f'{{"timestamp":"{rfc3339(trade.time_ns)}","order_status":"filled",{client_ids(order)}'
        f'{_trade_members(trade, order, traded)},"fee_usd_equiv":{_usd(trade.fee, traded)},'
        f'"order_id":"{order.order_id}"}}'
    )


def client_ids(order: SimOrder) -> str:
    """The client's own name of an order, with a trailing comma; userref 0 stands for none."""
    request = order.request
    if request.client_id:
        return f'"cl_ord_id":{quoted(request.client_id)},'
    return f'"order_userref":{request.user_reference},'


def wallet_row(asset: str, balance: int, decimals: int) -> str:
    """One asset of the balances snapshot."""
    amount = fixed(balance, decimals)
    return (
        f'{{"asset":"{asset}","asset_class":"currency","balance":{amount},'
        f'"wallets":[{{"type":"spot","id":"main","balance":{amount}}}]}}'
    )


def ledger_row(entry: LedgerEntry, decimals: int) -> str:
    """One change of a balance."""
    return (
        f'{{"ledger_id":"{entry.ledger_id}","ref_id":"{entry.reference}","timestamp":"{rfc3339(entry.time_ns)}",'
        f'"type":"{entry.kind}","asset":"{entry.asset}","asset_class":"currency","category":"{entry.kind}",'
        f'"wallet_type":"spot","wallet_id":"main","amount":{fixed(entry.amount, decimals)},'
        f'"fee":{fixed(entry.fee, decimals)},"balance":{fixed(entry.balance, decimals)}}}'
    )


def _order_row(
    order: SimOrder,
    traded: SimInstrument,
    kind: str,
    status: Status,
    price: int,
    size: int,
    report: Report | None,
) -> str:
    request = order.request
    time_ns = order.created_ns if report is None else report.time_ns
    cum_size, cum_cost = (order.cum_size, order.cum_cost) if report is None else (report.cum_size, report.cum_cost)
    fee = order.fee if report is None else report.fee
    members = [
        f'"order_id":"{order.order_id}",{client_ids(order)}"symbol":"{request.symbol}"',
        f'"order_qty":{fixed(size, traded.size_precision)}',
        f'"cum_cost":{_cost(cum_cost, traded)}',
        f'"time_in_force":"{request.time_in_force.value.upper()}","exec_type":"{kind}"',
        f'"side":"{"buy" if request.side == BUY else "sell"}","order_type":"{request.order_type.value}"',
    ]
    if request.order_type is OrderType.LIMIT:
        members.append(f'"limit_price_type":"static","limit_price":{fixed(price, traded.price_precision)}')
    if request.post_only:
        members.append('"post_only":true')
    if request.reduce_only:
        members.append('"reduce_only":true')
    if request.time_in_force is TimeInForce.GTD:
        members.append(f'"expire_time":"{rfc3339(request.expire_ns)}"')
    if report is None:
        members.append(f'"cum_qty":{fixed(cum_size, traded.size_precision)}')
        members.append(f'"avg_price":{fixed(ratio(cum_cost, cum_size), traded.price_precision)}')
        if order.amended:
            members.append('"amended":true')
    members.append(f'"stop_price":{fixed(0, traded.price_precision)},"order_status":"{status.value}"')
    members.append(f'"fee_usd_equiv":{_usd(fee, traded)},"fee_ccy_pref":"fciq","timestamp":"{rfc3339(time_ns)}"')
    return f"{{{','.join(members)}}}"


def _trade_members(trade: SimTrade, order: SimOrder, traded: SimInstrument) -> str:
    return (
        f'"exec_id":"{trade.execution_id}","exec_type":"trade","trade_id":{trade.trade_number},'
        f'"symbol":"{trade.symbol}","side":"{"buy" if trade.side == BUY else "sell"}",'
        f'"last_qty":{fixed(trade.size, traded.size_precision)},'
        f'"last_price":{fixed(trade.price, traded.price_precision)},'
        f'"liquidity_ind":"{"m" if trade.maker else "t"}","cost":{_cost(trade.cost, traded)},'
        f'"order_type":"{order.request.order_type.value}",'
        f'"fees":[{{"asset":"{trade.fee_asset}","qty":{fixed(*trade.charged(traded.quote_decimals, DECIMALS))}}}]'
    )


def _cost_sums(cum_cost: int, cum_size: int, fee: int, traded: SimInstrument) -> str:
    average = fixed(ratio(cum_cost, cum_size), traded.price_precision)
    return f'"cum_cost":{_cost(cum_cost, traded)},"fee_usd_equiv":{_usd(fee, traded)},"avg_price":{average}'


def _cost(money: int, traded: SimInstrument) -> str:
    decimals = traded.price_precision + traded.size_precision
    return fixed(scaled(money, decimals, COST_DECIMALS), COST_DECIMALS)


def _usd(fee: int, traded: SimInstrument) -> str:
    return fixed(scaled(fee, traded.quote_decimals, USD_DECIMALS), USD_DECIMALS)

"""The exchange as JSON values and back, so that accounts outlive the process: balances, orders, executions, ids.

The market is not kept: the recording begins again, and open orders queue up again in it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from enum import Enum
from typing import Any, Final

from mm.simulator.blotter import TRADES_MAX, Blotter
from mm.simulator.orders import NewOrder, OrderType, SelfTrade, SimOrder, SimTrade, Status, TimeInForce

FORMAT: Final = 1
KEPT_MAX: Final = 2_000
"""Closed orders and executions kept for each account: 40 pages of history."""


def snapshot(blotter: Blotter) -> dict[str, Any]:
    """The state; see `Exchange.snapshot`."""
    version, state, gauss = blotter.random.getstate()
    return {
        "format": FORMAT,
        "ledger": blotter.ledger.to_json(),
        "random": [version, list(state), gauss],
        "trade_number": blotter.trade_number,
        "open": [_plain(order) for orders in blotter.open.values() for order in orders.values()],
        "closed": [_plain(order) for orders in blotter.closed.values() for order in list(orders)[-KEPT_MAX:]],
        "trades": [_plain(trade) for trades in blotter.trades.values() for trade in list(trades)[-KEPT_MAX:]],
    }


def restore(now_ns: int, blotter: Blotter, saved: dict[str, Any]) -> list[SimOrder]:
    """Take a snapshot into a blotter without accounts; returns the open orders, oldest first, not in any book yet."""
    if blotter.ledger.accounts():
        raise ValueError("an exchange that has accounts cannot take back a snapshot")
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise ValueError(f"snapshot: expected format {FORMAT}")
    try:
        kind = blotter.request_type
        orders = [_order(value, kind) for value in saved["open"]]
        closed = [_order(value, kind) for value in saved["closed"]]
        trades = [SimTrade(**value) for value in saved["trades"]]
        trade_number = int(saved["trade_number"])
        version, state, gauss = saved["random"]
        unknown = {order.request.symbol for order in orders} - blotter.instruments.keys()
        if unknown:
            raise ValueError(f"orders of unknown symbols {sorted(unknown)}")
        blotter.random.setstate((version, tuple(state), gauss))
        blotter.ledger.restore(saved["ledger"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"snapshot: damaged ({error!r})") from None
    blotter.trade_number = trade_number
    for account in blotter.ledger.accounts():
        for asset, amount in blotter.ledger.balances(account).items():
            blotter.note_market("deposit", now_ns, account=account, asset=asset, amount=amount)
    for order in closed:
        blotter.take(order)
        blotter.open[order.request.account].pop(order.order_id)
        blotter.expiring.pop(order.order_id, None)
        blotter.closed.setdefault(order.request.account, deque()).append(order)
    for trade in trades:
        blotter.trades.setdefault(trade.account, deque(maxlen=TRADES_MAX)).append(trade)
    orders.sort(key=lambda order: order.touched_ns)
    for order in orders:
        blotter.take(order)
        order.reserved = 0
        blotter.reserve(order, blotter.reservation(order.request, order.price, order.leaves))
    return orders


def _plain(value: SimOrder | SimTrade) -> dict[str, Any]:
    return asdict(value, dict_factory=lambda pairs: {k: v.value if isinstance(v, Enum) else v for k, v in pairs})


def _order(value: dict[str, Any], kind: type[NewOrder]) -> SimOrder:
    request = {
        **value["request"],
        "order_type": OrderType(value["request"]["order_type"]),
        "time_in_force": TimeInForce(value["request"]["time_in_force"]),
        "self_trade": SelfTrade(value["request"]["self_trade"]),
    }
    return SimOrder(**{**value, "request": kind(**request), "status": Status(value["status"])})

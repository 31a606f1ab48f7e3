"""The venue's own books as exact decimal texts: what a judge compares a client's view with."""

from __future__ import annotations

from typing import Any

from mm.simulator.decimals import fixed
from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import BUY, SimInstrument, SimOrder, SimTrade


def ledger_report(exchange: Exchange, account: str) -> dict[str, Any]:
    """Balances, holds, orders (open and remembered) and fills of an account.

    Orders and fills are oldest first; amounts are texts with all their decimals, times ns.
    """
    decimals = exchange.ledger.decimals
    opened = [_order(order, exchange.instruments[order.request.symbol]) for order in exchange.open_orders(account)]
    closed = [_order(order, exchange.instruments[order.request.symbol]) for order in exchange.closed_orders(account)]
    return {
        "account": account,
        "time_ns": exchange.now_ns,
        "tape_entries": exchange.tape_number,
        "balances": {name: fixed(units, decimals(name)) for name, units in exchange.ledger.balances(account).items()},
        "holds": {name: fixed(units, decimals(name)) for name, units in exchange.holds(account).items()},
        "open_orders": opened,
        "closed_orders": closed,
        "fills": [_fill(trade, exchange.instruments[trade.symbol]) for trade in exchange.trades(account)],
        **exchange.more(account),
    }


def _order(order: SimOrder, traded: SimInstrument) -> dict[str, Any]:
    request = order.request
    return {
        "order_id": order.order_id,
        "client_id": request.client_id,
        "user_reference": request.user_reference,
        "symbol": request.symbol,
        "side": "buy" if request.side == BUY else "sell",
        "status": order.status.value,
        "price": fixed(order.price, traded.price_precision),
        "size": fixed(*traded.shown_size(order.size)),
        "cum_size": fixed(*traded.shown_size(order.cum_size)),
        "cum_cost": fixed(order.cum_cost, traded.price_precision + traded.size_precision),
        "fee": fixed(order.fee, traded.quote_decimals),
        "post_only": request.post_only,
        "reason": order.reason,
        "created_ns": order.created_ns,
        "closed_ns": order.closed_ns,
    }


def _fill(trade: SimTrade, traded: SimInstrument) -> dict[str, Any]:
    return {
        "execution_id": trade.execution_id,
        "order_id": trade.order_id,
        "symbol": trade.symbol,
        "side": "buy" if trade.side == BUY else "sell",
        "price": fixed(trade.price, traded.price_precision),
        "size": fixed(*traded.shown_size(trade.size)),
        "cost": fixed(trade.cost, traded.price_precision + traded.size_precision),
        "fee": fixed(*trade.charged(traded.quote_decimals, DECIMALS)),
        "fee_asset": trade.fee_asset,
        "maker": trade.maker,
        "time_ns": trade.time_ns,
        "cause": trade.cause,
        "queue_ahead": fixed(*traded.shown_size(trade.queue_ahead)),
        "tape_size": fixed(*traded.shown_size(trade.tape_size)),
    }

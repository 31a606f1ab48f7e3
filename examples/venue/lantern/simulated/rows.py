"""Lantern's rows and words, on its side of the wire."""

from __future__ import annotations

import json
from typing import Any

from mm.simulator.decimals import fixed, trimmed
from mm.simulator.exchange import Exchange
from mm.simulator.orders import BUY, Report, SimInstrument, SimOrder, SimTrade, Status, TradePrint


def text(value: Any) -> str:
    """JSON without spaces, keys in the order in which they were written."""
    return json.dumps(value, separators=(",", ":"))


def venue_symbol(symbol: str) -> str:
    return symbol.replace("/", "-")


def side(value: int) -> str:
    return "buy" if value == BUY else "sell"


def price(traded: SimInstrument, value: int) -> str:
    return fixed(value, traded.price_precision)


def size(traded: SimInstrument, value: int) -> str:
    return fixed(value, traded.size_precision)


def instrument(traded: SimInstrument) -> dict[str, Any]:
    """A row of the list of instruments."""
    return {
        "symbol": venue_symbol(traded.symbol),
        "price_decimals": traded.price_precision,
        "size_decimals": traded.size_precision,
        "tick": price(traded, traded.tick),
        "size_min": size(traded, traded.size_min),
        "cost_min": trimmed(traded.cost_min, traded.price_precision + traded.size_precision),
        "status": traded.status,
        "maker_fee": fixed(traded.maker_fee_e6, 6),
        "taker_fee": fixed(traded.taker_fee_e6, 6),
    }


def public_trade(traded: SimInstrument, item: TradePrint) -> dict[str, Any]:
    """A trade for everybody."""
    return {
        "id": str(item.trade_number),
        "side": side(item.side),
        "price": price(traded, item.price),
        "size": size(traded, item.size),
        "time": item.time_ns,
    }


def order(exchange: Exchange, found: SimOrder) -> dict[str, Any]:
    """An order as it is now."""
    return _order(
        exchange, found, found.status, found.price, found.size, found.cum_size, found.reason, found.touched_ns
    )


def step(exchange: Exchange, report: Report) -> dict[str, Any]:
    """An order as it was at one of its steps."""
    return _order(
        exchange,
        report.order,
        report.status,
        report.price,
        report.size,
        report.cum_size,
        report.reason,
        report.time_ns,
    )


def _order(
    exchange: Exchange,
    found: SimOrder,
    status: Status,
    price_units: int,
    size_units: int,
    filled: int,
    reason: str,
    time_ns: int,
) -> dict[str, Any]:
    traded = exchange.instruments[found.request.symbol]
    return {
        "id": found.order_id,
        "client_id": found.request.client_id,
        "symbol": venue_symbol(traded.symbol),
        "side": side(found.request.side),
        "status": "new" if status is Status.PENDING_NEW else status.value,
        "price": price(traded, price_units),
        "size": size(traded, size_units),
        "filled": size(traded, filled),
        "reason": reason,
        "time": time_ns,
    }


def execution(exchange: Exchange, trade: SimTrade) -> dict[str, Any]:
    """One execution of the account."""
    traded = exchange.instruments[trade.symbol]
    found = exchange.order(trade.order_id)
    return {
        "id": trade.execution_id,
        "order_id": trade.order_id,
        "client_id": found.request.client_id if found is not None else "",
        "symbol": venue_symbol(trade.symbol),
        "side": side(trade.side),
        "price": price(traded, trade.price),
        "size": size(traded, trade.size),
        "liquidity": "maker" if trade.maker else "taker",
        "fee": trimmed(trade.fee, traded.quote_decimals),
        "fee_asset": trade.fee_asset,
        "time": trade.time_ns,
    }


def balance(exchange: Exchange, account: str, asset: str) -> dict[str, Any]:
    """What the account has of an asset."""
    ledger = exchange.ledger
    return {"asset": asset, "total": trimmed(ledger.balance(account, asset), ledger.decimals(asset))}

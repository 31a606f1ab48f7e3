"""Positions, funding and worth of an account as exact decimal texts, for the ledger report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm.simulator.contracts.positions import ISOLATED, LONG, Position, mean_price
from mm.simulator.decimals import fixed, trimmed
from mm.simulator.ledger import DECIMALS

if TYPE_CHECKING:
    from mm.simulator.contracts.exchange import ContractExchange

MEAN_DECIMALS = 18


def report(exchange: ContractExchange, account: str) -> dict[str, Any]:
    """What the ledger report of an account has besides orders, fills and balances."""
    positions = exchange.positions
    cash = exchange.ledger.balance(account, exchange.settle_asset)
    return {
        "position_mode": positions.setup(account).mode,
        "positions": [_position(exchange, each) for each in positions.of(account)],
        "closed_positions": [_position(exchange, each) for each in positions.over.get(account, ())],
        "funding": [
            {
                "record_id": str(record.record_id),
                "symbol": record.symbol,
                "side": "long" if record.side == LONG else "short",
                "value": fixed(record.value, DECIMALS),
                "rate": fixed(record.rate_e8, 8),
                "funding": fixed(record.funding, DECIMALS),
                "settle_ns": record.settle_ns,
                "booked_ns": record.time_ns,
            }
            for record in positions.records.get(account, ())
        ],
        "marks": {
            name: fixed(exchange.marks[name], each.price_precision) for name, each in positions.instruments.items()
        },
        "unrealised": fixed(exchange.unrealised(account), DECIMALS),
        "equity": fixed(cash + exchange.unrealised(account), DECIMALS),
        "position_margin": fixed(positions.bound(account), DECIMALS),
        "available": fixed(exchange.available(account), DECIMALS),
        "entries": [
            {
                "kind": entry.kind,
                "asset": entry.asset,
                "amount": fixed(entry.amount, DECIMALS),
                "fee": fixed(entry.fee, DECIMALS),
                "reference": entry.reference,
                "time_ns": entry.time_ns,
            }
            for entry in exchange.ledger.entries
            if entry.account == account and entry.kind != "trade"
        ],
    }


def _position(exchange: ContractExchange, position: Position) -> dict[str, Any]:
    traded = exchange.instruments[position.symbol]
    opened = mean_price(traded, position.opened_value, position.opened, MEAN_DECIMALS)
    entry = mean_price(traded, position.cost, position.hold, MEAN_DECIMALS) if position.hold else opened
    return {
        "position_id": str(position.position_id),
        "symbol": position.symbol,
        "side": "long" if position.side == LONG else "short",
        "margin_mode": "isolated" if position.open_type == ISOLATED else "cross",
        "leverage": position.leverage,
        "size": fixed(*traded.shown_size(position.hold)),
        "contract_size": trimmed(traded.contract, traded.size_precision),
        "cost": fixed(position.cost, DECIMALS),
        "entry_price": fixed(entry, MEAN_DECIMALS),
        "liquidation_price": fixed(exchange.liquidation.price(position), DECIMALS) if position.hold else "0",
        "margin": fixed(exchange.positions.margin(position), DECIMALS),
        "profit": fixed(position.profit, DECIMALS),
        "fees": fixed(position.fees, DECIMALS),
        "funding": fixed(position.funding, DECIMALS),
        "realised": fixed(position.realised, DECIMALS),
        "state": position.state,
        "created_ns": position.created_ns,
        "updated_ns": position.updated_ns,
    }

"""What the venue tells its accounts: orders, deals and balances, to whoever is subscribed.

(MEXC Spot reference: private streams.) Nothing is told on subscribing, and nothing again after a reconnect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from mm.simulator.exchange import Exchange
from mm.simulator.mexc_spot import pushes
from mm.simulator.mexc_spot.connection import Connection
from mm.simulator.mexc_spot.pushes import AccountPush, DealPush, OrderPush
from mm.simulator.mexc_spot.rows import (
    TYPE_CODES,
    asset_text,
    average_text,
    fee_text,
    is_self_trade,
    money_text,
    price_text,
    size_text,
    type_word,
)
from mm.simulator.mexc_spot.terms import Listing
from mm.simulator.orders import BUY, LedgerEntry, Report, ReportKind, SimTrade

MS_NS: Final = 1_000_000
ORDERS, DEALS, ACCOUNT = "orders", "deals", "account"
TOPICS: Final = {f"spot@private.{name}.v3.api.pb": name for name in (ORDERS, DEALS, ACCOUNT)}
NEW, FILLED, PARTIALLY_FILLED, CANCELED, PARTIALLY_CANCELED = 1, 2, 3, 4, 5
FLOWS: Final = {"deposit": "DEPOSIT", "transfer": "CONTRACT_TRANSFER"}
"""Of the ledger, in the venue's words; the latter was recorded, and is in none of its lists."""

Publish = Callable[[int, Connection, str, bytes], None]


class Accounts:
    """The private topics."""

    def __init__(self, exchange: Exchange, listing: Listing, publish: Publish) -> None:
        self._exchange, self._listing, self._publish = exchange, listing, publish
        self._watchers: dict[int, Connection] = {}
        self._told: dict[tuple[str, str], tuple[int, int]] = {}
        """Account and asset to what was free and what was frozen when it was told last."""
        self._last: dict[str, SimTrade] = {}
        """The newest fill of each open order."""
        for account in exchange.ledger.accounts():
            for asset in exchange.ledger.balances(account):
                self._told[account, asset] = self._now(account, asset)

    def watch(self, connection: Connection) -> None:
        """A connection has a private topic."""
        self._watchers[connection.id] = connection

    def unwatch(self, connection: Connection) -> None:
        """It has gone."""
        self._watchers.pop(connection.id, None)

    def tell(self, now_ns: int, items: list[Report | LedgerEntry]) -> None:
        """Send what happened: orders and deals in their order, then every balance that is another now."""
        kinds: dict[tuple[str, str], str] = {}
        for item in items:
            if isinstance(item, LedgerEntry):
                kinds[item.account, item.asset] = FLOWS.get(item.kind, "ENTRUST")
                continue
            request = item.order.request
            terms = self._listing.by_symbol[request.symbol]
            # A place and its fills are told as one change.
            step = "ENTRUST_CANCEL" if item.kind is ReportKind.CANCELED else "ENTRUST_PLACE"
            kinds.setdefault((request.account, terms.traded.quote if request.side == BUY else terms.traded.base), step)
            self._order(now_ns, item)
        for (account, asset), kind in kinds.items():
            self._balance(now_ns, account, asset, kind)

    def _order(self, now_ns: int, report: Report) -> None:
        kind, identity = report.kind, report.order.order_id
        if kind is ReportKind.TRADE and report.trade is not None:
            self._last[identity] = report.trade
            if report.cum_size < report.size:
                self._push_order(now_ns, report, PARTIALLY_FILLED, dealt=True)
            self._push_deal(now_ns, report, report.trade)
        elif kind is ReportKind.NEW:
            self._push_order(now_ns, report, NEW)
        elif kind is ReportKind.FILLED:
            self._push_order(now_ns, report, FILLED, dealt=True)
            self._last.pop(identity, None)
        elif kind in (ReportKind.CANCELED, ReportKind.EXPIRED):
            self._push_order(now_ns, report, PARTIALLY_CANCELED if report.cum_size else CANCELED)
            self._last.pop(identity, None)

    def _push_order(self, now_ns: int, report: Report, status: int, *, dealt: bool = False) -> None:
        order = report.order
        request = order.request
        terms, word = self._listing.by_symbol[request.symbol], type_word(request)
        is_market = word == "MARKET"
        last = self._last.get(order.order_id)
        left = report.size - report.cum_size
        amount = 0 if is_market and request.side != BUY else report.price * report.size
        # For a market buy the rest of the amount is what was reserved and is free again.
        rest = max(0, amount - report.cum_cost) if is_market else report.price * left
        push = OrderPush(
            id=order.order_id,
            client_id=request.client_id,
            price=price_text(terms, report.price),
            quantity=size_text(terms, report.size),
            amount=money_text(terms, amount),
            average=average_text(terms, report.cum_cost, report.cum_size),
            order_type=TYPE_CODES[word],
            trade_type=1 if request.side == BUY else 2,
            is_maker=last.maker if last is not None else word in ("LIMIT", "LIMIT_MAKER"),
            remain_amount=money_text(terms, rest),
            remain_quantity=size_text(terms, left),
            last_quantity=size_text(terms, last.size) if dealt and last is not None else None,
            cum_quantity=size_text(terms, report.cum_size),
            cum_amount=money_text(terms, report.cum_cost),
            status=status,
            create_ms=order.created_ns // MS_NS,
        )
        self._send(now_ns, request.account, ORDERS, terms.name, None, pushes.ORDERS, push.encode())

    def _push_deal(self, now_ns: int, report: Report, trade: SimTrade) -> None:
        terms = self._listing.by_symbol[trade.symbol]
        push = DealPush(
            price=price_text(terms, trade.price),
            quantity=size_text(terms, trade.size),
            amount=money_text(terms, trade.cost),
            trade_type=1 if trade.side == BUY else 2,
            is_maker=trade.maker,
            is_self_trade=is_self_trade(self._exchange, trade),
            trade_id=trade.execution_id,
            client_id=report.order.request.client_id,
            order_id=trade.order_id,
            fee=fee_text(terms, trade),
            fee_asset=trade.fee_asset,
            time_ms=trade.time_ns // MS_NS,
        )
        self._send(now_ns, trade.account, DEALS, terms.name, None, pushes.DEALS, push.encode())

    def _balance(self, now_ns: int, account: str, asset: str, kind: str) -> None:
        free, frozen = self._now(account, asset)
        free_before, frozen_before = self._told.get((account, asset), (0, 0))
        if (free, frozen) == (free_before, frozen_before):
            return
        self._told[account, asset] = free, frozen
        push = AccountPush(
            asset=asset,
            coin_id=hashlib.md5(asset.encode(), usedforsecurity=False).hexdigest(),
            free=asset_text(free),
            free_change=asset_text(free - free_before),
            frozen=asset_text(frozen),
            frozen_change=asset_text(frozen - frozen_before),
            kind=kind,
            time_ms=now_ns // MS_NS,
        )
        self._send(now_ns, account, ACCOUNT, None, now_ns // MS_NS, pushes.ACCOUNT, push.encode())

    def _now(self, account: str, asset: str) -> tuple[int, int]:
        ledger = self._exchange.ledger
        free = ledger.free(account, asset)
        return free, ledger.balance(account, asset) - free

    def _send(
        self, now_ns: int, account: str, name: str, symbol: str | None, create_ms: int | None, field: int, body: bytes
    ) -> None:
        topic = f"spot@private.{name}.v3.api.pb"
        for connection in list(self._watchers.values()):
            if connection.account == account and topic in connection.topics:
                payload = pushes.wrapped(topic, symbol, create_ms, now_ns // MS_NS, field, body)
                self._publish(now_ns, connection, name, payload)

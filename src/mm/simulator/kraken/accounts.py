"""What the venue tells its accounts: executions and balances, to whoever is subscribed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mm.simulator.exchange import Exchange
from mm.simulator.hooks import Hooks
from mm.simulator.kraken import private_messages
from mm.simulator.kraken.connection import Connection, PrivateSubscription
from mm.simulator.orders import LedgerEntry, Report, ReportKind

SNAPSHOT_TRADES: Final = 50
ALWAYS_TOLD: Final = frozenset(
    {ReportKind.NEW, ReportKind.TRADE, ReportKind.FILLED, ReportKind.CANCELED, ReportKind.EXPIRED}
)

Publish = Callable[[int, int, str, str], None]


class Accounts:
    """The private channels."""

    def __init__(self, exchange: Exchange, hooks: Hooks, publish: Publish) -> None:
        self._exchange, self._hooks, self._publish = exchange, hooks, publish
        self._watchers: dict[int, Connection] = {}

    def watch(self, connection: Connection) -> None:
        """A connection has a private subscription."""
        self._watchers[connection.id] = connection

    def unwatch(self, connection: Connection) -> None:
        """It has none any more."""
        self._watchers.pop(connection.id, None)

    def tell(self, now_ns: int, items: list[Report | LedgerEntry]) -> None:
        """Send what happened, in its order."""
        if not self._watchers:
            return
        for item in items:
            if isinstance(item, Report):
                traded = self._exchange.instruments[item.order.request.symbol]
                body = private_messages.executions("update", (private_messages.report_row(item, traded),))
                account, channel = item.order.request.account, "executions"
            else:
                row = private_messages.ledger_row(item, self._exchange.ledger.decimals(item.asset))
                body, account, channel = private_messages.balances("update", (row,)), item.account, "balances"
            for connection in list(self._watchers.values()):
                subscription = connection.executions if channel == "executions" else connection.balances
                if subscription is not None and subscription.account == account and _wanted(item, subscription):
                    self._publish(now_ns, connection.id, channel, subscription.number(body))

    def executions_snapshot(self, account: str, *, orders: bool, trades: bool) -> str:
        """Open orders, then the last fills, newest first."""
        exchange = self._exchange
        rows: list[str] = []
        if orders:
            for order in exchange.open_orders(account):
                rows.append(private_messages.order_row(order, exchange.instruments[order.request.symbol]))
        if trades:
            for trade in exchange.trades(account)[-SNAPSHOT_TRADES:][::-1]:
                done = exchange.order(trade.order_id)
                if done is not None:
                    rows.append(private_messages.trade_row(trade, done, exchange.instruments[trade.symbol]))
        return private_messages.executions("snapshot", rows)

    def balances_snapshot(self, account: str) -> str:
        """Every asset of the account."""
        ledger = self._exchange.ledger
        rows = [
            private_messages.wallet_row(asset, balance, ledger.decimals(asset))
            for asset, balance in ledger.balances(account).items()
        ]
        return private_messages.balances("snapshot", rows)


def _wanted(item: Report | LedgerEntry, subscription: PrivateSubscription) -> bool:
    return subscription.order_status or not isinstance(item, Report) or item.kind in ALWAYS_TOLD

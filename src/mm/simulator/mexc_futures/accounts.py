"""What the venue pushes to its accounts: orders, deals, positions, assets, warnings.

(MEXC Futures reference: WebSocket, private.) Nothing is pushed on login, and nothing again after a reconnect. In which
order the channels come is not promised: it is drawn, while each channel keeps its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import Position, PositionChange
from mm.simulator.ledger import DECIMALS
from mm.simulator.mexc_futures.connection import Connection
from mm.simulator.mexc_futures.numbers import MS_NS, number, text
from mm.simulator.mexc_futures.rows import PENDING, asset_row, deal_of, order_row, position_row, state_of
from mm.simulator.mexc_futures.terms import Listing
from mm.simulator.numbered import Numbered
from mm.simulator.orders import LedgerEntry, Report, ReportKind

ORDER, DEAL, POSITION, ASSET = "order", "order.deal", "position", "asset"
RISK, MODE = "liquidate.risk", "position.mode"
ASSET_FIELDS: Final = ("currency", "availableBalance", "frozenBalance", "positionMargin", "bonus")
WARN_E4, CALM_E4 = 2_500, 2_000
"""Required over available margin at which the venue warns, and at which it would warn again."""

Publish = Callable[[int, Connection, str, str], None]


class Accounts:
    """The personal channels. pending: orders are also told before they are in the book."""

    def __init__(
        self, exchange: ContractExchange, listing: Listing, publish: Publish, chance: random.Random, *, pending: bool
    ) -> None:
        self._exchange, self._listing, self._publish = exchange, listing, publish
        self._random, self._pending = chance, pending
        self._watchers: dict[int, Connection] = {}
        self.versions = Numbered()
        """Of orders: each change counts one more."""

    def watch(self, connection: Connection) -> None:
        """A connection has logged in."""
        self._watchers[connection.id] = connection

    def unwatch(self, connection: Connection) -> None:
        """A connection has gone."""
        self._watchers.pop(connection.id, None)

    def tell(self, now_ns: int, reports: list[Report | LedgerEntry], changes: list[PositionChange]) -> None:
        """Push what happened, channel by channel."""
        batches: dict[str, list[tuple[str, str, Any]]] = {ORDER: [], DEAL: [], POSITION: []}
        touched: dict[str, None] = {}
        for report in reports:
            if isinstance(report, Report):
                self._order(report, batches)
                touched[report.order.request.account] = None
            else:
                touched[report.account] = None
        for change in changes:
            contract = self._listing.by_symbol[change.position.symbol]
            row = position_row(contract, self._exchange, change.position)
            row["pnl"] = number(*self._profit(change.position))
            batches[POSITION].append((change.account, contract.name, row))
            touched[change.account] = None
        batches[ASSET] = [(account, "", self._asset(account)) for account in touched]
        channels = list(batches)
        self._random.shuffle(channels)
        for channel in channels:
            for account, name, row in batches[channel]:
                self.push(now_ns, account, channel, name, row)

    def push(self, now_ns: int, account: str, channel: str, name: str, row: Any) -> None:
        """Push one row to whoever wants it."""
        payload = ""
        for connection in list(self._watchers.values()):
            wanted = connection.is_told if channel == MODE else connection.wants(channel, name)
            if connection.account == account and wanted:
                payload = payload or text({"channel": f"push.personal.{channel}", "data": row, "ts": now_ns // MS_NS})
                self._publish(now_ns, connection, channel, payload)

    def warn(self, now_ns: int) -> None:
        """Warn of positions that come near their liquidation, once."""
        for position in self._exchange.positions.held.values():
            ratio = self._exchange.liquidation.ratio_e4(position)
            if position.warned:
                position.warned = ratio >= CALM_E4
            elif ratio >= WARN_E4:
                position.warned = True
                contract = self._listing.by_symbol[position.symbol]
                shown = position_row(contract, self._exchange, position)
                row = {
                    name: shown[name] for name in ("symbol", "positionId", "liquidatePrice", "marginRatio", "adlLevel")
                }
                self.push(now_ns, position.account, RISK, contract.name, row)

    def _order(self, report: Report, batches: dict[str, list[tuple[str, str, Any]]]) -> None:
        order = report.order
        contract = self._listing.by_symbol[order.request.symbol]
        account = order.request.account
        if report.trade is not None:
            row = deal_of(contract, self._exchange, report.trade, pushed=True)
            batches[DEAL].append((account, contract.name, row))
            if report.cum_size >= report.size:
                # The report that it is filled follows.
                return
        if state_of(order, report.status) == PENDING and not self._pending:
            return
        if report.kind is ReportKind.PENDING_NEW and not self._pending:
            return
        row = order_row(
            contract,
            self._exchange,
            order,
            version=self.versions.next(order.order_id),
            status=report.status,
            cum=(report.cum_size, report.cum_cost),
        )
        traded = contract.traded
        row["remainVol"] = contract.vol_of(order.created_ns, report.size - report.cum_size)
        row["makerFeeRate"], row["takerFeeRate"] = number(traded.maker_fee_e6, 6), number(traded.taker_fee_e6, 6)
        batches[ORDER].append((account, contract.name, row))

    def _asset(self, account: str) -> dict[str, Any]:
        row = asset_row(self._exchange, account)
        return {name: row[name] for name in ASSET_FIELDS}

    def _profit(self, position: Position) -> tuple[int, int]:
        return self._exchange.positions.unrealised(position, self._exchange.marks[position.symbol]), DECIMALS

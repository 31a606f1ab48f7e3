"""The matching core for contracts: what orders may be placed for a position and its margin, and what befalls positions.

Time, marks and settlements come with calls: `mark` tells the fair price and takes over what it reaches, `settle` books
funding, `reduce` cuts a position as auto-deleveraging does. Everything is a report like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final, cast

from mm.simulator.blotter import Blotter, Name, OrderLog
from mm.simulator.contracts.blotter import ContractBlotter, OrderMoney
from mm.simulator.contracts.liquidation import Liquidation
from mm.simulator.contracts.positions import (
    CLOSED_MAX,
    CROSS,
    FUNDING_FIRST,
    ISOLATED,
    ONE_WAY,
    ContractOrder,
    FundingRecord,
    Position,
    PositionChange,
    Positions,
    closes_side,
    money,
)
from mm.simulator.contracts.report import report
from mm.simulator.exchange import Exchange
from mm.simulator.orders import BUY, SELL, NewOrder, Refusal, SimInstrument, SimOrder, Status
from mm.simulator.tape import Entry

REDUCE_REASON: Final = "Position too small"
LIQUIDATION_REASON: Final = "Liquidation of the position"
TAKEOVER, DELEVERAGING = 2, 4
RATE_E8: Final = 10**8


class _Cash(dict[str, int]):
    """Balances of accounts, looked up when they are needed."""

    def __init__(self, exchange: ContractExchange) -> None:
        super().__init__()
        self._exchange = exchange

    def __missing__(self, account: str) -> int:
        return self._exchange.ledger.balance(account, self._exchange.settle_asset)


class ContractExchange(Exchange):
    """An exchange of linear contracts that are settled in one asset. maintenance_e6: rate of each symbol."""

    def __init__(
        self,
        instruments: Iterable[SimInstrument],
        *,
        maintenance_e6: Mapping[str, int],
        leverage: int = 20,
        entries: Iterator[Entry] | None = None,
        tape_symbol: str = "",
        start_ns: int = 0,
        speed: float = 1.0,
        seed: int = 1,
        log: OrderLog | None = None,
        name: Name | None = None,
    ) -> None:
        listed = list(instruments)
        self.settle_asset = listed[0].quote
        self.positions = Positions({each.symbol: each for each in listed}, leverage)
        self.marks = {each.symbol: 0 for each in listed}
        """Fair prices in units; 0 before the first."""
        super().__init__(
            listed,
            entries=entries,
            tape_symbol=tape_symbol,
            start_ns=start_ns,
            speed=speed,
            seed=seed,
            log=log,
            name=name,
        )
        self.liquidation = Liquidation(self.positions, maintenance_e6, self.marks, _Cash(self))

    def _make_blotter(self, seed: int, log: OrderLog | None, name: Name | None) -> Blotter:
        self._contracts = ContractBlotter(self.instruments, seed, log, name, self.positions)
        return self._contracts

    # --- accounts ---------------------------------------------------------------------------------------------------

    def order_money(self, order: SimOrder) -> OrderMoney:
        """What an order's executions brought and cost."""
        return self._contracts.money.get(order.order_id) or OrderMoney()

    def frozen(self, account: str) -> int:
        """What open orders keep."""
        return self.ledger.balance(account, self.settle_asset) - self.ledger.free(account, self.settle_asset)

    def available(self, account: str) -> int:
        """What is bound neither by orders nor by positions."""
        return self.ledger.free(account, self.settle_asset) - self.positions.bound(account)

    def unrealised(self, account: str) -> int:
        """What closing everything at the fair prices would bring."""
        return sum(self.positions.unrealised(each, self.marks[each.symbol]) for each in self.positions.of(account))

    def open_available(self, account: str) -> int:
        """What new orders may bind: what is available, less what cross positions have lost."""
        cross = sum(
            self.positions.unrealised(each, self.marks[each.symbol])
            for each in self.positions.of(account)
            if each.open_type == CROSS
        )
        return self.available(account) + min(0, cross)

    def closing(self, account: str, symbol: str, side: int) -> list[SimOrder]:
        """Open orders that close the position of a side."""
        return [
            order
            for order in self.open_orders(account)
            if order.request.symbol == symbol
            and cast(ContractOrder, order.request).closes
            and closes_side(order.request) == side
        ]

    def more(self, account: str) -> dict[str, Any]:
        """Positions, records of funding, and what the account is worth."""
        return report(self, account)

    # --- requests ---------------------------------------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Replay the market up to a time; what closed more than there is goes."""
        super().advance(now_ns)
        self._cut(now_ns)

    def take(self, now_ns: int, wanted: NewOrder) -> SimOrder | Refusal:
        """Take an order; a plain one (a test's crowd) is one of the account's own mode, with cross margin."""
        if not isinstance(wanted, ContractOrder):
            mode = self.positions.setup(wanted.account).mode
            terms = {each.name: getattr(wanted, each.name) for each in fields(NewOrder)}
            side_code = (1 if wanted.side == BUY else 3) if not wanted.reduce_only else (2 if wanted.side == BUY else 4)
            wanted = ContractOrder(**terms, closes=wanted.reduce_only, mode=mode, side_code=side_code)
            side = -wanted.side if wanted.closes else wanted.side
            held = self.positions.get(wanted.account, wanted.symbol, side)
            wanted.leverage = self.positions.leverage(wanted.account, wanted.symbol, side, CROSS)
            if held is not None:
                wanted.leverage, wanted.open_type = held.leverage, held.open_type
        return super().take(now_ns, wanted)

    def enter(self, now_ns: int, order: SimOrder) -> None:
        """Let a pending order into the market."""
        super().enter(now_ns, order)
        self._cut(now_ns)

    def cancel(self, now_ns: int, order_id: str, reason: str) -> SimOrder | Refusal:
        """End an open order, be it in the market already or not."""
        order = self.order(order_id)
        if order is not None and order.status is Status.PENDING_NEW:
            self._contracts.note_placed("unentered", now_ns, order)
        return super().cancel(now_ns, order_id, reason)

    def _has_positions(self) -> bool:
        return True

    def _check_funds(self, wanted: NewOrder) -> Refusal | None:
        request = cast(ContractOrder, wanted)
        held = self.positions.get(request.account, request.symbol, closes_side(request))
        hold = held.hold if held is not None else 0
        if request.closes:
            taken = sum(order.leaves for order in self.closing(request.account, request.symbol, closes_side(request)))
            if not hold:
                return Refusal.NO_POSITION
            return Refusal.POSITION_TOO_SMALL if request.size > hold - taken else None
        request.margin_size = request.size
        if request.mode == ONE_WAY:
            taken = sum(
                order.leaves
                for order in self.open_orders(request.account)
                if order.request.symbol == request.symbol and order.request.side == request.side
            )
            request.margin_size = max(0, request.size - max(0, hold - taken))
        if self._reservation(request) > max(0, self.open_available(request.account)):
            return Refusal.INSUFFICIENT_FUNDS
        return None

    def _cut(self, now_ns: int) -> None:
        """Cancel, newest first, what would close more than its position has."""
        if not self._contracts.touched:
            return
        self._contracts.touched = False
        for account in self.ledger.accounts():
            for symbol in self.instruments:
                for side in (BUY, SELL):
                    held = self.positions.get(account, symbol, side)
                    orders = self.closing(account, symbol, side)
                    left = sum(order.leaves for order in orders)
                    while orders and left > (held.hold if held is not None else 0):
                        order = orders.pop()
                        left -= order.leaves
                        self.cancel(now_ns, order.order_id, REDUCE_REASON)

    def drain_changes(self) -> list[PositionChange]:
        """Take what happened to positions since the last call."""
        changes, self._contracts.changes = self._contracts.changes, []
        return changes

    # --- what befalls positions -------------------------------------------------------------------------------------

    def mark(self, now_ns: int, symbol: str, price: int) -> None:
        """Take a new fair price, and take over what it reaches."""
        self.marks[symbol] = price
        for position in [each for each in self.positions.held.values() if each.symbol == symbol]:
            if position.hold and self.liquidation.is_due(position):
                self._take_over(now_ns, position)

    def _take_over(self, now_ns: int, position: Position) -> None:
        account, symbol = position.account, position.symbol
        for order in self.open_orders(account):
            if order.request.symbol == symbol or position.open_type == CROSS:
                self.cancel(now_ns, order.order_id, LIQUIDATION_REASON)
        fallen = [position]
        if position.open_type == CROSS:
            fallen = [each for each in self.positions.of(account, symbol) if each.open_type == CROSS]
        price = self.liquidation.takeover(position)
        for each in fallen:
            each.state = 2
            self._contracts.changes.append(self.positions.changed(now_ns, each))
        for each in fallen:
            self._close(now_ns, each, each.hold, price, TAKEOVER, "takeover")
        self._cut(now_ns)

    def reduce(self, now_ns: int, position: Position, size: int, price: int, *, told: str = "push") -> None:
        """Cut a position by auto-deleveraging at a price.

        told: `push` as usual; `lists`: nothing is reported, and only lists show it; `position`: not even the lists of
        orders and executions do.
        """
        account, before = position.account, (len(self._contracts.reports), len(self._contracts.changes))
        order = self._close(now_ns, position, min(size, position.hold), price, DELEVERAGING, "deleveraging")
        if told != "push":
            del self._contracts.reports[before[0] :], self._contracts.changes[before[1] :]
        if told == "position":
            self._contracts.trades[account].pop()
            self._contracts.closed[account].remove(order)
        self._cut(now_ns)

    def _close(self, now_ns: int, position: Position, size: int, price: int, category: int, cause: str) -> SimOrder:
        """Close some of a position by an order of the venue's own, outside the market."""
        request = ContractOrder(
            position.account,
            position.symbol,
            -position.side,
            size,
            price,
            closes=True,
            mode=self.positions.setup(position.account).mode,
            open_type=position.open_type,
            leverage=position.leverage,
            kind=5,
            side_code=4 if position.side > 0 else 2,
            category=category,
        )
        order = self._contracts.place(now_ns, request, 0)
        self._contracts.note_placed("outside", now_ns, order, cause=cause)
        self._contracts.trade_number += 1
        self._contracts.fill(now_ns, order, price, size, self._contracts.trade_number, maker=False, cause=cause)
        return order

    def settle(
        self,
        now_ns: int,
        symbol: str,
        rate_e8: int,
        holds: Mapping[tuple[str, str, int], int],
        price: int,
        settle_ns: int,
    ) -> None:
        """Book one settlement of funding on what was held at its time (`holds`: size by position's key).

        A long pays where the rate is above zero. What the account has not available is taken from the margin of an
        isolated position.
        """
        traded = self.instruments[symbol]
        for (account, name, side), size in holds.items():
            position = self.positions.get(account, name, side)
            if name != symbol or not size:
                continue
            value = money(traded, price, size)
            # What we pay is rounded up, what we get down.
            amount = -side * rate_e8 * value // RATE_E8
            self.positions.number += 1
            record = FundingRecord(
                account, now_ns, FUNDING_FIRST + self.positions.number, symbol, side, value, amount, rate_e8, settle_ns
            )
            self.positions.records.setdefault(account, deque(maxlen=CLOSED_MAX)).append(record)
            short = max(0, -amount - max(0, self.available(account)))
            self._contracts.reports.append(
                self.ledger.change(now_ns, account, "funding", traded.quote, amount, 0, str(record.record_id))
            )
            if position is not None:
                position.funding += amount
                if position.open_type == ISOLATED:
                    position.added -= short
                self._contracts.changes.append(self.positions.changed(now_ns, position))
            self._contracts.note_market(
                "funding", now_ns, account=account, symbol=symbol, amount=amount, rate_e8=rate_e8, size=side * size
            )

    def tell_position(self, now_ns: int, position: Position) -> None:
        """Report a position that was changed by hand (margin, leverage)."""
        self._contracts.changes.append(self.positions.changed(now_ns, position))

    # --- the state folder -------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """With the positions."""
        return {**super().snapshot(), "positions": self.positions.to_json()}

    def restore(self, now_ns: int, saved: dict[str, Any]) -> None:
        """With the positions; they come before the orders that close them. Raises ValueError."""
        try:
            self.positions.restore(saved["positions"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"snapshot: damaged ({error!r})") from None
        for each in self.positions.held.values():
            self._contracts.note_market(
                "position",
                now_ns,
                account=each.account,
                symbol=each.symbol,
                side=each.side,
                size=each.hold,
                cost=each.cost,
            )
        super().restore(now_ns, saved)
        for trades in self._contracts.trades.values():
            for trade in trades:
                self._contracts.money.setdefault(trade.order_id, OrderMoney()).add(trade, trade.fee)

    def cancel_all(self, now_ns: int, account: str, reason: str, symbol: str = "") -> int:
        """Cancel an account's orders, of one symbol or all; returns how many."""
        orders = [o for o in self.open_orders(account) if not symbol or o.request.symbol == symbol]
        for order in orders:
            self.cancel(now_ns, order.order_id, reason)
        return len(orders)

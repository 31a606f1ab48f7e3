"""Orders for contracts and their money: margin instead of prices, profit and fees on positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from mm.simulator.blotter import CLOSED_MAX, Blotter, Name, OrderLog
from mm.simulator.contracts.positions import RATE, ContractOrder, Position, PositionChange, Positions, money
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import NewOrder, SimInstrument, SimOrder, SimTrade

MONEY_MAX: Final = 2 * CLOSED_MAX
"""More than there are remembered orders, open ones included."""


@dataclass(slots=True)
class OrderMoney:
    """What the executions of an order have brought and cost, in ledger units."""

    profit: int = 0
    maker_fee: int = 0
    taker_fee: int = 0

    def add(self, trade: SimTrade, fee: int) -> None:
        """Count an execution."""
        self.profit += trade.profit
        if trade.maker:
            self.maker_fee += fee
        else:
            self.taker_fee += fee


class ContractBlotter(Blotter):
    """See the module. An order keeps the margin of what it opens; one that closes keeps nothing."""

    request_type = ContractOrder

    def __init__(
        self,
        instruments: dict[str, SimInstrument],
        seed: int,
        log: OrderLog | None,
        name: Name | None,
        positions: Positions,
    ) -> None:
        super().__init__(instruments, seed, log, name)
        self.positions = positions
        self.money: dict[str, OrderMoney] = {}
        """By order, for those that have executions."""
        self.changes: list[PositionChange] = []
        """Reported, like `reports`."""
        self.touched = False
        """A position became smaller since somebody looked: orders that close may have too much."""

    def asset(self, wanted: NewOrder) -> str:
        """Everything is paid in the settlement asset."""
        return self.instruments[wanted.symbol].quote

    def principal(self, wanted: NewOrder, price: int, size: int) -> int:
        """What an order keeps."""
        return self.reservation(wanted, price, size)

    def reservation(self, wanted: NewOrder, price: int, size: int) -> int:
        """The margin of the part that opens; what closes does so first."""
        request = cast(ContractOrder, wanted)
        value = money(self.instruments[wanted.symbol], price, min(size, request.margin_size))
        return self.positions.initial(wanted.symbol, value, request.leverage)

    def charge(self, order: SimOrder, cost: int, size: int, *, maker: bool, is_done: bool) -> int:
        """The fee: value x rate, rounded half up to a ledger unit; the rest of the order keeps its margin."""
        del size
        traded = self.instruments[order.request.symbol]
        self.reserve(order, 0 if is_done else self.reservation(order.request, order.price, order.leaves))
        rate = self.surcharges[order.request.symbol].rate_e6(traded, maker=maker)
        value = cost * int(10 ** (DECIMALS - traded.price_precision - traded.size_precision))
        return (2 * value * rate + RATE) // (2 * RATE)

    def note_placed(self, event: str, now_ns: int, order: SimOrder, **more: Any) -> None:
        """Write an order's terms to the order log, with how it meets positions."""
        request = cast(ContractOrder, order.request)
        super().note_placed(event, now_ns, order, closes=request.closes, mode=request.mode, **more)

    def _close(self, order: SimOrder) -> None:
        super()._close(order)
        if len(self.money) > MONEY_MAX:
            del self.money[next(iter(self.money))]

    def settle(self, now_ns: int, order: SimOrder, trade: SimTrade) -> None:
        """Put an execution on its positions, and profit and fee on the account."""
        request = cast(ContractOrder, order.request)
        traded, fee_left, size_left = self.instruments[trade.symbol], trade.fee, trade.size
        changed: list[Position] = []
        for side, is_closing, size in self.positions.pieces(request, trade.side, trade.size):
            position = self.positions.open(now_ns, request, side)
            fee = fee_left * size // size_left
            fee_left, size_left = fee_left - fee, size_left - size
            value = money(traded, trade.price, size)
            position.fees += fee
            if is_closing:
                trade.profit += position.leave(size, value)
                self.touched = True
            else:
                position.enter(size, value)
            request.position_id = position.position_id
            changed.append(position)
        self.money.setdefault(order.order_id, OrderMoney()).add(trade, trade.fee)
        entry = self.ledger.change(
            now_ns, trade.account, "trade", traded.quote, trade.profit, trade.fee, trade.execution_id
        )
        self.reports.append(entry)
        self.changes += [self.positions.changed(now_ns, position) for position in changed]

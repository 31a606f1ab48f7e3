"""The displayed books of every symbol, and what the public is told of them."""

from __future__ import annotations

from collections.abc import Iterable

from mm.simulator.blotter import Blotter
from mm.simulator.orders import BUY, SELL, BookChange, SimOrder, TradePrint
from mm.simulator.resting import RestingSide


class Books:
    """Sides by symbol; a change is told by `show`, a trade by `print`, in the order of the calls."""

    def __init__(self, symbols: Iterable[str], blotter: Blotter) -> None:
        self._sides = {symbol: {BUY: RestingSide(BUY), SELL: RestingSide(SELL)} for symbol in symbols}
        self._blotter = blotter
        self.told: list[BookChange | TradePrint] = []

    def side(self, symbol: str, side: int) -> RestingSide:
        """Bids or asks of a symbol."""
        return self._sides[symbol][side]

    def show(self, now_ns: int, symbol: str, side: int, price: int) -> None:
        """Tell the displayed size at a price."""
        self.told.append(BookChange(symbol, side, price, self._sides[symbol][side].size(price), now_ns))

    def print(self, now_ns: int, symbol: str, side: int, price: int, size: int) -> int:
        """Tell a trade (side of the taker); returns its number, which the executions share."""
        self._blotter.trade_number += 1
        self.told.append(TradePrint(symbol, side, price, size, self._blotter.trade_number, now_ns))
        return self._blotter.trade_number

    def rest(self, now_ns: int, order: SimOrder) -> None:
        """Let an order join the book."""
        request = order.request
        self._sides[request.symbol][request.side].add(order)
        self._blotter.note("rest", now_ns, order, queue_ahead=order.queue_ahead)
        self.show(now_ns, request.symbol, request.side, order.price)

    def leave(self, now_ns: int, order: SimOrder) -> None:
        """Take an order out of the book, if it is there."""
        request = order.request
        if self._sides[request.symbol][request.side].remove(order):
            self.show(now_ns, request.symbol, request.side, order.price)

    def fill(self, now_ns: int, order: SimOrder, size: int, number: int, *, cause: str, tape_size: int = 0) -> None:
        """Execute some of a resting order at its price; the level is shown by the caller."""
        request = order.request
        self._sides[request.symbol][request.side].reduce(order, size)
        self._blotter.fill(now_ns, order, order.price, size, number, maker=True, cause=cause, tape_size=tape_size)

"""How an arriving order meets what rests: price first, then time, recorded size and accounts' orders in one queue.

Recorded size that an order took stays taken until the recording says something new of that price. An account's own
orders never meet: self-trade prevention ends the newer, the older or both (Kraken reference: order behaviour).
"""

from __future__ import annotations

from typing import Final

from mm.simulator.blotter import Blotter
from mm.simulator.books import Books
from mm.simulator.orders import BUY, NewOrder, OrderType, SelfTrade, SimOrder, Status, TimeInForce
from mm.simulator.resting import RestingSide

SELF_TRADE_REASON: Final = "Self trade prevention"
REST_REASON: Final = "Unfilled rest canceled"


class Matching:
    """Matches arriving orders; does not ask whether they may arrive."""

    def __init__(self, blotter: Blotter, books: Books) -> None:
        self._blotter, self._books = blotter, books

    def would_take(self, symbol: str, side: int, price: int) -> bool:
        """Whether a limit order would meet anything, its account's own orders included."""
        best = self._books.side(symbol, -side).best()
        return best > 0 and (price >= best if side == BUY else price <= best)

    def reachable(self, wanted: NewOrder) -> tuple[int, int]:
        """How much of an order could execute at once, without the account's own orders, and its money."""
        side = self._books.side(wanted.symbol, -wanted.side)
        size = money = 0
        for price in side.prices():
            if size >= wanted.size or not reaches(wanted, wanted.price, price):
                break
            there = side.size(price)
            if wanted.self_trade is not SelfTrade.ALLOW:
                there -= sum(order.leaves for order in side.orders(price) if order.request.account == wanted.account)
            there = min(there, wanted.size - size)
            size += there
            money += price * there
        return size, money

    def affordable(self, wanted: NewOrder, money: int) -> int:
        """How much of a market buy some money pays for, fees apart; the order's own size does not count."""
        side = self._books.side(wanted.symbol, -wanted.side)
        size = 0
        for price in side.prices():
            there = side.size(price)
            if wanted.self_trade is not SelfTrade.ALLOW:
                there -= sum(order.leaves for order in side.orders(price) if order.request.account == wanted.account)
            part = min(there, money // price)
            size += part
            money -= part * price
            if part < there:
                break
        return size

    def work(self, now_ns: int, order: SimOrder) -> None:
        """Match an order; what is left of it rests, or ends."""
        request = order.request
        side = self._books.side(request.symbol, -request.side)
        for price in side.prices():
            if not order.leaves or not reaches(request, order.price, price):
                break
            self._take_level(now_ns, order, side, price)
        if not order.leaves:
            return
        if request.order_type is OrderType.MARKET or request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            self._blotter.end(now_ns, order, Status.CANCELED, REST_REASON)
        else:
            self._books.rest(now_ns, order)

    def _take_level(self, now_ns: int, taker: SimOrder, side: RestingSide, price: int) -> None:
        """Take one price: what is recorded ahead of each resting order, the order, then what is recorded behind."""
        books, request = self._books, taker.request
        for maker in list(side.orders(price)):
            self._take_recorded(now_ns, taker, side, price, maker.queue_ahead)
            if not taker.leaves:
                break
            if maker.request.account == request.account and request.self_trade is not SelfTrade.ALLOW:
                if request.self_trade is not SelfTrade.CANCEL_NEWEST:
                    books.leave(now_ns, maker)
                    self._blotter.end(now_ns, maker, Status.CANCELED, SELF_TRADE_REASON)
                if request.self_trade is not SelfTrade.CANCEL_OLDEST:
                    self._blotter.end(now_ns, taker, Status.CANCELED, SELF_TRADE_REASON)
                    break
                continue
            size = min(taker.leaves, maker.leaves)
            number = books.print(now_ns, request.symbol, request.side, price, size)
            books.fill(now_ns, maker, size, number, cause=f"match:{taker.order_id}")
            self._blotter.fill(now_ns, taker, price, size, number, maker=False, cause=f"match:{maker.order_id}")
        self._take_recorded(now_ns, taker, side, price, taker.leaves)
        books.show(now_ns, request.symbol, side.side, price)

    def _take_recorded(self, now_ns: int, taker: SimOrder, side: RestingSide, price: int, most: int) -> None:
        size = min(taker.leaves, side.recorded.get(price, 0), most)
        if size > 0:
            side.eat(price, size)
            number = self._books.print(now_ns, taker.request.symbol, taker.request.side, price, size)
            self._blotter.fill(now_ns, taker, price, size, number, maker=False, cause="take")


def reaches(wanted: NewOrder, limit: int, price: int) -> bool:
    """Whether an order with this limit trades at a price."""
    if wanted.order_type is OrderType.MARKET:
        return True
    return price <= limit if wanted.side == BUY else price >= limit

"""How the recorded market meets resting orders: its book changes and its trades, entry by entry.

See `resting.py` for the queue's rules. The audit (`tools/audit_fills.py`) derives all of this again by itself.
"""

from __future__ import annotations

from mm.simulator.books import Books
from mm.simulator.orders import BUY, SELL, SimOrder
from mm.simulator.resting import RestingSide
from mm.simulator.tape import BookEntry, Entry, TradeEntry


class RecordedMarket:
    """Applies the tape to the books of one symbol."""

    def __init__(self, symbol: str, books: Books) -> None:
        self.symbol = symbol
        self._books = books

    def apply(self, now_ns: int, entry: Entry) -> None:
        """Take the next entry."""
        if isinstance(entry, TradeEntry):
            self._trade(now_ns, entry)
        else:
            self._book(now_ns, entry)

    def uncross(self, now_ns: int) -> None:
        """Let what is crossed trade (orders that were put into the book from outside)."""
        touched: dict[tuple[int, int], None] = {}
        self._cross(now_ns, touched)
        for side, price in touched:
            self._books.show(now_ns, self.symbol, side, price)

    def _book(self, now_ns: int, entry: BookEntry) -> None:
        sides = {BUY: self._books.side(self.symbol, BUY), SELL: self._books.side(self.symbol, SELL)}
        touched: dict[tuple[int, int], None] = {}
        if entry.is_snapshot:
            fresh = {(side, price) for side, price, _ in entry.levels}
            for side, resting in sides.items():
                for price in [price for price in resting.recorded if (side, price) not in fresh]:
                    resting.set_recorded(price, 0)
                    touched[side, price] = None
        for side, price, size in entry.levels:
            sides[side].set_recorded(price, size)
            touched[side, price] = None
        # After all of them: only then it is known how deep the recording shows.
        for side, price in touched:
            sides[side].settle(price)
        self._cross(now_ns, touched)
        for side, price in touched:
            self._books.show(now_ns, self.symbol, side, price)

    def _cross(self, now_ns: int, touched: dict[tuple[int, int], None]) -> None:
        """Let recorded size that came to or through an order's price trade with the order, at the order's price."""
        for side in (BUY, SELL):
            own, other = self._books.side(self.symbol, side), self._books.side(self.symbol, -side)
            for price in own.prices():
                if not _meets(side, price, other.best_recorded()):
                    break
                for order in list(own.orders(price)):
                    while order.leaves and _meets(side, price, best := other.best_recorded()):
                        size = min(order.leaves, other.recorded[best])
                        other.eat(best, size)
                        touched[-side, best] = touched[side, price] = None
                        number = self._books.print(now_ns, self.symbol, -side, price, size)
                        self._books.fill(now_ns, order, size, number, cause="cross")

    def _trade(self, now_ns: int, entry: TradeEntry) -> None:
        side = self._books.side(self.symbol, -entry.side)
        left = entry.size
        for price in side.prices():
            if price == entry.price or (price < entry.price) == (side.side == BUY):
                break
            left -= self._through(now_ns, entry, side, price, left)
        if left > 0:
            for order in list(side.orders(entry.price)):
                ahead = min(left, order.queue_ahead)
                self._eat(now_ns, entry, side, ahead)
                left -= ahead
                if left <= 0:
                    break
                left -= self._fill(now_ns, entry, order, min(left, order.leaves))
            self._eat(now_ns, entry, side, left)
        self._books.show(now_ns, self.symbol, side.side, entry.price)

    def _through(self, now_ns: int, entry: TradeEntry, side: RestingSide, price: int, left: int) -> int:
        """A better level than the trade's: its recorded size has gone, its orders were met; returns what they took."""
        recorded, filled = side.recorded.get(price, 0), 0
        if recorded:
            side.eat(price, recorded)
        for order in list(side.orders(price)):
            if filled < left:
                filled += self._fill(now_ns, entry, order, min(left - filled, order.leaves))
        self._books.show(now_ns, self.symbol, side.side, price)
        return filled

    def _eat(self, now_ns: int, entry: TradeEntry, side: RestingSide, size: int) -> None:
        if size > 0:
            side.eat(entry.price, size)
            self._books.print(now_ns, self.symbol, entry.side, entry.price, size)

    def _fill(self, now_ns: int, entry: TradeEntry, order: SimOrder, size: int) -> int:
        number = self._books.print(now_ns, self.symbol, entry.side, order.price, size)
        self._books.fill(now_ns, order, size, number, cause=f"tape:{entry.number}", tape_size=entry.size)
        return size


def _meets(side: int, price: int, other: int) -> bool:
    return other > 0 and (price >= other if side == BUY else price <= other)

"""One side of one symbol: recorded size and the accounts' orders that queue in it.

The recorded market cannot see our orders, so what it would have done to them is a model, and it errs on the side of
less:

- an order joins behind all that is recorded at its price (`queue_ahead`);
- a recorded trade at the price eats the queue first, then the orders in their order;
- a recorded trade beyond the price had to come through it: orders at better prices fill before it;
- recorded size that goes without a trade goes from behind an order first, so a place in the queue is earned by trades.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from mm.simulator.orders import BUY, SimOrder


class RestingSide:
    """Ranks are prices, negated for bids, so that the best level always comes first."""

    __slots__ = ("orders", "ranks", "recorded", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.ranks: list[int] = []
        self.recorded: dict[int, int] = {}
        self.orders: dict[int, list[SimOrder]] = {}
        """Price to the accounts' orders there, in time priority."""

    def rank(self, price: int) -> int:
        """The price's place in the order of `ranks`."""
        return -price if self.side == BUY else price

    def _price(self, rank: int) -> int:
        return -rank if self.side == BUY else rank

    def best(self) -> int:
        """The best price with any size, 0 on an empty side."""
        return self._price(self.ranks[0]) if self.ranks else 0

    def best_recorded(self) -> int:
        """The best price with recorded size, 0 if there is none."""
        for rank in self.ranks:
            price = self._price(rank)
            if price in self.recorded:
                return price
        return 0

    def prices(self) -> Iterator[int]:
        """Prices with any size, best first; safe against changes while walking."""
        for rank in list(self.ranks):
            yield self._price(rank)

    def size(self, price: int) -> int:
        """The displayed size: recorded and the accounts'."""
        return self.recorded.get(price, 0) + sum(order.leaves for order in self.orders.get(price, ()))

    def set_recorded(self, price: int, size: int) -> None:
        """Take the recorded size at a price; orders there keep at most so much ahead of them."""
        if size > 0:
            self.recorded[price] = size
        else:
            self.recorded.pop(price, None)
        for order in self.orders.get(price, ()):
            order.queue_ahead = min(order.queue_ahead, size)
        self._keep_rank(price)

    def add(self, order: SimOrder) -> None:
        """Let an order join at its price, behind everything there."""
        order.queue_ahead = self.recorded.get(order.price, 0)
        self.orders.setdefault(order.price, []).append(order)
        self._keep_rank(order.price)

    def remove(self, order: SimOrder) -> None:
        """Take an order out."""
        queue = self.orders[order.price]
        queue.remove(order)
        if not queue:
            del self.orders[order.price]
        self._keep_rank(order.price)

    def _keep_rank(self, price: int) -> None:
        rank = self.rank(price)
        place = bisect_left(self.ranks, rank)
        is_there = place < len(self.ranks) and self.ranks[place] == rank
        if price in self.recorded or price in self.orders:
            if not is_there:
                insort(self.ranks, rank)
        elif is_there:
            del self.ranks[place]

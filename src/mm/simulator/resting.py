"""One side of one symbol: recorded size and the accounts' orders that queue in it.

The recorded market cannot see our orders, so what it would have done to them is a model, and it errs on the side of
less:

- an order joins behind all that is recorded at its price (`queue_ahead`), and behind an unknown crowd (`UNSEEN`) at a
  price deeper than the recording shows;
- a recorded trade at the price eats the queue first, then the orders in their order;
- a recorded trade beyond the price had to come through it: what was recorded there has gone, and orders there fill
  before it, as far as its size goes;
- recorded size that goes without a trade goes from behind an order first, so a place in the queue is earned by trades.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator
from typing import Final

from mm.simulator.orders import BUY, SimOrder

UNSEEN: Final = 10**18
"""More than any market holds: 10 billion BTC in units of 10^-8."""


class RestingSide:
    """Ranks are prices, negated for bids, so that the best level always comes first."""

    __slots__ = ("_own", "_queues", "_ranks", "_recorded_ranks", "recorded", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.recorded: dict[int, int] = {}
        """Price to recorded size; only `set_recorded` writes it."""
        self._recorded_ranks: list[int] = []
        self._ranks: list[int] = []
        """Of every price with recorded size or orders."""
        self._queues: dict[int, dict[str, SimOrder]] = {}
        """Price to the accounts' orders there, in time priority."""
        self._own: dict[int, int] = {}
        """Price to what the orders there have left."""

    def rank(self, price: int) -> int:
        """The price's place in the order of levels: less is better."""
        return -price if self.side == BUY else price

    def best(self) -> int:
        """The best price with any size, 0 on an empty side."""
        return abs(self._ranks[0]) if self._ranks else 0

    def best_recorded(self) -> int:
        """The best price with recorded size, 0 if there is none."""
        return abs(self._recorded_ranks[0]) if self._recorded_ranks else 0

    def prices(self) -> Iterator[int]:
        """Prices with any size, best first. The best may be changed or removed while walking, and nothing else."""
        index = 0
        while index < len(self._ranks):
            rank = self._ranks[index]
            yield abs(rank)
            if index < len(self._ranks) and self._ranks[index] == rank:
                index += 1

    def levels(self) -> list[tuple[int, int]]:
        """Prices with the displayed size of each, best first."""
        recorded, own, sign = self.recorded, self._own, -1 if self.side == BUY else 1
        prices = [sign * rank for rank in self._ranks]
        if not own:
            return [(price, recorded[price]) for price in prices]
        return [(price, recorded.get(price, 0) + own.get(price, 0)) for price in prices]

    def own_prices(self) -> list[int]:
        """Prices with orders, best first."""
        return sorted(self._queues, key=self.rank)

    def size(self, price: int) -> int:
        """The displayed size: recorded and the accounts'."""
        return self.recorded.get(price, 0) + self._own.get(price, 0)

    def orders(self, price: int) -> Collection[SimOrder]:
        """Orders at a price in time priority."""
        queue = self._queues.get(price)
        return queue.values() if queue is not None else ()

    def set_recorded(self, price: int, size: int) -> None:
        """Take the recorded size at a price; `settle` follows for the orders there."""
        if size > 0:
            if price not in self.recorded:
                insort(self._recorded_ranks, self.rank(price))
                self.recorded[price] = size
                self._keep_rank(price)
            else:
                self.recorded[price] = size
        elif self.recorded.pop(price, None) is not None:
            del self._recorded_ranks[bisect_left(self._recorded_ranks, self.rank(price))]
            self._keep_rank(price)

    def settle(self, price: int) -> None:
        """Let orders at a price keep at most the recorded size ahead of them.

        A level that went beyond the deepest recorded one has only left the recording's window: nothing is known then,
        and the orders keep what they had ahead.
        """
        queue = self._queues.get(price)
        if queue is not None:
            size = self.recorded.get(price, 0)
            if size or not self._beyond(price):
                for order in queue.values():
                    order.queue_ahead = min(order.queue_ahead, size)

    def eat(self, price: int, size: int) -> None:
        """Take size that traded out of the recorded size and of the queue ahead of every order there."""
        recorded = self.recorded.get(price, 0)
        self.set_recorded(price, recorded - size)
        has_gone = 0 < recorded <= size
        for order in self.orders(price):
            order.queue_ahead = 0 if has_gone else max(0, order.queue_ahead - size)

    def add(self, order: SimOrder) -> None:
        """Let an order join at its price, behind everything there."""
        price = order.price
        order.queue_ahead = self.recorded.get(price, UNSEEN if self._beyond(price) else 0)
        order.queue_joined = order.queue_ahead
        self._queues.setdefault(price, {})[order.order_id] = order
        self._own[price] = self._own.get(price, 0) + order.leaves
        self._keep_rank(price)

    def reduce(self, order: SimOrder, size: int) -> None:
        """Take size off a resting order, and the order out when nothing is left. Call before its size changes."""
        price = order.price
        if size < order.leaves:
            self._own[price] -= size
        else:
            self.remove(order)

    def shrink(self, order: SimOrder, less: int) -> None:
        """A resting order becomes smaller and keeps its place. Call before its size changes."""
        self._own[order.price] -= less

    def remove(self, order: SimOrder) -> bool:
        """Take an order out; False if it does not rest here."""
        queue = self._queues.get(order.price)
        if queue is None or queue.pop(order.order_id, None) is None:
            return False
        if queue:
            self._own[order.price] -= order.leaves
        else:
            del self._queues[order.price], self._own[order.price]
            self._keep_rank(order.price)
        return True

    def _beyond(self, price: int) -> bool:
        return not self._recorded_ranks or self.rank(price) > self._recorded_ranks[-1]

    def _keep_rank(self, price: int) -> None:
        ranks, rank = self._ranks, self.rank(price)
        place = bisect_left(ranks, rank)
        is_there = place < len(ranks) and ranks[place] == rank
        if price in self.recorded or price in self._queues:
            if not is_there:
                ranks.insert(place, rank)
        elif is_there:
            del ranks[place]

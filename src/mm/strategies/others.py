"""Another market as a strategy may see it: to read, and as of the moment in which it is asked."""

from __future__ import annotations

from mm._core.market import MarketCore
from mm.instruments import Instrument


class OtherMarket:
    """One market that a strategy subscribed to. Own orders are taken out of its prices: nobody trades with himself.

    reader: the market that the strategy quotes.
    """

    __slots__ = ("_is_one_currency", "_market", "_reader")

    def __init__(self, market: MarketCore, reader: MarketCore) -> None:
        self._market, self._reader = market, reader
        self._is_one_currency: bool = market.instrument.quote == reader.instrument.quote

    @property
    def venue(self) -> str:
        """Its venue's name."""
        return str(self._market.venue.name)

    @property
    def symbol(self) -> str:
        """Its symbol."""
        return self._market.symbol

    @property
    def instrument(self) -> Instrument:
        """Its grid, minimums and fees, as they are now."""
        instrument: Instrument = self._market.instrument
        return instrument

    @property
    def gate(self) -> str:
        """Why nothing could be sent there now, an old book and a currency off its peg among the reasons; '' when all is
        well."""
        return self._market.seen_gate or self._market.currency_gate()

    @property
    def worth(self) -> float:
        """What one unit of its quote currency is worth in that of the quoted market, by `[conversion]`; 0 unknown."""
        if self._is_one_currency:
            return 1.0
        theirs, ours = self._market.last_usd_rate(), self._reader.last_usd_rate()
        return theirs / ours if theirs > 0 and ours > 0 else 0.0

    @property
    def bid(self) -> int:
        """The best bid of others, 0 before the first book."""
        return self._market.state.bid

    @property
    def bid_size(self) -> int:
        """What is bid there."""
        return self._market.state.bid_size

    @property
    def ask(self) -> int:
        """The best ask of others, 0 before the first book."""
        return self._market.state.ask

    @property
    def ask_size(self) -> int:
        """What is offered there."""
        return self._market.state.ask_size

    @property
    def position(self) -> int:
        """What this run holds there, signed, in size units."""
        return self._market.state.position

    @property
    def book_ns(self) -> int:
        """When its book was last confirmed, 0 never."""
        return self._market.book_ns

    def levels(self, side: int, count: int = 0) -> list[tuple[int, int]]:
        """Return the best `count` (price, size) of a side, best first (0: all), without own orders."""
        own: dict[int, int] = {}
        for order in self._market.orders:
            if order.side == side and order.leaves > 0:
                own[order.price] = own.get(order.price, 0) + order.leaves
        levels = self._market.book.levels(side, count + len(own) if count else 0)
        if own:
            levels = [(price, size - own.get(price, 0)) for price, size in levels if size > own.get(price, 0)]
        return levels[:count] if count else levels

    def take(self, side: int, size: int, behind: int = 0) -> tuple[int, int]:
        """Return (size, sum of price x size) of what taking `size` out of a side brings, best first.

        side: the one that is consumed, as for `Book.vwap`: who sells meets the bids, +1; behind: what others, or
        hedges that are owed already, take before it. The size is less than asked where the book has no more.
        """
        book = self._market.book
        if any(order.side == side and order.leaves > 0 for order in self._market.orders):
            return _walk(self.levels(side), size, behind)
        filled, money = book.vwap(side, behind + size)
        if not behind:
            return filled, money
        before, cost = book.vwap(side, behind)
        return filled - before, money - cost


def _walk(levels: list[tuple[int, int]], size: int, behind: int) -> tuple[int, int]:
    filled = money = 0
    for price, there in levels:
        skipped = min(behind, there)
        behind -= skipped
        part = min(there - skipped, size - filled)
        filled += part
        money += part * price
        if filled == size:
            break
    return filled, money

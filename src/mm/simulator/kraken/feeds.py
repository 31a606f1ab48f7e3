"""The public side of the venue's markets: displayed books, tape, tickers, and who is subscribed to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mm.simulator.kraken import public_messages
from mm.simulator.kraken.book_feed import DEPTHS, BookFeed
from mm.simulator.kraken.connection import Connection, Topic
from mm.simulator.kraken.names import Names, asset
from mm.simulator.orders import BookChange, SimInstrument, TradePrint
from mm.simulator.tape_record import TapeRecord

SNAPSHOT_TRADES: Final = 50
TRIGGERS: Final = ("trades", "bbo")

Publish = Callable[[int, int, str, str], None]
"""now, connection, channel, text"""


class Feeds:
    """Takes in what the core reports about its markets and tells the subscribers."""

    def __init__(self, instruments: dict[str, SimInstrument], publish: Publish) -> None:
        self.instruments = instruments
        self.names = Names(list(instruments))
        self.books = {symbol: BookFeed(traded) for symbol, traded in instruments.items()}
        self.records = {symbol: TapeRecord(traded) for symbol, traded in instruments.items()}
        self._publish = publish
        self._subscribers: dict[Topic, dict[int, Connection]] = {}
        self._best: dict[str, object] = {}
        self._pairs: dict[str, list[tuple[int, str]]] = {}

    def apply(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        """Take in changes and trades in their order, and publish them."""
        changed: dict[str, None] = {}
        printed: dict[str, list[TradePrint]] = {}
        for item in market:
            if isinstance(item, BookChange):
                self.books[item.symbol].apply(item)
                changed[item.symbol] = None
            else:
                self.records[item.symbol].add(item)
                printed.setdefault(item.symbol, []).append(item)
        for symbol in changed:
            self._pairs.pop(symbol, None)
            for depth, text in self.books[symbol].updates().items():
                self._tell(now_ns, ("book", symbol, str(depth)), text)
            best = self.books[symbol].best()
            if best != self._best.get(symbol):
                self._best[symbol] = best
                self._tell_ticker(now_ns, symbol, "bbo")
        for symbol, prints in printed.items():
            topic = ("trade", symbol, "")
            if topic in self._subscribers:
                self._tell(now_ns, topic, public_messages.trades("update", self.instruments[symbol], prints))
            self._tell_ticker(now_ns, symbol, "trades")

    def repeat(self, now_ns: int, count: int) -> None:
        """Tell the subscribers of books so many times of a change and of its end, see `BookFeed.there_and_back`."""
        for symbol, book in self.books.items():
            if symbol not in self._pairs:
                self._pairs[symbol] = book.there_and_back()
            for _ in range(count):
                for depth, text in self._pairs[symbol]:
                    self._tell(now_ns, ("book", symbol, str(depth)), text)

    def subscribe(self, connection: Connection, topic: Topic) -> None:
        """Add a subscriber; the snapshot is asked for apart."""
        connection.topics[topic] = None
        self._subscribers.setdefault(topic, {})[connection.id] = connection
        channel, symbol, variant = topic
        if channel == "book":
            self.books[symbol].watch(int(variant))
            self._pairs.pop(symbol, None)

    def unsubscribe(self, connection: Connection, topic: Topic) -> bool:
        """Remove a subscriber; False if it was none."""
        if topic not in connection.topics:
            return False
        del connection.topics[topic]
        subscribers = self._subscribers[topic]
        del subscribers[connection.id]
        if not subscribers:
            del self._subscribers[topic]
            channel, symbol, variant = topic
            if channel == "book":
                self.books[symbol].unwatch(int(variant))
        return True

    def snapshot(self, now_ns: int, topic: Topic) -> str:
        """The snapshot of a topic."""
        channel, symbol, variant = topic
        if channel == "book":
            return self.books[symbol].snapshot(int(variant))
        if channel == "trade":
            prints = list(self.records[symbol].trades)[-SNAPSHOT_TRADES:]
            return public_messages.trades("snapshot", self.instruments[symbol], prints)
        if channel == "ticker":
            return self._ticker("snapshot", now_ns, symbol)
        return self.instrument_snapshot()

    def instrument_snapshot(self) -> str:
        """Everything that is traded."""
        assets = {name: asset(name) for traded in self.instruments.values() for name in (traded.base, traded.quote)}
        pairs = [(pair, self.instruments[pair.symbol]) for pair in self.names.listed()]
        return public_messages.instrument("snapshot", assets.values(), pairs)

    def instrument_changed(self, now_ns: int, symbols: list[str]) -> None:
        """Tell a new status of pairs."""
        pairs = [(self.names.pairs[symbol], self.instruments[symbol]) for symbol in symbols]
        self._tell(now_ns, ("instrument", "", ""), public_messages.instrument("update", [], pairs))

    def _tell(self, now_ns: int, topic: Topic, text: str) -> None:
        for identity in list(self._subscribers.get(topic, ())):
            self._publish(now_ns, identity, topic[0], text)

    def _tell_ticker(self, now_ns: int, symbol: str, trigger: str) -> None:
        topic = ("ticker", symbol, trigger)
        if topic in self._subscribers:
            self._tell(now_ns, topic, self._ticker("update", now_ns, symbol))

    def _ticker(self, kind: str, now_ns: int, symbol: str) -> str:
        bid, ask = self.books[symbol].best()
        return public_messages.ticker(kind, now_ns, self.records[symbol], bid, ask)


__all__ = ["DEPTHS", "TRIGGERS", "Feeds"]

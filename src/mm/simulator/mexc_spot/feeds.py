"""The public topics: what changed in an interval is sent at its end, to whoever is subscribed.

(MEXC Spot reference: WebSocket, protobuf, keeping a book.) An interval without a change sends nothing. The versions of
a depth topic follow one another without a gap from its first subscriber on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mm.simulator.decimals import trimmed
from mm.simulator.mexc_spot import pushes
from mm.simulator.mexc_spot.connection import Connection
from mm.simulator.mexc_spot.terms import Listing, Terms
from mm.simulator.orders import BUY, SELL, BookChange, TradePrint
from mm.simulator.tape_record import TapeRecord
from mm.simulator.versioned_book import Entry, VersionedBook

MS_NS: Final = 1_000_000
VERSION_START: Final = 36_913_565_000
"""Versions of the real venue are beyond 32 bits."""
DEPTH, DEALS, TICKER, LIMIT, BATCH = "aggre.depth", "aggre.deals", "aggre.bookTicker", "limit.depth", "bookTicker.batch"
_TOPIC: Final = re.compile(
    r"spot@public\.(?:(?P<kind>aggre\.depth|aggre\.deals|aggre\.bookTicker)\.v3\.api\.pb@(?P<every>100ms|10ms)@(?P<name>[A-Z0-9]+)"
    r"|(?P<limit>limit\.depth)\.v3\.api\.pb@(?P<of>[A-Z0-9]+)@(?P<depth>5|10|20)"
    r"|(?P<batch>bookTicker\.batch)\.v3\.api\.pb@(?P<pair>[A-Z0-9]+))"
)
SNAPSHOT_EVERY_MS: Final = 100
"""Of the topics whose name tells no interval."""

Publish = Callable[[int, Connection, str, bytes], None]
"""now, connection, channel for the hooks, payload"""


@dataclass(slots=True)
class Topic:
    """One public topic and its subscribers."""

    text: str
    kind: str
    terms: Terms
    interval_ns: int
    depth: int = 0
    subscribers: dict[int, Connection] = field(default_factory=dict)
    due_ns: int = 0
    """When its interval ends; 0 while nothing has changed."""
    changed: dict[tuple[int, int], None] = field(default_factory=dict)
    deals: list[TradePrint] = field(default_factory=list)
    version: int = 0
    """The last one that was sent."""
    told: object = None
    """What the last message showed, where only a difference is worth one."""

    @property
    def event(self) -> str:
        """`eventType` of the body: the topic without its symbol."""
        tail = f"@{self.interval_ns // MS_NS}ms" if self.kind.startswith("aggre") else ""
        return f"spot@public.{self.kind}.v3.api.pb{tail}"


class Feeds:
    """Takes in what the core reports about its markets and tells the subscribers.

    skew_ns: asks how far the venue's clock is off (a fault hook): books tell that time too.
    """

    def __init__(
        self, listing: Listing, publish: Publish, skew_ns: Callable[[], int], *, schema_2026: bool = True
    ) -> None:
        self.listing = listing
        self.books = {symbol: VersionedBook(VERSION_START) for symbol in listing.by_symbol}
        self.records = {symbol: TapeRecord(terms.traded) for symbol, terms in listing.by_symbol.items()}
        self._publish, self._skew_ns, self._is_2026 = publish, skew_ns, schema_2026
        self._topics: dict[str, Topic] = {}

    def apply(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        """Take in changes and trades in their order."""
        for item in market:
            if isinstance(item, BookChange):
                self.books[item.symbol].apply(item)
            else:
                self.records[item.symbol].add(item)
            for topic in self._topics.values():
                if topic.terms.traded.symbol == item.symbol:
                    self._note(now_ns, topic, item)

    def tick(self, now_ns: int) -> None:
        """Send the topics whose interval is over."""
        for topic in list(self._topics.values()):
            if topic.due_ns and topic.due_ns <= now_ns:
                topic.due_ns = 0
                self._send(now_ns, topic)

    def next_deadline(self) -> int:
        """When the next interval ends; 0 for none."""
        return min((topic.due_ns for topic in self._topics.values() if topic.due_ns), default=0)

    def subscribe(self, now_ns: int, connection: Connection, text: str) -> bool:
        """Add a subscriber; False for a topic that there is not."""
        topic = self._topics.get(text) or self._parsed(text)
        if topic is None:
            return False
        if text not in self._topics:
            self._topics[text] = topic
            topic.version = self.books[topic.terms.traded.symbol].version
        topic.subscribers[connection.id] = connection
        connection.topics[text] = None
        if topic.kind in (TICKER, LIMIT, BATCH) and not topic.due_ns:
            # A state, not a change: a new subscriber sees it with the next interval.
            topic.told = None
            topic.due_ns = _interval_end(now_ns, topic.interval_ns)
        return True

    def unsubscribe(self, connection: Connection, text: str) -> bool:
        """Remove a subscriber; False if it was none."""
        if text not in connection.topics:
            return False
        del connection.topics[text]
        topic = self._topics.get(text)
        if topic is not None:
            topic.subscribers.pop(connection.id, None)
            if not topic.subscribers:
                del self._topics[text]
        return True

    def _parsed(self, text: str) -> Topic | None:
        match = _TOPIC.fullmatch(text)
        terms = self.listing.listed().get(match["name"] or match["of"] or match["pair"]) if match is not None else None
        if match is None or terms is None:
            return None
        every_ms = int(match["every"].removesuffix("ms")) if match["every"] else SNAPSHOT_EVERY_MS
        kind = match["kind"] or match["limit"] or match["batch"]
        return Topic(text, kind, terms, every_ms * MS_NS, int(match["depth"] or 0))

    def _note(self, now_ns: int, topic: Topic, item: BookChange | TradePrint) -> None:
        if isinstance(item, TradePrint):
            if topic.kind != DEALS:
                return
            topic.deals.append(item)
        elif topic.kind == DEALS:
            return
        elif topic.kind == DEPTH:
            topic.changed[item.side, item.price] = None
        if not topic.due_ns:
            topic.due_ns = _interval_end(now_ns, topic.interval_ns)

    def _send(self, now_ns: int, topic: Topic) -> None:
        terms = topic.terms
        book = self.books[terms.traded.symbol]
        created_ms = (book.time_ns + self._skew_ns()) // MS_NS if self._is_2026 else 0
        version = str(book.version) if self._is_2026 else ""
        if topic.kind == DEPTH:
            if not topic.changed:
                return
            changed, topic.changed = topic.changed, {}
            asks = [self._level(terms, (price, book.size(s, price))) for s, price in changed if s == SELL]
            bids = [self._level(terms, (price, book.size(s, price))) for s, price in changed if s == BUY]
            body = pushes.aggre_depths(asks, bids, topic.event, (topic.version + 1, book.version), created_ms)
            topic.version = book.version
            number = pushes.AGGRE_DEPTHS
        elif topic.kind == DEALS:
            if not topic.deals:
                return
            deals, topic.deals = topic.deals, []
            body = pushes.aggre_deals([self._deal(terms, deal) for deal in deals], topic.event)
            number = pushes.AGGRE_DEALS
        elif topic.kind == LIMIT:
            best = book.best(topic.depth)
            if best == topic.told:
                return
            topic.told = best
            bids, asks = ([self._level(terms, entry) for entry in half] for half in best)
            body = pushes.limit_depths(asks, bids, topic.event, book.version, created_ms)
            number = pushes.LIMIT_DEPTHS
        else:
            bid, ask = book.best(1)
            if (bid, ask) == topic.told or not bid or not ask:
                return
            topic.told = (bid, ask)
            levels = self._level(terms, bid[0]), self._level(terms, ask[0])
            if topic.kind == TICKER:
                body = pushes.aggre_book_ticker(*levels, version, created_ms)
                number = pushes.AGGRE_BOOK_TICKER
            else:
                body = pushes.book_ticker_batch([pushes.book_ticker(*levels)], version, created_ms)
                number = pushes.BOOK_TICKER_BATCH
        payload = pushes.wrapped(topic.text, terms.name, None, (now_ns + self._skew_ns()) // MS_NS, number, body)
        for connection in list(topic.subscribers.values()):
            self._publish(now_ns, connection, topic.kind, payload)

    @staticmethod
    def _level(terms: Terms, entry: Entry) -> pushes.Level:
        return trimmed(entry[0], terms.traded.price_precision), trimmed(entry[1], terms.traded.size_precision)

    def _deal(self, terms: Terms, deal: TradePrint) -> bytes:
        return pushes.deal_item(
            trimmed(deal.price, terms.traded.price_precision),
            trimmed(deal.size, terms.traded.size_precision),
            1 if deal.side == BUY else 2,
            deal.time_ns // MS_NS,
            public_trade_id(deal) if self._is_2026 else "",
        )


def public_trade_id(deal: TradePrint) -> str:
    """`640000000000009001X1`."""
    return f"{640_000_000_000_000_000 + deal.trade_number}X1"


def _interval_end(now_ns: int, interval_ns: int) -> int:
    return (now_ns // interval_ns + 1) * interval_ns

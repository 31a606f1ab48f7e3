"""The public channels: book, deals, tickers, prices, funding, candles, definitions.

(MEXC Futures reference: WebSocket, public; keeping a book.) Every changed level is one version. A depth topic that is
not merged has a push for each, at once; merged ones cover what changed in 200 ms, with unordered levels. No snapshot is
sent on subscribing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mm.simulator.mexc_futures.numbers import MS_NS, level, number, text
from mm.simulator.mexc_futures.prices import Quotation
from mm.simulator.mexc_futures.rows import candle_row, funding_row, ticker_row
from mm.simulator.mexc_futures.terms import Contract, Listing
from mm.simulator.orders import BUY, BookChange, TradePrint
from mm.simulator.tape_record import TapeRecord
from mm.simulator.versioned_book import VersionedBook

VERSION_START: Final = 28_111_438_000
"""Versions of the real venue are beyond 32 bits."""
COMMITS_MAX: Final = 5_000
INTERVAL_NS: Final = {
    "depth": 200 * MS_NS,
    "depth.full": 300 * MS_NS,
    "depth.step": 300 * MS_NS,
    "deal": 200 * MS_NS,
    "ticker": 1000 * MS_NS,
    "tickers": 2000 * MS_NS,
    "kline": 1000 * MS_NS,
}
"""0 of those that are missing: they are pushed when prices are sampled or something changed."""
CHANNELS: Final = (*INTERVAL_NS, "funding.rate", "index.price", "fair.price", "contract", "event.contract")
FULL_LIMITS: Final = (5, 10, 20)
CANDLE_MINUTES: Final = {
    "Min1": 1,
    "Min5": 5,
    "Min15": 15,
    "Min30": 30,
    "Min60": 60,
    "Hour4": 240,
    "Hour8": 480,
    "Day1": 1440,
    "Week1": 10_080,
    "Month1": 43_200,
}

Publish = Callable[[int, int, str, str], None]
"""now, connection, channel for the hooks, payload"""
Commit = tuple[int, int, int, int]
"""Version, side, price, size."""


@dataclass(slots=True)
class Topic:
    """One subscription as several connections may have it. option: what further parameters say."""

    channel: str
    contract: Contract | None
    option: str = ""
    subscribers: dict[int, None] = field(default_factory=dict)
    due_ns: int = 0
    changed: dict[tuple[int, int], None] = field(default_factory=dict)
    deals: list[TradePrint] = field(default_factory=list)
    version: int = 0

    @property
    def is_merged(self) -> bool:
        return self.option != "single"


class Feeds:
    """Takes in what the core reports about its markets and tells the subscribers.

    skew_ns: asks how far the venue's clock is off (a fault hook): books tell that time too.
    """

    def __init__(
        self,
        listing: Listing,
        quotations: Callable[[], dict[str, Quotation]],
        publish: Publish,
        skew_ns: Callable[[], int],
    ) -> None:
        self.listing = listing
        self.books = {symbol: VersionedBook(VERSION_START) for symbol in listing.by_symbol}
        self.records = {symbol: TapeRecord(contract.traded) for symbol, contract in listing.by_symbol.items()}
        self.commits: dict[str, deque[Commit]] = {symbol: deque(maxlen=COMMITS_MAX) for symbol in listing.by_symbol}
        self._quotations, self._publish, self._skew_ns = quotations, publish, skew_ns
        self._topics: dict[str, Topic] = {}

    def middle(self, symbol: str) -> tuple[int, int]:
        """The displayed middle, doubled, and the last price."""
        bids, asks = self.books[symbol].best(1)
        last = self.records[symbol].last
        return (bids[0][0] + asks[0][0] if bids and asks else 0), (last.price if last is not None else 0)

    # --- what happens -----------------------------------------------------------------------------------------------

    def apply(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        """Take in changes and trades in their order."""
        topics = list(self._topics.values())
        for item in market:
            if isinstance(item, BookChange):
                book = self.books[item.symbol]
                book.apply(item)
                self.commits[item.symbol].append((book.version, item.side, item.price, item.size))
            else:
                self.records[item.symbol].add(item)
            for topic in topics:
                if topic.contract is None or topic.contract.traded.symbol == item.symbol:
                    self._note(now_ns, topic, item)

    def _note(self, now_ns: int, topic: Topic, item: BookChange | TradePrint) -> None:
        channel = topic.channel
        interval_ns = INTERVAL_NS.get(channel, 0)
        if channel == "deal":
            if not isinstance(item, TradePrint):
                return
            topic.deals.append(item)
            if not topic.is_merged:
                self._send(now_ns, topic)
                return
        elif channel == "depth":
            if not isinstance(item, BookChange):
                return
            topic.changed[item.side, item.price] = None
            if not topic.is_merged:
                self._send(now_ns, topic)
                return
        elif not interval_ns or (channel == "kline" and isinstance(item, BookChange)):
            return
        if not topic.due_ns:
            topic.due_ns = (now_ns // interval_ns + 1) * interval_ns

    def tick(self, now_ns: int) -> None:
        """Send the topics whose interval is over."""
        for topic in list(self._topics.values()):
            if topic.due_ns and topic.due_ns <= now_ns:
                topic.due_ns = 0
                self._send(now_ns, topic)

    def tell(self, now_ns: int, channel: str, symbol: str = "") -> None:
        """Send the topics of a channel, of one symbol or all."""
        for topic in list(self._topics.values()):
            of = topic.contract.traded.symbol if topic.contract is not None else ""
            if topic.channel == channel and (not symbol or not of or of == symbol):
                self._send(now_ns, topic, symbol)

    def next_deadline(self) -> int:
        """When the next interval ends; 0 for none."""
        return min((topic.due_ns for topic in self._topics.values() if topic.due_ns), default=0)

    # --- who is told ------------------------------------------------------------------------------------------------

    def subscribe(self, connection: int, channel: str, parameters: dict[str, Any]) -> tuple[str, str]:
        """Add a subscriber; returns the topic's key, and what is wrong ("" for nothing)."""
        key, problem = self.key(channel, parameters)
        if problem:
            return "", problem
        if key not in self._topics:
            contract = self.listing.by_name.get(str(parameters.get("symbol", "")))
            topic = self._topics[key] = Topic(channel, contract, key.partition("|")[2].partition("|")[2])
            if contract is not None:
                topic.version = self.books[contract.traded.symbol].version
        self._topics[key].subscribers[connection] = None
        return key, ""

    def unsubscribe(self, connection: int, key: str) -> None:
        """Remove a subscriber."""
        topic = self._topics.get(key)
        if topic is not None:
            topic.subscribers.pop(connection, None)
            if not topic.subscribers:
                del self._topics[key]

    def key(self, channel: str, parameters: dict[str, Any]) -> tuple[str, str]:
        """The key of a topic, and what is wrong with its parameters."""
        if channel in ("tickers", "contract", "event.contract"):
            return channel, ""
        name = parameters.get("symbol")
        if name not in self.listing.listed():
            return "", f"Contract [{name}] not exists"
        option = ""
        if channel in ("depth", "deal") and parameters.get("compress") is False:
            option = "single"
        elif channel == "depth.full":
            option = str(parameters.get("limit", 20))
            if option not in map(str, FULL_LIMITS):
                return "", "Parameter error! [limit]"
        elif channel == "depth.step":
            option = str(parameters.get("step", ""))
        elif channel == "kline":
            option = str(parameters.get("interval", ""))
            if option not in CANDLE_MINUTES:
                return "", "Parameter error! [interval]"
        return f"{channel}|{name}|{option}", ""

    # --- what is told -----------------------------------------------------------------------------------------------

    def _send(self, now_ns: int, topic: Topic, symbol: str = "") -> None:
        data = self._data(now_ns, topic, symbol)
        if data is None:
            return
        channel = topic.channel
        message: dict[str, Any] = {
            "data": data,
            "channel": f"push.{channel}",
            "ts": (now_ns + self._skew_ns()) // MS_NS,
        }
        if topic.contract is not None:
            message = {"symbol": topic.contract.name, **message}
        payload = text(message)
        for connection in list(topic.subscribers):
            self._publish(now_ns, connection, channel, payload)

    def _data(self, now_ns: int, topic: Topic, symbol: str) -> Any:
        channel, contract = topic.channel, topic.contract
        if contract is None:
            if channel == "tickers":
                return [self._ticker(now_ns, each) for each in self.listing.by_symbol.values()]
            changed = self.listing.by_symbol.get(symbol)
            return changed.detail() if changed is not None else None
        quotation = self._quotations()[contract.traded.symbol]
        if channel == "depth":
            return self._depth(topic, contract)
        if channel == "deal":
            deals, topic.deals = topic.deals, []
            # In no order: the newest first.
            return [deal_row(contract, deal) for deal in reversed(deals)] if deals else None
        if channel in ("depth.full", "depth.step"):
            return self._levels(topic, contract)
        if channel == "ticker":
            return self._ticker(now_ns, contract)
        if channel == "kline":
            minutes = CANDLE_MINUTES[topic.option]
            candles = self.records[contract.traded.symbol].candles(now_ns, minutes)
            return candle_row(contract, candles[-1], topic.option) if candles else None
        if channel == "funding.rate":
            rate = number(quotation.rate_e8, 8)
            return {"symbol": contract.name, "rate": rate, "nextSettleTime": quotation.settle_ns // MS_NS}
        price = quotation.index if channel == "index.price" else quotation.fair
        return {"symbol": contract.name, "price": contract.price(price)}

    def _ticker(self, now_ns: int, contract: Contract) -> dict[str, Any]:
        symbol = contract.traded.symbol
        return ticker_row(now_ns, contract, self.books[symbol], self.records[symbol], self._quotations()[symbol])

    def _depth(self, topic: Topic, contract: Contract) -> dict[str, Any] | None:
        book = self.books[contract.traded.symbol]
        changed, topic.changed = topic.changed, {}
        if not changed:
            return None
        first, topic.version = topic.version + 1, book.version
        halves: dict[int, list[Any]] = {BUY: [], -BUY: []}
        for side, price in changed:
            halves[side].append(shown_level(contract, price, book.size(side, price)))
        data: dict[str, Any] = {
            "cts": (book.time_ns + self._skew_ns()) // MS_NS,
            "asks": halves[-BUY],
            "bids": halves[BUY],
        }
        if topic.is_merged:
            data |= {"begin": first, "end": book.version}
        return data | {"version": book.version}

    def _levels(self, topic: Topic, contract: Contract) -> dict[str, Any]:
        book = self.books[contract.traded.symbol]
        if topic.channel == "depth.full":
            bids, asks = (
                [shown_level(contract, price, size) for price, size in half] for half in book.best(int(topic.option))
            )
            return {"asks": asks, "bids": bids, "version": book.version}
        from_bids, from_asks = book.best(200)
        return {
            "asks": stepped(contract, from_asks, topic.option, up=True),
            "bids": stepped(contract, from_bids, topic.option, up=False),
            "askMarketLevelPrice": contract.price(from_asks[0][0] if from_asks else 0),
            "bidMarketLevelPrice": contract.price(from_bids[0][0] if from_bids else 0),
            "ct": (book.time_ns + self._skew_ns()) // MS_NS,
            "version": book.version,
        }

    def funding(self, now_ns: int, contract: Contract) -> dict[str, Any]:
        """The funding row of a contract."""
        return funding_row(now_ns, contract, self._quotations()[contract.traded.symbol])


def shown_level(contract: Contract, price: int, size: int) -> list[Any]:
    """A level with its count of orders: the recording has none, it is a figure that follows from price and size."""
    vol = contract.vol(size)
    return level(price, contract.traded.price_precision, vol, 1 + (price + vol) % 7 if vol else 0)


def stepped(contract: Contract, half: list[tuple[int, int]], step: str, *, up: bool) -> list[Any]:
    """Levels put together in steps."""
    scale = int(10**contract.traded.price_precision)
    wide = max(1, round(float(step) * scale)) if step.replace(".", "", 1).isdigit() else scale
    sums: dict[int, list[int]] = {}
    for price, size in half:
        place = -(-price // wide) * wide if up else price // wide * wide
        entry = sums.setdefault(place, [0, 0])
        entry[0] += contract.vol(size)
        entry[1] += 1
    return [[contract.price(place), vol, count] for place, (vol, count) in list(sums.items())[:20]]


def deal_row(contract: Contract, deal: TradePrint) -> dict[str, Any]:
    """A public trade."""
    return {
        "p": contract.price(deal.price),
        "v": contract.vol(deal.size),
        "T": 1 if deal.side == BUY else 2,
        "O": 3,
        "M": 2,
        "t": deal.time_ns // MS_NS,
        "i": 13_064_218_000 + deal.trade_number,
    }

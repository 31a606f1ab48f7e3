"""A link to MEXC Spot under virtual time, with a venue of a few lines behind it that answers as the reference says."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mm._core import Book, MexcBookDecoder
from mm._core.events import BookFrame, InstrumentUpdate, pack, unpack
from mm.exchanges import find
from mm.instruments import Instrument
from mm.net.actions import Connect, Disconnect, Request, Send
from mm.net.link import Link
from tests.core.mexc_frames import depth
from tests.exchanges.mexc_spot.samples import KEY, SECRET
from tests.reference.mexc_proto import wrapper

SECOND = 1_000_000_000
MS = 1_000_000
START = 1_800_000_000 * SECOND
LATENCY = 5 * MS
Answer = tuple[int, Any]


def info(name: str) -> dict[str, Any]:
    """A row of exchangeInfo."""
    return {
        "symbol": name,
        "status": "1",
        "baseAsset": name[:-4],
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 2,
        "baseSizePrecision": "0",
        "quoteAmountPrecision": "1",
        "isSpotTradingAllowed": True,
        "tradeSideType": 1,
    }


class Desk:
    """replies: answers to be given instead of the usual ones, by "METHOD path"; a number of seconds delays nothing."""

    def __init__(self, symbols: tuple[str, ...] = ("BTC/USDT",), *, private: bool = True, ticker: bool = False) -> None:
        face = find("mexc_spot")
        self.names = [symbol.replace("/", "") for symbol in symbols]
        codec = face.codec(KEY if private else "", SECRET if private else "", symbols=symbols)
        url = "ws://127.0.0.1/ws"
        self.session = face.session(
            codec, symbols, public_url=url, private_url=url if private else "", ticker=ticker, interval="100ms"
        )
        self.link = Link(self.session, seed=1, calls=face.call_counter(""))
        self.now = START
        self.events: list[Any] = []
        self.requests: list[tuple[int, str, dict[str, str]]] = []
        self.waits: dict[str, int] = {}
        """How long the last request of a name may wait for its connection, ns."""
        self.sent: list[tuple[int, str, dict[str, Any]]] = []
        self.connects: list[tuple[int, str, str]] = []
        self.open: dict[str, int] = {}
        self.topics: dict[str, list[str]] = {}
        self.replies: dict[str, Callable[[dict[str, str]], Answer | None]] = {}
        self.refused: set[str] = set()
        self.is_deaf = False
        """Subscriptions get no answer."""
        self.clock_ms = 0
        """How far the venue's clock is ahead of ours."""
        self.keys = 0
        self.version = dict.fromkeys(self.names, 100)
        self.lag = 0
        """Versions by which the REST snapshot trails the stream."""
        self.decoder = MexcBookDecoder()
        self.books: dict[str, Book] = {}
        self._queue: list[tuple[int, int, Callable[[], object]]] = []
        self._count = 0

    # --- time -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.take(self.link.start(self.now))

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        end = self.now + int(seconds * SECOND)
        for _ in range(100_000):
            due = self.link.next_deadline()
            first = self._queue[0][0] if self._queue else 0
            at = min((each for each in (due, first) if each), default=0)
            if not at or at > end:
                break
            self.now = max(self.now, at)
            if first and first <= self.now:
                heapq.heappop(self._queue)[2]()
            else:
                self.take(self.link.deadline(self.now))
        else:
            raise AssertionError("the link wants to be woken again and again")
        self.now = end

    def later(self, function: Callable[[], object], wait: int = LATENCY) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now + wait, self._count, function))

    def later_still(self, wait: int) -> None:
        """What is put off next takes so long: the answer to a request that is being answered."""
        usual = self.later

        def once(function: Callable[[], object], _: int = 0) -> None:
            self.later = usual  # type: ignore[method-assign]  # for one call
            usual(function, wait)

        self.later = once  # type: ignore[method-assign]  # for one call

    def take(self, events: Any) -> None:
        # A port tells its driver, and returns nothing.
        for event in events or ():
            assert unpack(pack(event)) == event
            self.events.append(event)
            if type(event) is BookFrame:
                self.decoder.apply(event.payload)
            elif type(event) is InstrumentUpdate and event.symbol not in self.books:
                read = Instrument.from_json(event.definition)
                self.books[event.symbol] = Book(10, read.price_precision, read.size_precision)
                self.decoder.add(event.symbol, self.books[event.symbol])
        for action in self.link.drain():
            self._do(action)

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.events if type(event) in kinds]

    # --- what the link wants ----------------------------------------------------------------------------------------

    def _do(self, action: Any) -> None:
        if isinstance(action, Connect):
            self.connects.append((self.now, action.channel, action.url))
            number = len(self.connects)
            self.later(lambda: self._opened(action.channel, number))
        elif isinstance(action, Disconnect):
            self.open.pop(action.channel, None)
            self.topics.pop(action.channel, None)
        elif isinstance(action, Send):
            self._heard(action.channel, orjson.loads(action.payload))
        elif isinstance(action, Request):
            method, path, headers = action.request.method, action.request.path, dict(action.request.headers)
            path, _, query = path.partition("?")
            fields = dict(parse_qsl(query))
            name = f"{method} {path.removeprefix('/api/v3/')}"
            self.requests.append((self.now, name, fields))
            self.waits[name] = action.wait_ns
            if "signature" in fields:
                assert headers["X-MEXC-APIKEY"] == KEY
            answer = self._answer(name, fields)
            if answer is not None:
                status, body = answer
                payload = body if isinstance(body, bytes) else orjson.dumps(body)
                self.later(lambda: self.take(self.link.reply(self.now, action.request_id, status, payload)))

    def _opened(self, channel: str, number: int) -> None:
        self.open[channel] = number
        self.topics[channel] = []
        self.take(self.link.opened(self.now, channel))

    def _heard(self, channel: str, message: dict[str, Any]) -> None:
        self.sent.append((self.now, channel, message))
        if message["method"] == "PING":
            self.say(channel, {"id": 0, "code": 0, "msg": "PONG"})
            return
        if self.is_deaf:
            return
        (topic,) = message["params"]
        if topic in self.refused:
            words = f"Not Subscribed successfully! [{topic}].  Reason\uff1a Blocked! "
        else:
            words = topic
            self.topics[channel].append(topic)
        self.say(channel, {"id": message["id"], "code": 0, "msg": words})

    def _answer(self, name: str, fields: dict[str, str]) -> Answer | None:
        if name in self.replies:
            return self.replies[name](fields)
        symbol = fields.get("symbol", "")
        if name == "GET depth":
            bids, asks = [["99.50", "1.00000000"]], [["100.50", "2.00000000"]]
            return 200, {"lastUpdateId": self.version[symbol] - self.lag, "bids": bids, "asks": asks}
        if name == "POST userDataStream":
            self.keys += 1
            return 200, {"listenKey": f"key{self.keys}"}
        if name == "GET order":
            return 400, {"code": -2013, "msg": "Order does not exist."}
        plain: dict[str, Any] = {
            "GET time": {"serverTime": self.now // MS + self.clock_ms},
            "GET exchangeInfo": {"symbols": [info(each) for each in self.names]},
            "GET openOrders": [],
            "GET myTrades": [],
            "GET account": {"canTrade": True, "balances": [{"asset": "USDT", "free": "100", "locked": "1"}]},
            "GET tradeFee": {"data": {"makerCommission": 0.0, "takerCommission": 0.0005}, "code": 0, "msg": "success"},
            "GET selfSymbols": {"code": 200, "data": self.names, "msg": None},
            "GET userDataStream": {"listenKey": []},
            "PUT userDataStream": {"listenKey": fields.get("listenKey", "")},
            "DELETE userDataStream": {"listenKey": fields.get("listenKey", "")},
            "POST order": {"symbol": symbol, "orderId": "C02__1", "orderListId": -1, "transactTime": self.now // MS},
            "DELETE order": {"symbol": symbol, "orderId": "C02__1", "status": "NEW"},
        }
        return 200, plain[name]

    # --- what the venue says ----------------------------------------------------------------------------------------

    def say(self, channel: str, message: Any) -> None:
        """Send a text or a binary message, after the usual time."""
        payload = message if isinstance(message, bytes) else orjson.dumps(message)
        number = self.open.get(channel)

        def arrive() -> None:
            if self.open.get(channel) == number and number is not None:
                self.take(self.link.frame(self.now, channel, payload))

        self.later(arrive)

    def push(self, name: str = "BTCUSDT", *, lose: bool = False, channel: str = "public", steps: int = 1) -> None:
        """A change of a book."""
        first = self.version[name] + 1
        self.version[name] += steps
        if not lose:
            self.say(channel, depth(first, self.version[name], [], [("99.75", "3")], name))

    def end(self, channel: str, code: int = 1006, reason: str = "gone") -> None:
        """The venue closes a socket."""
        self.open.pop(channel, None)
        self.topics.pop(channel, None)
        self.take(self.link.closed(self.now, channel, code, reason))

    def private(self, body: str, **fields: Any) -> None:
        """A push on the private socket."""
        message = wrapper()
        message.channel, message.symbol = f"spot@private.{body}.v3.api.pb", "BTCUSDT"
        message.sendTime = self.now // MS
        inner = getattr(
            message, {"orders": "privateOrders", "deals": "privateDeals", "account": "privateAccount"}[body]
        )
        for name, value in fields.items():
            setattr(inner, name, value)
        self.say("private", bytes(message.SerializeToString()))

    def asked(self, name: str, since: int = 0) -> list[dict[str, str]]:
        """The queries of requests of a name."""
        return [fields for at, each, fields in self.requests if each == name and at >= since]

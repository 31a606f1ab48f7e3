"""A link to MEXC Futures under virtual time; behind it a venue of a few lines that answers as the reference says."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mm._core import Book, MexcFuturesBookDecoder
from mm._core.events import BookFrame, InstrumentUpdate, pack, unpack
from mm.exchanges import find
from mm.exchanges.mexc_futures.signing import Signer
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.instruments import Instrument
from mm.net.actions import Connect, Disconnect, Request, Send
from mm.net.link import Link
from tests.exchanges.mexc_futures.samples import KEY, SECRET

SECOND = 1_000_000_000
MS = 1_000_000
START = 1_800_000_000 * SECOND
LATENCY = 5 * MS
URL = "ws://127.0.0.1/edge"
BTC = "BTC/USDT:USDT"
Answer = tuple[int, Any]


def definition(name: str) -> dict[str, Any]:
    """A contract as `detail` has it."""
    base, _, quote = name.partition("_")
    return {
        "symbol": name,
        "baseCoin": base,
        "quoteCoin": quote,
        "settleCoin": quote,
        "contractSize": 0.0001,
        "minLeverage": 1,
        "maxLeverage": 200,
        "priceScale": 1,
        "volScale": 0,
        "amountScale": 4,
        "priceUnit": 0.1,
        "volUnit": 1,
        "minVol": 1,
        "maxVol": 400000,
        "maintenanceMarginRate": 0.004,
        "initialMarginRate": 0.005,
        "positionOpenType": 3,
        "state": 0,
        "apiAllowed": True,
        "maxNumOrders": [200, 50],
    }


def ok(data: Any = None) -> Answer:
    """A success."""
    return 200, {"success": True, "code": 0} | ({} if data is None else {"data": data})


def refusal(code: int) -> Answer:
    """A refusal: status 200, as all are."""
    return 200, {"success": False, "code": code, "message": "text of no meaning"}


class Desk:
    """replies: answers to be given instead of the usual ones, by "METHOD path"; None: no answer."""

    def __init__(self, symbols: tuple[str, ...] = (BTC,), *, private: bool = True, **mode: Any) -> None:
        face = find("mexc_futures")
        self.names = [symbol.partition(":")[0].replace("/", "_") for symbol in symbols]
        codec = face.codec(KEY if private else "", SECRET if private else "", symbols=symbols, mode=TradingMode(**mode))
        self.session = face.session(codec, symbols, public_url=URL, private_url=URL if private else "")
        self.link = Link(self.session, seed=1, calls=face.call_counter(""))
        self.now = START
        self.events: list[Any] = []
        self.requests: list[tuple[int, str, Any]] = []
        self.sent: list[tuple[int, str, dict[str, Any]]] = []
        self.connects: list[tuple[int, str]] = []
        self.open: dict[str, int] = {}
        self.replies: dict[str, Callable[[Any], Answer | None]] = {}
        self.is_deaf = False
        """Messages on sockets get no answer."""
        self.refuses_login = False
        self.clock_ms = 0
        """How far the venue's clock is ahead of ours."""
        self.version = dict.fromkeys(self.names, 100)
        self.lag = 0
        """Versions by which the REST snapshot trails the stream."""
        self.changes: dict[str, list[dict[str, Any]]] = {name: [] for name in self.names}
        self.decoder = MexcFuturesBookDecoder()
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
            assert action.url == URL
            self.connects.append((self.now, action.channel))
            number = len(self.connects)
            self.later(lambda: self._opened(action.channel, number))
        elif isinstance(action, Disconnect):
            self.open.pop(action.channel, None)
        elif isinstance(action, Send):
            self._heard(action.channel, orjson.loads(action.payload))
        elif isinstance(action, Request):
            self._asked(action)

    def _asked(self, action: Request) -> None:
        request = action.request
        path, _, query = request.path.partition("?")
        fields = orjson.loads(request.body) if request.body else dict(parse_qsl(query))
        name = f"{request.method} {path.removeprefix('/api/v1/')}"
        self.requests.append((self.now, name, fields))
        headers = dict(request.headers)
        if "private" in path:
            signed = request.body.decode() or query
            time_ms = int(headers["Request-Time"])
            assert headers["Signature"] == Signer(KEY, SECRET).sign(time_ms, signed)
            if abs(time_ms - self.now // MS - self.clock_ms) > 10_000:
                self._reply(action, refusal(513))
                return
        answer = self._answer(name, fields)
        if answer is not None:
            self._reply(action, answer)

    def _reply(self, action: Request, answer: Answer) -> None:
        status, body = answer
        payload = body if isinstance(body, bytes) else orjson.dumps(body)
        self.later(lambda: self.take(self.link.reply(self.now, action.request_id, status, payload)))

    def _opened(self, channel: str, number: int) -> None:
        self.open[channel] = number
        self.take(self.link.opened(self.now, channel))

    def _heard(self, channel: str, message: dict[str, Any]) -> None:
        self.sent.append((self.now, channel, message))
        method = message["method"]
        if self.is_deaf:
            return
        if method == "ping":
            self.say(channel, {"channel": "pong", "data": self.now // MS, "ts": self.now // MS})
            return
        symbol = message["param"].get("symbol", self.names[0])
        if symbol not in self.names:
            self.say(channel, {"channel": "rs.error", "data": f"Contract [{symbol}] not exists", "ts": 1})
        elif method == "login" and self.refuses_login:
            self.say(channel, {"channel": "rs.error", "data": "Invalid ApiKey", "ts": 1})
        else:
            self.say(channel, {"channel": f"rs.{method}", "data": "success", "ts": str(self.now // MS)})

    def _answer(self, name: str, fields: Any) -> Answer | None:
        if name in self.replies:
            return self.replies[name](fields)
        head, _, tail = name.rpartition("/")
        if head == "GET contract/depth":
            version = self.version[tail] - self.lag
            return ok({"asks": [[100.5, 20, 1]], "bids": [[99.5, 1e1, 1]], "version": version, "timestamp": 1})
        if name.startswith("GET contract/depth_commits/"):
            return ok(self.changes[head.rpartition("/")[2]][::-1])
        if head == "GET contract/funding_rate":
            return ok({"symbol": tail, "fundingRate": 1e-4, "collectCycle": 8, "nextSettleTime": self.settle_ms()})
        if name == "GET contract/detail":
            known = fields["symbol"] in self.names
            return ok(definition(fields["symbol"])) if known else refusal(1001)
        if head == "GET private/order/get" or head.startswith("GET private/order/external"):
            return ok()
        rows = [{"positionType": side, "openType": 2, "leverage": 5, "mmr": 0.004} for side in (1, 2)]
        return {
            "GET contract/ping": ok(self.now // MS + self.clock_ms),
            "GET private/order/list/open_orders": ok([]),
            "GET private/order/list/order_deals/v3": ok([]),
            "GET private/position/open_positions": ok([]),
            "GET private/position/funding_records": ok({"resultList": [], "totalCount": 0}),
            "GET private/position/position_mode": ok({"positionMode": 2}),
            "GET private/position/leverage": ok(rows),
            "GET private/account/assets": ok([{"currency": "USDT", "availableBalance": 1000, "cashBalance": 1000}]),
            "GET private/account/tiered_fee_rate/v2": ok({"realMakerFee": 0.0006, "realTakerFee": 0.0008}),
            "POST private/order/create": ok({"orderId": "739113577038255616", "ts": self.now // MS}),
            "POST private/order/cancel": ok([{"orderId": 739113577038255616, "errorCode": 0}]),
        }[name]

    def settle_ms(self) -> int:
        """The next settlement: in an hour's grid, as seen from the start."""
        return (START // SECOND + 3_600) * 1_000

    # --- what the venue says ----------------------------------------------------------------------------------------

    def say(self, channel: str, message: Any) -> None:
        """Send a message, after the usual time."""
        payload = message if isinstance(message, bytes) else orjson.dumps(message)
        number = self.open.get(channel)

        def arrive() -> None:
            if self.open.get(channel) == number and number is not None:
                self.take(self.link.frame(self.now, channel, payload))

        self.later(arrive)

    def push(self, name: str = "BTC_USDT", *, lose: bool = False, price: float = 99.7) -> None:
        """A change of a book."""
        self.version[name] += 1
        version = self.version[name]
        self.changes[name].append({"asks": [], "bids": [[price, 30, 2]], "version": version})
        if lose:
            return
        data = {"cts": self.now // MS, "asks": [], "bids": [[price, 30, 2]], "version": version}
        self.say("public", {"symbol": name, "data": data, "channel": "push.depth", "ts": self.now // MS})

    def end(self, channel: str, code: int = 1006, reason: str = "gone") -> None:
        """The venue closes a socket."""
        self.open.pop(channel, None)
        self.take(self.link.closed(self.now, channel, code, reason))

    def private(self, channel: str, **data: Any) -> None:
        """A push on the private socket."""
        self.say("private", {"channel": f"push.personal.{channel}", "data": data, "ts": self.now // MS})

    def asked(self, name: str, since: int = 0) -> list[Any]:
        """The fields of requests of a name."""
        return [fields for at, each, fields in self.requests if each == name and at >= since]

    def said(self, method: str, channel: str = "", since: int = 0) -> list[dict[str, Any]]:
        """The messages that the link has sent of a method."""
        return [
            message
            for at, each, message in self.sent
            if message["method"] == method and each in (channel or each) and at >= since
        ]

"""Link, session and codec together, on messages in Kraken's own words."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from mm._core import events as ev
from mm.exchanges import find
from mm.net.actions import PRIVATE, PUBLIC, Connect, Disconnect, Request, Send
from mm.net.link import Link

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND
SECRET = base64.b64encode(b"canary" * 8).decode()
TIMES = b'"time_in":"2026-11-18T11:06:40.000000Z","time_out":"2026-11-18T11:06:40.000000Z"'
INSTRUMENT = (
    b'{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"BTC/USD","base":"BTC",'
    b'"quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,"price_precision":1,"cost_precision":5,'
    b'"marginable":true,"has_index":true,"cost_min":"0.5","price_increment":0.1,"qty_min":0.00005}]}}'
)
PENDING = (
    b'{"channel":"executions","type":"update","data":[{"order_id":"OAAAAA-BBBBB-CCCCCC","cl_ord_id":"mm1Q1",'
    b'"symbol":"BTC/USD","side":"buy","order_type":"limit","order_qty":0.00100000,"limit_price":64000.0,'
    b'"limit_price_type":"static","time_in_force":"GTC","post_only":true,"order_status":"pending_new",'
    b'"exec_type":"pending_new","timestamp":"2026-11-18T11:06:40.100000Z"}],"sequence":2}'
)
NEW = (
    b'{"channel":"executions","type":"update","data":[{"order_id":"OAAAAA-BBBBB-CCCCCC","cl_ord_id":"mm1Q1",'
    b'"exec_type":"new","order_status":"new","timestamp":"2026-11-18T11:06:40.200000Z"}],"sequence":3}'
)
TRADE = (
    b'{"channel":"executions","type":"update","data":[{"order_id":"OAAAAA-BBBBB-CCCCCC","cl_ord_id":"mm1Q1",'
    b'"exec_id":"TAAAAA-BBBBB-CCCCCC","exec_type":"trade","trade_id":7,"symbol":"BTC/USD","side":"buy",'
    b'"last_qty":0.00040000,"last_price":64000.0,"liquidity_ind":"m","cost":25.60000,"order_status":"partially_filled",'
    b'"order_type":"limit","cum_qty":0.00040000,"fees":[{"asset":"USD","qty":0.0640}],'
    b'"timestamp":"2026-11-18T11:06:41.000000Z"}],"sequence":4}'
)


class Kraken:
    """The link under test and a clerk who writes Kraken's answers."""

    def __init__(self, codec: Any = None, symbols: tuple[str, ...] = ("BTC/USD",), rights: str = "") -> None:
        face = find("kraken")
        codec = codec or face.codec("key", SECRET, symbols=symbols)
        urls = {"public_url": "wss://127.0.0.1/v2", "private_url": "wss://127.0.0.1/auth"}
        self.link = Link(face.session(codec, symbols, rights=rights, **urls), seed=1)
        self.now = START
        self.open: set[str] = set()
        self.events: list[Any] = []
        self.answers: dict[str, Any] = {
            "/0/private/GetWebSocketsToken": {"token": "TOKEN-CANARY", "expires": 900},
            "/0/private/OpenOrders": {"open": {}},
            "/0/private/TradesHistory": {"trades": {}, "count": 0},
            "/0/private/ClosedOrders": {"closed": {}, "count": 0},
            "/0/private/TradeVolume": {
                "currency": "ZUSD",
                "volume": "0.0",
                "fees": {"XXBTZUSD": {"fee": "0.4000"}},
                "fees_maker": {"XXBTZUSD": {"fee": "0.2500"}},
            },
        }
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.received: list[dict[str, Any]] = []

    def take(self, events: Any) -> list[Any]:
        """Keep events, carry out actions: every request is answered, every message read."""
        self.events += events
        for action in self.link.drain():
            if isinstance(action, Connect):
                self.open.add(action.channel)
                self.take(self.link.opened(self.now, action.channel))
            elif isinstance(action, Disconnect):
                self.open.discard(action.channel)
            elif isinstance(action, Request):
                path, _, _ = action.request.path.partition("?")
                assert dict(action.request.headers).get("API-Key", "key") == "key"
                self.asked.append((path, parse_qs(action.request.body.decode())))
                body = self.answer(path)
                self.take(self.link.reply(self.now, action.request_id, 200, body))
            elif isinstance(action, Send) and action.channel in self.open:
                self.received.append(orjson.loads(action.payload))
                self.hear(action.channel, self.received[-1])
        return list(events)

    def answer(self, path: str) -> bytes:
        return orjson.dumps({"error": [], "result": self.answers[path]})

    def hear(self, channel: str, message: dict[str, Any]) -> None:
        request_id, params = b"%d" % message["req_id"], message.get("params", {})
        if message["method"] == "ping":
            moment = f"{datetime.fromtimestamp(self.now / SECOND, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            times = b'"time_in":"%b","time_out":"%b"' % (moment.encode(), moment.encode())
            self.frame(channel, b'{"method":"pong","req_id":' + request_id + b"," + times + b"}")
        elif message["method"] in ("subscribe", "unsubscribe"):
            for symbol in params.get("symbol", [""]):
                result = orjson.dumps({"channel": params["channel"], **({"symbol": symbol} if symbol else {})})
                head = b'{"method":"' + message["method"].encode() + b'","req_id":' + request_id
                self.frame(channel, head + b',"success":true,"result":' + result + b"," + TIMES + b"}")
            if message["method"] == "subscribe" and params["channel"] == "instrument":
                self.frame(channel, INSTRUMENT)
            elif message["method"] == "subscribe" and channel == PRIVATE:
                name = params["channel"].encode()
                self.frame(channel, b'{"channel":"' + name + b'","type":"snapshot","data":[],"sequence":1}')

    def frame(self, channel: str, payload: bytes) -> list[Any]:
        """What the venue says on a channel; nothing comes through one that the link has ended."""
        return self.take(self.link.frame(self.now, channel, payload)) if channel in self.open else []

    def submit(self, command: Any) -> list[Any]:
        return self.take(self.link.submit(self.now, command))

    def up(self) -> None:
        self.take(self.link.start(self.now))
        self.take(self.link.deadline(self.now))
        assert self.link.session.is_up(PUBLIC)
        assert self.link.session.is_up(PRIVATE)


def place(client_id: str = "mm1Q1", symbol: str = "BTC/USD") -> ev.Place:
    terms = (1, 640_000, 100_000, "limit", "gtc", True, False, "")
    return ev.Place(START, "kraken", symbol, client_id, "maker", "quote", 0, *terms)


def test_comes_up_in_the_venues_own_words_and_learns_the_fees() -> None:
    kraken = Kraken()
    kraken.up()
    kinds = [type(event).__name__ for event in kraken.events]
    assert kinds.count("LinkChanged") == 2
    assert "InstrumentUpdate" in kinds
    assert ev.FeeRates(START, "kraken", "BTC/USD", 250_000, 400_000) in kraken.events
    assert ev.ForeignOrders(START, "kraken", 0) in kraken.events
    paths = [path.rpartition("/")[2] for path, _ in kraken.asked]
    assert paths == ["GetWebSocketsToken", "OpenOrders", "TradesHistory", "TradeVolume"]
    nonces = [int(fields["nonce"][0]) for _, fields in kraken.asked]
    assert nonces == sorted(set(nonces))


def test_order_lives_from_place_to_fill() -> None:
    kraken = Kraken()
    kraken.up()
    kraken.events.clear()
    kraken.submit(place())
    request = kraken.received[-1]
    assert request["method"] == "add_order"
    assert request["params"]["token"] == "TOKEN-CANARY"
    answer = (
        b'{"method":"add_order","req_id":%d,"success":true,"result":{"order_id":"OAAAAA-BBBBB-CCCCCC",'
        % (request["req_id"])
    )
    kraken.frame(PRIVATE, answer + b'"cl_ord_id":"mm1Q1"},' + TIMES + b"}")
    for message in (PENDING, NEW, TRADE):
        kraken.frame(PRIVATE, message)
    kinds = [type(event).__name__ for event in kraken.events]
    assert kinds == ["OrderPending", "OrderPending", "OrderAccepted", "Fill"]
    fill = kraken.events[-1]
    assert (fill.client_id, fill.price, fill.size, fill.fee) == ("mm1Q1", 640_000, 40_000, 64_000_000_000)


def test_place_in_doubt_is_found_closed_and_its_fills_are_read() -> None:
    kraken = Kraken()
    kraken.up()
    kraken.submit(place())
    kraken.events.clear()
    kraken.answers["/0/private/ClosedOrders"] = {
        "closed": {
            "OAAAAA-BBBBB-CCCCCC": {
                "status": "closed",
                "cl_ord_id": "mm1Q1",
                "opentm": 1795000000.1,
                "closetm": 1795000001.2,
                "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "64000.0"},
                "vol": "0.00100000",
                "vol_exec": "0.00100000",
                "oflags": "fciq,post",
                "reason": None,
            }
        },
        "count": 1,
    }
    trade = {
        "ordertxid": "OAAAAA-BBBBB-CCCCCC",
        "pair": "XXBTZUSD",
        "time": 1795000001.2,
        "type": "buy",
        "ordertype": "limit",
        "price": "64000.0",
        "cost": "64.0",
        "fee": "0.16",
        "vol": "0.00100000",
        "maker": True,
    }
    kraken.answers["/0/private/TradesHistory"] = {"trades": {"TAAAAA-BBBBB-CCCCCC": trade}, "count": 1}
    kraken.take(kraken.link.closed(kraken.now, PRIVATE, 1006, "lost"))
    told = [event for event in kraken.events if type(event) in (ev.OutcomeUnknown, ev.OrderReport, ev.Fill)]
    assert [type(event).__name__ for event in told] == ["OutcomeUnknown", "OrderReport", "Fill"]
    assert (told[1].status, told[1].cum_size, told[1].client_id) == ("filled", 100_000, "mm1Q1")
    assert (told[2].execution_id, told[2].client_id, told[2].size) == ("TAAAAA-BBBBB-CCCCCC", "mm1Q1", 100_000)
    assert kraken.link.in_doubt == 0
    assert [m["method"] for m in kraken.received].count("add_order") == 1


def test_gap_reads_the_history_in_the_venues_terms() -> None:
    kraken = Kraken()
    kraken.up()
    kraken.asked.clear()
    kraken.frame(PRIVATE, PENDING)
    kraken.frame(PRIVATE, TRADE)
    history = [fields for path, fields in kraken.asked if path.endswith("TradesHistory")]
    # Nothing was booked yet: from the start, less a minute of overlap, cut to whole seconds.
    assert int(history[0]["start"][0]) in range(START // SECOND - 61, START // SECOND - 59)
    assert history[0]["consolidate_taker"] == ["false"]
    assert kraken.link.session.is_up(PRIVATE)


def test_command_that_no_request_can_carry_is_denied_before_a_byte_leaves() -> None:
    kraken = Kraken()
    kraken.up()
    before = len(kraken.received)
    (denied,) = kraken.submit(place("mm1Q2", "ETH/USD"))
    assert type(denied) is ev.OrderDenied
    assert "ETH/USD" in denied.reason
    assert len(kraken.received) == before
    kraken.take(kraken.link.closed(kraken.now, PRIVATE, 1006, "lost"))
    (refused,) = kraken.submit(ev.Cancel(START, "kraken", "BTC/USD", "", "", "test"))
    assert (type(refused), refused.code) == (ev.CancelRejected, "local")


def test_secrets_are_in_no_representation() -> None:
    kraken = Kraken()
    kraken.take(kraken.link.start(kraken.now))
    kraken.link.session.opened(kraken.now, PRIVATE)
    text = repr(kraken.events) + repr(kraken.link.session) + repr(vars(kraken.link.session))
    text += repr(kraken.link.session.wishes())
    assert "CANARY" not in text
    assert SECRET not in text

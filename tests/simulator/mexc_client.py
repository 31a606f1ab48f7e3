"""A client of the simulated MEXC Spot in memory: signs REST, reads the socket's texts, and decodes its pushes."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from mm.simulator.exchange import Exchange
from mm.simulator.mexc_spot.terms import btc_usdt
from mm.simulator.mexc_spot.venue import MexcSpotVenue, Options, mexc_name
from mm.simulator.orders import BUY, SELL
from mm.simulator.outbox import Action
from mm.simulator.tape import BookEntry, Entry, TradeEntry
from tests.reference.mexc_proto import wrapper

SECOND = 1_000_000_000
MS = 1_000_000
START_NS = 1_764_000_000 * SECOND
NAME = "BTCUSDT"
BID, ASK = 6_000_000, 6_000_010
BTC = 10**8


def book() -> BookEntry:
    """40 levels a side around 60,000, one BTC and a little on each."""
    levels = [(BUY, BID - 10 * k, BTC + k) for k in range(40)] + [(SELL, ASK + 10 * k, BTC + k) for k in range(40)]
    return BookEntry(0, 0, tuple(levels), True)


def trade(number: int, second: float, side: int, price: int, size: int) -> TradeEntry:
    """A recorded trade."""
    return TradeEntry(number, int(second * 1e6), side, price, size)


def quiet_venue(tape: tuple[Entry, ...] = (), hooks: tuple[dict[str, Any], ...] = (), **options: Any) -> MexcSpotVenue:
    """The venue, with 1 BTC and 100,000 USDT in its account; `tape` follows the book."""
    entries: Iterator[Entry] = iter((book(), *tape))
    traded = btc_usdt()
    exchange = Exchange([traded], entries=entries, tape_symbol=traded.symbol, start_ns=START_NS, seed=1, name=mexc_name)
    exchange.deposit(START_NS, "main", "BTC", 1 * 10 ** exchange.ledger.decimals("BTC"))
    exchange.deposit(START_NS, "main", "USDT", 100_000 * 10 ** exchange.ledger.decimals("USDT"))
    exchange.advance(START_NS)
    exchange.drain_reports()
    return MexcSpotVenue(exchange, start_ns=START_NS, seed=1, options=Options(**options), hooks=hooks)


class Client:
    """Drives a venue at a time of its own; texts and pushes are collected by connection."""

    def __init__(self, venue: MexcSpotVenue, now_ns: int = START_NS) -> None:
        self.venue, self.now_ns = venue, now_ns
        self.texts: dict[int, list[Any]] = {}
        self.pushes: dict[int, list[Any]] = {}
        self.frames: dict[int, list[bytes]] = {}
        self.ended: dict[int, Action] = {}
        self.actions: list[Action] = []
        self.headers: dict[str, str] = {}

    def take(self) -> list[Action]:
        """Carry out what the venue wants sent; returns it."""
        taken = self.venue.drain()
        for action in taken:
            if action.kind == "send":
                text = action.payload.decode()
                self.texts.setdefault(action.connection, []).append(json.loads(text) if text[0] == "{" else text)
            elif action.kind == "send_binary":
                self.frames.setdefault(action.connection, []).append(action.payload)
                self.pushes.setdefault(action.connection, []).append(decoded(action.payload))
            elif action.kind in ("close", "abort"):
                self.ended[action.connection] = action
        self.actions += taken
        return taken

    def wait(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline."""
        until_ns = self.now_ns + int(seconds * SECOND)
        while 0 < (due_ns := self.venue.next_deadline()) <= until_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.venue.advance(self.now_ns)
            self.take()
        self.now_ns = until_ns
        self.venue.advance(self.now_ns)
        self.take()

    # The socket.

    def open(self, *topics: str, key: str = "") -> int:
        """A connection with subscriptions."""
        connection = self.venue.open(self.now_ns, f"/ws?listenKey={key}" if key else "/ws")
        self.take()
        for topic in topics:
            assert self.ask(connection, "SUBSCRIPTION", topic)["msg"] == topic
        return connection

    def private(self) -> int:
        """A private connection with all three topics."""
        key = self.rest("POST", "userDataStream")["listenKey"]
        return self.open(*(f"spot@private.{name}.v3.api.pb" for name in ("orders", "deals", "account")), key=key)

    def ask(self, connection: int, method: str, *params: str, **more: Any) -> Any:
        """Send a control message; returns its answer."""
        request = {"method": method, **({"params": list(params)} if params else {}), **more}
        return self.send(connection, json.dumps(request))

    def send(self, connection: int, text: str) -> Any:
        """Send a text; returns the last text that came back, None for none."""
        self.texts[connection] = []
        self.venue.frame(self.now_ns, connection, text.encode())
        self.take()
        texts = self.texts[connection]
        return texts[-1] if texts else None

    def bodies(self, connection: int, name: str) -> list[Any]:
        """The bodies of one kind among the pushes of a connection, which are forgotten."""
        pushes, self.pushes[connection] = self.pushes.get(connection, []), []
        return [push[name] for push in pushes if name in push]

    # REST.

    def http(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Action:
        """Send a request; returns its reply."""
        self.venue.http(self.now_ns, 1, method, f"/api/v3/{target}", headers or {}, body)
        (reply,) = [action for action in self.take() if action.kind in ("reply", "hangup")]
        return reply

    def public(self, target: str) -> Any:
        """The value of a public endpoint that succeeds."""
        reply = self.http("GET", target)
        assert reply.code == 200, reply
        return json.loads(reply.payload)

    def signed(self, fields: dict[str, Any]) -> str:
        """The query of a signed request."""
        query = urlencode({**fields, "timestamp": self.now_ns // MS}, quote_via=quote)
        return f"{query}&signature={signature(self.venue.api_secret, query)}"

    def call(self, method: str, path: str, **fields: Any) -> Action:
        """The reply of a private endpoint."""
        headers = {"x-mexc-apikey": self.venue.api_key, "content-type": "application/json"}
        return self.http(method, f"{path}?{self.signed(fields)}", headers)

    def rest(self, method: str, path: str, **fields: Any) -> Any:
        """The value of a private endpoint that succeeds."""
        reply = self.call(method, path, **fields)
        assert reply.code == 200, reply
        return json.loads(reply.payload)

    def error(self, method: str, path: str, **fields: Any) -> int:
        """The code of a private endpoint that fails."""
        reply = self.call(method, path, **fields)
        assert reply.code >= 400, reply
        return int(json.loads(reply.payload)["code"])

    def order(self, side: str, price: str, quantity: str = "0.001", kind: str = "LIMIT", **more: Any) -> Any:
        """Place an order; returns the answer."""
        return self.rest("POST", "order", symbol=NAME, side=side, type=kind, quantity=quantity, price=price, **more)

    def query(self, order: Any) -> Any:
        """The order as it is now."""
        return self.rest("GET", "order", symbol=NAME, orderId=order["orderId"])


def signature(secret: str, text: str) -> str:
    """Lower-case hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def decoded(frame: bytes) -> dict[str, Any]:
    """A push as `protobuf` reads it, by field names; only what is on the wire."""
    message = wrapper()
    message.ParseFromString(frame)
    assert message.ByteSize() == len(frame), "defaults on the wire"
    value = _value(message)
    assert isinstance(value, dict)
    return value


def _value(message: Any) -> Any:
    if not hasattr(message, "ListFields"):
        return message
    return {
        field.name: [_value(each) for each in value] if field.is_repeated else _value(value)
        for field, value in message.ListFields()
    }

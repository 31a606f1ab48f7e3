"""A client of the simulated MEXC Futures in memory: signs REST, logs in, and collects what is pushed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.mexc_futures.terms import MAINTENANCE_E6, SYMBOL, btc_usdt_contract, mexc_futures_name
from mm.simulator.mexc_futures.venue import MexcFuturesVenue, Options
from mm.simulator.orders import BUY, SELL
from mm.simulator.outbox import Action
from mm.simulator.tape import BookEntry, Entry, TradeEntry

SECOND = 1_000_000_000
MS = 1_000_000
START_NS = 1_764_000_000 * SECOND
NAME = "BTC_USDT"
BID, ASK = 600_000, 600_001
LOT = 10_000
"""Contracts on each level: one BTC."""
FUNDS = 100_000
QUIET = {"tier": "unlimited", "trails": False, "entry_ms": (0.0, 0.0), "events_first": False}
"""Nothing by chance."""


def book(shift: int = 0, number: int = 0, second: float = 0) -> BookEntry:
    """40 levels a side around 60,000, one BTC and a little on each, moved by a number of ticks."""
    levels = [(BUY, BID + shift - k, LOT + k) for k in range(40)]
    levels += [(SELL, ASK + shift + k, LOT + k) for k in range(40)]
    return BookEntry(number, int(second * 1e6), tuple(levels), True)


def trade(number: int, second: float, side: int, price: int, size: int) -> TradeEntry:
    """A recorded trade; size in contracts."""
    return TradeEntry(number, int(second * 1e6), side, price, size)


def quiet_venue(
    tape: tuple[Entry, ...] = (), hooks: tuple[dict[str, Any], ...] = (), funds: int = FUNDS, **options: Any
) -> MexcFuturesVenue:
    """The venue with USDT in its account; `tape` follows the book."""
    entries: Iterator[Entry] = iter((book(), *tape))
    exchange = ContractExchange(
        [btc_usdt_contract()],
        maintenance_e6={SYMBOL: MAINTENANCE_E6},
        entries=entries,
        tape_symbol=SYMBOL,
        start_ns=START_NS,
        seed=1,
        name=mexc_futures_name,
    )
    exchange.deposit(START_NS, "main", "USDT", funds * 10 ** exchange.ledger.decimals("USDT"))
    exchange.advance(START_NS)
    exchange.drain_reports()
    return MexcFuturesVenue(exchange, start_ns=START_NS, seed=1, options=Options(**{**QUIET, **options}), hooks=hooks)


class Client:
    """Drives a venue at a time of its own; texts are collected by connection."""

    def __init__(self, venue: MexcFuturesVenue, now_ns: int = START_NS) -> None:
        self.venue, self.now_ns = venue, now_ns
        self.texts: dict[int, list[str]] = {}
        self.ended: dict[int, Action] = {}
        self.actions: list[Action] = []

    def take(self) -> list[Action]:
        """Carry out what the venue wants sent; returns it."""
        taken = self.venue.drain()
        for action in taken:
            if action.kind == "send":
                self.texts.setdefault(action.connection, []).append(action.payload.decode())
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

    def act(self, action: str, **fields: Any) -> None:
        """Let a hook do something at once."""
        self.venue.act(self.now_ns, {"action": action, **fields})
        self.take()

    # The socket.

    def open(self, *channels: str, **more: Any) -> int:
        """A connection with subscriptions of BTC_USDT."""
        connection = self.venue.open(self.now_ns, "/edge")
        self.take()
        for channel in channels:
            assert self.ask(connection, f"sub.{channel}", symbol=NAME, **more)["data"] == "success"
        return connection

    def private(self, *filters: str) -> int:
        """A connection that is logged in; without filters everything is pushed."""
        connection = self.open()
        assert self.login(connection, subscribe=not filters)["data"] == "success"
        if filters:
            rows = [{"filter": each} for each in filters]
            assert self.ask(connection, "personal.filter", filters=rows)["data"] == "success"
        return connection

    def login(self, connection: int, *, subscribe: bool = True, skew_ms: int = 0) -> Any:
        """Log in; returns the answer."""
        stamp = str(self.now_ns // MS + skew_ms)
        signature = signed(self.venue.api_secret, f"{self.venue.api_key}{stamp}")
        param = {"apiKey": self.venue.api_key, "reqTime": stamp, "signature": signature}
        return self.send(connection, json.dumps({"method": "login", "subscribe": subscribe, "param": param}))

    def ask(self, connection: int, method: str, **param: Any) -> Any:
        """Send a message; returns its answer."""
        return self.send(connection, json.dumps({"method": method, "param": param}))

    def send(self, connection: int, text: str) -> Any:
        """Send a text; returns the last answer that came back, None for none."""
        self.texts[connection] = []
        self.venue.frame(self.now_ns, connection, text.encode())
        self.take()
        answers = [json.loads(each) for each in self.texts[connection] if '"channel":"push.' not in each]
        return answers[-1] if answers else None

    def pushed(self, connection: int, channel: str) -> list[Any]:
        """The data of one channel that a connection got, which are forgotten with all others."""
        texts, self.texts[connection] = self.texts.get(connection, []), []
        messages = [json.loads(each) for each in texts]
        return [message["data"] for message in messages if message["channel"] == f"push.{channel}"]

    def channels(self, connection: int) -> list[tuple[str, Any]]:
        """All pushes of a connection in their order, which are forgotten."""
        texts, self.texts[connection] = self.texts.get(connection, []), []
        messages = [json.loads(each) for each in texts]
        return [(message["channel"].removeprefix("push."), message["data"]) for message in messages]

    # REST.

    def http(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Action:
        """Send a request; returns its reply."""
        self.venue.http(self.now_ns, 1, method, f"/api/v1/{target}", headers or {}, body)
        (reply,) = [action for action in self.take() if action.kind in ("reply", "hangup")]
        return reply

    def public(self, target: str) -> Any:
        """The data of a public endpoint that succeeds."""
        return succeeded(self.http("GET", f"contract/{target}"))

    def headers(self, parameters: str, skew_ms: int = 0) -> dict[str, str]:
        """The headers of a signed request."""
        stamp = str(self.now_ns // MS + skew_ms)
        signature = signed(self.venue.api_secret, f"{self.venue.api_key}{stamp}{parameters}")
        return {"apikey": self.venue.api_key, "request-time": stamp, "signature": signature}

    def call(self, method: str, path: str, body: Any = None, **fields: Any) -> Action:
        """The reply of a private endpoint."""
        if method == "POST":
            payload = json.dumps(body).encode()
            return self.http(method, f"private/{path}", self.headers(payload.decode()), payload)
        query = urlencode(sorted(fields.items()), quote_via=quote)
        return self.http(method, f"private/{path}{'?' if query else ''}{query}", self.headers(query))

    def get(self, path: str, **fields: Any) -> Any:
        """The data of a private query that succeeds."""
        return succeeded(self.call("GET", path, **fields))

    def post(self, path: str, body: Any) -> Any:
        """The data of a private request that succeeds."""
        return succeeded(self.call("POST", path, body))

    def error(self, path: str, body: Any) -> int:
        """The code of a private request that fails."""
        reply = self.call("POST", path, body)
        value = json.loads(reply.payload)
        assert reply.code == 200
        assert value["success"] is False
        return int(value["code"])

    def fields(self, side: int, price: str, vol: int = 10, kind: int = 1, **more: Any) -> dict[str, Any]:
        """The body of an order."""
        base = {"symbol": NAME, "price": float(price), "vol": vol, "side": side, "type": kind, "openType": 2}
        return base | more

    def order(self, side: int, price: str, vol: int = 10, kind: int = 1, **more: Any) -> str:
        """Place an order; returns its id."""
        return str(self.post("order/create", self.fields(side, price, vol, kind, **more))["orderId"])

    def refusal(self, side: int, price: str, vol: int = 10, kind: int = 1, **more: Any) -> int:
        """The code of an order that is refused."""
        return self.error("order/create", self.fields(side, price, vol, kind, **more))

    def query(self, order_id: str) -> Any:
        """The order as it is now."""
        return self.get(f"order/get/{order_id}")

    def position(self) -> Any:
        """The one position."""
        (row,) = self.get("position/open_positions")
        return row


def succeeded(reply: Action) -> Any:
    """The data of a success, None where there are none."""
    value = json.loads(reply.payload)
    assert reply.code == 200
    assert value["success"] is True, value
    return value.get("data")


def signed(secret: str, text: str) -> str:
    """Lower-case hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()

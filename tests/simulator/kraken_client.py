"""A client of the venue in memory: signs REST, speaks WebSocket v2, and keeps every number as text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from mm.simulator.kraken.venue import KrakenVenue, Options
from mm.simulator.outbox import Action

SECOND = 1_000_000_000
START_NS = 1_764_000_000 * SECOND
SYMBOL = "BTC/USD"


class Client:
    """Drives a venue at a time of its own; replies and messages are collected by connection."""

    def __init__(self, venue: KrakenVenue, now_ns: int = START_NS) -> None:
        self.venue, self.now_ns = venue, now_ns
        self.nonce = 0
        self.request_id = 0
        self.frames: dict[int, list[Any]] = {}
        self.actions: list[Action] = []
        self.token = ""

    def take(self) -> list[Action]:
        """Carry out what the venue wants sent; returns it."""
        taken = self.venue.drain()
        for action in taken:
            if action.kind == "send":
                try:
                    value = json.loads(action.payload, parse_float=str)
                except ValueError:
                    value = action.payload.decode()
                self.frames.setdefault(action.connection, []).append(value)
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

    def open(self, path: str = "/v2") -> int:
        connection = self.venue.open(self.now_ns, path)
        self.take()
        return connection

    def send(self, connection: int, text: str) -> list[Any]:
        """Send a text; returns the frames that came back on any connection of this one, and forgets them."""
        self.frames[connection] = []
        self.venue.frame(self.now_ns, connection, text.encode())
        self.take()
        return self.frames[connection]

    def ask(self, connection: int, method: str, **params: Any) -> list[Any]:
        """Send a request with a fresh id; returns the responses to it."""
        return [f for f in self.talk(connection, method, **params) if "method" in f]

    def talk(self, connection: int, method: str, **params: Any) -> list[Any]:
        """Send a request with a fresh id; returns everything that came back."""
        self.request_id += 1
        request = {"method": method, "req_id": self.request_id, "params": params}
        return self.send(connection, json.dumps(request))

    def private(self, *, executions: bool = True, balances: bool = False, **params: Any) -> int:
        """A private connection with subscriptions."""
        self.token = self.rest("GetWebSocketsToken")["token"]
        connection = self.open("/auth/v2")
        if executions:
            options = {"snap_orders": True, "snap_trades": True, **params}
            self.ask(connection, "subscribe", channel="executions", token=self.token, **options)
        if balances:
            self.ask(connection, "subscribe", channel="balances", token=self.token)
        self.frames[connection] = []
        return connection

    def order(self, connection: int, side: str, price: float, size: float = 0.001, **params: Any) -> list[Any]:
        """Add a limit order; returns everything that came back."""
        return self.talk(
            connection,
            "add_order",
            order_type="limit",
            side=side,
            order_qty=size,
            limit_price=price,
            symbol=SYMBOL,
            token=self.token,
            **params,
        )

    def public(self, target: str) -> Any:
        """The reply of a public endpoint."""
        self.venue.http(self.now_ns, 1, "GET", f"/0/public/{target}", {}, b"")
        return self.reply()

    def reply(self) -> Any:
        (answer,) = [action for action in self.take() if action.kind == "reply"]
        assert answer.code == 200
        return json.loads(answer.payload, parse_float=str)

    def signed(self, endpoint: str, *, as_json: bool = False, **fields: Any) -> tuple[str, dict[str, str], bytes]:
        """Path, headers and body of a private request."""
        self.nonce += 1
        fields["nonce"] = str(self.nonce)
        body = (json.dumps(fields) if as_json else urlencode(fields)).encode()
        path = f"/0/private/{endpoint}"
        inner = hashlib.sha256(fields["nonce"].encode() + body).digest()
        secret = base64.b64decode(self.venue.api_secret)
        signature = base64.b64encode(hmac.new(secret, path.encode() + inner, hashlib.sha512).digest()).decode()
        content_type = "application/json" if as_json else "application/x-www-form-urlencoded"
        return path, {"api-key": self.venue.api_key, "api-sign": signature, "content-type": content_type}, body

    def call(self, endpoint: str, *, as_json: bool = False, **fields: Any) -> Any:
        """The whole reply of a private endpoint."""
        path, headers, body = self.signed(endpoint, as_json=as_json, **fields)
        self.venue.http(self.now_ns, 1, "POST", path, headers, body)
        return self.reply()

    def rest(self, endpoint: str, *, as_json: bool = False, **fields: Any) -> Any:
        """The result of a private endpoint that succeeds."""
        reply = self.call(endpoint, as_json=as_json, **fields)
        assert reply["error"] == [], reply
        return reply["result"]

    def error(self, endpoint: str, **fields: Any) -> str:
        """The error of a private endpoint that fails."""
        reply = self.call(endpoint, **fields)
        assert "result" not in reply
        (text,) = reply["error"]
        return str(text)


def events(frames: list[Any]) -> list[Any]:
    """The rows of the executions messages among frames."""
    return [row for frame in frames if frame.get("channel") == "executions" for row in frame["data"]]


__all__ = ["SECOND", "START_NS", "SYMBOL", "Client", "KrakenVenue", "Options", "events"]

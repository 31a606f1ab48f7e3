"""Drives a link machine by literal inputs under a clock of its own: no sockets, no sleeping."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mm._core import events as ev
from mm.exchanges.kraken.session import KrakenSession
from mm.net.actions import PRIVATE, PUBLIC, Connect, Disconnect, Request, Send
from mm.net.link import Link, LinkSettings
from tests.net.dialect import JsonDialect

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SNAPSHOT = {"channel": "executions", "type": "snapshot", "data": [], "sequence": 1}
BALANCES = {"channel": "balances", "type": "snapshot", "data": [], "sequence": 1}
BOOK = b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD"}]}'


def place(client_id: str = "a1") -> ev.Place:
    return ev.Place(0, "kraken", "BTC/USD", client_id, "mm", "quote", 0, 1, 100, 10, "limit", "gtc", True, False, "")


def amend(client_id: str = "a1", venue_id: str = "") -> ev.Amend:
    return ev.Amend(0, "kraken", "BTC/USD", client_id, venue_id, 101, 10)


def cancel(client_id: str = "a1", venue_id: str = "") -> ev.Cancel:
    return ev.Cancel(0, "kraken", "BTC/USD", client_id, venue_id, "test")


class Driver:
    """A link, the time, and everything that it said so far."""

    def __init__(self, symbols: tuple[str, ...] = ("BTC/USD",), seed: int = 1, **settings: Any) -> None:
        session = KrakenSession(
            JsonDialect(), symbols, public_url="ws://127.0.0.1:1/v2", private_url="ws://127.0.0.1:2/v2"
        )
        self.link = Link(session, LinkSettings(**settings), seed=seed)
        self.now = START
        self.events: list[Any] = []
        self.actions: list[Any] = []
        self.offset = 0
        """The venue's clock minus ours."""
        self.tokens = 0
        self.on_step: Callable[[], None] | None = None
        """Called whenever time has moved: a world that carries out actions at once."""

    # --- inputs ---

    def take(self, events: Any) -> list[Any]:
        self.events += events
        self.actions += self.link.drain()
        return list(events)

    def start(self, history_since_ns: int = 0) -> list[Any]:
        return self.take(self.link.start(self.now, history_since_ns))

    def opened(self, channel: str) -> list[Any]:
        return self.take(self.link.opened(self.now, channel))

    def closed(self, channel: str, code: int = 1006, reason: str = "lost") -> list[Any]:
        return self.take(self.link.closed(self.now, channel, code, reason))

    def frame(self, channel: str, message: Any) -> list[Any]:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.take(self.link.frame(self.now, channel, payload))

    def submit(self, command: Any) -> list[Any]:
        return self.take(self.link.submit(self.now, command))

    def wait(self, seconds: float, *, heartbeats: bool = True) -> list[Any]:
        """Let time pass, deadline by deadline, with heartbeats on open channels each second unless told not to."""
        end = self.now + int(seconds * SECOND)
        events: list[Any] = []
        beat = self.now + SECOND
        while True:
            due = self.link.next_deadline()
            step = min(max(due, self.now + 1) if due else end, end, beat if heartbeats else end)
            self.now = step
            if heartbeats and step >= beat:
                beat += SECOND
                for channel in (PUBLIC, PRIVATE):
                    self.frame(channel, {"channel": "heartbeat"})
            events += self.take(self.link.deadline(self.now))
            if self.on_step is not None:
                self.on_step()
            if self.now >= end:
                return events

    # --- outputs ---

    def drain(self, kind: type) -> list[Any]:
        """Take the actions of a kind."""
        taken = [action for action in self.actions if type(action) is kind]
        self.actions = [action for action in self.actions if type(action) is not kind]
        return taken

    def sent(self, channel: str | None = None) -> list[dict[str, Any]]:
        sends = [action for action in self.drain(Send) if channel is None or action.channel == channel]
        return [json.loads(action.payload) for action in sends]

    def requests(self) -> list[tuple[int, str, dict[str, Any]]]:
        return [(r.request_id, r.request.path[1:], json.loads(r.request.body)) for r in self.drain(Request)]

    def connects(self) -> list[str]:
        return [action.channel for action in self.drain(Connect)]

    def disconnects(self) -> list[str]:
        return [action.channel for action in self.drain(Disconnect)]

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    # --- a venue that answers as it should ---

    def reply(self, request_id: int, message: Any, status: int = 200) -> list[Any]:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.take(self.link.reply(self.now, request_id, status, body))

    def answer_rest(
        self, open_rows: tuple[Any, ...] = (), closed_rows: tuple[Any, ...] = (), fills: tuple[Any, ...] = ()
    ) -> None:
        """Answer every REST request that is out, and those that follow from it."""
        while requests := self.requests():
            for request_id, kind, body in requests:
                if kind == "token":
                    self.tokens += 1
                    self.reply(request_id, {"token": f"token{self.tokens}"})
                elif kind == "open_orders":
                    self.reply(request_id, {"rows": open_rows})
                elif kind == "trades_history":
                    offset = body["offset"]
                    self.reply(request_id, {"rows": fills[offset : offset + 50], "total": len(fills)})
                elif kind in ("closed_orders", "query_orders"):
                    self.reply(request_id, {"rows": closed_rows})
                else:
                    self.reply(request_id, {})

    def answer_socket(self) -> None:
        """Acknowledge subscriptions and pings that were sent."""
        for message in self.sent():
            if message["method"] == "ping":
                venue = self.now + self.offset
                self.frame(PUBLIC, {"method": "pong", "req_id": message["req_id"], "in": venue, "out": venue})
            elif message["method"] in ("subscribe", "unsubscribe"):
                channel = PRIVATE if "token" in message else PUBLIC
                self.frame(channel, {"method": message["method"], "req_id": message["req_id"], "success": True})

    def ready(self, history_since_ns: int = 0) -> None:
        """Bring both channels up."""
        self.start(history_since_ns)
        self.answer_rest()
        self.opened(PUBLIC)
        self.take(self.link.deadline(self.now))
        self.answer_socket()
        self.private_ready()
        assert self.link.session.is_up(PUBLIC)
        assert self.link.session.is_up(PRIVATE)

    def private_ready(self, fills: tuple[Any, ...] = ()) -> None:
        self.opened(PRIVATE)
        self.answer_rest()
        self.answer_socket()
        self.frame(PRIVATE, SNAPSHOT)
        self.frame(PRIVATE, BALANCES)
        self.answer_rest(fills=fills)
        self.drain(Connect)
        self.drain(Disconnect)

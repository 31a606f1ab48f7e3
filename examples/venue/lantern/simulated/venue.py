"""The simulated Lantern as a machine without I/O: `mm.simulator.machine` drives it, `mm.simulator.exchange` matches.

Hooks know REST requests as `POST orders`, messages of the socket as `subscribe` and `ping`, and what is pushed as
`book`, `trades`, `status`, `order`, `execution` and `balance`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from examples.venue.lantern.simulated import rows
from examples.venue.lantern.simulated.rest import Rest
from mm.simulator.exchange import Exchange
from mm.simulator.hooks import SECOND_NS
from mm.simulator.machine import Held, VenueMachine
from mm.simulator.orders import BUY, BookChange, LedgerEntry, Report, ReportKind

ACCOUNT: Final = "main"
IDLE_NS: Final = 120 * SECOND_NS
STEPS: Final = {
    ReportKind.NEW: "new",
    ReportKind.AMENDED: "amended",
    ReportKind.TRADE: "trade",
    ReportKind.FILLED: "end",
    ReportKind.CANCELED: "end",
    ReportKind.EXPIRED: "end",
}


@dataclass(slots=True)
class Connection:
    """One socket."""

    id: int
    private: bool
    active_ns: int
    topics: set[str] = field(default_factory=set)

    def next_deadline(self) -> int:
        """When it is closed for its silence."""
        return self.active_ns + IDLE_NS


class LanternVenue(VenueMachine[Connection]):
    """See the module."""

    def __init__(
        self, exchange: Exchange, *, start_ns: int, seed: int = 1, hooks: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(exchange, start_ns=start_ns, seed=seed, hooks=hooks, host="api.lantern.invalid")
        secrets = random.Random(f"lantern key:{seed}")
        self.api_key = f"lk-{secrets.randbytes(8).hex()}"
        self.api_secret = secrets.randbytes(24).hex()
        self._numbers = dict.fromkeys(exchange.instruments, 1)
        self._sequence = 1
        """Of the account's messages."""
        self._rest = Rest(self, ACCOUNT, random.Random(f"lantern token:{seed}"))
        exchange.drain_market()

    def number(self, symbol: str) -> int:
        """The number of the last change of a book."""
        return self._numbers[symbol]

    @property
    def sequence(self) -> int:
        """The number of the account's last message."""
        return self._sequence

    def invalidate_tokens(self) -> None:
        """Forget the tokens: sockets that are open stay."""
        self._rest.tokens.clear()

    # --- sockets ----------------------------------------------------------------------------------------------------

    def _accept(self, now_ns: int, identity: int, path: str) -> Connection:
        place, _, query = path.partition("?")
        if place not in ("/public", "/private"):
            raise ConnectionRefusedError(404, "not found")
        if place == "/private" and parse_qs(query).get("token", [""])[0] not in self._rest.tokens:
            raise ConnectionRefusedError(401, "bad token")
        return Connection(identity, place == "/private", now_ns)

    def _read(self, now_ns: int, connection: Connection, payload: bytes) -> tuple[str, Any] | None:
        connection.active_ns = now_ns
        try:
            message = json.loads(payload)
            return str(message["op"]), message
        except (ValueError, KeyError, TypeError, RecursionError):
            self.counts["malformed"] += 1
            self._outbox.answer(now_ns, connection.id, "error", '{"op":"refused","message":"not a request"}')
            return None

    def _handle(self, now_ns: int, connection: Connection, held: Held) -> None:
        message = held.message
        if message["op"] == "ping":
            # A whole number of milliseconds, as its servers keep it.
            time_ns = (now_ns + self.skew_ns) // 1_000_000 * 1_000_000
            text = rows.text({"op": "pong", "id": message.get("id", 0), "time": time_ns})
        elif message["op"] == "subscribe" and self._subscribe(connection, message):
            answer = {"op": "subscribed", "channel": message["channel"], "symbol": message.get("symbol", "")}
            text = rows.text({**answer, "seq": self._sequence} if message["channel"] == "account" else answer)
        else:
            channel = str(message.get("channel", ""))
            text = rows.text({"op": "refused", "channel": channel, "message": "no such request here"})
        self._outbox.answer(now_ns, connection.id, message["op"], text)
        if message["op"] == "subscribe" and message.get("channel") == "status":
            self._outbox.message(now_ns, connection.id, "status", self._status())

    def _subscribe(self, connection: Connection, message: dict[str, Any]) -> bool:
        channel, symbol = message.get("channel"), message.get("symbol", "")
        known = {rows.venue_symbol(traded) for traded in self.exchange.instruments}
        if channel == "account" and connection.private:
            connection.topics.add("account")
        elif channel == "status":
            connection.topics.add("status")
        elif channel in ("book", "trades") and symbol in known:
            connection.topics.add(f"{channel} {symbol}")
        else:
            return False
        return True

    def _left(self, connection: Connection) -> None:
        connection.topics.clear()

    def _own_deadline(self) -> int:
        return 0

    def _tick(self, now_ns: int) -> None:
        for connection in [one for one in self._connections.values() if one.next_deadline() <= now_ns]:
            self._drop(now_ns, connection.id, 1001, "idle")

    # --- what is told -----------------------------------------------------------------------------------------------

    def _tell(self, now_ns: int) -> None:
        for item in self.exchange.drain_market():
            name = rows.venue_symbol(item.symbol)
            traded = self.exchange.instruments[item.symbol]
            if isinstance(item, BookChange):
                self._numbers[item.symbol] += 1
                level = [rows.price(traded, item.price), rows.size(traded, item.size)]
                sides = {"bids": [level] if item.side == BUY else [], "asks": [] if item.side == BUY else [level]}
                message = {"channel": "book", "symbol": name, "seq": self._numbers[item.symbol], **sides}
                self._publish(now_ns, f"book {name}", "book", message)
            else:
                trade = rows.public_trade(traded, item)
                self._publish(
                    now_ns, f"trades {name}", "trades", {"channel": "trades", "symbol": name, "trades": [trade]}
                )
        assets: dict[str, None] = {}
        for report in self.exchange.drain_reports():
            if isinstance(report, LedgerEntry):
                if report.account == ACCOUNT:
                    assets[report.asset] = None
            elif report.order.request.account == ACCOUNT:
                self._order(now_ns, report)
        for asset in assets:
            self._account(now_ns, "balance", {"balance": rows.balance(self.exchange, ACCOUNT, asset)})

    def _order(self, now_ns: int, report: Report) -> None:
        step = STEPS.get(report.kind)
        if report.trade is not None:
            self._account(now_ns, "execution", {"execution": rows.execution(self.exchange, report.trade)})
        if step is not None:
            self._account(now_ns, "order", {"step": step, "order": rows.step(self.exchange, report)})

    def _account(self, now_ns: int, kind: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        self._publish(now_ns, "account", kind, {"channel": "account", "seq": self._sequence, "kind": kind, **body})

    def _publish(self, now_ns: int, topic: str, channel: str, message: dict[str, Any]) -> None:
        text = rows.text(message)
        for connection in list(self._connections.values()):
            if topic in connection.topics:
                self._outbox.message(now_ns, connection.id, channel, text)

    def _status(self) -> str:
        return rows.text({"channel": "status", "status": self.system})

    def _mode(self, now_ns: int, system: str, symbol: str) -> None:
        super()._mode(now_ns, system, symbol)
        for connection in list(self._connections.values()):
            if "status" in connection.topics:
                self._outbox.message(now_ns, connection.id, "status", self._status())

    # --- REST -------------------------------------------------------------------------------------------------------

    def _endpoint(self, held: Held) -> str:
        return f"{held.method} {held.path.strip('/').partition('/')[0]}"

    def _serve(self, now_ns: int, held: Held) -> None:
        status, reply = self._rest.handle(now_ns, held.method, held.target, held.headers or {}, held.body)
        self._outbox.http(now_ns, held.connection, self._endpoint(held), rows.text(reply), status)

    def _refuse(self, now_ns: int, held: Held, text: str) -> None:
        code, _, words = text.partition(":")
        if held.is_rest:
            error = {"error": {"code": code, "message": words.strip()}}
            status = 429 if code == "rate_limited" else 400
            self._outbox.http(now_ns, held.connection, self._endpoint(held), rows.text(error), status)
        else:
            self._outbox.answer(now_ns, held.connection, "refused", rows.text({"op": "refused", "message": text}))

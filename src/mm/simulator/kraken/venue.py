"""The simulated Kraken Spot as a machine without I/O: time and bytes in, actions out.

A shell (sockets, or memory under virtual time) drives it:

    venue = KrakenVenue(exchange, start_ns=..., seed=...)
    connection = venue.open(now_ns, "/v2")         # WebSocket; "/auth/v2" is the private one. ConnectionRefusedError
                                                   # (HTTP status, text) when the upgrade is refused
    venue.frame(now_ns, connection, payload)       # a text message of the client
    venue.closed(now_ns, connection)               # the client's end; unknown numbers are ignored
    venue.http(now_ns, number, method, target, headers, body)
                                                   # a REST request; header names in lower case; `number` is the
                                                   # shell's own, one outstanding request each, apart from WebSockets
    venue.advance(now_ns)                          # nothing but time; needed at `next_deadline()` (0: none)
    for action in venue.drain(): ...               # see `Action` in outbox.py; drain after every call

Times are ns and must not go back. The same calls at the same times give the same actions, byte for byte: every choice
is drawn from the seed. Who signs requests is told by `venue.api_key` and `venue.api_secret`, or by `venue.second_key`.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Final

from mm.simulator.display import Display
from mm.simulator.exchange import Exchange
from mm.simulator.hooks import (
    COST_ACTIONS,
    DISPLAY_ACTIONS,
    FEE_ACTIONS,
    FLOOD_ACTIONS,
    GENERATED_ACTIONS,
    LISTING_ACTIONS,
    LOT_ACTIONS,
    MINIMUMS,
    MODES,
    Hooks,
    Rule,
)
from mm.simulator.kraken import public_messages
from mm.simulator.kraken.accounts import Accounts
from mm.simulator.kraken.auth import PERMISSIONS, Key, Keys
from mm.simulator.kraken.connection import HEARTBEAT_NS, IDLE_NS, Connection
from mm.simulator.kraken.desk import Desk
from mm.simulator.kraken.errors import Malformed, hook_refusal
from mm.simulator.kraken.feeds import Feeds
from mm.simulator.kraken.flood import Flood
from mm.simulator.kraken.orders_websocket import Trading
from mm.simulator.kraken.rates import TIERS, ConnectionBudget, Counter
from mm.simulator.kraken.reply import Reply, Request
from mm.simulator.kraken.rest import Rest, refusal
from mm.simulator.kraken.rest_account import RestAccount
from mm.simulator.kraken.rest_public import RestPublic
from mm.simulator.kraken.rest_trading import RestTrading
from mm.simulator.kraken.texts import SECOND_NS
from mm.simulator.kraken.websocket import WebSocketFace
from mm.simulator.machine import charge_as, list_as, transfer_as
from mm.simulator.orders import LedgerEntry, Report
from mm.simulator.outbox import Action, Outbox

PATHS: Final = {"/v2": False, "/auth/v2": True}
"""WebSocket paths, and whether they are private. (Kraken has two hosts; here one host has two paths.)"""
HOST: Final = "api.kraken.com"
GONE: Final = 1001
HEARTBEAT: Final = '{"channel":"heartbeat"}'
SILENCE_NS: Final = 3600 * SECOND_NS
VENUE_REASON: Final = "Canceled by the venue"
"""How long a silence without a duration lasts."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the venue behaves where its documents leave a choice.

    Attributes:
        account: whose orders the key places.
        tier: rate counters and order limits (`rates.TIERS`).
        volume_usd: 30-day volume that TradeVolume shows; the fees themselves are the instruments'.
        permissions: of the key.
        otp: one-time password that the key needs ("" for none).
        batch_cancel_legacy: answer batch_cancel in the shape recorded in 2024.
        events_first: None draws for every request whether events go before the response; True or False fixes it.
        connections_max: WebSocket attempts in 10 minutes; 0 for no limit.
    """

    account: str = "main"
    tier: str = "pro"
    volume_usd: int = 0
    permissions: frozenset[str] = frozenset(PERMISSIONS)
    otp: str = ""
    batch_cancel_legacy: bool = False
    events_first: bool | None = None
    connections_max: int = 150


@dataclass(slots=True)
class _Held:
    """A request on its way through the hooks: of a WebSocket, or (without `request`) of REST."""

    received_ns: int
    connection: int
    request: Request | None = None
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def endpoint(self) -> str:
        return self.target.partition("?")[0].rpartition("/")[2]


class KrakenVenue:
    """See the module."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        start_ns: int,
        seed: int = 1,
        options: Options | None = None,
        hooks: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.options = options or Options()
        tier = TIERS[self.options.tier]
        self._exchange = self.exchange = exchange
        self._rng = random.Random(f"venue:{seed}")
        secrets = random.Random(f"key:{seed}")
        self.api_key = base64.b64encode(secrets.randbytes(42)).decode()
        self.api_secret = base64.b64encode(secrets.randbytes(64)).decode()
        self.second_key = (
            base64.b64encode(secrets.randbytes(42)).decode(),
            base64.b64encode(secrets.randbytes(64)).decode(),
        )
        """Another key of the same account, with its secret."""
        self.hooks = Hooks(
            seed,
            start_ns,
            FLOOD_ACTIONS | COST_ACTIONS | LOT_ACTIONS | (GENERATED_ACTIONS if exchange.generated else frozenset()),
            hook_refusal,
        )
        self.hooks.load(list(hooks))
        self._outbox = Outbox(self.hooks, HOST)
        self._display = Display(exchange)
        self.system = "online"
        self._mode_until_ns = 0
        self._skew_until_ns = 0
        self._peg_until_ns = 0
        self._outage_until_ns = 0
        self._ban_until_ns = self._ban_status = 0
        self._check_ns = 0
        keys = [
            Key(
                self.options.account,
                *pair,
                Counter(tier.rest_max, tier.rest_decay),
                self.options.permissions,
                self.options.otp,
            )
            for pair in ((self.api_key, self.api_secret), self.second_key)
        ]
        self._keys = Keys(keys, random.Random(f"token:{seed}"))
        self._feeds = Feeds(exchange.instruments, self._outbox.message)
        self._flood = Flood(self._feeds)
        self._accounts = Accounts(exchange, self.hooks, self._outbox.message)
        self._desk = Desk(exchange, tier, self._rng)
        trading = Trading(self._desk, batch_cancel_legacy=self.options.batch_cancel_legacy)
        self._face = WebSocketFace(self._feeds, self._accounts, self._keys, trading, tier)
        names = self._feeds.names
        self._reads = RestAccount(exchange, names, self._feeds, self._keys, self.options.volume_usd)
        self._rest = Rest(
            RestPublic(self._feeds, lambda: self.system, lambda: self._desk.skew_ns),
            self._reads,
            RestTrading(self._desk, names),
            self._keys,
            lambda: self.system,
        )
        self._budget = ConnectionBudget(self.options.connections_max) if self.options.connections_max else None
        self._connections: dict[int, Connection] = {}
        self._held: list[tuple[int, int, _Held]] = []
        self._serial = 0
        self.counts = {"connections": 0, "frames": 0, "requests": 0, "malformed": 0}
        self._feeds.apply(start_ns, exchange.drain_market())

    # The shell's calls.

    def open(self, now_ns: int, path: str) -> int:
        """A client opens a WebSocket; returns its number.

        Raises:
            ConnectionRefusedError: with the HTTP status and a text.
        """
        self._begin(now_ns)
        if now_ns < self._outage_until_ns:
            raise ConnectionRefusedError(503, "outage")
        path = path.partition("?")[0]
        if path not in PATHS:
            raise ConnectionRefusedError(404, "not found")
        if self._budget is not None and not self._budget.attempt(now_ns):
            raise ConnectionRefusedError(429, "too many connections")
        self.counts["connections"] += 1
        identity = self.counts["connections"]
        self._connections[identity] = Connection(identity, PATHS[path], now_ns)
        self._check_ns = 0
        # Real connection ids are 64 bits and often beyond a signed integer.
        text = public_messages.status(self.system, self._rng.getrandbits(64))
        self._outbox.message(now_ns, identity, "status", text)
        self._end(now_ns)
        return identity

    def frame(self, now_ns: int, connection: int, payload: bytes) -> None:
        """A text message from a client."""
        self._begin(now_ns)
        opened = self._connections.get(connection)
        if opened is not None:
            self.counts["frames"] += 1
            opened.active_ns = max(opened.active_ns, now_ns)
            try:
                request = Request(payload)
            except Malformed as error:
                self.counts["malformed"] += 1
                reply = Reply("error", "", now_ns, self._desk.skew_ns)
                reply.failure(now_ns, str(error))
                self._answer(now_ns, connection, reply)
            else:
                self._hooked(now_ns, request.method, _Held(now_ns, connection, request))
        self._end(now_ns)

    def http(
        self, now_ns: int, connection: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None:
        """A REST request on a connection of the shell."""
        self._begin(now_ns)
        self.counts["requests"] += 1
        held = _Held(now_ns, connection, None, method, target, headers, body)
        self._hooked(now_ns, held.endpoint, held)
        self._end(now_ns)

    def closed(self, now_ns: int, connection: int) -> None:
        """A client's WebSocket has ended."""
        self._begin(now_ns)
        self._forget(connection)
        self._end(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let time pass."""
        self._begin(now_ns)
        self._end(now_ns)

    def next_deadline(self) -> int:
        """When `advance` has something to do; 0 for never."""
        times = (
            self._exchange.next_deadline(),
            self._outbox.next_deadline(),
            self._desk.next_deadline(),
            self.hooks.next_due_ns(),
            self._mode_until_ns,
            self._skew_until_ns,
            self._peg_until_ns,
            self._flood.due_ns,
            self._display.until_ns,
            self._held[0][0] if self._held else 0,
            *[connection.next_deadline() for connection in self._connections.values()],
        )
        return min(filter(None, times), default=0)

    def drain(self) -> list[Action]:
        """What to do now, in order."""
        return self._outbox.drain()

    # An operator's calls (control pages, tests).

    def set_mode(self, now_ns: int, system: str, *, symbol: str = "") -> None:
        """Set the market mode of the venue, or of one pair.

        Raises:
            ValueError: an unknown mode or symbol.
        """
        if system not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {system!r}")
        if symbol and symbol not in self._exchange.instruments:
            raise ValueError(f"symbol must be one of {', '.join(self._exchange.instruments)}, not {symbol!r}")
        self._begin(now_ns)
        self._mode(now_ns, system, symbol)
        self._end(now_ns)

    def act(self, now_ns: int, value: Any) -> None:
        """Do at once what a hook by the clock does.

        Raises:
            HookError: what is wrong with it.
        """
        rule = self.hooks.now(now_ns, value)
        self._begin(now_ns)
        self._clock_rule(now_ns, rule)
        self._end(now_ns)

    def disconnect(self, now_ns: int, *, target: str = "all", code: int = 0, reason: str = "") -> int:
        """Close WebSocket connections (`all`, `public`, `private`); code 0 without a close frame. Returns how many."""
        self._begin(now_ns)
        count = self._disconnect(now_ns, target, code, reason)
        self._end(now_ns)
        return count

    def invalidate_tokens(self) -> None:
        """Forget every WebSocket token."""
        self._keys.invalidate_tokens()

    def snapshot(self) -> dict[str, Any]:
        """What the venue knows besides its exchange and should outlive the process; JSON values."""
        return {"timers": self._desk.saved_timers()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back a snapshot, before the first turn. A folder of an older form has none, which is no timer.

        Raises:
            ValueError: it is damaged.
        """
        self._desk.restore_timers(saved.get("timers", {}))

    def statistics(self) -> dict[str, Any]:
        """Counters for the operator."""
        subscribed = sum(connection.subscribed for connection in self._connections.values())
        return {
            **self.counts,
            "messages": self._outbox.messages,
            "open_connections": len(self._connections),
            "subscribed_connections": subscribed,
            "mode": self.system,
            "timers": dict(self._desk.timers),
            "hooks": self.hooks.report(),
        }

    # One turn: time first, then the request, then what came of it.

    def _begin(self, now_ns: int) -> None:
        self._outbox.advance(now_ns)
        while self._held and self._held[0][0] <= now_ns:
            self._carry_out(now_ns, heappop(self._held)[2])
        self._exchange.advance(now_ns)
        self._desk.advance(now_ns)
        for rule in self.hooks.due(now_ns):
            self._clock_rule(now_ns, rule)
        if self._mode_until_ns and now_ns >= self._mode_until_ns:
            self._mode(now_ns, "online", "")
        if self._skew_until_ns and now_ns >= self._skew_until_ns:
            self._skew(0, 0)
        if self._peg_until_ns and now_ns >= self._peg_until_ns:
            self._peg(now_ns, 0.0, 0)
        self._tell(now_ns)
        if self._display.until_ns and now_ns >= self._display.until_ns:
            self._feeds.apply(now_ns, self._display.end(now_ns))
        if self._flood.due_ns and now_ns >= self._flood.due_ns:
            self._flood.run(now_ns)
        if now_ns >= self._check_ns:
            self._keep_alive(now_ns)

    def _end(self, now_ns: int) -> None:
        self._tell(now_ns)
        while self._outbox.ended:
            connection, code, reason = self._outbox.ended.pop(0)
            if connection in self._connections:
                self._drop(now_ns, connection, code, reason)

    def _tell(self, now_ns: int) -> None:
        market = self._display.passed(now_ns, self._exchange.drain_market())
        if market:
            self._feeds.apply(now_ns, market)
        reports: list[Report | LedgerEntry] = self._exchange.drain_reports()
        if reports:
            self._accounts.tell(now_ns, reports)

    def _hooked(self, now_ns: int, name: str, held: _Held) -> None:
        if now_ns < self._outage_until_ns:
            if held.request is None:
                self._outbox.hang_up(held.connection)
            return
        if held.request is None and now_ns < self._ban_until_ns:
            self._outbox.refuse_http(now_ns, held.connection, self._ban_status)
            return
        rule = self.hooks.find(now_ns, "request", name)
        if rule is None:
            self._carry_out(now_ns, held)
        elif rule.action == "delay":
            self._serial += 1
            heappush(self._held, (now_ns + rule.delay_ns, self._serial, held))
        elif rule.action == "lag":
            self._reads.lag_ns = rule.delay_ns
            self._carry_out(now_ns, held)
            self._reads.lag_ns = 0
        elif rule.action == "refuse":
            self._refuse(now_ns, held, hook_refusal(rule.error))
        elif rule.action == "disconnect" and held.request is not None:
            self._outbox.ended.append((held.connection, rule.code, "hook"))
        elif rule.action == "disconnect":
            self._outbox.hang_up(held.connection)

    def _refuse(self, now_ns: int, held: _Held, text: str) -> None:
        if held.request is not None:
            reply = Reply(held.request.method, held.request.id, held.received_ns, self._desk.skew_ns)
            reply.failure(now_ns, text)
            self._answer(now_ns, held.connection, reply)
        else:
            self._outbox.http(now_ns, held.connection, held.endpoint, refusal(text))

    def _carry_out(self, now_ns: int, held: _Held) -> None:
        if held.request is None:
            text = self._rest.handle(now_ns, held.received_ns, held.method, held.target, held.headers, held.body)
            first = self._events_first()
            if first:
                self._tell(now_ns)
            self._outbox.http(now_ns, held.connection, held.endpoint, text)
            return
        connection, request = self._connections.get(held.connection), held.request
        if connection is None:
            return
        reply = Reply(request.method, request.id, held.received_ns, self._desk.skew_ns)
        snapshots = self._face.handle(now_ns, held.received_ns, connection, request, reply)
        if self._face.trades(request.method):
            if self._events_first():
                self._tell(now_ns)
            self._answer(now_ns, connection.id, reply)
            return
        self._answer(now_ns, connection.id, reply)
        for channel, text in snapshots:
            self._outbox.message(now_ns, connection.id, channel, text)
        if connection.subscribed and not connection.heartbeat_ns:
            connection.heartbeat_ns = now_ns + HEARTBEAT_NS
        elif not connection.subscribed:
            connection.heartbeat_ns = 0
        self._check_ns = 0

    def _answer(self, now_ns: int, connection: int, reply: Reply) -> None:
        for text in reply.texts:
            self._outbox.answer(now_ns, connection, reply.method, text)

    def _events_first(self) -> bool:
        drawn = self._rng.random() < 0.5
        return drawn if self.options.events_first is None else self.options.events_first

    def _keep_alive(self, now_ns: int) -> None:
        for connection in list(self._connections.values()):
            if connection.subscribed:
                connection.active_ns = now_ns
                if connection.heartbeat_ns <= now_ns:
                    # After a pause one heartbeat, not one for each second missed.
                    missed = (now_ns - connection.heartbeat_ns) // HEARTBEAT_NS
                    connection.heartbeat_ns += (missed + 1) * HEARTBEAT_NS
                    self._outbox.message(now_ns, connection.id, "heartbeat", HEARTBEAT)
            elif now_ns >= connection.next_deadline():
                self._drop(now_ns, connection.id, GONE, "idle")
        self._check_ns = min((c.next_deadline() for c in self._connections.values()), default=0)
        if not self._check_ns:
            self._check_ns = now_ns + IDLE_NS

    def _clock_rule(self, now_ns: int, rule: Rule) -> None:
        until_ns = now_ns + rule.duration_ns if rule.duration_ns else 0
        if rule.action == "mode":
            self._mode(now_ns, rule.mode, "")
            self._mode_until_ns = until_ns
        elif rule.action == "skew":
            self._skew(int(rule.skew_s * SECOND_NS), until_ns)
        elif rule.action == "peg":
            self._peg(now_ns, rule.bps, until_ns)
        elif rule.action == "flood":
            self._flood.begin(now_ns, rule.value, until_ns)
        elif rule.action == "disconnect":
            self._disconnect(now_ns, rule.target, rule.code, "hook")
        elif rule.action == "tokens":
            self._keys.invalidate_tokens()
        elif rule.action == "outage":
            self._outage_until_ns = until_ns
            self._disconnect(now_ns, "all", 0, "outage")
        elif rule.action == "ban":
            self._ban_until_ns, self._ban_status = until_ns or now_ns + SILENCE_NS, rule.status
        elif rule.action == "cancel_all":
            self._exchange.cancel_all(now_ns, self.options.account, VENUE_REASON)
        elif rule.action == "tick":
            self._feeds.instrument_changed(now_ns, self._exchange.set_tick(now_ns, int(rule.value)))
        elif rule.action in MINIMUMS:
            self._feeds.instrument_changed(now_ns, self._exchange.set_minimum(now_ns, rule.action, int(rule.value)))
        elif rule.action in FEE_ACTIONS:
            charge_as(self._exchange, now_ns, rule)
        elif rule.action == "transfer":
            transfer_as(self._exchange, now_ns, self.options.account, rule)
        elif rule.action in LISTING_ACTIONS:
            symbol = list_as(self._exchange, now_ns, rule)
            if self._exchange.instruments[symbol].listed:
                self._feeds.names.gone.discard(symbol)
                self._feeds.instrument_changed(now_ns, [symbol])
            else:
                self._feeds.names.gone.add(symbol)
        elif rule.action == "silence":
            for connection in self._chosen(rule.target):
                # A half-open connection: it stands, and nothing comes through.
                self._outbox.silenced[connection.id] = until_ns or now_ns + SILENCE_NS
        elif rule.action in DISPLAY_ACTIONS:
            self._tell(now_ns)
            self._feeds.apply(now_ns, self._display.begin(now_ns, rule))

    def _mode(self, now_ns: int, system: str, symbol: str) -> None:
        self._mode_until_ns = 0
        symbols = [symbol] if symbol else list(self._exchange.instruments)
        for name in symbols:
            self._exchange.set_status(now_ns, name, system)
        if not symbol and system != self.system:
            self.system = system
            for connection in self._connections.values():
                text = public_messages.status(system, self._rng.getrandbits(64))
                self._outbox.message(now_ns, connection.id, "status", text)
        self._feeds.instrument_changed(now_ns, symbols)

    def _skew(self, skew_ns: int, until_ns: int) -> None:
        self._desk.skew_ns, self._skew_until_ns = skew_ns, until_ns
        for book in self._feeds.books.values():
            book.skew_ns = skew_ns

    def _peg(self, now_ns: int, bps: float, until_ns: int) -> None:
        self._exchange.shift(now_ns, bps)
        self._peg_until_ns = until_ns

    def _chosen(self, target: str) -> list[Connection]:
        return [c for c in self._connections.values() if target == "all" or c.private == (target == "private")]

    def _disconnect(self, now_ns: int, target: str, code: int, reason: str) -> int:
        chosen = self._chosen(target)
        for connection in chosen:
            self._drop(now_ns, connection.id, code, reason)
        return len(chosen)

    def _drop(self, now_ns: int, connection: int, code: int, reason: str) -> None:
        self._forget(connection)
        self._outbox.end(now_ns, connection, code, reason)

    def _forget(self, identity: int) -> None:
        connection = self._connections.pop(identity, None)
        if connection is None:
            return
        for topic in list(connection.topics):
            self._feeds.unsubscribe(connection, topic)
        self._accounts.unwatch(connection)
        self._keys.release(identity)
        self._outbox.forget(identity)

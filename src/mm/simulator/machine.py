"""What every simulated venue's machine has in common: turns, faults, requests that wait, connections that fall silent.

A turn is: time first, then the request, then what came of it. A venue's own class says how a request is named for the
hooks, how it is carried out or refused, what its market and accounts are told, and when its connections are over.

    connection = venue.open(now_ns, "/ws?...")     # WebSocket; ConnectionRefusedError (HTTP status, text)
    venue.frame(now_ns, connection, payload)       # a text message of the client
    venue.closed(now_ns, connection)               # the client's end; unknown numbers are ignored
    venue.http(now_ns, number, method, target, headers, body)
                                                   # a REST request; header names in lower case; `number` is the
                                                   # shell's own, one outstanding request each, apart from WebSockets
    venue.advance(now_ns)                          # nothing but time; needed at `next_deadline()` (0: none)
    for action in venue.drain(): ...               # see `Action` in outbox.py; drain after every call

Times are ns and must not go back. The same calls at the same times give the same actions, byte for byte.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any, Final, Generic, Protocol, TypeVar

from mm.simulator.display import Display
from mm.simulator.exchange import Exchange
from mm.simulator.hooks import (
    DISPLAY_ACTIONS,
    FEE_ACTIONS,
    LISTING_ACTIONS,
    MINIMUMS,
    MODES,
    SECOND_NS,
    HookError,
    Hooks,
    Rule,
)
from mm.simulator.orders import BookChange, TradePrint
from mm.simulator.outbox import Action, Outbox

SILENCE_NS: Final = 3600 * SECOND_NS
"""How long a silence without a duration lasts."""
VENUE_REASON: Final = "Canceled by the venue"
HIDDEN: Final = 2
"""`value` of a `delist` after which not even what was done in the market can be asked for."""


def list_as(exchange: Exchange, now_ns: int, rule: Rule) -> str:
    """Do what a rule says of a market's place in the lists; returns the market's symbol.

    Raises:
        HookError: there is no such market.
    """
    symbol = rule.name or next(iter(exchange.instruments))
    instrument = exchange.instruments.get(symbol)
    if instrument is None:
        raise HookError(f"hook field 'name' must be one of {', '.join(exchange.instruments)}, not {symbol!r}")
    if rule.action == "delist":
        exchange.delist(now_ns, symbol, is_listed=not rule.value)
    elif rule.action == "status":
        exchange.set_status(now_ns, symbol, "cancel_only")
        instrument.shown_status = rule.text
    else:
        exchange.relist(now_ns, symbol)
    return symbol


def transfer_as(exchange: Exchange, now_ns: int, account: str, rule: Rule) -> None:
    """Move what a rule says to an account, or away from it."""
    exchange.transfer(now_ns, account, rule.text, Decimal(str(rule.value)), is_told=rule.told != "lists")


def charge_as(exchange: Exchange, now_ns: int, rule: Rule) -> None:
    """Do what a rule says of fees."""
    if rule.action == "fee_asset":
        exchange.set_fee_asset(now_ns, rule.text)
        return
    rates = round(rule.percent * 10_000), round(rule.value * 10_000)
    exchange.set_fees(now_ns, *rates, is_told=rule.told != "lists")


class Connected(Protocol):
    """A WebSocket connection as a venue keeps it."""

    id: int
    private: bool

    def next_deadline(self) -> int: ...


C = TypeVar("C", bound=Connected)


@dataclass(slots=True)
class Held:
    """A request on its way to being carried out: `message` of a WebSocket, or the parts of a REST request."""

    received_ns: int
    connection: int
    message: Any = None
    method: str = ""
    target: str = ""
    headers: dict[str, str] | None = None
    body: bytes = b""

    @property
    def is_rest(self) -> bool:
        return self.headers is not None

    @property
    def path(self) -> str:
        """Of a REST request, without its query."""
        return self.target.partition("?")[0]


class VenueMachine(ABC, Generic[C]):
    """Drives one exchange behind one venue's face."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        start_ns: int,
        seed: int,
        hooks: Sequence[dict[str, Any]],
        host: str,
        actions: frozenset[str] = frozenset(),
        refusal: Callable[[str], object] | None = None,
    ) -> None:
        self.exchange = exchange
        self.hooks = Hooks(seed, start_ns, actions, refusal)
        self.hooks.load(list(hooks))
        self.system = "online"
        self.skew_ns = 0
        """How far the clock that clients see is off (a fault hook)."""
        self.lag_ns = 0
        """During a read: what is younger than this is not shown (a fault hook)."""
        self.counts = {"connections": 0, "frames": 0, "requests": 0, "malformed": 0}
        self._rng = random.Random(f"venue:{seed}")
        self._outbox = Outbox(self.hooks, host)
        self._display = Display(exchange)
        self._connections: dict[int, C] = {}
        self._held: list[tuple[int, int, Held]] = []
        self._serial = 0
        self._mode_until_ns = 0
        self._skew_until_ns = 0
        self._outage_until_ns = 0
        self._ban_until_ns = self._ban_status = 0

    # --- the shell's calls ------------------------------------------------------------------------------------------

    def open(self, now_ns: int, path: str) -> int:
        """A client opens a WebSocket; returns its number.

        Raises:
            ConnectionRefusedError: with the HTTP status and a text.
        """
        self._begin(now_ns)
        if now_ns < self._outage_until_ns:
            raise ConnectionRefusedError(503, "outage")
        identity = self.counts["connections"] + 1
        connection = self._accept(now_ns, identity, path)
        self.counts["connections"] = identity
        self._connections[identity] = connection
        self._greet(now_ns, connection)
        self._end(now_ns)
        return identity

    def frame(self, now_ns: int, connection: int, payload: bytes) -> None:
        """A text message from a client."""
        self._begin(now_ns)
        opened = self._connections.get(connection)
        if opened is not None:
            self.counts["frames"] += 1
            read = self._read(now_ns, opened, payload)
            if read is not None:
                name, message = read
                self._hooked(now_ns, name, Held(now_ns, connection, message))
        self._end(now_ns)

    def http(
        self, now_ns: int, connection: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None:
        """A REST request on a connection of the shell."""
        self._begin(now_ns)
        self.counts["requests"] += 1
        held = Held(now_ns, connection, None, method, target, headers, body)
        self._hooked(now_ns, self._endpoint(held), held)
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
            self.exchange.next_deadline(),
            self._outbox.next_deadline(),
            self.hooks.next_due_ns(),
            self._mode_until_ns,
            self._skew_until_ns,
            self._display.until_ns,
            self._held[0][0] if self._held else 0,
            self._own_deadline(),
            *[connection.next_deadline() for connection in self._connections.values()],
        )
        return min(filter(None, times), default=0)

    def drain(self) -> list[Action]:
        """What to do now, in order."""
        return self._outbox.drain()

    # --- an operator's calls (control pages, tests) -----------------------------------------------------------------

    def set_mode(self, now_ns: int, system: str, *, symbol: str = "") -> None:
        """Set the market mode of the venue, or of one symbol.

        Raises:
            ValueError: an unknown mode or symbol.
        """
        if system not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {system!r}")
        if symbol and symbol not in self.exchange.instruments:
            raise ValueError(f"symbol must be one of {', '.join(self.exchange.instruments)}, not {symbol!r}")
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
        chosen = self._chosen(target)
        for connection in chosen:
            self._drop(now_ns, connection.id, code, reason)
        self._end(now_ns)
        return len(chosen)

    @abstractmethod
    def invalidate_tokens(self) -> None:
        """Forget what private connections were opened with."""

    def snapshot(self) -> dict[str, Any]:
        """What the venue knows besides its exchange and should outlive the process; JSON values."""
        return {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back a snapshot, before the first turn.

        Raises:
            ValueError: it is damaged.
        """
        del saved

    def statistics(self) -> dict[str, Any]:
        """Counters for the operator."""
        return {
            **self.counts,
            "messages": self._outbox.messages,
            "open_connections": len(self._connections),
            "mode": self.system,
            "hooks": self.hooks.report(),
        }

    # --- what a venue says ------------------------------------------------------------------------------------------

    @abstractmethod
    def _accept(self, now_ns: int, identity: int, path: str) -> C:
        """A new connection, or ConnectionRefusedError."""

    def _greet(self, now_ns: int, connection: C) -> None:
        """Say what a venue says at once."""

    @abstractmethod
    def _read(self, now_ns: int, connection: C, payload: bytes) -> tuple[str, Any] | None:
        """The name (for hooks) and the value of a message; None for one that was answered already."""

    @abstractmethod
    def _endpoint(self, held: Held) -> str:
        """The name of a REST request for hooks."""

    @abstractmethod
    def _serve(self, now_ns: int, held: Held) -> None:
        """Carry out a REST request."""

    @abstractmethod
    def _handle(self, now_ns: int, connection: C, held: Held) -> None:
        """Carry out a WebSocket request."""

    @abstractmethod
    def _refuse(self, now_ns: int, held: Held, text: str) -> None:
        """Refuse a request for a hook, with its text."""

    @abstractmethod
    def _tell(self, now_ns: int) -> None:
        """Tell the market and the accounts what happened since the last call."""

    @abstractmethod
    def _own_deadline(self) -> int:
        """When the venue has something of its own to do; 0 for never."""

    @abstractmethod
    def _tick(self, now_ns: int) -> None:
        """Do what is due of that, and look after connections."""

    @abstractmethod
    def _left(self, connection: C) -> None:
        """A connection has gone: forget its subscriptions."""

    # --- turns ------------------------------------------------------------------------------------------------------

    def _begin(self, now_ns: int) -> None:
        self._outbox.advance(now_ns)
        while self._held and self._held[0][0] <= now_ns:
            self._carry_out(now_ns, heappop(self._held)[2])
        self.exchange.advance(now_ns)
        for rule in self.hooks.due(now_ns):
            self._clock_rule(now_ns, rule)
        if self._mode_until_ns and now_ns >= self._mode_until_ns:
            self._mode(now_ns, "online", "")
        if self._skew_until_ns and now_ns >= self._skew_until_ns:
            self.skew_ns = self._skew_until_ns = 0
        self._tell(now_ns)
        if self._display.until_ns and now_ns >= self._display.until_ns:
            self._show(now_ns, self._display.end(now_ns))
        self._tick(now_ns)

    def _end(self, now_ns: int) -> None:
        self._tell(now_ns)
        while self._outbox.ended:
            connection, code, reason = self._outbox.ended.pop(0)
            if connection in self._connections:
                self._drop(now_ns, connection, code, reason)

    def _hooked(self, now_ns: int, name: str, held: Held) -> None:
        if now_ns < self._outage_until_ns:
            if held.is_rest:
                self._outbox.hang_up(held.connection)
            return
        if held.is_rest and now_ns < self._ban_until_ns:
            self._outbox.refuse_http(now_ns, held.connection, self._ban_status)
            return
        rule = self.hooks.find(now_ns, "request", name)
        if rule is None:
            self._carry_out(now_ns, held)
        elif rule.action == "delay":
            self._serial += 1
            heappush(self._held, (now_ns + rule.delay_ns, self._serial, held))
        elif rule.action == "lag":
            self.lag_ns = rule.delay_ns
            self._carry_out(now_ns, held)
            self.lag_ns = 0
        elif rule.action == "refuse":
            self._refuse(now_ns, held, rule.error)
        elif rule.action == "disconnect" and held.is_rest:
            self._outbox.hang_up(held.connection)
        elif rule.action == "disconnect":
            self._outbox.ended.append((held.connection, rule.code, "hook"))

    def _carry_out(self, now_ns: int, held: Held) -> None:
        if held.is_rest:
            self._serve(now_ns, held)
            return
        connection = self._connections.get(held.connection)
        if connection is not None:
            self._handle(now_ns, connection, held)

    def _clock_rule(self, now_ns: int, rule: Rule) -> None:
        until_ns = now_ns + rule.duration_ns if rule.duration_ns else 0
        if rule.action == "mode":
            self._mode(now_ns, rule.mode, "")
            self._mode_until_ns = until_ns
        elif rule.action == "skew":
            self.skew_ns, self._skew_until_ns = int(rule.skew_s * SECOND_NS), until_ns
        elif rule.action == "disconnect":
            for connection in self._chosen(rule.target):
                self._drop(now_ns, connection.id, rule.code, "hook")
        elif rule.action == "tokens":
            self.invalidate_tokens()
        elif rule.action == "outage":
            self._outage_until_ns = until_ns
            for connection in self._chosen("all"):
                self._drop(now_ns, connection.id, 0, "outage")
        elif rule.action == "ban":
            self._ban_until_ns, self._ban_status = until_ns or now_ns + SILENCE_NS, rule.status
        elif rule.action == "cancel_all":
            self.exchange.cancel_all(now_ns, self._account(), VENUE_REASON)
        elif rule.action == "tick":
            self._tell_terms(now_ns, self.exchange.set_tick(now_ns, int(rule.value)))
        elif rule.action in MINIMUMS:
            self._tell_terms(now_ns, self.exchange.set_minimum(now_ns, rule.action, int(rule.value)))
        elif rule.action in FEE_ACTIONS:
            charge_as(self.exchange, now_ns, rule)
        elif rule.action == "transfer":
            transfer_as(self.exchange, now_ns, self._account(), rule)
        elif rule.action in LISTING_ACTIONS:
            self._list(now_ns, rule)
        elif rule.action == "silence":
            for connection in self._chosen(rule.target):
                # A half-open connection: it stands, and nothing comes through.
                self._outbox.silenced[connection.id] = until_ns or now_ns + SILENCE_NS
        elif rule.action in DISPLAY_ACTIONS:
            self._tell(now_ns)
            self._show(now_ns, self._display.begin(now_ns, rule))
        else:
            self._own_rule(now_ns, rule)

    @abstractmethod
    def _account(self) -> str:
        """Whose orders the key places."""

    def _list(self, now_ns: int, rule: Rule) -> None:
        """A market ends, comes back, or is shown in another state; who looks at a list sees it."""
        symbol = list_as(self.exchange, now_ns, rule)
        self._hidden(symbol, is_hidden=rule.action == "delist" and rule.value >= HIDDEN)
        if self.exchange.instruments[symbol].listed:
            self._tell_terms(now_ns, [symbol])

    def _hidden(self, symbol: str, *, is_hidden: bool) -> None:
        """From now on requests about the account's own past of a market name it in vain, or not any more."""

    def _tell_terms(self, now_ns: int, symbols: list[str]) -> None:
        """Tell other terms of symbols, where the venue does."""

    def _show(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        """Tell the public what happened in the market, where the venue has the hooks that show it otherwise."""

    def _market(self, now_ns: int) -> list[BookChange | TradePrint]:
        """What happened in the market since the last call, as the public is to see it."""
        return self._display.passed(now_ns, self.exchange.drain_market())

    def _own_rule(self, now_ns: int, rule: Rule) -> None:
        """Do what only this venue's hooks can do."""

    def _mode(self, now_ns: int, system: str, symbol: str) -> None:
        self._mode_until_ns = 0
        for name in [symbol] if symbol else list(self.exchange.instruments):
            self.exchange.set_status(now_ns, name, system)
        if not symbol:
            self.system = system

    def _chosen(self, target: str) -> list[C]:
        return [c for c in self._connections.values() if target == "all" or c.private == (target == "private")]

    def _drop(self, now_ns: int, connection: int, code: int, reason: str) -> None:
        self._forget(connection)
        self._outbox.end(now_ns, connection, code, reason)

    def _forget(self, identity: int) -> None:
        connection = self._connections.pop(identity, None)
        if connection is not None:
            self._left(connection)
            self._outbox.forget(identity)

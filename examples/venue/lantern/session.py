"""What is said on the venue's sockets, and what has to be read before they can be relied on.

Public: the list of instruments first; then books, trades and status are subscribed, and each book is fetched whole.
Private: a token opens the socket, the account channel is subscribed, and then the truth is read: open orders, balances,
and executions since before the last one that is booked. Only then `LinkChanged(private, up)`. A number that is left out
on the account channel, or a message that cannot be read, starts that over: it may have been a fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from examples.venue.lantern.codec import LanternCodec
from examples.venue.lantern.terms import NAME
from mm._core.events import Alert, Balance, BookReset, Fill, LinkChanged, OpenOrdersRead, OrderReport
from mm.errors import LocalError
from mm.exchanges.audit import Audit
from mm.exchanges.foreign import ForeignCounter
from mm.exchanges.session import Halt, Query, Reconnect, Transmit, Wish
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind

Events = Sequence[Any]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
SECOND_NS: Final = 1_000_000_000
RETRY_NS: Final = 10 * SECOND_NS
"""Pause after a read that failed for good, before it is wished again."""
AUDIT_NS: Final = 60 * SECOND_NS
"""A lost message shows with the next one's number; where none follows, with a look at the account, and with this one
where nobody asks for it."""
WHOLE: Final = ("open_orders", "balances", "executions")
"""What has to be read before orders go, and whenever the account is compared."""
OVERLAP_NS: Final = 60 * SECOND_NS
"""Executions are read again from before the last booked one: lists trail the engine."""


class LanternSession:
    """The port is `mm.exchanges.session.Session`. symbols: unified names; owner: how client ids of own orders begin."""

    clock_query: Final = ""
    book_prefix: Final = b'{"channel":"book"'
    orders_in_flight_max: Final = 8
    plain: Final = None
    rest_orders: Final = None
    in_maintenance = False

    def __init__(
        self, codec: LanternCodec, symbols: Sequence[str], *, public_url: str, private_url: str, owner: str
    ) -> None:
        self.venue: Final = NAME
        self._codec, self._symbols = codec, tuple(dict.fromkeys(symbols))
        self._private_url = private_url
        self.urls = {PUBLIC: public_url, **({PRIVATE: ""} if private_url else {})}
        self._wishes: list[Wish] = []
        self._foreign = ForeignCounter(NAME, owner)
        self._audit = Audit(NAME, self.call_cost)
        self._open: set[str] = set()
        self._subscribed: set[str] = set()
        self._up = {PUBLIC: False, PRIVATE: False}
        self._clock_good = False
        self._token = ""
        self._generation = 0
        """Of the private recovery: an answer about an earlier life is not about this one."""
        self._awaited: set[str] = set()
        self._sequence = 0
        self._balances: dict[str, int] = {}
        """Asset to the number of the message that told it last."""
        self._last_fill_ns = 0
        self._retry_due_ns = self._audit_due_ns = 0

    # --- what happens -----------------------------------------------------------------------------------------------

    def start(self, now_ns: int, history_since_ns: int) -> Events:
        # Without a booked fill those before now are nobody's.
        self._last_fill_ns = history_since_ns or now_ns
        self._wish(Query("instruments", is_private=False))
        self._wish_token()
        return ()

    def opened(self, now_ns: int, channel: str) -> Events:
        self._open.add(channel)
        if channel == PRIVATE:
            self._wish(Transmit(PRIVATE, self._codec.subscribe("account")))
        elif self._codec.instruments:
            self._subscribe_public()
        return ()

    def closed(self, now_ns: int, channel: str, reason: str) -> Events:
        events: list[Any] = []
        if channel == PUBLIC:
            if PUBLIC in self._open:
                events.append(BookReset(now_ns, NAME, "", reason or "connection closed"))
            self._subscribed.discard(PUBLIC)
        else:
            self._forget_private()
            self._token = ""
            self._address()
            if not self._retry_due_ns:
                self._wish_token()
        self._open.discard(channel)
        return self._change(now_ns, channel, False, reason, events)

    def message(self, now_ns: int, channel: str, decoded: Decoded) -> Events:
        kind, events = decoded.kind, list(decoded.events)
        if kind is Kind.SUBSCRIBED:
            return self._acknowledged(now_ns, channel, decoded)
        if channel != PRIVATE or PRIVATE not in self._subscribed:
            return events
        if kind is Kind.MALFORMED:
            return self._begin(now_ns, f"message not understood: {decoded.error}", events)
        if decoded.channel != "account":
            return events
        last, self._sequence = self._sequence, max(self._sequence, decoded.sequence)
        if decoded.sequence > last + 1:
            return self._begin(now_ns, f"messages {last + 1} to {decoded.sequence - 1} are missing", events)
        events = self._newer(events, decoded.sequence)
        events += self._foreign.follow(now_ns, events)
        if self._up[PRIVATE]:
            self._note_fills(events)
        return events

    def reply(self, now_ns: int, query: Query, decoded: Decoded) -> Events:
        kind, events = query.kind, list(decoded.events)
        if kind == "instruments":
            if PUBLIC in self._open and PUBLIC not in self._subscribed:
                self._subscribe_public()
            self._address()
            return events + self._missing(now_ns)
        if kind == "book":
            return events
        if kind == "session":
            self._token = str(decoded.result)
            self._address()
            return events
        if kind == "executions":
            self._note_fills(events)
            if decoded.result:
                self._audit.asks(kind)
                since_ns = query.parameters["since_ns"]
                self._wish_executions(since_ns, decoded.result, query.generation, query.is_background)
                return events
        if query.generation != self._generation:
            return events if kind == "executions" else []
        if kind == "open_orders":
            events += self._foreign.read(now_ns, events, query.sent_ns)
            count = sum(1 for event in events if type(event) is OrderReport)
            events.append(OpenOrdersRead(now_ns, NAME, True, count, query.sent_ns))
        elif kind == "balances":
            events = self._newer([*events, *self._audit.left_out(now_ns, events)], decoded.sequence)
        self._awaited.discard(kind)
        asked_ns = query.sent_ns if kind == "open_orders" else None
        return events + self._look_private(now_ns) + self._audit.read(now_ns, kind, asked_ns)

    def given_up(self, now_ns: int, query: Query, reason: str) -> Events:
        self._retry_due_ns = now_ns + RETRY_NS
        text = f"{query.kind} cannot be read: {reason}"
        failed = self._audit.failed(now_ns, text) if query.kind in WHOLE else []
        return [Alert(now_ns, "error", f"{NAME}: {text}; trying on"), *failed]

    def deadline(self, now_ns: int) -> Events:
        if 0 < self._retry_due_ns <= now_ns:
            self._retry_due_ns = 0
            if not self._codec.instruments:
                self._wish(Query("instruments", is_private=False))
            if not self._token:
                self._wish_token()
            elif PRIVATE in self._subscribed and not self._up[PRIVATE]:
                return self._begin(now_ns, "read once more", [])
        if 0 < self._audit_due_ns <= now_ns:
            self._audit_due_ns = now_ns + AUDIT_NS
            return self.reconcile(now_ns, "nobody has asked for it lately")
        return ()

    def due_ns(self) -> int:
        return min((due for due in (self._retry_due_ns, self._audit_due_ns) if due), default=0)

    def resync(self, now_ns: int, symbol: str, reason: str) -> Events:
        if PUBLIC not in self._subscribed or symbol not in self._symbols:
            return ()
        self._wish(Query("book", {"symbol": symbol}, is_private=False, subject=symbol))
        return [BookReset(now_ns, NAME, symbol, reason)]

    def read_history(self, now_ns: int, since_ns: int) -> None:
        # A fill that is missing may be older than the request that brought its order up.
        self._wish_executions(max(0, min(since_ns, self._last_fill_ns) - OVERLAP_NS), 0, self._generation)

    def reconcile(self, now_ns: int, reason: str) -> Events:
        if not self._up[PRIVATE]:
            return self._audit.refuse(now_ns, "the private side is not up")
        self._audit_due_ns = now_ns + AUDIT_NS
        self._audit.begin(now_ns, WHOLE, reason)
        for kind in WHOLE:
            self._audit.asks(kind)
        self._wish(Query("open_orders", is_background=True, generation=self._generation))
        self._wish(Query("balances", is_background=True, generation=self._generation))
        self._wish_executions(max(0, self._last_fill_ns - OVERLAP_NS), 0, self._generation, True)
        return ()

    def clock_ok(self, now_ns: int, ok: bool) -> Events:
        self._clock_good = ok
        return self._look_private(now_ns) if ok else self._change(now_ns, PRIVATE, False, "clock too far off", [])

    def clock_offset(self, offset_ns: int, uncertainty_ns: int) -> None:
        self._codec.offset_ns = offset_ns

    def token_refused(self, now_ns: int) -> Events:
        """Never: requests are signed, each for itself."""
        return ()

    # --- what is asked ----------------------------------------------------------------------------------------------

    def is_subscribed(self, channel: str) -> bool:
        return channel in self._subscribed

    def is_up(self, channel: str) -> bool:
        return self._up[channel]

    def can_cancel(self) -> bool:
        return False

    def wishes(self) -> list[Wish]:
        wishes, self._wishes = self._wishes, []
        return wishes

    def call_cost(self, kind: str) -> int:
        return 1

    def reads(self, kind: str, parameters: dict[str, Any]) -> Sequence[dict[str, Any]]:
        return (parameters,)

    def farewell(self) -> Sequence[Query]:
        return ()

    def ping(self, request_id: int) -> bytes:
        return self._codec.ping(request_id)

    def decode(self, payload: bytes, now_ns: int) -> Decoded:
        return self._codec.decode_frame(payload, now_ns)

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        return self._codec.decode_reply(kind, status, body, now_ns)

    def encode(self, command: Any, request_id: int, venue_now_ns: int) -> bytes:
        raise LocalError(f"{NAME}: orders are not entered over the websocket")

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        return self._codec.encode_query(kind, parameters, nonce)

    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        return self._codec.encode_command(command, nonce)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> Events:
        return self._codec.response_events(command, decoded, now_ns)

    # --- public -----------------------------------------------------------------------------------------------------

    def _subscribe_public(self) -> None:
        self._wish(Transmit(PUBLIC, self._codec.subscribe("status")))
        for symbol in self._symbols:
            self._wish(Transmit(PUBLIC, self._codec.subscribe("trades", symbol)))
            self._wish(Transmit(PUBLIC, self._codec.subscribe("book", symbol)))

    def _missing(self, now_ns: int) -> list[Any]:
        unknown = [symbol for symbol in self._symbols if symbol not in self._codec.instruments]
        text = f"{NAME}: {', '.join(unknown)}: not in the venue's list: check the symbol in the configuration"
        return [Alert(now_ns, "error", text)] if unknown else []

    def _acknowledged(self, now_ns: int, channel: str, decoded: Decoded) -> list[Any]:
        if not decoded.ok:
            if decoded.error_class is ErrorClass.FATAL:
                self._wish(Halt(decoded.error))
            else:
                self._wish(Reconnect(channel, f"subscription refused: {decoded.error}"))
            return []
        if channel == PRIVATE:
            self._subscribed.add(PRIVATE)
            self._sequence = decoded.sequence
            return self._begin(now_ns, "subscribed", [])
        if decoded.channel != "book":
            return []
        # From now on no change is missed, so that a whole book that is fetched now can be kept in step.
        self._subscribed.add(PUBLIC)
        for symbol in self._symbols:
            self._wish(Query("book", {"symbol": symbol}, is_private=False, subject=symbol))
        return self._change(now_ns, PUBLIC, True, "subscribed", [])

    # --- private ----------------------------------------------------------------------------------------------------

    def _wish_token(self) -> None:
        if self._private_url:
            self._wish(Query("session"))

    def _address(self) -> None:
        """Private rows are read by their instruments' grids: those come first."""
        if self._private_url:
            is_ready = self._token and self._codec.instruments
            self.urls = {**self.urls, PRIVATE: f"{self._private_url}?token={self._token}" if is_ready else ""}

    def _forget_private(self) -> None:
        self._subscribed.discard(PRIVATE)
        self._generation += 1
        self._awaited.clear()
        self._audit.forget()
        self._audit_due_ns = 0

    def _begin(self, now_ns: int, reason: str, events: list[Any]) -> list[Any]:
        """Read the truth anew; nothing is sent until it is here."""
        events = self._change(now_ns, PRIVATE, False, reason, events)
        self._generation += 1
        self._audit.forget()
        self._awaited = set(WHOLE)
        self._wish(Query("open_orders", generation=self._generation))
        self._wish(Query("balances", generation=self._generation))
        self.read_history(now_ns, self._last_fill_ns)
        return events

    def _wish_executions(self, since_ns: int, cursor: int, generation: int, is_background: bool = False) -> None:
        parameters = {"since_ns": since_ns, "cursor": cursor}
        self._wish(Query("executions", parameters, is_background=is_background, generation=generation))

    def _look_private(self, now_ns: int) -> list[Any]:
        if self._up[PRIVATE] or PRIVATE not in self._subscribed or self._awaited or not self._clock_good:
            return []
        self._audit_due_ns = now_ns + AUDIT_NS
        return self._change(now_ns, PRIVATE, True, "open orders, balances and executions read", [])

    def _newer(self, events: list[Any], number: int) -> list[Any]:
        """Leave out balances that are older than what was told: a reply and a push may overtake one another."""
        kept = []
        for event in events:
            if type(event) is Balance:
                if number < self._balances.get(event.asset, 0):
                    continue
                self._balances[event.asset] = number
            kept.append(event)
        return kept

    def _note_fills(self, events: Sequence[Any]) -> None:
        for event in events:
            if type(event) is Fill and event.venue_ns > self._last_fill_ns:
                self._last_fill_ns = event.venue_ns

    # --- both -------------------------------------------------------------------------------------------------------

    def _change(self, now_ns: int, channel: str, up: bool, reason: str, events: Sequence[Any]) -> list[Any]:
        changed = list(events)
        if self._up[channel] is not up:
            self._up[channel] = up
            changed.append(LinkChanged(now_ns, NAME, channel, up, reason))
        return changed

    def _wish(self, wish: Wish) -> None:
        self._wishes.append(wish)

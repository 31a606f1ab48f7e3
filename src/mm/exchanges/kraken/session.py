"""Kraken's session rules: subscriptions and their acknowledgements, the token, sequence numbers, and recovery.

Public: instrument, then book, trade and ticker for each symbol, one request each, so that an answer always names its
symbol by its request id (`subscriptions.py`). A book is resynchronised alone, on the same connection.

Private: Kraken's stream cannot be resumed. After each connect, and after a gap in `sequence`, the truth is read anew:

    token -> subscribe executions (both snapshots) and balances -> snapshots read
          -> OpenOrders read, TradesHistory paged from before the last booked fill -> ready

Only then `LinkChanged(private, up)`. Kraken reference: WS private channels, connection life.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Final

from mm._core.events import (
    Alert,
    BalanceChange,
    BookReset,
    Fill,
    LinkChanged,
    OpenOrdersRead,
    OrderReport,
    VenueStatus,
)
from mm._core.kraken_requests import KrakenSocketOrders
from mm.exchanges.audit import PROOF, Audit
from mm.exchanges.foreign import ForeignCounter
from mm.exchanges.kraken.history import HistoryReader
from mm.exchanges.kraken.subscriptions import Subscriptions
from mm.exchanges.kraken.token import TokenKeeper
from mm.exchanges.newest_balances import NewestBalances
from mm.exchanges.session import FEES_NS, Halt, Query, Reconnect, Transmit, Wish
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind

if TYPE_CHECKING:
    from mm.exchanges.kraken.dialect import Dialect

Events = Sequence[Any]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
SECOND_NS: Final = 1_000_000_000
SNAPSHOT_TIMEOUT_NS: Final = 15 * SECOND_NS
"""Between a private subscription and its snapshot; a silent one is started again."""
RETRY_NS: Final = 10 * SECOND_NS
"""Pause after a recovery read that failed for good, before it is wished again."""
TOKEN_TRIES_MAX: Final = 3
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
CALL_COSTS: Final = {"trades_history": 4, "closed_orders": 2}
"""Sources disagree whether history costs 2 or 4 and what closed orders cost (Kraken reference: rate limits)."""
REFUSALS_MAX: Final = 3
"""Refusals for load of one connection's private subscriptions, each with a pause; then it is made anew."""
TRADE_WAIT_NS: Final = 3 * SECOND_NS
"""A trade moves the balances and is told among the executions, within milliseconds of one another."""
TRADE_TIMES_NS: Final = SECOND_NS
"""How far both channels may differ about the time of one trade."""
TRADE_LOOKS_MAX: Final = 5
"""The history may trail the engine."""
RESUBSCRIBES_MAX: Final = 3
RESUBSCRIBE_WINDOW_NS: Final = 60 * SECOND_NS
"""Gaps that keep coming are the connection's fault: past three a minute it is made anew, within its budget."""


class KrakenSession:
    """See the module's text; the port is `mm.exchanges.session.Session`.

    symbols: unified names ("BTC/USD"); depth: of the book subscription; codec: with the key's signer, or without one
    (then there is no private channel); owner: how client ids of own orders begin; rights: of the key, looked at before
    the private side is up: "read", or "accept" where they may stay unknown; empty for not at all.
    """

    book_prefix: Final = b'{"channel":"book"'
    clock_query: Final = ""
    orders_in_flight_max: Final = 1
    rest_orders: Final = None

    def __init__(
        self,
        codec: Dialect,
        symbols: Sequence[str],
        *,
        public_url: str,
        private_url: str = "",
        owner: str = "mm",
        depth: int = 10,
        ticker: bool = True,
        seed: int = 0,
        rights: str = "",
    ) -> None:
        self.venue: Final = "kraken"
        self._rights = rights
        """What is still to be known of the key's rights before its private side is up; empty for nothing."""
        self.urls = {PUBLIC: public_url, PRIVATE: private_url} if private_url else {PUBLIC: public_url}
        self._codec = codec
        self.plain: Final = codec.fills
        """Takes fills past this session; here is the count of the channel and how far fills were told."""
        self._symbols = tuple(symbols)
        self._wishes: list[Wish] = []
        # Its own range of request ids: the link counts upward from 1, the session downward from the largest int32.
        self._last_id = 2**31
        self._public = Subscriptions(
            self.venue, codec, codec.absences, symbols, depth, ticker, self._transmit, self._take_id, Random(seed)
        )
        self._token = TokenKeeper()
        self._history = HistoryReader()
        self._foreign = ForeignCounter(self.venue, owner)
        self._audit = Audit(self.venue, self.call_cost)
        self._balances = NewestBalances()
        self._resubscribed: deque[int] = deque(maxlen=RESUBSCRIBES_MAX)
        self._up = {PUBLIC: False, PRIVATE: False}
        self._open = {PUBLIC: False, PRIVATE: False}
        self.socket_orders: Final = KrakenSocketOrders(
            self._up, self._open, self._token, codec.request_writer, codec.encode
        )
        self.in_maintenance = False
        self._clock_good = False
        self._generation = 0
        self._balances_sequence = -1
        self._snapshots: set[str] = set()
        self._acks: dict[int, str] = {}
        self._token_tries = 0
        self._refusals = 0
        self._asked_before = False
        self._orders_read = False
        self._history_read = False
        self._snapshot_due_ns = 0
        self._retry_due_ns = 0
        self._trade_ns = self._trade_due_ns = self._trade_looks = 0
        """The newest trade that the balances tell of, and when the executions have to have told it too."""
        self._started_ns = self._fees_due_ns = 0

    # --- port -------------------------------------------------------------------------------------------------------

    def start(self, now_ns: int, history_since_ns: int) -> Events:
        self.plain.last_fill_ns = history_since_ns
        self._started_ns = now_ns
        if PRIVATE in self.urls:
            if self._rights:
                self._wishes.append(Query("key_info"))
            self._wish_token(now_ns)
        return ()

    def opened(self, now_ns: int, channel: str) -> Events:
        self._open[channel] = True
        if channel == PUBLIC:
            self._public.opened(now_ns)
            return ()
        self._token_tries = self._refusals = 0
        self._asked_before = False
        if self._token.take(now_ns):
            self._subscribe_private(now_ns)
        else:
            self._wish_token(now_ns)
        return ()

    def closed(self, now_ns: int, channel: str, reason: str) -> Events:
        was_open, self._open[channel] = self._open[channel], False
        events: list[Any] = []
        if channel == PUBLIC:
            self._public.closed()
            if was_open:
                events.append(BookReset(now_ns, self.venue, "", reason))
        else:
            self._forget_private()
            self._token.drop()
            if was_open:
                self._wish_token(now_ns)
        return self._change(now_ns, channel, False, reason, events)

    def message(self, now_ns: int, channel: str, decoded: Decoded) -> Events:
        kind = decoded.kind
        events = list(decoded.events)
        if kind is Kind.STATUS:
            for event in events:
                if type(event) is VenueStatus:
                    self.in_maintenance = event.status == "maintenance"
            return events
        if kind is Kind.SUBSCRIBED or kind is Kind.UNSUBSCRIBED:
            if channel == PUBLIC:
                events += self._public.acknowledged(now_ns, decoded)
                return self._look_public(now_ns, events)
            return events + self._private_acknowledged(now_ns, decoded)
        if channel == PRIVATE and kind is Kind.DATA:
            return self._private_data(now_ns, decoded, events)
        if kind is Kind.DATA and decoded.channel == "instrument":
            return self._listed(now_ns, events)
        if channel == PRIVATE and kind is Kind.MALFORMED and self._snapshots:
            # It may have been a fill, and the gap in the sequence shows only with the next message.
            return self._resubscribe(now_ns, f"message not understood: {decoded.error}", events)
        return events

    def reply(self, now_ns: int, query: Query, decoded: Decoded) -> Events:
        if query.kind == "token":
            return self._token_fetched(now_ns, decoded)
        if query.kind == "key_info":
            return self._rights_read(now_ns, decoded.result)
        if query.kind == "trades_history":
            return self._history_page(now_ns, query, decoded)
        events = list(decoded.events)
        if query.kind == "asset_pairs":
            return self._listed(now_ns, events)
        if query.kind == "balance":
            gone = self._audit.left_out(now_ns, events)
            told = self._balances.read([*events, *gone], query.sent_ns)
            return told + self._audit.read(now_ns, "balances", query.sent_ns)
        if query.kind == "open_orders" and query.generation == self._generation:
            count = sum(1 for event in events if type(event) is OrderReport)
            events += self._foreign.read(now_ns, events, query.sent_ns)
            events.append(OpenOrdersRead(now_ns, self.venue, True, count, query.sent_ns))
            self._orders_read = True
            events += self._look_private(now_ns) + self._audit.read(now_ns, "open_orders", query.sent_ns)
        return events

    def given_up(self, now_ns: int, query: Query, reason: str) -> Events:
        if query.kind == "trade_volume":
            text = f"{self.venue}: the account's fee rates cannot be read: {reason}; the configured ones count"
            return [Alert(now_ns, "warning", text)]
        if query.kind == "key_info":
            return self._rights_unknown(now_ns, reason)
        if query.kind == "asset_pairs":
            return self._codec.left_out(now_ns, query.subject) if reason.startswith(UNKNOWN_PAIR) else ()
        events: list[Any] = [Alert(now_ns, "error", f"{self.venue}: {query.kind} cannot be read: {reason}; trying on")]
        if query.kind in ("balance", "open_orders", "trades_history"):
            events += self._audit.failed(now_ns, f"{query.kind} cannot be read: {reason}")
        if query.kind == "balance":
            return events
        if query.kind == "token":
            self._token.fetching = False
        elif query.kind == "trades_history":
            self._history.failed()
        self._retry_due_ns = now_ns + RETRY_NS
        return events

    def deadline(self, now_ns: int) -> Events:
        events = self._public.deadline(now_ns)
        if self._public.silent_reason:
            self._wishes.append(Reconnect(PUBLIC, self._public.silent_reason))
            self._public.silent_reason = ""
        if self._snapshot_due_ns and now_ns >= self._snapshot_due_ns:
            self._snapshot_due_ns = 0
            self._wishes.append(Reconnect(PRIVATE, "private snapshots did not arrive"))
        for symbol in self._codec.absences.due(now_ns):
            self._wishes.append(Query("asset_pairs", {"symbols": (symbol,)}, False, True, symbol))
        if self._retry_due_ns and now_ns >= self._retry_due_ns:
            self._retry_due_ns = 0
            self._resume_private(now_ns)
        if self._keeps_spare() and self._token.is_stale(now_ns):
            self._wish_token(now_ns)
        if 0 < self._fees_due_ns <= now_ns and self._up[PRIVATE]:
            self._wish_fees(now_ns)
        if 0 < self._trade_due_ns <= now_ns:
            self._look_for_trade(now_ns)
        return self._look_public(now_ns, events)

    def due_ns(self) -> int:
        dues = [self._public.due_ns(), self._snapshot_due_ns, self._retry_due_ns, self._trade_due_ns]
        dues += [self._codec.absences.due_ns(), self._fees_due_ns if self._up[PRIVATE] else 0]
        if self._keeps_spare():
            dues.append(self._token.stale_ns())
        return min(filter(None, dues), default=0)

    def resync(self, now_ns: int, symbol: str, reason: str) -> Events:
        return self._look_public(now_ns, self._public.resync(now_ns, symbol, reason))

    def read_history(self, now_ns: int, since_ns: int) -> None:
        # A fill that is missing may be older than the request that brought its order up.
        self._history.request(min(since_ns, self.plain.last_fill_ns or since_ns))
        self._wish_page()

    def reconcile(self, now_ns: int, reason: str) -> Events:
        if not self._up[PRIVATE]:
            return self._audit.refuse(now_ns, "the private side is not up")
        self._audit.begin(now_ns, ("open_orders", "fills", "balances"), reason)
        for kind in ("open_orders", "balance"):
            self._audit.asks(kind)
            is_urgent = reason == PROOF and kind == "open_orders"
            self._wishes.append(Query(kind, {}, is_background=not is_urgent, generation=self._generation))
        self._history.request(self.plain.last_fill_ns or self._started_ns)
        self._wish_page(is_background=True)
        return ()

    def clock_ok(self, now_ns: int, ok: bool) -> Events:
        self._clock_good = ok
        if not ok:
            return self._change(now_ns, PRIVATE, False, "clock too far off", [])
        return self._look_private(now_ns)

    def clock_offset(self, offset_ns: int, uncertainty_ns: int) -> None:
        """Nothing here goes by it: deadlines are given their time with each command."""

    def token_refused(self, now_ns: int) -> Events:
        """Exchange upgrades have invalidated live tokens: log in again with a new one, on the same socket."""
        if not self.socket_orders.is_subscribed:
            return ()
        self._token.drop()
        self._forget_private()
        self._wish_token(now_ns)
        return self._change(now_ns, PRIVATE, False, "session token refused", [])

    def is_subscribed(self, channel: str) -> bool:
        return self._public.is_subscribed if channel == PUBLIC else bool(self._snapshots)

    def is_up(self, channel: str) -> bool:
        return self._up[channel]

    def can_cancel(self) -> bool:
        return self.socket_orders.can_cancel()

    def wishes(self) -> list[Wish]:
        if not self._wishes:
            return []
        wishes, self._wishes = self._wishes, []
        return wishes

    def call_cost(self, kind: str) -> int:
        return CALL_COSTS.get(kind, 1)

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
        return self._codec.encode(command, request_id, self._token.value, venue_now_ns)

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        return self._codec.encode_query(kind, parameters, nonce)

    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        return self._codec.encode_rest(command, nonce)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> Events:
        return self._codec.response_events(command, decoded, now_ns)

    # --- public -----------------------------------------------------------------------------------------------------

    def _look_public(self, now_ns: int, events: list[Any]) -> list[Any]:
        up = self._open[PUBLIC] and self._public.is_complete
        if up:
            return self._change(now_ns, PUBLIC, True, "subscribed", events)
        if self._up[PUBLIC] and not self._public.has_books:
            return self._change(now_ns, PUBLIC, False, "no instrument left", events)
        return events

    def _listed(self, now_ns: int, events: list[Any]) -> list[Any]:
        """A list was read, or a part of it: what was refused for a symbol that it has again is asked for."""
        for symbol in self._codec.absences.back():
            self._public.listed_again(now_ns, symbol)
        return self._look_public(now_ns, events)

    # --- private ----------------------------------------------------------------------------------------------------

    def _rights_read(self, now_ns: int, rights: Any) -> Events:
        """A key that may move money away is not for a program that is on the network day and night."""
        if not rights:
            return self._rights_unknown(now_ns, "the list is empty")
        if found := sorted(each for each in rights if each.startswith("withdraw")):
            self._wishes.append(
                Halt(f"the key may withdraw ({', '.join(found)}): make one without that right, bound to this address")
            )
            return ()
        self._rights = ""
        return self._look_private(now_ns)

    def _rights_unknown(self, now_ns: int, reason: str) -> Events:
        if self._rights != "accept":
            text = "if it may not withdraw, write accept_unknown_key_rights = true"
            self._wishes.append(Halt(f"the key's rights cannot be read ({reason}): {text} under [venues.kraken]"))
            return ()
        self._rights = ""
        text = f"{self.venue}: the key's rights cannot be read ({reason}): trading, as accept_unknown_key_rights says"
        return [Alert(now_ns, "warning", text), *self._look_private(now_ns)]

    def _keeps_spare(self) -> bool:
        """Whether a token is kept young for the connection to come; not while a failed fetch pauses."""
        return PRIVATE in self.urls and not self._open[PRIVATE] and not self._retry_due_ns

    def _wish_token(self, now_ns: int) -> None:
        if self._token.begin(now_ns):
            self._wishes.append(Query("token"))

    def _token_fetched(self, now_ns: int, decoded: Decoded) -> Events:
        self._token.fetched(now_ns, str(decoded.result))
        if self._open[PRIVATE] and not self.socket_orders.is_subscribed and self._token.take(now_ns):
            self._subscribe_private(now_ns)
        return ()

    def _subscribe_private(self, now_ns: int) -> None:
        self._forget_private()
        if self._asked_before:
            # On this socket one of them may be on, whatever was answered: it would be refused, and send no snapshot.
            for name in ("executions", "balances"):
                self._transmit(PRIVATE, self._codec.unsubscribe_private(name, self._take_id(), self._token.value))
        self._asked_before = True
        self.socket_orders.is_subscribed = True
        self._snapshot_due_ns = now_ns + SNAPSHOT_TIMEOUT_NS
        self._subscribe("executions")
        self._subscribe("balances")

    def _subscribe(self, channel: str) -> None:
        request_id = self._take_id()
        self._acks[request_id] = channel
        self._transmit(PRIVATE, self._codec.subscribe_private(channel, request_id, self._token.value))

    def _forget_private(self) -> None:
        """A new life: what is answered about the old one is not about this one."""
        self._generation += 1
        self.socket_orders.is_subscribed = self._orders_read = self._history_read = False
        self.plain.sequence = self._balances_sequence = -1
        self._snapshots.clear()
        self._acks.clear()
        self._trade_due_ns = 0
        self._snapshot_due_ns = 0
        self._audit.forget()
        self._balances.forget()

    def _private_acknowledged(self, now_ns: int, decoded: Decoded) -> list[Any]:
        channel = self._acks.pop(decoded.request_id, "")
        if not channel or decoded.ok:
            return []
        if decoded.error_class is ErrorClass.TOKEN and self._token_tries < TOKEN_TRIES_MAX:
            self._token_tries += 1
            self._token.drop()
            self._forget_private()
            self._wish_token(now_ns)
            return []
        transient = decoded.error_class in (ErrorClass.RATE, ErrorClass.RETRY, ErrorClass.BUSY)
        if transient and self._refusals < REFUSALS_MAX:
            self._refusals += 1
            self._forget_private()
            self._retry_due_ns = now_ns + RETRY_NS
            return []
        if decoded.error_class is ErrorClass.FATAL:
            self._wishes.append(Halt(f"subscription to {channel} refused: {decoded.error}"))
            return []
        self._wishes.append(Reconnect(PRIVATE, f"subscription to {channel} refused: {decoded.error}"))
        text = f"{self.venue}: the private channel {channel} was refused: {decoded.error}; check the key's rights"
        return [Alert(now_ns, "error", text)]

    def _private_data(self, now_ns: int, decoded: Decoded, events: list[Any]) -> list[Any]:
        channel = decoded.channel
        if channel in ("executions", "balances"):
            last = self.plain.sequence if channel == "executions" else self._balances_sequence
            if decoded.snapshot:
                self._count(channel, decoded.sequence)
                self._snapshots.add(channel)
                if len(self._snapshots) == 2:
                    self._snapshot_due_ns = 0
                if channel == "executions":
                    self._read_truth()
            elif last >= 0 and decoded.sequence > last + 1:
                reason = f"{channel} sequence gap: expected {last + 1}, got {decoded.sequence}"
                return self._resubscribe(now_ns, reason, events)
            elif last >= 0 and decoded.sequence > last:
                self._count(channel, decoded.sequence)
            elif last >= 0 and channel == "balances":
                # A repeated balance row is an old total; repeated executions are recognised by their ids.
                return []
        if channel == "executions":
            events += self._foreign.follow(now_ns, events)
        elif not decoded.snapshot:
            # Its rows come in their order: only what an answer may not undo is of use.
            self._balances.pushed(events)
            self._note_trades(now_ns, events)
        if self._up[PRIVATE]:
            self._note_fills(events)
        return events + self._look_private(now_ns)

    def _note_trades(self, now_ns: int, events: Sequence[Any]) -> None:
        """A lost execution shows with the number of the next one; where none follows, the balances tell of it."""
        for event in events:
            if type(event) is BalanceChange and event.kind == "trade":
                self._trade_ns = max(self._trade_ns, event.venue_ns)
                if not self._trade_due_ns:
                    self._trade_due_ns, self._trade_looks = now_ns + TRADE_WAIT_NS, 0

    def _look_for_trade(self, now_ns: int) -> None:
        self._trade_due_ns = 0
        is_told = self.plain.last_fill_ns >= self._trade_ns - TRADE_TIMES_NS
        if not is_told and self._up[PRIVATE] and self._trade_looks < TRADE_LOOKS_MAX:
            self._trade_looks += 1
            self._trade_due_ns = now_ns + RETRY_NS
            self.read_history(now_ns, self.plain.last_fill_ns or self._started_ns)

    def _count(self, channel: str, sequence: int) -> None:
        if channel == "executions":
            self.plain.sequence = sequence
        else:
            self._balances_sequence = sequence

    def _resubscribe(self, now_ns: int, reason: str, events: list[Any]) -> list[Any]:
        """Messages were lost: not quoting until everything has been read again."""
        if len(self._resubscribed) == RESUBSCRIBES_MAX and now_ns - self._resubscribed[0] < RESUBSCRIBE_WINDOW_NS:
            self._wishes.append(Reconnect(PRIVATE, reason))
            return self._change(now_ns, PRIVATE, False, reason, events)
        self._resubscribed.append(now_ns)
        events = self._change(now_ns, PRIVATE, False, reason, events)
        self._subscribe_private(now_ns)
        return events

    def _read_truth(self) -> None:
        """The executions snapshot is there: from now on nothing is missed, so that what is read now is complete."""
        self._orders_read = self._history_read = False
        self._wishes.append(Query("open_orders", {}, generation=self._generation))
        self._history.request(self.plain.last_fill_ns or self._started_ns)
        self._wish_page()

    def _resume_private(self, now_ns: int) -> None:
        if PRIVATE in self.urls and not self._token.value:
            self._wish_token(now_ns)
        if not self._open[PRIVATE]:
            return
        if not self.socket_orders.is_subscribed:
            if self._token.value:
                self._subscribe_private(now_ns)
        elif "executions" in self._snapshots and not self._up[PRIVATE]:
            self._read_truth()
        elif self._history.has_failed and self._history.resume():
            self._wish_page()

    def _wish_page(self, *, is_background: bool = False) -> None:
        since_ns, offset = self._history.page
        self._audit.asks("trades_history")
        parameters = {"since_ns": since_ns, "offset": offset}
        self._wishes.append(Query("trades_history", parameters, is_background=is_background))

    def _history_page(self, now_ns: int, query: Query, decoded: Decoded) -> list[Any]:
        events = list(decoded.events)
        if (query.parameters["since_ns"], query.parameters["offset"]) != self._history.page:
            return events
        more = self._history.read(decoded.rows, decoded.total)
        self._note_fills(events)
        if more:
            self._wish_page(is_background=query.is_background)
            return events
        if self._history.is_truncated:
            text = f"{self.venue}: the trade history is longer than can be paged: fills may be missing"
            events.append(Alert(now_ns, "critical", text))
            return events
        self._history_read = True
        return events + self._look_private(now_ns) + self._audit.read(now_ns, "fills")

    def _note_fills(self, events: Sequence[Any]) -> None:
        for event in events:
            if type(event) is Fill and event.venue_ns > self.plain.last_fill_ns:
                self.plain.last_fill_ns = event.venue_ns

    def _look_private(self, now_ns: int) -> list[Any]:
        """Ready as soon as everything has been read."""
        if self._up[PRIVATE] or not (self._clock_good and self._orders_read and self._history_read):
            return []
        if self._rights:
            return []
        if self._snapshots != {"executions", "balances"}:
            return []
        self._wish_fees(now_ns)
        return self._change(now_ns, PRIVATE, True, "snapshots, open orders and history read", [])

    def _wish_fees(self, now_ns: int) -> None:
        self._fees_due_ns = now_ns + FEES_NS
        listed = tuple(symbol for symbol in self._symbols if not self._codec.absences.is_out(symbol))
        self._wishes.append(Query("trade_volume", {"symbols": listed}, is_background=True))

    # --- both -------------------------------------------------------------------------------------------------------

    def _change(self, now_ns: int, channel: str, up: bool, reason: str, events: Sequence[Any]) -> list[Any]:
        changed = list(events)
        if self._up.get(channel, False) is not up:
            self._up[channel] = up
            self.plain.is_up = self._up[PRIVATE]
            changed.append(LinkChanged(now_ns, self.venue, channel, up, reason))
        return changed

    def _transmit(self, channel: str, payload: bytes) -> None:
        self._wishes.append(Transmit(channel, payload))

    def _take_id(self) -> int:
        self._last_id -= 1
        return self._last_id

"""MEXC Futures' session rules: two sockets to one address, books in step, the login, and the recovery behind it.

Public: the contracts' definitions, then each channel asked by itself (`subscriptions`); a book comes into step as
`books` tells, once the definitions were read anew on this connection (`definitions`). Private: nothing is replayed, so
that after each connect, and after a message that could not be read, the truth is read anew:

    login -> filter -> open orders, positions, assets, own deals from before the last booked fill,
                       position mode, leverage, fee rates, funding -> preflight -> ready

Only then `LinkChanged(private, up)`. What the preflight judges is judged again whenever it is read again, each minute
at least. Order entry that is closed to the account leaves the private side up, for fills and cancels, and is told as
the venue's status "cancel_only"; of a contract its own status says so. Orders go over REST; the private socket
only tells. The server closes a socket a minute after the last ping of the client, whatever flows. (MEXC Futures
reference: WebSocket.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from mm._core import mexc_futures_depth_span
from mm._core.events import Alert, BookReset, FundingPaid, InstrumentUpdate, LinkChanged, Place, VenueStatus
from mm.errors import LocalError
from mm.exchanges.mexc_futures import topics
from mm.exchanges.mexc_futures.books import Books
from mm.exchanges.mexc_futures.definitions import Definitions
from mm.exchanges.mexc_futures.funding import FundingWatch
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.mexc_futures.preflight import INSTEAD, AccountFacts, Severity, entry_closed, judge
from mm.exchanges.mexc_futures.recovery import BY_SYMBOL, Recovery
from mm.exchanges.mexc_futures.rest_requests import PUBLIC as PUBLIC_QUERIES
from mm.exchanges.mexc_futures.subscriptions import Subscriptions
from mm.exchanges.session import Halt, Query, Reconnect, Transmit, Wish
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind

if TYPE_CHECKING:
    from mm.exchanges.mexc_futures.codec import MexcFuturesCodec

Events = Sequence[Any]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
SECOND_NS: Final = 1_000_000_000
PING_NS: Final = 15 * SECOND_NS
ACK_TIMEOUT_NS: Final = 10 * SECOND_NS
RETRY_NS: Final = 10 * SECOND_NS
"""Pause after a read that failed for good, before it is wished again."""
CONTRACTS_NS: Final = 60 * SECOND_NS
"""Between two looks at the contracts: another contract size must not be traded for longer than another leverage."""
UNREAD_NS: Final = 5 * SECOND_NS
"""The same while a first definition cannot be read and nothing can be traded: a start has no patience for a minute."""
UNREAD_MAX: Final = 6
"""So many looks at that pause; then it is no matter of a moment."""
CLOSED_NS: Final = 600 * SECOND_NS
"""How long nothing is tried after order entry was found closed."""
DOWN_NS: Final = 60 * SECOND_NS
"""The same while the venue as a whole is down: that ends sooner than an account is opened."""
ORDERS_IN_FLIGHT_MAX: Final = 8
INQUIRY_PAGES: Final = 2
"""A contract takes 200 open orders of an account at most; an order on none of the pages is asked for by itself."""
REREADS_MAX: Final = 3
REREAD_WINDOW_NS: Final = 60 * SECOND_NS
UNKNOWN_CONTRACT: Final = "1001:"
ONLINE: Final = "online"
CLOSED: Final = "cancel_only"
DOWN: Final = "maintenance"
MAINTENANCE: Final = (801,)
"""Codes that say that the venue as a whole is down."""


class MexcFuturesSession:
    """See the module's text; the port is `mm.exchanges.session.Session`.

    symbols: unified names ("BTC/USDT:USDT"); codec: with the key's signer, or without one (then there is no private
    channel); owner: how client ids of own orders begin; merged: changes of about 200 ms in one push.
    """

    clock_query: Final = "time"
    socket_orders: Final = None
    orders_in_flight_max: Final = ORDERS_IN_FLIGHT_MAX
    plain: Final = None

    def __init__(
        self,
        codec: MexcFuturesCodec,
        symbols: Sequence[str],
        *,
        public_url: str,
        private_url: str = "",
        owner: str = "mm",
        merged: bool = False,
    ) -> None:
        self.venue: Final = VENUE
        self.in_maintenance = False
        self.facts = AccountFacts()
        """What is known of the account."""
        self._codec, self._symbols = codec, tuple(dict.fromkeys(symbols))
        self.rest_orders: Final = codec.orders
        self._wishes: list[Wish] = []
        self._public_url, self._private_url = public_url, private_url
        self._topics = Subscriptions(self._symbols, merged, self._say_public)
        self._books = Books(self._symbols, self._wish)
        self._definitions = Definitions(self._symbols, self._books.subscribed)
        self._funding = FundingWatch(self._symbols)
        self._recovery = Recovery(self._symbols, self._readable, owner, self._wish)
        self._open: set[str] = set()
        self._ping_due_ns: dict[str, int] = {}
        self._up = {PUBLIC: False, PRIVATE: False}
        self._clock_good = False
        self._missing = set(self._symbols)
        """Contracts that the venue has not answered about; the sockets wait for it."""
        self._unread: dict[str, int] = {}
        """Contracts of whose first definition nothing could be read, and how often: the private socket waits for it."""
        self._contracts_due_ns = self._retry_due_ns = self._ack_due_ns = self._closed_until_ns = 0
        self._step = ""
        """What the private socket waits for: "login", "filter", or nothing."""
        self._is_whole = False
        """Logged in and filtered: the stream tells everything."""
        self._rereads: deque[int] = deque(maxlen=REREADS_MAX)
        self._told: set[str] = set()
        self._missed: set[str] = set()
        self._status = ONLINE
        self._closed_as = CLOSED
        """The venue's status while nothing is tried."""

    # --- port: what happens -----------------------------------------------------------------------------------------

    def start(self, now_ns: int, history_since_ns: int) -> Events:
        self._recovery.start(now_ns, history_since_ns)
        self._wish_contracts(now_ns)
        return ()

    def opened(self, now_ns: int, channel: str) -> Events:
        self._open.add(channel)
        self._ping_due_ns[channel] = now_ns + PING_NS
        if channel == PUBLIC and not self._missing:
            self._topics.begin(now_ns)
            self._listen(now_ns)
        elif channel == PRIVATE:
            self._say_private(now_ns, "login", self._codec.requests.login(now_ns))
        return ()

    def closed(self, now_ns: int, channel: str, reason: str) -> Events:
        was_open = channel in self._open
        self._open.discard(channel)
        self._ping_due_ns.pop(channel, None)
        events: list[Any] = []
        if channel == PRIVATE:
            self._step, self._ack_due_ns = "", 0
            self._is_whole = False
            self._recovery.forget()
        else:
            self._topics.closed()
            self._definitions.closed()
            for symbol in self._symbols:
                self._books.closed(symbol)
                if was_open:
                    events.append(BookReset(now_ns, VENUE, symbol, reason))
        return self._change(now_ns, channel, False, reason, events)

    def message(self, now_ns: int, channel: str, decoded: Decoded) -> Events:
        kind = decoded.kind
        events = list(decoded.events)
        if kind is Kind.SUBSCRIBED:
            if channel == PRIVATE:
                return events + self._private_answer(now_ns, decoded)
            topic, symbol, told = self._topics.acknowledged(now_ns, decoded)
            self._listen(now_ns)
            if topic == topics.DEPTH:
                self._definitions.subscribed(now_ns, symbol)
            return self._look_public(now_ns, events + told)
        for event in events:
            self._funding.heard(event)
        if channel != PRIVATE:
            if any(type(event) is InstrumentUpdate for event in events):
                self._unread = {each: count for each, count in self._unread.items() if self._is_unread(each)}
                for symbol in self._codec.contracts.absences.back():
                    self._topics.listed_again(now_ns, symbol)
                events += self._look_private(now_ns)
            return events
        if kind is Kind.MALFORMED and self._is_whole:
            # It may have been a fill.
            return self._reread(now_ns, f"message not understood: {decoded.error}", events)
        if kind is Kind.DATA:
            events = self._recovery.pushed(now_ns, events, is_up=self._up[PRIVATE])
            if decoded.channel == "push.personal.position.mode":
                return self._reread(now_ns, "the position mode was changed", events)
        return events

    def reply(self, now_ns: int, query: Query, decoded: Decoded) -> Events:
        kind = query.kind
        if kind in ("depth", "depth_commits"):
            return self._books.reply(now_ns, query, *decoded.result[1:])
        events = list(decoded.events)
        for event in events:
            self._funding.heard(event)
        if kind == "contracts":
            self._definitions.read(now_ns, query)
            events = self._contract_read(now_ns, query.subject, events) + self._look_private(now_ns)
            return events + self._recovery.audit.read(now_ns, ("contracts", query.subject))
        if kind == "funding_records":
            events = [event for event in events if type(event) is not FundingPaid or self._funding.is_new(event)]
            return self._funding_read(now_ns, query, events)
        events = self._recovery.answered(now_ns, query, decoded)
        if kind == "fees":
            self.facts.fees[query.subject] = decoded.result
            events += self._codec.fee_events(query.subject, decoded, now_ns)
        elif kind == "leverage":
            self.facts.leverages[query.subject] = decoded.result
        elif kind == "position_mode":
            was, self.facts.position_mode = self.facts.position_mode, decoded.result
            if self._up[PRIVATE] and was != decoded.result:
                return self._reread(now_ns, "the position mode was changed", events)
        self.facts.refusals.pop(kind, None)
        return events + self._look_private(now_ns)

    def given_up(self, now_ns: int, query: Query, reason: str) -> Events:
        kind = query.kind
        if reason.startswith(UNKNOWN_CONTRACT) and self._is_out(query):
            events = self._of_gone(now_ns, query, reason)
            if events is not None:
                return events
        if kind in ("depth_commits", "funding_rate"):
            # A snapshot is on its way as well, and the stream tells rates.
            return ()
        if kind == "funding_records":
            self._funding.failed(now_ns, query.subject)
            text = f"funding of {query.subject} cannot be read: {reason}"
            return [
                Alert(now_ns, "warning", f"{VENUE}: {text}; trying on"),
                *self._recovery.audit.failed(now_ns, text),
                *self._funding_read(now_ns, query, []),
            ]
        if kind in BY_SYMBOL:
            # Said by the preflight.
            code, _, _ = reason.partition(":")
            self.facts.refusals[kind] = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else 0
            self._recovery.done(query)
            return self._look_private(now_ns)
        unread = f"{kind} {query.subject}".rstrip() + f" cannot be read: {reason}"
        if kind == "depth":
            self._books.given_up(now_ns, query)
        elif kind == "contracts":
            is_unknown = reason.startswith(UNKNOWN_CONTRACT)
            if is_unknown:
                self._definitions.read(now_ns, query)
            if is_unknown and self._codec.contracts.get(query.subject) is not None:
                return self._left_out(now_ns, query.subject)
            self._contracts_due_ns = now_ns + RETRY_NS
            failed = self._recovery.audit.failed(now_ns, unread)
            if is_unknown:
                return self._contract_unlisted(now_ns, query.subject, failed)
            return [Alert(now_ns, "error", f"{VENUE}: {unread}; trying on"), *failed]
        else:
            if kind == "trades_history":
                self._recovery.history_failed()
            self._retry_due_ns = now_ns + RETRY_NS
        told: list[Any] = [Alert(now_ns, "error", f"{VENUE}: {unread}; trying on")]
        if kind in ("open_orders", "positions", "assets", "position_mode", "trades_history"):
            told += self._recovery.audit.failed(now_ns, unread)
        return told

    def deadline(self, now_ns: int) -> Events:
        self._books.deadline(now_ns)
        self._topics.deadline(now_ns)
        if self._topics.silent_reason:
            self._wish(Reconnect(PUBLIC, self._topics.silent_reason))
            self._topics.silent_reason = ""
        for name, due_ns in self._ping_due_ns.items():
            if due_ns <= now_ns:
                self._wish(Transmit(name, topics.PING))
                self._ping_due_ns[name] = now_ns + PING_NS
        if 0 < self._ack_due_ns <= now_ns:
            self._ack_due_ns = 0
            self._wish(Reconnect(PRIVATE, f"no answer to the {self._step}"))
        if 0 < self._contracts_due_ns <= now_ns:
            self._wish_contracts(now_ns)
        for symbol in self._codec.contracts.absences.due(now_ns):
            self._wish_contract(symbol)
        for symbol in self._funding.due(now_ns) if self._is_whole else ():
            self._recovery.ask_of("funding_records", symbol, is_background=True)
        if 0 < self._retry_due_ns <= now_ns:
            self._retry_due_ns = 0
            self._recovery.resume(now_ns, is_up=self._up[PRIVATE])
        if self._recovery.deadline(now_ns):
            self._wish_contracts(now_ns)
        is_looked_at = self._recovery.stop_waiting(now_ns)
        if 0 < self._closed_until_ns <= now_ns:
            self._closed_until_ns = 0
            is_looked_at = True
        return self._look_private(now_ns) if is_looked_at else ()

    def due_ns(self) -> int:
        dues = [self._books.due_ns(), self._topics.due_ns(), self._contracts_due_ns, self._retry_due_ns]
        dues += [self._ack_due_ns, self._closed_until_ns, self._recovery.audit_due_ns, self._recovery.funding_due_ns]
        dues += [self._codec.contracts.absences.due_ns(), self._funding.due_ns() if self._is_whole else 0]
        dues += self._ping_due_ns.values()
        return min(filter(None, dues), default=0)

    def resync(self, now_ns: int, symbol: str, reason: str) -> Events:
        return self._books.resync(now_ns, symbol, reason)

    def read_history(self, now_ns: int, since_ns: int) -> None:
        # A fill that is missing may be older than the request that brought its order up.
        self._recovery.read_history(now_ns, since_ns)

    def reconcile(self, now_ns: int, reason: str) -> Events:
        if not self._up[PRIVATE]:
            return self._recovery.audit.refuse(now_ns, "the private side is not up")
        self._recovery.reconcile(now_ns, reason)
        # In what everything else is counted.
        self._wish_contracts(now_ns)
        return ()

    def clock_ok(self, now_ns: int, ok: bool) -> Events:
        self._clock_good = ok
        return self._look_private(now_ns) if ok else self._change(now_ns, PRIVATE, False, "clock too far off", [])

    def clock_offset(self, offset_ns: int, uncertainty_ns: int) -> None:
        self._recovery.offset_ns = offset_ns
        self._codec.clock_offset(offset_ns)

    def token_refused(self, now_ns: int) -> Events:
        """Never: requests are signed, each for itself."""
        return ()

    # --- port: what is asked ----------------------------------------------------------------------------------------

    @property
    def urls(self) -> dict[str, str]:
        """Private rows are read by their contracts' grids: those come first."""
        urls = {PUBLIC: self._public_url}
        if self._private_url:
            urls[PRIVATE] = "" if self._missing or self._unread else self._private_url
        return urls

    @property
    def book_prefix(self) -> tuple[bytes, ...]:
        return self._books.prefixes

    def is_subscribed(self, channel: str) -> bool:
        return self._topics.is_on if channel == PUBLIC else self._is_whole

    def is_up(self, channel: str) -> bool:
        return self._up[channel]

    def can_cancel(self) -> bool:
        return False

    def wishes(self) -> list[Wish]:
        if not self._wishes:
            return []
        wishes = self._wishes.copy()
        # The parts hold on to this very list.
        self._wishes.clear()
        return wishes

    def call_cost(self, kind: str) -> int:
        return 1

    def reads(self, kind: str, parameters: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """An order is asked for by its id, or by its client id and symbol; where that is not known, on every one."""
        if kind == "open_orders":
            return [{"page": page} for page in range(1, INQUIRY_PAGES + 1)]
        if kind == "query_orders":
            return [{"venue_ids": [venue_id]} for venue_id in parameters["venue_ids"]]
        client_id = parameters["client_id"]
        symbol = self._codec.terms.symbol_of(client_id, "")
        return [{"symbol": each, "client_id": client_id} for each in ((symbol,) if symbol else self._symbols)]

    def farewell(self) -> Sequence[Query]:
        return ()

    def ping(self, request_id: int) -> bytes:
        return topics.PING

    def decode(self, payload: bytes, now_ns: int) -> Decoded:
        decoded = self._codec.decode_frame(payload, now_ns)
        if decoded.kind is Kind.BOOK:
            span = mexc_futures_depth_span(decoded.events[0].payload)
            if span is not None:
                self._books.saw(now_ns, *span)
        return decoded

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        decoded = self._codec.decode_reply(kind, status, body, now_ns)
        if kind not in PUBLIC_QUERIES and (decoded.ok or decoded.result in MAINTENANCE):
            self.in_maintenance = not decoded.ok
        return decoded

    def encode(self, command: Any, request_id: int, venue_now_ns: int) -> bytes:
        raise LocalError(f"{VENUE}: orders are not entered over the websocket")

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        return self._codec.encode_query(kind, parameters, nonce)

    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        return self._codec.encode_rest(command, nonce)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> Events:
        events = self._codec.response_events(command, decoded, now_ns)
        if type(command) is not Place or decoded.ok:
            return events
        closed = entry_closed(decoded.result)
        if not closed and decoded.error_class is ErrorClass.FATAL:
            # No right to place orders: the next one would be refused as well.
            self.facts.refusals["place"] = decoded.result
            self._wish(Halt(f"order entry: {decoded.error}"))
            return self._change(now_ns, PRIVATE, False, "order entry was refused", events)
        if not closed:
            return events
        is_down = decoded.result in MAINTENANCE
        wait_ns = DOWN_NS if is_down else CLOSED_NS
        self._closed_until_ns, self._closed_as = now_ns + wait_ns, DOWN if is_down else CLOSED
        text = f"{VENUE}: {closed} ({decoded.error}): {INSTEAD}; trying again in {wait_ns // SECOND_NS} s"
        return [*events, Alert(now_ns, "error", text), *self._say_status(now_ns, self._closed_as)]

    # --- public -----------------------------------------------------------------------------------------------------

    def _wish_contracts(self, now_ns: int) -> None:
        self._contracts_due_ns = now_ns + CONTRACTS_NS
        for symbol in self._symbols:
            self._wish_contract(symbol)

    def _wish_contract(self, symbol: str) -> None:
        generation = self._definitions.generation
        self._wish(Query("contracts", {"symbol": symbol}, is_private=False, subject=symbol, generation=generation))

    def _listen(self, now_ns: int) -> None:
        if self._topics.hears_contracts and self._definitions.listen():
            self._wish_contracts(now_ns)

    def _left_out(self, now_ns: int, symbol: str) -> list[Any]:
        """The venue does not have a contract any more that was there."""
        events = [*self._codec.contracts.left_out(now_ns, symbol), *self._look_private(now_ns)]
        return events + self._recovery.audit.read(now_ns, ("contracts", symbol))

    def _is_out(self, query: Query) -> bool:
        """Whether a read is of a contract that the venue does not have any more."""
        return self._codec.contracts.absences.is_out(query.parameters.get("symbol", ""))

    def _of_gone(self, now_ns: int, query: Query, reason: str) -> list[Any] | None:
        """A read of a contract that is gone was refused for that; None where it is a read like any other."""
        kind, symbol = query.kind, query.parameters["symbol"]
        if kind == "depth":
            self._books.given_up(now_ns, query)
            return []
        if kind == "funding_records":
            return self._funding_read(now_ns, query, [])
        if kind != "trades_history":
            return None
        self._recovery.history_failed()
        failed = self._recovery.audit.failed(now_ns, f"{kind} {symbol} cannot be read: {reason}")
        told = self._codec.contracts.absences.closed(now_ns, VENUE, symbol, reason)
        self._retry_due_ns = now_ns + 1 if told else self._retry_due_ns
        return [*told, *failed]

    def _contract_read(self, now_ns: int, symbol: str, events: list[Any]) -> list[Any]:
        """The venue has answered about a contract. Without a definition that can be read that is no word on whether it
        is there: asked again."""
        if not self._is_unread(symbol):
            self._unread.pop(symbol, None)
            return self._answered(now_ns, symbol, events)
        count = self._unread[symbol] = self._unread.get(symbol, 0) + 1
        if count == 1:
            text = f"{VENUE}: the definition of {symbol} could not be read: nothing is sent until it can be; trying on"
            events.append(Alert(now_ns, "error", text))
        if count <= UNREAD_MAX:
            self._contracts_due_ns = now_ns + UNREAD_NS
        return self._answered(now_ns, symbol, events)

    def _contract_unlisted(self, now_ns: int, symbol: str, events: list[Any]) -> list[Any]:
        """The venue says that it does not have a contract that was never there."""
        self._unread.pop(symbol, None)
        if symbol not in self._missed and not self._codec.contracts.is_settled_otherwise(symbol):
            self._missed.add(symbol)
            text = f"{VENUE}: {symbol} is not in the venue's list: check the symbol in the configuration"
            events.append(Alert(now_ns, "error", text))
        self._contracts_due_ns = now_ns + CONTRACTS_NS
        return self._answered(now_ns, symbol, events)

    def _is_unread(self, symbol: str) -> bool:
        known = self._codec.contracts
        return known.terms(symbol) is None and not known.is_settled_otherwise(symbol)

    def _answered(self, now_ns: int, symbol: str, events: list[Any]) -> list[Any]:
        """Once all have been, the public socket begins."""
        was_missing = bool(self._missing)
        self._missing.discard(symbol)
        for each in self._codec.contracts.absences.back():
            self._topics.listed_again(now_ns, each)
        if was_missing and not self._missing and PUBLIC in self._open and not self._topics.is_open:
            self._topics.begin(now_ns)
            self._listen(now_ns)
        return events

    def _look_public(self, now_ns: int, events: list[Any]) -> list[Any]:
        if self._topics.is_complete:
            if not self._up[PUBLIC]:
                for symbol in self._symbols:
                    parameters = {"symbol": symbol}
                    self._wish(Query("funding_rate", parameters, is_private=False, is_background=True, subject=symbol))
            return self._change(now_ns, PUBLIC, True, "subscribed", events)
        if not self._topics.has_books:
            return self._change(now_ns, PUBLIC, False, "no book left", events)
        return events

    # --- private ----------------------------------------------------------------------------------------------------

    def _say_private(self, now_ns: int, step: str, payload: bytes) -> None:
        self._step, self._ack_due_ns = step, now_ns + ACK_TIMEOUT_NS
        self._wish(Transmit(PRIVATE, payload))

    def _private_answer(self, now_ns: int, decoded: Decoded) -> list[Any]:
        step = self._step
        names = {"login": "login", "filter": "personal.filter"}
        if not step or decoded.channel not in (names[step], "error"):
            return []
        self._step, self._ack_due_ns = "", 0
        if not decoded.ok:
            # Clock, signature or rights; REST tells by its codes, which stop everything where that is right.
            self._wish(Reconnect(PRIVATE, f"{step} refused: {decoded.error}"))
            text = f"{VENUE}: the private {step} was refused: {decoded.error}; check the key and its rights"
            return [Alert(now_ns, "error", text)]
        if step == "login":
            self._say_private(now_ns, "filter", topics.personal_filter(self._symbols))
            return []
        self._is_whole = True
        self._recovery.begin(now_ns)
        return []

    def _funding_read(self, now_ns: int, query: Query, events: list[Any]) -> list[Any]:
        """The records of a contract were read, or given up: fills and positions do not wait for them for ever."""
        self._recovery.done(query)
        ended = self._recovery.audit.read(now_ns, ("funding_records", query.subject))
        return [*events, *ended, *self._look_private(now_ns)]

    def _reread(self, now_ns: int, reason: str, events: list[Any]) -> list[Any]:
        events = self._change(now_ns, PRIVATE, False, reason, events)
        if len(self._rereads) == REREADS_MAX and now_ns - self._rereads[0] < REREAD_WINDOW_NS:
            self._wish(Reconnect(PRIVATE, reason))
            return events
        self._rereads.append(now_ns)
        self._recovery.begin(now_ns)
        return events

    def _look_private(self, now_ns: int) -> list[Any]:
        """Ready as soon as everything has been read, and nothing of it speaks against trading; judged again later."""
        if not (self._is_whole and self._clock_good and self._recovery.is_complete):
            return []
        known = self._codec.contracts
        # One that is none of its name's is said, and is no reason against the others.
        told = [each for each in self._symbols if known.get(each) is not None or not known.is_settled_otherwise(each)]
        contracts = {symbol: known.terms(symbol) for symbol in told}
        verdict = judge(self._codec.mode, contracts, self.facts)
        events: list[Any] = []
        levels = {Severity.WARN: "warning", Severity.DEGRADE: "error", Severity.REFUSE: "critical"}
        for finding in verdict.findings:
            if finding.severity in levels and finding.text not in self._told:
                self._told.add(finding.text)
                events.append(Alert(now_ns, levels[finding.severity], finding.text))
        # What is said again once it is over and comes back.
        self._told &= {finding.text for finding in verdict.findings}
        if verdict.severity is Severity.REFUSE:
            self._wish(Halt(verdict.text))
            return self._change(now_ns, PRIVATE, False, verdict.text, events)
        closed = CLOSED if verdict.is_closed else self._closed_as if self._closed_until_ns else ONLINE
        events += self._say_status(now_ns, closed)
        if not self._up[PRIVATE]:
            self._recovery.up(now_ns)
            self._funding.up(now_ns)
        return self._change(now_ns, PRIVATE, True, "orders, positions and history read", events)

    def _say_status(self, now_ns: int, status: str) -> list[Any]:
        if status == self._status:
            return []
        self._status = status
        return [VenueStatus(now_ns, VENUE, status)]

    def _readable(self) -> Sequence[str]:
        return self._codec.contracts.absences.readable(self._symbols)

    # --- both -------------------------------------------------------------------------------------------------------

    def _change(self, now_ns: int, channel: str, up: bool, reason: str, events: Sequence[Any]) -> list[Any]:
        changed = list(events)
        if self._up[channel] is not up:
            self._up[channel] = up
            if self.rest_orders is not None:
                self.rest_orders.is_up = self._up[PRIVATE]
            changed.append(LinkChanged(now_ns, VENUE, channel, up, reason))
        return changed

    def _wish(self, wish: Wish) -> None:
        self._wishes.append(wish)

    def _say_public(self, payload: bytes) -> None:
        self._wishes.append(Transmit(PUBLIC, payload))

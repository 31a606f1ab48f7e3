"""MEXC Spot's session rules: topics on one or more public sockets, books in step, the private side and its recovery.

Public: the list of instruments, then each topic asked by itself, thirty at most on one socket; a book comes into step
as `books` tells. Private: the stream has no snapshot and no replay, so that after each connect, and after a message
that could not be read, the truth is read anew:

    listen key -> socket -> orders, deals and account subscribed
          -> openOrders of each symbol, account, myTrades from before the last booked fill read -> ready

Only then `LinkChanged(private, up)`. Orders are entered over REST; the private socket only tells. A socket lives a day
at most: its end is an ordinary one. (MEXC Spot reference: WebSocket, private streams.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from mm._core import mexc_depth_span
from mm._core.events import Alert, BookReset, Fill, LinkChanged, Place, VenueStatus
from mm.errors import LocalError
from mm.exchanges.mexc_spot import topics
from mm.exchanges.mexc_spot.books import Books
from mm.exchanges.mexc_spot.errors import is_unknown_symbol, speaks_of_terms
from mm.exchanges.mexc_spot.instruments import venue_name
from mm.exchanges.mexc_spot.listen_key import ListenKey
from mm.exchanges.mexc_spot.numbers import VENUE
from mm.exchanges.mexc_spot.recovery import Recovery
from mm.exchanges.mexc_spot.subscriptions import Topic, Topics
from mm.exchanges.session import FEES_NS, Query, Reconnect, Transmit, Wish
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind

if TYPE_CHECKING:
    from mm.exchanges.mexc_spot.codec import MexcSpotCodec

Events = Sequence[Any]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
SECOND_NS: Final = 1_000_000_000
PING_NS: Final = 15 * SECOND_NS
"""The venue closes a socket after 60 s without traffic, and does not say whether its own pushes count."""
RETRY_NS: Final = 10 * SECOND_NS
"""Pause after a read that failed for good, before it is wished again."""
INFO_NS: Final = 60 * SECOND_NS
"""Between two looks at the list of instruments: no stream tells that a symbol is paused, or that it has other terms."""
INFO_AGAIN_NS: Final = 10 * SECOND_NS
"""The same while orders are refused for what the list says."""
EARLY_NS_MAX: Final = 2 * SECOND_NS
"""Of the venue's window of five seconds, for an estimate of its clock that may be off either way."""
ORDERS_IN_FLIGHT_MAX: Final = 8
REREADS_MAX: Final = 3
REREAD_WINDOW_NS: Final = 60 * SECOND_NS
FRUITLESS_MAX: Final = 2
"""Private connections in a row that came to nothing: then it may be the key."""
ONLINE: Final = "online"
CLOSED: Final = "cancel_only"
"""The venue's status while the account may not trade."""
WEIGHTS: Final = {
    "account": 10,
    "trades_history": 10,
    "trade_fee": 20,
    "open_orders": 3,
    "query_orders": 2,
    "closed_orders": 2,
}


class MexcSpotSession:
    """See the module's text; the port is `mm.exchanges.session.Session`.

    symbols: unified names ("BTC/USDT"); codec: with the key's signer, or without one (then there is no private
    channel); owner: how client ids of own orders begin; ticker: best prices by a topic of their own, too.
    """

    clock_query: Final = "time"
    socket_orders: Final = None
    orders_in_flight_max: Final = ORDERS_IN_FLIGHT_MAX
    plain: Final = None

    def __init__(
        self,
        codec: MexcSpotCodec,
        symbols: Sequence[str],
        *,
        public_url: str,
        private_url: str = "",
        owner: str = "mm",
        ticker: bool = False,
        interval: str = "10ms",
    ) -> None:
        if interval not in topics.INTERVALS:
            raise LocalError(f"{VENUE}: interval {interval!r}: expected one of {', '.join(topics.INTERVALS)}")
        self.venue: Final = VENUE
        self.in_maintenance = False
        self._codec, self._symbols = codec, tuple(dict.fromkeys(symbols))
        self.rest_orders: Final = codec.orders
        self._private_url = private_url
        self._wishes: list[Wish] = []
        # Its own range of request ids: the link counts upward from 1.
        self._last_id = 2**31
        self._topics = _sockets(self._symbols, interval, ticker, self._wishes.append, self._take_id)
        if private_url:
            names = [Topic(name) for name in topics.PRIVATE_TOPICS]
            self._topics[PRIVATE] = Topics(PRIVATE, names, self._wish, self._take_id)
        self.urls = dict.fromkeys(self._topics, public_url)
        self._books = Books({symbol: topics.depth(symbol, interval) for symbol in self._symbols}, self._wish)
        self._key = ListenKey()
        self._recovery = Recovery(self._readable, owner, self._wish, self.call_cost)
        self._open: set[str] = set()
        self._ping_due_ns: dict[str, int] = {}
        self._up = {PUBLIC: False, PRIVATE: False}
        self._clock_good = False
        self._info_due_ns = self._info_asked_ns = self._retry_due_ns = self._fees_due_ns = 0
        self._rereads: deque[int] = deque(maxlen=REREADS_MAX)
        self._fruitless = 0
        self._ask_all = False
        """A question about several symbols failed, perhaps for one of them: the whole list is read."""
        self._told: set[str] = set()
        self._status = ONLINE
        self._status_ns = 0
        """When the answer that told it was asked for."""
        self._address()

    # --- port: what happens -----------------------------------------------------------------------------------------

    def start(self, now_ns: int, history_since_ns: int) -> Events:
        self._recovery.start(now_ns, history_since_ns)
        self._wish_info(now_ns)
        if self._private_url:
            self._wish_key()
        return ()

    def booked(self, fills: Sequence[Fill]) -> None:
        self._codec.booked(fills)

    def opened(self, now_ns: int, channel: str) -> Events:
        self._open.add(channel)
        self._ping_due_ns[channel] = now_ns + PING_NS
        if channel == PRIVATE or self._codec.instruments.is_complete:
            self._topics[channel].begin(now_ns)
        return ()

    def closed(self, now_ns: int, channel: str, reason: str) -> Events:
        was_open = channel in self._open
        was_whole = self._topics[channel].is_whole
        self._open.discard(channel)
        self._ping_due_ns.pop(channel, None)
        self._topics[channel].closed()
        if channel == PRIVATE:
            self._recovery.forget()
            self._fruitless = 0 if was_whole else self._fruitless + 1
            if self._key.is_old(now_ns) or self._fruitless >= FRUITLESS_MAX:
                self._renew_key(now_ns)
            return self._change(now_ns, PRIVATE, False, reason, [])
        events: list[Any] = []
        for topic in self._topics[channel].topics:
            if topic.symbol:
                self._books.closed(topic.symbol)
                if was_open:
                    events.append(BookReset(now_ns, VENUE, topic.symbol, reason))
        return self._look_public(now_ns, events, reason)

    def message(self, now_ns: int, channel: str, decoded: Decoded) -> Events:
        kind = decoded.kind
        events = list(decoded.events)
        if kind is Kind.SUBSCRIBED:
            topic, told = self._topics[channel].acknowledged(now_ns, decoded)
            events += told
            if channel == PRIVATE:
                if topic is not None and self._topics[PRIVATE].is_whole:
                    self._fruitless = 0
                    self._recovery.begin(now_ns)
                return events
            if topic is not None and topic.symbol:
                self._books.subscribed(now_ns, topic.symbol)
            return self._look_public(now_ns, events, "no subscription left")
        if channel != PRIVATE:
            return events
        if kind is Kind.STATUS and decoded.error_class is ErrorClass.TOKEN:
            self._renew_key(now_ns)
            self._wish(Reconnect(PRIVATE, decoded.error))
        elif kind is Kind.MALFORMED and self._recovery.is_begun:
            # It may have been a fill.
            return self._reread(now_ns, f"message not understood: {decoded.error}", events)
        elif kind is Kind.DATA:
            events = self._recovery.pushed(now_ns, events, is_up=self._up[PRIVATE])
        return events

    def reply(self, now_ns: int, query: Query, decoded: Decoded) -> Events:
        kind = query.kind
        if kind == "depth":
            return self._books.reply(now_ns, query, *decoded.result)
        events = list(decoded.events)
        if kind == "exchange_info":
            return self._instruments_read(now_ns, query, events)
        if kind == "listen_key":
            self._key.taken(now_ns, str(decoded.result))
            self._address()
        elif kind == "listen_keys":
            if decoded.result and not self._key.value:
                self._key.borrowed(now_ns, str(decoded.result[-1]))
                self._address()
        elif kind == "keep_listen_key":
            if str(decoded.result):
                self._key.kept(now_ns)
            else:
                self._renew_key(now_ns)
                self._wish(Reconnect(PRIVATE, "the listen key is not valid any more"))
        elif kind == "open_orders":
            events = self._recovery.orders(now_ns, query, events)
            return events + self._look_private(now_ns)
        elif kind == "account":
            return self._account_known(now_ns, query, decoded, events)
        elif kind == "trades_history":
            events = self._recovery.history(now_ns, query, decoded.rows, events)
            return events + self._look_private(now_ns)
        elif kind == "trade_fee":
            events += self._codec.fee_events(query.subject, decoded, now_ns)
        elif kind == "self_symbols":
            closed = [symbol for symbol in self._symbols if venue_name(symbol) not in decoded.result]
            text = f"{VENUE}: the key may not trade {', '.join(closed)}: add the symbol to the key's list"
            return [*events, Alert(now_ns, "error", text)] if closed else events
        return events

    def given_up(self, now_ns: int, query: Query, reason: str) -> Events:
        kind = query.kind
        if kind in ("close_listen_key", "listen_keys"):
            # A key ends by itself within the hour; and another one is asked for all the time.
            return ()
        if kind == "self_symbols":
            return [Alert(now_ns, "warning", f"{VENUE}: which symbols the key may trade cannot be read: {reason}")]
        if kind == "trade_fee":
            text = f"{VENUE}: the fee rates of {query.subject} cannot be read: {reason}; the configured ones count"
            return [Alert(now_ns, "warning", text)]
        is_unknown = is_unknown_symbol(reason)
        if kind == "exchange_info" and query.subject:
            return self._missed(now_ns, query.subject) if is_unknown else ()
        if is_unknown and kind in ("open_orders", "trades_history") and self._is_out(query):
            return self._forget(now_ns, query, reason)
        if is_unknown and kind != "exchange_info" and now_ns - self._info_asked_ns >= INFO_AGAIN_NS:
            self._wish_info(now_ns)
        if kind == "depth":
            self._books.given_up(now_ns, query)
            if is_unknown and self._is_out(query):
                # Its status says it.
                return ()
        elif kind == "keep_listen_key":
            # Asked again each minute anyhow.
            pass
        else:
            if kind == "listen_key":
                self._key.fetching = False
                # An account has sixty at most, and a process that was killed leaves one behind.
                self._wish(Query("listen_keys"))
            elif kind == "trades_history":
                self._recovery.history_failed()
            elif kind == "exchange_info":
                if speaks_of_terms(reason) and query.parameters["symbols"]:
                    # For a symbol's sake: the whole list tells whose.
                    self._wish_info(now_ns, is_whole=True)
                    return ()
                self._info_due_ns = now_ns + RETRY_NS
                self._ask_all = self._ask_all or len(self._symbols) > 1
            self._retry_due_ns = now_ns + RETRY_NS
        what = f"{kind} {query.subject}".rstrip()
        told: list[Any] = [Alert(now_ns, "error", f"{VENUE}: {what} cannot be read: {reason}; trying on")]
        if kind in ("open_orders", "account", "trades_history"):
            told += self._recovery.audit.failed(now_ns, f"{what} cannot be read: {reason}")
        return told

    def deadline(self, now_ns: int) -> Events:
        self._books.deadline(now_ns)
        for name, sockets in self._topics.items():
            sockets.deadline(now_ns)
            if sockets.silent_reason:
                self._wish(Reconnect(name, sockets.silent_reason))
                sockets.silent_reason = ""
        for name, due_ns in self._ping_due_ns.items():
            if due_ns <= now_ns:
                self._wish(Transmit(name, topics.PING))
                self._ping_due_ns[name] = now_ns + PING_NS
        if 0 < self._info_due_ns <= now_ns:
            self._wish_info(now_ns)
        for symbol in self._codec.instruments.absences.due(now_ns):
            self._wish(Query("exchange_info", {"symbols": (symbol,)}, False, True, symbol))
        if 0 < self._fees_due_ns <= now_ns and self._up[PRIVATE]:
            self._wish_fees(now_ns)
        if 0 < self._key.due_ns <= now_ns:
            self._look_after_key(now_ns)
        self._recovery.deadline(now_ns)
        if 0 < self._retry_due_ns <= now_ns:
            self._retry_due_ns = 0
            if self._private_url:
                self._wish_key()
            self._recovery.resume(now_ns, is_up=self._up[PRIVATE])
        return ()

    def due_ns(self) -> int:
        dues = [self._books.due_ns(), self._info_due_ns, self._key.due_ns, self._retry_due_ns]
        dues += [self._recovery.audit_due_ns, self._fees_due_ns if self._up[PRIVATE] else 0]
        dues.append(self._codec.instruments.absences.due_ns())
        dues += [sockets.due_ns() for sockets in self._topics.values()]
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
        return ()

    def clock_ok(self, now_ns: int, ok: bool) -> Events:
        self._clock_good = ok
        return self._look_private(now_ns) if ok else self._change(now_ns, PRIVATE, False, "clock too far off", [])

    def clock_offset(self, offset_ns: int, uncertainty_ns: int) -> None:
        self._recovery.offset_ns = offset_ns
        # A time that is late passes within the window, one that is early does not.
        self._codec.clock_offset(offset_ns - min(uncertainty_ns, EARLY_NS_MAX))

    def token_refused(self, now_ns: int) -> Events:
        """Never: requests are signed, each for itself."""
        return ()

    # --- port: what is asked ----------------------------------------------------------------------------------------

    @property
    def book_prefix(self) -> tuple[bytes, ...]:
        return self._books.prefixes

    def is_subscribed(self, channel: str) -> bool:
        return self._topics[channel].is_on

    def is_up(self, channel: str) -> bool:
        return self._up[PRIVATE if channel == PRIVATE else PUBLIC]

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
        return WEIGHTS.get(kind, 1)

    def reads(self, kind: str, parameters: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """An order is asked for with its symbol; where that is not known, on every symbol of the run."""
        if kind == "open_orders":
            return [{"symbol": symbol} for symbol in self._readable()]
        terms = self._codec.terms
        if kind == "query_orders":
            return [
                {"symbol": symbol, "venue_ids": [venue_id]}
                for venue_id in parameters["venue_ids"]
                for symbol in self._candidates(terms.symbol_of("", venue_id))
            ]
        client_id = parameters["client_id"]
        return [
            {"symbol": symbol, "client_id": client_id} for symbol in self._candidates(terms.symbol_of(client_id, ""))
        ]

    def farewell(self) -> Sequence[Query]:
        key = self._key.drop()
        self._address()
        return [Query("close_listen_key", {"listen_key": key})] if key else ()

    def ping(self, request_id: int) -> bytes:
        return topics.PING

    def decode(self, payload: bytes, now_ns: int) -> Decoded:
        decoded = self._codec.decode_frame(payload, now_ns)
        if decoded.kind is Kind.BOOK:
            span = mexc_depth_span(payload)
            if span is not None:
                self._books.saw(now_ns, *span)
        return decoded

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        return self._codec.decode_reply(kind, status, body, now_ns)

    def encode(self, command: Any, request_id: int, venue_now_ns: int) -> bytes:
        raise LocalError(f"{VENUE}: orders are not entered over the websocket")

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        return self._codec.encode_query(kind, parameters, nonce)

    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        return self._codec.encode_rest(command, nonce)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> Events:
        is_refused = type(command) is Place and not decoded.ok and speaks_of_terms(decoded.error)
        if is_refused and now_ns - self._info_asked_ns >= INFO_AGAIN_NS:
            self._wish_info(now_ns)
        return self._codec.response_events(command, decoded, now_ns)

    # --- public -----------------------------------------------------------------------------------------------------

    def _wish_info(self, now_ns: int, *, is_whole: bool = False) -> None:
        """Ask for the symbols that are there; those that are not are asked for one by one (`absences`)."""
        self._info_asked_ns = now_ns
        self._info_due_ns = now_ns + INFO_NS
        is_whole = is_whole or self._ask_all
        symbols = () if is_whole else tuple(symbol for symbol in self._symbols if not self._is_missing(symbol))
        if symbols or is_whole:
            self._wish(Query("exchange_info", {"symbols": symbols}, is_private=False))

    def _instruments_read(self, now_ns: int, query: Query, events: list[Any]) -> list[Any]:
        known = self._codec.instruments
        asked = query.parameters["symbols"]
        self._ask_all = False
        missing = [each for each in asked or self._symbols if venue_name(each) not in known.listed]
        if missing and asked and not query.subject:
            # One of several that an answer leaves out: only the whole list proves that it is not there.
            self._wish_info(now_ns, is_whole=True)
        else:
            for symbol in missing:
                events += self._missed(now_ns, symbol)
        if not self._codec.instruments.is_complete:
            self._info_due_ns = now_ns + RETRY_NS
            return events
        self._address()
        for name, sockets in self._topics.items():
            if name in self._open and not sockets.is_open:
                sockets.begin(now_ns)
        return events

    def _missed(self, now_ns: int, symbol: str) -> list[Any]:
        """The whole list does not have a symbol, or the answer to a question for it alone."""
        known = self._codec.instruments
        if known.get(symbol) is not None:
            return list(known.left_out(now_ns, symbol))
        if symbol in self._told or not known.listed:
            return []
        self._told.add(symbol)
        known.absences.suspect(now_ns, symbol)
        text = f"{VENUE}: {symbol} is not in the venue's list: check the symbol in the configuration"
        return [Alert(now_ns, "critical", text)]

    def _is_missing(self, symbol: str) -> bool:
        known = self._codec.instruments
        return known.absences.is_out(symbol) or (symbol in self._told and known.get(symbol) is None)

    def _look_public(self, now_ns: int, events: list[Any], reason: str) -> list[Any]:
        """Up while one public socket is complete; the books of the others are lost one by one."""
        sockets = [sockets for name, sockets in self._topics.items() if name != PRIVATE]
        if any(each.is_complete for each in sockets):
            return self._change(now_ns, PUBLIC, True, "subscribed", events)
        if not any(each.is_on for each in sockets):
            return self._change(now_ns, PUBLIC, False, reason, events)
        return events

    # --- listen key -------------------------------------------------------------------------------------------------

    def _wish_key(self) -> None:
        if self._key.begin():
            self._wish(Query("listen_key"))

    def _renew_key(self, now_ns: int) -> None:
        """Make another key; the private socket waits for it."""
        old = self._key.drop()
        self._fruitless = 0
        self._address()
        if old:
            self._wish(Query("close_listen_key", {"listen_key": old}, is_background=True))
        if not self._retry_due_ns:
            self._wish_key()

    def _look_after_key(self, now_ns: int) -> None:
        if self._key.is_old(now_ns):
            self._renew_key(now_ns)
            self._wish(Reconnect(PRIVATE, "the listen key could not be kept alive"))
            return
        self._key.asked(now_ns)
        self._wish(Query("keep_listen_key", {"listen_key": self._key.value}))

    def _address(self) -> None:
        """Private rows are read by their instruments' grids: those come first."""
        if self._private_url:
            ready = self._key.value and self._codec.instruments.is_complete
            self.urls[PRIVATE] = f"{self._private_url}?listenKey={self._key.value}" if ready else ""

    # --- private ----------------------------------------------------------------------------------------------------

    def _reread(self, now_ns: int, reason: str, events: list[Any]) -> list[Any]:
        events = self._change(now_ns, PRIVATE, False, reason, events)
        if len(self._rereads) == REREADS_MAX and now_ns - self._rereads[0] < REREAD_WINDOW_NS:
            self._wish(Reconnect(PRIVATE, reason))
            return events
        self._rereads.append(now_ns)
        self._recovery.begin(now_ns)
        return events

    def _account_known(self, now_ns: int, query: Query, decoded: Decoded, events: list[Any]) -> list[Any]:
        # Told before the private side is up, so that nothing is sent between the two; fills and cancels go on.
        can_trade = decoded.result["canTrade"]
        status = ONLINE if can_trade else CLOSED
        if can_trade is None or query.sent_ns < self._status_ns:
            # No word on it, or one that is older than what is known.
            status = self._status
        else:
            self._status_ns = query.sent_ns
        if status != self._status:
            self._status = status
            events.append(VenueStatus(now_ns, VENUE, status))
            if status == CLOSED:
                text = f"{VENUE}: the account may not trade (canTrade is false): nothing new is sent until it may"
                events.append(Alert(now_ns, "error", text))
        if decoded.result["canWithdraw"] and "withdraw" not in self._told:
            self._told.add("withdraw")
            text = f"{VENUE}: the account may withdraw: make sure that the key may not, and bind it to this address"
            events.append(Alert(now_ns, "warning", text))
        events = self._recovery.account(now_ns, query, events)
        return events + self._look_private(now_ns)

    def _look_private(self, now_ns: int) -> list[Any]:
        """Ready as soon as everything has been read."""
        if self._up[PRIVATE] or not (self._clock_good and self._recovery.is_complete):
            return []
        self._recovery.up(now_ns)
        self._wish_fees(now_ns)
        if "symbols" not in self._told:
            self._told.add("symbols")
            self._wish(Query("self_symbols", is_background=True))
        return self._change(now_ns, PRIVATE, True, "open orders, balances and history read", [])

    def _readable(self) -> Sequence[str]:
        return self._codec.instruments.absences.readable(self._symbols)

    def _is_out(self, query: Query) -> bool:
        """Whether a read is of a symbol that the venue's list leaves out."""
        return self._codec.instruments.absences.is_out(query.parameters["symbol"])

    def _forget(self, now_ns: int, query: Query, reason: str) -> list[Any]:
        """A read of a symbol that is gone was refused for that: go on with the others."""
        symbol = query.parameters["symbol"]
        if query.kind == "trades_history":
            self._recovery.history_failed()
        failed = self._recovery.audit.failed(now_ns, f"{query.kind} {symbol} cannot be read: {reason}")
        told = self._codec.instruments.absences.closed(now_ns, VENUE, symbol, reason)
        self._retry_due_ns = now_ns + 1 if told else self._retry_due_ns
        return [*told, *failed]

    def _wish_fees(self, now_ns: int) -> None:
        self._fees_due_ns = now_ns + FEES_NS
        for symbol in self._readable():
            self._wish(Query("trade_fee", {"symbol": symbol}, is_background=True, subject=symbol))

    # --- both -------------------------------------------------------------------------------------------------------

    def _candidates(self, symbol: str) -> Sequence[str]:
        return (symbol,) if symbol else self._symbols

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

    def _take_id(self) -> int:
        self._last_id -= 1
        return self._last_id


def _sockets(symbols: Sequence[str], interval: str, ticker: bool, wish: Any, take_id: Any) -> dict[str, Topics]:
    """Spread the topics of all symbols over as few sockets as hold them; a symbol's topics stay together."""
    each = 3 if ticker else 2
    share = topics.SUBSCRIPTIONS_MAX // each
    sockets: dict[str, Topics] = {}
    for number, at in enumerate(range(0, max(1, len(symbols)), share), 1):
        wanted: list[Topic] = []
        for symbol in symbols[at : at + share]:
            wanted.append(Topic(topics.depth(symbol, interval), symbol))
            wanted.append(Topic(topics.deals(symbol, interval)))
            if ticker:
                wanted.append(Topic(topics.book_ticker(symbol, interval)))
        name = PUBLIC if number == 1 else f"{PUBLIC}{number}"
        sockets[name] = Topics(name, wanted, wish, take_id)
    return sockets

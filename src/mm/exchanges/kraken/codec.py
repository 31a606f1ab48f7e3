"""Kraken's codec: bytes to decoded messages, commands to bytes. No I/O, no clock.

The parts: `wire` (JSON without losing digits), `market_data`, `instruments`, `executions`, `balances`, `responses`
(what comes by websocket), `requests` (what goes), `rest_requests` and `rest_replies`, `errors` (what refusals mean).
The codec remembers instruments and the terms of orders, since Kraken's reports are deltas; it remembers nothing else.

`decode_frame` and `decode_reply` never raise, whatever the venue sends: what is malformed is a value that names the
place, what is unknown is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mm._core.events import Alert, BookFrame, Cancel, Place
from mm._core.kraken_fills import KrakenFills
from mm.exchanges.absences import Absences
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.kraken import requests, responses
from mm.exchanges.kraken.balances import read_balances
from mm.exchanges.kraken.executions import Executions
from mm.exchanges.kraken.instruments import VENUE, Instruments
from mm.exchanges.kraken.market_data import read_status, read_tickers, read_trades
from mm.exchanges.kraken.rest_replies import RestReplies
from mm.exchanges.kraken.rest_requests import RestRequests
from mm.exchanges.kraken.signing import Signer
from mm.exchanges.kraken.terms import Terms
from mm.exchanges.kraken.times import minute
from mm.exchanges.venue import Decoded, HttpRequest, Kind
from mm.exchanges.wire import Malformed, Row, integer, mapping, parse, text
from mm.instruments import Instrument

BOOK_PREFIX: Final = b'{"channel":"book"'
PARKED_MAX: Final = 1_000


class KrakenCodec:
    """See the module's text; the port is `mm.exchanges.kraken.dialect.Dialect`.

    key, secret: of the account, empty without one; symbols: those whose instruments the engine is told (none: all);
    instruments: known beforehand; stp_type, sender_sub_id, deadline_ns: see `requests.Requests`.
    """

    def __init__(
        self,
        key: str = "",
        secret: str = "",
        *,
        symbols: Iterable[str] = (),
        instruments: Iterable[Instrument] = (),
        stp_type: str = "cancel_newest",
        sender_sub_id: str = "",
        deadline_ns: int = requests.DEADLINE_NS,
    ) -> None:
        self.instruments: Final = Instruments(instruments, symbols)
        self.unknown: dict[str, int] = {}
        """Well-formed messages of no known kind, by their name."""
        known = KnownOrders()
        terms = Terms(self.instruments, known)
        signer = Signer(key, secret) if key else None
        self._known = known
        self._executions = Executions(self.instruments, known)
        self.fills: Final = KrakenFills(self.instruments.by_symbol, known, minute)
        """Reads fills in their usual form, without the detour over JSON."""
        self._requests = requests.Requests(terms, stp_type, sender_sub_id, deadline_ns)
        self.request_writer = self._requests.writer
        """Writes orders and amends."""
        self._rest_requests = RestRequests(signer, terms, stp_type, sender_sub_id)
        self._rest_replies = RestReplies(self.instruments, known)
        self._parked: list[tuple[Row, int]] = []

    def __repr__(self) -> str:
        """Without key and secret."""
        return f"KrakenCodec({sum(1 for _ in self.instruments)} instruments, {len(self._known)} orders)"

    @property
    def ignored(self) -> int:
        """Rows of known messages that told nothing known."""
        return self._executions.ignored

    # --- what comes -------------------------------------------------------------------------------------------------

    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a websocket message."""
        if payload.startswith(BOOK_PREFIX):
            # Not parsed here: the engine's native decoder checks it.
            return Decoded(Kind.BOOK, (BookFrame(now_ns, VENUE, payload),), channel="book")
        where = "message"
        try:
            message = mapping(parse(payload), "message")
            if "method" in message:
                where = f"response to {text(message, 'method')}"
                decoded = responses.read_response(message)
                if decoded.kind is Kind.UNKNOWN:
                    self._count(where)
                return decoded
            if "channel" in message:
                where = text(message, "channel")
                return self._data(where, message, payload, now_ns)
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"{where}: {error}", channel=where)
        self._count("neither channel nor method")
        return Decoded(Kind.UNKNOWN)

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a REST reply. kind: of the query, or the command's request name."""
        return self._rest_replies.read(kind, status, body, now_ns)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what the answer to a command, by websocket or REST, means for its order."""
        return responses.response_events(command, decoded, self._known, now_ns)

    def batch_events(
        self, commands: Sequence[Place] | Sequence[Cancel], decoded: Decoded, now_ns: int
    ) -> tuple[Any, ...]:
        """Return what the answer to a batch means for its orders."""
        return responses.batch_events(commands, decoded, self._known, now_ns)

    @property
    def absences(self) -> Absences:
        """Symbols that the venue's lists leave out."""
        return self.instruments.absences

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        """The venue answers that it does not have a symbol; what there is to tell."""
        return self.instruments.left_out(now_ns, symbol)

    # --- what goes by websocket -------------------------------------------------------------------------------------

    def subscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes:
        """Ask for a public channel."""
        return requests.subscribe(channel, symbol, request_id, depth)

    def unsubscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes:
        """Leave a public channel."""
        return requests.unsubscribe(channel, symbol, request_id, depth)

    def subscribe_private(self, channel: str, request_id: int, token: str) -> bytes:
        """Ask for a private channel, with its snapshots."""
        return requests.subscribe_private(channel, request_id, token)

    def unsubscribe_private(self, channel: str, request_id: int, token: str) -> bytes:
        """Leave a private channel."""
        return requests.unsubscribe_private(channel, request_id, token)

    def ping(self, request_id: int) -> bytes:
        """Ask for a pong."""
        return requests.ping(request_id)

    def encode(self, command: Any, request_id: int, token: str, venue_now_ns: int) -> bytes:
        """Return a command's request. Raises LocalError for a command that cannot be sent."""
        return self._requests.encode(command, request_id, token, venue_now_ns)

    def encode_batch(
        self, commands: Sequence[Place] | Sequence[Cancel], request_id: int, token: str, venue_now_ns: int
    ) -> bytes:
        """Return one request for several orders or several cancels."""
        return self._requests.encode_batch(commands, request_id, token, venue_now_ns)

    def encode_cancel_all(self, request_id: int, token: str) -> bytes:
        """Return the request that cancels every order of the account."""
        return requests.cancel_all(request_id, token)

    # --- what goes by REST ------------------------------------------------------------------------------------------

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        """Return a query's request; the kinds are those of `rest_requests`."""
        return self._rest_requests.query(kind, parameters, nonce)

    def encode_rest(self, command: Any, nonce: int) -> HttpRequest:
        """Return a command's request. Raises LocalError for a command that cannot be sent."""
        return self._rest_requests.command(command, nonce)

    def encode_rest_batch(self, commands: Sequence[Place] | Sequence[Cancel], nonce: int) -> HttpRequest:
        """Return one request for several orders or several cancels."""
        return self._rest_requests.batch(commands, nonce)

    def encode_rest_cancel_all(self, nonce: int) -> HttpRequest:
        """Return the request that cancels every order of the account."""
        return self._rest_requests.cancel_all(nonce)

    # --- data messages ----------------------------------------------------------------------------------------------

    def _data(self, channel: str, message: Row, payload: bytes, now_ns: int) -> Decoded:
        if channel == "heartbeat":
            return Decoded(Kind.HEARTBEAT, channel=channel)
        kind = text(message, "type", "")
        if channel == "status":
            return Decoded(Kind.STATUS, read_status(message, now_ns), channel=channel)
        if kind not in ("snapshot", "update"):
            raise Malformed("type: expected snapshot or update")
        decoded = Decoded(Kind.DATA, channel=channel, snapshot=kind == "snapshot")
        if channel == "executions" or channel == "balances":
            decoded.sequence = integer(message, "sequence")
        if channel == "book":
            # Keys in another order than usual.
            decoded.kind, decoded.events = Kind.BOOK, (BookFrame(now_ns, VENUE, payload),)
        elif channel == "trade":
            decoded.events = read_trades(message, self.instruments, now_ns)
        elif channel == "ticker":
            decoded.events = read_tickers(message, self.instruments, now_ns)
        elif channel == "executions":
            decoded.events = self._execution_events(message, now_ns)
        elif channel == "balances":
            decoded.events = read_balances(message, now_ns)
        elif channel == "instrument":
            decoded.events = self.instruments.read_channel(message, now_ns) + self._unpark()
        else:
            decoded.kind = Kind.UNKNOWN
            self._count(channel)
        return decoded

    def _execution_events(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """The private socket can be faster than the list of instruments: then its news waits for their grids."""
        if self.instruments.is_complete or not message.get("data"):
            return self._executions.read(message, now_ns)
        if len(self._parked) >= PARKED_MAX:
            raise Malformed("no list of instruments to read it by")
        self._parked.append((message, now_ns))
        return ()

    def _unpark(self) -> tuple[Any, ...]:
        if not self._parked or not self.instruments.is_complete:
            return ()
        parked, self._parked = self._parked, []
        events: list[Any] = []
        for message, now_ns in parked:
            try:
                events += self._executions.read(message, now_ns)
            except ValueError as error:
                events.append(Alert(now_ns, "error", f"{VENUE}: executions: {error}"))
        return tuple(events)

    def _count(self, name: str) -> None:
        if name in self.unknown or len(self.unknown) < 100:
            self.unknown[name] = self.unknown.get(name, 0) + 1

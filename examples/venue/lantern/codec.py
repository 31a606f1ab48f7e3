"""Bytes to decoded messages, commands to bytes. No I/O, no clock; what the venue sends never raises."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any, Final

from examples.venue.lantern.replies import Replies
from examples.venue.lantern.rows import Rows
from examples.venue.lantern.terms import NAME, SIDE_WORDS, venue_symbol
from mm._core import fixed
from mm._core.events import (
    Amend,
    AmendRejected,
    BookFrame,
    Cancel,
    CancelRejected,
    OrderPending,
    OrderRejected,
    OutcomeUnknown,
    Place,
)
from mm.errors import ConfigError, LocalError
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind
from mm.exchanges.wire import integer, mapping, note, parse, text
from mm.instruments import Instrument

DOUBT: Final = frozenset({ErrorClass.AMBIGUOUS, ErrorClass.BUSY})


class LanternCodec:
    """key, secret: of the account, empty without one; symbols: those whose instruments the engine is told."""

    def __init__(
        self, key: str = "", secret: str = "", *, symbols: Iterable[str] = (), instruments: Iterable[Instrument] = ()
    ) -> None:
        if key and not (key.isascii() and key.isprintable() and secret):
            raise ConfigError("LANTERN_API_KEY", "environment", "a key and its secret, both printable")
        self.instruments = {instrument.symbol: instrument for instrument in instruments}
        self.offset_ns = 0
        """The venue's clock minus ours: requests are signed with the venue's time."""
        self._key = key
        # Only the state of the hash is kept, so that no representation of this object can show the secret.
        self._hash = hmac.new(secret.encode(), digestmod=hashlib.sha256) if key else None
        known = KnownOrders()
        self._known = known
        self._rows = Rows(self.instruments, known)
        self._replies = Replies(self._rows, frozenset(symbols))

    def __repr__(self) -> str:
        """Without key and secret."""
        return f"LanternCodec({len(self.instruments)} instruments, {len(self._known)} orders)"

    # --- what comes -------------------------------------------------------------------------------------------------

    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a message."""
        where = "message"
        try:
            message = mapping(parse(payload), "message")
            if "op" in message:
                return _answer(message)
            where = text(message, "channel")
            if where == "book":
                return Decoded(Kind.BOOK, (BookFrame(now_ns, NAME, payload),), channel=where)
            decoded = Decoded(Kind.DATA, channel=where)
            if where == "trades":
                decoded.events = self._rows.trades(message, now_ns)
            elif where == "status":
                decoded.kind, decoded.events = Kind.STATUS, self._rows.status(message, now_ns)
            elif where == "account":
                decoded.sequence = integer(message, "seq")
                decoded.events = self._rows.account(message, now_ns)
            else:
                decoded.kind = Kind.UNKNOWN
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"{where}: {error}", channel=where)
        return decoded

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a REST reply."""
        return self._replies.read(kind, status, body, now_ns)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what the answer to a command means for its order.

        A success says that the request was taken, and not how it ended: the stream tells. A refusal is final where its
        code says so; anything else is doubt, and is looked up.
        """
        if isinstance(command, Place):
            return self._placed(command, decoded, now_ns)
        if not isinstance(command, Amend | Cancel) or decoded.ok:
            return ()
        head = (now_ns, 0, NAME, command.client_id, command.venue_id)
        error_class = decoded.error_class or ErrorClass.AMBIGUOUS
        if error_class in DOUBT:
            return (OutcomeUnknown(*head, "amend" if isinstance(command, Amend) else "cancel", decoded.error),)
        if isinstance(command, Amend):
            return (AmendRejected(*head, decoded.error, error_class.value),)
        return (CancelRejected(*head, decoded.error, error_class.value, error_class is ErrorClass.GONE),)

    def _placed(self, place: Place, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        head = (now_ns, 0, NAME, place.client_id)
        if decoded.ok:
            self._known.remember(place.client_id, decoded.result, place.symbol, place.side, 0, 0)
            return (OrderPending(*head, decoded.result),)
        error_class = decoded.error_class or ErrorClass.AMBIGUOUS
        if error_class in DOUBT:
            return (OutcomeUnknown(*head, "", "place", decoded.error),)
        return (OrderRejected(*head, "", decoded.error, error_class.value),)

    # --- what goes --------------------------------------------------------------------------------------------------

    def subscribe(self, channel: str, symbol: str = "") -> bytes:
        """Ask for a channel."""
        return _bytes({"op": "subscribe", "channel": channel, "symbol": venue_symbol(symbol)})

    def ping(self, request_id: int) -> bytes:
        """Ask for a pong, which tells the venue's time."""
        return _bytes({"op": "ping", "id": request_id})

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        """Return a query's request; nonce: our time."""
        if kind == "instruments":
            return HttpRequest("GET", "/instruments", (), b"", True)
        if kind == "book":
            return HttpRequest("GET", f"/book?symbol={venue_symbol(parameters['symbol'])}", (), b"", True)
        paths = {
            "session": ("POST", "/session"),
            "balances": ("GET", "/balances"),
            "open_orders": ("GET", "/orders/open"),
            "query_orders": ("GET", f"/orders?id={','.join(parameters.get('venue_ids', ()))}"),
            "closed_orders": ("GET", f"/orders?client_id={parameters.get('client_id', '')}"),
            "executions": ("GET", f"/executions?since={parameters.get('since_ns')}&cursor={parameters.get('cursor')}"),
        }
        if kind not in paths:
            raise LocalError(f"{NAME}: {kind!r} is not a query")
        method, path = paths[kind]
        return self._signed(method, path, b"", nonce, is_read=True)

    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        """Return a command's request. Raises LocalError for one that the venue has not."""
        if isinstance(command, Place):
            return self._signed("POST", "/orders", _bytes(self._order(command)), nonce, is_read=False)
        if isinstance(command, Amend):
            instrument = self._instrument(command.symbol)
            terms = {
                "price": instrument.price_text(command.price),
                "size": instrument.size_text(command.size),
                **({"id": command.venue_id} if command.venue_id else {"client_id": command.client_id}),
            }
            return self._signed("PATCH", "/orders", _bytes(terms), nonce, is_read=False)
        if isinstance(command, Cancel):
            which = f"id={command.venue_id}" if command.venue_id else f"client_id={command.client_id}"
            return self._signed("DELETE", f"/orders?{which}", b"", nonce, is_read=False)
        raise LocalError(f"{NAME}: {type(command).__name__} is not a request: the venue has none")

    def _order(self, place: Place) -> dict[str, Any]:
        instrument = self._instrument(place.symbol)
        if place.order_type != "limit" or place.time_in_force not in ("gtc", "ioc"):
            raise LocalError(f"{NAME}: {place.order_type} {place.time_in_force}: expected limit, gtc or ioc")
        self._known.placed(place)
        return {
            "client_id": place.client_id,
            "symbol": venue_symbol(place.symbol),
            "side": SIDE_WORDS[place.side],
            "price": fixed.to_text(place.price, instrument.price_precision),
            "size": fixed.to_text(place.size, instrument.size_precision),
            "time_in_force": place.time_in_force,
            "post_only": place.post_only,
        }

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self.instruments.get(symbol)
        if instrument is None:
            raise LocalError(f"{NAME}: {symbol} is not known yet")
        return instrument

    def _signed(self, method: str, path: str, body: bytes, nonce: int, *, is_read: bool) -> HttpRequest:
        if self._hash is None:
            raise LocalError(f"{NAME}: {path} needs an API key")
        time = str(nonce + self.offset_ns)
        signer = self._hash.copy()
        signer.update(f"{time}{method}{path}".encode() + body)
        headers = (("X-Key", self._key), ("X-Time", time), ("X-Signature", signer.hexdigest()))
        return HttpRequest(method, path, headers, body, is_read)


def _answer(message: dict[str, Any]) -> Decoded:
    op = text(message, "op")
    if op == "pong":
        time_ns = integer(message, "time")
        return Decoded(Kind.PONG, request_id=integer(message, "id"), time_in_ns=time_ns, time_out_ns=time_ns)
    if op == "subscribed":
        # Of the account channel: the number of the last message before the subscription.
        return Decoded(Kind.SUBSCRIBED, channel=text(message, "channel"), sequence=integer(message, "seq", 0))
    if op == "refused":
        return Decoded(Kind.SUBSCRIBED, ok=False, error=note(message, "message"), channel=text(message, "channel", ""))
    return Decoded(Kind.UNKNOWN)


def _bytes(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()

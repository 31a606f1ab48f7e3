"""MEXC Spot's codec: bytes to decoded messages, commands to bytes. No I/O, no clock.

The parts: `pushes` (what comes in protobuf), `rest_requests` and `rest_replies`, `responses` and `errors` (what answers
mean), `instruments`, `terms`. It remembers instruments, orders and the names of fills, and nothing else.

`decode_frame` and `decode_reply` never raise, whatever the venue sends: what is malformed is a value that names the
place, what is unknown is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mm._core import mexc_push
from mm._core.events import BookFrame, Fill, Place
from mm._core.mexc_orders import MexcSpotOrders
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_spot import responses
from mm.exchanges.mexc_spot.fills import FillIds
from mm.exchanges.mexc_spot.instruments import Instruments
from mm.exchanges.mexc_spot.numbers import VENUE
from mm.exchanges.mexc_spot.pushes import AGGRE_DEPTHS, Pushes
from mm.exchanges.mexc_spot.rest_replies import RestReplies, whole_code
from mm.exchanges.mexc_spot.rest_requests import RECV_WINDOW_MS, RestRequests
from mm.exchanges.mexc_spot.signing import Signer
from mm.exchanges.mexc_spot.terms import Terms
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind
from mm.exchanges.wire import Malformed, mapping, note, parse, readable
from mm.instruments import Instrument

DEPTH_CHANNEL: Final = b"spot@public.aggre.depth."
BAD_KEY: Final = b"Invalid listen key"
REFUSED: Final = "not subscribed successfully"


class MexcSpotCodec:
    """See the module's text.

    key, secret: of the account, empty without one; symbols: those whose instruments the engine is told (none: all);
    instruments: known beforehand; stp_mode: who gives way when two orders of one group meet; recv_window_ms: how old a
    request may be when it arrives.
    """

    def __init__(
        self,
        key: str = "",
        secret: str = "",
        *,
        symbols: Iterable[str] = (),
        instruments: Iterable[Instrument] = (),
        stp_mode: str = "",
        recv_window_ms: int = RECV_WINDOW_MS,
    ) -> None:
        self.instruments: Final = Instruments(instruments, symbols)
        self.unknown: dict[str, int] = {}
        """Well-formed messages of no known kind, by their channel."""
        self._known = KnownOrders()
        self.terms: Final = Terms(self.instruments, self._known, stp_mode)
        self._pushes = Pushes(self.instruments, self._known, FillIds())
        signer = Signer(key, secret) if key else None
        self._requests = RestRequests(signer, self.terms, recv_window_ms)
        self.orders: Final = self._orders(signer, recv_window_ms)
        """Writes orders without the detour over texts; None without a key."""
        self._replies = RestReplies(self.instruments, self._known, self._pushes)

    def __repr__(self) -> str:
        """Without key and secret."""
        return f"MexcSpotCodec({sum(1 for _ in self.instruments)} instruments, {len(self._known)} orders)"

    def booked(self, fills: Iterable[Fill]) -> None:
        """Take the fills that an earlier start has booked: the venue may tell them again by other names."""
        self._pushes.booked(fills)

    def _orders(self, signer: Signer | None, recv_window_ms: int) -> MexcSpotOrders | None:
        if signer is None:
            return None
        instruments, known, other = self.instruments.by_symbol, self._known, self._requests.command
        return MexcSpotOrders(
            instruments, known, signer.sign, other, signer.headers, self.terms.stp_text, recv_window_ms
        )

    @property
    def ignored(self) -> int:
        """Pushes that told nothing known."""
        return self._pushes.ignored

    # --- what comes -------------------------------------------------------------------------------------------------

    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a websocket message, text or binary."""
        first = payload[:1]
        # No field of a push can begin with these bytes: their wire type is none.
        if first in (b"{", b"["):
            return self._text(payload)
        if payload.startswith(BAD_KEY):
            return Decoded(Kind.STATUS, ok=False, error="invalid listen key", error_class=ErrorClass.TOKEN)
        push = mexc_push(payload)
        if isinstance(push, str):
            return Decoded(Kind.MALFORMED, ok=False, error=f"push: {push}")
        channel, symbol, created_ms, sent_ms, number, body = push
        if number == AGGRE_DEPTHS:
            return Decoded(Kind.BOOK, (BookFrame(now_ns, VENUE, payload),), channel="depth")
        where = readable(channel).encode("ascii", "replace").decode()
        if body is None:
            if not channel:
                return Decoded(Kind.MALFORMED, ok=False, error="push: no channel and no body that is known")
            self._count(where)
            return Decoded(Kind.UNKNOWN, channel=where)
        try:
            events = self._pushes.read(number, symbol or _tail(channel), sent_ms or created_ms, body, now_ns)
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=readable(f"{where}: {error}"), channel=where)
        return Decoded(Kind.DATA, events, channel=where)

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a REST reply. kind: of the query, or the command's request name."""
        return self._replies.read(kind, status, body, now_ns)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what the answer to a command means for its order."""
        return responses.response_events(command, decoded, self._known, now_ns)

    def batch_events(self, places: Sequence[Place], decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what the answer to a batch means for its orders."""
        return responses.batch_events(places, decoded, self._known, now_ns)

    def fee_events(self, symbol: str, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what a reply of `trade_fee` for a symbol tells."""
        return self._replies.fee_events(symbol, decoded.result, now_ns)

    # --- what goes --------------------------------------------------------------------------------------------------

    def clock_offset(self, offset_ns: int) -> None:
        """Take the venue's time minus ours: requests carry the venue's."""
        self._requests.offset_ns = offset_ns
        if self.orders is not None:
            self.orders.offset_ns = offset_ns

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        """Return a query's request; the kinds are those of `rest_requests`."""
        return self._requests.query(kind, parameters, nonce)

    def encode_rest(self, command: Any, nonce: int) -> HttpRequest:
        """Return a command's request. Raises LocalError for a command that cannot be sent."""
        return self._requests.command(command, nonce)

    def encode_rest_batch(self, places: Sequence[Place], nonce: int) -> HttpRequest:
        """Return one request for several orders of one symbol."""
        return self._requests.batch(places, nonce)

    def encode_rest_cancel_all(self, symbols: Sequence[str], nonce: int) -> HttpRequest:
        """Return the request that cancels every order of the account on one to five symbols."""
        return self._requests.cancel_all(symbols, nonce)

    # --- text messages ----------------------------------------------------------------------------------------------

    def _text(self, payload: bytes) -> Decoded:
        """Take an answer like `{"id":7,"code":0,"msg":"<topic>"}`. A refusal has code 0 as well: its text tells."""
        try:
            message = mapping(parse(payload), "message")
            code = whole_code(message)
            request_id = message.get("id")
            request_id = request_id if type(request_id) is int and 0 <= request_id < 2**63 else 0
            words = message.get("msg")
            if type(words) is not str:
                raise Malformed("msg: expected text")
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"message: {error}")
        if words == "PONG":
            return Decoded(Kind.PONG, request_id=request_id)
        if code != 0 or words.strip().lower().startswith(REFUSED):
            reason = note(message, "msg").encode("ascii", "replace").decode()
            return Decoded(
                Kind.SUBSCRIBED,
                request_id=request_id,
                ok=False,
                error=reason or f"code {code}",
                error_class=ErrorClass.REJECTED,
                channel=_named(words),
            )
        return Decoded(Kind.SUBSCRIBED, request_id=request_id, channel=note(message, "msg"))

    def _count(self, name: str) -> None:
        if name in self.unknown or len(self.unknown) < 100:
            self.unknown[name] = self.unknown.get(name, 0) + 1


def _tail(channel: str) -> str:
    return channel.rpartition("@")[2]


def _named(words: str) -> str:
    """Return the topic that a refusal names: `Not Subscribed successfully! [<topic>]. ...`."""
    return readable(words.partition("[")[2].partition("]")[0])

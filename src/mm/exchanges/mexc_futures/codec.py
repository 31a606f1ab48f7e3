"""MEXC Futures' codec: bytes to decoded messages, commands to bytes. No I/O, no clock.

The parts: `pushes`, `orders` and `account` (what comes), `rest_requests` and `rest_replies`, `responses` and `errors`
(what answers mean), `contracts`, `terms`. It remembers contracts and orders, and nothing else.

`decode_frame` and `decode_reply` never raise, whatever the venue sends: what is malformed is a value that names the
place, what is unknown is counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mm._core.events import BookFrame, Cancel, Place
from mm._core.mexc_orders import MexcFuturesOrders
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_futures import responses
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.mexc_futures.orders import Orders
from mm.exchanges.mexc_futures.pushes import Pushes
from mm.exchanges.mexc_futures.rest_replies import RestReplies
from mm.exchanges.mexc_futures.rest_requests import RestRequests
from mm.exchanges.mexc_futures.signing import Signer
from mm.exchanges.mexc_futures.terms import Terms, TradingMode
from mm.exchanges.venue import Decoded, HttpRequest, Kind
from mm.exchanges.wire import Malformed, mapping, parse, readable
from mm.instruments import Instrument

DEPTH: Final = b'"push.depth"'
GZIP: Final = b"\x1f\x8b"
INFLATED_MAX: Final = 8_000_000
"""Far above any push; what inflates to more is not from the venue."""


class MexcFuturesCodec:
    """See the module's text.

    key, secret: of the account, empty without one; symbols: those whose contracts the engine is told (none: all);
    instruments: known beforehand; mode: how the account is set up.
    """

    def __init__(
        self,
        key: str = "",
        secret: str = "",
        *,
        symbols: Iterable[str] = (),
        instruments: Iterable[Instrument] = (),
        mode: TradingMode | None = None,
    ) -> None:
        self.contracts: Final = Contracts(instruments, symbols)
        self.unknown: dict[str, int] = {}
        """Well-formed messages of no known kind, by their channel."""
        self._known = KnownOrders()
        self.terms: Final = Terms(self.contracts, self._known, mode or TradingMode())
        self._orders = Orders(self.contracts, self._known)
        self._pushes = Pushes(self.contracts, self._orders)
        signer = Signer(key, secret) if key else None
        self.requests: Final = RestRequests(signer, self.terms)
        self.orders: Final = self._fast_orders(signer)
        """Writes orders without the detour over texts; None without a key."""
        self._replies = RestReplies(self.contracts, self._known, self._orders)

    def __repr__(self) -> str:
        """Without key and secret."""
        return f"MexcFuturesCodec({sum(1 for _ in self.contracts)} contracts, {len(self._known)} orders)"

    def _fast_orders(self, signer: Signer | None) -> MexcFuturesOrders | None:
        if signer is None:
            return None
        contracts, known, other = self.contracts.by_name, self._known, self.requests.command
        return MexcFuturesOrders(contracts, known, signer.sign_text, other, signer.key, self.terms.tail)

    @property
    def mode(self) -> TradingMode:
        """How the account is meant to be set up."""
        return self.terms.mode

    @property
    def ignored(self) -> int:
        """Rows and pushes that told nothing that is used here."""
        return self._orders.ignored + self._pushes.ignored

    # --- what comes -------------------------------------------------------------------------------------------------

    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a websocket message."""
        where = "message"
        try:
            if payload.startswith(GZIP):
                payload = _inflated(payload)
            if DEPTH in payload:
                # Not parsed here: the engine's native decoder checks it.
                return Decoded(Kind.BOOK, (BookFrame(now_ns, VENUE, payload),), channel="depth")
            message = mapping(parse(payload), "message")
            channel = message.get("channel")
            where = readable(channel).encode("ascii", "replace").decode() if type(channel) is str else where
            decoded = self._pushes.read(message, now_ns)
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"{where}: {error}", channel=where)
        if decoded.kind is Kind.UNKNOWN:
            self._count(where)
        return decoded

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a REST reply. kind: of the query, or the command's request name."""
        return self._replies.read(kind, status, body, now_ns)

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what the answer to a command means for its order."""
        return responses.response_events(command, decoded, self._known, now_ns)

    def batch_events(
        self, commands: Sequence[Place] | Sequence[Cancel], decoded: Decoded, now_ns: int
    ) -> tuple[Any, ...]:
        """Return what the answer to a batch means for its orders."""
        return responses.batch_events(commands, decoded, self._known, now_ns)

    def fee_events(self, symbol: str, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        """Return what a reply of `fees` for a symbol tells."""
        return self._replies.fee_events(symbol, decoded.result, now_ns)

    # --- what goes --------------------------------------------------------------------------------------------------

    def clock_offset(self, offset_ns: int) -> None:
        """Take the venue's time minus ours: requests carry the venue's."""
        self.requests.offset_ns = offset_ns
        if self.orders is not None:
            self.orders.offset_ns = offset_ns

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        """Return a query's request; the kinds are those of `rest_requests`."""
        return self.requests.query(kind, parameters, nonce)

    def encode_rest(self, command: Any, nonce: int) -> HttpRequest:
        """Return a command's request. Raises LocalError for a command that cannot be sent."""
        return self.requests.command(command, nonce)

    def _count(self, name: str) -> None:
        if name in self.unknown or len(self.unknown) < 100:
            self.unknown[name] = self.unknown.get(name, 0) + 1


def _inflated(payload: bytes) -> bytes:
    """The text of a gzip frame. Raises Malformed."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(payload, INFLATED_MAX)
    except zlib.error as error:
        raise Malformed(f"not gzip: {error}") from None
    if not inflater.eof:
        raise Malformed("gzip: cut off, or too long")
    return text

"""What the session and the link ask of Kraken's codec; tests implement it in a few lines of plain JSON."""

from __future__ import annotations

from typing import Any, Protocol

from mm._core.kraken_fills import KrakenFills
from mm._core.kraken_requests import KrakenRequestWriter
from mm.exchanges.absences import Absences
from mm.exchanges.venue import Decoded, HttpRequest


class Dialect(Protocol):
    """Requests to bytes, bytes to decoded messages; no I/O, no clock, no exception for what the venue sends."""

    @property
    def fills(self) -> KrakenFills:
        """Reads fills in their usual form, and keeps the count of the channel for the session."""
        ...

    @property
    def absences(self) -> Absences:
        """Symbols that the venue's lists leave out."""
        ...

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        """The venue answers that it does not have a symbol; what there is to tell."""
        ...

    def subscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes:
        """Ask for a channel; `symbol` is empty for `instrument`, `depth` counts for `book`."""
        ...

    def unsubscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes: ...
    def subscribe_private(self, channel: str, request_id: int, token: str) -> bytes:
        """Ask for `executions` (both snapshots) or `balances` (with snapshot)."""
        ...

    def unsubscribe_private(self, channel: str, request_id: int, token: str) -> bytes: ...
    def ping(self, request_id: int) -> bytes: ...
    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded: ...
    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Decode the answer to a query or command (its `request_name`) sent over REST."""
        ...

    @property
    def request_writer(self) -> KrakenRequestWriter | None:
        """What `encode` writes with, past the codec; None where it does so itself."""
        ...

    def encode(self, command: Any, request_id: int, token: str, venue_now_ns: int) -> bytes: ...
    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest: ...
    def encode_rest(self, command: Any, nonce: int) -> HttpRequest: ...
    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]: ...

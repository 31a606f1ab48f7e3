"""The port between a link and a venue's session rules: what the link tells, what the session wishes.

A session is as pure as the link: it takes times and decoded messages, returns events for the engine, and leaves its
wishes to be drained. The link owns sockets' lives, request order, time-outs and retries; the session owns what is said
on them: subscriptions, tokens, sequence numbers, recovery reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from mm._core.events import Fill
from mm._core.order_writer import OrderWriter, SocketOrders
from mm._core.plain_frames import PlainFrames
from mm.exchanges.venue import Decoded, HttpRequest

FEES_NS: Final = 600_000_000_000
"""Between two looks at the account's rates: they go by the volume of thirty days, and nobody tells of a change."""


@dataclass(slots=True)
class Transmit:
    """Write a message on a channel (dropped when it is not open: the next `opened` starts afresh)."""

    channel: str
    payload: bytes = field(repr=False)


@dataclass(slots=True)
class Query:
    """Read something over REST, however many tries it takes within the link's limits.

    kind: the codec's name of the request; subject: what of its kind is asked for (a symbol). One that still waits is
    replaced by a newer one of its kind and subject. is_background: after all others.
    """

    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)
    is_private: bool = True
    is_background: bool = False
    subject: str = ""
    generation: int = 0
    """The session's own mark: an answer to a question of an earlier life is ignored."""
    sent_ns: int = 0
    """When its request left, by the link: of the last try, which the answer is to."""


@dataclass(slots=True)
class Reconnect:
    """Close a channel and connect it anew."""

    channel: str
    reason: str


@dataclass(slots=True)
class Halt:
    """Stop everything that needs the key: it or its rights were refused, and asking again would lock the account."""

    reason: str


Wish = Transmit | Query | Reconnect | Halt
Events = Sequence[Any]


class Session(Protocol):
    """A venue's session rules."""

    @property
    def venue(self) -> str: ...
    @property
    def urls(self) -> dict[str, str]:
        """Channel name to address; an empty one is not known yet, and its channel waits. Asked after each input."""
        ...

    @property
    def book_prefix(self) -> bytes | tuple[bytes, ...]:
        """How a book frame begins, for all frames the venue writes in its usual order of keys; empty if unknown.

        Frames that begin so do not pass the session. Asked after each input that is not such a frame.
        """
        ...

    @property
    def clock_query(self) -> str:
        """The public read that tells the venue's clock; empty where the answer to a ping does."""
        ...

    @property
    def orders_in_flight_max(self) -> int:
        """How many order requests may be under way over REST at once; 1 where a nonce has to rise on arrival."""
        ...

    @property
    def plain(self) -> PlainFrames | None:
        """Takes private messages past the session, where they mean nothing but their events; None without one."""
        ...

    @property
    def rest_orders(self) -> OrderWriter | None:
        """Writes orders where they go over REST, past the session; None where `encode_command` does that."""
        ...

    @property
    def socket_orders(self) -> SocketOrders | None:
        """What `encode`, `can_cancel` and `is_up` say of orders, past the session; None where they have to be asked."""
        ...

    @property
    def in_maintenance(self) -> bool:
        """The venue says that it is down for maintenance: connect slowly."""
        ...

    def start(self, now_ns: int, history_since_ns: int) -> Events: ...
    def opened(self, now_ns: int, channel: str) -> Events: ...
    def closed(self, now_ns: int, channel: str, reason: str) -> Events: ...
    def message(self, now_ns: int, channel: str, decoded: Decoded) -> Events:
        """Take a message that is not an answer to a trading request, a malformed one too (it may have told anything);
        its own events are among those returned."""
        ...

    def reply(self, now_ns: int, query: Query, decoded: Decoded) -> Events: ...
    def given_up(self, now_ns: int, query: Query, reason: str) -> Events:
        """A read failed for good."""
        ...

    def deadline(self, now_ns: int) -> Events: ...
    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        ...

    def resync(self, now_ns: int, symbol: str, reason: str) -> Events: ...
    def read_history(self, now_ns: int, since_ns: int) -> None:
        """Read own trades from a time on; they come as events of replies."""
        ...

    def reconcile(self, now_ns: int, reason: str) -> Events:
        """Read the whole account once more, behind all other reads: open orders, own trades since before the last one
        that was heard of, balances, positions and funding. They come as events of replies, and `AccountRead` after the
        last of them, or once one of them cannot be read. See `mm.exchanges.audit`.
        """
        ...

    def clock_ok(self, now_ns: int, ok: bool) -> Events:
        """The clock is inside the bound that trading needs, or is not."""
        ...

    def clock_offset(self, offset_ns: int, uncertainty_ns: int) -> None:
        """Take the venue's time minus ours, as estimated, and how far that may be off."""
        ...

    def token_refused(self, now_ns: int) -> Events:
        """A trading request was refused for its token."""
        ...

    def is_subscribed(self, channel: str) -> bool:
        """Something is subscribed: heartbeats are due."""
        ...

    def is_up(self, channel: str) -> bool: ...
    def can_cancel(self) -> bool:
        """The private socket is logged in: requests can be sent, whether or not the recovery reads are done.

        Never, where orders are entered over REST: then all commands go there.
        """
        ...

    def wishes(self) -> list[Wish]:
        """Take what is wished since the last call."""
        ...

    def call_cost(self, kind: str) -> int:
        """Points that a read costs on the venue's call counter."""
        ...

    def reads(self, kind: str, parameters: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """The calls that a read about orders takes, by their parameters: one, or one for each symbol or order."""
        ...

    def farewell(self) -> Sequence[Query]:
        """What is sent off at the end without waiting for an answer."""
        ...

    def ping(self, request_id: int) -> bytes: ...
    def decode(self, payload: bytes, now_ns: int) -> Decoded: ...
    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded: ...
    def encode(self, command: Any, request_id: int, venue_now_ns: int) -> bytes:
        """A command as a websocket request; venue_now_ns: the venue's time as we estimate it, for deadlines."""
        ...

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest: ...
    def encode_command(self, command: Any, nonce: int) -> HttpRequest:
        """A command as a REST request."""
        ...

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> Events: ...


class Renaming(Protocol):
    """What the session of a venue has besides whose capabilities say `renames_fills`."""

    def booked(self, fills: Sequence[Fill]) -> None:
        """Take the newest fills of earlier starts, before the first connection: each keeps the name that it has here,
        whichever name the venue tells it by."""
        ...

"""What every venue's codec and session speak: capabilities, decoded messages, classes of errors, HTTP requests.

Nothing here does I/O or reads a clock. A malformed message is a value (`Kind.MALFORMED` with `error`), never an
exception: what a venue sends cannot kill a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from mm._core.http_request import HttpRequest


class Kind(Enum):
    """What a decoded message is."""

    BOOK = "book"
    DATA = "data"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    PONG = "pong"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    RESPONSE = "response"
    """An answer to a trading request over the websocket."""
    REPLY = "reply"
    """An answer to a REST request."""
    UNKNOWN = "unknown"
    """Well-formed, of no known kind: counted and ignored."""
    MALFORMED = "malformed"
    """Not what the venue's protocol allows, or not even JSON."""


class ErrorClass(Enum):
    """What a refusal means for the request that it answers."""

    REJECTED = "rejected"
    """Definitive: not carried out, and the same request will not be."""
    RETRY = "retry"
    """Not carried out; may be tried again after a pause."""
    RATE = "rate"
    """Not carried out: a rate limit; wait for it to decay."""
    MODE = "mode"
    """Not carried out: the market's mode forbids it."""
    TOKEN = "token"
    """Not carried out: the session token is not accepted (any more)."""
    NONCE = "nonce"
    """Not carried out: the nonce was too low."""
    CLOCK = "clock"
    """Not carried out: it bore a time that is too far from the venue's."""
    GONE = "gone"
    """The target order is not open (any more)."""
    BUSY = "busy"
    """Order requests: the outcome is unknown. Reads: may be tried again."""
    AMBIGUOUS = "ambiguous"
    """The outcome is unknown."""
    FATAL = "fatal"
    """Key, rights or account: stop, do not retry."""


@dataclass(slots=True)
class Decoded:
    """One message of the venue.

    events: what it tells the engine; request_id: the request it answers (0 none); ok, error, error_class: how;
    channel, symbol, sequence, snapshot: of a data message or an acknowledgement; time_in_ns, time_out_ns: the venue's
    receive and send times of a request, or of its clock (0 unknown); rows, total: rows in a page of a paged reply and
    rows in all its pages; result: anything else the reply gives, by kind.
    """

    kind: Kind
    events: tuple[Any, ...] = ()
    request_id: int = 0
    ok: bool = True
    error: str = ""
    error_class: ErrorClass | None = None
    channel: str = ""
    symbol: str = ""
    sequence: int = 0
    snapshot: bool = False
    time_in_ns: int = 0
    time_out_ns: int = 0
    rows: int = 0
    total: int = 0
    result: Any = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a venue can do.

    order_rate_by_account: it counts order requests of all symbols together; margin: its positions have a leverage, a
    margin mode and a position mode; tells_rights: it says what a key may do; rising_nonces: it refuses a request whose
    nonce is not above all earlier ones of its key; renames_fills: its stream and its lists may have names of their own
    for one fill, so that its session is told of the booked ones (`Session.booked`).
    """

    amend: bool
    batch_place_max: int
    batch_cancel_max: int
    dead_man_switch: bool
    post_only: bool
    reduce_only: bool
    client_id_length_max: int
    order_rate_by_account: bool = False
    margin: bool = False
    tells_rights: bool = False
    rising_nonces: bool = False
    renames_fills: bool = False


__all__ = ["Capabilities", "Decoded", "ErrorClass", "HttpRequest", "Kind"]

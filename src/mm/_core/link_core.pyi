from typing import Any, ClassVar, Final, final

from typing_extensions import disjoint_base

from mm._core.event import Event
from mm._core.http_request import HttpRequest
from mm._core.order_writer import OrderWriter
from mm._core.plain_frames import PlainFrames
from mm._core.rest_core import Call, RestCore

OUTSTANDING_MAX: Final[int]
PLACE_WAIT_NS_MAX: Final[int]
PLACE_CONNECT_NS_MAX: Final[int]

@final
class Send:
    """Write one text message."""

    def __init__(self, channel: str, payload: bytes, request_id: int = 0) -> None: ...
    @property
    def channel(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def request_id(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Request:
    """Send one HTTP request; answered by `reply`, once, whatever happens."""

    def __init__(self, venue: str, request_id: int, request: HttpRequest, timeout_ns: int, wait_ns: int) -> None: ...
    @property
    def venue(self) -> str: ...
    @property
    def request_id(self) -> int: ...
    @property
    def request(self) -> HttpRequest: ...
    @property
    def timeout_ns(self) -> int: ...
    @property
    def wait_ns(self) -> int: ...

@final
class LinkCounters:
    """What a link has seen, for the metrics reader."""

    connects: int
    malformed: int
    unknown: int
    calls: int
    call_failures: int

@final
class Outstanding:
    """A request without an answer."""

    @property
    def request_id(self) -> int: ...
    @property
    def sent_ns(self) -> int: ...
    @property
    def deadline_ns(self) -> int: ...
    @property
    def command(self) -> Any: ...
    @property
    def key(self) -> str: ...
    @property
    def by_rest(self) -> bool: ...

def order_key(command: Event) -> str: ...

@disjoint_base
class ChannelCore:
    """What each message of a socket asks and tells."""

    last_frame_ns: int
    # Any: a phase of `mm.net.channel`, which the core does not know.
    phase: Any

@disjoint_base
class EntryCore:
    """The requests under way."""

    def __init__(self, timeout_ns: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def timeout_ns(self) -> int: ...
    @property
    def outstanding(self) -> dict[int, Outstanding]: ...
    @property
    def busy(self) -> dict[str, Outstanding]: ...
    def sent(self, now_ns: int, request_id: int, command: Event, by_rest: bool) -> None: ...

@disjoint_base
class TradingCore:
    """The plain case of order entry."""

    clock_offset_ns: int
    last_id: int
    def __init__(self, session: Any, actions: list[Any], entry: EntryCore) -> None: ...
    @property
    def session(self) -> Any: ...
    @property
    def actions(self) -> list[Any]: ...
    @property
    def entry(self) -> Any: ...
    def take_id(self) -> int: ...
    def send(self, now_ns: int, command: Event) -> Any: ...
    def submit(self, now_ns: int, command: Event) -> Any: ...

@disjoint_base
class LinkCore:
    """What a link does with a book frame, with a fill and with an order."""

    other_due_ns: int
    _nonce: int
    _calls: dict[int, Call]
    book_prefixes: tuple[bytes, ...]
    def __init__(
        self,
        venue: str,
        channels: dict[str, Any],
        actions: list[Any],
        trading: TradingCore,
        rest: RestCore,
        open_phase: Any,
        book_prefixes: tuple[bytes, ...],
        plain: PlainFrames | None = None,
        orders: OrderWriter | None = None,
    ) -> None: ...
    @property
    def counters(self) -> LinkCounters: ...
    @property
    def venue(self) -> str: ...
    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool = True) -> Any: ...
    def submit(self, now_ns: int, command: Event) -> Any: ...
    def drain(self) -> list[Any]: ...

from collections.abc import Callable
from typing import Any, final

from mm._core.commands import Amend, Place
from mm._core.event import Event
from mm._core.order_writer import SocketOrders, TokenCore

@final
class KrakenRequestWriter:
    """Writes orders and amends."""

    def __init__(
        self,
        terms: Any,
        other: Callable[[Any, int, str], bytes],
        check_kind: Callable[[str, str, bool], None],
        order_tail: bytes,
        deadline_ns: int,
    ) -> None: ...
    @property
    def deadline_ns(self) -> int: ...
    def write(self, command: Event, request_id: int, token: str, venue_now_ns: int) -> bytes: ...
    def amend(self, command: Amend, request_id: int, token: str, venue_now_ns: int) -> bytes: ...
    def place(self, command: Place, request_id: int, token: str, venue_now_ns: int) -> bytes: ...
    def order(self, command: Place) -> bytes: ...
    def deadline(self, venue_now_ns: int) -> bytes: ...

@final
class KrakenSocketOrders(SocketOrders):
    """The same from a link, with the token in use."""

    def __init__(
        self,
        up: dict[str, bool],
        opened: dict[str, bool],
        token: TokenCore,
        writer: KrakenRequestWriter | None,
        other: Callable[[Any, int, str, int], bytes],
    ) -> None: ...

from collections.abc import Callable
from typing import Any, final

from mm._core.commands import Amend, Place
from mm._core.event import Event

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

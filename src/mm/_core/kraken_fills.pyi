from collections.abc import Callable
from typing import Any, final

from mm._core.events import Fill
from mm._core.known_orders import KnownOrders
from mm._core.plain_frames import PlainFrames

@final
class KrakenFills(PlainFrames):
    """Reads fills and keeps the count of the channel."""

    is_up: bool
    sequence: int
    last_fill_ns: int

    # Any: instruments of `mm.instruments`, which the core does not know.
    def __init__(self, instruments: dict[str, Any], known: KnownOrders, minute_of: Callable[[str], int]) -> None: ...
    @property
    def known(self) -> KnownOrders: ...
    def take(self, now_ns: int, payload: bytes) -> list[Fill] | None: ...
    def read(self, now_ns: int, payload: bytes) -> tuple[list[Fill], int] | None: ...

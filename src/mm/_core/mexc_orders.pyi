from collections.abc import Callable
from typing import Any, final

from typing_extensions import disjoint_base

from mm._core.http_request import HttpRequest
from mm._core.known_orders import KnownOrders
from mm._core.order_writer import OrderWriter

@disjoint_base
class MexcOrders(OrderWriter):
    """What both markets share. offset_ns: the venue's clock minus ours, set by the session."""

    offset_ns: int

    # Any: instruments of `mm.instruments`, which the core does not know, and a command of any kind.
    def __init__(
        self,
        instruments: dict[str, Any],
        known: KnownOrders,
        sign: Callable[[str], str],
        other: Callable[[Any, int], HttpRequest],
    ) -> None: ...

@final
class MexcSpotOrders(MexcOrders):
    """Orders of MEXC Spot."""

    def __init__(
        self,
        instruments: dict[str, Any],
        known: KnownOrders,
        sign: Callable[[str], str],
        other: Callable[[Any, int], HttpRequest],
        headers: tuple[tuple[str, str], ...],
        tail: str,
        recv_window_ms: int,
    ) -> None: ...

@final
class MexcFuturesOrders(MexcOrders):
    """Orders of MEXC Futures."""

    def __init__(
        self,
        instruments: dict[str, Any],
        known: KnownOrders,
        sign: Callable[[str], str],
        other: Callable[[Any, int], HttpRequest],
        key: str,
        tail: str,
    ) -> None: ...

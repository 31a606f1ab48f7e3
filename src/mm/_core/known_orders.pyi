from typing import Final, final

from mm._core.events import Place

OPEN_MAX: Final[int]
CLOSED_MAX: Final[int]
PLACED_MAX: Final[int]

@final
class KnownOrder:
    """The last known terms of one order."""

    client_id: str
    venue_id: str
    symbol: str
    side: int
    price: int
    size: int
    post_only: bool | None
    is_closed: bool

    def __init__(
        self,
        client_id: str,
        venue_id: str,
        symbol: str,
        side: int,
        price: int,
        size: int,
        post_only: bool | None,
        is_closed: bool = False,
    ) -> None: ...

@final
class KnownOrders:
    """Orders by client id and by venue id, the oldest forgotten first."""

    def __init__(self, open_max: int = 20_000, closed_max: int = 10_000) -> None: ...
    @property
    def by_venue(self) -> dict[str, KnownOrder]: ...
    def __len__(self) -> int: ...
    def placed(self, command: Place) -> None: ...
    def find(self, client_id: str, venue_id: str) -> KnownOrder | None: ...
    def remember(
        self,
        client_id: str,
        venue_id: str,
        symbol: str,
        side: int,
        price: int,
        size: int,
        post_only: bool | None = None,
    ) -> KnownOrder: ...
    def close(self, known: KnownOrder) -> None: ...

"""The slow twin of `mm._core.known_orders`: plain dictionaries.

What a codec remembers of orders: Kraken's reports are deltas, MEXC's queries need the symbol of an order.

With Kraken, everything after `pending_new` names neither symbol nor price nor quantity, so that without a memory a
report's numbers could not be scaled. Open orders are remembered until they end; ended ones for a while, since a second
terminal marker or a late fill may follow.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from mm._core.events import Place

OPEN_MAX: Final = 20_000
"""Many times what an account may have open (225 a pair); foreign orders count too."""
CLOSED_MAX: Final = 10_000
PLACED_MAX: Final = 100


@dataclass(slots=True, eq=False)
class KnownOrder:
    """The last known terms of one order. price, size: units, 0 unknown; post_only: None unknown."""

    client_id: str
    venue_id: str
    symbol: str
    side: int
    price: int
    size: int
    post_only: bool | None
    is_closed: bool = False


class KnownOrders:
    """Orders by client id and by venue id, the oldest forgotten first."""

    __slots__ = ("_by_client", "_closed", "_closed_max", "_open", "_open_max", "_placed", "by_venue")

    def __init__(self, open_max: int = OPEN_MAX, closed_max: int = CLOSED_MAX) -> None:
        self._open_max, self._closed_max = open_max, closed_max
        self._by_client: dict[str, KnownOrder] = {}
        self.by_venue: dict[str, KnownOrder] = {}
        self._open: dict[int, KnownOrder] = {}
        self._closed: deque[KnownOrder] = deque()
        self._placed: list[Place] = []

    def __len__(self) -> int:
        self._take_placed()
        return len(self._open) + len(self._closed)

    def placed(self, command: Place) -> None:
        """Take an order that is about to be sent; nothing is done with it yet, since its bytes should leave first."""
        self._placed.append(command)
        if len(self._placed) >= PLACED_MAX:
            self._take_placed()

    def find(self, client_id: str, venue_id: str) -> KnownOrder | None:
        """Return the order of a venue id, else of a client id (which can be used again once its order has ended)."""
        if self._placed:
            self._take_placed()
        known = self.by_venue.get(venue_id) if venue_id else None
        if known is None and client_id:
            known = self._by_client.get(client_id)
            if known is not None and venue_id and known.venue_id and known.venue_id != venue_id:
                return None
        return known

    def remember(
        self,
        client_id: str,
        venue_id: str,
        symbol: str,
        side: int,
        price: int,
        size: int,
        post_only: bool | None = None,
    ) -> KnownOrder:
        """Take an order's terms: a new one, or news of one that is known (zeros and None leave what is known)."""
        known = self.find(client_id, venue_id)
        if known is None or (known.is_closed and not venue_id):
            known = KnownOrder(client_id, venue_id, symbol, side, price, size, post_only)
            self._open[id(known)] = known
            while len(self._open) > self._open_max:
                self._forget(self._open.pop(next(iter(self._open))))
        else:
            known.client_id = known.client_id or client_id
            known.venue_id = known.venue_id or venue_id
            known.symbol, known.side = symbol or known.symbol, side or known.side
            known.price, known.size = price or known.price, size or known.size
            known.post_only = known.post_only if post_only is None else post_only
        if known.client_id:
            self._by_client[known.client_id] = known
        if known.venue_id:
            self.by_venue[known.venue_id] = known
        return known

    def close(self, known: KnownOrder) -> None:
        """The order has ended."""
        if known.is_closed:
            return
        known.is_closed = True
        self._open.pop(id(known), None)
        self._closed.append(known)
        if len(self._closed) > self._closed_max:
            self._forget(self._closed.popleft())

    def _take_placed(self) -> None:
        placed, self._placed = self._placed, []
        for place in placed:
            price = place.price if place.order_type == "limit" else 0
            self.remember(place.client_id, "", place.symbol, place.side, price, place.size, place.post_only)

    def _forget(self, known: KnownOrder) -> None:
        if self._by_client.get(known.client_id) is known:
            del self._by_client[known.client_id]
        if self.by_venue.get(known.venue_id) is known:
            del self.by_venue[known.venue_id]

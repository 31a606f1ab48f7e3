"""Counts the account's open orders that are not ours: a venue's timer and cancel-all would take them too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from mm._core.events import ForeignOrders, OrderCanceled, OrderExpired, OrderPending, OrderReport
from mm.ownership import own_form

TRACKED_MAX: Final = 10_000
"""Far above Kraken's own limit of open orders on all pairs; the count stops there."""
CLOSED: Final = frozenset({"filled", "canceled", "expired"})


class ForeignCounter:
    """Follows foreign orders from one complete read to the next, by their venue ids.

    owner: how client ids of our own orders begin.
    """

    __slots__ = ("_ids", "_own", "_told", "_venue", "owner")

    def __init__(self, venue: str, owner: str) -> None:
        self._venue, self.owner = venue, owner
        self._own = own_form(owner)
        self._ids: set[str] = set()
        self._told = -1

    def read(self, now_ns: int, events: Iterable[Any]) -> list[Any]:
        """Take a complete list of open orders; always tells the count."""
        self._ids = {
            event.venue_id for event in events if type(event) is OrderReport and self._is_foreign(event.client_id)
        }
        self._told = -1
        return self._tell(now_ns)

    def follow(self, now_ns: int, events: Iterable[Any]) -> list[Any]:
        """Take events of the stream; tells the count when it has changed since the last read."""
        for event in events:
            kind = type(event)
            if kind is OrderCanceled or kind is OrderExpired or (kind is OrderReport and event.status in CLOSED):
                self._ids.discard(event.venue_id)
            elif (
                (kind is OrderReport or kind is OrderPending)
                and self._is_foreign(event.client_id)
                and len(self._ids) < TRACKED_MAX
            ):
                self._ids.add(event.venue_id)
        return self._tell(now_ns) if self._told >= 0 else []

    def _is_foreign(self, client_id: str) -> bool:
        return self._own.fullmatch(client_id) is None

    def _tell(self, now_ns: int) -> list[Any]:
        if self._told == len(self._ids):
            return []
        self._told = len(self._ids)
        return [ForeignOrders(now_ns, self._venue, self._told)]

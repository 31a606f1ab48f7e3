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
        self._ids: dict[str, int] = {}
        """When the stream first told of each, 0 where a list did."""
        self._told = -1

    def read(self, now_ns: int, events: Iterable[Any], asked_ns: int) -> list[Any]:
        """Take a complete list of open orders; always tells the count. Orders that the stream told of after the list
        was asked for are not gone by it."""
        self._ids = {venue_id: told_ns for venue_id, told_ns in self._ids.items() if told_ns > asked_ns}
        for event in events:
            if type(event) is OrderReport and self._is_foreign(event.client_id):
                self._ids.setdefault(event.venue_id, 0)
        self._told = -1
        return self._tell(now_ns)

    def follow(self, now_ns: int, events: Iterable[Any]) -> list[Any]:
        """Take events of the stream; tells the count when it has changed since the last read."""
        for event in events:
            kind = type(event)
            if kind is OrderCanceled or kind is OrderExpired or (kind is OrderReport and event.status in CLOSED):
                self._ids.pop(event.venue_id, None)
            elif (
                (kind is OrderReport or kind is OrderPending)
                and self._is_foreign(event.client_id)
                and len(self._ids) < TRACKED_MAX
            ):
                self._ids.setdefault(event.venue_id, now_ns)
        return self._tell(now_ns) if self._told >= 0 else []

    def _is_foreign(self, client_id: str) -> bool:
        return self._own.fullmatch(client_id) is None

    def _tell(self, now_ns: int) -> list[Any]:
        if self._told == len(self._ids):
            return []
        self._told = len(self._ids)
        return [ForeignOrders(now_ns, self._venue, self._told)]

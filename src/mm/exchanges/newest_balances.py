"""Which word about a balance is the newest: pushes and the account query come by two ways, and neither waits.

Both tell whole balances, so that an older one that comes late would undo a newer one. Pushes carry their time; the
query does not, and what was pushed after it was asked for is newer than its answer. (MEXC Spot reference: private
streams.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mm._core.events import Balance, BalanceChange


class NewestBalances:
    """Leaves out what is older than what was told already."""

    __slots__ = ("_heard_ns", "_venue_ns")

    def __init__(self) -> None:
        self._heard_ns: dict[str, int] = {}
        self._venue_ns: dict[str, int] = {}

    def forget(self) -> None:
        """The stream has ended: what it told last may be older than anything that comes now."""
        self._heard_ns.clear()
        self._venue_ns.clear()

    def pushed(self, events: Iterable[Any]) -> list[Any]:
        """Take the events of a push."""
        return [event for event in events if type(event) is not BalanceChange or self._is_newest(event)]

    def read(self, events: Iterable[Any], asked_ns: int) -> list[Any]:
        """Take the events of an answer to the account query that left at `asked_ns`."""
        return [
            event for event in events if type(event) is not Balance or self._heard_ns.get(event.asset, -1) < asked_ns
        ]

    def _is_newest(self, change: BalanceChange) -> bool:
        if change.venue_ns < self._venue_ns.get(change.asset, 0):
            return False
        self._venue_ns[change.asset] = change.venue_ns
        self._heard_ns[change.asset] = change.recv_ns
        return True

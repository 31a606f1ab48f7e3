"""Keeps a run's durable state beside its journal, so that the next start reads few events back.

A snapshot is made of an engine that has just decided, and costs the loop some tens of milliseconds: it waits for a
second in which no request is under way, and no longer than until twice as many events have come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mm._core import JournalError
from mm._core.orders import OrderState

if TYPE_CHECKING:
    from mm.engine import Engine
    from mm.persistence.journal import EventJournal

EVENTS: Final = 10_000
"""Between two snapshots."""
QUIET_NS: Final = 1_000_000_000
IN_FLIGHT: Final = frozenset({OrderState.PENDING_NEW, OrderState.PENDING_REPLACE, OrderState.PENDING_CANCEL})


class Snapshots:
    """behind: events of the journal that no snapshot holds; say: takes a sentence for people; events: see `EVENTS`."""

    def __init__(
        self,
        engine: Engine,
        journal: EventJournal,
        *,
        behind: int = 0,
        say: Callable[[str], None],
        events: int = EVENTS,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._say = say
        self._events = events
        self._since = journal.next_index - behind
        self._busy_ns = 0
        self.taken = 0

    def look(self, now_ns: int) -> None:
        """Make one where it is time: to be called some times a second, between two inputs of the engine."""
        behind = self._behind()
        if behind < self._events:
            return
        if not self._busy_ns or any(order.state in IN_FLIGHT for order in self._engine.orders.open()):
            self._busy_ns = now_ns
        if now_ns - self._busy_ns >= QUIET_NS or behind >= 2 * self._events:
            self.take(now_ns)

    def take(self, now_ns: int) -> None:
        """Make one now. A disk that refuses it is told; what the journal holds stays enough for the next start."""
        self._busy_ns = 0
        if not self._behind():
            return
        try:
            self._journal.save_snapshot(*self._engine.snapshot(), now_ns)
        except JournalError as error:
            self._say(f"No snapshot of the state was kept, the next start reads more of the journal: {error}")
            # Not again at once.
            self._since = self._journal.next_index
            return
        self._since = self._journal.next_index
        self.taken += 1

    def _behind(self) -> int:
        """Events that no snapshot holds; 0 for a journal that takes nothing any more."""
        return 0 if self._journal.failure else self._journal.next_index - self._since

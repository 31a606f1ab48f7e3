"""Keeps a run's durable state beside its journal, so that the next start reads few events back.

A snapshot is made of an engine that has just decided. To write it down costs the loop some tens of milliseconds: it
waits for a second in which no request is under way, and no longer than until twice as many events have come. To put it
on the disk costs the loop nothing: the journal has a thread for that, one snapshot at a time; looks find its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mm._core import JournalError, SnapshotSaving
from mm._core.orders import OrderState

if TYPE_CHECKING:
    from mm.engine import Engine
    from mm.persistence.journal import EventJournal

EVENTS: Final = 10_000
"""Between two snapshots."""
QUIET_NS: Final = 1_000_000_000
END_S: Final = 10.0
"""So long an orderly end waits for a slow disk; what is not kept by then, the next start reads in the journal. A sound
disk needs milliseconds, a busy one seconds, and the journal's own end waits as long again."""
SLOW_NS: Final = 30_000_000_000
"""A snapshot that takes longer is told, and after one that failed the next waits for so long."""
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
        self._anchors = self._anchors_begun = 0
        self._again_ns = 0
        self._busy_ns = 0
        self._saving: SnapshotSaving | None = None
        self._begun_ns = 0
        self._is_slow = False
        self._has_told = False
        self.taken = 0
        """That are on the disk."""

    @property
    def is_under_way(self) -> bool:
        """Whether one has begun, and no look has found its end."""
        return self._saving is not None

    def look(self, now_ns: int) -> None:
        """Begin one where it is time: to be called some times a second, between two inputs of the engine."""
        self._settle(now_ns)
        behind = self._behind()
        # What a currency was worth when it came is nowhere in the journal where a market tells it.
        is_due = behind >= self._events or (behind and self._engine.accounts.anchors != self._anchors)
        if self._saving is not None or not is_due or now_ns < self._again_ns:
            return
        if not self._busy_ns or any(order.state in IN_FLIGHT for order in self._engine.orders.open()):
            self._busy_ns = now_ns
        if now_ns - self._busy_ns >= QUIET_NS or behind >= 2 * self._events:
            self._begin(now_ns)

    def take(self, now_ns: int, patience_s: float = END_S) -> None:
        """Have one of now on the disk, for an orderly end; waits for a disk that is slow no longer than that.

        What the disk refuses or does not take in time is told; what the journal holds stays enough for the next start.
        """
        until_s = time.monotonic() + patience_s
        self._wait(now_ns, until_s)
        if self._saving is None and self._behind():
            self._begin(now_ns)
            self._wait(now_ns, until_s)
        if self._saving is not None:
            self._tell(f"the disk has not taken it within {patience_s:g} s")

    def _begin(self, now_ns: int) -> None:
        """Take state and position at one moment, and leave the rest to the thread."""
        self._busy_ns = 0
        self._anchors_begun = self._engine.accounts.anchors
        self._begun_ns, self._is_slow = now_ns, False
        try:
            self._saving = self._journal.begin_snapshot(*self._engine.snapshot(), now_ns)
        except JournalError as error:
            self._failed(now_ns, error)

    def _wait(self, now_ns: int, until_s: float) -> None:
        """Wait for the one under way, if there is one."""
        if self._saving is not None:
            self._settle(now_ns, max(0, int((until_s - time.monotonic()) * 1e9)))

    def _settle(self, now_ns: int, timeout_ns: int = 0) -> None:
        """See whether the one under way has ended."""
        if self._saving is None:
            return
        try:
            kept = self._saving.wait(timeout_ns) if timeout_ns else self._saving.outcome()
        except JournalError as error:
            self._saving = None
            self._failed(now_ns, error)
            return
        if kept is not None:
            self._saving = None
            self._has_told = False
            # Of the moment at which it was begun.
            self._since, self._anchors = kept, self._anchors_begun
            self.taken += 1
        elif now_ns - self._begun_ns >= SLOW_NS and not self._is_slow:
            self._is_slow = True
            self._tell(f"the disk has not taken it for {SLOW_NS // 1_000_000_000} s")

    def _failed(self, now_ns: int, error: JournalError) -> None:
        """What it should have kept is still to be kept, and not again at once."""
        self._again_ns = now_ns + SLOW_NS
        self._tell(str(error))

    def _tell(self, problem: str) -> None:
        """Say why there is none, once until one was kept."""
        if not self._has_told:
            self._say(f"No snapshot of the state was kept, the next start reads more of the journal: {problem}")
        self._has_told = True

    def _behind(self) -> int:
        """Events that no snapshot holds; 0 for a journal that takes nothing any more."""
        return 0 if self._journal.failure else self._journal.next_index - self._since

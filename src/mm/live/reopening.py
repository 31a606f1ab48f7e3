"""Opens a journal that has failed again once its disk is well, while the run goes on.

A journal that takes nothing has halted the run, and no order leaves. Each ten seconds it is tried to begin a new
segment with a snapshot of the state of that moment, by a thread of the journal; what happens meanwhile is kept in
memory and follows. From then on orders are possible again; the halt stays until an operator lets it go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mm._core import JournalError

if TYPE_CHECKING:
    from mm.engine import Engine
    from mm.persistence.journal import EventJournal
    from mm.persistence.recorder import FileRecorder

AGAIN_NS: Final = 10_000_000_000
BACKLOG_MAX: Final = 50_000
"""Events: minutes of a halted run. A try that takes longer is given up, for what comes then would be missing."""


class Reopening:
    """say: takes a sentence for people."""

    def __init__(
        self, engine: Engine, recorder: FileRecorder, journal: EventJournal, *, say: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._journal = journal
        self._say = say
        self._due_ns = 0
        self.is_under_way = False
        """Whether a try has begun, and no look has found its end."""

    def look(self, now_ns: int) -> None:
        """To be called some times a second, between two inputs of the engine."""
        recorder = self._recorder
        if not recorder.broken or recorder.failed:
            self._due_ns = 0
        elif self.is_under_way:
            self._settle()
        elif not self._due_ns:
            self._due_ns = now_ns + AGAIN_NS
        elif now_ns >= self._due_ns:
            self._due_ns = now_ns + AGAIN_NS
            self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        try:
            self._journal.begin_anew(*self._engine.snapshot(), now_ns)
        except (JournalError, ValueError):
            return
        self._recorder.backlog = []
        self.is_under_way = True

    def _settle(self) -> None:
        recorder = self._recorder
        if recorder.backlog is not None and len(recorder.backlog) > BACKLOG_MAX:
            recorder.backlog = None
        try:
            is_open = self._journal.go_on()
        except JournalError:
            # The disk is not well yet.
            self.is_under_way, recorder.backlog = False, None
            return
        if not is_open:
            return
        self.is_under_way = False
        if recorder.backlog is None:
            self._journal.fail("what came while it was opened again was too much")
            return
        recorder.take_up()
        if not recorder.broken:
            self._say("The journal is written again, from a snapshot of now on; the halt stays until `mm resume`")

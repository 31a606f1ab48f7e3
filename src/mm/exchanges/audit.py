"""One more look at the whole account while the private side is up: what is still to be read of it, and what it cost.

A session begins it with what it is going to ask for, says of each part that it was read, or that it could not be, and
hands on the event that ends it: `AccountRead`. Reads of it go after all others (`Query.is_background`), so that orders,
cancels and recoveries never wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final

from mm._core.events import AccountRead, Balance

PROOF: Final = "to prove a kill"
"""Why a round was asked for whose list of open orders waits for no other read, and may use the venue's reserve."""


class Audit:
    """At most one runs; begun again, it starts over. cost: points of a read by its kind, as the venue counts."""

    __slots__ = ("_awaited", "_begun_ns", "_calls", "_cost", "_held", "_points", "_reason", "_venue")

    def __init__(self, venue: str, cost: Callable[[str], int]) -> None:
        self._venue, self._cost = venue, cost
        self._awaited: set[Hashable] = set()
        self._begun_ns = self._calls = self._points = 0
        self._reason = ""
        self._held: set[str] = set()
        """Assets of which there was something by the last list of balances."""

    @property
    def is_running(self) -> bool:
        """Something is still to be read."""
        return bool(self._awaited)

    def begin(self, now_ns: int, parts: Iterable[Hashable], reason: str) -> None:
        """Begin: these have to be read."""
        self._awaited = set(parts)
        self._begun_ns, self._reason = now_ns, reason
        self._calls = self._points = 0

    def asks(self, kind: str) -> None:
        """A call of it is made."""
        if self._awaited:
            self._calls += 1
            self._points += self._cost(kind)

    def read(self, now_ns: int, part: Hashable, asked_ns: int | None = None) -> list[Any]:
        """A part was read, to its last page; the last of them ends it. An answer to what was asked before the round
        (asked_ns: when) is none of its parts."""
        if part not in self._awaited or (asked_ns is not None and asked_ns < self._begun_ns):
            return []
        self._awaited.discard(part)
        return [] if self._awaited else [self._end(now_ns, True, self._reason)]

    def failed(self, now_ns: int, reason: str) -> list[Any]:
        """A part of it cannot be read: it proves nothing."""
        if not self._awaited:
            return []
        self._awaited.clear()
        return [self._end(now_ns, False, reason)]

    def refuse(self, now_ns: int, reason: str) -> list[Any]:
        """It cannot even begin."""
        self._begun_ns, self._calls, self._points = now_ns, 0, 0
        return [self._end(now_ns, False, reason)]

    def forget(self) -> None:
        """The stream has ended: all of it is read anew before it is up again."""
        self._awaited.clear()

    def left_out(self, now_ns: int, events: Iterable[Any]) -> list[Any]:
        """Take the rows of a complete list of balances: an asset that it leaves out is not there any more."""
        rows = [event for event in events if type(event) is Balance]
        gone = self._held - {row.asset for row in rows}
        self._held = {row.asset for row in rows if row.total}
        return [Balance(now_ns, self._venue, asset, 0, "query") for asset in sorted(gone)]

    def _end(self, now_ns: int, is_complete: bool, reason: str) -> AccountRead:
        return AccountRead(now_ns, self._venue, self._begun_ns, is_complete, self._calls, self._points, reason)

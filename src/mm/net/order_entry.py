"""Requests that are under way: who waits for which answer, until when, and what must wait its turn.

An amend waits until the request before it has been answered or has timed out: a venue does not promise to keep the
order of requests it has not answered, so an amend that overtakes a cancel would be obeyed. A cancel never waits: it may
overtake what it is to end, and is asked again when the venue knows no such order. An answer after its time-out is
still an answer: it is kept apart for a while and settles the doubt.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum

from mm._core.events import Amend, Cancel, CancelAfter, Place
from mm._core.link_core import OUTSTANDING_MAX, EntryCore, Outstanding, order_key

Command = Place | Amend | Cancel | CancelAfter

RESPONSE_TIMEOUT_NS = 5_000_000_000
"""A venue answers in 2 to 8 ms; without answer in 5 s the outcome is unknown (Kraken reference: errors)."""
LATE_MAX = 1_000
QUEUED_MAX = 1_000


class Admission(Enum):
    """What to do with a command now."""

    SEND = "send"
    QUEUED = "queued"
    MERGED = "merged"
    """An equal request is under way already: its answer serves both."""
    FULL = "full"


def request_name(command: Command) -> str:
    """The request's name in events."""
    return {Place: "place", Amend: "amend", Cancel: "cancel", CancelAfter: "cancel_after"}[type(command)]


class OrderEntry(EntryCore):
    """The table of requests under way."""

    __slots__ = ("_late", "_queued", "_queued_count")

    def __init__(self, timeout_ns: int = RESPONSE_TIMEOUT_NS) -> None:
        super().__init__(timeout_ns)
        self._late: OrderedDict[int, Outstanding] = OrderedDict()
        self._queued: dict[str, deque[Amend]] = {}
        self._queued_count = 0

    def admit(self, command: Command) -> tuple[Admission, tuple[Amend, ...]]:
        """Decide about a command; also returns queued amends that it makes pointless."""
        if len(self.outstanding) >= OUTSTANDING_MAX:
            return Admission.FULL, ()
        key = order_key(command)
        ahead = self.busy.get(key) if key else None
        if ahead is None or isinstance(command, CancelAfter):
            return Admission.SEND, ()
        if isinstance(command, Place):
            # The same client id twice is a broken rule on our side; the store refuses it before.
            return Admission.FULL, ()
        if isinstance(command, Cancel) and isinstance(ahead.command, Cancel):
            if command.venue_id == ahead.command.venue_id:
                return Admission.MERGED, ()
            # Of another order that the venue made of the same request.
            return Admission.SEND, ()
        if isinstance(command, Cancel):
            pointless = tuple(self._queued.pop(key, ()))
            self._queued_count -= len(pointless)
            return Admission.SEND, pointless
        if isinstance(ahead.command, Cancel) or self._queued_count >= QUEUED_MAX:
            return Admission.FULL, ()
        queue = self._queued.setdefault(key, deque())
        superseded = tuple(queue)
        queue.clear()
        queue.append(command)
        self._queued_count += 1 - len(superseded)
        return Admission.QUEUED, superseded

    def answered(self, request_id: int) -> tuple[Outstanding | None, bool]:
        """Take an answer: the request it belongs to, and whether it came after the time-out."""
        outstanding = self.outstanding.pop(request_id, None)
        if outstanding is None:
            return self._late.pop(request_id, None), True
        self._free(outstanding)
        return outstanding, False

    def expired(self, now_ns: int) -> list[Outstanding]:
        """Take the requests whose time is over. Their late answers are still recognised."""
        expired: list[Outstanding] = []
        # One time-out for all, so that the oldest come first; REST calls end by their own time-out.
        for outstanding in self.outstanding.values():
            if outstanding.deadline_ns > now_ns:
                break
            if not outstanding.by_rest:
                expired.append(outstanding)
        self._doubt(expired)
        return expired

    def lost(self) -> list[Outstanding]:
        """Take every request that was under way on the socket which is gone."""
        lost = [outstanding for outstanding in self.outstanding.values() if not outstanding.by_rest]
        self._doubt(lost)
        return lost

    def release(self) -> list[Amend]:
        """Take the amends whose turn has come."""
        if not self._queued:
            return []
        ready = [key for key in self._queued if key not in self.busy]
        released: list[Amend] = []
        for key in ready:
            released.extend(self._queued.pop(key))
        self._queued_count -= len(released)
        return released

    def due_ns(self) -> int:
        """When the next request times out; 0 never."""
        for outstanding in self.outstanding.values():
            if not outstanding.by_rest:
                return outstanding.deadline_ns
        return 0

    def _doubt(self, outstandings: list[Outstanding]) -> None:
        for outstanding in outstandings:
            del self.outstanding[outstanding.request_id]
            self._free(outstanding)
            self._late[outstanding.request_id] = outstanding
        while len(self._late) > LATE_MAX:
            self._late.popitem(last=False)

    def _free(self, outstanding: Outstanding) -> None:
        if self.busy.get(outstanding.key) is outstanding:
            del self.busy[outstanding.key]


__all__ = ["RESPONSE_TIMEOUT_NS", "Admission", "Command", "OrderEntry", "Outstanding", "request_name"]

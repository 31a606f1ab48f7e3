"""Runs the reconciler's rounds over REST: open orders first, then each missing order on its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mm._core.events import (
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderPending,
    OrderRejected,
    OrderReport,
    OutcomeUnknown,
)
from mm.exchanges.session import Session
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.net.order_entry import RESPONSE_TIMEOUT_NS
from mm.net.rest import Call, RestQueue
from mm.reconciliation import Inquiry, Reconciler, Round

OWNER = "inquiry"
RANK = 1
"""After the recovery reads, which may settle what is asked."""
TERMINAL = frozenset({"filled", "canceled", "expired"})


@dataclass(slots=True)
class InquiryDesk:
    """Asks the venue about the orders that the reconciler holds. history_since_ns: as the link was started with."""

    session: Session
    rest: RestQueue
    reconciler: Reconciler
    round: Round | None = None
    pending: int = 0
    history_since_ns: int = 0

    def watch(self, now_ns: int, event: Any) -> None:
        """Open or close inquiries by what an event says."""
        kind = type(event)
        if kind is OutcomeUnknown:
            # Whatever the request was, it was sent before now: after one more deadline it cannot take effect.
            self.reconciler.ask(
                now_ns,
                event.client_id,
                event.venue_id,
                since_ns=now_ns - RESPONSE_TIMEOUT_NS,
                expired_ns=now_ns + RESPONSE_TIMEOUT_NS,
                request=event.request,
            )
        elif not len(self.reconciler):
            return
        elif kind in (OrderCanceled, OrderExpired, OrderRejected):
            self.reconciler.settle(event.client_id, event.venue_id)
        elif kind is OrderReport:
            # A live order settles the doubt whether it was placed; an amend or a cancel may still be on its way.
            request = "" if event.status in TERMINAL else "place"
            self.reconciler.settle(event.client_id, event.venue_id, request)
        elif kind is OrderPending or kind is OrderAccepted:
            self.reconciler.settle(event.client_id, event.venue_id, "place")
        elif kind is OrderAmended:
            self.reconciler.settle(event.client_id, event.venue_id, "amend")
        elif kind is Fill:
            # It traded, so it was placed. What was read before this is older than what is known now.
            self.reconciler.settle(event.client_id, event.venue_id, "place")
            self.reconciler.outdate(now_ns, event.client_id, event.venue_id)

    def poll(self, now_ns: int) -> None:
        """Begin a round that is due."""
        due_ns = self.reconciler.due_ns()
        if not due_ns or due_ns > now_ns:
            return
        self.round = self.reconciler.begin(now_ns)
        self.pending = 0
        if self.round is not None and not self._ask("open_orders", {}, ()):
            self.failed(now_ns)

    def reply(self, now_ns: int, call: Call, decoded: Decoded) -> list[Any]:
        """Take a complete answer to one call of the round's reads."""
        read = self._read_of(call)
        if self.round is None or read is None:
            return []
        read.reports += [event for event in decoded.events if type(event) is OrderReport]
        read.calls_left -= 1
        if read.calls_left:
            return []
        self.pending -= 1
        for inquiry in read.subjects:
            self.round.looked_up(inquiry, read.reports, is_whole=not read.is_partial)
        if call.kind == "open_orders" and not self._look_up(self.round.open_orders(read.reports)):
            self.failed(now_ns)
            return []
        return self._finish(now_ns)

    def _finish(self, now_ns: int) -> list[Any]:
        """Close the round once nothing is awaited any more."""
        if self.pending:
            return []
        self.round = None
        events: list[Any] = []
        since_ns = 0
        for settled, proof in self.reconciler.finish(now_ns):
            events.append(proof)
            if type(proof) is OrderReport and proof.cum_size:
                since_ns = min(since_ns or settled.since_ns, settled.since_ns)
        if since_ns:
            # What is booked of the time before may have other names there.
            self.session.read_history(now_ns, max(since_ns, self.history_since_ns))
        return events

    def refused(self, now_ns: int, call: Call, error_class: ErrorClass | None) -> list[Any]:
        """A call was refused: for one order, "unknown" is a complete answer, and a question that the venue does not
        take leaves it alone in doubt; anything else ends the round."""
        read = self._read_of(call)
        if read is None:
            return []
        subjects = read.subjects
        if error_class is ErrorClass.GONE and subjects and (len(subjects) == 1 or read.calls > 1):
            return self.reply(now_ns, call, Decoded(Kind.REPLY))
        if error_class is ErrorClass.GONE and subjects:
            # One of several is unknown, and the answer does not say which.
            self.pending -= 1
            if all(self._ask(call.kind, {"venue_ids": [inquiry.venue_id]}, (inquiry,)) for inquiry in subjects):
                return []
        if error_class is ErrorClass.REJECTED and len(subjects) == 1:
            # The venue takes no question about this one there (the market is gone). Where it is found nowhere else it
            # stays in doubt, and alone.
            read.is_partial = True
            return self.reply(now_ns, call, Decoded(Kind.REPLY))
        if error_class is ErrorClass.REJECTED and len(subjects) > 1:
            # It takes none about one of these: each is asked for by itself.
            self.pending -= 1
            read.is_void = True
            if all(self._ask(call.kind, {"venue_ids": [inquiry.venue_id]}, (inquiry,)) for inquiry in subjects):
                return []
        self.failed(now_ns)
        return []

    def failed(self, now_ns: int) -> None:
        """The round's reads are not complete: it proves nothing."""
        self.round = None
        self.rest.withdraw(OWNER)
        self.reconciler.abandon(now_ns)

    def _look_up(self, missing: list[Inquiry]) -> bool:
        """Ask about each of the orders that are not open: all that have a venue id in one read."""
        named = tuple(inquiry for inquiry in missing if inquiry.venue_id)
        venue_ids = [inquiry.venue_id for inquiry in named]
        if named and not self._ask("query_orders", {"venue_ids": venue_ids}, named):
            return False
        return all(
            self._ask("closed_orders", {"client_id": inquiry.client_id}, (inquiry,))
            for inquiry in missing
            if not inquiry.venue_id
        )

    def _ask(self, kind: str, parameters: dict[str, object], subjects: tuple[Inquiry, ...]) -> bool:
        """Begin a read, in as many calls as the venue needs for it."""
        calls = self.session.reads(kind, parameters)
        if not calls or self.round is None:
            return False
        self.pending += 1
        read = _Read(self.round, subjects, len(calls), len(calls))
        for each in calls:
            call = Call(kind, OWNER, each, subject=read, rank=RANK)
            call.cost = self.session.call_cost(kind)
            if not self.rest.add(call):
                return False
        return True

    def _read_of(self, call: Call) -> _Read | None:
        """The read that a call is part of; None for one of a round that is over."""
        read = call.subject
        is_read = isinstance(read, _Read) and self.round is not None and read.round is self.round
        return read if is_read and not read.is_void else None


@dataclass(slots=True, eq=False)
class _Read:
    """A read that is under way: of the list of open orders (no subjects), or of the orders that it looks up."""

    round: Round
    subjects: tuple[Inquiry, ...]
    calls: int
    calls_left: int
    reports: list[OrderReport] = field(default_factory=list)
    is_void: bool = False
    """Other reads take its place."""
    is_partial: bool = False
    """The venue did not take all of its calls."""

"""Proof about orders whose fate is unknown: what the venue's own lists say, and when their silence counts.

A reply that never came proves nothing, and neither does one list without the order: lists trail the matching engine,
by more than 20 s in reports from the field. So an order is **found** by the first row of any list, but **absent** only
when two complete rounds of reads agree that nothing is there, both begun after the request could no longer take effect
(its own deadline, plus the lag that lists are allowed), with a settle time between them.

A round is: the open orders, then for each order not among them the closed orders by client id or the order itself by
venue id. A round with a failed or partial read proves absence of nothing. This module keeps the books of that
reasoning; it reads no clock and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mm._core.events import OrderAbsent, OrderReport

SECOND_NS = 1_000_000_000
INQUIRIES_MAX = 1_000
REFUSED_AGAIN_NS = 60 * SECOND_NS
"""Before a question that the venue does not take is asked again."""
FAILED_AGAIN_S = (1, 2, 4, 8, 16)
"""Before a round whose reads failed for good is begun again, the last one from then on. They may fail for hours, where
a market is gone: four rounds a minute leave the calls to others, and what is in doubt is found 16 s at most after it
can be."""
ORDERS_PER_ROUND_MAX = 10
"""Each missing order costs a read of its own; a round must fit the smallest tier's call counter (15 points)."""


@dataclass(slots=True)
class Inquiry:
    """One order in question.

    since_ns: fills before this are known; expired_ns: from then on the request cannot take effect any more.
    """

    client_id: str
    venue_id: str
    since_ns: int
    expired_ns: int
    asked_ns: int
    due_ns: int
    request: str = ""
    """The request in doubt: "place", "amend", "cancel", or "" when the order itself is asked for."""
    rounds: int = 0
    negative_ns: int = 0
    """When the first agreeing negative round began; 0 none yet."""
    failures: int = 0
    """Rounds in a row whose reads failed."""


@dataclass(slots=True)
class Round:
    """One pass over the venue's lists."""

    begun_ns: int
    inquiries: list[Inquiry]
    found: list[tuple[Inquiry, OrderReport]] = field(default_factory=list)
    absent: list[Inquiry] = field(default_factory=list)
    """Not found, by reads that were complete."""
    refused: list[Inquiry] = field(default_factory=list)
    """The venue takes no question about these."""

    def open_orders(self, reports: Iterable[OrderReport]) -> list[Inquiry]:
        """Take the complete list of open orders; returns the inquiries that must be looked up one by one."""
        by_client: dict[str, OrderReport] = {}
        by_venue: dict[str, OrderReport] = {}
        for report in reports:
            # A blank id names nothing: it must not match an inquiry that lacks the same one.
            if report.venue_id:
                by_venue[report.venue_id] = report
            if report.client_id:
                by_client[report.client_id] = report
        missing: list[Inquiry] = []
        for inquiry in self.inquiries:
            found = by_client.get(inquiry.client_id) or by_venue.get(inquiry.venue_id)
            if found is None:
                missing.append(inquiry)
            else:
                self.found.append((inquiry, found))
        return missing

    def looked_up(self, inquiry: Inquiry, reports: Iterable[OrderReport], *, is_whole: bool = True) -> None:
        """Take the answer to the look-up of one order; is_whole: the venue took all that had to be asked for it."""
        for report in reports:
            if (inquiry.client_id and report.client_id == inquiry.client_id) or (
                inquiry.venue_id and report.venue_id == inquiry.venue_id
            ):
                self.found.append((inquiry, report))
                return
        (self.absent if is_whole else self.refused).append(inquiry)


class Reconciler:
    """Open inquiries, when to read next, and what the reads prove.

    lag_ns: how far the venue's lists may trail its engine; settle_ns: least time between two agreeing rounds.
    """

    __slots__ = ("_inquiries", "_round", "lag_ns", "settle_ns", "venue")

    def __init__(self, venue: str, *, settle_ns: int = 5 * SECOND_NS, lag_ns: int = 30 * SECOND_NS) -> None:
        self.venue = venue
        self.settle_ns, self.lag_ns = settle_ns, lag_ns
        self._inquiries: dict[str, Inquiry] = {}
        self._round: Round | None = None

    def __len__(self) -> int:
        return len(self._inquiries)

    def ask(
        self, now_ns: int, client_id: str, venue_id: str, *, since_ns: int, expired_ns: int, request: str = ""
    ) -> bool:
        """Open an inquiry, or let a later request's deadline count for one that is open.

        Returns False when neither id is given or too many inquiries are open.
        """
        key = client_id or venue_id
        if not key:
            return False
        inquiry = self._inquiries.get(key)
        if inquiry is None:
            if len(self._inquiries) >= INQUIRIES_MAX:
                return False
            # A row read while an amend may still take effect would show the order as it was.
            due_ns = expired_ns if request == "amend" else now_ns
            self._inquiries[key] = Inquiry(client_id, venue_id, since_ns, expired_ns, now_ns, due_ns, request)
            return True
        inquiry.venue_id = inquiry.venue_id or venue_id
        inquiry.asked_ns = now_ns
        inquiry.since_ns = min(inquiry.since_ns, since_ns)
        inquiry.due_ns = min(inquiry.due_ns, now_ns + SECOND_NS)
        # A later cancel cannot make an order appear that was never there: its deadline puts no proof of absence off.
        if expired_ns > inquiry.expired_ns and request != "cancel":
            inquiry.expired_ns, inquiry.negative_ns = expired_ns, 0
        # What settles one doubt need not settle another: with two, only a list or the order's end does.
        inquiry.request = inquiry.request if inquiry.request == request else ""
        return True

    def look_up(self, now_ns: int, client_id: str, venue_id: str, *, since_ns: int) -> bool:
        """Open an inquiry without a request in doubt; asking again about an open one does not start its proof over.

        Returns False when neither id is given or too many inquiries are open.
        """
        inquiry = self._inquiries.get(client_id or venue_id)
        if inquiry is None:
            return self.ask(now_ns, client_id, venue_id, since_ns=since_ns, expired_ns=now_ns)
        inquiry.venue_id = inquiry.venue_id or venue_id
        # More is wanted than to know whether one request was carried out.
        inquiry.request = ""
        return True

    def settle(self, client_id: str, venue_id: str, request: str = "") -> None:
        """Close an inquiry that the stream has answered: of any kind, or only one about `request`."""
        for key in (client_id, venue_id):
            inquiry = self._inquiries.get(key)
            if inquiry is not None and (not request or inquiry.request == request):
                del self._inquiries[key]

    def outdate(self, now_ns: int, client_id: str, venue_id: str) -> None:
        """Let what was read about an order before now prove nothing: its stream has told something newer."""
        for key in (client_id, venue_id):
            inquiry = self._inquiries.get(key)
            if inquiry is not None:
                inquiry.asked_ns = now_ns

    def due_ns(self) -> int:
        """When the next round is due; 0 while none is, or one is running."""
        if self._round is not None or not self._inquiries:
            return 0
        return min(inquiry.due_ns for inquiry in self._inquiries.values())

    def begin(self, now_ns: int) -> Round | None:
        """Begin a round over the inquiries that are due."""
        if self._round is not None:
            return None
        due = sorted(
            (inquiry for inquiry in self._inquiries.values() if inquiry.due_ns <= now_ns),
            key=lambda inquiry: inquiry.due_ns,
        )
        if not due:
            return None
        self._round = Round(now_ns, due[:ORDERS_PER_ROUND_MAX])
        return self._round

    def finish(self, now_ns: int) -> list[tuple[Inquiry, OrderReport | OrderAbsent]]:
        """End the running round: each inquiry that it settles, with its proof."""
        current, self._round = self._round, None
        if current is None:
            return []
        proofs: list[tuple[Inquiry, OrderReport | OrderAbsent]] = []
        for inquiry, report in current.found:
            if self._close(inquiry, current.begun_ns):
                proofs.append((inquiry, report))
        for inquiry in current.absent:
            if self._is_proven_absent(inquiry, current.begun_ns) and self._close(inquiry, current.begun_ns):
                proofs.append((inquiry, self._absence(now_ns, inquiry, current.begun_ns)))
        for inquiry in current.inquiries:
            self._schedule(now_ns, inquiry)
            inquiry.failures = 0
        for inquiry in current.refused:
            inquiry.due_ns = max(inquiry.due_ns, now_ns + REFUSED_AGAIN_NS)
        return proofs

    def abandon(self, now_ns: int) -> None:
        """End the running round without a result (a read failed for good, or was partial)."""
        current, self._round = self._round, None
        if current is not None:
            for inquiry in current.inquiries:
                self._schedule(now_ns, inquiry)
                again_s = FAILED_AGAIN_S[min(inquiry.failures, len(FAILED_AGAIN_S) - 1)]
                inquiry.due_ns = max(inquiry.due_ns, now_ns + again_s * SECOND_NS)
                inquiry.failures += 1

    def _close(self, inquiry: Inquiry, begun_ns: int) -> bool:
        """Take an inquiry off the books, unless it was settled meanwhile or asked again after the reads began."""
        key = inquiry.client_id or inquiry.venue_id
        if self._inquiries.get(key) is not inquiry or inquiry.asked_ns > begun_ns:
            return False
        del self._inquiries[key]
        return True

    def _is_proven_absent(self, inquiry: Inquiry, begun_ns: int) -> bool:
        if begun_ns < inquiry.expired_ns + self.lag_ns:
            return False
        if not inquiry.negative_ns:
            inquiry.negative_ns = begun_ns
            return False
        return begun_ns >= inquiry.negative_ns + self.settle_ns

    def _absence(self, now_ns: int, inquiry: Inquiry, begun_ns: int) -> OrderAbsent:
        gap_s = (begun_ns - inquiry.negative_ns) / SECOND_NS
        return OrderAbsent(
            now_ns,
            0,
            self.venue,
            inquiry.client_id,
            inquiry.venue_id,
            f"two complete reads {gap_s:.1f} s apart, begun {(begun_ns - inquiry.expired_ns) / SECOND_NS:.1f} s "
            "after the request expired, list no such open or closed order",
        )

    def _schedule(self, now_ns: int, inquiry: Inquiry) -> None:
        """Soon at first, since most orders are found at once; then when a negative counts; then when it is settled."""
        inquiry.rounds += 1
        counts_ns = inquiry.expired_ns + self.lag_ns
        if now_ns < counts_ns:
            inquiry.due_ns = min(now_ns + (2 * SECOND_NS << min(inquiry.rounds, 4)), counts_ns)
        elif inquiry.negative_ns:
            inquiry.due_ns = max(now_ns + SECOND_NS, inquiry.negative_ns + self.settle_ns)
        else:
            inquiry.due_ns = now_ns + SECOND_NS

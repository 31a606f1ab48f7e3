"""Commands out, answers back: which path a command takes, and what each way of failing means for its order.

| command | private socket logged in | otherwise |
| --- | --- | --- |
| place | websocket, once, ever | denied here: no byte leaves; where orders go over REST: REST, once, ever |
| amend | websocket, once | refused here: the order stays as it was |
| cancel | websocket | REST, on a lane of its own |
| cancel-after | websocket | REST |

A cancel whose order still waits for a place on the REST lane takes it back instead: not one byte of either leaves.
Place and amend go out only while the private side is up: logged in, and everything read. Nothing is sent twice by this
module but a cancel that provably was not carried out (no byte left, or the token was refused). A request without an
answer becomes `OutcomeUnknown`, and an inquiry is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mm._core.events import (
    Alert,
    Amend,
    AmendRejected,
    Cancel,
    CancelAfter,
    CancelRejected,
    OrderDenied,
    OutcomeUnknown,
    Place,
    TimerSet,
)
from mm._core.link_core import PLACE_WAIT_NS_MAX, TradingCore
from mm.exchanges.session import Session
from mm.exchanges.venue import Decoded, ErrorClass
from mm.net.actions import Action
from mm.net.order_entry import Admission, Command, OrderEntry, Outstanding, request_name
from mm.net.rest import Call, RestQueue

LOCAL = "local"
"""Code of refusals that are our own."""
Judge = Callable[[int, Command, Decoded], list[Any]]
"""Hears what the venue answered to each order request over the socket."""

UNSENT_RETRY_NS = 500_000_000
CANCEL_ATTEMPTS_MAX = 20


class Trading(TradingCore):
    """The order desk of one link."""

    __slots__ = ("judge", "rest")
    session: Session
    actions: list[Action]
    entry: OrderEntry

    def __init__(self, session: Session, rest: RestQueue, actions: list[Action], judge: Judge) -> None:
        super().__init__(session, actions, OrderEntry())
        self.rest, self.judge = rest, judge

    def _submit(self, now_ns: int, command: Command) -> list[Any]:
        """Submit what cannot be sent at once over the socket."""
        by_rest = not self.session.can_cancel()
        admission, superseded = self.entry.admit(command)
        events: list[Any] = [self._denied(now_ns, amend, "superseded before it was sent") for amend in superseded]
        if admission is Admission.SEND and isinstance(command, Cancel) and self._withdraw(command):
            events.append(OrderDenied(now_ns, 0, command.venue, command.client_id, "", "cancelled before it was sent"))
        elif admission is Admission.SEND:
            events += self._send(now_ns, command, by_rest=by_rest)
        elif admission is Admission.FULL:
            events.append(self._denied(now_ns, command, "too many requests under way, or one on this order"))
        return events

    def _withdraw(self, cancel: Cancel) -> bool:
        """Take back the order that a cancel is for, if it still waits for its turn; returns whether it did.

        The cancel would go first, be told that there is no such order, and the order would follow it.
        """
        call = self.rest.withdraw_order(cancel.client_id)
        if call is None:
            return False
        self.entry.answered(call.request_id)
        return True

    def response(self, now_ns: int, decoded: Decoded) -> list[Any]:
        """Take an answer from the private socket."""
        outstanding, late = self.entry.answered(decoded.request_id)
        if outstanding is None:
            if decoded.ok:
                return []
            text = f"{self.session.venue}: refused a request that is not known here: {decoded.error}"
            return [Alert(now_ns, "error", text)]
        events = self._outcome(now_ns, outstanding.command, decoded, by_rest=False)
        if not late:
            events += self._release(now_ns)
        return events + self.judge(now_ns, outstanding.command, decoded)

    def unsent(self, now_ns: int, request_id: int) -> list[Any]:
        """The shell could not write a request: not one byte of it left."""
        outstanding, late = self.entry.answered(request_id)
        if outstanding is None or late:
            # Given up as lost before the shell came to it: the doubt is being looked up already.
            return []
        if isinstance(outstanding.command, Cancel | CancelAfter):
            return self._send(now_ns, outstanding.command, by_rest=True)
        return [self._denied(now_ns, outstanding.command, "the connection was closing: not sent")]

    def rest_answer(self, now_ns: int, call: Call, status: int, decoded: Decoded | None, reason: str) -> list[Any]:
        """Take the answer to a command that went over REST; without `decoded`, status 0 is doubt, below it unsent."""
        command = call.command
        if not isinstance(command, Command):
            return []
        is_cancel = isinstance(command, Cancel | CancelAfter)
        if decoded is None and status < 0 and is_cancel and call.attempts < CANCEL_ATTEMPTS_MAX:
            call.not_before_ns = now_ns + UNSENT_RETRY_NS
            if self.rest.add(call):
                return []
        self.entry.answered(call.request_id)
        if decoded is not None:
            events = self._outcome(now_ns, command, decoded, by_rest=True)
        elif status < 0:
            events = [self._denied(now_ns, command, reason)]
        else:
            events = self._doubted(now_ns, command, reason)
        return events + self._release(now_ns)

    def rest_unwritable(self, now_ns: int, call: Call, reason: str) -> list[Any]:
        """A command that was to go over REST cannot be written down."""
        self.entry.answered(call.request_id)
        if not isinstance(call.command, Command):
            return []
        return [self._denied(now_ns, call.command, reason), *self._release(now_ns)]

    def expire(self, now_ns: int) -> list[Any]:
        """Take the time-outs that have passed."""
        reason = f"no response within {self.entry.timeout_ns / 1e9:g} s"
        return self._all_doubted(now_ns, self.entry.expired(now_ns), reason)

    def lost(self, now_ns: int, reason: str) -> list[Any]:
        """The private socket is gone, and with it the answers."""
        return self._all_doubted(now_ns, self.entry.lost(), f"connection lost before the response: {reason}")

    def _all_doubted(self, now_ns: int, outstandings: list[Outstanding], reason: str) -> list[Any]:
        events: list[Any] = []
        for outstanding in outstandings:
            events += self._doubted(now_ns, outstanding.command, reason)
        return events + self._release(now_ns, in_doubt=True)

    def _release(self, now_ns: int, *, in_doubt: bool = False) -> list[Any]:
        """Submit what waited. in_doubt: what it waited for may still take effect, perhaps after an amend sent now."""
        events: list[Any] = []
        for command in self.entry.release():
            if in_doubt and isinstance(command, Amend):
                events.append(self._denied(now_ns, command, "the request before it is in doubt"))
            else:
                events += self.submit(now_ns, command)
        return events

    def _send(self, now_ns: int, command: Command, *, by_rest: bool) -> list[Any]:
        if not by_rest:
            return list(self.send(now_ns, command))
        request_id = self.take_id()
        call = Call(request_name(command), "command", command=command, is_read=False, urgent=True, cost=0)
        call.request_id = request_id
        if isinstance(command, Place):
            # Behind every cancel that waits.
            call.rank, call.expires_ns = 1, now_ns + PLACE_WAIT_NS_MAX
        if not self.rest.add(call):
            return [self._denied(now_ns, command, "too many REST calls wait")]
        self.entry.sent(now_ns, request_id, command, True)
        return []

    def _outcome(self, now_ns: int, command: Command, decoded: Decoded, *, by_rest: bool) -> list[Any]:
        if not decoded.ok and decoded.error_class is ErrorClass.TOKEN and not by_rest:
            events = list(self.session.token_refused(now_ns))
            if isinstance(command, Cancel | CancelAfter):
                return events + self._send(now_ns, command, by_rest=True)
            return events + list(self.session.response_events(command, decoded, now_ns))
        if isinstance(command, CancelAfter):
            venue = self.session.venue
            if decoded.ok:
                return [TimerSet(now_ns, venue, command.timeout_s)]
            text = f"{venue}: the dead man's switch was not set: {decoded.error}"
            return [TimerSet(now_ns, venue, 0), Alert(now_ns, "error", text)]
        return list(self.session.response_events(command, decoded, now_ns))

    def _doubted(self, now_ns: int, command: Command, reason: str) -> list[Any]:
        venue = self.session.venue
        if isinstance(command, CancelAfter):
            text = f"{venue}: the dead man's switch may not be set: {reason}"
            return [TimerSet(now_ns, venue, 0), Alert(now_ns, "error", text)]
        venue_id = "" if isinstance(command, Place) else command.venue_id
        return [OutcomeUnknown(now_ns, 0, venue, command.client_id, venue_id, request_name(command), reason)]

    def _denied(self, now_ns: int, command: Command, reason: str) -> Any:
        venue = self.session.venue
        if isinstance(command, Place):
            return OrderDenied(now_ns, 0, venue, command.client_id, "", reason)
        if isinstance(command, Amend):
            return AmendRejected(now_ns, 0, venue, command.client_id, command.venue_id, reason, LOCAL)
        if isinstance(command, Cancel):
            return CancelRejected(now_ns, 0, venue, command.client_id, command.venue_id, reason, LOCAL, False)
        return Alert(now_ns, "error", f"{venue}: the dead man's switch was not set: {reason}")

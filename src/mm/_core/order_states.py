"""The life of an order as one literal table.

An order begins PENDING_NEW: it is counted before its bytes leave. The venue's words move it on. What we ask for is in
flight until the venue answers: PENDING_NEW, PENDING_REPLACE and PENDING_CANCEL are real states, and while one lasts an
order may still fill, or end. When an answer is lost the order is UNKNOWN: it counts against every limit as if it lived,
and leaves UNKNOWN only on evidence about each request that is in doubt. DENIED, FILLED, CANCELED, REJECTED and EXPIRED
are terminal: nothing leaves them, yet a fill that arrives later is booked all the same, because the venue's matching
and its messages are two different things.

Some targets are written as words, because they depend on what is known of the order:

    LIVE    NEW, or PARTIALLY_FILLED once anything filled
    STANDS  UNKNOWN while any request is in doubt; else PENDING_CANCEL or PENDING_REPLACE while one is in flight; else
            LIVE once the venue has accepted the order, PENDING_NEW before
    SAME    nothing changes
    ODD     nothing changes, and it is counted: the venue contradicts itself or us
    REFUSE  our own defect: LocalError

FILL_ALL is said when nothing is left at the size that stands and at the size of a change in flight: an order whose
enlargement is not answered yet may live on. REJECT and DENY of an order that the venue has accepted are ODD in every
state.

Every pair of state and event is here; those that "cannot happen" do, and say what we make of them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class OrderState(IntEnum):
    """Where an order stands."""

    CREATED = 0
    DENIED = 1
    PENDING_NEW = 2
    NEW = 3
    PARTIALLY_FILLED = 4
    PENDING_CANCEL = 5
    PENDING_REPLACE = 6
    FILLED = 7
    CANCELED = 8
    REJECTED = 9
    EXPIRED = 10
    UNKNOWN = 11


class OrderEvent(IntEnum):
    """What can happen to an order; our own requests first, then the venue's words, then the lack of them."""

    SUBMIT = 0
    DENY = 1
    REQUEST_REPLACE = 2
    REQUEST_CANCEL = 3
    PEND = 4
    ACCEPT = 5
    REJECT = 6
    FILL = 7
    FILL_ALL = 8
    REPLACED = 9
    REPLACE_REJECTED = 10
    CANCEL_REJECTED = 11
    GONE = 12
    CANCEL = 13
    EXPIRE = 14
    LOSE_PLACE = 15
    LOSE_REPLACE = 16
    LOSE_CANCEL = 17
    CONFIRM = 18
    ABSENT = 19


class Transition(NamedTuple):
    """One cell. target: the name of a state, or one of the words above."""

    target: str
    why: str


TERMINAL: Final = frozenset(
    {OrderState.DENIED, OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED}
)

S = OrderState
E = OrderEvent
T = Transition

_TABLE: Final[dict[OrderState, dict[OrderEvent, Transition]]] = {
    S.CREATED: {
        E.SUBMIT: T("PENDING_NEW", "recorded and on its way"),
        E.DENY: T("DENIED", "our own limits or the recorder said no; no byte left"),
        E.REQUEST_REPLACE: T("REFUSE", "nothing is at the venue yet"),
        E.REQUEST_CANCEL: T("REFUSE", "nothing is at the venue yet"),
        E.PEND: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.ACCEPT: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.REJECT: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.FILL: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.FILL_ALL: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.REPLACED: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.REPLACE_REJECTED: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.CANCEL_REJECTED: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.GONE: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.CANCEL: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.EXPIRE: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.LOSE_PLACE: T("REFUSE", "nothing was sent that could be lost"),
        E.LOSE_REPLACE: T("REFUSE", "nothing was sent that could be lost"),
        E.LOSE_CANCEL: T("REFUSE", "nothing was sent that could be lost"),
        E.CONFIRM: T("REFUSE", "an order is submitted before the venue can speak of it"),
        E.ABSENT: T("REFUSE", "an order is submitted before the venue can speak of it"),
    },
    S.DENIED: {
        E.SUBMIT: T("REFUSE", "a denied intent is made anew, with a new id"),
        E.DENY: T("SAME", "said twice"),
        E.REQUEST_REPLACE: T("REFUSE", "it never left"),
        E.REQUEST_CANCEL: T("REFUSE", "it never left"),
        E.PEND: T("ODD", "the venue speaks of what never left"),
        E.ACCEPT: T("ODD", "the venue speaks of what never left"),
        E.REJECT: T("ODD", "the venue speaks of what never left"),
        E.FILL: T("ODD", "booked: money moved, whatever we believe"),
        E.FILL_ALL: T("ODD", "booked: money moved, whatever we believe"),
        E.REPLACED: T("ODD", "the venue speaks of what never left"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late"),
        E.GONE: T("SAME", "late, and true"),
        E.CANCEL: T("SAME", "it is not open, and that is what we hold"),
        E.EXPIRE: T("SAME", "it is not open, and that is what we hold"),
        E.LOSE_PLACE: T("SAME", "nothing was sent"),
        E.LOSE_REPLACE: T("SAME", "nothing was sent"),
        E.LOSE_CANCEL: T("SAME", "nothing was sent"),
        E.CONFIRM: T("ODD", "the venue speaks of what never left"),
        E.ABSENT: T("SAME", "it never left"),
    },
    S.PENDING_NEW: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("DENIED", "the link could not send it and says so before any byte left"),
        E.REQUEST_REPLACE: T("REFUSE", "what the venue has not accepted cannot be amended"),
        E.REQUEST_CANCEL: T("PENDING_CANCEL", "cancels work at any time, by client id where there is no other"),
        E.PEND: T("SAME", "the venue has it, and has not placed it yet"),
        E.ACCEPT: T("LIVE", "in the book"),
        E.REJECT: T("REJECTED", "refused for good"),
        E.FILL: T("PARTIALLY_FILLED", "a fill overtook the acknowledgement: it lives"),
        E.FILL_ALL: T("FILLED", "the fills overtook the acknowledgement"),
        E.REPLACED: T("LIVE", "amended by other hands, so it lives"),
        E.REPLACE_REJECTED: T("SAME", "we asked for none"),
        E.CANCEL_REJECTED: T("SAME", "an earlier cancel was refused; the order is still on its way"),
        E.GONE: T("UNKNOWN", "the venue does not know it although it was sent: it may still arrive"),
        E.CANCEL: T("CANCELED", "for example post-only that would have taken, or the venue's timer"),
        E.EXPIRE: T("EXPIRED", "for example an immediate-or-cancel order without a match"),
        E.LOSE_PLACE: T("UNKNOWN", "sent, and no answer: it may live"),
        E.LOSE_REPLACE: T("SAME", "we asked for none"),
        E.LOSE_CANCEL: T("UNKNOWN", "a cancel was sent that we no longer hold in flight"),
        E.CONFIRM: T("LIVE", "a list of open orders shows it"),
        E.ABSENT: T("CANCELED", "two complete reads after the deadline agree that it never arrived"),
    },
    S.NEW: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("ODD", "the denial was for an order that the venue shows: the venue is right"),
        E.REQUEST_REPLACE: T("PENDING_REPLACE", "the change is in flight, old and new price both count"),
        E.REQUEST_CANCEL: T("PENDING_CANCEL", "the cancel is in flight, it may still fill"),
        E.PEND: T("SAME", "the response came after the stream's word"),
        E.ACCEPT: T("LIVE", "said twice, perhaps with what has filled since"),
        E.REJECT: T("ODD", "a refusal of what the venue has accepted"),
        E.FILL: T("PARTIALLY_FILLED", "part of it traded"),
        E.FILL_ALL: T("FILLED", "all of it traded"),
        E.REPLACED: T("LIVE", "amended by the venue or other hands: its numbers are taken"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late: it lives"),
        E.GONE: T("UNKNOWN", "not open at the venue, and we do not know how it ended"),
        E.CANCEL: T("CANCELED", "by the venue, its timer, or other hands"),
        E.EXPIRE: T("EXPIRED", "its time was over"),
        E.LOSE_PLACE: T("SAME", "the stream has proven that it lives"),
        E.LOSE_REPLACE: T("SAME", "no change is in flight: the stream has told how it ended"),
        E.LOSE_CANCEL: T("UNKNOWN", "a cancel was sent that we no longer hold in flight"),
        E.CONFIRM: T("LIVE", "a list of open orders shows it"),
        E.ABSENT: T("CANCELED", "two complete reads agree that it is gone"),
    },
    S.PARTIALLY_FILLED: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("ODD", "the denial was for an order that the venue shows: the venue is right"),
        E.REQUEST_REPLACE: T("PENDING_REPLACE", "the change is in flight, old and new price both count"),
        E.REQUEST_CANCEL: T("PENDING_CANCEL", "the cancel is in flight, it may still fill"),
        E.PEND: T("SAME", "the response came after the stream's word"),
        E.ACCEPT: T("SAME", "the fill overtook the acknowledgement"),
        E.REJECT: T("ODD", "a refusal of what has traded"),
        E.FILL: T("SAME", "more of it traded"),
        E.FILL_ALL: T("FILLED", "the rest traded"),
        E.REPLACED: T("LIVE", "amended by the venue or other hands: its numbers are taken"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late: it lives"),
        E.GONE: T("UNKNOWN", "not open at the venue, and we do not know how it ended"),
        E.CANCEL: T("CANCELED", "the rest was cancelled"),
        E.EXPIRE: T("EXPIRED", "the rest expired"),
        E.LOSE_PLACE: T("SAME", "it has traded, so it was placed"),
        E.LOSE_REPLACE: T("SAME", "no change is in flight: the stream has told how it ended"),
        E.LOSE_CANCEL: T("UNKNOWN", "a cancel was sent that we no longer hold in flight"),
        E.CONFIRM: T("LIVE", "a list of open orders shows it"),
        E.ABSENT: T("CANCELED", "two complete reads agree that it is gone"),
    },
    S.PENDING_CANCEL: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("DENIED", "the link could not send it and says so; the cancel behind it has no object"),
        E.REQUEST_REPLACE: T("REFUSE", "what is being cancelled is not changed"),
        E.REQUEST_CANCEL: T("SAME", "asked again, because the first may be lost"),
        E.PEND: T("SAME", "the cancel stays in flight"),
        E.ACCEPT: T("SAME", "the acknowledgement was on its way before the cancel"),
        E.REJECT: T("REJECTED", "it never got into the book"),
        E.FILL: T("SAME", "the fill won the race; the cancel stays in flight"),
        E.FILL_ALL: T("FILLED", "the fills won the race"),
        E.REPLACED: T("SAME", "an earlier amend was carried out; the cancel stays in flight"),
        E.REPLACE_REJECTED: T("SAME", "an earlier amend was refused; the cancel stays in flight"),
        E.CANCEL_REJECTED: T("STANDS", "refused, for example by the rate limit: an amend before it may be in flight"),
        E.GONE: T("UNKNOWN", "not open at the venue; a fill or an earlier cancel is on its way to us, or lost"),
        E.CANCEL: T("CANCELED", "as asked"),
        E.EXPIRE: T("EXPIRED", "its time was over before the cancel"),
        E.LOSE_PLACE: T("STANDS", "if it is not accepted, neither the order nor the cancel is proven"),
        E.LOSE_REPLACE: T("SAME", "it is being cancelled; the size in doubt counts on"),
        E.LOSE_CANCEL: T("UNKNOWN", "sent, and no answer: it may be gone"),
        E.CONFIRM: T("SAME", "the list may be older than the cancel"),
        E.ABSENT: T("CANCELED", "two complete reads agree that it is gone"),
    },
    S.PENDING_REPLACE: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("ODD", "the denial was for an order that the venue shows: the venue is right"),
        E.REQUEST_REPLACE: T("REFUSE", "one change at a time: two in flight can be carried out in any order"),
        E.REQUEST_CANCEL: T("PENDING_CANCEL", "cancels work at any time; both prices count until the end"),
        E.PEND: T("SAME", "the change stays in flight"),
        E.ACCEPT: T("STANDS", "carried out if the stream shows the change; else it was on its way before"),
        E.REJECT: T("ODD", "a refusal of what was accepted"),
        E.FILL: T("SAME", "filled at the old price or the new; the change stays in flight"),
        E.FILL_ALL: T("FILLED", "nothing is left to change"),
        E.REPLACED: T("STANDS", "as asked; or an earlier change was told again, and this one stays in flight"),
        E.REPLACE_REJECTED: T("STANDS", "it stands where it stood"),
        E.CANCEL_REJECTED: T("SAME", "an earlier cancel was refused; the change stays in flight"),
        E.GONE: T("UNKNOWN", "not open at the venue, and we do not know how it ended"),
        E.CANCEL: T("CANCELED", "for example by a post-only amend that would have taken"),
        E.EXPIRE: T("EXPIRED", "its time was over before the change"),
        E.LOSE_PLACE: T("SAME", "it was accepted before it could be changed"),
        E.LOSE_REPLACE: T("UNKNOWN", "sent, and no answer: either price may stand"),
        E.LOSE_CANCEL: T("UNKNOWN", "a cancel was sent that we no longer hold in flight"),
        E.CONFIRM: T("STANDS", "carried out if the list shows it; else the list may be older than the change"),
        E.ABSENT: T("CANCELED", "two complete reads agree that it is gone"),
    },
    S.FILLED: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("SAME", "late"),
        E.REQUEST_REPLACE: T("REFUSE", "it is over"),
        E.REQUEST_CANCEL: T("REFUSE", "it is over"),
        E.PEND: T("SAME", "late"),
        E.ACCEPT: T("SAME", "late"),
        E.REJECT: T("ODD", "a refusal of what has traded"),
        E.FILL: T("SAME", "a part whose sum was told first: booked"),
        E.FILL_ALL: T("SAME", "a part whose sum was told first: booked"),
        E.REPLACED: T("SAME", "late"),
        E.REPLACE_REJECTED: T("SAME", "late: the fill won the race"),
        E.CANCEL_REJECTED: T("SAME", "late"),
        E.GONE: T("SAME", "late: the fill won the race"),
        E.CANCEL: T("SAME", "late"),
        E.EXPIRE: T("SAME", "late"),
        E.LOSE_PLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_REPLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_CANCEL: T("SAME", "it has ended, so nothing is open about it"),
        E.CONFIRM: T("ODD", "an older list; a newer one would be a contradiction"),
        E.ABSENT: T("SAME", "it is not among the open orders, of course"),
    },
    S.CANCELED: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("SAME", "late"),
        E.REQUEST_REPLACE: T("REFUSE", "it is over"),
        E.REQUEST_CANCEL: T("REFUSE", "it is over"),
        E.PEND: T("SAME", "late"),
        E.ACCEPT: T("SAME", "late"),
        E.REJECT: T("SAME", "late"),
        E.FILL: T("SAME", "normal: it traded before the cancel and the word came after; booked"),
        E.FILL_ALL: T("SAME", "normal: it traded before the cancel and the word came after; booked"),
        E.REPLACED: T("SAME", "late"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late: an earlier cancel, or the venue, was faster"),
        E.GONE: T("SAME", "late: an earlier cancel, or the venue, was faster"),
        E.CANCEL: T("SAME", "said twice"),
        E.EXPIRE: T("SAME", "late"),
        E.LOSE_PLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_REPLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_CANCEL: T("SAME", "it has ended, so nothing is open about it"),
        E.CONFIRM: T("ODD", "an older list; a newer one would be a contradiction"),
        E.ABSENT: T("SAME", "it is not among the open orders, of course"),
    },
    S.REJECTED: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("SAME", "late"),
        E.REQUEST_REPLACE: T("REFUSE", "it is over"),
        E.REQUEST_CANCEL: T("REFUSE", "it is over"),
        E.PEND: T("SAME", "acknowledged by one part of the venue, refused by another: refused"),
        E.ACCEPT: T("ODD", "the venue contradicts itself"),
        E.REJECT: T("SAME", "said twice"),
        E.FILL: T("ODD", "booked: money moved, whatever was said"),
        E.FILL_ALL: T("ODD", "booked: money moved, whatever was said"),
        E.REPLACED: T("ODD", "the venue contradicts itself"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late"),
        E.GONE: T("SAME", "late, and true"),
        E.CANCEL: T("SAME", "some venues report a refusal as a cancel too"),
        E.EXPIRE: T("SAME", "some venues report a refusal as an expiry too"),
        E.LOSE_PLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_REPLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_CANCEL: T("SAME", "it has ended, so nothing is open about it"),
        E.CONFIRM: T("ODD", "the venue contradicts itself"),
        E.ABSENT: T("SAME", "it is not among the open orders, of course"),
    },
    S.EXPIRED: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("SAME", "late"),
        E.REQUEST_REPLACE: T("REFUSE", "it is over"),
        E.REQUEST_CANCEL: T("REFUSE", "it is over"),
        E.PEND: T("SAME", "late"),
        E.ACCEPT: T("SAME", "late"),
        E.REJECT: T("SAME", "late"),
        E.FILL: T("SAME", "normal: it traded before its end and the word came after; booked"),
        E.FILL_ALL: T("SAME", "normal: it traded before its end and the word came after; booked"),
        E.REPLACED: T("SAME", "late"),
        E.REPLACE_REJECTED: T("SAME", "late"),
        E.CANCEL_REJECTED: T("SAME", "late"),
        E.GONE: T("SAME", "late, and true"),
        E.CANCEL: T("SAME", "late"),
        E.EXPIRE: T("SAME", "said twice"),
        E.LOSE_PLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_REPLACE: T("SAME", "it has ended, so nothing is open about it"),
        E.LOSE_CANCEL: T("SAME", "it has ended, so nothing is open about it"),
        E.CONFIRM: T("ODD", "an older list; a newer one would be a contradiction"),
        E.ABSENT: T("SAME", "it is not among the open orders, of course"),
    },
    S.UNKNOWN: {
        E.SUBMIT: T("REFUSE", "an id is used once"),
        E.DENY: T("SAME", "something else about it is open: the venue will say"),
        E.REQUEST_REPLACE: T("REFUSE", "what may not exist is not changed"),
        E.REQUEST_CANCEL: T("SAME", "cancels work at any time; its fate stays open until the venue answers"),
        E.PEND: T("STANDS", "the venue has it, so it was placed"),
        E.ACCEPT: T("STANDS", "it arrived after all; this says nothing of a later change or cancel"),
        E.REJECT: T("REJECTED", "the answer came late: refused"),
        E.FILL: T("STANDS", "it traded, so it arrived; this says nothing of a later change or cancel"),
        E.FILL_ALL: T("FILLED", "nothing is left in doubt"),
        E.REPLACED: T("STANDS", "the answer came late: changed"),
        E.REPLACE_REJECTED: T("STANDS", "the answer came late: this change is not carried out"),
        E.CANCEL_REJECTED: T("STANDS", "the answer came late: this cancel is not carried out"),
        E.GONE: T("SAME", "not open at the venue, and we do not know how it ended"),
        E.CANCEL: T("CANCELED", "the venue's word"),
        E.EXPIRE: T("EXPIRED", "the venue's word"),
        E.LOSE_PLACE: T("SAME", "lost twice"),
        E.LOSE_REPLACE: T("SAME", "lost twice"),
        E.LOSE_CANCEL: T("SAME", "lost twice"),
        E.CONFIRM: T("STANDS", "the venue shows it: it lives, and what could still take effect stays in doubt"),
        E.ABSENT: T("CANCELED", "two complete reads after the deadline agree that it is not there"),
    },
}

TRANSITIONS: Final[dict[tuple[OrderState, OrderEvent], Transition]] = {
    (state, event): transition for state, row in _TABLE.items() for event, transition in row.items()
}
"""Every pair of state and event."""

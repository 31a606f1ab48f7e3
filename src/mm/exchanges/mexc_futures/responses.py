"""What the answer to an order request means for its order.

A success says that the venue took the request, and nothing about how it ended: immediate-or-cancel, fill-or-kill and
post-only orders are taken and then cancelled, which the stream tells. (MEXC Futures reference: orders.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mm._core.events import Cancel, CancelRejected, OrderPending, OrderRejected, OutcomeUnknown, Place
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.venue import Decoded, ErrorClass

_DOUBT: Final = frozenset({ErrorClass.AMBIGUOUS, ErrorClass.BUSY})


def response_events(command: Any, decoded: Decoded, known: KnownOrders, now_ns: int) -> tuple[Any, ...]:
    """Return what an answer means for the order of one command."""
    if isinstance(command, Place):
        return _placed(command, decoded, known, now_ns)
    if not isinstance(command, Cancel):
        return ()
    return batch_events((command,), decoded, known, now_ns)


def batch_events(
    commands: Sequence[Place] | Sequence[Cancel], decoded: Decoded, known: KnownOrders, now_ns: int
) -> tuple[Any, ...]:
    """Return what the answer to a batch means for each of its orders; one that it leaves out is in doubt."""
    events: list[Any] = []
    given = decoded.result if decoded.ok and type(decoded.result) is list else []
    rows = [row for row in given if type(row) is Decoded]
    lost = Decoded(decoded.kind, ok=False, error="not in the answer", error_class=ErrorClass.AMBIGUOUS)
    for index, command in enumerate(commands):
        each = decoded if not decoded.ok else rows[index] if index < len(rows) else lost
        if isinstance(command, Place):
            events += _placed(command, each, known, now_ns)
        elif isinstance(command, Cancel):
            events += _canceled(command, each, now_ns)
    return tuple(events)


def _canceled(cancel: Cancel, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
    if decoded.ok:
        return ()
    error_class = decoded.error_class or ErrorClass.AMBIGUOUS
    head = (now_ns, decoded.time_out_ns, VENUE, cancel.client_id, cancel.venue_id)
    if error_class in _DOUBT:
        return (OutcomeUnknown(*head, "cancel", decoded.error),)
    return (CancelRejected(*head, decoded.error, error_class.value, error_class is ErrorClass.GONE),)


def _placed(place: Place, decoded: Decoded, known: KnownOrders, now_ns: int) -> tuple[Any, ...]:
    head = (now_ns, decoded.time_out_ns, VENUE, place.client_id)
    if decoded.ok:
        if type(decoded.result) is not str or not decoded.result:
            return (OutcomeUnknown(*head, "", "place", "accepted without an order id"),)
        order = known.remember(place.client_id, decoded.result, place.symbol, place.side, 0, 0, place.post_only)
        return (OrderPending(*head, order.venue_id),)
    error_class = decoded.error_class or ErrorClass.AMBIGUOUS
    if error_class in _DOUBT:
        return (OutcomeUnknown(*head, "", "place", decoded.error),)
    order_known = known.find(place.client_id, "")
    if order_known is not None:
        known.close(order_known)
    return (OrderRejected(*head, "", decoded.error, error_class.value),)

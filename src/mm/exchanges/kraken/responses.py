"""Answers to websocket requests, and what the answer to an order request means for its order.

A success says that the engine took the request, not how it ended: a post-only order that would take is accepted and
then cancelled. So an accepted place gives only the venue's id, and an accepted amend or cancel gives nothing: the
executions channel tells. (Kraken reference: WS trading requests.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mm._core.events import (
    Amend,
    AmendRejected,
    Cancel,
    CancelRejected,
    OrderPending,
    OrderRejected,
    OutcomeUnknown,
    Place,
)
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.kraken.errors import CANCEL_PENDING, classify
from mm.exchanges.kraken.instruments import VENUE
from mm.exchanges.kraken.times import nanoseconds, timestamp_or_zero
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import Malformed, Row, array, integer, mapping, readable, text

TRADING: Final = frozenset(
    {
        "add_order",
        "amend_order",
        "edit_order",
        "cancel_order",
        "batch_add",
        "batch_cancel",
        "cancel_all",
        "cancel_all_orders_after",
    }
)
_READS: Final = {"subscribe": Kind.SUBSCRIBED, "unsubscribe": Kind.UNSUBSCRIBED, "ping": Kind.PONG, "pong": Kind.PONG}
_DOUBT: Final = frozenset({ErrorClass.AMBIGUOUS, ErrorClass.BUSY})


def read_response(message: Row) -> Decoded:
    """Return the meaning of a message with a `method`. Raises Malformed.

    result: of add, amend, edit and cancel an object of ids; of batch_add a list of such; of batch_cancel and cancel_all
    the count; of cancel_all_orders_after (now, trigger) in nanoseconds, trigger 0 when off.
    """
    method = text(message, "method")
    request_id = integer(message, "req_id", 0)
    time_in_ns, time_out_ns = timestamp_or_zero(message, "time_in"), timestamp_or_zero(message, "time_out")
    is_trading = method in TRADING
    kind = Kind.RESPONSE if is_trading or method == "error" else _READS.get(method, Kind.UNKNOWN)
    decoded = Decoded(kind, request_id=request_id, time_in_ns=time_in_ns, time_out_ns=time_out_ns)
    success = message.get("success", method == "pong")
    if type(success) is not bool:
        raise Malformed("success: expected true or false")
    if not success:
        decoded.ok = False
        decoded.error = error_text(message.get("error"))
        decoded.error_class = classify(decoded.error, is_read=not is_trading and method != "error")
        decoded.symbol = text(message, "symbol", "")
    elif is_trading:
        decoded.result = _result(method, message)
    elif kind is Kind.SUBSCRIBED or kind is Kind.UNSUBSCRIBED:
        result = mapping(message.get("result"), "result")
        decoded.channel, decoded.symbol = text(result, "channel"), text(result, "symbol", "")
        decoded.result = result
    return decoded


def error_text(error: object) -> str:
    """Return an error for people; one that is no text says so."""
    return readable(error) if type(error) is str and error else "refused without a reason"


def response_events(command: Any, decoded: Decoded, known: KnownOrders, now_ns: int) -> tuple[Any, ...]:
    """Return what an answer means for the order of one command."""
    if isinstance(command, Place):
        return _placed(command, decoded, decoded.result, known, now_ns)
    if not isinstance(command, Amend | Cancel):
        return ()
    head = (now_ns, decoded.time_out_ns, VENUE, command.client_id, command.venue_id)
    if decoded.ok:
        nothing = isinstance(command, Cancel) and type(decoded.result) is dict and decoded.result.get("count") == 0
        return (CancelRejected(*head, "nothing to cancel", ErrorClass.GONE.value, True),) if nothing else ()
    error_class = decoded.error_class or ErrorClass.AMBIGUOUS
    if error_class in _DOUBT:
        request = "amend" if isinstance(command, Amend) else "cancel"
        return (OutcomeUnknown(*head, request, decoded.error),)
    if isinstance(command, Amend):
        return (AmendRejected(*head, decoded.error, error_class.value),)
    if decoded.error.startswith(CANCEL_PENDING):
        return ()
    return (CancelRejected(*head, decoded.error, error_class.value, error_class is ErrorClass.GONE),)


def batch_events(
    commands: Sequence[Place] | Sequence[Cancel], decoded: Decoded, known: KnownOrders, now_ns: int
) -> tuple[Any, ...]:
    """Return what the answer to a batch means for each of its orders.

    Cancels: the answer is a count only, so that success says nothing of one order; the executions channel tells. A
    count that is too small leaves some in doubt, and all of them are asked for.
    """
    if not decoded.ok:
        return tuple(event for command in commands for event in response_events(command, decoded, known, now_ns))
    events: list[Any] = []
    rows = decoded.result if type(decoded.result) is list else []
    for index, command in enumerate(commands):
        if isinstance(command, Place):
            events += _placed(command, decoded, rows[index] if index < len(rows) else None, known, now_ns)
        elif isinstance(command, Cancel) and (type(decoded.result) is not int or decoded.result < len(commands)):
            head = (now_ns, decoded.time_out_ns, VENUE, command.client_id, command.venue_id)
            events.append(OutcomeUnknown(*head, "cancel", "the batch cancelled fewer orders than it named"))
    return tuple(events)


def _placed(place: Place, decoded: Decoded, result: object, known: KnownOrders, now_ns: int) -> tuple[Any, ...]:
    """Return the event of one placed order; an entry of a batch can carry an error of its own."""
    head = (now_ns, decoded.time_out_ns, VENUE, place.client_id)
    if not decoded.ok:
        error, error_class = decoded.error, decoded.error_class or ErrorClass.AMBIGUOUS
    elif type(result) is dict and "error" in result:
        error = error_text(result["error"])
        error_class = classify(error, is_read=False)
    else:
        try:
            venue_id = text(mapping(result, "result"), "order_id")
        except Malformed as malformed:
            return (OutcomeUnknown(*head, "", "place", f"accepted without an order id: {malformed}"),)
        if not venue_id:
            return (OutcomeUnknown(*head, "", "place", "accepted without an order id"),)
        order = known.remember(place.client_id, venue_id, place.symbol, place.side, 0, 0, place.post_only)
        return (OrderPending(*head, order.venue_id),)
    if error_class in _DOUBT:
        return (OutcomeUnknown(*head, "", "place", error),)
    order_known = known.find(place.client_id, "")
    if order_known is not None:
        known.close(order_known)
    return (OrderRejected(*head, "", error, error_class.value),)


def _result(method: str, message: Row) -> Any:
    result = message.get("result")
    if method == "batch_add":
        return [mapping(row, f"result[{index}]") for index, row in enumerate(array(result, "result"))]
    if method == "batch_cancel" and result is None:
        # Recorded in 2024: {"method":"batch_cancel","orders_cancelled":2,"success":true,...}.
        return integer(message, "orders_cancelled")
    row = mapping(result, "result")
    if method in ("batch_cancel", "cancel_all"):
        return integer(row, "count")
    if method == "cancel_all_orders_after":
        return switch_times(row)
    return row


def switch_times(row: Row) -> tuple[int, int]:
    """Return (now, trigger) of a dead man's switch; trigger is 0 when it is off (then "0" or missing)."""
    trigger = row.get("triggerTime")
    off = trigger is None or trigger == "0" or trigger == 0
    return nanoseconds(row.get("currentTime"), "currentTime"), 0 if off else nanoseconds(trigger, "triggerTime")

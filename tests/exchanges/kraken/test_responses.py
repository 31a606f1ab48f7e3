"""Answers to websocket requests: what each means for the order that it is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm._core.events import (
    AmendRejected,
    CancelAfter,
    CancelRejected,
    Event,
    OrderPending,
    OrderRejected,
    OutcomeUnknown,
)
from mm.exchanges.venue import Decoded, Kind
from tests.exchanges.kraken.commands import amend, cancel, place
from tests.exchanges.kraken.samples import NOW, codec, ns


def response(method: str, **members: Any) -> Decoded:
    message = {"method": method, "req_id": 7, "time_out": "2026-01-21T12:33:34.460575Z", **members}
    return codec().decode_frame(json.dumps(message).encode(), NOW)


def failure(error: str, method: str = "add_order") -> Decoded:
    return response(method, success=False, error=error)


OUT = ns("2026-01-21T12:33:34.460575Z")
HEAD = (NOW, OUT, "kraken")


def events(command: Event, decoded: Decoded) -> tuple[Event, ...]:
    machine = codec()
    if hasattr(command, "order_type"):
        machine.encode(command, 7, "token", NOW)
    return machine.response_events(command, decoded, NOW)


def test_accepted_place_gives_the_venue_id() -> None:
    decoded = response("add_order", success=True, result={"order_id": "O1", "cl_ord_id": "mm1"})
    assert events(place("mm1"), decoded) == (OrderPending(*HEAD, "mm1", "O1"),)


@pytest.mark.parametrize("result", [{}, {"order_id": ""}, {"order_id": 5}])
def test_accepted_place_without_an_id_is_in_doubt(result: dict[str, Any]) -> None:
    (event,) = events(place("mm1"), response("add_order", success=True, result=result))
    assert type(event) is OutcomeUnknown
    assert event.request == "place"


def test_answer_without_success_is_in_doubt() -> None:
    (event,) = events(place("mm1"), response("add_order"))
    assert event == OutcomeUnknown(*HEAD, "mm1", "", "place", "refused without a reason")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("EOrder:Insufficient funds", "rejected"),
        ("EOrder:Rate limit exceeded", "rate"),
        ("EService:Deadline elapsed", "clock"),
        ("EService:Market in post_only mode", "mode"),
        ("EAPI:Invalid token", "token"),
        ("EGeneral:Permission denied", "fatal"),
    ],
)
def test_refused_place_was_not_carried_out(error: str, code: str) -> None:
    assert events(place("mm1"), failure(error)) == (OrderRejected(*HEAD, "mm1", "", error, code),)


@pytest.mark.parametrize("error", ["EService:Busy", "EService:Timeout", "EGeneral:Internal error", "EWhat:Ever", ""])
def test_doubtful_refusals_leave_the_outcome_unknown(error: str) -> None:
    shown = error or "refused without a reason"
    assert events(place("mm1"), failure(error)) == (OutcomeUnknown(*HEAD, "mm1", "", "place", shown),)
    decoded = failure(error, "amend_order")
    assert events(amend("mm1", "O1"), decoded) == (OutcomeUnknown(*HEAD, "mm1", "O1", "amend", shown),)
    decoded = failure(error, "cancel_order")
    assert events(cancel("mm1", "O1"), decoded) == (OutcomeUnknown(*HEAD, "mm1", "O1", "cancel", shown),)


def test_accepted_amend_and_cancel_wait_for_the_executions_channel() -> None:
    assert events(amend("mm1"), response("amend_order", success=True, result={"amend_id": "T"})) == ()
    assert events(cancel("mm1"), response("cancel_order", success=True, result={"cl_ord_id": "mm1"})) == ()


def test_refused_amend_leaves_the_order_as_it_was() -> None:
    expected = AmendRejected(*HEAD, "mm1", "O1", "EOrder:Post only order", "rejected")
    assert events(amend("mm1", "O1"), failure("EOrder:Post only order", "amend_order")) == (expected,)


@pytest.mark.parametrize("error", ["EOrder:Unknown order", "EOrder:Invalid order"])
def test_cancel_of_an_order_that_is_gone(error: str) -> None:
    expected = CancelRejected(*HEAD, "mm1", "O1", error, "gone", True)
    assert events(cancel("mm1", "O1"), failure(error, "cancel_order")) == (expected,)


def test_refused_cancel_of_a_living_order() -> None:
    expected = CancelRejected(*HEAD, "mm1", "O1", "EOrder:Rate limit exceeded", "rate", False)
    assert events(cancel("mm1", "O1"), failure("EOrder:Rate limit exceeded", "cancel_order")) == (expected,)


def test_second_cancel_while_one_is_pending_waits_for_its_report() -> None:
    assert events(cancel("mm1", "O1"), failure("EOrder:Cancel pending", "cancel_order")) == ()


def test_dead_mans_switch_tells_nothing_of_an_order() -> None:
    decoded = response(
        "cancel_all_orders_after",
        success=True,
        result={"currentTime": "2024-05-19T19:22:20Z", "triggerTime": "0"},
    )
    assert decoded.result == (ns("2024-05-19T19:22:20Z"), 0)
    assert codec().response_events(CancelAfter(NOW, "kraken", 60), decoded, NOW) == ()


def test_batch_of_orders_with_one_refused() -> None:
    machine = codec()
    orders = [place("mm1"), place("mm2"), place("mm3")]
    machine.encode_batch(orders, 7, "token", NOW)
    rows = [{"order_id": "O1"}, {"error": "EOrder:Insufficient funds"}]
    decoded = response("batch_add", success=True, result=rows)
    assert machine.batch_events(orders, decoded, NOW) == (
        OrderPending(*HEAD, "mm1", "O1"),
        OrderRejected(*HEAD, "mm2", "", "EOrder:Insufficient funds", "rejected"),
        OutcomeUnknown(
            *HEAD, "mm3", "", "place", "accepted without an order id: result: expected an object, got nothing"
        ),
    )


def test_refused_batch_refuses_each_order() -> None:
    orders = [place("mm1"), place("mm2")]
    decoded = failure("EGeneral:Invalid arguments", "batch_add")
    assert codec().batch_events(orders, decoded, NOW) == (
        OrderRejected(*HEAD, "mm1", "", "EGeneral:Invalid arguments", "rejected"),
        OrderRejected(*HEAD, "mm2", "", "EGeneral:Invalid arguments", "rejected"),
    )


def test_batch_that_cancelled_too_few_leaves_all_in_doubt() -> None:
    cancels = [cancel("mm1", "O1"), cancel("mm2", "O2")]
    enough = response("batch_cancel", success=True, result={"count": 2})
    assert codec().batch_events(cancels, enough, NOW) == ()
    few = response("batch_cancel", success=True, orders_cancelled=1)
    reason = "the batch cancelled fewer orders than it named"
    assert codec().batch_events(cancels, few, NOW) == (
        OutcomeUnknown(*HEAD, "mm1", "O1", "cancel", reason),
        OutcomeUnknown(*HEAD, "mm2", "O2", "cancel", reason),
    )


def test_method_that_is_not_known_is_counted() -> None:
    machine = codec()
    decoded = machine.decode_frame(b'{"method":"dance","req_id":4,"success":true}', NOW)
    assert (decoded.kind, decoded.request_id) == (Kind.UNKNOWN, 4)
    assert machine.unknown == {"response to dance": 1}


@pytest.mark.parametrize(
    ("members", "place_text"),
    [
        ({"success": "yes"}, "response to add_order: success"),
        ({"success": True, "result": []}, "response to add_order: result"),
        ({"success": True, "result": {"order_id": "O"}, "req_id": "seven"}, "response to add_order: req_id"),
    ],
)
def test_malformed_answer_names_the_place(members: dict[str, Any], place_text: str) -> None:
    decoded = response("add_order", **members)
    assert decoded.kind is Kind.MALFORMED
    assert decoded.error.startswith(place_text)


def test_time_that_cannot_be_read_does_not_lose_the_answer() -> None:
    decoded = response("add_order", success=True, result={"order_id": "O1"}, time_in="noon")
    assert (decoded.ok, decoded.time_in_ns, decoded.time_out_ns) == (True, 0, OUT)

"""Orders over REST, by way of the link: the tables of order entry, doubt, proof, and what is never sent."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from mm._core.events import (
    CancelRejected,
    Fill,
    OrderAbsent,
    OrderCanceled,
    OrderDenied,
    OrderPending,
    OrderRejected,
    OrderReport,
    OutcomeUnknown,
    QueryOrder,
)
from mm._core.rest_core import Call
from tests.exchanges.mexc_spot.desk import MS, SECOND, START, Desk
from tests.exchanges.mexc_spot.samples import cancel, place
from tests.exchanges.mexc_spot.test_session_private import open_order, ready, trade


def submit(desk: Desk, command: Any) -> None:
    desk.take(desk.link.submit(desk.now, command))


def test_an_order_goes_out_once_and_is_pending() -> None:
    desk = ready()
    submit(desk, place())
    (asked,) = desk.asked("POST order")
    assert (asked["newClientOrderId"], asked["price"], asked["type"]) == ("mm1Q1", "11.00", "LIMIT")
    desk.run(0.1)
    assert [(event.client_id, event.venue_id) for event in desk.of(OrderPending)] == [("mm1Q1", "C02__1")]
    submit(desk, cancel())
    assert desk.asked("DELETE order")[0]["orderId"] == "C02__1"
    desk.run(0.1)
    assert not desk.of(OutcomeUnknown, CancelRejected)
    desk.private("orders", id="C02__1", clientId="mm1Q1", price="11", quantity="1", status=4, tradeType=1)
    desk.run(0.1)
    assert [event.client_id for event in desk.of(OrderCanceled)] == ["mm1Q1"]


def test_no_order_leaves_while_the_private_side_is_down() -> None:
    desk = ready()
    desk.end("private")
    submit(desk, place())
    assert not desk.asked("POST order")
    assert [event.reason for event in desk.of(OrderDenied)] == ["private link is not ready"]
    submit(desk, cancel(venue_id="C02__1"))
    assert len(desk.asked("DELETE order")) == 1, "cancels go all the same"


def test_orders_do_not_wait_for_one_another_and_cancels_go_first() -> None:
    desk = ready()
    desk.replies["POST order"] = lambda fields: None
    desk.replies["DELETE order"] = lambda fields: None
    for number in range(10):
        submit(desk, place(client_id=f"mm1Q{number}"))
    assert len(desk.asked("POST order")) == 6
    for number in range(3):
        submit(desk, cancel(client_id=f"mm1Q7{number}", venue_id=f"C02__7{number}"))
    assert len(desk.asked("DELETE order")) == 2, "what orders leave free, and then it waits for one of the eight"
    first = next(request for request, call in desk.link._calls.items() if call.kind == "place")
    desk.take(desk.link.reply(desk.now, first, 200, b'{"orderId":"C02__1"}'))
    assert [name for _, name, _ in desk.requests][-1] == "DELETE order"


def with_a_read_that_waits() -> Desk:
    """The account could not be read, and is read again later."""
    desk = ready()
    desk.replies["GET account"] = lambda fields: (503, b"")
    desk.run(60)
    for _ in range(100):
        if desk.link._rest.waiting:
            break
        desk.run(0.1)
    assert [call.kind for call in desk.link._rest.waiting] == ["account"]
    return desk


def test_an_order_passes_a_read_that_waits_straight_away() -> None:
    desk = with_a_read_that_waits()
    command = place()
    called: list[str] = []
    sys.setprofile(lambda frame, event, argument: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        desk.link.submit(desk.now, command)
    finally:
        sys.setprofile(None)
    desk.take(())
    assert len(desk.asked("POST order")) == 1
    assert called == []


def test_an_order_waits_a_second_for_its_connection_and_a_cancel_as_long_as_it_takes() -> None:
    for desk in (ready(), with_a_read_that_waits()):
        submit(desk, place())
        assert desk.waits["POST order"] == SECOND, "sent straight away"
        command = cancel(venue_id="C02__7")
        desk.link._rest.add(Call("cancel", "command", command=command, is_read=False, urgent=True, cost=0))
        submit(desk, place(client_id="mm1Q8"))
        assert desk.waits["POST order"] == SECOND, "behind a cancel"
        assert desk.waits["DELETE order"] >= 5 * SECOND


def test_no_order_passes_a_cancel_that_waits() -> None:
    desk = ready()
    command = cancel(venue_id="C02__7")
    desk.link._rest.add(Call("cancel", "command", command=command, is_read=False, urgent=True, cost=0))
    submit(desk, place(client_id="mm1Q8"))
    assert [name for _, name, _ in desk.requests][-2:] == ["DELETE order", "POST order"]


def test_no_order_passes_a_read_that_waits_for_the_end_of_a_ban() -> None:
    desk = with_a_read_that_waits()
    desk.link._rest.access.ban.shut(desk.now)
    submit(desk, place())
    assert not desk.asked("POST order")


def test_no_order_leaves_into_a_ban_with_nothing_else_waiting() -> None:
    desk = ready()
    assert not desk.link._rest.waiting
    desk.link._rest.access.ban.shut(desk.now)
    submit(desk, place())
    assert not desk.asked("POST order")


def test_an_order_that_waited_too_long_is_not_sent() -> None:
    desk = ready()
    desk.replies["POST order"] = lambda fields: None
    for number in range(9):
        submit(desk, place(client_id=f"mm1Q{number}"))
    desk.run(1)
    call = next(request for request, call in desk.link._calls.items() if call.kind == "place")
    desk.take(desk.link.reply(desk.now, call, 200, b'{"orderId":"C02__1"}'))
    assert len(desk.asked("POST order")) == 6
    assert {event.client_id for event in desk.of(OrderDenied)} == {"mm1Q6", "mm1Q7", "mm1Q8"}
    assert {event.reason for event in desk.of(OrderDenied)} == {"waited too long for its turn: not sent"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": 30004, "msg": "Insufficient position"}, OrderRejected),
        (400, {"code": 30002, "msg": "The minimum transaction volume cannot be less than:0.5USDT"}, OrderRejected),
        (429, {"code": 429, "msg": "Too Many Requests"}, OrderRejected),
        (400, {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."}, OrderRejected),
        (502, b"<html>", OutcomeUnknown),
        (200, {"code": 730000, "msg": "request failed"}, OutcomeUnknown),
    ],
)
def test_what_an_answer_means_for_an_order(status: int, body: Any, kind: type) -> None:
    desk = ready()
    desk.replies["POST order"] = lambda fields: (status, body)
    submit(desk, place())
    desk.run(0.1)
    assert [event.client_id for event in desk.of(kind)] == ["mm1Q1"]
    assert len(desk.asked("POST order")) == 1, "never twice"


def test_a_cancel_refused_for_its_time_goes_once_more() -> None:
    desk = ready()
    desk.replies["DELETE order"] = lambda fields: (400, {"code": 700003, "msg": "outside of the recvWindow"})
    submit(desk, cancel(venue_id="C02__1"))
    desk.run(1)
    assert len(desk.asked("DELETE order")) == 2
    (event,) = desk.of(CancelRejected)
    assert event.gone is False


def test_a_cancel_of_an_order_that_is_over_says_so() -> None:
    desk = ready()
    desk.replies["DELETE order"] = lambda fields: (400, {"code": -2011, "msg": "Unknown order sent"})
    submit(desk, cancel(venue_id="C02__1"))
    desk.run(0.1)
    assert [event.gone for event in desk.of(CancelRejected)] == [True]


def lose(desk: Desk, name: str) -> None:
    """The answer to the request under way never comes."""
    call = next(request for request, call in desk.link._calls.items() if call.kind == name)
    desk.take(desk.link.reply(desk.now, call, 0, b"no response within 5 s"))


def test_an_order_without_an_answer_is_found_in_the_list_of_open_orders() -> None:
    desk = ready(("BTC/USDT", "ETH/USDT"))
    desk.replies["POST order"] = lambda fields: None
    submit(desk, place())
    desk.run(5)
    desk.replies["GET openOrders"] = lambda fields: (
        200,
        [open_order(clientOrderId="mm1Q1", orderId="C02__9")] if fields["symbol"] == "BTCUSDT" else [],
    )
    lose(desk, "place")
    assert [event.request for event in desk.of(OutcomeUnknown)] == ["place"]
    desk.run(2)
    assert [(event.client_id, event.venue_id, event.status) for event in desk.of(OrderReport)] == [
        ("mm1Q1", "C02__9", "new")
    ]
    assert desk.link.in_doubt == 0
    assert {fields["symbol"] for fields in desk.asked("GET openOrders", START + 5 * SECOND)} == {"BTCUSDT", "ETHUSDT"}


def test_an_order_without_an_answer_that_was_filled_is_found_with_its_fills() -> None:
    desk = ready()
    desk.replies["POST order"] = lambda fields: None
    submit(desk, place())
    desk.run(5)
    done = open_order(clientOrderId="mm1Q1", status="FILLED", executedQty="1")
    desk.replies["GET order"] = lambda fields: (200, done)
    desk.replies["GET myTrades"] = lambda fields: (200, [trade(7, START // MS + 3000)])
    lose(desk, "place")
    desk.run(2)
    assert [event.status for event in desk.of(OrderReport)] == ["filled"]
    assert len(desk.of(Fill)) == 1
    assert desk.asked("GET order")[0]["origClientOrderId"] == "mm1Q1"


def test_an_order_that_never_was_is_absent_only_after_two_complete_rounds() -> None:
    desk = ready(("BTC/USDT", "ETH/USDT"))
    desk.replies["POST order"] = lambda fields: None
    submit(desk, place())
    desk.run(5)
    lose(desk, "place")
    lost_ns = desk.now
    desk.run(30)
    assert not desk.of(OrderAbsent)
    desk.run(60)
    (absent,) = desk.of(OrderAbsent)
    assert absent.client_id == "mm1Q1"
    assert absent.recv_ns - lost_ns >= 40 * SECOND


def test_an_order_of_unknown_symbol_is_asked_for_on_every_symbol() -> None:
    desk = ready(("BTC/USDT", "ETH/USDT"))
    desk.replies["GET order"] = lambda fields: (
        (200, open_order("ETHUSDT", status="CANCELED"))
        if fields["symbol"] == "ETHUSDT"
        else (400, {"code": -2013, "msg": "Order does not exist."})
    )
    submit(desk, QueryOrder(desk.now, "mexc_spot", "mm1Q5", "C02__5"))
    desk.run(2)
    assert [fields["symbol"] for fields in desk.asked("GET order")] == ["BTCUSDT", "ETHUSDT"]
    assert [(event.client_id, event.status) for event in desk.of(OrderReport)] == [("mm1Q5", "canceled")]
    assert desk.link.in_doubt == 0

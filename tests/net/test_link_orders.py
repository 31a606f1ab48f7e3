"""Order entry through the link machine: each way of failing, and the proof that ends each doubt."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import (
    Alert,
    AmendRejected,
    CancelAfter,
    CancelRejected,
    Fill,
    LinkChanged,
    OrderAbsent,
    OrderDenied,
    OrderPending,
    OrderRejected,
    OrderReport,
    OutcomeUnknown,
    QueryOrder,
    TimerSet,
)
from mm.net.actions import PRIVATE, PUBLIC, Send
from tests.net.driver import BALANCES, SECOND, SNAPSHOT, Driver, amend, cancel, place

NEW = {"what": "new", "client_id": "a1", "venue_id": "O1"}
FILLED = {"what": "filled", "client_id": "a1", "venue_id": "O1", "cum": 10}


def ready() -> Driver:
    driver = Driver()
    driver.ready()
    driver.answer_rest()
    driver.sent()
    driver.events.clear()
    return driver


def answer(driver: Driver, message: dict[str, Any], error: str = "", order_id: str = "O1") -> list[Any]:
    response = {"method": message["method"], "req_id": message["req_id"], "success": not error, "order_id": order_id}
    return driver.frame(PRIVATE, {**response, "error": error} if error else response)


def orders(driver: Driver) -> list[dict[str, Any]]:
    return [message for message in driver.sent(PRIVATE) if message["method"] in ("Place", "Amend", "Cancel")]


def settle(driver: Driver, seconds: int, **rows: Any) -> None:
    """Let time pass with a venue that answers reads at once."""
    for _ in range(seconds):
        driver.answer_rest(**rows)
        driver.wait(1)


def test_place_is_one_message_with_the_token_and_its_answer_names_the_order() -> None:
    driver = ready()
    assert driver.submit(place()) == []
    (message,) = orders(driver)
    assert (message["method"], message["client_id"], message["token"]) == ("Place", "a1", "token1")
    assert answer(driver, message) == [OrderPending(driver.now, 0, "kraken", "a1", "O1")]


def test_refused_place_is_rejected_with_the_venues_words() -> None:
    driver = ready()
    driver.submit(place())
    (message,) = orders(driver)
    (event,) = answer(driver, message, "EOrder:Insufficient funds")
    assert event == OrderRejected(driver.now, 0, "kraken", "a1", "", "EOrder:Insufficient funds", "")


def test_nothing_new_goes_out_while_private_is_down_but_cancels_go_over_rest() -> None:
    driver = ready()
    driver.closed(PRIVATE)
    driver.actions.clear()
    assert driver.submit(place("a2")) == [
        OrderDenied(driver.now, 0, "kraken", "a2", "", "private link is not ready"),
    ]
    (refused,) = driver.submit(amend("a1", "O1"))
    assert (type(refused), refused.code) == (AmendRejected, "local")
    assert driver.submit(cancel("a1", "O1")) == []
    assert driver.drain(Send) == []
    assert [kind for _, kind, _ in driver.requests()] == ["Cancel"]


def test_cancel_does_not_wait_behind_a_read_that_hangs() -> None:
    driver = Driver()
    driver.start()
    assert [kind for _, kind, _ in driver.requests()] == ["token"]
    driver.submit(cancel("a1", "O1"))
    driver.submit(cancel("a2", "O2"))
    ((request_id, kind, _),) = driver.requests()
    assert kind == "Cancel", "one at a time: nonces rise in the order of arrival"
    driver.reply(request_id, {})
    assert [kind for _, kind, _ in driver.requests()] == ["Cancel"]


def test_cancels_pass_an_open_breaker() -> None:
    driver = ready()
    driver.closed(PRIVATE)
    driver.wait(0.1)
    failures = 0
    while failures < 12:
        driver.wait(1)
        for request_id, _, _ in driver.requests():
            failures += 1
            driver.reply(request_id, b"bad gateway", status=502)
    driver.wait(0.6)
    assert driver.requests() == [], "the breaker is open"
    driver.actions.clear()
    driver.submit(cancel("a1", "O1"))
    assert [kind for _, kind, _ in driver.requests()] == ["Cancel"]


def test_unsent_rest_cancel_is_sent_again_and_one_in_doubt_is_not() -> None:
    driver = ready()
    driver.closed(PRIVATE)
    driver.actions.clear()
    driver.submit(cancel("a1", "O1"))
    request_id = next(request_id for request_id, kind, _ in driver.requests() if kind == "Cancel")
    assert driver.reply(request_id, b"refused", status=-1) == []
    driver.wait(0.6)
    request_id = next(request_id for request_id, kind, _ in driver.requests() if kind == "Cancel")
    (event,) = driver.reply(request_id, b"timed out", status=0)
    assert (type(event), event.request, event.client_id) == (OutcomeUnknown, "cancel", "a1")
    driver.wait(0.6)
    assert "Cancel" not in [kind for _, kind, _ in driver.requests()]
    assert driver.link.in_doubt == 1


def test_a_cancel_never_waits_for_the_answer_to_what_it_is_to_end() -> None:
    driver = ready()
    driver.submit(place("a1"))
    driver.submit(cancel("a1"))
    driver.submit(amend("a2", "O2"))
    driver.submit(cancel("a2", "O2"))
    assert [message["method"] for message in orders(driver)] == ["Place", "Cancel", "Amend", "Cancel"]


def test_an_amend_behind_a_cancel_is_refused() -> None:
    driver = ready()
    driver.submit(cancel("a1", "O1"))
    (refused,) = driver.submit(amend("a1", "O1"))
    assert (type(refused), refused.reason) == (AmendRejected, "too many requests under way, or one on this order")
    assert [message["method"] for message in orders(driver)] == ["Cancel"]


def test_a_cancel_makes_an_amend_that_waits_pointless() -> None:
    driver = ready()
    driver.submit(place())
    driver.submit(amend())
    (superseded,) = driver.submit(cancel())
    assert (type(superseded), superseded.reason) == (AmendRejected, "superseded before it was sent")
    first, second = orders(driver)
    assert [first["method"], second["method"]] == ["Place", "Cancel"]
    answer(driver, first)
    assert orders(driver) == []


def test_newer_amend_replaces_one_that_waits_and_says_so() -> None:
    driver = ready()
    driver.submit(place())
    driver.submit(amend())
    (superseded,) = driver.submit(amend())
    assert (type(superseded), superseded.reason) == (AmendRejected, "superseded before it was sent")
    (message,) = orders(driver)
    answer(driver, message)
    assert [message["method"] for message in orders(driver)] == ["Amend"]


def test_same_cancel_twice_is_one_request() -> None:
    driver = ready()
    assert driver.submit(cancel("a1", "O1")) == []
    assert driver.submit(cancel("a1", "O1")) == []
    assert len(orders(driver)) == 1


def test_f01_time_out_is_unknown_then_found_among_open_orders() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(4.9)
    assert driver.seen(OutcomeUnknown) == []
    driver.wait(0.2)
    (doubt,) = driver.seen(OutcomeUnknown)
    assert (doubt.request, doubt.client_id, doubt.reason) == ("place", "a1", "no response within 5 s")
    driver.answer_rest(open_rows=[NEW])
    (report,) = driver.seen(OrderReport)
    assert (report.client_id, report.status) == ("a1", "new")
    assert driver.link.in_doubt == 0
    assert len(orders(driver)) == 1, "never sent again"


def test_time_out_found_filled_reads_the_fills_too() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(5.1)
    fill = {"what": "fill", "id": "T1", "client_id": "a1", "venue_id": "O1", "time": driver.now}
    driver.answer_rest(closed_rows=[FILLED], fills=[fill])
    assert [report.status for report in driver.seen(OrderReport)] == ["filled"]
    assert [event.execution_id for event in driver.seen(Fill)] == ["T1"]
    assert driver.link.in_doubt == 0


def test_absence_takes_two_complete_reads_after_lists_can_no_longer_trail() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(5.1)
    sent_ns = driver.now - 5 * SECOND
    settle(driver, 30)
    assert driver.seen(OrderAbsent) == []
    settle(driver, 30)
    (proof,) = driver.seen(OrderAbsent)
    assert proof.client_id == "a1"
    # 5 s of response time, 5 s until the request's own deadline, 30 s of lag, 5 s between the two reads.
    assert proof.recv_ns - sent_ns >= 45 * SECOND
    assert driver.link.in_doubt == 0


def test_failed_reads_prove_nothing() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(5.1)
    for _ in range(300):
        for request_id, kind, _ in driver.requests():
            if kind == "open_orders":
                driver.reply(request_id, {"rows": []})
            else:
                driver.reply(request_id, b"", status=502)
        driver.wait(1)
    assert driver.seen(OrderAbsent) == []
    assert driver.link.in_doubt == 1
    settle(driver, 60)
    assert len(driver.seen(OrderAbsent)) == 1


def test_order_that_shows_up_late_is_found_before_absence_counts() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(5.1)
    settle(driver, 20)
    settle(driver, 30, open_rows=[NEW])
    assert driver.seen(OrderAbsent) == []
    assert [report.status for report in driver.seen(OrderReport)] == ["new"]


def test_late_answer_settles_the_doubt() -> None:
    driver = ready()
    driver.submit(place())
    (message,) = orders(driver)
    driver.wait(6)
    assert driver.link.in_doubt == 1
    assert answer(driver, message) == [OrderPending(driver.now, 0, "kraken", "a1", "O1")]
    assert driver.link.in_doubt == 0


def test_stream_report_settles_the_doubt_about_a_place() -> None:
    driver = ready()
    driver.submit(place())
    driver.wait(5.1)
    assert driver.link.in_doubt == 1
    update = {"channel": "executions", "type": "update", "sequence": 2, "data": [NEW]}
    driver.frame(PRIVATE, update)
    assert driver.link.in_doubt == 0


@pytest.mark.parametrize(("command", "request_name"), [(place(), "place"), (amend(), "amend"), (cancel(), "cancel")])
def test_f02_lost_link_makes_every_request_under_way_unknown(command: Any, request_name: str) -> None:
    driver = ready()
    driver.submit(command)
    events = driver.closed(PRIVATE)
    assert [type(event) for event in events] == [LinkChanged, OutcomeUnknown]
    assert (events[1].request, events[1].client_id) == (request_name, "a1")
    assert driver.link.in_doubt == 1


def test_answered_requests_are_not_in_doubt_when_the_link_is_lost() -> None:
    driver = ready()
    driver.submit(place())
    (message,) = orders(driver)
    answer(driver, message)
    assert [type(event) for event in driver.closed(PRIVATE)] == [LinkChanged]


def test_waiting_amend_is_refused_when_the_first_is_in_doubt() -> None:
    driver = ready()
    driver.submit(place("a1"))
    driver.submit(amend("a1"))
    driver.wait(5.1)
    refused = driver.seen(AmendRejected)
    assert [(event.client_id, event.reason) for event in refused] == [("a1", "the request before it is in doubt")]
    assert [m["method"] for m in orders(driver)] == ["Place"]


def test_cancel_goes_over_rest_when_the_link_is_lost() -> None:
    driver = ready()
    driver.submit(place())
    driver.submit(cancel())
    driver.closed(PRIVATE)
    assert [event.request for event in driver.seen(OutcomeUnknown)] == ["place", "cancel"]
    driver.submit(cancel())
    assert "Cancel" in [kind for _, kind, _ in driver.requests()]


def test_unsent_place_is_denied_and_unsent_cancel_goes_over_rest() -> None:
    driver = ready()
    driver.submit(place("a1"))
    driver.submit(cancel("a2", "O2"))
    first, second = (action for action in driver.drain(Send) if action.request_id)
    events = driver.take(driver.link.unsent(driver.now, PRIVATE, first.request_id))
    assert [type(event) for event in events] == [OrderDenied, LinkChanged, OutcomeUnknown]
    assert driver.disconnects() == [PRIVATE]
    assert driver.take(driver.link.unsent(driver.now, PRIVATE, second.request_id)) == []
    driver = ready()
    driver.submit(cancel("a2", "O2"))
    (send,) = driver.drain(Send)
    driver.take(driver.link.unsent(driver.now, PRIVATE, send.request_id))
    assert "Cancel" in [kind for _, kind, _ in driver.requests()]
    assert driver.seen(OutcomeUnknown) == []


def test_refused_token_on_a_place_rejects_it_and_logs_in_again() -> None:
    driver = ready()
    driver.submit(place())
    (message,) = orders(driver)
    events = answer(driver, message, "EAPI:Invalid token")
    assert [type(event) for event in events] == [LinkChanged, OrderRejected]
    driver.answer_rest()
    driver.answer_socket()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.answer_rest()
    assert driver.link.session.is_up(PRIVATE)
    driver.submit(place("a2"))
    assert orders(driver)[-1]["token"] == "token2"


def test_refused_token_on_a_cancel_sends_it_over_rest() -> None:
    driver = ready()
    driver.submit(cancel("a1", "O1"))
    (message,) = orders(driver)
    answer(driver, message, "EAPI:Invalid token")
    assert "Cancel" in [kind for _, kind, _ in driver.requests()]


def test_cancel_of_a_gone_order_says_gone() -> None:
    driver = ready()
    driver.submit(cancel("a1", "O1"))
    (message,) = orders(driver)
    (event,) = answer(driver, message, "EOrder:Unknown order")
    assert (type(event), event.gone) == (CancelRejected, True)


def test_query_order_looks_it_up_and_reports() -> None:
    driver = ready()
    assert driver.submit(QueryOrder(0, "kraken", "", "O1")) == []
    ((request_id, kind, _),) = driver.requests()
    assert kind == "open_orders"
    driver.reply(request_id, {"rows": []})
    ((request_id, kind, body),) = driver.requests()
    assert (kind, body["venue_ids"]) == ("query_orders", ["O1"])
    (report,) = driver.reply(request_id, {"rows": [{"what": "canceled_report", "venue_id": "O1"}]})
    assert (type(report), report.venue_id) == (OrderReport, "O1")


def test_query_of_an_order_that_the_venue_does_not_know_ends_in_absence() -> None:
    driver = ready()
    driver.submit(QueryOrder(0, "kraken", "", "O1"))
    for _ in range(60):
        for request_id, kind, _ in driver.requests():
            driver.reply(request_id, {"rows": []} if kind == "open_orders" else {"error": "EOrder:Unknown order"})
        driver.wait(1)
    (proof,) = driver.seen(OrderAbsent)
    assert proof.venue_id == "O1"


def test_dead_mans_switch_goes_over_the_socket_or_else_over_rest() -> None:
    driver = ready()
    driver.submit(CancelAfter(0, "kraken", 60))
    (message,) = driver.sent(PRIVATE)
    assert message["method"] == "CancelAfter"
    answer = driver.frame(PRIVATE, {"method": "CancelAfter", "req_id": message["req_id"], "success": True})
    assert answer == [TimerSet(driver.now, "kraken", 60)]
    driver.closed(PRIVATE)
    driver.actions.clear()
    driver.submit(CancelAfter(0, "kraken", 60))
    assert [kind for _, kind, _ in driver.requests()] == ["CancelAfter"]


def test_dead_mans_switch_without_answer_is_an_alert() -> None:
    driver = ready()
    driver.submit(CancelAfter(0, "kraken", 60))
    driver.wait(5.1)
    assert [alert.text for alert in driver.seen(Alert)] == [
        "kraken: the dead man's switch may not be set: no response within 5 s"
    ]
    assert driver.link.in_doubt == 0


def test_refusal_of_an_unknown_request_is_an_alert_not_an_error() -> None:
    driver = ready()
    driver.frame(PRIVATE, {"method": "add_order", "req_id": 999, "success": False, "error": "EOrder:Odd"})
    assert "EOrder:Odd" in driver.seen(Alert)[0].text
    driver.frame(PRIVATE, {"method": "add_order", "req_id": 998, "success": True})
    assert len(driver.seen(Alert)) == 1


def test_public_loss_does_not_touch_requests() -> None:
    driver = ready()
    driver.submit(place())
    driver.closed(PUBLIC)
    assert driver.seen(OutcomeUnknown) == []


def test_stop_leaves_requests_without_answer_unknown() -> None:
    driver = ready()
    driver.submit(place())
    driver.take(driver.link.stop(driver.now))
    assert [event.request for event in driver.seen(OutcomeUnknown)] == ["place"]


def test_secrets_are_in_no_representation() -> None:
    driver = ready()
    driver.submit(place())
    driver.closed(PRIVATE)
    assert any(type(action) is Send for action in driver.actions)
    texts = [repr(action) for action in driver.actions] + [repr(event) for event in driver.events]
    texts += [repr(driver.link.session), repr(vars(driver.link.session).get("_token"))]
    assert not any("token1" in text for text in texts)


def test_orders_in_doubt_with_venue_ids_are_looked_up_in_one_call() -> None:
    driver = ready()
    for name in ("O1", "O2", "O3"):
        driver.submit(QueryOrder(0, "kraken", "", name))
    asked = []
    for _ in range(60):
        for request_id, kind, body in driver.requests():
            if kind == "query_orders":
                asked.append(body["venue_ids"])
                unknown = "O2" in body["venue_ids"]
                rows = [{"what": "canceled_report", "venue_id": name} for name in body["venue_ids"]]
                driver.reply(request_id, {"error": "EOrder:Unknown order"} if unknown else {"rows": rows})
            else:
                driver.reply(request_id, {"rows": []})
        driver.wait(1)
    assert asked[:5] == [["O1"], ["O2", "O3"], ["O2"], ["O3"], ["O2"]]
    assert [report.venue_id for report in driver.seen(OrderReport)] == ["O1", "O3"]
    assert [proof.venue_id for proof in driver.seen(OrderAbsent)] == ["O2"]

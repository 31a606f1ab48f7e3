"""The private side of the link machine: log in, read the truth, notice losses, read it again."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import Alert, Fill, ForeignOrders, LinkChanged, OpenOrdersRead, OrderReport, Resync
from mm.exchanges.kraken.history import OVERLAP_NS
from mm.net.actions import PRIVATE, PUBLIC
from tests.net.driver import BALANCES, SECOND, SNAPSHOT, START, Driver, place


def fill(number: int, time_ns: int = START) -> dict[str, Any]:
    return {"what": "fill", "id": f"T{number}", "time": time_ns, "venue_id": "O1", "client_id": "mm1Q1"}


def execution(sequence: int, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"channel": "executions", "type": "update", "sequence": sequence, "data": list(rows)}


def changes(driver: Driver) -> list[bool]:
    return [event.up for event in driver.seen(LinkChanged) if event.channel == PRIVATE]


def logged_in(**settings: Any) -> Driver:
    """Private socket open and subscribed; nothing has been read yet."""
    driver = Driver(**settings)
    driver.start()
    driver.answer_rest()
    driver.opened(PUBLIC)
    driver.take(driver.link.deadline(driver.now))
    driver.answer_socket()
    driver.opened(PRIVATE)
    driver.connects()
    return driver


def test_private_is_up_only_after_snapshots_open_orders_and_history() -> None:
    driver = logged_in()
    subscribes = [message for message in driver.sent(PRIVATE) if message["method"] == "subscribe"]
    assert [(m["channel"], m["token"]) for m in subscribes] == [("executions", "token1"), ("balances", "token1")]
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    # One private call at a time: its nonce must arrive in order.
    ((orders_id, kind, body),) = driver.requests()
    assert kind == "open_orders"
    assert changes(driver) == []
    driver.reply(orders_id, {"rows": [{"what": "new", "client_id": "mm1", "venue_id": "O1"}]})
    assert driver.seen(OpenOrdersRead) == [OpenOrdersRead(driver.now, "kraken", True, 1, driver.now)]
    ((history_id, kind, later),) = driver.requests()
    assert kind == "trades_history"
    assert later["nonce"] > body["nonce"]
    assert changes(driver) == []
    assert driver.submit(place())[0].reason == "private link is not ready"
    events = driver.reply(history_id, {"rows": [], "total": 0})
    assert events == [
        LinkChanged(driver.now, "kraken", PRIVATE, True, "snapshots, open orders and history read"),
    ]
    assert driver.requests()[0][1] == "trade_volume", "the account's fees are read once everything else was"


def test_balances_snapshot_is_awaited_too() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.answer_rest()
    assert changes(driver) == []
    driver.frame(PRIVATE, BALANCES)
    assert changes(driver) == [True]


def test_history_is_paged_from_before_the_last_booked_fill() -> None:
    driver = Driver()
    last_ns = START - 3600 * SECOND
    driver.start(history_since_ns=last_ns)
    driver.answer_rest()
    driver.opened(PUBLIC)
    driver.take(driver.link.deadline(driver.now))
    driver.answer_socket()
    driver.opened(PRIVATE)
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    rows = [fill(number, last_ns + number * SECOND) for number in range(120)]
    offsets = []
    while changes(driver) == []:
        ((request_id, kind, body),) = driver.requests()
        if kind == "open_orders":
            driver.reply(request_id, {"rows": []})
            continue
        assert body["since_ns"] == last_ns - OVERLAP_NS
        offsets.append(body["offset"])
        page = rows[::-1][body["offset"] :][:50]
        driver.reply(request_id, {"rows": page, "total": len(rows)})
    assert offsets == [0, 50, 100]
    assert len({event.execution_id for event in driver.seen(Fill)}) == 120
    assert changes(driver) == [True]


def test_history_pages_that_shift_by_a_new_trade_skip_none() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    rows = [fill(number) for number in range(80)]
    while changes(driver) == []:
        ((request_id, kind, body),) = driver.requests()
        if kind == "trades_history":
            driver.reply(request_id, {"rows": rows[::-1][body["offset"] :][:50], "total": len(rows)})
            rows.append(fill(len(rows)))
        else:
            driver.reply(request_id, {"rows": []})
    assert {event.execution_id for event in driver.seen(Fill)} >= {f"T{number}" for number in range(80)}


def test_f21_sequence_gap_takes_the_link_down_and_reads_everything_again() -> None:
    driver = Driver()
    driver.ready()
    driver.answer_rest()
    driver.sent()
    driver.frame(PRIVATE, execution(2, fill(1, START + SECOND)))
    events = driver.frame(PRIVATE, execution(4, fill(3, START + 3 * SECOND)))
    assert [type(event) for event in events] == [Fill, LinkChanged]
    assert events[1] == LinkChanged(driver.now, "kraken", PRIVATE, False, "executions sequence gap: expected 3, got 4")
    assert driver.disconnects() == []
    sent = [(message["method"], message["channel"]) for message in driver.sent(PRIVATE)]
    assert sent == [
        ("unsubscribe", "executions"),
        ("unsubscribe", "balances"),
        ("subscribe", "executions"),
        ("subscribe", "balances"),
    ]
    assert driver.submit(place())[0].reason == "private link is not ready"
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    ((request_id, _, _),) = driver.requests()
    driver.reply(request_id, {"rows": []})
    ((request_id, kind, body),) = driver.requests()
    # The last fill that came without a gap before it counts, not the one after the gap.
    assert (kind, body["since_ns"]) == ("trades_history", START + SECOND - OVERLAP_NS)
    lost = driver.reply(request_id, {"rows": [fill(3), fill(2), fill(1)], "total": 3})
    assert [event.execution_id for event in lost if type(event) is Fill] == ["T3", "T2", "T1"]
    assert changes(driver) == [True, False, True]


def test_gap_while_reading_starts_the_reading_over() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    ((orders_id, _, _),) = driver.requests()
    driver.frame(PRIVATE, execution(3))
    driver.reply(orders_id, {"rows": []})
    assert driver.seen(OpenOrdersRead) == [], "a list read before the gap is not about what follows it"
    driver.answer_rest()
    assert changes(driver) == []
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.answer_rest()
    assert changes(driver) == [True]


def test_gaps_that_keep_coming_make_the_connection_anew() -> None:
    driver = Driver()
    driver.ready()
    for _ in range(3):
        driver.frame(PRIVATE, execution(9))
        assert driver.disconnects() == []
        driver.frame(PRIVATE, SNAPSHOT)
        driver.frame(PRIVATE, BALANCES)
        driver.answer_rest()
    driver.frame(PRIVATE, execution(9))
    assert driver.disconnects() == [PRIVATE]
    driver.wait(5)
    assert PRIVATE in driver.connects()


def test_repeated_message_is_no_gap_and_old_balances_are_dropped() -> None:
    driver = Driver()
    driver.ready()
    driver.frame(PRIVATE, execution(2, fill(1)))
    again = driver.frame(PRIVATE, execution(2, fill(1)))
    assert [event.execution_id for event in again] == ["T1"], "the store knows it by its id"
    balances = {"channel": "balances", "type": "update", "sequence": 2, "data": [fill(7)]}
    assert len(driver.frame(PRIVATE, balances)) == 1
    assert driver.frame(PRIVATE, balances) == []
    assert changes(driver) == [True]


def test_reconnect_takes_a_new_token_and_reads_everything_again() -> None:
    driver = Driver()
    driver.ready()
    driver.sent()
    driver.closed(PRIVATE)
    assert changes(driver) == [True, False]
    driver.wait(0.1)
    assert driver.connects() == [PRIVATE]
    driver.answer_rest()
    driver.opened(PRIVATE)
    assert {message["token"] for message in driver.sent(PRIVATE)} == {"token2"}
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    assert changes(driver) == [True, False]
    driver.answer_rest()
    assert changes(driver) == [True, False, True]


def test_token_is_fetched_once_and_renewed_only_while_not_connected() -> None:
    driver = Driver()
    driver.start()
    driver.answer_rest()
    assert driver.tokens == 1
    for _ in range(200):
        for channel in driver.connects():
            driver.closed(channel, 0, "refused")
        driver.wait(5, heartbeats=False)
        driver.answer_rest()
    assert driver.tokens == 3, "1000 s at half a life of 450 s"
    driver = Driver()
    driver.ready()
    driver.wait(2000)
    driver.answer_rest()
    assert driver.tokens == 1


def test_refused_token_is_replaced_on_the_same_socket() -> None:
    driver = logged_in()
    first, _ = (message for message in driver.sent(PRIVATE) if message["method"] == "subscribe")
    refusal = {"method": "subscribe", "req_id": first["req_id"], "success": False, "error": "EAPI:Invalid token"}
    driver.frame(PRIVATE, refusal)
    driver.answer_rest()
    tokens = {message["token"] for message in driver.sent(PRIVATE)}
    assert tokens == {"token2"}
    assert driver.disconnects() == []
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.answer_rest()
    assert changes(driver) == [True]


def test_tokens_refused_for_ever_do_not_loop() -> None:
    driver = logged_in()
    for _ in range(10):
        for message in driver.sent(PRIVATE):
            if message["method"] == "subscribe":
                refusal = {"method": "subscribe", "req_id": message["req_id"], "success": False}
                driver.frame(PRIVATE, {**refusal, "error": "EAPI:Invalid token"})
        driver.answer_rest()
    assert driver.tokens <= 5
    assert driver.disconnects() == [PRIVATE]
    assert any("check the key's rights" in alert.text for alert in driver.seen(Alert))


@pytest.mark.parametrize("error", ["EAPI:Invalid key", "EGeneral:Permission denied"])
def test_f42_refused_key_stops_all_private_calls(error: str) -> None:
    driver = Driver()
    driver.start()
    ((request_id, kind, _),) = driver.requests()
    assert kind == "token"
    driver.connects()
    driver.reply(request_id, {"error": error})
    driver.wait(1000, heartbeats=False)
    assert driver.requests() == [], "asking again would lock the account"
    assert PRIVATE not in driver.connects()
    alerts = [alert for alert in driver.seen(Alert) if alert.severity == "critical"]
    assert len(alerts) == 1
    assert "Check the API key" in alerts[0].text


def test_missing_private_snapshot_makes_the_connection_anew() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.wait(14)
    assert driver.disconnects() == []
    driver.wait(2)
    assert driver.disconnects() == [PRIVATE]


def test_slow_reads_do_not_drop_a_good_connection() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.wait(60)
    assert driver.disconnects() == []
    driver.answer_rest()
    assert changes(driver) == [True]


def test_reads_are_tried_again_after_failures_until_they_answer() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    tries = 0
    for _ in range(600):
        for request_id, _, _ in driver.requests():
            tries += 1
            driver.reply(request_id, b"no route", status=0)
        driver.wait(1)
    assert 10 < tries < 400, "through a breaker, with back-off, and for ever"
    assert changes(driver) == []
    driver.wait(40)
    for _ in range(200):
        driver.answer_rest()
        driver.wait(1)
    assert changes(driver) == [True]


def test_nonce_refused_once_is_sent_with_a_fresh_one() -> None:
    driver = Driver()
    driver.start()
    ((request_id, _, body),) = driver.requests()
    driver.reply(request_id, {"error": "EAPI:Invalid nonce"})
    ((_, kind, later),) = driver.requests()
    assert (kind, later["nonce"] > body["nonce"]) == ("token", True)


def test_rate_limit_refusal_waits_at_least_five_seconds() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    ((request_id, _, _),) = driver.requests()
    driver.reply(request_id, {"error": "EAPI:Rate limit exceeded"})
    driver.wait(4.9)
    assert driver.requests() == []
    # The counter is full and a little more: four points of history take their time at a third of a point a second.
    driver.wait(15)
    assert driver.requests() != []


def test_foreign_orders_are_counted_from_the_read_and_followed() -> None:
    driver = logged_in()
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    rows = [
        {"what": "new", "client_id": "mm1Q1", "venue_id": "O1"},
        {"what": "new", "client_id": "", "venue_id": "O2"},
        {"what": "new", "client_id": "other7", "venue_id": "O3"},
    ]
    driver.answer_rest(open_rows=rows)
    assert [event.count for event in driver.seen(ForeignOrders)] == [2]
    assert len(driver.seen(OrderReport)) == 3
    driver.frame(PRIVATE, execution(2, {"what": "canceled", "venue_id": "O2"}))
    driver.frame(PRIVATE, execution(3, {"what": "canceled", "venue_id": "O1", "client_id": "mm1"}))
    driver.frame(PRIVATE, execution(4, {"what": "pending_new", "venue_id": "O9", "client_id": "hand"}))
    assert [event.count for event in driver.seen(ForeignOrders)] == [2, 1, 2]


def test_no_foreign_orders_is_said_too() -> None:
    driver = Driver()
    driver.ready()
    assert [event.count for event in driver.seen(ForeignOrders)] == [0]


def test_clock_step_while_trading_takes_private_down_and_up_again() -> None:
    driver = Driver()
    driver.ready()
    driver.offset = 5 * SECOND
    driver.wait(31)
    driver.answer_socket()
    assert changes(driver) == [True, False]
    assert "clock" in driver.seen(LinkChanged)[-1].reason
    driver.offset = 0
    driver.wait(31)
    driver.answer_socket()
    assert changes(driver) == [True, False, True]


def test_resync_of_a_book_leaves_the_private_side_alone() -> None:
    driver = Driver()
    driver.ready()
    driver.submit(Resync(0, "kraken", "BTC/USD", "checksum"))
    driver.answer_socket()
    driver.answer_socket()
    assert changes(driver) == [True]


def test_stop_closes_everything_and_nothing_follows() -> None:
    driver = Driver()
    driver.ready()
    driver.actions.clear()
    driver.take(driver.link.stop(driver.now))
    assert set(driver.disconnects()) == {PUBLIC, PRIVATE}
    assert driver.link.next_deadline() == 0
    assert [event.up for event in driver.seen(LinkChanged)[-2:]] == [False, False]
    driver.closed(PUBLIC)
    driver.take(driver.link.deadline(driver.now + 3600 * SECOND))
    assert driver.actions == []


def test_start_after_stop_begins_anew() -> None:
    driver = Driver()
    driver.ready()
    driver.take(driver.link.stop(driver.now))
    driver.actions.clear()
    driver.ready()
    assert changes(driver) == [True, False, True]


def test_malformed_private_message_is_a_loss_and_read_anew() -> None:
    driver = Driver()
    driver.ready()
    driver.sent()
    driver.frame(PRIVATE, b'{"channel":"executions","type":"update"')
    assert changes(driver) == [True, False]
    assert [message["method"] for message in driver.sent(PRIVATE)].count("subscribe") == 2
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.answer_rest()
    assert changes(driver) == [True, False, True]


def test_channel_that_may_be_on_already_is_left_before_it_is_asked_for_again() -> None:
    driver = logged_in()
    first, second = (message for message in driver.sent(PRIVATE) if message["method"] == "subscribe")
    driver.frame(PRIVATE, {"method": "subscribe", "req_id": first["req_id"], "success": True})
    driver.frame(PRIVATE, SNAPSHOT)
    busy = {"method": "subscribe", "success": False, "error": "EService:Busy"}
    driver.frame(PRIVATE, {**busy, "req_id": second["req_id"]})
    driver.wait(10.1)
    asked = [(m["method"], m["channel"]) for m in driver.sent(PRIVATE) if m["method"] != "ping"]
    assert asked == [
        ("unsubscribe", "executions"),
        ("unsubscribe", "balances"),
        ("subscribe", "executions"),
        ("subscribe", "balances"),
    ]
    driver.frame(PRIVATE, SNAPSHOT)
    driver.frame(PRIVATE, BALANCES)
    driver.answer_rest()
    assert changes(driver) == [True]


def test_subscriptions_refused_for_load_again_and_again_make_the_connection_anew() -> None:
    driver = logged_in()
    for refusal in range(4):
        assert driver.disconnects() == []
        driver.wait(10.1 if refusal else 0)
        message = next(message for message in driver.sent(PRIVATE) if message["method"] == "subscribe")
        driver.frame(
            PRIVATE,
            {"method": "subscribe", "req_id": message["req_id"], "success": False, "error": "Already subscribed"},
        )
    assert driver.disconnects() == [PRIVATE]


def test_history_asked_for_again_and_again_is_one_call_besides_the_one_under_way() -> None:
    driver = Driver()
    driver.ready()
    driver.answer_rest()
    for number in range(6):
        driver.link.session.read_history(driver.now, START - number * SECOND)
        driver.take(driver.link.deadline(driver.now))
    asked = []
    for _ in range(10):
        for request_id, kind, body in driver.requests():
            asked.append((kind, body["since_ns"]))
            driver.reply(request_id, {"rows": [], "total": 0})
    assert [kind for kind, _ in asked] == ["trades_history"] * 2
    assert asked[1][1] == START - 5 * SECOND - OVERLAP_NS

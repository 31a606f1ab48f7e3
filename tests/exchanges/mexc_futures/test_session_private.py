"""Login, recovery, preflight and order entry, under virtual time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mm._core.events import (
    Alert,
    Cancel,
    CancelRejected,
    FeeRates,
    Fill,
    ForeignOrders,
    LinkChanged,
    MarginReport,
    OpenOrdersRead,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderPending,
    OrderReport,
    OutcomeUnknown,
    Place,
    PositionReport,
    Reconcile,
)
from mm.exchanges.audit import PROOF
from tests.exchanges.mexc_futures.desk import BTC, LATENCY, MS, SECOND, START, Desk, ok, refusal

ID = "739113577038255616"


def ready(**mode: Any) -> Desk:
    desk = Desk(**mode)
    desk.start()
    desk.run(3)
    assert desk.session.is_up("private"), [event.text for event in desk.of(Alert)]
    return desk


def place(desk: Desk, **changes: Any) -> Place:
    values: dict[str, Any] = {
        "recv_ns": desk.now,
        "venue": "mexc_futures",
        "symbol": BTC,
        "client_id": "mm1Q1",
        "strategy": "maker",
        "purpose": "quote",
        "level": 0,
        "side": 1,
        "price": 995,
        "size": 5,
        "order_type": "limit",
        "time_in_force": "gtc",
        "post_only": True,
        "reduce_only": False,
        "parent": "",
    } | changes
    return Place(*values.values())


def submit(desk: Desk, command: Any) -> None:
    desk.take(desk.link.submit(desk.now, command))


def order_row(**changes: Any) -> dict[str, Any]:
    return {
        "orderId": ID,
        "symbol": "BTC_USDT",
        "price": 99.5,
        "vol": 5,
        "side": 1,
        "category": 1,
        "orderType": 2,
        "dealVol": 0,
        "state": 2,
        "errorCode": 0,
        "externalOid": "mm1Q1",
        "updateTime": START // MS,
        "version": 2,
    } | changes


def deal_row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "9466823344",
        "symbol": "BTC_USDT",
        "side": 1,
        "vol": 5,
        "price": 99.5,
        "fee": 0.00001,
        "feeCurrency": "USDT",
        "orderId": ID,
        "timestamp": START // MS,
        "isTaker": False,
        "category": 1,
    } | changes


# --- getting ready ----------------------------------------------------------------------------------------------------


def test_login_then_filter_then_the_truth() -> None:
    desk = ready()
    said = [message["method"] for _, channel, message in desk.sent if channel == "private"]
    assert said[:2] == ["login", "personal.filter"]
    assert desk.said("login")[0]["subscribe"] is False
    assert {name for _, name, _ in desk.requests if "private" in name} == {
        "GET private/order/list/open_orders",
        "GET private/order/list/order_deals/v3",
        "GET private/position/open_positions",
        "GET private/position/funding_records",
        "GET private/position/position_mode",
        "GET private/position/leverage",
        "GET private/account/assets",
        "GET private/account/tiered_fee_rate/v2",
    }
    assert desk.of(FeeRates)[0].taker_fee_e8 == 80_000
    assert desk.of(MarginReport)[0].available == 1000 * 10**12
    assert [(event.complete, event.count) for event in desk.of(OpenOrdersRead)] == [(True, 0)]
    assert desk.of(LinkChanged)[-1].channel == "private"


def test_nothing_is_up_before_everything_has_been_read() -> None:
    for name in (
        "GET private/order/list/open_orders",
        "GET private/order/list/order_deals/v3",
        "GET private/position/open_positions",
        "GET private/position/position_mode",
        "GET private/account/assets",
        "GET contract/ping",
    ):
        desk = Desk()
        desk.replies[name] = lambda fields: None
        desk.start()
        desk.run(5)
        assert not desk.session.is_up("private"), name


def test_fills_of_the_time_before_are_read_from_before_the_last_booked_one() -> None:
    desk = Desk()
    desk.replies["GET private/order/list/order_deals/v3"] = lambda fields: ok([deal_row()])
    desk.take(desk.link.start(desk.now, START - 3_600 * SECOND))
    desk.run(3)
    asked = desk.asked("GET private/order/list/order_deals/v3")[0]
    assert int(asked["start_time"]) == (START - 3_660 * SECOND) // MS
    assert int(asked["end_time"]) >= START // MS
    (fill,) = desk.of(Fill)
    assert (fill.execution_id, fill.size, fill.price) == ("9466823344", 5, 995)
    up = next(
        index for index, event in enumerate(desk.events) if type(event) is LinkChanged and event.channel != "public"
    )
    assert desk.events.index(fill) < up


def test_long_lists_are_paged_to_their_end() -> None:
    desk = Desk()
    deals = [deal_row(id=str(number)) for number in range(230)]
    orders = [order_row(orderId=str(number), externalOid=f"x{number}") for number in range(150)]

    def page(rows: list[Any], fields: Any) -> Any:
        number, size = int(fields["page_num"]), int(fields["page_size"])
        return ok(rows[(number - 1) * size : number * size])

    desk.replies["GET private/order/list/order_deals/v3"] = lambda fields: page(deals, fields)
    desk.replies["GET private/order/list/open_orders"] = lambda fields: page(orders, fields)
    desk.start()
    desk.run(4)
    assert len(desk.of(Fill)) == 230
    assert desk.of(OpenOrdersRead)[0].count == 150
    assert desk.of(ForeignOrders)[-1].count == 150
    assert desk.session.is_up("private")


def test_a_page_of_a_list_that_is_read_anew_is_none_of_the_new_one() -> None:
    desk = Desk()
    orders = [order_row(orderId=str(number), externalOid=f"x{number}") for number in range(150)]
    pages = []

    def page(fields: Any) -> Any:
        number, size = int(fields["page_num"]), int(fields["page_size"])
        pages.append(number)
        if pages == [1, 2, 1, 2]:
            # The second page of the first round is on its way when another one is asked for.
            desk.later(lambda: desk.take(desk.link.submit(desk.now, Reconcile(desk.now, "mexc_futures", PROOF))), 1)
        return ok(orders[(number - 1) * size : number * size])

    desk.replies["GET private/order/list/open_orders"] = page
    desk.start()
    desk.run(4)
    desk.take(desk.link.submit(desk.now, Reconcile(desk.now, "mexc_futures", "due")))
    desk.run(4)
    assert pages == [1, 2, 1, 2, 1, 2]
    assert [event.count for event in desk.of(OpenOrdersRead)] == [150, 150]


def test_positions_and_orders_that_are_there_are_told() -> None:
    desk = Desk()
    row = {"symbol": "BTC_USDT", "positionId": 7, "positionType": 2, "openType": 2, "holdVol": 3, "holdAvgPrice": 99.55}
    desk.replies["GET private/position/open_positions"] = lambda fields: ok([row | {"liquidatePrice": 140}])
    desk.replies["GET private/order/list/open_orders"] = lambda fields: ok([order_row()])
    desk.start()
    desk.run(3)
    (position,) = desk.of(PositionReport)
    assert (position.side, position.size, position.entry_price_e12) == (-1, 3, 99_550_000_000_000)
    assert (position.liquidation_price_e12, position.is_isolated) == (140 * 10**12, False)
    assert desk.of(OrderReport)[0].status == "new"
    assert desk.of(ForeignOrders)[-1].count == 0


def test_a_refused_login_is_told_and_tried_again() -> None:
    desk = Desk()
    desk.refuses_login = True
    desk.start()
    desk.run(3)
    assert any("private login was refused" in event.text for event in desk.of(Alert))
    desk.refuses_login = False
    desk.run(30)
    assert desk.session.is_up("private")


def test_a_refused_key_stops_everything() -> None:
    desk = Desk()
    desk.replies["GET private/account/assets"] = lambda fields: refusal(402)
    desk.start()
    desk.run(60)
    assert len(desk.asked("GET private/account/assets")) == 1
    assert desk.of(Alert)[-1].severity == "critical"
    assert "private" not in desk.open
    assert desk.of(LinkChanged)[-1].channel == "public"


def test_a_clock_that_is_off_is_made_up_for_in_requests_and_told() -> None:
    desk = Desk()
    desk.clock_ms = 60_000
    desk.start()
    desk.run(20)
    assert any("clock is 60.0 s" in event.text for event in desk.of(Alert))
    assert not desk.session.is_up("private")
    assert desk.asked("GET private/account/assets")
    assert desk.of(MarginReport)


def test_silence_after_the_login_makes_the_connection_anew() -> None:
    desk = Desk()
    desk.is_deaf = True
    desk.start()
    desk.run(30)
    assert sum(channel == "private" for _, channel in desk.connects) >= 2


def test_a_lost_connection_is_read_over_again() -> None:
    desk = ready()
    before = desk.now
    desk.end("private")
    assert not desk.session.is_up("private")
    desk.run(10)
    assert desk.session.is_up("private")
    assert len(desk.asked("GET private/position/open_positions", before)) == 1
    assert len(desk.said("login", since=before)) == 1


def test_a_message_that_cannot_be_read_is_a_reason_to_read_everything() -> None:
    desk = ready()
    before = desk.now
    desk.say("private", b'{"channel":"push.personal.order","data":{"symbol":"BTC_USDT"}}')
    desk.run(0.006)
    assert not desk.session.is_up("private")
    desk.run(3)
    assert desk.session.is_up("private")
    assert len(desk.asked("GET private/order/list/open_orders", before)) == 1
    assert not desk.said("login", since=before)
    for _ in range(3):
        desk.say("private", b"{")
        desk.run(2)
    desk.run(20)
    assert len(desk.said("login", since=before)) == 1
    assert desk.session.is_up("private")


# --- what the stream does not tell ------------------------------------------------------------------------------------

POSITION = {
    "symbol": "BTC_USDT",
    "positionId": 7,
    "positionType": 2,
    "openType": 2,
    "holdVol": 3,
    "holdAvgPrice": 99.5,
    "liquidatePrice": 140,
    "version": 4,
}


def test_lists_of_several_pages_are_told_at_one_moment() -> None:
    desk = Desk()
    orders = [order_row(orderId=str(number), externalOid=f"x{number}") for number in range(150)]

    def page(fields: Any) -> Any:
        number, size = int(fields["page_num"]), int(fields["page_size"])
        return ok(orders[(number - 1) * size : number * size])

    desk.replies["GET private/order/list/open_orders"] = page
    desk.start()
    desk.run(3)
    (read,) = desk.of(OpenOrdersRead)
    assert {event.recv_ns for event in desk.of(OrderReport)} == {read.recv_ns}
    assert len(desk.of(OrderReport)) == 150


def test_a_deal_whose_push_never_came_is_found_within_a_minute() -> None:
    desk = ready()
    desk.replies["GET private/order/list/order_deals/v3"] = lambda fields: ok([deal_row(timestamp=desk.now // MS)])
    desk.run(70)
    assert {event.execution_id for event in desk.of(Fill)} == {"9466823344"}
    assert desk.session.is_up("private")


def test_a_position_that_vanished_without_a_word_is_told_as_closed_once() -> None:
    desk = Desk()
    desk.replies["GET private/position/open_positions"] = lambda fields: ok([POSITION])
    desk.start()
    desk.run(3)
    desk.replies["GET private/position/open_positions"] = lambda fields: ok([])
    desk.run(200)
    assert [(event.size, event.side, event.liquidation_price_e12) for event in desk.of(PositionReport)] == [
        (3, -1, 140 * 10**12),
        (0, -1, 0),
    ]


def test_a_position_that_was_cut_without_a_word_is_told_within_a_minute() -> None:
    desk = ready()
    desk.private("position", **POSITION)
    desk.run(1)
    desk.replies["GET private/position/open_positions"] = lambda fields: ok([POSITION | {"holdVol": 1, "version": 5}])
    desk.run(70)
    assert [event.size for event in desk.of(PositionReport)] == [3, 1]


def test_an_older_answer_does_not_undo_a_newer_push() -> None:
    desk = Desk()
    usual = {"currency": "USDT", "availableBalance": 1000, "cashBalance": 1000}

    def assets(fields: Any) -> Any:
        desk.private("asset", currency="USDT", availableBalance=900)
        return ok([usual])

    def positions(fields: Any) -> Any:
        desk.private("position", **(POSITION | {"version": 6, "holdVol": 9}))
        return ok([POSITION])

    desk.replies["GET private/account/assets"] = assets
    desk.replies["GET private/position/open_positions"] = positions
    desk.start()
    desk.run(3)
    assert desk.of(MarginReport)[-1].available == 900 * 10**12
    assert [event.size for event in desk.of(PositionReport)] == [9]
    assert desk.session.is_up("private")


def test_an_answer_is_as_old_as_its_own_request_whatever_is_asked_for_meanwhile() -> None:
    desk = ready()

    def late(fields: Any) -> Any:
        del desk.replies["GET private/account/assets"]
        desk.private("asset", currency="USDT", availableBalance=900)
        again = Reconcile(desk.now, "mexc_futures", "due")
        desk.later(lambda: desk.take(desk.link.submit(desk.now, again)), 2 * LATENCY + 2 * MS)
        desk.later_still(3 * LATENCY)
        return ok([{"currency": "USDT", "availableBalance": 1000, "cashBalance": 1000}])

    desk.replies["GET private/account/assets"] = late
    desk.take(desk.link.submit(desk.now, Reconcile(desk.now, "mexc_futures", "due")))
    since = desk.now
    desk.run((4 * LATENCY + MS) / SECOND)
    told = [event.available for event in desk.of(MarginReport) if event.recv_ns > since]
    assert told == [900 * 10**12], "what was asked for before the push undid it"


def test_a_mode_that_was_changed_without_a_word_stops_trading_within_a_minute() -> None:
    desk = ready()
    desk.replies["GET private/position/position_mode"] = lambda fields: ok({"positionMode": 1})
    desk.run(70)
    assert not desk.session.is_up("private")
    assert any("hedge mode" in event.text for event in desk.of(Alert))


# --- preflight --------------------------------------------------------------------------------------------------------


def test_the_wrong_position_mode_is_refused_before_the_first_order() -> None:
    desk = Desk()
    desk.replies["GET private/position/position_mode"] = lambda fields: ok(1)
    desk.start()
    desk.run(30)
    assert not desk.session.is_up("private")
    assert any("hedge mode, the configuration says one_way" in event.text for event in desk.of(Alert))
    submit(desk, place(desk))
    assert len(desk.of(OrderDenied)) == 1
    assert desk.asked("POST private/order/create") == []


def test_leverage_that_is_not_as_configured_is_refused() -> None:
    desk = Desk(leverage=3)
    desk.start()
    desk.run(5)
    assert not desk.session.is_up("private")
    assert any("is 5, the configuration says 3" in event.text for event in desk.of(Alert))
    assert ready(leverage=5)


# --- order entry ------------------------------------------------------------------------------------------------------


def test_an_order_from_its_bytes_to_its_end() -> None:
    desk = ready()
    submit(desk, place(desk))
    desk.run(0.1)
    desk.private("order", **order_row())
    desk.private("order.deal", **deal_row())
    desk.private("order", **order_row(state=3, dealVol=5, version=3))
    desk.run(0.1)
    assert desk.asked("POST private/order/create") == [
        {
            "symbol": "BTC_USDT",
            "price": 99.5,
            "vol": 5,
            "side": 1,
            "type": 2,
            "openType": 2,
            "positionMode": 2,
            "externalOid": "mm1Q1",
        }
    ]
    news = desk.of(OrderPending, OrderAccepted, Fill, OrderReport)
    assert [type(event) for event in news] == [OrderPending, OrderAccepted, Fill, OrderReport]
    assert {(event.client_id, event.venue_id) for event in news} == {("mm1Q1", ID)}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (18, "rest of an immediate-or-cancel order"),
        (19, "fill-or-kill not fillable"),
        (20, "post-only would have taken"),
    ],
)
def test_outcomes_that_come_after_the_acceptance(error: int, words: str) -> None:
    desk = ready()
    submit(desk, place(desk))
    desk.run(0.1)
    desk.private("order", **order_row(state=4, errorCode=error))
    desk.run(0.1)
    (canceled,) = desk.of(OrderCanceled)
    assert (canceled.client_id, canceled.cum_size, canceled.reason) == ("mm1Q1", 0, words)


def test_a_cancel_by_the_venues_id_and_its_refusal() -> None:
    desk = ready()
    submit(desk, place(desk))
    desk.run(0.1)
    desk.replies["POST private/order/cancel"] = lambda fields: ok(
        [{"orderId": int(ID), "errorCode": 2041, "errorMsg": "order state cannot be cancelled"}]
    )
    submit(desk, Cancel(desk.now, "mexc_futures", BTC, "mm1Q1", "", ""))
    desk.run(0.1)
    assert desk.asked("POST private/order/cancel") == [[int(ID)]]
    (rejected,) = desk.of(CancelRejected)
    assert (rejected.client_id, rejected.gone) == ("mm1Q1", True)


def test_an_answer_that_is_lost_is_looked_up_by_client_id_and_proven_absent() -> None:
    desk = ready()
    desk.replies["POST private/order/create"] = lambda fields: (502, b"<html>")
    submit(desk, place(desk))
    desk.run(0.1)
    assert len(desk.of(OutcomeUnknown)) == 1
    assert len(desk.asked("POST private/order/create")) == 1
    desk.run(120)
    assert desk.asked("GET private/order/external/BTC_USDT/mm1Q1")
    assert [event.client_id for event in desk.of(OrderAbsent)] == ["mm1Q1"]


def test_an_answer_that_is_lost_is_found_where_the_order_lives() -> None:
    desk = ready()
    desk.replies["POST private/order/create"] = lambda fields: refusal(9999)
    desk.replies["GET private/order/external/BTC_USDT/mm1Q1"] = lambda fields: ok(
        order_row(state=3, dealVol=5, orderType=3)
    )
    submit(desk, place(desk))
    desk.run(120)
    reports = [event for event in desk.of(OrderReport) if event.client_id == "mm1Q1"]
    assert (reports[0].status, reports[0].cum_size) == ("filled", 5)
    assert len(desk.asked("GET private/order/list/order_deals/v3")) >= 2
    assert desk.of(OrderAbsent) == []


def test_orders_go_side_by_side_and_cancels_before_them() -> None:
    desk = ready()
    desk.replies["POST private/order/create"] = lambda fields: None
    for number in range(12):
        submit(desk, place(desk, client_id=f"mm1Q{number}"))
    assert len(desk.asked("POST private/order/create")) == 6
    submit(desk, Cancel(desk.now, "mexc_futures", BTC, "other", "7", ""))
    # Their answers hang, and it goes all the same.
    assert len(desk.asked("POST private/order/cancel")) == 1


def test_foreign_orders_are_counted_as_they_come_and_go() -> None:
    desk = ready()
    for number, version in (("1", 1), ("2", 1)):
        desk.private("order", **order_row(orderId=number, externalOid=f"_m_{number}", version=version))
    desk.private("order", **order_row(orderId="3", externalOid="_m_3", symbol="XRP_USDT", version=1))
    desk.private("order", **order_row(orderId="1", externalOid="_m_1", state=4, version=2))
    desk.run(0.1)
    assert [event.count for event in desk.of(ForeignOrders)] == [0, 1, 2, 3, 2]


def test_both_sockets_are_kept_alive() -> None:
    desk = ready()
    desk.run(300)
    for channel in ("public", "private"):
        pings = [at for at, each, message in desk.sent if each == channel and message["method"] == "ping"]
        assert max(later - earlier for earlier, later in pairwise(pings)) <= 20 * SECOND
    assert len(desk.connects) == 2

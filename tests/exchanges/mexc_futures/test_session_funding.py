"""When the records of funding are read, and that each is told once, under virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import Alert, FundingPaid, LinkChanged
from tests.exchanges.mexc_futures.desk import MS, SECOND, START, Desk, ok, refusal


def test_funding_is_read_after_each_settlement_and_told_once() -> None:
    desk = Desk()
    record = {
        "id": 328033,
        "symbol": "BTC_USDT",
        "positionType": 1,
        "positionValue": 41.8899,
        "funding": -0.0041,
        "rate": 0.0001,
        "settleTime": desk.settle_ms(),
    }
    desk.replies["GET private/position/funding_records"] = lambda fields: ok(
        {"totalCount": 1, "resultList": [record] if desk.now // MS > desk.settle_ms() + 30_000 else []}
    )
    desk.start()
    desk.run(3_590)
    asked = len(desk.asked("GET private/position/funding_records"))
    desk.run(60)
    # And once with everything, since nobody asks for that here.
    assert len(desk.asked("GET private/position/funding_records")) == asked + 3
    assert desk.of(FundingPaid) == []
    desk.run(60)
    (paid,) = desk.of(FundingPaid)
    assert (paid.amount, paid.asset, paid.record_id) == (-4_100_000_000, "USDT", "328033")
    desk.end("private")
    desk.run(60)
    assert len(desk.of(FundingPaid)) == 1


def settled(before_s: int) -> dict[str, Any]:
    """A page with a settlement of so long before the start."""
    row = {"id": 5, "symbol": "BTC_USDT", "positionType": 1, "positionValue": 40, "funding": -0.004, "rate": 0.0001}
    return {"totalCount": 1, "resultList": [row | {"settleTime": START // MS - before_s * 1_000}]}


def test_nothing_is_up_before_a_settlement_of_the_time_before_is_booked() -> None:
    desk = Desk()
    desk.replies["GET private/position/funding_records"] = lambda fields: (
        ok(settled(600)) if desk.now >= START + 3 * SECOND else refusal(510)
    )
    desk.take(desk.link.start(desk.now, START - 3_600 * SECOND))
    desk.run(30)
    (paid,) = desk.of(FundingPaid)
    up = next(i for i, event in enumerate(desk.events) if type(event) is LinkChanged and event.channel == "private")
    assert desk.events.index(paid) < up


def test_a_settlement_just_before_a_connect_is_booked_by_the_venue_after_it() -> None:
    desk = Desk()
    none = {"totalCount": 0, "resultList": []}
    desk.replies["GET private/position/funding_records"] = lambda fields: ok(
        settled(1) if desk.now >= START + 14 * SECOND else none
    )
    desk.take(desk.link.start(desk.now, START - 3_600 * SECOND))
    desk.run(25)
    assert [event.record_id for event in desk.of(FundingPaid)] == ["5"]


@pytest.mark.parametrize("answer", [lambda fields: refusal(510), lambda fields: None], ids=["too often", "silence"])
def test_orders_wait_ten_seconds_at_most_for_records_of_funding(answer: Any) -> None:
    desk = Desk()
    desk.replies["GET private/position/funding_records"] = answer
    desk.take(desk.link.start(desk.now, START - 3_600 * SECOND))
    desk.run(9)
    assert not desk.session.is_up("private")
    desk.run(3)
    assert desk.session.is_up("private")


def test_records_that_cannot_be_read_bar_nothing_and_are_asked_for_again() -> None:
    desk = Desk()
    desk.replies["GET private/position/funding_records"] = lambda fields: (
        ok(settled(600)) if desk.now >= START + 50 * SECOND else refusal(1002)
    )
    desk.start()
    desk.run(30)
    assert desk.session.is_up("private")
    assert any("funding of" in event.text for event in desk.of(Alert))
    desk.run(60)
    assert desk.of(FundingPaid)

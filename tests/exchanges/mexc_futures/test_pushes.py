"""Every recorded message of the socket and the events that it is."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from mm._core.events import (
    Alert,
    Balance,
    Fill,
    FundingRate,
    LiquidationRisk,
    MarginReport,
    MarkPrice,
    OrderAccepted,
    OrderCanceled,
    OrderPending,
    OrderReport,
    PositionReport,
    Ticker,
    Trade,
)
from mm.exchanges.venue import Decoded, Kind
from tests.exchanges.mexc_futures.samples import MS, NOW, ONE, PRIVATE, PUBLIC, codec, frames

V = "mexc_futures"
BTC, CRV, ETH = "BTC/USDT:USDT", "CRV/USDT:USDT", "ETH/USDT:USDT"
POSITION = "1397818"


def e12(text: str) -> int:
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(12, "0"))


EVENTS: dict[str, tuple[Any, ...]] = {
    "order-closed-long": (
        OrderReport(
            NOW,
            1_610_005_069_983 * MS,
            V,
            "_m_95bc2b72d3784bce8f9efecbdef9fe35",
            "102067003631907840",
            CRV,
            -1,
            "filled",
            0,
            1,
            1,
            "",
            "stream",
        ),
    ),
    "asset-after": (
        MarginReport(NOW, V, "USDT", e12("0.7514236"), e12("0.7514236"), 0, 0, 0, 0, "stream"),
        Balance(NOW, V, "USDT", e12("0.7514236"), "stream"),
    ),
    "position-closed": (
        PositionReport(
            NOW, 0, V, CRV, POSITION, 1, 0, 0, e12("0.736"), 0, 0, 15, True, -e12("0.0005"), 0, 0, -1, 0, 0, "stream"
        ),
    ),
    "order-deal": (
        Fill(
            NOW,
            1_760_942_212_000 * MS,
            V,
            "ext_001",
            "123456789",
            BTC,
            1,
            "987654321",
            450_005,
            10,
            -1,
            "t",
            e12("0.225"),
            "USDT",
        ),
    ),
    "order-partial-2026": (
        OrderReport(
            NOW,
            1_760_942_212_000 * MS,
            V,
            "ext_001",
            "123456789",
            BTC,
            1,
            "partially_filled",
            450_005,
            10,
            5,
            "",
            "stream",
        ),
    ),
    "position-2026": (
        PositionReport(
            NOW,
            1_760_942_212_000 * MS,
            V,
            BTC,
            "123456789",
            1,
            10,
            0,
            e12("45000.5"),
            40_000 * ONE,
            e12("2250.025"),
            20,
            True,
            0,
            0,
            0,
            20_000_000,
            1,
            1,
            "stream",
        ),
    ),
    "asset-2026": (
        # Without its own figure, cash and equity are the parts together.
        MarginReport(NOW, V, "USDT", 15_000 * ONE, 9_000 * ONE, 5_000 * ONE, 1_000 * ONE, 0, 100 * ONE, "stream"),
        Balance(NOW, V, "USDT", 15_000 * ONE, "stream"),
    ),
    "position-mode": (Alert(NOW, "error", "mexc_futures: the account's position mode was changed to one-way"),),
    "liquidate-risk": (
        LiquidationRisk(NOW, 1_760_942_212_000 * MS, V, BTC, "123456789", 35_000 * ONE, 10_000_000, 3),
        Alert(NOW, "error", "mexc_futures: the venue warns of the liquidation of BTC/USDT:USDT at 35000"),
    ),
    "push-deal": (Trade(NOW, 1_763_645_012_047 * MS, V, BTC, -1, 918_474, 49, ""),),
    "push-deal-old": (Trade(NOW, 1_587_442_049_632 * MS, V, BTC, 1, 68_665, 2_096, ""),),
    "push-deal-2026": (
        Trade(NOW, 1_755_487_578_275 * MS, V, BTC, 1, 1_153_098, 11, "13064218827"),
        Trade(NOW, 1_755_487_578_276 * MS, V, BTC, -1, 1_153_098, 55, "13064218826"),
    ),
    "push-ticker": (
        Ticker(NOW, 1_587_442_022_003 * MS, V, BTC, 68_650, 0, 68_665, 0, 68_655),
        MarkPrice(NOW, 1_587_442_022_003 * MS, V, BTC, e12("6867.4"), e12("6861.6")),
    ),
    "push-funding": (FundingRate(NOW, 1_789_498_561_049 * MS, V, BTC, e12("0.000081"), 1_789_516_800_000 * MS, 0),),
}
UNKNOWN = {
    "adl-level",
    "leverage-risk",
    "plan-order",
    "push-depth-full",
    "push-depth-step",
    "push-index",
    "push-fair",
    "push-kline",
}
BOOKS = {"push-depth-merged", "push-depth-merged-two", "push-depth-unmerged", "push-depth-old"}
CONTROL = {"login", "filter", "ping", "sub-ack", "sub-error"}


def decode(payload: bytes) -> Decoded:
    return codec().decode_frame(payload, NOW)


def test_every_sample_has_its_expectation() -> None:
    assert set(PRIVATE) | set(PUBLIC) == set(EVENTS) | UNKNOWN | BOOKS | CONTROL


@pytest.mark.parametrize("name", EVENTS)
def test_events_of_recorded_pushes(name: str) -> None:
    decoded = decode(frames(name)[-1])
    assert decoded.kind is Kind.DATA, decoded.error
    assert decoded.events == EVENTS[name]


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_pushes_that_nothing_is_made_of(name: str) -> None:
    taught = codec()
    decoded = taught.decode_frame(frames(name)[-1], NOW)
    assert decoded.kind is Kind.UNKNOWN
    assert taught.unknown == {json.loads(frames(name)[-1])["channel"]: 1}


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_depth_goes_to_the_book_unread(name: str) -> None:
    for payload in frames(name):
        decoded = decode(payload)
        if b"push" in payload:
            assert decoded.kind is Kind.BOOK
            assert decoded.events[0].payload == payload
            squeezed = decode(gzip.compress(payload, mtime=0))
            assert squeezed.events[0].payload == payload


def test_control_messages() -> None:
    pong = decode(frames("ping")[0])
    assert (pong.kind, pong.time_in_ns, pong.request_id) == (Kind.PONG, 1_587_453_241_453 * MS, 0)
    for name, channel in (("login", "login"), ("filter", "personal.filter"), ("sub-ack", "sub.depth")):
        decoded = decode(frames(name)[0])
        assert (decoded.kind, decoded.ok, decoded.channel) == (Kind.SUBSCRIBED, True, channel)
    refused = decode(frames("sub-error")[0])
    assert (refused.kind, refused.ok, refused.channel, refused.symbol) == (
        Kind.SUBSCRIBED,
        False,
        "error",
        "NOPE_USDT",
    )
    assert refused.error == "Contract [NOPE_USDT] not exists"


# --- orders on the stream ---------------------------------------------------------------------------------------------


def order(**changes: Any) -> bytes:
    row: dict[str, Any] = {
        "orderId": 739113577038255616,
        "symbol": "BTC_USDT",
        "price": 50000.5,
        "vol": 10,
        "side": 1,
        "category": 1,
        "orderType": 2,
        "dealVol": 0,
        "state": 2,
        "errorCode": 0,
        "externalOid": "mm1Q1",
        "updateTime": 1760942212000,
        "version": 1,
    } | changes
    return json.dumps({"channel": "push.personal.order", "data": row, "ts": 1760942212000}).encode()


HEAD = (NOW, 1_760_942_212_000 * MS, V, "mm1Q1", "739113577038255616")


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"state": 1}, OrderPending(*HEAD)),
        ({"state": 2}, OrderReport(*HEAD, BTC, 1, "new", 500_005, 10, 0, "", "stream")),
        ({"state": 3, "dealVol": 10, "side": 2}, OrderReport(*HEAD, BTC, 1, "filled", 500_005, 10, 10, "", "stream")),
        ({"state": 4}, OrderCanceled(*HEAD, 0, "")),
        ({"state": 4, "errorCode": 20}, OrderCanceled(*HEAD, 0, "post-only would have taken")),
        (
            {"state": 4, "errorCode": 18, "dealVol": 4, "orderType": 3},
            OrderCanceled(*HEAD, 4, "rest of an immediate-or-cancel order"),
        ),
        ({"state": 4, "errorCode": 19, "orderType": 4}, OrderCanceled(*HEAD, 0, "fill-or-kill not fillable")),
        ({"state": 4, "errorCode": 77}, OrderCanceled(*HEAD, 0, "reason 77")),
        ({"state": 5}, OrderCanceled(*HEAD, 0, "invalid")),
        ({"state": 5, "errorCode": 2}, OrderCanceled(*HEAD, 0, "insufficient balance")),
    ],
)
def test_states_of_an_order(changes: dict[str, Any], event: Any) -> None:
    assert decode(order(**changes)).events == (event,)


def test_an_order_that_is_known_is_accepted() -> None:
    taught = codec()
    taught.decode_frame(order(state=1), NOW)
    assert taught.decode_frame(order(state=2, version=2), NOW).events == (OrderAccepted(*HEAD),)


def test_older_versions_of_an_order_are_left_out() -> None:
    taught = codec()
    assert taught.decode_frame(order(state=4, version=3), NOW).events
    assert taught.decode_frame(order(state=2, version=2), NOW).events == ()
    assert taught.decode_frame(order(state=2, version=0), NOW).events
    assert taught.ignored == 2


def test_what_the_venue_does_to_the_account_is_an_alarm() -> None:
    report, alert = decode(order(state=3, dealVol=10, category=4)).events
    assert type(report) is OrderReport
    assert (alert.severity, "auto-deleveraging" in alert.text) == ("error", True)


def test_orders_of_other_contracts_are_reported_by_the_venues_name() -> None:
    (report,) = decode(order(symbol="XRP_USDT")).events
    assert (report.symbol, report.status, report.size, report.cum_size) == ("XRP_USDT", "new", 0, -1)


def deal(**changes: Any) -> bytes:
    row: dict[str, Any] = {
        "id": "9466823344",
        "symbol": "BTC_USDT",
        "side": 3,
        "vol": 2,
        "price": 7.548e4,
        "fee": 0.00123,
        "feeCurrency": "USDT",
        "orderId": 739211854408619008,
        "timestamp": 1761912240000,
        "isTaker": False,
        "category": 1,
    } | changes
    row = {key: value for key, value in row.items() if value is not None}
    return json.dumps({"channel": "push.personal.order.deal", "data": [row], "ts": 1}).encode()


@pytest.mark.parametrize(
    ("changes", "side", "liquidity", "fee"),
    [
        ({}, -1, "m", e12("0.00123")),
        ({"side": 4, "isTaker": True}, -1, "t", e12("0.00123")),
        ({"side": 2, "isTaker": None, "taker": False}, 1, "m", e12("0.00123")),
        ({"side": 1, "isTaker": None}, 1, "t", e12("0.00123")),
        ({"fee": -0.0005}, -1, "m", -e12("0.0005")),
        ({"fee": 1.0000000000001}, -1, "m", e12("1.000000000001")),
        ({"feeCurrency": None}, -1, "m", e12("0.00123")),
    ],
)
def test_deals(changes: dict[str, Any], side: int, liquidity: str, fee: int) -> None:
    (fill,) = decode(deal(**changes)).events
    assert fill == Fill(
        NOW,
        1_761_912_240_000 * MS,
        V,
        "",
        "739211854408619008",
        BTC,
        side,
        "9466823344",
        754_800,
        2,
        -1,
        liquidity,
        fee,
        "USDT",
    )


def test_a_deal_finds_its_client_id_by_the_order() -> None:
    taught = codec()
    taught.decode_frame(order(state=2), NOW)
    (fill,) = taught.decode_frame(deal(orderId="739113577038255616"), NOW).events
    assert fill.client_id == "mm1Q1"


def test_a_takeovers_price_off_the_grid_is_booked_against_us_and_told() -> None:
    for side, price in ((2, 500_006), (4, 500_005)):
        fill, *alerts = decode(deal(price=50000.55, side=side, category=2)).events
        assert fill.price == price
        assert [alert.severity for alert in alerts] == ["error", "error"]


@pytest.mark.parametrize(
    "payload",
    [
        order(side=5),
        order(state=9),
        order(vol=1.5),
        order(price=-1),
        order(orderId=None),
        order(dealVol="x"),
        deal(price=0),
        deal(vol=0),
        deal(price="1e999"),
        deal(fee="NaN"),
        b'{"channel":"push.personal.order","data":7}',
        b'{"channel":"push.personal.position","data":{"symbol":"BTC_USDT","positionType":3}}',
        b'{"channel":7}',
        b"{}",
        b"[]",
        b"\xff",
        b"\x1f\x8bnot gzip",
        gzip.compress(b"{}", mtime=0)[:-3],
        gzip.compress(b" " * 9_000_000, mtime=0),
    ],
)
def test_what_is_malformed_is_a_value(payload: bytes) -> None:
    decoded = decode(payload)
    assert (decoded.kind, decoded.ok, bool(decoded.error)) == (Kind.MALFORMED, False, True)


def test_a_deal_of_the_venues_own_is_an_alarm_once() -> None:
    taught = codec()
    assert [type(event) for event in taught.decode_frame(deal(category=4), NOW).events] == [Fill, Alert]
    assert [type(event) for event in taught.decode_frame(deal(category=4), NOW).events] == [Fill]

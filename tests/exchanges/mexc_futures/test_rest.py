"""Every recorded reply and what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm._core.events import (
    Balance,
    FeeRates,
    Fill,
    FundingPaid,
    FundingRate,
    InstrumentUpdate,
    MarginReport,
    MarkPrice,
    OrderReport,
    PositionReport,
)
from mm.exchanges.mexc_futures.errors import CLASSES, ORDER_ENDS, classify
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.instruments import Instrument
from tests.exchanges.mexc_futures.samples import ERRORS, MS, NOW, ONE, REST, body, codec
from tests.exchanges.mexc_futures.test_pushes import e12

V = "mexc_futures"
BTC, ETH, DOGE = "BTC/USDT:USDT", "ETH/USDT:USDT", "DOGE/USDT:USDT"


def reply(kind: str, name: str) -> Decoded:
    return codec().decode_reply(kind, REST[name]["response"]["status"], body(name), NOW)


def open_order(client_id: str, venue_id: str, symbol: str, price: int, updated_ms: int) -> OrderReport:
    return OrderReport(NOW, updated_ms * MS, V, client_id, venue_id, symbol, 1, "new", price, 10, 0, "", "query")


EVENTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "order-get": (
        "query_orders",
        (
            OrderReport(
                NOW,
                1_609_992_674_000 * MS,
                V,
                "_m_f95eb99b061d4eef8f64a04e9ac4dad3",
                "102015012431820288",
                ETH,
                1,
                "filled",
                0,
                1,
                1,
                "",
                "query",
            ),
        ),
    ),
    "order-get-2026": (
        "query_orders",
        (
            OrderReport(
                NOW,
                1_761_887_134_000 * MS,
                V,
                "_m_903a9f81cc1148be99ac9ece15981374",
                "739106551624717312",
                BTC,
                1,
                "filled",
                0,
                5,
                5,
                "",
                "query",
            ),
        ),
    ),
    # Every scalar as text.
    "open-orders": (
        "open_orders",
        (
            OrderReport(
                NOW,
                1_648_850_305_245 * MS,
                V,
                "_m_0e9520c256744d64b942985189026d20",
                "264995729269765120",
                "STEPN/USDT:USDT",
                1,
                "new",
                2_200,
                15,
                0,
                "",
                "query",
            ),
        ),
    ),
    "open-orders-2026": (
        "open_orders",
        (
            open_order("_m_7dd52a7ebf5e480fb533a5945a2bc184", "750330744886358528", ETH, 250_000, 1_764_563_190_059),
            open_order("_m_4675f4cdfa8a4c608c02da3c2d5dd98f", "750330663772702720", BTC, 800_000, 1_764_563_170_723),
        ),
    ),
    "batch-query-2026": (
        "query_orders",
        (open_order("_m_a6e614e4107e4d13893f9f4a3f46d2d8", "743829153601634818", BTC, 1_000_000, 1_763_013_089_904),),
    ),
    "deal-details": (
        "trades_history",
        (
            Fill(
                NOW,
                1_609_992_674_000 * MS,
                V,
                "",
                "102015012431820288",
                ETH,
                1,
                "159274416",
                120_835,
                1,
                -1,
                "t",
                e12("0.0072501"),
                "USDT",
            ),
        ),
    ),
    "order-deals-2026": (
        "trades_history",
        (
            Fill(
                NOW,
                1_761_912_240_000 * MS,
                V,
                "",
                "739211854408619008",
                DOGE,
                -1,
                "9466823344",
                18_695,
                1,
                -1,
                "t",
                0,
                "USDT",
            ),
        ),
    ),
    "positions": (
        "positions",
        (
            PositionReport(
                NOW,
                1_609_991_676_000 * MS,
                V,
                ETH,
                "1394650",
                1,
                1,
                0,
                e12("1217.3"),
                e12("1211.2"),
                e12("0.1290338"),
                100,
                True,
                -e12("0.0073"),
                0,
                0,
                -1,
                0,
                0,
                "query",
            ),
        ),
    ),
    "open-positions-2026": (
        "positions",
        (
            PositionReport(
                NOW,
                1_761_887_133_854 * MS,
                V,
                BTC,
                "1109973831",
                1,
                5,
                0,
                e12("109777.5"),
                e12("55020.5"),
                e12("27.444375"),
                2,
                True,
                0,
                0,
                0,
                270_000,
                0,
                1,
                "query",
            ),
        ),
    ),
    "history-positions-2026": (
        "positions",
        (
            PositionReport(
                NOW,
                1_757_509_217_000 * MS,
                V,
                BTC,
                "1027177055",
                1,
                0,
                0,
                e12("112449.5"),
                e12("56314.7"),
                0,
                2,
                True,
                e12("0.2155"),
                0,
                -e12("0.009"),
                -1,
                0,
                3,
                "query",
            ),
        ),
    ),
    "funding-records": (
        "funding_records",
        (
            FundingPaid(
                NOW,
                1_606_406_400_000 * MS,
                V,
                "SUSHI/USDT:USDT",
                "327194",
                1,
                e12("0.0685308"),
                "USDT",
                -e12("0.002"),
                e12("34.2654"),
            ),
            FundingPaid(
                NOW,
                1_606_435_200_000 * MS,
                V,
                "SUSHI/USDT:USDT",
                "328033",
                1,
                e12("0.0837798"),
                "USDT",
                -e12("0.002"),
                e12("41.8899"),
            ),
        ),
    ),
    "assets": (
        "assets",
        (
            MarginReport(NOW, V, "USDT", e12("0.03176562"), e12("0.03176562"), 0, 0, 0, 0, "query"),
            Balance(NOW, V, "USDT", e12("0.03176562"), "query"),
        ),
    ),
    "assets-2026": (
        "assets",
        (
            MarginReport(NOW, V, "USDT", e12("32.80984793"), e12("32.80984793658"), 0, 0, 0, 0, "query"),
            Balance(NOW, V, "USDT", e12("32.80984793"), "query"),
        ),
    ),
    "funding": (
        "funding_rate",
        (FundingRate(NOW, 1_609_829_807_577 * MS, V, BTC, -e12("0.000489"), 1_609_833_600_000 * MS, 28_800),),
    ),
    "funding-bulk": (
        "funding_rate",
        (
            FundingRate(NOW, 1_789_455_551_670 * MS, V, BTC, e12("0.000067"), 1_789_459_200_000 * MS, 28_800),
            MarkPrice(NOW, 1_789_455_551_670 * MS, V, BTC, e12("77240.4"), e12("77271.6")),
        ),
    ),
    "ticker": ("ticker", (MarkPrice(NOW, 1_609_831_334_016 * MS, V, BTC, e12("31199.5"), e12("31016.3")),)),
    "ticker-2026": ("ticker", (MarkPrice(NOW, 1_761_883_095_759 * MS, V, BTC, e12("109168.9"), 109_235 * ONE),)),
}
RESULTS: dict[str, tuple[str, Any]] = {
    "order-create": ("place", "739113577038255616"),
    "order-submit-legacy": ("place", "102057569836905984"),
    "position-mode": ("position_mode", 1),
    "position-mode-2026": ("position_mode", 1),
    "tiered-fee": ("fees", (20_000, 60_000)),
    "fee-v2-2026": ("fees", (0, 0)),
    "leverage": ("leverage", [(1, 0, 1, 10_000_000)]),
    "leverage-2026": ("leverage", [(1, 1, 2, 100_000), (-1, 1, 2, 100_000)]),
    "cancel-all": ("cancel_all", None),
    "change-limit-order": ("change", None),
    "funding-history": (
        "funding_rate_history",
        [(BTC, 1_609_804_800_000 * MS, e12("0.000266")), (BTC, 1_609_776_000_000 * MS, e12("0.00029"))],
    ),
}
REFUSALS = {
    "unknown-symbol": ("contracts", ErrorClass.REJECTED, "1001: Contract does not exist"),
    "err-closed": ("place", ErrorClass.MODE, "1002: Contract not allow place order!"),
    "err-sign": ("place", ErrorClass.FATAL, "602: Confirming signature failed!"),
    "err-clock": ("place", ErrorClass.CLOCK, "513: Invalid request"),
    "err-rate": ("place", ErrorClass.RATE, "510: Requests are too frequent. Please try again later!"),
    "err-balance": ("place", ErrorClass.REJECTED, "2005: Balance insufficient"),
}
TESTED_APART = {
    "ping",
    "ping-2026",
    "detail",
    "detail-2026",
    "detail-push-2025",
    "depth",
    "depth-2026",
    "depth-commits",
    "depth-commits-2026",
    "cancel",
    "submit-batch-2026",
}
NOT_ASKED = {"index", "fair", "kline", "kline-2026", "deals", "risk-limit-2026"}
"""Queries that nothing here makes."""


def test_every_sample_has_its_expectation() -> None:
    assert set(REST) == set(EVENTS) | set(RESULTS) | set(REFUSALS) | TESTED_APART | NOT_ASKED


@pytest.mark.parametrize("name", EVENTS)
def test_events_of_recorded_replies(name: str) -> None:
    kind, events = EVENTS[name]
    decoded = reply(kind, name)
    assert decoded.ok, decoded.error
    assert decoded.events == events


@pytest.mark.parametrize("name", RESULTS)
def test_results_of_recorded_replies(name: str) -> None:
    kind, result = RESULTS[name]
    decoded = reply(kind, name)
    assert decoded.ok, decoded.error
    assert decoded.result == result


@pytest.mark.parametrize("name", REFUSALS)
def test_recorded_refusals(name: str) -> None:
    kind, error_class, error = REFUSALS[name]
    decoded = reply(kind, name)
    assert (decoded.ok, decoded.error_class, decoded.error) == (False, error_class, error)


def test_the_clock() -> None:
    assert reply("time", "ping").time_in_ns == 1_587_442_022_003 * MS
    assert reply("time", "ping-2026").time_out_ns == 1_761_875_313_209 * MS


def test_what_is_not_found_is_an_answer_without_orders() -> None:
    for data in ('{"success":true,"code":0}', '{"success":true,"code":0,"data":null}', '{"success":true,"data":{}}'):
        decoded = codec().decode_reply("closed_orders", 200, data.encode(), NOW)
        assert (decoded.ok, decoded.events) == (True, ())


def test_pages_come_bare_or_in_an_object() -> None:
    rows = [dict(REST["order-deals-2026"]["response"]["body"]["data"][0], id=str(number)) for number in range(100)]
    for data, total in (
        (rows, 2**31),
        (rows[:7], 7),
        ({"pageSize": 100, "totalCount": 250, "totalPage": 3, "currentPage": 1, "resultList": rows}, 250),
    ):
        text = json.dumps({"success": True, "code": 0, "data": data}).encode()
        decoded = codec().decode_reply("trades_history", 200, text, NOW)
        assert (decoded.ok, decoded.total) == (True, total)
        assert decoded.rows == len(decoded.events) == min(100, total)


def test_the_newer_pages_rows_of_another_endpoint_are_no_funding() -> None:
    text = json.dumps({"success": True, "code": 0, "data": [{"positionMode": 1}]}).encode()
    decoded = codec().decode_reply("funding_records", 200, text, NOW)
    assert (decoded.ok, decoded.events) == (True, ())


# --- contracts --------------------------------------------------------------------------------------------------------


def contract(name: str) -> Instrument:
    (event,) = reply("contracts", name).events
    assert type(event) is InstrumentUpdate
    return Instrument.from_json(event.definition)


def test_definitions() -> None:
    assert contract("detail") == Instrument(
        V,
        BTC,
        "BTC",
        "USDT",
        price_precision=2,
        size_precision=0,
        tick=50,
        lot=1,
        size_min=1,
        size_max=5_000_000,
        settle="USDT",
        multiplier=1,
        multiplier_precision=4,
        margin=True,
        # apiAllowed is false: still to be cancelled on, quoted by nobody.
        status="cancel_only",
    )
    assert contract("detail-2026") == Instrument(
        V,
        BTC,
        "BTC",
        "USDT",
        price_precision=1,
        size_precision=0,
        size_max=400_000,
        settle="USDT",
        multiplier=1,
        multiplier_precision=4,
        margin=True,
        status="cancel_only",
    )
    clo = contract("detail-push-2025")
    assert (clo.symbol, clo.multiplier, clo.multiplier_precision, clo.status) == ("CLO/USDT:USDT", 10, 0, "online")
    assert (clo.tick, clo.price_precision, clo.size_max) == (1, 4, 9_000)


def test_terms_of_a_definition_and_fees_that_stay() -> None:
    taught = codec()
    decoded = Decoded(Kind.REPLY, result=(60_000, 80_000))
    assert taught.fee_events(BTC, decoded, NOW) == (FeeRates(NOW, V, BTC, 60_000, 80_000),)
    taught.decode_reply("contracts", 200, body("detail-2026"), NOW)
    instrument, terms = taught.contracts.get(BTC), taught.contracts.terms(BTC)
    assert instrument is not None
    assert terms is not None
    assert (instrument.maker_fee_e8, instrument.taker_fee_e8) == (60_000, 80_000)
    assert (terms.leverage_max, terms.maintenance_margin_e8, terms.bid_limit_e8) == (500, 100_000, 10_000_000)
    assert (terms.orders_max, terms.api_allowed, terms.amount_decimals) == ((200, 50), False, 4)
    assert (terms.isolated, terms.cross) == (True, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"apiAllowed": True}, "online"),
        ({"state": 4}, "maintenance"),
        ({"state": 0, "type": 2}, "maintenance"),
        ({"state": 3}, "delisted"),
        ({"state": 1}, "delisted"),
    ],
)
def test_states_of_a_contract(changes: dict[str, Any], status: str) -> None:
    row = dict(REST["detail-2026"]["response"]["body"]["data"], **changes)
    text = json.dumps({"success": True, "data": row}).encode()
    (event,) = codec().decode_reply("contracts", 200, text, NOW).events
    assert Instrument.from_json(event.definition).status == status


def test_a_coin_margined_contract_is_inverse() -> None:
    row = dict(
        REST["detail-2026"]["response"]["body"]["data"],
        symbol="BTC_USD",
        quoteCoin="USD",
        settleCoin="BTC",
        contractSize=100,
    )
    (event,) = codec().decode_reply("contracts", 200, json.dumps({"success": True, "data": row}).encode(), NOW).events
    inverse = Instrument.from_json(event.definition)
    assert (inverse.symbol, inverse.settle, inverse.linear, inverse.multiplier) == ("BTC/USD:BTC", "BTC", False, 100)


@pytest.mark.parametrize(
    "changes",
    [
        {"contractSize": 0},
        {"priceUnit": "x"},
        {"priceScale": 40},
        {"minVol": 0},
        {"contractSize": 1e-30},
        {"contractSize": 10**19},
        {"priceUnit": 1e25},
    ],
)
def test_a_wanted_contract_that_cannot_be_read_is_loud(changes: dict[str, Any]) -> None:
    row = dict(REST["detail-2026"]["response"]["body"]["data"], **changes)
    (alert,) = (
        codec(symbols=(BTC,))
        .decode_reply("contracts", 200, json.dumps({"success": True, "data": row}).encode(), NOW)
        .events
    )
    assert alert.severity == "error"
    assert "stays as it was" in alert.text


# --- books ------------------------------------------------------------------------------------------------------------


def test_books_are_handed_on_unread() -> None:
    for name, kind, versions in (
        ("depth", "depth", (1, 1)),
        ("depth-2026", "depth", (28_111_438_870, 28_111_438_870)),
        ("depth-commits", "depth_commits", (1_481_763_378, 1_481_763_378)),
        ("depth-commits-2026", "depth_commits", (26_457_599_295, 26_457_599_299)),
    ):
        assert reply(kind, name).result == (*versions, body(name))
    for text in (b"", b"<html>", b'{"success":true,"data":{}}', b'{"success":false,"code":510,"message":"x"}'):
        decoded = codec().decode_reply("depth", 200, text, NOW)
        assert (decoded.ok, decoded.error_class in (ErrorClass.RETRY, ErrorClass.RATE)) == (False, True)


# --- answers to orders -----------------------------------------------------------------------------------------------


def test_each_cancel_has_an_answer_of_its_own() -> None:
    decoded = reply("cancel", "cancel")
    assert decoded.ok
    assert [(row.ok, row.error_class, row.result) for row in decoded.result] == [
        (False, ErrorClass.GONE, "101716841474621953"),
        (False, ErrorClass.GONE, "108885377779302912"),
        (True, None, "108886241042563584"),
    ]


def test_each_order_of_a_batch_has_an_answer_of_its_own() -> None:
    decoded = reply("place_batch", "submit-batch-2026")
    assert [row.result for row in decoded.result] == ["768116802038827520", "768116802038352385"]
    text = b'{"success":true,"data":[{"externalOid":"a","errorCode":2005,"errorMsg":"no"}]}'
    (row,) = codec().decode_reply("place_batch", 200, text, NOW).result
    assert (row.ok, row.error_class, row.error) == (False, ErrorClass.REJECTED, "2005: no")


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ERRORS["futures"], ids=lambda row: str(row["code"]))
def test_every_listed_code_has_a_class_that_fits_its_meaning(row: dict[str, Any]) -> None:
    if row["class"] == "ok":
        return
    allowed = {
        "auth": {ErrorClass.FATAL},
        "unknown_outcome": {ErrorClass.AMBIGUOUS},
        "unavailable": {ErrorClass.BUSY, ErrorClass.MODE},
        "forbidden": {ErrorClass.FATAL, ErrorClass.MODE, ErrorClass.REJECTED},
        "rate_limit": {ErrorClass.RATE},
        "clock": {ErrorClass.CLOCK},
        "duplicate": {ErrorClass.AMBIGUOUS},
        "symbol_closed": {ErrorClass.MODE},
        "unknown_order": {ErrorClass.GONE},
        "already_final": {ErrorClass.GONE},
    }.get(row["class"], {ErrorClass.REJECTED, ErrorClass.FATAL})
    assert classify(row["code"], is_read=False) in allowed


def test_codes_have_one_class_and_unlisted_ones_leave_doubt() -> None:
    codes = [code for codes in CLASSES.values() for code in codes]
    assert len(codes) == len(set(codes))
    assert set(codes) == {row["code"] for row in ERRORS["futures"]} - {0}
    for code in (2039, 2055, 9998, 12345):
        assert classify(code, is_read=False) is ErrorClass.AMBIGUOUS
        assert classify(code, is_read=True) is ErrorClass.RETRY
    assert set(ORDER_ENDS) == {row["value"] for row in ERRORS["futuresOrderErrorCode"]} - {0}


@pytest.mark.parametrize(
    ("kind", "status", "text", "error_class"),
    [
        ("place", 502, b"<html>", ErrorClass.AMBIGUOUS),
        ("place", 500, b'{"success":false,"code":2005}', ErrorClass.AMBIGUOUS),
        ("place", 403, b"<html>blocked", ErrorClass.AMBIGUOUS),
        ("place", 200, b"<html>", ErrorClass.AMBIGUOUS),
        ("place", 200, b'{"success":true,"code":0}', ErrorClass.AMBIGUOUS),
        ("place", 200, b'{"code":0}', ErrorClass.AMBIGUOUS),
        ("place", 429, b"", ErrorClass.RATE),
        ("place", 429, b'{"success":false,"code":510,"msg":"x"}', ErrorClass.RATE),
        ("place", 400, b'{"success":false,"code":2011,"message":"x"}', ErrorClass.REJECTED),
        ("cancel", 200, b'{"success":false,"code":501,"message":"x"}', ErrorClass.BUSY),
        ("assets", 403, b"<html>blocked", ErrorClass.RETRY),
        ("assets", 200, b'{"success":false,"code":501,"message":"x"}', ErrorClass.RETRY),
        ("assets", 200, b'{"success":false,"code":701}', ErrorClass.FATAL),
        ("fees", 200, b'{"success":false,"code":701}', ErrorClass.REJECTED),
        ("no such kind", 200, b'{"success":true}', ErrorClass.AMBIGUOUS),
    ],
)
def test_what_refusals_mean(kind: str, status: int, text: bytes, error_class: ErrorClass) -> None:
    decoded = codec().decode_reply(kind, status, text, NOW)
    assert (decoded.ok, decoded.error_class) == (False, error_class)
    assert decoded.error

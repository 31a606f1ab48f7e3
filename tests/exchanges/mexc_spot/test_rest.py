"""Every recorded REST exchange, what it means, and what each refusal means for its request."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from mm._core.events import (
    Balance,
    BookFrame,
    CancelRejected,
    FeeRates,
    Fill,
    InstrumentUpdate,
    OrderPending,
    OrderRejected,
    OrderReport,
    OutcomeUnknown,
)
from mm.exchanges.mexc_spot.errors import CLASSES, classify
from mm.exchanges.mexc_spot.rest_replies import snapshot_frame
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.instruments import Instrument
from tests.exchanges.mexc_spot.samples import NOW, REST, cancel, codec, document, instrument, place

V = "mexc_spot"
KINDS = {
    "time": "time",
    "defaultSymbols": "default_symbols",
    "exchangeInfo-brock": "exchange_info",
    "exchangeInfo-metal": "exchange_info",
    "depth": "depth",
    "order-limit": "place",
    "order-ioc": "place",
    "batchOrders-mixed": "place_batch",
    "cancel-doc": "cancel",
    "cancel-live": "cancel",
    "query-canceled": "query_orders",
    "openOrders": "open_orders",
    "account": "account",
    "myTrades": "trades_history",
    "tradeFee": "trade_fee",
    "listenKey-create": "listen_key",
    "listenKey-extend": "keep_listen_key",
    "listenKey-close": "close_listen_key",
    "listenKey-list": "listen_keys",
}


def body(name: str) -> bytes:
    return orjson.dumps(REST[name]["response"]["body"])


def reply(name: str, kind: str = "", machine: Any = None) -> Decoded:
    machine = machine or codec()
    decoded: Decoded = machine.decode_reply(kind or KINDS[name], REST[name]["response"]["status"], body(name), NOW)
    return decoded


@pytest.mark.parametrize("name", KINDS)
def test_a_recorded_reply_is_understood(name: str) -> None:
    decoded = reply(name)
    assert (decoded.ok, decoded.kind, decoded.error) == (True, Kind.REPLY, "")


def test_the_clock_is_in_milliseconds() -> None:
    assert reply("time").time_in_ns == 1645539742000 * 1_000_000


def test_instruments_are_read_by_what_the_fields_mean() -> None:
    machine = codec()
    (event,) = reply("exchangeInfo-brock", machine=machine).events
    assert type(event) is InstrumentUpdate
    read = Instrument.from_json(event.definition)
    row = REST["exchangeInfo-brock"]["response"]["body"]["symbols"][0]
    assert read.symbol == f"{row['baseAsset']}/{row['quoteAsset']}"
    assert (read.price_precision, read.size_precision) == (row["quotePrecision"], row["baseAssetPrecision"])
    assert read.size_min == max(1, Decimal(row["baseSizePrecision"]) * 10**read.size_precision)
    assert read.cost_min == Decimal(row["quoteAmountPrecision"]) * 10**read.cost_precision
    assert (read.tick, read.lot, read.maker_fee_e8, read.status) == (1, 1, -1, "online")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "online"),
        ({"status": "ENABLED"}, "online"),
        ({"status": 1, "tradeSideType": "1"}, "online"),
        ({"status": "2"}, "maintenance"),
        ({"status": "3"}, "delisted"),
        ({"status": "9"}, "maintenance"),
        ({"status": None}, "maintenance"),
        ({"isSpotTradingAllowed": False}, "cancel_only"),
        ({"tradeSideType": 2}, "cancel_only"),
        ({"tradeSideType": "4"}, "cancel_only"),
    ],
)
def test_a_symbol_is_tradable_only_if_everything_says_so(changes: dict[str, Any], status: str) -> None:
    row = {**REST["exchangeInfo-brock"]["response"]["body"]["symbols"][0], **changes}
    (event,) = codec().decode_reply("exchange_info", 200, orjson.dumps({"symbols": [row]}), NOW).events
    assert Instrument.from_json(event.definition).status == status


def test_a_wanted_symbol_that_cannot_be_read_is_told_and_others_are_not() -> None:
    row = {**REST["exchangeInfo-brock"]["response"]["body"]["symbols"][0], "quotePrecision": "x"}
    payload = orjson.dumps({"symbols": [row, {"symbol": "NOUSDT"}, 7]})
    assert codec().decode_reply("exchange_info", 200, payload, NOW).events == ()
    (alert,) = codec(symbols=["BROCK/USDT"]).decode_reply("exchange_info", 200, payload, NOW).events
    assert "symbols[0].quotePrecision: expected a whole number" in alert.text


@pytest.mark.parametrize("name", ["A&B", "A/B", "A B", ""])
def test_a_name_that_no_request_can_carry_is_left_out(name: str) -> None:
    row = {**REST["exchangeInfo-brock"]["response"]["body"]["symbols"][0], "baseAsset": name, "symbol": f"{name}USDT"}
    machine = codec()
    before = list(machine.instruments)
    events = machine.decode_reply("exchange_info", 200, orjson.dumps({"symbols": [row]}), NOW).events
    assert events == ()
    assert list(machine.instruments) == before


def test_a_snapshot_goes_to_the_decoder_as_it_came() -> None:
    version, text = reply("depth").result
    assert (version, text) == (1112416, body("depth"))
    assert snapshot_frame("BTCUSDT", text, NOW) == BookFrame(NOW, V, b"snapshot BTCUSDT\n" + text)


def test_balances_are_what_is_free_and_what_is_locked() -> None:
    decoded = reply("account")
    assert decoded.events[0] == Balance(NOW, V, "NBNTEST", 1_111_111 * 10**12, "query")
    assert decoded.result == {"canTrade": True, "canWithdraw": True}


def test_open_orders_are_reports() -> None:
    (report,) = reply("openOrders").events
    assert report == OrderReport(
        *(
            NOW,
            1499827319559 * 1_000_000,
            V,
            "myOrder1",
            "1",
            "LTC/BTC",
            1,
            "new",
            10_000_000,
            100_000_000,
            0,
            "",
            "query",
        )
    )


def test_an_order_that_was_cancelled_is_a_report() -> None:
    (report,) = reply("query-canceled").events
    assert (report.symbol, report.status, report.price, report.size) == ("BTC/USDT", "canceled", 3_000_000, 20_000)
    assert report.venue_id == "133734823834147272"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", "new"),
        ("PARTIALLY_FILLED", "partially_filled"),
        ("FILLED", "filled"),
        ("CANCELED", "canceled"),
        ("PARTIALLY_CANCELED", "canceled"),
    ],
)
def test_every_status_of_a_list(status: str, expected: str) -> None:
    row = {**REST["openOrders"]["response"]["body"][0], "status": status, "executedQty": "0.4"}
    (report,) = codec().decode_reply("open_orders", 200, orjson.dumps([row]), NOW).events
    assert (report.status, report.cum_size) == (expected, 40_000_000)
    assert codec().decode_reply("open_orders", 200, orjson.dumps([{**row, "status": "X"}]), NOW).kind is Kind.MALFORMED


def test_quantities_are_found_under_the_name_of_the_documentation_too() -> None:
    row = dict(REST["openOrders"]["response"]["body"][0])
    row["Qty"] = row.pop("origQty")
    (report,) = codec().decode_reply("open_orders", 200, orjson.dumps([row]), NOW).events
    assert report.size == 100_000_000


def test_trades_are_fills() -> None:
    (fill,) = reply("myTrades").events
    row = REST["myTrades"]["response"]["body"][0]
    assert type(fill) is Fill
    assert (fill.execution_id, fill.venue_id, fill.symbol) == (row["id"], row["orderId"], "BNB/BTC")
    assert (fill.price, fill.size, fill.cum_size) == (400_000_100, 1_200_000_000, -1)
    assert (fill.fee, fill.fee_asset) == (int(Decimal(row["commission"]) * 10**12), row["commissionAsset"])


def test_fee_rates_are_fractions() -> None:
    machine = codec()
    decoded = reply("tradeFee", machine=machine)
    assert decoded.result == (300_000, 300_000)
    assert machine.fee_events("MX/USDT", decoded, NOW) == (FeeRates(NOW, V, "MX/USDT", 300_000, 300_000),)
    assert machine.fee_events("NO/SUCH", decoded, NOW) == ()
    known = machine.instruments.get("MX/USDT")
    assert known == replace(instrument("MX/USDT"), maker_fee_e8=300_000, taker_fee_e8=300_000)


# --- answers to commands ----------------------------------------------------------------------------------------------


def test_an_accepted_order_has_the_id_of_the_venue_and_no_state() -> None:
    machine, command = codec(), place(symbol="MX/USDT")
    decoded = reply("order-limit", machine=machine)
    row = REST["order-limit"]["response"]["body"]
    (event,) = machine.response_events(command, decoded, NOW)
    assert type(event) is OrderPending
    assert (event.client_id, event.venue_id) == ("mm1Q1", row["orderId"])


def test_a_batch_says_for_each_order_what_became_of_it() -> None:
    machine = codec()
    commands = [place(client_id=f"mm1Q{number}") for number in range(4)]
    decoded = reply("batchOrders-mixed", machine=machine)
    events = machine.batch_events(commands, decoded, NOW)
    kinds = [OrderRejected if "code" in row else OrderPending for row in REST["batchOrders-mixed"]["response"]["body"]]
    kinds += [OutcomeUnknown] * (len(commands) - len(kinds))
    assert [type(event) for event in events] == kinds
    assert {event.client_id for event in events} == {command.client_id for command in commands}


@pytest.mark.parametrize("name", ["cancel-doc", "cancel-live"])
def test_a_cancel_that_was_taken_says_nothing_yet(name: str) -> None:
    machine = codec()
    assert machine.response_events(cancel(), reply(name, machine=machine), NOW) == ()


@pytest.mark.parametrize(
    ("name", "for_read", "for_order"),
    [
        ("err-signature-missing", ErrorClass.REJECTED, ErrorClass.REJECTED),
        ("err-signature", ErrorClass.FATAL, ErrorClass.FATAL),
        ("err-recvwindow", ErrorClass.CLOCK, ErrorClass.CLOCK),
        ("err-optional-parameters", ErrorClass.REJECTED, ErrorClass.REJECTED),
        ("err-min-notional", ErrorClass.REJECTED, ErrorClass.REJECTED),
        ("err-unknown-order", ErrorClass.GONE, ErrorClass.GONE),
        ("err-bad-symbol", ErrorClass.REJECTED, ErrorClass.REJECTED),
        ("err-insufficient", ErrorClass.REJECTED, ErrorClass.REJECTED),
        ("err-rate-limit", ErrorClass.RATE, ErrorClass.RATE),
        ("err-listenkey", ErrorClass.TOKEN, ErrorClass.TOKEN),
        ("err-content-type", ErrorClass.REJECTED, ErrorClass.REJECTED),
    ],
)
def test_a_recorded_refusal_is_classed(name: str, for_read: ErrorClass, for_order: ErrorClass) -> None:
    for kind, expected in (("account", for_read), ("place", for_order), ("cancel", for_order)):
        decoded = reply(name, kind)
        assert not decoded.ok
        assert decoded.error_class is expected
        assert decoded.error.startswith(str(REST[name]["response"]["body"]["code"]))


GROUPS = {
    "auth": {ErrorClass.FATAL},
    "clock": {ErrorClass.CLOCK},
    "rate_limit": {ErrorClass.RATE},
    "unknown_outcome": {ErrorClass.AMBIGUOUS},
    "unavailable": {ErrorClass.BUSY},
    "listen_key": {ErrorClass.TOKEN},
    "unknown_order": {ErrorClass.GONE},
    "bad_request": {ErrorClass.REJECTED},
    "bad_symbol": {ErrorClass.REJECTED},
    "filter": {ErrorClass.REJECTED},
    "insufficient": {ErrorClass.REJECTED},
    "too_many_orders": {ErrorClass.REJECTED},
    "no_liquidity": {ErrorClass.REJECTED},
    "symbol_closed": {ErrorClass.MODE},
}


@pytest.mark.parametrize("row", document("errors")["spot"], ids=lambda row: str(row["code"]))
def test_every_documented_code_has_its_class(row: dict[str, Any]) -> None:
    assert any(row["code"] in codes for codes in CLASSES.values())
    kind = classify(row["code"], is_read=False)
    assert kind in GROUPS.get(row["class"], set(ErrorClass))
    is_doubtful = kind in (ErrorClass.AMBIGUOUS, ErrorClass.BUSY)
    payload = orjson.dumps({"code": row["code"], "msg": "x"})
    machine = codec()
    (event,) = machine.response_events(place(), machine.decode_reply("place", 400, payload, NOW), NOW)
    assert type(event) is (OutcomeUnknown if is_doubtful else OrderRejected)
    (event,) = machine.response_events(cancel(), machine.decode_reply("cancel", 400, payload, NOW), NOW)
    assert type(event) is (OutcomeUnknown if is_doubtful else CancelRejected)


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (500, b'{"code":-2011,"msg":"Unknown order sent"}', OutcomeUnknown),
        (502, b"<html>", OutcomeUnknown),
        (504, b"", OutcomeUnknown),
        (403, b"<html>", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b"{}", OutcomeUnknown),
        (200, b'{"code":123456,"msg":"new"}', OutcomeUnknown),
        (429, b"", OrderRejected),
        (418, b"<html>", OrderRejected),
        (200, b'{"code":"30004","msg":"x"}', OrderRejected),
    ],
)
def test_an_order_is_rejected_only_by_proof(status: int, payload: bytes, kind: type) -> None:
    machine = codec()
    (event,) = machine.response_events(place(), machine.decode_reply("place", status, payload, NOW), NOW)
    assert type(event) is kind


def test_a_key_that_is_gone_is_an_answer_to_keeping_it_alive() -> None:
    decoded = reply("err-listenkey", "keep_listen_key")
    assert decoded.ok
    assert str(decoded.result) == ""


def test_a_right_that_is_not_needed_stops_nothing() -> None:
    payload = b'{"code":700007,"msg":"No permission to access the endpoint."}'
    assert codec().decode_reply("trade_fee", 400, payload, NOW).error_class is ErrorClass.REJECTED
    assert codec().decode_reply("account", 400, payload, NOW).error_class is ErrorClass.FATAL


# --- one fill, two names ----------------------------------------------------------------------------------------------


def trade_row(trade_id: str, time_ms: int = 1_736_417_034_280, qty: str = "1") -> dict[str, Any]:
    return {
        "symbol": "MXUSDT",
        "id": trade_id,
        "orderId": "C02__505979017439002624115",
        "price": "3.6962",
        "qty": qty,
        "commission": "0.0004",
        "commissionAsset": "MX",
        "time": time_ms,
        "isBuyer": False,
        "isMaker": False,
    }


def test_a_fill_has_one_name_whatever_its_list_calls_it() -> None:
    from tests.exchanges.mexc_spot.samples import sample

    machine = codec()
    (streamed,) = machine.decode_frame(sample("private_deals"), NOW).events
    rows = [trade_row("fad2af9e942049b6adbda1a271f990c6"), trade_row("aad2af9e942049b6adbda1a271f990c6")]
    for _ in range(2):
        # The second row is another fill of the same terms, and one that was missed.
        events = machine.decode_reply("trades_history", 200, orjson.dumps(rows), NOW).events
        assert [event.execution_id for event in events] == [streamed.execution_id, rows[1]["id"]]
    (later,) = machine.decode_reply(
        "trades_history", 200, orjson.dumps([trade_row("x1", 1_736_417_090_000)]), NOW
    ).events
    assert later.execution_id == "x1"


def test_equal_fills_under_names_of_one_form_stay_two() -> None:
    machine = codec()
    rows = [trade_row("505979017439002624X1"), trade_row("505979017439002625X1")]
    events = machine.decode_reply("trades_history", 200, orjson.dumps(rows), NOW).events
    assert len({event.execution_id for event in events}) == 2

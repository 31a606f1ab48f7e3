"""The executions channel: each recorded message, the deltas that need a memory, and bad rows."""

from __future__ import annotations

import json

import pytest

from mm._core.events import (
    BUY,
    SELL,
    Alert,
    Event,
    Fill,
    InstrumentUpdate,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderPending,
    OrderReport,
    OutcomeUnknown,
    pack,
    unpack,
)
from mm.exchanges.kraken.codec import PARKED_MAX, KrakenCodec
from mm.exchanges.venue import Decoded, Kind
from tests.exchanges.kraken.samples import NOW, codec, frame, names, ns

E12 = 10**12


def update(*rows: dict[str, object], sequence: int = 2, kind: str = "update") -> bytes:
    return json.dumps({"channel": "executions", "type": kind, "data": rows, "sequence": sequence}).encode()


def executions(events: tuple[Event, ...], sequence: int, snapshot: bool = False) -> Decoded:
    return Decoded(Kind.DATA, events, channel="executions", sequence=sequence, snapshot=snapshot)


SNAPSHOT_FILLS = (
    Fill(
        NOW,
        ns("2024-01-10T07:14:14.485774Z"),
        "kraken",
        "",
        "MMNB64-U9T0S-U8W0PJ",
        "BRICK/USD",
        BUY,
        "NG6PUE-C7MXN-CFCAMC",
        6404,
        15325931000,
        -1,
        "m",
        14460799000,
        "USD",
    ),
    Fill(
        NOW,
        ns("2024-01-13T12:24:42.541293Z"),
        "kraken",
        "",
        "MQUCYY-SX33Q-KX7KCT",
        "ETH/USD",
        SELL,
        "QEP2P0-DVAJN-VF1UTF",
        239241,
        1500000,
        -1,
        "t",
        93370000000,
        "USD",
    ),
    Fill(
        NOW,
        ns("2024-01-28T21:03:18.167719Z"),
        "kraken",
        "",
        "8G1X9R-F6HH0-R2FYZ0",
        "FET/USD",
        BUY,
        "0CVSSH-KVM0J-TCXLSQ",
        6017,
        2500000000,
        -1,
        "m",
        24038000000,
        "USD",
    ),
    Fill(
        NOW,
        ns("2024-04-16T10:54:38.243302Z"),
        "kraken",
        "",
        "NG6PUE-C7MXN-CFCAMC",
        "BTC/USD",
        SELL,
        "B1Y0D9-6JIJG-W1IB7L",
        633772,
        16000,
        -1,
        "t",
        40510000000,
        "USD",
    ),
)

RECORDED = {
    "executions_pending_new_docs": executions(
        (OrderPending(NOW, ns("2023-09-22T10:33:05.709950Z"), "kraken", "", "OK4GJX-KSTLS-7DZZO5"),), 8
    ),
    "executions_pending_new_2024": executions(
        (OrderPending(NOW, ns("2024-05-18T12:01:56.165888Z"), "kraken", "", "AHOJQ8-1E72C-8M2VQH"),), 120
    ),
    "executions_pending_new_triggered_2024": executions(
        (OrderPending(NOW, ns("2024-05-18T12:01:56.165888Z"), "kraken", "", "AHOJQ8-1E72C-8M2VQH"),), 120
    ),
    "executions_pending_new_2026": executions(
        (OrderPending(NOW, ns("2026-01-21T12:20:06.637700Z"), "kraken", "b6755a8d4d000200", "O5ORI4-WNTKR-CHOYU2"),), 2
    ),
    "executions_new_docs": executions(
        (OrderAccepted(NOW, ns("2023-09-22T10:33:05.709982Z"), "kraken", "", "OK4GJX-KSTLS-7DZZO5"),), 9
    ),
    "executions_new_2024": executions(
        (OrderAccepted(NOW, ns("2024-05-18T12:58:51.121515Z"), "kraken", "", "7J91XK-XMFEL-348VPM"),), 148
    ),
    # The orders of the next three were placed before the recordings begin: their scale is not known.
    "executions_amended_2024": executions(
        (
            OutcomeUnknown(
                NOW,
                ns("2024-10-13T13:38:39.273886Z"),
                "kraken",
                "",
                "6LYQGW-FH922-U6JTUM",
                "amend",
                "amended, but the order's terms are not known here: asking",
            ),
        ),
        20,
    ),
    "executions_canceled_2024": executions(
        (
            OrderCanceled(
                NOW, ns("2024-05-18T12:58:40.165132Z"), "kraken", "", "KIUEL4-G3PWU-HOJTYU", -1, "User requested"
            ),
        ),
        143,
    ),
    "executions_canceled_2026": executions(
        (
            OrderCanceled(
                NOW,
                ns("2026-01-21T14:19:26.499881Z"),
                "kraken",
                "82909e914d000200",
                "OLASKX-JMREK-KGIHQT",
                -1,
                "User requested",
            ),
        ),
        4,
    ),
    "executions_trade_docs": executions(
        (
            Fill(
                NOW,
                ns("2023-09-22T10:33:05.709993Z"),
                "kraken",
                "",
                "OK4GJX-KSTLS-7DZZO5",
                "BTC/USD",
                SELL,
                "TGBB7L-HT5LX-J3BZ4A",
                265999,
                500000,
                500000,
                "t",
                345800000000,
                "USD",
            ),
        ),
        10,
    ),
    "executions_snapshot_empty_2026": executions((), 1, snapshot=True),
    "executions_snapshot_trades": executions(SNAPSHOT_FILLS, 1, snapshot=True),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_message(name: str) -> None:
    decoded = codec().decode_frame(frame(f"ws_private/{name}"), NOW)
    assert decoded == RECORDED[name]
    assert all(unpack(pack(event)) == event for event in decoded.events)


def test_every_recorded_message_of_the_channel_is_expected_above() -> None:
    recorded = {name.split("/")[1] for name in names("ws_private") if "/executions_" in name}
    assert {name for name in recorded if "subscribe" not in name} == set(RECORDED)


PLACED = {
    "order_id": "O1",
    "cl_ord_id": "mm1",
    "symbol": "USDC/USD",
    "order_qty": 5.1,
    "exec_type": "pending_new",
    "order_status": "pending_new",
    "side": "buy",
    "order_type": "limit",
    "limit_price": 0.89,
    "timestamp": "2024-10-13T13:38:00Z",
}


def one(machine: KrakenCodec, row: dict[str, object]) -> Event:
    decoded = machine.decode_frame(update(row), NOW)
    assert decoded.kind is Kind.DATA, decoded.error
    (event,) = decoded.events
    return event


@pytest.fixture
def placed() -> KrakenCodec:
    machine = codec()
    one(machine, PLACED)
    return machine


MOMENT = "2024-10-13T13:38:39.273886Z"
HEAD = (NOW, ns(MOMENT), "kraken", "mm1", "O1")
DELTA = {"timestamp": MOMENT, "order_id": "O1", "order_status": "new", "cum_qty": 0.00000000}


def test_amend_of_a_known_order_is_scaled_by_its_symbol() -> None:
    machine = codec()
    machine.decode_frame(update({**PLACED, "order_id": "6LYQGW-FH922-U6JTUM", "cl_ord_id": None}), NOW)
    decoded = machine.decode_frame(frame("ws_private/executions_amended_2024"), NOW)
    assert decoded.events == (OrderAmended(NOW, ns(MOMENT), "kraken", "", "6LYQGW-FH922-U6JTUM", 9600, 510000000, 0),)


def test_amend_that_repeats_only_the_price_keeps_the_size(placed: KrakenCodec) -> None:
    row = {**DELTA, "exec_type": "amended", "limit_price": 0.88}
    assert one(placed, row) == OrderAmended(*HEAD, 8800, 510000000, 0)


def test_amend_by_the_engine_is_an_amend(placed: KrakenCodec) -> None:
    row = {**DELTA, "exec_type": "restated", "order_qty": 4.0, "reason": "Reduced"}
    assert one(placed, row) == OrderAmended(*HEAD, 8900, 400000000, 0)


def test_cancel_of_a_known_order_says_how_much_was_filled(placed: KrakenCodec) -> None:
    row = {
        **DELTA,
        "exec_type": "canceled",
        "order_status": "canceled",
        "cum_qty": 1.5,
        "cancel_reason": "Post only order",
    }
    assert one(placed, row) == OrderCanceled(*HEAD, 150000000, "Post only order")


def test_expiry(placed: KrakenCodec) -> None:
    row = {**DELTA, "exec_type": "expired", "order_status": "expired", "reason": "GTD"}
    assert one(placed, row) == OrderExpired(*HEAD, 0, "GTD")


def test_marker_after_the_last_fill_reports_the_whole_order(placed: KrakenCodec) -> None:
    row = {**DELTA, "exec_type": "filled", "order_status": "filled", "cum_qty": 5.1}
    report = OrderReport(*HEAD, "USDC/USD", BUY, "filled", 8900, 510000000, 510000000, "", "stream")
    assert one(placed, row) == report
    assert one(placed, row) == report


def test_client_id_is_remembered_when_a_delta_leaves_it_out(placed: KrakenCodec) -> None:
    assert one(placed, {**DELTA, "exec_type": "new"}) == OrderAccepted(*HEAD)


@pytest.mark.parametrize("kind", ["status", "iceberg_refill", "something_new", None])
def test_other_reports_count_only_when_the_order_ended(kind: str | None, placed: KrakenCodec) -> None:
    assert placed.decode_frame(update({**DELTA, "exec_type": kind}), NOW).events == ()
    assert placed.ignored == 1
    ended = one(placed, {**DELTA, "exec_type": kind, "order_status": "canceled", "reason": "Stopped"})
    assert ended == OrderCanceled(*HEAD, 0, "Stopped")


def test_partial_fill_and_fee_in_another_asset(placed: KrakenCodec) -> None:
    row = {
        **DELTA,
        "exec_type": "trade",
        "exec_id": "T1",
        "symbol": "USDC/USD",
        "side": "buy",
        "last_qty": 1.0,
        "last_price": 0.8899,
        "cum_qty": 1,
        "liquidity_ind": "m",
        "fees": [{"asset": "KFEE", "qty": 1e-08}, {"asset": "KFEE", "qty": 2}],
    }
    assert one(placed, row) == Fill(
        *HEAD, "USDC/USD", BUY, "T1", 8899, 100000000, 100000000, "m", 2 * E12 + 10**4, "KFEE"
    )


def test_fees_in_two_assets_book_the_quote_and_say_so(placed: KrakenCodec) -> None:
    row = {
        **DELTA,
        "exec_type": "trade",
        "exec_id": "T1",
        "symbol": "USDC/USD",
        "side": "sell",
        "last_qty": 1.0,
        "last_price": 1,
        "fees": [{"asset": "USDC", "qty": 0.5}, {"asset": "USD", "qty": 0.25}],
    }
    fill, alert = placed.decode_frame(update(row), NOW).events
    assert fill == Fill(*HEAD, "USDC/USD", SELL, "T1", 10000, 100000000, 0, "t", E12 // 4, "USD")
    assert type(alert) is Alert
    assert "T1" in alert.text
    assert "USDC" in alert.text


def test_order_that_was_filled_without_a_marker_does_not_stay_open_in_memory(placed: KrakenCodec) -> None:
    known = placed._known.find("mm1", "O1")
    assert known is not None
    row = {**DELTA, "exec_type": "trade", "exec_id": "T1", "symbol": "USDC/USD", "side": "buy", "last_price": 0.89}
    one(placed, {**row, "last_qty": 5.0, "cum_qty": 5.0, "order_status": "partially_filled"})
    assert not known.is_closed
    one(placed, {**row, "exec_id": "T2", "last_qty": 0.1, "cum_qty": 5.1, "order_status": "partially_filled"})
    assert known.is_closed


def test_snapshot_of_open_orders_is_reports_after_fills() -> None:
    fill = {
        "order_id": "O1",
        "exec_type": "trade",
        "exec_id": "T1",
        "symbol": "USDC/USD",
        "side": "buy",
        "last_qty": 2.1,
        "last_price": 0.89,
        "order_status": "filled",
        "fees": [],
    }
    part = {**PLACED, "exec_type": "new", "order_status": "partially_filled", "cum_qty": 2.1}
    fresh = {**PLACED, "order_id": "O2", "cl_ord_id": "mm2", "order_status": "new", "exec_type": "new"}
    decoded = codec().decode_frame(update(part, fill, fresh, kind="snapshot", sequence=1), NOW)
    moment = ns("2024-10-13T13:38:00Z")
    assert decoded == executions(
        (
            Fill(NOW, 0, "kraken", "", "O1", "USDC/USD", BUY, "T1", 8900, 210000000, -1, "t", 0, "USD"),
            OrderReport(
                NOW,
                moment,
                "kraken",
                "mm1",
                "O1",
                "USDC/USD",
                BUY,
                "partially_filled",
                8900,
                510000000,
                210000000,
                "",
                "snapshot",
            ),
            OrderReport(NOW, moment, "kraken", "mm2", "O2", "USDC/USD", BUY, "new", 8900, 510000000, 0, "", "snapshot"),
        ),
        1,
        snapshot=True,
    )


def test_order_in_a_market_that_is_not_known_is_reported_without_numbers() -> None:
    row = {**PLACED, "symbol": "XSTOCK/USD", "order_status": "new"}
    (report,) = codec().decode_frame(update(row, kind="snapshot"), NOW).events
    assert report == OrderReport(
        NOW, ns("2024-10-13T13:38:00Z"), "kraken", "mm1", "O1", "XSTOCK/USD", 0, "new", 0, 0, -1, "", "snapshot"
    )


def test_executions_before_the_list_of_instruments_wait_for_it() -> None:
    machine = KrakenCodec(symbols=["BTC/USD"])
    assert machine.decode_frame(frame("ws_private/executions_trade_docs"), NOW) == executions((), 10)
    later = machine.decode_frame(frame("ws_public/instrument_snapshot_docs"), NOW + 5)
    assert [type(event) for event in later.events] == [InstrumentUpdate, Fill]
    assert later.events[1] == RECORDED["executions_trade_docs"].events[0]


def test_waiting_is_bounded() -> None:
    machine = KrakenCodec()
    payload = frame("ws_private/executions_trade_docs")
    for _ in range(PARKED_MAX):
        assert machine.decode_frame(payload, NOW).kind is Kind.DATA
    assert machine.decode_frame(payload, NOW).kind is Kind.MALFORMED


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("last_price", 26599.95, "executions: data[0].last_price"),
        ("last_qty", 0, "executions: data[0].last_qty"),
        ("last_qty", 1e300, "executions: data[0].last_qty"),
        ("exec_id", None, "executions: data[0].exec_id"),
        ("order_id", 5, "executions: data[0].order_id"),
        ("order_id", "OÉ", "executions: data[0].order_id"),
        ("exec_id", "T" * 201, "executions: data[0].exec_id"),
        ("side", "short", "executions: data[0].side"),
        ("fees", "none", "executions: data[0].fees"),
        ("fees", [{"asset": "USD"}], "executions: data[0].qty"),
        ("timestamp", "2023-13-01T00:00:00Z", "executions: data[0].timestamp"),
        ("timestamp", "2300-01-01T00:00:00Z", "executions: data[0].timestamp"),
    ],
)
def test_malformed_row_names_the_place(field: str, value: object, place: str) -> None:
    message = json.loads(frame("ws_private/executions_trade_docs"))
    message["data"][0][field] = value
    decoded = codec().decode_frame(json.dumps(message).encode(), NOW)
    assert (decoded.kind, decoded.channel, decoded.events) == (Kind.MALFORMED, "executions", ())
    assert place in decoded.error


def test_message_without_sequence_is_malformed() -> None:
    decoded = codec().decode_frame(b'{"channel":"executions","type":"update","data":[]}', NOW)
    assert decoded.error == "executions: sequence: expected a whole number, got nothing"


def test_rows_of_a_wanted_symbol_are_never_left_out_for_want_of_its_definition() -> None:
    machine = KrakenCodec(symbols=["BTC/USD"])
    machine.decode_frame(frame("ws_public/instrument_snapshot_2024"), NOW)
    decoded = machine.decode_frame(frame("ws_private/executions_trade_docs"), NOW)
    assert (decoded.kind, decoded.error) == (
        Kind.MALFORMED,
        "executions: data[0].the instrument BTC/USD is not known",
    )
    reply = machine.decode_reply("trades_history", 200, frame("rest_private/TradesHistory_docs"), NOW)
    assert (reply.kind, reply.ok) == (Kind.MALFORMED, False)
    assert "BTC/USD is not known" in reply.error
    machine.decode_frame(frame("ws_public/instrument_snapshot_docs"), NOW)
    assert machine.decode_frame(frame("ws_private/executions_trade_docs"), NOW) == RECORDED["executions_trade_docs"]

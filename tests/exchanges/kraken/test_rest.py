"""REST: signatures, requests read back, and each recorded reply against what it says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from mm._core.events import (
    BUY,
    SELL,
    CancelAfter,
    CancelRejected,
    FeeRates,
    Fill,
    OrderPending,
    OrderReport,
    VenueStatus,
)
from mm.errors import ConfigError, LocalError
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.kraken.rest_requests import QUERIES
from mm.exchanges.kraken.signing import Signer
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind
from tests.exchanges.kraken.commands import amend, cancel, place
from tests.exchanges.kraken.samples import DATA, NOW, SECRET, codec, frame, ns

VECTORS = json.loads((DATA / "signature" / "vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_signature(vector: dict[str, str]) -> None:
    signer = Signer("key", vector["api_secret_base64"])
    signature = signer.sign(vector["uri_path"], int(vector["nonce"]), vector["body"].encode())
    assert signature == vector["expected_api_sign"]


def form(request: HttpRequest) -> dict[str, str]:
    """The body's fields, after its signature was checked against the bytes."""
    headers = dict(request.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    fields = {key: value for key, (value,) in parse_qs(request.body.decode(), strict_parsing=True).items()}
    check_signature(request, int(fields.pop("nonce")))
    return fields


def check_signature(request: HttpRequest, nonce: int) -> None:
    headers = dict(request.headers)
    assert request.method == "POST"
    assert nonce == 17
    assert headers["API-Key"] == "key"
    assert headers["API-Sign"] == Signer("key", SECRET).sign(request.path, nonce, request.body)


def test_place() -> None:
    request = codec(stp_type="cancel_oldest", sender_sub_id="a+b").encode_rest(place("mm-1"), 17)
    assert (request.path, request.is_read) == ("/0/private/AddOrder", False)
    assert form(request) == {
        "pair": "XBTUSD",
        "ordertype": "limit",
        "type": "buy",
        "volume": "0.00100000",
        "price": "64000.0",
        "timeinforce": "GTC",
        "oflags": "post",
        "cl_ord_id": "mm-1",
        "stptype": "cancel-oldest",
        "sender_sub_id": "a+b",
    }


def test_market_order_and_reduce_only() -> None:
    command = place(order_type="market", time_in_force="ioc", post_only=False, reduce_only=True, side=-1)
    fields = form(codec().encode_rest(command, 17))
    assert (fields["ordertype"], fields["type"], fields["reduce_only"]) == ("market", "sell", "true")
    assert not {"price", "oflags", "timeinforce"} & set(fields)


def test_amend() -> None:
    machine = codec()
    assert form(machine.encode_rest(amend("mm1", "O1"), 17)) == {
        "txid": "O1",
        "limit_price": "64000.5",
        "order_qty": "0.00100000",
        "post_only": "true",
    }
    machine.encode_rest(place("mm2", post_only=False), 16)
    assert "post_only" not in form(machine.encode_rest(amend("mm2"), 17))


def test_cancel_and_dead_mans_switch() -> None:
    assert form(codec().encode_rest(cancel("mm1", "O1"), 17)) == {"txid": "O1"}
    assert form(codec().encode_rest(cancel("mm1"), 17)) == {"cl_ord_id": "mm1"}
    request = codec().encode_rest(CancelAfter(0, "kraken", 60), 17)
    assert (request.path, form(request)) == ("/0/private/CancelAllOrdersAfter", {"timeout": "60"})
    request = codec().encode_rest_cancel_all(17)
    assert (request.path, form(request)) == ("/0/private/CancelAll", {})


def content(request: HttpRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    assert dict(request.headers)["Content-Type"] == "application/json"
    check_signature(request, body.pop("nonce"))
    return body


def test_batches_are_json() -> None:
    request = codec().encode_rest_batch([place("a"), place("b")], 17)
    body = content(request)
    assert (request.path, body["pair"], len(body["orders"])) == ("/0/private/AddOrderBatch", "XBTUSD", 2)
    assert (body["orders"][0]["price"], body["orders"][1]["cl_ord_id"]) == ("64000.0", "b")
    request = codec().encode_rest_batch([cancel("a", "O1"), cancel("b")], 17)
    assert request.path == "/0/private/CancelOrderBatch"
    assert content(request) == {"orders": ["O1"], "cl_ord_ids": ["b"]}


@pytest.mark.parametrize(
    ("kind", "parameters", "path", "fields"),
    [
        ("token", {}, "GetWebSocketsToken", {}),
        ("open_orders", {}, "OpenOrders", {}),
        ("query_orders", {"venue_ids": ["O1", "O2"]}, "QueryOrders", {"txid": "O1,O2"}),
        ("closed_orders", {"client_id": "mm1"}, "ClosedOrders", {"cl_ord_id": "mm1", "consolidate_taker": "false"}),
        (
            "trades_history",
            {"since_ns": 1700237532169032600, "offset": 50},
            "TradesHistory",
            {"start": "1700237532", "ofs": "50", "consolidate_taker": "false"},
        ),
        ("trades_history", {"since_ns": 0, "offset": 0}, "TradesHistory", {"consolidate_taker": "false"}),
        ("balance", {}, "Balance", {}),
        ("trade_volume", {"symbols": ("BTC/USD", "ETH/BTC")}, "TradeVolume", {"pair": "XBTUSD,ETHXBT"}),
        ("key_info", {}, "GetApiKeyInfo", {}),
    ],
)
def test_private_query(kind: str, parameters: dict[str, Any], path: str, fields: dict[str, str]) -> None:
    request = codec().encode_query(kind, parameters, 17)
    assert (request.path, request.is_read, form(request)) == (f"/0/private/{path}", True, fields)


@pytest.mark.parametrize(
    ("kind", "parameters", "path"),
    [
        ("time", {}, "/0/public/Time"),
        ("system_status", {}, "/0/public/SystemStatus"),
        ("assets", {}, "/0/public/Assets"),
        ("asset_pairs", {}, "/0/public/AssetPairs"),
        ("asset_pairs", {"symbols": ["BTC/USD", "DOGE/BTC"]}, "/0/public/AssetPairs?pair=XBTUSD,XDGXBT"),
    ],
)
def test_public_query_needs_no_key(kind: str, parameters: dict[str, Any], path: str) -> None:
    assert KrakenCodec().encode_query(kind, parameters, 17) == HttpRequest("GET", path, (), b"", True)


def test_what_cannot_be_asked_is_our_error() -> None:
    with pytest.raises(LocalError, match="withdraw"):
        codec().encode_query("withdraw", {}, 17)
    with pytest.raises(LocalError, match="key"):
        KrakenCodec().encode_query("balance", {}, 17)
    with pytest.raises(LocalError, match="50"):
        codec().encode_query("query_orders", {"venue_ids": []}, 17)


@pytest.mark.parametrize("secret", ["", "not base64!", "abc", "žluť", "AAAA\nAAAA"])
def test_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigError, match="KRAKEN_API_SECRET") as caught:
        KrakenCodec("key", secret)
    assert not secret or secret not in str(caught.value)


def test_secrets_are_in_no_repr() -> None:
    machine = KrakenCodec("canary-key", SECRET)
    request = machine.encode_query("balance", {}, 17)
    token = machine.decode_reply("token", 200, frame("rest_private/GetWebSocketsToken"), NOW)
    shown = repr([machine, Signer("canary-key", SECRET), request, token, machine._rest_requests, token.result])
    assert "canary" not in shown
    assert SECRET[:10] not in shown
    assert "nmc39" not in shown
    broken = frame("rest_private/GetWebSocketsToken").replace(b'"nmc39', b'["nmc39').replace(b'pVcJo"', b'pVcJo"]')
    assert "nmc39" not in repr(machine.decode_reply("token", 200, broken, NOW))
    assert "nmc39" not in repr(machine.decode_reply("token", 200, broken[:-30], NOW))


# --- replies ---


def reply(kind: str, name: str) -> Decoded:
    decoded = codec().decode_reply(kind, 200, frame(f"rest_private/{name}"), NOW)
    assert decoded.ok, decoded.error
    return decoded


def test_token() -> None:
    decoded = reply("token", "GetWebSocketsToken")
    assert str(decoded.result) == "nmc39wCfFqn0mirRrpHMFOu0xfq4VVghFy+UPzpVcJo"


def test_open_orders_report_foreign_ones_too() -> None:
    decoded = reply("open_orders", "OpenOrders")
    moment = 1676384710121142000
    assert decoded.events[0] == OrderReport(
        NOW,
        moment,
        "kraken",
        "some-uuid",
        "604X4L-ANXHT-JV0ZQT",
        "ATOM/ETH",
        SELL,
        "new",
        877000,
        10**8,
        0,
        "",
        "query",
    )
    assert decoded.events[1] == OrderReport(
        NOW,
        1652451289778436700,
        "kraken",
        "",
        "R62T2L-0U03M-GJ4MBG",
        "LUNA/USD",
        SELL,
        "new",
        500000,
        10**12,
        0,
        "",
        "query",
    )
    assert decoded.rows == decoded.total == len(decoded.events) == 6


def test_partially_filled_open_order() -> None:
    assert reply("open_orders", "OpenOrders_docs").events == (
        OrderReport(
            NOW,
            1688666559897400000,
            "kraken",
            "",
            "OQCLML-BW3P3-BUCMWZ",
            "BTC/USD",
            BUY,
            "partially_filled",
            300100,
            125000000,
            37500000,
            "",
            "query",
        ),
        OrderReport(
            NOW,
            1688665899569900000,
            "kraken",
            "",
            "OB5VMB-B4U2U-DK2WRW",
            "BTC/USD",
            BUY,
            "new",
            145000,
            27500000,
            0,
            "",
            "query",
        ),
    )


def test_query_orders() -> None:
    assert reply("query_orders", "QueryOrders").events == (
        OrderReport(
            NOW,
            1699792641705669000,
            "kraken",
            "",
            "P8E9L2-ITMSU-UGBBRE",
            "USDC/USD",
            BUY,
            "canceled",
            9000,
            2000000000,
            0,
            "Order replaced",
            "query",
        ),
    )


def test_filled_orders_by_query() -> None:
    terms = [
        (each.symbol, each.side, each.status, each.price, each.size, each.cum_size)
        for each in reply("query_orders", "QueryOrders_docs").events
    ]
    assert terms == [
        ("BTC/USD", BUY, "filled", 275000, 125000000, 125000000),
        ("BTC/USD", SELL, "filled", 0, 25000000, 25000000),
    ]


def test_closed_orders_in_markets_that_are_not_known_are_reported_without_numbers() -> None:
    decoded = reply("closed_orders", "ClosedOrders_docs")
    assert decoded.events == (
        OrderReport(
            NOW,
            1688148610048200000,
            "kraken",
            "",
            "O37652-RJWRT-IMO74O",
            "XBTGBP",
            BUY,
            "canceled",
            0,
            0,
            -1,
            "User requested",
            "query",
        ),
        OrderReport(
            NOW,
            1688148610047700000,
            "kraken",
            "",
            "O6YDQ5-LOMWU-37YKEE",
            "XBTEUR",
            BUY,
            "canceled",
            0,
            0,
            -1,
            "User requested",
            "query",
        ),
    )
    assert (decoded.rows, decoded.total) == (2, 2)


def test_unknown_order_is_gone() -> None:
    decoded = codec().decode_reply("query_orders", 200, b'{"error":["EOrder:Unknown order"]}', NOW)
    assert (decoded.ok, decoded.error_class) == (False, ErrorClass.GONE)


def test_trades_history_is_fills_oldest_first() -> None:
    decoded = reply("trades_history", "TradesHistory_docs")
    common = ("kraken", "", "OQCLML-BW3P3-BUCMWZ", "BTC/USD", BUY)
    assert decoded.events == (
        Fill(NOW, 1688667769639600000, *common, "TCWJEG-FL4SZ-3FKGH6", 300100, 1000000, -1, "m", 0, "USD"),
        Fill(NOW, 1688667796880200000, *common, "THVRQM-33VKH-UCI7BS", 300100, 2000000, -1, "m", 0, "USD"),
    )
    assert (decoded.rows, decoded.total) == (2, 0)


def test_recorded_trades_history() -> None:
    decoded = reply("trades_history", "TradesHistory")
    assert (decoded.rows, decoded.total) == (5, 396)
    assert [(fill.execution_id, fill.symbol, fill.liquidity, fill.fee, fill.fee_asset) for fill in decoded.events] == [
        ("91GDCC-0MSCG-RSTXO2", "ATOM/ETH", "t", 225680000, "ETH"),
        ("GIDTGJ-7RU68-HJQ4BW", "LDO/USD", "m", 35890000000, "USD"),
        ("6H44OW-RTMBC-VIACPX", "BTC/USD", "t", 74230000000, "USD"),
        ("VN6IJE-7BQX2-YXRLGM", "ETH/USD", "m", 32480000000, "USD"),
        ("DH9ICY-FXRTM-GESBKK", "ATOM/USD", "m", 79000000000, "USD"),
    ]
    assert decoded.events[2] == Fill(
        NOW,
        1685189574653626400,
        "kraken",
        "",
        "3WCTEM-C4M3D-CQU27S",
        "BTC/USD",
        SELL,
        "6H44OW-RTMBC-VIACPX",
        276000,
        166745,
        -1,
        "t",
        74230000000,
        "USD",
    )


def test_fill_by_query_has_the_client_id_that_the_codec_knows() -> None:
    machine = codec()
    machine.encode(place("mm1"), 7, "t", 0)
    success = {"method": "add_order", "success": True, "result": {"order_id": "OQCLML-BW3P3-BUCMWZ"}}
    decoded = machine.decode_frame(json.dumps(success).encode(), NOW)
    assert machine.response_events(place("mm1"), decoded, NOW) == (
        OrderPending(NOW, 0, "kraken", "mm1", "OQCLML-BW3P3-BUCMWZ"),
    )
    fills = machine.decode_reply("trades_history", 200, frame("rest_private/TradesHistory_docs"), NOW).events
    assert [fill.client_id for fill in fills] == ["mm1", "mm1"]


def test_full_page_without_a_count_has_more_behind_it() -> None:
    rows = {
        f"T{i}": {"ordertxid": "O", "pair": "XBTUSD", "time": 1, "type": "buy", "price": "1", "vol": "1", "fee": "0"}
        for i in range(50)
    }
    for count, body in ((50, rows), (49, dict(list(rows.items())[1:]))):
        decoded = codec().decode_reply(
            "trades_history", 200, json.dumps({"error": [], "result": {"trades": body}}).encode(), NOW
        )
        assert decoded.rows == count
        assert (decoded.total > 50) is (count == 50)


@pytest.mark.parametrize("kind", ["open_orders", "trades_history"])
def test_rows_before_the_list_of_instruments_can_be_asked_again(kind: str) -> None:
    name = {"open_orders": "OpenOrders_docs", "trades_history": "TradesHistory_docs"}[kind]
    decoded = KrakenCodec().decode_reply(kind, 200, frame(f"rest_private/{name}"), NOW)
    assert (decoded.kind, decoded.ok, decoded.error_class) == (Kind.MALFORMED, False, ErrorClass.RETRY)
    empty = {
        "open_orders": b'{"error":[],"result":{"open":{}}}',
        "trades_history": b'{"error":[],"result":{"trades":{},"count":0}}',
    }
    assert KrakenCodec().decode_reply(kind, 200, empty[kind], NOW).ok


def test_fee_rates() -> None:
    assert reply("trade_volume", "TradeVolume_pair").events == (FeeRates(NOW, "kraken", "BTC/USD", 160000, 260000),)
    assert reply("trade_volume", "TradeVolume_lowest_tier_docs").events == (
        FeeRates(NOW, "kraken", "BTC/USD", 0, 100000),
    )


def test_missing_fee_table_is_not_a_rate_of_zero() -> None:
    assert reply("trade_volume", "TradeVolume_no_pair").events == ()
    body = b'{"error":[],"result":{"currency":"ZUSD","volume":"1","fees":{},"fees_maker":{}}}'
    assert codec().decode_reply("trade_volume", 200, body, NOW).events == ()


def test_maker_rebate_and_pair_with_one_rate() -> None:
    fees = {"XXBTZUSD": {"fee": "0.4000"}, "ETH/USD": {"fee": "0.2"}}
    result = {"currency": "ZUSD", "fees": fees, "fees_maker": {"XXBTZUSD": {"fee": "-0.0200"}}}
    decoded = codec().decode_reply("trade_volume", 200, json.dumps({"error": [], "result": result}).encode(), NOW)
    assert decoded.events == (
        FeeRates(NOW, "kraken", "BTC/USD", -20000, 400000),
        FeeRates(NOW, "kraken", "ETH/USD", 200000, 200000),
    )


def test_key_info_gives_the_permissions() -> None:
    assert "create-ws-token" in reply("key_info", "GetApiKeyInfo").result
    assert "modify-trades" in reply("key_info", "GetApiKeyInfo").result


def test_time_and_status() -> None:
    decoded = codec().decode_reply("time", 200, frame("rest_public/Time"), NOW)
    assert decoded.time_out_ns == ns("2025-11-11T00:17:04Z")
    decoded = codec().decode_reply("system_status", 200, frame("rest_public/SystemStatus"), NOW)
    assert decoded.events == (VenueStatus(NOW, "kraken", "online"),)


@pytest.mark.parametrize(
    ("name", "venue_id"), [("AddOrder_2024", "AKB9L1-XC5U3-CYCTO1"), ("AddOrder_docs", "OUF4EM-FRGI2-MQMWZD")]
)
def test_placed(name: str, venue_id: str) -> None:
    decoded = reply("place", name)
    assert codec().response_events(place("mm1"), decoded, NOW) == (OrderPending(NOW, 0, "kraken", "mm1", venue_id),)


def test_placed_batch() -> None:
    decoded = reply("place_batch", "AddOrderBatch_docs")
    assert codec().batch_events([place("a"), place("b")], decoded, NOW) == (
        OrderPending(NOW, 0, "kraken", "a", "O5OR23-ADFAD-Y2G61C"),
        OrderPending(NOW, 0, "kraken", "b", "9K6KFS-5H3PL-XBRC7A"),
    )


def test_amended_and_cancelled() -> None:
    assert codec().response_events(amend(), reply("amend", "AmendOrder"), NOW) == ()
    assert codec().response_events(cancel(), reply("cancel", "CancelOrder"), NOW) == ()
    assert reply("cancel_all", "CancelAll").result == {"count": 4}
    assert codec().batch_events([cancel("a"), cancel("b")], reply("cancel_batch", "CancelOrderBatch_docs"), NOW) == ()


def test_cancel_that_found_nothing_is_of_an_order_that_is_gone() -> None:
    decoded = codec().decode_reply("cancel", 200, b'{"error":[],"result":{"count":0}}', NOW)
    expected = CancelRejected(NOW, 0, "kraken", "mm1", "O1", "nothing to cancel", "gone", True)
    assert codec().response_events(cancel("mm1", "O1"), decoded, NOW) == (expected,)
    pending = codec().decode_reply("cancel", 200, b'{"error":[],"result":{"count":0,"pending":true}}', NOW)
    assert codec().response_events(cancel("mm1", "O1"), pending, NOW) == ()


def test_dead_mans_switch_times() -> None:
    decoded = reply("cancel_after", "CancelAllOrdersAfter")
    assert decoded.result == (ns("2023-03-24T17:41:56Z"), ns("2023-03-24T17:42:56Z"))
    off = codec().decode_reply(
        "cancel_after", 200, b'{"error":[],"result":{"currentTime":"2023-03-24T17:41:56Z"}}', NOW
    )
    assert off.result == (ns("2023-03-24T17:41:56Z"), 0)


def test_every_query_has_a_reader() -> None:
    for kind in QUERIES:
        decoded = codec().decode_reply(kind, 200, b'{"error":[],"result":[]}', NOW)
        assert decoded.error == f"{kind}: result: expected an object, got an array"

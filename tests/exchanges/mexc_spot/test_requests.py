"""Commands and queries in the venue's words, and those that no request can carry."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from mm._core.events import Amend, CancelAfter
from mm.errors import LocalError
from tests.exchanges.mexc_spot.samples import NOW, cancel, codec, place


def fields(request: Any) -> dict[str, str]:
    found = dict(parse_qsl(request.path.partition("?")[2]))
    for name in ("timestamp", "recvWindow", "signature"):
        found.pop(name, None)
    return found


ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1.00000000", "price": "11.00"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"side": -1}, {"side": "SELL"}),
        ({"post_only": True}, {"type": "LIMIT_MAKER"}),
        ({"time_in_force": "ioc"}, {"type": "IMMEDIATE_OR_CANCEL"}),
        ({"time_in_force": "fok"}, {"type": "FILL_OR_KILL"}),
        ({"size": 1, "price": 1}, {"quantity": "0.00000001", "price": "0.01"}),
        ({"order_type": "market"}, {"type": "IMMEDIATE_OR_CANCEL"}),
        ({"order_type": "market", "side": -1, "price": 0}, {"type": "MARKET", "side": "SELL", "price": None}),
    ],
)
def test_an_order_in_the_words_of_the_venue(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    request = codec().encode_rest(place(**changes), NOW)
    wanted = {**ORDER, "newClientOrderId": "mm1Q1", **expected}
    assert request.method == "POST"
    assert not request.is_read
    assert fields(request) == {name: value for name, value in wanted.items() if value is not None}


def test_self_trade_prevention_is_asked_for_where_it_is_configured() -> None:
    assert fields(codec(stp_mode="cancel_taker").encode_rest(place(), NOW))["stpMode"] == "cancel_taker"
    with pytest.raises(LocalError, match="stp_mode"):
        codec(stp_mode="cancel_newest")


@pytest.mark.parametrize(
    "command",
    [
        place(symbol="NO/SUCH"),
        place(client_id=""),
        place(client_id="x" * 33),
        place(client_id="a b"),
        place(size=0),
        place(price=0),
        place(side=2),
        place(reduce_only=True),
        place(post_only=True, time_in_force="ioc"),
        place(order_type="stop"),
        place(time_in_force="day"),
        place(order_type="market", price=0),
        place(order_type="market", post_only=True),
        cancel(client_id=""),
        cancel(symbol=""),
        Amend(NOW, "mexc_spot", "BTC/USDT", "mm1Q1", "", 1, 1),
        CancelAfter(NOW, "mexc_spot", 60),
    ],
)
def test_what_no_request_can_carry_is_refused_here(command: Any) -> None:
    with pytest.raises(LocalError, match="mexc_spot"):
        codec().encode_rest(command, NOW)


def test_a_client_id_may_have_32_characters() -> None:
    assert fields(codec().encode_rest(place(client_id="x" * 32), NOW))["newClientOrderId"] == "x" * 32


def test_a_cancel_names_the_id_of_the_venue_once_it_is_known() -> None:
    machine = codec()
    command = place()
    machine.encode_rest(command, NOW)
    assert fields(machine.encode_rest(cancel(), NOW)) == {"symbol": "BTCUSDT", "origClientOrderId": "mm1Q1"}
    answer = machine.decode_reply("place", 200, b'{"symbol":"BTCUSDT","orderId":"C02__9"}', NOW)
    machine.response_events(command, answer, NOW)
    assert fields(machine.encode_rest(cancel(symbol=""), NOW)) == {"symbol": "BTCUSDT", "orderId": "C02__9"}


def test_a_batch_is_of_one_symbol_and_twenty_orders() -> None:
    machine = codec()
    request = machine.encode_rest_batch([place(), place(client_id="mm1Q2", side=-1)], NOW)
    items = orjson.loads(fields(request)["batchOrders"])
    assert [item["side"] for item in items] == ["BUY", "SELL"]
    assert items[0] == {**ORDER, "newClientOrderId": "mm1Q1"}
    with pytest.raises(LocalError, match="one symbol"):
        machine.encode_rest_batch([place(), place(symbol="ETH/USDT")], NOW)
    with pytest.raises(LocalError, match="20"):
        machine.encode_rest_batch([place()] * 21, NOW)


@pytest.mark.parametrize(
    ("kind", "parameters", "method", "path", "expected"),
    [
        ("time", {}, "GET", "time", {}),
        ("default_symbols", {}, "GET", "defaultSymbols", {}),
        ("exchange_info", {}, "GET", "exchangeInfo", {}),
        ("exchange_info", {"symbols": ["BTC/USDT"]}, "GET", "exchangeInfo", {"symbol": "BTCUSDT"}),
        ("exchange_info", {"symbols": ["A/B", "C/D"]}, "GET", "exchangeInfo", {"symbols": "AB,CD"}),
        ("depth", {"symbol": "BTC/USDT"}, "GET", "depth", {"symbol": "BTCUSDT", "limit": "1000"}),
        ("account", {}, "GET", "account", {}),
        ("self_symbols", {}, "GET", "selfSymbols", {}),
        ("trade_fee", {"symbol": "BTC/USDT"}, "GET", "tradeFee", {"symbol": "BTCUSDT"}),
        ("open_orders", {"symbol": "BTC/USDT"}, "GET", "openOrders", {"symbol": "BTCUSDT"}),
        ("query_orders", {"symbol": "A/B", "venue_ids": ["7"]}, "GET", "order", {"symbol": "AB", "orderId": "7"}),
        (
            *("closed_orders", {"symbol": "A/B", "client_id": "x"}, "GET", "order"),
            {"symbol": "AB", "origClientOrderId": "x"},
        ),
        (
            *("trades_history", {"symbol": "A/B", "from_ms": 1, "to_ms": 2}, "GET", "myTrades"),
            {"symbol": "AB", "startTime": "1", "endTime": "2", "limit": "100"},
        ),
        ("listen_key", {}, "POST", "userDataStream", {}),
        ("listen_keys", {}, "GET", "userDataStream", {}),
        ("keep_listen_key", {"listen_key": "k"}, "PUT", "userDataStream", {"listenKey": "k"}),
        ("close_listen_key", {"listen_key": "k"}, "DELETE", "userDataStream", {"listenKey": "k"}),
    ],
)
def test_queries(kind: str, parameters: dict[str, Any], method: str, path: str, expected: dict[str, str]) -> None:
    request = codec().encode_query(kind, parameters, NOW)
    assert (request.method, request.path.partition("?")[0]) == (method, f"/api/v3/{path}")
    assert fields(request) == expected
    assert request.is_read


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("nothing", {}), ("depth", {}), ("query_orders", {"venue_ids": ["7"]}), ("open_orders", {})],
)
def test_a_query_that_lacks_something_is_refused_here(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(LocalError, match="mexc_spot"):
        codec().encode_query(kind, parameters, NOW)

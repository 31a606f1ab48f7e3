"""Whatever a client sends, the venue answers or ignores it; it never raises, and its books stay whole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases import cases
from tests.simulator.kraken_client import SYMBOL, Client
from tests.simulator.quiet_market import quiet_venue

METHODS = (
    "ping",
    "subscribe",
    "unsubscribe",
    "add_order",
    "amend_order",
    "edit_order",
    "cancel_order",
    "batch_add",
    "batch_cancel",
    "cancel_all",
    "cancel_all_orders_after",
    "",
)
NAMES = (
    "channel",
    "symbol",
    "depth",
    "snapshot",
    "token",
    "order_id",
    "cl_ord_id",
    "order_userref",
    "order_qty",
    "limit_price",
    "order_type",
    "side",
    "time_in_force",
    "expire_time",
    "deadline",
    "post_only",
    "orders",
    "timeout",
    "stp_type",
    "validate",
    "event_trigger",
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["book", "executions", SYMBOL, "limit", "market", "buy", "gtd", "2025-11-24T16:00:30Z", "", "\0"])
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
GOOD = {"order_type": "limit", "side": "buy", "order_qty": 0.001, "limit_price": 59000, "symbol": SYMBOL}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(METHODS), st.booleans(), st.dictionaries(st.sampled_from(NAMES), anything, max_size=4)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_websocket_requests_of_any_content_are_answered(requests: list[tuple[str, bool, dict[str, Any]]]) -> None:
    client = Client(quiet_venue(tier="unlimited"))
    connection = client.private()
    for method, complete, params in requests:
        params = {**(GOOD if complete else {}), "token": client.token, **params}
        answers = [frame for frame in client.talk(connection, method, **params) if "method" in frame]
        assert answers
        for answer in answers:
            assert answer.get("success") is True or isinstance(answer["error"], str)
            assert answer["req_id"] == client.request_id
    client.wait(2)
    for order in client.venue.exchange.open_orders("main"):
        assert order.size > 0
        assert order.price > 0


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_content_are_answered(payload: bytes) -> None:
    client = Client(quiet_venue())
    connection = client.open()
    client.frames.clear()
    client.venue.frame(client.now_ns, connection, payload)
    client.take()
    (answer,) = client.frames[connection]
    assert "success" in answer or answer["method"] == "pong"


FIELDS = (
    "pair",
    "type",
    "ordertype",
    "price",
    "volume",
    "oflags",
    "timeinforce",
    "expiretm",
    "deadline",
    "userref",
    "cl_ord_id",
    "txid",
    "orders",
    "timeout",
    "ofs",
    "start",
    "end",
    "count",
    "order_qty",
    "limit_price",
    "trades",
    "stptype",
)
ENDPOINTS = (
    "AddOrder",
    "AddOrderBatch",
    "AmendOrder",
    "EditOrder",
    "CancelOrder",
    "CancelOrderBatch",
    "CancelAllOrdersAfter",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "TradesHistory",
    "QueryTrades",
    "TradeVolume",
    "GetWebSocketsToken",
)


@cases(150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(ENDPOINTS),
    st.booleans(),
    st.booleans(),
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=5),
)
def test_rest_requests_of_any_content_are_answered(
    endpoint: str, as_json: bool, complete: bool, fields: dict[str, Any]
) -> None:
    client = Client(quiet_venue(tier="unlimited"))
    good = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "59000", "volume": "0.001"}
    reply = client.call(endpoint, as_json=as_json, **{**(good if complete else {}), **fields})
    assert isinstance(reply["error"], list)
    assert ("result" in reply) is (reply["error"] == [])


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_public_targets_of_any_content_are_answered(target: str) -> None:
    client = Client(quiet_venue())
    client.venue.http(client.now_ns, 1, "GET", "/" + target, {}, b"")
    (reply,) = client.take()
    assert reply.code == 200
    assert json.loads(reply.payload)["error"] == ["EGeneral:Unknown method"]
    for endpoint in ("Depth", "Trades", "OHLC", "Ticker", "AssetPairs", "Assets"):
        assert isinstance(client.public(f"{endpoint}?{target}")["error"], list)

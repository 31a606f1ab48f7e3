"""Orders over WebSocket and REST of the simulated Kraken: shapes, errors, counters, the dead man's switch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.kraken_client import SECOND, SYMBOL, Client, events
from tests.simulator.quiet_market import quiet_venue


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue(events_first=False))


def response(frames: list[Any]) -> Any:
    (answer,) = [frame for frame in frames if "method" in frame]
    return answer


def test_token_is_needed_and_expires_after_900_seconds_unless_used(client: Client) -> None:
    connection = client.open("/auth/v2")
    assert client.ask(connection, "cancel_all")[0]["error"] == "Token(s) not found"
    assert client.ask(connection, "cancel_all", token="x")[0]["error"] == "EAPI:Invalid token"
    client.token = client.rest("GetWebSocketsToken")["token"]
    client.ask(connection, "subscribe", channel="balances", token=client.token)
    unused = client.rest("GetWebSocketsToken")["token"]
    client.wait(901)
    assert client.ask(connection, "cancel_all", token=client.token)[0]["result"] == {"count": 0}
    assert client.ask(connection, "cancel_all", token=unused)[0]["error"] == "EAPI:Invalid token"
    client.venue.closed(client.now_ns, connection)
    other = client.open("/auth/v2")
    assert client.ask(other, "cancel_all", token=client.token)[0]["error"] == "EAPI:Invalid token"


def test_invalidated_tokens_leave_the_socket_open(client: Client) -> None:
    connection = client.private()
    client.venue.invalidate_tokens()
    assert client.ask(connection, "cancel_all", token=client.token)[0]["error"] == "EAPI:Invalid token"
    client.token = client.rest("GetWebSocketsToken")["token"]
    assert client.ask(connection, "cancel_all", token=client.token)[0]["success"] is True


def test_executions_acknowledgement_and_empty_snapshot(client: Client) -> None:
    client.token = client.rest("GetWebSocketsToken")["token"]
    connection = client.open("/auth/v2")
    ack, snapshot = client.talk(connection, "subscribe", channel="executions", snap_trades=True, token=client.token)
    assert ack["result"]["maxratecount"] == 180
    assert (ack["result"]["snap_orders"], ack["result"]["snap_trades"]) == (True, True)
    assert snapshot == {"channel": "executions", "type": "snapshot", "data": [], "sequence": 1}


def test_pending_new_is_full_and_new_is_a_delta(client: Client) -> None:
    connection = client.private()
    answer, pending, new = client.order(connection, "buy", 59000.5, cl_ord_id="mm-1", post_only=True)
    assert answer["result"]["cl_ord_id"] == "mm-1"
    order_id = answer["result"]["order_id"]
    assert (pending["sequence"], new["sequence"]) == (2, 3)
    (row,) = pending["data"]
    assert row.pop("timestamp")
    assert row == {
        "order_id": order_id,
        "cl_ord_id": "mm-1",
        "symbol": SYMBOL,
        "order_qty": "0.00100000",
        "cum_cost": "0.00000",
        "time_in_force": "GTC",
        "exec_type": "pending_new",
        "side": "buy",
        "order_type": "limit",
        "limit_price_type": "static",
        "limit_price": "59000.5",
        "post_only": True,
        "stop_price": "0.0",
        "order_status": "pending_new",
        "fee_usd_equiv": "0.0000",
        "fee_ccy_pref": "fciq",
    }
    (row,) = new["data"]
    assert row.pop("timestamp")
    assert row == {"order_id": order_id, "cl_ord_id": "mm-1", "exec_type": "new", "order_status": "new"}


def test_a_new_subscription_counts_from_one_and_shows_open_orders(client: Client) -> None:
    first = client.private()
    client.order(first, "buy", 59000.5, order_userref=7)
    second = client.open("/auth/v2")
    frames = client.talk(second, "subscribe", channel="executions", token=client.token)
    assert frames[1]["sequence"] == 1
    (row,) = frames[1]["data"]
    assert (row["exec_type"], row["order_status"], row["order_userref"]) == ("new", "new", 7)
    assert (row["cum_qty"], row["avg_price"], row["order_qty"]) == ("0.00000000", "0.0", "0.00100000")


def test_responses_and_events_come_in_either_order() -> None:
    client = Client(quiet_venue())
    connection = client.private()
    orders = set()
    for k in range(20):
        frames = client.order(connection, "buy", 59000 + k)
        orders.add(["method" in frame for frame in frames].index(True))
    assert orders == {0, 2}


def test_cancel_answers_for_each_order_and_shows_both_reasons(client: Client) -> None:
    connection = client.private()
    client.order(connection, "buy", 59000, cl_ord_id="a")
    client.order(connection, "buy", 59001, cl_ord_id="b")
    frames = client.talk(connection, "cancel_order", cl_ord_id=["a", "gone", "b"], token=client.token)
    assert [(f["success"], f.get("result"), f.get("error")) for f in frames if "method" in f] == [
        (True, {"cl_ord_id": "a"}, None),
        (False, None, "EOrder:Unknown order"),
        (True, {"cl_ord_id": "b"}, None),
    ]
    assert [(row["exec_type"], row["reason"], row["cancel_reason"]) for row in events(frames)] == [
        ("canceled", "User requested", "User requested")
    ] * 2


def test_cancel_by_userref_takes_every_order_with_the_tag(client: Client) -> None:
    connection = client.private()
    for price in (59000, 59001):
        client.order(connection, "buy", price, order_userref=-5)
    client.order(connection, "buy", 59002, order_userref=6)
    frames = client.talk(connection, "cancel_order", order_userref=[-5], token=client.token)
    assert response(frames)["result"] == {"order_userref": -5}
    assert len(events(frames)) == 2
    assert len(client.rest("OpenOrders")["open"]) == 1


@pytest.mark.parametrize(("legacy", "where"), [(False, "result"), (True, "orders_cancelled")])
def test_batch_cancel_in_both_recorded_shapes(legacy: bool, where: str) -> None:
    client = Client(quiet_venue(batch_cancel_legacy=legacy))
    connection = client.private()
    ids = [response(client.order(connection, "buy", 59000 + k))["result"]["order_id"] for k in range(2)]
    answer = response(client.talk(connection, "batch_cancel", orders=[*ids, "OXXXXX-XXXXX-XXXXXX"], token=client.token))
    assert answer["success"] is True
    assert answer.get("result", {"count": answer.get("orders_cancelled")}) == {"count": 2}
    assert where in answer


def test_batch_add_answers_in_request_order(client: Client) -> None:
    connection = client.private()
    rows = [
        {"order_type": "limit", "side": "buy", "order_qty": 0.001, "limit_price": 59000 + k, "cl_ord_id": f"b{k}"}
        for k in range(3)
    ]
    answer = response(client.talk(connection, "batch_add", symbol=SYMBOL, orders=rows, token=client.token))
    assert [row["cl_ord_id"] for row in answer["result"]] == ["b0", "b1", "b2"]
    assert {order["cl_ord_id"] for order in client.rest("OpenOrders")["open"].values()} == {"b0", "b1", "b2"}


def test_batch_add_with_one_bad_order_places_none(client: Client) -> None:
    connection = client.private()
    rows = [
        {"order_type": "limit", "side": "buy", "order_qty": size, "limit_price": 59000} for size in (0.001, 0.00000001)
    ]
    answer = response(client.talk(connection, "batch_add", symbol=SYMBOL, orders=rows, token=client.token))
    assert answer["error"] == "EGeneral:Invalid arguments:volume minimum not met"
    assert client.rest("OpenOrders")["open"] == {}


def test_amend_keeps_the_id_and_tells_the_new_terms(client: Client) -> None:
    connection = client.private()
    order_id = response(client.order(connection, "buy", 59000, cl_ord_id="a"))["result"]["order_id"]
    frames = client.talk(
        connection, "amend_order", cl_ord_id="a", limit_price=59100.5, order_qty=0.002, token=client.token
    )
    answer = response(frames)
    assert answer["result"]["cl_ord_id"] == "a"
    assert answer["result"]["amend_id"].startswith("T")
    (row,) = events(frames)
    assert row.pop("timestamp")
    assert row == {
        "order_id": order_id,
        "cl_ord_id": "a",
        "exec_type": "amended",
        "order_status": "new",
        "cum_qty": "0.00000000",
        "order_qty": "0.00200000",
        "limit_price": "59100.5",
        "limit_price_type": "static",
        "reason": "User requested",
        "amended": True,
    }
    gone = response(client.talk(connection, "amend_order", cl_ord_id="zz", order_qty=1, token=client.token))
    assert gone["error"] == "EOrder:Unknown order"


def test_edit_gives_a_new_order_and_cancels_the_old(client: Client) -> None:
    connection = client.private()
    old = response(client.order(connection, "buy", 59000))["result"]["order_id"]
    frames = client.talk(connection, "edit_order", order_id=old, symbol=SYMBOL, limit_price=59001, token=client.token)
    answer = response(frames)
    assert answer["result"]["original_order_id"] == old
    assert [(row["exec_type"], row["order_id"] == old) for row in events(frames)] == [
        ("canceled", True),
        ("pending_new", False),
        ("new", False),
    ]
    assert client.rest("QueryOrders", txid=old)[old]["reason"] == "Order replaced"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"order_qty": "0.001"}, "Order_qty field must be a number_float"),
        ({"limit_price": "59000"}, "Limit_price field must be a number_float"),
        ({"post_only": "true"}, "Post_only field must be a boolean"),
        ({"order_qty": 0.00001}, "EGeneral:Invalid arguments:volume minimum not met"),
        ({"order_qty": 0.123456789}, "EGeneral:Invalid arguments:volume"),
        ({"order_qty": 0}, "EGeneral:Invalid arguments:volume"),
        ({"order_qty": -1}, "EGeneral:Invalid arguments:volume"),
        ({"order_qty": 1e30}, "EOrder:Insufficient funds"),
        ({"order_qty": 2}, "EOrder:Insufficient funds"),
        ({"limit_price": 59000.55}, "EOrder:Invalid price"),
        ({"limit_price": -59000}, "EOrder:Invalid price"),
        ({"side": "hold"}, "EGeneral:Invalid arguments:side"),
        ({"symbol": "XBT/USD"}, "Currency pair not supported XBT/USD"),
        ({"symbol": None}, "Currency pair not supported None"),
        ({"order_type": "settle"}, "EGeneral:Invalid arguments:ordertype"),
        ({"time_in_force": "gtx"}, "EGeneral:Invalid arguments:time_in_force"),
        ({"cl_ord_id": "twenty-characters-id"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "a", "order_userref": 1}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"order_userref": 2**31}, "EGeneral:Invalid arguments:userref"),
        ({"surprise": 1}, "Unsupported field: 'surprise' for the given msg type: add_order"),
        ({"deadline": "2025-11-24T15:59:59Z"}, "EService:Deadline elapsed"),
        ({"deadline": "tomorrow"}, "EGeneral:Invalid arguments:deadline"),
        ({"triggers": {"price": 1}}, "EGeneral:Invalid arguments:triggers is not simulated"),
    ],
)
def test_refused_orders_say_why_and_leave_nothing(client: Client, change: dict[str, Any], error: str) -> None:
    connection = client.private()
    good = {
        "order_type": "limit",
        "side": "buy",
        "order_qty": 0.001,
        "limit_price": 59000,
        "symbol": SYMBOL,
        "token": client.token,
    }
    frames = client.talk(connection, "add_order", **{**good, **change})
    assert response(frames)["error"] == error
    assert events(frames) == []
    assert client.rest("OpenOrders")["open"] == {}


@pytest.mark.parametrize(
    "client_id", ["a", "18-characters-long", "6d1b345e-2821-40e2-ad83-4ecb18a06876", "da8e4ad59b78481c93e589746b0cf910"]
)
def test_client_ids_of_the_three_forms(client: Client, client_id: str) -> None:
    connection = client.private()
    assert response(client.order(connection, "buy", 59000, cl_ord_id=client_id))["success"] is True
    refused = response(client.order(connection, "buy", 59000, cl_ord_id=client_id))
    assert refused["error"].startswith("EGeneral:Invalid arguments:cl_ord_id")
    client.talk(connection, "cancel_order", cl_ord_id=[client_id], token=client.token)
    assert response(client.order(connection, "buy", 59000, cl_ord_id=client_id))["success"] is True


def test_validate_places_nothing(client: Client) -> None:
    connection = client.private()
    assert response(client.order(connection, "buy", 59000, validate=True))["result"]["order_id"] == ""
    validated = client.rest(
        "AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="1", volume="1", validate="true"
    )
    assert validated == {"descr": {"order": "buy 1.00000000 XBTUSD @ limit 1.0"}}
    assert client.rest("OpenOrders")["open"] == {}


def test_counter_charges_failures_and_refuses_at_the_threshold() -> None:
    client = Client(quiet_venue(tier="starter"))
    connection = client.private()
    for _ in range(60):
        assert response(client.order(connection, "buy", 0.05))["error"] != "EOrder:Rate limit exceeded"
    assert response(client.order(connection, "buy", 59000))["error"] == "EOrder:Rate limit exceeded"
    client.wait(1.1)
    assert response(client.order(connection, "buy", 59000, cl_ord_id="a"))["success"] is True
    young = response(client.talk(connection, "cancel_order", cl_ord_id=["a"], token=client.token))
    assert young["success"] is True
    assert response(client.order(connection, "buy", 59000))["error"] == "EOrder:Rate limit exceeded"


def test_open_orders_per_pair_are_limited() -> None:
    client = Client(quiet_venue(tier="starter"))
    connection = client.private()
    for k in range(60):
        assert response(client.order(connection, "buy", 50000 + k))["success"] is True
        client.wait(1)
    assert response(client.order(connection, "buy", 59000))["error"] == "EOrder:Orders limit exceeded"


def test_dead_mans_switch_cancels_the_whole_account_once(client: Client) -> None:
    connection = client.private()
    client.order(connection, "buy", 59000)
    client.rest("AddOrder", pair="XBTUSD", type="sell", ordertype="limit", price="61000", volume="0.001")
    armed = response(client.talk(connection, "cancel_all_orders_after", timeout=60, token=client.token))
    assert armed["result"] == {"currentTime": "2025-11-24T16:00:00Z", "triggerTime": "2025-11-24T16:01:00Z"}
    client.wait(59.9)
    client.frames.clear()
    assert len(client.rest("OpenOrders")["open"]) == 2
    client.wait(0.2)
    assert [row["reason"] for row in events(client.frames[connection])] == ["CancelAllOrdersAfter Timeout"] * 2
    client.order(connection, "buy", 59000)
    client.wait(120)
    assert len(client.rest("OpenOrders")["open"]) == 1


def test_dead_mans_switch_can_be_renewed_and_turned_off(client: Client) -> None:
    connection = client.private()
    client.order(connection, "buy", 59000)
    client.rest("CancelAllOrdersAfter", timeout=10)
    client.wait(9)
    client.rest("CancelAllOrdersAfter", timeout=10)
    client.wait(9)
    assert client.rest("CancelAllOrdersAfter", timeout=0)["triggerTime"] == "0"
    client.wait(60)
    assert len(client.rest("OpenOrders")["open"]) == 1
    assert client.error("CancelAllOrdersAfter", timeout=86400) == "EGeneral:Invalid arguments:Invalid timeout argument"


def test_dead_mans_switch_waits_for_the_end_of_a_maintenance(client: Client) -> None:
    connection = client.private()
    client.order(connection, "buy", 59000)
    client.rest("CancelAllOrdersAfter", timeout=10)
    client.venue.set_mode(client.now_ns, "maintenance")
    client.wait(60)
    client.venue.set_mode(client.now_ns, "online")
    client.wait(1)
    assert client.rest("OpenOrders")["open"] == {}


@pytest.mark.parametrize(
    ("mode", "plain", "passive", "cancel"),
    [
        ("post_only", "EService:Market in post_only mode", "", ""),
        ("cancel_only", "EService:Market in cancel_only mode", "EService:Market in cancel_only mode", ""),
        ("maintenance", "EService:Unavailable", "EService:Unavailable", "EService:Unavailable"),
    ],
)
def test_market_modes(client: Client, mode: str, plain: str, passive: str, cancel: str) -> None:
    connection = client.private()
    client.order(connection, "buy", 59000, cl_ord_id="a")
    client.venue.set_mode(client.now_ns, mode)
    assert response(client.order(connection, "buy", 59000)).get("error", "") == plain
    assert response(client.order(connection, "buy", 59000, post_only=True)).get("error", "") == passive
    answer = response(client.talk(connection, "cancel_order", cl_ord_id=["a"], token=client.token))
    assert answer.get("error", "") == cancel


def test_rest_orders_have_kraken_s_rows(client: Client) -> None:
    placed = client.rest(
        "AddOrder",
        pair="XXBTZUSD",
        type="sell",
        ordertype="limit",
        price="61000.5",
        volume="0.25",
        oflags="post",
        userref=3,
    )
    assert placed["descr"] == {"order": "sell 0.25000000 XBTUSD @ limit 61000.5"}
    (txid,) = placed["txid"]
    row = client.rest("OpenOrders")["open"][txid]
    assert (row["status"], row["userref"], row["oflags"], row["vol"]) == ("open", 3, "fciq,post", "0.25000000")
    assert row["descr"]["pair"] == "XBTUSD"
    assert row["opentm"] == client.now_ns // SECOND
    assert client.rest("AmendOrder", txid=txid, order_qty="0.1")["amend_id"].startswith("T")
    edited = client.rest("EditOrder", txid=txid, pair="XBTUSD", price="61001")
    assert (edited["status"], edited["originaltxid"], edited["orders_cancelled"]) == ("ok", txid, 1)
    assert client.rest("CancelOrder", txid="3") == {"count": 1}
    closed = client.rest("ClosedOrders")
    assert closed["count"] == 2
    assert [order["reason"] for order in closed["closed"].values()] == ["User requested", "Order replaced"]
    assert client.error("CancelOrder", txid=txid) == "EOrder:Unknown order"
    assert client.error("CancelOrder", cl_ord_id="x") == "EOrder:Unknown order"


def test_rest_batches_as_json(client: Client) -> None:
    rows = [{"ordertype": "limit", "type": "buy", "price": str(59000 + k), "volume": "0.001"} for k in range(2)]
    placed = client.rest("AddOrderBatch", as_json=True, pair="XBTUSD", orders=rows)["orders"]
    assert [row["descr"]["order"] for row in placed] == [
        "buy 0.00100000 XBTUSD @ limit 59000.0",
        "buy 0.00100000 XBTUSD @ limit 59001.0",
    ]
    ids = [row["txid"] for row in placed]
    assert client.rest("CancelOrderBatch", as_json=True, orders=[*ids, "OXXXXX-XXXXX-XXXXXX"]) == {"count": 2}
    assert client.rest("CancelAll") == {"count": 0}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"volume": "0.00001"}, "EOrder:Order minimum not met"),
        ({"price": "59000.55"}, "EOrder:Invalid price:Invalid price argument"),
        ({"price": "+1"}, "EOrder:Invalid price:Invalid price argument"),
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"ordertype": "magic"}, "EGeneral:Invalid arguments:ordertype"),
        ({"oflags": "post,magic"}, "EGeneral:Invalid arguments:oflags"),
        ({"leverage": "5"}, "EGeneral:Invalid arguments:leverage and close are not simulated"),
    ],
)
def test_rest_order_errors(client: Client, fields: dict[str, str], error: str) -> None:
    good = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "59000", "volume": "0.001"}
    assert client.error("AddOrder", **{**good, **fields}) == error


def test_rest_counter_per_key() -> None:
    client = Client(quiet_venue(tier="starter"))
    for _ in range(15):
        client.rest("Balance")
    assert client.error("Balance") == "EAPI:Rate limit exceeded"
    client.rest("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="59000", volume="0.001")
    client.wait(10)
    client.rest("Balance")


def test_rest_permissions() -> None:
    client = Client(quiet_venue(permissions=frozenset({"query-funds"})))
    client.rest("Balance")
    assert client.error("CancelAll") == "EGeneral:Permission denied"
    assert client.error("GetWebSocketsToken") == "EGeneral:Permission denied"
    assert client.rest("GetApiKeyInfo")["permissions"] == ["query-funds"]
    assert client.error("Withdraw") == "EGeneral:Unknown method"


def test_rest_refuses_what_is_not_signed(client: Client) -> None:
    path, headers, body = client.signed("Balance")
    for spoiled, error in (
        ({**headers, "api-key": "nobody"}, "EAPI:Invalid key"),
        ({**headers, "api-sign": "x"}, "EAPI:Invalid signature"),
        ({}, "EAPI:Invalid key"),
    ):
        client.venue.http(client.now_ns, 1, "POST", path, spoiled, body)
        assert client.reply() == {"error": [error]}
    client.venue.http(client.now_ns, 1, "POST", path, headers, body)
    assert client.reply()["error"] == []
    client.venue.http(client.now_ns, 1, "POST", path, headers, body)
    assert client.reply() == {"error": ["EAPI:Invalid nonce"]}


def test_balances_snapshot_and_rest_agree(client: Client) -> None:
    client.token = client.rest("GetWebSocketsToken")["token"]
    connection = client.open("/auth/v2")
    _, snapshot = client.talk(connection, "subscribe", channel="balances", token=client.token)
    assert snapshot["sequence"] == 1
    shown = {row["asset"]: row["balance"] for row in snapshot["data"]}
    assert client.rest("Balance") == {"XXBT": shown["BTC"], "ZUSD": shown["USD"]}
    assert snapshot["data"][0]["wallets"] == [{"type": "spot", "id": "main", "balance": shown["BTC"]}]


def test_trade_volume_shows_the_account_s_fees(client: Client) -> None:
    assert client.rest("TradeVolume") == {"currency": "ZUSD", "volume": "0.0000", "fees": None, "fees_maker": None}
    rates = client.rest("TradeVolume", pair="XBTUSD")
    assert rates["fees"]["XXBTZUSD"]["fee"] == "0.4000"
    assert rates["fees_maker"]["XXBTZUSD"] == {
        "fee": "0.2500",
        "minfee": "0.0000",
        "maxfee": "0.2500",
        "nextfee": "0.2000",
        "nextvolume": "10000.0000",
        "tiervolume": "0.0000",
    }

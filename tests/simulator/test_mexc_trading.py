"""Trading at the simulated MEXC Spot: order types, fills, cancels, and what REST, socket and ledger say of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mm.simulator.exchange import Exchange
from mm.simulator.mexc_spot.terms import btc_usdt
from mm.simulator.mexc_spot.venue import MexcSpotVenue, mexc_name
from mm.simulator.orders import BUY, SELL
from tests.simulator.mexc_client import ASK, BID, BTC, NAME, START_NS, Client, book, quiet_venue, trade

LIMIT = {"symbol": NAME, "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": "59000"}


def balances(client: Client) -> dict[str, tuple[Decimal, Decimal]]:
    rows = client.rest("GET", "account")["balances"]
    return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}


def ledger(client: Client, asset: str) -> Decimal:
    exchange = client.venue.exchange
    return Decimal(exchange.ledger.balance("main", asset)).scaleb(-exchange.ledger.decimals(asset))


def test_a_resting_order_is_told_and_canceled() -> None:
    client = Client(quiet_venue(cancel_status="NEW"))
    private = client.private()
    order = client.order("BUY", "59000.10", newClientOrderId="mm-1")
    assert order["orderId"].startswith("C02__")
    assert {k: order[k] for k in ("symbol", "orderListId", "price", "origQty", "type", "side")} == {
        "symbol": NAME, "orderListId": -1, "price": "59000.1", "origQty": "0.001", "type": "LIMIT", "side": "BUY",
    }  # fmt: skip
    assert "status" not in order
    pushes = client.pushes[private]
    (new,) = [push["privateOrders"] for push in pushes if "privateOrders" in push]
    assert (new["id"], new["clientId"], new["status"], new["orderType"]) == (order["orderId"], "mm-1", 1, 1)
    assert (new["price"], new["quantity"], new["amount"], new["remainQuantity"]) == (
        "59000.1", "0.001", "59.0001", "0.001",
    )  # fmt: skip
    (account,) = client.bodies(private, "privateAccount")
    assert (account["vcoinName"], account["type"]) == ("USDT", "ENTRUST_PLACE")
    free, locked = balances(client)["USDT"]
    assert (Decimal(account["balanceAmount"]), Decimal(account["frozenAmount"])) == (free, locked)
    assert free + locked == 100_000
    assert locked >= Decimal("59.0001")
    (opened,) = client.rest("GET", "openOrders", symbol=NAME)
    assert (opened["orderId"], opened["status"], opened["clientOrderId"]) == (order["orderId"], "NEW", "mm-1")
    canceled = client.rest("DELETE", "order", symbol=NAME, origClientOrderId="mm-1")
    assert (canceled["orderId"], canceled["status"]) == (order["orderId"], "NEW")
    (ended,) = client.bodies(private, "privateOrders")
    assert (ended["status"], ended["remainQuantity"]) == (4, "0.001")
    assert client.query(order)["status"] == "CANCELED"
    assert client.rest("GET", "openOrders", symbol=NAME) == []
    assert client.error("DELETE", "order", symbol=NAME, orderId=order["orderId"]) == -2011
    assert client.error("GET", "order", symbol=NAME, orderId="C02__1") == -2013
    assert balances(client)["USDT"] == (100_000, 0)


def test_a_recorded_trade_fills_a_maker_for_no_fee() -> None:
    client = Client(quiet_venue((trade(1, 1.0, SELL, BID, 2 * BTC),)))
    private = client.private()
    order = client.order("BUY", "60000", "0.5")
    client.wait(2)
    deals = [push["privateDeals"] for push in client.pushes[private] if "privateDeals" in push]
    (deal,) = deals
    assert (deal["orderId"], deal["price"], deal["quantity"], deal["amount"]) == (
        order["orderId"], "60000", "0.5", "30000",
    )  # fmt: skip
    assert (deal["isMaker"], deal["tradeType"], deal["feeAmount"], deal["feeCurrency"]) == (True, 1, "0", "USDT")
    (row,) = client.rest("GET", "myTrades", symbol=NAME)
    assert (row["id"], row["isMaker"], row["isBuyer"]) == (deal["tradeId"], True, True)
    filled = [push["privateOrders"] for push in client.pushes[private] if "privateOrders" in push][-1]
    assert (filled["status"], filled["lastDealQuantity"], filled["avgPrice"]) == (2, "0.5", "60000")
    assert ledger(client, "BTC") == Decimal("1.5")
    assert ledger(client, "USDT") == 70_000
    last = {
        push["privateAccount"]["vcoinName"]: push["privateAccount"]["balanceAmount"]
        for push in client.pushes[private]
        if "privateAccount" in push
    }
    assert last == {"USDT": "70000", "BTC": "1.5"}


def test_partial_fills_and_a_cancel_of_the_rest() -> None:
    client = Client(quiet_venue((trade(1, 1.0, SELL, BID, BTC + BTC // 10),), cancel_status="CANCELED"))
    private = client.private()
    order = client.order("BUY", "60000", "0.5")
    client.wait(2)
    statuses = [push["privateOrders"]["status"] for push in client.pushes[private] if "privateOrders" in push]
    assert statuses == [1, 3]
    assert client.query(order)["status"] == "PARTIALLY_FILLED"
    assert client.rest("DELETE", "order", symbol=NAME, orderId=order["orderId"])["status"] == "PARTIALLY_CANCELED"
    (ended,) = client.bodies(private, "privateOrders")[-1:]
    assert (ended["status"], ended["cumulativeQuantity"], ended["remainQuantity"]) == (5, "0.1", "0.4")
    assert "lastDealQuantity" not in ended


@pytest.mark.parametrize(
    ("kind", "quantity", "status", "filled"),
    [
        ("LIMIT", "1.5", "PARTIALLY_FILLED", "1"),
        ("IMMEDIATE_OR_CANCEL", "1.5", "PARTIALLY_CANCELED", "1"),
        ("FILL_OR_KILL", "1.5", "CANCELED", "0"),
        ("FILL_OR_KILL", "0.5", "FILLED", "0.5"),
        ("LIMIT_MAKER", "0.5", "CANCELED", "0"),
    ],
)
def test_order_types_against_the_best_ask(kind: str, quantity: str, status: str, filled: str) -> None:
    client = Client(quiet_venue())
    order = client.order("BUY", "60000.1", quantity, kind)
    assert order["type"] == kind
    seen = client.query(order)
    assert (seen["status"], seen["executedQty"], seen["type"]) == (status, filled, kind)


def test_takers_pay_and_every_record_says_the_same() -> None:
    client = Client(quiet_venue())
    private = client.private()
    order = client.order("BUY", "60000.2", "1.5", "IMMEDIATE_OR_CANCEL")
    rows = client.rest("GET", "myTrades", symbol=NAME, orderId=order["orderId"])
    deals = client.bodies(private, "privateDeals")
    assert [(r["id"], r["price"], r["qty"], r["commission"]) for r in reversed(rows)] == [
        (d["tradeId"], d["price"], d["quantity"], d["feeAmount"]) for d in deals
    ]
    cost = sum(Decimal(row["quoteQty"]) for row in rows)
    fees = sum(Decimal(row["commission"]) for row in rows)
    assert cost == Decimal(client.query(order)["cummulativeQuoteQty"])
    assert abs(fees - cost * Decimal("0.0005")) < Decimal("1e-7")
    assert ledger(client, "USDT") == 100_000 - cost - fees
    assert not any(row["isMaker"] for row in rows)


def test_market_buy_for_an_amount_of_money() -> None:
    client = Client(quiet_venue())
    private = client.private()
    order = client.rest("POST", "order", symbol=NAME, side="BUY", type="MARKET", quoteOrderQty="600.001")
    # The bound is some five percent away from the market.
    assert Decimal(order["price"]) == Decimal("63000.10")
    seen = client.query(order)
    assert (seen["status"], seen["executedQty"], seen["cummulativeQuoteQty"]) == ("FILLED", "0.01", "600.001")
    assert seen["origQuoteOrderQty"] == "600.001"
    push = client.bodies(private, "privateOrders")[-1]
    assert (push["orderType"], push["status"], push["avgPrice"]) == (5, 2, "60000.1")
    assert Decimal(push["remainAmount"]) == Decimal(push["amount"]) - Decimal("600.001")


def test_market_sell_of_a_size_over_several_levels() -> None:
    client = Client(quiet_venue())
    private = client.private()
    order = client.rest("POST", "order", symbol=NAME, side="SELL", type="MARKET", quantity="1")
    assert client.query(order)["status"] == "FILLED"
    push = client.bodies(private, "privateOrders")[-1]
    assert (push["amount"], push["tradeType"]) == ("0", 2)
    assert ledger(client, "BTC") == 0


@pytest.mark.parametrize(
    ("mode", "resting", "arriving"),
    [
        ("cancel_maker", "CANCELED", "PARTIALLY_FILLED"),
        ("cancel_taker", "NEW", "PARTIALLY_CANCELED"),
        ("cancel_both", "CANCELED", "PARTIALLY_CANCELED"),
        ("", "FILLED", "PARTIALLY_FILLED"),
    ],
)
def test_self_trade_modes(mode: str, resting: str, arriving: str) -> None:
    client = Client(quiet_venue())
    mine = client.order("SELL", "60000.1", "0.5")
    # One recorded BTC and a little stands before it.
    other = client.order("BUY", "60000.1", "1.6", **({"stpMode": mode} if mode else {}))
    assert (client.query(mine)["status"], client.query(other)["status"]) == (resting, arriving)
    both = [row for row in client.rest("GET", "myTrades", symbol=NAME) if row["isSelfTrade"]]
    assert {row["orderId"] for row in both} == (set() if mode else {mine["orderId"], other["orderId"]})
    reasons = {client.query(order).get("cancelReason") for order in (mine, other)}
    assert reasons == ({"stp_cancel", None} if mode in ("cancel_maker", "cancel_taker") else reasons)


def test_batches_have_an_answer_for_each_order() -> None:
    client = Client(quiet_venue(tier="unlimited"))
    rows: list[dict[str, Any]] = [
        {**LIMIT, "newClientOrderId": "a"},
        {**LIMIT, "quantity": "0.00001"},
        {"symbol": NAME, "side": "SELL", "type": "LIMIT_ORDER", "quantity": "0.001", "price": "61000"},
    ]
    answer = client.rest("POST", "batchOrders", batchOrders=json.dumps(rows))
    assert [row.get("code") for row in answer] == [None, 30002, None]
    assert answer[0]["newClientOrderId"] == "a"
    assert answer[1]["msg"] == "The minimum transaction volume cannot be less than:1USDT"
    assert len(client.rest("GET", "openOrders", symbol=NAME)) == 2
    canceled = client.rest("DELETE", "openOrders", symbol=NAME)
    assert {row["orderId"] for row in canceled} == {answer[0]["orderId"], answer[2]["orderId"]}
    assert client.venue.exchange.open_orders("main") == []
    assert client.error("POST", "batchOrders", batchOrders="[1]") == 33333
    assert client.error("POST", "batchOrders", batchOrders=json.dumps(rows * 7)) == 33333


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": ""}, 700004),
        ({"symbol": "NOUSDT"}, 10007),
        ({"side": "LONG"}, 33333),
        ({"type": "STOP"}, 33333),
        ({"quantity": ""}, 700004),
        ({"price": ""}, 700004),
        ({"price": "59000.001"}, 33333),
        ({"price": "5.9e4"}, 33333),
        ({"price": "0"}, 30010),
        ({"quantity": "0.000000001"}, 10096),
        ({"quantity": "0.00001"}, 30002),
        ({"quantity": "0.0000001", "price": "59000"}, 30002),
        ({"quantity": "50", "price": "59000"}, 30003),
        ({"quantity": "5", "price": "59000"}, 30004),
        ({"side": "SELL", "quantity": "2", "price": "61000"}, 30004),
        ({"newClientOrderId": "a b"}, 700008),
        ({"newClientOrderId": "x" * 33}, 700008),
        ({"stpMode": "cancel_me"}, 33333),
        ({"type": "MARKET", "quantity": "", "price": ""}, 700004),
        ({"type": "MARKET", "side": "SELL", "quantity": "", "quoteOrderQty": "100"}, -1128),
    ],
)
@pytest.mark.parametrize("path", ["order", "order/test"])
def test_refusals(path: str, fields: dict[str, str], code: int) -> None:
    client = Client(quiet_venue())
    whole = {**LIMIT, **fields}
    assert client.error("POST", path, **{name: value for name, value in whole.items() if value}) == code
    assert client.venue.exchange.open_orders("main") == []


def test_price_band_around_the_last_trade() -> None:
    client = Client(quiet_venue((trade(1, 1.0, BUY, ASK, BTC // 100),)))
    client.wait(2)
    assert client.error("POST", "order", **{**LIMIT, "price": "300001"}) == 30087
    assert client.error("POST", "order", **{**LIMIT, "side": "SELL", "price": "11999"}) == 30087


def test_a_test_order_leaves_nothing() -> None:
    client = Client(quiet_venue())
    assert client.rest("POST", "order/test", **LIMIT) == {}
    assert client.venue.exchange.open_orders("main") == []


def test_a_living_client_id_is_not_given_twice() -> None:
    client = Client(quiet_venue())
    client.order("BUY", "59000", newClientOrderId="same")
    assert client.error("POST", "order", **LIMIT, newClientOrderId="same") == 33333


def test_open_orders_are_limited() -> None:
    client = Client(quiet_venue(tier="unlimited"))
    for k in range(500):
        client.order("BUY", f"{50_000 + k}", "0.0001")
    assert client.error("POST", "order", **LIMIT) == 30029


def test_post_only_may_be_refused_instead() -> None:
    client = Client(quiet_venue(post_only_refuses=True))
    assert client.error("POST", "order", **{**LIMIT, "type": "LIMIT_MAKER", "price": "60000.1"}) == 30041
    assert client.order("BUY", "60000", kind="LIMIT_MAKER")["type"] == "LIMIT_MAKER"


def test_history_is_cut_by_time_count_and_order() -> None:
    client = Client(quiet_venue(tier="unlimited"))
    first = client.order("BUY", "60000.1", "0.01", "IMMEDIATE_OR_CANCEL")
    start_ms = client.now_ns // 1_000_000
    client.wait(2)
    for _ in range(101):
        client.order("BUY", "60000.1", "0.0001", "IMMEDIATE_OR_CANCEL")
    rows = client.rest("GET", "myTrades", symbol=NAME)
    assert len(rows) == 100
    assert first["orderId"] not in {row["orderId"] for row in rows}
    (row,) = client.rest("GET", "myTrades", symbol=NAME, startTime=start_ms - 1000, endTime=start_ms + 1000)
    assert row["orderId"] == first["orderId"]
    assert len(client.rest("GET", "allOrders", symbol=NAME, limit=5)) == 5
    client.wait(8 * 86_400)
    assert client.rest("GET", "allOrders", symbol=NAME) == []


def test_answers_and_pushes_come_in_either_order() -> None:
    kinds = set()
    client = Client(quiet_venue(tier="unlimited"))
    client.private()
    for _ in range(20):
        client.actions.clear()
        client.order("BUY", "59000", "0.001")
        names = [action.kind for action in client.actions]
        kinds.add(names.index("reply") < names.index("send_binary"))
    assert kinds == {True, False}


def test_modes_of_the_market() -> None:
    client = Client(quiet_venue())
    order = client.order("BUY", "59000")
    client.venue.set_mode(client.now_ns, "maintenance")
    assert client.public("exchangeInfo")["symbols"][0]["status"] == "2"
    assert client.error("POST", "order", **LIMIT) == 30016
    assert client.error("DELETE", "order", symbol=NAME, orderId=order["orderId"]) == 30016
    client.venue.set_mode(client.now_ns, "cancel_only")
    assert client.error("POST", "order", **LIMIT) == 30000
    client.venue.set_mode(client.now_ns, "post_only")
    assert client.error("POST", "order", **LIMIT) == 30041
    client.venue.set_mode(client.now_ns, "limit_only")
    assert client.error("POST", "order", symbol=NAME, side="SELL", type="MARKET", quantity="0.01") == 30018
    client.venue.set_mode(client.now_ns, "online")
    client.rest("DELETE", "order", symbol=NAME, orderId=order["orderId"])
    assert client.public("exchangeInfo")["symbols"][0]["status"] == "1"


def test_everything_is_kept_over_a_restart() -> None:
    client = Client(quiet_venue())
    order = client.order("BUY", "59000", newClientOrderId="keep")
    taken = client.rest("POST", "order", symbol=NAME, side="BUY", type="MARKET", quoteOrderQty="600.001")
    saved = json.loads(json.dumps(client.venue.exchange.snapshot()))
    exchange = Exchange(
        [btc_usdt()], entries=iter((book(),)), tape_symbol="BTC/USDT", start_ns=START_NS, seed=2, name=mexc_name
    )
    exchange.advance(START_NS)
    exchange.restore(START_NS, saved)
    again = Client(MexcSpotVenue(exchange, start_ns=START_NS))
    assert again.venue.api_key == client.venue.api_key
    (seen,) = again.rest("GET", "openOrders", symbol=NAME)
    assert (seen["orderId"], seen["clientOrderId"]) == (order["orderId"], "keep")
    assert again.query(taken)["origQuoteOrderQty"] == "600.001"
    assert balances(again) == balances(client)

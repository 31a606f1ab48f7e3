"""Orders at the simulated MEXC Futures: types and their ends, sides in both modes, refusals, cancels, queries."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from mm.simulator.orders import SELL
from tests.simulator.mexc_futures_client import NAME, Client, quiet_venue, trade

HEDGE = 1


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue())


@pytest.fixture
def hedged() -> Client:
    return Client(quiet_venue(mode=HEDGE))


def test_an_order_is_accepted_before_it_is_in_the_book() -> None:
    client = Client(quiet_venue(entry_ms=(5.0, 5.0)))
    private = client.private("order")
    order = client.order(1, "59990", externalOid="mine-1")
    assert (client.query(order)["state"], client.pushed(private, "personal.order")) == (1, [])
    client.wait(0.01)
    (row,) = client.pushed(private, "personal.order")
    assert (row["state"], row["externalOid"], row["remainVol"]) == (2, "mine-1", 10)
    assert client.query(order)["state"] == 2


def test_ids_are_text_beyond_doubles_and_bare_numbers_on_the_older_path(client: Client) -> None:
    reply = client.call("POST", "order/create", client.fields(1, "59990"))
    order_id = json.loads(reply.payload)["data"]["orderId"]
    assert isinstance(order_id, str)
    assert int(order_id) > 2**53
    bare = client.post("order/submit", client.fields(1, "59990"))
    assert client.query(str(bare))["orderId"] == str(bare)
    assert client.get("order/external/BTC_USDT/nobody") is None
    assert client.get("order/get/1") is None


def test_the_rest_of_an_immediate_order_is_canceled_with_its_reason(client: Client) -> None:
    private = client.private("order", "order.deal")
    order = client.order(1, "60000.1", 10_500, kind=3)
    row = client.query(order)
    assert (row["state"], row["dealVol"], row["errorCode"]) == (4, 10_000, 18)
    assert [push["dealVol"] for push in client.pushed(private, "personal.order")][-1] == 10_000


@pytest.mark.parametrize(
    ("kind", "side", "price", "vol", "code"),
    [(4, 1, "60000.1", 10_500, 19), (2, 1, "60000.1", 10, 20), (2, 3, "60000", 10, 20)],
)
def test_fill_or_kill_and_post_only_end_after_they_were_accepted(
    client: Client, kind: int, side: int, price: str, vol: int, code: int
) -> None:
    private = client.private("order")
    order = client.order(side, price, vol, kind)
    row = client.query(order)
    assert (row["state"], row["dealVol"], row["errorCode"]) == (4, 0, code)
    assert [push["errorCode"] for push in client.pushed(private, "personal.order")] == [code]


@pytest.mark.parametrize("kind", [5, 6])
def test_a_market_order_needs_no_price_and_stops_at_its_protection(kind: int) -> None:
    client = Client(quiet_venue(funds=1_000_000))
    fields = client.fields(3, "0", 100, kind)
    del fields["price"]
    order = str(client.post("order/create", fields)["orderId"])
    row = client.query(order)
    assert (row["state"], row["orderType"], row["dealAvgPrice"], row["dealVol"]) == (3, 5, 60000, 100)
    # The book of 40 BTC and a little ends before half a percent does.
    client.order(3, "59900", 395_000, 3)
    row = client.query(client.order(3, "1", 10_000, 5))
    assert (row["state"], row["errorCode"], row["dealVol"]) == (4, 21, 400_780 - 395_100)


def test_own_best_and_opposite_prices_of_the_book(client: Client) -> None:
    rows = [client.query(client.order(1, "1", 10, bboTypeNum=kind)) for kind in (3, 4, 2)]
    assert [row["price"] for row in rows] == [60000, 59999.6, 60000.5]


def test_one_way_mode_nets_and_turns_a_position_round(client: Client) -> None:
    client.order(1, "60000.1", 30, 3)
    assert (client.position()["positionType"], client.position()["holdVol"]) == (1, 30)
    first = client.position()["positionId"]
    client.order(3, "60000", 50, 3)
    row = client.position()
    assert (row["positionType"], row["holdVol"], row["holdAvgPrice"]) == (2, 20, 60000)
    (past,) = client.get("position/list/history_positions")
    assert (past["positionId"], past["state"], past["closeVol"]) == (first, 3, 30)
    assert Decimal(str(past["closeProfitLoss"])) == Decimal("-0.1") * 30 * Decimal("0.0001")


def test_hedge_mode_keeps_long_and_short_and_closes_by_side(hedged: Client) -> None:
    hedged.order(1, "60000.1", 30, 3)
    hedged.order(3, "60000", 20, 3)
    held = {row["positionType"]: row["holdVol"] for row in hedged.get("position/open_positions")}
    assert held == {1: 30, 2: 20}
    hedged.order(4, "60000", 10, 3)
    hedged.order(2, "60000.1", 20, 3)
    assert (hedged.position()["positionType"], hedged.position()["holdVol"]) == (1, 20)


def test_closing_orders_freeze_the_position_and_nothing_more_can_be_closed(hedged: Client) -> None:
    hedged.order(1, "60000.1", 30, 3)
    order = hedged.order(4, "60010", 20)
    assert hedged.position()["frozenVol"] == 20
    assert hedged.refusal(4, "60010", 11) == 2008
    assert hedged.refusal(2, "59990", 5) == 2009
    assert hedged.query(order)["orderMargin"] == 0


def test_reduce_only_closes_and_never_opens(client: Client) -> None:
    assert client.refusal(3, "60000", 5, 3, reduceOnly=True) == 2009
    client.order(1, "60000.1", 30, 3)
    assert client.refusal(4, "60000", 31, 3) == 2008
    first, second = client.order(4, "60010", 10), client.order(3, "60011", 20, reduceOnly=True)
    client.order(3, "60000", 15, 3)
    # What is left closes 15: the newer order is too much.
    assert (client.query(first)["state"], client.query(second)["errorCode"]) == (2, 10)


def test_an_order_of_the_other_position_mode_ends_with_that_reason(client: Client) -> None:
    row = client.query(client.order(1, "59990", positionMode=HEDGE))
    assert (row["state"], row["errorCode"]) == (4, 9)


@pytest.mark.parametrize(
    ("side", "price", "vol", "kind", "more", "code"),
    [
        (5, "60000", 10, 1, {}, 2001),
        (1, "60000", 10, 7, {}, 2029),
        (1, "60000", 10, 1, {"openType": 3}, 2002),
        (1, "66000.2", 10, 1, {}, 2003),
        (3, "53999.9", 10, 1, {}, 2004),
        (1, "0", 10, 1, {}, 2007),
        (1, "60000.05", 10, 1, {}, 2015),
        (1, "60000", 0, 1, {}, 2011),
        (1, "60000", 2_500_001, 1, {}, 2028),
        (1, "60000", 400_001, 5, {}, 2028),
        (1, "60000", 10, 1, {"leverage": 501}, 2006),
        (1, "60000", 10, 1, {"openType": 1}, 2006),
        (1, "60000", 10, 1, {"externalOid": "x" * 33}, 2030),
        (1, "60000", 10, 1, {"symbol": "NOPE_USDT"}, 1001),
        (1, "60000", 400_000, 1, {}, 2005),
        (1, "60000", 10, 1, {"stpMode": 9}, 600),
    ],
)
def test_refusals_have_the_venues_codes(
    client: Client, side: int, price: str, vol: int, kind: int, more: dict[str, object], code: int
) -> None:
    assert client.refusal(side, price, vol, kind, **more) == code
    assert client.get("order/list/open_orders") == []


def test_a_size_in_parts_of_a_contract_is_refused(client: Client) -> None:
    assert client.error("order/create", client.fields(1, "60000") | {"vol": 1.5}) == 2015


def test_an_external_id_is_taken_for_good(client: Client) -> None:
    order = client.order(1, "59990", externalOid="once")
    client.post("order/cancel", [order])
    assert client.refusal(1, "59990", externalOid="once") == 2042
    assert client.get("order/external/BTC_USDT/once")["orderId"] == order


def test_without_an_external_id_the_venue_gives_one(client: Client) -> None:
    external = client.query(client.order(1, "59990"))["externalOid"]
    assert external.startswith("_m_")
    assert len(external) == 35


def test_cancels_answer_row_by_row_and_the_whole_is_a_success(client: Client) -> None:
    mine, done = client.order(1, "59990"), client.order(1, "60000.1", 5, 3)
    rows = client.post("order/cancel", [int(mine), int(done), 17])
    assert [row["errorCode"] for row in rows] == [0, 2041, 2040]
    assert client.query(mine)["errorCode"] == 0
    order = client.order(1, "59990", externalOid="ext-1")
    rows = client.post("order/batch_cancel_with_external", [{"symbol": NAME, "externalOid": "ext-1"}])
    assert [(row["orderId"], row["errorCode"]) for row in rows] == [(int(order), 0)]
    assert client.error("order/cancel", list(range(51))) == 2013


def test_cancel_all_has_no_data(client: Client) -> None:
    orders = [client.order(1, f"5999{digit}") for digit in range(3)]
    reply = json.loads(client.call("POST", "order/cancel_all", {"symbol": NAME}).payload)
    assert reply == {"success": True, "code": 0}
    assert {client.query(order)["state"] for order in orders} == {4}


def test_a_cancel_goes_behind_the_orders_that_were_taken_before_it() -> None:
    client = Client(quiet_venue(entry_ms=(50.0, 50.0)))
    order = client.order(1, "60000.1", 5)
    (row,) = client.post("order/cancel", [order])
    assert row["errorCode"] == 2041
    assert client.query(order)["state"] == 3


def test_too_many_open_orders(client: Client) -> None:
    client = Client(quiet_venue(tier="unlimited"))
    for _ in range(50):
        client.order(1, "59990", 1)
    assert client.refusal(1, "59990", 1) == 2036


def test_batches_are_for_market_makers(client: Client) -> None:
    batch = [client.fields(1, "59990", stpMode=1), client.fields(1, "59990"), client.fields(1, "1", stpMode=1)]
    assert client.error("order/submit_batch", batch) == 511
    maker = Client(quiet_venue(market_maker=True))
    rows = maker.post("order/submit_batch", batch)
    assert [row["errorCode"] for row in rows] == [0, 600, 0]


def test_a_changed_order_has_a_new_id_and_only_in_hedge_mode(client: Client, hedged: Client) -> None:
    order = client.order(1, "59990")
    assert client.error("order/change_limit_order", {"orderId": order, "price": 59991, "vol": 5}) == 2053
    order = hedged.order(1, "59990")
    fresh = hedged.post("order/change_limit_order", {"orderId": order, "price": 59991, "vol": 5})
    assert (hedged.query(order)["state"], hedged.query(fresh)["price"], hedged.query(fresh)["vol"]) == (4, 59991, 5)
    chased = hedged.post("order/chase_limit_order", {"orderId": fresh})
    assert hedged.query(chased)["price"] == 60000


def test_self_trades_happen_unless_they_are_forbidden(client: Client) -> None:
    resting = client.order(1, "60000.05"[:-1], 10)
    client.order(3, "60000", 10_010, 3)
    assert client.query(resting)["dealVol"] == 10
    resting = client.order(1, "59999", 10)
    order = client.order(3, "59999", 110_000, 3, stpMode=2)
    assert (client.query(resting)["state"], client.query(order)["state"]) == (4, 4)
    assert client.query(resting)["dealVol"] == 0


def test_lists_filter_and_page(client: Client) -> None:
    orders = [client.order(1, f"5999{digit}") for digit in range(3)]
    client.post("order/cancel", [orders[0]])
    filled = client.order(1, "60000.1", 5, 3)
    assert [row["orderId"] for row in client.get("order/list/open_orders")] == orders[:0:-1]
    assert [row["orderId"] for row in client.get("order/list/open_orders", page_size=1, page_num=2)] == [orders[1]]
    assert [row["orderId"] for row in client.get(f"order/list/open_orders/{NAME}", page_size=1)] == [orders[2]]
    assert [row["orderId"] for row in client.get("order/list/history_orders", states="3")] == [filled]
    assert [row["orderId"] for row in client.get("order/list/history_orders", states="4")] == [orders[0]]
    rows = client.get("order/batch_query", order_ids=f"{orders[1]},{filled},5")
    assert [row["orderId"] for row in rows] == [orders[1], filled]
    assert json.loads(client.call("GET", "order/list/order_deals/v3", symbol=NAME, start_time=1).payload)["code"] == 600


def test_deals_are_found_by_time_and_by_order(client: Client) -> None:
    filled = client.order(1, "60000.1", 5, 3)
    now_ms = client.now_ns // 10**6
    (deal,) = client.get("order/list/order_deals/v3", symbol=NAME, start_time=now_ms, end_time=now_ms)
    assert (deal["orderId"], deal["vol"], deal["taker"], deal["side"]) == (filled, 5, True, 1)
    assert client.get("order/list/order_deals", symbol=NAME, start_time=now_ms + 1, end_time=now_ms + 2) == []
    assert client.get(f"order/deal_details/{filled}") == [deal]


def test_a_resting_order_fills_by_the_recorded_market_after_its_queue() -> None:
    client = Client(quiet_venue((trade(1, 1, SELL, 600_000, 10_004), trade(2, 2, SELL, 600_000, 10))))
    order = client.order(1, "60000", 10)
    client.wait(1.5)
    assert client.query(order)["dealVol"] == 4
    client.wait(1)
    row = client.query(order)
    assert (row["state"], row["makerFee"] > 0, row["takerFee"]) == (3, True, 0)


def test_orders_are_refused_while_the_venue_is_in_maintenance(client: Client) -> None:
    client.order(1, "59990")
    client.venue.set_mode(client.now_ns, "maintenance")
    assert client.refusal(1, "59990") == 801
    assert client.public(f"detail?symbol={NAME}")["state"] == 4

"""Executions and balances of the simulated Kraken: makers, takers, post-only, time in force, history, and the sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mm.simulator.orders import SELL
from mm.simulator.tape import Entry
from tests.simulator.kraken_client import SYMBOL, Client, events
from tests.simulator.quiet_market import ASK, BID, BTC, quiet_venue, trade


def client_of(*tape: Entry, **options: Any) -> Client:
    return Client(quiet_venue(tape, **{"events_first": False, **options}))


def test_post_only_cross_is_accepted_and_then_canceled() -> None:
    client = client_of()
    connection = client.private()
    frames = client.order(connection, "buy", 60000.1, post_only=True, cl_ord_id="a")
    assert frames[0]["success"] is True
    rows = events(frames)
    assert [row["exec_type"] for row in rows] == ["pending_new", "canceled"]
    assert rows[-1]["reason"] == "Post only order"
    order_id = frames[0]["result"]["order_id"]
    row = client.rest("QueryOrders", txid=order_id)[order_id]
    assert (row["status"], row["reason"], row["vol_exec"]) == ("canceled", "Post only order", "0.00000000")


def test_post_only_amend_that_would_take_leaves_the_order() -> None:
    client = client_of()
    connection = client.private()
    client.order(connection, "buy", 59999.9, cl_ord_id="a")
    (answer,) = client.ask(
        connection, "amend_order", cl_ord_id="a", limit_price=60000.1, post_only=True, token=client.token
    )
    assert answer["error"] == "EOrder:Post only order"
    (row,) = client.rest("OpenOrders")["open"].values()
    assert row["descr"]["price"] == "59999.9"


def test_taker_fills_end_as_partially_filled_and_then_filled() -> None:
    client = client_of()
    connection = client.private(balances=True)
    frames = client.order(connection, "buy", 60000.2, 1.5)
    rows = events(frames)
    assert [(row["exec_type"], row["order_status"]) for row in rows] == [
        ("pending_new", "pending_new"),
        ("new", "new"),
        ("trade", "partially_filled"),
        ("trade", "partially_filled"),
        ("filled", "filled"),
    ]
    first, second = rows[2], rows[3]
    assert (first["last_qty"], first["last_price"], first["cum_qty"]) == ("1.00000000", "60000.1", "1.00000000")
    assert (second["last_qty"], second["last_price"], second["cum_qty"]) == ("0.50000000", "60000.2", "1.50000000")
    assert first["liquidity_ind"] == "t"
    assert first["cost"] == "60000.10000"
    # 0.4 % of 60000.1 at the precision of USD.
    assert first["fees"] == [{"asset": "USD", "qty": "240.0004"}]
    assert rows[4]["avg_price"] == second["avg_price"] == "60000.1"
    assert "exec_id" not in rows[4]


def test_balances_tell_two_ledger_rows_for_each_trade_and_add_up() -> None:
    client = client_of()
    connection = client.private(balances=True)
    before = {name: Decimal(text) for name, text in client.rest("Balance").items()}
    frames = client.order(connection, "sell", 59999.9, 0.5)
    updates = [frame for frame in frames if frame.get("channel") == "balances"]
    assert [frame["sequence"] for frame in updates] == [2, 3]
    base, quote = (frame["data"][0] for frame in updates)
    (fill,) = [row for row in events(frames) if row["exec_type"] == "trade"]
    assert base["ref_id"] == quote["ref_id"] == fill["exec_id"]
    assert (base["asset"], Decimal(base["amount"]), Decimal(base["fee"])) == ("BTC", Decimal("-0.5"), 0)
    assert (quote["asset"], Decimal(quote["amount"])) == ("USD", Decimal("30000"))
    assert Decimal(quote["fee"]) == Decimal(fill["fees"][0]["qty"]) == Decimal(120)
    after = {name: Decimal(text) for name, text in client.rest("Balance").items()}
    assert after["XXBT"] == before["XXBT"] - Decimal("0.5") == Decimal(base["balance"])
    assert after["ZUSD"] == before["ZUSD"] + 30000 - 120 == Decimal(quote["balance"])


def test_maker_fills_when_the_tape_has_eaten_the_queue() -> None:
    client = client_of(trade(1, 1, SELL, BID, BTC), trade(2, 2, SELL, BID, BTC // 4), trade(3, 3, SELL, BID, BTC))
    connection = client.private()
    client.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a", post_only=True)
    client.frames.clear()
    client.wait(1.5)
    assert events(client.frames.get(connection, [])) == []
    client.wait(1)
    (part,) = events(client.frames[connection])
    assert (part["last_qty"], part["liquidity_ind"], part["order_status"]) == ("0.25000000", "m", "partially_filled")
    client.wait(1)
    rows = events(client.frames[connection])
    assert [(row["exec_type"], row["cum_qty"]) for row in rows[1:]] == [
        ("trade", "0.50000000"),
        ("filled", "0.50000000"),
    ]
    # 0.25 % of 15000.
    assert rows[1]["fees"] == [{"asset": "USD", "qty": "37.5000"}]


def test_partly_filled_order_that_is_canceled_says_how_much() -> None:
    client = client_of(trade(1, 1, SELL, BID, BTC + BTC // 4))
    connection = client.private()
    order_id = client.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a")[0]["result"]["order_id"]
    client.wait(2)
    frames = client.talk(connection, "cancel_order", cl_ord_id=["a"], token=client.token)
    (row,) = events(frames)
    assert (row["exec_type"], row["cum_qty"], row["cum_cost"]) == ("canceled", "0.25000000", "15000.00000")
    closed = client.rest("ClosedOrders", trades="true")["closed"][order_id]
    assert (closed["status"], closed["vol_exec"], closed["cost"], closed["fee"], closed["price"]) == (
        "canceled",
        "0.25000000",
        "15000.00000",
        "37.50000",
        "60000.00000",
    )
    assert closed["misc"] == "partial"
    (trade_id,) = closed["trades"]
    row = client.rest("QueryTrades", txid=trade_id)[trade_id]
    assert (row["ordertxid"], row["pair"], row["vol"], row["maker"]) == (order_id, "XXBTZUSD", "0.25000000", True)


def test_amend_below_what_is_filled_cancels_the_rest() -> None:
    client = client_of(trade(1, 1, SELL, BID, BTC + BTC // 4))
    connection = client.private()
    client.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a")
    client.wait(2)
    frames = client.talk(connection, "amend_order", cl_ord_id="a", order_qty=0.1, token=client.token)
    rows = events(frames)
    assert [row["exec_type"] for row in rows] == ["amended", "canceled"]
    assert rows[0]["order_qty"] == "0.25000000"
    assert client.rest("OpenOrders")["open"] == {}


@pytest.mark.parametrize(
    ("time_in_force", "size", "outcome", "filled"),
    [
        ("ioc", 1.5, "canceled", "1.00000000"),
        ("fok", 1.5, "canceled", "0.00000000"),
        ("fok", 0.5, "filled", "0.50000000"),
        ("ioc", 0.5, "filled", "0.50000000"),
    ],
)
def test_immediate_orders(time_in_force: str, size: float, outcome: str, filled: str) -> None:
    client = client_of()
    connection = client.private()
    rows = events(client.order(connection, "buy", 60000.1, size, time_in_force=time_in_force))
    assert (rows[-1]["exec_type"], rows[-1]["cum_qty"]) == (outcome, filled)
    assert rows[0]["time_in_force"] == time_in_force.upper()


def test_good_till_date_expires() -> None:
    client = client_of()
    connection = client.private()
    client.order(connection, "buy", 59000, time_in_force="gtd", expire_time="2025-11-24T16:00:10Z")
    client.frames.clear()
    client.wait(11)
    (row,) = events(client.frames[connection])
    assert (row["exec_type"], row["order_status"]) == ("expired", "expired")


@pytest.mark.parametrize(("rule", "left"), [("cancel_newest", {"a"}), ("cancel_oldest", {"b"}), ("cancel_both", set())])
def test_own_orders_do_not_trade_with_each_other(rule: str, left: set[str]) -> None:
    client = client_of()
    connection = client.private()
    client.order(connection, "sell", 60000.1, 0.1, cl_ord_id="a")
    client.order(connection, "buy", 60000.1, 1.2, cl_ord_id="b", stp_type=rule)
    fills = client.rest("TradesHistory")["trades"].values()
    assert sum(Decimal(row["vol"]) for row in fills) == 1
    assert {row["cl_ord_id"] for row in client.rest("OpenOrders")["open"].values()} == left


def test_snapshot_shows_the_last_fifty_fills_newest_first() -> None:
    client = client_of(tier="unlimited")
    connection = client.private()
    for k in range(55):
        client.order(connection, "buy", 60000.1, 0.001, order_userref=k + 1)
        client.wait(0.01)
    second = client.open("/auth/v2")
    frames = client.talk(
        second, "subscribe", channel="executions", snap_orders=False, snap_trades=True, token=client.token
    )
    rows = frames[1]["data"]
    assert [row["order_userref"] for row in rows] == list(range(55, 5, -1))
    assert {row["order_status"] for row in rows} == {"filled"}
    assert "cum_qty" not in rows[0]


def test_trades_history_pages_by_fifty_and_counts_them_all() -> None:
    client = client_of(tier="unlimited")
    connection = client.private()
    for _ in range(120):
        client.order(connection, "buy", 60000.1, 0.0001)
        client.wait(0.01)
    pages = [client.rest("TradesHistory", ofs=offset) for offset in (0, 50, 100, 150)]
    assert [len(page["trades"]) for page in pages] == [50, 50, 20, 0]
    assert {page["count"] for page in pages} == {120}
    rows = [row for page in pages for row in page["trades"].values()]
    assert [row["trade_id"] for row in rows] == sorted((row["trade_id"] for row in rows), reverse=True)
    middle = rows[60]["time"]
    after = client.rest("TradesHistory", start=middle)
    assert after["count"] == 60
    assert "count" not in client.rest("TradesHistory", without_count="true")


def test_holds_follow_open_orders() -> None:
    client = client_of()
    client.rest("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="50000", volume="0.5")
    client.rest("AddOrder", pair="XBTUSD", type="sell", ordertype="limit", price="70000", volume="0.25")
    holds = {name: Decimal(row["hold_trade"]) for name, row in client.rest("BalanceEx").items()}
    assert holds == {"XXBT": Decimal("0.25"), "ZUSD": Decimal(25000)}
    client.rest("CancelAll")
    assert {Decimal(row["hold_trade"]) for row in client.rest("BalanceEx").values()} == {0}


def test_own_size_shows_in_the_public_book_and_own_trades_on_the_tape() -> None:
    client = client_of()
    public = client.open()
    client.talk(public, "subscribe", channel="book", symbol=[SYMBOL])
    client.talk(public, "subscribe", channel="trade", symbol=[SYMBOL])
    connection = client.private()
    client.frames.clear()
    client.order(connection, "sell", (ASK + 1) / 10, 0.25)
    (book,) = client.frames[public]
    assert book["data"][0]["asks"] == [{"price": "60000.2", "qty": "1.25000001"}]
    client.frames.clear()
    client.order(connection, "buy", ASK / 10, 0.1)
    channels = {frame["channel"] for frame in client.frames[public]}
    assert channels == {"book", "trade"}
    (print_,) = [row for f in client.frames[public] if f["channel"] == "trade" for row in f["data"]]
    assert (print_["side"], print_["price"], print_["qty"]) == ("buy", "60000.1", "0.10000000")

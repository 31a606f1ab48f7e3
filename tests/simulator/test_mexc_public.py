"""The public side of the simulated MEXC Spot: book with versions, topics, REST, from one recorded market."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm.simulator.orders import BUY, SELL
from mm.simulator.tape import BookEntry, Entry, TradeEntry
from tests.simulator.mexc_client import ASK, BID, BTC, NAME, START_NS, Client, quiet_venue, trade

DEPTH = f"spot@public.aggre.depth.v3.api.pb@100ms@{NAME}"
FAST = f"spot@public.aggre.depth.v3.api.pb@10ms@{NAME}"
DEALS = f"spot@public.aggre.deals.v3.api.pb@100ms@{NAME}"
TICKER = f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{NAME}"
LIMIT = f"spot@public.limit.depth.v3.api.pb@{NAME}@5"
BATCH = f"spot@public.bookTicker.batch.v3.api.pb@{NAME}"

Sides = dict[str, dict[Decimal, Decimal]]


def change(number: int, second: float, *levels: tuple[int, int, int]) -> BookEntry:
    return BookEntry(number, int(second * 1e6), levels)


def sides(snapshot: Any) -> Sides:
    return {name: {Decimal(p): Decimal(q) for p, q in snapshot[name]} for name in ("bids", "asks")}


def merge(book: Sides, push: Any) -> None:
    for name in ("bids", "asks"):
        for level in push.get(name, []):
            price, quantity = Decimal(level["price"]), Decimal(level["quantity"])
            if quantity:
                book[name][price] = quantity
            else:
                book[name].pop(price, None)


def test_depth_pushes_are_absolute_and_follow_one_another() -> None:
    tape = tuple(change(k, 0.03 * k, (BUY, BID - 10 * (k % 3), BTC * k)) for k in range(1, 30))
    client = Client(quiet_venue(tape))
    connection = client.open(DEPTH)
    snapshot = client.public(f"depth?symbol={NAME}&limit=5000")
    book, version = sides(snapshot), snapshot["lastUpdateId"]
    client.wait(1)
    pushes = client.bodies(connection, "publicAggreDepths")
    assert 8 <= len(pushes) <= 10
    for push in pushes:
        assert int(push["fromVersion"]) == version + 1
        assert push["eventType"] == "spot@public.aggre.depth.v3.api.pb@100ms"
        assert push["lastOrderCreateTime"] >= START_NS // 1_000_000
        version = int(push["toVersion"])
        merge(book, push)
    fresh = client.public(f"depth?symbol={NAME}&limit=5000")
    assert (fresh["lastUpdateId"], sides(fresh)) == (version, book)


def test_ten_milliseconds_are_finer() -> None:
    tape = tuple(change(k, 0.005 * k, (SELL, ASK, BTC * k)) for k in range(1, 40))
    client = Client(quiet_venue(tape))
    slow, fast = client.open(DEPTH), client.open(FAST)
    client.wait(0.3)
    counts = [len(client.bodies(connection, "publicAggreDepths")) for connection in (slow, fast)]
    assert counts[0] <= 3 < 15 <= counts[1]


def test_an_empty_interval_says_nothing() -> None:
    client = Client(quiet_venue((change(1, 5, (BUY, BID, 5 * BTC)),)))
    connection = client.open(DEPTH, DEALS)
    client.wait(4)
    assert client.pushes.get(connection, []) == []


def test_texts_of_the_book() -> None:
    client = Client(quiet_venue((change(1, 1, (BUY, BID - 50, 0), (SELL, ASK, 15 * 10**7)),)))
    connection = client.open(DEPTH)
    snapshot = client.public(f"depth?symbol={NAME}&limit=3")
    assert snapshot["bids"][:2] == [["60000.00", "1.00000000"], ["59999.90", "1.00000001"]]
    assert [len(snapshot[name]) for name in ("bids", "asks")] == [3, 3]
    client.wait(2)
    (push,) = client.bodies(connection, "publicAggreDepths")
    assert push["bids"] == [{"price": "59999.5", "quantity": "0"}]
    assert push["asks"] == [{"price": "60000.1", "quantity": "1.5"}]
    assert [sorted(client.public(f"depth?symbol={NAME}&limit=3")), client.public("ping")][1] == {}


def test_deals_and_the_public_tape() -> None:
    client = Client(quiet_venue((trade(1, 1.01, BUY, ASK, BTC // 2), trade(2, 1.02, SELL, BID, BTC // 4))))
    connection = client.open(DEALS)
    client.wait(2)
    (push,) = client.bodies(connection, "publicAggreDeals")
    assert [(d["price"], d["quantity"], d["tradeType"]) for d in push["deals"]] == [
        ("60000.1", "0.5", 1), ("60000", "0.25", 2),
    ]  # fmt: skip
    assert all(deal["tradeId"].endswith("X1") for deal in push["deals"])
    rows = client.public(f"trades?symbol={NAME}")
    assert [(r["id"], r["price"], r["tradeType"], r["isBuyerMaker"]) for r in rows] == [
        (None, "60000", "ASK", True), (None, "60000.1", "BID", False),
    ]  # fmt: skip
    assert client.public(f"ticker/price?symbol={NAME}") == {"symbol": NAME, "price": "60000"}
    (kline,) = client.public(f"klines?symbol={NAME}&interval=1m")
    assert kline[1:6] == ["60000.1", "60000.1", "60000", "60000", "0.75"]
    assert kline[6] - kline[0] == 60_000


def test_states_are_told_to_a_new_subscriber_and_when_they_change() -> None:
    client = Client(quiet_venue((change(1, 1, (BUY, BID, 3 * BTC)), change(2, 2, (BUY, BID - 200, BTC)))))
    connection = client.open(TICKER, LIMIT, BATCH)
    client.wait(3)
    pushes = client.pushes[connection]
    tickers = [push["publicAggreBookTicker"] for push in pushes if "publicAggreBookTicker" in push]
    assert [(t["bidPrice"], t["bidQuantity"]) for t in tickers] == [("60000", "1"), ("60000", "3")]
    depths = [push["publicLimitDepths"] for push in pushes if "publicLimitDepths" in push]
    assert [len(depth["bids"]) for depth in depths] == [5, 5]
    assert int(depths[1]["version"]) > int(depths[0]["version"])
    assert sum("publicBookTickerBatch" in push for push in pushes) == 2


def test_the_schema_before_june_2026() -> None:
    client = Client(quiet_venue((change(1, 1, (BUY, BID, 3 * BTC)),), schema_2026=False))
    connection = client.open(DEPTH, TICKER)
    client.wait(2)
    for push in client.pushes[connection]:
        body = push.get("publicAggreDepths") or push["publicAggreBookTicker"]
        assert not {"lastOrderCreateTime", "version"} & set(body)


def test_own_orders_are_in_the_book() -> None:
    client = Client(quiet_venue())
    connection = client.open(DEPTH)
    client.order("BUY", "60000.05", "0.5")
    client.wait(1)
    (push,) = client.bodies(connection, "publicAggreDepths")
    assert push["bids"] == [{"price": "60000.05", "quantity": "0.5"}]
    ticker = client.public(f"ticker/bookTicker?symbol={NAME}")
    assert (ticker["bidPrice"], ticker["bidQty"]) == ("60000.05", "0.5")


def test_a_snapshot_can_trail_the_stream() -> None:
    tape = tuple(change(k, k, (BUY, BID, BTC * k), (SELL, ASK + 10 * k, 0)) for k in range(1, 6))
    client = Client(
        quiet_venue(tape, ({"on": "request", "name": "GET depth", "action": "lag", "delay_s": 2.5, "times": 1},))
    )
    shown = {}
    plain = Client(quiet_venue(tape))
    for second in range(6):
        shown[second] = plain.public(f"depth?symbol={NAME}&limit=5000")
        plain.wait(1)
    client.wait(5.2)
    late = client.public(f"depth?symbol={NAME}&limit=5000")
    now = client.public(f"depth?symbol={NAME}&limit=5000")
    assert (late["lastUpdateId"], sides(late)) == (shown[2]["lastUpdateId"], sides(shown[2]))
    assert now["lastUpdateId"] > late["lastUpdateId"]


def test_lost_pushes_leave_a_gap_in_the_versions() -> None:
    tape = tuple(change(k, k, (BUY, BID, BTC * k)) for k in range(2, 8))
    rule = {"on": "message", "name": "aggre.depth", "action": "gap", "skip": 2, "times": 1}
    client = Client(quiet_venue(tape, (rule,)))
    connection = client.open(DEPTH)
    client.wait(8)
    pushes = client.bodies(connection, "publicAggreDepths")
    steps = [int(b["fromVersion"]) - int(a["toVersion"]) for a, b in itertools.pairwise(pushes)]
    assert steps == [1, 2, 1, 1]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 400),
            st.sampled_from([BUY, SELL]),
            st.integers(0, 60),
            st.integers(0, 3),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_a_merged_book_is_the_book(steps: list[tuple[int, int, int, int, bool]]) -> None:
    tape: list[Entry] = []
    time_us = 0
    for number, (wait_ms, side, offset, size, is_trade) in enumerate(steps, 1):
        time_us += wait_ms * 1000
        if is_trade:
            tape.append(TradeEntry(number, time_us, side, ASK if side == BUY else BID, (size + 1) * BTC // 10))
        else:
            price = BID - 10 * offset if side == BUY else ASK + 10 * offset
            tape.append(BookEntry(number, time_us, ((side, price, size * BTC),)))
    client = Client(quiet_venue(tuple(tape)))
    client.wait(time_us / 3e6)
    connection = client.open(FAST)
    snapshot = client.public(f"depth?symbol={NAME}&limit=5000")
    book, version = sides(snapshot), snapshot["lastUpdateId"]
    client.wait(time_us / 1e6 + 1)
    for push in client.bodies(connection, "publicAggreDepths"):
        assert int(push["fromVersion"]) == version + 1
        version = int(push["toVersion"])
        merge(book, push)
    now = client.public(f"depth?symbol={NAME}&limit=5000")
    assert (now["lastUpdateId"], sides(now)) == (version, book)


def test_listing() -> None:
    client = Client(quiet_venue())
    (symbol,) = client.public("exchangeInfo")["symbols"]
    assert symbol == client.public(f"exchangeInfo?symbols={NAME}")["symbols"][0]
    assert {k: symbol[k] for k in ("status", "baseAssetPrecision", "quotePrecision", "baseSizePrecision")} == {
        "status": "1", "baseAssetPrecision": 8, "quotePrecision": 2, "baseSizePrecision": "0.000001",
    }  # fmt: skip
    assert client.public("defaultSymbols") == {"code": 200, "data": [NAME], "msg": None}
    assert client.public("time") == {"serverTime": START_NS // 1_000_000}
    assert client.public(f"avgPrice?symbol={NAME}")["mins"] == 5
    assert client.public("ticker/24hr")[0]["symbol"] == NAME


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("depth", 400),
        ("depth?symbol=NOUSDT", 400),
        (f"depth?symbol={NAME}&limit=x", 400),
        (f"klines?symbol={NAME}&interval=1h", 400),
        (f"aggTrades?symbol={NAME}&startTime=1", 400),
        ("nothing", 404),
    ],
)
def test_bad_public_requests(target: str, status: int) -> None:
    assert Client(quiet_venue()).http("GET", target).code == status

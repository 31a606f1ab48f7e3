"""ccxt's swap client, unchanged but for the URL, trades contracts at the simulator and sees what its ledger says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.world import World, launch
from tests.judges.ledger import Ledger, exact

ccxt = pytest.importorskip("ccxt")
pytestmark = pytest.mark.judge

SYMBOL = "BTC/USDT:USDT"


@pytest.fixture
def futures_world(tmp_path: Path) -> Iterator[World]:
    """MEXC Spot and Futures in one process with one key, without limits, funding each five seconds."""
    extra = ("--mexc-tier", "unlimited", "--mexc-futures-tier", "unlimited", "--funding-seconds", "5")
    started = launch(tmp_path, seed=7, speed=5, idle_seconds=60, venues=("mexc_spot", "mexc_futures"), extra=extra)
    yield started
    started.control("stop", {})
    os.waitpid(started.pid, 0)


@pytest.fixture
def report(futures_world: World) -> Callable[[], dict[str, Any]]:
    return lambda: futures_world.control("ledger", venue="mexc_futures")


@pytest.fixture
def ledger(futures_world: World) -> Callable[[], Ledger]:
    return lambda: Ledger(futures_world, "mexc_futures")


@pytest.fixture
def swap(futures_world: World) -> Any:
    here = futures_world.venues["mexc_futures"]
    options = {"defaultType": "swap"}
    client = ccxt.mexc(
        {"apiKey": here.api_key, "secret": here.api_secret, "enableRateLimit": False, "options": options}
    )
    point_at(client, futures_world)
    client.load_markets()
    yield client
    client.session.close()


def point_at(client: Any, world: World) -> None:
    """The URLs of a client, and nothing else of it."""
    spot, futures = world.venues["mexc_spot"].rest_url, world.venues["mexc_futures"].rest_url
    for rights in client.urls["api"]["spot"]:
        client.urls["api"]["spot"][rights] = spot
    client.urls["api"]["contract"] = {"public": f"{futures}/api/v1/contract", "private": f"{futures}/api/v1/private"}


def same_price(seen: Any, theirs: str) -> bool:
    """A mean price is a double on the way."""
    return abs(exact(seen) - Decimal(theirs)) < Decimal("1e-9")


def test_markets_and_public_data(swap: Any) -> None:
    market = swap.market(SYMBOL)
    assert (market["id"], market["active"], market["linear"], market["contractSize"]) == ("BTC_USDT", True, True, 1e-4)
    assert market["precision"] == {"amount": 1, "price": 0.1}
    assert swap.fetch_status()["status"] == "ok"
    book = swap.fetch_order_book(SYMBOL, 50)
    bids, asks = [level[0] for level in book["bids"]], [level[0] for level in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    ticker = swap.fetch_ticker(SYMBOL)
    assert 0 < ticker["bid"] < ticker["ask"]
    for trade in swap.fetch_trades(SYMBOL):
        assert trade["side"] in ("buy", "sell")
    for candle in swap.fetch_ohlcv(SYMBOL):
        assert candle[3] <= candle[1] <= candle[2]
    rate = swap.fetch_funding_rate(SYMBOL)
    assert 0 < rate["fundingRate"] < 0.001


def test_orders_are_created_and_canceled(swap: Any, ledger: Callable[[], Ledger]) -> None:
    best = swap.fetch_ticker(SYMBOL)["bid"]
    price = swap.price_to_precision(SYMBOL, best - 500)
    order = swap.create_order(SYMBOL, "limit", "buy", 25, price, {"postOnly": True, "clientOrderId": "judge-1"})
    mine = ledger().open[order["id"]]
    assert (mine["client_id"], mine["post_only"], mine["size"]) == ("judge-1", True, "25")
    assert Decimal(mine["price"]) == Decimal(price)
    (seen,) = swap.fetch_open_orders(SYMBOL)
    assert (seen["id"], seen["status"], seen["side"]) == (order["id"], "open", "buy")
    assert (exact(seen["price"]), seen["amount"]) == (Decimal(price), 25)
    swap.cancel_order(order["id"], SYMBOL)
    assert ledger().open == {}
    assert swap.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    assert [one["id"] for one in swap.fetch_canceled_orders(SYMBOL)] == [order["id"]]
    with pytest.raises(ccxt.ExchangeError):
        swap.cancel_order(order["id"], SYMBOL)
    for step in range(3):
        swap.create_order(SYMBOL, "limit", "buy", 1, round(best - 500 - step, 1))
    assert len(ledger().open) == 3
    swap.cancel_all_orders(SYMBOL)
    assert ledger().open == {}


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_fills_position_and_balance_equal_the_ledger(
    swap: Any, ledger: Callable[[], Ledger], report: Callable[[], dict[str, Any]]
) -> None:
    ask = swap.fetch_ticker(SYMBOL)["ask"]
    bought = swap.create_order(SYMBOL, 3, "buy", 300, round(ask * 1.001, 1))
    # The venue answers before it has matched, and there is nothing to reduce until then.
    until(lambda: [row["size"] for row in report()["positions"]] == ["300"])
    sold = swap.create_order(SYMBOL, "market", "sell", 120, None, {"reduceOnly": True})
    more = swap.create_order(SYMBOL, "market", "buy", 40)
    until(lambda: [row["size"] for row in report()["positions"]] == ["220"])
    books = ledger()
    trades = {trade["id"]: trade for trade in swap.fetch_my_trades(SYMBOL)}
    assert len(trades) >= 3
    assert set(trades) == set(books.fills)
    for identity, fill in books.fills.items():
        trade = trades[identity]
        assert (trade["order"], trade["takerOrMaker"]) == (fill["order_id"], "taker")
        assert (exact(trade["price"]), str(trade["amount"]).removesuffix(".0")) == (
            Decimal(fill["price"]), fill["size"],
        )  # fmt: skip
        assert (exact(trade["fee"]["cost"]), trade["fee"]["currency"]) == (Decimal(fill["fee"]), "USDT")
    for order in (bought, sold, more):
        seen, mine = swap.fetch_order(order["id"], SYMBOL), books.closed[order["id"]]
        assert (seen["status"], exact(seen["filled"])) == ("closed", Decimal(mine["cum_size"]))
        assert exact(seen["fee"]["cost"]) == Decimal(mine["fee"])
    (position,) = swap.fetch_positions([SYMBOL])
    (theirs,) = report()["positions"]
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 220, "cross")
    assert theirs["size"] == "220"
    assert same_price(position["info"]["holdAvgPrice"], theirs["entry_price"])
    balance, now = swap.fetch_balance(), report()
    row = balance["info"]["data"][0]
    assert exact(row["cashBalance"]) == Decimal(now["balances"]["USDT"])
    assert exact(row["positionMargin"]) == Decimal(now["position_margin"])
    assert exact(balance["free"]["USDT"]) == Decimal(now["available"])


def test_funding_is_the_ledgers(swap: Any, report: Callable[[], dict[str, Any]]) -> None:
    swap.create_order(SYMBOL, "market", "sell", 500)
    deadline = time.monotonic() + 30
    while not report()["funding"] and time.monotonic() < deadline:
        time.sleep(0.1)
    theirs = {row["record_id"]: row for row in report()["funding"]}
    seen = {str(row["id"]).removesuffix(".0"): row for row in swap.fetch_funding_history(SYMBOL)}
    assert theirs.keys() <= seen.keys()
    for name, row in theirs.items():
        assert exact(seen[name]["amount"]) == Decimal(row["funding"]) > 0
    assert swap.fetch_funding_rate_history(SYMBOL)


def test_leverage_and_position_mode(swap: Any) -> None:
    assert swap.fetch_position_mode()["hedged"] is False
    swap.set_leverage(7, SYMBOL, {"openType": 2, "positionType": 1})
    rows = swap.fetch_leverage(SYMBOL)["info"]
    mine = [row for row in rows if (int(row["positionType"]), int(row["openType"])) == (1, 2)]
    assert [int(row["leverage"]) for row in mine] == [7]
    swap.set_position_mode(True)
    assert swap.fetch_position_mode()["hedged"] is True


def test_errors_are_the_ones_that_ccxt_knows(swap: Any) -> None:
    best = swap.fetch_ticker(SYMBOL)["bid"]
    with pytest.raises(ccxt.InsufficientFunds):
        swap.create_order(SYMBOL, "limit", "sell", 2_500_000, best + 100, {"leverage": 1})
    with pytest.raises(ccxt.ExchangeError):
        swap.create_order(SYMBOL, "limit", "buy", 5, round(best * 1.2, 1))
    swap.secret = "A" * 32
    with pytest.raises(ccxt.AuthenticationError):
        swap.fetch_balance()

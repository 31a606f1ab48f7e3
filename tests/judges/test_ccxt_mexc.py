"""ccxt's MEXC client, unchanged but for the URL, trades against the simulator and sees what its ledger says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.world import World, launch
from tests.judges.ledger import Ledger, exact

ccxt = pytest.importorskip("ccxt")
pytestmark = pytest.mark.judge

SYMBOL = "BTC/USDT"


@pytest.fixture
def mexc_world(tmp_path: Path) -> Iterator[World]:
    """Kraken and MEXC Spot in one process, both without limits."""
    extra = ("--mexc-tier", "unlimited")
    started = launch(
        tmp_path, seed=7, speed=5, tier="unlimited", idle_seconds=60, venues=("kraken", "mexc_spot"), extra=extra
    )
    yield started
    started.control("stop", {})
    os.waitpid(started.pid, 0)


@pytest.fixture
def ledger(mexc_world: World) -> Callable[[], Ledger]:
    return lambda: Ledger(mexc_world, "mexc_spot")


@pytest.fixture
def mexc(mexc_world: World) -> Any:
    here = mexc_world.venues["mexc_spot"]
    client = ccxt.mexc({"apiKey": here.api_key, "secret": here.api_secret, "enableRateLimit": False})
    point_at(client, here.rest_url)
    client.load_markets()
    yield client
    client.session.close()


def point_at(client: Any, url: str) -> None:
    """The URLs of a client, and nothing else of it."""
    for rights in client.urls["api"]["spot"]:
        client.urls["api"]["spot"][rights] = url
    client.urls["api"]["contract"]["public"] = f"{url}/api/v1/contract"


def test_markets_and_fees(mexc: Any) -> None:
    market = mexc.market(SYMBOL)
    assert (market["id"], market["active"]) == ("BTCUSDT", True)
    assert market["precision"] == {"amount": 1e-8, "price": 0.01}
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (1e-6, 1)
    assert (market["maker"], market["taker"]) == (0, 0.0005)
    assert mexc.fetch_status()["status"] == "ok"
    assert set(mexc.currencies) >= {"BTC", "USDT"}
    fees = mexc.fetch_trading_fee(SYMBOL)
    assert (fees["maker"], fees["taker"]) == (0, 0.0005)


def test_public_data_hangs_together(mexc: Any) -> None:
    book = mexc.fetch_order_book(SYMBOL, 50)
    bids, asks = [level[0] for level in book["bids"]], [level[0] for level in book["asks"]]
    assert len(bids) == len(asks) == 50
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    ticker = mexc.fetch_ticker(SYMBOL)
    assert 0 < ticker["bid"] < ticker["ask"]
    for trade in mexc.fetch_trades(SYMBOL):
        assert trade["side"] in ("buy", "sell")
    for candle in mexc.fetch_ohlcv(SYMBOL):
        assert candle[3] <= candle[1] <= candle[2]


def test_orders_are_created_and_canceled(mexc: Any, ledger: Callable[[], Ledger]) -> None:
    best = mexc.fetch_ticker(SYMBOL)["bid"]
    price = mexc.price_to_precision(SYMBOL, best - 500.11)
    order = mexc.create_order(SYMBOL, "limit", "buy", 0.01, price, {"postOnly": True, "clientOrderId": "judge-1"})
    mine = ledger().open[order["id"]]
    assert (mine["client_id"], mine["post_only"], mine["size"]) == ("judge-1", True, "0.01000000")
    assert Decimal(mine["price"]) == Decimal(price)
    (seen,) = mexc.fetch_open_orders(SYMBOL)
    assert (seen["id"], seen["status"], seen["clientOrderId"]) == (order["id"], "open", "judge-1")
    assert (exact(seen["price"]), exact(seen["amount"])) == (Decimal(price), Decimal("0.01"))
    balance = mexc.fetch_balance()
    books = ledger()
    assert {name: exact(balance["total"][name]) for name in books.balances} == books.balances
    assert balance["used"]["USDT"] > 0
    mexc.cancel_order(order["id"], SYMBOL)
    assert ledger().open == {}
    assert mexc.fetch_open_orders(SYMBOL) == []
    seen = mexc.fetch_order(order["id"], SYMBOL)
    assert (seen["id"], seen["status"]) == (order["id"], "canceled")
    assert [one["id"] for one in mexc.fetch_canceled_orders(SYMBOL)] == [order["id"]]
    with pytest.raises(ccxt.ExchangeError):
        mexc.cancel_order(order["id"], SYMBOL)


def test_batches_and_cancel_all(mexc: Any, ledger: Callable[[], Ledger]) -> None:
    best = mexc.fetch_ticker(SYMBOL)["bid"]
    rows = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.001, "price": round(best - 500 - k, 2)}
        for k in range(4)
    ]
    orders = mexc.create_orders(rows)
    assert set(ledger().open) == {order["id"] for order in orders}
    mexc.cancel_all_orders(SYMBOL)
    assert ledger().open == {}


def test_fills_and_balances_equal_the_ledger(mexc: Any, ledger: Callable[[], Ledger]) -> None:
    before = ledger().balances
    ask = mexc.fetch_ticker(SYMBOL)["ask"]
    bought = mexc.create_order(SYMBOL, "limit", "buy", 0.05, round(ask * 1.001, 2), {"timeInForce": "IOC"})
    sold = mexc.create_order(SYMBOL, "market", "sell", 0.02)
    spent = mexc.create_market_buy_order_with_cost(SYMBOL, 100)
    books = ledger()
    trades = {trade["id"]: trade for trade in mexc.fetch_my_trades(SYMBOL)}
    assert len(trades) >= 3
    assert set(trades) == set(books.fills)
    for identity, fill in books.fills.items():
        trade = trades[identity]
        assert (trade["order"], trade["side"], trade["takerOrMaker"]) == (fill["order_id"], fill["side"], "taker")
        assert (exact(trade["price"]), exact(trade["amount"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert (exact(trade["fee"]["cost"]), trade["fee"]["currency"]) == (Decimal(fill["fee"]), "USDT")
    for order in (bought, sold, spent):
        seen, mine = mexc.fetch_order(order["id"], SYMBOL), books.closed[order["id"]]
        assert (seen["status"], exact(seen["filled"])) == ("closed", Decimal(mine["cum_size"]))
    balance = mexc.fetch_balance()
    assert {name: exact(balance["total"][name]) for name in ("BTC",)} == {"BTC": books.balances["BTC"]}
    # ccxt adds free and used as doubles: ten digits before the point leave eight behind it.
    assert abs(exact(balance["total"]["USDT"]) - books.balances["USDT"]) < Decimal("1e-8")
    assert books.balances["USDT"] == before["USDT"] + books.cash()


def test_errors_are_the_ones_that_ccxt_knows(mexc: Any) -> None:
    best = mexc.fetch_ticker(SYMBOL)["bid"]
    with pytest.raises(ccxt.InsufficientFunds):
        mexc.create_order(SYMBOL, "limit", "sell", 30, best + 100)
    with pytest.raises(ccxt.InvalidOrder):
        mexc.create_order(SYMBOL, "limit", "buy", 0.00001, best - 100)
    with pytest.raises(ccxt.ExchangeError, match="-2013"):
        mexc.fetch_order("C02__1", SYMBOL)
    mexc.secret = "A" * 32
    with pytest.raises(ccxt.AuthenticationError):
        mexc.fetch_balance()


def test_the_two_venues_are_one_market(mexc: Any, mexc_world: World) -> None:
    here = mexc_world.venues["kraken"]
    kraken = ccxt.kraken({"apiKey": here.api_key, "secret": here.api_secret, "enableRateLimit": False})
    kraken.urls["api"]["public"] = kraken.urls["api"]["private"] = here.rest_url
    kraken.load_markets()
    gaps = [abs(kraken.fetch_ticker("BTC/USD")["bid"] - mexc.fetch_ticker(SYMBOL)["bid"]) for _ in range(10)]
    kraken.session.close()
    # The same book on two grids, looked at some milliseconds apart.
    assert sorted(gaps)[5] < 5

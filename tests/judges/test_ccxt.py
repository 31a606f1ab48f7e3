"""ccxt's Kraken client, unchanged but for the URL, trades against the simulator and sees what its ledger says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mm.simulator.world import World
from tests.judges.ledger import Ledger, exact

ccxt = pytest.importorskip("ccxt")
pytestmark = pytest.mark.judge

SYMBOL = "BTC/USD"


@pytest.fixture
def kraken(world: World) -> Any:
    # Its own pause of a second between calls serves the real venue's limits; here it would only take time.
    client = ccxt.kraken({"apiKey": world.api_key, "secret": world.api_secret, "enableRateLimit": False})
    client.urls["api"]["public"] = client.urls["api"]["private"] = world.rest_url
    client.load_markets()
    yield client
    client.session.close()


def test_markets_and_fees(kraken: Any) -> None:
    market = kraken.market(SYMBOL)
    assert (market["id"], market["active"]) == ("XXBTZUSD", True)
    assert market["precision"] == {"amount": 1e-8, "price": 0.1}
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (5e-5, 0.5)
    assert kraken.fetch_status()["status"] == "ok"
    fees = kraken.fetch_trading_fee(SYMBOL)
    assert (fees["maker"], fees["taker"]) == (0.0025, 0.004)


def test_public_data_hangs_together(kraken: Any) -> None:
    book = kraken.fetch_order_book(SYMBOL, 50)
    bids, asks = [level[0] for level in book["bids"]], [level[0] for level in book["asks"]]
    assert len(bids) == len(asks) == 50
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    ticker = kraken.fetch_ticker(SYMBOL)
    assert 0 < ticker["bid"] < ticker["ask"]
    for trade in kraken.fetch_trades(SYMBOL):
        assert trade["side"] in ("buy", "sell")
    for candle in kraken.fetch_ohlcv(SYMBOL):
        assert candle[3] <= candle[1] <= candle[2]


def test_orders_are_created_edited_and_canceled(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    best = kraken.fetch_ticker(SYMBOL)["bid"]
    price = kraken.price_to_precision(SYMBOL, best - 500.1)
    order = kraken.create_order(SYMBOL, "limit", "buy", 0.01, price, {"postOnly": True, "clientOrderId": "judge-1"})
    mine = ledger().open[order["id"]]
    assert (mine["client_id"], mine["post_only"], mine["size"]) == ("judge-1", True, "0.01000000")
    assert Decimal(mine["price"]) == Decimal(price)
    (seen,) = kraken.fetch_open_orders(SYMBOL)
    assert (seen["id"], seen["status"], seen["clientOrderId"]) == (order["id"], "open", "judge-1")
    assert (exact(seen["price"]), exact(seen["amount"])) == (Decimal(price), Decimal("0.01"))
    lower = kraken.price_to_precision(SYMBOL, best - 501.1)
    kraken.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, lower)
    mine = ledger().open[order["id"]]
    assert (Decimal(mine["price"]), mine["size"]) == (Decimal(lower), "0.02000000")
    seen = kraken.fetch_order(order["id"])
    assert (exact(seen["price"]), exact(seen["amount"]), seen["filled"]) == (Decimal(lower), Decimal("0.02"), 0)
    kraken.cancel_order(order["id"])
    assert ledger().open == {}
    assert kraken.fetch_open_orders(SYMBOL) == []
    (seen,) = kraken.fetch_closed_orders(SYMBOL)
    assert (seen["id"], seen["status"]) == (order["id"], "canceled")
    with pytest.raises(ccxt.OrderNotFound):
        kraken.cancel_order(order["id"])


def test_batches_and_the_dead_mans_switch(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    best = kraken.fetch_ticker(SYMBOL)["bid"]
    rows = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.001, "price": round(best - 500 - k, 1)}
        for k in range(4)
    ]
    orders = kraken.create_orders(rows)
    assert set(ledger().open) == {order["id"] for order in orders}
    kraken.cancel_orders([order["id"] for order in orders[:2]])
    assert set(ledger().open) == {order["id"] for order in orders[2:]}
    armed = kraken.cancel_all_orders_after(60_000)["result"]
    assert armed["triggerTime"] > armed["currentTime"]
    assert kraken.cancel_all_orders_after(0)["result"]["triggerTime"] == "0"
    kraken.cancel_all_orders()
    assert ledger().open == {}


def test_fills_and_balances_equal_the_ledger(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    before = ledger().balances
    ask = kraken.fetch_ticker(SYMBOL)["ask"]
    bought = kraken.create_order(SYMBOL, "limit", "buy", 0.05, round(ask * 1.001, 1), {"timeInForce": "IOC"})
    sold = kraken.create_order(SYMBOL, "market", "sell", 0.02)
    books = ledger()
    trades = {trade["id"]: trade for trade in kraken.fetch_my_trades(SYMBOL)}
    assert len(trades) >= 2
    assert set(trades) == set(books.fills)
    for identity, fill in books.fills.items():
        trade = trades[identity]
        assert (trade["order"], trade["side"], trade["takerOrMaker"]) == (fill["order_id"], fill["side"], "taker")
        assert (exact(trade["price"]), exact(trade["amount"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert (exact(trade["fee"]["cost"]), trade["fee"]["currency"]) == (Decimal(fill["fee"]), "USD")
    for order in (bought, sold):
        seen, mine = kraken.fetch_order(order["id"]), books.closed[order["id"]]
        assert (seen["status"], exact(seen["filled"])) == ("closed", Decimal(mine["cum_size"]))
    balance = kraken.fetch_balance()
    assert {name: exact(balance["total"][name]) for name in books.balances} == books.balances
    assert books.balances["USD"] == before["USD"] + books.cash()
    assert books.balances["BTC"] == before["BTC"] + Decimal("0.03")


def test_errors_are_the_ones_that_ccxt_knows(kraken: Any) -> None:
    best = kraken.fetch_ticker(SYMBOL)["bid"]
    with pytest.raises(ccxt.InsufficientFunds):
        kraken.create_order(SYMBOL, "limit", "buy", 1000, best - 100)
    with pytest.raises(ccxt.InvalidOrder):
        kraken.create_order(SYMBOL, "limit", "buy", 0.00001, best - 100)
    kraken.secret = "A" * 88
    with pytest.raises(ccxt.ExchangeError, match="EAPI:Invalid signature"):
        kraken.fetch_balance()
    kraken.apiKey = "nobody"
    with pytest.raises(ccxt.AuthenticationError):
        kraken.fetch_balance()

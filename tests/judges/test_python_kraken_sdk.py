"""python-kraken-sdk, unchanged but for the URLs: it trades over REST, and its book client judges our checksums."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mm.simulator.world import World
from tests.judges.ledger import Ledger

spot = pytest.importorskip("kraken.spot")
exceptions = pytest.importorskip("kraken.exceptions")
pytestmark = pytest.mark.judge

PAIR = "XBTUSD"
MESSAGES = 60
PATIENCE_S = 20.0


@pytest.fixture
def clients(world: World) -> tuple[Any, Any, Any]:
    key = {"key": world.api_key, "secret": world.api_secret, "url": world.rest_url}
    return spot.Market(url=world.rest_url), spot.Trade(**key), spot.User(**key)


def test_public_rest(clients: tuple[Any, Any, Any]) -> None:
    market, _, _ = clients
    assert market.get_asset_pairs(pair="BTC/USD")["BTC/USD"]["pair_decimals"] == 1
    assert set(market.get_assets()) == {"XXBT", "ZUSD", "USDT"}
    assert market.get_system_status()["status"] == "online"
    book = market.get_order_book(pair=PAIR, count=5)["XXBTZUSD"]
    assert Decimal(book["bids"][0][0]) < Decimal(book["asks"][0][0])
    ticker = market.get_ticker(pair=PAIR)["XXBTZUSD"]
    assert Decimal(ticker["b"][0]) < Decimal(ticker["a"][0])


def test_orders_over_rest(clients: tuple[Any, Any, Any], ledger: Callable[[], Ledger]) -> None:
    market, trade, user = clients
    best = Decimal(market.get_ticker(pair=PAIR)["XXBTZUSD"]["b"][0])
    price = str((best - 500).quantize(Decimal("0.1")))
    placed = trade.create_order(
        ordertype="limit", side="buy", pair=PAIR, volume="0.01", price=price, oflags=["post"], cl_ord_id="sdk-1"
    )
    (order_id,) = placed["txid"]
    assert ledger().open[order_id]["client_id"] == "sdk-1"
    assert user.get_open_orders()["open"][order_id]["descr"]["price"] == price
    trade.amend_order(extra_params={"txid": order_id, "order_qty": "0.02"})
    assert ledger().open[order_id]["size"] == "0.02000000"
    assert user.get_orders_info(txid=order_id)[order_id]["vol"] == "0.02000000"
    assert trade.cancel_order(txid=order_id) == {"count": 1}
    assert user.get_closed_orders()["closed"][order_id]["status"] == "canceled"
    with pytest.raises(exceptions.KrakenUnknownOrderError):
        trade.cancel_order(txid=order_id)
    rows = [{"ordertype": "limit", "type": "buy", "price": price, "volume": "0.001"} for _ in range(2)]
    ids = [row["txid"] for row in trade.create_order_batch(orders=rows, pair=PAIR)["orders"]]
    assert set(ledger().open) == set(ids)
    edited = trade.edit_order(txid=ids[0], pair=PAIR, volume="0.002")
    assert ledger().open[edited["txid"]]["size"] == "0.00200000"
    assert trade.cancel_order_batch(orders=[ids[1]]) == {"count": 1}
    assert trade.cancel_all_orders() == {"count": 1}
    assert ledger().open == {}


def test_fills_and_balances_equal_the_ledger(clients: tuple[Any, Any, Any], ledger: Callable[[], Ledger]) -> None:
    _, trade, user = clients
    before = ledger().balances
    trade.create_order(ordertype="market", side="buy", pair=PAIR, volume="0.05")
    trade.create_order(ordertype="market", side="sell", pair=PAIR, volume="0.03")
    books = ledger()
    rows = user.get_trades_history()["trades"]
    assert set(rows) == set(books.fills)
    for identity, row in rows.items():
        fill = books.fills[identity]
        assert (row["ordertxid"], row["type"]) == (fill["order_id"], fill["side"])
        assert (Decimal(row["price"]), Decimal(row["vol"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert Decimal(row["fee"]) == Decimal(fill["fee"])
    shown = user.get_account_balance()
    assert {"BTC": Decimal(shown["XXBT"]), "USD": Decimal(shown["ZUSD"])} == books.balances
    assert books.balances["USD"] == before["USD"] + books.cash()
    assert books.balances["BTC"] == before["BTC"] + Decimal("0.02")


@pytest.mark.parametrize("depth", [10, 100])
async def test_its_book_agrees_with_every_checksum(world: World, monkeypatch: pytest.MonkeyPatch, depth: int) -> None:
    monkeypatch.setattr(spot.Market, "URL", world.rest_url)
    monkeypatch.setattr(spot.SpotWSClient, "URL", world.rest_url)
    monkeypatch.setattr(spot.SpotWSClient, "WS_URL", world.ws_url.removesuffix("/v2"))
    monkeypatch.setattr(spot.SpotWSClient, "AUTH_WS_URL", world.ws_auth_url.removesuffix("/v2"))
    seen: list[dict[str, Any]] = []
    enough = asyncio.Event()

    def watch(pair: str, message: dict[str, Any]) -> None:
        del pair
        seen.append(message)
        if len(seen) >= MESSAGES:
            enough.set()

    client = spot.SpotOrderBookClient(depth=depth, callback=watch)
    await client.start()
    try:
        await client.add_book(pairs=["BTC/USD"])
        await asyncio.wait_for(enough.wait(), PATIENCE_S)
        book = client.get("BTC/USD")
    finally:
        await client.close()
    assert [message for message in seen if "error" in message] == []
    assert [message["type"] for message in seen[:2]] == ["snapshot", "update"]
    assert book["valid"] is True
    assert len(book["bid"]) == depth

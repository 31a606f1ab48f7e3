"""ccxt's streaming Kraken client, unchanged but for the URLs and with its own defaults, trades over WebSocket v2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from mm.simulator.world import World
from tests.judges.ledger import Ledger, exact

ccxt = pytest.importorskip("ccxt.pro")
pytestmark = pytest.mark.judge

SYMBOL = "BTC/USD"
ANSWER_S = 10.0
T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, ANSWER_S)


@pytest_asyncio.fixture
async def kraken(world: World) -> AsyncIterator[Any]:
    client = ccxt.kraken({"apiKey": world.api_key, "secret": world.api_secret, "enableRateLimit": False})
    client.urls["api"]["public"] = client.urls["api"]["private"] = world.rest_url
    client.urls["api"]["ws"]["publicV2"] = world.ws_url
    client.urls["api"]["ws"]["privateV2"] = world.ws_auth_url
    yield client
    await client.close()


async def test_book_ticker_and_balance_stream(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    for _ in range(10):
        book = await soon(kraken.watch_order_book(SYMBOL, 10))
        bids, asks = [level[0] for level in book["bids"]], [level[0] for level in book["asks"]]
        assert bids[0] < asks[0]
        assert len(bids) <= 10
    ticker = await soon(kraken.watch_ticker(SYMBOL))
    assert 0 < ticker["bid"] < ticker["ask"]
    balance = await soon(kraken.watch_balance())
    assert {name: exact(total) for name, total in balance["total"].items()} == ledger().balances


async def test_orders_over_the_socket(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    await kraken.load_markets()
    best = (await soon(kraken.watch_ticker(SYMBOL)))["bid"]
    orders = asyncio.ensure_future(kraken.watch_orders(SYMBOL))
    order = await soon(
        kraken.create_order_ws(
            SYMBOL, "limit", "buy", 0.01, round(best - 500.1, 1), {"postOnly": True, "clientOrderId": "pro-1"}
        )
    )
    (seen,) = await soon(orders)
    mine = ledger().open[order["id"]]
    assert mine["client_id"] == "pro-1"
    assert (seen["id"], seen["status"], exact(seen["price"])) == (order["id"], "open", Decimal(mine["price"]))
    changed = await soon(kraken.edit_order_ws(order["id"], SYMBOL, "limit", "buy", 0.02, round(best - 501.1, 1)))
    assert changed["id"] == order["id"]
    assert ledger().open[order["id"]]["size"] == "0.02000000"
    canceled = await soon(kraken.cancel_order_ws(order["id"]))
    assert canceled["result"] == {"order_id": order["id"]}
    assert ledger().open == {}
    with pytest.raises(ccxt.OrderNotFound):
        await soon(kraken.cancel_order_ws(order["id"]))
    await soon(kraken.create_order_ws(SYMBOL, "limit", "buy", 0.01, round(best - 500.1, 1)))
    assert (await soon(kraken.cancel_all_orders_ws()))["result"] == {"count": 1}
    assert ledger().open == {}


async def test_own_trades_stream_as_the_ledger_books_them(kraken: Any, ledger: Callable[[], Ledger]) -> None:
    ask = (await soon(kraken.watch_ticker(SYMBOL)))["ask"]
    limit = round(ask * 1.001, 1)
    watching = asyncio.ensure_future(kraken.watch_my_trades(SYMBOL))
    await soon(kraken.create_order_ws(SYMBOL, "limit", "buy", 0.001, limit, {"timeInForce": "IOC"}))
    await soon(watching)
    await soon(kraken.create_order_ws(SYMBOL, "limit", "buy", 0.002, limit, {"timeInForce": "IOC"}))
    fills = ledger().fills
    # The client only says that something came, and what came before the question is not told again: look at its cache.
    async with asyncio.timeout(ANSWER_S):
        while len({trade["id"] for trade in kraken.myTrades}) < len(fills):  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
    seen = {trade["id"]: trade for trade in kraken.myTrades}
    assert set(seen) == set(fills)
    assert sum(exact(trade["amount"]) for trade in seen.values()) == Decimal("0.003")
    for identity, trade in seen.items():
        fill = fills[identity]
        assert (exact(trade["price"]), exact(trade["amount"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert exact(trade["fee"]["cost"]) == Decimal(fill["fee"])

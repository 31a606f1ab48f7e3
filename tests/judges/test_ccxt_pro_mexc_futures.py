"""ccxt's streaming swap client, unchanged but for the URLs, follows the simulator's JSON streams."""

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
# Not before: without ccxt that module is skipped, too, and has nothing to give.
from tests.judges.test_ccxt_mexc_futures import SYMBOL, futures_world, ledger, point_at  # noqa: E402

pytestmark = pytest.mark.judge

ANSWER_S = 15.0
T = TypeVar("T")
__all__ = ["futures_world", "ledger"]


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, ANSWER_S)


@pytest_asyncio.fixture
async def swap(futures_world: World) -> AsyncIterator[Any]:
    here = futures_world.venues["mexc_futures"]
    options = {"defaultType": "swap"}
    client = ccxt.mexc(
        {"apiKey": here.api_key, "secret": here.api_secret, "enableRateLimit": False, "options": options}
    )
    point_at(client, futures_world)
    client.urls["api"]["ws"]["swap"] = here.ws_url
    await client.load_markets()
    yield client
    await client.close()


async def test_book_trades_ticker_and_funding_stream(swap: Any) -> None:
    bid, ask = 0.0, 0.0
    for _ in range(40):
        book = await soon(swap.watch_order_book(SYMBOL))
        bid, ask = book["bids"][0][0], book["asks"][0][0]
    # ccxt leaves out a push that begins before its snapshot and ends after it, and keeps what it would have removed.
    assert abs(bid - ask) < 100
    fetched = await swap.fetch_order_book(SYMBOL, 5)
    assert abs(fetched["bids"][0][0] - bid) < 100
    for trade in await soon(swap.watch_trades(SYMBOL)):
        assert trade["side"] in ("buy", "sell")
    ticker = await soon(swap.watch_ticker(SYMBOL))
    assert 0 < ticker["bid"] < ticker["ask"]


async def test_orders_trades_and_balances_stream_as_the_ledger_has_them(
    swap: Any, ledger: Callable[[], Ledger]
) -> None:
    best = (await swap.fetch_ticker(SYMBOL))["bid"]
    orders = asyncio.ensure_future(swap.watch_orders(SYMBOL))
    trades = asyncio.ensure_future(swap.watch_my_trades(SYMBOL))
    balances = asyncio.ensure_future(swap.watch_balance())
    # It has no event for a login that stands.
    while not orders.done():
        placed = await swap.create_order(SYMBOL, "limit", "buy", 3, round(best - 500, 1))
        await asyncio.sleep(0.05)
    (seen, *_) = await orders
    assert seen["status"] == "open"
    assert exact(seen["price"]) == Decimal(ledger().open[placed["id"]]["price"])
    await soon(balances)
    orders = asyncio.ensure_future(swap.watch_orders(SYMBOL))
    await swap.cancel_all_orders(SYMBOL)
    (seen, *_) = await soon(orders)
    assert seen["status"] == "canceled"
    assert ledger().open == {}
    await swap.create_order(SYMBOL, "market", "sell", 100)
    await soon(trades)
    fills = ledger().fills
    async with asyncio.timeout(ANSWER_S):
        while len({trade["id"] for trade in swap.myTrades}) < len(fills):  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
    for trade in swap.myTrades:
        fill = fills[trade["id"]]
        assert (exact(trade["price"]), exact(trade["amount"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert exact(trade["fee"]["cost"]) == Decimal(fill["fee"])

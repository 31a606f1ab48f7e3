"""ccxt's streaming MEXC client, unchanged but for the URLs: it decodes our protobuf frames with its own classes."""

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
pytest.importorskip("google.protobuf")
# Not before: without ccxt that module is skipped, too, and has nothing to give.
from tests.judges.test_ccxt_mexc import SYMBOL, ledger, mexc_world, point_at  # noqa: E402

pytestmark = pytest.mark.judge

ANSWER_S = 10.0
T = TypeVar("T")
__all__ = ["ledger", "mexc_world"]


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, ANSWER_S)


@pytest_asyncio.fixture
async def mexc(mexc_world: World) -> AsyncIterator[Any]:
    here = mexc_world.venues["mexc_spot"]
    client = ccxt.mexc({"apiKey": here.api_key, "secret": here.api_secret, "enableRateLimit": False})
    point_at(client, here.rest_url)
    client.urls["api"]["ws"]["spot"] = here.ws_url
    await client.load_markets()
    yield client
    await client.close()


async def watched_book(client: Any, messages: int) -> tuple[float, float]:
    """The best prices after so many messages; a bid at or over an ask ends it early."""
    bid = ask = 0.0
    for _ in range(messages):
        book = await soon(client.watch_order_book(SYMBOL))
        bid, ask = book["bids"][0][0], book["asks"][0][0]
        if bid >= ask:
            break
    return bid, ask


async def test_book_trades_and_ticker_stream(mexc: Any) -> None:
    bids, asks = [0.0], [0.0]
    for _ in range(10):
        bids[0], asks[0] = await watched_book(mexc, 20)
        if bids[0] < asks[0]:
            break
        # ccxt leaves out a push that begins before its snapshot and ends after it (`get_cache_index`), and keeps what
        # that push would have removed: it has to begin anew.
        await mexc.close()
        mexc.orderbooks.clear()
    assert bids[0] < asks[0]
    fetched = await mexc.fetch_order_book(SYMBOL, 5)
    assert abs(fetched["bids"][0][0] - bids[0]) < 50
    for trade in await soon(mexc.watch_trades(SYMBOL)):
        assert trade["side"] in ("buy", "sell")
    ticker = await soon(mexc.watch_ticker(SYMBOL))
    assert 0 < ticker["bid"] < ticker["ask"]


async def test_orders_trades_and_balances_stream_as_the_ledger_has_them(
    mexc: Any, ledger: Callable[[], Ledger]
) -> None:
    best = (await mexc.fetch_ticker(SYMBOL))["bid"]
    orders = asyncio.ensure_future(mexc.watch_orders(SYMBOL))
    trades = asyncio.ensure_future(mexc.watch_my_trades(SYMBOL))
    balances = asyncio.ensure_future(mexc.watch_balance())
    # It has no event for a subscription that stands.
    while not orders.done():
        placed = await mexc.create_order(SYMBOL, "limit", "buy", 0.001, round(best - 500, 2))
        await asyncio.sleep(0.05)
    (seen, *_) = await orders
    assert seen["status"] == "open"
    assert exact(seen["price"]) == Decimal(ledger().open[placed["id"]]["price"])
    await soon(balances)
    orders = asyncio.ensure_future(mexc.watch_orders(SYMBOL))
    await mexc.cancel_all_orders(SYMBOL)
    (seen, *_) = await soon(orders)
    assert seen["status"] == "canceled"
    assert ledger().open == {}
    await mexc.create_order(SYMBOL, "market", "sell", 0.01)
    await soon(trades)
    fills = ledger().fills
    async with asyncio.timeout(ANSWER_S):
        while len({trade["id"] for trade in mexc.myTrades}) < len(fills):  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
    for trade in mexc.myTrades:
        fill = fills[trade["id"]]
        assert (exact(trade["price"]), exact(trade["amount"])) == (Decimal(fill["price"]), Decimal(fill["size"]))
        assert exact(trade["fee"]["cost"]) == Decimal(fill["fee"])
    async with asyncio.timeout(ANSWER_S):
        while exact(mexc.balance["spot"]["BTC"]["total"]) != ledger().balances["BTC"]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)

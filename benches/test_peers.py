"""The books, Kraken feeds and limiters of others, where they are installed: beside ours, on the same loads.

A user feels these figures when changing from one of them. Each gets objects of its own, made beforehand, and is called
the way that costs it least; what it leaves undone is said where it is called.
"""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from benches.batch import batch, each, each_of
from benches.loads import ASK, BID, SYMBOL, kraken_frames, price_text, size_text, updates

pytestmark = pytest.mark.filterwarnings("ignore")


def needs(package):
    """Skip before the benchmark begins: one without a round cannot be reported."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


NEEDS_CCXT, NEEDS_NAUTILUS = needs("ccxt"), needs("nautilus_trader")
COUNT = 2_000
ROUNDS = 20
LEVELS = 100


def snapshot():
    bids, asks, _ = updates(LEVELS, COUNT)
    return [(BID, *level) for level in bids] + [(ASK, *level) for level in asks]


def rows_of(make):
    return [make(*row) for row in updates(LEVELS, COUNT)[2]]


def floats_of(side, price, size):
    return side, price / 10, size / 1e8


def texts_of(side, price, size):
    return side, price_text(price), size_text(size)


# --- ccxt -------------------------------------------------------------------------------------------------------------


def ccxt_book():
    book = import_module("ccxt.async_support.base.ws.order_book").OrderBook
    bids, asks, _ = updates(LEVELS, COUNT)
    made = book(
        {
            "bids": [[price / 10, size / 1e8] for price, size in bids],
            "asks": [[price / 10, size / 1e8] for price, size in asks],
        }
    )
    return {BID: made["bids"], ASK: made["asks"]}


def store_all(book, rows):
    bids, asks = book[BID].store, book[ASK].store
    for side, price, size in rows:
        (bids if side == BID else asks)(price, size)


def store_all_texts(book, rows):
    bids, asks = book[BID].store, book[ASK].store
    for side, price, size in rows:
        (bids if side == BID else asks)(float(price), float(size))


@NEEDS_CCXT
def test_b1_ccxt(benchmark):
    rows = rows_of(texts_of)
    batch(benchmark, "B1", COUNT, lambda: (ccxt_book(), rows), store_all_texts, ROUNDS)


@NEEDS_CCXT
def test_b2_ccxt(benchmark):
    rows = rows_of(floats_of)
    batch(benchmark, f"B2 {LEVELS}", COUNT, lambda: (ccxt_book(), rows), store_all, ROUNDS)


def ask_ccxt(book, size):
    asks = book[ASK]
    for _ in range(COUNT):
        left, cost = size, 0.0
        for price, there in asks:
            if there >= left:
                cost += left * price
                break
            cost += there * price
            left -= there
    return cost


@NEEDS_CCXT
def test_b5_ccxt(benchmark):
    size = sum(size for _, size in updates(LEVELS, COUNT)[1][:8]) / 1e8 - 1e-9
    batch(benchmark, "B5", COUNT, lambda: (ccxt_book(), size), ask_ccxt, ROUNDS)


class CcxtFeed:
    """Without the checksum: it is off by its own default."""

    def __init__(self, depth):
        pro = import_module("ccxt.pro")
        self.exchange = pro.kraken({"enableRateLimit": False})
        hash_of = self.exchange.get_message_hash("orderbook", None, SYMBOL)
        self.client = SimpleNamespace(
            url="", subscriptions={hash_of: {"limit": depth}}, resolve=lambda *_: None, reject=lambda *_: None
        )
        self.message(kraken_frames(depth, COUNT)[0])

    def message(self, frame):
        self.exchange.handle_order_book(self.client, json_of(frame))


def json_of(frame):
    import orjson

    return orjson.loads(frame)


@NEEDS_CCXT
@pytest.mark.parametrize("depth", [10, 1000])
def test_k1_ccxt(benchmark, depth):
    frames = kraken_frames(depth, COUNT)[1]
    batch(benchmark, f"K1 {depth}", COUNT, lambda: (CcxtFeed(depth).message, frames), each, rounds=5)


# --- python-kraken-sdk ------------------------------------------------------------------------------------------------


class SdkFeed:
    """Checks the checksum, too."""

    def __init__(self, depth, frames):
        self.kind = import_module("kraken.spot.orderbook").SpotOrderBookClient
        self.depth, self.frames = depth, frames
        self.loop = asyncio.new_event_loop()
        self.client = self.loop.run_until_complete(self.make())
        self.client._SpotOrderBookClient__market.get_asset_pairs = lambda pair: {
            pair: {"pair_decimals": 1, "lot_decimals": 8}
        }
        self.loop.run_until_complete(self.client.on_message(json.loads(kraken_frames(depth, COUNT)[0])))

    async def make(self):
        return self.kind(depth=self.depth, callback=lambda **_: None)

    async def all(self):
        on_message, valid = self.client.on_message, 0
        for frame in self.frames:
            await on_message(json.loads(frame))
            valid += self.client.get(SYMBOL)["valid"]
        return valid

    def run(self):
        assert self.loop.run_until_complete(self.all()) == len(self.frames)


@needs("kraken")
@pytest.mark.parametrize(("depth", "count"), [(10, 1000), (1000, 50)])
def test_k1_sdk(benchmark, depth, count):
    frames = kraken_frames(depth, COUNT)[1][:count]
    batch(benchmark, f"K1 {depth}", count, lambda: (SdkFeed(depth, frames),), SdkFeed.run, rounds=3)


# --- nautilus_trader --------------------------------------------------------------------------------------------------


class Nautilus:
    """`kind` is "pyo3" or "cython": it has the same book twice."""

    def __init__(self, kind):
        if kind == "pyo3":
            model = import_module("nautilus_trader.core.nautilus_pyo3")
            self.delta, self.level, self.price, self.size = (
                model.OrderBookDelta,
                model.BookOrder,
                model.Price,
                model.Quantity,
            )
            action, side, book_type = model.BookAction, model.OrderSide, model.BookType
            identifier, book, self.deltas = model.InstrumentId, model.OrderBook, model.OrderBookDeltas
        else:
            data = import_module("nautilus_trader.model.data")
            from nautilus_trader.model import enums, objects
            from nautilus_trader.model.book import OrderBook as book
            from nautilus_trader.model.identifiers import InstrumentId as identifier

            self.delta, self.level, self.deltas = data.OrderBookDelta, data.BookOrder, data.OrderBookDeltas
            self.price, self.size = objects.Price, objects.Quantity
            action, side, book_type = enums.BookAction, enums.OrderSide, enums.BookType
        self.instrument = identifier.from_str("BTC/USD.KRAKEN")
        self.update, self.remove = action.UPDATE, action.DELETE
        self.sides = {BID: side.BUY, ASK: side.SELL}
        self.book = book(self.instrument, book_type.L2_MBP)
        for row in snapshot():
            self.book.apply_delta(self.of_texts(*texts_of(*row)))

    def of_texts(self, side, price, size):
        gone = size == "0.00000000"
        level = self.level(self.sides[side], self.price.from_str(price), self.size.from_str(size), 0)
        return self.delta(self.instrument, self.remove if gone else self.update, level, 0, 0, 0, 0)

    def apply_texts(self, rows):
        apply, make = self.book.apply_delta, self.of_texts
        for row in rows:
            apply(make(*row))

    def top(self):
        book = self.book
        return book.best_bid_price(), book.best_bid_size(), book.best_ask_price(), book.best_ask_size()


def deltas(nautilus):
    return [nautilus.of_texts(*row) for row in rows_of(texts_of)]


KINDS = pytest.mark.parametrize("kind", ["pyo3", "cython"])


def measure(benchmark, group, kind, prepare, run):
    """Measure one of its two books under a name of its own."""
    benchmark.name = f"test_{group.split()[0].lower()}_nautilus_{kind}"
    batch(benchmark, group, COUNT, prepare, run, ROUNDS)


@NEEDS_NAUTILUS
@KINDS
def test_b1_nautilus(benchmark, kind):
    rows = rows_of(texts_of)
    measure(benchmark, "B1", kind, lambda: (Nautilus(kind).apply_texts, [rows]), each)


@NEEDS_NAUTILUS
@KINDS
def test_b2_nautilus(benchmark, kind):
    made = deltas(Nautilus(kind))
    measure(benchmark, f"B2 {LEVELS}", kind, lambda: (Nautilus(kind).book.apply_delta, made), each)


@NEEDS_NAUTILUS
@KINDS
def test_b3_nautilus(benchmark, kind):
    nautilus = Nautilus(kind)
    made = deltas(nautilus)
    groups = [nautilus.deltas(nautilus.instrument, made[at : at + 50]) for at in range(0, COUNT, 50)]
    measure(benchmark, "B3", kind, lambda: (Nautilus(kind).book.apply_deltas, groups), each)


@NEEDS_NAUTILUS
@KINDS
def test_b4_nautilus(benchmark, kind):
    measure(benchmark, "B4", kind, lambda: (Nautilus(kind).top, [()] * COUNT), each_of)


@NEEDS_NAUTILUS
@KINDS
def test_b5_nautilus(benchmark, kind):
    """The price in floats, for a size that is made beforehand."""
    nautilus = Nautilus(kind)
    size = nautilus.size(sum(size for _, size in updates(LEVELS, COUNT)[1][:8]) / 1e8, 8)
    question = [(size, nautilus.sides[BID])] * COUNT
    measure(benchmark, "B5", kind, lambda: (nautilus.book.get_avg_px_for_quantity, question), each_of)


# --- aiolimiter -------------------------------------------------------------------------------------------------------


@needs("aiolimiter")
def test_r1_aiolimiter(benchmark):
    limiter = import_module("aiolimiter").AsyncLimiter
    loop = asyncio.new_event_loop()

    async def take_often():
        acquire = limiter(1e9, 1).acquire
        for _ in range(COUNT):
            await acquire()

    batch(benchmark, "R1", COUNT, lambda: (take_often(),), loop.run_until_complete, ROUNDS)
    loop.close()

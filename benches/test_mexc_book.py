"""K2: bytes of MEXC Spot's `aggre.depth` to a book. Hedges are priced by it, on the second venue of every run."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from benches.baselines.mexc import TunedMexcBook
from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from benches.loads import updates
from mm._core import BOOK_VALID, Book, MexcBookDecoder
from tests.reference.mexc_proto import wrapper

COUNT = 2_000
DEPTHS = pytest.mark.parametrize("depth", [100, 1000])
NAME = "spot@public.aggre.depth.v3.api.pb@10ms"


def text(units: int, decimals: int) -> str:
    """Decimal text as pushes have it: without trailing zeros."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".")


@cache
def frames(levels: int, count: int = COUNT) -> tuple[bytes, list[bytes]]:
    """Return a snapshot and `count` pushes of 2 to 16 levels each, as a busy pair has them in ten milliseconds."""
    random = Random(5)
    bids, asks, stream = updates(levels, count * 9 + 100, 5)
    rows = [
        ",".join(f'["{text(price, 1)}","{size // 10**8}.{size % 10**8:08d}"]' for price, size in side)
        for side in (bids, asks)
    ]
    snapshot = f'snapshot BTCUSDT\n{{"lastUpdateId":52000000100,"bids":[{rows[0]}],"asks":[{rows[1]}],"timestamp":1}}'
    version, position, pushes = 52_000_000_100, 0, []
    for number in range(count):
        length = random.choices((2, 4, 6, 8, 12, 16), (20, 25, 20, 15, 12, 8))[0]
        push = wrapper()
        push.channel, push.symbol, push.sendTime = f"{NAME}@BTCUSDT", "BTCUSDT", 1_791_556_800_000 + number * 10
        body = push.publicAggreDepths
        for side, price, size in stream[position : position + length]:
            (body.bids if side == 1 else body.asks).add(price=text(price, 1), quantity=text(size, 8))
        position += length
        body.eventType, body.fromVersion = NAME, str(version + 1)
        version += length
        body.toVersion = str(version)
        pushes.append(push.SerializeToString())
    return snapshot.encode(), pushes


def native(depth):
    decoder = MexcBookDecoder()
    decoder.add("BTC/USDT", Book(100, 1, 8))
    assert decoder.apply(frames(depth)[0]) & BOOK_VALID
    return decoder


def python(depth):
    book = TunedMexcBook()
    book.snapshot(frames(depth)[0])
    return book


@DEPTHS
def test_k2_ours(benchmark, depth):
    pushes = frames(depth)[1]
    batch(benchmark, f"K2 {depth}", COUNT, lambda: (native(depth).apply, pushes), each)
    p99_under_1ms(benchmark, latencies(native(depth).apply, pushes))


@DEPTHS
def test_k2_protobuf(benchmark, depth):
    pushes = frames(depth)[1]
    batch(benchmark, f"K2 {depth}", COUNT, lambda: (python(depth).message, pushes), each, rounds=20)


@DEPTHS
def test_both_end_with_the_same_book(depth):
    pushes = frames(depth)[1]
    decoder, book = MexcBookDecoder(), Book(0, 1, 8)
    decoder.add("BTC/USDT", book)
    tuned = python(depth)
    decoder.apply(frames(depth)[0])
    for push in pushes:
        assert decoder.apply(push) & BOOK_VALID
        assert tuned.message(push)
    assert [price / 10 for price, _ in book.levels(1, 50)] == [-key for key in tuned.bid_keys[:50]]
    assert book.bid_count == len(tuned.bid_keys)

"""K3: bytes of MEXC Futures' `push.depth` to a book. Hedges on the perpetual are priced by it."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from random import Random

import orjson
import pytest

from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from benches.loads import updates
from mm._core import BOOK_VALID, Book, MexcFuturesBookDecoder

COUNT = 2_000
DEPTHS = pytest.mark.parametrize("depth", [100, 1000])


def text(units: int) -> str:
    """A price as pushes have it: without trailing zeros."""
    return f"{units // 10}.{units % 10}".removesuffix(".0")


@cache
def frames(levels: int, count: int = COUNT) -> tuple[bytes, list[bytes]]:
    """Return a snapshot and `count` merged pushes of 2 to 16 levels each."""
    random = Random(5)
    bids, asks, stream = updates(levels, count * 9 + 100, 5)
    rows = [",".join(f"[{text(price)},{size // 10**4 + 1},3]" for price, size in side) for side in (bids, asks)]
    data = f'{{"asks":[{rows[1]}],"bids":[{rows[0]}],"version":37723308910,"timestamp":1789498322290,"cts":null}}'
    snapshot = f'snapshot BTC_USDT\n{{"success":true,"code":0,"data":{data}}}'
    version, position, pushes = 37_723_308_910, 0, []
    for number in range(count):
        length = random.choices((2, 4, 6, 8, 12, 16), (20, 25, 20, 15, 12, 8))[0]
        sides: tuple[list[str], list[str]] = ([], [])
        for side, price, size in stream[position : position + length]:
            contracts = size // 10**4 + 1 if size else 0
            sides[side == 1].append(f"[{text(price)},{contracts},{3 if size else 0}]")
        position += length
        at = 1_789_498_322_000 + number * 200
        data = f'{{"cts":{at},"asks":[{",".join(sides[0])}],"bids":[{",".join(sides[1])}]'
        data += f',"begin":{version + 1},"end":{version + length},"version":{version + length}}}'
        version += length
        pushes.append(f'{{"symbol":"BTC_USDT","data":{data},"channel":"push.depth","ts":{at + 3}}}'.encode())
    return snapshot.encode(), pushes


class TunedBook:
    """Python written for speed: orjson, sorted lists of prices, sizes in dictionaries. Prices go through doubles."""

    def __init__(self) -> None:
        self.keys: tuple[list[int], list[int]] = ([], [])
        self.sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.version = 0

    def snapshot(self, payload: bytes) -> None:
        data = orjson.loads(payload.partition(b"\n")[2])["data"]
        self.version = data["version"]
        for side, rows in enumerate((data["bids"], data["asks"])):
            self._side(side, rows)

    def message(self, payload: bytes) -> bool:
        data = orjson.loads(payload)["data"]
        if data["begin"] != self.version + 1:
            return False
        self.version = data["end"]
        if data["bids"]:
            self._side(0, data["bids"])
        if data["asks"]:
            self._side(1, data["asks"])
        return True

    def _side(self, side: int, rows: list[list[float]]) -> None:
        keys, sizes = self.keys[side], self.sizes[side]
        sign = 1 if side else -1
        for price, size, _ in rows:
            key = sign * round(price * 10)
            if size:
                if key not in sizes:
                    keys.insert(bisect_left(keys, key), key)
                sizes[key] = int(size)
            elif sizes.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]


def native(depth: int) -> MexcFuturesBookDecoder:
    decoder = MexcFuturesBookDecoder()
    decoder.add("BTC/USDT:USDT", Book(100, 1, 0))
    assert decoder.apply(frames(depth)[0]) & BOOK_VALID
    return decoder


def python(depth: int) -> TunedBook:
    book = TunedBook()
    book.snapshot(frames(depth)[0])
    return book


@DEPTHS
def test_k3_ours(benchmark, depth):
    pushes = frames(depth)[1]
    batch(benchmark, f"K3 {depth}", COUNT, lambda: (native(depth).apply, pushes), each)
    p99_under_1ms(benchmark, latencies(native(depth).apply, pushes))


@DEPTHS
def test_k3_python(benchmark, depth):
    pushes = frames(depth)[1]
    batch(benchmark, f"K3 {depth}", COUNT, lambda: (python(depth).message, pushes), each, rounds=20)


@DEPTHS
def test_both_end_with_the_same_book(depth):
    pushes = frames(depth)[1]
    decoder, book = MexcFuturesBookDecoder(), Book(0, 1, 0)
    decoder.add("BTC/USDT:USDT", book)
    tuned = python(depth)
    decoder.apply(frames(depth)[0])
    for push in pushes:
        assert decoder.apply(push) & BOOK_VALID
        assert tuned.message(push)
    for side, (sign, at) in {1: (-1, 0), -1: (1, 1)}.items():
        assert [price for price, _ in book.levels(side, 50)] == [sign * key for key in tuned.keys[at][:50]]

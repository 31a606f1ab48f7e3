"""Seeded market data for the benchmarks: a stream of level updates, and the same as Kraken's `book` messages.

Most activity is near the top, the middle walks at random, the number of levels a side stays what it is, the book never
crosses, and each removal names a level that is there. Prices are integers of 0.1, sizes of 1e-8.
"""

from __future__ import annotations

from bisect import insort
from functools import cache
from heapq import nlargest, nsmallest
from random import Random
from zlib import crc32

BID, ASK = 1, -1
MIDDLE = 640_000
SYMBOL = "BTC/USD"

Level = tuple[int, int]
Update = tuple[int, int, int]
"""Side, price, size; a size of 0 removes the level."""


class Stream:
    """Makes updates one after the other; `bids` are kept ascending, `asks` too."""

    def __init__(self, levels: int, seed: int) -> None:
        self.random = Random(seed)
        self.prices: dict[int, list[int]] = {BID: [], ASK: []}
        self.activity = max(2.0, min(12.0, levels / 4))
        for side in (BID, ASK):
            price = MIDDLE
            for _ in range(levels):
                price -= side * self.gap()
                self.prices[side].append(price)
        self.prices[BID].reverse()
        self.snapshot: dict[int, list[Level]] = {
            BID: [(price, self.size()) for price in reversed(self.prices[BID])],
            ASK: [(price, self.size()) for price in self.prices[ASK]],
        }

    def gap(self) -> int:
        return 1 + int(self.random.expovariate(0.9))

    def size(self) -> int:
        return int(self.random.lognormvariate(0, 1.6) * 10**7) + 1000

    def best(self, side: int) -> int:
        return self.prices[side][-1 if side == BID else 0]

    def worst(self, side: int) -> int:
        return self.prices[side][0 if side == BID else -1]

    def add(self, side: int, price: int) -> Update:
        insort(self.prices[side], price)
        return side, price, self.size()

    def remove(self, side: int, price: int) -> Update:
        self.prices[side].remove(price)
        return side, price, 0

    def step(self) -> list[Update]:
        """One thing that happens in a market, as the updates that a venue would send for it."""
        side = self.random.choice((BID, ASK))
        kind = self.random.random()
        if kind < 0.06:
            return self.move(side)
        near = min(len(self.prices[side]) - 1, int(self.random.expovariate(1 / self.activity)))
        price = self.prices[side][-1 - near if side == BID else near]
        if kind < 0.72 or (near == 0 and kind < 0.86):
            return [(side, price, self.size())]
        if kind < 0.86:
            return [self.remove(side, price), self.add(side, self.worst(side) - side * self.gap())]
        new = price - side * (1 + int(self.random.expovariate(1)))
        if new in self.prices[side]:
            return [(side, new, self.size())]
        return [self.add(side, new), self.remove(side, self.worst(side))]

    def move(self, side: int) -> list[Update]:
        """The best of a side goes, and the other side steps in."""
        made = [self.remove(side, self.best(side))]
        stepped = self.best(-side) + -side * (1 + int(self.random.expovariate(1.2)))
        if (self.best(side) - stepped) * side < 0:
            made += [self.add(-side, stepped), self.remove(-side, self.worst(-side))]
        return [*made, self.add(side, self.worst(side) - side * self.gap())]


@cache
def updates(levels: int, count: int, seed: int = 7) -> tuple[list[Level], list[Level], list[Update]]:
    """Return a snapshot (bids, asks, best first) and `count` updates of it."""
    stream = Stream(levels, seed)
    made: list[Update] = []
    while len(made) < count:
        made += stream.step()
    return stream.snapshot[BID], stream.snapshot[ASK], made[:count]


def price_text(price: int) -> str:
    """Write a price as Kraken does for this pair."""
    return f"{price // 10}.{price % 10}"


def size_text(size: int) -> str:
    """Write a size as Kraken does for this pair."""
    return f"{size // 10**8}.{size % 10**8:08d}"


def frame(kind: str, bids: list[Level], asks: list[Level], checksum: int, microseconds: int) -> bytes:
    """Write one `book` message."""

    def rows(levels: list[Level]) -> str:
        return ",".join(f'{{"price":{price_text(price)},"qty":{size_text(size)}}}' for price, size in levels)

    time = f"2026-11-22T10:{microseconds // 60_000_000 % 60:02d}:{microseconds // 1_000_000 % 60:02d}"
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{SYMBOL}","bids":[{rows(bids)}],"asks":[{rows(asks)}],'
        f'"checksum":{checksum},"timestamp":"{time}.{microseconds % 1_000_000:06d}Z"}}]}}'
    ).encode()


@cache
def kraken_frames(levels: int, count: int, seed: int = 11) -> tuple[bytes, list[bytes]]:
    """Return a snapshot message and `count` updates of 1 to 6 levels each, all with their true checksums."""
    random = Random(seed)
    bids, asks, stream = updates(levels, int(count * 2.7) + 100, seed)
    book: dict[int, dict[int, int]] = {BID: dict(bids), ASK: dict(asks)}

    def checksum() -> int:
        best = [(price, book[ASK][price]) for price in nsmallest(10, book[ASK])]
        best += [(price, book[BID][price]) for price in nlargest(10, book[BID])]
        return crc32("".join(f"{price}{size}" for price, size in best).encode())

    snapshot = frame("snapshot", bids, asks, checksum(), 0)
    frames: list[bytes] = []
    position = 0
    for number in range(1, count + 1):
        length = random.choices((1, 2, 3, 4, 5, 6), (40, 28, 14, 9, 5, 4))[0]
        rows: dict[int, list[Level]] = {BID: [], ASK: []}
        for side, price, size in stream[position : position + length]:
            rows[side].append((price, size))
            book[side][price] = size
            if not size:
                del book[side][price]
        position += length
        # The client keeps no more than it subscribed to; the venue counts its checksum over the same.
        for side, furthest in ((BID, min), (ASK, max)):
            while len(book[side]) > levels:
                del book[side][furthest(book[side])]
        frames.append(frame("update", rows[BID], rows[ASK], checksum(), number * 1500))
    return snapshot, frames

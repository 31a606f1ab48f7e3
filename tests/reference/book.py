"""A book as two dictionaries, sorted at every look; and Kraken's book frames by way of `json` and `Fraction`."""

import json
from dataclasses import dataclass, field
from fractions import Fraction
from zlib import crc32

from .state_hash import fold


@dataclass
class Book:
    depth: int = 0
    price_precision: int = 0
    size_precision: int = 0
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    is_valid: bool = False
    version: int = 0

    def _side(self, side: int) -> dict[int, int]:
        return self.bids if side == 1 else self.asks

    def _set(self, side: int, price: int, size: int) -> None:
        if size:
            self._side(side)[price] = size
        else:
            self._side(side).pop(price, None)

    def apply_snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        self.bids, self.asks = {}, {}
        for side, levels in ((1, bids), (-1, asks)):
            for price, size in levels:
                self._set(side, price, size)
        self.truncate()
        self.is_valid = True
        self.version += 1

    def apply(self, side: int, price: int, size: int) -> None:
        self._set(side, price, size)
        self.version += 1

    def apply_many(self, levels: list[tuple[int, int, int]]) -> None:
        for level in levels:
            self._set(*level)
        self.truncate()
        self.version += 1

    def truncate(self) -> None:
        if self.depth:
            self.bids = dict(self.levels(1)[: self.depth])
            self.asks = dict(self.levels(-1)[: self.depth])

    def clear(self) -> None:
        self.bids, self.asks = {}, {}
        self.is_valid = False
        self.version += 1

    def invalidate(self) -> None:
        self.is_valid = False

    def levels(self, side: int, count: int = 0) -> list[tuple[int, int]]:
        best_first = sorted(self._side(side).items(), reverse=side == 1)
        return best_first[:count] if count > 0 else best_first

    def top(self) -> tuple[int, int, int, int]:
        bid, ask = (*self.levels(1, 1), (0, 0))[0], (*self.levels(-1, 1), (0, 0))[0]
        return (*bid, *ask)

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids) and bool(self.asks) and max(self.bids) >= min(self.asks)

    def depth_within(self, side: int, price: int) -> int:
        depth = sum(size for at, size in self.levels(side) if (at - price) * side >= 0)
        return min(depth, 2**63 - 1)

    def vwap(self, side: int, size: int) -> tuple[int, int]:
        filled = cost = 0
        for price, available in self.levels(side):
            taken = min(available, size - filled)
            filled += taken
            cost += price * taken
        return filled, cost

    def checksum(self) -> int:
        return crc32("".join(f"{price}{size}" for side in (-1, 1) for price, size in self.levels(side, 10)).encode())

    def state_hash(self) -> int:
        state = 0
        for side in (1, -1):
            state = fold(state, len(self._side(side)))
            for price, size in self.levels(side):
                state = fold(fold(state, price), size)
        return state


def units(text: str, precision: int) -> int:
    """The decimal text of a JSON number as whole units; ValueError if it is not exactly some."""
    exact = Fraction(text) * 10**precision
    if exact.denominator != 1 or not 0 <= exact < 2**63:
        raise ValueError(text)
    return int(exact)


class KrakenBookDecoder:
    """Applies frames to one book; tells only whether the frame was well formed and named the symbol."""

    def __init__(self, symbol: str, book: Book) -> None:
        self.symbol = symbol
        self.book = book

    def apply(self, frame: bytes) -> bool:
        try:
            # As forgiving inside strings as the native decoder: what they hold beyond the names is not looked at.
            text = frame.decode("utf-8", "surrogateescape")
            message = json.loads(text, parse_float=str, parse_int=str, strict=False)
            if message["channel"] != "book":
                return False
            (data,) = message["data"]
            if data["symbol"] != self.symbol:
                return False
            levels = [
                (side, units(row["price"], self.book.price_precision), units(row["qty"], self.book.size_precision))
                for side, name in ((1, "bids"), (-1, "asks"))
                for row in data.get(name, [])
            ]
            checksum = int(data["checksum"])
            snapshot = {"snapshot": True, "update": False}[message["type"]]
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        if snapshot:
            self.book.clear()
        elif not self.book.is_valid:
            return True
        self.book.apply_many(levels)
        self.book.is_valid = self.book.checksum() == checksum
        return True

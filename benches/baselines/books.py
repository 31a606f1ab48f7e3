"""Order books as one writes them in Python: plain (dicts of floats) and tuned (dicts with sorted lists of keys)."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import orjson

BID, ASK = 1, -1


class PlainBook:
    """Two dicts, searched for their best when someone asks."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.sides: dict[int, dict[float, float]] = {BID: {}, ASK: {}}

    def apply(self, side: int, price: float, size: float) -> None:
        if size:
            self.sides[side][price] = size
        else:
            self.sides[side].pop(price, None)

    def apply_text(self, side: int, price: str, size: str) -> None:
        self.apply(side, float(price), float(size))

    def top(self) -> tuple[float, float, float, float]:
        bids, asks = self.sides[BID], self.sides[ASK]
        bid, ask = max(bids), min(asks)
        return bid, bids[bid], ask, asks[ask]

    def message(self, raw: bytes) -> bool:
        """Apply one `book` message of Kraken, and check it: sort, print, sum."""
        message = json.loads(raw)
        if message.get("channel") != "book":
            return False
        data = message["data"][0]
        if message["type"] == "snapshot":
            self.sides = {BID: {}, ASK: {}}
        for side, name in ((BID, "bids"), (ASK, "asks")):
            for row in data[name]:
                self.apply(side, row["price"], row["qty"])
        bids, asks = sorted(self.sides[BID], reverse=True), sorted(self.sides[ASK])
        for price in bids[self.depth :]:
            del self.sides[BID][price]
        for price in asks[self.depth :]:
            del self.sides[ASK][price]
        text = ""
        for side, prices in ((ASK, asks), (BID, bids)):
            for price in prices[:10]:
                text += f"{price:.1f}".replace(".", "").lstrip("0")
                text += f"{self.sides[side][price]:.8f}".replace(".", "").lstrip("0")
        if crc32(text.encode()) != data["checksum"]:
            raise ValueError("checksum")
        return True


class TunedBook:
    """A dict and a sorted list of keys a side (bids negated), and the texts of the checksum kept."""

    __slots__ = ("ask_keys", "ask_texts", "asks", "bid_keys", "bid_texts", "bids", "checked", "depth")

    def __init__(self, depth: int = 0, checked: bool = False) -> None:
        self.depth = depth
        self.checked = checked
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.bid_keys: list[float] = []
        self.ask_keys: list[float] = []
        self.bid_texts: dict[float, bytes] = {}
        self.ask_texts: dict[float, bytes] = {}

    def apply(self, side: int, price: float, size: float) -> None:
        if side == BID:
            levels, keys, price = self.bids, self.bid_keys, -price
        else:
            levels, keys = self.asks, self.ask_keys
        if size:
            if price not in levels:
                insort(keys, price)
            levels[price] = size
        elif price in levels:
            del levels[price]
            del keys[bisect_left(keys, price)]

    def apply_text(self, side: int, price: str, size: str) -> None:
        self.apply(side, float(price), float(size))

    def apply_many(self, updates: Iterable[tuple[int, float, float]]) -> None:
        bids, asks, bid_keys, ask_keys = self.bids, self.asks, self.bid_keys, self.ask_keys
        for side, price, size in updates:
            if side == BID:
                levels, keys, key = bids, bid_keys, -price
            else:
                levels, keys, key = asks, ask_keys, price
            if size:
                if key not in levels:
                    insort(keys, key)
                levels[key] = size
            elif key in levels:
                del levels[key]
                del keys[bisect_left(keys, key)]

    def top(self) -> tuple[float, float, float, float]:
        bid, ask = self.bid_keys[0], self.ask_keys[0]
        return -bid, self.bids[bid], ask, self.asks[ask]

    def vwap(self, size: float) -> float:
        left, cost, asks = size, 0.0, self.asks
        for price in self.ask_keys:
            there = asks[price]
            if there >= left:
                return (cost + left * price) / size
            cost += there * price
            left -= there
        return 0.0

    def message(self, raw: bytes) -> bool:
        """Apply one `book` message of Kraken, and check it where that was asked for."""
        message = orjson.loads(raw)
        if message.get("channel") != "book":
            return False
        data = message["data"][0]
        if message["type"] == "snapshot":
            for levels in (self.bids, self.asks, self.bid_keys, self.ask_keys):
                levels.clear()
        self._side(data["bids"], self.bids, self.bid_keys, self.bid_texts, -1)
        self._side(data["asks"], self.asks, self.ask_keys, self.ask_texts, 1)
        if self.checked:
            asks, bids = self.ask_texts, self.bid_texts
            texts = [asks[key] for key in self.ask_keys[:10]] + [bids[key] for key in self.bid_keys[:10]]
            if crc32(b"".join(texts)) != data["checksum"]:
                raise ValueError("checksum")
        return True

    def _side(
        self, rows: Any, levels: dict[float, float], keys: list[float], texts: dict[float, bytes], sign: int
    ) -> None:
        checked = self.checked
        for row in rows:
            size = row["qty"]
            key = row["price"] * sign
            if size:
                if key not in levels:
                    insort(keys, key)
                levels[key] = size
                if checked:
                    texts[key] = b"%d%d" % (round(row["price"] * 10), round(size * 1e8))
            elif key in levels:
                del levels[key]
                del keys[bisect_left(keys, key)]
        depth = self.depth
        while len(keys) > depth:
            del levels[keys.pop()]

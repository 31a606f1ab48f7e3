"""MEXC Spot's depth frames by way of `protobuf`, two dictionaries and the rule of versions as the venue words it."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.message import DecodeError

from .book import Book, units
from .mexc_proto import wrapper

Span = tuple[int, int, list[tuple[int, int, int]]]


class MexcBookDecoder:
    """Keeps one book; `apply` tells what became of a frame: "malformed", "other", "waits", "lags", "gap" or "ok"."""

    def __init__(self, symbol: str, book: Book) -> None:
        self.symbol, self.book = symbol, book
        self.version = 0
        self.is_first = True
        self.pending: list[Span] = []

    def apply(self, frame: bytes) -> str:
        if frame.startswith(b"snapshot "):
            return self._snapshot(frame)
        message = wrapper()
        try:
            message.ParseFromString(frame)
        except DecodeError:
            return "malformed"
        if message.WhichOneof("body") != "publicAggreDepths":
            return "other"
        if (message.symbol or message.channel.rpartition("@")[2]) != self.symbol:
            return "other"
        body = message.publicAggreDepths
        try:
            levels = [self._level(-1, item.price, item.quantity) for item in body.asks]
            levels += [self._level(1, item.price, item.quantity) for item in body.bids]
            first, last = version(body.fromVersion), version(body.toVersion)
            if first > last:
                raise ValueError("versions")
        except ValueError:
            return "malformed"
        return self._push((first, last, levels))

    def lose(self) -> None:
        self.book.invalidate()
        self.version, self.pending = 0, []

    def _push(self, span: Span) -> str:
        first, last, levels = span
        if not self.version:
            if self.pending and self.pending[-1][1] + 1 != first:
                self.pending = []
            self.pending.append(span)
            return "waits"
        if self.is_first and last <= self.version:
            return "ok"
        if not (first == self.version + 1 or (self.is_first and first <= self.version)):
            self.lose()
            self.pending = [span]
            return "gap"
        self.is_first = False
        self.version = last
        self.book.apply_many(levels)
        return "ok"

    def _snapshot(self, frame: bytes) -> str:
        line, _, body = frame.partition(b"\n")
        if line != f"snapshot {self.symbol}".encode():
            return "other"
        try:
            reply: Any = json.loads(body)
            last = version(str(reply["lastUpdateId"]))
            levels = [self._level(1, *row) for row in reply["bids"]] + [self._level(-1, *row) for row in reply["asks"]]
        except (ValueError, KeyError, TypeError):
            return "malformed"
        if self.version:
            return "ok"
        later = [span for span in self.pending if span[1] > last]
        if later and later[0][0] > last + 1:
            self.pending = later
            return "lags"
        self.book.clear()
        self.book.apply_many(levels)
        self.version, self.is_first, self.pending = last, True, []
        for span in later:
            assert self._push(span) == "ok"
        self.book.is_valid = True
        return "ok"

    def _level(self, side: int, price: str, size: str) -> tuple[int, int, int]:
        for text in (price, size):
            if not text or not text.isascii() or not text.replace(".", "", 1).isdigit():
                raise ValueError(text)
        level = side, units(price, self.book.price_precision), units(size, self.book.size_precision)
        if not level[1]:
            raise ValueError(price)
        return level


def version(text: str) -> int:
    """A version above zero."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63):
        raise ValueError(text)
    return int(text)

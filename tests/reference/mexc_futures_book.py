"""MEXC Futures' depth messages by way of `json`, two dictionaries and the rule of versions as the venue words it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from .book import Book

Span = tuple[int, int, list[tuple[int, int, int]]]


class MexcFuturesBookDecoder:
    """Keeps one book; `apply` tells what became of a payload: "malformed", "other", "waits", "lags", "gap" or "ok"."""

    def __init__(self, symbol: str, book: Book) -> None:
        self.symbol, self.book = symbol, book
        self.version = 0
        self.is_first = True
        self.kept = 0
        self.pending: list[Span] = []

    def apply(self, payload: bytes) -> str:
        head, _, body = payload.partition(b"\n")
        for kind in ("snapshot", "commits"):
            if head == f"{kind} {self.symbol}".encode():
                try:
                    data = json.loads(body, parse_float=Decimal)["data"]
                    return self._snapshot(data) if kind == "snapshot" else self._commits(data)
                except (ValueError, KeyError, TypeError, ArithmeticError):
                    return "malformed"
        try:
            message = json.loads(payload, parse_float=Decimal)
        except ValueError:
            return "malformed" if payload.startswith(b"{") else "other"
        if message.get("channel") != "push.depth" or message.get("symbol") != self.symbol:
            return "other"
        try:
            data = message["data"]
            last = version(data.get("end", data.get("version")))
            first = version(data.get("begin", last))
            if first > last:
                raise ValueError("versions")
            span = (first, last, self._levels(data))
        except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError):
            self.lose()
            return "malformed"
        return self._push(span)

    def lose(self) -> None:
        self.book.is_valid = False
        self.version, self.kept, self.pending = 0, 0, []

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
            kept = self.version
            self.lose()
            self.kept, self.pending = kept, [span]
            return "gap"
        self.is_first = False
        self.version = last
        self.book.apply_many(levels)
        return "ok"

    def _snapshot(self, data: Any) -> str:
        last, levels = version(data["version"]), self._levels(data)
        if self.version:
            return "ok"
        if not self._reaches(last):
            return "lags"
        self.book.clear()
        self.book.apply_many(levels)
        return self._resume(last)

    def _commits(self, data: Any) -> str:
        rows = sorted(((version(row["version"]), self._levels(row)) for row in data), key=lambda row: row[0])
        if self.version:
            return "ok"
        if not self.kept:
            return "lags"
        newer = [row for row in rows if row[0] > self.kept]
        last = self.kept
        for each, _ in newer:
            if each > last + 1:
                return "lags"
            last = each
        if not self._reaches(last):
            return "lags"
        for _, levels in newer:
            self.book.apply_many(levels)
        return self._resume(last)

    def _reaches(self, last: int) -> bool:
        self.pending = [span for span in self.pending if span[1] > last]
        return not self.pending or self.pending[0][0] <= last + 1

    def _resume(self, last: int) -> str:
        later, self.pending = self.pending, []
        self.version, self.is_first, self.kept = last, True, 0
        for span in later:
            assert self._push(span) == "ok"
        self.book.is_valid = True
        return "ok"

    def _levels(self, data: Any) -> list[tuple[int, int, int]]:
        return [self._level(-1, *row) for row in data["asks"]] + [self._level(1, *row) for row in data["bids"]]

    def _level(self, side: int, price: Any, size: Any, *_: Any) -> tuple[int, int, int]:
        scaled = [
            Decimal(price).scaleb(self.book.price_precision),
            Decimal(size).scaleb(self.book.size_precision),
        ]
        if any(type(value) not in (int, Decimal) for value in (price, size)):
            raise TypeError(price)
        if any(value != int(value) or value < 0 for value in scaled) or not scaled[0]:
            raise ValueError(price)
        return side, int(scaled[0]), int(scaled[1])


def version(value: Any) -> int:
    """A version above zero."""
    if type(value) is not int or value <= 0:
        raise ValueError(value)
    return value

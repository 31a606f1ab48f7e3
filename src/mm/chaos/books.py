"""The books of a venue as the bytes say them that reach the bot, for the judge: whether anything may be priced by one.

One small book a symbol, with plain dictionaries and no speed: Kraken's by its checksum, MEXC's by versions that follow
one another from a snapshot on. Nothing of the bot is imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

import orjson

from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT

MS: Final = 1_000_000
HEADS: Final = {KRAKEN: b'"channel":"book"', MEXC_SPOT: b"aggre.depth", MEXC_FUTURES: b"push.depth"}
"""How a message with a book is told from others, by its first bytes; of MEXC Futures by any."""
STILL_MOVES: Final = 20
"""Changes of one side's best while the other side stands still."""
SAMPLE_NS: Final = 100 * MS
"""Between two looks at how late a message is."""
MEASURED_NS: Final = 35_000 * MS
"""A bot measures a venue's clock each half minute: by then it knows that it is right again."""
JUMP_NS: Final = 15 * 60_000 * MS
"""A time that is further off says nothing of how late a message is (F34): a venue's servers are an hour apart at
times."""
PENDING_MAX: Final = 2000
NEVER: Final = "no book was heard"

Level = tuple[int, str, str]
"""Side, price and size as they are written."""
Push = tuple[int, int, list[Level]]
"""First and last version, and what changed."""


class Book:
    """One symbol's. why: what makes it none, '' where it is the venue's."""

    def __init__(self) -> None:
        self.why = NEVER
        self.heard_ns = self.snapshot_ns = 0
        self.lates = 0
        """Messages in a row that were late by the venue's time."""
        self._sampled_ns = 0
        self._sides: dict[int, dict[Decimal, tuple[str, str]]] = {1: {}, -1: {}}
        self._tops: dict[int, tuple[Any, ...]] = {1: (), -1: ()}
        self._top_ns = {1: 0, -1: 0}
        self._moves = {1: 0, -1: 0}
        """Changes of the other side's best since the last of this one."""
        self._version = 0
        self._pending: list[Push] = []

    def lose(self, why: str) -> None:
        """Nothing of it holds until a snapshot."""
        self.why = why
        self._pending = []

    def best(self, side: int) -> Decimal | None:
        """The best price of a side."""
        prices = self._sides[side]
        return (max(prices) if side > 0 else min(prices)) if prices else None

    def doubt(self) -> str:
        """Why it is no market, '' where it is."""
        bid, ask = self.best(1), self.best(-1)
        if self.why:
            return self.why
        if bid is None or ask is None:
            return "a side is empty"
        return f"{bid} is bid and {ask} asked" if bid >= ask else ""

    def still(self, now_ns: int, age_ns: int) -> str:
        """Which side has stood still for longer while the other moved, '' for none."""
        for side, name in ((1, "bids"), (-1, "asks")):
            if self._moves[side] >= STILL_MOVES and now_ns - self._top_ns[side] > age_ns:
                return f"the {name} stand still for {(now_ns - self._top_ns[side]) // MS} ms"
        return ""

    def snapshot(self, now_ns: int, levels: Iterable[Level], version: int = 0) -> None:
        """A whole book."""
        if not self.why and version < self._version:
            return
        self._sides = {1: {}, -1: {}}
        self._put(levels)
        self._version = version
        self.why, self.snapshot_ns = "", now_ns
        pending, self._pending = self._pending, []
        for push in pending:
            self.push(now_ns, *push)
        self._moved(now_ns)

    def push(self, now_ns: int, first: int, last: int, levels: list[Level]) -> bool:
        """Changes that cover these versions. Returns whether they are news: what is older than the book says nothing of
        it, nor of how late it is."""
        if not self.why and last <= self._version:
            return False
        if self.why:
            if self._pending and first != self._pending[-1][1] + 1:
                # What came before a gap is in the snapshot that is to come, or reaches to where nothing leads.
                self._pending = []
            self._pending = [*self._pending[-PENDING_MAX:], (first, last, levels)]
        elif first > self._version + 1:
            self.lose(f"version {first} came after {self._version}")
            self._pending = [(first, last, levels)]
        elif self._take(levels):
            self._version = last
            self._moved(now_ns)
        return True

    def mend(self, now_ns: int, rows: Iterable[tuple[int, list[Level]]]) -> None:
        """Single changes, each of one version, that a gap may have left out."""
        known = dict(rows)
        if not self.why or not self._version:
            return
        version = self._version
        while version + 1 in known:
            version += 1
            self._put(known[version])
        if version in known:
            self._version, self.why = version, ""
            pending, self._pending = self._pending, []
            for push in pending:
                self.push(now_ns, *push)
            self._moved(now_ns)

    def update(self, now_ns: int, levels: list[Level], depth: int, checksum: int) -> None:
        """Changes of Kraken's book; what falls out of its depth is not told."""
        if self.why or not self._take(levels):
            return
        for side, prices in self._sides.items():
            for price in sorted(prices, reverse=side > 0)[depth:]:
                del prices[price]
        self.check(checksum)
        if not self.why:
            self._moved(now_ns)

    def check(self, checksum: int) -> None:
        """Hold it against the venue's sum of its best ten levels."""
        digits = [
            text.replace(".", "").lstrip("0")
            for side in (-1, 1)
            for price in sorted(self._sides[side], reverse=side > 0)[:10]
            for text in self._sides[side][price]
        ]
        if crc32("".join(digits).encode()) != checksum:
            self.lose("its checksum does not fit")

    def heard(self, now_ns: int, late_ns: int, late_max_ns: int) -> None:
        """A message of it came, so much behind the venue's time."""
        if self.doubt():
            return
        self.heard_ns = now_ns
        if now_ns - self._sampled_ns >= SAMPLE_NS and self.snapshot_ns != now_ns:
            self._sampled_ns = now_ns
            if abs(late_ns) <= JUMP_NS:
                self.lates = self.lates + 1 if late_ns > late_max_ns else 0

    def _take(self, levels: list[Level]) -> bool:
        """Whether these are levels: of a message with one that is none nothing is known to be so."""
        try:
            self._put(levels)
        except (ValueError, InvalidOperation) as error:
            self.lose(f"{error} is no level")
            return False
        return True

    def _put(self, levels: Iterable[Level]) -> None:
        read = [(side, Decimal(price), Decimal(size), (price, size)) for side, price, size in levels]
        for _, price, size, texts in read:
            if not (price.is_finite() and size.is_finite() and price > 0 and size >= 0):
                raise ValueError(texts)
        for side, price, size, texts in read:
            if size:
                self._sides[side][price] = texts
            else:
                self._sides[side].pop(price, None)

    def _moved(self, now_ns: int) -> None:
        if self.doubt():
            return
        for side in (1, -1):
            best = self.best(side)
            top = (best, self._sides[side][best]) if best is not None else ()
            if top != self._tops[side]:
                self._tops[side], self._top_ns[side], self._moves[side] = top, now_ns, 0
                self._moves[-side] += 1


class Books:
    """Those of one venue. skew_ns: asks how far its clock is off, by a hook; symbols: as the simulator has them."""

    def __init__(self, venue: str, symbols: Iterable[str], lag_ns_max: int, skew_ns: Callable[[], int]) -> None:
        self._venue, self._lag_ns_max, self._skew_ns = venue, lag_ns_max, skew_ns
        self.by_symbol = {symbol: Book() for symbol in symbols}
        self._names = {"".join(filter(str.isalnum, symbol.partition(":")[0])): symbol for symbol in self.by_symbol}
        self._depth = 10
        self._skewed_ns = 0
        """When the venue's clock was off last."""

    def is_book(self, payload: bytes) -> bool:
        """Whether a message is one of a book."""
        return HEADS[self._venue] in (payload if self._venue == MEXC_FUTURES else payload[:80])

    def down(self) -> None:
        """The stream has ended."""
        for book in self.by_symbol.values():
            book.lose(NEVER)
            book.heard_ns = book.lates = 0

    def reset(self, symbol: str, at_ns: int, reason: str) -> None:
        """The bot has written that it trusts a book no more, "" for all of them: a newer snapshot ends that."""
        for name, book in self.by_symbol.items():
            if symbol in ("", name) and book.snapshot_ns < at_ns and not book.why:
                book.lose(f"the bot wrote: {reason}")

    def asked(self, payload: bytes) -> None:
        """The bot subscribes."""
        if b'"book"' in payload:
            self._depth = int(json.loads(payload).get("params", {}).get("depth", self._depth))

    def told(self, now_ns: int, payload: bytes) -> None:
        """A message of a book reaches the bot."""
        try:
            if self._venue == KRAKEN:
                self._kraken(now_ns, payload)
            elif self._venue == MEXC_SPOT:
                self._spot(now_ns, payload)
            else:
                self._futures(now_ns, payload)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, InvalidOperation):
            # Of which symbol is not known: the venue's books all miss it, by their checksums and versions.
            pass

    def answered(self, now_ns: int, path: str, status: int, body: bytes) -> None:
        """An answer over HTTP reaches the bot."""
        parts = urlsplit(path)
        try:
            if status != 200 or "/depth" not in parts.path:
                return
            said = orjson.loads(body)
            if self._venue == MEXC_SPOT:
                book = self._named(dict(parse_qsl(parts.query))["symbol"])
                book.snapshot(now_ns, _pairs(said), int(said["lastUpdateId"]))
            else:
                words = parts.path.split("/depth", 1)[1].split("/")
                book, said = self._named(words[1]), said["data"]
                if words[0]:
                    book.mend(now_ns, [(int(row["version"]), _pairs(row)) for row in said])
                else:
                    book.snapshot(now_ns, _pairs(said), int(said["version"]))
            book.heard(now_ns, 0, self._lag_ns_max)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, InvalidOperation):
            pass

    def _named(self, name: str) -> Book:
        return self.by_symbol[self._names["".join(filter(str.isalnum, name))]]

    def _heard(self, now_ns: int, book: Book, venue_ns: int) -> None:
        if self._skew_ns():
            self._skewed_ns = now_ns
        is_judged = now_ns - self._skewed_ns > MEASURED_NS
        book.heard(now_ns, now_ns - venue_ns if is_judged else 0, self._lag_ns_max)

    def _kraken(self, now_ns: int, payload: bytes) -> None:
        # The sum is over the digits as they are written.
        said = json.loads(payload, parse_float=str, parse_int=str)
        for each in said["data"]:
            book = self._named(each["symbol"])
            levels = [
                (side, level["price"], level["qty"])
                for side, name in ((1, "bids"), (-1, "asks"))
                for level in each.get(name, ())
            ]
            checksum = int(each["checksum"])
            if said["type"] == "snapshot":
                book.why = NEVER
                book.snapshot(now_ns, levels)
                book.check(checksum)
            else:
                book.update(now_ns, levels, self._depth, checksum)
            time = datetime.fromisoformat(each["timestamp"])
            self._heard(now_ns, book, int(time.timestamp() * 1000) * MS)

    def _spot(self, now_ns: int, payload: bytes) -> None:
        said = fields(payload)
        book = self._named(said[3][0].decode())
        body = fields(said[313][0])
        levels = [
            (side, level[1][0].decode(), level.get(2, [b"0"])[0].decode())
            for side, field in ((-1, 1), (1, 2))
            for level in map(fields, body.get(field, ()))
        ]
        if book.push(now_ns, int(body[4][0]), int(body[5][0]), levels) and 6 in said:
            self._heard(now_ns, book, said[6][0] * MS)

    def _futures(self, now_ns: int, payload: bytes) -> None:
        said = orjson.loads(payload)
        data = said["data"]
        last = int(data.get("end", data["version"]))
        book = self._named(said["symbol"])
        if book.push(now_ns, int(data.get("begin", last)), last, _pairs(data)):
            self._heard(now_ns, book, int(said["ts"]) * MS)


def skew_of(venue: Any) -> int:
    """How far a venue's clock is off, by a hook."""
    return int(venue.skew_ns if hasattr(venue, "skew_ns") else venue._desk.skew_ns)


def _pairs(said: Any) -> list[Level]:
    return [(side, str(level[0]), str(level[1])) for side, name in ((1, "bids"), (-1, "asks")) for level in said[name]]


def fields(payload: bytes) -> dict[int, list[Any]]:
    """A message of protocol buffers by the number of its fields: numbers and texts alone. Raises IndexError where it
    ends too early, ValueError for other kinds."""
    found: dict[int, list[Any]] = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = payload[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(payload):
        key = number()
        if key & 7 == 2:
            size = number()
            if at + size > len(payload):
                raise IndexError(size)
            found.setdefault(key >> 3, []).append(payload[at : at + size])
            at += size
        elif key & 7 == 0:
            found.setdefault(key >> 3, []).append(number())
        else:
            raise ValueError(f"wire type {key & 7}")
    return found

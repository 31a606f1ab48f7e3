"""What anybody could know of a book who heard the same messages: a slow twin by each venue's own rules.

It shares no code with the bot, and with the judge the reader of protocol buffers alone. A book is whole when a snapshot
and every change after it were heard and nothing speaks against them: Kraken's checksum, MEXC's versions.
"""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from zlib import crc32

from mm.chaos.books import fields

CHECKSUM_LEVELS = 10


class Heard:
    """bids, asks: price to size, as Decimals; is_whole: they are the venue's; why: not; news_ns: of the last message
    that told something of a book that was whole afterwards; resets: how often the book was lost."""

    depth = 0

    def __init__(self):
        self.bids, self.asks = {}, {}
        self.is_whole = False
        self.why = "nothing was heard"
        self.news_ns = 0
        self.resets = 0

    def lose(self, why):
        if self.is_whole:
            self.resets += 1
        self.is_whole, self.why = False, why

    def closed(self):
        self.lose("the stream ended")

    def frame(self, now_ns, payload):
        """A message of the public stream."""
        try:
            self._frame(now_ns, payload)
        except (ValueError, ArithmeticError, KeyError, IndexError, TypeError, AttributeError) as error:
            # What cannot be read may have been a change.
            self.lose(f"unreadable: {error!r}")

    def reply(self, now_ns, body):
        """The answer to a read; what is no book tells nothing."""
        with suppress(ValueError, ArithmeticError, KeyError, IndexError, TypeError, AttributeError):
            self._reply(now_ns, body)

    def _reply(self, now_ns, body):
        pass

    def best(self):
        return max(self.bids, default=None), min(self.asks, default=None)

    def problem(self, now_ns, age_ns):
        """Why no order may be priced from the book now, '' where it may."""
        bid, ask = self.best()
        if not self.is_whole:
            return self.why
        if bid is None or ask is None:
            return "a side is empty"
        if bid >= ask:
            return f"crossed: {bid} {ask}"
        if now_ns - self.news_ns > age_ns:
            return f"{(now_ns - self.news_ns) / 1e9:.3f} s old"
        return ""

    def _set(self, half, price, size):
        price, size = Decimal(price), Decimal(size)
        if not (price.is_finite() and size.is_finite() and 0 < price < 10**15 and 0 <= size < 10**15):
            raise ValueError(f"{price} {size}")
        if size:
            half[price] = size
        else:
            half.pop(price, None)


class KrakenHeard(Heard):
    """precisions: of prices and sizes, for the checksum."""

    depth = 100
    symbol = "BTC/USD"
    precisions = (1, 8)

    def _frame(self, now_ns, payload):
        message = json.loads(payload, parse_float=str, parse_int=str)
        if message.get("channel") != "book":
            return
        (data,) = message["data"]
        if data["symbol"] != self.symbol:
            return
        if message["type"] == "snapshot":
            self.bids, self.asks = {}, {}
        elif message["type"] != "update":
            raise ValueError(message["type"])
        elif not self.is_whole:
            return
        for half, name in ((self.bids, "bids"), (self.asks, "asks")):
            for level in data[name]:
                self._set(half, level["price"], level["qty"])
        self.bids = dict(sorted(self.bids.items(), reverse=True)[: self.depth])
        self.asks = dict(sorted(self.asks.items())[: self.depth])
        if self._checksum() == int(data["checksum"]):
            self.is_whole, self.news_ns = True, now_ns
        else:
            self.lose("the checksum")

    def _checksum(self):
        best = list(self.asks.items())[:CHECKSUM_LEVELS] + list(self.bids.items())[:CHECKSUM_LEVELS]
        prices, sizes = self.precisions
        digits = "".join(f"{int(price.scaleb(prices))}{int(size.scaleb(sizes))}" for price, size in best)
        return crc32(digits.encode())


class VersionedHeard(Heard):
    """A book of MEXC: pushes with ranges of versions, and whole books over REST."""

    def __init__(self):
        super().__init__()
        self.pushes = []
        self.version = 0
        self.is_fresh = False

    def lose(self, why):
        super().lose(why)
        self.pushes = []

    def _push(self, now_ns, first, last, levels):
        for _, price, size in levels:
            self._set({}, price, size)
        if self.is_whole:
            if self.is_fresh and last <= self.version:
                # Older than the snapshot.
                return
            if first == self.version + 1 or (self.is_fresh and first <= self.version):
                self._apply(last, levels)
                self.is_fresh, self.news_ns = False, now_ns
                return
            super().lose(f"versions {first} to {last} after {self.version}")
        if self.pushes and self.pushes[-1][1] + 1 != first:
            self.pushes = []
        self.pushes.append((first, last, levels))

    def _whole(self, now_ns, version, levels):
        if self.is_whole:
            if version < self.version:
                return
            # Nothing was missed, and this is news.
            self.pushes = []
        later = [push for push in self.pushes if push[1] > version]
        if later and later[0][0] > version + 1:
            return
        self.bids, self.asks = {}, {}
        self._apply(version, levels)
        for _, last, changes in later:
            self._apply(last, changes)
        self.pushes, self.is_fresh = [], not later
        self.is_whole, self.news_ns = True, now_ns

    def _apply(self, version, levels):
        for half, price, size in levels:
            self._set(self.bids if half == "bids" else self.asks, price, size)
        self.version = version


class FuturesHeard(VersionedHeard):
    def _frame(self, now_ns, payload):
        message = json.loads(payload, parse_float=str, parse_int=str)
        if message.get("channel") == "push.depth":
            data = message["data"]
            last = int(data.get("end", data["version"]))
            self._push(now_ns, int(data.get("begin", last)), last, levels_of(data))

    def _reply(self, now_ns, body):
        data = json.loads(body, parse_float=str, parse_int=str).get("data")
        if isinstance(data, dict) and "asks" in data and "version" in data:
            self._whole(now_ns, int(data["version"]), levels_of(data))
        elif isinstance(data, list) and data and all(isinstance(each, dict) and "asks" in each for each in data):
            self._repair(now_ns, sorted(data, key=lambda each: int(each["version"])))

    def _repair(self, now_ns, commits):
        """The changes between the version before a gap and the pushes after it."""
        if self.is_whole or not self.pushes or not self.version:
            return
        last, changes = self.version, []
        for commit in commits:
            if int(commit["version"]) == last + 1:
                last += 1
                changes += levels_of(commit)
        later = [push for push in self.pushes if push[1] > last]
        if later and later[0][0] > last + 1:
            return
        self._apply(last, changes)
        for _, until, more in later:
            self._apply(until, more)
        self.pushes = []
        self.is_whole, self.news_ns = True, now_ns


class SpotHeard(VersionedHeard):
    def _frame(self, now_ns, payload):
        if payload.startswith(b"{"):
            return
        wrapper = fields(payload)
        if 313 not in wrapper:
            return
        body = fields(wrapper[313][0])
        levels = []
        for number, half in ((1, "asks"), (2, "bids")):
            for each in body.get(number, ()):
                level = fields(each)
                levels.append((half, level[1][0].decode(), level.get(2, [b"0"])[0].decode()))
        self._push(now_ns, int(body[4][0]), int(body[5][0]), levels)

    def _reply(self, now_ns, body):
        data = json.loads(body, parse_float=str, parse_int=str)
        if isinstance(data, dict) and "lastUpdateId" in data:
            levels = [(half, level[0], level[1]) for half in ("asks", "bids") for level in data[half]]
            self._whole(now_ns, int(data["lastUpdateId"]), levels)


def levels_of(data):
    return [(half, level[0], level[1]) for half in ("asks", "bids") for level in data.get(half) or ()]

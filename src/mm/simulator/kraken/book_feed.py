"""The `book` channel: the venue's displayed book, its checksum, and one window of it for each subscribed depth.

A window remembers what its subscribers hold: the best `depth` levels of each side. An update carries removals, then
changes inside the window in the order in which they happened (so a price may occur twice), then the levels that enter
at the bottom, and no removal for levels that fall out: the subscriber is expected to truncate. Removals come first in
every recorded message too, so a subscriber that truncates after each entry ends with the same levels as one that
truncates after the message.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final
from zlib import crc32

from mm.simulator.kraken.texts import fixed, rfc3339
from mm.simulator.orders import BUY, SELL, BookChange, SimInstrument

DEPTHS: Final = (10, 25, 100, 500, 1000)
CHECKSUM_LEVELS: Final = 10

Entry = tuple[int, int]
"""Price and size in the instrument's units."""


class Side:
    """One side of the book; ranks are prices, negated for bids, so that the best level always comes first."""

    __slots__ = ("ranks", "sign", "sizes")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.ranks: list[int] = []
        self.sizes: dict[int, int] = {}

    def set(self, rank: int, size: int) -> None:
        """Replace the size at a rank; 0 removes the level."""
        if size > 0:
            if rank not in self.sizes:
                insort(self.ranks, rank)
            self.sizes[rank] = size
        elif self.sizes.pop(rank, None) is not None:
            del self.ranks[bisect_left(self.ranks, rank)]

    def best(self, count: int) -> list[Entry]:
        """The best levels, best first."""
        return [(rank * self.sign, self.sizes[rank]) for rank in self.ranks[:count]]


class Window:
    """What the subscribers of one depth hold of one side."""

    __slots__ = ("_depth", "_held", "_side")

    def __init__(self, side: Side, depth: int) -> None:
        self._side, self._depth = side, depth
        self._held = set(side.ranks[:depth])

    def update(self, changes: list[Entry]) -> list[Entry]:
        """The entries to send for changes (rank, size) that the side has already taken in."""
        side, depth, held = self._side, self._depth, self._held
        ranks, sizes = side.ranks, side.sizes
        wanted = min(depth, len(ranks))
        last = ranks[wanted - 1] if wanted else None
        entries: list[Entry] = []
        for rank, _ in changes:
            if rank not in sizes and rank in held:
                held.discard(rank)
                entries.append((rank * side.sign, 0))
        for rank, size in changes:
            if size > 0 and last is not None and rank <= last and rank in sizes:
                held.add(rank)
                entries.append((rank * side.sign, size))
        for index in range(wanted, len(ranks)):
            if len(held) <= wanted:
                break
            held.discard(ranks[index])
        for index in range(wanted - 1, -1, -1):
            if len(held) >= wanted:
                break
            rank = ranks[index]
            if rank not in held:
                held.add(rank)
                entries.append((rank * side.sign, sizes[rank]))
        return entries


class BookFeed:
    """One instrument's displayed book and its windows."""

    def __init__(self, instrument: SimInstrument) -> None:
        self._price_precision, self._size_precision = instrument.price_precision, instrument.size_precision
        self._symbol = instrument.symbol
        self.bids, self.asks = Side(-1), Side(1)
        self._windows: dict[int, tuple[Window, Window]] = {}
        self._bid_changes: list[Entry] = []
        self._ask_changes: list[Entry] = []
        self._time_ns = 0
        self.skew_ns = 0
        """How far the venue's clock is off, by a hook: its books tell that time too."""

    def apply(self, change: BookChange) -> None:
        """Take in a change; `updates` tells the subscribers."""
        self._time_ns = max(self._time_ns, change.time_ns)
        if change.side == BUY:
            self.bids.set(-change.price, change.size)
            self._bid_changes.append((-change.price, change.size))
        else:
            assert change.side == SELL
            self.asks.set(change.price, change.size)
            self._ask_changes.append((change.price, change.size))

    def watch(self, depth: int) -> None:
        """Keep a window of this depth from now on."""
        if depth not in self._windows:
            self._windows[depth] = (Window(self.bids, depth), Window(self.asks, depth))

    def unwatch(self, depth: int) -> None:
        """The last subscriber of this depth has gone."""
        self._windows.pop(depth, None)

    def best(self) -> tuple[Entry | None, Entry | None]:
        """Best bid and best ask."""
        bids, asks = self.bids.best(1), self.asks.best(1)
        return (bids[0] if bids else None), (asks[0] if asks else None)

    def checksum(self) -> int:
        """CRC-32 over the digits of the best ten asks and bids: plain integers have no point and no leading zeros."""
        levels = self.asks.best(CHECKSUM_LEVELS) + self.bids.best(CHECKSUM_LEVELS)
        return crc32("".join([f"{price}{size}" for price, size in levels]).encode())

    def snapshot(self, depth: int) -> str:
        """The snapshot message of a depth."""
        return self._message("snapshot", self.bids.best(depth), self.asks.best(depth), self.checksum())

    def updates(self, checksum_error: int = 0) -> dict[int, str]:
        """The update message of each depth for the changes since the last call; a depth without changes is left out.

        `checksum_error` is exclusive-ored into the checksums (a fault hook).
        """
        bid_changes, ask_changes = self._bid_changes, self._ask_changes
        if not bid_changes and not ask_changes:
            return {}
        self._bid_changes, self._ask_changes = [], []
        messages: dict[int, str] = {}
        checksum = -1
        for depth, (bid_window, ask_window) in self._windows.items():
            bids = bid_window.update(bid_changes) if bid_changes else []
            asks = ask_window.update(ask_changes) if ask_changes else []
            if bids or asks:
                if checksum < 0:
                    checksum = self.checksum() ^ checksum_error
                messages[depth] = self._message("update", bids, asks, checksum)
        return messages

    def there_and_back(self) -> list[tuple[int, str]]:
        """Depth and text of the messages by which a bid of every depth grows by one unit and shrinks again; none for a
        book that is thin. The book is afterwards what it was."""
        best = self.bids.best(min(DEPTHS))
        if len(best) < min(DEPTHS):
            return []
        price, size = best[-1]
        texts: list[tuple[int, str]] = []
        for each in (size + 1, size):
            self.apply(BookChange(self._symbol, BUY, price, each, self._time_ns))
            texts += self.updates().items()
        return texts

    def _message(self, kind: str, bids: list[Entry], asks: list[Entry], checksum: int) -> str:
        time = rfc3339(self._time_ns + self.skew_ns)
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self._symbol}","bids":[{self._levels(bids)}],'
            f'"asks":[{self._levels(asks)}],"checksum":{checksum},"timestamp":"{time}"}}]}}'
        )

    def _levels(self, entries: list[Entry]) -> str:
        price_precision, size_precision = self._price_precision, self._size_precision
        return ",".join(
            [
                f'{{"price":{fixed(price, price_precision)},"qty":{fixed(size, size_precision)}}}'
                for price, size in entries
            ]
        )

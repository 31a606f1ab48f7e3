"""The displayed book of one symbol with its version: every changed level is one version more."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import Final

from mm.simulator.orders import BUY, BookChange

UNDO_MAX: Final = 100_000
"""Changes remembered for a snapshot that lags: some minutes of the recording."""

Entry = tuple[int, int]
"""Price and size."""


class Half:
    """One side; ranks are prices, negated for bids, so that the best comes first."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._ranks: list[int] = []
        self.sizes: dict[int, int] = {}
        """Price to size."""

    def set(self, price: int, size: int) -> int:
        """Set a level (0 removes it); returns the size before."""
        before = self.sizes.get(price, 0)
        rank = price * self._sign
        if size:
            self.sizes[price] = size
            if not before:
                insort(self._ranks, rank)
        elif before:
            del self.sizes[price]
            del self._ranks[bisect_left(self._ranks, rank)]
        return before

    def best(self, count: int) -> list[Entry]:
        """The best levels, best first."""
        return [(rank * self._sign, self.sizes[rank * self._sign]) for rank in self._ranks[:count]]


class VersionedBook:
    """Both sides, the version, and the way back."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.time_ns = 0
        """Of the newest change."""
        self.bids, self.asks = Half(-1), Half(1)
        self._undo: deque[tuple[int, int, int, int]] = deque(maxlen=UNDO_MAX)
        """Time, side, price and the size before, of each version."""

    def apply(self, change: BookChange) -> None:
        """Take in a change."""
        half = self.bids if change.side == BUY else self.asks
        before = half.set(change.price, change.size)
        self.version += 1
        self.time_ns = max(self.time_ns, change.time_ns)
        self._undo.append((change.time_ns, change.side, change.price, before))

    def size(self, side: int, price: int) -> int:
        """The size at a price, 0 for none."""
        return (self.bids if side == BUY else self.asks).sizes.get(price, 0)

    def best(self, count: int) -> tuple[list[Entry], list[Entry]]:
        """The best bids and asks."""
        return self.bids.best(count), self.asks.best(count)

    def as_of(self, time_ns: int, count: int) -> tuple[int, list[Entry], list[Entry]]:
        """Version and best levels of an earlier moment, as far back as changes are remembered."""
        bids, asks = Half(-1), Half(1)
        for half, now in ((bids, self.bids), (asks, self.asks)):
            for price, size in now.sizes.items():
                half.set(price, size)
        version = self.version
        for changed_ns, side, price, before in reversed(self._undo):
            if changed_ns <= time_ns:
                break
            (bids if side == BUY else asks).set(price, before)
            version -= 1
        return version, bids.best(count), asks.best(count)

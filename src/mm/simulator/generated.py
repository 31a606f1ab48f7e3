"""A market that nobody has recorded: its book is generated from a seed and the time of day, by a stated rule.

It is there so that a currency has a rate that moves. It has a book and no trades of its own; orders trade with it as
with any book. The rule, in ticks around a stated middle:

- Each `step_ns` of UTC has a book. The best bid is the middle plus two waves: a slow one whose turning points are 10
  minutes apart and within 7 ticks, and a quick one that turns each 30 s, up and down in turn, within 3 ticks. Between
  turning points a wave goes straight, to the nearest tick. The best ask is one tick above the bid.
- Five levels a side. The best ones have a new size at each step, the deeper ones each 8 steps.

Nothing is remembered from step to step: two processes with one seed show the same book at the same moment, a restart
goes on where the market would have been, and a replay needs the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from mm.simulator.orders import BUY, SELL, SimInstrument
from mm.simulator.tape import Level

SECOND_NS: Final = 1_000_000_000
STEP_NS: Final = 2 * SECOND_NS
SLOW_STEPS, SLOW_TICKS = 300, 7
QUICK_STEPS, QUICK_TICKS = 15, 3
REACH_TICKS: Final = SLOW_TICKS + QUICK_TICKS
"""The best bid never goes further from the middle by itself."""
LEVELS: Final = 5
HELD_STEPS: Final = 8
SIZE_LEAST, SIZE_MORE = 20_000, 180_000
"""In whole units of the base asset."""


class GeneratedMarket:
    """The book of one symbol at any moment; middle: price around which it moves, in the instrument's units."""

    def __init__(self, instrument: SimInstrument, middle: int, seed: int) -> None:
        self.instrument, self.middle = instrument, middle
        self._seed = seed
        self._shift_bps = 0.0
        self.due_ns = 0
        """When the next book is due; 0 before the first."""

    def shift(self, bps: float) -> None:
        """Move the middle by basis points of itself, 0 for back."""
        self._shift_bps = bps

    def passed(self, now_ns: int) -> None:
        """The book of this moment was shown, or is left out."""
        self.due_ns = (now_ns // STEP_NS + 1) * STEP_NS

    def best_bid(self, now_ns: int) -> int:
        """By the rule, with the shift; a tick at least."""
        step, tick = now_ns // STEP_NS, self.instrument.tick
        ticks = self._wave(step, SLOW_STEPS, self._slow) + self._wave(step, QUICK_STEPS, self._quick)
        return max(tick, self.middle + ticks * tick + self._shifted())

    def levels(self, now_ns: int) -> dict[tuple[int, int], int]:
        """The whole book: size by side and price."""
        step, tick, bid = now_ns // STEP_NS, self.instrument.tick, self.best_bid(now_ns)
        found = {}
        for depth in range(LEVELS):
            for side, price in ((BUY, bid - depth * tick), (SELL, bid + (1 + depth) * tick)):
                held = step if depth == 0 else (step + price) // HELD_STEPS
                if price > 0:
                    size = SIZE_LEAST * 10**3 + self._drawn(f"size {side} {price} {held}", SIZE_MORE * 10**3)
                    found[side, price] = size * 10**self.instrument.size_precision // 10**3
        return found

    def change(self, now_ns: int, shown: dict[tuple[int, int], int]) -> tuple[Level, ...]:
        """What turns the book that is shown into that of this moment; size 0 where a level goes."""
        wanted = self.levels(now_ns)
        gone = [(side, price, 0) for side, price in shown if (side, price) not in wanted]
        new = [(*key, size) for key, size in wanted.items() if shown.get(key) != size]
        return (*gone, *new)

    def _shifted(self) -> int:
        tick = self.instrument.tick
        return round(self.middle * self._shift_bps / 10_000 / tick) * tick

    def _wave(self, step: int, period: int, turn: Callable[[int], int]) -> int:
        """Ticks of a wave at a step: straight between its turning points, to the nearest tick."""
        index, along = divmod(step, period)
        begin, end = turn(index), turn(index + 1)
        return begin + (2 * (end - begin) * along + period) // (2 * period)

    def _slow(self, index: int) -> int:
        return self._drawn(f"slow {index}", 2 * SLOW_TICKS + 1) - SLOW_TICKS

    def _quick(self, index: int) -> int:
        ticks = 1 + self._drawn(f"quick {index}", QUICK_TICKS)
        return ticks if index % 2 else -ticks

    def _drawn(self, name: str, count: int) -> int:
        """A number from 0 below a count, by the seed and a name."""
        text = f"{self._seed} {self.instrument.symbol} {name}"
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % count

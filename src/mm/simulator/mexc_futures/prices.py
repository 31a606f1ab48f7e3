"""Index, fair price and funding of each contract, by rules of the simulation that are stated here.

Once a second:

    index   the middle of the recorded book, accounts' orders left out, rounded half up to the grid
    fair    the median of: the index with the part of the funding rate that is still to come, the index with the mean
            of the last 30 distances of the displayed book's middle from it, and the last price; a shift of a fault
            hook is added to it (MEXC Futures reference: arithmetic)

Funding is settled at the multiples of its cycle since 1970, on what is held then, at the fair price of then; it is
booked 0.2 to 2 s later (the venue says up to 15 s). The rate of each settlement is known from the settlement before:
0.01 % with up to half of it more or less, drawn from the seed.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_futures.terms import Contract, Listing

RATE_E8: Final = 10**8
INTEREST_E8: Final = 10_000
NOISE_E8: Final = 5_000
RATE_MAX_E8: Final = 180_000
BASIS_SAMPLES: Final = 30
HISTORY_MAX: Final = 1_000
BOOKED_MS: Final = (200, 2_000)
MILLION: Final = 1_000_000

Middle = Callable[[str], tuple[int, int]]
"""The displayed middle, doubled, and the last price of a symbol; 0 where there is none."""


@dataclass(slots=True)
class Due:
    """A settlement that is not booked yet."""

    due_ns: int
    settle_ns: int
    rate_e8: int
    price: int
    holds: dict[tuple[str, str, int], int]


@dataclass(slots=True)
class Quotation:
    """The prices and the funding of one contract."""

    contract: Contract
    cycle_ns: int
    settle_ns: int
    rate_e8: int
    index: int = 0
    fair: int = 0
    basis: deque[int] = field(default_factory=lambda: deque(maxlen=BASIS_SAMPLES))
    history: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=HISTORY_MAX))
    """Settle time, rate and cycle in hours, newest first."""
    shift_from: int = 0
    shift_to: int = 0
    """Millionths that are added to the fair price, at the beginning and at the end of a change."""
    shift_begin_ns: int = 0
    shift_ns: int = 0
    late_ns: int = 0
    """Of the next settlement, on top."""

    @property
    def cycle_hours(self) -> int:
        """As shown: whole hours, at least one."""
        return max(1, self.cycle_ns // (3600 * SECOND_NS))

    def shift(self, now_ns: int) -> int:
        """The shift of the fair price now."""
        if not self.shift_ns or now_ns >= self.shift_begin_ns + self.shift_ns:
            return self.shift_to
        gone = now_ns - self.shift_begin_ns
        return self.shift_from + (self.shift_to - self.shift_from) * gone // self.shift_ns


class Prices:
    """Quotes every contract once a second (sample_s: or less often), and settles funding."""

    def __init__(
        self,
        exchange: ContractExchange,
        listing: Listing,
        middle: Middle,
        *,
        now_ns: int,
        seed: int,
        funding_s: int,
        sample_s: int = 1,
    ) -> None:
        self._exchange, self._middle = exchange, middle
        self._random = random.Random(f"mexc funding:{seed}")
        cycle_ns = funding_s * SECOND_NS
        self.by_symbol = {
            symbol: Quotation(contract, cycle_ns, _next(now_ns, cycle_ns), self._rate())
            for symbol, contract in listing.by_symbol.items()
        }
        self._booked: list[tuple[str, Due]] = []
        self._sample_ns = sample_s * SECOND_NS
        self._last = -1
        self.sampled = 0
        """Counts the samples; the feeds push when it has moved."""
        self.news: list[str] = []
        """Symbols whose funding has changed since somebody took them."""

    def next_deadline(self) -> int:
        """When the next sample or booking is due."""
        dues = [(self._last + 1) * self._sample_ns]
        dues += [each.settle_ns for each in self.by_symbol.values()]
        dues += [due.due_ns for _, due in self._booked]
        return min(dues)

    def tick(self, now_ns: int) -> None:
        """Sample, settle and book what is due."""
        if now_ns // self._sample_ns > self._last:
            self._last = now_ns // self._sample_ns
            self.sampled += 1
            for symbol, quotation in self.by_symbol.items():
                self._sample(now_ns, symbol, quotation)
        for symbol, quotation in self.by_symbol.items():
            while quotation.settle_ns <= now_ns:
                self._settle(symbol, quotation)
        for symbol, due in [entry for entry in self._booked if entry[1].due_ns <= now_ns]:
            self._booked.remove((symbol, due))
            self._exchange.settle(now_ns, symbol, due.rate_e8, due.holds, due.price, due.settle_ns)

    def crash(self, now_ns: int, symbol: str, percent: float, duration_ns: int) -> None:
        """Let the fair price move to so many percent beside where it would be, over a time, and stay there."""
        quotation = self.by_symbol[symbol]
        quotation.shift_from = quotation.shift(now_ns)
        quotation.shift_to = round(percent * MILLION / 100)
        quotation.shift_begin_ns, quotation.shift_ns = now_ns, duration_ns

    def change_funding(
        self, now_ns: int, symbol: str, *, rate_e8: int | None = None, cycle_ns: int = 0, late_ns: int = 0
    ) -> None:
        """Set the next rate, another cycle, or how much later the next settlement is booked."""
        quotation = self.by_symbol[symbol]
        if rate_e8 is not None:
            quotation.rate_e8 = max(-RATE_MAX_E8, min(RATE_MAX_E8, rate_e8))
        if cycle_ns:
            quotation.cycle_ns = cycle_ns
            quotation.settle_ns = _next(now_ns, cycle_ns)
        quotation.late_ns = late_ns or quotation.late_ns
        self.news.append(symbol)

    def snapshot(self) -> dict[str, Any]:
        """What outlives the process."""
        return {"history": {symbol: [list(row) for row in each.history] for symbol, each in self.by_symbol.items()}}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `snapshot` gave."""
        for symbol, rows in saved.get("history", {}).items():
            if symbol in self.by_symbol:
                self.by_symbol[symbol].history.extend((int(at), int(rate), int(hours)) for at, rate, hours in rows)

    def _sample(self, now_ns: int, symbol: str, quotation: Quotation) -> None:
        bid, ask = self._exchange.recorded_best(symbol)
        if not bid or not ask:
            return
        quotation.index = (bid + ask + 1) // 2
        double, last = self._middle(symbol)
        quotation.basis.append(double - 2 * quotation.index if double else 0)
        left_ns = max(0, quotation.settle_ns - now_ns)
        premium = quotation.index * quotation.rate_e8 * left_ns // (quotation.cycle_ns * RATE_E8)
        mean = sum(quotation.basis) // (2 * len(quotation.basis))
        candidates = sorted((quotation.index + premium, quotation.index + mean, last or quotation.index))
        quotation.fair = max(1, candidates[1] * (MILLION + quotation.shift(now_ns)) // MILLION)
        self._exchange.mark(now_ns, symbol, quotation.fair)

    def _settle(self, symbol: str, quotation: Quotation) -> None:
        settle_ns = quotation.settle_ns
        holds = {key: each.hold for key, each in self._exchange.positions.held.items() if each.symbol == symbol}
        booked_ns = settle_ns + self._random.randrange(*BOOKED_MS) * (SECOND_NS // 1000) + quotation.late_ns
        quotation.late_ns = 0
        self._booked.append((symbol, Due(booked_ns, settle_ns, quotation.rate_e8, quotation.fair, holds)))
        quotation.history.appendleft((settle_ns, quotation.rate_e8, quotation.cycle_hours))
        quotation.rate_e8 = self._rate()
        quotation.settle_ns = settle_ns + quotation.cycle_ns
        self.news.append(symbol)

    def _rate(self) -> int:
        return INTEREST_E8 + self._random.randrange(-NOISE_E8, NOISE_E8 + 1, 100)


def _next(now_ns: int, cycle_ns: int) -> int:
    return (now_ns // cycle_ns + 1) * cycle_ns

"""The recorded market, thinned: whole books a few times in ten seconds instead of each change.

Ten virtual minutes of every change are hundreds of thousands of messages; a fault does not need them. What is left is
enough for prices to move, for quotes to be met and for queues to be eaten.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

from mm.simulator.market import coarser
from mm.simulator.orders import BUY, SELL
from mm.simulator.tape import BookEntry, Entry, TradeEntry, builtin

DEPTH: Final = 10
"""Levels a side: what Kraken's checksum covers (Kraken reference: book checksum)."""
STEP_US: Final = 200_000
"""Of the recording, between two books that are kept."""


EATEN: Final = -1
MOVING: Final = 2
"""Levels a side whose sizes are the recording's; those behind have one that goes with their price: a message of a book
then tells what moved, and not ten sizes that nothing asks for."""
STEADY_LEAST, STEADY_MORE = 20_000_000, 600_000_000
"""Sizes of 10^-8 BTC."""
SWEEP_US: Final = 8_000_000
"""Between two sweeps of the quoted market, in the mean, for each level that is quoted."""
SWEEP_TICKS: Final = (40, 80, 120)
"""How far beyond the best price a sweep goes, of 0.1 dollars: as far as quotes are."""
SWEEP_SIZES: Final = (200_000, 500_000, 1_500_000, 10**9)
"""Of 10^-8 BTC: a part of an order, an order, several, and more than all that is quoted."""


class Frame(NamedTuple):
    """The best levels at a moment and what was traded since the frame before."""

    levels: dict[tuple[int, int], int]
    trades: tuple[TradeEntry, ...]
    """The largest first, none of nothing."""


@lru_cache(maxsize=4)
def frames(tape: str, unit: int) -> tuple[Frame, ...]:
    """One pass of a recording and its mirror image. unit: sizes are whole multiples of it."""
    source = builtin(tape)
    entries = source.replay()
    if unit > 1:
        entries = coarser(entries, unit)
    found: list[Frame] = []
    sizes: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
    prices: dict[int, list[int]] = {BUY: [], SELL: []}
    """In order: sorting whole books for ten levels took most of the time of a short run."""
    trades: list[TradeEntry] = []
    due_us = STEP_US
    for entry in entries:
        while entry.time_us >= due_us:
            trades.sort(key=lambda each: -each.size)
            found.append(Frame(_best(sizes, prices), tuple(trades)))
            trades = []
            due_us += STEP_US
        if due_us > 2 * source.duration_us:
            break
        if isinstance(entry, TradeEntry):
            if entry.size:
                trades.append(entry)
            continue
        if entry.is_snapshot:
            sizes, prices = {BUY: {}, SELL: {}}, {BUY: [], SELL: []}
        for side, price, size in entry.levels:
            known = sizes[side]
            if not size:
                if known.pop(price, None) is not None:
                    del prices[side][bisect_left(prices[side], price)]
                continue
            if price not in known:
                insort(prices[side], price)
            known[price] = size
    return tuple(found)


def _best(sizes: dict[int, dict[int, int]], prices: dict[int, list[int]]) -> dict[tuple[int, int], int]:
    levels = {(BUY, price): sizes[BUY][price] for price in reversed(prices[BUY][-DEPTH:])}
    levels.update({(SELL, price): sizes[SELL][price] for price in prices[SELL][:DEPTH]})
    return levels


def sampled(
    tape: str,
    unit: int,
    *,
    first: int,
    stride: int,
    period_us: int,
    trade_every: int,
    sweeps: Random | None = None,
    levels: int = 1,
    thin: int = 0,
) -> Iterator[Entry]:
    """Every stride-th frame from the first one on, `period_us` apart, again and again.

    trade_every: of so many steps one has a trade, the largest of its frame. sweeps: every `SWEEP_US` or so a large
    trade goes through some prices, drawn from here: what rests there is met however calm the recording is; levels: how
    many orders rest on each side. thin: only so many levels a side, each with a size that goes with its price: a venue
    that sends a message for each level that changes has then little to send.
    """
    kept = frames(tape, unit)
    number, time_us, index, step = 0, 0, first % len(kept), 0
    shown: dict[tuple[int, int], int] = {}
    gap_us = SWEEP_US * levels
    sweep_us = gap_us
    side = BUY
    while True:
        frame = kept[index]
        book = _steady(frame.levels, thin or DEPTH, 0 if thin else MOVING, unit)
        changed = [(*key, 0) for key in shown if key not in book]
        changed += [(*key, size) for key, size in book.items() if shown.get(key) != size]
        if changed or number == 0:
            yield BookEntry(number, time_us, tuple(changed), number == 0)
            number += 1
        shown = book
        trades = [(each.side, each.price, each.size) for each in frame.trades[:1]] if step % trade_every == 0 else []
        if sweeps is not None and time_us >= sweep_us:
            # By turns, now and then twice the same way: a position that grows, and one that comes back.
            side = -side if sweeps.random() < 0.7 else side
            reach = sweeps.choice(SWEEP_TICKS)
            best = next(price for at, price in frame.levels if at == -side)
            trades = [(side, best + side * reach, sweeps.choice(SWEEP_SIZES) // unit)]
            sweep_us = time_us + int(gap_us * sweeps.uniform(0.5, 1.5))
        for taker, price, size in trades:
            yield TradeEntry(number, time_us + period_us // 2, taker, price, size)
            number += 1
            # A trade eats what was shown up to its price: the next book tells all of that side again.
            shown.update({key: EATEN for key in shown if key[0] != taker})
        index = (index + stride) % len(kept)
        time_us += period_us
        step += 1


def _steady(levels: dict[tuple[int, int], int], depth: int, moving: int, unit: int) -> dict[tuple[int, int], int]:
    """So many levels a side, the first ones as they are, the others with a size that goes with their price."""
    found = {}
    for side in (BUY, SELL):
        prices = [price for at, price in levels if at == side][:depth]
        for place, price in enumerate(prices):
            steady = (STEADY_LEAST + price * 7919 * 10_000 % STEADY_MORE) // unit
            found[side, price] = levels[side, price] if place < moving else steady
    return found

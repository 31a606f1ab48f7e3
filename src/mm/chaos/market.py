"""The recorded market, thinned: whole books a few times in ten seconds instead of each change.

Ten virtual minutes of every change are hundreds of thousands of messages; a fault does not need them. What is left is
enough for prices to move, for quotes to be met and for queues to be eaten.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from mm.simulator.market import coarser
from mm.simulator.orders import BUY, SELL
from mm.simulator.tape import BookEntry, Entry, TradeEntry, builtin

DEPTH: Final = 10
"""Levels a side: what Kraken's checksum covers (Kraken reference: book checksum)."""
STEP_US: Final = 200_000
"""Of the recording, between two books that are kept."""


EATEN: Final = -1
THIN_LEAST, THIN_MORE = 2_000, 60_000
"""Contracts of 0.0001 BTC."""


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
    tape: str, unit: int, *, first: int, stride: int, period_us: int, trades_max: int, thin: int = 0
) -> Iterator[Entry]:
    """Every stride-th frame from the first one on, `period_us` apart, again and again.

    trades_max: how many trades of each step are kept, the largest ones. thin: only so many levels a side, each with a
    size that goes with its price: a venue that sends a message for each level that changes has then little to send.
    """
    kept = frames(tape, unit)
    number, time_us, index = 0, 0, first % len(kept)
    shown: dict[tuple[int, int], int] = {}
    while True:
        frame = kept[index]
        levels = _thinned(frame.levels, thin) if thin else frame.levels
        changed = [(*key, 0) for key in shown if key not in levels]
        changed += [(*key, size) for key, size in levels.items() if shown.get(key) != size]
        if changed or number == 0:
            yield BookEntry(number, time_us, tuple(changed), number == 0)
            number += 1
        shown = dict(levels)
        for trade in frame.trades[:trades_max]:
            yield TradeEntry(number, time_us + period_us // 2, trade.side, trade.price, trade.size)
            number += 1
            # A trade eats what was shown up to its price: the next book tells all of that side again.
            shown.update({key: EATEN for key in shown if key[0] != trade.side})
        index = (index + stride) % len(kept)
        time_us += period_us


def _thinned(levels: dict[tuple[int, int], int], depth: int) -> dict[tuple[int, int], int]:
    found = {}
    for side in (BUY, SELL):
        prices = [price for at, price in levels if at == side][:depth]
        found.update({(side, price): THIN_LEAST + price * 7919 % THIN_MORE for price in prices})
    return found

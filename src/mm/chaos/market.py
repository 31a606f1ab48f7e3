"""The recorded market, thinned: whole books a few times in ten seconds instead of each change.

Ten virtual minutes of every change are hundreds of thousands of messages; a fault does not need them. What is left is
enough for prices to move, for quotes to be met and for queues to be eaten.
"""

from __future__ import annotations

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


@lru_cache(maxsize=4)
def frames(tape: str, unit: int) -> tuple[Frame, ...]:
    """One pass of a recording and its mirror image. unit: sizes are whole multiples of it."""
    source = builtin(tape)
    entries = source.replay()
    if unit > 1:
        entries = coarser(entries, unit)
    found: list[Frame] = []
    book: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
    trades: list[TradeEntry] = []
    due_us = STEP_US
    for entry in entries:
        while entry.time_us >= due_us:
            found.append(Frame(_best(book), tuple(trades)))
            trades = []
            due_us += STEP_US
        if due_us > 2 * source.duration_us:
            break
        if isinstance(entry, TradeEntry):
            trades.append(entry)
            continue
        if entry.is_snapshot:
            book = {BUY: {}, SELL: {}}
        for side, price, size in entry.levels:
            if size:
                book[side][price] = size
            else:
                book[side].pop(price, None)
    return tuple(found)


def _best(book: dict[int, dict[int, int]]) -> dict[tuple[int, int], int]:
    levels = {(BUY, price): book[BUY][price] for price in sorted(book[BUY], reverse=True)[:DEPTH]}
    levels.update({(SELL, price): book[SELL][price] for price in sorted(book[SELL])[:DEPTH]})
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
        gone = tuple((side, price, 0) for side, price in shown if (side, price) not in levels)
        new = tuple((*key, size) for key, size in levels.items() if shown.get(key) != size)
        if gone or new or number == 0:
            yield BookEntry(number, time_us, gone + new, number == 0)
            number += 1
        shown = dict(levels)
        traded = sorted((trade for trade in frame.trades if trade.size), key=lambda each: -each.size)
        for trade in traded[:trades_max]:
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

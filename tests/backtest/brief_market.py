"""The recorded market in fewer messages: what a test needs of it in a third of the time.

Trades come as they were recorded, at the end of their tenth of a second; then, in one change, what has become of the
best levels. A campaign takes the recording itself.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import count

from mm.simulator.kinds import KINDS
from mm.simulator.market import coarser
from mm.simulator.tape import BUY, SELL, BookEntry, TradeEntry, builtin

STEP_US = 100_000
LEVELS = 25
"""Of a side: more than the ten that a checksum of Kraken's is made of."""
LOTS = {"mexc_futures": 10_000}
"""Contracts are of 10^-4 BTC, the recording's sizes of 10^-8."""


class Kept:
    """A market that is read from its beginning again and again: what was read once is kept for the next reader."""

    def __init__(self, entries):
        self._kept = []
        self._more = entries

    def __iter__(self):
        for number in count():
            if number == len(self._kept):
                self._kept.append(next(self._more))
            yield self._kept[number]


def recorded(name):
    """The recording itself, for what depends on each of its steps; in sizes of 10^-8."""
    return builtin(KINDS[name].tape).replay()


def in_lots(name, entries):
    """Entries in sizes of 10^-8 in a venue's own sizes."""
    return coarser(entries, LOTS[name]) if name in LOTS else entries


def market_of(name):
    """The entries of a venue's recorded market, without an end."""
    return in_lots(name, recorded(name)) if os.environ.get("MM_CAMPAIGN") else iter(_kept(name))


@cache
def _kept(name):
    return Kept(brief(in_lots(name, recorded(name))))


def brief(entries):
    """The entries of an endless tape, in steps and down to a depth."""
    book = {BUY: {}, SELL: {}}
    shown = {BUY: {}, SELL: {}}
    trades, number, end_us, is_snapshot = [], 0, 0, False
    for entry in entries:
        is_whole = isinstance(entry, BookEntry) and entry.is_snapshot
        if entry.time_us > end_us or is_whole:
            for trade in trades:
                yield trade._replace(number=number, time_us=end_us)
                number += 1
            levels = tuple(_change(book, {BUY: {}, SELL: {}} if is_snapshot else shown))
            if levels:
                yield BookEntry(number, end_us, levels, is_snapshot)
                number += 1
                shown = {side: _best(book, side) for side in book}
            trades, is_snapshot = [], False
            end_us = max(end_us, -(-entry.time_us // STEP_US) * STEP_US)
        if is_whole:
            book, is_snapshot = {BUY: {}, SELL: {}}, True
        if isinstance(entry, TradeEntry):
            trades.append(entry)
            continue
        for side, price, size in entry.levels:
            if size:
                book[side][price] = size
            else:
                book[side].pop(price, None)


def _best(book, side):
    return dict(sorted(book[side].items(), reverse=side == BUY)[:LEVELS])


def _change(book, shown):
    for side in (BUY, SELL):
        best = _best(book, side)
        yield from ((side, price, size) for price, size in best.items() if shown[side].get(price) != size)
        yield from ((side, price, 0) for price in shown[side] if price not in best)

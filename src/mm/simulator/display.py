"""What the public is shown of a book for a time instead of what stands in it: a fault with good checksums.

The market goes on as it is, and accounts trade in it; only the feeds are told another one. A shown book is as
consistent as a true one: versions and checksums are made of it.

`cross`: a level more, `value` steps beyond the best price of the other side (0: the book is locked). `freeze`: no
change any more. `empty`: no level any more. `spike`: every price moved by `percent` of the best. Each on the sides
named by `side`, of all symbols, for `duration_s` (0: for good), instead of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mm.simulator.exchange import Exchange
from mm.simulator.hooks import Rule
from mm.simulator.orders import BUY, SELL, BookChange, TradePrint

SIDES: Final = {"both": (BUY, SELL), "bid": (BUY,), "ask": (SELL,)}
WHOLE: Final = frozenset({"cross", "spike"})
"""What makes another side of a whole one at each change; the others stand as they were begun."""
Levels = dict[int, int]
"""Price to size."""
Told = list[BookChange | TradePrint]


class Display:
    """Stands between an exchange's market and a venue's feeds. until_ns: when the fault ends; 0 for none or no end."""

    __slots__ = ("_exchange", "_rule", "_shown", "until_ns")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._rule: Rule | None = None
        self._shown: dict[tuple[str, int], Levels] = {}
        self.until_ns = 0

    def passed(self, now_ns: int, market: Told) -> Told:
        """What the feeds are told of what happened."""
        if self._rule is None or not market:
            return market
        told: Told = [item for item in market if isinstance(item, TradePrint)]
        changed: dict[str, dict[int, Levels]] = {}
        for item in market:
            if isinstance(item, BookChange):
                changed.setdefault(item.symbol, {BUY: {}, SELL: {}})[item.side][item.price] = item.size
        for symbol, sides in changed.items():
            told += self._follow(now_ns, symbol, sides, self._rule)
        return told

    def begin(self, now_ns: int, rule: Rule) -> Told:
        """Show something else from now on; what the feeds are told of it. All that happened has been passed."""
        if self._rule is None:
            for symbol in self._exchange.instruments:
                for side in (BUY, SELL):
                    self._shown[symbol, side] = dict(self._exchange.book(symbol, side))
        self._rule, self.until_ns = rule, now_ns + rule.duration_ns if rule.duration_ns else 0
        return self._changes(now_ns, self._exchange.instruments)

    def end(self, now_ns: int) -> Told:
        """Show what is, again."""
        self._rule, self.until_ns = None, 0
        told = self._changes(now_ns, self._exchange.instruments)
        self._shown.clear()
        return told

    def _follow(self, now_ns: int, symbol: str, changed: dict[int, Levels], rule: Rule) -> Told:
        """What the feeds are told of changes while a rule holds: only what it makes of a whole side is made anew."""
        told: Told = []
        wanted: dict[int, Levels] = {}
        if rule.action in WHOLE:
            wanted = self._distorted(symbol, self._true(symbol), rule)
        for side, levels in changed.items():
            if side not in SIDES[rule.side]:
                told += self._update(now_ns, symbol, side, levels)
            elif rule.action in WHOLE:
                told += self._replace(now_ns, symbol, side, wanted[side])
        return told

    def _changes(self, now_ns: int, symbols: Iterable[str]) -> Told:
        told: Told = []
        for symbol in symbols:
            wanted = self._true(symbol)
            if self._rule is not None:
                wanted = self._distorted(symbol, wanted, self._rule)
            for side, levels in wanted.items():
                told += self._replace(now_ns, symbol, side, levels)
        return told

    def _true(self, symbol: str) -> dict[int, Levels]:
        return {side: dict(self._exchange.book(symbol, side)) for side in (BUY, SELL)}

    def _replace(self, now_ns: int, symbol: str, side: int, levels: Levels) -> Told:
        """Show these levels, best first, of a side and no other."""
        shown, self._shown[symbol, side] = self._shown[symbol, side], levels
        told: Told = [
            BookChange(symbol, side, price, size, now_ns) for price, size in levels.items() if shown.get(price) != size
        ]
        gone = sorted([price for price in shown if price not in levels], reverse=side == BUY)
        return told + [BookChange(symbol, side, price, 0, now_ns) for price in gone]

    def _update(self, now_ns: int, symbol: str, side: int, changed: Levels) -> Told:
        """Show these levels of a side; 0 takes one away."""
        shown = self._shown[symbol, side]
        new: Told = []
        gone: Told = []
        for price in sorted(changed, reverse=side == BUY):
            size = changed[price]
            if shown.get(price, 0) == size:
                continue
            (new if size else gone).append(BookChange(symbol, side, price, size, now_ns))
            if size:
                shown[price] = size
            else:
                del shown[price]
        return new + gone

    def _distorted(self, symbol: str, true: dict[int, Levels], rule: Rule) -> dict[int, Levels]:
        tick = self._exchange.instruments[symbol].tick
        levels = {side: dict(of_side) for side, of_side in true.items()}
        for side in SIDES[rule.side]:
            if rule.action == "freeze":
                levels[side] = self._shown[symbol, side]
            elif rule.action == "empty":
                levels[side] = {}
            elif rule.action == "spike":
                # The whole side by the same step, so that a market stays one.
                by = round(max(true[BUY], default=0) * rule.percent / 100 / tick) * tick
                levels[side] = {price + by: size for price, size in true[side].items() if price + by > 0}
            elif true[-side]:
                best = max(true[-side], key=lambda price: price * -side)
                levels[side][best + side * int(rule.value) * tick] = true[-side][best]
        return levels

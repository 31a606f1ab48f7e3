"""What the public tape has shown: recent trades, and minute candles for a day of statistics, both bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from mm.simulator.decimals import ratio
from mm.simulator.hooks import SECOND_NS
from mm.simulator.orders import SimInstrument, TradePrint

TRADES_KEPT: Final = 2000
"""REST Trades answers at most 1000."""
MINUTE_NS: Final = 60 * SECOND_NS
DAY_MINUTES: Final = 1440


@dataclass(slots=True)
class Candle:
    """One interval; cost in money units of the instrument."""

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    cost: int = 0
    count: int = 0

    @property
    def vwap(self) -> int:
        """In price units; 0 without trades."""
        return ratio(self.cost, self.volume)

    def add(self, price: int, size: int) -> None:
        """Count a trade."""
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.volume += size
        self.cost += price * size
        self.count += 1


class TapeRecord:
    """The recent public trades of one instrument."""

    def __init__(self, instrument: SimInstrument) -> None:
        self.instrument = instrument
        self.trades: deque[TradePrint] = deque(maxlen=TRADES_KEPT)
        self._minutes: deque[Candle] = deque(maxlen=DAY_MINUTES)

    def add(self, trade: TradePrint) -> None:
        """Count a trade."""
        self.trades.append(trade)
        minute = trade.time_ns // MINUTE_NS
        if not self._minutes or self._minutes[-1].minute != minute:
            self._minutes.append(Candle(minute, trade.price, trade.price, trade.price, trade.price))
        self._minutes[-1].add(trade.price, trade.size)

    @property
    def last(self) -> TradePrint | None:
        """The newest trade."""
        return self.trades[-1] if self.trades else None

    def day(self, now_ns: int) -> Candle | None:
        """The last 24 hours as one candle; None without a trade."""
        return self._join([candle for candle in self._minutes if candle.minute > now_ns // MINUTE_NS - DAY_MINUTES])

    def today(self, now_ns: int) -> Candle | None:
        """Since 00:00 UTC as one candle; None without a trade."""
        midnight = now_ns // (DAY_MINUTES * MINUTE_NS) * DAY_MINUTES
        return self._join([candle for candle in self._minutes if candle.minute >= midnight])

    def candles(self, now_ns: int, interval_minutes: int) -> list[Candle]:
        """Candles up to the running one; an interval without trades has the last close and no volume."""
        if not self._minutes:
            return []
        first = self._minutes[0].minute // interval_minutes * interval_minutes
        by_start: dict[int, list[Candle]] = {}
        for candle in self._minutes:
            by_start.setdefault(candle.minute // interval_minutes * interval_minutes, []).append(candle)
        rows: list[Candle] = []
        for start in range(first, now_ns // MINUTE_NS + 1, interval_minutes):
            joined = self._join(by_start.get(start, []))
            if joined is None:
                close = rows[-1].close
                joined = Candle(start, close, close, close, close)
            joined.minute = start
            rows.append(joined)
        return rows[-720:]

    @staticmethod
    def _join(candles: list[Candle]) -> Candle | None:
        if not candles:
            return None
        return Candle(
            candles[0].minute,
            candles[0].open,
            max(candle.high for candle in candles),
            min(candle.low for candle in candles),
            candles[-1].close,
            sum(candle.volume for candle in candles),
            sum(candle.cost for candle in candles),
            sum(candle.count for candle in candles),
        )

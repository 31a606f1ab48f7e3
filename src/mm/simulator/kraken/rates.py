"""Kraken's limits as it publishes them: REST counter, trading counter by pair with the age table, connections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from mm.simulator.kraken.texts import SECOND_NS


@dataclass(frozen=True, slots=True)
class Tier:
    """Verification tier of an account; rates are per second."""

    name: str
    rest_max: float
    rest_decay: float
    trading_max: float
    trading_decay: float
    open_orders_max: int
    rate_count_max: int
    """`maxratecount` in the executions acknowledgement."""


_FREE: Final = float("inf")
TIERS: Final[dict[str, Tier]] = {
    tier.name: tier
    for tier in (
        Tier("starter", 15, 0.33, 60, 1.0, 60, 60),
        Tier("intermediate", 20, 0.5, 125, 2.34, 80, 125),
        Tier("pro", 20, 1.0, 180, 3.75, 225, 180),
        # Not Kraken's: for measuring, where the counters would hide everything else.
        Tier("unlimited", _FREE, 1.0, _FREE, 1.0, 1_000_000, 180),
    )
}

REST_COST: Final[dict[str, float]] = {
    # Counted by the trading engine instead.
    "AddOrder": 0,
    "CancelOrder": 0,
    # Support pages and the SDK say 2, one docs page says 4.
    "TradesHistory": 2,
    "QueryTrades": 2,
    "ClosedOrders": 2,
    "Ledgers": 2,
    "QueryLedgers": 2,
}

# (age limit in seconds, points): the first limit above the order's age counts.
AMEND_BY_AGE: Final = ((5, 3), (10, 2), (15, 1))
EDIT_BY_AGE: Final = ((5, 6), (10, 5), (15, 4), (45, 2), (90, 1))
CANCEL_BY_AGE: Final = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


def age_points(table: tuple[tuple[int, int], ...], age_ns: int) -> int:
    """The points that an order of this age costs."""
    for limit_s, points in table:
        if age_ns < limit_s * SECOND_NS:
            return points
    return 0


class Counter:
    """A counter that rises with requests and decays with time; full means refused."""

    __slots__ = ("_decay", "_maximum", "_time_ns", "_value")

    def __init__(self, maximum: float, decay: float) -> None:
        self._maximum, self._decay = maximum, decay
        self._value, self._time_ns = 0.0, 0

    def value(self, now_ns: int) -> float:
        """What is on the counter now."""
        if now_ns > self._time_ns:
            self._value = max(0.0, self._value - (now_ns - self._time_ns) / SECOND_NS * self._decay)
            self._time_ns = now_ns
        return self._value

    def full(self, now_ns: int) -> bool:
        """At or over the threshold."""
        return self.value(now_ns) >= self._maximum

    def charge(self, now_ns: int, points: float) -> None:
        """Add points; the value may pass the threshold."""
        self._value = self.value(now_ns) + points

    def take(self, now_ns: int, points: float) -> bool:
        """Add points, and tell whether the request passes; a refused one still prolongs the wait (by one point)."""
        if points and self.value(now_ns) + points > self._maximum:
            self._value = min(self._value + 1, self._maximum + 1)
            return False
        self._value += points
        return True


CONNECTIONS_MAX: Final = 150
CONNECTIONS_WINDOW_NS: Final = 600 * SECOND_NS


class ConnectionBudget:
    """About 150 connection attempts in a rolling 10 minutes, then a ban of 10 minutes."""

    def __init__(self, maximum: int = CONNECTIONS_MAX) -> None:
        self._maximum = maximum
        self._attempts: deque[int] = deque()
        self._banned_until_ns = 0

    def attempt(self, now_ns: int) -> bool:
        """Count an attempt; False when it is refused."""
        attempts = self._attempts
        while attempts and attempts[0] <= now_ns - CONNECTIONS_WINDOW_NS:
            attempts.popleft()
        if now_ns < self._banned_until_ns:
            return False
        if len(attempts) >= self._maximum:
            self._banned_until_ns = now_ns + CONNECTIONS_WINDOW_NS
            return False
        attempts.append(now_ns)
        return True

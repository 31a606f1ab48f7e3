"""Kraken's count of order requests, kept on our side: per account and pair, in points that decay.

A request costs a fixed part and, for a change of a young order, more the younger it is; age counts from creation or
from the last amend. At or over the threshold every request is refused until the count has decayed. What a refusal
costs is charged as well, so that asking too much prolongs the wait. (Kraken reference: trading engine counter.)

| request | fixed | under 5 s | 10 s | 15 s | 45 s | 90 s | 300 s |
| --- | --- | --- | --- | --- | --- | --- | --- |
| place | 1 | | | | | | |
| amend | 1 | 3 | 2 | 1 | | | |
| cancel | 0 | 8 | 6 | 5 | 4 | 2 | 1 |
"""

from __future__ import annotations

from typing import Final, final

SECOND_NS: Final = 1_000_000_000
POINT: Final = 1_000_000_000
"""Points are counted in 1e-9, so that what decays in a nanosecond is a whole number or a hundredth of one."""

# Tier: threshold in points, decay in hundredths of a point a second.
TIERS: Final = {"starter": (60, 100), "intermediate": (125, 234), "pro": (180, 375)}
FIXED: Final = {"place": 1, "amend": 1, "cancel": 0}
AGES: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "place": (),
    "amend": ((5, 3), (10, 2), (15, 1)),
    "cancel": ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)),
}
RESERVE: Final = 32
"""Points that quoting leaves alone: four cancels of fresh orders always go through, at more than half of the smallest
tier's threshold for everything else."""
_MASK: Final = 2**64 - 1


def cost(action: str, age_ns: int) -> int:
    """Return the points of a request about an order of an age."""
    by_age = next((points for seconds, points in AGES[action] if age_ns < seconds * SECOND_NS), 0)
    return FIXED[action] + by_age


@final
class TradingLimits:
    """The counter of one pair. Raises KeyError for a tier that is none of `TIERS`."""

    __slots__ = ("_decay_e2", "_level", "_seen_ns", "threshold")

    def __init__(self, tier: str) -> None:
        threshold, self._decay_e2 = TIERS[tier]
        self.threshold: Final = threshold * POINT
        self._level = 0
        self._seen_ns = 0

    def allows(self, now_ns: int, action: str, age_ns: int, priority: bool) -> bool:
        """Whether a request may go now: with priority while the venue takes any, else if it leaves the reserve."""
        level = self._level_at(now_ns)
        if priority:
            return level < self.threshold
        return level + (cost(action, age_ns) + RESERVE) * POINT <= self.threshold

    def charge(self, now_ns: int, action: str, age_ns: int) -> None:
        """Count a request that is sent."""
        self._level = self._level_at(now_ns) + cost(action, age_ns) * POINT
        self._seen_ns = max(self._seen_ns, now_ns)

    def refused(self, now_ns: int) -> None:
        """Take the venue's word that the count is at its threshold: others use the account's count too."""
        self._level = max(self._level_at(now_ns), self.threshold)
        self._seen_ns = max(self._seen_ns, now_ns)

    def ready_ns(self, now_ns: int, action: str, age_ns: int, priority: bool) -> int:
        """Return when a request will be allowed at that age; `now_ns` if it is now."""
        room = self.threshold - 1 if priority else self.threshold - (cost(action, age_ns) + RESERVE) * POINT
        excess = self._level_at(now_ns) - room
        return now_ns if excess <= 0 else now_ns + -(-excess * 100 // self._decay_e2)

    def headroom(self, now_ns: int) -> float:
        """Return the points left to quoting, the reserve not counted; for display."""
        return (self.threshold - self._level_at(now_ns)) / POINT - RESERVE

    def state_hash(self) -> int:
        """Return a 64-bit hash of the count and the time it was last changed at."""
        return (self._level * 0x9E3779B97F4A7C15 ^ self._seen_ns) & _MASK

    def _level_at(self, now_ns: int) -> int:
        # A time before the last one is no time to decay in.
        return max(0, self._level - max(0, now_ns - self._seen_ns) * self._decay_e2 // 100)

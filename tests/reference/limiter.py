"""The slow twins of the rate limiters, in Fractions of a point and of a second."""

from __future__ import annotations

from fractions import Fraction

SECOND = 10**9
REST = {"starter": (15, Fraction(33, 100)), "intermediate": (20, Fraction(1, 2)), "pro": (20, Fraction(1))}
TRADING = {"starter": (60, Fraction(1)), "intermediate": (125, Fraction(234, 100)), "pro": (180, Fraction(375, 100))}
FIXED = {"place": 1, "amend": 1, "edit": 1, "cancel": 0}
AGES = {
    "place": (),
    "amend": ((5, 3), (10, 2), (15, 1)),
    "edit": ((5, 6), (10, 5), (15, 4), (45, 2), (90, 1)),
    "cancel": ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)),
}


def points(action, age_ns):
    return FIXED[action] + next((cost for under, cost in AGES[action] if age_ns < under * SECOND), 0)


class Counter:
    def __init__(self, threshold, decay):
        self.threshold, self.decay = threshold, decay
        self.level, self.seen_ns = Fraction(0), 0

    def at(self, now_ns):
        passed = max(0, now_ns - self.seen_ns)
        self.level = max(Fraction(0), self.level - self.decay * Fraction(passed, SECOND))
        self.seen_ns = max(self.seen_ns, now_ns)
        return self.threshold - self.level


class TokenBucket(Counter):
    def __init__(self, capacity, refill_e3, reserve=0):
        super().__init__(capacity, Fraction(refill_e3, 1000))
        self.reserve = reserve

    def take(self, now_ns, weight=1, priority=False):
        fits = self.at(now_ns) - (0 if priority else self.reserve) >= weight
        self.level += weight if fits else 0
        return fits


class RestCounter(TokenBucket):
    def __init__(self, tier):
        most, decay = REST[tier]
        super().__init__(most, decay * 1000, 3)

    def refused(self, now_ns):
        self.at(now_ns)
        self.level = max(self.level, Fraction(self.threshold))


class TradingCounter(Counter):
    def __init__(self, tier):
        super().__init__(*TRADING[tier])

    def allows(self, now_ns, action, age_ns, priority, open_orders):
        room = self.at(now_ns) - 1
        if priority:
            return room >= 0
        return room - min(8 * open_orders, self.threshold // 2) >= points(action, age_ns)

    def charge(self, now_ns, action, age_ns):
        self.at(now_ns)
        self.level += points(action, age_ns)

    def refused(self, now_ns):
        self.at(now_ns)
        self.level = max(self.level, Fraction(self.threshold))

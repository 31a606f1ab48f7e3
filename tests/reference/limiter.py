"""Rate limiters in fractions of a point, looked up in the tables as the venue prints them."""

from fractions import Fraction

from .state_hash import fold, fold_wide

SECOND = 10**9
REST = {"starter": ("15", "0.33"), "intermediate": ("20", "0.5"), "pro": ("20", "1"), "unlimited": ("1e9", "1e9")}
TRADING = {
    "starter": ("60", "1"),
    "intermediate": ("125", "2.34"),
    "pro": ("180", "3.75"),
    "unlimited": ("1e9", "1e9"),
}
FIXED = {"place": 1, "amend": 1, "edit": 1, "cancel": 0}
BY_AGE = {
    "place": {},
    "amend": {5: 3, 10: 2, 15: 1},
    "edit": {5: 6, 10: 5, 15: 4, 45: 2, 90: 1},
    "cancel": {5: 8, 10: 6, 15: 5, 45: 4, 90: 2, 300: 1},
}


def points(action: str, age_ns: int) -> int:
    for below, cost in BY_AGE[action].items():
        if Fraction(age_ns, SECOND) < below:
            return FIXED[action] + cost
    return FIXED[action]


class Counter:
    def __init__(self, threshold: Fraction, rate: Fraction) -> None:
        self.threshold, self.rate = threshold, rate
        self.level_then, self.then_ns = Fraction(0), 0

    def level(self, now_ns: int) -> Fraction:
        lost = Fraction(max(now_ns - self.then_ns, 0), SECOND) * self.rate
        return max(self.level_then - lost, Fraction(0))

    def room(self, now_ns: int) -> Fraction:
        return self.threshold - self.level(now_ns)

    def raise_to(self, now_ns: int, level: Fraction) -> None:
        self.level_then, self.then_ns = level, max(now_ns, self.then_ns)

    def permit_ns(self, now_ns: int, needed: int) -> int:
        if needed > self.threshold:
            return 0
        over = needed - self.room(now_ns)
        if over <= 0:
            return now_ns
        wait_ns = over / self.rate * SECOND
        return max(self.then_ns, now_ns) + -(-wait_ns.numerator // wait_ns.denominator)

    def state_hash(self) -> int:
        level = self.level_then * 10**12
        assert level.denominator == 1
        return fold(fold_wide(0, int(level)), self.then_ns)


class TokenBucket(Counter):
    def __init__(self, capacity: int, refill_per_s_e3: int, reserve: int = 0) -> None:
        super().__init__(Fraction(capacity), Fraction(refill_per_s_e3, 1000))
        self.reserve = reserve

    def _kept(self, priority: bool) -> int:
        return 0 if priority else self.reserve

    def take(self, now_ns: int, weight: int, priority: bool) -> bool:
        fits = self.room(now_ns) >= weight + self._kept(priority)
        if fits:
            self.raise_to(now_ns, self.level(now_ns) + weight)
        return fits

    def headroom(self, now_ns: int, priority: bool) -> Fraction:
        return max(self.room(now_ns) - self._kept(priority), Fraction(0))

    def next_permit_ns(self, now_ns: int, weight: int, priority: bool) -> int:
        return self.permit_ns(now_ns, weight + self._kept(priority))


class KrakenRestCounter(Counter):
    def __init__(self, tier: str) -> None:
        super().__init__(*map(Fraction, REST[tier]))

    def take(self, now_ns: int, cost: int, priority: bool) -> bool:
        fits = self.room(now_ns) >= cost + (0 if priority else 3)
        if fits:
            self.charge(now_ns, cost)
        return fits

    def charge(self, now_ns: int, cost: int) -> None:
        self.raise_to(now_ns, self.level(now_ns) + cost)

    def refused(self, now_ns: int) -> None:
        self.raise_to(now_ns, max(self.level(now_ns), self.threshold + 2))

    def headroom(self, now_ns: int) -> Fraction:
        return self.room(now_ns)

    def next_permit_ns(self, now_ns: int, cost: int, priority: bool) -> int:
        return self.permit_ns(now_ns, cost + (0 if priority else 3))


class KrakenTradingCounter(Counter):
    def __init__(self, tier: str) -> None:
        super().__init__(*map(Fraction, TRADING[tier]))

    def _needed(self, action: str, age_ns: int, priority: bool, open_orders: int) -> int:
        if priority:
            return 1
        cancels = max(open_orders, 0) + (action == "place")
        return points(action, age_ns) + min(8 * cancels, int(self.threshold) // 2) + 1

    def allows(self, now_ns: int, action: str, age_ns: int, priority: bool, open_orders: int) -> bool:
        return self.room(now_ns) >= self._needed(action, age_ns, priority, open_orders)

    def charge(self, now_ns: int, action: str, age_ns: int) -> None:
        self.raise_to(now_ns, self.level(now_ns) + points(action, age_ns))

    def refund(self, now_ns: int, action: str, age_ns: int) -> None:
        self.raise_to(now_ns, max(Fraction(0), self.level(now_ns) - points(action, age_ns)))

    def refused(self, now_ns: int) -> None:
        self.raise_to(now_ns, max(self.level(now_ns), self.threshold))

    def headroom(self, now_ns: int) -> Fraction:
        return self.room(now_ns)

    def next_permit_ns(self, now_ns: int, action: str, age_ns: int, priority: bool, open_orders: int) -> int:
        return self.permit_ns(now_ns, self._needed(action, age_ns, priority, open_orders))

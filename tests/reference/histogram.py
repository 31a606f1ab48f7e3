"""Percentiles out of a list of every value that came."""

from fractions import Fraction


class Histogram:
    def __init__(self) -> None:
        self.values: list[int] = []

    def record(self, value: int) -> None:
        self.values.append(max(value, 0))

    def percentile(self, percent: float) -> int:
        wanted = Fraction(round(percent * 10**6), 10**8) * len(self.values)
        rank = max(-(-wanted.numerator // wanted.denominator), 1)
        return sorted(self.values)[rank - 1] if self.values else 0

    def merge(self, other: "Histogram") -> None:
        self.values += list(other.values)

    def reset(self) -> None:
        self.values.clear()

    @property
    def count(self) -> int:
        return len(self.values)

    @property
    def max(self) -> int:
        return max(self.values, default=0)

"""A histogram of latencies as one writes it in Python."""

from __future__ import annotations


class TunedHistogram:
    """A list of counts, 64 to a power of two, as fine as the native one."""

    __slots__ = ("count", "counts", "max")

    def __init__(self) -> None:
        self.counts = [0] * (58 * 64)
        self.count = self.max = 0

    def record(self, value: int) -> None:
        shift = value.bit_length() - 7
        self.counts[value if shift < 0 else (shift + 1) * 64 + (value >> shift) - 64] += 1
        self.count += 1
        if value > self.max:
            self.max = value

    def percentile(self, percent: float) -> int:
        rank, seen = max(-(-self.count * percent // 100), 1), 0
        for index, count in enumerate(self.counts):
            seen += count
            if seen >= rank:
                shift = max(index // 64 - 1, 0)
                low = index if index < 64 else (index % 64 + 64) << shift
                return min(low + (1 << shift) - 1, self.max)
        return self.max

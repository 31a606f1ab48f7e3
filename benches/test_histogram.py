"""L1: a latency recorded. A user would notice it everywhere a little: each step of each tick records one."""

from __future__ import annotations

from random import Random

from benches.baselines.histogram import TunedHistogram
from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from mm._core import Histogram

COUNT = 5_000
RANDOM = Random(3)
VALUES = [int(RANDOM.lognormvariate(8, 2)) for _ in range(COUNT)]
"""Nanoseconds: most around three microseconds, some a thousand times that."""


def test_l1_ours(benchmark):
    batch(benchmark, "L1", COUNT, lambda: (Histogram().record, VALUES), each)
    p99_under_1ms(benchmark, latencies(Histogram().record, VALUES))


def test_l1_tuned(benchmark):
    batch(benchmark, "L1", COUNT, lambda: (TunedHistogram().record, VALUES), each)


def test_both_histograms_agree():
    ours, tuned = Histogram(), TunedHistogram()
    for value in VALUES:
        ours.record(value)
        tuned.record(value)
    assert [ours.percentile(p) for p in (0, 50, 99, 100)] == [tuned.percentile(p) for p in (0, 50, 99, 100)]

"""The one absolute gate of each hot operation: its 99th percentile stays under a millisecond.

The expected values are hundreds to thousands of times smaller, so that a noisy machine does not trip it; a collection
of garbage, a rehash of a large table or a search where there should be none does.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns
from typing import Any

LIMIT_NS = 1_000_000


def latencies(operation: Callable[[Any], object], arguments: Iterable[Any]) -> list[int]:
    """Time an operation on each argument by itself, the collector on as in production; returns nanoseconds."""
    gc.collect()
    taken: list[int] = []
    for argument in arguments:
        started = perf_counter_ns()
        operation(argument)
        taken.append(perf_counter_ns() - started)
    return taken


def p99_under_1ms(benchmark: Any, latencies_ns: Sequence[int] | None = None) -> None:
    """Fail when the 99th percentile is a millisecond or more, and keep it with the benchmark's result.

    latencies_ns: single operations; without them the rounds of the benchmark count, each as one operation.
    """
    samples = latencies_ns
    if samples is None:
        samples = [int(seconds * 1e9) for seconds in benchmark.stats.stats.data]
    ordered = sorted(samples)
    p99_ns = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    benchmark.extra_info["p99_ns"] = p99_ns
    assert p99_ns < LIMIT_NS, f"p99 {p99_ns / 1e6:.3f} ms over {len(ordered)} samples, expected under 1 ms"

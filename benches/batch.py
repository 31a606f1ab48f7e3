"""Times batches of one operation: long enough that neither the timer nor the call of the round counts, and short enough
that many rounds pass undisturbed on a machine that is shared.

The collector is off meanwhile, and every round gets fresh arguments, made outside the timed part. Results are per
round; `operations` beside them says how many operations that was. Compare minima of one run only.

Such a machine has moods: for seconds everything takes 1.7 times as long, and one benchmark may live in the one and its
baseline in the other. So a yardstick is timed before and after each round, and `paced` is the shortest round in
yardsticks.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

ROUNDS = 60


def yardstick() -> float:
    """Time work that never changes; returns the shorter of two, in seconds: an interrupt is not the machine's mood."""
    taken = []
    for _ in range(2):
        started = perf_counter()
        counts: dict[int, int] = {}
        for number in range(400):
            counts[number & 63] = counts.get(number & 63, 0) + number
        taken.append(perf_counter() - started)
    return min(taken)


def paced(rounds: Sequence[float], yardsticks: Sequence[float]) -> float:
    """Return the shortest round in yardsticks: each by the shorter of the one before it and the one after it."""
    around = zip(rounds, yardsticks[:-1], yardsticks[1:], strict=True)
    return min(taken / min(before, after) for taken, before, after in around)


def batch(
    benchmark: Any,
    group: str,
    operations: int,
    prepare: Callable[[], tuple[Any, ...]],
    run: Callable[..., object],
    rounds: int = ROUNDS,
) -> None:
    """Run `run(*prepare())` for many rounds; `operations` is how many each of them does."""
    benchmark.group = group
    benchmark.extra_info["operations"] = operations

    yardsticks: list[float] = []

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        arguments = prepare()
        yardsticks.append(yardstick())
        return arguments, {}

    gc.collect()
    gc.disable()
    try:
        benchmark.pedantic(run, setup=setup, rounds=rounds, warmup_rounds=3)
        yardsticks.append(yardstick())
    finally:
        gc.enable()
    if benchmark.stats:
        taken = benchmark.stats.stats.data
        benchmark.extra_info["paced"] = paced(taken, yardsticks[-len(taken) - 1 :])


def each(operation: Callable[[Any], object], arguments: list[Any]) -> None:
    """Do an operation on each argument; the same loop for everyone who is compared."""
    for argument in arguments:
        operation(argument)


def each_of(operation: Callable[..., object], arguments: list[tuple[Any, ...]]) -> None:
    """As `each`, for operations that take several arguments."""
    for argument in arguments:
        operation(*argument)

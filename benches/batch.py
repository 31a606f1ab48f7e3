"""Times batches of one operation: long enough that neither the timer nor the call of the round counts, and short enough
that many rounds pass undisturbed on a machine that is shared.

The collector is off meanwhile, and every round gets fresh arguments, made outside the timed part. Results are per
round; `operations` beside them says how many operations that was. Compare minima of one run only.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

ROUNDS = 60


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

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return prepare(), {}

    gc.collect()
    gc.disable()
    try:
        benchmark.pedantic(run, setup=setup, rounds=rounds, warmup_rounds=3)
    finally:
        gc.enable()


def each(operation: Callable[[Any], object], arguments: list[Any]) -> None:
    """Do an operation on each argument; the same loop for everyone who is compared."""
    for argument in arguments:
        operation(argument)


def each_of(operation: Callable[..., object], arguments: list[tuple[Any, ...]]) -> None:
    """As `each`, for operations that take several arguments."""
    for argument in arguments:
        operation(*argument)

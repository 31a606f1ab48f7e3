"""J5: a start reads 100,000 events of its journal back. A user waits for it before the first order.

Against the same events unpacked and thrown away: what the disk and the form cost. The rest is `apply`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns

import pytest

from benches.batch import batch
from benches.recovering import settings, written
from mm.live.recovering import read_back
from mm.persistence.journal import EventJournal

COUNT = 100_000


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        written(Path(path), COUNT)
        yield Path(path)


def opened(folder: Path, epoch: int) -> EventJournal:
    return EventJournal(folder / "journal", epoch=epoch, build="bench", now_ns=0)


def test_j5_ours(benchmark, folder):
    chosen, journal = settings(folder), opened(folder, 8)
    recovered = []
    batch(
        benchmark, "J5", COUNT, lambda: (journal, chosen), lambda *facts: recovered.append(read_back(*facts)), rounds=3
    )
    found = recovered[-1]
    assert (found.events, found.skipped) == (COUNT, [])
    begun = perf_counter_ns()
    state, told = found.engine.snapshot()
    benchmark.extra_info["snapshot_ms"] = (perf_counter_ns() - begun) / 1e6
    benchmark.extra_info["state_bytes"] = len(state)
    assert told == found.engine.durable_hash()


def test_j5_unpacked(benchmark, folder):
    journal = opened(folder, 9)
    batch(benchmark, "J5", COUNT, lambda: (journal,), lambda each: sum(1 for _ in each.recovered()), rounds=3)

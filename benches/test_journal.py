"""J1-J3: a record into the durable journal. A user would notice it in every order: none leaves before it is kept.

J1 is the default policy, against an unbuffered write of the same bytes from Python, which keeps no check, no clock and
no promise about the disk. J2 and J3 are what the other policies cost: mostly the disk's own time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from mm._core import Journal

COUNT = 5_000
SYNCS = 60
PAYLOADS = [bytes([number & 0xFF]) * 200 for number in range(COUNT)]
"""An order with its ids and terms, packed."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def journal(folder: Path, policy: str) -> Journal:
    return Journal(str(folder / policy), epoch=1, form=1, build="bench", now_ns=0, policy=policy)


def test_j1_ours(benchmark, folder):
    kept = journal(folder, "os")

    def append(payload):
        kept.append(1, payload, 1_700_000_000_000_000_000, 5)

    batch(benchmark, "J1", COUNT, lambda: (append, PAYLOADS), each)
    p99_under_1ms(benchmark, latencies(append, PAYLOADS))
    kept.sync()
    assert kept.durable_index == kept.next_index


def test_j1_plain(benchmark, folder):
    file = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(payload):
        os.write(file, payload)

    batch(benchmark, "J1", COUNT, lambda: (append, PAYLOADS), each)
    os.close(file)


def percentiles(benchmark, samples):
    """Show what one operation takes; no gate, since it is the disk's time."""
    ordered = sorted(samples)
    benchmark.extra_info["p50_ns"] = ordered[len(ordered) // 2]
    benchmark.extra_info["p99_ns"] = ordered[len(ordered) * 99 // 100]


def test_j2_ours(benchmark, folder):
    """A decision of four orders, then the wait for the disk."""
    kept = journal(folder, "group")

    def decide(payload):
        for _ in range(4):
            kept.append(1, payload, 0, 0)
        kept.commit()

    batch(benchmark, "J2", SYNCS, lambda: (decide, PAYLOADS[:SYNCS]), each, rounds=3)
    percentiles(benchmark, latencies(decide, PAYLOADS[:500]))
    assert kept.durable_index == kept.next_index


def test_j3_ours(benchmark, folder):
    kept = journal(folder, "always")

    def append(payload):
        kept.append(1, payload, 0, 0)

    batch(benchmark, "J3", SYNCS, lambda: (append, PAYLOADS[:SYNCS]), each, rounds=3)
    percentiles(benchmark, latencies(append, PAYLOADS[:500]))
    assert kept.durable_index == kept.next_index


def plain_synced(folder: Path):
    file = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(payload):
        os.write(file, payload)
        os.fdatasync(file) if hasattr(os, "fdatasync") else os.fsync(file)

    return append


def test_j3_plain(benchmark, folder):
    batch(benchmark, "J3", SYNCS, lambda: (plain_synced(folder), PAYLOADS[:SYNCS]), each, rounds=3)

"""A simulator process of its own for every judge, and its ledger to compare with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mm.simulator.world import World, launch
from tests.judges.ledger import Ledger


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A simulated Kraken on loopback with a free account tier (the judges do not know our counters), at five
    times the speed of the recording."""
    started = launch(tmp_path, seed=7, speed=5, tier="unlimited", idle_seconds=60)
    yield started
    started.control("stop", {})
    os.waitpid(started.pid, 0)


@pytest.fixture
def ledger(world: World) -> Callable[[], Ledger]:
    """Reads the venue's books as they are now."""
    return lambda: Ledger(world)

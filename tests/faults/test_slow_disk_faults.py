"""F75 on a disk that hangs: a kill in each policy of the journal, judged by the simulated venue's ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mm.simulator import world as simulator

KILL_NS = 100_000_000
EPOCH = iter(range(1, 1000))
"""Runs of this module share an account, so their client ids must not meet."""


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulator is found."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def world(world_folder: Path) -> Iterator[simulator.World]:
    """A simulator that the tests of this module share."""
    world = simulator.launch(world_folder, tier="unlimited")
    yield world
    world.control("stop", {})


@pytest.mark.parametrize("policy", ["os", "group", "always"])
def test_f75_the_first_cancel_waits_for_no_sync_of_a_slow_disk(
    world: simulator.World,
    world_folder: Path,
    tmp_path: Path,
    slow_disk: Callable[[Path], dict[str, str]],
    policy: str,
) -> None:
    command = [sys.executable, "-m", "tests.faults.slow_disk_kill", str(world_folder), str(tmp_path), policy]
    ended = subprocess.run(
        [*command, str(next(EPOCH))],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, **slow_disk(tmp_path / "hangs")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["stood"], "nothing stood when the kill came"
    assert told["under_way"], "the disk was not slow: the snapshot was on it a second after the kill"
    books = world.control("ledger")
    left = [order["client_id"] for order in books["open_orders"]]
    assert not left, f"F75: {left} are open after the kill with {policy}"
    closed = [order for order in books["closed_orders"] if order["client_id"] in told["stood"]]
    gone = [order["closed_ns"] for order in closed if order["status"] == "canceled"]
    first_ns = min(gone) - told["said_ns"]
    allowed = KILL_NS + 2 * told["turn_ns"]
    assert first_ns <= allowed, f"F75: I13: the first cancel came {first_ns / 1e6:.0f} ms after the kill with {policy}"

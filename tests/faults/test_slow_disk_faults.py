"""F75 on a disk that hangs: a kill in each policy of the journal, judged by the simulated venue's ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.simulator import world as simulator
from tests.run.bot_process import KILL_NS, BotProcess, first_cancel_ns, ledger

STOP_S = 40.0
"""Ten seconds for the snapshot, ten for the journal, two for the nonces, and the venue's word; twice that."""
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


def ended(
    world_folder: Path, folder: Path, policy: str, slow_ms: int, environment: dict[str, str], *more: str
) -> dict[str, Any]:
    """What a run that was killed, or whatever else `more` says, tells."""
    command = [sys.executable, "-m", "tests.faults.slow_disk_kill", str(world_folder), str(folder), policy]
    done = subprocess.run(
        [*command, str(next(EPOCH)), str(slow_ms), *more],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def are_cancelled_in_time(world: simulator.World, told: dict[str, Any], policy: str) -> None:
    """No order is open at the venue, and the first was cancelled soon after the word."""
    books = world.control("ledger")
    left = [order["client_id"] for order in books["open_orders"]]
    assert not left, f"F75: {left} are open after the kill with {policy}"
    first_ns = first_cancel_ns(books, told["stood"], told["said_ns"])
    allowed = KILL_NS + 2 * told["turn_ns"]
    assert first_ns <= allowed, f"F75: I13: the first cancel came {first_ns / 1e6:.0f} ms after the kill with {policy}"


@pytest.mark.parametrize("policy", ["os", "group", "always"])
def test_f75_the_first_cancel_waits_for_no_sync_of_a_slow_disk(
    world: simulator.World,
    world_folder: Path,
    tmp_path: Path,
    slow_disk: Callable[[Path], dict[str, str]],
    policy: str,
) -> None:
    told = ended(world_folder, tmp_path, policy, 0, slow_disk(tmp_path / "hangs"))
    assert told["stood"], "nothing stood when the kill came"
    assert told["under_way"], "the disk was not slow: the snapshot was on it a second after the kill"
    are_cancelled_in_time(world, told, policy)


@pytest.mark.parametrize("slow_ms", [50, 500])
@pytest.mark.parametrize("policy", ["os", "group", "always"])
def test_f75_a_kill_is_heard_while_orders_and_events_wait_for_a_slow_disk(
    world: simulator.World,
    world_folder: Path,
    tmp_path: Path,
    slow_disk: Callable[[Path], dict[str, str]],
    policy: str,
    slow_ms: int,
) -> None:
    told = ended(world_folder, tmp_path, policy, slow_ms, slow_disk(tmp_path / "hangs"))
    assert len(told["stood"]) >= 30, "there were no many orders when the kill came"
    are_cancelled_in_time(world, told, policy)


@pytest.mark.parametrize("policy", ["group", "always"])
def test_f75_no_order_that_waits_for_a_slow_disk_leaves_after_a_pause(
    world: simulator.World,
    world_folder: Path,
    tmp_path: Path,
    slow_disk: Callable[[Path], dict[str, str]],
    policy: str,
) -> None:
    told = ended(world_folder, tmp_path, policy, 500, slow_disk(tmp_path / "hangs"), "pause")
    assert len(told["waited"]) >= 30, "no orders waited when the pause came"
    assert set(told["states"]) == {"DENIED"}
    books = world.control("ledger")
    there = {order["client_id"] for order in books["open_orders"] + books["closed_orders"]}
    left = there.intersection(told["waited"])
    assert not left, f"F75: {left} left after the pause with {policy}"
    assert told["exit_code"] == 0


@pytest.mark.parametrize("policy", ["os", "always"])
def test_f75_a_stop_ends_in_time_on_a_disk_that_hangs_and_the_next_start_goes_on(
    tmp_path: Path, slow_disk: Callable[[Path], dict[str, str]], policy: str
) -> None:
    state, hangs = tmp_path / "state", tmp_path / "hangs"
    environment = {"MM_RUN__JOURNAL": policy}
    bot = BotProcess(state, environment={**environment, **slow_disk(hangs)})
    second = None
    try:
        bot.until_fills(1)
        hangs.write_text("600000")
        began = time.monotonic()
        code, end = bot.stop()
        spent_s = time.monotonic() - began
        assert (code, end["clean"]) == (0, True), "what is proven by the venue is proven whatever the disk does"
        assert spent_s <= STOP_S, f"the stop took {spent_s:.0f} s"
        told = bot.text()
        assert "No snapshot of the state was kept" in told
        assert "the journal was not closed: " in told
        assert "records from" in told
        hangs.unlink()
        second = BotProcess(state, environment=environment)
        second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
        assert "the last writer did not close it" in second.text()
        code, end = second.stop()
        assert (code, end["clean"]) == (0, True)
        books = ledger(state)
        assert books["open_orders"] == []
        assert Decimal(end["profit"]["residual"]) == 0, end["profit"]
    finally:
        hangs.unlink(missing_ok=True)
        for each in (bot, second):
            if each is not None:
                each.kill()
        found = simulator.find(state)
        if found is not None:
            found.control("stop", {})

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mm.simulator import world as simulator
from tests.run.bot_process import BotProcess


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; the simulator that was started on it is stopped at the end."""
    folder = tmp_path / "state"
    yield folder
    world = simulator.find(folder)
    if world is not None:
        world.control("stop", {})


@pytest.fixture
def start(state: Path) -> Iterator[Callable[..., BotProcess]]:
    """Starts bots, and ends those that still run."""
    bots: list[BotProcess] = []

    def start(*arguments: str, **options: object) -> BotProcess:
        bots.append(BotProcess(state, *arguments, **options))  # type: ignore[arg-type]
        return bots[-1]

    yield start
    for bot in bots:
        bot.kill()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simulator.World]:
    """A simulator that the tests of a module share."""
    folder = tmp_path_factory.mktemp("world")
    # Each test is a start of its own, and a start is a dozen calls: the usual tiers would make the next one wait.
    world = simulator.launch(folder, tier="unlimited")
    yield world
    world.control("stop", {})

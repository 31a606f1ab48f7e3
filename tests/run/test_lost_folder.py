"""A state folder that is moved or removed under a run: what it writes from then on no restart would find."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mm._core import JournalLocked, journal_repair
from mm.live.control import CREDENTIALS, LOOK_S, NAME, address
from mm.persistence.state import LOCK, StateFolder
from mm.simulator import world as simulator
from mm.stopping import Exit
from tests.run.bot_process import BotProcess, eventually, ledger
from tests.run.test_operating import quoting, running, say


@pytest.mark.parametrize("what", ["moved", "replaced", "its journal removed", "its journal emptied"])
def test_a_state_folder_that_is_gone_ends_new_risk_and_what_stands_is_cancelled(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, what: str
) -> None:
    bot, _ = running(start, tmp_path)
    left = state
    if what in ("moved", "replaced"):
        # The venue's own record is in it too.
        left = state.rename(tmp_path / "elsewhere")
        if what == "replaced":
            shutil.copytree(left, state, ignore=shutil.ignore_patterns("*.sock", "simulator*"))
    elif what == "its journal removed":
        shutil.rmtree(state / "journal")
    else:
        for file in (state / "journal").iterdir():
            file.unlink()
    bot.until_said("was removed, moved or replaced")
    report = eventually(left, lambda report: report["open_orders"] == [], bot)
    placed = len(report["closed_orders"])
    for _ in range(3):
        assert bot.until(lambda value: value["type"] == "status")["orders"]["open"] == 0
    after = ledger(left)
    assert (len(after["closed_orders"]), after["open_orders"]) == (placed, []), "an order that no journal has"
    bot.stop()


def test_a_run_whose_lock_files_were_cleared_away_quotes_on_and_no_second_one_begins(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, config = running(start, tmp_path)
    (state / LOCK).unlink()
    (state / "journal" / "journal.lock").unlink()
    # Whether it is there in the moment or after the run's next look.
    at_once = start("--config", str(config))
    assert at_once.wait() == Exit.USAGE
    assert "runs on it; stop that one" in at_once.text()
    until = time.monotonic() + 10 * LOOK_S
    while not (state / LOCK).exists():
        assert time.monotonic() < until, "nobody can say any more who runs"
        time.sleep(0.05)
    second = start("--config", str(config))
    assert second.wait() == Exit.USAGE
    assert f"process {bot.process.pid} runs on it" in second.text()
    with pytest.raises(JournalLocked, match="another process does"):
        journal_repair(str(state / "journal"), time.time_ns())
    goes_on(bot)
    # A step of the ladder is let go, and nothing latches another.
    assert say(state, "kill")[0] == 0
    assert say(state, "resume")[0] == 0
    goes_on(bot)
    assert bot.stop()[0] == Exit.CLEAN
    assert "was removed, moved or replaced" not in bot.text()


def goes_on(bot: BotProcess) -> None:
    """Wait for several looks of a run's, at its door and at its folder, and then for its quotes."""
    until = time.monotonic() + 3 * LOOK_S
    while time.monotonic() < until:
        bot.until(lambda value: value["type"] == "status")
    quoting(bot, 2)


def holder(state: Path) -> int:
    """The process that listens at a folder's door; 0 for none."""
    try:
        with socket.socket(socket.AF_UNIX) as caller, address(state) as path:
            caller.connect(path)
            return CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[0]
    except OSError:
        return 0


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who listens")
def test_a_run_whose_folder_was_moved_leaves_the_door_of_the_next_one_alone(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    first, config = running(start, tmp_path)
    left = state.rename(tmp_path / "elsewhere")
    second = start("--config", str(config))
    second.until(lambda value: value["type"] == "status")
    # Several looks of both.
    until = time.monotonic() + 4 * LOOK_S
    while time.monotonic() < until:
        assert holder(state) == second.process.pid, "two runs at one door"
        time.sleep(0.05)
    assert holder(left) == first.process.pid
    first.stop()
    assert holder(state) == second.process.pid, "the first took the other's door down"
    assert say(state, "strategies")[0] == 0
    second.stop()
    assert not (state / NAME).exists()
    world = simulator.find(left)
    assert world is not None
    world.control("stop", {})


@pytest.mark.parametrize("what", ["removed", "moved"])
def test_a_run_whose_folder_is_gone_writes_nothing_into_the_one_of_the_next_run(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, what: str
) -> None:
    first, config = running(start, tmp_path)
    world = simulator.find(state)
    assert world is not None
    if what == "removed":
        shutil.rmtree(state)
    else:
        state.rename(tmp_path / "elsewhere")
    second = start("--config", str(config))
    quoting(second, 2)
    first.until_said("was removed, moved or replaced")
    # Several tries of the first to keep its step.
    until = time.monotonic() + 3
    while time.monotonic() < until:
        second.until(lambda value: value["type"] == "status")
    assert not (state / "latches").exists()
    names = sorted(each.name for each in (state / "journal").iterdir())
    first.stop()
    assert sorted(each.name for each in (state / "journal").iterdir()) == names, "of the first one's last word"
    second.stop()
    third = start("--config", str(config))
    quoting(third, 2)
    assert "kill ladder" not in third.text()
    third.stop()
    world.control("stop", {})


@pytest.mark.parametrize("what", ["removed", "a copy"])
@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who listens")
def test_a_kill_reaches_a_run_whose_lock_was_cleared_away_with_its_door(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, what: str
) -> None:
    bot, config = running(start, tmp_path)
    lock = state / "bot.lock"
    if what == "a copy":
        other = shutil.copy(lock, tmp_path / "copy")
        lock.unlink()
        shutil.move(other, lock)
    else:
        lock.unlink()
    (state / NAME).unlink()
    until = time.monotonic() + 10 * LOOK_S
    while holder(state) != bot.process.pid:
        assert time.monotonic() < until, "nobody can reach the run any more"
        time.sleep(0.05)
    assert lock.read_text() == f"{bot.process.pid}\n"
    second = start("--config", str(config))
    assert second.wait() == Exit.USAGE
    assert f"process {bot.process.pid} runs on it" in second.text()
    assert say(state, "kill")[0] == 0
    # It is let go with the run.
    bot.stop()
    assert not (state / NAME).exists()
    StateFolder(state).close()

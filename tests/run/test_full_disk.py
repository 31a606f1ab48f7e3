"""A disk that takes nothing more, under a real process: nothing new is sent, cancels go on, and it ends in order."""

from __future__ import annotations

import resource
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.run.bot_process import BotProcess, eventually, ledger
from tests.run.test_operating import running, say


def full(
    start: Callable[..., BotProcess], state: Path, folder: Path, policy: str
) -> tuple[Path, BotProcess, dict[str, Any]]:
    """A run that quoted and whose disk is full now: its file, itself, and the venue's books when nothing stood."""
    bot, config = running(start, folder, f'\n[run]\njournal = "{policy}"\n')
    # From here on each write of this process fails, wherever in a file it goes.
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    bot.until_said("the journal does not take it")
    return config, bot, eventually(state, lambda report: report["open_orders"] == [], bot)


@pytest.mark.parametrize("policy", ["os", "group"])
def test_f82_without_room_for_the_journal_nothing_new_is_sent_and_what_stands_is_cancelled(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, policy: str
) -> None:
    _, bot, report = full(start, state, tmp_path, policy)
    placed = len(report["closed_orders"])
    bot.until_said("halt")
    assert say(state, "strategies")[0] == 0, "the run goes on"
    # Resumed without room it is halted again at once, and nothing has left meanwhile.
    say(state, "resume")
    for _ in range(3):
        assert bot.until(lambda value: value["type"] == "status")["orders"]["open"] == 0
    after = ledger(state)
    assert (len(after["closed_orders"]), after["open_orders"]) == (placed, [])
    code, end = bot.stop()
    assert end["clean"]
    assert code == 0


@pytest.mark.parametrize("policy", ["os", "always"])
def test_f82_a_disk_that_has_room_again_takes_the_journal_again_and_the_operator_resumes(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, policy: str
) -> None:
    config, bot, _ = full(start, state, tmp_path, policy)
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    bot.until_said("The journal is written again")
    for _ in range(3):
        assert bot.until(lambda value: value["type"] == "status")["orders"]["open"] == 0, "nobody resumed it"
    assert say(state, "resume")[0] == 0
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    # Killed: what the next start knows is in the journal that was opened again, and in nothing before it.
    bot.kill()
    second = start("--config", str(config))
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    assert "damage" not in second.text()
    code, end = second.stop()
    assert (code, end["clean"]) == (0, True)
    assert Decimal(end["profit"]["residual"]) == 0, end["profit"]
    assert ledger(state)["open_orders"] == []

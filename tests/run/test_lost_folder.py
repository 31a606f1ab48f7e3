"""A state folder that is moved or removed under a run: what it writes from then on no restart would find."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.run.bot_process import BotProcess, eventually, ledger
from tests.run.test_operating import CONFIG, quoting


@pytest.mark.parametrize("what", ["moved", "its journal removed"])
def test_a_state_folder_that_is_gone_ends_new_risk_and_what_stands_is_cancelled(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path, what: str
) -> None:
    config = tmp_path / "mm.toml"
    config.write_text(CONFIG.format(spread=4, orders=6))
    bot = start("--config", str(config))
    quoting(bot, 2)
    left = state
    if what == "moved":
        # The venue's own record is in it too.
        left = state.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(state / "journal")
    bot.until_said("was removed, moved or replaced")
    report = eventually(left, lambda report: report["open_orders"] == [], bot)
    placed = len(report["closed_orders"])
    for _ in range(3):
        assert bot.until(lambda value: value["type"] == "status")["orders"]["open"] == 0
    after = ledger(left)
    assert (len(after["closed_orders"]), after["open_orders"]) == (placed, []), "an order that no journal has"
    bot.stop()

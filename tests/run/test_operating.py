"""Words to a run that is going on, as a person says them: `mm pause`, `mm reload` and their like."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mm._core import events as ev
from mm.persistence.recording import read
from tests.run.bot_process import BotProcess

CONFIG = """
[venues.kraken]
tier = "pro"
accept_account_wide_timer = true

[strategies.btc]
symbol = "BTC/USD"
spread_bps = {spread}
quote_size = 0.002
max_position = 0.05
refresh_interval_ms = 500

[limits]
max_open_orders = {orders}
price_collar_bps = 100
"""


def say(state: Path, *words: str, **options: object) -> tuple[int, str]:
    """Run `mm` and return its exit code with all that it wrote."""
    ended = subprocess.run(
        [sys.executable, "-m", "mm", *words, "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        **({"stdin": subprocess.DEVNULL} | options),  # type: ignore[call-overload]
    )
    return ended.returncode, ended.stdout.decode()


def quoting(bot: BotProcess, orders: int) -> None:
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] == orders)


def running(start: Callable[..., BotProcess], folder: Path, more: str = "") -> tuple[BotProcess, Path]:
    """A run that quotes both sides, and its file: `CONFIG`, and `more` behind it."""
    config = folder / "mm.toml"
    config.write_text(CONFIG.format(spread=4, orders=6) + more)
    bot = start("--config", str(config))
    quoting(bot, 2)
    return bot, config


def test_a_strategy_is_paused_resumed_stopped_and_started(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, _ = running(start, tmp_path)
    for word, told, orders in (
        (("pause", "btc"), "btc: paused, BTC/USD on kraken, [12] orders? being cancelled\n", 0),
        (("resume", "btc"), "btc: running", 2),
        (("stop-strategy", "btc"), "btc: stopped, BTC/USD on kraken, [12] orders? being cancelled\n", 0),
        (("start", "btc"), "btc: running", 2),
        (("pause", "btc"), "btc: paused", 0),
        (("pause",), "every strategy is paused by the operator", 0),
        (("resume",), "btc: running", 2),
        (("pause",), "btc: running, BTC/USD on kraken, [12] orders? being cancelled\n", 0),
    ):
        code, text = say(state, *word)
        assert (code, bool(re.search(told, text))) == (0, True), text
        quoting(bot, orders)
    held = "every strategy is paused: mm resume lets all go on"
    assert say(state, "resume", "btc") == (1, held + "\n")
    assert say(state, "kill", "halt")[0] == 0
    halted = "kill ladder: halt by the operator; until mm resume"
    for word in ("resume", "start"):
        assert say(state, word, "btc") == (1, f"{held}; {halted}\n")
    code, text = say(state, "strategies")
    assert (code, text.splitlines()[:2]) == (0, [halted, "every strategy is paused by the operator"])
    assert say(state, "resume")[0] == 0
    assert say(state, "kill", "cancel", "--venue", "kraken")[0] == 0
    assert say(state, "resume", "btc") == (1, "kill ladder: cancel (venue=kraken) by the operator; until mm resume\n")
    assert say(state, "resume")[0] == 0
    quoting(bot, 2)
    assert say(state, "start", "btc") == (1, "btc is running already\n")
    nothing = "nothing to resume: no strategy is paused, and no step is in force\n"
    assert say(state, "resume") == (1, nothing)
    code, text = say(state, "journal", "verify")
    assert (code, "note: a run writes it now" in text, "did not close" in text) == (0, True, False), text
    assert say(state, "pause", "eth") == (1, 'no strategy is named "eth"; the run has btc\n')
    code, text = say(state, "strategies")
    assert (code, text) == (0, "btc: running, BTC/USD on kraken, 2 open orders\n")
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)
    code, text = say(state, "pause")
    assert code == 2
    assert "no run answers on the state folder" in text
    assert f"process {bot.process.pid}, the last one there, has ended" in text


def test_of_a_run_that_died_it_is_said_what_cancels_and_what_to_do(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, _ = running(start, tmp_path)
    bot.kill()
    for word in ("kill", "stop", "strategies"):
        code, text = say(state, word)
        assert code == 2
        assert f"process {bot.process.pid}, which ran there, is dead" in text
        assert "Kraken: its own timer, 60 s after the last word" in text, text
        assert "Start again on the same folder: a start takes over what is left" in text
        assert "give its --state" not in text
    code, text = say(tmp_path / "nowhere", "kill")
    assert (code, text.count("\n")) == (2, 1)
    assert "there is no control.sock): give its --state" in text


def test_where_no_timer_was_armed_the_watchdog_and_its_log_are_named(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    config = tmp_path / "mm.toml"
    config.write_text(CONFIG.format(spread=4, orders=6).replace("accept_account_wide_timer = true", ""))
    bot = start("--config", str(config))
    quoting(bot, 2)
    bot.kill()
    code, text = say(state, "kill")
    assert code == 2
    assert f"Kraken: the watchdog, which says in {state / 'watchdog.log'} what it did" in text


def test_f91_a_changed_file_is_checked_shown_confirmed_and_recorded(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, config = running(start, tmp_path)
    assert say(state, "reload") == (0, "nothing differs from the values in force\n")
    config.write_text(CONFIG.format(spread=-1, orders=0))
    code, text = say(state, "reload")
    assert code == 1
    assert "2 problems in the configuration" in text
    assert "mm.toml:8: strategies.btc.spread_bps" in text
    assert "mm.toml:14: limits.max_open_orders" in text
    config.write_text(CONFIG.format(spread=4, orders=6).replace('tier = "pro"', 'tier = "starter"'))
    code, text = say(state, "reload")
    assert code == 1
    assert "venues.kraken.tier: pro -> starter: cannot change in a run" in text
    config.write_text(CONFIG.format(spread=4, orders=6).replace("0.002", "0.00001"))
    code, text = say(state, "reload", "--yes")
    assert code == 1
    assert "strategies.btc.quote_size: level 0 would be 0.00001000 BTC; kraken takes at least" in text
    config.write_text(CONFIG.format(spread=60, orders=8))
    shown = "limits.max_open_orders: 6 -> 8 (a raised limit)\nstrategies.btc.spread_bps: 4 -> 60\n"
    assert say(state, "reload", "--check") == (0, shown)
    code, text = say(state, "reload")
    # What is told as an error may come first in a pipe that takes both.
    assert code == 1, "F91: a limit was raised without a word"
    assert shown in text
    assert "limits are raised: add --yes to say that you mean it; nothing was changed" in text
    code, text = say(state, "reload", "--yes")
    assert code == 0
    assert text.endswith("in force now:\nlimits.max_open_orders = 8, was 6\nstrategies.btc.spread_bps = 60, was 4\n")
    quoting(bot, 2)
    # On a terminal the question is asked.
    config.write_text(CONFIG.format(spread=60, orders=9))
    for answer, expected in ((b"n\n", 1), (b"y\n", 0)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        code, text = say(state, "reload", stdin=theirs)
        os.close(theirs)
        os.close(ours)
        assert (code, "1 limit is raised. Go by them? [y/N]" in text) == (expected, True), text
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)
    (recording,) = (state / "recordings").glob("*.mmr")
    changed = [event.config for event in read(recording) if type(event) is ev.SettingsChanged]
    assert [b'"max_open_orders":8' in changed[0], b'"max_open_orders":9' in changed[1]] == [True, True]
    code, text = say(state, "why", "--last", "3")
    assert code == 0

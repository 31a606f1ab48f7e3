"""What the door of a run takes before the first connection, and how long a proof lasts on a loop that is busy."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.live import killing
from mm.live.bot import Bot
from mm.live.control import Answer, done
from mm.live.killing import KillDoor
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.world import World
from tests.run.test_supervisor import EPOCH, on, open_orders


async def nothing(request: object) -> Answer:
    return done()


def bot_of(world: World, state: Path) -> tuple[Bot, MemoryRecorder]:
    state.mkdir()
    settings = on(world)
    recorder = MemoryRecorder(keep=True)
    bot = Bot(replace(settings, run=replace(settings.run, state=str(state))), recorder, epoch=next(EPOCH))
    return bot, recorder


async def until_listed(bot: Bot) -> None:
    """The account has been read, and the market: from here on a run would quote."""
    for _ in range(1000):
        if bot.engine.venues["kraken"].private_up and any(m.book_ns for m in bot.engine.markets.values()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the venue was not heard")


async def test_a_kill_before_the_first_connection_is_in_force(world: World, tmp_path: Path) -> None:
    state = tmp_path / "state"
    bot, recorder = bot_of(world, state)
    door = KillDoor(bot, nothing)
    answering = asyncio.ensure_future(door.commands()["kill"]({"step": "halt"}))
    # As while the watchdog is being started: the door is open, and nothing is connected.
    await asyncio.sleep(0)
    bot.operate("pause")
    bot.start()
    try:
        answer = await answering
        assert ("halt", "") in bot.engine.ladder.latches
        assert bot.engine.is_paused
        assert (state / "latches").exists(), "the next start would not begin with it"
        assert answer["ok"], answer
        await until_listed(bot)
        await asyncio.sleep(0.2)
        assert not [event for event in recorder.events if type(event) is ev.Place]
        assert open_orders(world) == []
    finally:
        bot.stop()
        await bot.wait_closed()


async def test_a_kill_after_the_last_word_is_not_said_to_be_taken(world: World, tmp_path: Path) -> None:
    bot, _ = bot_of(world, tmp_path / "state")
    bot.start()
    bot.stop()
    await bot.wait_closed()
    for step, side in (("halt", ""), ("pause-side", "buy")):
        answer = await KillDoor(bot, nothing).commands()["kill"]({"step": step, "side": side})
        assert not answer["ok"]
        assert any(f"{step} was NOT taken" in line for line in answer["text"]), answer


async def test_a_proof_is_over_in_its_time_on_a_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are counted and not seconds, so that no machine's speed is judged: each holds the loop for a tenth of the
    whole time, four times as long as the pause that is asked for."""
    monkeypatch.setattr(killing, "PROOF_S", 0.2)
    monkeypatch.setattr(killing, "POLL_S", 0.005)
    looks = 0

    def busy(*_: object) -> list[str]:
        nonlocal looks
        looks += 1
        time.sleep(0.02)  # the loop is busy, that is what is tried
        return ["unknown: kraken has not told its open orders since"]

    monkeypatch.setattr(killing, "remains", busy)
    bot: Any = SimpleNamespace(
        engine=SimpleNamespace(is_stopping=False),
        latches=SimpleNamespace(problem=""),
        failure=None,
        operate=lambda word: None,
        clock=SimpleNamespace(now_ns=time.time_ns),
    )
    is_proven, told = await killing.proof(bot, "halt", Scope("", "", ""), time.time_ns())
    assert not is_proven
    assert told[0].startswith("NOT VERIFIED after")
    assert looks <= 12, "the pauses were counted instead of the time"

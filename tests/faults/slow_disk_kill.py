"""A run in a process of its own, killed or paused while its disk hangs or is slow.

Arguments: the world's folder, its own, policy, epoch, milliseconds that a sync takes (0: it hangs for two seconds), and
"pause" where it is paused while its orders wait.

Says as JSON what stood and when the word was said; the venue's ledger says the rest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from mm._core import events as ev
from mm.config import Settings
from mm.live.snapshots import Snapshots
from mm.persistence.journal import EventJournal
from mm.persistence.recorder import FileRecorder
from mm.simulator import world as simulator
from tests.faults.test_kill_faults import on_world
from tests.run.test_supervisor import Run, open_orders

HANG_MS = 2000


def turn_ns(world: simulator.World) -> int:
    """What a word to the venue's process and its answer take here and now."""
    began = time.monotonic_ns()
    open_orders(world)
    return time.monotonic_ns() - began


def journaled(settings: Settings, folder: Path, policy: str, epoch: int) -> tuple[Run, EventJournal]:
    """A run with a journal in its state folder."""
    journal = EventJournal(folder / "state" / "journal", epoch=epoch, build="", now_ns=time.time_ns(), policy=policy)
    recorder = FileRecorder(folder / "run.mmr", build="", created_ns=0, journal=journal)
    return Run(settings, recorder, epoch=epoch), journal


async def over(run: Run, told: dict[str, object]) -> dict[str, object]:
    """Let it run to its end, and tell its exit code too."""
    told["exit_code"] = int(await run.until_over())
    run.bot.engine.recorder.close()
    return told


async def killed(world: simulator.World, folder: Path, policy: str, epoch: int) -> dict[str, object]:
    """Kill once quotes stand, with each sync taking two seconds and a snapshot under way."""
    settings = on_world(world, folder)
    run, journal = journaled(settings, folder, policy, epoch)
    told: dict[str, object] = {}

    def kill(run: Run) -> None:
        told["stood"] = [order["client_id"] for order in open_orders(world)]
        told["turn_ns"] = turn_ns(world)
        hangs = folder / "hangs"
        hangs.write_text(str(HANG_MS))
        threading.Timer(3.0, hangs.unlink).start()
        snapshots = Snapshots(run.bot.engine, journal, behind=1, say=lambda text: None)
        snapshots.take(time.time_ns(), 0)
        told["said_ns"] = time.time_ns()
        run.bot.latch([ev.Latched(run.bot.clock.now_ns(), "halt", "", True, "operator", policy)])

        def look() -> None:
            told["under_way"] = saving is not None and saving.outcome() is None

        # A disk that is not slow has it by then. In a thread: with "always" the loop stands for a private event.
        saving = snapshots._saving
        threading.Timer(1.0, look).start()
        asyncio.get_running_loop().call_later(3.5, run.supervisor.ask_to_stop, "SIGINT")

    run.at_quotes = kill
    return await over(run, told)


def crowded(settings: Any) -> Any:
    """Twenty orders a side, changed at each tick."""
    (name, strategy), *_ = settings.strategies.items()
    many = replace(
        strategy.parameters,
        levels=20,
        level_step_bps=Decimal(1),
        quote_size=Decimal("0.001"),
        refresh_interval_ms=0,
        refresh_tolerance_bps=Decimal(0),
    )
    limits = replace(settings.limits, max_open_orders=100)
    return replace(settings, strategies={name: replace(strategy, parameters=many)}, limits=limits)


async def killed_among_many(
    world: simulator.World, folder: Path, policy: str, epoch: int, slow_ms: int
) -> dict[str, object]:
    """Kill by a word from outside the loop, amid changes of forty orders and what the venue says of them."""
    settings = crowded(on_world(world, folder))
    run, _ = journaled(settings, folder, policy, epoch)
    told: dict[str, object] = {}
    loop = asyncio.get_running_loop()

    def say() -> None:
        """In a thread: the loop may stand."""
        told["turn_ns"] = turn_ns(world)
        told["said_ns"] = time.time_ns()
        loop.call_soon_threadsafe(hear)

    def hear() -> None:
        told["stood"] = [order.client_id for order in run.bot.engine.orders.open()]
        told["heard_ns"] = time.time_ns()
        run.bot.latch([ev.Latched(run.bot.clock.now_ns(), "halt", "", True, "operator", policy)])
        told["handed_ns"] = time.time_ns()
        loop.call_later(3.0, run.supervisor.ask_to_stop, "SIGINT")

    def slow(run: Run) -> None:
        (folder / "hangs").write_text(str(slow_ms))
        threading.Timer(3.0, say).start()
        threading.Timer(5.0, (folder / "hangs").unlink).start()

    run.at_quotes = slow
    return await over(run, told)


async def paused_among_many(
    world: simulator.World, folder: Path, policy: str, epoch: int, slow_ms: int
) -> dict[str, object]:
    """Pause, and resume on a slow disk, so that forty orders wait for it; pause again while they do."""
    settings = crowded(on_world(world, folder))
    run, _ = journaled(settings, folder, policy, epoch)
    told: dict[str, object] = {"waited": []}
    loop = asyncio.get_running_loop()

    def resume() -> None:
        engine = run.bot.engine
        if engine.orders.n_open:
            loop.call_later(0.05, resume)
            return
        (folder / "hangs").write_text(str(slow_ms))
        run.bot.operate("resume")
        loop.call_later(0.1, again)

    def again() -> None:
        told["waited"] = [order.client_id for order in run.bot.engine.orders.open() if order.unsent]
        run.bot.operate("pause")
        told["states"] = [run.bot.engine.orders.get(name).state.name for name in told["waited"]]
        threading.Timer(2.0, (folder / "hangs").unlink).start()
        loop.call_later(3.0, run.supervisor.ask_to_stop, "SIGINT")

    def pause(run: Run) -> None:
        run.bot.operate("pause")
        loop.call_later(0.05, resume)

    run.at_quotes = pause
    return await over(run, told)


if __name__ == "__main__":
    found = simulator.find(Path(sys.argv[1]))
    assert found is not None
    where, chosen, number, slow = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    if sys.argv[6:] == ["pause"]:
        print(json.dumps(asyncio.run(paused_among_many(found, where, chosen, number, slow))))
    elif slow:
        print(json.dumps(asyncio.run(killed_among_many(found, where, chosen, number, slow))))
    else:
        print(json.dumps(asyncio.run(killed(found, where, chosen, number))))

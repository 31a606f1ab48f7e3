"""What rightly freezes or ends trading: a contract that means something else, an account in another position mode.

The bot is started anew for each, STARTS times in turn, on one simulator. Once it has hedged, either the venue changes
the contract's size: from then on no order may go there, nothing may go elsewhere instead, and no change of the position
may be made up; the run goes on until it is asked to stop. Or somebody puts the account into hedge mode: the run has to
end by itself as a fault, with no order of its own left anywhere. Both are put back for the next start, as somebody
would who has read what the run said.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from endurance_judge import Replayed, own_fills, own_orders, replay, unlike

from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.world import World, launch
from mm.stopping import Exit

STARTS: Final = 3
HEDGED_S: Final = 60.0
FROZEN_S: Final = 12.0
END_S: Final = 60.0
"""An end takes a second or two, 22 s at most on a disk that hangs; the rest is for a busy machine."""
LOOK_S: Final = 0.2
TOLD_NS: Final = 1_000_000_000
"""The venue tells of the change within a push."""
CONTRACT, CHANGED = 0.0001, 0.0005
HEDGE, ONE_WAY = 1, 2
SIZE, MODE = "contract_size", "position_mode"
VENUES: Final = (KRAKEN, MEXC_SPOT, MEXC_FUTURES)

Json = dict[str, Any]


def run(state: Path, command: list[str], seed: int) -> Json:
    """Start, strike and judge STARTS times; returns `passed` and why not. command: of the bot."""
    state.mkdir(parents=True)
    world = launch(state, seed=seed, tier="pro", idle_seconds=60, venues=VENUES)
    problems: list[str] = []
    booked: dict[str, set[str]] = {venue: set() for venue in VENUES}
    codes = []
    for turn in range(2 * STARTS):
        action = MODE if turn % 2 else SIZE
        log = state / f"bot-{turn}.log"
        with log.open("w") as file:
            bot = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            try:
                found = _strike(world, bot, action)
            finally:
                if bot.poll() is None:
                    bot.kill()
                codes.append(bot.wait())
        if codes[-1] != (Exit.FAULT if action == MODE else Exit.CLEAN):
            found.append(f"exit code {codes[-1]}")
        replayed = replay(max((state / "recordings").glob("*.mmr")))
        found += _replayed(replayed, log)
        problems += [f"{action}, {log}: {problem}" for problem in found]
        for venue, executions in replayed.executions.items():
            booked[venue] |= executions
        world.control("act", {"action": SIZE, "value": CONTRACT}, venue=MEXC_FUTURES)
        world.control("act", {"action": MODE, "value": ONE_WAY}, venue=MEXC_FUTURES)
    ledgers = {venue: world.control("ledger", venue=venue) for venue in VENUES}
    fired = world.control("stats", venue=MEXC_FUTURES)["hooks"]["fired"]
    world.control("stop", {})
    for venue, ledger in ledgers.items():
        problems += [f"{venue}: order {order['client_id']} is open there" for order in ledger["open_orders"]]
        theirs = {fill["execution_id"] for fill in own_fills(ledger)}
        problems += [f"{venue}: fill {name} was missed" for name in sorted(theirs - booked[venue])]
        problems += [f"{venue}: fill {name} is not the venue's" for name in sorted(booked[venue] - theirs)]
    for action in (SIZE, MODE):
        # Half of them are those that put it back.
        if fired.get(f"clock.{action}", 0) < 2 * STARTS:
            problems.append(f"hook clock {action} fired {fired.get(f'clock.{action}', 0)} times")
    return {
        "passed": not problems,
        "problems": problems,
        "exit_codes": codes,
        "fills": {venue: len(ledger["fills"]) for venue, ledger in ledgers.items()},
        "hooks_fired": fired,
    }


def _strike(world: World, bot: subprocess.Popen[bytes], action: str) -> list[str]:
    before = len(own_fills(_ledger(world, MEXC_FUTURES)))
    if not _until(bot, HEDGED_S, lambda: len(own_fills(_ledger(world, MEXC_FUTURES))) >= before + 2):
        return ["nothing was hedged"]
    if action == MODE:
        _act(world, MODE, HEDGE)
        return [] if _until(bot, END_S, lambda: False) else ["the run went on in another position mode"]
    changed_ns = _act(world, SIZE, CHANGED)
    spot = len(own_orders(_ledger(world, MEXC_SPOT)))
    problems = ["the run ended when the contract changed"] if _until(bot, FROZEN_S, lambda: False) else []
    late = [order for order in own_orders(_ledger(world, MEXC_FUTURES)) if order["created_ns"] > changed_ns + TOLD_NS]
    problems += [f"order {order['client_id']} was sent to the changed contract" for order in late]
    if len(own_orders(_ledger(world, MEXC_SPOT))) > spot:
        problems.append("hedges went to the fallback, which is for closed order entry")
    bot.terminate()
    if not _until(bot, END_S, lambda: False):
        problems.append("the run did not stop when it was asked to")
    return problems


def _replayed(replayed: Replayed, log: Path) -> list[str]:
    problems = unlike(replayed, log)
    if externals := replayed.engine.perpetuals.externals:
        problems.append(f"{externals} changes of the position that nobody made")
    return problems


def _act(world: World, action: str, value: float) -> int:
    world.control("act", {"action": action, "value": value}, venue=MEXC_FUTURES)
    return time.time_ns()


def _ledger(world: World, venue: str) -> Json:
    ledger: Json = world.control("ledger", venue=venue)
    return ledger


def _until(bot: subprocess.Popen[bytes], seconds: float, is_done: Callable[[], bool]) -> bool:
    """Wait; returns whether it came to pass, or the bot ended."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if is_done() or bot.poll() is not None:
            return True
        time.sleep(LOOK_S)
    return False

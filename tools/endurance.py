"""A quarter of an hour with every fault that three simulated venues can make, and a verdict that a machine can read.

    python tools/endurance.py [--seconds 900] [--state DIR] [--seed 1] [--no-ends]

A simulator of Kraken, MEXC Spot and MEXC Futures is started on a fresh state folder with a script of faults
(`endurance_faults.py`), and the bot trades against it as a process of its own: it quotes on Kraken and hedges in
contracts, on spot while order entry is closed. When it has stopped, its recording is compared with the venues' ledgers
(`endurance_judge.py`). Faults that rightly freeze or end trading follow in short runs (`endurance_ends.py`). The last
line is a JSON verdict; the exit code is 0 only if all of it holds: the bot ended clean by itself, every kind of fault
fired at least three times at each venue, and once by each name (that a message of `executions` is dropped, say), at
least 50 fills and 20 of hedges, and orders, executions, positions, cash, fees, funding, balances, debts and profit are
the venues' to the last digit.

A run under 900 s is for development: what did not fire or was too little is no problem, and the verdict's `floors` says
that it was not asked for. Under 400 s each fault strikes once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import endurance_ends
from endurance_faults import FUNDING_S, SPEED, script
from endurance_judge import SECONDS_MIN, judge

from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.world import launch

SETTINGS = Path(__file__).parent / "endurance.toml"
ENDS_S = 180.0
"""Longer than any of the short runs lasts before it is ended."""
VENUES = (KRAKEN, MEXC_SPOT, MEXC_FUTURES)


def bot_command(state: Path, seconds: float) -> list[str]:
    """The bot as a process of its own."""
    command = [sys.executable, "-m", "mm.run", "--state", str(state), "--json", "--config", str(SETTINGS)]
    return [*command, "--seconds", str(seconds)]


def main() -> int:
    """Run and judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS_MIN)
    parser.add_argument("--state", type=Path, help="an empty folder (default: a temporary one, removed if all is well)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-ends", action="store_true", help="leave out the short runs that faults rightly end")
    options = parser.parse_args()
    state = options.state or Path(tempfile.mkdtemp(prefix="mm-endurance-"))
    state.mkdir(parents=True, exist_ok=True)
    hooks = state / "hooks.json"
    hooks.write_text(json.dumps(script(options.seconds)))
    extra = ("--funding-seconds", str(FUNDING_S))
    world = launch(
        state,
        seed=options.seed,
        speed=SPEED,
        tier="pro",
        hooks=hooks,
        idle_seconds=60,
        venues=VENUES,
        extra=extra,
    )
    command = bot_command(state, options.seconds)
    with (state / "bot.log").open("w") as log:
        bot = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    ledgers = {venue: world.control("ledger", venue=venue) for venue in VENUES}
    stats = {venue: world.control("stats", venue=venue) for venue in VENUES}
    world.control("stop", {})
    (state / "ledgers.json").write_text(json.dumps({"ledgers": ledgers, "stats": stats, "exit_code": bot.returncode}))
    verdict = judge(state, bot.returncode, ledgers, stats, options.seconds)
    if not options.no_ends:
        ends = state / "ends"
        verdict["ends"] = endurance_ends.run(ends, bot_command(ends, ENDS_S), options.seed)
        verdict["passed"] = verdict["passed"] and verdict["ends"]["passed"]
    verdict["state"] = str(state)
    (state / "verdict.json").write_text(json.dumps(verdict, indent=2))
    if verdict["passed"] and options.state is None:
        shutil.rmtree(state, ignore_errors=True)
        del verdict["state"]
    print(json.dumps(verdict))
    return 0 if verdict["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

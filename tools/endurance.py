"""Ten minutes with every fault that the simulated venue can make, and a verdict that a machine can read.

    python tools/endurance.py [--seconds 600] [--state DIR] [--seed 1]

A simulator is started on a fresh state folder with a script of faults, the bot trades against it as a process of its
own, and when it has stopped its recording is compared with the venue's ledger. The last line is a JSON verdict; the
exit code is 0 only if all of it holds: the bot ended clean by itself, every kind of fault fired at least three times,
at least 50 fills, and orders, executions, position, fees and balances equal the venue's to the last digit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from mm._core import events as ev
from mm.config.canonical import from_json
from mm.engine import Engine
from mm.exchanges import find
from mm.persistence.recorder import NullRecorder
from mm.persistence.recording import read
from mm.simulator.hooks import ACTIONS
from mm.simulator.world import launch
from mm.strategies import parameters_of

ONE_VENUE = Path(__file__).parent.parent / "tests" / "one_venue.toml"
FIRED_MIN = 3
FILLS_MIN = 50
QUIET_S = 25.0
"""The last seconds are without new faults: what a fault took away has to be found again before the books are
compared."""


TIMES = 4


def script(seconds: float) -> list[dict[str, Any]]:
    """Every action at every place, TIMES times, spread over the run: each strikes what comes first after its moment."""
    kinds: list[dict[str, Any]] = [
        {"on": "request", "name": "add_order", "action": "drop"},
        {"on": "message", "name": "book", "action": "checksum"},
        {"on": "request", "name": "amend_order", "action": "delay", "delay_s": 0.7},
        {"on": "message", "name": "executions", "action": "gap"},
        {"on": "request", "name": "add_order", "action": "refuse"},
        {"on": "message", "name": "book", "action": "drop"},
        {"on": "request", "name": "amend_order", "action": "disconnect"},
        {"on": "clock", "action": "mode", "mode": "post_only", "duration_s": 3},
        {"on": "reply", "name": "add_order", "action": "withhold"},
        {"on": "message", "name": "executions", "action": "duplicate"},
        {"on": "reply", "name": "amend_order", "action": "delay", "delay_s": 1.5},
        {"on": "message", "name": "book", "action": "delay", "delay_s": 0.3},
        {"on": "reply", "name": "amend_order", "action": "duplicate"},
        {"on": "clock", "action": "skew", "skew_s": 5, "duration_s": 4},
        {"on": "reply", "name": "add_order", "action": "corrupt"},
        {"on": "message", "name": "trade", "action": "corrupt"},
        {"on": "reply", "name": "amend_order", "action": "garbage"},
        {"on": "clock", "action": "disconnect", "target": "all"},
        {"on": "reply", "name": "OpenOrders", "action": "status"},
        {"on": "message", "name": "trade", "action": "garbage"},
        {"on": "reply", "name": "add_order", "action": "disconnect"},
        {"on": "clock", "action": "silence", "target": "public", "duration_s": 8},
        {"on": "message", "name": "book", "action": "disconnect"},
        {"on": "clock", "action": "tokens"},
        {"on": "clock", "action": "outage", "duration_s": 4},
        {"on": "request", "name": "OpenOrders", "action": "lag", "delay_s": 2.0},
        {"on": "message", "name": "executions", "action": "drop"},
    ]
    busy = seconds - QUIET_S - 5.0
    rules = []
    for turn in range(TIMES):
        for index, kind in enumerate(kinds):
            moment = 5.0 + busy * (turn + index / len(kinds)) / TIMES
            when = {"at_s": moment, "every_s": 0.0} if kind["on"] == "clock" else {"from_s": moment, "times": 1}
            rules.append(kind | when)
    return rules


def main() -> int:
    """Run and judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--state", type=Path, help="an empty folder (default: a temporary one, removed if all is well)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    state = options.state or Path(tempfile.mkdtemp(prefix="mm-endurance-"))
    state.mkdir(parents=True, exist_ok=True)
    hooks = state / "hooks.json"
    hooks.write_text(json.dumps(script(options.seconds)))
    world = launch(state, seed=options.seed, tier="pro", hooks=hooks, idle_seconds=60)
    command = [sys.executable, "-m", "mm.run", "--state", str(state), "--json"]
    command += ["--config", str(ONE_VENUE), "--seconds", str(options.seconds)]
    with (state / "bot.log").open("w") as log:
        bot = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    ledger = world.control("ledger")
    stats = world.control("stats")
    world.control("stop", {})
    verdict = judge(state, bot.returncode, ledger, stats)
    verdict["state"] = str(state)
    (state / "verdict.json").write_text(json.dumps(verdict, indent=2))
    if verdict["passed"] and options.state is None:
        shutil.rmtree(state, ignore_errors=True)
        del verdict["state"]
    print(json.dumps(verdict))
    return 0 if verdict["passed"] else 1


def judge(state: Path, exit_code: int, ledger: dict[str, Any], stats: dict[str, Any]) -> dict[str, Any]:
    """Compare the bot's recording with the venue's books."""
    problems: list[str] = []
    if exit_code != 0:
        problems.append(f"the bot ended with exit code {exit_code}: see {state / 'bot.log'}")
    fired: dict[str, int] = {}
    for rule in stats["hooks"]["rules"]:
        key = f"{rule['on']} {rule['action']}"
        fired[key] = fired.get(key, 0) + rule["fired"]
    for place, actions in ACTIONS.items():
        for action in sorted(actions):
            if fired.get(f"{place} {action}", 0) < FIRED_MIN:
                problems.append(f"hook {place} {action} fired {fired.get(f'{place} {action}', 0)} times")
    engine, executions = replay(max((state / "recordings").glob("*.mmr")))
    theirs = {fill["execution_id"]: fill for fill in ledger["fills"]}
    if len(theirs) < FILLS_MIN:
        problems.append(f"only {len(theirs)} fills")
    problems += [f"fill {name} was missed" for name in theirs.keys() - executions]
    problems += [f"fill {name} is not the venue's" for name in executions - theirs.keys()]
    problems += [f"order {order['client_id']} is open at the venue" for order in ledger["open_orders"]]
    problems += [f"order {order.client_id} is open in the bot's books" for order in engine.orders.open()]
    market = engine.markets["kraken", "BTC/USD"]
    position = market.position
    cost_scale = Decimal(10**market.instrument.cost_precision)

    def signed(fill: dict[str, Any], field: str) -> Decimal:
        return Decimal(fill[field]) if fill["side"] == "buy" else -Decimal(fill[field])

    equal = {
        "position": (market.instrument.size_float(1) and Decimal(position.quantity) / 10**8,
                     sum((signed(f, "size") for f in theirs.values()), Decimal(0))),
        "cash": (position.cash / cost_scale, -sum((signed(f, "cost") for f in theirs.values()), Decimal(0))),
        "fees": (Decimal(position.fees.get("USD", 0)) / 10**12,
                 sum((Decimal(f["fee"]) for f in theirs.values()), Decimal(0))),
    }  # fmt: skip
    for asset, text in ledger["balances"].items():
        ours = engine.venues["kraken"].balances.get(asset, 0)
        equal[f"balance of {asset}"] = (Decimal(ours) / 10**12, Decimal(text))
    problems += [f"{name}: ours {ours}, the venue's {venue}" for name, (ours, venue) in equal.items() if ours != venue]
    return {
        "passed": not problems,
        "problems": problems,
        "exit_code": exit_code,
        "fills": len(theirs),
        "orders": engine.orders.total,
        "contradictions": engine.orders.contradictions,
        "hooks_fired": fired,
        "figures": {name: str(venue) for name, (_, venue) in equal.items()},
    }


def replay(path: Path) -> tuple[Engine, set[str]]:
    """The engine's state at the end of a recording, and the executions that it booked."""
    events = read(path)
    start = next(events)
    assert isinstance(start, ev.Start)
    settings = from_json(start.config, parameters_of)
    engine = Engine(start, settings, {name: find(name) for name in settings.venues}, NullRecorder())
    executions = set()
    for event in events:
        engine.apply(event)
        if isinstance(event, ev.Fill) and engine.orders.knows_execution(event.venue, event.symbol, event.execution_id):
            executions.add(event.execution_id)
    return engine, executions


if __name__ == "__main__":
    sys.exit(main())

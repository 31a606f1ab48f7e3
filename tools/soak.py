"""A soak: the bot over sockets under far more messages and orders than it will meet, and what grew meanwhile.

    python tools/soak.py [--seconds 300] [--rate 10000] [--burst 50000] [--state DIR] [--seed 1]

The simulated Kraken sends so many valid book messages a second besides the recorded market (and a burst of five seconds
each minute), twenty quotes follow the market ten times a second, and what fills is hedged in contracts. The venue's
rate limits are off. Sampled each second: the bot's memory, descriptors and threads; ten times a second: how long a
question over its local door takes, which is an upper bound of how long its loop did nothing else. The last line is a
JSON verdict; the exit code is 0 only if the bot stopped clean by itself, every execution of the venues' ledgers is in
its store and no other, positions and debts agree, no book was lost, and memory and descriptors are flat.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mm.operate import Run
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES
from mm.simulator.world import launch

SETTINGS: Final = Path(__file__).parent / "soak.toml"
VENUES: Final = (KRAKEN, MEXC_FUTURES)
SPEED: Final = 6.0
"""Of the recorded market: so that quotes have something to follow, and some fill."""
BURST_S: Final = 5
WARM_S: Final = 2400.0
"""Of a long run, half of a shorter one: buffers and the memories of so many orders and executions reach their size."""
REMEMBERED: Final = 3000
"""Orders that are over, each with its executions: a bot keeps so many."""
ORDER_MB: Final = 0.0025
"""What one of them takes in all that remembers it (measured: 2 to 2.7 kB until there were so many, then nothing)."""
SLOPE_MAX: Final = 0.5
"""MB an hour, over a run that is long enough to tell: 30 minutes."""
GROWTH_MAX: Final = 3.0
"""MB in a shorter one, beside orders that were yet to be remembered: pages that an allocator takes once look like a
slope there."""
LONG_S: Final = 1800.0
PROBE_S: Final = 0.1
SILENT_S_MAX: Final = 60.0
"""Since the last fill: twenty quotes at the touch are filled each second or so."""
LAG_MS_MAX: Final = 20.0

Json = dict[str, Any]


@dataclass(slots=True)
class Samples:
    """What was seen of the bot: (seconds since its start, MB, descriptors), and the answers' times in ms."""

    memory: list[tuple[float, float, int]] = field(default_factory=list)
    answers_ms: list[float] = field(default_factory=list)

    def slope(self, warm_s: float) -> tuple[float, float]:
        """MB an hour by least squares after the warm-up, and by how much the last tenth is above the first."""
        rows = [(at / 3600, mb) for at, mb, _ in self.memory if at > warm_s]
        if len(rows) < 20:
            return 0.0, 0.0
        times, sizes = [at for at, _ in rows], [mb for _, mb in rows]
        tenth = len(sizes) // 10
        growth = statistics.median(sizes[-tenth:]) - statistics.median(sizes[:tenth])
        return statistics.linear_regression(times, sizes).slope, growth


def watch(bot: subprocess.Popen[bytes], state: Path, samples: Samples) -> None:
    """Sample until the bot has ended."""
    began = time.monotonic()
    prober = threading.Thread(target=_probe, args=(bot, state, samples), daemon=True)
    prober.start()
    proc = Path(f"/proc/{bot.pid}")
    while bot.poll() is None:
        try:
            status = (proc / "status").read_text()
            descriptors = len(os.listdir(proc / "fd"))
        except OSError:
            break
        rss = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
        if rss:
            samples.memory.append((time.monotonic() - began, rss / 1024, descriptors))
        time.sleep(1.0)
    bot.wait()
    prober.join(timeout=5)


def _probe(bot: subprocess.Popen[bytes], state: Path, samples: Samples) -> None:
    while bot.poll() is None:
        try:
            with Run(state) as run:
                while bot.poll() is None:
                    asked = time.perf_counter()
                    run.ask({"command": "strategies"})
                    samples.answers_ms.append((time.perf_counter() - asked) * 1000)
                    time.sleep(PROBE_S)
        except (OSError, ValueError):
            # Not there yet, or not any more.
            time.sleep(0.2)


def floods(seconds: float, rate: float, burst: float) -> list[Json]:
    """The rules: a rate from the start to some seconds before the end, and a burst each minute."""
    rules: list[Json] = []
    at_s, last_s = 5.0, seconds - 5.0
    while at_s < last_s:
        rules.append({"on": "clock", "action": "flood", "value": rate, "at_s": at_s, "duration_s": 60 - BURST_S})
        if burst and at_s + 60 < last_s:
            peak = {"on": "clock", "action": "flood", "value": burst, "at_s": at_s + 60 - BURST_S}
            rules.append(peak | {"duration_s": BURST_S})
        at_s += 60
    return rules


def growth_allowed(orders: int, warm: float) -> float:
    """MB that a short run may grow by after its warm-up, the first part of it, for so many orders over all of it."""
    return GROWTH_MAX + ORDER_MB * (min(REMEMBERED, orders) - min(REMEMBERED, orders * warm))


def judge(state: Path, code: int, samples: Samples, ledgers: dict[str, Json], seconds: float, *, quiet: bool) -> Json:
    """The verdict. quiet: nothing else ran on this machine, so that times count."""
    problems: list[str] = []
    if code != 0:
        problems.append(f"the bot ended with exit code {code}: see {state / 'bot.log'}")
    theirs = {(venue, str(fill["execution_id"])) for venue, ledger in ledgers.items() for fill in ledger["fills"]}
    command = [sys.executable, "-m", "mm", "fills", "--json", "--state", str(state), "--last", "10000000"]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    rows = told["fills"] if isinstance(told, dict) else told
    ours = [(row["venue"], str(row["execution_id"])) for row in rows]
    if len(ours) != len(set(ours)):
        problems.append("an execution was booked twice")
    if set(ours) != theirs:
        problems.append(
            f"executions: {len(theirs - set(ours))} of the venues' are missing, others {set(ours) - theirs}"
        )
    left = {venue: ledger["open_orders"] for venue, ledger in ledgers.items() if ledger["open_orders"]}
    if left:
        problems.append(f"orders are left: {left}")
    log = (state / "bot.log").read_text(errors="replace")
    # A machine that is busy for a second makes books late, which is no fault of theirs.
    if lost := log.count("checksum") + (log.count("no book") if quiet else 0):
        problems.append(f"books were lost, {lost} lines of the log tell of it")
    silent_s = min(
        (ledger["time_ns"] - max((fill["time_ns"] for fill in ledger["fills"]), default=0)) / 1e9
        for ledger in ledgers.values()
    )
    if silent_s > SILENT_S_MAX:
        problems.append(f"nothing was filled in the last {silent_s:.0f} s: trade had stopped")
    warm_s = min(WARM_S, seconds / 2)
    slope, growth = samples.slope(warm_s)
    orders = sum(len(ledger["closed_orders"]) + len(ledger["open_orders"]) for ledger in ledgers.values())
    allowed = growth_allowed(orders, warm_s / seconds)
    if (slope > SLOPE_MAX) if seconds >= LONG_S else (growth > allowed):
        problems.append(
            f"memory grows by {slope:.1f} MB an hour, {growth:.1f} MB after {warm_s:.0f} s, {allowed:.1f} allowed"
        )
    files = [descriptors for at, _, descriptors in samples.memory if at > warm_s]
    if files and max(files[-10:]) > files[0] + 5:
        problems.append(f"descriptors grow: {files[0]} to {max(files[-10:])}")
    answers = sorted(samples.answers_ms)
    p99 = answers[len(answers) * 99 // 100] if answers else 0.0
    if not answers:
        problems.append("the local door never answered")
    if quiet and p99 > LAG_MS_MAX:
        problems.append(f"p99 of an answer is {p99:.1f} ms")
    return {
        "passed": not problems,
        "problems": problems,
        "seconds": seconds,
        "orders": orders,
        "executions": len(theirs),
        "memory_mb": [round(samples.memory[index][1], 1) for index in (0, -1)] if samples.memory else [],
        "slope_mb_an_hour": round(slope, 2),
        "growth_mb": round(growth, 2),
        "growth_allowed_mb": round(allowed, 2),
        "answers": len(answers),
        "answer_ms": {"p50": round(statistics.median(answers), 2), "p99": round(p99, 2), "max": round(answers[-1], 1)}
        if answers
        else {},
    }


def main() -> int:
    """Run and judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=10_000.0, help="book messages a second")
    parser.add_argument("--burst", type=float, default=50_000.0, help="for five seconds each minute, 0 none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="an empty folder (default: a temporary one, removed if all is well)")
    parser.add_argument("--busy", action="store_true", help="other work runs on this machine: times do not count")
    options = parser.parse_args()
    state = options.state or Path(tempfile.mkdtemp(prefix="mm-soak-"))
    state.mkdir(parents=True, exist_ok=True)
    hooks = state / "hooks.json"
    rules = floods(options.seconds, options.rate, options.burst)
    hooks.write_text(json.dumps({KRAKEN: rules}))
    extra = ("--mexc-futures-tier", "unlimited")
    world = launch(
        state,
        seed=options.seed,
        speed=SPEED,
        tier="unlimited",
        hooks=hooks,
        idle_seconds=60,
        venues=VENUES,
        extra=extra,
    )
    command = [sys.executable, "-m", "mm.run", "--state", str(state), "--json", "--config", str(SETTINGS)]
    samples = Samples()
    with (state / "bot.log").open("wb") as log:
        bot = subprocess.Popen(
            [*command, "--seconds", str(options.seconds)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        watch(bot, state, samples)
    ledgers = {venue: world.control("ledger", venue=venue, timeout_s=60) for venue in VENUES}
    stats = {venue: world.control("stats", venue=venue) for venue in VENUES}
    world.control("stop", {})
    verdict = judge(state, bot.returncode, samples, ledgers, options.seconds, quiet=not options.busy)
    verdict["stats"] = {venue: each.get("counts", {}) for venue, each in stats.items()}
    (state / "memory.json").write_text(json.dumps(samples.memory))
    (state / "verdict.json").write_text(json.dumps(verdict, indent=2))
    if verdict["passed"] and options.state is None:
        shutil.rmtree(state, ignore_errors=True)
    else:
        verdict["state"] = str(state)
    print(json.dumps(verdict))
    return 0 if verdict["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

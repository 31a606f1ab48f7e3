"""Kills a bot at what it writes, syncs, renames and sends, starts it again each time, and judges what is left.

    python tools/kills.py [--points 60] [--chain 10] [--jobs 6] [--seed 1] [--policy os,group]
    python tools/kills.py --all           every point of the standard script, one after the other (hours; --state FILE:
                                          chains that are done on this build are not done again)
    python tools/kills.py --ten           ten minutes, three venues, ten kills at random moments (--seconds 600)

The bot is a process of its own with `tools/kills.c` loaded into it, which ends it with SIGKILL at the n-th write, sync,
rename or send, every other time after half of the bytes. The simulated Kraken, MEXC Spot and MEXC Futures are another
process on loopback. Each start is the recovery of the one before and the victim of the next. After each kill the
venues' ledgers and the journal are held against each other: no order without its intent, no client id twice, no
execution that the venue does not have, no position over its limit, no contradiction; and what the next start takes over
is what the journal holds, by the hash of the state. At the end of a chain a start runs until nothing is in doubt and
stops in order; then orders, executions, positions, cash, fees, funding, balances and debts are the venues' to the last
digit and the profit's residual is 0 (`endurance_judge.py`), and its last word, its recording and its journal are of one
state. All chains together have to bring FILLS_MIN fills, and a kill each at a write, a sync and a send (not those of
fewer than POINTS_MIN points: the verdict says so). The last line is a JSON verdict; exit code 0 if all of it holds.
Linux with a C compiler.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, Final

import endurance_judge
from build_mark import build_mark
from endurance_ends import END_S
from endurance_faults import DAY_S, FUNDING_S
from endurance_judge import Verdict, held, own_orders, recovered, replay, unlike

from mm._core import JournalReader, events
from mm.live.control import address
from mm.persistence.journal import events_of
from mm.persistence.recording import Recording, RecordingError
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.world import World, launch

HERE: Final = Path(__file__).parent
SETTINGS: Final = HERE / "endurance.toml"
VENUES: Final = (KRAKEN, MEXC_SPOT, MEXC_FUTURES)
LIMITS: Final = {KRAKEN: Decimal("0.1"), MEXC_SPOT: Decimal(1), MEXC_FUTURES: Decimal(1)}
"""Of `endurance.toml`, in BTC."""
SPEED: Final = 2.0
"""Of the recorded market: a start makes and hedges fills in its few seconds."""
LIFE_S: Final = 20.0
"""A start that has not come to its point by then is killed where it is: 950 points take 8 s of an idle machine."""
REACHED_SHARE: Final = 0.7
"""Of the points, to pass: the last ones of a script of 8 s are not reached on a machine that does much else. Those that
are late are kills too, and judged like the others."""
REST_S: Final = 90.0
"""An order that never came to be is in doubt for some 80 s."""
BOOKED_S: Final = 3.0
"""A settlement is booked 0.2 to 2 s after its time."""
KINDS: Final = ("writes", "syncs", "renames", "sends")
ASKED: Final = ("sends", "syncs", "writes")
"""At each of these somebody has to be killed. Renames are three in a script."""
FIRST: Final = 400
"""So many points are the beginning of a run: half of the sample is of them."""
POINTS_MIN: Final = 40
"""Fewer are for development: they need not bring much."""
FILLS_MIN: Final = 100
"""60 points bring some 600, ten kills in five minutes 800."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """The last thing that a start does. at: its number, or a share of all above 0 and up to 1; kind: among those of
    `KINDS`, "" among all."""

    at: int | float
    kind: str = ""

    def of(self, counts: Sequence[int]) -> int:
        """Its number. counts: of a script, see `Chain.counts`."""
        return self.at if isinstance(self.at, int) else math.ceil(self.at * counts[number_of(self.kind)])


def number_of(kind: str) -> int:
    """Of a kind as `kills.c` has it."""
    return KINDS.index(kind) + 1 if kind else 0


@dataclass(slots=True)
class Chain:
    """One world and the starts in it. killed: by what a start was about to do; late: how many never came to their
    point."""

    state: Path
    library: Path
    policy: str
    seed: int
    killed: Counter[str] = field(default_factory=Counter)
    late: int = 0
    problems: list[str] = field(default_factory=list)
    world: World | None = None
    places: set[str] = field(default_factory=set)
    """Every intent that a journal has held: snapshots cut its beginning off."""
    left: int | None = None
    """The hash of the state that the journal held when the last start had ended."""
    recordings: set[Path] = field(default_factory=set)
    fills: dict[str, set[str]] = field(default_factory=lambda: {venue: set() for venue in VENUES})

    def begin(self) -> None:
        """Start the venues."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.world = launch(
            self.state, seed=self.seed, speed=SPEED, tier="unlimited", idle_seconds=120, venues=VENUES,
            extra=("--funding-seconds", str(FUNDING_S)),
        )  # fmt: skip

    def start(
        self, *more: str, at: int = 0, kind: str = "", half: bool = False, counted: bool = True
    ) -> subprocess.Popen[bytes]:
        """A start of the bot. at: which of its writes, syncs and sends is its last, 0 none; kind: see `Point`."""
        environment = {**os.environ, "MM_RUN__JOURNAL": self.policy, "MM_RUN__STORE": "off"}
        if counted:
            environment |= {
                "LD_PRELOAD": str(self.library),
                "MM_KILL_AT": str(at),
                "MM_KILL_KIND": str(number_of(kind)),
                "MM_KILL_COUNT": str(self.state / "count"),
                **({"MM_KILL_HALF": "1"} if half else {}),
            }
        command = [sys.executable, str(HERE / "kills_bot.py"), "--state", str(self.state), "--json"]
        command += ["--config", str(SETTINGS), "--env-file", str(self.state / "no.env"), *more]
        log = (self.state / "bot.log").open("ab")
        with log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def counts(self) -> list[int]:
        """What the last start did: all, writes, syncs, renames, sends, and the number of the kind that it ended at."""
        try:
            return list(struct.unpack("8q", (self.state / "count").read_bytes()))
        except (OSError, struct.error):
            return [0] * 8

    def kill_at(self, at: int, kind: str = "", *, half: bool) -> None:
        """One start, killed at its point, and what is left of it judged."""
        when = f"point {at}{kind and f' of the {kind}'}{' and a half' if half else ''}"
        (self.state / "count").unlink(missing_ok=True)
        bot = self.start(at=at, kind=kind, half=half)
        try:
            code = bot.wait(LIFE_S)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()
            self.late += 1
        else:
            reached = self.counts()[5]
            if code != -signal.SIGKILL or not reached:
                self.problems.append(f"{when}: ended by itself with exit code {code}: {self.last_lines()}")
            else:
                self.killed[KINDS[reached - 1]] += 1
        self.look(when)

    def last_lines(self) -> str:
        """Of what the bots said."""
        return (self.state / "bot.log").read_text(errors="replace")[-600:]

    def ledgers(self) -> dict[str, Json]:
        """What each venue's books say."""
        assert self.world is not None
        return {venue: self.world.control("ledger", venue=venue) for venue in VENUES}

    def look(self, when: str) -> None:
        """What must hold whenever no bot runs, by ledgers and journal."""
        ledgers = self.ledgers()
        places, fills = self.gather()
        doubled = [client_id for client_id, times in Counter(places).items() if times > 1]
        self.problems += [f"{when}: {client_id} is intended twice" for client_id in doubled]
        for venue, ledger in ledgers.items():
            ids = Counter(order["client_id"] for order in own_orders(ledger))
            self.problems += [f"{when}: {venue} has {name} {n} times" for name, n in ids.items() if n > 1]
            self.problems += [
                f"{when}: {venue} has {name}, the journal has not" for name in ids if name not in self.places
            ]
            theirs = {fill["execution_id"] for fill in ledger["fills"]}
            self.problems += [f"{when}: {venue}: {name} was invented" for name in sorted(fills[venue] - theirs)]
            if abs(held(venue, ledger)) > LIMITS[venue]:
                self.problems.append(f"{when}: {venue} holds {held(venue, ledger)}")
        self.problems += [f"{when}: {problem}" for problem in self.carried()]

    def carried(self) -> list[str]:
        """What is wrong with the state that the last start took over, and with what it heard then."""
        problems = []
        fresh = set((self.state / "recordings").glob("*.mmr")) - self.recordings
        self.recordings |= fresh
        for path in fresh:
            try:
                recording = Recording(path)
            except RecordingError:
                # Killed at the header: it has begun with nothing.
                continue
            first = list(islice(recording, 2))
            problems += [
                f"{path.name} took over another state than the journal had"
                for event in first
                if isinstance(event, events.Recovered) and event.state_hash != self.left
            ]
            if first and (count := replay(path, 0).contradictions):
                problems.append(f"{count} contradictions in {path.name}")
        engine = recovered(self.state / "journal")
        self.left = engine.durable_hash() if engine is not None else None
        return problems

    def gather(self) -> tuple[list[str], dict[str, set[str]]]:
        """What the journal holds now, kept for later."""
        places, fills = written(self.state)
        self.places.update(places)
        for venue in VENUES:
            self.fills[venue] |= fills[venue]
        return places, fills

    def finish(self, seconds: float = 0.0) -> Json:
        """The last start: so long, then its end."""
        bot = self.start(counted=False)
        until = time.monotonic() + seconds
        while time.monotonic() < until and bot.poll() is None:
            time.sleep(min(10.0, max(0.0, until - time.monotonic())))
            # While the bot trades, ledgers and journal are never of one moment.
            self.gather()
        return self.end_of(bot)

    def end_of(self, bot: subprocess.Popen[bytes]) -> Json:
        """Wait until nothing is in doubt, stop a start in order, and judge."""
        is_at_rest = self.rests(bot)
        if not is_at_rest:
            self.problems.append(f"something is in doubt after {REST_S:g} s: {self.last_lines()}")
        bot.send_signal(signal.SIGINT)
        try:
            code = bot.wait(END_S)
        except subprocess.TimeoutExpired:
            bot.kill()
            code = bot.wait()
        if code != 0:
            self.problems.append(f"the last start ended with exit code {code}: {self.last_lines()}")
        self.look("the end")
        return self.judged()

    def rests(self, bot: subprocess.Popen[bytes]) -> bool:
        """Wait until nothing is in doubt or unexplained, and every venue was read whole after that, and after the last
        settlement of funding: what is settled while the bot stops is only booked by its next start."""
        settled = self.end_settlements()
        deadline = time.monotonic() + REST_S
        last = False
        while time.monotonic() < deadline and bot.poll() is None:
            venues = asked(self.state, now=last).get("report", {}).get("venues", {})
            calm = len(venues) == len(VENUES) and all(
                each["read_ns"] and each["complete"] and not each["in_doubt"] and not each["unexplained"]
                for each in venues.values()
            )
            calm = calm and time.monotonic() >= settled
            if calm and last:
                return True
            last = calm
            time.sleep(0.2)
        return False

    def end_settlements(self) -> float:
        """Let the next settlement be a day away; returns when the last one is surely booked."""
        assert self.world is not None
        rule = {"on": "clock", "action": "funding", "value": DAY_S}
        self.world.control("hooks", [rule], venue=MEXC_FUTURES)
        return time.monotonic() + BOOKED_S

    def judged(self) -> Json:
        """The end's books against the ledgers, to the last digit."""
        ledgers = self.ledgers()
        verdict = Verdict()
        replayed = replay(max((self.state / "recordings").glob("*.mmr")))
        verdict.problems += unlike(replayed, self.state / "bot.log")
        if replayed.engine.durable_hash() != self.left:
            verdict.problems.append("the journal leaves another state than the recording")
        for venue in VENUES:
            replayed.executions[venue] = self.fills[venue]
            endurance_judge._venue(verdict, replayed, venue, ledgers[venue])
        endurance_judge._debts(verdict, replayed.engine, ledgers)
        terms = endurance_judge._profit(verdict, replayed.engine, ledgers)
        # A short run need not have every term.
        self.problems += [problem for problem in verdict.problems if not problem.startswith("the profit has no ")]
        return {
            "fills": {venue: len(ledger["fills"]) for venue, ledger in ledgers.items()},
            "orders": {venue: len(own_orders(ledger)) for venue, ledger in ledgers.items()},
            "residual": verdict.figures["residual"],
            "profit": terms,
        }

    def end(self) -> None:
        """Stop the venues; the folder stays where something was wrong."""
        if self.world is not None:
            self.world.control("stop", {})
        if not self.problems:
            shutil.rmtree(self.state, ignore_errors=True)


def written(state: Path) -> tuple[list[str], dict[str, set[str]]]:
    """The client ids of every intent of a journal, and its executions by venue."""
    places: list[str] = []
    fills: dict[str, set[str]] = {venue: set() for venue in VENUES}
    folder = state / "journal"
    if folder.is_dir() and any(folder.glob("*.mmj")):
        for event in events_of(JournalReader(str(folder))):
            if isinstance(event, events.Place):
                places.append(event.client_id)
            elif isinstance(event, events.Fill):
                fills[event.venue].add(event.execution_id)
    return places, fills


def asked(state: Path, *, now: bool = False) -> Json:
    """What the run answers to `mm reconcile`, or `--now`; nothing while nobody answers."""
    try:
        with address(state) as path, socket.socket(socket.AF_UNIX) as door:
            door.settimeout(25)
            door.connect(path)
            door.sendall(json.dumps({"command": "reconcile", "now": now}).encode() + b"\n")
            with door.makefile("rb") as answers:
                found = json.loads(answers.readline())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def compiled(folder: Path) -> Path:
    """The library that kills."""
    library = folder / "kills.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(HERE / "kills.c"), "-ldl"], check=True
    )
    return library


def measured(folder: Path, library: Path, options: argparse.Namespace) -> list[int]:
    """How many points the standard script has, see `Chain.counts`."""
    chain = Chain(folder / "measure", library, options.policy.split(",")[0], options.seed)
    chain.begin()
    try:
        bot = chain.start("--seconds", str(options.script))
        bot.wait(options.script + END_S)
        return chain.counts()
    finally:
        chain.end()


def sampled(count: int, chance: Random) -> list[Point]:
    """So many points: half of them of the beginning, which come first, half of all, of each kind that is asked for by
    turn: a send is a tenth of all, most of them of the first second."""
    early = [Point(chance.randint(1, FIRST)) for _ in range(count // 2)]
    return early + [Point(1.0 - chance.random(), ASKED[n % len(ASKED)]) for n in range(count - len(early))]


@dataclass
class Done:
    """What is kept of the chains of `--all`, in a file unless that is "". mark: of what they are of; points: of the
    script when it was first counted, 0 before; chains: what came of each, by its number."""

    file: str
    mark: list[Any]
    points: int = 0
    chains: dict[str, Json] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Take up what is kept of the same build and the same wishes."""
        if self.file and Path(self.file).is_file():
            kept = json.loads(Path(self.file).read_text())
            if kept["mark"] == self.mark:
                self.points, self.chains = kept["points"], kept["chains"]

    def keep(self, number: int, chain: Json) -> Json:
        """Add a chain."""
        with self._lock:
            self.chains[str(number)] = chain
            if self.file:
                fresh = Path(self.file).with_suffix(".new")
                fresh.parent.mkdir(parents=True, exist_ok=True)
                fresh.write_text(json.dumps({"mark": self.mark, "points": self.points, "chains": self.chains}))
                fresh.replace(self.file)
        return chain


def run_chain(
    folder: Path, library: Path, policy: str, seed: int, points: Sequence[Point], total: Future[list[int]]
) -> Json:
    """Kill and start again at each point, then judge; returns what came of it."""
    chain = Chain(folder / f"chain-{seed}", library, policy, seed)
    chain.begin()
    try:
        for number, point in enumerate(points):
            counts = total.result() if isinstance(point.at, float) else ()
            chain.kill_at(point.of(counts), point.kind, half=number % 2 == 1)
        figures = chain.finish()
        return {"killed": dict(chain.killed), "late": chain.late, "problems": chain.problems, "figures": figures}
    finally:
        chain.end()


def kills(folder: Path, library: Path, options: argparse.Namespace) -> Json:
    """Kill at many points, in chains."""
    policies = options.policy.split(",")
    chance = Random(options.seed)
    # Most of a start's time is spent waiting: for the venues, for what they are to answer, for the clock. The points
    # of the script are counted beside the first chains.
    wishes = [build_mark(), options.seed, options.chain, options.script, policies]
    kept = Done(options.state if options.all else "", wishes)
    with ThreadPoolExecutor(options.jobs + 1) as pool:
        total = pool.submit(measured, folder, library, options)
        if options.all:
            # No script has as many twice: what is done is done of the first.
            kept.points = kept.points or total.result()[0]
            points = [Point(number) for number in range(1, kept.points + 1)]
            chance.shuffle(points)
            chains = [points[first : first + options.chain] for first in range(0, len(points), options.chain)]
        else:
            begins = range(0, options.points, options.chain)
            chains = [sampled(min(options.chain, options.points - begin), chance) for begin in begins]

        def one(number: int) -> Json:
            policy = policies[number % len(policies)]
            made = run_chain(folder, library, policy, options.seed + number, chains[number], total)
            return kept.keep(number, made)

        left = [number for number in range(len(chains)) if str(number) not in kept.chains]
        list(pool.map(one, left))
    return summed(list(kept.chains.values()), sum(map(len, chains)), total.result()[0])


def summed(done: Sequence[Json], wanted: int, points: int) -> Json:
    """The verdict of all chains. wanted: how many points they had; points: of the script."""
    killed: Counter[str] = Counter()
    for chain in done:
        killed.update(chain["killed"])
    problems = [problem for chain in done for problem in chain["problems"]]
    late = sum(chain["late"] for chain in done)
    if killed.total() < REACHED_SHARE * wanted:
        problems.append(f"only {killed.total()} of {wanted} points were reached")
    asks = wanted >= POINTS_MIN
    if asks:
        problems += few([chain["figures"] for chain in done])
        problems += [f"none was killed at its point among the {kind}" for kind in ASKED if not killed[kind]]
    return {
        "passed": not problems,
        "kills": f"{killed.total()} of {wanted} at their point, {late} late: after {LIFE_S:g} s, wherever they were",
        "wanted": wanted,
        "problems": problems,
        "floors": "asked for" if asks else f"not asked for: fewer than {POINTS_MIN} points",
        "points": points,
        "killed": dict(killed),
        "late": late,
        "chains": [chain["figures"] for chain in done],
    }


def few(chains: Sequence[Json]) -> list[str]:
    """What is wrong with how many fills there were."""
    fills = sum(sum(figures["fills"].values()) for figures in chains)
    return [f"only {fills} fills in all chains together, expected {FILLS_MIN}"] if fills < FILLS_MIN else []


def ten(folder: Path, library: Path, options: argparse.Namespace) -> Json:
    """A long run with kills at random moments."""
    chance = Random(f"ten {options.seed}")
    chain = Chain(folder / "ten", library, options.policy.split(",")[0], options.seed)
    chain.begin()
    moments = sorted(chance.uniform(5, options.seconds - 30) for _ in range(options.kills))
    begun, died = time.monotonic(), 0
    try:
        for moment in moments:
            bot = chain.start(counted=False)
            time.sleep(max(0.5, moment - (time.monotonic() - begun)))
            if bot.poll() is not None:
                chain.problems.append(f"ended by itself with exit code {bot.returncode}: {chain.last_lines()}")
            bot.kill()
            bot.wait()
            died += 1
            chain.look(f"kill {died}")
        figures = chain.finish(options.seconds - (time.monotonic() - begun))
        chain.problems += few([figures])
        return {"passed": not chain.problems, "problems": chain.problems, "kills": died, **figures}
    finally:
        chain.end()


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    made = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    made.add_argument("--points", type=int, default=60, help="how many kills")
    made.add_argument("--chain", type=int, default=10, help="kills in one world, before it is judged at rest")
    made.add_argument("--jobs", type=int, default=6, help="worlds at the same time")
    made.add_argument("--script", type=float, default=8.0, help="seconds of the run whose points are counted")
    made.add_argument("--policy", default="os,group", help="of the journal, by turn (os, group, always)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--all", action="store_true", help="every point")
    made.add_argument("--state", default="", help="of --all: a file that keeps what is done on this build")
    made.add_argument("--ten", action="store_true", help="ten minutes with kills at random moments")
    made.add_argument("--seconds", type=float, default=600.0, help="of --ten")
    made.add_argument("--kills", type=int, default=10, help="of --ten")
    return made


def main() -> int:
    """Kill, judge, print the verdict; returns the exit code."""
    options = parser().parse_args()
    if sys.platform != "linux" or shutil.which("cc") is None:
        print(json.dumps({"passed": False, "problems": ["Linux with a C compiler (cc) is needed"]}))
        return 2
    folder = Path(tempfile.mkdtemp(prefix="mm-kills-"))
    verdict = (ten if options.ten else kills)(folder, compiled(folder), options)
    if verdict["passed"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        verdict["state"] = str(folder)
    print(json.dumps(verdict))
    return 0 if verdict["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

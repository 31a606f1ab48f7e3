"""Many seeds on all given processes, resumable: each verdict is a line of a file, and what has one is not run again."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm.chaos.faults import CLASSES
from mm.chaos.running import Trial, failure_of

AGAIN_EVERY = 20
"""Every so many seeds one is played twice: the logs must be equal (I15)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One seed to be run. classes: of its faults, () for any."""

    seed: int
    minutes: float
    classes: tuple[int, ...] = ()
    config: str = ""

    @property
    def key(self) -> str:
        """Names the job in the file of verdicts."""
        key = f"{self.seed}:{','.join(map(str, self.classes))}:{self.minutes:g}"
        return f"{key}:{self.config}" if self.config else key


@dataclass(slots=True)
class Summary:
    """What a campaign came to."""

    seeds: int = 0
    counted: int = 0
    """Seeds that held enough to count."""
    few: list[int] = field(default_factory=list)
    """Those that did not."""
    events: int = 0
    orders: int = 0
    fills: int = 0
    fired: Counter[int] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    """What struck, by what it does."""
    pairs: set[tuple[int, int]] = field(default_factory=set)
    """Ordered pairs of classes that met in a run, one that counts or not: two classes hold too little to count."""
    failed: list[dict[str, Any]] = field(default_factory=list)
    cpu_s: float = 0.0
    virtual_s: float = 0.0


def run(job: Job) -> dict[str, Any]:
    """The verdict of one seed as JSON values."""
    trial = Trial(job.seed, job.minutes, Path(job.config) if job.config else None)
    faults = trial.draw(job.classes)
    begun = time.process_time()
    report = trial.run(faults)
    cpu_s = time.process_time() - begun
    broken = [str(violation) for violation in report.violations]
    if job.seed % AGAIN_EVERY == 0 and trial.run(faults).log_hash != report.log_hash:
        broken.append("I15 : the same seed made another log")
    return {
        "key": job.key,
        "seed": job.seed,
        "classes": list(job.classes),
        "minutes": job.minutes,
        "counts": report.counts(job.minutes),
        "events": report.events,
        "orders": report.orders,
        "fills": report.fills,
        "fired": {str(number): times for number, times in sorted(report.fired.items())},
        "actions": dict(sorted(report.actions.items())),
        "pairs": sorted(report.pairs),
        "failure": sorted(failure_of(report) | {text.partition(" ")[0] for text in broken}),
        "violations": broken,
        "crash": report.crash,
        "raised": report.raised,
        "cpu_s": round(cpu_s, 2),
        "log": report.log_hash,
    }


def run_all(
    jobs: Sequence[Job], verdicts: Path | None, processes: int, show: Callable[[dict[str, Any]], None]
) -> Summary:
    """Run what has no verdict yet; returns the summary of all jobs. verdicts: the file, None to keep nothing.

    A file of another build is another campaign, which is the caller's to see to by the file's name.

    Raises:
        BrokenProcessPool: a process was killed from outside; what had a verdict by then is kept.
    """
    known = {} if verdicts is None else _read(verdicts)
    found = [known[job.key] for job in jobs if job.key in known]
    waiting = [job for job in jobs if job.key not in known]
    if verdicts is not None:
        verdicts.parent.mkdir(parents=True, exist_ok=True)
        with verdicts.open("ab+") as file:
            # A campaign that was killed in the middle of a line: the next verdict is a line of its own.
            file.seek(max(0, file.tell() - 1))
            if file.read(1) not in (b"", b"\n"):
                file.write(b"\n")

    def take(verdict: dict[str, Any]) -> None:
        found.append(verdict)
        if verdicts is not None:
            with verdicts.open("a") as file:
                file.write(json.dumps(verdict) + "\n")
        show(verdict)

    if processes == 1:
        for job in waiting:
            take(run(job))
    elif waiting:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _leave_with_parent) as pool:
            try:
                for done in as_completed([pool.submit(run, job) for job in waiting]):
                    take(done.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return summary(found)


def _leave_with_parent() -> None:
    """End this process once its campaign is gone: one that was killed leaves nobody behind who plays on."""
    parent = multiprocessing.parent_process()

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def summary(verdicts: Iterable[dict[str, Any]]) -> Summary:
    """Count verdicts."""
    total = Summary()
    for verdict in verdicts:
        total.seeds += 1
        total.counted += verdict["counts"]
        if not verdict["counts"]:
            total.few.append(verdict["seed"])
        total.events += verdict["events"]
        total.orders += verdict["orders"]
        total.fills += verdict["fills"]
        total.cpu_s += verdict["cpu_s"]
        total.virtual_s += verdict["minutes"] * 60
        total.fired.update({int(number): times for number, times in verdict["fired"].items()})
        total.actions.update(verdict["actions"])
        total.pairs |= {(one, other) for one, other in verdict["pairs"]}
        if verdict["failure"]:
            total.failed.append(verdict)
    total.few.sort()
    total.failed.sort(key=lambda verdict: int(verdict["seed"]))
    return total


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        try:
            verdict = json.loads(line)
        except ValueError:
            # The last line of a campaign that was killed in the middle of it.
            continue
        # One of an older build, which did not tell what was raised, is no verdict of this one.
        if "raised" in verdict:
            found[verdict["key"]] = verdict
    return found


def pair_jobs(first: int, minutes: float) -> list[Job]:
    """One run for each ordered pair of classes: each fault of the first is followed by one of the second."""
    pairs = [(one, other) for one in CLASSES for other in CLASSES if one != other]
    return [Job(first + index, minutes, pair) for index, pair in enumerate(pairs)]

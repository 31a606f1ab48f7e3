"""One seed from its number to its verdict, the same again from a script, and a failing script made small."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mm.chaos.faults import Fault, draw, fault_of
from mm.chaos.names import NAMES
from mm.chaos.operator import words
from mm.chaos.settings import read
from mm.chaos.world import Report, World
from mm.config import Settings

Failure = frozenset[str]
"""What a run broke: invariants' ids, "crash", and "raised" where a strategy or a policy did."""


class Trial:
    """A configuration with its seed: it can be run with any faults. config: the user's file, None for a drawn one.

    Raises ConfigError for a bad file and LookupError for a venue that cannot be simulated.
    """

    def __init__(self, seed: int, minutes: float, config: Path | None = None) -> None:
        self.seed, self.minutes, self.config = seed, minutes, config
        self.settings: Settings = read(config, seed)
        unknown = [name for name in self.settings.venues if name not in NAMES]
        if unknown:
            raise LookupError(
                f"[venues.{unknown[0]}]: the judge of mm chaos reads the bytes of {', '.join(NAMES)} alone; a venue of "
                "your own is judged by python -m mm.conformance (docs/adding_a_venue.md)"
            )

    def draw(self, classes: Sequence[int] = ()) -> list[Fault]:
        """The faults of this seed. classes: only of these."""
        hedges = {venue for hedge in self.settings.hedging.values() for venue, _ in hedge.markets()}
        quoted = {strategy.venue for strategy in self.settings.strategies.values()}
        seconds, venues = self.minutes * 60, list(self.settings.venues)
        generated = {each.venue for each in self.settings.conversion.values() if each.venue}
        faults = draw(self.seed, venues, hedges - quoted, seconds, classes, generated=generated)
        return faults + words(self.seed, seconds, classes)

    def run(self, faults: Sequence[Fault]) -> Report:
        """Play the run; the faults are copied, so that each run counts its own."""
        fresh = [replace(fault, fired=0, struck_s=[], rule=dict(fault.rule)) for fault in faults]
        return World(self.settings, self.seed, fresh, self.minutes * 60).play()


def failure_of(report: Report) -> Failure:
    """What was broken."""
    found = {violation.invariant for violation in report.violations}
    if report.crash:
        found.add("crash")
    if report.raised:
        found.add("raised")
    return frozenset(found)


def shrink(run: Callable[[list[Fault]], Failure], faults: Sequence[Fault], runs_max: int = 60) -> list[Fault]:
    """Drop faults for as long as one of the same things breaks: first halves, then quarters, then single ones.

    run: plays some faults and says what broke; the given ones must break something.
    """
    kept = list(faults)
    wanted = run(kept)
    runs, size = 1, max(1, len(kept) // 2)
    while runs < runs_max:
        dropped = False
        for begin in range(0, len(kept), size):
            fewer = kept[:begin] + kept[begin + size :]
            if len(fewer) == len(kept) or runs >= runs_max:
                continue
            runs += 1
            if run(fewer) & wanted:
                kept, dropped = fewer, True
                break
        if not dropped:
            if size == 1:
                break
            size = max(1, size // 2)
    return kept


def write_script(path: Path, trial: Trial, faults: Sequence[Fault]) -> None:
    """Keep a run so that `--script` plays it again."""
    value = {
        "seed": trial.seed,
        "minutes": trial.minutes,
        "config": None if trial.config is None else str(trial.config),
        "faults": [fault.to_json() for fault in faults],
    }
    path.write_text(json.dumps(value, indent=1) + "\n")


def read_script(path: Path, config: Path | None = None) -> tuple[Trial, list[Fault]]:
    """A run that was kept. config: instead of the file's own. Raises ValueError or OSError for what is none."""
    try:
        value: Any = json.loads(path.read_text())
    except ValueError as error:
        reason = "bytes that are no text" if isinstance(error, UnicodeDecodeError) else str(error).lower()
        raise ValueError(f"{path}: expected what --shrink writes, got {reason}") from None
    if not isinstance(value, dict) or not isinstance(value.get("faults"), list):
        raise ValueError(f"{path}: expected an object with seed, minutes, config and a list of faults")
    named = value.get("config")
    try:
        trial = Trial(int(value["seed"]), float(value["minutes"]), config or (Path(named) if named else None))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: seed and minutes must be numbers ({error})") from None
    return trial, [fault_of(each) for each in value["faults"]]

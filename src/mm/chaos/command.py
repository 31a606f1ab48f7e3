"""`mm chaos`: a verdict for a configuration in a world of faults, and any of its runs again."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from mm.chaos.campaign import Job, Summary, pair_jobs, run_all
from mm.chaos.faults import CLASSES, Fault
from mm.chaos.invariants import INVARIANTS
from mm.chaos.running import Trial, failure_of, read_script, shrink, write_script
from mm.chaos.world import Report
from mm.config import SettingsError
from mm.errors import ConfigError

DONE: Final = 0
BROKEN: Final = 1
USAGE: Final = 2
UNJUDGED: Final = 3
SHOWN_MAX: Final = 10
"""Violations of a seed, and seeds that held too little, which a table names."""
PAIRS_FIRST: Final = 1_000_000
"""Seeds of the pairs: others than those of the runs that mix everything."""
EPILOG: Final = """\
exit codes: 0 nothing was broken; 1 something was, see the table, or a strategy or hedging policy raised;
            2 wrong arguments or configuration; 3 nothing was judged: no seed held enough to count, or, where
            --faults, --seed or --script chose what is played, not one order was placed.
classes: """ + ", ".join(f"{number} {title}" for number, title in CLASSES.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mm chaos",
        description="Run a configuration against simulated venues in which everything goes wrong, and judge it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration (default: one for each seed)")
    parser.add_argument("--seeds", type=_count, default=20, metavar="N", help="how many (default 20)")
    parser.add_argument("--first", type=_count, default=1, metavar="S", help="the first seed (default 1)")
    parser.add_argument("--seed", type=_count, metavar="S", help="this seed alone, with all that it breaks")
    parser.add_argument("--minutes", type=_minutes, default=10.0, metavar="M", help="virtual, of each (default 10)")
    parser.add_argument("--faults", type=_classes, default=(), metavar="CLASS,...", help="only these classes")
    parser.add_argument("--pairs", action="store_true", help="a run for each ordered pair of classes besides")
    parser.add_argument("--script", type=Path, metavar="FILE", help="play a script again that --shrink wrote")
    parser.add_argument(
        "--shrink", type=Path, metavar="FILE", help="drop faults of --seed or --script, write what is left"
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="verdicts; seeds that have one are not run again")
    parser.add_argument("--processes", type=_count, default=1, metavar="N", help="at a time (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.script is not None:
            return _one(*read_script(arguments.script, arguments.config), arguments)
        if arguments.seed is not None:
            trial = Trial(arguments.seed, arguments.minutes, arguments.config)
            return _one(trial, trial.draw(arguments.faults), arguments)
        Trial(arguments.first, arguments.minutes, arguments.config)
        return _many(arguments)
    except OSError as error:
        what = "--script" if arguments.script is not None else "file"
        reason = (error.strerror or str(error)).lower()
        print(f"{error.filename or arguments.script}: {what}: expected a readable file, got {reason}", file=sys.stderr)
        return USAGE
    except (ConfigError, SettingsError, LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _one(trial: Trial, faults: list[Fault], arguments: argparse.Namespace) -> int:
    report = trial.run(faults)
    if arguments.shrink is not None and not report.is_good:
        small = shrink(lambda fewer: failure_of(trial.run(fewer)), faults)
        write_script(arguments.shrink, trial, small)
        report = trial.run(small)
        print(f"{len(faults)} faults became {len(small)}: mm chaos --script {arguments.shrink}", file=sys.stderr)
    is_judged = report.orders > 0
    if arguments.json:
        print(json.dumps(_json(report) | {"judged": is_judged}))
    else:
        print(f"seed {report.seed}: {report.events} events, {report.orders} orders, {report.fills} fills")
        for fault in sorted(report.faults, key=lambda each: each.number):
            print(f"  {CLASSES[fault.number]:36} x{fault.fired:<3} {fault.words()}")
        for violation in report.violations:
            print(f"BROKEN {violation} ({INVARIANTS[violation.invariant]})")
        for raised in report.raised:
            print(f"RAISED {raised}")
        if report.crash:
            print(report.crash)
        print(_last_word(report.is_good, is_judged, "the run held too little", report.orders))
    return _code(report.is_good, is_judged)


def _last_word(is_good: bool, is_judged: bool, few: str, orders: int) -> str:
    if not is_good:
        return "something was broken"
    return "nothing was broken" if is_judged else f"nothing was judged: {few}: the bot placed {orders} orders"


def _code(is_good: bool, is_judged: bool) -> int:
    if not is_good:
        return BROKEN
    return DONE if is_judged else UNJUDGED


def _many(arguments: argparse.Namespace) -> int:
    config = "" if arguments.config is None else str(arguments.config)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    jobs = [Job(seed, arguments.minutes, arguments.faults, config) for seed in seeds]
    if arguments.pairs:
        jobs += pair_jobs(PAIRS_FIRST, arguments.minutes)

    def show(verdict: dict[str, Any]) -> None:
        if verdict["failure"]:
            print(
                f"seed {verdict['seed']} broke {', '.join(verdict['failure'])}: {_again(verdict, config)}",
                file=sys.stderr,
            )

    total = run_all(jobs, arguments.state, arguments.processes, show)
    # Chosen classes strike seldom, and two of them never enough to count: what struck is in the table.
    is_judged = (total.orders if arguments.faults else total.counted) > 0
    if arguments.json:
        print(json.dumps(_totals(total) | {"judged": is_judged}))
    else:
        _print(total, config)
        print(_last_word(not total.failed, is_judged, "no seed held enough to count", total.orders))
    return _code(not total.failed, is_judged)


def _again(verdict: dict[str, Any], config: str) -> str:
    classes = ",".join(map(str, verdict["classes"]))
    words = ["mm chaos --seed", str(verdict["seed"])]
    words += ["--config", config] if config else []
    words += ["--faults", classes] if classes else []
    words += ["--minutes", f"{verdict['minutes']:g}"] if verdict["minutes"] != 10 else []
    return " ".join(words)


def _print(total: Summary, config: str) -> None:
    few = ", ".join(map(str, total.few[:SHOWN_MAX])) + (", ..." if len(total.few) > SHOWN_MAX else "")
    print(f"{total.seeds} seeds, {total.counted} of them held enough to count" + (f" (not {few})" if few else ""))
    print(f"{total.events} events, {total.orders} orders, {total.fills} fills")
    if total.cpu_s:
        events_s = total.events / total.cpu_s
        print(f"{total.virtual_s / total.cpu_s:.0f} times real time on one core, {events_s:.0f} events a second")
    for number, title in CLASSES.items():
        print(f"  {number:2} {title:52} struck {total.fired[number]}")
    struck = ", ".join(f"{kind} {times}" for kind, times in sorted(total.actions.items()))
    print(fill(f"by what it did: {struck or 'nothing'}", 110, initial_indent="  ", subsequent_indent="    "))
    print(f"  ordered pairs of classes that met: {len(total.pairs)} of {len(CLASSES) * (len(CLASSES) - 1)}")
    for verdict in total.failed:
        print(f"BROKEN {_again(verdict, config)}")
        for raised in verdict["raised"]:
            print(f"RAISED {raised}")
        said = verdict["violations"] + verdict["crash"].strip().splitlines()
        for line in said[:SHOWN_MAX] + ([f"and {len(said) - SHOWN_MAX} more"] if len(said) > SHOWN_MAX else []):
            print(f"       {line}")


def _totals(total: Summary) -> dict[str, Any]:
    return {
        "seeds": total.seeds,
        "counted": total.counted,
        "few": total.few,
        "events": total.events,
        "orders": total.orders,
        "fills": total.fills,
        "cpu_s": round(total.cpu_s, 1),
        "virtual_s": total.virtual_s,
        "fired": {str(number): total.fired[number] for number in CLASSES},
        "actions": dict(sorted(total.actions.items())),
        "pairs": len(total.pairs),
        "failed": total.failed,
    }


def _json(report: Report) -> dict[str, Any]:
    return {
        "seed": report.seed,
        "events": report.events,
        "orders": report.orders,
        "fills": report.fills,
        "log": report.log_hash,
        "faults": [fault.to_json() | {"fired": fault.fired} for fault in report.faults],
        "violations": [str(violation) for violation in report.violations],
        "crash": report.crash,
        "raised": report.raised,
    }


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 10_000:
        raise argparse.ArgumentTypeError(f"expected minutes above 0 and up to 10000, got {text!r}")
    return minutes


def _classes(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(each) for each in text.split(","))
    except ValueError:
        numbers = (0,)
    if any(number not in CLASSES for number in numbers):
        raise argparse.ArgumentTypeError(f"expected numbers of classes from 1 to {len(CLASSES)}, got {text!r}")
    return numbers

"""`mm reconcile`: whether our books are the venues', by the last comparison of this run or of the last one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from mm.live.control import NAME

AGREED: Final = 0
DIFFERENT: Final = 1
USAGE: Final = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; returns 0 nothing is unexplained, 1 something is, 2 nobody knows: of a venue at least."""
    arguments = _parser().parse_args(argv)
    state = Path(arguments.state)
    has_died = False
    try:
        if (state / NAME).exists():
            return _asked(state, arguments)
    except (OSError, ValueError) as error:
        has_died = _is_free(state)
        if arguments.now or arguments.accept is not None:
            reason = getattr(error, "strerror", None) or str(error)
            print(f"no run answers on the state folder {state} ({reason})", file=sys.stderr)
            return USAGE
    if arguments.now or arguments.accept is not None:
        print(f"no run answers on the state folder {state}: give its --state", file=sys.stderr)
        return USAGE
    return _remembered(state, arguments, has_died=has_died)


def _is_free(state: Path) -> bool:
    """Whether nobody holds the folder whose door is still there: the run that made it has died."""
    from mm.persistence.state import is_held

    try:
        return not is_held(state)
    except OSError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mm reconcile",
        description="Whether orders, fills, balances, positions and funding are here what the venues say.",
    )
    parser.add_argument("--now", action="store_true", help="read every venue first; needs a run that goes on")
    parser.add_argument(
        "--accept",
        metavar="SCOPE",
        nargs="?",
        const="",
        help='what is unexplained is right as the venue has it: "VENUE", "VENUE ASSET" or all of it; quotes go on',
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    return parser


def _asked(state: Path, arguments: argparse.Namespace) -> int:
    from mm.operate import Run

    request: dict[str, Any] = {"command": "reconcile", "now": arguments.now}
    if arguments.accept is not None:
        request["accept"] = arguments.accept
    with Run(state) as run:
        answer = run.ask(request)
    if not answer["ok"]:
        print("\n".join(answer["text"]), file=sys.stderr)
        return USAGE
    return _shown(answer["report"], answer["text"], arguments)


def _remembered(state: Path, arguments: argparse.Namespace, *, has_died: bool) -> int:
    """The last word of the last run, from its journal, else from its recording."""
    from mm._core import JournalError, JournalReader
    from mm.errors import InvariantError
    from mm.persistence.journal import events_of
    from mm.persistence.recording import RecordingError, read

    recording = max((state / "recordings").glob("*.mmr"), default=None)
    journal = state / "journal"
    try:
        if recording is not None:
            report = remembered(read(recording))
        elif journal.is_dir():
            reader = JournalReader(str(journal))
            saved = reader.snapshot()
            report = remembered(events_of(reader), saved[4] if saved is not None else b"")
        else:
            print(f"nothing in {state} tells of a run: `mm run` first, or give --state", file=sys.stderr)
            return USAGE
    except (RecordingError, JournalError, InvariantError) as error:
        print(error, file=sys.stderr)
        return USAGE
    from mm.engine.differences import report_lines

    says = "the last run's word; none goes on now"
    if has_died:
        report["has_died"] = True
        says = "the last word of a run that died: what its orders have done since nobody knows until the next start"
    return _shown(report, [says, *report_lines(report)], arguments)


def remembered(events: Iterable[Any], state: bytes = b"") -> dict[str, Any]:
    """The report that recorded events make: the last round of each venue, and all differences.

    state: of a snapshot that may have cleared away the start and what was unexplained. Raises InvariantError for one
    of another form.
    """
    from mm._core import events as ev
    from mm.engine.differences import OVER, UNCOMPARED, UNEXPLAINED, as_json
    from mm.engine.durable import start_of, unexplained_of

    venues: dict[str, dict[str, Any]] = {}
    differences: list[dict[str, Any]] = []
    unexplained = unexplained_of(state) if state else {}
    uncompared: dict[tuple[str, str, str], ev.Difference] = {}
    reads: dict[str, ev.AccountRead] = {}
    config = start_of(state).config if state else b""
    for event in events:
        kind = type(event)
        if kind is ev.Start:
            # Of a journal the newest start counts: what it did not read, nobody knows.
            config = event.config
            venues.clear()
            uncompared.clear()
        elif kind is ev.Recovered:
            # What the run took over is not told again: in a recording, which begins with the run, this has it.
            unexplained = unexplained_of(event.state)
        elif kind is ev.AccountRead:
            reads[event.venue] = event
        elif kind is ev.Difference:
            differences.append(as_json(event))
            key = (event.venue, event.what, event.subject)
            uncompared.pop(key, None)
            if event.verdict == UNCOMPARED and event.amount:
                uncompared[key] = event
            if event.verdict == UNEXPLAINED:
                unexplained[key] = event.amount
            elif event.verdict in OVER:
                unexplained.pop(key, None)
        elif kind is ev.Reconciled:
            last = reads.get(event.venue)
            known = venues.get(event.venue)
            venues[event.venue] = {
                "read_ns": event.recv_ns,
                "age_s": None,
                "complete": last.is_complete if last is not None else True,
                "what": last.reason if last is not None else "read at the connect",
                "rounds": known["rounds"] + 1 if known is not None else 1,
                "calls": last.calls if last is not None else 0,
                "points": last.cost if last is not None else 0,
            }
    named = tuple(json.loads(config)["venues"]) if config else ()
    for name in (*named, *(where for where, _, _ in unexplained)):
        venues.setdefault(name, {"read_ns": 0, "age_s": None, "complete": False, "rounds": 0})
    for name, venue in venues.items():
        venue["unexplained"] = [
            {"what": what, "subject": subject, "amount": str(amount)}
            for (where, what, subject), amount in sorted(unexplained.items())
            if where == name
        ]
        venue["uncompared"] = [
            {"what": what, "subject": subject, "amount": str(event.amount), "evidence": event.evidence}
            for (where, what, subject), event in sorted(uncompared.items())
            if where == name
        ]
    return {"venues": venues, "venues_known": bool(named), "differences": differences}


def _shown(report: dict[str, Any], lines: list[str], arguments: argparse.Namespace) -> int:
    print(json.dumps(report, indent=2) if arguments.json else "\n".join(lines))
    from mm.engine.differences import is_compared

    venues = report["venues"].values()
    if any(venue["unexplained"] for venue in venues):
        return DIFFERENT
    is_known = report.get("venues_known", True) and not report.get("has_died", False)
    return AGREED if is_known and all(map(is_compared, venues)) else USAGE


if __name__ == "__main__":
    sys.exit(main())

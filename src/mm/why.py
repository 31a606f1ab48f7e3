"""`mm why`: why the quotes of the last run were where they were, made again from its recording.

The recording is replayed through a fresh engine; after each event the engine is asked to explain what it would decide
at that moment, with the same terms as in the run. Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm.engine import Decision, Engine


def main(argv: Sequence[str] | None = None) -> int:
    """Print the decisions asked for; returns the exit code."""
    arguments = _parser().parse_args(argv)
    from mm.persistence.recording import RecordingError

    path = arguments.recording or _last(Path(arguments.state))
    if path is None:
        print(
            f"no recording in {arguments.state}/recordings: run `python -m mm.run` first, or give --state",
            file=sys.stderr,
        )
        return 2
    kept: deque[tuple[int, list[str]]] = deque(maxlen=arguments.last)
    try:
        for engine, decision in decisions(path):
            if arguments.symbol and decision.symbol != arguments.symbol:
                continue
            if arguments.at and not _clock(decision.now_ns).startswith(arguments.at):
                continue
            if arguments.only == "silence" and not decision.gate and not decision.refused:
                continue
            instrument = engine.markets[decision.venue, decision.symbol].instrument
            kept.append((decision.now_ns, decision.lines(instrument)))
    except RecordingError as error:
        print(error, file=sys.stderr)
        return 2
    for now_ns, lines in kept:
        print(f"{_clock(now_ns)} {lines[0]}")
        for line in lines[1:]:
            print(f"             {line}")
    if not kept:
        print("no decision matches", file=sys.stderr)
        return 1
    return 0


def decisions(path: Path) -> Iterator[tuple[Engine, Decision]]:
    """Replay a recording; yields each decision with the engine at that moment. Raises RecordingError."""
    from mm._core import events as ev
    from mm.config.canonical import from_json
    from mm.engine import Engine
    from mm.exchanges import find
    from mm.persistence.recorder import NullRecorder
    from mm.persistence.recording import RecordingError, read
    from mm.strategies import parameters_of

    engine: Engine | None = None
    commands = (ev.Place, ev.Amend, ev.Cancel)
    for event in read(path):
        if engine is None:
            if type(event) is not ev.Start:
                raise RecordingError(f"{path}: does not begin with the start of a run")
            settings = from_json(event.config, parameters_of)
            engine = Engine(event, settings, {name: find(name) for name in settings.venues}, NullRecorder())
            continue
        if type(event) in commands:
            # What the run did next: explained by the state just before it, which is the state now.
            for decision in engine.explain(event.recv_ns):
                yield engine, decision
        engine.apply(event)
        if type(event) in (ev.BookReset, ev.LinkChanged, ev.VenueStatus, ev.Operator, ev.Fill):
            for decision in engine.explain(event.recv_ns):
                yield engine, decision


def _last(state: Path) -> Path | None:
    return max((state / "recordings").glob("*.mmr"), default=None)


def _clock(now_ns: int) -> str:
    moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
    return f"{moment:%H:%M:%S}.{now_ns // 1_000_000 % 1000:03d}"


def _parser() -> argparse.ArgumentParser:
    parser: Any = argparse.ArgumentParser(prog="mm why", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    parser.add_argument("--recording", type=Path, metavar="FILE", help="this recording instead of the last one")
    parser.add_argument("--last", type=int, default=5, metavar="N", help="how many decisions, the newest (default: 5)")
    parser.add_argument("--at", metavar="HH:MM[:SS]", help="only decisions whose UTC time begins so")
    parser.add_argument("--symbol", metavar="BASE/QUOTE", help="only this symbol")
    parser.add_argument("--only", choices=("silence",), help="only what was held back or not quoted at all")
    found: argparse.ArgumentParser = parser
    return found

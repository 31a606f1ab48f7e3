"""`mm why`: why the quotes of a run were where they were, or were not, made again from its recording.

The recording is replayed through a fresh engine. Before what the run did and after what changed its mind, the engine is
asked what it decides at that moment, on the same state as in the run; below it stands what the run really did. Nothing
is sent anywhere, and a run that goes on is not disturbed.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm.screen.picture import clean, clock

if TYPE_CHECKING:
    from mm.engine import Decision, Engine

NOTHING_FOUND = 1
USAGE = 2


@dataclass(slots=True)
class Record:
    """One decision with what followed: texts for people. times: how often the same was decided in a row."""

    now_ns: int
    until_ns: int
    symbol: str
    is_silence: bool
    lines: list[str]
    did: list[str] = field(default_factory=list)
    cause: str = ""
    times: int = 1

    def absorb(self, other: Record) -> bool:
        """Become both, if they say the same and nothing was done."""
        is_same = self.lines == other.lines and (self.is_silence or self.cause == other.cause)
        if self.did or other.did or not is_same:
            return False
        self.until_ns = other.until_ns
        self.times += 1
        return True

    def text(self) -> list[str]:
        """The lines to print."""
        span = f" ({self.times} times until {clock(self.until_ns)})" if self.times > 1 else ""
        first = [f"{clock(self.now_ns)}  after: {self.cause}"] if self.cause else []
        margin = " " * 14
        head = margin if first else f"{clock(self.now_ns)}  "
        rest = [*self.lines[1:], *(f"  did: {done}" for done in self.did)]
        return [*first, f"{head}{self.lines[0]}{span}", *(margin + line for line in rest)]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the decisions asked for; returns the exit code."""
    arguments = _parser().parse_args(argv)
    from mm.config import SettingsError
    from mm.errors import ConfigError
    from mm.persistence.recording import RecordingError

    path = arguments.recording or max((Path(arguments.state) / "recordings").glob("*.mmr"), default=None)
    if path is None:
        print(
            f"no recording in {arguments.state}/recordings: run `python -m mm.run` first, or give --state",
            file=sys.stderr,
        )
        return USAGE
    kept: deque[Record] = deque(maxlen=arguments.last)
    try:
        for record in records(path):
            if (
                (not arguments.symbol or record.symbol == arguments.symbol)
                and (not arguments.at or clock(record.now_ns).startswith(arguments.at))
                and (not arguments.silence or record.is_silence)
                and not (kept and kept[-1].absorb(record))
            ):
                kept.append(record)
    except (RecordingError, SettingsError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if not kept:
        print(f"{path} has no decision like that: leave out --at, --symbol or --silence", file=sys.stderr)
        return NOTHING_FOUND
    day = datetime.fromtimestamp(kept[0].now_ns // 1_000_000_000, UTC)
    print(f"{path}, {day:%Y-%m-%d}, times in UTC")
    for record in kept:
        print("\n".join(clean(line) for line in record.text()))
    return 0


def records(path: Path) -> Iterator[Record]:
    """Replay a recording; yields its decisions in order. Raises RecordingError, and SettingsError of an older form."""
    from mm._core import events as ev
    from mm.persistence.recording import RecordingError, read
    from mm.screen.narrator import Narrator
    from mm.screen.observe import Instruments

    commands = (ev.Place, ev.Amend, ev.Cancel)
    causes = (
        ev.BookReset,
        ev.LinkChanged,
        ev.VenueStatus,
        ev.Operator,
        ev.SettingsChanged,
        ev.Fill,
        ev.OrderRejected,
        ev.ClockOffset,
    )
    events: Iterator[Any] = read(path)  # Any: the kinds share no class with a symbol
    begin = next(events, None)
    if type(begin) is not ev.Start:
        raise RecordingError(f"{path}: does not begin with the start of a run")
    engine = _engine(begin)
    narrator = Narrator(Instruments(engine))
    acting: Record | None = None
    """The decision whose commands are being read."""
    for event in events:
        kind = type(event)
        if kind in commands:
            if acting is None or acting.now_ns != event.recv_ns or acting.symbol != event.symbol:
                if acting is not None:
                    yield acting
                # Explained by the state just before, which is the state now.
                found = [each for each in engine.explain(event.recv_ns) if each.symbol == event.symbol]
                acting = _record(engine, found[0]) if found else None
            told = narrator.tell(event)
            if acting is not None and told is not None:
                acting.did.append(told.text)
        elif acting is not None:
            yield acting
            acting = None
        engine.apply(event)
        if kind in causes:
            told = narrator.tell(event)
            for decision in engine.explain(event.recv_ns):
                # The clock is looked at again and again: worth a word only while it forbids to quote.
                if told is not None or decision.gate:
                    yield _record(engine, decision, told.text if told is not None else "")
    if acting is not None:
        yield acting


def _engine(begin: object) -> Engine:
    from mm._core import events as ev
    from mm.config.canonical import from_json
    from mm.engine import Engine
    from mm.exchanges import find
    from mm.inventory.hedging import parameters_of as policies_of
    from mm.persistence.recorder import NullRecorder
    from mm.strategies import parameters_of

    assert isinstance(begin, ev.Start)
    settings = from_json(begin.config, parameters_of, policies_of)
    faces = {name: find(name, venue.package) for name, venue in settings.venues.items()}
    return Engine(begin, settings, faces, NullRecorder())


def _record(engine: Engine, decision: Decision, cause: str = "") -> Record:
    from mm.screen.decisions import decision_lines

    instrument = engine.markets[decision.venue, decision.symbol].instrument
    is_silence = bool(decision.gate or decision.refused)
    lines = decision_lines(decision, instrument)
    return Record(decision.now_ns, decision.now_ns, decision.symbol, is_silence, lines, cause=cause)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mm why", description="Why the quotes of the last run were where they were, or were not."
    )
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    parser.add_argument("--recording", type=Path, metavar="FILE", help="this recording instead of the last one")
    parser.add_argument("--last", type=_count, default=10, metavar="N", help="how many, the newest (default: 10)")
    parser.add_argument("--at", metavar="HH:MM[:SS]", help="only decisions whose UTC time begins so")
    parser.add_argument("--symbol", metavar="BASE/QUOTE", help="only this symbol")
    parser.add_argument("--silence", action="store_true", help="only what was held back or not quoted at all")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

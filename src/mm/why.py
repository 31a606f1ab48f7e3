"""`mm why`: why the quotes of a run were where they were, or were not, made again from its recording.

The recording is replayed through a fresh engine. Before what the run did and after what changed its mind, the engine is
asked what it decides at that moment, on the same state as in the run; below it stands what the run really did. Nothing
is sent anywhere, and a run that goes on is not disturbed. Where a recording is gone, the store has the decisions.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mm.screen.picture import clean, clock

if TYPE_CHECKING:
    from mm.screen.explaining import Record

NOTHING_FOUND = 1
USAGE = 2
MOMENT = re.compile(r"([01]\d|2[0-3])(:([0-5]\d?(:([0-5]\d?(\.\d*)?)?)?)?)?")
"""A time of day, or how one begins."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the decisions asked for; returns the exit code."""
    arguments = _parser().parse_args(argv)
    from mm.config import SettingsError
    from mm.errors import ConfigError
    from mm.persistence.recording import RecordingError
    from mm.store.database import StoreError
    from mm.store.reading import Filter

    state = Path(arguments.state)
    path = arguments.recording or max((state / "recordings").glob("*.mmr"), default=None)
    kept: deque[Record] = deque(maxlen=arguments.last)
    wanted = Filter(arguments.venue, arguments.symbol, arguments.strategy)
    heard: dict[tuple[str, str, str], None] = {}
    begun_ns = ended_ns = 0
    try:
        if arguments.stored or path is None:
            source, found = stored(state)
        else:
            source, found = str(path), records(path)
        for record in found:
            heard[record.venue, record.symbol, record.strategy] = None
            if (
                wanted.venue in ("", record.venue)
                and wanted.symbol in ("", record.symbol)
                and wanted.strategy in ("", record.strategy)
                and (not arguments.silence or record.is_silence)
            ):
                begun_ns, ended_ns = begun_ns or record.now_ns, record.now_ns
                if arguments.at and not clock(record.now_ns).startswith(arguments.at):
                    continue
                if not (kept and kept[-1].absorb(record)):
                    kept.append(record)
    except StoreError as error:
        print(
            f"no recording in {state / 'recordings'}: run `python -m mm.run` first, or give --state ({error})",
            file=sys.stderr,
        )
        return USAGE
    except (RecordingError, SettingsError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if not kept:
        missing = wanted.missing({"venue": venue, "symbol": symbol, "strategy": name} for venue, symbol, name in heard)
        advice = "; ".join(missing) or "leave out --at, --silence or a name"
        if begun_ns:
            advice = f"its decisions are from {_day(begun_ns)} to {_day(ended_ns)} UTC; leave out --at"
        print(f"{source} has no decision like that: {advice}", file=sys.stderr)
        return NOTHING_FOUND
    if arguments.json:
        print(json.dumps({"source": source, "decisions": [record.facts() for record in kept]}, indent=1))
        return 0
    day = datetime.fromtimestamp(kept[0].now_ns // 1_000_000_000, UTC)
    print(f"{source}, {day:%Y-%m-%d}, times in UTC")
    for record in kept:
        print("\n".join(clean(line) for line in record.text()))
    return 0


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def records(path: Path) -> Iterator[Record]:
    """Replay a recording; yields its decisions in order. Raises RecordingError, and SettingsError of an older form."""
    from mm._core import events as ev
    from mm.persistence.recording import RecordingError, read
    from mm.screen.explaining import Explainer

    events = read(path)
    begin = next(events, None)
    if type(begin) is not ev.Start:
        raise RecordingError(f"{path}: does not begin with the start of a run")
    explainer = Explainer(begin)
    for event in events:
        yield from explainer.take(event)
    yield from explainer.end()


def stored(state: Path) -> tuple[str, Iterable[Record]]:
    """The decisions that the store keeps, of every run: where it is, and they. Raises StoreError."""
    from mm.screen.explaining import Record
    from mm.store.reading import decisions

    source, rows = decisions(state)
    return source, (
        Record(
            row["at_ns"],
            row["until_ns"],
            row["symbol"],
            bool(row["is_silence"]),
            row["text"].split("\n"),
            row["did"].split("\n") if row["did"] else [],
            row["cause"],
            row["times"],
            row["venue"],
            row["strategy"],
        )
        for row in rows
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mm why", description="Why the quotes of the last run were where they were, or were not."
    )
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    parser.add_argument("--recording", type=Path, metavar="FILE", help="this recording instead of the last one")
    parser.add_argument("--stored", action="store_true", help="what the store keeps, of earlier runs too")
    parser.add_argument("--last", type=_count, default=10, metavar="N", help="how many, the newest (default: 10)")
    parser.add_argument("--at", type=_moment, metavar="HH:MM[:SS]", help="only decisions whose UTC time begins so")
    parser.add_argument("--venue", default="", metavar="NAME", help="only this venue")
    parser.add_argument("--symbol", default="", metavar="BASE/QUOTE", help="only this symbol")
    parser.add_argument("--strategy", default="", metavar="NAME", help="only of this strategy")
    parser.add_argument("--silence", action="store_true", help="only what was held back or not quoted at all")
    parser.add_argument("--json", action="store_true", help="values instead of text")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text!r}")
    return int(text)


def _moment(text: str) -> str:
    if not MOMENT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected a time of UTC such as 14:03 or 14:03:59, got {text!r}")
    return text


if __name__ == "__main__":
    sys.exit(main())

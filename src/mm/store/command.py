"""`mm orders`, `fills`, `pnl` and `hedges` read what a run did; `mm store` writes the store."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mm._core import JournalError
from mm.config.environment import Environment, process_environment
from mm.persistence.recording import RecordingError
from mm.store import listings, results
from mm.store.database import StoreError
from mm.store.opening import KINDS, POSTGRES, SQLITE, WriterLock, open_database, owner_of
from mm.store.reading import Filter, Store, nothing_there, open_store, stated
from mm.store.recordings import Recordings

DONE: Final = 0
NOTHING: Final = 1
USAGE: Final = 2
COMMANDS: Final = {
    "orders": "orders of the runs on a state folder, and what became of them",
    "fills": "fills, exact to the last unit",
    "pnl": "profit by market, fees and funding, and by part",
    "hedges": "debts that fills made, and the hedges that paid them",
}
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LAST: Final = 20


def main(command: str, argv: Sequence[str]) -> int:
    """Print one of the tables; returns 0, 1 nothing to show, 2 no store or wrong arguments."""
    arguments = _parser(command).parse_args(argv)
    try:
        url = Environment(process_environment(), arguments.env_file).store_url()
        wanted = Filter(arguments.venue, arguments.symbol, arguments.strategy, arguments.since, arguments.last)
        store = open_store(arguments.state, arguments.source, url)
        with closing(store.database):
            value, table = _found(command, store, wanted)
            shown = [] if arguments.json else table()
            missing = [] if arguments.json or shown else wanted.missing(_rows(command, store))
    except (StoreError, JournalError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps({"source": store.source, "notes": store.notes, **value}, indent=1, sort_keys=True))
        return DONE
    for note in store.notes:
        print(f"note: {note}", file=sys.stderr)
    nothing = "; ".join((f"nothing like that in {store.source}", *missing)).replace("; ", ": ", 1)
    print("\n".join(shown) if shown else nothing, file=None if shown else sys.stderr)
    return DONE if shown else NOTHING


def _found(command: str, store: Store, wanted: Filter) -> tuple[dict[str, Any], Callable[[], list[str]]]:
    """The values, and the table of them for whoever wants one."""
    if command == "pnl":
        found = results.results(store, wanted)
        is_all = not (wanted.venue or wanted.symbol or wanted.is_part)
        terms = results.parts(store) if is_all else None
        return results.facts(found, terms), lambda: results.table(found, terms, is_part=wanted.is_part) if found else []
    if command == "orders":
        rows = listings.orders(store, wanted)
        return {"orders": rows}, lambda: listings.orders_table(store, rows)
    if command == "fills":
        rows = listings.fills(store, wanted)
        return {"fills": rows}, lambda: listings.fills_table(rows)
    rows = listings.debts(store, wanted)
    return {"debts": rows}, lambda: listings.debts_table(rows)


def _rows(command: str, store: Store) -> list[Any]:
    """All that a list could show, by the names that its filters go by."""
    value, _ = _found(command, store, Filter())
    rows = next(iter(value.values()))
    return [{**row, "strategy": row["desk"]} for row in rows] if command == "hedges" else list(rows)


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"mm {command}", description=COMMANDS[command].capitalize() + ".")
    parser.add_argument("--venue", default="", metavar="NAME", help="only this venue")
    parser.add_argument("--symbol", default="", metavar="BASE/QUOTE", help="only this symbol")
    parser.add_argument("--strategy", default="", metavar="NAME", help="only of this strategy, or [hedging.NAME]")
    parser.add_argument(
        "--since", type=since, default=0, metavar="WHEN", help="15m, 2h, 3d ago; 14:03 today; 2026-11-25[ 14:03] (UTC)"
    )
    last = 0 if command == "pnl" else LAST
    parser.add_argument("--last", type=_count, default=last, metavar="N", help=f"the newest (default: {last or 'all'})")
    parser.add_argument("--json", action="store_true", help="exact texts instead of a table")
    _places(parser)
    parser.add_argument(
        "--from", dest="source", choices=(*KINDS, "journal"), default="", help="default: the store, else the journal"
    )
    return parser


def _places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, default=Path("state"), metavar="DIR", help="default: state")
    parser.add_argument("--env-file", type=Path, default=Path(".env"), metavar="FILE", help="secrets (default: .env)")


def since(text: str, now_ns: int = 0) -> int:
    """A moment in ns UTC. Raises ArgumentTypeError with what would be one."""
    now_ns = now_ns or time.time_ns()
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now_ns - int(ago[1]) * UNITS[ago[2]] * 1_000_000_000
    today = f"{datetime.fromtimestamp(now_ns // 1_000_000_000, UTC):%Y-%m-%d}"
    stated = f"{today} {text}" if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", text) else text
    try:
        return int(datetime.fromisoformat(stated).replace(tzinfo=UTC).timestamp()) * 1_000_000_000
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected 15m, 2h, 3d, 14:03 or 2026-11-25 14:03, got {text!r}") from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number, 0 for all, got {text!r}")
    return int(text)


def store_main(argv: Sequence[str]) -> int:
    """`mm store`; returns 0, 1 rows that differ, 2 it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="mm store", description="Bring the store up to date from the journal; a run does that by itself."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rebuild", action="store_true", help="make every row anew from the journal")
    what.add_argument("--check", action="store_true", help="compare every row with one made anew; change nothing")
    parser.add_argument("--in", dest="kind", choices=KINDS, default="", help="default: where the last run has it")
    _places(parser)
    arguments = parser.parse_args(argv)
    state = arguments.state
    if not state.is_dir():
        print(f"{state}: expected the state folder of a run (choose one with --state)", file=sys.stderr)
        return USAGE
    if not (state / "journal").is_dir():
        print(nothing_there(state), file=sys.stderr)
        return USAGE
    try:
        url = Environment(process_environment(), arguments.env_file).store_url()
        kind = arguments.kind or (POSTGRES if stated(state / "journal") == POSTGRES else SQLITE)
        if arguments.check:
            return _check(state, kind, url)
        lock = WriterLock(state)
        try:
            return _write(state, kind, url, is_rebuild=arguments.rebuild)
        finally:
            lock.release()
    except (StoreError, JournalError, RecordingError, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _write(state: Path, kind: str, url: Any, *, is_rebuild: bool) -> int:
    from mm.store.following import Follower, rebuild

    owner = owner_of(kind, state)
    journal = state / "journal"
    with closing(open_database(kind, state, url)) as database:
        count = rebuild(database, journal, owner) if is_rebuild else Follower(database, journal, owner=owner).finish()
        recordings = Recordings(database, state / "recordings")
        while recordings.step():
            pass
    print(f"{database.name}: {count} records taken from {journal}")
    return DONE


def _check(state: Path, kind: str, url: Any) -> int:
    from mm.store.comparing import differences, from_record

    with closing(open_database(kind, state, url, is_readonly=True)) as database:
        found = differences(database, state / "journal")
    for line in found[:LAST]:
        print(line)
    first = from_record(state / "journal")
    whole = f", from record {first} on, which it begins with" if first else ""
    print(f"{len(found)} rows differ" if found else f"every row is what the journal says{whole}")
    return NOTHING if found else DONE

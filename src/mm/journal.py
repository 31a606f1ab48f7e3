"""`mm journal`: look into the durable journal of a state folder, judge it, and cut it where it is damaged.

verify and dump only read, also while a bot runs; repair refuses while one does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mm._core import JournalDamaged, JournalError, JournalReader, journal_repair
from mm._core.events import FORMAT_VERSION, READABLE_FORMS, unpack
from mm.live.control import answers
from mm.persistence.journal import Kind

SOUND: Final = 0
DAMAGED: Final = 1
UNUSABLE: Final = 2
UNCLOSED: Final = "the last writer did not close it"
"""How the notice begins that is no news of a journal whose writer still writes."""
EPILOG = """\
exit codes: 0 sound (a torn tail is: the next start cuts it); 1 damaged; 2 it cannot be read, or wrong arguments."""


def main(argv: Sequence[str] | None = None, program: str = "python -m mm.journal") -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog=program, description="The durable journal.", epilog=EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, does in (
        ("verify", "read everything and say whether it is sound"),
        ("repair", "cut at the damage, keep a copy of what is cut"),
        ("dump", "print the records"),
    ):
        command = commands.add_parser(name, help=does, description=does)
        command.add_argument("--state", type=Path, default=Path("state"), metavar="DIR", help="default: state")
        if name == "dump":
            command.add_argument("--from", type=int, dest="first", metavar="INDEX", help="first record to print")
    arguments = parser.parse_args(argv)
    folder = arguments.state / "journal"
    if not folder.is_dir():
        print(f"{folder}: expected the journal of a state folder (choose one with --state)", file=sys.stderr)
        return UNUSABLE
    try:
        if arguments.command == "verify":
            return verify(folder)
        return repair(folder, time.time_ns()) if arguments.command == "repair" else dump(folder, arguments.first)
    except JournalDamaged as error:
        print(error, file=sys.stderr)
        return DAMAGED
    except JournalError as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def verify(folder: Path) -> int:
    """Read every record; print what was found. Raises JournalError."""
    reader = JournalReader(str(folder))
    count = sum(1 for _ in reader)
    for name, first, following, size, epoch, form, build in reader.segments():
        print(f"{name}  records {first}..{following}  {size} bytes  epoch {epoch}  form {form}  {build}")
    if (found := reader.snapshot()) is not None:
        index, wall_ns, state_hash, _, state = found
        print(f"snapshot at record {index}  {moment(wall_ns)}  {len(state)} bytes  hash {state_hash:016x}")
    for notice in _notices(reader, folder):
        print(f"note: {notice}")
    print(f"sound: {count} records{', closed' if reader.is_closed else ''}")
    return SOUND


def repair(folder: Path, now_ns: int) -> int:
    """Cut at the damage; print what is gone. Raises JournalError."""
    gone = journal_repair(str(folder), now_ns)
    if gone is None:
        print("nothing to repair")
        return SOUND
    kept = sorted(path.name for path in folder.glob(f"cut-*-{now_ns}.bin"))
    print(f"cut at record {gone}; what was behind it is kept in {', '.join(kept) or 'no file: nothing was there'}")
    print("the next start asks the venues for what is missing: orders, fills, balances, positions")
    return SOUND


def dump(folder: Path, first: int | None) -> int:
    """Print a line a record: index, time, kind, event. Raises JournalError."""
    reader = JournalReader(str(folder), first)
    names = {int(kind): kind.name.lower() for kind in Kind}
    forms = [(following, form) for _, _, following, _, _, form, _ in reader.segments()]
    for index, wall_ns, _, kind, payload in reader:
        form = next((form for following, form in forms if index < following), FORMAT_VERSION)
        shown: object = f"{len(payload)} bytes in form {form}"
        if kind == Kind.REOPENED:
            shown = "opened again: what happened since the record before is in no record"
        elif form in READABLE_FORMS:
            shown = unpack(payload)
        print(f"{index}  {moment(wall_ns)}  {names.get(kind, str(kind))}  {shown}")
    for notice in _notices(reader, folder):
        print(f"note: {notice}", file=sys.stderr)
    return SOUND


def _notices(reader: JournalReader, folder: Path) -> list[str]:
    """What has to be said of a journal that was read."""
    if not answers(folder.parent):
        return list(reader.notices)
    written = "a run writes it now: its last records may not be on the disk yet"
    return [written, *(notice for notice in reader.notices if not notice.startswith(UNCLOSED))]


def moment(wall_ns: int) -> str:
    """A time in UTC, to the microsecond."""
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).strftime(
        f"%Y-%m-%d %H:%M:%S.{wall_ns % 1_000_000_000 // 1000:06d}"
    )


if __name__ == "__main__":
    sys.exit(main())

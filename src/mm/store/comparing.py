"""A store held against one that is made anew from the journal, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mm._core import JournalReader
from mm.store.database import Database, StoreError
from mm.store.following import JOURNAL, Follower
from mm.store.sqlite import MEMORY, SqliteDatabase
from mm.store.tables import CURSORS, FILLS, FROM_RECORDINGS, GAPS, INSTRUMENTS, PAYMENTS, TABLES, Key, Row, Table

APART: Final = {CURSORS.name, GAPS.name, *(table.name for table in FROM_RECORDINGS)}
"""Not made of the journal's records alone."""
ALONE: Final = frozenset({"starts", "fills", "funding", "transfers", "differences", "reconciliations", "notes"})
"""A row of these is of one record, and needs nothing that was before it."""
SINCE_ALWAYS: Final = {FILLS.name: ("position", "client_id", "strategy", "purpose", "is_own")}
"""Columns of these that are about what was before, too."""
FROM_ELSEWHERE: Final = {PAYMENTS.name: ("cost",)}
"""Columns that a recording fills in."""


def differences(database: Database, journal: Path) -> list[str]:
    """A line for each row that differs, is missing or too much; empty when all agree.

    Of a journal whose beginning was cut, what is made of the rest alone is compared: see `from_record`. Raises
    StoreError where the store is not at the journal's end: a comparison would say nothing.
    """
    cursor = database.rows("cursors", "WHERE name = :name", {"name": JOURNAL})
    first = from_record(journal)
    anew = SqliteDatabase(MEMORY)
    if first:
        # What tells the meaning of the rest's numbers may be gone with the beginning.
        anew.write({INSTRUMENTS.name: database.rows(INSTRUMENTS.name)})
    follower = Follower(anew, journal)
    follower.finish()
    if not cursor or cursor[0]["record"] != follower.record:
        raise StoreError(
            f"{database.name}: at record {cursor[0]['record'] if cursor else 0} of {follower.record}; "
            "bring it up to date first (`mm store`)"
        )
    found = []
    for table in TABLES:
        if table.name not in APART and (not first or table.name in ALONE):
            found += _of_table(table, _by_key(database, table), _by_key(anew, table), first)
    return found


def from_record(journal: Path) -> int:
    """The first record that a journal has: 0, or more where its beginning was cut."""
    return JournalReader(str(journal)).first_index


def _by_key(database: Database, table: Table) -> dict[Key, Row]:
    found = {}
    for row in database.rows(table.name, "WHERE record >= 0" if "record" in table.columns else ""):
        for column in FROM_ELSEWHERE.get(table.name, ()):
            row[column] = None
        found[table.key_of(row)] = row
    return found


def _of_table(table: Table, ours: dict[Key, Row], theirs: dict[Key, Row], first: int) -> list[str]:
    lines = []
    for key in ours.keys() | theirs.keys():
        one, two = ours.get(key), theirs.get(key)
        if first and one is not None and one["record"] < first:
            # Begun by a record that is gone; what was told of it since is no row of its own.
            continue
        if one is None or two is None:
            lines.append(f"{table.name} {key}: {'missing' if one is None else 'not in the journal'}")
            continue
        apart = SINCE_ALWAYS.get(table.name, ()) if first else ()
        wrong = [
            f"{name} is {one[name]!r}, the journal says {two[name]!r}"
            for name in one
            if one[name] != two[name] and name not in apart
        ]
        if wrong:
            lines.append(f"{table.name} {key}: {', '.join(wrong)}")
    return sorted(lines)

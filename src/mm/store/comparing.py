"""A store held against one that is made anew from the journal, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mm.store.database import Database, StoreError
from mm.store.following import JOURNAL, Follower
from mm.store.sqlite import MEMORY, SqliteDatabase
from mm.store.tables import CURSORS, FROM_RECORDINGS, GAPS, PAYMENTS, TABLES, Key, Row, Table

APART: Final = {CURSORS.name, GAPS.name, *(table.name for table in FROM_RECORDINGS)}
"""Not made of the journal's records alone."""
FROM_ELSEWHERE: Final = {PAYMENTS.name: ("cost",)}
"""Columns that a recording fills in."""


def differences(database: Database, journal: Path) -> list[str]:
    """A line for each row that differs, is missing or too much; empty when all agree.

    Raises StoreError where the store is not at the journal's end: a comparison would say nothing.
    """
    cursor = database.rows("cursors", "WHERE name = :name", {"name": JOURNAL})
    anew = SqliteDatabase(MEMORY)
    follower = Follower(anew, journal)
    follower.finish()
    if not cursor or cursor[0]["record"] != follower.record:
        raise StoreError(
            f"{database.name}: at record {cursor[0]['record'] if cursor else 0} of {follower.record}; "
            "bring it up to date first (`mm store`)"
        )
    if anew.rows(GAPS.name):
        raise StoreError(f"{journal}: does not begin at its beginning, so that nothing can be made anew from it")
    found = []
    for table in TABLES:
        if table.name not in APART:
            found += _of_table(table, _by_key(database, table), _by_key(anew, table))
    return found


def _by_key(database: Database, table: Table) -> dict[Key, Row]:
    found = {}
    for row in database.rows(table.name, "WHERE record >= 0" if "record" in table.columns else ""):
        for column in FROM_ELSEWHERE.get(table.name, ()):
            row[column] = None
        found[table.key_of(row)] = row
    return found


def _of_table(table: Table, ours: dict[Key, Row], theirs: dict[Key, Row]) -> list[str]:
    lines = [f"{table.name} {key}: not in the journal" for key in ours.keys() - theirs.keys()]
    lines += [f"{table.name} {key}: missing" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        one, two = ours[key], theirs[key]
        wrong = [f"{name} is {one[name]!r}, the journal says {two[name]!r}" for name in one if one[name] != two[name]]
        if wrong:
            lines.append(f"{table.name} {key}: {', '.join(wrong)}")
    return lines

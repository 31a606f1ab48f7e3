"""What the commands read: the store, and where there is none the journal itself. Nothing is written, nobody waits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mm._core import JournalError, JournalReader, events
from mm._core.events import READABLE_FORMS, unpack
from mm.config.environment import Environment, process_environment
from mm.errors import InvariantError
from mm.instruments import Instrument
from mm.store.database import Database, StoreError
from mm.store.following import JOURNAL, Follower
from mm.store.opening import POSTGRES, SQLITE, open_database
from mm.store.sqlite import MEMORY, NAME, SqliteDatabase
from mm.store.tables import Row

if TYPE_CHECKING:
    from mm.config import Secret

LAG_RECORDS: Final = 200
"""Fewer are on their way while a bot runs, and the journal's own last record is never stored."""


@dataclass(slots=True)
class Filter:
    """Which rows are wanted; empty and 0 for any. since_ns: not before; last: so many, the newest."""

    venue: str = ""
    symbol: str = ""
    strategy: str = ""
    since_ns: int = 0
    last: int = 0

    @property
    def is_part(self) -> bool:
        """Only some of a market's fills are wanted, so that their sum is no position."""
        return bool(self.strategy or self.since_ns or self.last)

    def clause(self, columns: set[str], time: str) -> tuple[str, dict[str, object]]:
        """A condition in SQL and its values; columns: that the table has; time: the one that `since_ns` is about."""
        values: dict[str, object] = {}
        parts = []
        for name in ("venue", "symbol", "strategy"):
            value = getattr(self, name)
            if value and name in columns:
                parts.append(f"{name} = :{name}")
                values[name] = value
        if self.since_ns:
            parts.append(f"{time} >= :since")
            values["since"] = self.since_ns
        return (f"WHERE {' AND '.join(parts)}" if parts else ""), values

    def missing(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """The names that none of all rows has, each with those that they have; for where nothing was found."""
        there = list(rows)
        found = []
        for name in ("venue", "symbol", "strategy"):
            known = {str(row[name]) for row in there if row.get(name)}
            value = getattr(self, name)
            if value and known and value not in known:
                found.append(f'no {name} is "{value}", there are {", ".join(sorted(known))}')
        return found


@dataclass(slots=True)
class Store:
    """A database to read from. notes: what has to be said about it."""

    database: Database
    source: str
    notes: list[str] = field(default_factory=list)

    def newest(self, table: str, columns: set[str], time: str, wanted: Filter) -> list[Row]:
        """The rows that are wanted, oldest first."""
        where, values = wanted.clause(columns, time)
        if wanted.last:
            found = self.database.rows(table, f"{where} ORDER BY epoch DESC, record DESC LIMIT {wanted.last:d}", values)
            return found[::-1]
        return self.database.rows(table, f"{where} ORDER BY epoch, record", values)

    def instruments(self) -> dict[tuple[str, str], Instrument]:
        """What the symbols are."""
        return {
            (row["venue"], row["symbol"]): Instrument.from_json(row["definition"].encode())
            for row in self.database.rows("instruments")
        }


def open_store(state: Path, kind: str = "", url: Secret | None = None) -> Store:
    """Open what a state folder has. kind: "sqlite", "postgres" or "journal", '' whichever is there.

    Raises StoreError and JournalError.
    """
    journal = state / "journal"
    if not kind:
        kind = _kind_of(state, journal, url)
    if kind == JOURNAL:
        return _from_journal(journal)
    if kind == SQLITE and not (state / NAME).exists():
        raise StoreError(f"{state / NAME}: no store there; --from journal reads the journal itself")
    database = open_database(kind, state, url, is_readonly=True)
    try:
        return _noted(Store(database, database.name), journal)
    except BaseException:
        database.close()
        raise


def _noted(store: Store, journal: Path) -> Store:
    """Say what is not in a store."""
    database = store.database
    cursor = database.rows("cursors", "WHERE name = :name", {"name": JOURNAL})
    record = cursor[0]["record"] if cursor else 0
    try:
        behind = JournalReader(str(journal), record).next_index - record if journal.is_dir() else 0
    except JournalError:
        behind = 0
    if behind > LAG_RECORDS:
        store.notes.append(f"the store is {behind} records behind the journal (`mm store` brings it up to date)")
    for gap in database.rows("gaps", "ORDER BY epoch, record"):
        store.notes.append(f"records {gap['record']} to {gap['until_record']} are not in it: {gap['reason']}")
    return store


def decisions(state: Path) -> tuple[str, list[Row]]:
    """Where the decisions of earlier runs are kept, and they, oldest first. Raises StoreError."""
    url = Environment(process_environment(), Path(".env")).store_url()
    kind = _kind_of(state, state / "journal", url)
    if kind == JOURNAL:
        raise StoreError("and there is no store")
    with closing(open_database(kind, state, url, is_readonly=True)) as database:
        return database.name, database.rows("decisions", "ORDER BY epoch, number")


def nothing_there(state: Path) -> StoreError:
    """What is said of a state folder that has neither store nor journal."""
    return StoreError(
        f'{state}: neither a store nor a journal there. A run keeps both with journal = "os" under [run]; '
        "choose the folder with --state"
    )


def _from_journal(journal: Path) -> Store:
    if not journal.is_dir():
        raise nothing_there(journal.parent)
    memory = SqliteDatabase(MEMORY)
    Follower(memory, journal).finish()
    store = Store(memory, f"{journal} (no store)")
    for gap in memory.rows("gaps", "ORDER BY epoch, record"):
        store.notes.append(f"records {gap['record']} to {gap['until_record']} are not in it: {gap['reason']}")
    return store


def _kind_of(state: Path, journal: Path, url: Secret | None) -> str:
    """Where the last run put its store."""
    if url is not None and stated(journal) == POSTGRES:
        return POSTGRES
    return SQLITE if (state / NAME).exists() else JOURNAL


def stated(journal: Path) -> str:
    """What the last start in a journal says of its store; '' where nothing can be read."""
    # Loads the engine, which no other reader needs.
    from mm.engine.durable import start_of

    try:
        reader = JournalReader(str(journal))
        spans = reader.segments()
        last = spans[-1]
        if last[5] not in READABLE_FORMS:
            return ""
        # A long run has further segments, and so has one whose journal was opened again.
        begin = next(first for _, first, _, _, epoch, _, _ in spans if epoch == last[4])
        record = next(iter(JournalReader(str(journal), begin)), None)
        start = unpack(record[-1]) if record is not None else None
        if not isinstance(start, events.Start):
            # The segment with the start goes once a snapshot is behind it.
            found = reader.snapshot()
            if found is None or found[3] not in READABLE_FORMS:
                return ""
            start = start_of(found[-1])
        return str(json.loads(start.config)["run"].get("store", ""))
    except (JournalError, InvariantError, LookupError, ValueError):
        return ""

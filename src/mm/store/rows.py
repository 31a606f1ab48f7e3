"""Rows between a database and whoever makes them: read when needed, written together.

    rows.get(table, key) -> row or None        what will stand there
    rows.put(table, row)                       the whole row
    rows.changed() -> {table name: rows}       what is not written yet

Rows are state: after a crash nothing else is needed to go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from mm.store.tables import Key, Row, Table

KEPT_MAX: Final = 20_000
"""Rows kept in memory between two batches, some 20 MB: what ten batches of records touch. An order is looked at again
within minutes or never."""

Batch = Mapping[str, list[Row]]
Values = Mapping[str, object]


class Source(Protocol):
    """What a database has to answer while rows are made."""

    def get(self, table: Table, key: Key) -> Row | None:
        """Return the row with this key, None without one."""

    def get_many(self, table: Table, keys: list[Key]) -> list[Row]:
        """Return those rows with these keys that are there."""

    def select(self, table: Table, where: Values) -> list[Row]:
        """Return the rows whose columns have these values, by (epoch, record) where they have them."""


class Rows:
    """source: the database."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: dict[tuple[str, Key], Row | None] = {}
        self._changed: dict[str, dict[Key, Row]] = {}

    def get(self, table: Table, *key: object) -> Row | None:
        """The row with this key, to be changed only by `put`."""
        at = (table.name, key)
        if at not in self._kept:
            self._kept[at] = self._source.get(table, key)
        return self._kept[at]

    def prefetch(self, table: Table, keys: Iterable[Key]) -> None:
        """Read what will be asked for in one go: a server is a round trip away."""
        wanted = [key for key in dict.fromkeys(keys) if (table.name, key) not in self._kept]
        if wanted:
            self._kept.update(dict.fromkeys(((table.name, key) for key in wanted), None))
            for row in self._source.get_many(table, wanted):
                self._kept[table.name, table.key_of(row)] = row

    def put(self, table: Table, row: Row) -> None:
        """Let a row stand under its key."""
        key = table.key_of(row)
        self._kept[table.name, key] = row
        self._changed.setdefault(table.name, {})[key] = row

    def select(self, table: Table, **where: object) -> list[Row]:
        """The rows with these values, changes included."""
        found = {table.key_of(row): row for row in self._source.select(table, where)}
        for key, row in self._changed.get(table.name, {}).items():
            found.pop(key, None)
            if all(row[column] == value for column, value in where.items()):
                found[key] = row
        return list(found.values())

    def changed(self) -> dict[str, list[Row]]:
        """What is not written yet, in the order in which the rows were first changed."""
        return {name: list(rows.values()) for name, rows in self._changed.items()}

    def written(self) -> None:
        """The database has it all."""
        self._changed.clear()
        if len(self._kept) > KEPT_MAX:
            self._kept.clear()

    def forget(self) -> None:
        """Nothing was written: what the database has stands."""
        self._changed.clear()
        self._kept.clear()

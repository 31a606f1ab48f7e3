"""What a database has to do for the store; SQLite and PostgreSQL do it."""

from __future__ import annotations

from typing import Protocol

from mm.store.rows import Batch, Source, Values
from mm.store.tables import Row


class StoreError(Exception):
    """The store cannot be used as asked: told in a sentence that says what to do."""


class StoreBusy(StoreError):
    """The database does not take or give anything now (locked, stopped, slow): the same may work later."""


class Database(Source, Protocol):
    """Every method raises StoreBusy when the database is out of reach for now, StoreError when it is unfit."""

    @property
    def name(self) -> str:
        """What it is, for people; without a secret."""

    def write(self, batch: Batch) -> None:
        """Put rows in the place of those with the same keys: all of them or none."""

    def replace(self, tables: tuple[str, ...], batch: Batch) -> None:
        """Empty tables, then write, all in one."""

    def rows(self, table: str, where: str = "", values: Values | None = None) -> list[Row]:
        """Rows by a condition in SQL with `:name` for values, which may end in ORDER BY and LIMIT."""

    def prune(self, table: str, column: str, before: int) -> None:
        """Remove the rows whose column is below a number."""

    def close(self) -> None:
        """End it."""

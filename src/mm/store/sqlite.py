"""The store in one SQLite file: the default, nothing to set up.

Write-ahead logging, so that readers never wait for the writer nor it for them. Each batch is one transaction with the
place in the journal up to which it goes: a loss of power may take the last of them, and the journal has them again.
apsw brings a current SQLite: those before 3.51.3 may lose the end of a write-ahead log.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from mm.store.database import StoreBusy, StoreError
from mm.store.rows import Batch, Values
from mm.store.tables import FILLS, INTEGER, TABLES, VERSION, Key, Row, Table

NAME: Final = "store.db"
APPLICATION_ID: Final = 0x6D6D7374
""""mmst": a file of another program is not touched."""
BUSY_MS: Final = 1000
"""How long a write waits for others before it is tried again later."""
MEMORY: Final = ":memory:"

Migration = Callable[[apsw.Connection], object]


def _create(connection: apsw.Connection) -> None:
    for table in TABLES:
        _make(connection, table)


def _make(connection: apsw.Connection, table: Table) -> None:
    columns = [
        f'"{name}" {"INTEGER" if kind == INTEGER else "TEXT"}{" NOT NULL" if name in table.key else ""}'
        for name, kind in table.columns.items()
    ]
    key = ", ".join(f'"{name}"' for name in table.key)
    connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(columns)}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID')
    for number, index in enumerate(table.indexes):
        over = ", ".join(f'"{name}"' for name in index)
        connection.execute(f'CREATE INDEX "{table.name}_{number}" ON "{table.name}" ({over})')


def _twins(connection: apsw.Connection) -> None:
    """Two orders' executions of one id are two fills: those that are there are each the first of its id."""
    old = [str(column[1]) for column in connection.execute('PRAGMA table_info("fills")')]
    if "twin" in old:
        # Made just now, as the tables are today.
        return
    for number in range(len(FILLS.indexes)):
        connection.execute(f'DROP INDEX "fills_{number}"')
    connection.execute('ALTER TABLE "fills" RENAME TO "fills_before"')
    _make(connection, FILLS)
    names = ", ".join(f'"{name}"' for name in old)
    connection.execute(f'INSERT INTO "fills" ({names}, "twin") SELECT {names}, \'\' FROM "fills_before"')
    connection.execute('DROP TABLE "fills_before"')


MIGRATIONS: Final[tuple[Migration, ...]] = (_create, _twins)
"""From version n to n + 1, at place n; each is one transaction with the note that it was done."""


class SqliteDatabase:
    """A file (or ":memory:"), made where needed and brought to this version of the schema.

    is_readonly: nothing is made or changed; busy_ms: how long a write waits for others. Raises StoreError, StoreBusy.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        is_readonly: bool = False,
        migrations: Sequence[Migration] = MIGRATIONS,
        busy_ms: int = BUSY_MS,
    ) -> None:
        self.path = str(path)
        self._is_readonly = is_readonly
        self._sql: dict[str, str] = {}
        flags = apsw.SQLITE_OPEN_READONLY if is_readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        if self.path != MEMORY and not is_readonly:
            # Orders and balances are the user's own business: nobody else reads them.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with self._told("open"):
            self._connection = apsw.Connection(self.path, flags)
            self._connection.set_busy_timeout(busy_ms)
        try:
            self._check(migrations)
        except BaseException:
            self._connection.close(True)
            raise

    @property
    def name(self) -> str:
        """The file."""
        return self.path

    def _check(self, migrations: Sequence[Migration]) -> None:
        with self._told("read"):
            application = self._pragma("application_id")
            version = self._pragma("user_version")
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0]
        if application != APPLICATION_ID and (application or tables):
            raise StoreError(f"{self.path}: this is a database of another program; choose another state folder")
        if version > len(migrations):
            raise StoreError(
                f"{self.path}: written by a newer mm (schema {version}, this one knows {len(migrations)}): use "
                "that one, or move the file away and run `mm store --rebuild`"
            )
        if self._is_readonly:
            if version < len(migrations):
                raise StoreError(f"{self.path}: of an older schema ({version}): `mm store` brings it up to date")
            return
        with self._told("write"):
            if self.path != MEMORY:
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            for number in range(version, len(migrations)):
                with self._connection:
                    migrations[number](self._connection)
                    self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    self._connection.execute(f"PRAGMA user_version = {number + 1}")

    def _pragma(self, name: str) -> int:
        value = self._connection.execute(f"PRAGMA {name}").fetchall()[0][0]
        return value if isinstance(value, int) else 0

    def get(self, table: Table, key: Key) -> Row | None:
        """Return the row with this key, None without one."""
        found = self.select(table, dict(zip(table.key, key, strict=True)))
        return found[0] if found else None

    def get_many(self, table: Table, keys: list[Key]) -> list[Row]:
        """Return those rows with these keys that are there."""
        return [row for key in keys if (row := self.get(table, key)) is not None]

    def select(self, table: Table, where: Values) -> list[Row]:
        """Return the rows whose columns have these values, by (epoch, record) where they have them."""
        condition = " AND ".join(f'"{name}" = :{name}' for name in where)
        order = " ORDER BY epoch, record" if "record" in table.columns else ""
        return self.rows(table.name, (f"WHERE {condition}" if where else "") + order, where)

    def rows(self, table: str, where: str = "", values: Values | None = None) -> list[Row]:
        """Rows by a condition in SQL with `:name` for values."""
        with self._told("read"):
            cursor = self._connection.execute(f'SELECT * FROM "{table}" {where}', dict(values or {}))
            found = cursor.fetchall()
            if not found:
                return []
            names = self._columns(table)
            return [dict(zip(names, row, strict=True)) for row in found]

    def _columns(self, table: str) -> tuple[str, ...]:
        return tuple(next(each for each in TABLES if each.name == table).columns)

    def write(self, batch: Batch) -> None:
        """Put rows in the place of those with the same keys: all of them or none."""
        self.replace((), batch)

    def replace(self, tables: Iterable[str], batch: Batch) -> None:
        """Empty tables, then write, all in one."""
        with self._told("write"):
            # The lock first: a batch that cannot be written now is not begun.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for name in tables:
                    self._connection.execute(f'DELETE FROM "{name}"')
                for name, rows in batch.items():
                    if rows:
                        columns = self._columns(name)
                        values = ([row[column] for column in columns] for row in rows)
                        self._connection.executemany(self._upsert(name, columns), values)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def prune(self, table: str, column: str, before: int) -> None:
        """Remove the rows whose column is below a number."""
        with self._told("write"):
            self._connection.execute(f'DELETE FROM "{table}" WHERE "{column}" < ?', (before,))

    def _upsert(self, table: str, columns: tuple[str, ...]) -> str:
        sql = self._sql.get(table)
        if sql is None:
            names = ", ".join(f'"{name}"' for name in columns)
            places = ", ".join("?" for _ in columns)
            sql = self._sql[table] = f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({places})'
        return sql

    def close(self) -> None:
        """End it."""
        self._connection.close(True)

    @contextmanager
    def _told(self, does: str) -> Iterator[None]:
        """Say what SQLite says in words of ours."""
        try:
            yield
        except (apsw.BusyError, apsw.LockedError) as error:
            raise StoreBusy(f"{self.path}: another process holds it locked ({error})") from error
        except (apsw.NotADBError, apsw.CorruptError) as error:
            raise StoreError(
                f"{self.path}: the database is damaged ({error}): move it away and run `mm store --rebuild`"
            ) from error
        except (apsw.FullError, apsw.IOError) as error:
            raise StoreBusy(f"{self.path}: the disk refuses to {does} ({error})") from error
        except apsw.Error as error:
            raise StoreError(f"{self.path}: cannot {does}: {error}") from error


assert len(MIGRATIONS) == VERSION

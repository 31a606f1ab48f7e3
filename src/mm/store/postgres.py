"""The store in PostgreSQL: the extra `postgres` (SQLAlchemy Core, asyncpg, alembic).

One connection, one thing at a time, each within a bound: a server that is stopped, slow or moved is `StoreBusy`, and
the journal is the spool meanwhile. What a server lost at its crash it lost together with the place in the journal,
which is in the same transaction, and it gets it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Index,
    MetaData,
    Numeric,
    Text,
    delete,
    select,
    text,
    tuple_,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import TypeDecorator

from mm.config.secret import Secret
from mm.store.amounts import text_of
from mm.store.database import StoreBusy, StoreError
from mm.store.rows import Batch, Values
from mm.store.tables import INTEGER, MONEY, TABLES, Key, Row, Table

PATIENCE_S: Final = 15.0
"""For one batch: longer than a server that is merely slow needs."""
CONNECT_S: Final = 5.0
STATEMENT_MS: Final = 12_000
ROWS_MAX: Final = 500
"""In a statement: PostgreSQL takes 32,767 values, an order has 31."""
T = TypeVar("T")


class Money(TypeDecorator[str]):
    """Exact decimals: text in a row, NUMERIC in the database."""

    impl = Numeric
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """To the database."""
        return None if value is None else Decimal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # Any: what the driver gives
        """From the database."""
        return None if value is None else text_of(Decimal(value))


def metadata() -> MetaData:
    """The tables as SQLAlchemy has them."""
    found = MetaData()
    kinds: dict[str, Any] = {INTEGER: BigInteger, MONEY: Money}
    for table in TABLES:
        columns = [
            Column(name, kinds.get(kind, Text), primary_key=name in table.key, autoincrement=False)
            for name, kind in table.columns.items()
        ]
        made = SqlTable(table.name, found, *columns)
        for number, index in enumerate(table.indexes):
            Index(f"{table.name}_{number}", *(made.c[name] for name in index))
    return found


class PostgresDatabase:
    """A database or a schema of it that is this store's own, brought to this version where it may be written.

    url: postgresql://user:password@host/database. Raises StoreError and StoreBusy.
    """

    def __init__(self, url: Secret, *, is_readonly: bool = False) -> None:
        try:
            where = make_url(url.reveal()).set(drivername="postgresql+asyncpg")
        except ArgumentError:
            # What the error says has the password in it.
            raise StoreError("STORE_URL: expected postgresql://user:password@host/database") from None
        self.name = where.render_as_string(hide_password=True).replace("+asyncpg", "")
        self._tables = metadata().tables
        self._engine = create_async_engine(
            where,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT_S,
                "command_timeout": PATIENCE_S,
                "server_settings": {"application_name": "mm store", "statement_timeout": str(STATEMENT_MS)},
            },
        )
        self._runner = asyncio.Runner()
        try:
            self._run(lambda connection: self._check(connection, is_readonly))
        except BaseException:
            self.close()
            raise

    # --- what the store asks ----------------------------------------------------------------------------------------

    def get(self, table: Table, key: Key) -> Row | None:
        """Return the row with this key, None without one."""
        found = self.select(table, dict(zip(table.key, key, strict=True)))
        return found[0] if found else None

    def get_many(self, table: Table, keys: list[Key]) -> list[Row]:
        """Return those rows with these keys that are there."""
        made = self._tables[table.name]
        columns = tuple_(*(made.c[name] for name in table.key))

        async def read(connection: AsyncConnection) -> list[Row]:
            found: list[Row] = []
            for first in range(0, len(keys), ROWS_MAX):
                asked = select(made).where(columns.in_(keys[first : first + ROWS_MAX]))
                found += [dict(row) for row in (await connection.execute(asked)).mappings()]
            return found

        return self._run(read)

    def select(self, table: Table, where: Values) -> list[Row]:
        """Return the rows whose columns have these values, by (epoch, record) where they have them."""
        made = self._tables[table.name]
        asked = select(made).where(*(made.c[name] == value for name, value in where.items()))
        if "record" in table.columns:
            asked = asked.order_by(made.c.epoch, made.c.record)

        async def read(connection: AsyncConnection) -> list[Row]:
            return [dict(row) for row in (await connection.execute(asked)).mappings()]

        return self._run(read)

    def rows(self, table: str, where: str = "", values: Values | None = None) -> list[Row]:
        """Rows by a condition in SQL with `:name` for values."""
        # By name: a column that a later schema added stands last in the database.
        columns = self._tables[table].c
        asked = text(f"SELECT {', '.join(columns.keys())} FROM {table} {where}").columns(*columns)

        async def read(connection: AsyncConnection) -> list[Row]:
            return [dict(row) for row in (await connection.execute(asked, dict(values or {}))).mappings()]

        return self._run(read)

    def write(self, batch: Batch) -> None:
        """Put rows in the place of those with the same keys: all of them or none."""
        self.replace((), batch)

    def replace(self, tables: Iterable[str], batch: Batch) -> None:
        """Empty tables, then write, all in one."""

        async def write(connection: AsyncConnection) -> None:
            for name in tables:
                await connection.execute(delete(self._tables[name]))
            for name, rows in batch.items():
                made = self._tables[name]
                for first in range(0, len(rows), ROWS_MAX):
                    put = insert(made).values(rows[first : first + ROWS_MAX])
                    keys = [column.name for column in made.primary_key]
                    others = {column.name: put.excluded[column.name] for column in made.c if column.name not in keys}
                    await connection.execute(put.on_conflict_do_update(index_elements=keys, set_=others))

        self._run(write)

    def prune(self, table: str, column: str, before: int) -> None:
        """Remove the rows whose column is below a number."""
        made = self._tables[table]

        async def remove(connection: AsyncConnection) -> None:
            await connection.execute(delete(made).where(made.c[column] < before))

        self._run(remove)

    def close(self) -> None:
        """End it."""
        try:
            self._runner.run(self._engine.dispose())
        finally:
            self._runner.close()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _run(self, does: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something in a transaction of its own, within the bound."""

        async def bounded() -> T:
            async with asyncio.timeout(PATIENCE_S), self._engine.begin() as connection:
                return await does(connection)

        try:
            return self._runner.run(bounded())
        except TimeoutError as error:
            raise StoreBusy(f"{self.name}: no answer within {PATIENCE_S:g} s") from error
        except OSError as error:
            raise StoreBusy(f"{self.name}: cannot be reached ({error.strerror or type(error).__name__})") from error
        except DBAPIError as error:
            raise self._told(error) from error
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {type(error).__name__}") from error

    def _told(self, error: DBAPIError) -> StoreError:
        """What the server says: its state tells whether waiting helps."""
        state = str(getattr(error.orig, "sqlstate", "") or "")
        reason = str(error.orig).partition(">: ")[2].partition("\n")[0] or "the connection is lost"
        # Connections, resources, operators and locks come and go; authorisation and form do not.
        if not state or state[:2] in ("08", "53", "55", "57", "40", "25"):
            return StoreBusy(f"{self.name}: {reason}")
        return StoreError(f"{self.name}: {reason}")

    async def _check(self, connection: AsyncConnection, is_readonly: bool) -> None:
        await connection.run_sync(self._migrate, is_readonly)

    def _migrate(self, connection: Connection, is_readonly: bool) -> None:
        """Bring the schema to this version. Raises StoreError for one that is newer, or older and only to be read."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        known = {script.revision for script in scripts.walk_revisions()}
        now = MigrationContext.configure(connection).get_current_revision()
        if now is not None and now not in known:
            raise StoreError(
                f"{self.name}: written by a newer mm (schema {now}, this one knows {scripts.get_current_head()}): use "
                "that one, or another database"
            )
        if now == scripts.get_current_head():
            return
        if is_readonly:
            raise StoreError(f"{self.name}: no store there, or of an older schema: `mm store --in postgres` makes it")

        def steps(revision: Any, context: Any) -> Any:  # Any: alembic's own
            return scripts._upgrade_revs("head", revision)

        with EnvironmentContext(config, scripts, fn=steps) as environment:
            environment.configure(connection=connection, target_metadata=None)
            environment.run_migrations()

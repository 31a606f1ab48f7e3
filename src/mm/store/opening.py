"""Which database a state folder has, and how it is opened."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mm.store.database import Database, StoreError

if TYPE_CHECKING:
    from mm.config import Secret

SQLITE, POSTGRES, OFF = "sqlite", "postgres", "off"
KINDS: Final = (SQLITE, POSTGRES)
LOCK: Final = "store.lock"
OWNER: Final = "store.id"


def open_database(kind: str, state: Path, url: Secret | None, *, is_readonly: bool = False) -> Database:
    """Open the store of a state folder. Raises StoreError and StoreBusy."""
    if kind == SQLITE:
        from mm.store.sqlite import NAME, SqliteDatabase

        return SqliteDatabase(state / NAME, is_readonly=is_readonly)
    if url is None:
        raise StoreError("the store is in PostgreSQL: say where in the environment or .env, STORE_URL=postgresql://...")
    try:
        from mm.store.postgres import PostgresDatabase
    except ImportError as error:
        raise StoreError(f"PostgreSQL needs the extra: pip install 'mm[postgres]' ({error.name} is missing)") from None

    return PostgresDatabase(url, is_readonly=is_readonly)


def owner_of(kind: str, state: Path) -> str:
    """A name of the state folder for a database that others may have too; made once."""
    if kind == SQLITE:
        return ""
    path = state / OWNER
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        name = secrets.token_hex(8)
        path.write_text(name + "\n")
        return name


class WriterLock:
    """Held by the one process that writes the store of a state folder. Raises StoreError when another holds it."""

    def __init__(self, state: Path) -> None:
        self._file = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreError(f"{state}: another process writes the store; the bot's own does while it runs") from None

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._file)

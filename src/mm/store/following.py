"""From the journal to the database: batches of records, each with the place up to which it goes, in one transaction.

Nothing is taken that a loss of power could take back: records up to the journal's durable index; the last of them, when
nothing follows for a second, after a sync of the file by this process. A journal whose beginning or end is gone, or
that failed and was opened again within a run, makes a row in `gaps`, and what is there is taken.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from mm._core import JournalDamaged, JournalError, JournalReader
from mm._core.events import FORMAT_VERSION, READABLE_FORMS, Event, unpack
from mm.persistence.journal import SEGMENT, Kind
from mm.store.database import Database, StoreError
from mm.store.projecting import Projector
from mm.store.rows import Rows
from mm.store.tables import CURSORS, FROM_RECORDINGS, TABLES

BATCH_MAX: Final = 2_000
"""Records in a transaction: what a kill makes the next start read again, at most."""
QUIET_NS: Final = 1_000_000_000
"""The journal syncs within 10 ms of a record; what stood for so long is synced here for certainty."""
JOURNAL: Final = "journal"
SYNC: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)
"""Not every system has the first."""


class Follower:
    """Brings a database up to a journal.

    folder: of the journal; now_ns: the wall clock; owner: a name of the state folder, where the database could be
    another's.

    Whatever is raised, the next `step` begins again with what the database has.
    """

    def __init__(
        self, database: Database, folder: Path, now_ns: Callable[[], int] = time.time_ns, owner: str = ""
    ) -> None:
        self._owner = owner
        self._database = database
        self._folder = folder
        self._now_ns = now_ns
        self._seen: tuple[object, ...] = ()
        self._seen_ns = 0
        self._is_whole = False
        self._has_begun = False
        self.epoch = self.record = 0
        """The next record that is needed, and the epoch of the last one."""

    def step(self) -> int:
        """Take what is new; returns how many records. Raises StoreBusy: the same may work later.

        Raises StoreError, and JournalError for a damaged journal.
        """
        seen = self._look()
        now_ns = self._now_ns()
        if seen != self._seen or not self._has_begun:
            self._seen, self._seen_ns, self._is_whole = seen, now_ns, False
            return self._read(may_sync=False)
        if not self._is_whole and now_ns - self._seen_ns >= QUIET_NS:
            return self._read(may_sync=True)
        return 0

    def finish(self) -> int:
        """Take everything that is there, once nobody writes any more."""
        return self._read(may_sync=True)

    def _begin(self) -> None:
        self._rows = Rows(self._database)
        cursor = self._rows.get(CURSORS, JOURNAL)
        if cursor is not None and cursor["owner"] != self._owner:
            raise StoreError(
                f"{self._database.name}: belongs to another state folder; give each a database or a schema of its own"
            )
        self.epoch, self.record = (cursor["epoch"], cursor["record"]) if cursor is not None else (0, 0)
        self._projector = Projector(self._rows)
        self._has_begun = True

    def _look(self) -> tuple[object, ...]:
        """What changes when the journal does: names, sizes and times of its segments."""
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith(SEGMENT):
                        stat = entry.stat()
                        found.append((entry.name, stat.st_size, stat.st_mtime_ns))
        except FileNotFoundError:
            return ()
        return tuple(sorted(found))

    def _read(self, *, may_sync: bool) -> int:
        try:
            if not self._has_begun:
                self._begin()
            if not self._look():
                return 0
            return self._take(may_sync)
        except BaseException:
            self._has_begun = False
            raise

    def _take(self, may_sync: bool) -> int:
        reader = self._open()
        begin = self.record
        self._mind_the_gap(reader)
        if self.record != begin:
            reader = JournalReader(str(self._folder), self.record)
        until = reader.next_index if reader.is_closed else reader.durable_index
        if may_sync and until < reader.next_index:
            self._sync()
            until = reader.next_index
        # Without the second look a record that came within one tick of the file's clock could be overlooked.
        self._is_whole = until == reader.next_index and may_sync
        count = self._records(reader, until)
        if self._rows.changed():
            self._write()
        return count

    def _records(self, reader: JournalReader, until: int) -> int:
        spans = iter(reader.segments())
        records = takewhile(lambda record: record[0] < until, reader)
        count = following = epoch = form = strange = 0
        build = ""
        while batch := list(islice(records, BATCH_MAX)):
            events: list[tuple[int, int, str, Event]] = []
            for index, wall_ns, _, kind, payload in batch:
                while index >= following:
                    _, _, following, _, epoch, form, build = next(spans)
                if kind == Kind.REOPENED:
                    self._projector.gap(epoch, index, index + 1, self._now_ns(), _reopened(wall_ns))
                elif form in READABLE_FORMS:
                    events.append((epoch, index, build, unpack(payload)))
                elif strange != following:
                    strange = following
                    reason = f"records of form {form} by build {build}; this build reads form {FORMAT_VERSION}"
                    self._projector.gap(epoch, index, following, self._now_ns(), reason)
            self._projector.take_all(events)
            self.epoch, self.record = epoch, batch[-1][0] + 1
            self._rows.put(CURSORS, {"name": JOURNAL, "owner": self._owner, "epoch": epoch, "record": self.record})
            self._write()
            count += len(batch)
        return count

    def _open(self) -> JournalReader:
        try:
            return JournalReader(str(self._folder), self.record)
        except JournalDamaged:
            # Perhaps only what is needed next is gone: cut behind a snapshot, or by a repair.
            reader = JournalReader(str(self._folder))
            if reader.first_index <= self.record <= reader.next_index:
                raise
            return reader

    def _mind_the_gap(self, reader: JournalReader) -> None:
        """The journal does not have the next record: say so, and go on with what it has. Raises JournalError."""
        first = reader.first_index
        newer = [start for _, start, _, _, epoch, _, _ in reader.segments() if epoch > self.epoch > 0]
        if first > self.record:
            self._skip(first, f"the journal begins at record {first}: what was before it is cut or moved away")
        elif newer and min(newer) < self.record:
            reason = f"the journal went back to record {min(newer)}: it was cut, or an older one was put back"
            self._skip(min(newer), reason)
        elif reader.next_index < self.record:
            raise JournalError(
                f"{self._folder}: ends at record {reader.next_index}, the store has up to {self.record}: "
                "waiting for the next start of the bot"
            )

    def _skip(self, record: int, reason: str) -> None:
        self._projector.gap(self.epoch, self.record, record, self._now_ns(), reason)
        self.record = record

    def _write(self) -> None:
        self._database.write(self._rows.changed())
        self._rows.written()

    def _sync(self) -> None:
        """Have the disk take what the kernel has of the last segment, whoever wrote it."""
        last = max(name for name in os.listdir(self._folder) if name.endswith(SEGMENT))
        file = os.open(self._folder / last, os.O_RDONLY | os.O_CLOEXEC)
        try:
            SYNC(file)
        finally:
            os.close(file)


def _reopened(wall_ns: int) -> str:
    again = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
    return (
        f"the journal had failed and was opened again at {again:%Y-%m-%d %H:%M:%S} UTC: "
        "what happened since the record before, fills and balances too, is told in none"
    )


def rebuild(database: Database, folder: Path, owner: str = "") -> int:
    """Make every table anew from the journal; returns how many records. What comes from recordings stays.

    Raises StoreError where the journal no longer has what the database was made of, and as `Follower.step`.
    """
    old = database.rows("cursors", "WHERE name = :name", {"name": JOURNAL})
    first = JournalReader(str(folder)).first_index if folder.is_dir() else 0
    if old and old[0]["owner"] != owner:
        raise StoreError(f"{database.name}: belongs to another state folder")
    if old and (first or not folder.is_dir()):
        raise StoreError(
            f"the journal begins at record {first} and cannot make the older rows of {database.name} again: "
            "they stay as they are (move the database away to begin with what the journal has)"
        )
    kept = {table.name for table in FROM_RECORDINGS}
    database.replace(tuple(table.name for table in TABLES if table.name not in kept), {})
    return Follower(database, folder, owner=owner).finish()

"""The recorder port: every event and every command, in order, commands before their bytes leave.

    recorder.record(event)

`FileRecorder` writes the binary form below, `MemoryRecorder` keeps a hash (and the events if wanted) for runs under
virtual time, `NullRecorder` keeps nothing. `recording.py` reads the form back.

The form. A header: 8 bytes magic, u16 version of the event form, u16 length of the build's name, i64 creation time in
ns UTC, the build's name in UTF-8, u32 CRC-32 of all that. Then one record an event: u32 word, u32 CRC-32 of the
payload, the payload as `mm._core.events.pack` makes it. The word holds the length in its low 25 bits and a check of the
length in its high 7, so that a damaged length is told from a tail that was cut off. Little endian.

A command and everything private is in the kernel's hands when `record` returns: a killed process loses none of it.
Market data and timers may wait in a buffer of ours; order is kept because a write always takes the buffer first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import Final, Protocol
from zlib import crc32

from mm._core import JournalError, events
from mm._core.events import FORMAT_VERSION, Event
from mm._core.recording import RecorderCore
from mm.persistence.journal import DURABLE, SOON, EventJournal

MAGIC: Final = b"MMREC\x00\x01\n"
"""The newline and the zero byte show a file that went through a text mode."""
HEADER: Final = Struct("<8sHHq")
HEAD: Final = Struct("<II")
CRC: Final = Struct("<I")
RECORD_BYTES_MAX: Final = (1 << 25) - 1
"""Twice the largest websocket message that the network layer lets through."""
BUFFER_BYTES_MAX: Final = 256 * 1024
"""About a minute of one symbol's book: what a killed process may lose of market data."""
BATCHED: Final = frozenset(
    (events.BookFrame, events.Trade, events.Ticker, events.Timer, events.ClockOffset, events.InstrumentUpdate)
)
"""Kinds that may wait in the buffer: no money depends on the last of them."""


class RecorderError(Exception):
    """The recording cannot be written. Nothing may be sent that is not recorded, so the run has to stop."""


class Recorder(Protocol):
    """Takes each event before it is applied and each command before its bytes leave."""

    def record(self, event: Event) -> None:
        """Take one event."""

    def flush(self) -> None:
        """Hand everything to the kernel."""

    def close(self) -> None:
        """Flush and end; nothing follows."""


def length_word(size: int) -> int:
    """The length of a payload with its check: the length folded onto 7 bits, changed so that zeros are never right.

    Every bit of the length is in the fold once, so no single flipped bit goes unnoticed.
    """
    return size | ((size ^ size >> 7 ^ size >> 14 ^ size >> 21) & 0x7F ^ 0x2A) << 25


class FileRecorder(RecorderCore):
    """Writes a new file; refuses one that exists.

    Args: path; build: what made the events, for the reader of an old file; created_ns: UTC; journal: takes what is
    durable before the file does; it is closed with the file. Raises RecorderError, from the constructor too.

    After the first failure of the file the recorder is `failed` and takes no more. With a journal the run goes on
    without the file, which is for people and replays (`lost` says why), and after a failure of the journal with cancels
    and reads alone (`broken` says why).
    """

    __slots__ = ("_file", "_journal", "commit", "lost", "path", "settle")

    commit: Callable[[], bool] | None
    """To be called between a decision and the bytes of its orders and amends, which stay here until it is true; None
    where nobody has to wait."""
    settle: Callable[[], None] | None
    """To be called when they have left: the file gets what the journal had before; None where nothing was put off."""

    def __init__(self, path: Path, *, build: str, created_ns: int, journal: EventJournal | None = None) -> None:
        append = None
        if journal is not None:
            append = journal.append_briefly if journal.policy == "always" else journal.append
        # Of the other policies no append waits.
        soon = journal.append_soon if journal is not None and journal.policy == "always" else None
        super().__init__(
            waiting=BATCHED, bytes_max=BUFFER_BYTES_MAX, journal=append, durable=DURABLE, soon=soon, soon_kinds=SOON
        )
        self._journal = journal
        self.lost = ""
        self.commit = self._committed if journal is not None and journal.policy != "os" else None
        self.settle = self.settle_owed if journal is not None else None
        self.path = path
        name = build.encode()[:1000]
        header = HEADER.pack(MAGIC, FORMAT_VERSION, len(name), created_ns) + name
        try:
            # Orders and balances are the user's own business: nobody else reads them.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RecorderError(f"cannot write the recording {path}: {error.strerror}") from error
        try:
            self._write(header + CRC.pack(crc32(header)))
        except OSError as error:
            self._fail(error.strerror or str(error), error)

    def refuse(self, reason: str) -> None:
        """Take no more: nothing may be sent that is not recorded, whoever else still goes on. Raises RecorderError."""
        if self.failed:
            raise RecorderError(f"{self.path}: writing failed before; nothing more is taken")
        self._fail(reason, None)

    def _committed(self) -> bool:
        """A journal that takes nothing is not waited for: what it does not have is kept back by whoever sends."""
        if self._journal is None or self.broken:
            return True
        try:
            return self._journal.commit()
        except JournalError as error:
            self.broken = str(error)
            return True

    def take_up(self) -> None:
        """Go on with a journal that was opened again, and give it what came meanwhile."""
        backlog, self.backlog = self.backlog or (), None
        self.broken = ""
        try:
            for kind, payload, wall_ns, mono_ns in backlog:
                if self._journal is not None:
                    self._journal.append_soon(kind, payload, wall_ns, mono_ns)
        except JournalError as error:
            self.broken = str(error)

    def flush(self) -> None:
        """Hand the buffer to the kernel, whole."""
        if not len(self.buffer) or self.failed:
            return
        if self.lost:
            self.buffer.clear()
            return
        pending = self.buffer.pending()
        # Taken before it is written: after a failure nothing more is tried.
        self.buffer.clear()
        try:
            self._write(pending)
        except OSError as error:
            self._fail(error.strerror or str(error), error)
        except BaseException:
            # Half a record may be in the file: what came after it could never be read.
            self.failed = True
            raise

    def _write(self, pending: bytes) -> None:
        done = os.write(self._file, pending)
        while done < len(pending):
            done += os.write(self._file, pending[done:])

    def sync(self) -> None:
        """Flush and have the kernel put it on the disk: against a loss of power, at the cost of milliseconds."""
        self.flush()
        if not self.failed and not self.lost:
            try:
                os.fsync(self._file)
            except OSError as error:
                self._fail(error.strerror or str(error), error)

    def close(self) -> None:
        """Flush and close; a second call does nothing."""
        if self._file >= 0:
            try:
                self.flush()
            finally:
                os.close(self._file)
                self._file = -1
                self.failed = True
                self._close_journal()

    def _close_journal(self) -> None:
        if self._journal is not None:
            try:
                self._journal.close(time.time_ns(), time.monotonic_ns())
            except JournalError as error:
                raise RecorderError(f"the journal was not closed: {error}") from error

    def _fail(self, reason: str, cause: OSError | None) -> None:
        """The file takes no more."""
        if self._journal is not None and cause is not None:
            self.lost = f"cannot write the recording {self.path}: {reason}"
            self.buffer.clear()
            return
        self.failed = True
        self.buffer.clear()
        raise RecorderError(f"cannot write the recording {self.path}: {reason}") from cause


class MemoryRecorder(RecorderCore):
    """A running hash of all that was recorded, and with `keep` the events themselves."""

    __slots__ = ("_hash", "events")

    def __init__(self, *, keep: bool = False) -> None:
        self.events: list[Event] = []
        super().__init__(waiting=None, bytes_max=BUFFER_BYTES_MAX, kept=self.events if keep else None)
        self._hash = blake2b(digest_size=16)

    def break_journal(self, reason: str) -> None:
        """As if a journal behind this took nothing more."""
        self.broken = reason

    def refuse(self, reason: str) -> None:
        """Raise for an event that is too long."""
        raise RecorderError(reason)

    def flush(self) -> None:
        """Take what waits into the hash."""
        self._hash.update(self.buffer.pending())
        self.buffer.clear()

    def close(self) -> None:
        """Nothing is open."""

    def log_hash(self) -> str:
        """32 hex digits: equal for equal events in equal order, in any process."""
        self.flush()
        return self._hash.hexdigest()


class NullRecorder:
    """Keeps nothing: for benches of what is around it."""

    __slots__ = ()

    def record(self, event: Event) -> None:
        """Forget it."""

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

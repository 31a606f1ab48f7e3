"""Keeps what is in force of the kill ladder in the state folder, so that a restart begins with it.

    state/latches       one line of JSON and its CRC-32; written whole, synced and renamed into place

It is on the disk before a step acts where the disk allows, and a disk that fails or hangs holds no step up: a thread of
its own writes, whoever latches waits for it no longer than WAIT_S, and not at all while an earlier write hangs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.persistence.floors import Owns, anybodys, write_whole
from mm.steps import HALT, STEPS

NAME: Final = "latches"
WAIT_S: Final = 0.03
"""Of the tenth of a second until the first cancel is on the wire; a disk that is well takes a few milliseconds."""
AGAIN_S: Final = 1.0
DAMAGED: Final = "latch file"
"""As the cause of the halt that a damaged file begins with."""


class LatchFile:
    """See the module's text. folder: of the state; owns: whether an open folder is this run's to write into."""

    def __init__(self, folder: Path, owns: Owns = anybodys) -> None:
        self.path = folder / NAME
        self._owns = owns
        self.problem = ""
        """Why the file does not hold what is in force; '' while it does."""
        self._wanted = b""
        self._asked = self._done = 0
        """Numbers of the newest content that was asked for, and of the newest that is on the disk or was refused."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_over = False

    def read(self, now_ns: int) -> list[ev.Latched]:
        """What was in force when the last run ended. A file that cannot be read or is damaged is a halt."""
        try:
            line = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            return [_unknown(now_ns, f"{self.path} cannot be read: {error.strerror}")]
        try:
            return _parsed(line)
        except (ValueError, TypeError, KeyError):
            return [_unknown(now_ns, f"{self.path} is damaged: what was in force is not known")]

    def keep(self, latches: Iterable[ev.Latched]) -> bool:
        """Have the file hold these from now on; returns whether the disk has them by now."""
        content = _text(latches)
        with self._changed:
            was_late = self._done != self._asked
            self._asked += 1
            number = self._asked
            self._wanted = content
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_all, name="latches", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            if not was_late:
                self._changed.wait_for(lambda: self._done >= number, WAIT_S)
            if self._done < number and not self.problem:
                self.problem = f"{self.path} is not on the disk yet"
            return self._done >= number and not self.problem

    def close(self) -> None:
        """Write no more; a write that hangs is left behind."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                # What the disk refused is tried again.
                wait_s = AGAIN_S if self.problem else None
                self._changed.wait_for(lambda: self._is_over or self._asked != self._done, wait_s)
                if self._is_over and (self._asked == self._done or self.problem):
                    return
                number, content = self._asked, self._wanted
            problem = ""
            try:
                write_whole(self.path, content, self._owns)
            except OSError as error:
                problem = f"{self.path} cannot be written: {error.strerror or error}"
            with self._changed:
                self._done, self.problem = number, problem
                self._changed.notify_all()


def _text(latches: Iterable[ev.Latched]) -> bytes:
    rows = [[each.recv_ns, each.step, each.scope, each.cause, each.reason] for each in latches]
    line = json.dumps(rows, separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(line), line)


def _parsed(line: bytes) -> list[ev.Latched]:
    """Raises ValueError, TypeError or KeyError for anything that `_text` did not write."""
    check, _, rest = line.rstrip(b"\n").partition(b" ")
    if check != b"%08x" % crc32(rest):
        raise ValueError("the check does not fit")
    rows: list[list[Any]] = json.loads(rest)
    found = []
    for recv_ns, step, scope, cause, reason in rows:
        if step not in STEPS:
            raise ValueError(f"no step {step!r}")
        Scope.of(scope)
        found.append(ev.Latched(recv_ns, step, scope, True, cause, reason))
    return found


def _unknown(now_ns: int, reason: str) -> ev.Latched:
    return ev.Latched(now_ns, HALT, "", True, DAMAGED, reason)

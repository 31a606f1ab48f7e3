"""What a run says, on the disk in a bounded number of bytes: full files make room by the oldest one's end.

    state/logs/run.log      the newest lines
    state/logs/run.1.log    those before, up to run.3.log

It is for people. A disk that takes nothing costs lines and never the run: they are counted, and the file is tried again
after a while. The journal has its own files and its own rules, and shares nothing with these.

The folder is held open: one that was moved is written on, and none that has its path by now.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

from mm.persistence.floors import Owns, anybodys

NAMES: Final = ("run.log", "run.1.log", "run.2.log", "run.3.log")
FILES: Final = len(NAMES)
LINE_BYTES_MAX: Final = 8192
"""Of a text that a venue had a part in; the rest of it is cut off."""
AGAIN_NS: Final = 10_000_000_000


class LogFile:
    """Takes lines and keeps the newest of them. Of one thread, for its owner alone to read (0600).

    folder: made where needed, in one that is there; bytes_max: of all files together; now_ns: of a clock that only
    rises; owns: whether the open folder that it is in is ours to write into.
    """

    def __init__(
        self,
        folder: Path,
        bytes_max: int,
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
        owns: Owns = anybodys,
    ) -> None:
        self._path = folder
        self._owns = owns
        self._each = max(LINE_BYTES_MAX, bytes_max // FILES)
        self._now_ns = now_ns
        self._folder = self._file = -1
        self._size = 0
        self._again_ns = 0
        self.lost = 0
        """Lines that the disk did not take."""
        with contextlib.suppress(OSError):
            self._enter()

    def write(self, line: bytes) -> None:
        """Append a line, which ends with its newline."""
        if len(line) > LINE_BYTES_MAX:
            line = line[: LINE_BYTES_MAX - 4] + b"...\n"
        if self._file < 0 and self._now_ns() < self._again_ns:
            self.lost += 1
            return
        try:
            if self._file < 0:
                self._open()
            if self._size + len(line) > self._each:
                self._turn()
            self._size += os.write(self._file, line)
        except OSError:
            self.lost += 1
            self._again_ns = self._now_ns() + AGAIN_NS
            self.close()

    def close(self) -> None:
        """Write no more, unless there is another line."""
        for descriptor in (self._file, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._folder = -1

    def _enter(self) -> None:
        above = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not self._owns(above):
                raise OSError("its folder is another run's by now")
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._path.name, 0o700, dir_fd=above)
            self._folder = os.open(self._path.name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=above)
        finally:
            os.close(above)

    def _open(self) -> None:
        if self._folder < 0:
            self._enter()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(NAMES[0], flags, 0o600, dir_fd=self._folder)
        self._size = os.fstat(self._file).st_size

    def _turn(self) -> None:
        """Begin another file; the oldest one goes."""
        os.close(self._file)
        self._file = -1
        for newer, older in reversed(tuple(pairwise(NAMES))):
            with contextlib.suppress(FileNotFoundError):
                os.replace(newer, older, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._open()

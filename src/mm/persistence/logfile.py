"""What a run says, on the disk in a bounded number of bytes: full files make room by the oldest one's end.

    state/logs/run.log      the newest lines
    state/logs/run.1.log    those before, up to run.3.log

It is for people. A disk that takes nothing costs lines and never the run: they are counted, and the file is tried again
after a while. The journal has its own files and its own rules, and shares nothing with these.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

FILES: Final = 4
LINE_BYTES_MAX: Final = 8192
"""Of a text that a venue had a part in; the rest of it is cut off."""
AGAIN_NS: Final = 10_000_000_000


class LogFile:
    """Takes lines and keeps the newest of them. Of one thread, for its owner alone to read (0600).

    bytes_max: of all files together; now_ns: of a clock that only rises.
    """

    def __init__(self, folder: Path, bytes_max: int, *, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.path = folder / "run.log"
        self._each = max(LINE_BYTES_MAX, bytes_max // FILES)
        self._now_ns = now_ns
        self._file = -1
        self._size = 0
        self._again_ns = 0
        self.lost = 0
        """Lines that the disk did not take."""

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
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

    def _turn(self) -> None:
        """Begin another file; the oldest one goes."""
        self.close()
        for number in range(FILES - 1, 1, -1):
            older = self.path.with_suffix(f".{number - 1}.log")
            if older.exists():
                older.replace(self.path.with_suffix(f".{number}.log"))
        self.path.replace(self.path.with_suffix(".1.log"))
        self._open()

"""Descriptors of this process: how many are left, and some that are kept for the day on which none would be.

A system gives a process so many (`ulimit -n`), and without one there is no new connection, and with it no cancel where
orders go over REST, no door for `mm kill` and no file of a latch. So a few are held from the start, and let go once
few are left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from typing import Final

RESERVED: Final = 8
"""A fresh connection to each of three venues over either way, the file of a latch, and a caller at the door."""
SPENT: Final = frozenset({errno.EMFILE, errno.ENFILE})
OPEN: Final = "/dev/fd"
"""Names each descriptor of the process that looks, on Linux and on macOS."""


class Descriptors:
    """See the module's text. `keep` holds the reserve, `release` lets it go; both may be called at any time."""

    def __init__(self) -> None:
        self._held: list[int] = []

    def spare(self) -> int:
        """How many more this process may open, its reserve among them; -1 where nobody says."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY:
            return -1
        try:
            # The listing's own is gone once it is read.
            used = {int(name) for name in os.listdir(OPEN)} - set(self._held)
        except OSError as error:
            return sum(number < limit for number in self._held) if error.errno in SPENT else -1
        # The limit is one of numbers: what was opened above it, before it was lowered, takes nothing of it.
        return limit - sum(number < limit for number in used) + 1

    def keep(self) -> None:
        """Hold the reserve, as much of it as there is."""
        with contextlib.suppress(OSError):
            while len(self._held) < RESERVED:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def release(self) -> None:
        """Let what is held be used."""
        while self._held:
            os.close(self._held.pop())

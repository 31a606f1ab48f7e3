"""Watches what the engine cannot see: whether this process stood still, whether disk or descriptors run short, and
whether the state folder is still there.

Each latches a step of the kill ladder as `[kill]` says. A process that stood still cannot see it while it does: the
watchdog, a process of its own, steps in then (`live/watchdog.py`), and what had waited in the sockets meanwhile is not
quoted from (`Shell`).
"""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm.live.descriptors import Descriptors
from mm.persistence.journal import SEGMENT
from mm.steps import OFF, PULL

if TYPE_CHECKING:
    from mm.live.bot import Bot

LOOK_S: Final = 0.1
DISK_S: Final = 1.0
MEGABYTE: Final = 1_000_000
BLOCKED: Final = "loop blocked"
FULL: Final = "disk"
SHORT: Final = "descriptors"
AWAY: Final = "state folder"
UNKNOWN: Final = (-1, -1)
FOLDERS: Final = ("", "journal")
"""Of the state, that a run holds: where another one has the name, or none, it is the run's no more. What clears old
files away may take the files of their locks: the locks are on the folders."""


class Sentry:
    """See the module's text. One task, `run`, and a thread that asks the disk: one that hangs holds nothing up."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._free = -1
        """Bytes that were free when the disk last answered, -1 unknown."""
        self._home: dict[str, tuple[int, int]] = {}
        """What the folders were when the watch began."""
        self._has_journal = False
        """Whether the journal's folder had files of a journal then: without any, what the folder was is gone too."""
        self._is_away = False
        self.longest_s = 0.0
        """How long the loop stood still at worst."""
        self.descriptors = Descriptors()

    async def run(self) -> None:
        """Watch until the run ends."""
        loop = asyncio.get_running_loop()
        self.descriptors.keep()
        self._home = {name: found for name in FOLDERS if (found := identity(self._path(name))) not in (None, UNKNOWN)}
        self._has_journal = has_segments(self._path("journal"))
        over = threading.Event()
        threading.Thread(target=self._ask_disk, args=(over,), name="disk", daemon=True).start()
        try:
            while True:
                slept_s = loop.time()
                await asyncio.sleep(LOOK_S)
                self._look_at_loop(loop.time() - slept_s - LOOK_S)
                self._look_at_disk()
                self._look_at_descriptors()
        finally:
            over.set()
            self.descriptors.release()

    def _look_at_loop(self, late_s: float) -> None:
        kill = self._bot.settings.kill
        self.longest_s = max(self.longest_s, late_s)
        if kill.loop_blocked_ms and late_s * 1000 >= kill.loop_blocked_ms:
            text = f"this process stood still for {late_s:.1f} s, kill.loop_blocked_ms is {kill.loop_blocked_ms}"
            self._latch(kill.loop_blocked_step, BLOCKED, text)

    def _path(self, name: str) -> Path:
        return Path(self._bot.settings.run.state) / name

    def _look_at_disk(self) -> None:
        kill = self._bot.settings.kill
        if self._is_away:
            state = self._bot.settings.run.state
            text = f"{state} was removed, moved or replaced: what is written from here on no restart will find"
            self._latch(kill.disk_step, AWAY, text)
        if 0 <= self._free < kill.disk_free_mb * MEGABYTE:
            left, state = self._free // MEGABYTE, self._bot.settings.run.state
            text = f"{left} MB are left on the disk of {state}, kill.disk_free_mb is {kill.disk_free_mb}"
            self._latch(kill.disk_step, FULL, text)

    def _look_at_descriptors(self) -> None:
        kill = self._bot.settings.kill
        spare = self.descriptors.spare()
        if not 0 <= spare < kill.descriptors_free:
            self.descriptors.keep()
            return
        # First: the latch has a file, and cancels may need connections.
        self.descriptors.release()
        text = f"this process may open {spare} more descriptors, kill.descriptors_free is {kill.descriptors_free}"
        self._latch(kill.descriptors_step, SHORT, text)

    def _ask_disk(self, over: threading.Event) -> None:
        while not over.wait(DISK_S):
            self._free = free_bytes(self._bot.settings.run.state)
            now = {name: identity(self._path(name)) for name in self._home}
            is_other = any(now[name] not in (found, UNKNOWN) for name, found in self._home.items())
            self._is_away = is_other or (self._has_journal and not has_segments(self._path("journal")))

    def _latch(self, step: str, cause: str, reason: str) -> None:
        bot = self._bot
        if step in (OFF, PULL) or (step, "") in bot.engine.ladder.latches or bot.engine.is_stopping:
            return
        bot.latch([ev.Latched(bot.clock.now_ns(), step, "", True, cause, reason)])


def identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to, None: to none, UNKNOWN where the disk does not say."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return UNKNOWN
    return found.st_dev, found.st_ino


def has_segments(folder: Path) -> bool:
    """Whether a folder has a file of a journal; so it is taken for where the disk does not say."""
    try:
        return any(name.endswith(SEGMENT) for name in os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def free_bytes(folder: str) -> int:
    """Bytes that are free for us, -1 where nobody says."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return -1
    return found.f_bavail * found.f_frsize

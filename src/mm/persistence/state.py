"""The state folder of a run: one bot at a time, an epoch that never repeats, recordings in a bounded number.

state/                  held itself while a bot runs here, whatever is removed from it
state/bot.lock          names the process that does
state/control.sock      where a bot that runs here is spoken to (see mm.live.control)
state/epoch             the number of the last start; part of every client id, so that ids never repeat
state/nonce-*           up to where a key's nonces may have been used
state/journal/          the durable journal (see mm.persistence.journal)
state/recordings/*.mmr  the last RECORDINGS_MAX runs
state/logs/run*.log     what runs said, no more than run.log_mb_max
state/store...          what a process of its own keeps of the journal (see mm.store)
state/simulator...      the simulator's own (see mm.simulator)
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from mm.errors import ConfigError
from mm.persistence.floors import Floor, unwritable

LOCK: Final = "bot.lock"
RECORDINGS_MAX: Final = 20
EPOCH_MAX: Final = 2**31 - 1


class StateFolder:
    """Opens and locks a folder, making it where needed. Raises ConfigError with what to do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recordings = path / "recordings"
        self.journal = path / "journal"
        self.logs = path / "logs"
        self._folders: list[int] = []
        """Locked by this run: more than one after the folder was moved and another one had its path."""
        self._file = -1
        """Locked too, -1 none: a build that knows no lock of the folder, and a machine that shares it, are refused."""
        try:
            self.recordings.mkdir(parents=True, exist_ok=True)
            self._take()
        except BlockingIOError as held:
            raise ConfigError(
                "run.state",
                str(path),
                "a folder that no other bot uses",
                f"{held.strerror} runs on it; stop that one, or choose another folder with --state",
            ) from None
        except OSError as error:
            self.close()
            raise unwritable(path, error) from None

    def _take(self) -> None:
        """Hold the folder that the path leads to, and have the file there name this process. Raises OSError;
        BlockingIOError names who holds either, and then nothing new is held."""
        path = self.path / LOCK
        before = len(self._folders)
        try:
            if not any(_is_at(self.path, folder) for folder in self._folders):
                self._folders.append(_locked(self.path, os.O_RDONLY | os.O_DIRECTORY))
            if _is_at(path, self._file):
                return
            file = _locked(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            if len(self._folders) > before:
                os.close(self._folders.pop())
            if isinstance(error, BlockingIOError):
                raise BlockingIOError(error.errno, _holder(path)) from None
            raise
        self._file, former = file, self._file
        if former >= 0:
            os.close(former)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)

    def hold(self) -> bool:
        """Hold what the path leads to by now, unless another run does; returns whether this one has it.

        What clears old files away takes the lock's file for one: it is made again, so that who is refused is told by
        whom. A folder that was put in the place of the own one is taken: the next start there has to be refused too.
        """
        try:
            self._take()
        except OSError:
            return False
        return True

    def owns(self, folder: int) -> bool:
        """Whether this run holds an open folder: what its path leads to may be another run's by now. Raises OSError."""
        found = os.fstat(folder)
        return any(os.path.samestat(found, os.fstat(each)) for each in tuple(self._folders))

    def next_epoch(self, now_s: int = 0, *, floor: int = 0) -> int:
        """A number above all earlier ones, on the disk before it is returned.

        now_s: seconds UTC; it keeps the numbers apart of folders that share an account, of one that was lost, and of
        an older copy that was put back. floor: the highest one known from elsewhere: the journal, a client id at the
        venue.
        """
        last = Floor(
            self.path / "epoch",
            key="run.state",
            expected="the number of the last start",
            hint="the file is damaged: write a number above every epoch used before, for example 1000000",
            owns=self.owns,
        )
        epoch = max(last.read() + 1, floor + 1, now_s)
        if epoch > EPOCH_MAX:
            raise ConfigError(
                "run.state",
                str(last.path),
                f"an epoch of at most {EPOCH_MAX}",
                "the clock is far off, or was: set it, and write the highest epoch really used into the file",
            )
        last.write(epoch)
        return epoch

    def is_unused(self) -> bool:
        """No start has used it: neither number nor recording of one is there."""
        return not (self.path / "epoch").exists() and self.last_recording() is None

    def new_recording(self, epoch: int) -> Path:
        """Where this run records; the oldest recordings beyond RECORDINGS_MAX are removed."""
        old = sorted(self.recordings.glob("*.mmr"))
        for path in old[: max(0, len(old) - RECORDINGS_MAX + 1)]:
            path.unlink(missing_ok=True)
        return self.recordings / f"{epoch:08d}.mmr"

    def last_recording(self) -> Path | None:
        """The newest recording, None before the first run."""
        return max(self.recordings.glob("*.mmr"), default=None)

    def watchdog_report(self) -> str:
        """What the watchdog of an earlier start did last, '' nothing; told once."""
        path = self.path / "watchdog.log"
        try:
            lines = path.read_text(errors="replace").splitlines()
            path.replace(path.with_name("watchdog.told.log"))
        except OSError:
            return ""
        # From where it stepped in for the last time: a line for each venue.
        begun = [number for number, line in enumerate(lines) if "cancelling own orders" in line]
        last = lines[begun[-1] if begun else -1 :]
        return "; ".join([*last[:1], *(line.partition(": ")[2] for line in last[1:])])

    def close(self) -> None:
        """Let the next bot in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        while self._folders:
            os.close(self._folders.pop())


def is_held(path: Path) -> bool:
    """Whether a run holds a folder. Raises OSError for one that cannot be looked at.

    A start that comes within these microseconds is refused: for whoever asks because no run answers, or has ended.
    """
    try:
        for place, flags in ((path, os.O_RDONLY | os.O_DIRECTORY), (path / LOCK, os.O_RDONLY)):
            os.close(_locked(place, flags, fcntl.LOCK_SH))
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether a path leads to what is open. Raises OSError, but for one that leads nowhere."""
    try:
        return descriptor >= 0 and os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _locked(path: Path, flags: int, lock: int = fcntl.LOCK_EX) -> int:
    """Open and lock a file or a folder, for this process alone: no child has it. Raises OSError, BlockingIOError where
    another process holds it."""
    opened = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise
    except OSError as error:
        os.close(opened)
        raise OSError(error.errno, f"{path} cannot be locked ({error.strerror})") from None
    return opened


def _holder(path: Path) -> str:
    """The process that a lock's file names; a file that was removed or is empty names none."""
    try:
        number = path.read_text("ascii").strip()
    except (OSError, ValueError):
        number = ""
    return f"process {number}" if number.isdigit() else "another bot"

"""The state folder of a run: one bot at a time, an epoch that never repeats, recordings in a bounded number.

state/bot.lock          held while a bot runs here
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
        self._locks: list[int] = []
        """Held by this run: more than one after the folder was moved, or another file had the lock's name."""
        try:
            self.recordings.mkdir(parents=True, exist_ok=True)
            self._take()
        except BlockingIOError as held:
            raise ConfigError(
                "run.state",
                str(path),
                "a folder that no other bot uses",
                f"process {held.strerror} runs on it; stop that one, or choose another folder with --state",
            ) from None
        except OSError as error:
            self.close()
            raise unwritable(path, error) from None

    def _take(self) -> None:
        """Hold the lock that the path has, making it where needed. Raises OSError; BlockingIOError names the holder."""
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise BlockingIOError(error.errno, holder) from None
        except OSError:
            os.close(lock)
            raise
        self._locks.append(lock)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def is_ours(self) -> bool:
        """Whether the path leads to this run's folder, and not to that of another one that goes on.

        A lock that is missing there, or is one that nobody holds, is made or taken: what clears old files away takes it
        for one, and the next start on the folder has to be refused all the same.
        """
        try:
            found = (self.path / LOCK).stat()
            if any(os.path.samestat(found, os.fstat(lock)) for lock in self._locks):
                return True
        except FileNotFoundError:
            pass
        except OSError:
            return False
        try:
            self._take()
        except OSError:
            return False
        # Nobody finds those that have no name any more.
        for lock in [each for each in self._locks if os.fstat(each).st_nlink == 0]:
            self._locks.remove(lock)
            os.close(lock)
        return True

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
        while self._locks:
            os.close(self._locks.pop())

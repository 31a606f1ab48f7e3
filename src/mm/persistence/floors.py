"""Numbers that only rise, on the disk before they are used: epochs and the ends of blocks of nonces.

A file of one line: the number and the CRC-32 of its digits, so that a flipped bit is told from a number.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final
from zlib import crc32

from mm.errors import ConfigError

NONCE_BLOCK_NS: Final = 3_600_000_000_000
"""An hour: one sync an hour, and a key that another program takes over is refused for no longer than that."""


Owns = Callable[[int], bool]
"""Whether an open folder is ours to write into: another run may have its path by now. Raises OSError."""


def anybodys(folder: int) -> bool:
    """Of a folder that no other run can have."""
    return True


class Floor:
    """A number in a file that is raised, never lowered, but for `give_back`.

    key, expected, hint: how a ConfigError names it when the file is damaged or cannot be written; owns: as in
    `write_whole`.
    """

    def __init__(self, path: Path, *, key: str, expected: str, hint: str, owns: Owns = anybodys) -> None:
        self.path = path
        self._owns = owns
        self._key = key
        self._expected = expected
        self._hint = hint

    def read(self) -> int:
        """The number, 0 before the first. Raises ConfigError for a damaged file: guessing would repeat a number."""
        try:
            words = self.path.read_text("ascii").split()
        except FileNotFoundError:
            return 0
        except (OSError, ValueError):
            raise self._damaged() from None
        # Without a check: written by an earlier version.
        if not words or len(words) > 2 or not words[0].isdigit() or (len(words) == 2 and words[1] != _check(words[0])):
            raise self._damaged()
        return int(words[0])

    def write(self, number: int) -> None:
        """Put a number on the disk, whole and by its name."""
        digits = str(number)
        try:
            write_whole(self.path, f"{digits} {_check(digits)}\n".encode(), self._owns)
        except OSError as error:
            raise unwritable(self.path.parent, error) from None

    def _damaged(self) -> ConfigError:
        return ConfigError(self._key, str(self.path), self._expected, self._hint)


def nonce_file(venue: str, api_key: str) -> str:
    """The name of the file of a key. Not the key itself: file names are seen by others."""
    return f"nonce-{venue}-{blake2b(api_key.encode(), digest_size=6).hexdigest()}"


class NonceFloor:
    """Keeps the nonces of one key rising over crashes, clock steps and restores.

    Nonces are nanoseconds UTC or one more than the last, whichever is higher. What may be used is on the disk first, a
    block of time at once: after a crash the next start goes on above the block, whatever its clock says. `start` is the
    number that nonces must stay above.

    An older copy of the folder holds an older block; then the clock is what keeps nonces rising.

    file: its name. now_ns: a block from there on is on the disk when this returns; None where another process has told
    how far it has one, `end`. owns: as in `write_whole`. Raises ConfigError.
    """

    def __init__(self, folder: Path, file: str, now_ns: int | None, *, end: int = 0, owns: Owns = anybodys) -> None:
        self._floor = Floor(
            folder / file,
            key="run.state",
            expected="the last nonce of a key",
            hint="the file is damaged: write a number above every nonce used before, nanoseconds UTC will do",
            owns=owns,
        )
        self.start = self._floor.read() if now_ns is not None else end
        self.end = end
        """Nonces up to it may be used."""
        if now_ns is not None:
            self._reserve(max(self.start, now_ns))

    def keep_ahead(self, last: int, now_ns: int) -> None:
        """Have half a block in hand: to be called now and then, at the latest twice in a block.

        last: the highest nonce used. Raises ConfigError when the disk refuses. Cancels may go on beyond the end: while
        the clock does not step back behind it nothing is repeated, and an order that stays would be worse.
        """
        highest = max(last, now_ns)
        if highest + NONCE_BLOCK_NS // 2 > self.end:
            self._reserve(highest)

    def give_back(self, last: int) -> None:
        """At an orderly end: the next start goes on above the last nonce used instead of above the block."""
        # Not where the watchdog has raised it.
        if last < self.end == self._floor.read():
            self.end = max(last, self.start)
            self._floor.write(self.end)

    def _reserve(self, highest: int) -> None:
        end = highest + NONCE_BLOCK_NS
        with contextlib.suppress(ConfigError):
            # The watchdog, for one, may have raised it meanwhile; a file that was damaged since is made anew.
            end = max(end, self._floor.read())
        self._floor.write(end)
        self.end = end


def write_whole(path: Path, content: bytes, owns: Owns = anybodys) -> None:
    """Replace a file by a new one for its owner alone, on the disk whole and by its name when this returns.

    owns: whether an open folder is ours to write into: another run may have the path by now. Raises OSError; the old
    one stands until then.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not owns(folder):
            raise OSError("its folder is another run's by now")
        fresh = f"{path.name}.new"
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            if os.write(file, content) != len(content):
                raise OSError("the disk took only a part of it")
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(fresh, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def unwritable(path: Path, error: OSError) -> ConfigError:
    """Say that a state folder cannot be written, and what to do."""
    reason = (error.strerror or str(error)).lower()
    return ConfigError("run.state", str(path), "a folder that can be written", f"{reason}; choose another with --state")


def _check(digits: str) -> str:
    return f"{crc32(digits.encode()):08x}"

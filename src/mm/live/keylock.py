"""One process a key on a machine: two that trade with one account would cancel each other's orders and count half.

The lock is a name among the system's abstract sockets (Linux), which no folder and no copy of one has a part in, and
which goes with the process that holds it, however that ends: there is nothing stale to remove. Elsewhere than on Linux
there is none, and the lock of the state folder has to do.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mm.config.crosscheck import LOOPBACK
from mm.config.secret import fingerprint
from mm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mm.config import Secret, VenueSettings

CREDENTIALS: Final = struct.Struct("3i")
"""pid, user id, group id of SO_PEERCRED."""


class KeyLocks:
    """Holds the keys of a run until `close`. Raises ConfigError that names the venue and the process with its key."""

    def __init__(self, venues: Iterable[VenueSettings]) -> None:
        self._held: list[socket.socket] = []
        try:
            for venue in venues:
                if venue.api_key is not None and sys.platform == "linux":
                    self._hold(venue.name, name_of(venue.api_key, venue.rest_url))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the next one in; a second call does nothing."""
        for held in self._held:
            held.close()
        self._held.clear()

    def _hold(self, venue: str, name: bytes) -> None:
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._held.append(lock)
        try:
            lock.bind(name)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise ConfigError(
                f"venues.{venue}.api_key",
                "",
                "a key that no other bot on this machine trades with",
                f"{_holder(name)} does; stop that one, or give this bot a key and an account of its own",
            ) from None
        # So that the next one is told who we are.
        lock.listen(1)


def name_of(key: Secret, rest_url: str) -> bytes:
    """The name of a key's lock. Simulated venues on this machine are told apart by address."""
    address = urlsplit(rest_url)
    where = f"@{address.netloc}" if address.hostname in LOOPBACK else ""
    return f"\0mm-key-{fingerprint(key)}{where}".encode()


def _holder(name: bytes) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.setblocking(False)
            caller.connect(name)
            pid, _, _ = CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        except OSError:
            return "another process"
    return f"process {pid}"

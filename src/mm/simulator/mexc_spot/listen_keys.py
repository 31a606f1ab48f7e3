"""Listen keys: what private sockets are opened with. Good for an hour, longer when kept alive."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_spot.errors import Refused

VALID_NS: Final = 3600 * SECOND_NS
KEYS_MAX: Final = 60
CONNECTIONS_MAX: Final = 5
"""Sockets of one key."""


@dataclass(slots=True)
class ListenKey:
    """One key and the sockets opened with it."""

    account: str
    until_ns: int
    connections: set[int] = field(default_factory=set)


class ListenKeys:
    """The keys of the venue's accounts."""

    def __init__(self, rng: random.Random) -> None:
        self._keys: dict[str, ListenKey] = {}
        self._rng = rng

    def make(self, now_ns: int, account: str) -> str:
        """A new key.

        Raises:
            Refused: the account has as many as it may.
        """
        if len(self.names(account)) >= KEYS_MAX:
            # The venue's code for this is not published.
            raise Refused(730000, "too many listen keys")
        name = self._rng.randbytes(32).hex()
        self._keys[name] = ListenKey(account, now_ns + VALID_NS)
        return name

    def names(self, account: str) -> list[str]:
        """All valid keys of an account, oldest first."""
        return [name for name, key in self._keys.items() if key.account == account]

    def keep(self, now_ns: int, account: str, name: str) -> None:
        """Make a key good for another hour.

        Raises:
            Refused: it is unknown or has expired.
        """
        self._own(account, name).until_ns = now_ns + VALID_NS

    def close(self, account: str, name: str) -> set[int]:
        """Forget a key; returns its sockets.

        Raises:
            Refused: it is unknown or has expired.
        """
        connections = self._own(account, name).connections
        del self._keys[name]
        return connections

    def attach(self, name: str, connection: int) -> str:
        """Open a socket with a key; returns the account, "" for a key that is no good or has its sockets."""
        key = self._keys.get(name)
        if key is None or len(key.connections) >= CONNECTIONS_MAX:
            return ""
        key.connections.add(connection)
        return key.account

    def detach(self, connection: int) -> None:
        """A socket has gone."""
        for key in self._keys.values():
            key.connections.discard(connection)

    def expire(self, now_ns: int) -> set[int]:
        """Forget the keys whose time is over; returns their sockets."""
        over = [name for name, key in self._keys.items() if key.until_ns <= now_ns]
        return set().union(*(self._keys.pop(name).connections for name in over))

    def invalidate(self) -> set[int]:
        """Forget every key; returns all their sockets."""
        gone = set().union(*(key.connections for key in self._keys.values()))
        self._keys.clear()
        return gone

    def next_deadline(self) -> int:
        """When the next key expires; 0 for never."""
        return min((key.until_ns for key in self._keys.values()), default=0)

    def _own(self, account: str, name: str) -> ListenKey:
        key = self._keys.get(name)
        if key is None or key.account != account:
            raise Refused(730708, "listen key information error")
        return key

"""Floors behind the nonces of a run: what its links may use is on the disk first, a block at once.

A link is made with the floor of its key, so that a start goes on above what the last one may have used, whatever its
clock says. The disk is written by a thread, half a block ahead; a disk that refuses is told once, and the run goes on:
while the clock does not step back nothing is repeated, and an order that stays would be worse.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mm.errors import ConfigError
from mm.persistence.floors import NonceFloor

if TYPE_CHECKING:
    from mm.config import Settings
    from mm.net.link import Link

LOOK_S: Final = 5.0
"""Between two looks at how far the nonces have come: a block is an hour."""
AHEAD_NS: Final = 1_000_000_000
"""What a process may have drawn since it told its last nonce: they rise by one a request where the clock is behind."""


class NonceKeeper:
    """The floors of a run's keys. faces: venue name -> exchange package. Raises ConfigError: a damaged file, or a disk
    that takes nothing: nothing may be drawn then."""

    def __init__(self, state: Path, settings: Settings, faces: Mapping[str, Any], now_ns: int) -> None:
        self._problem = ""
        self.floors: dict[str, NonceFloor] = {}
        if not state.is_dir():
            # A run makes it and locks it before anything else; a bot without one keeps nothing.
            return
        for name, venue in settings.venues.items():
            if venue.api_key is not None and faces[name].capabilities.rising_nonces:
                # Not the key itself: file names are seen by others.
                key = blake2b(venue.api_key.reveal().encode(), digest_size=6).hexdigest()
                self.floors[name] = NonceFloor(state, f"{name}-{key}", now_ns)

    def start(self, name: str) -> int:
        """What the nonces of a venue's link have to stay above."""
        floor = self.floors.get(name)
        return floor.start if floor is not None else 0

    def give_back(self, links: Mapping[str, Link]) -> None:
        """At an orderly end: the key is free for other programs at once, and not above the block."""
        for name, floor in self.floors.items():
            with contextlib.suppress(ConfigError):
                floor.give_back(links[name].nonce)

    async def run(self, links: Mapping[str, Link], clock: Callable[[], int], say: Callable[[str], None]) -> None:
        """Keep the disk ahead of the links for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            for name, floor in self.floors.items():
                try:
                    await asyncio.to_thread(floor.keep_ahead, links[name].nonce, clock())
                except ConfigError as error:
                    if not self._problem:
                        say(f"The nonces of {name} are not kept for a start under another clock: {error}")
                    self._problem = str(error)
                else:
                    self._problem = ""

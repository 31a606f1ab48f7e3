"""Floors behind the nonces of a run: what its links may use is on the disk first, a block at once.

A link is made with the floor of its key, so that a start goes on above what the last one may have used, whatever its
clock says. The disk is written by a thread, half a block ahead of what is used, and at once where a link asks: when a
venue's refusals or a step of the clock have brought its nonces beyond the block. The link's calls wait for that, for as
long as `mm.net.nonces` says. A disk that refuses is told once, and the run goes on: while the clock does not step back
nothing is repeated, and an order that stays would be worse.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from mm.errors import ConfigError
from mm.persistence.floors import NonceFloor, Owns, anybodys, nonce_file

if TYPE_CHECKING:
    from mm.config import Settings
    from mm.net.nonces import Nonces

LOOK_S: Final = 5.0
"""Between two looks at how far the nonces have come, where no link asks: a block is an hour."""
END_S: Final = 2.0
"""So long an orderly end waits for the disk: a sound one has it in milliseconds, and a block that is not given back
keeps other programs from the key for an hour at most."""
AHEAD_NS: Final = 1_000_000_000
"""What a process may have drawn since it told its last nonce: they rise by one a request where the clock is behind."""


class NonceKeeper:
    """Keeps the disk ahead of links. floors: venue name -> that of its key."""

    def __init__(self, floors: Mapping[str, NonceFloor]) -> None:
        self.floors = dict(floors)
        self._kept: dict[str, tuple[Nonces, Callable[[], None]]] = {}
        self._asked = asyncio.Event()
        self._wanted: dict[str, int] = {}
        self._problem = ""

    def start(self, name: str) -> int:
        """What the nonces of a venue's link have to stay above."""
        floor = self.floors.get(name)
        return floor.start if floor is not None else 0

    def keep(self, name: str, nonces: Nonces, wake: Callable[[], None]) -> None:
        """Be asked by a link's nonces, no longer by an earlier link's; wake: lets it go on when the disk has them."""
        floor = self.floors.get(name)
        if floor is None:
            return

        def ask(wanted: int) -> None:
            self._wanted[name] = wanted
            self._asked.set()

        nonces.reserve(floor.end)
        nonces.ask = ask
        self._kept[name] = nonces, wake

    def reserved(self) -> dict[str, int]:
        """Venue name -> up to where the disk has them."""
        return {name: nonces.reserved for name, (nonces, _) in self._kept.items()}

    async def give_back(self) -> None:
        """At an orderly end: the key is free for other programs at once, and not above the block; later where the disk
        takes longer than END_S."""
        with contextlib.suppress(ConfigError, TimeoutError):
            async with asyncio.timeout(END_S):
                for name, (nonces, _) in self._kept.items():
                    await aside(self.floors[name].give_back, nonces.last)

    async def run(self, clock: Callable[[], int], say: Callable[[str], None]) -> None:
        """Keep the disk ahead of the links for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._asked.wait()
            self._asked.clear()
            for name, (nonces, wake) in tuple(self._kept.items()):
                floor = self.floors[name]
                highest = max(nonces.last, self._wanted.pop(name, 0))
                try:
                    await aside(floor.keep_ahead, highest, clock())
                except ConfigError as error:
                    if not self._problem:
                        say(f"The nonces of {name} are not kept for a start under another clock: {error}")
                    self._problem = str(error)
                else:
                    self._problem = ""
                    if floor.end > nonces.reserved:
                        nonces.reserve(floor.end)
                        wake()


async def aside(function: Callable[..., None], *arguments: object) -> None:
    """Call it in a thread that no end of a run or of the process waits for: the disk may hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def end(error: Exception | None) -> None:
        if not done.done():
            done.set_result(None) if error is None else done.set_exception(error)

    def run() -> None:
        found = None
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001  # whoever waits raises it
            found = error
        with contextlib.suppress(RuntimeError):
            # The loop may be closed by now.
            loop.call_soon_threadsafe(end, found)

    Thread(target=run, name="nonces", daemon=True).start()
    await done


def keeper_of(
    state: Path, settings: Settings, faces: Mapping[str, Any], now_ns: int, owns: Owns = anybodys
) -> NonceKeeper:
    """The keeper of a run's keys, a block of each on the disk. faces: venue name -> exchange package; owns: whether an
    open folder is this run's to write into.

    Raises ConfigError: a damaged file, or a disk that takes nothing: nothing may be drawn then.
    """
    floors: dict[str, NonceFloor] = {}
    # A run makes the folder and locks it before anything else; a bot without one keeps nothing.
    for name, venue in settings.venues.items() if state.is_dir() else ():
        if venue.api_key is not None and faces[name].capabilities.rising_nonces:
            floors[name] = NonceFloor(state, nonce_file(name, venue.api_key.reveal()), now_ns, owns=owns)
    return NonceKeeper(floors)

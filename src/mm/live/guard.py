"""The bot's side of the watchdog: starts the process, tells it that we live, and says goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import TYPE_CHECKING, Any, Final

from mm.engine.engine import OWNER
from mm.live.linking import symbols_of
from mm.live.rescuing import Target
from mm.live.tasks import Tasks
from mm.live.watchdog import LOG

if TYPE_CHECKING:
    from mm._core.events import OrderReport
    from mm._core.orders import Order
    from mm.config import Settings, VenueSettings
    from mm.live.bot import Bot

BEAT_S: Final = 0.5
BEATS_MIN: Final = 5
"""As many within `run.watchdog_s`: one that is late, or two, must not look like a heart that has stopped."""
GOODBYE_S: Final = 2.0
POLL_S: Final = 0.02
STARTS_MAX: Final = 3
HEARTBEAT: Final = "heartbeat"
"""Its task."""


def is_needed(bot: Bot) -> bool:
    """Whether the watchdog has a key of its own, or some venue's own timer may not be armed: it has none, is told not
    to, or must not while others' orders are in the account."""
    if not bot.settings.run.watchdog_s:
        return False
    return any(
        venue.settings.api_key is not None
        and not (
            venue.capabilities.dead_man_switch
            and venue.settings.dead_man_switch_s
            and venue.settings.accept_account_wide_timer
            and venue.settings.watchdog_api_key is None
        )
        for venue in bot.engine.venues.values()
    )


class Guard:
    """Keeps one watchdog for a bot. say: takes a sentence for people."""

    def __init__(self, bot: Bot, say: Callable[[str], None], tasks: Tasks) -> None:
        self._bot = bot
        self._say = say
        self._tasks = tasks
        self._process: Popen[bytes] | None = None
        """Not one of the loop's: those are killed when what holds them goes, and this one may outlive the run."""
        self._pipe: asyncio.WriteTransport | None = None
        self._log = Path(bot.settings.run.state) / LOG
        self._told_bytes = 0
        self.own_keys = {name for name, venue in bot.settings.venues.items() if venue.watchdog_api_key is not None}
        """Venues at which the watchdog signs with a key of its own."""

    async def start(self) -> None:
        """Start the process and the beats, if a venue needs them."""
        if is_needed(self._bot):
            await self._spawn()
            self._tasks.start(HEARTBEAT, self._beat())

    async def stop(self, *, is_left: bool = False) -> None:
        """Say goodbye; the process ends by itself. is_left: orders may be open, it goes on where the run gave up."""
        await self._tasks.stop(HEARTBEAT)
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            return
        if not is_left:
            self._write({"bye": True})
        pipe.close()
        for _ in range(0 if is_left else round(GOODBYE_S / POLL_S)):
            if process.poll() is not None:
                return
            await asyncio.sleep(POLL_S)
        # What is written leaves the pipe, and the pipe is closed, before the loop ends.
        await asyncio.sleep(POLL_S)

    @property
    def pid(self) -> int:
        """Of the watchdog, 0 without one."""
        return self._process.pid if self._process is not None else 0

    async def _spawn(self) -> None:
        settings: Settings = self._bot.settings
        process = Popen(  # noqa: ASYNC220  # it starts a process just as the loop's own way does
            [sys.executable, "-m", "mm.live.watchdog"],
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            # Ctrl-C on the terminal is the bot's affair.
            start_new_session=True,
        )

        def target(name: str, venue: VenueSettings) -> dict[str, Any]:
            return Target(venue, self._bot.addresses[name], symbols_of(settings, name), settings.run.seed).to_json()

        keyed = {name: venue for name, venue in settings.venues.items() if venue.api_key is not None}
        loop = asyncio.get_running_loop()
        self._pipe, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._process = process
        self._write(
            {
                "process": os.getpid(),
                "owner": OWNER,
                "epoch": self._bot.epoch,
                "state": settings.run.state,
                "silence_s": float(settings.run.watchdog_s),
                "venues": {name: target(name, venue) for name, venue in keyed.items()},
                "own_keys": {
                    name: target(name, _watched(keyed[name])) for name in sorted(self.own_keys & keyed.keys())
                },
            }
        )

    async def _beat(self) -> None:
        number = starts = 0
        beat_s = min(BEAT_S, float(self._bot.settings.run.watchdog_s) / BEATS_MIN)
        while True:
            number += 1
            # Two who sign with one key are in each other's way: a venue with its timer armed is left to that then.
            venues = self._bot.engine.venues.items()
            covered = [name for name, venue in venues if venue.protected_s and name not in self.own_keys]
            process = self._process
            if process is None or process.poll() is not None:
                starts += 1
                if starts > STARTS_MAX:
                    if starts == STARTS_MAX + 1:
                        self._say(
                            "The watchdog does not stay alive: if this process dies, its orders stay at the venue"
                        )
                    await asyncio.sleep(beat_s)
                    continue
                self._say("The watchdog has ended; starting another")
                try:
                    await self._spawn()
                except OSError as error:
                    self._say(f"No watchdog can be started: {error}")
                    await asyncio.sleep(beat_s)
                    continue
            nonces = {name: self._bot.nonce(name) for name in self._bot.nonces.floors}
            reserved = self._bot.nonces.reserved()
            beat = {"beat": number, "covered": covered, "nonces": nonces, "reserved": reserved}
            self._write(beat | {"open": self._open_orders(covered)})
            self._tell()
            await asyncio.sleep(beat_s)

    def _open_orders(self, covered: list[str]) -> dict[str, dict[str, tuple[str, str]]]:
        """Venue -> client id -> symbol and the venue's id, of orders that may be open."""
        found: dict[str, dict[str, tuple[str, str]]] = {}
        engine = self._bot.engine
        orders: list[Order | OrderReport] = [*engine.orders.open(), *engine.contradicted.standing()]
        for order in orders:
            if order.venue not in covered:
                found.setdefault(order.venue, {})[order.client_id] = (order.symbol, order.venue_id)
        return found

    def _tell(self) -> None:
        """Say what the watchdog did: it took us for dead or blocked, and orders of ours are gone."""
        with contextlib.suppress(OSError):
            size = self._log.stat().st_size
            if size < self._told_bytes:
                # Another file has begun.
                self._told_bytes = 0
            if size > self._told_bytes:
                new = self._log.read_bytes()[self._told_bytes :]
                whole = new[: new.rfind(b"\n") + 1]
                self._told_bytes += len(whole)
                for line in whole.decode(errors="replace").splitlines():
                    self._say(f"The watchdog: {line.partition(': ')[2]}")

    def _write(self, value: dict[str, Any]) -> None:
        if self._pipe is not None and not self._pipe.is_closing():
            self._pipe.write(json.dumps(value).encode() + b"\n")


def _watched(venue: VenueSettings) -> VenueSettings:
    """The settings of a venue with the watchdog's own key."""
    return replace(venue, api_key=venue.watchdog_api_key, api_secret=venue.watchdog_api_secret)

"""The live world: one engine with its links, recorder and shells on the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm.config import Settings
from mm.config.canonical import to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.live.latches import LatchFile
from mm.live.linking import Addresses, addresses, make_link, symbols_of
from mm.live.meters import Meters, Stopwatch
from mm.live.nonces import AHEAD_NS, keeper_of
from mm.live.shell import Shell
from mm.metrics.registry import Registry
from mm.net.wall_clock import WallClock
from mm.persistence.floors import Owns, anybodys

if TYPE_CHECKING:
    from mm.engine.recovery import Recovery
    from mm.persistence.recorder import Recorder

MS: Final = 1_000_000


class Bot:
    """See the module's text. Needs a running loop; `start` begins, `stop` closes.

    epoch: number of this start, part of every client id; recorder: takes everything; recovery: what earlier starts
    left; owns: whether an open folder is this run's to write into. Raises ConfigError.
    """

    def __init__(
        self,
        settings: Settings,
        recorder: Recorder,
        *,
        epoch: int,
        recovery: Recovery | None = None,
        owns: Owns = anybodys,
    ) -> None:
        self.settings = settings
        self.epoch = epoch
        self.registry = Registry()
        self.clock = WallClock()
        self.started_ns = self.clock.now_ns()
        start = ev.Start(self.started_ns, settings.run.seed, epoch, to_json(settings))
        recorder.record(start)
        faces = {name: find(name, venue.package) for name, venue in settings.venues.items()}
        self.addresses: Mapping[str, Addresses] = {
            name: addresses(faces[name], venue) for name, venue in settings.venues.items()
        }
        self.nonces = keeper_of(Path(settings.run.state), settings, faces, self.started_ns, owns)
        links = {
            name: make_link(
                venue,
                self.addresses[name],
                faces[name],
                symbols_of(settings, name),
                seed=settings.run.seed,
                nonce_floor=self.nonces.start(name),
                is_live=settings.run.world == "live",
            )
            for name, venue in settings.venues.items()
        }
        self.engine = Engine(start, settings, faces, recorder)
        taken_over = recovery.event(self.started_ns) if recovery is not None else None
        if taken_over is not None:
            recorder.record(taken_over)
            self.engine.apply(taken_over)
        self.driver = Driver(self.engine, links, recorder)
        self.shells = {
            name: Shell(
                Stopwatch(port, self.registry, name),
                {name: self.addresses[name].rest},
                clock=self.clock,
                on_stall=self._stood_still,
            )
            for name, port in self.driver.ports.items()
        }
        for name, shell in self.shells.items():
            self.nonces.keep(name, links[name].nonces, partial(shell.tell, self.driver.ports[name].deadline))
        self.driver.observers.append(Meters(self.registry, self.engine.orders).observe)
        self.driver.on_output = self._flush
        self.driver.on_latch = self._keep_latches
        self.latches = LatchFile(Path(settings.run.state), owns)

    def take_latches(self) -> list[ev.Latched]:
        """Begin with the steps of the kill ladder that the last run on this folder ended with; returns them."""
        found = self.latches.read(self.clock.now_ns())
        self.driver.take(found)
        return found

    def start(self) -> None:
        """Begin to connect."""
        for shell in self.shells.values():
            shell.start()
            shell.watch(self.settings.kill.loop_blocked_ms * MS)

    def operate(self, action: str, argument: str = "") -> None:
        """Give the engine an operator's command."""
        self._tell(lambda now_ns: self.driver.operate(now_ns, action, argument))

    def latch(self, events: Sequence[ev.Latched]) -> None:
        """Let steps of the kill ladder be in force, or let them go: their cancels are on the wire when it returns."""
        self._tell(lambda now_ns: self.driver.latch(now_ns, events))
        if self.failure is not None:
            # The recording or the engine may not have taken them: the next start has them from the file all the same.
            latches = self.engine.ladder.latches
            fresh = [each for each in events if each.is_on and (each.step, each.scope) not in latches]
            self.latches.keep([*latches.values(), *fresh])

    def _tell(self, word: Callable[[int], object]) -> None:
        """Let the driver take an operator's word. The door is open before the first connection begins: what is said
        then is recorded and applied at once, and acted on when the first link starts."""
        next(iter(self.shells.values())).tell(word)

    def _stood_still(self, late_ns: int) -> None:
        """The loop stood still: no book that was read before, or waits in a socket, is quoted from."""
        for shell in self.shells.values():
            # One word for all of them.
            shell.turned()
        self.driver.stalled(self.clock.now_ns(), late_ns)

    def nonce(self, name: str) -> int:
        """What another link with the key of a venue has to begin above."""
        return self.driver.links[name].nonce + AHEAD_NS if name in self.nonces.floors else 0

    def _keep_latches(self) -> None:
        self.latches.keep(self.engine.ladder.latches.values())

    def take_settings(self, fresh: Settings) -> None:
        """Go by the strategies, hedges and limits of other settings, between two decisions; all else stays."""
        self.settings = replace(
            self.settings,
            strategies=fresh.strategies,
            hedging=fresh.hedging,
            limits=fresh.limits,
            kill=fresh.kill,
        )
        config = to_json(self.settings)
        self._tell(lambda now_ns: self.driver.change(now_ns, config))
        for each in self.shells.values():
            each.watch(fresh.kill.loop_blocked_ms * MS)

    def decide(self) -> None:
        """Let the engine decide now."""
        for name, shell in self.shells.items():
            shell.tell(lambda now_ns, name=name: self.driver.decide(now_ns, name))  # type: ignore[misc]

    @property
    def failure(self) -> BaseException | None:
        """What broke the engine or a link, None while all is well."""
        return next((shell.failure for shell in self.shells.values() if shell.failure is not None), None)

    async def wait_failed(self) -> None:
        """Wait until the engine or a link breaks, and raise what broke it; for ever while all is well."""
        await asyncio.gather(*(shell.wait_failed() for shell in self.shells.values()))

    def stop(self) -> None:
        """Close every connection. Orders are not touched: that is done before."""
        self.latches.close()
        for shell in self.shells.values():
            shell.stop()

    async def wait_closed(self) -> None:
        """Wait until nothing is left on the loop."""
        for shell in self.shells.values():
            await shell.wait_closed()

    def _flush(self, venue: str) -> bool:
        return self.shells[venue].push()

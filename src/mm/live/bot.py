"""The live world: one engine with its links, recorder and shells on the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mm._core import events as ev
from mm.config import Settings
from mm.config.canonical import to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.live.linking import Addresses, addresses, make_link, symbols_of
from mm.live.meters import Meters, Stopwatch
from mm.live.shell import Shell
from mm.metrics.registry import Registry
from mm.net.wall_clock import WallClock

if TYPE_CHECKING:
    from mm.persistence.recorder import Recorder


class Bot:
    """See the module's text. Needs a running loop; `start` begins, `stop` closes.

    epoch: number of this start, part of every client id; recorder: takes everything. Raises ConfigError.
    """

    def __init__(self, settings: Settings, recorder: Recorder, *, epoch: int) -> None:
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
        links = {
            name: make_link(
                venue, self.addresses[name], faces[name], symbols_of(settings, name), seed=settings.run.seed
            )
            for name, venue in settings.venues.items()
        }
        self.engine = Engine(start, settings, faces, recorder)
        self.driver = Driver(self.engine, links, recorder)
        self.shells = {
            name: Shell(Stopwatch(port, self.registry, name), {name: self.addresses[name].rest}, clock=self.clock)
            for name, port in self.driver.ports.items()
        }
        self.driver.observers.append(Meters(self.registry, self.engine.orders).observe)
        self.driver.on_output = self._flush

    def start(self) -> None:
        """Begin to connect."""
        for shell in self.shells.values():
            shell.start()

    def operate(self, action: str, argument: str = "") -> None:
        """Give the engine an operator's command."""
        shell = next(iter(self.shells.values()))
        shell.tell(lambda now_ns: self.driver.operate(now_ns, action, argument))

    def take_settings(self, fresh: Settings) -> None:
        """Go by the strategies, hedges and limits of other settings, between two decisions; all else stays."""
        self.settings = replace(self.settings, strategies=fresh.strategies, hedging=fresh.hedging, limits=fresh.limits)
        config = to_json(self.settings)
        shell = next(iter(self.shells.values()))
        shell.tell(lambda now_ns: self.driver.change(now_ns, config))

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
        for shell in self.shells.values():
            shell.stop()

    async def wait_closed(self) -> None:
        """Wait until nothing is left on the loop."""
        for shell in self.shells.values():
            await shell.wait_closed()

    def _flush(self, venue: str) -> None:
        self.shells[venue].tell(lambda now_ns: None)

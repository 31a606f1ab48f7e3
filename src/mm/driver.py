"""Engine, links and recorder put together, still without I/O: what a shell hears goes in, what it has to do comes out.

Every event is recorded, then applied; when the shell has handed over the last message that it has read, the engine
decides once, and its commands go through the link. Observers see all of it once the shell has sent what it led to. The
same driver runs over sockets (`mm.live`) and under virtual time (`mm.backtest`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from mm._core import events as ev
from mm._core.driver_core import DriverCore, PortCore
from mm.engine import Engine
from mm.net.link import Link

Observer = Callable[[Any], None]
"""Sees each event and command after it was applied; for people and counters, never for decisions."""


class Recorder(Protocol):
    """Takes each event before it is applied."""

    def record(self, event: ev.Event, /) -> None: ...


class Driver(DriverCore):
    """One run's engine with its links.

    links: venue name -> link; recorder: the one that the engine has. `on_output` is called when actions wait for a
    venue other than the one whose input made them.
    """

    engine: Engine
    links: dict[str, Link]

    def __init__(self, engine: Engine, links: Mapping[str, Link], recorder: Recorder) -> None:
        super().__init__(engine, dict(links), recorder)
        self.ports = {name: Port(self, name, link) for name, link in self.links.items()}

    def operate(self, now_ns: int, action: str, argument: str = "") -> None:
        """Take an operator's command: stop, pause, resume or kill, and what is said to one strategy by its name."""
        self.take((ev.Operator(now_ns, action, argument),))
        self.decide(now_ns, "")

    def change(self, now_ns: int, config: bytes) -> None:
        """Go by other settings from here on, in the form that `Start` carries."""
        self.take((ev.SettingsChanged(now_ns, config),))
        self.decide(now_ns, "")

    def next_deadline(self) -> int:
        """When the engine wants to be woken, ns UTC."""
        return self.engine.next_deadline()


class Port(PortCore):
    """One venue's side of the driver, with the surface of a link: what the shell of that venue talks to."""

    driver: Driver
    link: Link

    def start(self, now_ns: int) -> None:
        """Begin to connect."""
        self._end(now_ns, self.link.start(now_ns))

    def opened(self, now_ns: int, channel: str) -> None:
        """A channel's socket is connected."""
        self._end(now_ns, self.link.opened(now_ns, channel))

    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> None:
        """A channel's socket ended."""
        self._end(now_ns, self.link.closed(now_ns, channel, code, reason))

    def unsent(self, now_ns: int, channel: str, request_id: int) -> None:
        """A message could not be written."""
        self._end(now_ns, self.link.unsent(now_ns, channel, request_id))

    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> None:
        """The answer to a request over HTTP."""
        self._end(now_ns, self.link.reply(now_ns, request_id, status, body))

    def deadline(self, now_ns: int) -> None:
        """Something is due, here or in the engine."""
        self._end(now_ns, self.link.deadline(now_ns))

    def stop(self, now_ns: int) -> None:
        """Close everything. What the link says of that is no news any more: the run has had its last word."""
        self.link.stop(now_ns)

    def next_deadline(self) -> int:
        """When `deadline` is due, for the link or the engine; 0 never."""
        due_ns = self.link.next_deadline()
        engine_ns = self.driver.next_deadline()
        return min(due_ns, engine_ns) if due_ns and engine_ns else due_ns or engine_ns

    def _end(self, now_ns: int, events: Iterable[Any]) -> None:
        self.driver.take(events)
        self.driver.decide(now_ns, self.venue)

"""Engine, links and recorder put together, still without I/O: what a shell hears goes in, what it has to do comes out.

Every event is recorded, then applied, then shown to the observers; when the shell has handed over the last message that
it has read, the engine decides once, and its commands go through the link. The same driver runs over sockets
(`mm.live`) and under virtual time (`mm.backtest`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from mm._core import events as ev
from mm.engine import Engine
from mm.net.actions import Action
from mm.net.link import Link

ROUNDS_MAX: Final = 4
"""How often one input may lead to another decision at once; what is left waits for the next input or deadline."""

Observer = Callable[[Any], None]
"""Sees each event and command after it was applied; for people and counters, never for decisions."""


class Recorder(Protocol):
    """Takes each event before it is applied."""

    def record(self, event: ev.Event, /) -> None: ...


class Driver:
    """One run's engine with its links.

    links: venue name -> link; recorder: the one that the engine has. `on_output` is called when actions wait for a
    venue other than the one whose input made them.
    """

    def __init__(self, engine: Engine, links: Mapping[str, Link], recorder: Recorder) -> None:
        self.engine = engine
        self.links = dict(links)
        self.ports = {name: Port(self, name, link) for name, link in self.links.items()}
        self.observers: list[Observer] = []
        self.on_output: Callable[[str], None] | None = None
        self._recorder = recorder

    def operate(self, now_ns: int, action: str, argument: str = "") -> None:
        """Take an operator's command: stop, pause, resume or kill."""
        self.take((ev.Operator(now_ns, action, argument),))
        self.decide(now_ns, "")

    def take(self, events: Iterable[Any]) -> None:
        """Record, apply and show events, in order."""
        record = self._recorder.record
        apply = self.engine.apply
        for event in events:
            record(event)
            apply(event)
            for observer in self.observers:
                observer(event)

    def decide(self, now_ns: int, source: str) -> None:
        """Let the engine decide, and hand its commands to the links. source: the venue that will be drained anyway."""
        for _ in range(ROUNDS_MAX):
            commands = self.engine.decide(now_ns)
            if not commands:
                return
            heard = False
            for command in commands:
                for observer in self.observers:
                    observer(command)
                events = self.links[command.venue].submit(now_ns, command)
                if events:
                    heard = True
                    self.take(events)
                if command.venue != source and self.on_output is not None:
                    self.on_output(command.venue)
            if not heard:
                return

    def next_deadline(self) -> int:
        """When the engine wants to be woken, ns UTC."""
        return self.engine.next_deadline()


class Port:
    """One venue's side of the driver, with the surface of a link: what the shell of that venue talks to."""

    __slots__ = ("_driver", "link", "venue")

    def __init__(self, driver: Driver, venue: str, link: Link) -> None:
        self._driver = driver
        self.venue = venue
        self.link = link

    def start(self, now_ns: int) -> None:
        """Begin to connect."""
        self._end(now_ns, self.link.start(now_ns))

    def opened(self, now_ns: int, channel: str) -> None:
        """A channel's socket is connected."""
        self._end(now_ns, self.link.opened(now_ns, channel))

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool = True) -> None:
        """Take a whole message; last: nothing more is read already, so it is time to decide (an empty one only says
        so)."""
        if payload:
            events = self.link.frame(now_ns, channel, payload)
            if events:
                self._driver.take(events)
        if last:
            self._driver.decide(now_ns, self.venue)

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

    def drain(self) -> list[Action]:
        """Take the actions since the last call, in order."""
        return self.link.drain()

    def next_deadline(self) -> int:
        """When `deadline` is due, for the link or the engine; 0 never."""
        due_ns = self.link.next_deadline()
        engine_ns = self._driver.next_deadline()
        return min(due_ns, engine_ns) if due_ns and engine_ns else due_ns or engine_ns

    def _end(self, now_ns: int, events: Iterable[Any]) -> None:
        self._driver.take(events)
        self._driver.decide(now_ns, self.venue)

"""Engine, links and recorder put together, still without I/O: what a shell hears goes in, what it has to do comes out.

Every event is recorded, then applied; when the shell has handed over the last message that it has read, the engine
decides once, and its commands go through the link. Observers see all of it once the shell has sent what it led to. The
same driver runs over sockets (`mm.live`) and under virtual time (`mm.backtest`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from mm._core import events as ev
from mm._core.driver_core import DriverCore, PortCore
from mm.engine import Engine
from mm.engine.engine import STOOD_STILL
from mm.engine.recovery import lost_requests
from mm.net.link import Link
from mm.steps import KILLING

if TYPE_CHECKING:
    from mm.exchanges.session import Renaming

ENDING: Final = ("stop", "kill")
WAITED: Final = "it waited for the disk when everything was cancelled"
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
        self._has_begun = False

    def operate(self, now_ns: int, action: str, argument: str = "") -> None:
        """Take an operator's command: stop, pause, resume or kill, and what is said to one strategy by its name."""
        self.take((ev.Operator(now_ns, action, argument),))
        if action in ENDING:
            self.withdraw(now_ns, WAITED)
        self._follow(now_ns)

    def latch(self, now_ns: int, events: Sequence[ev.Latched]) -> None:
        """Let steps of the kill ladder be in force, or let them go, and do at once what follows.

        Whatever breaks on the way (the recording, the engine), cancels of all own open orders are with the links when
        that is raised: they depend on nothing but what sends them.
        """
        try:
            self.take(events)
            if self.on_latch is not None:
                self.on_latch()
            self._follow(now_ns)
        except Exception:
            if any(event.is_on and event.step in KILLING for event in events):
                self.express(now_ns)
            raise

    def stalled(self, now_ns: int, late_ns: int) -> None:
        """Take it that this process stood still: no book that is known, or is still to be read, is of now."""
        reason = f"{STOOD_STILL} for {late_ns / 1e9:.1f} s"
        self.take([ev.BookReset(now_ns, venue, "", reason) for venue in self.links])

    def express(self, now_ns: int) -> None:
        """Hand cancels of all own open orders to the links, past recorder and engine; a link that raises stops no
        other. What waits for the disk leaves no more."""
        with suppress(Exception):
            self.withdraw(now_ns, WAITED)
        for order in self.engine.orders.open():
            cancel = ev.Cancel(now_ns, order.venue, order.symbol, order.client_id, order.venue_id, "kill ladder")
            with suppress(Exception):
                self.links[order.venue].submit(now_ns, cancel)
        if self.on_output is not None:
            for venue in self.links:
                self.on_output(venue)

    def change(self, now_ns: int, config: bytes) -> None:
        """Go by other settings from here on, in the form that `Start` carries."""
        self.take((ev.SettingsChanged(now_ns, config),))
        self._follow(now_ns)

    def begin(self) -> None:
        """A link starts: from here on words lead to decisions at once."""
        self._has_begun = True

    def _follow(self, now_ns: int) -> None:
        """Do what follows from a word; before the first link starts, that is decided when it does."""
        if not self._has_begun:
            return
        orders, links = self.engine.orders, self.links.values()
        waiting = [order for link in links for name in link.waiting_orders() if (order := orders.get(name)) is not None]
        for order in waiting:
            # A pause need not wait until the venue knows what its link has not sent: the cancel takes it back.
            order.unsent = True
        try:
            self.decide(now_ns, "")
        finally:
            for order in waiting:
                order.unsent = False

    def next_deadline(self) -> int:
        """When the engine wants to be woken, or orders that wait for the disk looked at, ns UTC."""
        due_ns, held_ns = self.engine.next_deadline(), self.held_due_ns
        return min(due_ns, held_ns) if due_ns and held_ns else due_ns or held_ns


class Port(PortCore):
    """One venue's side of the driver, with the surface of a link: what the shell of that venue talks to."""

    driver: Driver
    link: Link

    def start(self, now_ns: int) -> None:
        """Begin to connect, and go on where the engine is."""
        engine = self.driver.engine
        self.driver.begin()
        if booked := engine.venues[self.venue].named_fills:
            cast("Renaming", self.link.session).booked(booked)
        events = self.link.start(now_ns, engine.history_since_ns(self.venue), lost_requests(engine, self.venue, now_ns))
        self._end(now_ns, events)

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

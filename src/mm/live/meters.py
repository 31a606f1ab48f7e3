"""What a running bot measures about itself: how long it takes, and how often things happen. Never read by decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any, Final, Protocol

from mm._core import events as ev
from mm._core.orders import OrderStore
from mm.live.shell import Machine
from mm.metrics.registry import Registry
from mm.net.actions import Action, Send
from mm.screen.amounts import venue_title

IN_FLIGHT_MAX: Final = 1000
"""Requests whose answer is timed: more than any limit of open orders in use."""


class TimedMachine(Machine, Protocol):
    """One that may keep orders back for the disk."""

    @property
    def waits(self) -> bool: ...


class Stopwatch:
    """A machine around a machine: times what happens between a message in hand and the orders on the socket.

    The shell drains until nothing comes any more, so the empty answer means that everything before it has been handed
    to the socket; but for one inside the machine's work on the message, which hands over cancels ahead of orders, and
    while orders wait for the disk.
    """

    __slots__ = ("_began_ns", "_is_inside", "_machine", "_sending", "_spent", "start")

    def __init__(self, machine: TimedMachine, registry: Registry, venue: str) -> None:
        self._machine = machine
        self._spent = registry.histogram(
            "tick_to_trade_ns", "from a message in hand to the orders that it led to on the socket", venue=venue
        )
        self._began_ns = 0
        self._sending = self._is_inside = False
        self.start = machine.start

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool, /) -> object:
        """Start the watch, pass the message on."""
        if not self._began_ns:
            self._began_ns = perf_counter_ns()
        self._is_inside = True
        try:
            return self._machine.frame(now_ns, channel, payload, last)
        finally:
            self._is_inside = False

    def drain(self) -> Iterable[Action]:
        """Pass the actions on; when there are no more, stop the watch."""
        actions = self._machine.drain()
        if self._began_ns:
            if not actions:
                if self._is_inside or self._machine.waits:
                    return actions
                if self._sending:
                    self._spent.record(perf_counter_ns() - self._began_ns)
                    self._sending = False
                self._began_ns = 0
            elif not self._sending:
                self._sending = any(type(action) is Send for action in actions)
        return actions

    # The rest is passed on as it is.

    def opened(self, now_ns: int, channel: str) -> object:
        """Pass it on."""
        return self._machine.opened(now_ns, channel)

    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> object:
        """Pass it on."""
        return self._machine.closed(now_ns, channel, code, reason)

    def unsent(self, now_ns: int, channel: str, request_id: int) -> object:
        """Pass it on."""
        return self._machine.unsent(now_ns, channel, request_id)

    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> object:
        """Pass it on."""
        return self._machine.reply(now_ns, request_id, status, body)

    def deadline(self, now_ns: int) -> object:
        """Pass it on."""
        return self._machine.deadline(now_ns)

    def stop(self, now_ns: int) -> object:
        """Pass it on."""
        return self._machine.stop(now_ns)

    def next_deadline(self) -> int:
        """Pass it on."""
        return self._machine.next_deadline()


class Meters:
    """An observer of a driver that fills a registry."""

    def __init__(self, registry: Registry, orders: OrderStore) -> None:
        self.registry = registry
        self._orders = orders
        self._asked_ns: dict[str, int] = {}
        self._answered = registry.histogram(
            "order_round_trip_ns", "from a place or amend to the venue's word that it is done"
        )
        self._fills = registry.counter("fills_total", "fills of own orders, each counted once")
        self._connections = registry.counter("connections_lost_total", "connections that went down after they were up")
        self._resets = registry.counter("book_resets_total", "books that were not to be trusted any more")
        self._unknown = registry.counter("outcomes_unknown_total", "requests whose outcome had to be asked for")
        self._kinds: Final[dict[type, Callable[[Any], None]]] = {
            ev.Place: self._on_request,
            ev.Amend: self._on_request,
            ev.OrderAccepted: self._on_answer,
            ev.OrderAmended: self._on_answer,
            ev.OrderRejected: self._on_no_answer,
            ev.OrderDenied: self._on_no_answer,
            ev.AmendRejected: self._on_no_answer,
            ev.OrderCanceled: self._on_no_answer,
            ev.OutcomeUnknown: self._on_unknown,
            ev.Fill: self._on_fill,
            ev.LinkChanged: self._on_link,
            ev.BookReset: self._on_reset,
        }

    def observe(self, event: Any) -> None:
        """Take an event or command."""
        take = self._kinds.get(type(event))
        if take is not None:
            take(event)

    def _on_request(self, event: Any) -> None:
        if len(self._asked_ns) >= IN_FLIGHT_MAX:
            self._asked_ns.clear()
        self._asked_ns[event.client_id] = event.recv_ns

    def _on_answer(self, event: Any) -> None:
        asked_ns = self._asked_ns.pop(event.client_id or self._client_id(event), 0)
        if asked_ns:
            self._answered.record(event.recv_ns - asked_ns)

    def _on_no_answer(self, event: Any) -> None:
        self._asked_ns.pop(event.client_id or self._client_id(event), None)

    def _client_id(self, event: Any) -> str:
        order = self._orders.by_venue_id(event.venue, event.venue_id)
        return order.client_id if order is not None else ""

    def _on_unknown(self, event: ev.OutcomeUnknown) -> None:
        self._unknown.value += 1
        self._on_no_answer(event)

    def _on_fill(self, event: ev.Fill) -> None:
        self._fills.value += 1

    def _on_link(self, event: ev.LinkChanged) -> None:
        if not event.up:
            self._connections.value += 1

    def _on_reset(self, event: ev.BookReset) -> None:
        self._resets.value += 1


SHOWN: Final = {"tick_to_trade_ns": "Tick to trade", "order_round_trip_ns": "Order round trip"}


def latencies(registry: Registry) -> tuple[tuple[str, int, int, int], ...]:
    """Name, p50, p99 and most of each latency that has been measured, in ns, for the screen."""
    found = []
    for sample in registry.samples():
        name = SHOWN.get(sample.name)
        if name is not None:
            spent = registry.histogram(sample.name, sample.help, **dict(sample.labels))
            if spent.count:
                where = "".join(f" {venue_title(value)}" for _, value in sample.labels)
                found.append((name + where, spent.percentile(50), spent.percentile(99), spent.max))
    return tuple(found)

"""Cancels own orders when the engine has failed: a fresh link, no engine, ids only, and the venue's own list as proof.

It connects, cancels what it was told to be open, reads the open orders, cancels each whose client id has our form, and
listens until a request of the failed run can no longer take effect. Nothing else of the failed run is used except the
addresses and the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from mm._core import events as ev
from mm.net.actions import Action
from mm.net.link import Link
from mm.oms.ids import ClientIds

AGAIN_NS: Final = 1_000_000_000
SETTLE_NS: Final = 7_000_000_000
"""A request that was on its way carries a deadline of five seconds; later, clocks allowed for, none comes."""
GONE: Final = (ev.OrderCanceled, ev.OrderExpired, ev.OrderAbsent, ev.OrderRejected)
TELL_OF_US: Final = (ev.OrderReport, ev.OrderAccepted, ev.OrderCanceled, ev.OrderExpired)
Key = tuple[str, str]
"""An order's client id and the venue's ('' not told): two of one request differ in the second."""
LIVE: Final = frozenset({"pending_new", "new", "partially_filled"})


class Rescue:
    """A machine for a shell: give it a link that has not been started. owner: how client ids of own orders begin.

    epoch_max: the last start whose orders are meant: a later one that runs already is not cancelled under its feet;
    told: orders that may be open, by client id: symbol and the venue's id. They are cancelled before any list is read.
    """

    def __init__(
        self,
        link: Link,
        owner: str,
        epoch_max: int | None = None,
        *,
        told: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    ) -> None:
        self._link = link
        self._epoch_max = epoch_max
        self._ids = ClientIds(owner, 0)
        self._started_ns = 0
        self._asked_ns: dict[Key, int] = {}
        self.open: dict[Key, str] = {
            (client_id, venue_id): symbol for client_id, (symbol, venue_id) in told.items() if self._is_meant(client_id)
        }
        """Own orders that may be open, and their symbols ('' unknown)."""
        self.is_read = False
        """The venue's list has been read whole."""
        self.problem = ""
        self.knows_us = False
        """The venue has told of an own order: this is the account. That it knows none of them may be another's word."""
        self._cancelled: set[Key] = set()

    @property
    def cancelled(self) -> int:
        """How many orders that may have been open are gone, by the venue's word."""
        return len(self._cancelled)

    def is_done(self, now_ns: int) -> bool:
        """Nothing of ours is open, by the venue's word, and nothing can be on its way any more."""
        return self.is_read and not self.open and now_ns - self._started_ns >= SETTLE_NS

    def start(self, now_ns: int) -> None:
        """Begin to connect."""
        self._started_ns = now_ns
        self._take(now_ns, self._link.start(now_ns))

    def opened(self, now_ns: int, channel: str) -> None:
        """A socket is connected."""
        self._take(now_ns, self._link.opened(now_ns, channel))

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool = True) -> None:
        """Take a message."""
        if payload:
            self._take(now_ns, self._link.frame(now_ns, channel, payload))

    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> None:
        """A socket has ended."""
        self._take(now_ns, self._link.closed(now_ns, channel, code, reason))

    def unsent(self, now_ns: int, channel: str, request_id: int) -> None:
        """A message could not be written."""
        self._take(now_ns, self._link.unsent(now_ns, channel, request_id))

    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> None:
        """An answer over HTTP."""
        self._take(now_ns, self._link.reply(now_ns, request_id, status, body))

    def deadline(self, now_ns: int) -> None:
        """Something is due."""
        self._take(now_ns, self._link.deadline(now_ns))

    def stop(self, now_ns: int) -> None:
        """Close everything."""
        self._link.stop(now_ns)

    def drain(self) -> list[Action]:
        """Take the actions since the last call."""
        return self._link.drain()

    def next_deadline(self) -> int:
        """When `deadline` is due."""
        dues = [asked + AGAIN_NS for asked in self._asked_ns.values()]
        due_ns = self._link.next_deadline()
        return min([*dues, due_ns] if due_ns else dues, default=0)

    def _take(self, now_ns: int, events: Iterable[Any]) -> None:
        self._hear(events)
        for key, symbol in list(self.open.items()):
            # Each in its turn, and not one within the other: there may be thousands.
            if key in self.open and now_ns - self._asked_ns.get(key, -AGAIN_NS) >= AGAIN_NS:
                self._asked_ns[key] = now_ns
                cancel = ev.Cancel(now_ns, self._link.venue, symbol, *key, "rescue")
                self._hear(self._link.submit(now_ns, cancel))

    def _hear(self, events: Iterable[Any]) -> None:
        for event in events:
            kind = type(event)
            if kind in TELL_OF_US and self._is_meant(event.client_id):
                self.knows_us = True
            if kind is ev.OrderReport and self._is_meant(event.client_id):
                if event.status in LIVE:
                    self._stands(event, event.symbol)
                else:
                    self._gone(event)
            elif kind in (ev.OrderPending, ev.OrderAccepted) and self._is_meant(event.client_id):
                # It was on its way when we began.
                self._stands(event, self.open.get((event.client_id, event.venue_id), ""))
            elif kind in GONE or (kind is ev.CancelRejected and event.gone):
                self._gone(event)
            elif kind is ev.OpenOrdersRead and event.complete:
                self.is_read = True
            elif kind is ev.Alert and event.severity == "critical":
                self.problem = event.text

    def _is_meant(self, client_id: str) -> bool:
        if not self._ids.is_own(client_id):
            return False
        return self._epoch_max is None or self._ids.epoch_of(client_id) <= self._epoch_max

    def _stands(self, event: Any, symbol: str) -> None:
        unnamed = event.client_id, ""
        if event.venue_id and unnamed in self.open:
            # Now it has its id.
            symbol = symbol or self.open.pop(unnamed)
            self.open.pop(unnamed, None)
            self._asked_ns.pop(unnamed, None)
        if event.venue_id or all(client_id != event.client_id for client_id, _ in self.open):
            self.open[event.client_id, event.venue_id] = symbol

    def _gone(self, event: Any) -> None:
        """A word without the venue's id is about each with the client id. But for an answer to a cancel without one:
        what was accepted meanwhile is not gone."""
        is_one = event.venue_id or type(event) is ev.CancelRejected
        ids = (event.venue_id, "") if is_one else {venue_id for _, venue_id in self.open}
        for key in [(event.client_id, venue_id) for venue_id in ids]:
            if self.open.pop(key, None) is not None:
                # Each once: a list that is older than its end may show it again.
                self._cancelled.add((event.client_id, event.venue_id or key[1]))
            self._asked_ns.pop(key, None)

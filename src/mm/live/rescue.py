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
        self._asked_ns: dict[str, int] = {}
        self.open = {client_id: (link.venue, *order) for client_id, order in told.items() if self._is_meant(client_id)}
        """Own orders that may be open: client id to venue, symbol (maybe unknown) and the venue's id."""
        self.is_read = False
        """The venue's list has been read whole."""
        self.problem = ""
        self._cancelled: set[str] = set()

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
        for event in events:
            kind = type(event)
            if kind is ev.OrderReport and self._is_meant(event.client_id):
                if event.status in LIVE:
                    self.open[event.client_id] = (event.venue, event.symbol, event.venue_id)
                else:
                    self._gone(event.client_id)
            elif kind in (ev.OrderPending, ev.OrderAccepted) and self._is_meant(event.client_id):
                # It was on its way when we began.
                self.open.setdefault(event.client_id, (event.venue, "", event.venue_id))
            elif kind in GONE or (kind is ev.CancelRejected and event.gone):
                self._gone(event.client_id)
            elif kind is ev.OpenOrdersRead and event.complete:
                self.is_read = True
            elif kind is ev.Alert and event.severity == "critical":
                self.problem = event.text
        for client_id, (venue, symbol, venue_id) in list(self.open.items()):
            if now_ns - self._asked_ns.get(client_id, -AGAIN_NS) >= AGAIN_NS:
                self._asked_ns[client_id] = now_ns
                cancel = ev.Cancel(now_ns, venue, symbol, client_id, venue_id, "rescue")
                self._take(now_ns, self._link.submit(now_ns, cancel))

    def _is_meant(self, client_id: str) -> bool:
        if not self._ids.is_own(client_id):
            return False
        return self._epoch_max is None or self._ids.epoch_of(client_id) <= self._epoch_max

    def _gone(self, client_id: str) -> None:
        if self.open.pop(client_id, None) is not None:
            # Each once: a list that is older than its end may show it again.
            self._cancelled.add(client_id)
        self._asked_ns.pop(client_id, None)

"""Orders of ours that stand at a venue and cannot: refused and there after all, or two of one request.

A list that trails may show an order that was, never one that never was: the first word that a refused order lives is
the venue's contradiction of itself. It is cancelled at once; for other orders that are over the lists are given time
(`Engine`). So is a second order with the client id of one of ours. Until that cancel is confirmed its size is counted
nowhere, since what ended once does not begin again: nothing is sent to its market for so long, ten seconds from the
last word of it at most. A cancel that failed is such a word, and is sent again; a restart knows what stood. What it
fills is booked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.events import pack, unpack
from mm._core.orders import OrderState

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.engine.engine import Engine
    from mm.engine.market import Market

KEPT_MAX: Final = 3_000
"""As many as there are orders that are over."""
LIVE: Final = ("new", "partially_filled")
REFUSED: Final = frozenset({OrderState.REJECTED, OrderState.DENIED})
ENDED: Final = (ev.OrderCanceled, ev.OrderExpired, ev.OrderAbsent)
AGAIN_NS: Final = 2_000_000_000
"""From a cancel that failed to the next one: the venue may be busy."""

Key = tuple[str, str]
"""An order's client id and the venue's: two of one request differ in the second."""


class Contradicted:
    """See the module's text."""

    __slots__ = ("_earlier", "_engine", "_never", "_standing", "_told")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._never: OrderedDict[str, str] = OrderedDict()
        """Orders that ended without having been in the book, and how. Of an earlier start those that stood."""
        self._told: set[str] = set()
        self._standing: dict[Key, ev.OrderReport] = {}
        """Those that a cancel is on its way for, by the last word of each."""
        self._earlier: set[Key] = set()
        """Those of an earlier start that were not cancelled in this one yet."""

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        standing = tuple((*key, report.recv_ns) for key, report in self._standing.items())
        return (*self._never.items(), *standing, *sorted(self._earlier))

    def marks(self) -> list[list[str]]:
        """What a snapshot keeps: why each should not stand, and the last word of it."""
        return [[self._never.get(key[0], ""), pack(report).hex()] for key, report in self._standing.items()]

    def restore(self, saved: Sequence[Sequence[str]]) -> None:
        """Take over what stood when a snapshot was taken."""
        for why, text in saved:
            report: Any = unpack(bytes.fromhex(text))
            if report.venue in self._engine.venues:
                self._never[report.client_id] = why
                self._standing[report.client_id, report.venue_id] = report

    def begin(self) -> None:
        """The process is another one."""
        self._earlier = set(self._standing)

    def on_market(self, now_ns: int, market: Market) -> None:
        """A market is heard of: what stood there when an earlier start ended is cancelled again, and holds it."""
        for key in sorted(self._earlier):
            report = _at(self._standing[key], now_ns)
            if (report.venue, report.symbol) == (market.venue.name, market.symbol):
                self._earlier.remove(key)
                self._stand(key, report, report)

    def on_order(self, event: Any, order: Order) -> None:
        """Take any word about an order, after it was applied."""
        client_id = order.client_id
        if order.is_open:
            return
        kind = type(event)
        if kind in (ev.OrderRejected, ev.OrderDenied, ev.OrderAbsent):
            if not order.accepted and (order.state in REFUSED or kind is ev.OrderAbsent):
                self._never[client_id] = order.reason
                if len(self._never) > KEPT_MAX:
                    self._forget(next(iter(self._never)))
        elif client_id in self._never:
            key = (client_id, event.venue_id or order.venue_id)
            is_live = _is_life(event)
            if is_live and order.cum_size < order.size:
                self._cancel(event, order)
            elif is_live:
                self._gone(key)
            elif _is_end(event):
                # By the venue's word; what a list shows of it later is of before.
                self._gone(key)
                if not any(name == client_id for name, _ in self._standing):
                    self._forget(client_id)
            else:
                self._failed(key, event)

    def on_other(self, event: Any) -> None:
        """Take news of an order that is not here: it may have the client id of one that is."""
        order = self._engine.orders.get(event.client_id)
        if order is None or order.venue != event.venue:
            return
        key = (event.client_id, event.venue_id)
        if key in self._standing:
            if _is_end(event):
                self._gone(key)
            elif _is_life(event):
                report = _at(self._standing[key], event.recv_ns)
                self._stand(key, report, report)
            else:
                self._failed(key, event)
        elif type(event) is ev.OrderAccepted and event.venue_id and order.venue_id and event.venue_id != order.venue_id:
            self._never.setdefault(order.client_id, f"there is {order.venue_id} of the same request")
            self._cancel(event, order)

    def _cancel(self, event: Any, order: Order) -> None:
        venue_id = event.venue_id or order.venue_id
        report = ev.OrderReport(
            event.recv_ns,
            event.venue_ns,
            order.venue,
            order.client_id,
            venue_id,
            order.symbol,
            order.side,
            LIVE[0],
            order.price,
            order.size,
            order.cum_size,
            "",
            "stream",
        )
        self._stand((order.client_id, venue_id), report, report)
        if order.client_id not in self._told:
            self._told.add(order.client_id)
            why = self._never[order.client_id]
            self._engine.tell(f"{order.venue}: order {order.client_id} should not stand ({why}): it is cancelled")

    def _failed(self, key: Key, event: Any) -> None:
        """A word of one that stands and does not end it: its cancel got nowhere, or nobody knows."""
        report = self._standing.get(key)
        if report is not None and type(event) in (ev.CancelRejected, ev.OutcomeUnknown):
            self._stand(key, _at(report, event.recv_ns), _at(report, event.recv_ns + AGAIN_NS))

    def _stand(self, key: Key, report: ev.OrderReport, ghost: ev.OrderReport) -> None:
        """ghost: cancelled from its time on."""
        engine = self._engine
        self._standing[key] = report
        engine.ghosts[key] = ghost
        market = engine.markets.get((report.venue, report.symbol))
        if market is not None:
            market.astray_ns = report.recv_ns
        engine.wake_upkeep()

    def _gone(self, key: Key) -> None:
        """It does not stand any more."""
        report = self._standing.pop(key, None)
        self._earlier.discard(key)
        self._engine.ghosts.pop(key, None)
        market = None if report is None else self._engine.markets.get((report.venue, report.symbol))
        if market is not None and not self._stands_in(market):
            market.astray_ns = 0
            market.changed = True

    def _stands_in(self, market: Market) -> bool:
        here = (market.venue.name, market.symbol)
        return any((report.venue, report.symbol) == here for report in self._standing.values())

    def _forget(self, client_id: str) -> None:
        del self._never[client_id]
        self._told.discard(client_id)
        for key in [key for key in self._standing if key[0] == client_id]:
            self._gone(key)


def _is_life(event: Any) -> bool:
    """Whether a word says that an order is in the book, or was when it filled."""
    kind = type(event)
    return kind in (ev.OrderAccepted, ev.OrderAmended, ev.Fill) or (kind is ev.OrderReport and event.status in LIVE)


def _is_end(event: Any) -> bool:
    """Whether a word says that an order is not in the book any more."""
    kind = type(event)
    if kind is ev.OrderReport:
        return event.status not in LIVE
    return kind in ENDED or (kind is ev.CancelRejected and bool(event.gone))


def _at(report: ev.OrderReport, recv_ns: int) -> ev.OrderReport:
    """The same report of another moment."""
    fields: tuple[Any, ...] = report.values()[1:]
    return ev.OrderReport(recv_ns, *fields)

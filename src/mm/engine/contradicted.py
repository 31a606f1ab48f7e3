"""Orders of ours that stand at a venue and cannot: refused and there after all, or two of one request.

A list that trails may show an order that was, never one that never was: the first word that a refused order lives is
the venue's contradiction of itself. It is cancelled at once; for other orders that are over the lists are given time
(`Engine`). So is a second order with the client id of one of ours. Until that cancel is confirmed its size is counted
nowhere, since what ended once does not begin again: nothing is sent to its market for so long, ten seconds from the
last word of it at most. What it fills is booked.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.orders import OrderState

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.engine.engine import Engine
    from mm.engine.market import Market

KEPT_MAX: Final = 3_000
"""As many as there are orders that are over."""
LIVE: Final = ("new", "partially_filled")
REFUSED: Final = frozenset({OrderState.REJECTED, OrderState.DENIED})


class Contradicted:
    """See the module's text. Those of earlier starts are not known here, and have their time as any other."""

    __slots__ = ("_engine", "_never", "_standing", "_told")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._never: OrderedDict[str, str] = OrderedDict()
        """Orders that ended without having been in the book, and how."""
        self._told: set[str] = set()
        self._standing: dict[str, Market] = {}
        """Those that a cancel is on its way for, and where."""

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        standing = tuple((name, market.symbol, market.astray_ns) for name, market in self._standing.items())
        return (*self._never.items(), *standing)

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
                    self._told.discard(self._never.popitem(last=False)[0])
        elif client_id in self._never:
            is_live = kind in (ev.OrderAccepted, ev.OrderAmended, ev.Fill)
            is_live = is_live or (kind is ev.OrderReport and event.status in LIVE)
            if is_live and order.cum_size < order.size:
                self._cancel(event, order)
            elif is_live:
                self._gone(client_id)
            elif kind is not ev.OrderPending:
                # It has ended by the venue's word now; what a list shows of it later is of before.
                del self._never[client_id]
                self._told.discard(client_id)
                if kind is not ev.CancelRejected or event.gone:
                    self._gone(client_id)

    def on_other(self, event: Any) -> None:
        """Take news of an order that is not here: it may have the client id of one that is."""
        order = self._engine.orders.get(event.client_id)
        if type(event) is not ev.OrderAccepted or order is None or order.venue != event.venue:
            return
        if event.venue_id and order.venue_id and event.venue_id != order.venue_id:
            self._never.setdefault(order.client_id, f"there is {order.venue_id} of the same request")
            self._cancel(event, order)

    def _cancel(self, event: Any, order: Order) -> None:
        engine = self._engine
        venue_id = event.venue_id or order.venue_id
        engine.ghosts[order.client_id, venue_id] = ev.OrderReport(
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
        engine.wake_upkeep()
        market = engine.markets.get((order.venue, order.symbol))
        if market is not None:
            self._standing[order.client_id] = market
            market.astray_ns = event.recv_ns
        if order.client_id not in self._told:
            self._told.add(order.client_id)
            why = self._never[order.client_id]
            engine.tell(f"{order.venue}: order {order.client_id} should not stand ({why}): it is cancelled")

    def _gone(self, client_id: str) -> None:
        """It does not stand any more."""
        market = self._standing.pop(client_id, None)
        if market is not None and market not in self._standing.values():
            market.astray_ns = 0
            market.changed = True

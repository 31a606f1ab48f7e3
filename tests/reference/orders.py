"""The slow twin of the order store: one list of orders, scans instead of indexes, the same literal table."""

from __future__ import annotations

from dataclasses import dataclass, field

from mm._core import events as ev
from mm._core.order_states import TERMINAL, TRANSITIONS, OrderEvent, OrderState
from mm.errors import LocalError

E, S = OrderEvent, OrderState
LIVE = (S.NEW, S.PARTIALLY_FILLED)
CHANGING = (S.PENDING_REPLACE, S.PENDING_CANCEL)


@dataclass
class Order:
    client_id: str
    venue: str
    symbol: str
    strategy: str
    side: int
    price: int
    size: int
    state: OrderState = S.CREATED
    venue_id: str = ""
    cum_size: int = 0
    executions: list[tuple[int, int]] = field(default_factory=list)
    pending: tuple[int, int] = (0, 0)
    accepted: bool = False

    @property
    def booked(self):
        return sum(size for _, size in self.executions)

    @property
    def cost(self):
        return sum(price * size for price, size in self.executions)

    @property
    def is_open(self):
        return self.state not in TERMINAL

    @property
    def exposure(self):
        worst = max(self.cum_size, self.size, self.pending[1]) if self.is_open else self.cum_size
        return max(0, worst - self.booked)

    def move(self, event):
        target = TRANSITIONS[self.state, event].target
        if target == "REFUSE":
            raise LocalError("refused")
        if target == "SAME":
            return
        if target == "BACK":
            target = "LIVE" if self.accepted else "PENDING_NEW"
        if target == "LIVE":
            self.accepted = True
            target = "PARTIALLY_FILLED" if self.cum_size else "NEW"
        if self.state == S[target]:
            return
        self.state = S[target]
        if self.state in LIVE or not self.is_open:
            self.pending = (0, 0)


class Store:
    def __init__(self):
        self.orders: list[Order] = []
        self.executions: set[tuple[str, str, str]] = set()
        self.last_booked = False

    def get(self, client_id):
        return next((order for order in self.orders if order.client_id == client_id), None)

    def find(self, event):
        found = self.get(event.client_id) if event.client_id else None
        if found is None and event.venue_id:
            found = next((o for o in self.orders if (o.venue, o.venue_id) == (event.venue, event.venue_id)), None)
        return found if found is not None and found.venue == event.venue else None

    def place(self, place):
        if self.get(place.client_id) or not place.client_id:
            raise LocalError("used")
        order = Order(
            place.client_id, place.venue, place.symbol, place.strategy, place.side, place.price, place.size
        )  # fmt: skip
        order.move(E.SUBMIT)
        self.orders.append(order)

    def amend(self, amend):
        order = self.get(amend.client_id)
        if order is None:
            raise LocalError("unknown")
        order.move(E.REQUEST_REPLACE)
        order.pending = (amend.price, amend.size)

    def cancel(self, cancel):
        order = self.get(cancel.client_id)
        if order is None:
            raise LocalError("unknown")
        order.move(E.REQUEST_CANCEL)

    def apply(self, event):
        kind = type(event)
        if kind is ev.Fill:
            self.last_booked = False
        order = self.find(event)
        if order is None:
            return
        order.venue_id = order.venue_id or event.venue_id
        getattr(self, kind.__name__)(order, event)

    def Fill(self, order, event):
        key = (event.venue, event.symbol, event.execution_id)
        self.last_booked = key not in self.executions
        if self.last_booked:
            self.executions.add(key)
            order.executions.append((event.price, event.size))
        order.accepted = True
        order.cum_size = max(order.cum_size, event.cum_size, order.booked)
        if order.cum_size >= order.size:
            if self.last_booked or order.is_open:
                order.move(E.FILL_ALL)
        elif self.last_booked:
            order.move(E.FILL)

    def OrderAccepted(self, order, event):
        order.accepted = True
        order.move(E.ACCEPT)

    def OrderPending(self, order, event):
        order.move(E.PEND)

    def OrderAmended(self, order, event):
        order.price, order.size, order.pending, order.accepted = event.price, event.size, (0, 0), True
        order.cum_size = max(order.cum_size, event.cum_size)
        order.move(E.REPLACED)
        if order.is_open and order.cum_size >= order.size:
            order.move(E.FILL_ALL)

    def OrderCanceled(self, order, event):
        order.cum_size = max(order.cum_size, event.cum_size)
        order.move(E.CANCEL)

    def OrderExpired(self, order, event):
        order.cum_size = max(order.cum_size, event.cum_size)
        order.move(E.EXPIRE)

    def OrderRejected(self, order, event):
        order.move(E.REJECT)

    def AmendRejected(self, order, event):
        order.move(E.REPLACE_REJECTED)
        order.pending = (0, 0)

    def CancelRejected(self, order, event):
        order.move(E.CANCEL_GONE if event.gone else E.CANCEL_REJECTED)

    def OutcomeUnknown(self, order, event):
        order.move({"place": E.LOSE_PLACE, "amend": E.LOSE_REPLACE, "cancel": E.LOSE_CANCEL}[event.request])

    def OrderAbsent(self, order, event):
        order.move(E.ABSENT)

    def OrderDenied(self, order, event):
        order.move(E.DENY)

    def OrderReport(self, order, event):
        told_open = event.status in ("pending_new", "new", "partially_filled")
        if not (told_open and not order.is_open) and order.state not in CHANGING and event.size > 0:
            order.price = event.price if event.price > 0 else order.price
            order.size = event.size
        order.cum_size = max(order.cum_size, event.cum_size)
        if event.status == "pending_new":
            order.move(E.PEND)
        elif event.status in ("new", "partially_filled"):
            order.accepted = True
            if event.source != "stream" and order.state is S.UNKNOWN:
                order.pending = (0, 0)
            order.move(E.ACCEPT if event.source == "stream" else E.CONFIRM)
        elif event.status == "filled":
            order.cum_size = max(order.cum_size, order.size)
            order.move(E.FILL_ALL)
        else:
            order.move(E.CANCEL if event.status == "canceled" else E.EXPIRE)

"""The slow twin of the order store: one list of orders, scans instead of indexes, facts as sets; the same table."""

from __future__ import annotations

from dataclasses import dataclass, field

from mm._core import events as ev
from mm._core.order_states import TERMINAL, TRANSITIONS, OrderEvent, OrderState
from mm.errors import LocalError

E, S = OrderEvent, OrderState
LOST = {"place": E.LOSE_PLACE, "amend": E.LOSE_REPLACE, "cancel": E.LOSE_CANCEL}
SECOND_NS = 1_000_000_000
TWIN_NS = 10 * SECOND_NS


@dataclass
class Order:
    client_id: str
    venue: str
    symbol: str
    strategy: str
    side: int
    price: int
    size: int
    created_ns: int
    touched_ns: int
    state: OrderState = S.CREATED
    venue_id: str = ""
    cum_size: int = 0
    executions: list[tuple[int, int]] = field(default_factory=list)
    pending: tuple[int, int] = (0, 0)
    accepted: bool = False
    cancel_asked: bool = False
    doubts: set[str] = field(default_factory=set)
    told_ns: int = 0
    lost_ns: int = 0
    reason: str = ""

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
    def worst(self):
        return max(self.cum_size, self.size, self.pending[1]) if self.is_open else self.cum_size

    @property
    def exposure(self):
        return max(0, self.worst - self.booked)

    @property
    def leaves(self):
        return max(0, self.size - self.cum_size) if self.is_open else 0

    @property
    def fills_missing(self):
        return self.cum_size - self.booked

    def standing(self):
        if self.doubts:
            return S.UNKNOWN
        if self.cancel_asked:
            return S.PENDING_CANCEL
        if self.pending != (0, 0):
            return S.PENDING_REPLACE
        return self.live() if self.accepted else S.PENDING_NEW

    def live(self):
        return S.PARTIALLY_FILLED if self.cum_size else S.NEW

    def accept(self, now_ns):
        if not self.accepted:
            self.accepted = True
            self.touched_ns = now_ns
            self.doubts -= {"place", "gone"}

    def tell(self, cum_size):
        self.cum_size = max(self.cum_size, cum_size)

    def is_news(self, venue_ns):
        fresh = venue_ns == 0 or venue_ns >= self.told_ns
        self.told_ns = max(self.told_ns, venue_ns)
        return fresh

    def amend_done(self, price, size, touched_ns):
        self.price, self.size, self.touched_ns, self.pending = price, size, touched_ns, (0, 0)
        self.doubts.discard("amend")


class Store:
    def __init__(self):
        self.orders: list[Order] = []
        self.executions: set[tuple[str, str, str]] = set()
        self.last_booked = False
        self.contradictions = 0

    def get(self, client_id):
        return next((order for order in self.orders if order.client_id == client_id), None)

    def find(self, event):
        found = self.get(event.client_id) if event.client_id else None
        same_venue = found is not None and found.venue == event.venue
        if same_venue and event.venue_id and found.venue_id and found.venue_id != event.venue_id:
            self.contradictions += 1
            found = None
        if found is None and event.venue_id:
            found = next((o for o in self.orders if (o.venue, o.venue_id) == (event.venue, event.venue_id)), None)
        return found if found is not None and found.venue == event.venue else None

    def move(self, order, event):
        target = TRANSITIONS[order.state, event].target
        if target == "REFUSE":
            raise LocalError("refused")
        if target == "ODD":
            self.contradictions += 1
        if target in ("SAME", "ODD"):
            return
        order.state = (
            order.standing() if target == "STANDS" else order.live() if target == "LIVE" else OrderState[target]
        )
        if not order.is_open:
            order.pending, order.doubts, order.cancel_asked = (0, 0), set(), False

    def place(self, place):
        if self.get(place.client_id) or not place.client_id:
            raise LocalError("used")
        whose = (place.client_id, place.venue, place.symbol, place.strategy)
        order = Order(*whose, place.side, place.price, place.size, place.recv_ns, place.recv_ns)
        self.move(order, E.SUBMIT)
        self.orders.append(order)

    def known(self, client_id):
        order = self.get(client_id)
        if order is None:
            raise LocalError("unknown")
        return order

    def amend(self, amend):
        order = self.known(amend.client_id)
        self.move(order, E.REQUEST_REPLACE)
        order.pending = (amend.price, amend.size)

    def cancel(self, cancel):
        order = self.known(cancel.client_id)
        self.move(order, E.REQUEST_CANCEL)
        order.cancel_asked = True

    def apply(self, event):
        kind = type(event)
        if kind is ev.Fill:
            self.last_booked = False
        order = self.find(event)
        if order is None and kind is ev.Fill and event.client_id:
            order = self.get(event.client_id)
            if order is not None and event.venue_ns < order.created_ns - TWIN_NS:
                order = None
        if order is None:
            return
        if event.venue_id not in ("", order.venue_id):
            taken = any(o.venue_id == event.venue_id and o.venue == event.venue for o in self.orders)
            if order.venue_id or taken:
                self.contradictions += 1
            else:
                order.venue_id = event.venue_id
        getattr(self, kind.__name__)(order, event)
        if order.is_open and order.accepted and order.cum_size >= order.worst:
            self.move(order, E.FILL_ALL)

    def end(self, order, event, cum_size, reason):
        order.tell(cum_size)
        if order.is_open:
            order.reason = reason
        self.move(order, event)

    def Fill(self, order, event):
        key = (event.venue, event.symbol, event.execution_id, order.client_id)
        self.last_booked = key not in self.executions
        if self.last_booked:
            self.executions.add(key)
            order.executions.append((event.price, event.size))
            is_again = any(other[:3] == key[:3] and other != key for other in self.executions)
            contradicts = order.booked > order.size or (event.side, event.symbol) != (order.side, order.symbol)
            if contradicts or is_again:
                self.contradictions += 1
        order.accept(event.recv_ns)
        order.tell(max(event.cum_size, order.booked))
        if self.last_booked:
            self.move(order, E.FILL_ALL if order.cum_size >= order.worst else E.FILL)
        else:
            self.move(order, E.ACCEPT)

    def OrderAccepted(self, order, event):
        order.accept(event.recv_ns)
        self.move(order, E.ACCEPT)

    def OrderPending(self, order, event):
        order.doubts.discard("place")
        self.move(order, E.PEND)

    def OrderAmended(self, order, event):
        if order.is_open and event.price > 0 and event.size > 0 and order.is_news(event.venue_ns):
            if order.pending == (event.price, event.size):
                order.amend_done(event.price, event.size, event.recv_ns)
            else:
                order.price, order.size, order.touched_ns = event.price, event.size, event.recv_ns
        order.accept(event.recv_ns)
        order.tell(event.cum_size)
        self.move(order, E.REPLACED)

    def OrderCanceled(self, order, event):
        self.end(order, E.CANCEL, event.cum_size, event.reason)

    def OrderExpired(self, order, event):
        self.end(order, E.EXPIRE, event.cum_size, event.reason)

    def OrderAbsent(self, order, event):
        self.end(order, E.ABSENT, -1, event.evidence)

    def refuse(self, order, event, reason):
        if order.is_open and order.accepted:
            self.contradictions += 1
            return
        before = order.state
        self.move(order, event)
        if order.state is not before:
            order.reason = reason

    def OrderRejected(self, order, event):
        self.refuse(order, E.REJECT, event.reason)

    def OrderDenied(self, order, event):
        self.refuse(order, E.DENY, event.reason)

    def AmendRejected(self, order, event):
        order.pending = (0, 0)
        order.doubts.discard("amend")
        self.maybe_gone(order, event.code == "gone", E.REPLACE_REJECTED)

    def CancelRejected(self, order, event):
        order.cancel_asked = False
        order.doubts.discard("cancel")
        self.maybe_gone(order, event.gone, E.CANCEL_REJECTED)

    def maybe_gone(self, order, gone, otherwise):
        if gone and order.is_open:
            order.doubts.add("gone")
        self.move(order, E.GONE if gone else otherwise)

    def OutcomeUnknown(self, order, event):
        settled = {"place": order.accepted, "amend": order.pending == (0, 0), "cancel": False}[event.request]
        if order.is_open and not settled:
            order.doubts.add(event.request)
        if event.request == "amend":
            order.lost_ns = event.recv_ns
        if event.request == "cancel":
            order.cancel_asked = False
        self.move(order, LOST[event.request])

    def OrderReport(self, order, event):
        numbers = event.price > 0 and event.size > 0
        if event.status == "pending_new":
            order.tell(event.cum_size)
            order.doubts.discard("place")
            self.move(order, E.PEND)
        elif event.status in ("new", "partially_filled"):
            if order.is_open:
                self.shown(order, event, numbers)
            order.accept(event.recv_ns)
            order.tell(event.cum_size)
            self.move(order, E.ACCEPT if event.source == "stream" else E.CONFIRM)
        else:
            if order.is_open:
                order.price = event.price if event.price > 0 else order.price
                order.size = event.size if event.size > 0 else order.size
            order.accept(event.recv_ns)
            if event.status == "filled":
                self.end(order, E.FILL_ALL, event.cum_size if event.cum_size > 0 else order.size, event.reason)
            else:
                self.end(order, E.CANCEL if event.status == "canceled" else E.EXPIRE, event.cum_size, event.reason)

    def shown(self, order, event, numbers):
        streamed = event.source == "stream"
        if streamed:
            numbers = numbers and order.is_news(event.venue_ns)
        if numbers and order.pending != (0, 0):
            too_late = "amend" in order.doubts and event.recv_ns - order.lost_ns >= 35 * SECOND_NS
            if order.pending == (event.price, event.size):
                order.amend_done(event.price, event.size, event.recv_ns)
            elif event.source == "query" and too_late:
                order.amend_done(event.price, event.size, order.touched_ns)
        elif numbers and (streamed or not order.accepted or event.recv_ns - order.touched_ns >= 30 * SECOND_NS):
            order.price, order.size = event.price, event.size
        if not streamed:
            order.doubts -= {"place", "gone"}
        if event.source == "query":
            order.doubts.discard("cancel")

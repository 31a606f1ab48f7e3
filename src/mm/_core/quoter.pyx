# cython: nonecheck=True
"""Turns wanted quotes into the fewest commands, keeping queue places that are worth keeping.

Every (side, level) of a strategy is a slot that holds at most one open order. A slot whose order has something in
flight, or whose fate is unknown, is left alone: what would be sent next depends on an answer that is still to come.
A request that has not left yet (`Order.unsent`) has no answer to wait for: an order is taken back once it is unwanted,
an amend once it would leave the order nearer to the market, or larger, than it is wanted and than it stands.
An order keeps its place while its price is within the tolerance and most of its size is left. Where the venue can
amend, a change is one amend (an amended order keeps its id, and counts less against the venue's rate limits than a
cancel and a new order); elsewhere it is a cancel, and the new order follows when the cancel is proven.

`plan` reads, `on_...` remember: only what was applied changes a slot, so a replay ends in the same slots.
"""

from cython cimport final, freelist
from libc.math cimport fabs
from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.order cimport NEW, PARTIALLY_FILLED, UNKNOWN, Order
from mm._core.orders cimport OrderStore
from mm._core.quotes cimport Quote

from mm._core.quotes import LEVELS_MAX as _LEVELS_MAX

# After a refusal the same wish waits: the venue's reason seldom goes away within one frame.
cdef int64_t RETRY_NS_MIN = 250_000_000
cdef int64_t RETRY_NS_MAX = 30_000_000_000
# Least time between retreats in a fast market: each costs four points of Kraken's counter, and without points no quote
# can be moved at all.
cdef int64_t RETREAT_NS = 200_000_000
cdef int64_t SLOTS_MAX = _LEVELS_MAX
cdef str _IN_DOUBT = "in doubt, and too close to the market"
cdef str _TOO_CLOSE = "too close to the market"
cdef str _MOVED = "moved"
cdef str _NEW = "new"

TOO_CLOSE = _TOO_CLOSE


@final
@freelist(64)
cdef class Step:
    """One change that the quoter wants: a new order (order None), an amend, or a cancel (quote None)."""

    def __init__(self, Order order, Quote quote, str reason not None):
        self.order = order
        self.quote = quote
        self.reason = reason

    def __repr__(self):
        return f"Step(order={self.order!r}, quote={self.quote!r}, reason={self.reason!r})"


cdef inline Step step_of(Order order, Quote quote, str reason):
    cdef Step step = Step.__new__(Step)
    step.order = order
    step.quote = quote
    step.reason = reason
    return step


@final
cdef class Slot:
    """Where one order of a strategy stands."""

    def __cinit__(self):
        self.client_id = ""


cdef inline int64_t leaves_of(Order order) noexcept:
    # As it will be once what is in flight is carried out.
    cdef int64_t size = order.pending_size or order.size
    return size - order.cum_size if order.is_open and size > order.cum_size else 0


@final
cdef class Quoter:
    """The slots of one strategy.

    can_amend: the venue changes orders in place; interval_ns: least time between changes; tolerance: fraction of the
    price within which an order keeps its place; max_age_ns: after which it is renewed, 0 never. changed_ns: when it
    last asked for something.
    """

    def __init__(
        self, *, bint can_amend, int64_t interval_ns=0, double tolerance=0.0, int64_t max_age_ns=0
    ):
        self._can_amend = can_amend
        self._buys = []
        self._sells = []
        self.retune(interval_ns, tolerance, max_age_ns)

    def retune(self, int64_t interval_ns, double tolerance, int64_t max_age_ns):
        """Go by other knobs from now on; orders keep their slots. Raises ValueError for one that is negative."""
        for name, value in (("interval_ns", interval_ns), ("tolerance", tolerance), ("max_age_ns", max_age_ns)):
            if not value >= 0:
                raise ValueError(f"{name}: {value} is negative or not a number")
        self._interval_ns = interval_ns
        self._tolerance = tolerance
        self._max_age_ns = max_age_ns

    cpdef list plan(self, int64_t now_ns, tuple quotes, double fair, OrderStore store):
        """Return the changes that lead from what stands to `quotes`, retreats first. Sets when to look again."""
        cdef list steps = []
        cdef Py_ssize_t retreats = 0
        cdef Quote quote
        cdef Slot slot
        cdef Order order
        cdef Step step
        self._due_ns = 0
        for wanted in quotes:
            quote = <Quote?>wanted
            slot = self._slot_at(quote.side, quote.level)
            if slot is None or not slot.client_id:
                if slot is not None and slot.retry_ns > now_ns:
                    self._wake(slot.retry_ns)
                else:
                    steps.append(step_of(None, quote, _NEW))
                continue
            order = store.get(slot.client_id)
            if order is None:
                continue
            if order._state == UNKNOWN:
                if self._is_exposed(order, quote, fair):
                    steps.insert(0, step_of(order, None, _IN_DOUBT))
                    retreats += 1
                continue
            if order.unsent:
                step = self._second_thought(order, quote, fair)
                if step is not None:
                    steps.insert(0, step)
                    retreats += 1
                continue
            if order._state != NEW and order._state != PARTIALLY_FILLED:
                continue
            step = self._change(now_ns, order, quote, fair, slot)
            if step is not None:
                if step.quote is None or (quote.price < order.price if quote.side > 0 else quote.price > order.price):
                    steps.insert(retreats, step)
                    retreats += 1
                else:
                    steps.append(step)
        self._unwanted(quotes, store, steps)
        return steps

    def due_ns(self):
        """When the last plan should be made again although nothing happens; 0 never."""
        return self._due_ns

    def on_place(self, Place place not None):
        """A quote of ours is on its way. Raises ValueError for a level that no quote has."""
        cdef list slots = self._buys if place.side > 0 else self._sells
        cdef Slot slot
        if not 0 <= place.level < SLOTS_MAX:
            raise ValueError(f"Place.level: {place.level} is not from 0 to {SLOTS_MAX - 1}")
        while len(slots) <= place.level:
            slots.append(None)
        slot = <Slot>slots[place.level]
        if slot is None:
            slot = slots[place.level] = Slot.__new__(Slot)
        slot.client_id = place.client_id
        self.changed_ns = place.recv_ns

    def on_amend(self, int64_t recv_ns):
        """A change of ours is on its way."""
        self.changed_ns = recv_ns

    def on_accepted(self, Order order not None):
        """The venue took what we asked for."""
        cdef Slot slot = self._slot_of(order)
        if slot is not None:
            slot.failures = 0

    def on_refused(self, int64_t recv_ns, Order order not None):
        """The venue refused an order or a change: wait before the next try, longer each time."""
        cdef Slot slot = self._slot_of(order)
        if slot is not None:
            slot.retry_ns = recv_ns + min(RETRY_NS_MIN << min(slot.failures, 10), RETRY_NS_MAX)
            slot.failures += 1

    def on_closed(self, Order order not None):
        """The order is over: its slot is free."""
        cdef Slot slot = self._slot_of(order)
        if slot is not None:
            slot.client_id = ""

    def facts(self):
        """What a replay must agree on, by side and level."""
        facts = []
        cdef Slot slot
        for side, slots in ((-1, self._sells), (1, self._buys)):
            for level, held in enumerate(slots):
                if held is not None:
                    slot = <Slot>held
                    facts.append((side, level, slot.client_id, slot.retry_ns, slot.failures))
        return facts

    cdef int _unwanted(self, tuple quotes, OrderStore store, list steps) except -1:
        """Cancel what stands at levels that are not quoted any more."""
        cdef Quote quote
        cdef Slot slot
        cdef Order order
        cdef int side
        cdef Py_ssize_t level
        cdef bint wanted
        cdef list slots
        for side in (1, -1):
            slots = self._buys if side > 0 else self._sells
            for level in range(len(slots)):
                slot = <Slot>slots[level]
                if slot is None or not slot.client_id:
                    continue
                wanted = False
                for other in quotes:
                    quote = <Quote>other
                    if quote.level == level and quote.side == side:
                        wanted = True
                        break
                if wanted:
                    continue
                order = store.get(slot.client_id)
                if order is not None and (
                    order._state == NEW or order._state == PARTIALLY_FILLED or order.unsent
                ):
                    steps.insert(0, step_of(order, None, "not wanted"))
        return 0

    cdef bint _fits(self, Quote quote, int64_t price, int64_t leaves, double fair) noexcept:
        """Whether an order at a price, with so much left, keeps its place."""
        # A partial fill keeps its place until less than half is left; a trimmed wish is obeyed at once.
        return (
            fabs(<double>(price - quote.price)) <= fair * self._tolerance
            and quote.size - leaves <= leaves and leaves <= quote.size
        )

    cdef Step _second_thought(self, Order order, Quote quote, double fair):
        """The end of a request that has not left (its order's, or with a quote that of the amend alone), or None."""
        cdef int64_t forward
        if not order.pending_size:
            return None if self._fits(quote, order.price, leaves_of(order), fair) else step_of(order, None, _MOVED)
        forward = (order.pending_price - quote.price) * quote.side
        if (
            (forward > fair * self._tolerance and (order.pending_price - order.price) * quote.side > 0)
            or (leaves_of(order) > quote.size and order.pending_size > order.size)
        ):
            return step_of(order, quote, _MOVED)
        return None

    cdef bint _is_exposed(self, Order order, Quote quote, double fair) noexcept:
        """Whether an order in doubt may stand much closer to the market than the quote that is wanted."""
        cdef int64_t price = order.price
        if order.pending_price:
            price = max(price, order.pending_price) if order.side > 0 else min(price, order.pending_price)
        cdef int64_t forward = (price - quote.price) * quote.side
        return forward > fair * self._tolerance and forward > fabs(fair - quote.price) / 2

    cdef Step _change(self, int64_t now_ns, Order order, Quote quote, double fair, Slot slot):
        cdef int64_t leaves = leaves_of(order)
        # How much closer to the market the order stands than it should; negative: further away.
        cdef int64_t forward = (order.price - quote.price) * quote.side
        cdef double tolerance = fair * self._tolerance
        cdef int64_t wait_ns = self._interval_ns
        cdef int64_t due_ns
        cdef bint exposed
        if self._max_age_ns:
            if now_ns - order.touched_ns >= self._max_age_ns:
                return step_of(order, None, "max_order_age reached")
            self._wake(order.touched_ns + self._max_age_ns)
        if self._fits(quote, order.price, leaves, fair):
            return None
        exposed = forward > tolerance and forward > fabs(fair - quote.price) / 2
        if exposed or leaves > quote.size:
            wait_ns = min(wait_ns, RETREAT_NS)
        due_ns = max(slot.retry_ns, self.changed_ns + wait_ns)
        if due_ns > now_ns:
            self._wake(due_ns)
            return None
        if not self._can_amend:
            return step_of(order, None, _MOVED)
        return step_of(order, quote, _TOO_CLOSE if exposed else _MOVED)

    cdef void _wake(self, int64_t due_ns) noexcept:
        if not self._due_ns or due_ns < self._due_ns:
            self._due_ns = due_ns

    cdef Slot _slot_at(self, int side, int64_t level):
        cdef list slots = self._buys if side > 0 else self._sells
        return <Slot>slots[level] if 0 <= level < len(slots) else None

    cdef Slot _slot_of(self, Order order):
        cdef Slot slot = self._slot_at(order.side, order.level)
        return slot if slot is not None and slot.client_id == order.client_id else None

"""The slow twin of `mm._core.quoter`.

Turns wanted quotes into the fewest commands, keeping queue places that are worth keeping.

Every (side, level) of a strategy is a slot that holds at most one open order. A slot whose order has something in
flight, or whose fate is unknown, is left alone: what would be sent next depends on an answer that is still to come.
A request that has not left yet (`Order.unsent`) has no answer to wait for: an order is taken back once it is unwanted,
an amend once it would leave the order nearer to the market, or larger, than it is wanted and than it stands.
An order keeps its place while its price is within the tolerance and most of its size is left. Where the venue can
amend, a change is one amend (an amended order keeps its id, and counts less against the venue's rate limits than a
cancel and a new order); elsewhere it is a cancel, and the new order follows when the cancel is proven.

`plan` reads, `on_...` remember: only what was applied changes a slot, so a replay ends in the same slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mm._core.events import Place
from mm._core.orders import Order, OrderState, OrderStore
from mm.quotes import Quote

RETRY_NS_MIN: Final = 250_000_000
"""After a refusal the same wish waits: the venue's reason seldom goes away within one frame."""
RETRY_NS_MAX: Final = 30_000_000_000
RETREAT_NS: Final = 200_000_000
"""Least time between retreats in a fast market: each costs four points of Kraken's counter, and without points no quote
can be moved at all."""
IN_DOUBT: Final = "in doubt, and too close to the market"
TOO_CLOSE: Final = "too close to the market"
LIVE: Final = (OrderState.NEW, OrderState.PARTIALLY_FILLED)


class Step(NamedTuple):
    """One change that the quoter wants: a new order (order None), an amend, or a cancel (quote None)."""

    order: Order | None
    quote: Quote | None
    reason: str


class Slot:
    """Where one order of a strategy stands."""

    __slots__ = ("client_id", "failures", "retry_ns")

    def __init__(self) -> None:
        self.client_id = ""
        self.failures = 0
        self.retry_ns = 0


class ReferenceQuoter:
    """The slots of one strategy.

    can_amend: the venue changes orders in place; tolerance: fraction of the price.
    """

    __slots__ = ("_can_amend", "_due_ns", "_interval_ns", "_max_age_ns", "_tolerance", "changed_ns", "slots")

    def __init__(self, *, can_amend: bool, interval_ns: int, tolerance: float, max_age_ns: int) -> None:
        self._can_amend = can_amend
        self._interval_ns = interval_ns
        self._tolerance = tolerance
        self._max_age_ns = max_age_ns
        self.slots: dict[tuple[int, int], Slot] = {}
        self.changed_ns = 0
        self._due_ns = 0

    def plan(self, now_ns: int, quotes: tuple[Quote, ...], fair: float, store: OrderStore) -> list[Step]:
        """Return the changes that lead from what stands to `quotes`, retreats first. Sets when to look again."""
        self._due_ns = 0
        slots = self.slots
        steps: list[Step] = []
        retreats = 0
        resting = len(quotes)
        for quote in quotes:
            slot = slots.get((quote.side, quote.level))
            if slot is None or not slot.client_id:
                if slot is not None and slot.retry_ns > now_ns:
                    self._wake(slot.retry_ns)
                else:
                    steps.append(Step(None, quote, "new"))
                continue
            resting -= 1
            order = store.get(slot.client_id)
            if order is None:
                continue
            if order.state is OrderState.UNKNOWN:
                if self._is_exposed(order, quote, fair):
                    steps.insert(0, Step(order, None, IN_DOUBT))
                    retreats += 1
                continue
            if order.unsent:
                if self._is_amiss(order, quote, fair):
                    steps.insert(0, Step(order, quote if order.pending_size else None, "moved"))
                    retreats += 1
                continue
            if order.state not in LIVE:
                continue
            step = self._change(now_ns, order, quote, fair, slot)
            if step is not None:
                if step.quote is None or quote.side * (quote.price - order.price) < 0:
                    steps.insert(retreats, step)
                    retreats += 1
                else:
                    steps.append(step)
        if len(slots) > len(quotes) or resting:
            wanted = {(quote.side, quote.level) for quote in quotes}
            for key, slot in sorted(slots.items(), key=lambda item: (-item[0][0], item[0][1])):
                if slot.client_id and key not in wanted:
                    order = store.get(slot.client_id)
                    if order is not None and (order.state in LIVE or order.unsent):
                        steps.insert(0, Step(order, None, "not wanted"))
        return steps

    def _is_exposed(self, order: Order, quote: Quote, fair: float) -> bool:
        """Whether an order in doubt may stand much closer to the market than the quote that is wanted."""
        price = order.price
        if order.pending_price:
            price = max(price, order.pending_price) if order.side > 0 else min(price, order.pending_price)
        forward = (price - quote.price) * quote.side
        return forward > fair * self._tolerance and forward > abs(fair - quote.price) / 2

    def _fits(self, quote: Quote, price: int, leaves: int, fair: float) -> bool:
        """Whether an order at a price, with so much left, keeps its place."""
        # A partial fill keeps its place until less than half is left; a trimmed wish is obeyed at once.
        return abs(price - quote.price) <= fair * self._tolerance and leaves <= quote.size <= 2 * leaves

    def _is_amiss(self, order: Order, quote: Quote, fair: float) -> bool:
        """Whether a request that has not left is not to leave."""
        if not order.pending_size:
            return not self._fits(quote, order.price, order.leaves, fair)
        price, leaves = order.pending_price, order.pending_size - order.cum_size
        forward, advance = quote.side * (price - quote.price), quote.side * (price - order.price)
        is_nearer = forward > fair * self._tolerance and advance > 0
        return is_nearer or (leaves > quote.size and order.pending_size > order.size)

    def due_ns(self) -> int:
        """When the last plan should be made again although nothing happens; 0 never."""
        return self._due_ns

    def _change(self, now_ns: int, order: Order, quote: Quote, fair: float, slot: Slot) -> Step | None:
        if self._max_age_ns:
            if now_ns - order.touched_ns >= self._max_age_ns:
                return Step(order, None, "max_order_age reached")
            self._wake(order.touched_ns + self._max_age_ns)
        leaves = order.leaves
        forward = (order.price - quote.price) * quote.side
        """How much closer to the market the order stands than it should; negative: further away."""
        tolerance = fair * self._tolerance
        if self._fits(quote, order.price, leaves, fair):
            return None
        exposed = forward > tolerance and forward > abs(fair - quote.price) / 2
        wait_ns = min(self._interval_ns, RETREAT_NS) if exposed or leaves > quote.size else self._interval_ns
        due_ns = max(slot.retry_ns, self.changed_ns + wait_ns)
        if due_ns > now_ns:
            self._wake(due_ns)
            return None
        if not self._can_amend:
            return Step(order, None, "moved")
        return Step(order, quote, TOO_CLOSE if exposed else "moved")

    def _wake(self, due_ns: int) -> None:
        if not self._due_ns or due_ns < self._due_ns:
            self._due_ns = due_ns

    def on_place(self, place: Place) -> None:
        """A quote of ours is on its way."""
        slot = self.slots.setdefault((place.side, place.level), Slot())
        slot.client_id = place.client_id
        self.changed_ns = place.recv_ns

    def on_amend(self, recv_ns: int) -> None:
        """A change of ours is on its way."""
        self.changed_ns = recv_ns

    def on_accepted(self, order: Order) -> None:
        """The venue took what we asked for."""
        slot = self._slot(order)
        if slot is not None:
            slot.failures = 0

    def on_refused(self, recv_ns: int, order: Order) -> None:
        """The venue refused an order or a change: wait before the next try, longer each time."""
        slot = self._slot(order)
        if slot is not None:
            slot.retry_ns = recv_ns + min(RETRY_NS_MIN << min(slot.failures, 10), RETRY_NS_MAX)
            slot.failures += 1

    def on_closed(self, order: Order) -> None:
        """The order is over: its slot is free."""
        slot = self._slot(order)
        if slot is not None:
            slot.client_id = ""

    def facts(self) -> Iterator[tuple[int, int, str, int, int]]:
        """What a replay must agree on."""
        for (side, level), slot in sorted(self.slots.items()):
            yield side, level, slot.client_id, slot.retry_ns, slot.failures

    def _slot(self, order: Order) -> Slot | None:
        slot = self.slots.get((order.side, order.level))
        return slot if slot is not None and slot.client_id == order.client_id else None

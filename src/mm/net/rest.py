"""The order in which REST calls go out: one private read at a time, cancels on a lane of their own, reads retried.

A private call carries a nonce that must rise per key in the order of arrival, so that the next one of its lane is
encoded only when the one before it has been answered or given up. Cancels do not wait behind a read that hangs: should
the two overtake each other, the refused nonce costs one more try. A venue without nonces takes several order requests
at once: they belong to different orders, since each order waits for its own answer. Reads are tried again after
transport failures and refusals for load, with back-off, through a circuit breaker. A call that changes something goes
out once; only a refusal that proves that it was not carried out, for its nonce alone, gets one fresh nonce, except for
placing orders.
"""

from __future__ import annotations

from enum import Enum
from random import Random
from typing import Protocol

from mm._core.events import Place
from mm._core.rest_core import Call, RestCore
from mm.net.access import Access
from mm.net.backoff import Backoff
from mm.net.breaker import Breaker
from mm.net.nonces import Nonces

CALLS_MAX = 256
OVERTAKEN_MAX = 1
"""Reads in doubt that may go before one that can wait: without an end to it the whole account would not be read any
more just when fills are missing and each of their orders is asked for again and again."""
READ_ATTEMPTS_MAX = 8


class CallCounter(Protocol):
    """The venue's own count of REST calls, kept on our side; `mm._core.KrakenRestCounter` is one.

    priority: the call may use the reserve that is kept for what a recovery needs at once. Cancels are not counted by
    the venue and never ask.
    """

    def charge(self, now_ns: int, cost: int = 1) -> None:
        """Count a call."""

    def refused(self, now_ns: int) -> None:
        """The venue says that the counter is full: believe it, whatever we counted, and stay clear of its edge."""

    def next_permit_ns(self, now_ns: int, cost: int = 1, priority: bool = False) -> int:
        """When a call may go, 0 if it never will."""


class Lane(Enum):
    """What shares one call at a time."""

    URGENT = "urgent"
    PRIVATE = "private"
    PUBLIC = "public"


def lane_of(call: Call) -> Lane:
    """The lane whose turn a call waits for."""
    if call.urgent:
        return Lane.URGENT
    return Lane.PRIVATE if call.is_private else Lane.PUBLIC


def _is_unsent(call: Call) -> bool:
    """Whether it is to place an order, and was never tried."""
    return type(call.command) is Place and not call.attempts


class RestQueue(RestCore):
    """Calls that wait and the ones in flight: one in each lane, on the urgent one as many as the venue takes.

    nonces: their floor, and whether the venue wants them to rise.
    """

    __slots__ = (
        "_backoff",
        "_in_flight",
        "_overtaken",
        "access",
        "breaker",
        "counter",
        "nonces",
    )

    def __init__(
        self,
        random: Random,
        breaker: Breaker,
        counter: CallCounter,
        urgent_max: int = 1,
        nonces: tuple[int, bool] = (0, False),
    ) -> None:
        self.access = Access()
        super().__init__(urgent_max, self.access.ban, self.access.key)
        self.nonces = Nonces(nonces[0], is_rising=nonces[1])
        self.breaker, self.counter = breaker, counter
        self._in_flight: dict[Lane, list[Call]] = {Lane.URGENT: self.urgent, Lane.PRIVATE: [], Lane.PUBLIC: []}
        self._overtaken = 0
        """How many private reads have gone before one of a later rank that was ready too."""
        self._backoff = Backoff(random, base_ns=500_000_000, cap_ns=10_000_000_000, free=0)

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self.waiting and not any(self._in_flight.values())

    def add(self, call: Call) -> bool:
        """Queue a call; False when the queue is full (then what it serves must find another way)."""
        if len(self.waiting) >= (CALLS_MAX if call.urgent else CALLS_MAX // 2):
            # Half of the room is kept for cancels.
            return False
        self.waiting.append(call)
        return True

    def next_call(self, now_ns: int) -> Call | None:
        """The next call to encode and send now; it is in flight from here on."""
        if not self.waiting:
            return None
        for lane, busy in self._in_flight.items():
            if self._has_room(lane):
                call = self._choose(now_ns, lane)
                if call is not None:
                    self.waiting.remove(call)
                    if lane is Lane.PRIVATE:
                        self._count_overtaken(now_ns, call)
                    call.attempts += 1
                    if call.is_private and call.cost:
                        self.counter.charge(now_ns, call.cost)
                    busy.append(call)
                    self.access.sent(call)
                    return call
        return None

    def due_ns(self, now_ns: int) -> int:
        """When `next_call` is worth asking, seen from `now_ns`; 0 never (an answer in flight comes first)."""
        if not self.waiting:
            return 0
        dues = [call.not_before_ns for call in self.waiting if call.not_before_ns > now_ns]
        dues += [until_ns for call in self.waiting if (until_ns := self.access.held_until(now_ns, call)) > 0]
        for lane in self._in_flight:
            head = self._head(now_ns, lane) if self._has_room(lane) else None
            if head is not None:
                dues.append(max(self._ready_ns(now_ns, head), 1))
        return min(dues, default=0)

    def answered(self, call: Call) -> None:
        """The call's answer is there (or given up): the next may go."""
        self.access.dropped(call)
        busy = self._in_flight[lane_of(call)]
        if call in busy:
            busy.remove(call)

    def retry(self, now_ns: int, call: Call, wait_min_ns: int = 0) -> bool:
        """Put a call back; False when it was tried often enough or may not be repeated."""
        if not call.is_read or call.attempts >= READ_ATTEMPTS_MAX:
            return False
        call.not_before_ns = now_ns + max(wait_min_ns, self._backoff.next_ns())
        self.waiting.append(call)
        return True

    def retry_with_fresh_nonce(self, now_ns: int, call: Call, wait_ns: int = 0) -> bool:
        """Put a call back whose nonce or time (wait_ns) was refused; False the second time, but for nonces that can be
        raised."""
        if call.nonce_refused and (wait_ns or not self.nonces.raise_(now_ns)):
            return False
        call.nonce_refused = True
        call.not_before_ns = now_ns + wait_ns
        self.waiting.append(call)
        return True

    def succeeded(self) -> None:
        """The venue answered as it should."""
        self.breaker.succeed()
        self.nonces.taken()
        self._backoff.succeed()

    def withdraw(self, owner: str) -> list[Call]:
        """Take back the waiting calls of an owner."""
        withdrawn = [call for call in self.waiting if call.owner == owner]
        self.waiting = [call for call in self.waiting if call.owner != owner]
        return withdrawn

    def withdraw_order(self, client_id: str) -> Call | None:
        """Take back the call that is to place an order, if nothing of it was ever sent; None when there is none."""
        for call in self.waiting:
            if _is_unsent(call) and call.command.client_id == client_id:
                self.waiting.remove(call)
                return call
        return None

    def waiting_orders(self) -> list[str]:
        """Client ids of the orders that wait for their turn: not one byte of them has left."""
        return [call.command.client_id for call in self.waiting if _is_unsent(call)]

    def supersede(self, kind: str, owner: str, subject: str = "") -> None:
        """Take back what waits of a kind: a newer call asks for more."""
        self.waiting = [
            call
            for call in self.waiting
            if call.kind != kind or call.owner != owner or (call.query is not None and call.query.subject != subject)
        ]

    def _has_room(self, lane: Lane) -> bool:
        most = self.urgent_max if lane is Lane.URGENT else 1
        return len(self._in_flight[lane]) < most

    def _ready_ns(self, now_ns: int, call: Call) -> int:
        """When a call whose turn it is may go; `now_ns` or before it means now."""
        if call.urgent:
            # Cancels try the path even when the breaker is open: they may be what stands between the account and a
            # loss, and a cancel too many harms nobody.
            return self.nonces.free_ns(now_ns, urgent=True)
        if not call.is_private:
            return self.breaker.retry_ns()
        # A call that would never fit (0) is the venue's to refuse: held back here it would wait for ever.
        permit_ns = self.counter.next_permit_ns(now_ns, call.cost, call.has_priority)
        return max(self.breaker.retry_ns(), permit_ns, self.nonces.free_ns(now_ns, urgent=False))

    def _head(self, now_ns: int, lane: Lane) -> Call | None:
        """Whose turn it is on a lane."""
        head: Call | None = None
        last: Call | None = None
        is_full = lane is Lane.URGENT and sum(1 for call in self.urgent if call.rank) >= self.orders_max
        for call in self.waiting:
            if lane_of(call) is not lane or call.not_before_ns > now_ns or (is_full and call.rank):
                continue
            if self.access.held_until(now_ns, call):
                continue
            if head is None or call.rank < head.rank:
                head = call
            if last is None or call.rank > last.rank:
                last = call
        # A recovery (rank 0 and below) waits for nobody.
        is_fair = lane is Lane.PRIVATE and head is not None and head.rank > 0
        return last if is_fair and self._overtaken >= OVERTAKEN_MAX else head

    def _count_overtaken(self, now_ns: int, call: Call) -> None:
        waits = any(
            other.rank > call.rank and lane_of(other) is Lane.PRIVATE and other.not_before_ns <= now_ns
            for other in self.waiting
        )
        self._overtaken = self._overtaken + 1 if waits else 0

    def _choose(self, now_ns: int, lane: Lane) -> Call | None:
        head = self._head(now_ns, lane)
        if head is None or self._ready_ns(now_ns, head) > now_ns:
            return None
        return head if head.urgent or self.breaker.allow(now_ns) else None


__all__ = ["CALLS_MAX", "READ_ATTEMPTS_MAX", "Call", "CallCounter", "Lane", "RestQueue", "lane_of"]

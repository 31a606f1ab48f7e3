"""From a journal back to an engine: its snapshot, and what came after, applied without a decision.

Each start of the journal is a fresh engine with that start's settings, which takes over the state of the one before: a
recovery passes the same way as the starts that it reads of. An event that cannot be applied is told and passed over;
what is missing by it is what the venues are asked for anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from mm._core import events as ev
from mm._core.order import Order
from mm._core.order_states import OrderState
from mm.config import Settings
from mm.errors import InvariantError

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.venue import Face

SKIPPED_MAX: Final = 20
"""Of what could not be applied, by a report."""
RESTARTED: Final = "the process that sent it ended before the answer"
DOUBTS: Final = ((1, "place"), (2, "amend"), (4, "cancel"))
"""Bits of `Order.doubts`."""
REQUESTS: Final = {
    OrderState.PENDING_NEW: "place",
    OrderState.PENDING_REPLACE: "amend",
    OrderState.PENDING_CANCEL: "cancel",
}


class _NoRecorder:
    """Nothing is decided in a recovery."""

    def record(self, event: ev.Event, /) -> None:
        """Refuse it."""
        raise InvariantError("a recovery decides nothing")


class Maker(Protocol):
    """Makes the settings and the faces of a start. Raises an error of its own for one that cannot be made here."""

    def __call__(self, start: ev.Start, /) -> tuple[Settings, Mapping[str, Face]]: ...


@dataclass(slots=True)
class Recovery:
    """What was recovered. engine: None where there was nothing; events: behind the snapshot; epoch, world: of the last
    start; skipped: what could not be applied, in words; last_ns: of the last event."""

    engine: Engine | None = None
    events: int = 0
    epoch: int = 0
    world: str = ""
    skipped: list[str] = field(default_factory=list)
    last_ns: int = 0

    def event(self, now_ns: int) -> ev.Recovered | None:
        """What the next start takes over; None for a first one."""
        if self.engine is None:
            return None
        return ev.Recovered(now_ns, *self.engine.snapshot())


def recover(
    snapshot: tuple[int, bytes] | None,
    events: Iterable[ev.Event],
    make: Maker,
    engine_of: Callable[[ev.Start, Settings, Mapping[str, Any], Any], Engine],
) -> Recovery:
    """Apply a journal. snapshot: its hash and state, None before the first; make, engine_of: an engine of a start.

    Raises InvariantError: the snapshot does not come out as it was written, or the journal does not begin with a start.
    """
    done = Recovery()

    def begin(start: ev.Start, state: bytes | None) -> Engine:
        settings, faces = make(start)
        engine = engine_of(start, settings, faces, _NoRecorder())
        if state is not None:
            engine.restore(state)
        engine.is_recovering = True
        done.epoch, done.world, done.engine = start.epoch, settings.run.world, engine
        return engine

    engine: Engine | None = None
    if snapshot is not None:
        from mm.engine.durable import start_of

        state_hash, state = snapshot
        engine = begin(start_of(state), state)
        if engine.durable_hash() != state_hash:
            raise InvariantError("the snapshot comes out otherwise than it was written")
    for event in events:
        done.events += 1
        done.last_ns = event.recv_ns
        if type(event) is ev.Start:
            state_before = engine.durable_state() if engine is not None else None
            engine = begin(event, state_before)
            if state_before is not None:
                engine.begin()
            continue
        if engine is None:
            raise InvariantError("the journal does not begin with a start")
        try:
            engine.apply(event)
        except Exception as error:  # noqa: BLE001  # what ended the process that wrote it must not end each next one
            if len(done.skipped) < SKIPPED_MAX:
                done.skipped.append(f"{type(event).__name__} at {event.recv_ns}: {type(error).__name__}: {error}")
    return done


def lost_requests(engine: Engine, venue: str, now_ns: int) -> list[ev.OutcomeUnknown]:
    """The requests of earlier starts whose answers nobody has heard: what became of them is not known."""
    lost = []
    for client_id in sorted(engine.earlier):
        order = engine.orders.get(client_id)
        if order is not None and order.is_open and order.venue == venue:
            lost += [
                ev.OutcomeUnknown(now_ns, 0, venue, client_id, order.venue_id, request, RESTARTED)
                for request in _requests(order)
            ]
    return lost


def _requests(order: Order) -> list[str]:
    in_flight = REQUESTS.get(order.state)
    if in_flight is not None:
        return [in_flight]
    return [request for bit, request in DOUBTS if order.doubts & bit]

"""The row of an order: a twin of the engine's order store (`mm._core.orders`) whose state is the row itself.

The table of states is the engine's own (`mm._core.order_states`); what an answer, a report or a lost answer says of an
order is told here again in slow words. A process that is killed and begins again has the row and needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from mm._core.order_states import TERMINAL, TRANSITIONS, OrderEvent, OrderState
from mm.instruments import Instrument
from mm.store.amounts import ZERO, added, units_text
from mm.store.tables import Row

PLACE, AMEND, CANCEL, GONE = "place", "amend", "cancel", "gone"
OVER: Final = frozenset(state.name.lower() for state in TERMINAL)
"""States that nothing leaves."""
LIST_LAG_NS: Final = 30_000_000_000
LATE_NS: Final = 35_000_000_000
"""As in `mm._core.order`: how late a list, and how late a change may be."""


class OrderRow:
    """One order at work. row: what it was; `row` is what it is, a new dictionary."""

    __slots__ = ("_instrument", "row")

    def __init__(self, row: Row, instrument: Instrument) -> None:
        self.row = dict(row)
        self._instrument = instrument

    def take(self, event: Any) -> None:  # Any: a command or a word about an order
        """Change what an event changes."""
        _HANDLERS[type(event).__name__](self, event)
        self.row["updated_ns"] = event.recv_ns
        self._settle()

    def fill(self, event: Any, cost: str, *, is_new: bool) -> None:  # Any: a Fill
        """Take a fill. cost: of it; is_new: it was not told before."""
        row = self.row
        if is_new:
            row["filled"] = added(row["filled"], self._size(event.size))
            row["cost"] = added(row["cost"], cost)
        self._accept(event.recv_ns)
        self._tell(event.cum_size)
        if Decimal(row["filled"]) > Decimal(row["cum_size"]):
            row["cum_size"] = row["filled"]
        if is_new:
            is_all = Decimal(row["cum_size"]) >= self._worst()
            self._move(OrderEvent.FILL_ALL if is_all else OrderEvent.FILL)
        else:
            self._move(OrderEvent.ACCEPT)
        row["updated_ns"] = event.recv_ns
        self._settle()

    # --- words ------------------------------------------------------------------------------------------------------

    def _amend(self, event: Any) -> None:
        if self._is_refused(OrderEvent.REQUEST_REPLACE):
            return
        self._move(OrderEvent.REQUEST_REPLACE)
        self.row |= {"pending_price": self._price(event.price), "pending_size": self._size(event.size)}

    def _cancel(self, event: Any) -> None:
        if self._is_refused(OrderEvent.REQUEST_CANCEL):
            return
        self._move(OrderEvent.REQUEST_CANCEL)
        self.row["cancel_asked"] = 1

    def _pending(self, event: Any) -> None:
        self._sure(PLACE)
        self._move(OrderEvent.PEND)

    def _accepted(self, event: Any) -> None:
        self._accept(event.recv_ns)
        self._move(OrderEvent.ACCEPT)

    def _amended(self, event: Any) -> None:
        if self._is_open() and event.price > 0 and event.size > 0 and self._is_news(event.venue_ns):
            if self._is_pending(event):
                self._amend_done(event, event.recv_ns)
            else:
                self.row |= {**self._numbers(event), "touched_ns": event.recv_ns}
        self._accept(event.recv_ns)
        self._tell(event.cum_size)
        self._move(OrderEvent.REPLACED)

    def _amend_rejected(self, event: Any) -> None:
        self.row |= {"pending_price": ZERO, "pending_size": ZERO}
        self._sure(AMEND)
        self._not_done(event.code == GONE, OrderEvent.REPLACE_REJECTED)

    def _cancel_rejected(self, event: Any) -> None:
        self.row["cancel_asked"] = 0
        self._sure(CANCEL)
        self._not_done(event.gone, OrderEvent.CANCEL_REJECTED)

    def _canceled(self, event: Any) -> None:
        self._ended(OrderEvent.CANCEL, event.cum_size, event.reason)

    def _expired(self, event: Any) -> None:
        self._ended(OrderEvent.EXPIRE, event.cum_size, event.reason)

    def _absent(self, event: Any) -> None:
        self._ended(OrderEvent.ABSENT, -1, event.evidence)

    def _rejected(self, event: Any) -> None:
        self._refused(OrderEvent.REJECT, event.reason)

    def _denied(self, event: Any) -> None:
        self._refused(OrderEvent.DENY, event.reason)

    def _unknown(self, event: Any) -> None:
        if event.request == PLACE:
            lost, is_doubt = OrderEvent.LOSE_PLACE, not self.row["is_accepted"]
        elif event.request == AMEND:
            lost, is_doubt = OrderEvent.LOSE_REPLACE, self.row["pending_size"] != ZERO
            self.row["lost_ns"] = event.recv_ns
        else:
            lost, is_doubt = OrderEvent.LOSE_CANCEL, True
            self.row["cancel_asked"] = 0
        if is_doubt and self._is_open():
            self._doubt(event.request)
        self._move(lost)

    def _report(self, event: Any) -> None:
        if event.status == "pending_new":
            self._tell(event.cum_size)
            self._sure(PLACE)
            self._move(OrderEvent.PEND)
        elif event.status in ("new", "partially_filled"):
            self._shown(event)
            self._move(OrderEvent.ACCEPT if event.source == "stream" else OrderEvent.CONFIRM)
        else:
            if self._is_open():
                self.row |= self._numbers(event)
            self._accept(event.recv_ns)
            if event.status == "filled":
                cum_size = event.cum_size if event.cum_size > 0 else None
                self._ended(OrderEvent.FILL_ALL, cum_size, event.reason)
            else:
                ended = OrderEvent.CANCEL if event.status == "canceled" else OrderEvent.EXPIRE
                self._ended(ended, event.cum_size, event.reason)

    def _shown(self, event: Any) -> None:
        """The venue shows it open, by its stream or in a list."""
        row = self.row
        from_stream, is_query = event.source == "stream", event.source == "query"
        has_numbers = event.price > 0 and event.size > 0
        if self._is_open():
            if from_stream:
                has_numbers = has_numbers and self._is_news(event.venue_ns)
            if has_numbers and row["pending_size"] != ZERO:
                if self._is_pending(event):
                    self._amend_done(event, event.recv_ns)
                elif is_query and AMEND in row["doubts"].split() and event.recv_ns - row["lost_ns"] >= LATE_NS:
                    self._amend_done(event, row["touched_ns"])
            elif has_numbers and (
                from_stream or not row["is_accepted"] or event.recv_ns - row["touched_ns"] >= LIST_LAG_NS
            ):
                row |= self._numbers(event)
            if not from_stream:
                self._sure(PLACE, GONE)
            if is_query:
                self._sure(CANCEL)
        self._accept(event.recv_ns)
        self._tell(event.cum_size)

    # --- small ------------------------------------------------------------------------------------------------------

    def _price(self, units: int) -> str:
        return units_text(units, self._instrument.price_precision)

    def _size(self, units: int) -> str:
        return units_text(units, self._instrument.size_precision)

    def _is_open(self) -> bool:
        return self.row["state"] not in OVER

    def _worst(self) -> Decimal:
        """The largest total that may have filled when all is told."""
        names = ("cum_size", "size", "pending_size") if self._is_open() else ("cum_size",)
        return max(Decimal(self.row[name]) for name in names)

    def _settle(self) -> None:
        if self._is_open() and self.row["is_accepted"] and Decimal(self.row["cum_size"]) >= self._worst():
            self._move(OrderEvent.FILL_ALL)

    def _accept(self, recv_ns: int) -> None:
        if not self.row["is_accepted"]:
            self.row |= {"is_accepted": 1, "touched_ns": recv_ns}
            self._sure(PLACE, GONE)

    def _tell(self, cum_size: int) -> None:
        """The venue's sum; it never falls, whatever order its messages come in."""
        if cum_size > 0 and Decimal(told := self._size(cum_size)) > Decimal(self.row["cum_size"]):
            self.row["cum_size"] = told

    def _is_news(self, venue_ns: int) -> bool:
        if venue_ns < self.row["told_ns"]:
            return venue_ns == 0
        self.row["told_ns"] = venue_ns
        return True

    def _is_pending(self, event: Any) -> bool:
        row = self.row
        return bool(row["pending_price"] == self._price(event.price) and row["pending_size"] == self._size(event.size))

    def _amend_done(self, event: Any, touched_ns: int) -> None:
        done = {"pending_price": ZERO, "pending_size": ZERO, "touched_ns": touched_ns}
        self.row |= {**self._numbers(event), **done}
        self._sure(AMEND)

    def _numbers(self, event: Any) -> Row:
        """Price and size as the venue says they are, where it says."""
        found: Row = {}
        if event.price > 0:
            found["price"] = self._price(event.price)
        if event.size > 0:
            found["size"] = self._size(event.size)
        return found

    def _doubt(self, request: str) -> None:
        self.row["doubts"] = " ".join(sorted({*self.row["doubts"].split(), request}))

    def _sure(self, *requests: str) -> None:
        self.row["doubts"] = " ".join(each for each in self.row["doubts"].split() if each not in requests)

    def _not_done(self, is_gone: bool, refused: OrderEvent) -> None:
        if is_gone and self._is_open():
            self._doubt(GONE)
        self._move(OrderEvent.GONE if is_gone else refused)

    def _ended(self, event: OrderEvent, cum_size: int | None, reason: str) -> None:
        if cum_size is None:
            self.row["cum_size"] = max(self.row["cum_size"], self.row["size"], key=Decimal)
        else:
            self._tell(cum_size)
        if self._is_open():
            self.row["reason"] = reason
        self._move(event)

    def _refused(self, event: OrderEvent, reason: str) -> None:
        if self._is_open():
            if self.row["is_accepted"]:
                return
            target = TRANSITIONS[self._state(), event].target
            if target in OrderState.__members__:
                self.row["reason"] = reason
        self._move(event)

    def _state(self) -> OrderState:
        return OrderState[self.row["state"].upper()]

    def _is_refused(self, event: OrderEvent) -> bool:
        return TRANSITIONS[self._state(), event].target == "REFUSE"

    def _move(self, event: OrderEvent) -> None:
        target = TRANSITIONS[self._state(), event].target
        if target in ("SAME", "ODD", "REFUSE"):
            return
        if target in ("LIVE", "STANDS"):
            target = self._standing(target)
        self.row["state"] = target.lower()
        if not self._is_open():
            self.row |= {"pending_price": ZERO, "pending_size": ZERO, "doubts": "", "cancel_asked": 0}

    def _standing(self, word: str) -> str:
        row = self.row
        if word == "STANDS":
            if row["doubts"]:
                return "UNKNOWN"
            if row["cancel_asked"]:
                return "PENDING_CANCEL"
            if row["pending_size"] != ZERO:
                return "PENDING_REPLACE"
            if not row["is_accepted"]:
                return "PENDING_NEW"
        return "PARTIALLY_FILLED" if Decimal(row["cum_size"]) > 0 else "NEW"


def new_order(event: Any, epoch: int, record: int, instrument: Instrument) -> Row:  # Any: a Place or an OrderReport
    """The row of an intent, or of an own order that an earlier start left and the journal does not have."""
    row: Row = dict.fromkeys(("told_ns", "lost_ns", "is_accepted", "cancel_asked"), 0)
    row |= dict.fromkeys(("cum_size", "filled", "cost", "pending_price", "pending_size"), ZERO)
    row |= {"venue_id": "", "reason": "", "doubts": "", "state": "pending_new", "epoch": epoch, "record": record}
    for name in ("venue", "client_id", "symbol", "side"):
        row[name] = getattr(event, name)
    intent = {"strategy": "", "purpose": "adopted", "parent": "", "order_type": "limit", "time_in_force": "gtc"}
    for name, otherwise in intent.items():
        row[name] = getattr(event, name, otherwise)
    row |= {name: int(getattr(event, name, 0)) for name in ("level", "post_only", "reduce_only")}
    row |= dict.fromkeys(("created_ns", "updated_ns", "touched_ns"), event.recv_ns)
    row["price"] = units_text(event.price, instrument.price_precision)
    row["size"] = units_text(event.size, instrument.size_precision)
    return row


_HANDLERS: Final[dict[str, Callable[[OrderRow, Any], None]]] = {
    "Amend": OrderRow._amend,
    "Cancel": OrderRow._cancel,
    "OrderPending": OrderRow._pending,
    "OrderAccepted": OrderRow._accepted,
    "OrderAmended": OrderRow._amended,
    "AmendRejected": OrderRow._amend_rejected,
    "CancelRejected": OrderRow._cancel_rejected,
    "OrderCanceled": OrderRow._canceled,
    "OrderExpired": OrderRow._expired,
    "OrderAbsent": OrderRow._absent,
    "OrderRejected": OrderRow._rejected,
    "OrderDenied": OrderRow._denied,
    "OutcomeUnknown": OrderRow._unknown,
    "OrderReport": OrderRow._report,
}
WORDS: Final = frozenset(_HANDLERS)
"""Events about an order that has a row."""

"""Order stores as one writes them in Python: plain (dataclasses and floats) and tuned (slots, integers, counters).

Both keep what a bot needs at least: orders by client id and by venue id, the open ones of a symbol, and how many are
open. They check transitions, and nothing else: no duplicate executions, no requests in doubt, no worst case. So they
are an honest lower bound for what such a store costs in Python, not an equal.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum


class Status(Enum):
    NEW = 1
    OPEN = 2
    PARTIAL = 3
    FILLED = 4
    CANCELED = 5
    REJECTED = 6


ALLOWED = {
    (Status.NEW, Status.OPEN),
    (Status.NEW, Status.REJECTED),
    (Status.OPEN, Status.PARTIAL),
    (Status.OPEN, Status.FILLED),
    (Status.OPEN, Status.CANCELED),
    (Status.PARTIAL, Status.PARTIAL),
    (Status.PARTIAL, Status.FILLED),
    (Status.PARTIAL, Status.CANCELED),
}
OVER = (Status.FILLED, Status.CANCELED, Status.REJECTED)


@dataclass(slots=True)
class PlainOrder:
    client_id: str
    symbol: str
    side: str
    price: float
    size: float
    venue_id: str = ""
    status: Status = Status.NEW
    filled: float = 0.0
    cost: float = 0.0
    fee: float = 0.0
    created_ns: int = 0
    updated_ns: int = 0
    fills: list[tuple[str, float, float, float]] = field(default_factory=list)


class PlainStore:
    """A dict of dataclasses for each question that is asked."""

    def __init__(self) -> None:
        self.by_client_id: dict[str, PlainOrder] = {}
        self.by_venue_id: dict[str, PlainOrder] = {}
        self.by_symbol: dict[str, dict[str, PlainOrder]] = {}
        self.by_status: dict[Status, dict[str, PlainOrder]] = {status: {} for status in Status}

    def place(self, client_id: str, symbol: str) -> PlainOrder:
        order = PlainOrder(client_id, symbol, "buy", float("64000.1"), float("0.5"), created_ns=time.time_ns())
        self.by_client_id[client_id] = order
        self.by_symbol.setdefault(symbol, {})[client_id] = order
        self.by_status[Status.NEW][client_id] = order
        return order

    def accept(self, client_id: str, venue_id: str) -> None:
        order = self.by_client_id[client_id]
        order.venue_id = venue_id
        self.by_venue_id[venue_id] = order
        self._move(order, Status.OPEN)

    def fill(self, venue_id: str, execution_id: str, size: str, price: str, fee: str) -> None:
        order = self.by_venue_id[venue_id]
        taken, at, paid = float(size), float(price), float(fee)
        order.filled += taken
        order.cost += taken * at
        order.fee += paid
        order.fills.append((execution_id, taken, at, paid))
        self._move(order, Status.FILLED if order.filled >= order.size else Status.PARTIAL)

    def cancel(self, client_id: str) -> None:
        self._move(self.by_client_id[client_id], Status.CANCELED)

    def get(self, client_id: str) -> PlainOrder | None:
        return self.by_client_id.get(client_id)

    def get_by_venue_id(self, venue_id: str) -> PlainOrder | None:
        return self.by_venue_id.get(venue_id)

    def open_of(self, symbol: str) -> list[PlainOrder]:
        return list(self.by_symbol[symbol].values())

    def open_count(self) -> int:
        return len(self.by_status[Status.OPEN]) + len(self.by_status[Status.PARTIAL])

    def _move(self, order: PlainOrder, status: Status) -> None:
        if (order.status, status) not in ALLOWED:
            raise ValueError(f"{order.client_id}: {order.status} to {status}")
        if status is not order.status:
            del self.by_status[order.status][order.client_id]
            self.by_status[status][order.client_id] = order
            order.status = status
        if status in OVER:
            self.by_symbol[order.symbol].pop(order.client_id, None)
        order.updated_ns = time.time_ns()


NEW, OPEN, PARTIAL, FILLED, CANCELED = range(5)


class TunedOrder:
    __slots__ = (
        "client_id", "cost", "created_ns", "fee", "filled", "price", "side", "size", "status", "symbol", "updated_ns",
        "venue_id",
    )  # fmt: skip

    def __init__(self, client_id: str, symbol: str, side: int, price: int, size: int, created_ns: int) -> None:
        self.client_id = client_id
        self.symbol = symbol
        self.side = side
        self.price = price
        self.size = size
        self.created_ns = self.updated_ns = created_ns
        self.venue_id = ""
        self.status = NEW
        self.filled = self.cost = self.fee = 0


class TunedStore:
    """Fewer dicts, integers in place of enums and floats, a counter in place of sets by status."""

    __slots__ = ("_by_client_id", "_by_symbol", "_by_venue_id", "_open")

    def __init__(self) -> None:
        self._by_client_id: dict[str, TunedOrder] = {}
        self._by_venue_id: dict[str, TunedOrder] = {}
        self._by_symbol: dict[str, dict[str, TunedOrder]] = {}
        self._open = 0

    def place(self, client_id: str, symbol: str) -> TunedOrder:
        order = TunedOrder(client_id, symbol, 1, 640_001, 50_000_000, time.time_ns())
        self._by_client_id[client_id] = order
        of_symbol = self._by_symbol.get(symbol)
        if of_symbol is None:
            of_symbol = self._by_symbol[symbol] = {}
        of_symbol[client_id] = order
        return order

    def accept(self, client_id: str, venue_id: str) -> None:
        order = self._by_client_id[client_id]
        if order.status != NEW:
            raise ValueError(f"{client_id}: accepted twice")
        order.venue_id = venue_id
        order.status = OPEN
        order.updated_ns = time.time_ns()
        self._by_venue_id[venue_id] = order
        self._open += 1

    def fill(self, venue_id: str, execution_id: str, size: int, price: int, fee: int) -> None:
        order = self._by_venue_id[venue_id]
        if order.status not in (OPEN, PARTIAL):
            raise ValueError(f"{venue_id}: filled while not open")
        order.filled += size
        order.cost += size * price
        order.fee += fee
        if order.filled >= order.size:
            order.status = FILLED
            self._open -= 1
            del self._by_symbol[order.symbol][order.client_id]
        else:
            order.status = PARTIAL
        order.updated_ns = time.time_ns()

    def cancel(self, client_id: str) -> None:
        order = self._by_client_id[client_id]
        if order.status not in (OPEN, PARTIAL):
            raise ValueError(f"{client_id}: cancelled while not open")
        order.status = CANCELED
        order.updated_ns = time.time_ns()
        self._open -= 1
        del self._by_symbol[order.symbol][client_id]

    def get(self, client_id: str) -> TunedOrder | None:
        return self._by_client_id.get(client_id)

    def get_by_venue_id(self, venue_id: str) -> TunedOrder | None:
        return self._by_venue_id.get(venue_id)

    def open_of(self, symbol: str) -> list[TunedOrder]:
        return list(self._by_symbol[symbol].values())

    def open_count(self) -> int:
        return self._open

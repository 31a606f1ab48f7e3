"""Executions that name no order, and positions that no execution explains, while an order like them was refused.

A venue may refuse an order in its answer and fill it all the same. Where a list of executions tells of that without a
name, or the position alone does, it looks like somebody else's doing. So the venue is asked before it is booked as
that: for the order of the execution by the venue's id, whose row says whose it is; and where the position alone has
moved, for each refused order that would explain it by its client id. What is ours is booked on its order, once, and the
refusal is contradicted as ever (`Contradicted`); what is not, or is not told within ten seconds, is external.

Like it is an order that ended without having been in the book, by a refusal or the venue's proof that it is not there:
of the same symbol and side, not smaller, and sent at most two minutes before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm.engine.contradicted import has_left

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.engine.engine import Engine
    from mm.engine.market import Market

SECOND_NS: Final = 1_000_000_000
LIKE_NS: Final = 120 * SECOND_NS
"""From an order to an execution like it. One that rests is shown by the lists of open orders, which are read each half
minute, and is known from then on."""
EARLY_NS: Final = 3 * SECOND_NS
"""By how much an execution may seem to be older than its order: the order's time is by our clock, which trades within a
second of the venue's, and two paths tell one execution's time differently by two seconds."""
WAIT_NS: Final = 10 * SECOND_NS
"""From a question to when it holds nothing back any more; mostly it is answered within a second."""
MOVED_NS: Final = SECOND_NS
"""An execution comes on another channel than the position that it moves."""
NEVER_NS: Final = 2**63 - 1
FILLS_MAX: Final = 100
ASKED_MAX: Final = 1_000
"""Far more than are like a refused order in the minutes that lists tell again: each is asked about once."""
AT_ONCE_MAX: Final = 10
"""What one round of reads looks up."""

Key = tuple[str, str, str]
"""Venue, client id and the venue's id of a question; one of the ids is blank."""


class Unnamed:
    """See the module's text."""

    __slots__ = ("_asked", "_engine", "_fills")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._fills: dict[tuple[str, str, str], ev.Fill] = {}
        """The newest that name no order, by venue, symbol and execution: a refusal may come after its execution."""
        self._asked: dict[Key, tuple[str, int]] = {}
        """Symbol, and until when it is waited for the answer: for ever before it was asked, 0 once it is answered."""
        for kind in (ev.OrderReport, ev.OrderAbsent):
            engine.handlers[kind] = self._known(engine.handlers[kind])

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (list(self._fills), list(self._asked.items()))

    def begin(self) -> None:
        """The process is another one: what waited for an answer is asked for again."""
        self._fills.clear()
        self._asked.clear()
        for fill in self._engine.orders.quarantined():
            if type(fill) is ev.Fill and fill.venue in self._engine.venues:
                self.take(fill)

    def holds(self, now_ns: int, venue: str, symbol: str = "") -> bool:
        """Whether an answer is waited for that may say whose executions those of a symbol are ('' of any)."""
        return any(
            now_ns < until_ns and key[0] == venue and symbol in ("", each)
            for key, (each, until_ns) in self._asked.items()
        )

    # --- apply ------------------------------------------------------------------------------------------------------

    def take(self, fill: ev.Fill) -> None:
        """Take a fill whose order is not here."""
        key = (fill.venue, fill.symbol, fill.execution_id)
        if fill.client_id or not fill.venue_id or key in self._fills:
            return
        self._fills[key] = fill
        if len(self._fills) > FILLS_MAX:
            del self._fills[next(iter(self._fills))]
        if any(_is_like(order, fill) for order in self._engine.contradicted.refused()):
            self._want(fill)

    def refused(self, order: Order) -> None:
        """Take an order that ended without having been in the book."""
        if has_left(order):
            for fill in self._fills.values():
                if _is_like(order, fill):
                    self._want(fill)

    def asked(self, command: ev.QueryOrder) -> bool:
        """Whether a question is one of these."""
        key = (command.venue, command.client_id, command.venue_id)
        if key in self._asked:
            symbol, _ = self._asked[key]
        else:
            order = self._engine.orders.get(command.client_id)
            doubtful = self._engine.venues[command.venue].doubtful
            if order is None or order.is_open or command.venue_id or command.client_id in doubtful:
                return False
            symbol = order.symbol
        self._note(key, symbol, command.recv_ns + WAIT_NS)
        return True

    def _known(self, handler: Callable[[Any], object]) -> Callable[[Any], None]:
        def handle(event: ev.OrderReport | ev.OrderAbsent) -> None:
            keys = ((event.venue, event.client_id, ""), (event.venue, "", event.venue_id))
            for key in [key for key in keys if key in self._asked]:
                self._asked[key] = (self._asked[key][0], 0)
                self._engine.wake_upkeep()
                order = self._engine.orders.get(event.client_id)
                if order is not None and has_left(order) and getattr(event, "cum_size", 0) > 0:
                    why = f"order {order.client_id} was refused ({order.reason}) and filled all the same"
                    self._engine.tell(f"{event.venue}: {why}: its fills are booked", "warning")
            handler(event)

        return handle

    def _want(self, fill: ev.Fill) -> None:
        key = (fill.venue, "", fill.venue_id)
        if key not in self._asked:
            self._note(key, fill.symbol, NEVER_NS)
            self._engine.wake_upkeep()

    def _note(self, key: Key, symbol: str, until_ns: int) -> None:
        self._asked[key] = (symbol, until_ns)
        if len(self._asked) > ASKED_MAX:
            del self._asked[next(iter(self._asked))]

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Ask for what is to be known."""
        engine = self._engine
        due = [key for key, (_, until_ns) in self._asked.items() if until_ns == NEVER_NS]
        for market in engine.markets.values():
            due += [(order.venue, order.client_id, "") for order in self._explaining(now_ns, market)]
        for venue, client_id, venue_id in [key for key in due if engine.venues[key[0]].private_up][:AT_ONCE_MAX]:
            engine.emit(ev.QueryOrder(now_ns, venue, client_id, venue_id))

    def _explaining(self, now_ns: int, market: Market) -> list[Order]:
        """Refused orders that would explain a position that no execution does, and were not asked for yet."""
        perpetual = market.perpetual
        if perpetual is None or not perpetual.gap or now_ns - perpetual.gap_ns < MOVED_NS:
            return []
        untold = perpetual.gap - sum(fill.side * fill.size for fill in perpetual.foreign)
        found = [
            order
            for order in self._engine.contradicted.refused()
            if (order.venue, order.symbol) == (market.venue.name, market.symbol)
            and order.side * untold > 0
            and 0 <= perpetual.gap_ns - order.created_ns <= LIKE_NS
        ]
        if sum(order.size for order in found) < abs(untold):
            return []
        return [order for order in found if (order.venue, order.client_id, "") not in self._asked]


def _is_like(order: Order, fill: ev.Fill) -> bool:
    return (
        (order.venue, order.symbol, order.side) == (fill.venue, fill.symbol, fill.side)
        and fill.size <= order.size
        and -EARLY_NS <= fill.venue_ns - order.created_ns <= LIKE_NS
    )

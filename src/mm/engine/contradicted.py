"""Orders of ours that stand at a venue and cannot: refused and there after all, or two of one request.

A list that trails may show an order that was, never one that never was: the first word that a refused order lives is
the venue's contradiction of itself. It is cancelled at once; for other orders that are over the lists are given time
(`Engine`). So is a second order with the client id of one of ours.

What ended once does not begin again, so only the limits count what such an order may fill. Until its end is told
nothing is sent to its market: for ten seconds from the venue's last word of it, and to no other for hedges, for thirty
seconds at most. A cancel that failed is sent again and is no such word, or an outage of one venue would keep hedges
from the other. "No such order" is no end, as of any order: it is asked about, and so is one that nothing was heard of
for a while. A stop and a kill are not over before it is, and a restart knows what stood. What it fills is booked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.events import pack, unpack
from mm._core.gates import ASTRAY_NS_MAX
from mm._core.orders import OrderState
from mm.engine.reconciling import LIVE
from mm.engine.upkeep import GONE_SETTLE_NS

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.engine.engine import Engine
    from mm.engine.market import Market

KEPT_MAX: Final = 3_000
"""As many as there are orders that are over."""
REFUSED: Final = frozenset({OrderState.REJECTED, OrderState.DENIED})
ENDED: Final = (ev.OrderCanceled, ev.OrderExpired, ev.OrderAbsent)
AGAIN_NS: Final = 2_000_000_000
"""From a cancel that failed to the next one: the venue may be busy."""
ASK_NS: Final = ASTRAY_NS_MAX // 2
"""From the last word of one, or question about it, to the next: in time for an answer to hold its market on."""

Key = tuple[str, str]
"""An order's client id and the venue's: two of one request differ in the second."""


class Contradicted:
    """See the module's text."""

    __slots__ = ("_ask_ns", "_earlier", "_engine", "_never", "_standing", "_told")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._never: OrderedDict[str, str] = OrderedDict()
        """Orders that ended without having been in the book, and how. Of an earlier start those that stood."""
        self._told: set[str] = set()
        self._standing: dict[Key, ev.OrderReport] = {}
        """Those whose end was not told, by the venue's last word of each."""
        self._ask_ns: dict[Key, int] = {}
        """When each is to be asked about."""
        self._earlier: set[Key] = set()
        """Those of an earlier start that were not cancelled in this one yet."""

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        standing = tuple((*key, report.recv_ns) for key, report in self._standing.items())
        return (*self._never.items(), *standing, *sorted(self._ask_ns.items()), *sorted(self._earlier))

    def standing(self) -> list[ev.OrderReport]:
        """What stands at a venue and should not, as far as is known: no stop and no kill is over before it is gone."""
        return list({**self._engine.ghosts, **self._standing}.values())

    def refused(self) -> list[Order]:
        """Orders that ended without having been in the book, though their request was sent: by a refusal, or by the
        venue's proof that they are not there."""
        found = map(self._engine.orders.get, self._never)
        return [order for order in found if order is not None and has_left(order)]

    def marks(self) -> list[list[str]]:
        """What a snapshot keeps: why each should not stand, and the last word of it."""
        return [[self._never.get(key[0], ""), pack(report).hex()] for key, report in self._standing.items()]

    def restore(self, saved: Sequence[Sequence[str]], client_ids: Sequence[str]) -> None:
        """Take over what stood when a snapshot was taken, and of its orders, oldest first, those that never were."""
        for order in map(self._engine.orders.get, client_ids):
            # What is not there by the venue's proof has no state of its own: it is cancelled, and was not accepted.
            if order is not None and not order.accepted and order.state in (*REFUSED, OrderState.CANCELED):
                self._never[order.client_id] = order.reason
        for why, text in saved:
            report: Any = unpack(bytes.fromhex(text))
            if report.venue in self._engine.venues:
                self._never[report.client_id] = why
                self._standing[report.client_id, report.venue_id] = report

    def begin(self) -> None:
        """The process is another one."""
        self._earlier = set(self._standing)

    def on_market(self, now_ns: int, market: Market) -> None:
        """A market is heard of: what stood there when an earlier start ended is cancelled again, and holds it."""
        for key in sorted(self._earlier):
            report = _at(self._standing[key], now_ns)
            if (report.venue, report.symbol) == (market.venue.name, market.symbol):
                self._earlier.remove(key)
                self._stand(key, report, report)

    def on_order(self, event: Any, order: Order) -> None:
        """Take any word about an order, after it was applied."""
        client_id = order.client_id
        if order.is_open:
            return
        kind = type(event)
        key = (client_id, event.venue_id or order.venue_id)
        if kind in (ev.OrderRejected, ev.OrderDenied, ev.OrderAbsent) and not order.accepted:
            if order.state in REFUSED or kind is ev.OrderAbsent:
                self._never[client_id] = order.reason
                self._engine.unnamed.refused(order)
                if kind is ev.OrderAbsent:
                    self._gone(key)
                if len(self._never) > KEPT_MAX:
                    # Never one that stands: no word of its end has come.
                    standing = {name for name, _ in self._standing}
                    oldest = next((name for name in self._never if name not in standing), "")
                    if oldest:
                        self._forget(oldest)
        elif client_id in self._never:
            if key[1] and (_is_life(event) or _is_end(event)):
                # The first word of it may have come without its id.
                self._gone((client_id, ""))
            if _is_life(event):
                # Of a second one of a request the order's own sum says nothing.
                filled = order.cum_size if key[1] == order.venue_id else getattr(event, "cum_size", 0)
                if filled < order.size:
                    self._cancel(event, order, max(filled, 0))
                else:
                    self._gone(key)
            elif _is_end(event):
                # By the venue's word; what a list shows of it later is of before.
                self._gone(key)
                if not any(name == client_id for name, _ in self._standing):
                    self._forget(client_id)
            else:
                self._failed(key, event)

    def on_other(self, event: Any) -> None:
        """Take news of an order that is not here: it may have the client id of one that is."""
        kind = type(event)
        if kind is ev.OrderAbsent:
            # Such a one was asked about by the venue's id alone.
            for key in [key for key, each in self._standing.items() if (each.venue, key[1]) == _named(event)]:
                self._gone(key)
        order = self._engine.orders.get(event.client_id)
        if order is None or order.venue != event.venue:
            return
        key = (event.client_id, event.venue_id)
        if key in self._standing:
            if _is_end(event):
                self._gone(key)
            elif _is_life(event):
                report = _at(self._standing[key], event.recv_ns)
                self._stand(key, report, report)
            else:
                self._failed(key, event)
            return
        is_second = event.venue_id and order.venue_id and event.venue_id != order.venue_id
        # A list that trails shows one again that is over.
        is_news = kind is ev.OrderAccepted or (_is_life(event) and order.client_id not in self._never)
        if is_second and is_news:
            self._never.setdefault(order.client_id, f"there is {order.venue_id} of the same request")
            self._cancel(event, order, max(getattr(event, "cum_size", 0), 0))

    def asked(self, command: ev.QueryOrder) -> bool:
        """Whether a question is about one of these, and about nothing else."""
        for key, report in self._standing.items():
            if _named(command) == (report.venue, key[1]) and command.client_id in ("", key[0]):
                self._ask_ns[key] = command.recv_ns + ASK_NS
                return command.client_id not in self._engine.venues[command.venue].doubtful
        return False

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Cancel what is due, and ask about what was not heard of for a while."""
        engine = self._engine
        for (client_id, venue_id), ghost in list(engine.ghosts.items()):
            market = engine.markets.get((ghost.venue, ghost.symbol))
            # A stop and a kill wait for no earlier try that got nowhere.
            if ghost.recv_ns <= now_ns or (market is not None and ghost.recv_ns - AGAIN_NS < market.stop_asked_ns):
                reason = "ended, and listed as open"
                engine.emit(ev.Cancel(now_ns, ghost.venue, ghost.symbol, client_id, venue_id, reason))
        for (client_id, venue_id), due_ns in list(self._ask_ns.items()):
            report = self._standing[client_id, venue_id]
            if due_ns <= now_ns and engine.venues[report.venue].private_up:
                order = engine.orders.get(client_id)
                # By the client id of a second one of a request the venue would tell of the first.
                is_second = order is not None and order.venue_id not in ("", venue_id)
                engine.emit(ev.QueryOrder(now_ns, report.venue, "" if is_second else client_id, venue_id))

    # --- small ------------------------------------------------------------------------------------------------------

    def _cancel(self, event: Any, order: Order, filled: int) -> None:
        venue_id = event.venue_id or order.venue_id
        report = ev.OrderReport(
            event.recv_ns,
            event.venue_ns,
            order.venue,
            order.client_id,
            venue_id,
            order.symbol,
            order.side,
            "new",
            order.price,
            order.size,
            filled,
            "",
            "stream",
        )
        self._stand((order.client_id, venue_id), report, report)
        if order.client_id not in self._told:
            self._told.add(order.client_id)
            why = self._never[order.client_id]
            self._engine.tell(f"{order.venue}: order {order.client_id} should not stand ({why}): cancelling it")

    def _failed(self, key: Key, event: Any) -> None:
        """A word of one that stands and does not end it: its cancel got nowhere, or nobody knows."""
        report = self._standing.get(key)
        if report is None or type(event) not in (ev.CancelRejected, ev.OutcomeUnknown):
            return
        if _is_gone(event):
            # Mostly its fill is on the way: asked a little later, as about any order.
            self._stand(key, _at(report, event.recv_ns), None)
            self._ask_ns[key] = event.recv_ns + GONE_SETTLE_NS
        else:
            self._engine.ghosts[key] = _at(report, event.recv_ns + AGAIN_NS)
        self._engine.wake_upkeep()

    def _stand(self, key: Key, report: ev.OrderReport, ghost: ev.OrderReport | None) -> None:
        """ghost: to be cancelled, None: not now."""
        engine = self._engine
        self._standing[key] = report
        self._ask_ns[key] = report.recv_ns + ASK_NS
        engine.ghosts.pop(key, None)
        if ghost is not None:
            engine.ghosts[key] = ghost
        market = engine.markets.get((report.venue, report.symbol))
        if market is not None:
            market.astray_ns = report.recv_ns
            market.astray_since_ns = market.astray_since_ns or report.recv_ns
            self._count(market)
        engine.wake_upkeep()

    def _gone(self, key: Key) -> None:
        """It does not stand any more."""
        report = self._standing.pop(key, None)
        self._ask_ns.pop(key, None)
        self._earlier.discard(key)
        self._engine.ghosts.pop(key, None)
        market = None if report is None else self._engine.markets.get((report.venue, report.symbol))
        if market is not None and not self._count(market):
            market.astray_ns = market.astray_since_ns = 0
            market.changed = True

    def _count(self, market: Market) -> int:
        """Let what these may still fill count at worst in their market; returns how many they are."""
        here = (market.venue.name, market.symbol)
        reports = [report for report in self._standing.values() if (report.venue, report.symbol) == here]
        rests = [report.side * max(0, report.size - report.cum_size) for report in reports]
        market.stray_buys = sum(rest for rest in rests if rest > 0)
        market.stray_sells = -sum(rest for rest in rests if rest < 0)
        return len(reports)

    def _forget(self, client_id: str) -> None:
        del self._never[client_id]
        self._told.discard(client_id)
        for key in [key for key in self._standing if key[0] == client_id]:
            self._gone(key)


def has_left(order: Order) -> bool:
    """Whether an order's request was sent, and nothing says that it was taken."""
    return not order.is_open and not order.accepted and order.state is not OrderState.DENIED


def _is_life(event: Any) -> bool:
    """Whether a word says that an order is in the book, or was when it filled."""
    kind = type(event)
    return kind in (ev.OrderAccepted, ev.OrderAmended, ev.Fill) or (kind is ev.OrderReport and event.status in LIVE)


def _is_end(event: Any) -> bool:
    """Whether a word says that an order is not in the book any more."""
    kind = type(event)
    if kind is ev.OrderReport:
        return event.status not in LIVE
    return kind in ENDED


def _is_gone(event: Any) -> bool:
    return type(event) is ev.CancelRejected and bool(event.gone)


def _named(event: Any) -> tuple[str, str]:
    """A venue, and its id of the order that a word or a question is about."""
    return event.venue, event.venue_id


def _at(report: ev.OrderReport, recv_ns: int) -> ev.OrderReport:
    """The same report of another moment."""
    fields: tuple[Any, ...] = report.values()[1:]
    return ev.OrderReport(recv_ns, *fields)

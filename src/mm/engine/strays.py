"""Executions from before this start whose order nobody here knows: ours, if the end of the journal was lost.

A journal that was cut, or an older copy of its folder, has forgotten orders that are at the venue with all that they
filled. The venue's history tells of the executions; whose they are is said by the client id of their order. Where the
execution does not carry one, the order is asked for by the venue's id. Until that is known nothing is quoted there, no
difference is taken for somebody else's doing, and what the account held before is not concluded.

Only what the history has beyond the last booked fill is asked about, and without a client id only until the venue is
first up: from then on every order of ours is known. Pure, as all of the engine: the answers are events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.orders import Order

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.venue import VenueState

TIMES_NS: Final = 1_000_000_000
"""How far two paths may differ about the time of one execution; far less than it takes to forget an order."""
ASK_AGAIN_NS: Final = 30_000_000_000
ASKED_MAX: Final = 10
"""Under way at once: what one round of reads looks up."""
STRAYS_MAX: Final = 1_000
"""As many as the store keeps executions aside of. Beyond them the balances tell, and halt."""
ADOPTED: Final = "adopted"
HEDGE: Final = "hedge"
QUOTE: Final = "quote"
CLOSED: Final = frozenset({"filled", "canceled", "expired"})

Key = tuple[str, str]
"""Venue, and the venue's id of the order (its client id where it has none)."""


class Strays:
    """What is not known yet, of all venues. since_epoch: the first start of the journal; starts before it are of a
    folder that is gone, and what they did is in the balances."""

    def __init__(self, engine: Engine, epoch: int) -> None:
        self._engine = engine
        self.since_epoch = epoch
        self.booked_ns: dict[str, int] = {}
        """By venue of an earlier start, since when executions may be missing; of a first start there are none."""
        self._venues: list[str] = []
        self._orders: dict[Key, tuple[str, str, int]] = {}
        """Symbol, client id ('' not told), and when it was asked for."""
        self._absent: set[Key] = set()
        """The venue does not know them either."""

    def __bool__(self) -> bool:
        return bool(self._orders)

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (
            self.since_epoch,
            sorted(self.booked_ns.items()),
            sorted(self._orders.items()),
            sorted(self._absent),
        )

    def marks(self) -> dict[str, Any]:
        """What `restore` takes back."""
        return {
            "since_epoch": self.since_epoch,
            "booked_ns": self.booked_ns,
            "orders": [[*key, *each] for key, each in self._orders.items()],
        }

    def restore(self, saved: dict[str, Any] | None, epoch: int, venues: list[str]) -> None:
        """Take back what `marks` gave; epoch: of the start that the state is of, for one written without them; venues:
        those of its starts that this one has too."""
        self._venues = venues
        self.since_epoch = saved["since_epoch"] if saved is not None else epoch
        if saved is not None:
            self.booked_ns = dict(saved["booked_ns"])
            self._orders = {(venue, name): (symbol, own, 0) for venue, name, symbol, own, _ in saved["orders"]}

    def begin(self) -> None:
        """The process is another one: what the one before did not book is to be found."""
        engine = self._engine
        self.booked_ns = {
            name: max(engine.started_ns, engine.venues[name].history_ns - TIMES_NS) for name in self._venues
        }
        self._orders = {key: (symbol, own, 0) for key, (symbol, own, _) in self._orders.items()}
        self._absent.clear()
        engine.unnamed.begin()
        engine.reconciling.hold()

    def is_of_journal(self, client_id: str) -> bool:
        """Whether an order is of a start since the journal's first one, so that all that it filled is to be booked."""
        ids = self._engine.ids
        return ids.is_own(client_id) and ids.epoch_of(client_id) >= self.since_epoch

    def concerned(self) -> list[tuple[str, str]]:
        """The markets where something is not known yet."""
        return sorted({(venue, symbol) for (venue, _), (symbol, _, _) in self._orders.items()})

    def of_venue(self, venue: str) -> bool:
        """Whether something of a venue is not known yet."""
        return any(key[0] == venue for key in self._orders)

    # --- apply ------------------------------------------------------------------------------------------------------

    def take(self, fill: ev.Fill) -> None:
        """Take a fill without an order: where it may be ours its order is asked for."""
        if not self._is_booked(fill) and not self._is_wanted(fill):
            self._engine.unnamed.take(fill)
            self._not_ours(fill)

    def _is_booked(self, fill: ev.Fill) -> bool:
        """Whether a fill is told again so late that its order is forgotten, with its executions: only an order whose
        fills are all booked is. Taken over once more it would have them booked once more."""
        engine = self._engine
        if engine.orders.has_forgotten(fill.client_id):
            return True
        # Those who are forgotten are many, and their names are forgotten too; what this start has placed it has known.
        return engine.ids.is_own(fill.client_id) and engine.ids.epoch_of(fill.client_id) == engine.epoch

    def _not_ours(self, fill: ev.Fill) -> None:
        self._engine.perpetuals.on_foreign_fill(fill)
        self._engine.reconciling.foreign(fill)

    def _is_wanted(self, fill: ev.Fill) -> bool:
        engine = self._engine
        booked_ns = self.booked_ns.get(fill.venue)
        if booked_ns is None or fill.venue_ns < booked_ns or (fill.venue, fill.symbol) not in engine.markets:
            return False
        if fill.client_id:
            if not self.is_of_journal(fill.client_id):
                return False
        elif engine.venues[fill.venue].was_ready:
            return False
        key = (fill.venue, fill.venue_id or fill.client_id)
        if key not in self._orders:
            if len(self._orders) >= STRAYS_MAX:
                return False
            self._orders[key] = (fill.symbol, fill.client_id, 0)
            engine.reconciling.hold()
            engine.wake_upkeep()
        return True

    def is_missed(self, report: ev.OrderReport) -> bool:
        """Whether an order that is over is one of ours whose executions wait here."""
        if not self.is_of_journal(report.client_id):
            return False
        return (report.venue, report.venue_id) in self._orders or (report.venue, report.client_id) in self._orders

    def adopt(self, report: ev.OrderReport) -> Order:
        """Take over an own order that nobody here knows, with its executions."""
        engine = self._engine
        is_of_journal = self.is_of_journal(report.client_id)
        purpose, strategy = self._whose(report) if is_of_journal else (ADOPTED, "")
        order = engine.orders.adopt(report, strategy, purpose)
        fills = engine.orders.take_fills(order)
        if not is_of_journal:
            # What it filled before this start is not this run's.
            fills = [fill for fill in fills if fill.venue_ns >= engine.started_ns]
            engine.orders.settle_elsewhere(order, order.cum_size - sum(fill.size for fill in fills))
        if order.is_open:
            engine.earlier.add(order.client_id)
        for fill in fills:
            engine.apply_fill(priced(fill))
        self.known(report)
        engine.wake_upkeep()
        return order

    def _whose(self, report: ev.OrderReport) -> tuple[str, str]:
        """What an order was for, and as which strategy it went, by its client id and where it is."""
        engine = self._engine
        purpose = engine.ids.purpose_of(report.client_id)
        key = (report.venue, report.symbol)
        if purpose == HEDGE:
            # Of several desks the one that owes the most: what is paid must not be hedged again.
            desks = [desk for desk in engine.desks.values() if key in desk.names]
            desk = max(desks, key=lambda each: abs(each.ledger.net), default=None)
            return purpose, desk.names[key] if desk is not None else ""
        market = engine.markets.get(key)
        return purpose, market.strategy_name if purpose == QUOTE and market is not None else ""

    def asked(self, command: ev.QueryOrder) -> bool:
        """Whether a question is about one of these."""
        key = (command.venue, command.venue_id or command.client_id)
        found = self._orders.get(key)
        if found is None:
            return False
        self._orders[key] = (found[0], found[1], command.recv_ns)
        return True

    def known(self, event: ev.OrderReport) -> None:
        """It is known whose an order is: ours, and taken over with its executions, or somebody else's."""
        found = [key for key in ((event.venue, event.venue_id), (event.venue, event.client_id)) if key in self._orders]
        for key in found:
            del self._orders[key]
            self._absent.discard(key)
        if found and self._engine.orders.by_venue_id(event.venue, event.venue_id) is None:
            for fill in self._engine.orders.quarantined():
                if type(fill) is ev.Fill and (fill.venue, fill.venue_id) in found:
                    self._not_ours(fill)
        if found:
            self._settled(self._engine.venues[event.venue], event.recv_ns)

    def absent(self, event: ev.OrderAbsent) -> None:
        """The venue proves that it does not know an order whose executions it has told: who knows whose it was."""
        key = (event.venue, event.venue_id or event.client_id)
        if key in self._orders:
            self._absent.add(key)
            self._engine.wake_upkeep()

    def give_up(self, venue: str, symbol: str) -> None:
        """What nobody knows is told as a difference, which halts from here on."""
        given_up = [key for key in sorted(self._absent) if key[0] == venue and self._orders[key][0] == symbol]
        for key in given_up:
            del self._orders[key]
            self._absent.discard(key)
        if given_up:
            self._settled(self._engine.venues[venue], self._engine.last_ns)

    def _settled(self, venue: VenueState, recv_ns: int) -> None:
        engine = self._engine
        if venue.private_up and not self.of_venue(venue.name):
            # What had to wait until everything is booked that was there before.
            engine.news.conclude(venue, recv_ns)
        engine.reconciling.hold()
        engine.wake_upkeep()

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Ask for what is not known, and tell what never will be."""
        engine = self._engine
        for key in sorted(self._absent):
            if key not in self._absent:
                continue
            venue, name = key
            symbol = self._orders[key][0]
            fills = [fill for fill in engine.orders.quarantined() if type(fill) is ev.Fill and fill.symbol == symbol]
            amount = sum(fill.side * fill.size for fill in fills if (fill.venue, fill.venue_id) in self._absent)
            size = engine.markets[venue, symbol].instrument.base_text(amount)
            evidence = f"executions of order {name} and perhaps others, which the venue does not know"
            engine.emit(
                ev.Difference(now_ns, venue, "fill", symbol, "not known", size, amount, evidence, "unexplained")
            )
        under_way = sum(1 for *_, asked_ns in self._orders.values() if now_ns - asked_ns < ASK_AGAIN_NS)
        for (venue, name), (_, client_id, asked_ns) in list(self._orders.items()):
            if under_way >= ASKED_MAX:
                break
            if engine.venues[venue].private_up and now_ns - asked_ns >= ASK_AGAIN_NS:
                under_way += 1
                engine.emit(ev.QueryOrder(now_ns, venue, client_id, name if name != client_id else ""))


def priced(fill: ev.Fill) -> ev.Fill:
    """A fill that waited for its order: where the market stands by now has no part in it, so that one which was told
    without a market captured nothing."""
    if fill.middle2:
        return fill
    *told, _ = fill.values()
    return ev.Fill(*told, 2 * fill.price)  # type: ignore[arg-type, call-arg]  # the values of the very class

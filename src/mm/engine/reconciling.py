"""Our books against the venues', again and again: what each says of orders, fills, balances, positions and funding.

Every `run.reconcile_s`, and after each connect, a venue's whole word is read (`Reconcile` to the link, `AccountRead`
back). What the reads tell is applied as ever: a fill that was missing is booked once, an order that a list leaves out
is asked for until two complete reads agree, one of ours that nobody here knows is taken back and cancelled. What came
of it is told here as a `Difference` with its evidence, and what is left over halts its instrument: nothing is quoted
there until it explains itself or an operator accepts it. What a run cannot know at its end is told as well.

`apply` changes what is unexplained; the judgement is made in `decide`, from reads that a replay need not judge again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.fixed import amount_text
from mm._core.orders import Order, OrderState
from mm.engine.differences import (
    ACCEPTED,
    BOOKED,
    CANCELLED,
    CLOSED,
    EXPLAINED,
    EXTERNAL,
    OVER,
    TAKEN_BACK,
    UNCOMPARED,
    UNEXPLAINED,
    as_json,
    clock,
    told,
)
from mm.engine.holdings import Holding, holdings
from mm.engine.suspects import TRAIL_NS, Suspects
from mm.exchanges.audit import PROOF
from mm.instruments import AMOUNT_PRECISION

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.engine.venue import VenueState

SECOND_NS: Final = 1_000_000_000
CONFIRM_NS: Final = 8 * SECOND_NS
"""Between two reads while a difference does not count yet."""
ANSWER_NS: Final = 60 * SECOND_NS
"""A round that takes longer was lost: the venue is asked again."""
GAP_NS: Final = 3 * SECOND_NS
"""Deal and position of one fill come on channels of their own: a difference for a moment is none."""
LASTING_NS: Final = TRAIL_NS - SECOND_NS
"""Two rounds of half a minute are enough, however exactly the second of them comes."""
LATE_FUNDING_NS: Final = 100 * SECOND_NS
"""Later than a settlement is looked for by itself."""
RECENT_MAX: Final = 200
FOREIGN_MAX: Final = 2000
QUERY: Final = "query"
ASKED: Final = "asked for"
VERIFY: Final = "verify"
"""An operator's word: what a kill has left, by the venues' lists of open orders."""
LIVE: Final = frozenset({"pending_new", "new", "partially_filled"})

Key = tuple[str, str, str]
"""Venue, what, subject."""


class Reads:
    """What is known of a venue's whole word. Times in ns UTC, 0 never. orders_ns: when the newest complete list of open
    orders was asked for: of what came later it says nothing, however late it was answered."""

    __slots__ = (
        "asked_ns",
        "before_ns",
        "begun_ns",
        "calls",
        "cost",
        "is_complete",
        "judged_ns",
        "orders_ns",
        "read_ns",
        "reason",
        "rounds",
    )

    def __init__(self) -> None:
        self.asked_ns = self.before_ns = self.begun_ns = self.read_ns = self.judged_ns = self.orders_ns = 0
        self.calls = self.cost = self.rounds = 0
        self.is_complete = False
        self.reason = ""

    @property
    def is_fresh(self) -> bool:
        """It is all here, and was not compared yet."""
        return self.is_complete and self.read_ns > self.judged_ns

    def agreed_since(self, since_ns: int) -> bool:
        """Whether two complete reads began after a moment."""
        return self.is_complete and self.before_ns > since_ns

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return tuple(getattr(self, name) for name in self.__slots__)


class Reconciling:
    """See the module's text. period_ns: 0 never reads by itself.

    reads: by venue; unexplained: how much, by venue, what and subject; recent: the newest differences;
    count: of all; uncompared: what a stop leaves open, by the same keys, with its evidence.
    """

    def __init__(self, engine: Engine, period_ns: int) -> None:
        self._engine = engine
        self.period_ns = period_ns
        self.reads = {name: Reads() for name in engine.venues}
        self.unexplained: dict[Key, int] = {}
        self.recent: deque[ev.Difference] = deque(maxlen=RECENT_MAX)
        self.count = 0
        self.uncompared: dict[Key, tuple[int, str]] = {}
        # From here on nothing is part of the state: the judgement of this process, which a replay does not make again.
        self._suspects = {name: Suspects() for name in engine.venues}
        self._before: dict[str, dict[str, Holding]] = {}
        self._found: list[tuple[str, str, str, str, str, int, str, str]] = []
        self._counts: Counter[str] = Counter()
        self._short: dict[str, tuple[int, int]] = {}
        """Orders of which fills are missing: since when, and the round that showed it first."""
        self._foreign: dict[tuple[str, str, str], ev.Fill] = {}
        """Fills of orders that are not ours, by venue, symbol and execution."""
        self._settled: set[tuple[str, str, str, str]] = set()
        """Of those, by asset too, what has been booked as somebody else's doing."""
        self._accepts: list[str] = []
        self._wanted: dict[str, str] = {}
        handlers = engine.handlers
        handlers[ev.Reconcile] = self._on_reconcile
        handlers[ev.AccountRead] = self._on_account_read
        handlers[ev.Reconciled] = self._on_reconciled
        handlers[ev.Difference] = self._on_difference
        handlers[ev.OrderReport] = self._report(handlers[ev.OrderReport])
        handlers[ev.OrderAbsent] = self._absent(handlers[ev.OrderAbsent])
        handlers[ev.FundingPaid] = self._funding(handlers[ev.FundingPaid])

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        reads = [(name, each.facts()) for name, each in sorted(self.reads.items())]
        return (reads, sorted(self.unexplained.items()))

    def durable(self) -> list[list[Any]]:
        """What a restart must know: what is unexplained, and halts its instruments."""
        return [[*key, amount] for key, amount in sorted(self.unexplained.items())]

    def restore(self, saved: list[list[Any]]) -> None:
        """Take back what `durable` gave."""
        self.unexplained = {(str(v), str(w), str(s)): int(amount) for v, w, s, amount in saved}
        self.hold()

    # --- what is applied --------------------------------------------------------------------------------------------

    def on_up(self, venue: VenueState, recv_ns: int) -> None:
        """A session reads everything before it is up: that is a round of its own."""
        reads = self.reads[venue.name]
        reads.begun_ns = venue.private_down_ns or self._engine.begun_ns
        reads.asked_ns = reads.read_ns = recv_ns
        reads.is_complete, reads.calls, reads.cost = True, 0, 0
        reads.reason = "read at the connect"
        self._engine.wake_upkeep()

    def on_down(self, venue: VenueState) -> None:
        """What was being read is read anew once it is up again."""
        self._suspects[venue.name].forget()

    def _on_reconcile(self, command: ev.Reconcile) -> None:
        self.reads[command.venue].asked_ns = command.recv_ns

    def _on_account_read(self, event: ev.AccountRead) -> None:
        reads = self.reads[event.venue]
        reads.before_ns = reads.begun_ns if reads.is_complete else 0
        reads.begun_ns, reads.read_ns, reads.is_complete = event.begun_ns, event.recv_ns, event.is_complete
        reads.calls, reads.cost, reads.reason = event.calls, event.cost, event.reason
        for market in self._engine.venues[event.venue].markets.values():
            if market.perpetual is not None:
                self._engine.perpetuals.look(market, event.recv_ns)
        self._engine.wake_upkeep()

    def _on_reconciled(self, event: ev.Reconciled) -> None:
        reads = self.reads[event.venue]
        reads.judged_ns = event.recv_ns
        reads.rounds += 1

    def _on_difference(self, event: ev.Difference) -> None:
        engine = self._engine
        self.recent.append(event)
        key = (event.venue, event.what, event.subject)
        if event.verdict == UNCOMPARED:
            self.uncompared[key] = (event.amount, event.evidence)
            return
        self.count += 1
        self.uncompared.pop(key, None)
        if event.what == "balance" and event.verdict in (EXTERNAL, ACCEPTED):
            engine.accounts.on_flow(event.venue, event.subject, event.amount)
        if event.what == "fill" and event.verdict == ACCEPTED:
            order = engine.orders.get(event.subject)
            if order is not None:
                engine.orders.settle_elsewhere(order, order.cum_size - order.booked)
        if event.verdict == UNEXPLAINED:
            self.unexplained[key] = event.amount
            if event.what == "fill":
                engine.strays.give_up(event.venue, event.subject)
        elif event.verdict in OVER:
            self.unexplained.pop(key, None)
        else:
            return
        self.hold()
        engine.tell(told(event))

    def hold(self) -> None:
        """Halt what is unexplained, and what is hedged there; let go what is not any more."""
        why: dict[tuple[str, str], str] = {}
        for (venue, what, subject), _ in sorted(self.unexplained.items()):
            text = f"halted: {venue} says otherwise about {what} {subject} than was booked (mm reconcile)"
            for key in self._concerned(venue, what, subject):
                why.setdefault(key, text)
        for key in self._engine.strays.concerned():
            why.setdefault(key, f"halted: asking {key[0]} whose executions are that it tells of and nobody here knows")
        for desk in self._engine.desks.values():
            for key in desk.markets:
                if key in why:
                    why.setdefault(desk.primary, why[key])
        for key, market in self._engine.markets.items():
            text = why.get(key, "")
            if market.halted != text:
                market.halted = text
                market.changed = True

    def _concerned(self, venue: str, what: str, subject: str) -> list[tuple[str, str]]:
        """The markets that a difference is about."""
        order = self._engine.orders.get(subject) if what == "fill" else None
        concerned = []
        for key, market in self._engine.markets.items():
            instrument = market.instrument
            assets = {instrument.settle} if instrument.is_contract else {instrument.base, instrument.quote}
            if key[0] == venue and (
                market.symbol in (subject, order.symbol if order is not None else "")
                or (what == "balance" and subject in {*assets, *market.position.fees})
            ):
                concerned.append(key)
        return concerned

    def matches(self, scope: str) -> bool:
        """Whether something that is unexplained is meant by a scope, see `accept`."""
        return any(_is_meant(scope, venue, subject) for venue, _, subject in self.unexplained)

    def accept(self, scope: str) -> None:
        """An operator accepts what is unexplained: of a venue, of one subject there ("kraken BTC"), or all ("")."""
        self._accepts.append(scope)
        self._engine.wake_upkeep()

    def want(self, *, is_proof: bool = False) -> None:
        """An operator wants every venue read now; is_proof: to know what a kill has left, which waits for no round."""
        self._wanted = dict.fromkeys(self._engine.venues, PROOF if is_proof else ASKED)
        self._engine.wake_upkeep()

    # --- what is noticed while it is applied ------------------------------------------------------------------------

    def _report(self, handler: Callable[[Any], object]) -> Callable[[Any], None]:
        def handle(event: ev.OrderReport) -> None:
            engine = self._engine
            before = engine.orders.get(event.client_id) or engine.orders.by_venue_id(event.venue, event.venue_id)
            was_open = before is not None and before.is_open
            is_back = before is not None and not was_open and event.status in LIVE
            if before is not None and is_back and event.recv_ns - before.updated_ns > TRAIL_NS:
                # No list trails for so long: it stands there.
                engine.listed_ns.setdefault(before.client_id, before.updated_ns)
            was_ghost = before is not None and (before.client_id, event.venue_id) in engine.ghosts
            handler(event)
            order = before or engine.orders.get(event.client_id)
            if event.source != QUERY:
                return
            evidence = f"the venue's own row of order {event.venue_id or event.client_id}"
            if was_open and order is not None and not order.is_open:
                ended = f"{event.status}{f' ({event.reason})' if event.reason else ''}"
                self._find(event, "order", order.client_id, "open", ended, evidence, CLOSED)
            elif before is None and order is not None:
                self._find(event, "order", order.client_id, "not known", event.status, evidence, TAKEN_BACK)
            elif is_back and order is not None and (order.client_id, event.venue_id) in engine.ghosts and not was_ghost:
                self._find(event, "order", order.client_id, order.state.name.lower(), event.status, evidence, CANCELLED)

        return handle

    def _absent(self, handler: Callable[[Any], object]) -> Callable[[Any], None]:
        def handle(event: ev.OrderAbsent) -> None:
            order = self._engine.orders.get(event.client_id)
            was_open = order is not None and order.is_open
            state = order.state.name.lower() if order is not None else ""
            handler(event)
            if was_open and order is not None and not order.is_open:
                self._find(event, "order", order.client_id, state, "not there", event.evidence, CLOSED)

        return handle

    def _funding(self, handler: Callable[[Any], object]) -> Callable[[Any], None]:
        def handle(event: ev.FundingPaid) -> None:
            market = self._engine.markets.get((event.venue, event.symbol))
            perpetual = market.perpetual if market is not None else None
            before = dict(perpetual.funding) if perpetual is not None else {}
            handler(event)
            if perpetual is None or perpetual.funding == before or event.recv_ns - event.venue_ns < LATE_FUNDING_NS:
                return
            theirs = f"{amount_text(event.amount)} {event.asset}"
            evidence = f"record {event.record_id or event.venue_ns}"
            self._find(event, "funding", event.symbol, "not booked", theirs, evidence, BOOKED, event.amount)

        return handle

    def late(self, event: ev.Fill) -> None:
        """A fill was booked that had not been told when it happened."""
        engine = self._engine
        venue = engine.venues[event.venue]
        age_ns = event.recv_ns - event.venue_ns + venue.clock_offset_ns
        market = engine.markets.get((event.venue, event.symbol))
        if market is None:
            return
        instrument = market.instrument
        theirs = f"{'bought' if event.side > 0 else 'sold'} {instrument.base_text(event.size)}"
        theirs += f" at {instrument.price_text(event.price)}"
        evidence = f"execution {event.execution_id}, told {age_ns / SECOND_NS:.1f} s after it happened"
        amount = event.side * event.size
        self._find(event, "fill", event.symbol, "not booked", theirs, evidence, BOOKED, amount)

    def foreign(self, event: ev.Fill) -> None:
        """A fill of an order that is not ours: on spot it moves the balances. (Contracts: see `Perpetuals`.)"""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is None or market.instrument.is_contract or event.venue_ns < self._engine.started_ns:
            return
        self._foreign.setdefault((event.venue, event.symbol, event.execution_id), event)
        if len(self._foreign) > FOREIGN_MAX:
            del self._foreign[next(iter(self._foreign))]

    def external(self, market: Market, recv_ns: int, gap: int, evidence: str) -> None:
        """A position changed without an order of ours, and was booked."""
        left = market.instrument.base_text(market.position.quantity)
        ours = market.instrument.base_text(market.position.quantity - gap)
        self._found.append((market.venue.name, "position", market.symbol, ours, left, gap, evidence, EXTERNAL))
        self._engine.wake_upkeep()

    def _find(
        self, event: Any, what: str, subject: str, ours: str, theirs: str, evidence: str, verdict: str, amount: int = 0
    ) -> None:
        self._found.append((event.venue, what, subject, ours, theirs, amount, evidence, verdict))
        self._engine.wake_upkeep()

    # --- what is decided --------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Tell what was found, compare what was read, ask for what is due."""
        found, self._found = self._found, []
        for each in found:
            self._tell(now_ns, *each)
        accepts, self._accepts = self._accepts, []
        for scope in accepts:
            self._accept(now_ns, scope)
        for venue in self._engine.venues.values():
            self._sample(now_ns, venue)
            if venue.private_up and self.reads[venue.name].is_fresh:
                self._judge(now_ns, venue)
            if self._engine.is_stopping:
                self._leave(now_ns, venue)
            elif venue.private_up:
                self._ask(now_ns, venue)

    def _ask(self, now_ns: int, venue: VenueState) -> None:
        reads = self.reads[venue.name]
        wanted = self._wanted.get(venue.name, "")
        if wanted != PROOF and reads.read_ns < reads.asked_ns and now_ns - reads.asked_ns < ANSWER_NS:
            # Under way.
            return
        if wanted:
            del self._wanted[venue.name]
            self._engine.emit(ev.Reconcile(now_ns, venue.name, wanted))
            return
        if not self.period_ns:
            return
        in_doubt = bool(self._suspects[venue.name]) or self._is_odd(now_ns, venue)
        wait_ns = min(CONFIRM_NS, self.period_ns) if in_doubt else self.period_ns
        due_ns = reads.asked_ns + wait_ns
        if now_ns >= due_ns:
            self._engine.emit(ev.Reconcile(now_ns, venue.name, "to confirm" if in_doubt else "due"))
        else:
            self._engine.upkeep_due_ns = min(self._engine.upkeep_due_ns, due_ns)

    def _is_odd(self, now_ns: int, venue: VenueState) -> bool:
        """Fills are missing, an order that is over was listed, or a position is not what our fills add up to."""
        orders = self._engine.orders
        named = [orders.get(client_id) for client_id in (*self._short, *self._engine.listed_ns)]
        if any(order is not None and order.venue == venue.name for order in named):
            return True
        return any(
            market.perpetual is not None and market.perpetual.gap and now_ns - market.perpetual.gap_ns >= GAP_NS
            for market in venue.markets.values()
        )

    def _sample(self, now_ns: int, venue: VenueState) -> None:
        """Keep what the account should have held before the newest executions."""
        executions = sum(market.position.fill_count for market in venue.markets.values())
        suspects = self._suspects[venue.name]
        if suspects.has_executed(executions):
            suspects.sample(now_ns, executions, self._before.get(venue.name, {}))
            self._before[venue.name] = holdings(self._engine, venue)

    def _judge(self, now_ns: int, venue: VenueState) -> None:
        """Compare a complete word with ours."""
        self._balances(now_ns, venue)
        self._missing_fills(now_ns, venue)
        reads = self.reads[venue.name]
        orders = [order for order in self._engine.orders.open() if order.venue == venue.name]
        differences = self._counts.pop(venue.name, 0)
        unexplained = sum(1 for key in self.unexplained if key[0] == venue.name)
        summary = (
            f"{len(orders)} own orders open, {venue.foreign} of others; {reads.reason}"
            f"{f' with {reads.calls} calls, {reads.cost} points' if reads.calls else ''}"
        )
        self._engine.emit(ev.Reconciled(now_ns, venue.name, reads.begun_ns, differences, unexplained, summary))

    def _balances(self, now_ns: int, venue: VenueState) -> None:
        if venue.name not in self._engine.accounts.opened or self._engine.strays.of_venue(venue.name):
            return
        if self._engine.unnamed.holds(now_ns, venue.name):
            return
        expected = self._before[venue.name] = holdings(self._engine, venue)
        known = {key[2]: amount for key, amount in self.unexplained.items() if key[:2] == (venue.name, "balance")}
        for asset, beyond in self._suspects[venue.name].judge(now_ns, expected, venue.balances, known).items():
            theirs = venue.balances.get(asset, 0)
            ours = amount_text(theirs - beyond)
            moved = self._moved_by_others(venue, asset)
            if beyond and sum(moved.values()) == beyond:
                self._settled.symmetric_difference_update((*key, asset) for key in moved)
                evidence = f"{len(moved)} fills of orders that are not ours, or were taken for that, add up to it"
                self._tell(now_ns, venue.name, "balance", asset, ours, amount_text(theirs), beyond, evidence, EXTERNAL)
                continue
            evidence = "two reads that agree, and no execution that would explain it"
            verdict = UNEXPLAINED if beyond else EXPLAINED
            self._tell(now_ns, venue.name, "balance", asset, ours, amount_text(theirs), beyond, evidence, verdict)

    def _leave(self, now_ns: int, venue: VenueState) -> None:
        """The run ends, and what it has not compared it never will: tell of the balances that are others by the venue's
        last word, and again where that changes."""
        said = {key[2]: amount for key, (amount, _) in self.uncompared.items() if key[0] == venue.name}
        for asset, beyond in self._left_open(now_ns, venue, said).items():
            theirs = venue.balances.get(asset, 0)
            ours = amount_text(theirs - beyond)
            evidence = self._since(venue, asset) if beyond else "the venue's last word is what was booked"
            self._tell(now_ns, venue.name, "balance", asset, ours, amount_text(theirs), beyond, evidence, UNCOMPARED)

    def _left_open(self, now_ns: int, venue: VenueState, said: dict[str, int]) -> dict[str, int]:
        """Balances to what a venue's last word has beyond what was booked and what was said of it, in 10^-12."""
        if not venue.was_ready or venue.name not in self._engine.accounts.opened:
            return {}
        if self._engine.strays.of_venue(venue.name):
            # It halts, and says whose executions it looks for.
            return {}
        known = {key[2]: amount for key, amount in self.unexplained.items() if key[:2] == (venue.name, "balance")}
        suspects = self._suspects[venue.name]
        return suspects.left_open(now_ns, holdings(self._engine, venue), venue.balances, known | said)

    def _since(self, venue: VenueState, asset: str) -> str:
        compared_ns = self._suspects[venue.name].compared_ns.get(asset, 0)
        since = f"since {clock(compared_ns)} " if compared_ns else ""
        away = "" if venue.private_up else f"; out of reach since {clock(venue.private_down_ns)}"
        return f"{since}no two reads agree on it{away}"

    def _moved_by_others(self, venue: VenueState, asset: str) -> dict[tuple[str, str, str], int]:
        """What fills of orders that are not ours did to an asset, in 10^-12, but for what is booked already. What was
        booked so of one that is ours after all goes back."""
        moved = {}
        for key, fill in self._foreign.items():
            market = venue.markets.get(fill.symbol)
            if fill.venue != venue.name or market is None:
                continue
            # It may have come before its order had an id.
            is_ours = self._engine.orders.knows_execution(*key)
            if is_ours is not ((*key, asset) in self._settled):
                continue
            amount = effect(market, fill, asset) * (-1 if is_ours else 1)
            if amount:
                moved[key] = amount
        return moved

    def _missing_fills(self, now_ns: int, venue: VenueState) -> None:
        """Orders whose fills add up to less than the venue says that they filled, read after read."""
        engine = self._engine
        rounds = self.reads[venue.name].rounds
        for order in self._all_orders(venue):
            key = (venue.name, "fill", order.client_id)
            if not order.fills_missing:
                self._short.pop(order.client_id, None)
                if key in self.unexplained:
                    self._tell(
                        now_ns, *key, str(order.booked), str(order.cum_size), 0, "its fills have come", EXPLAINED
                    )
                continue
            first_ns, round_number = self._short.setdefault(order.client_id, (now_ns, rounds))
            if key not in self.unexplained and rounds > round_number and now_ns - first_ns >= LASTING_NS:
                market = engine.markets.get((order.venue, order.symbol))
                size = market.instrument.base_text if market is not None else str
                evidence = "two complete reads of the fills, and the venue's own sum of the order"
                short = order.side * (order.cum_size - order.booked)
                self._tell(now_ns, *key, size(order.booked), size(order.cum_size), short, evidence, UNEXPLAINED)

    def _all_orders(self, venue: VenueState) -> Iterable[Order]:
        """Open ones, and those that are over and lack something."""
        orders = self._engine.orders
        named = {*venue.doubtful, *self._short, *(key[2] for key in self.unexplained if key[1] == "fill")}
        found = {order.client_id: order for order in orders.open() if order.venue == venue.name}
        for client_id in sorted(named):
            order = orders.get(client_id)
            if order is not None and order.venue == venue.name:
                found.setdefault(client_id, order)
        return found.values()

    def _accept(self, now_ns: int, scope: str) -> None:
        for (venue, what, subject), amount in sorted(self.unexplained.items()):
            if _is_meant(scope, venue, subject):
                self._tell(now_ns, venue, what, subject, "", "", amount, "an operator's word", ACCEPTED)

    def _tell(
        self,
        now_ns: int,
        venue: str,
        what: str,
        subject: str,
        ours: str,
        theirs: str,
        amount: int,
        evidence: str,
        verdict: str,
    ) -> None:
        self._counts[venue] += 1
        self._engine.emit(ev.Difference(now_ns, venue, what, subject, ours, theirs, amount, evidence, verdict))

    # --- what is reported -------------------------------------------------------------------------------------------

    def report(self, now_ns: int) -> dict[str, Any]:
        """The last round of each venue and the newest differences, as plain values."""
        venues = {}
        for name, reads in self.reads.items():
            venue = self._engine.venues[name]
            venues[name] = {
                "read_ns": reads.read_ns,
                "age_s": round((now_ns - reads.read_ns) / SECOND_NS, 3) if reads.read_ns else None,
                "complete": reads.is_complete,
                "what": reads.reason,
                "rounds": reads.rounds,
                "calls": reads.calls,
                "points": reads.cost,
                "own_orders": sum(1 for order in self._engine.orders.open() if order.venue == name),
                "foreign_orders": venue.foreign,
                "in_doubt": sum(
                    1
                    for order in self._engine.orders.open()
                    if order.venue == name and order.state is OrderState.UNKNOWN
                ),
                "unexplained": [
                    {"what": what, "subject": subject, "amount": str(amount)}
                    for (where, what, subject), amount in sorted(self.unexplained.items())
                    if where == name
                ],
                "uncompared": [
                    {"what": "balance", "subject": asset, "amount": str(amount), "evidence": self._since(venue, asset)}
                    for asset, amount in self._uncompared(now_ns, venue).items()
                    if amount
                ],
            }
        return {"venues": venues, "differences": [as_json(each) for each in self.recent]}

    def _uncompared(self, now_ns: int, venue: VenueState) -> dict[str, int]:
        """What is open at this moment, but for what the next round will show in any case."""
        is_late = now_ns - self.reads[venue.name].judged_ns > ANSWER_NS
        return self._left_open(now_ns, venue, {}) if is_late or self._suspects[venue.name] else {}


def _is_meant(scope: str, venue: str, subject: str) -> bool:
    return scope in ("", venue, f"{venue} {subject}")


def effect(market: Market, fill: ev.Fill, asset: str) -> int:
    """What a fill on spot does to an asset, in 10^-12."""
    instrument = market.instrument
    scale = 10**AMOUNT_PRECISION
    amount = -fill.fee if asset == fill.fee_asset else 0
    if asset == instrument.base:
        amount += instrument.base_units(fill.side * fill.size) * scale // 10**instrument.base_precision
    elif asset == instrument.quote:
        amount -= instrument.money(fill.side * fill.size * fill.price) * scale // 10**instrument.cost_precision
    return amount

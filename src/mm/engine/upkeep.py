"""What has to be done besides quoting: resyncs, orders in doubt, orders left behind, the venue's timer, the stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm._core.orders import Order, OrderState
from mm.engine.terms import OUT

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.venue import VenueState

PERIOD_NS: Final = 1_000_000_000
RESYNC_AGAIN_NS: Final = 5_000_000_000
"""A snapshot takes well under a second; after this the request or its answer is taken as lost."""
NO_MARKET_NS: Final = 2_000_000_000
"""A book may be crossed or empty for a moment; one that stays so is asked for again, in case it is only ours."""
SILENCE_NS: Final = 10_000_000_000
"""A channel may have died on a connection that lives: nothing was heard of a book for so long."""
DOUBT_AGAIN_NS: Final = 30_000_000_000
"""A book that is the venue's by its own checks is asked for again this often at most: it may well be what it is."""
QUERY_AGAIN_NS: Final = 10_000_000_000
GONE_SETTLE_NS: Final = 2_000_000_000
"""What ended an order comes on another channel than the refusal that tells of it, mostly within milliseconds."""
STUCK_NS: Final = 10_000_000_000
"""In flight for longer than the link waits for an answer: something was lost, so ask the venue."""
IN_FLIGHT: Final = frozenset({OrderState.PENDING_NEW, OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE})
OFF_PEG: Final = ": nothing that adds risk is sent to markets of {}"
NOT_BELIEVED: Final = ": nothing is priced from it"
BELIEVED: Final = "{} {}: the book is good again"
AT_PEG: Final = "{} is back at its peg"


class Upkeep:
    """Runs each second, and at once after something that needs it."""

    __slots__ = ("_doubted", "_engine", "_off_peg", "untold")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._off_peg: set[str] = set()
        """Currencies whose trouble was told; changes with the alarms, so that a replay knows them too."""
        self._doubted: set[tuple[str, str]] = set()
        """Markets whose bad book was told."""
        self.untold: dict[str, str] = {}
        """Alarms of `apply`, which emits nothing, with their severity: the next run tells them."""

    def tell(self, text: str, severity: str = "error") -> None:
        """Have an alarm told by the next `decide`; "warning" for what is good again."""
        self.untold[text] = severity
        self.wake()

    def on_alert(self, event: ev.Alert) -> None:
        """An alarm was told."""
        if event.severity != "warning":
            self._engine.triggers.on_error(event.recv_ns)
        self.untold.pop(event.text, None)
        for market in self._engine.markets.values():
            # The reason is told with the rate of the moment, so it is the currency that says which alarm this is.
            name = market.instrument.quote
            if event.text.endswith(OFF_PEG.format(name)):
                self._off_peg.add(name)
            elif event.text == AT_PEG.format(name):
                self._off_peg.discard(name)
        for key in self._engine.markets:
            if event.text.startswith(f"{key[0]} {key[1]}: ") and event.text.endswith(NOT_BELIEVED):
                self._doubted.add(key)
            elif event.text == BELIEVED.format(*key):
                self._doubted.discard(key)

    def on_profit_marked(self, event: ev.ProfitMarked) -> None:
        """What losses are counted from."""
        self._engine.triggers.on_marked(event)
        # In a recovery no book is heard, and the mark was made when it had been.
        self._engine.accounts.settle(is_whole=self._engine.is_recovering)

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (list(self.untold.items()), sorted(self._off_peg), sorted(self._doubted))

    def wake(self) -> None:
        """Run at the next `decide`. Long overdue, and not 0, which would mean never."""
        self._engine.upkeep_due_ns = 1

    def run(self, now_ns: int) -> None:
        """Do what is due."""
        engine = self._engine
        engine.upkeep_due_ns = now_ns + PERIOD_NS
        # Before all that might fail: nothing is to be in the way of its cancels.
        engine.ladder.run(now_ns)
        if engine.triggers.run(now_ns):
            engine.ladder.run(now_ns)
        for name, reason in list(engine.roster.unannounced.items()):
            engine.emit(ev.StrategyPaused(now_ns, name, reason))
        for text, severity in list(self.untold.items()):
            engine.emit(ev.Alert(now_ns, severity, text))
        for venue in engine.venues.values():
            self._timer(now_ns, venue)
            self._resync(now_ns, venue)
            self._ask(now_ns, venue)
        engine.strays.run(now_ns)
        engine.unnamed.run(now_ns)
        engine.perpetuals.run(now_ns)
        engine.reconciling.run(now_ns)
        self._currencies(now_ns)
        self._books(now_ns)
        engine.contradicted.run(now_ns)
        if engine.is_stopping:
            for order in engine.orders.open():
                self._cancel(now_ns, order, "stopping")
            return
        earlier = [order for order in map(engine.orders.get, sorted(engine.earlier)) if order is not None]
        for order in (*engine.orders.open_of_strategy(""), *earlier):
            if order.is_open:
                self._cancel(now_ns, order, "left by an earlier start")

    def _currencies(self, now_ns: int) -> None:
        """Tell of a currency that left its peg, or whose rate is not known any more, and when that is over."""
        for market in self._engine.markets.values():
            source = market.rate_source
            if source is None or not source.book_ns:
                # Stated, which was told at the start, or not heard of yet.
                continue
            name = market.instrument.quote
            if market.off_peg and name not in self._off_peg:
                self._engine.emit(ev.Alert(now_ns, "error", market.currency_gate() + OFF_PEG.format(name)))
            elif not market.off_peg and name in self._off_peg:
                self._engine.emit(ev.Alert(now_ns, "warning", AT_PEG.format(name)))

    def _books(self, now_ns: int) -> None:
        """Tell of a book that is the venue's and cannot be believed, and when that is over."""
        for key, market in self._engine.markets.items():
            if market.book_ok:
                reason = market.doubt(now_ns)
            elif market.no_market and now_ns - market.lost_ns >= NO_MARKET_NS:
                reason = market.gap
            else:
                # Lost, or not for long: it comes back, or who is asked for it gives the alarm.
                continue
            if reason and key not in self._doubted:
                self._engine.emit(ev.Alert(now_ns, "error", f"{key[0]} {key[1]}: {reason}{NOT_BELIEVED}"))
            elif not reason and key in self._doubted:
                self._engine.emit(ev.Alert(now_ns, "warning", BELIEVED.format(*key)))

    def _cancel(self, now_ns: int, order: Order, reason: str) -> None:
        engine = self._engine
        due_ns = engine.cancel(now_ns, order, reason)
        # Read after it: the cancel may have woken us.
        engine.upkeep_due_ns = min(engine.upkeep_due_ns, due_ns)

    def _timer(self, now_ns: int, venue: VenueState) -> None:
        """Keep the venue's dead man's switch fresh while orders may stand, and disarm it after a clean stop."""
        engine = self._engine
        if engine.is_stopping and engine.orders.n_open == 0 and not engine.contradicted.standing():
            if venue.armed_s and venue.private_up:
                engine.emit(ev.CancelAfter(now_ns, venue.name, 0))
            return
        if not venue.may_arm:
            if venue.armed_s and venue.private_up:
                engine.emit(ev.CancelAfter(now_ns, venue.name, 0))
            return
        timeout_s = venue.settings.dead_man_switch_s
        # Three chances within each period: one lost message must not cancel the book.
        if not venue.armed_ns or now_ns - venue.armed_ns >= timeout_s * 1_000_000_000 // 3:
            engine.emit(ev.CancelAfter(now_ns, venue.name, timeout_s))

    def _resync(self, now_ns: int, venue: VenueState) -> None:
        if not venue.public_up:
            return
        for market in venue.markets.values():
            if market.status in OUT:
                # There is no book of it to be had.
                continue
            since_ns, reason = now_ns - market.resync_ns, market.gap
            if market.book_ok:
                is_due = market.book_ns > 0 and now_ns - market.book_ns >= SILENCE_NS and since_ns >= DOUBT_AGAIN_NS
                reason = f"no news of it for {SILENCE_NS // 1_000_000_000} s"
                if not is_due and (doubt := market.doubt(now_ns)) and not market.lag_ns and not market.jumped_ns:
                    is_due, reason = since_ns >= DOUBT_AGAIN_NS, doubt
            elif market.no_market:
                is_due = now_ns - market.lost_ns >= NO_MARKET_NS and since_ns >= DOUBT_AGAIN_NS
            else:
                is_due = since_ns >= RESYNC_AGAIN_NS
            if is_due:
                self._engine.emit(ev.Resync(now_ns, venue.name, market.symbol, reason))

    def _ask(self, now_ns: int, venue: VenueState) -> None:
        if not venue.private_up:
            return
        engine = self._engine
        doubtful = dict(venue.doubtful)
        for order in engine.orders.open():
            if order.venue != venue.name:
                continue
            stuck = order.state in IN_FLIGHT and now_ns - order.updated_ns >= STUCK_NS
            if stuck or order.state is OrderState.UNKNOWN or order.fills_missing:
                doubtful.setdefault(order.client_id, 0)
        for client_id, asked_ns in doubtful.items():
            doubted = engine.orders.get(client_id)
            if (
                doubted is not None
                and (doubted.is_open or doubted.fills_missing)
                and (not asked_ns or now_ns - asked_ns >= QUERY_AGAIN_NS)
            ):
                engine.emit(ev.QueryOrder(now_ns, venue.name, client_id, doubted.venue_id))

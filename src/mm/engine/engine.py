"""The whole pipeline in one place. Pure: no clock, no I/O, no chance; time comes with the events.

What happens with every tick is native (`mm._core.engine_core`); here is what a venue, an order or an operator tells.
`apply` is the only thing that changes state, and emits nothing. `decide` reads state and returns commands; each command
has passed the limits, the recorder and `apply` before it is returned, so the caller only sends it. Replaying a
recording through `apply` therefore ends in the same state: `state_hash` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final, Protocol

from mm._core import events as ev
from mm._core._rust import BOOK_MALFORMED, BOOK_UNKNOWN_SYMBOL
from mm._core.decision import Decision
from mm._core.driver_core import WITHDRAWN
from mm._core.engine_core import EngineCore
from mm._core.market import CAP_MAX
from mm._core.orders import Order, OrderState, OrderStore
from mm.config import Settings
from mm.config.canonical import to_json
from mm.engine.contradicted import Contradicted
from mm.engine.durable import durable_hash, durable_state, restore, resumed_hash, snapshot
from mm.engine.explain import explain
from mm.engine.hearing import Hearing
from mm.engine.hedging import ENDS, HEDGE, HedgeDesk, base_units, hedge_is_over
from mm.engine.ladder import NAME as LADDER
from mm.engine.ladder import Ladder
from mm.engine.liquidation import NAME as GUARD
from mm.engine.liquidation import LiquidationGuard
from mm.engine.market import Market
from mm.engine.muster import Muster
from mm.engine.perpetual import Perpetuals
from mm.engine.reconciling import LIVE, VERIFY, Reconciling
from mm.engine.refusals import Refusals
from mm.engine.reloading import caps_of, take_settings
from mm.engine.roster import WORDS, Roster, made
from mm.engine.strays import CLOSED, Strays, priced
from mm.engine.terms import Terms, stated_fees, with_fees
from mm.engine.triggers import Triggers
from mm.engine.unnamed import Unnamed
from mm.engine.upkeep import GONE_SETTLE_NS, QUERY_AGAIN_NS, Upkeep
from mm.engine.venue import Face, VenueState
from mm.engine.venue_news import VenueNews
from mm.errors import InvariantError
from mm.exchanges.venue import ErrorClass
from mm.instruments import Instrument
from mm.inventory import Accounts
from mm.inventory.conversion import rates
from mm.oms.ids import ClientIds
from mm.risk import Limits
from mm.strategies import Strategy

OWNER: Final = "mm"
LIST_LAG_NS: Final = 35_000_000_000
"""Reports from the field have lists more than 20 s behind (Kraken reference: pitfalls)."""
CLOSED_MAX: Final = 3_000
"""Orders that are over, the newest: many times what a list half a minute behind may show. Each is in every snapshot."""
EXECUTIONS_MAX: Final = 5_000
"""Of a symbol; those of orders that are remembered are kept in any case."""
STOOD_STILL: Final = "this process stood still"
"""What waits in the sockets is from before: no book of it is trusted."""
RATE: Final = ErrorClass.RATE.value
NOT_SENT: Final = "local"
"""Code of a refusal that is the link's own: not one byte of the request left."""
UNWANTED: Final = (WITHDRAWN, "taken back")
"""Codes of a refusal that is our own: it was not wanted any more before it left. The second is that of journals and
recordings by builds of before."""
UNSENT: Final = (NOT_SENT, *UNWANTED)
REREAD_NS: Final = 65_000_000_000
"""Histories are read again from a minute before what is asked for; a fill's time may differ there from the stream's by
two seconds (`exchanges/mexc_spot/fills.py`); and what is asked for may be a time by this machine's clock, an order's,
which trades within a second of the venue's (`clock_offset_ms_max`, unless told more): three are allowed for that."""


class Recorder(Protocol):
    """Where commands go before anything else happens to them."""

    def record(self, event: ev.Event, /) -> None: ...


class Engine(EngineCore):
    """One run: its orders, positions, books and decisions.

    start: the first event of the recording; settings: those that it carries; faces: venue name -> exchange package;
    recorder: takes each command before it is applied; the caller gives it every event before `apply`.
    """

    venues: dict[str, VenueState]
    markets: dict[tuple[str, str], Market]
    ids: ClientIds
    accounts: Accounts

    def __init__(
        self, start: ev.Start, settings: Settings, faces: Mapping[str, Face], recorder: Recorder, owner: str = OWNER
    ) -> None:
        limits = settings.limits
        self.epoch = start.epoch
        self.is_recovering = False
        """What is applied has happened before this process: strategies hear nothing of it."""
        self.carried: set[tuple[str, str]] = set()
        """Markets that are here because something is held or owed there from before this start."""
        self.elsewhere: dict[str, Any] = {}
        """What is carried of venues, hedges and strategies that the settings do not have."""
        self.earlier: set[str] = set()
        """Orders of earlier starts that are not over: counted, and cancelled."""
        self.ladder = Ladder(self)
        self.news = VenueNews(self)
        self.terms = Terms(self)
        self.strays = Strays(self, start.epoch)
        self.perpetuals = Perpetuals(self, float(limits.liquidation_distance_min_bps))
        self._upkeep = Upkeep(self)
        self.tell = self._upkeep.tell
        self.handlers = self._handlers()
        super().__init__(
            orders=OrderStore(closed_max=CLOSED_MAX, executions_max=EXECUTIONS_MAX),
            limits=Limits(**caps_of(limits)),
            ids=ClientIds(owner, start.epoch),
            recorder=recorder,
            handlers=self.handlers,
            book_age_ns_max=limits.book_age_ms_max * 1_000_000,
            private_down_ns_max=limits.private_down_ms_max * 1_000_000,
        )
        self.settings = settings
        self.triggers = Triggers(self)
        self.refusals = Refusals(self)
        self.contradicted = Contradicted(self)
        self.unnamed = Unnamed(self)
        self.seed = start.seed
        for name, venue in settings.venues.items():
            self.venues[name] = VenueState(faces[name], venue)
        self.stop_reason = ""
        self.listed_ns: dict[str, int] = {}
        """Orders that are over by the venue's word, and when one of its lists first showed them as open."""
        self.ghosts: dict[tuple[str, str], ev.OrderReport] = {}
        """By client id and the venue's: those that its lists still show long after, and others of one request with an
        order of ours. Cancelled at the next look, and forgotten by that."""
        self.reconciling = Reconciling(self, int(settings.run.reconcile_s * 1_000_000_000))
        self.roster = Roster(self)
        self.hearing = Hearing(self)
        self.silent = Strategy.on_fill
        # `started_ns`: since when what the venues tell is booked; this process may have begun later.
        self.started_ns = self.begun_ns = self.last_ns = start.recv_ns
        self.set_upkeep(self._upkeep)
        self.rates = rates(settings.conversion)
        self.accounts = Accounts(self.markets, self.rates)
        self.guard = LiquidationGuard(self)
        self.desks = {name: HedgeDesk(self, hedge) for name, hedge in settings.hedging.items()}
        for desk in self.desks.values():
            self.add_desk(desk)
        self.muster = Muster(self)

    def _handlers(self) -> dict[type, Callable[[Any], object]]:
        return {
            ev.BookReset: self._on_book_reset,
            ev.Trade: self._on_trade,
            ev.InstrumentUpdate: self._on_instrument,
            ev.FeeRates: self.terms.on_fee_rates,
            ev.VenueStatus: self.news.on_status,
            ev.LinkChanged: self.news.on_link,
            ev.ClockOffset: self.news.on_clock_offset,
            ev.Fill: self.apply_fill,
            ev.OrderPending: self._on_order,
            ev.OrderAccepted: self._on_order,
            ev.OrderRejected: self._on_order,
            ev.OrderCanceled: self._on_order,
            ev.OrderExpired: self._on_order,
            ev.OrderAmended: self._on_order,
            ev.AmendRejected: self._on_order,
            ev.CancelRejected: self._on_order,
            ev.OutcomeUnknown: self._on_order,
            ev.OrderReport: self._on_report,
            ev.OrderAbsent: self._on_order,
            ev.OrderDenied: self._on_order,
            ev.OpenOrdersRead: self.news.on_open_orders_read,
            ev.TimerSet: self.news.on_timer_set,
            ev.Balance: self.news.on_balance,
            ev.BalanceChange: self.news.on_balance,
            ev.ForeignOrders: self.news.on_foreign_orders,
            ev.Operator: self._on_operator,
            ev.StrategyPaused: lambda event: self.roster.on_paused(event),
            ev.Latched: self.ladder.on_latched,
            ev.ProfitMarked: self._upkeep.on_profit_marked,
            ev.HedgeRouted: lambda event: self.desks[event.hedging].on_routed(event),
            ev.SettingsChanged: self._on_settings,
            ev.CancelAfter: self.news.on_cancel_after,
            ev.Resync: self.news.on_resync,
            ev.QueryOrder: self.news.on_query,
            ev.Alert: self._upkeep.on_alert,
            ev.FundingPaid: self.perpetuals.on_funding,
            ev.FundingRate: self.perpetuals.on_rate,
            ev.LiquidationRisk: self.perpetuals.on_risk,
            ev.MarginReport: self.perpetuals.on_margin,
            ev.MarkPrice: self.perpetuals.on_mark,
            ev.PositionReport: self.perpetuals.on_position,
            ev.PositionChanged: self.perpetuals.on_changed,
            # Facts that change nothing here: they are in the recording for people and for replays of other parts.
            **dict.fromkeys((ev.Ticker, ev.Timer, ev.Start), self._on_nothing),
            ev.Recovered: self._on_recovered,
        }

    def config(self) -> bytes:
        """The settings as they are now, in the form that `Start` carries."""
        return to_json(self.settings)

    def durable_state(self) -> bytes:
        """What a restart must know, see `mm.engine.durable`."""
        return durable_state(self)

    def snapshot(self) -> tuple[bytes, int]:
        """The same and its hash, in one go."""
        return snapshot(self)

    def durable_hash(self) -> int:
        """64 bits over the part of it that follows from the durable events alone."""
        return durable_hash(self)

    def restore(self, state: bytes) -> None:
        """Go on, as a fresh engine, where the one was that gave its `durable_state`, unheard by strategies. Raises
        InvariantError for a state of another form."""
        self.is_recovering = True
        restore(self, state)
        self.is_recovering = False

    def begin(self) -> None:
        """The process is another one than the one whose state was restored: connections, balances and positions are to
        be heard anew, and what it left open is cancelled."""
        self.is_stopping = False
        self.stop_reason = ""
        self.ghosts.clear()
        self.contradicted.begin()
        self.listed_ns.clear()
        for venue in self.venues.values():
            venue.private_up = venue.was_ready = False
            venue.balances.clear()
        for market in self.markets.values():
            if market.perpetual is not None:
                market.perpetual.forget_reads()
            self.prepare(market)
        self.earlier = {order.client_id for order in self.orders.open()}
        for order in self.orders.unsettled():
            self.venues[order.venue].doubtful.setdefault(order.client_id, 0)
        self.strays.begin()
        self.triggers.restate(self.accounts.restated())
        self.accounts.settle(is_whole=False)
        self.muster.look()
        self._upkeep.wake()

    def history_since_ns(self, name: str) -> int:
        """Since when a venue's history has to be read, by its clock: fills before that are booked; 0 from now on.

        Never from before the fills whose names are known, where the venue has other names for them there: they would be
        booked again. What is missing from before that is a difference of its order, which halts.
        """
        if name not in self.accounts.opened and name not in self.strays.booked_ns:
            return 0
        since_ns = self.venues[name].history_ns or self.started_ns
        made = [order.created_ns for order in self.orders.unsettled() if order.venue == name]
        unnamed_ns = self.venues[name].unnamed_ns
        return max(min([since_ns, *made]), unnamed_ns + REREAD_NS if unnamed_ns else 0)

    def _on_recovered(self, event: ev.Recovered) -> None:
        """Go on where an earlier start was. Raises InvariantError where that does not come out the same."""
        self.restore(event.state)
        if resumed_hash(self, event.state) != event.state_hash:
            raise InvariantError("the state of the earlier start comes out otherwise than it was written")
        self.begin()

    def explain(self, now_ns: int) -> list[Decision]:
        """Return what would be decided at a moment, and on what; changes nothing. For `mm why`."""
        return [explain(self, now_ns, market) for market in self.markets.values() if market.strategy is not None]

    def state_hash(self) -> str:
        """A hash of everything that a replay must agree on, the same in any process."""
        digest = blake2b(digest_size=16)

        def add(*facts: object) -> None:
            digest.update(repr(facts).encode())

        add(self.orders.state_hash(), self.ids.count, self.is_stopping, self.is_paused, self.fills, self.unbooked)
        add(sorted(self.cancel_asked_ns.items()), sorted(self.ghosts), sorted(self.listed_ns.items()))
        add(sorted(self.cancel_tries.items()), sorted(self.roster.unannounced.items()), self.roster.facts())
        add(self._upkeep.facts(), self.perpetuals.facts(), self.reconciling.facts(), self.ladder.facts())
        add(self.triggers.facts(), self.refusals.facts(), self.strays.facts(), self.contradicted.facts())
        add([desk.facts() for _, desk in sorted(self.desks.items())])
        add(self.accounts.facts(), self.unnamed.facts())
        for name, venue in sorted(self.venues.items()):
            add(name, venue.public_up, venue.private_up, venue.private_down_ns, venue.status, venue.clock_offset_ns)
            add(venue.was_ready, venue.foreign, venue.armed_ns, venue.armed_s, venue.protected_s, venue.early_book)
            add(sorted(venue.seen.items()), sorted(venue.doubtful.items()))
            add(sorted(venue.balances.items()), [report.values() for _, report in sorted(venue.margins.items())])
        for key, market in sorted(self.markets.items()):
            add(key, market.instrument, market.book_ok, market.book_ns, market.gap, market.resync_ns)
            add(market.told, sorted(market.charged.items()))
            add(market.lost_ns, market.bid, market.ask, market.bid_ns, market.ask_ns, market.lag_ns)
            add(market.reference, market.reference_ns, market.jumped_ns)
            add(market.book.state_hash(), market.position.state_hash(), market.profit.cash, market.profit.spread2)
            add(list(market.quoter.facts()), market.quoter.changed_ns)
            add(market.limits.state_hash() if market.limits is not None else 0)
            add(market.paused, market.own_quantity, market.leverage, market.problem, market.is_frozen)
            add(market.perpetual.facts() if market.perpetual is not None else None)
            add(market.state.buy_fill_ns, market.state.sell_fill_ns, market.state.trade_price)
        return digest.hexdigest()

    # --- market data ------------------------------------------------------------------------------------------------

    def _bad_book(self, venue: VenueState, code: int) -> None:
        if code != BOOK_MALFORMED:
            venue.early_book = venue.early_book or code == BOOK_UNKNOWN_SYMBOL
            return
        index = venue.decoder.last_index
        for market in [venue.by_index[index]] if index >= 0 else venue.by_index:
            market.lose_book(f"malformed book message: {venue.decoder.last_error}", self.last_ns)
        self._upkeep.wake()

    def _on_book_reset(self, event: ev.BookReset) -> None:
        for market in self.venues[event.venue].markets.values():
            if event.symbol in ("", market.symbol):
                market.book.invalidate()
                market.lose_book(event.reason, event.recv_ns)
                # The link is already asking for a snapshot, but for a doubt that is ours alone.
                is_ours = event.reason.startswith(STOOD_STILL)
                market.resync_ns = 0 if is_ours else event.recv_ns
                if is_ours:
                    self._upkeep.wake()

    def _on_trade(self, event: ev.Trade) -> None:
        market = self.markets.get((event.venue, event.symbol))
        # A trade that is too far away to be believed at once is no price to go by.
        if market is not None and not market.is_far(event.price):
            market.state.trade_price = event.price
            if market.strategy is not None:
                self.roster.tell(market, market.strategy.on_trade, event)

    def _on_instrument(self, event: ev.InstrumentUpdate) -> None:
        venue = self.venues[event.venue]
        member = self.roster.of(event.venue, event.symbol)
        key = (event.venue, event.symbol)
        is_wanted = key in self.carried or key in self.hearing.markets
        is_wanted = is_wanted or any(key in desk.markets for desk in self.desks.values())
        is_wanted = is_wanted or any((s.venue, s.symbol) == key for s in self.settings.conversion.values())
        if member is None and not is_wanted and event.symbol not in venue.settings.symbols:
            return
        instrument = Instrument.from_json(event.definition)
        market = self.markets.get((event.venue, event.symbol))
        if market is None:
            instrument = with_fees(instrument, *stated_fees(venue.settings))
            strategy = made(member.settings) if member is not None else None
            market = Market(venue, instrument, strategy, venue.trading_limits())
            if venue.decoder.add(event.symbol, market.book) != len(venue.by_index):
                raise InvariantError(f"{event.symbol}: the book decoder and the engine count symbols differently")
            venue.by_index.append(market)
            self.add_market(market)
            market.state.is_hedged = any(desk.primary == key for desk in self.desks.values())
            self._rate(market)
            try:
                self.accounts.add(key, instrument)
                if any(key == desk.primary or key in desk.markets for desk in self.desks.values()):
                    base_units(instrument, instrument.lot)
            except ValueError as error:
                market.is_frozen = True
                market.problem = str(error)
            if member is not None:
                self.roster.take(member, market)
            self.ladder.show()
            self.hearing.connect()
            if market.perpetual is not None:
                if not self.guard.markets:
                    self.add_desk(self.guard)
                self.guard.markets.append(market)
            # Its snapshot is on the way; one that came before its instrument is gone, and asked for again at once.
            market.resync_ns = 0 if venue.early_book else event.recv_ns
            venue.early_book = False
            self._upkeep.wake()
            self.muster.look()
        else:
            old = market.take_count(instrument, event.recv_ns)
            if old.meaning() != instrument.meaning():
                # Every integer that we hold of this symbol would change its meaning: never in the middle of a run.
                market.is_frozen = True
                market.problem = "the symbol's decimals or contract size changed: flatten, start on another --state"
                self.tell(f"{event.venue} {event.symbol}: {market.problem}")
                market.changed = True
                return
            instrument = with_fees(instrument, market.told.maker_fee_e8, market.told.taker_fee_e8)
        self.terms.take(market, instrument)
        self.contradicted.on_market(event.recv_ns, market)

    def _rate(self, added: Market) -> None:
        """Let a market know what its currency is worth, and let those know whose currency it tells the worth of."""
        key = (added.venue.name, added.symbol)
        for market in self.markets.values():
            rate = self.rates.get(market.instrument.quote)
            if rate is not None and (market is added or rate.market == key):
                market.rate_by(rate.fixed2, self.markets.get(rate.market), rate.peg_low, rate.peg_high)

    def cap(self, market: Market) -> None:
        """Take a symbol's caps from the settings, on its grid."""
        size_of = market.instrument.size_of_base
        limits = self.settings.limits
        market.position_max = min(size_of(limits.position_max(market.symbol)), CAP_MAX)
        market.order_size_max = min(size_of(limits.max_order_size), CAP_MAX)
        market.believe(limits)
        strategy = self.settings.strategies.get(market.strategy_name)
        own = strategy.limits if strategy is not None else None
        market.is_capped = own is not None
        if own is not None:
            market.own_position_max = min(size_of(own.max_position), CAP_MAX) if own.max_position else CAP_MAX
            market.own_size_max = min(size_of(own.max_order_size), CAP_MAX) if own.max_order_size else CAP_MAX
            market.own_orders_max = own.max_open_orders or CAP_MAX

    def prepare(self, market: Market) -> None:
        """Give a strategy the grid of its symbol; it starts once it has one that it can quote on."""
        self.reconciling.hold()
        if market.is_frozen:
            return
        market.problem = ""
        if market.strategy is not None:
            try:
                market.strategy.prepare(market.instrument)
            except ValueError as error:
                market.problem = str(error)
            except Exception as error:  # noqa: BLE001  # whatever a user's file raises, the others go on
                self.roster.failed(market, error)
            else:
                self.roster.prepared(self.last_ns, market)

    # --- orders -----------------------------------------------------------------------------------------------------

    def _on_order(self, event: Any) -> None:
        order = self.orders.apply(event)
        if order is not None:
            self._after(event, order)
        else:
            if type(event) is ev.OrderAbsent:
                self.strays.absent(event)
            self.contradicted.on_other(event)

    def _unbooked(self, event: ev.Fill) -> None:
        """A fill of an order that is not here."""
        self.strays.take(event)

    def _late(self, event: ev.Fill) -> None:
        """A fill was booked that was not told when it happened."""
        self.reconciling.late(event)

    def _on_report(self, event: ev.OrderReport) -> None:
        order = self.orders.apply(event)
        if order is None:
            self.contradicted.on_other(event)
            is_missed = self.strays.is_missed(event)
            if not self.ids.is_own(event.client_id) or (event.status in CLOSED and not is_missed):
                self.strays.known(event)
                return
            if event.side == 0 or event.size <= 0 or self.orders.get(event.client_id) is not None:
                if is_missed and event.status in CLOSED:
                    # What it filled is still to be booked: halted, and asked again.
                    return
                # Of an unknown instrument, or a second one of a request: it cannot be counted, and can be cancelled.
                self.ghosts[event.client_id, event.venue_id] = event
                self._upkeep.wake()
                return
            # Ours, from a start that ended without its cancels: taken over so that it is cancelled and counted.
            order = self.strays.adopt(event)
        elif not order.is_open and event.status in LIVE:
            # Lists trail the engine, but not for so long: the venue contradicts its own word, and may be holding it.
            first_ns = self.listed_ns.setdefault(order.client_id, event.recv_ns)
            if event.recv_ns - first_ns > LIST_LAG_NS:
                self.ghosts[order.client_id, event.venue_id] = event
                self._upkeep.wake()
        self.venues[event.venue].seen[order.client_id] = event.recv_ns
        self._after(event, order)

    def _after(self, event: Any, order: Order) -> None:
        """What follows from any word about an order."""
        market = self.markets.get((order.venue, order.symbol))
        kind = type(event)
        if market is not None:
            market.changed = True
            self.refusals.on_order(event, order)
            self.contradicted.on_order(event, order)
            if kind is ev.OrderAmended or (kind is ev.OrderCanceled and order.client_id in self.cancel_asked_ns):
                # It stood until we wanted otherwise. That it was accepted says little: a post-only order is accepted
                # and cancelled at once where it would have taken.
                market.quoter.on_accepted(order)
            elif kind is ev.OrderCanceled and order.client_id not in self.cancel_asked_ns:
                # Not our doing: a post-only order that would have taken, for example. The same wish would end the same.
                market.quoter.on_refused(event.recv_ns, order)
            elif kind is ev.OrderRejected or (kind is ev.AmendRejected and event.code not in UNWANTED):
                market.quoter.on_refused(event.recv_ns, order)
                if kind is ev.OrderRejected or event.code not in ("gone", NOT_SENT):
                    self.triggers.on_reject(event.recv_ns)
                if market.limits is not None and event.code == RATE:
                    market.limits.refused(event.recv_ns)
            if order.purpose == HEDGE and kind in ENDS:
                hedge_is_over(self, event, order)
            if market.limits is not None:
                # The venue never saw it and counts it not: an outage must not use up what is needed after it.
                age_ns = event.recv_ns - order.touched_ns
                if kind is ev.OrderDenied:
                    market.limits.refund(event.recv_ns, "place", 0)
                elif kind is ev.CancelRejected and event.code in UNSENT:
                    market.limits.refund(event.recv_ns, "cancel", age_ns)
                elif kind is ev.AmendRejected and event.code in UNSENT:
                    market.limits.refund(event.recv_ns, "amend", age_ns)
        if order.fills_missing or kind is ev.OrderPending or kind is ev.OrderAccepted:
            # Told before anybody knew whose they are: by the venue's id alone, before the answer that names it.
            for fill in self.orders.take_fills(order):
                self.apply_fill(priced(fill))
        venue = self.venues[order.venue]
        if not order.is_open:
            self.earlier.discard(order.client_id)
            self.cancel_asked_ns.pop(order.client_id, None)
            self.cancel_tries.pop(order.client_id, None)
            if order.fills_missing:
                # Over, and the executions that the venue tells of are not here: they count, so they are looked for.
                venue.doubtful.setdefault(order.client_id, event.recv_ns - QUERY_AGAIN_NS + GONE_SETTLE_NS)
            else:
                venue.doubtful.pop(order.client_id, None)
            venue.seen.pop(order.client_id, None)
            if market is not None:
                market.quoter.on_closed(order)
        elif kind is ev.CancelRejected or kind is ev.AmendRejected:
            # When it was asked stays: a venue that refuses at once must not be asked again at once.
            if event.gone if kind is ev.CancelRejected else event.code == "gone":
                # Not open at the venue, yet no word of how it ended. Mostly its fill is on the way: ask a little later.
                venue.doubtful.setdefault(order.client_id, event.recv_ns - QUERY_AGAIN_NS + GONE_SETTLE_NS)
        elif kind is not ev.OutcomeUnknown and order.state is not OrderState.UNKNOWN and not order.fills_missing:
            venue.doubtful.pop(order.client_id, None)
        if self.is_stopping or venue.doubtful or order.state is OrderState.UNKNOWN:
            self._upkeep.wake()

    # --- commands and operators -------------------------------------------------------------------------------------

    def _placed(self, place: ev.Place) -> None:
        """An order that is neither quote nor hedge is on its way."""
        if place.strategy == LADDER:
            self.ladder.on_placed(place)
        elif place.strategy == GUARD:
            perpetual = self.markets[place.venue, place.symbol].perpetual
            if perpetual is not None:
                perpetual.reduced_ns = place.recv_ns

    def _let_go(self, market: Market, order: Order) -> str:
        """Why a reduction that has not left is not wanted any more ('' when it is)."""
        if order.strategy == LADDER and not self.ladder.is_flattened(market):
            return "nothing is flattened any more"
        if order.strategy == GUARD and (market.perpetual is None or not market.perpetual.danger):
            return "the position is not close to its liquidation any more"
        return ""

    def _forget_ghost(self, command: ev.Cancel) -> bool:
        """Whether a cancel is of an order that is over here and still listed at the venue, or of a second one of a
        request: of that very one, since the first may be cancelled by the same client id."""
        if self.ghosts.pop((command.client_id, command.venue_id), None) is None:
            return False
        self.listed_ns.pop(command.client_id, None)
        return True

    def _on_operator(self, event: ev.Operator) -> None:
        """Take an operator's word; "pause" and "resume" with a name are for that strategy alone."""
        if event.action in ("stop", "kill"):
            self.roster.stop_all(event.recv_ns, event.argument)
            self.is_stopping = True
            for market in self.markets.values():
                market.stop_asked_ns = event.recv_ns
            self.stop_reason = event.argument
        elif event.argument and event.action in WORDS:
            self.roster.operate(event)
        elif event.action == "pause":
            self.is_paused = True
        elif event.action == "resume":
            self.is_paused = False
            self.roster.renew_policies()
        elif event.action == "accept":
            self.reconciling.accept(event.argument)
        elif event.action in ("reconcile", VERIFY):
            self.reconciling.want(is_proof=event.action == VERIFY)
        for market in self.markets.values():
            market.changed = True
        self._upkeep.wake()

    def _on_settings(self, event: ev.SettingsChanged) -> None:
        take_settings(self, event)
        self._upkeep.wake()

    # --- strategies -------------------------------------------------------------------------------------------------

    def _raised(self, market: Market, error: Exception) -> str:
        """A strategy raised in `decide`: in words."""
        return self.roster.raised(market.strategy_name, error)

    def wake_upkeep(self) -> None:
        """Let what is besides quotes be looked at in the next `decide`."""
        self._upkeep.wake()

    def _on_nothing(self, event: Any) -> None:
        pass

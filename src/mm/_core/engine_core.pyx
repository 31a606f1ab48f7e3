# cython: nonecheck=True
"""What the engine does with every tick: book, strategy, quoter, commands. `gates` says no, `mm.engine` has the rest.

`apply` is the only thing that changes state, and emits nothing. `decide` reads state and returns commands; each command
has passed the limits, the recorder and `apply` before it is returned, so the caller only sends it.
"""

from collections import deque

from libc.stdint cimport int64_t

from mm._core.client_ids cimport ClientIdsCore
from mm._core.commands cimport Amend, Cancel, Place, StrategyPaused
from mm._core.decision cimport Decision, act_of
from mm._core.desk cimport Desk
from mm._core.event cimport Event
from mm._core.gates cimport GatesCore
from mm._core.intents cimport amend_of, place_of
from mm._core.limits cimport Limits, Refused
from mm._core.market cimport MarketCore, VenueCore
from mm._core.market_events cimport BookFrame
from mm._core.order cimport PENDING_CANCEL, PENDING_NEW, UNKNOWN, Order
from mm._core.order_events cimport Fill
from mm._core.order_rate cimport OrderRate
from mm._core.orders cimport OrderStore
from mm._core.quoter cimport Quoter, Step
from mm._core.quotes cimport Quote, Quoting
from mm._core.recording cimport RecorderCore
from mm._core.words cimport same

from mm._core._rust import BOOK_BEHIND as _BEHIND, BOOK_GAP as _GAP, BOOK_SNAPSHOT as _SNAPSHOT
from mm._core._rust import BOOK_TOP_CHANGED as _TOP_CHANGED, BOOK_VALID as _VALID
from mm._core.market import BOTH_SIDES as _BOTH_SIDES, LAG_SAMPLE_NS as _LAG_SAMPLE_NS

# The newest records in memory; `mm why` makes older ones again from the recording.
DECISIONS_MAX = 4096

cdef int64_t VALID = _VALID
cdef int BOTH_SIDES = _BOTH_SIDES
cdef int64_t TOP_CHANGED = _TOP_CHANGED
cdef int64_t GAP = _GAP
cdef int64_t BEHIND = _BEHIND
cdef int64_t SNAPSHOT = _SNAPSHOT
cdef int64_t LAG_SAMPLE_NS = _LAG_SAMPLE_NS
cdef int64_t CANCEL_AGAIN_NS = 1_000_000_000
# Each cancel of a young order costs eight points of Kraken's counter: one in doubt is asked for less often than its
# points come back.
cdef int64_t IN_DOUBT_AGAIN_NS = 5_000_000_000
# While the venue is in maintenance it refuses cancels too, and counts them.
cdef int64_t CANCEL_AGAIN_NS_MAX = 30_000_000_000
# When the rate counter holds a command back: look again soon, its decay is some permits a second.
cdef int64_t RATE_WAIT_NS = 50_000_000
cdef str EMPTY = ""
cdef str HEDGE = "hedge"
cdef str QUOTE = "quote"
cdef tuple NOTHING = ()
# Nobody adds to it.
cdef list NO_COMMANDS = []


cdef class EngineCore(GatesCore):
    """State of a run and the two verbs on it.

    orders, limits: of the run; ids: client ids; recorder: takes each command before it is applied; upkeep: run when
    `upkeep_due_ns` has come; handlers: kind of event -> what applies it, for the kinds that do not come with every
    tick; book_age_ns_max, private_down_ns_max: how long quotes stand without news of a book or of their orders.
    is_heard: some strategy reads another market than its own; recalled: orders, (venue, client id), whose amends have
    not left and are not to, until whoever sends has taken them back.
    """

    def __init__(
        self, *, OrderStore orders not None, Limits limits not None, ClientIdsCore ids not None, recorder,
        dict handlers not None, int64_t book_age_ns_max, int64_t private_down_ns_max,
    ):
        self.orders = orders
        self.awaited = EMPTY
        self.limits = limits
        self.ids = ids
        self.recorder = recorder
        self._record = recorder.record
        self._recorder = recorder if isinstance(recorder, RecorderCore) else None
        self._handlers = handlers
        self.venues = {}
        self.markets = {}
        self.cancel_asked_ns = {}
        self.cancel_tries = {}
        self.recalled = set()
        self.decisions = deque(maxlen=DECISIONS_MAX)
        self._market_list = []
        self._assets = {}
        self._desks = []
        self._commands = []
        self.wait_for(book_age_ns_max, private_down_ns_max)
        self.upkeep_due_ns = 1

    def set_upkeep(self, upkeep):
        """Take what looks after everything besides quotes."""
        self._upkeep = upkeep

    def add_desk(self, desk):
        """Take what hedges: `run(now_ns)` is called at each decision, `due_ns` is when it wants to be woken."""
        self._desks.append(desk)

    def add_market(self, MarketCore market not None):
        """Take a symbol, for good."""
        self.markets[market.venue.name, market.symbol] = market
        market.venue.markets[market.symbol] = market
        self._market_list.append(market)
        cdef list markets = self._assets.setdefault(market.base, [])
        markets.append(market)
        for each in markets:
            each.relate(self.orders, markets)

    def cancels_are_taken(self):
        """A venue or a symbol came out of maintenance: what was refused because of it is asked for at once."""
        cdef Order order
        for client_id in list(self.cancel_tries):
            order = self.orders.get(client_id)
            if order is not None and self._in_maintenance(order.venue, order.symbol):
                continue
            del self.cancel_tries[client_id]
            if client_id in self.cancel_asked_ns:
                self.cancel_asked_ns[client_id] = 0

    # --- the three verbs ----------------------------------------------------------------------------------------------

    cpdef int apply(self, Event event) except -1:
        """Change state by one event or command."""
        self.last_ns = event.recv_ns
        kind = type(event)
        if kind is Amend:
            self._apply_amend(<Amend>event)
            return 0
        if kind is Place:
            self._apply_place(<Place>event)
            return 0
        if kind is Cancel:
            self._apply_cancel(<Cancel>event)
            return 0
        # Own requests move no price and no money; before anything else the accounts are brought up to date.
        if self._owed is not None:
            self.settle_accounts()
        if kind is BookFrame:
            self._apply_book(<BookFrame>event)
        elif kind is Fill:
            self.apply_fill(<Fill>event)
        else:
            self._handlers[kind](event)
        return 0

    cpdef list decide(self, int64_t now_ns):
        """Return what to do now; every command is recorded and applied already.

        A driver takes the two halves one by one: what the first says is on its way before the second is thought of.
        """
        return self.decide_first(now_ns) + self.decide_quotes(now_ns)

    cpdef list decide_first(self, int64_t now_ns):
        """Return what cannot wait: upkeep, and hedges. Debts are paid before new ones are invited."""
        cdef list commands
        if now_ns < self.upkeep_due_ns and not self._desks:
            return NO_COMMANDS
        commands = []
        self._commands = commands
        if now_ns >= self.upkeep_due_ns:
            self._upkeep.run(now_ns)
        if not self.is_stopping:
            for desk in self._desks:
                if isinstance(desk, Desk):
                    (<Desk>desk).run(now_ns)
                else:
                    desk.run(now_ns)
        return commands

    cpdef list decide_quotes(self, int64_t now_ns):
        """Return what the quotes need."""
        cdef list commands = []
        cdef MarketCore market
        if self._owed is not None:
            self.settle_accounts()
        self._commands = commands
        if not self.is_stopping:
            if self.is_heard:
                self._wake_hearers()
            for each in self._market_list:
                market = <MarketCore>each
                if market.changed or (market.due_ns and now_ns >= market.due_ns):
                    self._quote(now_ns, market)
        return commands

    cpdef list decide_unsent(self, int64_t now_ns):
        """Return the cancels of orders that wait here and that may not be sent any more; amends are in `recalled`.

        What stands at a venue may stay where a gate may be open again soon; what has not left need not wait for that.
        """
        cdef list commands = []
        cdef Order order
        cdef str why
        self._commands = commands
        for each in self.orders._open.listed():
            order = <Order>each
            if order.unsent:
                why = self._forbidden(now_ns, order)
                if not why:
                    continue
                if order.pending_size:
                    self._recall(order)
                else:
                    self.cancel(now_ns, order, why)
        return commands

    cpdef int64_t next_deadline(self) except? -1:
        """When `decide` has something to do although nothing happens, ns UTC."""
        cdef int64_t due_ns = self.upkeep_due_ns
        cdef MarketCore market
        if self.is_stopping:
            return due_ns
        for each in self._market_list:
            market = <MarketCore>each
            if market.due_ns and market.due_ns < due_ns:
                due_ns = market.due_ns
        for desk in self._desks:
            wish_ns = desk.due_ns
            if wish_ns and wish_ns < due_ns:
                due_ns = wish_ns
        return due_ns

    cpdef int emit(self, Event command) except -1:
        """Record a command, apply it, and hand it to the caller of `decide`. For the parts of the engine only."""
        if self._recorder is not None:
            self._recorder.record(command)
        else:
            self._record(command)
        self.apply(command)
        self._commands.append(command)
        return 0

    cpdef int64_t cancel(self, int64_t now_ns, Order order, str reason, list acts=None) except? -1:
        """Cancel one order unless that was just asked; returns when to look again."""
        cdef int64_t asked_ns = self.cancel_asked_ns.get(order.client_id, 0)
        cdef int64_t again_ns = IN_DOUBT_AGAIN_NS if order._state == UNKNOWN else CANCEL_AGAIN_NS
        cdef int tries
        if self.cancel_tries:
            tries = self.cancel_tries.get(order.client_id, 0)
            if tries > 1:
                again_ns = max(again_ns, min(CANCEL_AGAIN_NS << min(tries - 1, 5), CANCEL_AGAIN_NS_MAX))
        cdef MarketCore market
        if asked_ns and now_ns - asked_ns < again_ns and (not order.unsent or order._state == PENDING_CANCEL):
            market = self.markets.get((order.venue, order.symbol))
            # A kill waits for no earlier try that got nowhere.
            if order._state == PENDING_CANCEL or market is None or asked_ns >= market.stop_asked_ns:
                return asked_ns + again_ns
        if (
            order._state == PENDING_NEW and not order.venue_id and now_ns - order.created_ns < CANCEL_AGAIN_NS
            and not order.unsent and not self.is_stopping and not self._is_killed(order)
        ):
            # The venue may not know it yet, and would answer that there is no such order. A stop and a step of the kill
            # ladder ask all the same: where requests stay in order nothing is waited for. What has not left is taken
            # back by who sends it.
            return order.created_ns + CANCEL_AGAIN_NS
        self.emit(Cancel(now_ns, order.venue, order.symbol, order.client_id, order.venue_id, reason))
        if acts is not None:
            acts.append(act_of("cancel", order.client_id, order.side, order.price, 0, reason))
        return now_ns + CANCEL_AGAIN_NS

    # --- apply --------------------------------------------------------------------------------------------------------

    cdef int _apply_book(self, BookFrame event) except -1:
        cdef VenueCore venue = <VenueCore?>self.venues[event.venue]
        cdef int64_t code = venue.decoder.apply(event.payload)
        cdef MarketCore market
        if code < 0:
            self._bad_book(venue, code)
            return 0
        market = <MarketCore?>venue.by_index[code >> 8]
        if code & VALID:
            if market.stirs:
                market.stirred = True
            if code & TOP_CHANGED or not market.book_ok:
                market.take_top(event.recv_ns)
            # What is older than the book proves nothing, and a book that is no market gets old whatever is heard of it.
            if market.book_ok and not code & BEHIND:
                market.book_ns = event.recv_ns
                # A whole book has the time of its last change.
                if event.recv_ns - market._sampled_ns >= LAG_SAMPLE_NS and not code & SNAPSHOT:
                    market.sample_lag(event.recv_ns)
                if market.jumped_ns == event.recv_ns:
                    self.upkeep_due_ns = 1
        elif market.book_ok:
            market.lose_book("a frame is missing" if code & GAP else "checksum mismatch", event.recv_ns)
            self.upkeep_due_ns = 1
        return 0

    cdef int _apply_place(self, Place command) except -1:
        cdef MarketCore market = self._market_of(command.venue, command.symbol)
        self.orders.place(command)
        self.ids.take()
        market.changed = True
        if same(command.purpose, QUOTE):
            market.quoter.on_place(command)
        elif same(command.purpose, HEDGE):
            for desk in self._desks:
                if isinstance(desk, Desk) and (<Desk>desk).places(command.strategy):
                    (<Desk>desk).on_placed(command)
        else:
            self._placed(command)
        if market.limits is not None:
            if isinstance(market.limits, OrderRate):
                (<OrderRate>market.limits).charge(command.recv_ns, "place", 0)
            else:
                market.limits.charge(command.recv_ns, "place", 0)
        return 0

    cdef int _apply_amend(self, Amend command) except -1:
        cdef MarketCore market = self._market_of(command.venue, command.symbol)
        cdef Order order = self.orders.amend(command)
        market.quoter.changed_ns = command.recv_ns
        if market.limits is not None:
            market.limits.charge(command.recv_ns, "amend", command.recv_ns - order.touched_ns)
        return 0

    cdef int _apply_cancel(self, Cancel command) except -1:
        cdef MarketCore market
        if self._forget_ghost(command):
            return 0
        cdef Order order = self.orders.cancel(command)
        self.cancel_asked_ns[command.client_id] = command.recv_ns
        market = <MarketCore>self.markets.get((command.venue, command.symbol))
        if self._in_maintenance(command.venue, command.symbol):
            self.cancel_tries[command.client_id] = self.cancel_tries.get(command.client_id, 0) + 1
        if market is not None and market.limits is not None:
            market.limits.charge(command.recv_ns, "cancel", command.recv_ns - order.touched_ns)
        return 0

    cdef int _recall(self, Order order) except -1:
        """Have an amend that waits here taken back: the order stays as it stands."""
        self.recalled.add((order.venue, order.client_id))
        return 0

    # --- decide -------------------------------------------------------------------------------------------------------

    cdef int _wake_hearers(self) except -1:
        """Let the strategies be asked that read a market where something happened."""
        cdef MarketCore market
        cdef list woken = []
        for each in self._market_list:
            market = <MarketCore>each
            if market.changed or market.stirred:
                market.stirred = False
                woken += market.wakes
        # Not before all are looked at: being woken is no news for those who read the woken.
        for each in woken:
            (<MarketCore>each).changed = True
        return 0

    cdef int _quote(self, int64_t now_ns, MarketCore market) except -1:
        """Look at one symbol: bring its orders to what the strategy wants, or take them away."""
        cdef str gate
        cdef Quoting quoting
        cdef Quoter quoter = market.quoter
        cdef list steps, acts, refused
        cdef int64_t due_ns
        market.changed = False
        market.due_ns = 0
        if market.strategy is None:
            return 0
        gate = self.gate(now_ns, market)
        market.refresh(self.orders, now_ns)
        if gate:
            acts = []
            if now_ns >= self._pull_ns:
                self._pull(now_ns, market, gate, acts)
            else:
                market.due_ns = self._pull_ns
            return self._keep(now_ns, market, gate, None, tuple(acts), NOTHING)
        quoting = self._asked(now_ns, market)
        if quoting is None:
            # Its orders are taken away, and nobody else's.
            acts = []
            self._pull(now_ns, market, market.paused, acts)
            return self._keep(now_ns, market, market.paused, None, tuple(acts), NOTHING)
        if market.curb is not None:
            quoting = self.curbed(market, quoting)
        if market.held or market.guarded:
            # A debt that is too large already, a position in danger: what would add to it is not wanted.
            quoting = Quoting(
                tuple([
                    quote for quote in quoting.quotes
                    if market.held != BOTH_SIDES and (<Quote>quote).side != market.held
                    and (<Quote>quote).side != market.guarded
                ]),
                quoting.terms,
            )
        steps = quoter.plan(now_ns, quoting.quotes, quoting.terms.fair, self.orders)
        # The book may go stale without a word; the quotes are pulled then.
        due_ns = market.book_ns + self._book_age_ns_max + 1
        for each in market.hears:
            # So may those that the strategy reads.
            if not (<MarketCore>each).seen_gate:
                due_ns = min(due_ns, (<MarketCore>each).book_ns + self._book_age_ns_max + 1)
        if steps:
            acts = []
            refused = []
            self._carry_out(now_ns, market, steps, acts, refused)
            if refused:
                due_ns = min(due_ns, now_ns + RATE_WAIT_NS)
            self._keep(now_ns, market, EMPTY, quoting, tuple(acts), tuple(refused))
        else:
            self._keep(now_ns, market, EMPTY, quoting, NOTHING, NOTHING)
        if quoter._due_ns and quoter._due_ns < due_ns:
            due_ns = quoter._due_ns
        if market.wish_ns and market.wish_ns < due_ns:
            due_ns = market.wish_ns
        market.due_ns = due_ns
        market.changed = False
        return 0

    cdef Quoting _asked(self, int64_t now_ns, MarketCore market):
        """Ask the strategy; None when it failed, which pauses it and leaves the others alone."""
        if market.hears:
            self.look_around(now_ns, market)
        try:
            answer = market.strategy.quotes(market.state)
            if type(answer) is not Quoting:
                raise TypeError(f"quotes() returned {type(answer).__name__}, expected Quoting")
            market.wish_ns = 0 if market._due_of is None else market._due_of(market.state)
        except Exception as error:
            self.emit(StrategyPaused(now_ns, market.strategy_name, self._raised(market, error)))
            return None
        return <Quoting>answer

    cdef int _pull(self, int64_t now_ns, MarketCore market, str reason, list acts) except -1:
        """Cancel what the strategy has standing; asked again, because the first may be lost with the link."""
        cdef int64_t due_ns
        for order in market.orders:
            if (<Order>order).strategy != market.strategy_name:
                continue
            due_ns = self.cancel(now_ns, <Order>order, reason, acts)
            if due_ns and (not market.due_ns or due_ns < market.due_ns):
                market.due_ns = due_ns
        return 0

    cdef int _carry_out(self, int64_t now_ns, MarketCore market, list steps, list acts, list refused) except -1:
        cdef Step step
        cdef Order order
        cdef Quote quote
        cdef Refused no
        cdef str client_id
        cdef bint dirty = False
        cdef int precision = market.price_precision
        others = self.others_micro_usd(market)
        for each in steps:
            step = <Step>each
            order = step.order
            quote = step.quote
            if quote is None:
                if order is not None:
                    self.cancel(now_ns, order, step.reason, acts)
                continue
            if order is not None and order.unsent:
                self._recall(order)
                continue
            if dirty:
                # What was just sent counts for what comes next.
                market.refresh(self.orders, now_ns)
                dirty = False
            no = self.refusal(now_ns, market, order, quote, step.reason, others)
            if no is not None:
                side = "bid" if quote.side > 0 else "ask"
                refused.append(f"{side} at {market.instrument.price_text(quote.price)}: {no.reason}")
                # A refusal that passes by itself (the other side's order still on its way, the venue's rate): the order
                # may stay where it is meanwhile. Any other: better none than one at the wrong price.
                if order is not None and no.gate != "self-trade" and no.gate != "rate":
                    self.cancel(now_ns, order, no.reason, acts)
                continue
            if order is None:
                client_id = self.ids.peek("quote")
                self.emit(place_of(now_ns, market, client_id, quote))
                acts.append(act_of("place", client_id, quote.side, quote.price, precision, EMPTY))
            elif order.cum_size % market.lot:
                # Filled on another step of sizes: no total of it is on this one, and each change would be refused.
                self.cancel(now_ns, order, "the step of sizes changed", acts)
            else:
                self.emit(amend_of(now_ns, order, quote.price, order.cum_size + quote.size))
                acts.append(act_of("move", order.client_id, quote.side, quote.price, precision, step.reason))
            dirty = True
        return 0

    cdef int _keep(
        self, int64_t now_ns, MarketCore market, str gate, Quoting quoting, tuple acts, tuple refused
    ) except -1:
        """Keep the record; a gate that lasts is one record."""
        cdef Decision decision, last = market.last
        if last is not None and gate and gate == last.gate and not acts:
            return 0
        decision = Decision.__new__(Decision)
        decision.now_ns = now_ns
        decision.venue = market.venue.name
        decision.symbol = market.symbol
        decision.strategy = market.strategy_name
        decision.gate = gate
        decision.bid = market.bid if gate else market.state.bid
        decision.ask = market.ask if gate else market.state.ask
        decision.position = market.quantity
        decision.quoting = quoting
        decision.acts = acts
        decision.refused = refused
        market.last = decision
        self.decisions.append(decision)
        return 0

# cython: nonecheck=True
"""From a debt to its hedge order: what a desk does at each look and with each fill. `mm.engine.hedging` has the rest.

What a desk remembers changes in `apply` only: fills and placed hedges. A hedge is an ordinary order with purpose
"hedge" and the desk as its strategy, so that an order in flight or in doubt counts as committed for as long as it may
still fill, and a hedge is never taken for a quote: a hedge causes no hedge.
"""

from sys import intern

from libc.stdint cimport int64_t

from mm._core.commands cimport Alert, Place, StrategyPaused
from mm._core.desk cimport Desk
from mm._core.engine_core cimport EngineCore
from mm._core.hedge_grid cimport Grid
from mm._core.hedge_ledger cimport Debt, HedgeLedger
from mm._core.hedge_policy cimport HedgeOrder, HedgePlan, HedgeState, NativePolicy
from mm._core.int128 cimport as_int, mm_fits_int64, mm_int128, product_of, sum_of
from mm._core.limits cimport Refused
from mm._core.market cimport MarketCore
from mm._core.order cimport Order, OrderList
from mm._core.order_events cimport Fill
from mm._core.order_rate cimport OrderRate
from mm._core.words cimport same

from mm._core.gates import ASTRAY_NS_MAX as _ASTRAY
from mm._core.hedge_ledger import EXTERNAL as _EXTERNAL
from mm._core.hedge_ledger import QUOTE as _QUOTE
from mm._core.market import BOTH_SIDES as _BOTH_SIDES

# Least time between two hedge orders of a desk: a crossing order that got nothing meets the same book at once.
AGAIN_NS = 200_000_000
RETRY_NS_MAX = 30_000_000_000
# So long no hedge goes to another market than that of an order that should not stand, and does by each word of it.
ELSEWHERE_NS_MAX = 30_000_000_000
# So many hedges in a row without a fill are worth an alarm.
ALARM_TRIES = 5

cdef int64_t _ASTRAY_NS_MAX = _ASTRAY
cdef int64_t _ELSEWHERE_NS_MAX = ELSEWHERE_NS_MAX
cdef int64_t _AGAIN_NS = AGAIN_NS
cdef int64_t _RETRY_NS_MAX = RETRY_NS_MAX
cdef int64_t _ALARM_TRIES = ALARM_TRIES
cdef int BOTH_SIDES = _BOTH_SIDES
cdef str HEDGE = "hedge"
cdef str IOC = "ioc"
cdef str FLATTEN = "flatten"
cdef str EXTERNAL = _EXTERNAL
cdef str QUOTE = _QUOTE
cdef str EMPTY = ""
cdef str DELISTED = "delisted"


cdef tuple interned(tuple key):
    """A market's key in the words that markets and fills have: the same objects, told to be equal at a glance."""
    venue, symbol = key
    return intern(venue), intern(symbol)


cdef bint covers_least(HedgeState state) except -1:
    """Whether the account pays for the smallest order that the venue takes, as far as the venue has said."""
    return state.balance is None or state.balance >= state.least


cdef class HedgeDeskCore(Desk):
    """Hedges the fills of one market on another.

    name: as a strategy; title: for people; primary, markets, hedge: keys of the quoted market, of those where hedges
    may go, and of the one where they go now; names: market to the name of its orders; debt_max: in dollars.
    """

    def __init__(
        self, EngineCore engine not None, str name not None, str title not None, tuple primary not None,
        tuple markets not None, dict names not None, double debt_max, seed,
    ):
        Desk.__init__(self)
        self._engine = engine
        self.name = name
        self._title = title
        self.primary = interned(primary)
        self.markets = tuple([interned(key) for key in markets])
        self.names = names
        self.hedge = self.markets[0]
        self.ledger = HedgeLedger()
        self.fault = EMPTY
        self._debt_max = debt_max
        self._seed = seed
        self._grids = {}
        self._own = []

    def take_policy(self, policy, NativePolicy planner, bint remembers, bint hears_paid):
        """Go by a policy from now on. planner: its native part; remembers, hears_paid: it wants on_sent, on_paid."""
        self.policy = policy
        self._native = planner
        self._remembers = remembers
        self._hears_paid = hears_paid

    def take_debt_max(self, double debt_max):
        """Go by another limit, in dollars."""
        self._debt_max = debt_max

    # --- apply ------------------------------------------------------------------------------------------------------

    cpdef on_fill(self, Fill event, Order order, MarketCore market):
        """A fill was booked: a quote's makes a debt, a hedge's pays it."""
        cdef Grid grid
        cdef MarketCore hedge
        cdef mm_int128 moved
        if same(order.purpose, HEDGE):
            if not same(order.strategy, <str>self.names.get((order.venue, order.symbol))):
                return
            grid = self._grid(market)
            moved = grid.moved(event)
            if moved:
                self.ledger.take_hedge(
                    event.recv_ns, event.execution_id, self.policy.name, 1 if moved > 0 else -1,
                    moved if moved > 0 else -moved, grid.price_units(event.price),
                )
            self._failures = self.misses = self.kept = 0
            self._retry_ns = 0
        elif same(order.venue, <str>self.primary[0]) and same(order.symbol, <str>self.primary[1]):
            self._owe(event, market, QUOTE)
        elif same(order.purpose, FLATTEN) and (order.venue, order.symbol) in self.markets:
            self._owe(event, market, EXTERNAL)
        else:
            return
        if self._hears_paid:
            hedge = self._hedge_market()
            if hedge is not None and abs(self._lots(hedge)) * hedge.lot < hedge.size_least(hedge.bid):
                # A rest that the venue does not take is owed on, and hedged with what comes next.
                self.tell_policy(self.policy.on_paid)

    cdef int _owe(self, Fill event, MarketCore market, str kind) except -1:
        """What a fill changed is to be hedged."""
        cdef Grid grid = self._grid(market)
        cdef mm_int128 moved = grid.moved(event)
        if moved:
            self.ledger.add(
                event.recv_ns, event.execution_id, kind, 1 if moved > 0 else -1, moved if moved > 0 else -moved,
                grid.price_units(event.middle2 if event.middle2 else market.middle()),
            )
        return 0

    cpdef bint places(self, str strategy) except -1:
        """Whether orders of a strategy's name are its hedges."""
        return same(strategy, self.name) or strategy in self.names.values()

    cpdef on_placed(self, Place place):
        """A hedge of this desk is on its way."""
        cdef MarketCore hedge
        if self._remembers:
            hedge = <MarketCore?>self._engine.markets[place.venue, place.symbol]
            order = HedgeOrder(place.side, place.size // hedge.lot, place.price, place.time_in_force == "ioc")
            self.tell_policy(self.policy.on_sent, place.recv_ns, order, self._lots(hedge))
        # Until a fill says otherwise it got nothing: each further try waits longer.
        self._retry_ns = place.recv_ns + min(_AGAIN_NS << min(self._failures, 10), _RETRY_NS_MAX)
        self._failures += 1
        if same(place.time_in_force, IOC):
            self.misses += 1

    cpdef on_over(self, int64_t now_ns, Order order, bint is_refused, bint is_withdrawn):
        """A hedge of this desk has ended. is_refused: the venue never had it, it says; is_withdrawn: it was kept
        back here before it left, which is no try."""
        if is_withdrawn:
            self._failures = max(self._failures - 1, 0)
            if same(order.time_in_force, IOC):
                self.misses = max(self.misses - 1, 0)
            self._retry_ns = min(self._retry_ns, now_ns + _AGAIN_NS)
            return
        self._ended_ns = now_ns
        if is_refused:
            # Venues have refused orders that filled: the private stream has a moment to say so.
            self._hold_ns = max(self._hold_ns, now_ns + _AGAIN_NS)

    # --- decide -----------------------------------------------------------------------------------------------------

    cpdef run(self, int64_t now_ns):
        """Look at the debt: hold back the side of the quotes that would add to it, and hedge."""
        cdef EngineCore engine = self._engine
        cdef MarketCore primary = self._primary_market
        cdef MarketCore hedge = self._hedge_market()
        cdef str waits = EMPTY
        cdef int danger = 0
        cdef int held
        cdef double price
        cdef mm_int128 net = self.ledger._net
        self.due_ns = 0
        if primary is None:
            # Markets are for good once they are there.
            primary = self._primary_market = engine.markets.get(self.primary)
        if primary is None:
            return
        price = self._price(primary, hedge)
        if hedge is not None and hedge.perpetual is not None:
            danger = hedge.perpetual.danger
        held = self._held(net, price)
        if danger:
            # A position in danger is not added to, and a quote's fill would ask for just that.
            held = -danger if held == 0 or held == -danger else BOTH_SIDES
        if self.fault:
            # Nobody says how its debts are to be paid: no more of them.
            waits = self.fault
        elif hedge is None or not hedge.venue.was_ready:
            # Without a market to hedge in every fill is a debt that stays.
            waits = f"{self.hedge[0]} is not ready to hedge on yet"
        elif hedge.is_frozen:
            # Not again in this run.
            waits = f"{self.hedge[0]} cannot be hedged on: {hedge.problem}"
        elif same(hedge.status, DELISTED):
            waits = f"{self.hedge[0]} cannot be hedged on: {hedge.symbol} is delisted"
        if held != primary.held or not same(waits, primary.waits):
            primary.held = held
            primary.waits = waits
            primary.changed = True
        if waits or not net:
            self.note = waits or "nothing owed"
            if not net or self.fault:
                self.gated_ns = 0
            elif hedge is None or not hedge.is_frozen or self.hedge != self.markets[0]:
                # A first market that is frozen keeps its debt: what it holds must be seen to first.
                self._seek(now_ns, waits)
            for order in self._orders():
                # What rests although quotes unwound the debt by themselves, or with nobody to look after it.
                self._wake(engine.cancel(now_ns, <Order>order, self.fault or "nothing owed"))
            return
        if danger and danger == (-1 if net > 0 else 1):
            self.note = f"{hedge.venue.name} is close to a liquidation: nothing is added there"
            self._seek(now_ns, self.note)
            return
        self._hedge(now_ns, hedge, <double>(net if net > 0 else -net) * price)
        if self.fault:
            # It raised just now: before the quotes have their turn.
            self.run(now_ns)

    cdef int _hedge(self, int64_t now_ns, MarketCore hedge, double worth) except -1:
        cdef EngineCore engine = self._engine
        cdef list orders = []
        cdef Order order
        cdef HedgePlan plan
        cdef HedgeState state
        cdef str gate
        cdef bint is_short
        cdef bint is_waiting = False
        for each in self._orders():
            order = <Order>each
            is_waiting = is_waiting or order.unsent
            if same(order.venue, <str>self.hedge[0]) and same(order.symbol, <str>self.hedge[1]):
                orders.append(order)
            else:
                self._wake(engine.cancel(now_ns, order, f"hedging on {self.hedge[0]} now"))
        if is_waiting:
            self._withdraw(now_ns, orders)
        # From when on hedges that rest are taken back: at once, unless the gate says that it may be over in a moment.
        engine._pull_ns = now_ns
        gate = hedge.problem if hedge.problem and hedge.is_frozen else engine.market_gate(now_ns, hedge)
        if gate:
            self.note = gate
            for each in orders:
                if now_ns < engine._pull_ns:
                    self._wake(engine._pull_ns)
                else:
                    self._wake(engine.cancel(now_ns, <Order>each, gate))
            self._seek(now_ns, gate)
            return 0
        if orders:
            self._wake(hedge.book_ns + engine._book_age_ns_max + 1)
        hedge.refresh(engine.orders, now_ns)
        state = self._state(now_ns, hedge, worth, orders)
        if len(self.markets) > 1:
            # What a hedge that is out has reserved is no lack, and dust needs no money.
            is_short = abs(state.debt) >= state.least and not covers_least(state) and not self._reserved(hedge)
            if is_short or self.gated_ns or self.is_away or self.misses >= _ALARM_TRIES:
                if self._seek(now_ns, "the account there cannot pay for a hedge" if is_short else EMPTY):
                    return 0
        if self._native is not None:
            plan = self._native.plan(state)
        else:
            plan = self._asked(state)
            if plan is None:
                return 0
        self.note = plan.note
        self._wake(plan.due_ns)
        for each in plan.cancel:
            self._wake(engine.cancel(now_ns, <Order?>each, plan.note))
        if plan.order is not None:
            self._send(now_ns, hedge, plan)
        return 0

    cdef HedgePlan _asked(self, HedgeState state):
        """Ask the policy; None when it failed, which ends its hedges and the quotes that would need them."""
        try:
            plan = self.policy.plan(state)
            if type(plan) is not HedgePlan:
                raise TypeError(f"plan() returned {type(plan).__name__}, expected HedgePlan")
            for each in (<HedgePlan>plan).cancel:
                if not isinstance(each, Order):
                    raise TypeError(f"plan() cancels {type(each).__name__}, expected orders of the state")
        except Exception as error:
            self._engine.emit(StrategyPaused(state.now_ns, self.name, self.raised(error)))
            return None
        return <HedgePlan>plan

    cdef int _withdraw(self, int64_t now_ns, list orders) except -1:
        """Take back hedges that have not left and are owed no more: quotes unwound the debt while they waited."""
        cdef mm_int128 net = self.ledger._net
        cdef int side = -1 if net > 0 else 1
        cdef mm_int128 beyond = sum_of(self._exposure(side), net if net < 0 else -net)
        cdef Order order
        for each in reversed(orders):
            order = <Order>each
            if not order.unsent or (order.side == side and beyond <= 0):
                continue
            if order.side == side:
                beyond = sum_of(beyond, -product_of(order.counted, self._grid(self._hedge_market()).base_unit))
            self._engine.cancel(now_ns, order, "not owed any more")
        return 0

    cdef bint _seek(self, int64_t now_ns, str gate) except -1:
        """Look for another market where the one of now gives nothing; gate: why nothing can be sent to it."""
        if len(self.markets) < 2 or not self.seek(now_ns, gate):
            return False
        self.due_ns = 1
        return True

    cdef int _send(self, int64_t now_ns, MarketCore hedge, HedgePlan plan) except -1:
        cdef EngineCore engine = self._engine
        cdef HedgeOrder wanted = plan.order
        cdef Order order
        cdef Place place
        cdef Refused refused
        cdef int64_t lot = hedge.lot
        cdef int64_t size, closing
        cdef bint closes = False
        if len(self.markets) > 1 and self._is_astray(now_ns):
            return 0
        if now_ns < self._retry_ns or now_ns < self._hold_ns:
            return self._wake(max(self._retry_ns, self._hold_ns))
        size = min(wanted.lots * lot, hedge.order_size_max // lot * lot)
        if hedge.size_max:
            size = min(size, hedge.size_max // lot * lot)
        # In hedge mode longs and shorts stand beside each other: what we hold is closed before anything is opened.
        if (hedge.position.quantity < 0) if wanted.side > 0 else (hedge.position.quantity > 0):
            closes = hedge.is_margin and hedge.venue.settings.position_mode == HEDGE
        if closes:
            closing = 0
            for each in hedge.orders:
                order = <Order>each
                if order.side == wanted.side:
                    closing += order.counted
            if not closing and abs(hedge.position.quantity) < hedge.size_least(wanted.price):
                # So little cannot be closed: it stays beside what is opened, or nothing would be hedged any more.
                closes = False
            else:
                size = min(size, (abs(hedge.position.quantity) - closing) // lot * lot)
            if size <= 0:
                self.note = "closing before it opens the other side"
                return 0
        # Quotes may have every place of max_open_orders; hedges are few, and bounded by the debt.
        refused = engine.limits.judge(
            hedge, wanted.side, wanted.price, size, not wanted.crossing, None, 0, engine.others_micro_usd(hedge)
        )
        if refused is not None:
            self.note = f"held back: {refused.reason}"
            return 0
        rates = hedge.limits
        if rates is not None and not (
            (<OrderRate>rates).allows(now_ns, "place", 0, True, len(hedge.orders))
            if isinstance(rates, OrderRate)
            else rates.allows(now_ns, "place", 0, True, len(hedge.orders))
        ):
            self.note = "held back: the venue's order rate limit is used up"
            return self._wake(now_ns + _AGAIN_NS)
        if self._failures == _ALARM_TRIES:
            text = f"{self._title}: {self._failures} hedges in a row got nothing: {self.note}"
            engine.emit(Alert(now_ns, "error", text))
        place = Place.__new__(Place)
        place.recv_ns = now_ns
        place.venue = hedge.venue.name
        place.symbol = hedge.symbol
        place.client_id = engine.ids.peek(HEDGE)
        place.strategy = self._hedge_name
        place.purpose = HEDGE
        place.level = 0
        place.side = wanted.side
        place.price = wanted.price
        place.size = size
        place.order_type = "limit"
        place.time_in_force = "ioc" if wanted.crossing else "gtc"
        place.post_only = not wanted.crossing
        place.reduce_only = closes
        place.parent = (<Debt>self.ledger.debts[0]).owner
        engine.emit(place)
        self.note = plan.note
        return self._wake(self._retry_ns)

    cdef bint _is_astray(self, int64_t now_ns) except -1:
        """Whether an order stands in one of the markets that should not: it may fill what is hedged in the other."""
        cdef MarketCore market
        cdef int64_t until_ns
        for key in self.markets:
            market = self._engine.markets.get(key)
            if market is not None and self._engine.is_astray(now_ns, market):
                # A venue that takes no cancels may show it for hours: that the debt is not hedged is certain.
                until_ns = min(market.astray_ns + _ASTRAY_NS_MAX, market.astray_since_ns + _ELSEWHERE_NS_MAX)
                if now_ns < until_ns:
                    self.note = f"an order stands at {market.venue.name} that should not"
                    self._wake(until_ns)
                    return True
        return False

    cpdef bint pays(self, int64_t now_ns, MarketCore market) except -1:
        """Whether a market's account covers the least hedge of what is owed there; not where the venue takes so little
        from nobody."""
        cdef HedgeState state
        market.refresh(self._engine.orders, now_ns)
        state = self._state(now_ns, market, 0.0, [])
        return abs(state.debt) >= state.least and covers_least(state)

    cdef HedgeState _state(self, int64_t now_ns, MarketCore hedge, double worth, list orders):
        cdef Grid grid = self._grid(hedge)
        cdef HedgeState state = HedgeState.__new__(HedgeState)
        cdef int64_t price
        cdef mm_int128 committed
        state.now_ns = now_ns
        state.debt = self._lots(hedge)
        state.worth = worth
        state.oldest_ns = self.ledger.oldest_ns()
        # At worst, rounded up: what is in doubt counts as if it were to fill, and what the venue has told as filled
        # until its executions are here.
        if self._is_out():
            committed = sum_of(self._exposure(1), self._exposure(-1))
            committed = -(-committed // grid.lot_base)
            if not mm_fits_int64(committed):
                raise OverflowError(f"hedges of {as_int(committed)} lots are out, more than 63 bits hold")
            state.committed = <int64_t>committed
        state.instrument = grid.instrument
        state.lot = grid.lot
        state._tick = hedge.tick
        state.bid = hedge.state.bid
        state.ask = hedge.state.ask
        state.bid_size = hedge.state.bid_size
        state.ask_size = hedge.state.ask_size
        state.seed = self._seed
        state.orders = orders
        price = state.crossing_price(
            self._native.slippage_bps if self._native is not None else self.policy.slippage_bps
        )
        state.least = hedge.size_least(price) // grid.lot
        # A hedge that buys meets the asks. What stands at the best price is there in any case.
        state.depth = (hedge.bid_size if state.debt > 0 else hedge.ask_size) // grid.lot
        if self._native is None or not self._native.is_enough(state, state.depth):
            state.depth = <int64_t>hedge.book.depth_within(1 if state.debt > 0 else -1, price) // grid.lot
        state.balance = self._balance(hedge, state, price)
        return state

    cdef int64_t _reserved(self, MarketCore market) except -1:
        """Lots of a market that hedges there may still fill: what is out elsewhere is paid for elsewhere."""
        cdef OrderList orders = self._engine.orders._strategies.get(self.names[market.venue.name, market.symbol])
        return 0 if orders is None else <int64_t>((orders._buys + orders._sells + market.lot - 1) // market.lot)

    cdef object _balance(self, MarketCore hedge, HedgeState state, int64_t price):
        """How many lots more the account can pay for; None while the venue has not said."""
        cdef Grid grid
        cdef int64_t reserved = self._reserved(hedge) if state.committed else 0
        if hedge.is_margin:
            return self._margin_balance(hedge, state, price, reserved)
        grid = self._grid(hedge)
        free = hedge.base_free if state.debt > 0 else hedge.quote_free
        if free is None:
            return None
        units = grid.lots_paid_for(free, state.debt > 0, price)
        if reserved:
            units -= reserved
        return units if units > 0 else 0

    # --- small ------------------------------------------------------------------------------------------------------

    cdef Grid _grid(self, MarketCore market):
        cdef Grid grid = self._last_grid
        if grid is not None and grid.instrument is market.instrument:
            return grid
        if self._other_grid is None or self._other_grid.instrument is not market.instrument:
            grid = self._grids.get(market)
            if grid is None or grid.instrument is not market.instrument:
                grid = self._grids[market] = Grid(market.instrument)
            self._other_grid = grid
        # The quotes' and the hedges' take turns.
        self._last_grid, self._other_grid = self._other_grid, self._last_grid
        return self._last_grid

    cdef MarketCore _hedge_market(self):
        """The market where hedges go now, None before it is there."""
        if self._found is not self.hedge:
            self._hedge_at = self._engine.markets.get(self.hedge)
            # Markets are for good once they are there.
            self._found = self.hedge if self._hedge_at is not None else None
            self._hedge_name = self.names[self.hedge]
        return self._hedge_at

    cdef int64_t _lots(self, MarketCore hedge) except? -1:
        """The debt in whole lots of the hedge market, rounded towards zero: less than a lot cannot be hedged."""
        return self._grid(hedge).lots(self.ledger._net)

    cdef list _own_orders(self):
        """The lists of its hedges that are open: the store makes one with the first order of a name, for good."""
        cdef dict lists = self._engine.orders._strategies
        if len(self._own) < len(self.names):
            self._own = [lists[name] for name in self.names.values() if name in lists]
        return self._own

    cdef list _orders(self):
        """Open hedge orders, wherever they are."""
        cdef list found = []
        for orders in self._own_orders():
            if (<OrderList?>orders).count:
                found += (<OrderList>orders).orders()
        return found

    cdef bint _is_out(self) except -1:
        """Whether any hedge may still fill, on whichever market."""
        for orders in self._own_orders():
            if (<OrderList?>orders)._buys or (<OrderList>orders)._sells:
                return True
        return False

    cdef mm_int128 _exposure(self, int side) except? -1:
        """What hedges may still buy or sell at worst, on whichever market, in 10^-12 of the base asset."""
        cdef MarketCore market
        cdef OrderList orders
        cdef mm_int128 total = 0
        cdef mm_int128 exposure
        for key, name in self.names.items():
            orders = self._engine.orders._strategies.get(name)
            if orders is not None:
                exposure = orders._buys if side > 0 else orders._sells
                market = self._engine.markets.get(key)
                if exposure and market is not None:
                    total = sum_of(total, product_of(exposure, self._grid(market).base_unit))
        return total

    cdef int _held(self, mm_int128 net, double price) except -2:
        """The side on which no quote may stand, `BOTH_SIDES`, or 0.

        Hedges on their way count on the side that they add to: they may have filled already, and a fill of a quote on
        that side would then be owed on top.
        """
        cdef bint is_long, is_short
        cdef double owed
        if self._is_out():
            is_long = <double>sum_of(net, self._exposure(1)) * price >= self._debt_max
            is_short = <double>sum_of(self._exposure(-1), -net) * price >= self._debt_max
        else:
            owed = <double>net
            is_long = owed * price >= self._debt_max
            is_short = -owed * price >= self._debt_max
        if net and self.ledger._externals:
            # The venue has just taken a leg: not more of it before that is hedged.
            is_long, is_short = is_long or net > 0, is_short or net < 0
        return BOTH_SIDES if is_long and is_short else <int>is_long - <int>is_short

    cdef double _price(self, MarketCore primary, MarketCore hedge) except? -1:
        """Dollars for one unit of debt, by whichever market has a price; at one for one before a rate was known."""
        cdef MarketCore market = primary
        cdef double rate
        if not (market.bid and market.ask):
            market = hedge
            if market is None or not (market.bid and market.ask):
                return 0.0
        rate = market.last_usd_rate()
        return <double>(<mm_int128>market.bid + market.ask) / 2 / market.price_scale / 1e12 * (rate or 1.0)

    cdef int _wake(self, int64_t due_ns) except -1:
        if due_ns and (not self.due_ns or due_ns < self.due_ns):
            self.due_ns = due_ns
        return 0

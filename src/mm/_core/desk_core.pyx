# cython: nonecheck=True
"""From a debt to its hedge order: what a desk does at each look and with each fill. `mm.engine.hedging` has the rest.

What a desk remembers changes in `apply` only: fills and placed hedges. A hedge is an ordinary order with purpose
"hedge" and the desk as its strategy, so that an order in flight or in doubt counts as committed for as long as it may
still fill, and a hedge is never taken for a quote: a hedge causes no hedge.
"""

from cython cimport final
from libc.stdint cimport int64_t

from mm._core.commands cimport Alert, Place
from mm._core.desk cimport Desk
from mm._core.engine_core cimport EngineCore
from mm._core.hedge_ledger cimport Debt, HedgeLedger
from mm._core.hedge_policy cimport HedgeOrder, HedgePlan, HedgeState, NativePolicy
from mm._core.int128 cimport mm_int128
from mm._core.limits cimport Refused
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.order_events cimport Fill
from mm._core.order_rate cimport OrderRate

from mm._core.hedge_ledger import EXTERNAL as _EXTERNAL
from mm._core.market import AMOUNT_PRECISION as _AMOUNT_PRECISION
from mm._core.market import BOTH_SIDES as _BOTH_SIDES

# Least time between two hedge orders of a desk: a crossing order that got nothing meets the same book at once.
AGAIN_NS = 200_000_000
RETRY_NS_MAX = 30_000_000_000
# So many hedges in a row without a fill are worth an alarm.
ALARM_TRIES = 5

cdef int64_t _AGAIN_NS = AGAIN_NS
cdef int64_t _RETRY_NS_MAX = RETRY_NS_MAX
cdef int64_t _ALARM_TRIES = ALARM_TRIES
cdef int BOTH_SIDES = _BOTH_SIDES
cdef object AMOUNT_SCALE = 10**_AMOUNT_PRECISION
cdef str HEDGE = "hedge"
cdef str FLATTEN = "flatten"
cdef str EXTERNAL = _EXTERNAL
cdef str EMPTY = ""


@final
cdef class Grid:
    """What an instrument's numbers are worth, for as long as it is the same instrument.

    base_unit: one unit of size in 10^-12 of the base asset. Raises ValueError for sizes finer than that.
    """

    def __init__(self, instrument):
        decimals = instrument.base_precision
        if decimals > _AMOUNT_PRECISION:
            raise ValueError(
                f"{instrument.symbol}: sizes finer than 10^-{_AMOUNT_PRECISION} cannot be hedged exactly"
            )
        self.instrument = instrument
        self.multiplier = instrument.multiplier
        self.base_unit = instrument.base_units(1) * 10 ** (_AMOUNT_PRECISION - decimals)
        self.lot = instrument.lot
        self.lot_base = self.lot * self.base_unit
        self.base_scale = 10**decimals
        self.base_divisor = AMOUNT_SCALE * self.multiplier
        self.cost_scale = 10**instrument.cost_precision
        self.fee_e8 = max(instrument.taker_fee_e8, 0)
        shift = _AMOUNT_PRECISION - instrument.price_precision
        self.price_factor = 10 ** max(shift, 0)
        self.price_divisor = 10 ** max(-shift, 0)

    cdef object price_units(self, object price):
        """A price in 10^-12 of the quote currency; finer ones are cut off, they are for the cost and not for orders."""
        return price * self.price_factor // self.price_divisor


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
        self.primary = primary
        self.markets = markets
        self.names = names
        self.hedge = markets[0]
        self.ledger = HedgeLedger()
        self._debt_max = debt_max
        self._seed = seed
        self._grids = {}

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
        cdef tuple key = (order.venue, order.symbol)
        cdef Grid grid
        cdef MarketCore hedge
        if order.purpose == HEDGE:
            if order.strategy != self.names.get(key):
                return
            grid = self._grid(market)
            self.ledger.on_hedge_fill(
                event.recv_ns, event.execution_id, self.policy.name, event.side, event.size * grid.base_unit,
                grid.price_units(<object>event.price),
            )
            self._failures = 0
            self._retry_ns = 0
        elif key == self.primary:
            grid = self._grid(market)
            self.ledger.on_quote_fill(
                event.recv_ns, event.execution_id, event.side, event.size * grid.base_unit,
                grid.price_units(market.middle2),
            )
        elif order.purpose == FLATTEN and key in self.markets:
            grid = self._grid(market)
            self.ledger.on_external(
                event.recv_ns, event.execution_id, event.side, event.size * grid.base_unit,
                grid.price_units(market.middle2),
            )
        else:
            return
        if self._hears_paid:
            hedge = self._engine.markets.get(self.hedge)
            if hedge is not None and not self._lots(hedge):
                self.policy.on_paid()

    cpdef bint places(self, str strategy) except -1:
        """Whether orders of a strategy's name are its hedges."""
        return strategy == self.name or strategy in self.names.values()

    cpdef on_placed(self, Place place):
        """A hedge of this desk is on its way."""
        cdef MarketCore hedge
        if self._remembers:
            hedge = <MarketCore?>self._engine.markets[place.venue, place.symbol]
            order = HedgeOrder(place.side, place.size // hedge.lot, place.price, place.time_in_force == "ioc")
            self.policy.on_sent(place.recv_ns, order, self._lots(hedge))
        # Until a fill says otherwise it got nothing: each further try waits longer.
        self._retry_ns = place.recv_ns + min(_AGAIN_NS << min(self._failures, 10), _RETRY_NS_MAX)
        self._failures += 1

    # --- decide -----------------------------------------------------------------------------------------------------

    cpdef run(self, int64_t now_ns):
        """Look at the debt: hold back the side of the quotes that would add to it, and hedge."""
        cdef EngineCore engine = self._engine
        cdef MarketCore primary = engine.markets.get(self.primary)
        cdef MarketCore hedge = engine.markets.get(self.hedge)
        cdef str waits = EMPTY
        cdef int danger = 0
        cdef int held
        cdef double price
        self.due_ns = 0
        if primary is None:
            return
        net = self.ledger.net
        price = self._price(primary, hedge)
        if hedge is not None:
            perpetual = hedge.perpetual
            if perpetual is not None:
                danger = perpetual.danger
        held = self._held(net, price)
        if danger:
            # A position in danger is not added to, and a quote's fill would ask for just that.
            held = -danger if held == 0 or held == -danger else BOTH_SIDES
        if hedge is None or not hedge.venue.was_ready:
            # Without a market to hedge in every fill is a debt that stays.
            waits = f"{self.hedge[0]} is not ready to hedge on yet"
        elif hedge.is_frozen:
            # Not again in this run.
            waits = f"{self.hedge[0]} cannot be hedged on: {hedge.problem}"
        if held != primary.held or waits != primary.waits:
            primary.held = held
            primary.waits = waits
            primary.changed = True
        if waits or not net:
            self.note = waits or "nothing owed"
            for order in self._orders():
                # What rests although quotes unwound the debt by themselves.
                self._wake(engine.cancel(now_ns, <Order>order, "nothing owed"))
            return
        if danger and danger == (-1 if net > 0 else 1):
            self.note = f"{hedge.venue.name} is close to a liquidation: nothing is added there"
            return
        self._hedge(now_ns, hedge, abs(net) * price)

    cdef int _hedge(self, int64_t now_ns, MarketCore hedge, double worth) except -1:
        cdef EngineCore engine = self._engine
        cdef list orders = []
        cdef Order order
        cdef HedgePlan plan
        cdef HedgeState state
        cdef str gate
        for each in self._orders():
            order = <Order>each
            if order.venue == self.hedge[0] and order.symbol == self.hedge[1]:
                orders.append(order)
            else:
                self._wake(engine.cancel(now_ns, order, f"hedging on {self.hedge[0]} now"))
        gate = hedge.problem if hedge.problem and hedge.is_frozen else engine.market_gate(now_ns, hedge)
        if gate:
            self.note = gate
            return 0
        hedge.refresh(engine.orders, now_ns)
        state = self._state(now_ns, hedge, worth, orders)
        if self._native is not None:
            plan = self._native.plan(state)
        else:
            plan = <HedgePlan?>self.policy.plan(state)
        self.note = plan.note
        self.due_ns = plan.due_ns
        for each in plan.cancel:
            self._wake(engine.cancel(now_ns, <Order?>each, plan.note))
        if plan.order is not None:
            self._send(now_ns, hedge, plan)
        return 0

    cdef int _send(self, int64_t now_ns, MarketCore hedge, HedgePlan plan) except -1:
        cdef EngineCore engine = self._engine
        cdef HedgeOrder wanted = plan.order
        cdef Order order
        cdef Place place
        cdef Refused refused
        cdef int64_t lot = hedge.lot
        cdef int64_t size, closing
        cdef bint closes = False
        if now_ns < self._retry_ns:
            return self._wake(self._retry_ns)
        size = min(wanted.lots * lot, hedge.order_size_max // lot * lot)
        if hedge.size_max:
            size = min(size, hedge.size_max // lot * lot)
        # In hedge mode longs and shorts stand beside each other: what we hold is closed before anything is opened.
        if (hedge.quantity < 0) if wanted.side > 0 else (hedge.quantity > 0):
            closes = hedge.venue.settings.position_mode == HEDGE
        if closes:
            closing = 0
            for each in hedge.orders:
                order = <Order>each
                if order.side == wanted.side:
                    closing += order.counted
            size = min(size, (abs(hedge.quantity) - closing) // lot * lot)
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
        place.strategy = self.names[self.hedge]
        place.purpose = HEDGE
        place.level = 0
        place.side = wanted.side
        place.price = wanted.price
        place.size = size
        place.order_type = "limit"
        place.time_in_force = "ioc" if wanted.crossing else "gtc"
        place.post_only = not wanted.crossing
        place.reduce_only = closes
        place.parent = (<Debt?>self.ledger.debts[0]).owner
        engine.emit(place)
        self.note = plan.note
        return self._wake(self._retry_ns)

    cdef HedgeState _state(self, int64_t now_ns, MarketCore hedge, double worth, list orders):
        cdef Grid grid = self._grid(hedge)
        cdef HedgeState state = HedgeState.__new__(HedgeState)
        cdef int64_t price
        state.now_ns = now_ns
        state.debt = self._lots(hedge)
        state.worth = worth
        state.oldest_ns = self.ledger.oldest_ns()
        # At worst, rounded up: what is in doubt counts as if it were to fill, and what the venue has told as filled
        # until its executions are here.
        committed = self._exposure(1) + self._exposure(-1)
        state.committed = -(-committed // grid.lot_base) if committed else 0
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
        # A hedge that buys meets the asks.
        state.depth = <int64_t>hedge.book.depth_within(1 if state.debt > 0 else -1, price) // grid.lot
        state.balance = self._balance(hedge, state, price)
        return state

    cdef object _balance(self, MarketCore hedge, HedgeState state, int64_t price):
        """How many lots more the account can pay for; None while the venue has not said."""
        cdef Grid grid
        if hedge.is_margin:
            return self._margin_balance(hedge, state, price)
        grid = self._grid(hedge)
        free = hedge.base_free if state.debt > 0 else hedge.quote_free
        if free is None:
            return None
        if state.debt > 0:
            units = free * grid.base_scale // grid.base_divisor
        else:
            cost = grid.cost_scale * free // AMOUNT_SCALE
            units = cost * 100_000_000 // (price * grid.multiplier * (100_000_000 + grid.fee_e8))
        units = units // grid.lot - state.committed
        return units if units > 0 else 0

    # --- small ------------------------------------------------------------------------------------------------------

    cdef Grid _grid(self, MarketCore market):
        cdef Grid grid = self._grids.get(market)
        if grid is None or grid.instrument is not market.instrument:
            grid = self._grids[market] = Grid(market.instrument)
        return grid

    cdef object _lots(self, MarketCore hedge):
        """The debt in whole lots of the hedge market, rounded towards zero: less than a lot cannot be hedged."""
        cdef Grid grid = self._grid(hedge)
        net = self.ledger.net
        return net // grid.lot_base if net >= 0 else -(-net // grid.lot_base)

    cdef list _orders(self):
        """Open hedge orders, wherever they are."""
        cdef list found = None
        cdef list orders
        for name in self.names.values():
            orders = self._engine.orders.open_of_strategy(name)
            found = orders if found is None else found + orders
        return found

    cdef object _exposure(self, int side):
        """What hedges may still buy or sell at worst, on whichever market, in 10^-12 of the base asset."""
        cdef MarketCore market
        total = 0
        for key, name in self.names.items():
            exposure = self._engine.orders.exposure_of_strategy(name, side)
            if exposure:
                market = self._engine.markets.get(key)
                if market is not None:
                    total += exposure * self._grid(market).base_unit
        return total

    cdef int _held(self, object net, double price) except -2:
        """The side on which no quote may stand, `BOTH_SIDES`, or 0.

        Hedges on their way count on the side that they add to: they may have filled already, and a fill of a quote on
        that side would then be owed on top.
        """
        cdef bint is_long = (net + self._exposure(1)) * price >= self._debt_max
        cdef bint is_short = (self._exposure(-1) - net) * price >= self._debt_max
        if net:
            for debt in self.ledger.debts:
                if (<Debt?>debt).kind == EXTERNAL:
                    # The venue has just taken a leg: not more of it before that is hedged.
                    is_long, is_short = is_long or net > 0, is_short or net < 0
                    break
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
        return <double>(<mm_int128>market.bid + market.ask) / 2 / 10.0**market.price_precision / 1e12 * (rate or 1.0)

    cdef int _wake(self, int64_t due_ns) except -1:
        if due_ns and (not self.due_ns or due_ns < self.due_ns):
            self.due_ns = due_ns
        return 0

"""From debts to hedge orders: ledger, policy, limits, retries. One desk for each `[hedging.NAME]`. Part of `decide`.

What a desk remembers changes in `apply` only: fills and placed hedges. A hedge is an ordinary order with purpose
"hedge" and the desk as its strategy, so that an order in flight or in doubt counts as committed for as long as it may
still fill, and a hedge is never taken for a quote: a hedge causes no hedge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm._core.market import BOTH_SIDES
from mm._core.orders import Order
from mm.instruments import AMOUNT_PRECISION, Instrument
from mm.inventory.hedging import HedgeLedger, HedgeOrder, HedgePlan, HedgePolicy, HedgeState, find
from mm.risk import Refused

if TYPE_CHECKING:
    from mm.config import HedgeSettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market

HEDGE: Final = "hedge"
AGAIN_NS: Final = 200_000_000
"""Least time between two hedge orders of a desk: a crossing order that got nothing meets the same book at once."""
RETRY_NS_MAX: Final = 30_000_000_000
ALARM_TRIES: Final = 5
"""So many hedges in a row without a fill are worth an alarm."""


def base_units(instrument: Instrument, size: int) -> int:
    """A size in 10^-12 of the base asset. Raises ValueError for a grid finer than that."""
    if instrument.base_precision > AMOUNT_PRECISION:
        raise ValueError(f"{instrument.symbol}: sizes finer than 10^-{AMOUNT_PRECISION} cannot be hedged exactly")
    return instrument.base_units(size) * int(10 ** (AMOUNT_PRECISION - instrument.base_precision))


def price_units(instrument: Instrument, price: int) -> int:
    """A price in 10^-12 of the quote currency; finer ones are cut off, they are for the cost and not for orders."""
    shift = AMOUNT_PRECISION - instrument.price_precision
    return price * int(10**shift) if shift >= 0 else price // int(10**-shift)


class HedgeDesk:
    """Hedges the fills of one market on another. due_ns: when it wants to be woken, 0 never."""

    __slots__ = (
        "_engine",
        "_failures",
        "_retry_ns",
        "due_ns",
        "hedge",
        "ledger",
        "name",
        "note",
        "policy",
        "primary",
        "settings",
    )

    def __init__(self, engine: Engine, settings: HedgeSettings) -> None:
        self._engine = engine
        self.settings = settings
        self.name = f"{HEDGE} {settings.name}"
        self.primary = (settings.primary, settings.symbol)
        self.hedge = (settings.hedge, settings.hedge_symbol)
        self.ledger = HedgeLedger()
        self.policy: HedgePolicy = find(settings.policy)(settings.policy, settings.parameters)
        self.note = ""
        """Why the last look sent nothing, or what it sent."""
        self.due_ns = 0
        self._retry_ns = 0
        self._failures = 0

    # --- apply ------------------------------------------------------------------------------------------------------

    def on_fill(self, event: ev.Fill, order: Order, market: Market) -> None:
        """A fill was booked: a quote's makes a debt, a hedge's pays it."""
        key = (order.venue, order.symbol)
        amount = base_units(market.instrument, event.size)
        if order.purpose == HEDGE and order.strategy == self.name:
            price = price_units(market.instrument, event.price)
            self.ledger.on_hedge_fill(event.recv_ns, event.execution_id, self.policy.name, event.side, amount, price)
            self._failures = 0
            self._retry_ns = 0
        elif key == self.primary and order.purpose != HEDGE:
            middle2 = price_units(market.instrument, market.middle2)
            self.ledger.on_quote_fill(event.recv_ns, event.execution_id, event.side, amount, middle2)
        else:
            return
        hedge = self._engine.markets.get(self.hedge)
        if hedge is not None and not self._lots(hedge):
            self.policy.on_paid()

    def on_placed(self, place: ev.Place) -> None:
        """A hedge of this desk is on its way."""
        hedge = self._engine.markets[self.hedge]
        lot = hedge.instrument.lot
        order = HedgeOrder(place.side, place.size // lot, place.price, place.time_in_force == "ioc")
        self.policy.on_sent(place.recv_ns, order, self._lots(hedge))
        # Until a fill says otherwise it got nothing: each further try waits longer.
        self._retry_ns = place.recv_ns + min(AGAIN_NS << min(self._failures, 10), RETRY_NS_MAX)
        self._failures += 1

    def take_settings(self, settings: HedgeSettings) -> None:
        """Go by other settings; a policy with other parameters begins anew, the debts stay."""
        old, self.settings = self.settings, settings
        if (old.policy, old.parameters) != (settings.policy, settings.parameters):
            self.policy = find(settings.policy)(settings.policy, settings.parameters)

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (self.name, self.ledger.state_hash(), self.policy.facts(), self._retry_ns, self._failures)

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """Look at the debt: hold back the side of the quotes that would add to it, and hedge."""
        engine = self._engine
        self.due_ns = 0
        primary = engine.markets.get(self.primary)
        hedge = engine.markets.get(self.hedge)
        if primary is None:
            return
        net = self.ledger.net
        price = self._price(primary, hedge)
        held = self._held(net, price, hedge)
        if held != primary.held:
            primary.held = held
            primary.changed = True
        if hedge is None or not net:
            self.note = "nothing owed" if hedge is not None else f"{self.settings.hedge} has not told of its symbol yet"
            return
        self._hedge(now_ns, hedge, abs(net) * price)

    def _hedge(self, now_ns: int, hedge: Market, worth: float) -> None:
        engine = self._engine
        gate = hedge.problem if hedge.is_frozen else engine.market_gate(now_ns, hedge)
        if gate:
            self.note = gate
            return
        hedge.refresh(engine.orders, now_ns)
        orders = engine.orders.open_of_strategy(self.name)
        plan = self.policy.plan(self._state(now_ns, hedge, worth, orders))
        self.note = plan.note
        self.due_ns = plan.due_ns
        for order in plan.cancel:
            self._wake(engine.cancel(now_ns, order, plan.note))
        if plan.order is not None:
            self._send(now_ns, hedge, plan, plan.order)

    def _send(self, now_ns: int, hedge: Market, plan: HedgePlan, wanted: HedgeOrder) -> None:
        engine = self._engine
        if now_ns < self._retry_ns:
            self._wake(self._retry_ns)
            return
        instrument = hedge.instrument
        size = wanted.lots * instrument.lot
        verdict = engine.limits.check(
            hedge,
            wanted.side,
            wanted.price,
            size,
            post_only=not wanted.crossing,
            orders_open=engine.orders.n_open,
            others_micro_usd=engine.others_micro_usd(hedge),
        )
        if isinstance(verdict, Refused):
            self.note = f"held back: {verdict.reason}"
            return
        rates = hedge.limits
        if rates is not None and not rates.allows(now_ns, "place", 0, True, len(hedge.orders)):
            self.note = "held back: the venue's order rate limit is used up"
            self._wake(now_ns + AGAIN_NS)
            return
        if self._failures == ALARM_TRIES:
            text = f"{self.settings.name}: {self._failures} hedges in a row got nothing: {self.note}"
            engine.emit(ev.Alert(now_ns, "error", text))
        engine.emit(
            ev.Place(
                now_ns,
                hedge.venue.name,
                hedge.symbol,
                engine.ids.peek(HEDGE),
                self.name,
                HEDGE,
                0,
                wanted.side,
                wanted.price,
                size,
                "limit",
                "ioc" if wanted.crossing else "gtc",
                not wanted.crossing,
                False,
                self.ledger.debts[0].owner,
            )
        )
        self.note = plan.note
        self._wake(self._retry_ns)

    def _state(self, now_ns: int, hedge: Market, worth: float, orders: list[Order]) -> HedgeState:
        instrument = hedge.instrument
        lot = instrument.lot
        debt = self._lots(hedge)
        market = hedge.state
        state = HedgeState(
            now_ns=now_ns,
            debt=debt,
            worth=worth,
            oldest_ns=self.ledger.oldest_ns(),
            # At worst, rounded up: what is in doubt counts as if it were to fill, and what the venue has told as filled
            # until its executions are here.
            committed=-(-self._committed() // lot),
            instrument=instrument,
            lot=lot,
            bid=market.bid,
            ask=market.ask,
            bid_size=market.bid_size,
            ask_size=market.ask_size,
            depth=0,
            balance=None,
            seed=self._engine.seed,
            orders=orders,
        )
        price = state.crossing_price(self.policy.slippage_bps)
        # A hedge that buys meets the asks.
        state.depth = hedge.book.depth_within(-state.side, price) // lot
        state.balance = self._balance(hedge, state, price)
        return state

    def _balance(self, hedge: Market, state: HedgeState, price: int) -> int | None:
        """How many lots more the account can pay for; None while the venue has not said."""
        instrument = hedge.instrument
        lot = instrument.lot
        if hedge.is_margin:
            size = hedge.affordable(state.side, price)
            return size if size is None else size // lot
        free = hedge.base_free if state.side < 0 else hedge.quote_free
        if free is None:
            return None
        if state.side < 0:
            units = int(free * 10**instrument.base_precision // (10**AMOUNT_PRECISION * instrument.multiplier))
        else:
            fee_e8 = max(instrument.taker_fee_e8, 0)
            cost = 10**instrument.cost_precision * free // 10**AMOUNT_PRECISION
            units = int(cost * 100_000_000 // (price * instrument.multiplier * (100_000_000 + fee_e8)))
        return max(0, units // lot - state.committed)

    # --- small ------------------------------------------------------------------------------------------------------

    def _lots(self, hedge: Market) -> int:
        """The debt in whole lots of the hedge market, rounded towards zero: less than a lot cannot be hedged."""
        lot = base_units(hedge.instrument, hedge.instrument.lot)
        net = self.ledger.net
        return net // lot if net >= 0 else -(-net // lot)

    def _committed(self) -> int:
        """What hedges may still fill, in size units."""
        orders = self._engine.orders
        return orders.exposure_of_strategy(self.name, 1) + orders.exposure_of_strategy(self.name, -1)

    def _held(self, net: int, price: float, hedge: Market | None) -> int:
        """The side on which no quote may stand, `BOTH_SIDES`, or 0.

        Hedges on their way count on the side that they add to: they may have filled already, and a fill of a quote on
        that side would then be owed on top.
        """
        if hedge is None:
            # Without a market to hedge in every fill is a debt that stays.
            return (1 if net > 0 else -1) if net else 0
        debt_max = float(self.settings.debt_max_usd)
        exposure = self._engine.orders.exposure_of_strategy
        buys, sells = (base_units(hedge.instrument, exposure(self.name, side)) for side in (1, -1))
        is_long = (net + buys) * price >= debt_max
        is_short = (sells - net) * price >= debt_max
        return BOTH_SIDES if is_long and is_short else int(is_long) - int(is_short)

    def _price(self, primary: Market, hedge: Market | None) -> float:
        """Dollars for one unit of debt, by whichever market has a price."""
        for market in (primary, hedge):
            if market is not None and market.middle2:
                return market.instrument.price_float(market.middle2 / 2) / 1e12
        return 0.0

    def _wake(self, due_ns: int) -> None:
        if due_ns and (not self.due_ns or due_ns < self.due_ns):
            self.due_ns = due_ns

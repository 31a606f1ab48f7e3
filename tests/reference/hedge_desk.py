"""The slow twin of `mm._core.desk_core`: the desk as it was written, exact integers and one rule after the other.

It is a desk of the engine with everything native put in the words of before, so that two engines can be compared.
"""

from __future__ import annotations

from typing import Any, Final

from mm._core import events as ev
from mm._core.gates import ASTRAY_NS_MAX
from mm._core.market import BOTH_SIDES
from mm._core.orders import Order
from mm.engine.closing import FLATTEN
from mm.engine.hedging import HEDGE, HedgeDesk, base_units, price_units
from mm.instruments import AMOUNT_PRECISION
from mm.inventory.hedging import EXTERNAL, HedgeOrder, HedgePlan, HedgeState
from mm.risk import Refused

Market = Any
AGAIN_NS: Final = 200_000_000
RETRY_NS_MAX: Final = 30_000_000_000
ALARM_TRIES: Final = 5


def least_size(market: Market, price: int) -> int:
    """What the venue takes at least."""
    instrument = market.instrument
    least = max(instrument.size_min, -(-instrument.cost_min // (price * instrument.multiplier)) if price else 0, 1)
    return -(-least // instrument.lot) * instrument.lot


def _covers_least(state: HedgeState) -> bool:
    return state.balance is None or bool(state.balance >= state.least)


class PlainDesk(HedgeDesk):
    """See the module's text."""

    def on_fill(self, event: ev.Fill, order: Order, market: Market) -> None:
        """A fill was booked: a quote's makes a debt, a hedge's pays it."""
        key = (order.venue, order.symbol)
        moved = event.side * base_units(market.instrument, event.size)
        if event.fee_asset == market.instrument.base:
            moved -= event.fee
        side, amount = (1 if moved > 0 else -1), abs(moved)
        if order.purpose == HEDGE and order.strategy == self.names.get(key):
            price = price_units(market.instrument, event.price)
            if moved:
                self.ledger.on_hedge_fill(event.recv_ns, event.execution_id, self.policy.name, side, amount, price)
            self._failures = self.misses = 0
            self._retry_ns = 0
        elif key == self.primary and order.purpose != HEDGE:
            middle2 = price_units(market.instrument, market.middle2)
            if moved:
                self.ledger.on_quote_fill(event.recv_ns, event.execution_id, side, amount, middle2)
        elif key in self.markets and order.purpose == FLATTEN:
            middle2 = price_units(market.instrument, market.middle2)
            if moved:
                self.ledger.on_external(event.recv_ns, event.execution_id, side, amount, middle2)
        else:
            return
        hedge = self._engine.markets.get(self.hedge)
        if hedge is not None and abs(self._lots(hedge)) * hedge.instrument.lot < least_size(hedge, hedge.bid):
            self.policy.on_paid()

    def on_placed(self, place: ev.Place) -> None:
        """A hedge of this desk is on its way."""
        hedge = self._engine.markets[place.venue, place.symbol]
        lot = hedge.instrument.lot
        order = HedgeOrder(place.side, place.size // lot, place.price, place.time_in_force == "ioc")
        self.policy.on_sent(place.recv_ns, order, self._lots(hedge))
        # Until a fill says otherwise it got nothing: each further try waits longer.
        self._retry_ns = place.recv_ns + min(AGAIN_NS << min(self._failures, 10), RETRY_NS_MAX)
        self._failures += 1
        self.misses += place.time_in_force == "ioc"

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
        danger = hedge.perpetual.danger if hedge is not None and hedge.perpetual is not None else 0
        held = self._held(net, price)
        if danger:
            # A position in danger is not added to, and a quote's fill would ask for just that.
            held = -danger if held in (0, -danger) else BOTH_SIDES
        waits = ""
        if hedge is None or not hedge.venue.was_ready:
            # Without a market to hedge in every fill is a debt that stays.
            waits = f"{self.hedge[0]} is not ready to hedge on yet"
        elif hedge.is_frozen:
            # Not again in this run.
            waits = f"{self.hedge[0]} cannot be hedged on: {hedge.problem}"
        if held != primary.held or waits != primary.waits:
            primary.held, primary.waits = held, waits
            primary.changed = True
        if waits or hedge is None or not net:
            self.note = waits or "nothing owed"
            if not net:
                self.gated_ns = 0
            elif not (hedge is not None and hedge.is_frozen and self.hedge == self.markets[0]):
                self._elsewhere(now_ns, waits)
            for order in self._orders():
                # What rests although quotes unwound the debt by themselves.
                self._wake(engine.cancel(now_ns, order, "nothing owed"))
            return
        if danger == (-1 if net > 0 else 1):
            self.note = f"{hedge.venue.name} is close to a liquidation: nothing is added there"
            self._elsewhere(now_ns, self.note)
            return
        self._hedge(now_ns, hedge, abs(net) * price)

    def _hedge(self, now_ns: int, hedge: Market, worth: float) -> None:
        engine = self._engine
        orders: list[Order] = []
        for order in self._orders():
            if (order.venue, order.symbol) == self.hedge:
                orders.append(order)
            else:
                self._wake(engine.cancel(now_ns, order, f"hedging on {self.hedge[0]} now"))
        self._take_back(now_ns, orders)
        engine._pull_ns = now_ns
        gate = hedge.problem if hedge.is_frozen else engine.market_gate(now_ns, hedge)
        if gate:
            self.note = gate
            for order in orders:
                # A line that is down for a moment does not take back what rests; a book that is old does.
                is_due = now_ns >= engine._pull_ns
                self._wake(engine.cancel(now_ns, order, gate) if is_due else engine._pull_ns)
            self._elsewhere(now_ns, gate)
            return
        if orders:
            self._wake(hedge.book_ns + engine._book_age_ns_max + 1)
        hedge.refresh(engine.orders, now_ns)
        state = self._state(now_ns, hedge, worth, orders)
        is_short = abs(state.debt) >= state.least and not _covers_least(state) and not self._lots_out(hedge)
        is_sought = is_short or self.gated_ns or self.is_away or self.misses >= ALARM_TRIES
        if is_sought and self._elsewhere(now_ns, "the account there cannot pay for a hedge" if is_short else ""):
            return
        plan = self.policy.plan(state)
        self.note = plan.note
        self._wake(plan.due_ns)
        for order in plan.cancel:
            self._wake(engine.cancel(now_ns, order, plan.note))
        if plan.order is not None:
            self._send(now_ns, hedge, plan, plan.order)

    def _take_back(self, now_ns: int, orders: list[Order]) -> None:
        """Hedges that have not left, and are owed no more."""
        net = self.ledger.net
        side = -1 if net > 0 else 1
        beyond = self._exposures()[side < 0] - abs(net)
        for order in reversed(orders):
            if order.unsent and order.side != side:
                self._engine.cancel(now_ns, order, "not owed any more")
            elif order.unsent and beyond > 0:
                beyond -= base_units(self._engine.markets[self.hedge].instrument, order.exposure)
                self._engine.cancel(now_ns, order, "not owed any more")

    def _elsewhere(self, now_ns: int, gate: str) -> bool:
        """Look for another market; whether hedges go there now."""
        if len(self.markets) == 1 or not self.seek(now_ns, gate):
            return False
        self.due_ns = 1
        return True

    def pays(self, now_ns: int, market: Market) -> bool:
        """Whether a market's account covers the least hedge of what is owed there."""
        market.refresh(self._engine.orders, now_ns)
        state = self._state(now_ns, market, 0.0, [])
        return abs(state.debt) >= state.least and _covers_least(state)

    def _lots_out(self, market: Market) -> int:
        """What hedges there may still fill."""
        name = self.names[market.venue.name, market.symbol]
        out = sum(self._engine.orders.exposure_of_strategy(name, side) for side in (1, -1))
        return -(-out // market.instrument.lot)

    def _send(self, now_ns: int, hedge: Market, plan: HedgePlan, wanted: HedgeOrder) -> None:
        engine = self._engine
        for key in self.markets if len(self.markets) > 1 else ():
            market = engine.markets.get(key)
            if market is not None and market.astray_ns and now_ns - market.astray_ns < ASTRAY_NS_MAX:
                self.note = f"an order stands at {key[0]} that should not"
                self._wake(market.astray_ns + ASTRAY_NS_MAX)
                return
        if now_ns < max(self._retry_ns, self._hold_ns):
            self._wake(max(self._retry_ns, self._hold_ns))
            return
        instrument = hedge.instrument
        lot = instrument.lot
        size = min(wanted.lots * lot, hedge.order_size_max // lot * lot)
        if instrument.size_max:
            size = min(size, instrument.size_max // lot * lot)
        # In hedge mode longs and shorts stand beside each other: what we hold is closed before anything is opened.
        closes = hedge.venue.settings.position_mode == "hedge" and wanted.side * hedge.quantity < 0
        if closes:
            closing = sum(order.exposure for order in hedge.orders if order.side == wanted.side)
            if not closing and abs(hedge.quantity) < least_size(hedge, wanted.price):
                closes = False
            else:
                size = min(size, (abs(hedge.quantity) - closing) // lot * lot)
            if size <= 0:
                self.note = "closing before it opens the other side"
                return
        verdict = engine.limits.check(
            hedge,
            wanted.side,
            wanted.price,
            size,
            post_only=not wanted.crossing,
            orders_open=0,
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
                self.names[self.hedge],
                HEDGE,
                0,
                wanted.side,
                wanted.price,
                size,
                "limit",
                "ioc" if wanted.crossing else "gtc",
                not wanted.crossing,
                closes,
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
            committed=-(-sum(self._exposures()) // base_units(instrument, lot)),
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
        state.least = least_size(hedge, price) // lot
        # A hedge that buys meets the asks.
        state.depth = hedge.book.depth_within(-state.side, price) // lot
        state.balance = self._balance(hedge, state, price)
        return state

    def _balance(self, hedge: Market, state: HedgeState, price: int) -> int | None:
        """How many lots more the account can pay for; None while the venue has not said."""
        instrument = hedge.instrument
        lot = instrument.lot
        if hedge.is_margin:
            rooms = [hedge.affordable(state.side, price)]
            if hedge.perpetual is not None:
                room = self._engine.perpetuals.room(hedge, state.side, price)
                rooms.append(room if room is None else max(0, room - self._lots_out(hedge) * lot))
            return min((room // lot for room in rooms if room is not None), default=None)
        free = hedge.base_free if state.side < 0 else hedge.quote_free
        if free is None:
            return None
        if state.side < 0:
            units = int(free * 10**instrument.base_precision // (10**AMOUNT_PRECISION * instrument.multiplier))
        else:
            fee_e8 = max(instrument.taker_fee_e8, 0)
            cost = 10**instrument.cost_precision * free // 10**AMOUNT_PRECISION
            units = int(cost * 100_000_000 // (price * instrument.multiplier * (100_000_000 + fee_e8)))
        return max(0, units // lot - self._lots_out(hedge))

    # --- small ------------------------------------------------------------------------------------------------------

    def _lots(self, hedge: Market) -> int:
        """The debt in whole lots of the hedge market, rounded towards zero: less than a lot cannot be hedged."""
        lot = base_units(hedge.instrument, hedge.instrument.lot)
        net = self.ledger.net
        return net // lot if net >= 0 else -(-net // lot)

    def _orders(self) -> list[Order]:
        """Open hedge orders, wherever they are."""
        return [order for name in self.names.values() for order in self._engine.orders.open_of_strategy(name)]

    def _exposures(self) -> tuple[int, int]:
        """What hedges may still buy and sell at worst, on whichever market, in 10^-12 of the base asset."""
        engine = self._engine
        sums = [0, 0]
        for key, name in self.names.items():
            market = engine.markets.get(key)
            if market is not None:
                for index, side in enumerate((1, -1)):
                    sums[index] += base_units(market.instrument, engine.orders.exposure_of_strategy(name, side))
        return sums[0], sums[1]

    def _held(self, net: int, price: float) -> int:
        """The side on which no quote may stand, `BOTH_SIDES`, or 0.

        Hedges on their way count on the side that they add to: they may have filled already, and a fill of a quote on
        that side would then be owed on top.
        """
        buys, sells = self._exposures()
        is_long = (net + buys) * price >= self._debt_max
        is_short = (sells - net) * price >= self._debt_max
        if net and any(debt.kind == EXTERNAL for debt in self.ledger):
            # The venue has just taken a leg: not more of it before that is hedged.
            is_long, is_short = is_long or net > 0, is_short or net < 0
        return BOTH_SIDES if is_long and is_short else int(is_long) - int(is_short)

    def _price(self, primary: Market, hedge: Market | None) -> float:
        """Dollars for one unit of debt, by whichever market has a price."""
        for market in (primary, hedge):
            if market is not None and market.middle2:
                return market.instrument.price_float(market.middle2 / 2) / 1e12 * (market.last_usd_rate() or 1.0)
        return 0.0

    def _wake(self, due_ns: int) -> None:
        if due_ns and (not self.due_ns or due_ns < self.due_ns):
            self.due_ns = due_ns

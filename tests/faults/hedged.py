"""A bot that quotes on one simulated venue and hedges on another, judged at every event and by all ledgers.

Nothing here asks the engine what it holds: positions and open orders are the venues' own, in 10^-12 BTC.
"""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction

from mm._core import events as ev
from mm.engine.hedging import base_units
from mm.simulator.kinds import ACCOUNT, KINDS
from mm.simulator.ledger import DECIMALS
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SETTINGS, TwoVenues

CAMPAIGN = bool(os.environ.get("MM_CAMPAIGN"))
SEEDS = range(20 if CAMPAIGN else 1)
BTC = 10**12
QUOTE_SIZE = 5 * 10**9
"""0.005 BTC."""
LOTS = {KRAKEN: 10**4, MEXC: 10**6, FUTURES: 10**8}
"""One contract is 0.0001 BTC."""
UNITS = {KRAKEN: 10**4, MEXC: 10**4, FUTURES: 10**8}
"""A unit of the simulated venue's sizes in 10^-12 BTC."""
SYMBOLS = {KRAKEN: "BTC/USD", MEXC: "BTC/USDT", FUTURES: "BTC/USDT:USDT"}
WAYS = {"spot": (MEXC, None), "contracts": (FUTURES, None), "contracts and fallback": (FUTURES, MEXC)}
CASES = [(seed, way) for seed in SEEDS for way in WAYS if CAMPAIGN or way == "spot"]
"""Seeds and ways: all of them in a campaign."""
POSITION_MAX = 6 * 10**10
"""Of each symbol on the worst case, see `limits` below."""
COLLAR = Decimal("0.02")
"""Nothing is sent further from the venue's own best price."""


def lasting(campaign, brief):
    """Seconds of the simulated clock: as many as a fault may take in a campaign, the fewest that show it otherwise."""
    return campaign if CAMPAIGN else brief


def settings_of(way, venue=""):
    """The configuration's text. venue: more lines of the hedge venue's table."""
    hedge, fallback = WAYS[way]
    text = SETTINGS.replace(MEXC, hedge).replace(SYMBOLS[MEXC], SYMBOLS[hedge])
    text = text.replace("default_max_position = 1", "default_max_position = 0.06")
    text = text.replace(f"[venues.{hedge}]", f"[venues.{hedge}]\n{venue}")
    if fallback is not None:
        text = text.replace("[strategies.btc]", f"[venues.{fallback}]\n\n[strategies.btc]")
        text = text.replace("{extra}", f'fallback = "{fallback}"\nfallback_symbol = "{SYMBOLS[fallback]}"\n{{extra}}')
    return text


class Hedged(TwoVenues):
    """What must hold at every moment, whatever happens; `come_to_rest` is for the end.

    way: a key of `WAYS`; venue: lines of the hedge venue's table; usdt: what the hedge venue's account begins with
    instead of a million.
    """

    def __init__(self, folder, *, way="spot", venue="", usdt=None, **options):
        hedge, fallback = WAYS[way]
        super().__init__(
            folder, hedge_venue=hedge, fallback_venue=fallback, settings=settings_of(way, venue), **options
        )
        self.hedge = hedge
        if usdt is not None:
            ledger = self.exchanges[hedge].ledger
            amount = (usdt - KINDS[hedge].funds["USDT"]) * 10 ** ledger.decimals("USDT")
            self.exchanges[hedge].deposit(self.now_ns, ACCOUNT, "USDT", amount)
            self.exchanges[hedge].drain_reports()
        self.driver.observers.append(self._look)
        self.unhedged_max = 0
        self.places = []
        """Every hedge order that was sent."""
        self.executions = set()
        self.quoted = self.hedged = 0
        self.is_told = True
        """False: the venue never told prices and fees of something that it did, so that only sizes can agree."""
        self.external = 0
        """What was taken from the hedge by others or by the guard: it may be hedged again."""

    # --- at every event -----------------------------------------------------------------------------------------------

    def _look(self, event):
        if type(event) is ev.Place:
            self._look_at_place(event)
        elif type(event) is ev.Fill and (event.venue, event.execution_id) not in self.executions:
            self._look_at_fill(event)
        self.unhedged_max = max(self.unhedged_max, abs(self.net()))
        self._look_at_limits()

    def _look_at_fill(self, event):
        order = self.engine.orders.get(event.client_id)
        if order is None:
            # Not ours.
            return
        self.executions.add((event.venue, event.execution_id))
        amount = base_units(self.engine.markets[event.venue, event.symbol].instrument, event.size)
        if order.purpose == "hedge":
            self.hedged += amount
        elif order.purpose == "flatten":
            self.external += amount
        else:
            self.quoted += amount
        # I11: a hedge never exceeds what it hedges by more than a lot, and never causes a hedge.
        assert self.hedged <= self.quoted + self.external + LOTS[event.venue], "I11: more was hedged than was owed"

    def _look_at_place(self, event):
        external = [debt for debt in self.desk.ledger if debt.kind == "external"]
        if event.purpose == "hedge":
            self.places.append(event)
        elif event.purpose != "flatten" and external:
            assert event.side != external[0].side, "I10: a quote that adds to what the venue has taken"
        best = self.exchanges[event.venue].recorded_best(event.symbol)[event.side > 0]
        if best and event.price:
            assert abs(event.price - best) <= best * COLLAR, "I8: a price outside the collar was sent"

    def _look_at_limits(self):
        for venue, exchange in self.exchanges.items():
            held = self.base(venue)
            open_orders = [order for order in exchange.open_orders(ACCOUNT) if order.request.symbol == SYMBOLS[venue]]
            for side in (1, -1):
                leaves = sum(order.leaves for order in open_orders if order.request.side == side)
                worst = side * held + leaves * UNITS[venue]
                assert worst <= POSITION_MAX, f"I6: {venue} may hold {side * worst / BTC}"

    # --- the venues' own word -----------------------------------------------------------------------------------------

    def base(self, venue):
        """What the run has of the asset at a venue by its own ledger, in 10^-12 BTC."""
        if venue == FUTURES:
            return self.contracts() * UNITS[FUTURES]
        return self.held(venue) * UNITS[venue]

    def contracts(self):
        """Contracts that the venue holds for the account, signed."""
        return sum(each.side * each.hold for each in self.exchanges[FUTURES].positions.of(ACCOUNT))

    def net(self):
        """What is held over all venues, by their ledgers."""
        return sum(self.base(venue) for venue in self.exchanges)

    def usd(self, amount):
        """Dollars of an amount, at the market's middle."""
        market = self.engine.markets[KRAKEN, "BTC/USD"]
        return Decimal(amount) / BTC * Decimal(market.middle2) / 2 / 10**market.instrument.price_precision

    def alerts(self):
        return [event.text for event in self.recorder.events if type(event) is ev.Alert]

    # --- what is done to it -------------------------------------------------------------------------------------------

    def cut(self, seconds, venue=None):
        """The venue refuses everything and ends its connections for a time."""
        venue = venue or self.hedge
        self.venues[venue].set_mode(self.now_ns, "maintenance")
        self.venues[venue].disconnect(self.now_ns)
        self.shown()
        self.run(seconds)
        self.venues[venue].set_mode(self.now_ns, "online")

    def act(self, **action):
        """Something befalls the account at the contracts' venue."""
        self.venues[FUTURES].act(self.now_ns, action)
        self.shown()

    def shown(self):
        """Let the worlds carry what was done to the venues."""
        for world in self.worlds.values():
            world.tell(lambda now_ns: None)

    def pause(self, name="btc"):
        """No new quotes; hedges go on."""
        self.worlds[KRAKEN].tell(lambda now_ns: self.driver.operate(now_ns, "pause", name))

    def come_to_rest(self, seconds=90):
        """No new debts, and time for what is in doubt and owed: at most so many seconds."""
        self.pause()
        for _ in range(seconds // 5):
            self.run(5)
            if self.is_settled():
                break
        assert self.stop(60), "I2: orders were left"
        self.check_books()
        assert not self.engine.orders.contradictions, "I3: the venue contradicts what was believed"
        assert self.replayed().state_hash() == self.engine.state_hash(), "I15: a replay ends elsewhere"

    def is_settled(self):
        """Whether there is nothing left to wait for: nothing in doubt, owed or untold."""
        contracts = self.exchanges.get(FUTURES)
        records = contracts.positions.records.get(ACCOUNT, ()) if contracts is not None else ()
        told = {event.record_id for event in self.recorder.events if type(event) is ev.FundingPaid}
        return (
            not any(venue.doubtful or not venue.private_up for venue in self.engine.venues.values())
            and self.net() == self.desk.ledger.net
            and self.usd(abs(self.net())) < 50
            and {str(record.record_id) for record in records} <= told
            and (not self.is_told or self.engine.accounts.residual(self.balances(), self.entries()) == 0)
        )

    # --- at rest ------------------------------------------------------------------------------------------------------

    def check_books(self):
        """I5: our books against the venues' own, to the last unit."""
        for venue, symbol in ((venue, SYMBOLS[venue]) for venue in self.exchanges):
            market = self.engine.markets.get((venue, symbol))
            if market is None:
                assert not self.base(venue)
                continue
            held = base_units(market.instrument, market.position.quantity)
            assert held == self.base(venue), f"I5: {venue} holds {self.base(venue)}, booked are {held}"
        assert self.net() == self.desk.ledger.net, "I5: what is not hedged is the debt, no more and no less"
        self.check_funding()
        residual = abs(self.engine.accounts.residual(self.balances(), self.entries()))
        if self.is_told:
            self.check_fees()
            assert residual == 0, "I5: the profit does not close"
        else:
            # The mark price of some seconds later, and without the fee.
            assert residual < Fraction(self.usd(self.external)) / 100, "I5: the profit is far off"

    def check_fees(self):
        for venue in self.exchanges:
            market = self.engine.markets.get((venue, SYMBOLS[venue]))
            if market is None:
                continue
            ledger = self.exchanges[venue].ledger
            fees = {}
            for entry in ledger.entries:
                if entry.account == ACCOUNT and entry.fee:
                    fees[entry.asset] = fees.get(entry.asset, 0) + entry.fee * 10 ** (12 - ledger.decimals(entry.asset))
            ours = {asset: fee for asset, fee in market.position.fees.items() if fee}
            assert ours == fees, f"I5: fees at {venue}: {fees}, booked are {ours}"

    def check_funding(self):
        if FUTURES not in self.exchanges:
            return
        records = self.exchanges[FUTURES].positions.records.get(ACCOUNT, ())
        perpetual = self.engine.markets[FUTURES, SYMBOLS[FUTURES]].perpetual
        paid = sum(record.funding for record in records) * 10 ** (12 - DECIMALS)
        assert perpetual.funding.get("USDT", 0) == paid, f"I5: funding was {paid}, booked are {perpetual.funding}"

    def entries(self):
        """What is held in contracts and was entered for by the venue's ledger, as the profit's check takes it."""
        if FUTURES not in self.exchanges:
            return {}
        held = self.exchanges[FUTURES].positions.of(ACCOUNT)
        size, cost = (sum(position.side * getattr(position, name) for position in held) for name in ("hold", "cost"))
        return {(FUTURES, SYMBOLS[FUTURES]): (size, Fraction(cost, 10**DECIMALS))}

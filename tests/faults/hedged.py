"""A bot that quotes on one simulated venue and hedges on another, judged at every event and by both ledgers."""

from __future__ import annotations

import os
from decimal import Decimal

from mm._core import events as ev
from tests.backtest.two_venues import KRAKEN, MEXC, TwoVenues

SEEDS = range(20 if os.environ.get("MM_CAMPAIGN") else 2)
QUOTE_SIZE = 500_000
"""0.005 BTC in units of the ledgers."""
LOT = 100


class Hedged(TwoVenues):
    """What must hold at every moment, whatever happens; `check_end` is for a run that has come to rest."""

    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        self.driver.observers.append(self._look)
        self.unhedged_max = 0
        self.places = []
        """Every hedge order that was sent, and when."""
        self.executions = set()
        self.quoted = 0
        self.hedged = 0

    def _look(self, event):
        if type(event) is ev.Place and event.purpose == "hedge":
            self.places.append(event)
        if type(event) is ev.Fill and event.execution_id not in self.executions:
            self.executions.add(event.execution_id)
            order = self.engine.orders.get(event.client_id)
            if order.purpose == "hedge":
                self.hedged += event.size
            else:
                self.quoted += event.size
            # A hedge never exceeds what it hedges by more than a lot, and never causes a hedge.
            assert self.hedged <= self.quoted + LOT, "more was hedged than was quoted and filled"
        self.unhedged_max = max(self.unhedged_max, abs(self.held(KRAKEN) + self.held(MEXC)))

    def usd(self, size):
        """Dollars of a size, at the market's middle."""
        market = self.engine.markets[KRAKEN, "BTC/USD"]
        return Decimal(size) / 10**8 * Decimal(market.middle2) / 2 / 10**market.instrument.price_precision

    def cut(self, seconds, venue=MEXC):
        """The venue refuses everything and ends its connections for a time."""
        self.venues[venue].set_mode(self.now_ns, "maintenance")
        self.venues[venue].disconnect(self.now_ns)
        for world in self.worlds.values():
            world.tell(lambda now_ns: None)
        self.run(seconds)
        self.venues[venue].set_mode(self.now_ns, "online")

    def pause(self, name="btc"):
        """No new quotes; hedges go on."""
        self.worlds[KRAKEN].tell(lambda now_ns: self.driver.operate(now_ns, "pause", name))

    def come_to_rest(self, seconds=90):
        """No new debts, and time for what is in doubt and owed."""
        self.pause()
        self.run(seconds)
        assert self.stop(60)
        self.check_books()
        assert not self.engine.orders.contradictions
        assert self.replayed().state_hash() == self.engine.state_hash()

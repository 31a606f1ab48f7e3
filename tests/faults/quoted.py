"""A bot that quotes on one simulated venue, judged at every word about an order and at rest by the venue's own ledger.

What the venue holds, has closed and was sent is taken from the simulated venue, its log and the bytes that reached it;
the engine is asked only for what it believes, to be compared with that.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND, TwoVenues
from tests.faults.hedged import CAMPAIGN, SYMBOLS, UNITS, Hedged

VENUES = (KRAKEN, MEXC, FUTURES)
SEEDS = range(20 if CAMPAIGN else 1)
POSITION_MAX = 3 * 10**10
"""Of the symbol on the worst case, in 10^-12 BTC; see `SETTINGS`."""
SETTINGS = """
[venues.{venue}]
{lines}

[strategies.btc]
venue = "{venue}"
symbol = "{symbol}"
spread_bps = 0.5
quote_size = 0.005
max_position = 0.02
refresh_interval_ms = {refresh}
refresh_tolerance_bps = {tolerance}
{more}

[limits]
max_total_exposure_usd = 100_000
default_max_position = 0.03
max_order_size = 0.01
price_collar_bps = 100
"""
LINES = {KRAKEN: 'tier = "pro"\naccept_account_wide_timer = true\ndead_man_switch_s = 60', MEXC: "", FUTURES: ""}
PLACE = {KRAKEN: "add_order", MEXC: "POST order", FUTURES: "POST order/create"}
CANCEL = {KRAKEN: "cancel_order", MEXC: "DELETE order", FUTURES: "POST order/cancel"}
ORDER_NEWS = {KRAKEN: "executions", MEXC: "orders", FUTURES: "order"}
FILL_NEWS = {KRAKEN: "executions", MEXC: "deals", FUTURES: "order.deal"}
NEWS = {venue: sorted({ORDER_NEWS[venue], FILL_NEWS[venue]}) for venue in VENUES}
OWN = re.compile(rb"\bmm[0-9a-z]+[A-Z][0-9a-z]+")


def each(*venues):
    """Every seed on every venue where a fault can occur (none named: all); without a campaign the first one, once."""
    chosen = (venues or VENUES)[: None if CAMPAIGN else 1]

    def mark(test):
        return pytest.mark.parametrize("venue", chosen)(pytest.mark.parametrize("seed", SEEDS)(test))

    return mark


class Quoted(TwoVenues):
    """more, refresh, tolerance: of the strategy; lines: of the venue, instead of the usual ones."""

    contracts, entries, check_fees, base = Hedged.contracts, Hedged.entries, Hedged.check_fees, Hedged.base
    shown, alerts = Hedged.shown, Hedged.alerts

    def __init__(self, folder, venue, *, seed=0, hooks=(), more="", lines=None, refresh=1000, tolerance=0.2, **options):
        text = SETTINGS.format(
            venue=venue,
            symbol=SYMBOLS[venue],
            lines=LINES[venue] if lines is None else lines,
            more=more,
            refresh=refresh,
            tolerance=tolerance,
        )
        super().__init__(
            folder, seed=seed, hooks={venue: hooks}, settings=text, hedge_venue=None, primary_venue=venue, **options
        )
        self.name, self.symbol = venue, SYMBOLS[venue]
        self.venue, self.exchange = self.venues[venue], self.exchanges[venue]
        self.driver.observers.append(self._look)
        self.is_up = False
        self.sent = Counter()
        """Bytes that reached the venue and carry a new order, by the order's id."""
        self.requests = Counter()
        """REST requests that reached the venue, by method and path."""
        self._watch_the_wire()
        self.own_sent = set()
        self.unknown_since = {}
        self.unknown_ns_max = 0

    # --- the wire -----------------------------------------------------------------------------------------------------

    def _watch_the_wire(self):
        frame, http = self.venue.frame, self.venue.http

        def watched_frame(now_ns, connection, payload):
            if b'"add_order"' in payload:
                self._order_bytes(payload)
            return frame(now_ns, connection, payload)

        def watched_http(now_ns, connection, method, target, headers, body):
            path = target.partition("?")[0]
            self.requests[f"{method} {path}"] += 1
            if method == "POST" and path.endswith(("/order", "/order/create", "/AddOrder")):
                self._order_bytes(target.encode() + b" " + body)
            return http(now_ns, connection, method, target, headers, body)

        self.venue.frame, self.venue.http = watched_frame, watched_http

    def _order_bytes(self, payload):
        for client_id in {found.decode() for found in OWN.findall(payload)}:
            self.sent[client_id] += 1
            assert self.sent[client_id] == 1, "I1: one order was sent twice"

    # --- at every word about an order ---------------------------------------------------------------------------------

    def _look(self, event):
        kind = type(event)
        if kind is ev.LinkChanged:
            self.is_up = self.is_up or (event.up and event.channel != "public")
        elif kind is ev.Place:
            self._look_at_place(event)
        elif kind is ev.OutcomeUnknown:
            self.unknown_since.setdefault(event.client_id, self.now_ns)
        elif not isinstance(event, (ev.OrderNews, ev.OpenOrdersRead, ev.Cancel, ev.Amend)):
            return
        if self.is_up:
            self._look_at_orders()

    def _look_at_place(self, event):
        assert event.client_id not in self.own_sent, "I12: an id was used twice"
        self.own_sent.add(event.client_id)
        same_side = [order for order in self.own_open() if order.request.side == event.side]
        assert not same_side, "F07: a replacement before the order in its place was over at the venue"
        grid = self.engine.markets[self.name, self.symbol].instrument
        price = event.price
        assert price > 0, "I8: no price"
        assert price % grid.tick == 0, "I8: a price off the grid was sent"
        assert event.size > 0, "I8: no size"
        best = self.exchange.recorded_best(self.symbol)[event.side < 0]
        if best:
            assert abs(price - best) <= best * 2 // 100, "I8: a price outside the collar was sent"

    def _look_at_orders(self):
        ours = {order.client_id for order in self.engine.orders.open()}
        own = [order for order in self.exchange.open_orders(ACCOUNT) if order.request.client_id.startswith("mm")]
        forgotten = {order.request.client_id for order in own} - ours
        assert not forgotten, f"I2: open at the venue and not here: {forgotten}"
        for client_id in [known for known in self.unknown_since if not self._is_unknown(known)]:
            self.unknown_ns_max = max(self.unknown_ns_max, self.now_ns - self.unknown_since.pop(client_id))
        held = self.base(self.name)
        for side in (1, -1):
            leaves = sum(order.leaves for order in own if order.request.side == side)
            worst = side * held + leaves * UNITS[self.name]
            assert worst <= POSITION_MAX, f"I6: {side * worst / 10**12} BTC may be held"

    def _is_unknown(self, client_id):
        order = self.engine.orders.get(client_id)
        return order is not None and order.state.name == "UNKNOWN"

    # --- what is asked ------------------------------------------------------------------------------------------------

    def of(self, kind):
        return [event for event in self.recorder.events if type(event) is kind]

    def trades(self, venue=None):
        return self.exchange.trades(ACCOUNT)

    def fired(self, name):
        """How often a kind of hook has fired."""
        return self.venue.hooks.fired[name]

    def own_open(self):
        return [order for order in self.exchange.open_orders(ACCOUNT) if order.request.client_id.startswith("mm")]

    @property
    def market(self):
        return self.engine.markets[self.name, self.symbol]

    # --- at rest ------------------------------------------------------------------------------------------------------

    def come_to_rest(self, seconds=120, *, unknown_s=90, is_ordered=True):
        """No new quotes, time for what is in doubt, and the end: every book is the venue's.

        is_ordered: False where the fault itself lets what the venue says contradict what it said before.
        """
        self.operate("pause")
        for _ in range(seconds // 5):
            self.run(5)
            if self.is_settled():
                break
        assert not self.unknown_since, f"I3: nobody found out about {self.unknown_since}"
        assert self.unknown_ns_max <= unknown_s * SECOND, "I3: unknown for too long"
        assert self.stop(60), "I2: orders were left"
        self.check_books()
        assert not is_ordered or not self.engine.orders.contradictions, "I3: the venue contradicts what was believed"
        assert self.replayed().state_hash() == self.engine.state_hash(), "I15: a replay ends elsewhere"

    def is_settled(self):
        venue = self.engine.venues[self.name]
        return (
            venue.private_up
            and not venue.doubtful
            and not self.unknown_since
            and not self.engine.orders.n_open
            and self.engine.accounts.residual(self.balances(), self.entries()) == 0
        )

    def check_books(self):
        """I5: orders, executions, position, fees and money, to the last unit."""
        self._look_at_orders()
        assert not self.own_open(), "I5: orders are left at the venue"
        trades = self.trades()
        held = self.market.position.quantity
        assert held == sum(trade.side * trade.size for trade in trades), "I4: the position is not the venue's"
        booked = {fill.execution_id for fill in self.of(ev.Fill)}
        missing = {trade.execution_id for trade in trades} - booked
        assert not missing, f"I4: executions that nobody told of: {missing}"
        closed = Counter(order.request.client_id for order in self.exchange.closed_orders(ACCOUNT))
        twice = [client_id for client_id, count in closed.items() if count > 1 and client_id]
        assert not twice, f"I1: one intent, several orders: {twice}"
        self.check_fees()
        residual = self.engine.accounts.residual(self.balances(), self.entries())
        assert residual == 0, f"I5: the profit does not close by {residual}"
        assert all(trade.maker for trade in trades), "a quote has taken"

"""A bot that quotes on one simulated venue while something is wrong with its market data (see `Quoted`).

I9 is judged at every order and amend that is emitted, and once more when its bytes reach the venue, by what could be
known of the book (`heard.py`): it is whole, a market, and younger than two seconds, or nothing is priced from it.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND, START
from tests.faults.heard import FuturesHeard, KrakenHeard, SpotHeard
from tests.faults.quoted import LINES, SEEDS, VENUES, Quoted

HEARD = {KRAKEN: KrakenHeard, MEXC: SpotHeard, FUTURES: FuturesHeard}
CHANNEL = {KRAKEN: "book", MEXC: "aggre.depth", FUTURES: "depth"}
"""Of the book, for hooks."""
SNAPSHOT = {MEXC: "GET depth", FUTURES: "GET depth"}
AGE_NS = 2 * SECOND
PULL_NS = AGE_NS + SECOND // 10
"""A cancel's way to the venue, beside the age that a book may have."""
ALERT_NS = 5 * SECOND


def everywhere(*venues):
    """Every seed on each venue named (none: all three)."""

    def mark(test):
        return pytest.mark.parametrize("venue", venues or VENUES)(pytest.mark.parametrize("seed", SEEDS)(test))

    return mark


class Tap:
    """Stands between the world and the bot's machine, and listens."""

    def __init__(self, machine, world, heard):
        self._machine, self._world, self._heard = machine, world, heard
        self.after = None
        """Called after each message of the public stream."""

    def __getattr__(self, name):
        return getattr(self._machine, name)

    def frame(self, now_ns, channel, payload, last):
        if channel == "public":
            self._heard.frame(now_ns, payload)
        self._machine.frame(now_ns, channel, payload, last)
        if self.after is not None and channel == "public":
            self.after()

    def closed(self, now_ns, channel, code, reason):
        if channel == "public":
            self._heard.closed()
        return self._machine.closed(now_ns, channel, code, reason)

    def reply(self, now_ns, request_id, status, body):
        if status == 200:
            self._heard.reply(now_ns, body)
        return self._machine.reply(now_ns, request_id, status, body)


class Booked(Quoted):
    """age_ns: of the configuration. truth: best prices of the venue's own market, by time."""

    def __init__(self, folder, venue, *, depth=100, lines=None, **options):
        lines = (LINES[venue] if lines is None else lines) + f"\nbook_depth = {depth}"
        super().__init__(folder, venue, lines=lines, **options)
        self.heard = HEARD[venue]()
        self.heard.depth = depth
        self.world = self.worlds[venue]
        self.tap = self.world.machine = Tap(self.world.machine, self.world, self.heard)
        self.priced = 0
        """Orders and amends."""
        self.pulled_ns_max = 0
        self._bad_since = 0
        self.since = 0
        """Number of the first event that `priced_since` counts."""
        self.driver.observers.append(self._look_at_data)
        self.subscribed = 0
        """Requests for books: subscriptions of one, or reads over REST."""
        self._watch_requests()

    def _watch_requests(self):
        frame, http = self.venue.frame, self.venue.http

        def watched_frame(now_ns, connection, payload):
            self.subscribed += b'"subscribe"' in payload and b'"book"' in payload
            return frame(now_ns, connection, payload)

        def watched_http(now_ns, connection, method, target, headers, body):
            self.subscribed += "/depth" in target
            return http(now_ns, connection, method, target, headers, body)

        self.venue.frame, self.venue.http = watched_frame, watched_http

    # --- at every event -----------------------------------------------------------------------------------------------

    def _look_at_data(self, event):
        if isinstance(event, (ev.Place, ev.Amend)):
            self.priced += 1
            problem = self.heard.problem(event.recv_ns, AGE_NS)
            assert not problem, f"I9: an order was priced from a book that is no good: {problem}"
        self.look_at_quotes()

    def look_at_quotes(self):
        """How long own orders stand at the venue while the book is no good."""
        if self.heard.problem(self.now_ns, 0 if not self.heard.is_whole else AGE_NS) and self.own_open():
            self._bad_since = self._bad_since or self.now_ns
            self.pulled_ns_max = max(self.pulled_ns_max, self.now_ns - self._bad_since)
        else:
            self._bad_since = 0

    @property
    def elapsed_s(self):
        """Since the venue began, as hooks count."""
        return (self.now_ns - START) / SECOND

    # --- what is asked ------------------------------------------------------------------------------------------------

    def act(self, action, **more):
        """Something befalls the venue's market now."""
        self.world.tell(lambda now_ns: self.venue.act(now_ns, {"action": action, **more}))

    def hook(self, on, action, name="", **more):
        """One fault more, from now on."""
        self.venue.hooks.load([{"on": on, "action": action, "name": name, **more}], replace=False)

    def on_book(self, action, **more):
        self.hook("message", action, CHANNEL[self.name], **more)

    def mend(self):
        self.venue.hooks.load([])

    def priced_in(self, seconds):
        """How many orders and amends are sent in the time to come."""
        before = self.priced
        self.run(seconds)
        return self.priced - before

    def until_quoting(self, seconds=60, fault="no fault"):
        """Until both sides stand at the venue and the book is whole. fault: that may keep them away."""
        self.run(seconds, done=self.is_quoting)
        assert self.is_quoting(), f"{fault}: no quotes: {self.gate()}"

    def is_quoting(self):
        sides = {order.request.side for order in self.exchange.open_orders(ACCOUNT)}
        return len(sides) == 2 and self.heard.is_whole and not self.gate()

    def gate(self):
        return self.engine.gate(self.now_ns, self.market)

    def check_told(self, text, since_ns):
        """Somebody was told, within five seconds of the moment from which it was so."""
        told = [event.recv_ns for event in self.of(ev.Alert) if text in event.text and event.recv_ns >= since_ns]
        assert told, f"I9: nobody was told: {text}"
        assert told[0] - since_ns <= ALERT_NS, f"I9: told after {(told[0] - since_ns) / 1e9:.2f} s: {text}"

    def until_pulled(self, within_ns=PULL_NS):
        """Until no own order stands at the venue, which must not take longer than a stale book may be quoted from."""
        begun_ns = self.now_ns
        self.run(10, done=lambda: not self.own_open())
        took_ns = self.now_ns - begun_ns
        assert not self.own_open(), f"I9: quotes stand on: {self.gate()!r}"
        assert took_ns <= within_ns, f"I9: quotes stood for {took_ns / 1e9:.2f} s"

    def check_book(self):
        """Our book is what could be known: the same levels."""
        self.run(1, done=lambda: self.heard.is_whole)
        assert self.heard.is_whole, self.heard.why
        self.compare_book()

    def compare_book(self):
        """The same of this moment."""
        instrument = self.market.instrument
        prices, sizes = instrument.price_precision, instrument.size_precision
        for side, half in ((1, self.heard.bids), (-1, self.heard.asks)):
            ours = self.market.book.levels(side, 10**6)
            theirs = [
                (int(price.scaleb(prices)), int(size.scaleb(sizes)))
                for price, size in sorted(half.items(), reverse=side > 0)
            ]
            assert list(ours) == theirs, f"I9: side {side} of the book is not what was heard"

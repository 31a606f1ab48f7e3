"""F78: fifty thousand messages a second, told to a screen that nobody reads, cost neither a fill nor memory.

A whole run in this process, on a simulated venue over sockets, judged by the venue's ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import time
from random import Random

import psutil
import pytest

from mm._core import events as ev
from mm.config import Environment, load
from mm.run import run_settings
from mm.simulator import world as simulator
from mm.stopping import Exit
from mm.store.command import main as stored
from mm.strategies import parameters_of
from tests.faults.hedged import CAMPAIGN, SEEDS
from tests.one_venue import ONE_VENUE
from tests.run.bot_process import ledger
from tests.run.conftest import state

__all__ = ["state"]
RATE = 50_000
LONG_S, SHORT_S = 2, 0.4
"""A long burst once in a campaign; with every other seed as much as otherwise, in several at moments of their own."""
PATIENCE_S = 60 + 30 * LONG_S
A_DECISION = 5
"""Messages at least for one decision: what has been read already is one burst."""
GROWTH_MB_MAX = 20 if CAMPAIGN else 6
"""A longer one fills the ring of 4,096 decisions meanwhile."""


@contextlib.contextmanager
def screen_that_nobody_reads():
    """Standard output is a pipe that is full before long."""
    reader, writer = os.pipe()
    usual = os.dup(1)
    os.dup2(writer, 1)
    os.close(writer)
    try:
        yield
    finally:
        os.dup2(usual, 1)
        os.close(usual)
        # Whoever waits to write hears that there is no reader.
        os.close(reader)


class Burst:
    """A view that lets the venue flood once an order was filled, and the end once that has been read."""

    def __init__(self, folder, seed):
        self.folder = folder
        chance = Random(f"f78 {seed}")
        parts = chance.randint(1, 4) if seed else 1
        self.seconds = LONG_S if CAMPAIGN and not seed else SHORT_S
        self.messages = int(RATE * self.seconds) * 9 // 10
        self.part_s = self.seconds / parts
        self.moments = [(self.part_s + chance.uniform(0, 0.3) * bool(seed)) * part for part in range(parts)]
        self.frames = self.decisions = 0
        self.before_mb = self.after_mb = 0.0
        self.began_s = 0.0

    def over(self, view):
        show = view.show

        def watched(snapshot):
            show(snapshot)
            if snapshot.orders_filled and not self.began_s:
                self._begin()

        view.show = watched
        return view

    def begun(self, supervisor):
        self.supervisor = supervisor
        bot = supervisor._bot
        bot.driver.observers.append(self._seen)
        decide = bot.engine.decide_quotes

        def counted(now_ns):
            self.decisions += 1
            return decide(now_ns)

        bot.engine.decide_quotes = counted

    def _seen(self, event):
        self.frames += type(event) is ev.BookFrame

    def _begin(self):
        self.began_s = time.monotonic()
        self.before_mb = psutil.Process().memory_info().rss / 1e6
        self.frames = self.decisions = 0
        loop = asyncio.get_running_loop()
        for moment_s in self.moments:
            loop.call_later(moment_s, self._flood)
        self._look()

    def _flood(self):
        rule = {"on": "clock", "action": "flood", "value": RATE, "at_s": 0.001, "duration_s": self.part_s}
        simulator.find(self.folder).control("hooks", [rule])

    def _look(self):
        if self.frames < self.messages and time.monotonic() - self.began_s < PATIENCE_S:
            asyncio.get_running_loop().call_later(0.05, self._look)
            return
        self.after_mb = psutil.Process().memory_info().rss / 1e6
        self.supervisor.ask_to_stop("it has been read")


@pytest.mark.parametrize("seed", SEEDS)
def test_f78_a_burst_that_is_told_to_nobody_costs_no_fill_and_no_memory(state, seed):
    environment = {
        "MM_RUN__STATE": str(state),
        "MM_RUN__REPLAY_SPEED": "20",
        "MM_RUN__LOG_LEVEL": "trace",
        "MM_RUN__LOG_MB_MAX": "0",
        "MM_VENUES__KRAKEN__TIER": "unlimited",
    }
    settings = load(ONE_VENUE, Environment(environment), None, parameters_of)
    burst = Burst(state, seed)
    with screen_that_nobody_reads():
        code = run_settings(settings, lambda path: settings, as_json=True, shown=burst.over, begun=burst.begun)
    assert burst.frames >= burst.messages, f"{burst.frames} of {burst.messages} messages came: it proves nothing"
    assert code is Exit.CLEAN
    books = ledger(state)
    assert books["open_orders"] == []
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert stored("fills", ["--json", "--state", str(state), "--last", "100000"]) == 0
    missing = [fill["execution_id"] for fill in books["fills"] if fill["execution_id"] not in told.getvalue()]
    assert not missing, f"F78: {missing} of {len(books['fills'])} fills were not heard"
    decisions = f"{burst.decisions} decisions for {burst.frames} messages"
    assert burst.decisions * A_DECISION < burst.frames, f"F78: {decisions}"
    grown = burst.after_mb - burst.before_mb
    print(decisions, grown, len(books["fills"]))
    assert grown < GROWTH_MB_MAX, f"F78: {grown:.1f} MB more after {burst.frames} messages"

"""Quotes on Kraken, hedges on MEXC Spot: every unit is hedged or a debt, by both ledgers, whatever happens."""

from __future__ import annotations

import os

import pytest

from mm._core import events as ev
from tests.backtest.two_venues import KRAKEN, MEXC, TwoVenues


def test_every_fill_is_hedged_and_both_ledgers_say_so(tmp_path):
    run = TwoVenues(tmp_path)
    run.run(35)
    assert run.stop()
    assert len(run.trades(KRAKEN)) >= 3
    assert len(run.trades(MEXC)) >= 3
    run.check_books()
    assert abs(run.desk.ledger.net) < 2 * 10**9, "less than the threshold is left"
    assert run.replayed().state_hash() == run.engine.state_hash()
    hedges = [event for event in run.recorder.events if type(event) is ev.Place and event.purpose == "hedge"]
    assert {hedge.venue for hedge in hedges} == {MEXC}
    assert sum(trade.size for trade in run.trades(MEXC)) <= sum(trade.size for trade in run.trades(KRAKEN)) + 1000


def test_the_same_seed_gives_the_same_log(tmp_path):
    logs = []
    for _ in range(2):
        run = TwoVenues(tmp_path, seed=7)
        run.run(15)
        logs.append(run.recorder.log_hash())
    assert logs[0] == logs[1]


@pytest.mark.parametrize("policy", ["immediate", "twap", "opportunistic"])
def test_each_policy_pays_the_debts_in_the_end(tmp_path, policy):
    extra = {"twap": "duration_secs = 5\nnum_orders = 4", "opportunistic": "wait_secs_max = 5"}.get(policy, "")
    run = TwoVenues(tmp_path, policy=policy, extra=extra)
    run.run(25)
    # No new debts: the strategy is paused, the desk goes on.
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.operate(now_ns, "pause", "btc"))
    run.run(20)
    assert run.stop()
    assert len(run.trades(MEXC)) >= 1
    run.check_books()
    assert abs(run.desk.ledger.net) < 2 * 10**9
    assert run.desk.ledger.totals[policy].fills >= 1
    assert run.replayed().state_hash() == run.engine.state_hash()


def test_a_cut_at_the_hedge_venue_keeps_the_debt_and_it_is_paid_afterwards(tmp_path):
    run = TwoVenues(tmp_path)
    run.run(10)
    paid = sum(run.desk.ledger.paid.values())
    run.venues[MEXC].set_mode(run.now_ns, "maintenance")
    run.venues[MEXC].disconnect(run.now_ns)
    for world in run.worlds.values():
        world.tell(lambda now_ns: None)
    run.run(60, done=lambda: abs(run.desk.ledger.net) >= 3 * 10**9)
    assert abs(run.desk.ledger.net) >= 3 * 10**9, "the quotes went on and were filled"
    assert sum(run.desk.ledger.paid.values()) <= paid + 5 * 10**9
    run.venues[MEXC].set_mode(run.now_ns, "online")
    run.run(25)
    assert run.stop()
    run.check_books()
    assert sum(run.desk.ledger.paid.values()) > paid


@pytest.mark.parametrize("seed", range(20 if os.environ.get("MM_CAMPAIGN") else 1))
def test_faults_at_both_venues_lose_no_unit(tmp_path, seed):
    rules = [
        {"on": "reply", "action": "withhold", "rate": 0.05, "until_s": 30},
        {"on": "request", "action": "drop", "rate": 0.03, "until_s": 30},
        {"on": "message", "action": "drop", "rate": 0.002, "until_s": 30},
        {"on": "message", "action": "disconnect", "rate": 0.0005, "until_s": 30},
    ]
    run = TwoVenues(tmp_path, seed=seed, hooks={KRAKEN: rules, MEXC: rules})
    run.run(30)
    # Until what was in doubt is proven: reads wait for lists that may lag.
    run.run(60)
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.operate(now_ns, "pause", "btc"))
    run.run(10)
    assert run.stop(60)
    run.check_books()
    assert run.replayed().state_hash() == run.engine.state_hash()


def test_hedge_is_with_its_venue_before_the_quotes_are_thought_of(tmp_path):
    both = TwoVenues(tmp_path)
    market = both.engine.markets
    happened = []
    tell = both.driver.on_output
    both.run(5)
    strategy = market[KRAKEN, "BTC/USD"].strategy
    quotes = strategy.quotes

    def output(venue):
        tell(venue)
        happened.append(venue)

    def asked(state):
        happened.append("quotes")
        return quotes(state)

    strategy.quotes = asked
    both.driver.on_output = output
    port = both.worlds[KRAKEN].machine
    hedged = []

    class Hearing:
        def __getattr__(self, name):
            return getattr(port, name)

        def frame(self, now_ns, channel, payload, last=True):
            happened.clear()
            port.frame(now_ns, channel, payload, last)
            if MEXC in happened:
                hedged.append(tuple(happened))

    both.worlds[KRAKEN].machine = Hearing()
    both.run(300, done=lambda: len(hedged) >= 3)
    assert len(hedged) >= 3
    assert {each[:2] for each in hedged} == {(MEXC, "quotes")}

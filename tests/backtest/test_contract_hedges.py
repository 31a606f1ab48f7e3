"""Quotes on Kraken, hedges in contracts on MEXC Futures: the books are both venues' ledgers, funding and all."""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.backtest.two_venues import KRAKEN, SETTINGS, TwoVenues

FUTURES, PERPETUAL = "mexc_futures", "BTC/USDT:USDT"
UNIT = 10**8
"""One contract in 10^-12 BTC; a unit of Kraken's sizes is 10^4."""
CONTRACTS = SETTINGS.replace("mexc_spot", FUTURES).replace("BTC/USDT", PERPETUAL)


def held(run):
    """What the venue holds for the account, in contracts."""
    return sum(each.side * each.hold for each in run.exchanges[FUTURES].positions.of(ACCOUNT))


@pytest.fixture
def run(tmp_path):
    return TwoVenues(tmp_path, hedge_venue=FUTURES, settings=CONTRACTS)


def test_every_fill_is_hedged_in_contracts_and_both_ledgers_say_so(run):
    run.run(70)
    assert run.stop()
    hedges = run.trades(FUTURES)
    assert len(run.trades(KRAKEN)) >= 3
    assert len(hedges) >= 3
    market = run.engine.markets[FUTURES, PERPETUAL]
    fills = [event for event in run.recorder.events if type(event) is ev.Fill and event.venue == FUTURES]
    assert {trade.execution_id for trade in hedges} == {fill.execution_id for fill in fills}
    assert market.position.quantity == held(run) == sum(trade.side * trade.size for trade in hedges)
    assert market.position.quantity == market.perpetual.net
    assert run.held(KRAKEN) * 10**4 + held(run) * UNIT == run.desk.ledger.net
    assert abs(run.desk.ledger.net) < 2 * 10**9
    assert run.engine.perpetuals.externals == 0
    assert run.replayed().state_hash() == run.engine.state_hash()


@pytest.mark.parametrize("told", ["push", "lists", "position"])
def test_a_leg_that_the_venue_cuts_is_found_and_hedged_again(run, told):
    """F68. Guard: the audit's list of positions is compared with our fills."""
    run.run(60, done=lambda: abs(held(run)) >= 40)
    before = held(run)
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.operate(now_ns, "pause", "btc"))
    run.run(5)
    before = held(run)
    run.venues[FUTURES].act(run.now_ns, {"action": "adl", "percent": 60, "told": told})
    assert abs(held(run)) < abs(before)
    run.run(90)
    assert run.engine.perpetuals.externals >= 1
    market = run.engine.markets[FUTURES, PERPETUAL]
    assert market.position.quantity == held(run)
    # Hedged again: what both venues hold together is less than the threshold.
    assert abs(run.held(KRAKEN) * 10**4 + held(run) * UNIT) < 2 * 10**9
    assert run.stop()

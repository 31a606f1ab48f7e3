"""The example of a policy of one's own: by file and by class, refused where it contradicts itself, and it pays."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from mm._core import events as ev
from mm.api import OMS, Exchange, HedgePolicy, InventoryManager, MarketMaker
from mm.config import SettingsError
from mm.inventory.hedging import HedgeOrder, HedgePlan, find
from tests.backtest.two_venues import KRAKEN, MEXC, TwoVenues
from tests.inventory.test_hedge_policies import SECOND, SELL, START, state

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
NAME = "tight_spread:TightSpread"
NARROW = "0.001"
"""Bps: less than a tick of the hedge market, which is always wider."""


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield
    sys.modules.pop("tight_spread", None)


def made(**keys):
    kind = find(NAME)
    return kind(NAME, kind.Parameters(threshold=Decimal(0), **{key: Decimal(text) for key, text in keys.items()}))


def test_it_crosses_a_tight_market_at_once_and_a_wide_one_at_the_end_of_its_wait():
    policy = made(spread_bps_max="0.5", wait_secs_max="10")
    order = HedgeOrder(SELL, 5, 599_700, True)
    # 600,000 to 600,010 is 0.17 bps wide.
    assert policy.plan(state(5)) == HedgePlan(order, note="crosses")
    wide = {"ask": 600_040}
    waits = HedgePlan(note="waits for a tighter spread", due_ns=START + 10 * SECOND)
    assert policy.plan(state(5, **wide)) == waits
    assert policy.plan(state(5, now_ns=START + 10 * SECOND - 1, **wide)) == waits
    assert policy.plan(state(5, now_ns=START + 10 * SECOND, **wide)) == HedgePlan(order, note="crosses")


def test_it_sends_no_more_than_is_owed_held_and_offered_and_nothing_that_the_venue_would_not_take():
    policy = made(spread_bps_max="0.5", wait_secs_max="10")
    for changes, lots in (({"committed": 2}, 3), ({"balance": 4}, 4), ({"depth": 1}, 1)):
        assert policy.plan(state(5, **changes)).order.lots == lots
    assert policy.plan(state(5, least=6)) == HedgePlan(note="less than the venue takes")
    assert policy.plan(state(0)) == HedgePlan(note="under the threshold")


def by_file(folder, **keys):
    text = "\n".join(f"{name} = {value}" for name, value in keys.items())
    return TwoVenues(folder, policy=NAME, extra=text)


def by_class(folder, **keys):
    """The same in Python."""
    oms = OMS(state=folder)
    oms.register(Exchange(KRAKEN, tier="pro", accept_account_wide_timer=True, dead_man_switch_s=60))
    oms.register(Exchange(MEXC))
    markets = {"primary": KRAKEN, "symbol": "BTC/USD", "hedge": MEXC, "hedge_symbol": "BTC/USDT"}
    policy = HedgePolicy(find(NAME), threshold=50, debt_max_usd=1500, **markets, **keys)
    quotes = {"spread_bps": 0.5, "quote_size": 0.005, "max_position": 0.05}
    refresh = {"refresh_interval_ms": 1000, "refresh_tolerance_bps": 0.2}
    MarketMaker(oms, InventoryManager(policy), name="btc", symbol="BTC/USD", **quotes, **refresh)
    return TwoVenues(folder, settings=oms.settings())


@pytest.mark.parametrize("put_together", [by_file, by_class])
@pytest.mark.parametrize(("spread_bps_max", "waits"), [("0.5", False), (NARROW, True)])
def test_it_pays_its_debts_and_both_ledgers_say_so(tmp_path, put_together, spread_bps_max, waits):
    run = put_together(tmp_path, spread_bps_max=spread_bps_max, wait_secs_max=3)
    (desk,) = run.engine.desks.values()
    assert type(desk.policy).__module__ == "tight_spread"
    run.run(25)
    # No new debts: the strategy is paused, the desk goes on.
    run.operate("pause", "btc")
    run.run(10)
    assert run.stop()
    ledger = desk.ledger
    hedges = [event for event in run.recorder.events if type(event) is ev.Place and event.purpose == "hedge"]
    assert hedges
    assert {hedge.venue for hedge in hedges} == {MEXC}
    assert len(run.trades(MEXC)) >= 1
    assert sum(ledger.paid.values())
    assert abs(ledger.net) < 2 * 10**9, "less than the threshold is left"
    assert (run.held(KRAKEN) + run.held(MEXC)) * 10**4 == ledger.net
    # Debts that came while the oldest waited are paid with it.
    assert (max(payment.waited_ns for payment in ledger.payments) >= 3 * SECOND) is waits
    assert run.replayed().state_hash() == run.engine.state_hash()


def test_what_contradicts_itself_is_named_before_anything_runs(tmp_path):
    with pytest.raises(SettingsError, match=r"hedging\.btc\.wait_secs_max: expected above 0, got 0"):
        by_file(tmp_path, wait_secs_max=0)
    with pytest.raises(SettingsError, match=r"hedging\.btc\.spread_bp_max: .*spread_bps_max"):
        by_file(tmp_path, spread_bp_max=1)

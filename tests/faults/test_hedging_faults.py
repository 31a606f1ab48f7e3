"""Faults of hedging, each alone and from many seeds (MM_CAMPAIGN=1: twenty), judged by the venues' ledgers.

`tests.faults.hedged.Hedged` looks at every event: hedges never exceed what they hedge by more than a lot.
"""

from __future__ import annotations

import os

import pytest

from mm._core import events as ev
from mm.config import Environment, SettingsError, load
from mm.inventory.hedging import parameters_of as policies_of
from mm.strategies import parameters_of
from tests.backtest.two_venues import KRAKEN, MEXC
from tests.faults.hedged import QUOTE_SIZE, SEEDS, Hedged

PLACE = "POST order"


@pytest.mark.parametrize("seed", SEEDS)
def test_f62_with_the_hedge_venue_down_the_unhedged_rest_stays_under_its_cap(tmp_path, seed):
    run = Hedged(tmp_path, seed=seed)
    run.run(10)
    sent = len(run.places)
    run.cut(600 if os.environ.get("MM_CAMPAIGN") else 120)
    # What is in flight when the cap is reached may still fill.
    assert run.usd(run.unhedged_max) <= 1500 + 2 * run.usd(QUOTE_SIZE)
    assert run.usd(run.unhedged_max) > 300, "the outage was felt"
    assert len(run.places) - sent <= 40, "tries are spaced"
    debt = abs(run.desk.ledger.net)
    run.run(40)
    assert abs(run.desk.ledger.net) < debt, "paid once the venue is back"
    run.come_to_rest()


@pytest.mark.parametrize("share", ["partly", "never"])
@pytest.mark.parametrize("seed", SEEDS)
def test_f63_a_hedge_that_is_refused_or_filled_in_part_leaves_the_rest_owed(tmp_path, seed, share):
    refused = {"on": "request", "name": PLACE, "action": "refuse", "error": "30005", "until_s": 40}
    hooks = {MEXC: [refused | ({"rate": 0.6} if share == "partly" else {})]}
    run = Hedged(tmp_path, seed=seed, hooks=hooks, extra="slippage_bps = 0\ndepth_share = 1")
    run.run(40)
    tries = len(run.places)
    if share == "never":
        assert run.hedged == 0
        assert 0 < tries <= 14, "tries wait longer and longer"
    run.come_to_rest()
    assert run.hedged > 0
    # What is not hedged is the debt: `check_books` says so by both ledgers.


@pytest.mark.parametrize("seed", SEEDS)
def test_f64_fills_go_on_while_the_answer_to_a_hedge_is_late(tmp_path, seed):
    slow = [
        {"on": "reply", "name": PLACE, "action": "delay", "delay_s": 5, "until_s": 60},
        {"on": "message", "name": "orders", "action": "delay", "delay_s": 5, "until_s": 60},
        {"on": "message", "name": "deals", "action": "delay", "delay_s": 5, "until_s": 60},
    ]
    run = Hedged(tmp_path, seed=seed, hooks={MEXC: slow})
    run.run(60)
    assert run.venues[MEXC].hooks.fired["reply.delay"] >= 2
    run.come_to_rest()
    assert run.usd(run.unhedged_max) <= 1500 + 2 * run.usd(QUOTE_SIZE)


@pytest.mark.parametrize("seed", SEEDS)
def test_f65_a_hedge_that_was_said_to_have_failed_and_then_fills_is_no_new_debt(tmp_path, seed):
    failed = [
        {"on": "reply", "name": PLACE, "action": "status", "status": 502, "rate": 0.5, "until_s": 40},
        {"on": "message", "name": "deals", "action": "delay", "delay_s": 3, "rate": 0.5, "until_s": 40},
    ]
    run = Hedged(tmp_path, seed=seed, hooks={MEXC: failed})
    run.run(40)
    assert run.venues[MEXC].hooks.fired["reply.status"] >= 1
    run.come_to_rest(120)
    hedged = sum(trade.size for trade in run.trades(MEXC))
    quoted = sum(trade.size for trade in run.trades(KRAKEN))
    assert 0 < hedged <= 1.05 * quoted
    kinds = {place.purpose for place in run.recorder.events if type(place) is ev.Place and place.venue == MEXC}
    assert kinds == {"hedge"}


@pytest.mark.parametrize(
    "second",
    [
        'primary = "kraken"\nsymbol = "BTC/USD"\nhedge = "mexc_spot"\nhedge_symbol = "BTC/USDC"',
        'primary = "other"\nsymbol = "BTC/USD"\nhedge = "mexc_spot"\nhedge_symbol = "BTC/USDT"',
    ],
    ids=["the same fills", "the same hedge market"],
)
def test_f66_two_owners_of_one_exposure_are_refused(tmp_path, second):
    path = tmp_path / "mm.toml"
    quoting = (
        '[strategies.{0}]\nvenue = "{1}"\nsymbol = "BTC/USD"\nspread_bps = 60\nquote_size = 0.01\nmax_position = 0.1\n'
    )
    first = 'primary = "kraken"\nsymbol = "BTC/USD"\nhedge = "mexc_spot"\nhedge_symbol = "BTC/USDT"'
    path.write_text(
        quoting.format("a", "kraken")
        + quoting.format("b", "other")
        + f"[hedging.one]\n{first}\n[hedging.two]\n{second}\n"
    )
    with pytest.raises(SettingsError, match="two owners would hedge one position twice"):
        load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)


@pytest.mark.parametrize("seed", SEEDS)
def test_f66_what_is_hedged_is_what_is_held(tmp_path, seed):
    run = Hedged(tmp_path, seed=seed)
    run.run(30)
    run.come_to_rest()
    assert abs(run.held(KRAKEN) + run.held(MEXC)) * run.usd(10**8) / 10**8 < 50, "under the threshold"

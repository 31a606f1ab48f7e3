"""Faults of contracts, each alone and from many seeds, hedging on MEXC Futures; judged as in `test_hedging_faults.py`.

A fault befalls the account at the simulated venue; what is asserted is what the venues' own ledgers say of it.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.faults.hedged import CAMPAIGN, FUTURES, KRAKEN, QUOTE_SIZE, SEEDS, SYMBOLS, UNITS, Hedged, lasting

PERPETUAL = SYMBOLS[FUTURES]
CYCLE_S = 65
"""Positions are read each minute; a difference has to last."""
AUDIT_S = 135
"""While an order is open its fills may have been missed: a whole round of the list of deals more."""
seeds = pytest.mark.parametrize("seed", SEEDS)


def contracts(folder, seed, way="contracts", **options):
    return Hedged(folder, seed=seed, way=way, **options)


def market(run):
    return run.engine.markets[FUTURES, PERPETUAL]


def until_held(run, seconds=120, least=40):
    """Until the venue holds something for the account; returns how much."""
    run.run(seconds, done=lambda: abs(run.contracts()) >= least)
    assert abs(run.contracts()) >= least
    return run.contracts()


def sent(run, since=0, purpose=""):
    return [
        event for event in run.recorder.events[since:] if type(event) is ev.Place and purpose in ("", event.purpose)
    ]


# --- F67: funding -----------------------------------------------------------------------------------------------------


@seeds
def test_f67_funding_late_and_on_another_schedule_is_no_drift(tmp_path, seed):
    cycle_s = lasting(40, 15)
    run = contracts(tmp_path, seed, funding_seconds=cycle_s)
    chance = Random(seed)
    until_held(run)
    run.run(cycle_s + 5)
    # Late: told of long after the settlement; then the cycle is another.
    run.act(action="funding", percent=chance.choice([-0.1, 0.1]), duration_s=chance.randint(5, 50))
    run.run(cycle_s + 5)
    run.act(action="funding", value=cycle_s // 2)
    run.run(cycle_s * 3 // 2)
    run.act(action="funding", value=600)
    run.come_to_rest(150)
    records = run.exchanges[FUTURES].positions.records[ACCOUNT]
    assert len(records) >= 4
    assert any(record.funding for record in records)
    # The difference of positions never moved, and no money is missing: `come_to_rest` has looked at both.
    assert run.engine.perpetuals.externals == 0
    assert run.external == 0
    assert not [text for text in run.alerts() if "without an order of ours" in text]
    terms = run.engine.accounts.terms()
    assert terms.funding != 0


# --- F68: the venue takes a leg ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["push", "lists", "position"] if CAMPAIGN else ["lists"])
@pytest.mark.parametrize("way", ["contracts", "contracts and fallback"] if CAMPAIGN else ["contracts"])
@seeds
def test_f68_a_leg_that_the_venue_takes_is_booked_and_hedged_again_without_a_storm(tmp_path, seed, way, told):
    run = contracts(tmp_path, seed, way)
    before = until_held(run)
    run.act(action="adl", percent=60, told=told)
    taken = before - run.contracts()
    assert taken
    run.external = abs(taken) * UNITS[FUTURES]
    run.is_told = told != "position"
    since = len(run.recorder.events)
    began = run.now_ns
    run.run(AUDIT_S, done=lambda: run.engine.perpetuals.externals)
    assert run.engine.perpetuals.externals == 1, "F68: the position that the venue cut was not booked"
    assert run.now_ns - began <= (10 if told == "push" else AUDIT_S) * 10**9, "F68: booked too late"
    assert any("without an order of ours" in text for text in [*run.alerts(), *run.engine._upkeep.untold])
    run.run(20)
    hedges = sent(run, since, "hedge")
    # One hedge of what was taken, in as many orders as the book has room for, beside those of ordinary fills.
    fills = len([fill for fill in run.recorder.events[since:] if type(fill) is ev.Fill and fill.venue == KRAKEN])
    assert 1 <= len(hedges) <= fills + 6, "a storm of orders"
    run.come_to_rest(120)
    assert run.engine.perpetuals.externals == 1
    assert run.usd(abs(run.net())) < 50, "hedged again"


# --- F69: modes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"position_mode": "hedge"}, "the account is in hedge mode, the configuration says one_way"),
        ({"venue": "leverage = 5"}, "is 20, the configuration says 5"),
    ],
    ids=["position mode", "leverage"],
)
@seeds
def test_f69_a_start_on_other_terms_is_refused_and_no_order_is_sent(tmp_path, seed, options, reason):
    run = contracts(tmp_path, seed, **options)
    run.run(lasting(70, 15))
    assert not sent(run), "F69: an order was sent on other terms"
    told = [event for event in run.recorder.events if type(event) is ev.Alert and event.severity == "critical"]
    assert any(reason in event.text for event in told), "F69: the reason was not told"
    for venue, exchange in run.exchanges.items():
        assert not exchange.open_orders(ACCOUNT), venue
        assert not exchange.closed_orders(ACCOUNT), venue


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"action": "contract_size", "value": 0.001}, id="contract size"),
        *(
            # The venue pushes none of these: they are found with the account's next reads.
            pytest.param({"action": "position_mode", "value": 1}, id="position mode"),
            pytest.param({"action": "leverage", "value": 50}, id="leverage"),
        )[: None if CAMPAIGN else 0],
    ],
)
@seeds
def test_f69_terms_that_change_in_the_run_end_the_trading_on_that_venue(tmp_path, seed, change):
    run = contracts(tmp_path, seed, venue="leverage = 20")
    until_held(run)
    held = run.contracts()
    # It is found with the next round of reads, within a minute: nothing may be owed until then.
    run.pause()
    run.run(5)
    run.act(**change)
    run.run(lasting(65, 5))
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.operate(now_ns, "resume", "btc"))
    since = len(run.recorder.events)
    run.run(lasting(60, 20))
    assert not [place for place in sent(run, since) if place.venue == FUTURES], "F69: an order on other terms"
    assert held
    # What it still has open by its own word is what we know of.
    assert run.usd(run.unhedged_max) <= 1500 + 3 * run.usd(QUOTE_SIZE)
    assert run.stop(60)
    assert run.replayed().state_hash() == run.engine.state_hash()


@seeds
def test_f69_a_contract_that_changes_while_the_venue_is_away_is_known_before_an_order(tmp_path, seed):
    """The definitions are read anew with each connection. Ten times what was meant was hedged otherwise."""
    run = contracts(tmp_path, seed)
    until_held(run)
    run.act(action="outage", duration_s=4)
    run.run(2)
    run.act(action="contract_size", value=0.001)
    since = len(run.recorder.events)
    run.run(lasting(50, 25))
    later = run.recorder.events[since:]
    assert [fill for fill in later if type(fill) is ev.Fill and fill.venue == KRAKEN], "nothing was to be hedged"
    assert not [place for place in sent(run, since) if place.venue == FUTURES], "F69: an order in contracts of before"
    assert market(run).is_frozen


def recounted(tmp_path, seed):
    """A run that holds contracts of which one is ten of before now, and how many of those."""
    run = contracts(tmp_path, seed)
    until_held(run)
    run.pause()
    run.run(10)
    held = run.contracts()
    run.act(action="contract_size", value=0.001)
    # Longer than any list trails: none of before is told as of now.
    run.run(40)
    return run, held


@pytest.mark.parametrize("told", ["push", "lists", "position"] if CAMPAIGN else ["push", "lists"])
@seeds
def test_f69_what_the_venue_cuts_in_contracts_of_another_size_is_booked(tmp_path, seed, told):
    """Guard: positions and deals are compared in our contracts, also where nothing is sent any more."""
    run, before = recounted(tmp_path, seed)
    assert run.engine.perpetuals.externals == 0, "F69: the change itself was booked"
    assert market(run).position.quantity == before
    run.act(action="adl", percent=60, told=told)
    run.external, run.is_told = abs(before - run.contracts()) * UNITS[FUTURES], told != "position"
    assert run.external
    assert run.external % 10**9 == 0, "the venue trades whole contracts"
    run.run(AUDIT_S, done=lambda: run.engine.perpetuals.externals)
    assert run.engine.perpetuals.externals == 1, "F69: what the venue cut was not booked"
    run.run(lasting(120, 35))
    assert run.engine.perpetuals.externals == 1
    assert run.stop(60)
    run.check_books()
    assert run.replayed().state_hash() == run.engine.state_hash()


@seeds
def test_f69_what_is_closed_by_hand_in_contracts_of_another_size_is_booked(tmp_path, seed):
    """Guard: so that a symbol can be flattened as its alarm says."""
    run, held = recounted(tmp_path, seed)
    whole = abs(held) // 10
    run.act(action="foreign_order", value=-whole if held > 0 else whole)
    run.external = abs(held - run.contracts()) * UNITS[FUTURES]
    assert run.external == whole * 10**9
    run.run(AUDIT_S, done=lambda: run.engine.perpetuals.externals)
    run.run(20)
    assert run.stop(60)
    run.check_books()


@seeds
def test_f69_money_that_goes_after_the_size_of_a_contract_has_changed_is_told(tmp_path, seed):
    """Guard: what it settles in is counted in money, whatever a contract is."""
    run, _ = recounted(tmp_path, seed)
    assert not run.engine.reconciling.unexplained, "F69: the change itself is no difference"
    gone = 683_055_900_880_000
    run.exchanges[FUTURES].transfer(run.now_ns, ACCOUNT, "USDT", Decimal(-gone).scaleb(-12), is_told=False)
    run.run(100, done=lambda: run.engine.reconciling.unexplained)
    assert run.engine.reconciling.unexplained == {(FUTURES, "balance", "USDT"): -gone}, "F69: what is gone was not told"


# --- F70: margin ------------------------------------------------------------------------------------------------------


@seeds
def test_f70_a_mark_price_that_runs_away_is_met_before_the_venue_takes_over(tmp_path, seed):
    run = contracts(tmp_path, seed, usdt=120)
    is_quoted = bool(seed % 2)
    highest = 0

    def look(event):
        nonlocal highest
        for position in run.exchanges[FUTURES].positions.of(ACCOUNT):
            highest = max(highest, run.exchanges[FUTURES].liquidation.ratio_e4(position))
        assert highest < 10_000, "F70: the venue's threshold was reached"
        if type(event) is ev.Place and event.purpose not in ("flatten", "hedge"):
            danger = market(run).perpetual.danger
            assert danger in (0, event.side), "F70: a quote that would be hedged with more of what is in danger"

    run.driver.observers.append(look)
    held = until_held(run, 600, least=150)
    # In every second run nothing is quoted meanwhile, so that nobody but the guard takes the position back.
    if not is_quoted:
        run.pause()
        run.run(1)
        held = run.contracts()
    since = len(run.recorder.events)
    run.act(action="mark", percent=-20 if held > 0 else 20, duration_s=lasting(60, 30))
    run.run(lasting(90, 40))
    reductions = sent(run, since, "flatten")
    assert all(place.reduce_only for place in reductions)
    if not is_quoted:
        assert reductions, "F70: nothing was reduced"
        assert abs(run.contracts()) < abs(held)
    run.act(action="mark", percent=0, duration_s=lasting(20, 5))
    run.run(lasting(40, 10))
    run.come_to_rest(120)
    assert run.engine.perpetuals.externals == 0


# --- F71: through zero ------------------------------------------------------------------------------------------------


@seeds
def test_f71_a_fill_that_flips_the_position_and_comes_again_is_booked_once(tmp_path, seed):
    again = [
        {"on": "message", "name": "order.deal", "action": "duplicate"},
        {"on": "clock", "action": "disconnect", "every_s": 20, "times": 10},
    ]
    run = contracts(tmp_path, seed, hooks={FUTURES: again}, policy="immediate", extra="")
    flips = []
    was = 0

    def look(event):
        nonlocal was
        if type(event) is ev.Fill and event.venue == FUTURES:
            now = market(run).position.quantity
            if was * now < 0:
                flips.append(event.execution_id)
            was = now or was

    run.driver.observers.append(look)
    run.run(600, done=lambda: len(flips) >= lasting(2, 1))
    assert flips
    # Once more from the lists, after another connection.
    run.venues[FUTURES].disconnect(run.now_ns)
    run.shown()
    run.run(10)
    told = [event.execution_id for event in run.recorder.events if type(event) is ev.Fill and event.venue == FUTURES]
    assert len(told) > len(set(told)), "nothing was told twice"
    run.come_to_rest()
    assert run.hedged == sum(trade.size for trade in run.trades(FUTURES)) * UNITS[FUTURES], "F71: booked twice"

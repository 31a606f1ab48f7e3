"""Faults of hedging, each alone and from many seeds (MM_CAMPAIGN=1: twenty), judged by the venues' ledgers.

`tests.faults.hedged.Hedged` looks at every event: hedges never exceed what they hedge by more than a lot, no price
leaves the collar, and by the venues' ledgers no limit is passed on the worst case. F62 to F65 run against spot, against
contracts and against contracts with a fallback. F67 to F71 are in `test_contract_faults.py`.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from mm._core import events as ev
from mm._core.desk_core import AGAIN_NS, RETRY_NS_MAX
from mm.config import Environment, SettingsError, load
from mm.inventory.hedging import parameters_of as policies_of
from mm.strategies import parameters_of
from tests.backtest.brief_market import recorded
from tests.backtest.two_venues import KRAKEN, MEXC
from tests.faults.hedged import CASES, FUTURES, QUOTE_SIZE, WAYS, Hedged, lasting
from tests.faults.refused import refused

PLACE = {MEXC: "POST order", FUTURES: "POST order/create"}
ORDERS, DEALS = {MEXC: "orders", FUTURES: "order"}, {MEXC: "deals", FUTURES: "order.deal"}
REFUSED = {MEXC: "30005", FUTURES: "2005"}
cases = pytest.mark.parametrize(("seed", "way"), CASES)


@cases
def test_f62_with_the_hedge_venue_down_the_unhedged_rest_stays_under_its_cap(tmp_path, seed, way):
    run = Hedged(tmp_path, seed=seed, way=way)
    run.run(10)
    sent = len(run.places)
    run.cut(lasting(600, 150))
    # What is in flight when the cap is reached may still fill.
    most = run.usd(run.unhedged_max)
    assert most <= 1500 + 2 * run.usd(QUOTE_SIZE), f"F62: {most:.0f} dollars were not hedged"
    assert len(run.places) - sent <= 40, "F62: tries are spaced"
    debt = abs(run.desk.ledger.net)
    if way == "contracts and fallback":
        assert run.trades(MEXC), "F62: the second venue was not asked"
        assert run.usd(debt) < 1000, "F62: the second venue went on"
    else:
        assert run.usd(run.unhedged_max) > 300, "the outage was felt"
        # Without new debts; a venue that said it is in maintenance is asked again after a minute.
        run.pause()
        run.run(100)
        left = abs(run.desk.ledger.net)
        # Under the threshold of 50 dollars nothing is hedged.
        assert left < max(debt, 10**9), "paid once the venue is back"
    run.come_to_rest()


@pytest.mark.parametrize("share", ["partly", "never"])
@cases
def test_f63_a_hedge_that_is_refused_or_filled_in_part_leaves_the_rest_owed(tmp_path, seed, way, share):
    hedge = WAYS[way][0]
    seconds = lasting(60, 30)
    refused = {"on": "request", "name": PLACE[hedge], "action": "refuse", "error": REFUSED[hedge], "until_s": seconds}
    hooks = {hedge: [refused | ({"rate": 0.6} if share == "partly" else {})]}
    # Partly: through several levels of the book, each with an execution of its own.
    extra = "slippage_bps = 20\ndepth_share = 1" if share == "partly" else "slippage_bps = 0\ndepth_share = 1"
    market = recorded if share == "partly" else None
    run = Hedged(tmp_path, seed=seed, way=way, hooks=hooks, extra=extra, entries_of=market)
    run.run(seconds)
    tries = len(run.places)
    if share == "never":
        assert run.hedged == 0
        assert 0 < tries <= 14, "F63: tries wait longer and longer"
        waits = [later.recv_ns - earlier.recv_ns for earlier, later in pairwise(run.places)]
        for failures, wait_ns in enumerate(waits):
            assert wait_ns >= min(AGAIN_NS << failures, RETRY_NS_MAX), "F63: tries wait longer and longer"
    # The debt may have been netted meanwhile: until there is another.
    run.run(60, done=lambda: run.hedged)
    run.come_to_rest()
    assert run.hedged > 0
    # What is not hedged is the debt: `check_books` says so by all ledgers.


@cases
def test_f64_fills_go_on_while_the_answer_to_a_hedge_is_late(tmp_path, seed, way):
    hedge = WAYS[way][0]
    seconds = lasting(80, 40)
    late = {"action": "delay", "delay_s": 5, "until_s": seconds}
    slow = [
        late | {"on": "reply", "name": PLACE[hedge]},
        late | {"on": "message", "name": ORDERS[hedge]},
        late | {"on": "message", "name": DEALS[hedge]},
    ]
    run = Hedged(tmp_path, seed=seed, way=way, hooks={hedge: slow})
    run.run(seconds)
    assert run.venues[hedge].hooks.fired["reply.delay"] >= 2
    run.come_to_rest()
    assert run.usd(run.unhedged_max) <= 1500 + 2 * run.usd(QUOTE_SIZE)


@cases
def test_f64_a_hedge_that_is_filled_counts_until_its_executions_are_here(tmp_path, seed, way):
    hedge = WAYS[way][0]
    seconds = lasting(80, 40)
    # The order is over by the venue's word, and what it got is not known yet.
    late = [{"on": "message", "name": DEALS[hedge], "action": "delay", "delay_s": 5, "until_s": seconds}]
    run = Hedged(tmp_path, seed=seed, way=way, hooks={hedge: late})
    run.run(seconds)
    assert run.venues[hedge].hooks.fired["message.delay"] >= 2
    run.come_to_rest()


@cases
def test_f65_a_hedge_that_was_said_to_have_failed_and_then_fills_is_no_new_debt(tmp_path, seed, way):
    hedge = WAYS[way][0]
    failed = [
        {"on": "reply", "name": PLACE[hedge], "action": "status", "status": 502, "rate": 0.5, "until_s": 60},
        {"on": "message", "name": DEALS[hedge], "action": "delay", "delay_s": 3, "until_s": 60},
        {"on": "message", "name": ORDERS[hedge], "action": "delay", "delay_s": 3, "until_s": 60},
    ]
    run = Hedged(tmp_path, seed=seed, way=way, hooks={hedge: failed})
    run.run(60, done=lambda: run.venues[hedge].hooks.fired["reply.status"] >= 2)
    assert run.venues[hedge].hooks.fired["reply.status"] >= 1
    run.come_to_rest(120)
    assert 0 < run.hedged <= run.quoted * 105 // 100, "F65: more was hedged than was quoted"
    kinds = {place.purpose for place in run.recorder.events if type(place) is ev.Place and place.venue != KRAKEN}
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
    with refused("F66", SettingsError, "two owners would hedge one position twice"):
        load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)


@cases
def test_f66_what_is_hedged_is_what_is_held(tmp_path, seed, way):
    run = Hedged(tmp_path, seed=seed, way=way)
    run.run(lasting(30, 15))
    run.come_to_rest()
    assert run.usd(abs(run.net())) < 50, "under the threshold"

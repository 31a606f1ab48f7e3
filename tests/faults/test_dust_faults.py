"""Rests below a venue's minimum, alone and from many seeds: of debts, positions and orders, on spot and contracts.

Minimums and steps are the simulated venues' own, which change in the run; what was sent is what is judged by them.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.live.killing import remains, rests
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND
from tests.faults.hedged import BTC, CAMPAIGN, CASES, QUOTE_SIZE, SEEDS, SYMBOLS, UNITS, WAYS, Hedged, lasting
from tests.faults.quoted import Quoted, each

TWAP = "duration_secs = 20\nnum_orders = 5\nslippage_bps = 20"


def changed(run, venue, **action):
    """Another minimum at a venue, told to the bot: when that was."""
    symbol = SYMBOLS[venue]
    run.venues[venue].act(run.now_ns, action)
    run.shown()
    was = run.engine.markets[venue, symbol].instrument
    # MEXC Spot tells nothing; its list is read now and then.
    run.run(400, done=lambda: run.engine.markets[venue, symbol].instrument != was)
    assert run.engine.markets[venue, symbol].instrument != was, "the minimum was not taken"
    return run.now_ns


def orders_since(run, venue, since_ns):
    sent = [each for each in run.recorder.events if type(each) in (ev.Place, ev.Amend) and each.recv_ns > since_ns]
    return [each for each in sent if each.venue == venue]


def check_sizes(run, venue, since_ns):
    """Nothing below the minimum, off the step or for less than the least value; by the venue's own terms."""
    listed = run.exchanges[venue].instruments[SYMBOLS[venue]]
    sent = orders_since(run, venue, since_ns)
    for order in sent:
        size = order.size * max(1, listed.contract)
        assert size >= listed.size_min, f"F57: {order.size} was sent, less than the venue takes"
        assert size % listed.lot == 0, f"F57: {order.size} was sent, off the step of sizes"
        assert size * order.price >= listed.cost_min, f"F57: {order.size} at {order.price} is worth less than it takes"
    return sent


# --- debts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["twap", "cross_exchange", "opportunistic"][: None if CAMPAIGN else 1])
@pytest.mark.parametrize(("seed", "way"), CASES)
def test_f57_a_debt_below_the_minimum_waits_for_others_and_is_hedged_with_them(tmp_path, seed, way, policy):
    hedge = WAYS[way][0]
    extra = {"twap": TWAP, "opportunistic": "wait_secs_max = 5"}.get(policy, "")
    run = Hedged(tmp_path, seed=seed, way=way, policy=policy, extra=extra)
    run.run(10)
    # Two quotes and a half: less than that is dust here.
    least = QUOTE_SIZE * 5 // 2 // UNITS[hedge]
    since_ns = changed(run, hedge, action="size_min", value=least)
    run.run(lasting(240, 60))
    assert check_sizes(run, hedge, since_ns), "F57: nothing was hedged any more"
    run.pause()
    run.run(30)
    owed = abs(run.desk.ledger.net)
    assert owed < least * UNITS[hedge], f"F57: {owed / BTC} could be hedged, and is not"
    # What is left is owed and counted: neither forgotten nor tried without end.
    assert run.net() == run.desk.ledger.net, "I5: what is not hedged is the debt, no more and no less"
    count = len(run.places)
    run.run(10)
    assert len(run.places) == count, "F57: dust is tried again and again"
    assert run.stop(60)
    run.check_books()


@pytest.mark.parametrize("seed", SEEDS)
def test_f57_a_position_that_is_too_small_to_close_stops_no_hedge(tmp_path, seed):
    # Longs and shorts stand beside each other, and what is held is closed before the other side is opened.
    options = {"position_mode": "hedge", "venue": 'position_mode = "hedge"'}
    run = Hedged(tmp_path, seed=seed, way="contracts", **options)
    run.run(120, done=lambda: run.contracts() and not run.desk.ledger.net)
    run.pause()
    run.run(10)
    held = run.contracts()
    assert held, "nothing is held"
    since_ns = changed(run, FUTURES, action="size_min", value=abs(held) + 1)
    # From here on only quotes of one side fill, and their hedges are on the other side of what is held.
    side = -1 if held > 0 else 1
    latch = ev.Latched(run.now_ns, "pause-side", f"side={'buy' if side > 0 else 'sell'}", True, "operator", "")
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.latch(now_ns, [latch]))
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.operate(now_ns, "resume", "btc"))

    def is_done():
        return any(place.side == side for place in orders_since(run, FUTURES, since_ns))

    for _ in range(lasting(80, 40)):
        # Reading the whole log after each step takes as long as a run squared.
        run.run(5)
        if is_done():
            break
    assert is_done(), "F57: dust that cannot be closed stops the hedges of its side"
    check_sizes(run, FUTURES, since_ns)
    run.pause()
    run.run(20)
    assert abs(run.net()) < (abs(held) + 1) * UNITS[FUTURES], "F57: what could be hedged is not"
    assert run.stop(60)
    run.check_books()


# --- positions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cost_min", "size_min"])
@each(MEXC, KRAKEN)
def test_f57_a_flatten_leaves_what_the_venue_does_not_take_and_says_so(tmp_path, venue, seed, kind):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(5)
    quoted.run(400, done=lambda: quoted.market.position.quantity)
    quoted.operate("pause")
    quoted.run(5)
    held = abs(quoted.market.position.quantity)
    assert held, "nothing is held"
    instrument = quoted.market.instrument
    worth = held * quoted.market.bid // 10**instrument.cost_precision
    since_ns = changed(quoted, venue, action=kind, value=worth + 5 if kind == "cost_min" else held + 1)
    latch = ev.Latched(quoted.now_ns, "flatten", "", True, "operator", "")
    quoted.worlds[venue].tell(lambda now_ns: quoted.driver.latch(now_ns, [latch]))
    quoted.run(20)
    assert not orders_since(quoted, venue, since_ns), "F57: an order that the venue refuses"
    assert not quoted.engine.ladder.notes, "F57: a position that cannot be closed is waited for"
    bot = Namespace(engine=quoted.engine)
    left = [text for text in remains(bot, "flatten", Scope(), since_ns) if "position" in text]
    assert not left, f"F57: a flatten that never ends: {left}"
    assert any(instrument.base_text(held).rstrip("0") in text for text in rests(bot, Scope())), "F57: dust is hidden"
    # It is there, and counted.
    assert quoted.base(venue) == quoted.market.position.quantity * UNITS[venue]
    assert quoted.stop(60)
    quoted.check_books()


@each(MEXC, KRAKEN)
def test_f57_a_bid_that_vanishes_for_a_moment_makes_no_dust(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(5)
    quoted.run(400, done=lambda: quoted.market.position.quantity > 0)
    quoted.operate("pause")
    quoted.run(5)
    market = quoted.market
    worth = market.position.quantity * market.bid // 10**market.instrument.cost_precision
    assert worth > 1, "too little is held"
    # Worth twice what the venue takes, and a quarter of that by the bid that is shown.
    since_ns = changed(quoted, venue, action="cost_min", value=worth // 2)
    quoted.venues[venue].act(quoted.now_ns, {"action": "spike", "side": "bid", "percent": -87, "duration_s": 5})
    quoted.shown()
    quoted.run(1)
    latch = ev.Latched(quoted.now_ns, "flatten", "", True, "operator", "")
    quoted.worlds[venue].tell(lambda now_ns: quoted.driver.latch(now_ns, [latch]))
    quoted.run(1)
    bot = Namespace(engine=quoted.engine)
    assert market.position.quantity, "it was sold"
    assert any("position" in text for text in remains(bot, "flatten", Scope(), since_ns)), (
        "F57: called flat, and is not"
    )
    assert not rests(bot, Scope()), "F57: called too small to close, and is not"
    quoted.run(20)
    assert not [text for text in remains(bot, "flatten", Scope(), since_ns) if "position" in text], "F57: not closed"
    assert quoted.base(venue) == market.position.quantity * UNITS[venue], "I4: the position is not the venue's"
    assert quoted.stop(60)
    assert not quoted.own_open(), "I13: orders are left at the venue"


# --- orders -----------------------------------------------------------------------------------------------------------


@each(KRAKEN)
def test_f57_orders_that_filled_on_another_step_of_sizes_are_no_loop(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed, tolerance=0.05)
    quoted.run(400, done=lambda: any(order.cum_size % 10**5 for order in quoted.own_open()))
    assert any(order.cum_size % 10**5 for order in quoted.own_open()), "no order was filled in part"
    since_ns = changed(quoted, venue, action="lot", value=10**5)
    quoted.run(60)
    sent = orders_since(quoted, venue, since_ns + SECOND)
    assert sent, "F57: nothing is quoted any more"
    off = [each for each in sent if each.size % 10**5]
    assert not off, f"F57: off the step of sizes: {off[:3]}"
    assert quoted.own_open(), "F57: quotes did not come back"
    quoted.come_to_rest(is_ordered=False)


@each(MEXC)
def test_f57_a_minimum_that_nobody_tells_is_known_after_a_few_refusals(tmp_path, venue, seed):
    # MEXC Spot pushes no terms; its list is read once a minute, and when orders are refused for what it says.
    quoted = Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 2")
    quoted.run(30, done=lambda: len(quoted.own_open()) >= 2)
    quoted.run(12)
    was = quoted.market.instrument
    changed(quoted, venue, action="size_min", value=QUOTE_SIZE // UNITS[venue] + 1)
    refused = [event for event in quoted.of(ev.OrderRejected) if event.reason.startswith("30002")]
    assert quoted.market.instrument != was
    assert len(refused) <= 6, f"F57: {len(refused)} orders below a minimum before it was known"
    assert not quoted.engine.ladder.latches, "F57: a minimum that changed paused a side for good"
    # The strategy's orders are too small now: that is said, and nothing stands or is sent.
    quoted.run(10)
    since_ns = quoted.now_ns
    quoted.run(20)
    assert not orders_since(quoted, venue, since_ns), "F57: orders below the minimum"
    assert not quoted.own_open()
    assert "takes at least" in quoted.market.problem
    assert quoted.stop(60)
    quoted.check_books()

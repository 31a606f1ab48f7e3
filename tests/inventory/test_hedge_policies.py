"""Hedging policies: what each sends for a debt, and that all of it together is the debt."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.inventory.hedging import HedgeState, find, known
from mm.inventory.hedging.twap import shares
from mm.pricing import HedgePricing, down, up
from tests.engine.world import instrument

BUY, SELL = 1, -1
SECOND = 10**9
START = 1_700_000_000 * SECOND


def policy(name, **knobs):
    kind = find(name)
    return kind(name, kind.Parameters(**{key: Decimal(str(value)) for key, value in knobs.items()}))


def twap(duration=60, count=6, catch_up=2, threshold=0):
    kind = find("twap")
    return kind(
        "twap",
        kind.Parameters(
            duration_secs=Decimal(duration), num_orders=count, catch_up_max=catch_up, threshold=Decimal(threshold)
        ),
    )


def state(debt, **changes):
    facts = {
        "now_ns": START,
        "debt": debt,
        "worth": abs(debt) * 6.0,
        "oldest_ns": START,
        "committed": 0,
        "instrument": instrument(),
        "lot": 10_000,
        "bid": 600_000,
        "ask": 600_010,
        "bid_size": 1,
        "ask_size": 1,
        "depth": 10**9,
        "balance": None,
    }
    return HedgeState(**(facts | changes))


def test_every_policy_is_found_by_its_name_and_others_by_their_module():
    assert known() == ("cross_exchange", "immediate", "opportunistic", "twap")
    assert find("mm.inventory.hedging.twap:Twap") is find("twap")
    with pytest.raises(LookupError, match='known policies: "cross_exchange"'):
        find("twop")
    with pytest.raises(LookupError, match="cannot be imported"):
        find("nowhere.at_all:Policy")
    with pytest.raises(LookupError, match="does not define plan"):
        find("mm.inventory.hedging.policy:HedgePolicy")


@pytest.mark.parametrize("name", ["cross_exchange", "immediate", "opportunistic", "twap"])
@given(
    debt=st.integers(-(10**6), 10**6),
    committed=st.integers(0, 10**6),
    depth=st.integers(0, 10**6),
    balance=st.one_of(st.none(), st.integers(0, 10**6)),
    waited=st.integers(0, 3600),
)
def test_no_policy_sends_more_than_is_owed_and_can_be_had(name, debt, committed, depth, balance, waited):
    made = policy(name, threshold=0)
    wanted = made.plan(
        state(debt, committed=committed, depth=depth, balance=balance, oldest_ns=START - waited * SECOND)
    ).order
    if wanted is None:
        return
    assert wanted.side == (SELL if debt > 0 else BUY)
    assert 0 < wanted.lots <= max(0, abs(debt) - committed)
    assert balance is None or wanted.lots <= balance
    if wanted.crossing:
        assert wanted.lots <= depth
        # It meets the touch, and goes no further than the slippage.
        assert wanted.price >= 600_010 if wanted.side == BUY else wanted.price <= 600_000
        assert abs(wanted.price - 600_005) <= 600_005 * 0.0005 + 6
    else:
        assert wanted.price == (600_000 if wanted.side == BUY else 600_010)


def test_immediate_waits_for_the_threshold_and_leaves_the_band():
    made = policy("immediate", threshold=1000, band=250)
    assert made.plan(state(166)).order is None
    order = made.plan(state(200)).order
    assert (order.side, order.lots) == (SELL, 200 - 41)
    assert made.plan(state(-200, committed=159)).order is None


def test_cross_exchange_follows_the_first_lot_and_takes_half_of_the_depth():
    made = policy("cross_exchange")
    assert made.plan(state(1)).order.lots == 1
    assert made.plan(state(-100, depth=80)).order.lots == 40
    assert made.plan(state(100, balance=0)).order is None


class TestOpportunistic:
    made = policy("opportunistic", threshold=0, volatility_bps=1, saving_bps=4)

    def test_it_waits_as_long_as_that_pays(self):
        assert self.made.wait_ns() == 16 * SECOND
        assert policy("opportunistic", saving_bps=100, wait_secs_max=30).wait_ns() == 30 * SECOND

    def test_it_joins_the_touch_first(self):
        plan = self.made.plan(state(10))
        assert (plan.order.price, plan.order.crossing, plan.due_ns) == (600_010, False, START + 16 * SECOND)

    def test_it_crosses_not_a_nanosecond_before_the_deadline(self):
        assert not self.made.plan(state(10, now_ns=START + 16 * SECOND - 1)).order.crossing
        assert self.made.plan(state(10, now_ns=START + 16 * SECOND)).order.crossing


class TestTwap:
    @given(st.integers(0, 10**6), st.integers(1, 50))
    def test_shares_add_up_and_differ_by_one_at_most(self, lots, count):
        parts = shares(lots, count)
        assert sum(parts) == lots
        assert max(parts) - min(parts) <= 1
        assert not lots or parts[0] > 0

    def run(self, made, debt, seconds, fills=lambda lots: lots, unwinds=lambda second: 0, seed=1):
        """Let a market pass, second by second; returns (second, lots) of the children."""
        children = []
        for second in range(seconds):
            debt -= unwinds(second)
            now = START + second * SECOND
            plan = made.plan(state(debt, now_ns=now, seed=seed))
            if plan.order is not None:
                made.on_sent(now, plan.order, debt)
                children.append((second, plan.order.lots))
                debt -= fills(plan.order.lots)
            if not debt:
                made.on_paid()
                break
        return children, debt

    @given(st.integers(1, 1000), st.integers(1, 12), st.integers(0, 5))
    def test_children_add_up_exactly(self, debt, count, seed):
        children, left = self.run(twap(60, count), debt, 90, seed=seed)
        assert left == 0
        assert sum(lots for _, lots in children) == debt
        assert len(children) <= count

    def test_children_are_spread_over_the_time_and_no_two_seeds_alike(self):
        first, _ = self.run(twap(), 600, 90, seed=1)
        other, _ = self.run(twap(), 600, 90, seed=2)
        assert [lots for _, lots in first] == [100] * 6
        assert first[0][0] == 0
        assert first[-1][0] == 60
        assert first != other
        assert all(9 <= second / index <= 15.1 for index, (second, _) in enumerate(first[1:], 1))

    def test_what_did_not_fill_is_caught_up_in_steps(self):
        failures = iter([0] * 28)
        children, left = self.run(twap(), 600, 120, fills=lambda lots: next(failures, lots))
        assert left == 0
        assert [lots for _, lots in children[28:30]] == [200, 100]

    def test_it_stops_when_the_inventory_unwinds_by_itself(self):
        children, left = self.run(twap(), 600, 90, unwinds=lambda second: 500 if second == 5 else 0)
        assert children == [(0, 100)]
        assert left == 0

    def test_a_turn_of_the_debt_starts_anew(self):
        made = twap(threshold=60)
        made.on_sent(START, made.plan(state(600)).order, 600)
        assert made.plan(state(-9, now_ns=START + 50 * SECOND)).order is None
        assert made.plan(state(-60, now_ns=START + 50 * SECOND)).order.lots == 10


def test_quotes_pay_for_their_hedge():
    pricing = HedgePricing(
        taker=Fraction("0.0005"), slippage=Fraction("0.0001"), edge=Fraction("0.0002"), maker=Fraction("0.0001")
    )
    cent = Fraction(1, 100)
    assert down(pricing.bid(Fraction(60_000)), cent) == 59_946_01
    assert up(pricing.ask(Fraction(60_000)), cent) == 60_054_02
    with pytest.raises(ValueError, match="under 1"):
        HedgePricing(taker=Fraction(1), slippage=Fraction(0), edge=Fraction(0), maker=Fraction(0))


@given(st.fractions(1, 10**6), st.lists(st.fractions(0, Fraction(1, 10)), min_size=4, max_size=4))
def test_a_filled_and_hedged_quote_earns_the_edge(price, parts):
    maker, taker, slippage, edge = parts
    pricing = HedgePricing(maker=maker, taker=taker, slippage=slippage, edge=edge)
    bought = pricing.bid(price) * (1 + maker)
    sold = price * (1 - taker - slippage)
    assert sold * (1 - edge) == bought
    assert pricing.ask(price) * (1 - maker) == price * (1 + taker + slippage) * (1 + edge)

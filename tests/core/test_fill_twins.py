"""What a fill passes on its way to a hedge (profit, ledger, policies) against its slow twins."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mm._core import TokenBucket
from mm._core import hedge_ledger as native_ledger
from mm._core import hedge_policy as native
from mm._core import order_rate as native_rate
from mm._core import profit as native_profit
from mm.instruments import Instrument
from mm.oms import ids as native_ids
from tests.cases import cases
from tests.reference import hedge_ledger as plain_ledger
from tests.reference import hedge_policy as plain
from tests.reference import ids as plain_ids
from tests.reference import order_rate as plain_rate
from tests.reference import profit as plain_profit

SMALL, LARGE = st.integers(0, 2_000), st.integers(0, 2**53)
FLOATS = st.one_of(st.sampled_from([0.0, 1.0, 50.0]), st.floats(0, 1e7))
STATES = st.fixed_dictionaries(
    {
        "now_ns": st.just(1),
        "debt": st.one_of(st.integers(-2_000, 2_000), st.integers(-(2**62), 2**62)),
        "worth": FLOATS,
        "oldest_ns": st.just(0),
        "committed": st.one_of(SMALL, LARGE),
        "lot": st.just(1),
        "bid": st.one_of(st.integers(1, 10**7), st.integers(1, 2**61)),
        "bid_size": st.just(1),
        "ask_size": st.just(1),
        "depth": st.one_of(SMALL, LARGE, st.just(2**63 - 1)),
        "balance": st.one_of(st.none(), SMALL, LARGE, st.just(2**70)),
    }
)


@cases(150)
@given(
    STATES, st.sampled_from([1, 5, 100]), st.integers(1, 100), FLOATS,
    st.one_of(st.sampled_from([0.0, 5.0, 500.0]), st.floats(0, 500)), st.floats(0.001, 1), FLOATS,
)  # fmt: skip
def test_plans_are_the_same(state, tick, spread, threshold, slippage_bps, depth_share, band):
    instrument = Instrument("v", "BTC/USDT", "BTC", "USDT", 2, 8, tick=tick)
    facts = state | {"instrument": instrument, "ask": state["bid"] + spread}
    facts["bid"], facts["ask"] = facts["bid"] // tick * tick, -(-facts["ask"] // tick) * tick
    ours, theirs = native.HedgeState(**facts), plain.HedgeState(**facts)
    assert (ours.side, ours.owed, ours.touch) == (theirs.side, theirs.owed, theirs.touch)
    for planner, twin in (
        (
            native.FollowPlanner(threshold, slippage_bps, depth_share),
            plain.Follow(threshold, slippage_bps, depth_share),
        ),
        (native.ThresholdPlanner(threshold, slippage_bps, band), plain.Threshold(threshold, slippage_bps, band)),
    ):
        plan, expected = planner.plan(ours), twin.plan(theirs)
        if facts["depth"] > 2**62 and isinstance(twin, plain.Follow) and plan.order and expected.order:
            # More than anybody can owe: the share of it is cut at half of 64 bits.
            assert plan.order.lots <= expected.order.lots
            continue
        assert (plan.note, plan.cancel, plan.due_ns) == (expected.note, expected.cancel, expected.due_ns)
        order, wanted = plan.order, expected.order
        assert (order is None) == (wanted is None)
        if order is not None:
            assert (order.side, order.lots, order.price, order.crossing) == (
                wanted.side, wanted.lots, wanted.price, wanted.crossing,
            )  # fmt: skip


AMOUNTS = st.one_of(st.integers(1, 9), st.integers(1, 2**70))
STEPS = st.tuples(
    st.sampled_from(["on_quote_fill", "on_external", "on_hedge_fill"]), st.sampled_from([1, -1]), AMOUNTS,
    st.one_of(st.just(0), st.integers(90, 110), st.integers(1, 2**70)), st.integers(0, 50),
)  # fmt: skip


@cases(150)
@given(st.lists(STEPS, max_size=30))
def test_ledgers_are_the_same(steps):
    ours, theirs = native_ledger.HedgeLedger(), plain_ledger.HedgeLedger()
    now_ns = 1_000
    for number, (kind, side, amount, price, waited) in enumerate(steps):
        now_ns += waited
        for ledger in (ours, theirs):
            policy = (f"p{number % 2}",) if kind == "on_hedge_fill" else ()
            getattr(ledger, kind)(now_ns, f"E{number}", *policy, side, amount, price)
        assert ours.net == theirs.net
        assert ours.oldest_ns() == theirs.oldest_ns()
        assert ours.owed(3) == theirs.owed(3)
        assert [ours.open_of(each) for each in (1, -1)] == [theirs.open_of(each) for each in (1, -1)]
        assert ours.state_hash() == theirs.state_hash()
    assert [repr(payment) for payment in ours.payments] == [repr(payment) for payment in theirs.payments]


@given(st.sampled_from(["mm", "x1"]), st.integers(0, 36**4), st.integers(0, 40), st.sampled_from(["quote", "hedge"]))
def test_client_ids_are_the_same(owner, epoch, taken, purpose):
    ours, theirs = native_ids.ClientIds(owner, epoch), plain_ids.ClientIds(owner, epoch)
    for _ in range(taken):
        ours.take()
        theirs.take()
    assert ours.peek(purpose) == theirs.peek(purpose)
    assert ours.count == theirs.count
    assert ours.is_own(ours.peek(purpose))


ASKS = st.tuples(
    st.sampled_from(["allows", "next_permit_ns", "charge", "charge", "charge"]),
    st.sampled_from(["place", "place", "cancel", "amend"]),
    # So short that the buckets get empty, and back in time too.
    st.booleans(), st.one_of(st.just(0), st.integers(-10_000_000, 60_000_000)), st.sampled_from([False] * 9 + [True]),
)  # fmt: skip


DRAINED = [
    *([("charge", "place", False, 0, False)] * 5),
    *[("next_permit_ns", "place", priority, 0, False) for priority in (False, True)],
    *([("charge", "cancel", False, 0, False)] * 6),
    *[("next_permit_ns", action, False, 1, False) for action in ("place", "cancel")],
]


@given(st.lists(ASKS, max_size=60))
@example(DRAINED)
def test_order_rates_are_the_same(asks):
    buckets = TokenBucket(6, 6_000, 2), TokenBucket(9, 9_000, 2)
    rates = [native_rate.OrderRate((6, 6, 2), (9, 9, 2)), plain_rate.OrderRate(*buckets)]
    now_ns = 10**18
    for kind, action, priority, waited_ns, pauses in asks:
        now_ns += waited_ns
        if pauses:
            for rate in rates:
                rate._paused_ns = now_ns + 10**8
        arguments = (now_ns, action, 0) if kind == "charge" else (now_ns, action, 0, priority, 3)
        answers = [getattr(rate, kind)(*arguments) for rate in rates]
        assert answers[0] == answers[1]
        assert rates[0].room(now_ns) == min(bucket.headroom(now_ns, True) for bucket in buckets)


@pytest.mark.parametrize("figures", [(0, 1, 0), (10**9 + 1, 1, 0), (1, 0, 0), (1, 10**9 + 1, 0), (3, 1, 3), (3, 1, -1)])
def test_figures_that_make_no_order_rate_are_refused(figures):
    with pytest.raises(ValueError, match="orders: "):
        native_rate.OrderRate(figures, (1, 1, 0))
    with pytest.raises(ValueError, match="requests: "):
        native_rate.OrderRate((1, 1, 0), figures)


SIZES = st.integers(1, 2**62)


@given(st.lists(st.tuples(st.sampled_from([1, -1]), SIZES, SIZES, st.one_of(st.just(0), SIZES)), max_size=10), SIZES)
def test_profits_are_the_same(fills, middle2):
    ours, theirs = native_profit.ProfitSplit(), plain_profit.ProfitSplit()
    for fill in fills:
        ours.on_fill(*fill)
        theirs.on_fill(*fill)
    assert (ours.cash, ours.quantity, ours.spread2) == (theirs.cash, theirs.quantity, theirs.spread2)
    assert ours.total2(middle2) == theirs.total2(middle2)
    assert ours.inventory2(middle2) == theirs.inventory2(middle2)

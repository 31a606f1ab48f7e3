"""Rate limiters and the histogram: the documents' own examples, and slow twins given the same commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Histogram, KrakenRestCounter, KrakenTradingCounter, TokenBucket
from mm.exchanges.kraken import VENUE
from tests.reference import limiter as twins

SECOND = 10**9
START = 1_700_000_000 * SECOND
TIERS = ("starter", "intermediate", "pro")
STEPS = st.lists(st.integers(0, 20 * SECOND) | st.integers(0, 1000), max_size=60)


@given(STEPS, st.integers(1, 50), st.integers(1, 10_000), st.integers(0, 49), st.data())
def test_the_bucket_and_its_twin_agree(steps, capacity, refill, reserve, data):
    reserve %= capacity
    ours, twin = TokenBucket(capacity, refill, reserve), twins.TokenBucket(capacity, refill, reserve)
    now = START
    for step in steps:
        now += step
        weight, priority = data.draw(st.integers(1, 8)), data.draw(st.booleans())
        due = ours.next_permit_ns(now, weight, priority)
        took = ours.take(now, weight, priority)
        assert took == twin.take(now, weight, priority)
        assert took == (due == now)
        assert ours.headroom(now, True) == pytest.approx(float(twin.at(now)), abs=1e-6)


@given(STEPS, st.sampled_from(TIERS), st.data())
def test_the_trading_counter_and_its_twin_agree(steps, tier, data):
    ours, twin = KrakenTradingCounter(tier), twins.TradingCounter(tier)
    now = START
    for step in steps:
        now += step
        action = data.draw(st.sampled_from(("place", "amend", "edit", "cancel")))
        age, priority = data.draw(st.integers(0, 400 * SECOND)), data.draw(st.booleans())
        orders = data.draw(st.integers(0, 30))
        allowed = ours.allows(now, action, age, priority, orders)
        assert allowed == twin.allows(now, action, age, priority, orders)
        assert allowed == (ours.next_permit_ns(now, action, age, priority, orders) == now)
        verb = data.draw(st.sampled_from(("charge", "charge", "charge", "refused", "look")))
        if verb == "charge":
            ours.charge(now, action, age)
            twin.charge(now, action, age)
        elif verb == "refused":
            ours.refused(now)
            twin.refused(now)
        assert ours.headroom(now) == pytest.approx(max(0.0, float(twin.at(now))), abs=1e-6)


@given(STEPS, st.sampled_from(TIERS), st.data())
def test_the_rest_counter_and_its_twin_agree(steps, tier, data):
    ours, twin = KrakenRestCounter(tier), twins.RestCounter(tier)
    now = START
    for step in steps:
        now += step
        cost, priority = data.draw(st.integers(1, 4)), data.draw(st.booleans())
        assert ours.take(now, cost, priority) == twin.take(now, cost, priority)
        if data.draw(st.integers(0, 9)) == 0:
            ours.refused(now)
            twin.refused(now)


def test_the_documented_example_of_decay():
    counter = KrakenTradingCounter("intermediate")
    for _ in range(50):
        counter.charge(START, "place")
    assert counter.headroom(START) == 75
    assert counter.headroom(START + 10 * SECOND) == pytest.approx(125 - 26.6)
    assert counter.headroom(START + 60 * SECOND) == 125


def test_a_permit_comes_exactly_when_it_was_promised():
    counter = KrakenTradingCounter("pro")
    counter.refused(START)
    assert not counter.allows(START, "cancel", 0, True)
    due = counter.next_permit_ns(START, "cancel", 0, True)
    assert counter.allows(due, "cancel", 0, True)
    again = KrakenTradingCounter("pro")
    again.refused(START)
    assert not again.allows(due - 1, "cancel", 0, True)


def test_what_can_never_be_allowed_says_so():
    bucket = TokenBucket(5, 1000, 2)
    assert bucket.next_permit_ns(START, 4) == 0
    assert bucket.next_permit_ns(START, 4, True) == START


def test_equal_histories_give_equal_hashes():
    one, two = KrakenTradingCounter("pro"), KrakenTradingCounter("pro")
    for counter in (one, two):
        counter.charge(START, "place")
    assert one.state_hash() == two.state_hash()
    two.charge(START, "place")
    assert one.state_hash() != two.state_hash()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TokenBucket(0, 1), "capacity: expected a number above zero, got 0"),
        (lambda: TokenBucket(5, 1, 5), "reserve"),
        (lambda: TokenBucket(5, 1000).take(0, 0), "weight"),
        (lambda: KrakenTradingCounter("gold"), "tier: expected starter, intermediate or pro, got gold"),
        (lambda: KrakenTradingCounter("pro").allows(0, "buy"), "action"),
        (lambda: Histogram().percentile(101.0), "percent"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_tiers_of_the_configuration():
    assert VENUE.trading_limits("unlimited") is None
    assert [VENUE.trading_limits(tier).headroom(START) for tier in TIERS] == [60, 125, 180]


@given(st.lists(st.integers(0, 2**62) | st.integers(0, 10**6), min_size=1, max_size=200), st.floats(0, 100))
def test_a_percentile_is_never_low_and_at_most_a_64th_high(values, percent):
    histogram, half, other = Histogram(), Histogram(), Histogram()
    for index, value in enumerate(values):
        histogram.record(value)
        (half if index % 2 else other).record(value)
    half.merge(other)
    rank = max(1, -(-len(values) * percent // 100))
    exact = sorted(values)[int(rank) - 1]
    found = histogram.percentile(percent)
    assert exact <= found <= exact + exact // 64
    assert (half.percentile(percent), half.count, half.max) == (found, len(values), max(values))
    half.reset()
    assert (half.count, half.percentile(50)) == (0, 0)

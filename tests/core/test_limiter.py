"""Rate limiters beside their slow twins, the venue's worked examples, and the two lanes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import KrakenRestCounter, KrakenTradingCounter, TokenBucket
from tests.reference import limiter as reference

SECOND = 10**9
START = 1_700_000_000 * SECOND
TIERS = ("starter", "intermediate", "pro", "unlimited")
ACTIONS = ("place", "amend", "edit", "cancel")

# Forward mostly, now and then back, and once in a while years.
WAITS = st.one_of(
    st.integers(0, 3 * SECOND), st.integers(0, 100), st.integers(-SECOND, 0), st.integers(0, 10 * 365 * 86_400 * SECOND)
)
AGES = st.one_of(
    st.integers(-SECOND, 400 * SECOND), st.sampled_from((5, 10, 15, 45, 90, 300)).map(lambda s: s * SECOND)
)


def assert_equal_after(pair, now, *look):
    """The same state, the same view of it, and a permit that holds."""
    ours, twin = pair
    assert ours.state_hash() == twin.state_hash()
    assert ours.headroom(now, *look) == pytest.approx(float(twin.headroom(now, *look)), rel=1e-12)


@given(
    st.integers(1, 60).flatmap(lambda capacity: st.tuples(st.just(capacity), st.integers(0, capacity - 1))),
    st.integers(1, 10_000) | st.integers(1, 10**12),
    st.lists(st.tuples(WAITS, st.integers(1, 70), st.booleans()), max_size=40),
)
def test_bucket_equals_its_twin(size, refill, takes):
    capacity, reserve = size
    pair = ours, twin = TokenBucket(capacity, refill, reserve), reference.TokenBucket(capacity, refill, reserve)
    now = START
    for wait, weight, priority in takes:
        now += wait
        due = ours.next_permit_ns(now, weight, priority)
        assert due == twin.next_permit_ns(now, weight, priority)
        taken = ours.take(now, weight, priority)
        assert taken == twin.take(now, weight, priority) == (due == now)
        if due > now:
            assert not ours.take(due - 1, weight, priority)
            assert ours.take(due, weight, priority)
            assert twin.take(due, weight, priority)
        assert_equal_after(pair, now, priority)


REST_COMMANDS = st.tuples(
    WAITS, st.sampled_from(("take", "take", "take", "charge", "refused")), st.integers(1, 25), st.booleans()
)


@given(st.sampled_from(TIERS), st.lists(REST_COMMANDS, max_size=40))
def test_rest_counter_equals_its_twin(tier, commands):
    pair = ours, twin = KrakenRestCounter(tier), reference.KrakenRestCounter(tier)
    now = START
    for wait, command, cost, priority in commands:
        now += wait
        due = ours.next_permit_ns(now, cost, priority)
        assert due == twin.next_permit_ns(now, cost, priority)
        if command == "take":
            assert ours.take(now, cost, priority) == twin.take(now, cost, priority) == (due == now)
        elif command == "charge":
            ours.charge(now, cost)
            twin.charge(now, cost)
        else:
            ours.refused(now)
            twin.refused(now)
        assert_equal_after(pair, now)


TRADING_COMMANDS = st.tuples(
    WAITS,
    st.sampled_from(("charge", "charge", "charge", "refund", "refused", "look")),
    st.sampled_from(ACTIONS),
    AGES,
    st.booleans(),
    st.integers(-1, 30),
)


@given(st.sampled_from(TIERS), st.lists(TRADING_COMMANDS, max_size=60))
def test_trading_counter_equals_its_twin(tier, commands):
    pair = ours, twin = KrakenTradingCounter(tier), reference.KrakenTradingCounter(tier)
    now = START
    for wait, command, action, age, priority, open_orders in commands:
        now += wait
        request = (action, age, priority, open_orders)
        due = ours.next_permit_ns(now, *request)
        assert due == twin.next_permit_ns(now, *request)
        assert ours.allows(now, *request) == twin.allows(now, *request) == (due == now)
        if due > now:
            assert (ours.allows(due - 1, *request), ours.allows(due, *request)) == (False, True)
        if command == "charge":
            ours.charge(now, action, age)
            twin.charge(now, action, age)
        elif command == "refund":
            ours.refund(now, action, age)
            twin.refund(now, action, age)
        elif command == "refused":
            ours.refused(now)
            twin.refused(now)
        assert_equal_after(pair, now)


@given(st.sampled_from(TIERS[:3]), st.lists(TRADING_COMMANDS, max_size=80))
def test_quoting_never_reaches_the_venues_threshold(tier, commands):
    ours, venue = KrakenTradingCounter(tier), reference.KrakenTradingCounter(tier)
    now = START
    for wait, _, action, age, _, open_orders in commands:
        now += max(wait, 0)
        if ours.allows(now, action, age, False, open_orders):
            ours.charge(now, action, age)
            venue.charge(now, action, age)
            assert venue.level(now) <= venue.threshold - 1


def test_looks_change_nothing():
    bucket, rest, trading = TokenBucket(10, 1000, 2), KrakenRestCounter("pro"), KrakenTradingCounter("pro")
    bucket.take(START, 3)
    rest.charge(START, 3)
    trading.charge(START, "place")
    before = (bucket.state_hash(), rest.state_hash(), trading.state_hash())
    later = START + SECOND // 3
    bucket.headroom(later)
    bucket.next_permit_ns(later, 5)
    assert not bucket.take(later, 10)
    rest.headroom(later)
    rest.next_permit_ns(later, 5)
    assert not rest.take(later, 20)
    trading.headroom(later)
    trading.allows(later, "amend", SECOND, True, 5)
    trading.next_permit_ns(later, "cancel")
    assert (bucket.state_hash(), rest.state_hash(), trading.state_hash()) == before


def test_reserve_of_the_bucket_is_for_the_priority_lane():
    bucket = TokenBucket(10, 1000, 3)
    assert bucket.take(START, 7)
    assert (bucket.headroom(START), bucket.headroom(START, True)) == (0, 3)
    assert not bucket.take(START)
    assert bucket.take(START, 3, True)
    assert bucket.next_permit_ns(START) == START + 4 * SECOND
    assert bucket.next_permit_ns(START, 1, True) == START + SECOND


def test_what_never_fits_has_no_permit():
    bucket = TokenBucket(5, 1000, 2)
    assert (bucket.next_permit_ns(START, 4), bucket.next_permit_ns(START, 4, True)) == (0, START)
    assert KrakenRestCounter("starter").next_permit_ns(START, 13) == 0


def test_documented_example_of_one_order():
    """Add (1), amend at 7 s (1 and 2), cancel 36 s after the amend (4): 8 in all, were there no decay."""
    counter = KrakenTradingCounter("pro")
    counter.charge(START, "place")
    counter.charge(START, "amend", 7 * SECOND)
    counter.charge(START, "cancel", 36 * SECOND)
    assert counter.headroom(START) == 180 - 8


def test_documented_example_of_decay():
    """Fifty adds, then ten seconds at 2.34 a second: 26.6."""
    counter = KrakenTradingCounter("intermediate")
    for _ in range(50):
        counter.charge(START, "place")
    assert counter.headroom(START) == 125 - 50
    assert counter.headroom(START + 10 * SECOND) == 125 - 26.6
    assert counter.headroom(START + 60 * SECOND) == 125


def test_every_open_order_can_be_cancelled_at_once_when_placing_has_to_stop():
    counter = KrakenTradingCounter("starter")
    placed = 0
    while counter.allows(START, "place", 0, False, placed):
        counter.charge(START, "place")
        placed += 1
    assert placed == 29
    cancelled = 0
    while counter.allows(START, "cancel", 0, True, placed):
        counter.charge(START, "cancel")
        cancelled += 1
    # At most half of the threshold is kept: thirty points for four cancels, the last may overshoot.
    assert cancelled == 4


def test_refusal_by_the_venue_is_believed_until_it_has_decayed():
    trading, rest = KrakenTradingCounter("pro"), KrakenRestCounter("pro")
    trading.refused(START)
    rest.refused(START)
    assert not trading.allows(START, "cancel", 0, True)
    assert trading.next_permit_ns(START, "cancel", 0, True) == START + SECOND * 100 // 375 + 1
    assert not rest.take(START, 1, True)
    assert rest.next_permit_ns(START, 1, True) == START + 3 * SECOND


def test_unlimited_account_is_never_held_up():
    counter = KrakenTradingCounter("unlimited")
    for step in range(1000):
        assert counter.allows(START + step, "amend", 0, False, 1000)
        counter.charge(START + step, "amend")
    # Unless the venue itself says otherwise.
    counter.refused(START + 1000)
    assert not counter.allows(START + 1000, "place", 0, True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TokenBucket(0, 1), r"capacity: expected 1 to 10\^9 tokens, got 0"),
        (lambda: TokenBucket(5, 0), r"refill_per_s_e3: expected 1 to 10\^12 thousandths of a token a second, got 0"),
        (lambda: TokenBucket(5, 1, 5), "reserve: expected 0 to less than the capacity, got 5"),
        (lambda: TokenBucket(5, 1, -1), "reserve: expected 0 to less than the capacity, got -1"),
        (lambda: TokenBucket(5, 1000).take(0, 0), "weight: expected a number above zero, got 0"),
        (lambda: KrakenRestCounter("pro").take(0, -1), "cost: expected a number above zero, got -1"),
        (
            lambda: KrakenTradingCounter("gold"),
            'tier: expected starter, intermediate, pro or unlimited, got "gold"',
        ),
        (
            lambda: KrakenTradingCounter("pro").charge(0, "buy"),
            'action: expected place, amend, edit or cancel, got "buy"',
        ),
    ],
)
def test_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()

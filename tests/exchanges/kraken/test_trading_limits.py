"""The trading engine's counter: the documentation's own examples, a twin in fractions, and the reserve."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.exchanges.kraken import VENUE
from mm.exchanges.kraken.trading_limits import POINT, RESERVE, TIERS, TradingLimits, cost

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def level(limits: TradingLimits, now_ns: int) -> float:
    return limits.threshold / POINT - RESERVE - limits.headroom(now_ns)


def test_documented_example_of_one_order() -> None:
    """Add (1), amend at 7 s (1 and 2), cancel 36 s after the amend (4): 8 in all, were there no decay."""
    assert cost("place", 0) + cost("amend", 7 * SECOND) + cost("cancel", 36 * SECOND) == 8


def test_documented_example_of_decay() -> None:
    """Fifty adds, then ten seconds at 2.34 a second."""
    limits = TradingLimits("intermediate")
    for _ in range(50):
        limits.charge(START, "place", 0)
    assert level(limits, START) == 50
    assert level(limits, START + 10 * SECOND) == pytest.approx(26.6)
    assert level(limits, START + 60 * SECOND) == 0


@pytest.mark.parametrize(
    ("action", "costs"),
    [
        ("place", [1, 1, 1, 1, 1, 1, 1]),
        ("amend", [4, 3, 2, 1, 1, 1, 1]),
        ("cancel", [8, 6, 5, 4, 2, 1, 0]),
    ],
)
def test_cost_by_age(action: str, costs: list[int]) -> None:
    edges = [0, 5, 10, 15, 45, 90, 300]
    assert [cost(action, seconds * SECOND) for seconds in edges] == costs
    assert [cost(action, seconds * SECOND - 1) for seconds in edges[1:]] == costs[:-1]


def test_cancels_go_through_where_quoting_has_to_wait() -> None:
    limits = TradingLimits("starter")
    while limits.allows(START, "place", 0, False):
        limits.charge(START, "place", 0)
    assert level(limits, START) == 60 - RESERVE
    cancels = 0
    while limits.allows(START, "cancel", SECOND, True):
        limits.charge(START, "cancel", SECOND)
        cancels += 1
    assert cancels == 4


def test_refusal_by_the_venue_is_believed() -> None:
    limits = TradingLimits("pro")
    limits.refused(START)
    assert not limits.allows(START, "cancel", 0, True)
    ready_ns = limits.ready_ns(START, "cancel", 0, True)
    assert limits.allows(ready_ns, "cancel", 0, True)
    assert not limits.allows(ready_ns - 1, "cancel", 0, True)


def test_time_that_goes_back_decays_nothing() -> None:
    limits = TradingLimits("pro")
    limits.charge(START, "place", 0)
    assert level(limits, START - SECOND) == 1


def test_tiers_of_the_configuration() -> None:
    assert VENUE.trading_limits("unlimited") is None
    for tier, (threshold, _) in TIERS.items():
        limits = VENUE.trading_limits(tier)
        assert limits is not None
        assert limits.threshold == threshold * POINT


STEPS = st.lists(
    st.tuples(
        st.integers(0, 30 * SECOND),
        st.sampled_from(["place", "amend", "cancel"]),
        st.integers(0, 400 * SECOND),
        st.booleans(),
    ),
    max_size=60,
)


@given(st.sampled_from(sorted(TIERS)), STEPS)
def test_the_venues_threshold_is_never_passed_by_quoting(tier: str, steps: list[tuple[int, str, int, bool]]) -> None:
    threshold, decay_e2 = TIERS[tier]
    limits = TradingLimits(tier)
    twin, now = Fraction(0), START
    for wait, action, age, priority in steps:
        now += wait
        twin = max(Fraction(0), twin - Fraction(wait * decay_e2, 100 * SECOND))
        allowed = limits.allows(now, action, age, priority)
        # Rounded against us, by less than a nanosecond's decay for each step.
        assert twin <= Fraction(level(limits, now)).limit_denominator(10**12) + Fraction(1, 10**6)
        if not allowed:
            ready_ns = limits.ready_ns(now, action, age, priority)
            assert ready_ns > now
            assert limits.allows(ready_ns, action, age, priority)
            continue
        assert twin < threshold if priority else twin + cost(action, age) + RESERVE <= threshold
        limits.charge(now, action, age)
        twin += cost(action, age)


def test_same_requests_give_the_same_hash() -> None:
    def run(count: int) -> int:
        limits = TradingLimits("pro")
        for index in range(count):
            limits.charge(START + index, "amend", index)
        return limits.state_hash()

    assert run(20) == run(20)
    assert run(20) != run(21)

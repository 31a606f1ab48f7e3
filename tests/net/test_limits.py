"""Back-off, breaker, budget and clock: the small rules that keep a link from hammering its venue."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mm.net.backoff import Backoff
from mm.net.breaker import Breaker, BreakerState
from mm.net.budget import ConnectionBudget
from mm.net.clock import ClockEstimator, Offset

SECOND = 1_000_000_000


@given(st.integers(), st.integers(1, 80))
def test_backoff_is_free_at_first_then_bounded_and_repeatable(seed: int, failures: int) -> None:
    first, second = Backoff(Random(seed)), Backoff(Random(seed))
    waits = [first.next_ns() for _ in range(failures)]
    assert waits == [second.next_ns() for _ in range(failures)]
    assert all(wait == 0 for wait in waits[:3])
    for exponent, wait in enumerate(waits[3:]):
        assert 0 < wait <= min(30 * SECOND, (SECOND // 2) * 2 ** min(exponent, 60))
    first.succeed()
    assert first.next_ns() == 0


def test_breaker_opens_after_failures_in_a_row_and_tries_once() -> None:
    breaker = Breaker(failures_max=3, open_ns=5 * SECOND)
    for _ in range(2):
        breaker.fail(0)
    breaker.succeed()
    for _ in range(3):
        assert breaker.allow(0)
        breaker.fail(0)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.allow(5 * SECOND - 1)
    assert breaker.retry_ns() == 5 * SECOND
    assert breaker.allow(5 * SECOND)
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.allow(5 * SECOND), "one trial call at a time"
    breaker.fail(6 * SECOND)
    assert not breaker.allow(7 * SECOND)
    assert breaker.allow(11 * SECOND)
    breaker.succeed()
    assert breaker.state is BreakerState.CLOSED


@given(st.lists(st.integers(0, 20 * SECOND), max_size=200), st.integers(1, 10))
def test_budget_never_allows_more_than_its_attempts_in_any_window(gaps: list[int], attempts_max: int) -> None:
    budget = ConnectionBudget(attempts_max, window_ns=60 * SECOND)
    now, granted = 0, []
    for gap in gaps:
        now += gap
        if budget.spend(now):
            granted.append(now)
        else:
            assert now < budget.next_ns(now) <= now + 60 * SECOND
    for end in granted:
        assert sum(1 for time in granted if end - 60 * SECOND < time <= end) <= attempts_max


@given(
    st.integers(-10 * SECOND, 10 * SECOND),
    st.lists(
        st.tuples(st.integers(0, SECOND), st.integers(0, SECOND), st.integers(0, SECOND)), min_size=1, max_size=30
    ),
)
def test_true_offset_is_always_inside_the_stated_bound(offset: int, trips: list[tuple[int, int, int]]) -> None:
    clock = ClockEstimator()
    now = 10**18
    for out, stay, back in trips:
        received = now + out + offset
        clock.add(now, now + out + stay + back, received, server_sent_ns=received + stay)
        now += SECOND
    estimate = clock.estimate()
    assert estimate is not None
    assert abs(estimate.offset_ns - offset) <= estimate.uncertainty_ns


@given(st.integers(-10 * SECOND, 10 * SECOND), st.integers(0, SECOND), st.integers(0, SECOND))
def test_whole_seconds_widen_the_bound(offset: int, out: int, back: int) -> None:
    clock = ClockEstimator()
    server = (10**18 + out + offset) // SECOND * SECOND
    clock.add(10**18, 10**18 + out + back, server, resolution_ns=SECOND)
    estimate = clock.estimate()
    assert estimate is not None
    assert abs(estimate.offset_ns - offset) <= estimate.uncertainty_ns


def test_shortest_round_trip_wins_and_nonsense_is_ignored() -> None:
    clock = ClockEstimator()
    clock.add(0, 10_000, 5_000)
    clock.add(20_000, 20_100, 20_055)
    clock.add(40_000, 30_000, 5)
    clock.add(40_000, 40_001, 0, server_sent_ns=100)
    assert clock.estimate() == Offset(5, 51)
    clock.forget()
    assert clock.estimate() is None

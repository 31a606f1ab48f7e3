"""The order of REST calls: lanes, the venue's call counter, retries, room for cancels."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import KrakenRestCounter
from mm.net.breaker import Breaker
from mm.net.rest import CALLS_MAX, READ_ATTEMPTS_MAX, Call, RestQueue
from tests.net.driver import place

SECOND = 1_000_000_000


STARTER_MAX, STARTER_DECAY = 15, 0.33
"""Points of the smallest tier, and how many decay in a second (Kraken reference: API call rate limit)."""
RESERVE = 3


def queue(tier: str = "starter") -> RestQueue:
    return RestQueue(Random(1), Breaker(), KrakenRestCounter(tier))


def drain(rest: RestQueue, now: int = 0) -> list[tuple[int, Call]]:
    """Let every call go when it may, each answered at once; the times at which they went."""
    went: list[tuple[int, Call]] = []
    while len(rest):
        call = rest.next_call(now)
        if call is None:
            due = rest.due_ns(now)
            assert due > now, "a due time in the past would spin"
            now = due
        else:
            went.append((now, call))
            rest.answered(call)
    return went


def read(kind: str = "open_orders", **attributes: object) -> Call:
    return Call(kind, "session", **attributes)  # type: ignore[arg-type]


def cancel(kind: str = "cancel") -> Call:
    return Call(kind, "command", is_read=False, urgent=True, cost=0)


def test_one_call_a_lane_in_order_of_arrival() -> None:
    rest = queue()
    calls = [read("a"), read("b"), read("c", is_private=False), cancel("d"), cancel("e")]
    assert all(rest.add(call) for call in calls)
    out = [rest.next_call(0), rest.next_call(0), rest.next_call(0)]
    assert [call.kind for call in out if call] == ["d", "a", "c"]
    assert rest.next_call(0) is None
    rest.answered(calls[0])
    following = rest.next_call(0)
    assert following is calls[1]


def test_half_of_the_room_is_kept_for_cancels() -> None:
    rest = queue()
    assert all(rest.add(read()) for _ in range(CALLS_MAX // 2))
    assert not rest.add(read())
    assert all(rest.add(cancel()) for _ in range(CALLS_MAX // 2))
    assert not rest.add(cancel())


def test_read_is_tried_a_bounded_number_of_times_and_a_command_never_again() -> None:
    rest = queue("unlimited")
    call, now, sent = read(), 0, 0
    rest.add(call)
    while True:
        due = rest.due_ns(now)
        now = max(now, due)
        assert rest.next_call(now) is call
        sent += 1
        rest.answered(call)
        if not rest.retry(now, call):
            break
    assert sent == READ_ATTEMPTS_MAX
    assert not rest.retry(now, cancel())


def test_fresh_nonce_is_granted_once() -> None:
    rest = queue()
    call = cancel()
    assert rest.retry_with_fresh_nonce(0, call)
    assert not rest.retry_with_fresh_nonce(0, call)


def test_an_order_waits_for_its_turn_until_it_was_tried_once() -> None:
    rest = queue()
    first, second = (
        Call("place", "command", command=place(name), is_read=False, urgent=True, cost=0) for name in ("a1", "a2")
    )
    for call in (read(), first, cancel(), second):
        rest.add(call)
    assert rest.waiting_orders() == ["a1", "a2"]
    assert rest.next_call(0) is first
    rest.answered(first)
    # Refused for its nonce, it waits again: but the venue has seen it.
    assert rest.retry_with_fresh_nonce(0, first)
    assert rest.waiting_orders() == ["a2"]
    assert rest.withdraw_order("a1") is None
    assert rest.withdraw_order("a2") is second
    assert rest.waiting_orders() == []


def test_due_time_is_when_the_next_call_really_goes() -> None:
    rest = queue()
    for _ in range(STARTER_MAX + 3):
        rest.add(read())
    times = [time for time, _ in drain(rest)]
    assert times[:STARTER_MAX] == [0] * STARTER_MAX
    # 0.33 points a second: one call every 3.03 s.
    assert [round((b - a) / SECOND, 2) for a, b in pairwise(times[STARTER_MAX - 1 :])] == [3.03] * 3


@given(
    st.lists(st.tuples(st.integers(0, 10 * SECOND), st.integers(1, 4), st.integers(0, 2), st.booleans()), max_size=100)
)
def test_no_order_of_calls_passes_what_the_venue_allows(steps: list[tuple[int, int, int, bool]]) -> None:
    """The venue's counter, kept here as documented, is never passed, and what may wait leaves the reserve."""
    rest = queue()
    level, seen = 0.0, 0

    def count(now: int, call: Call) -> None:
        nonlocal level, seen
        level = max(0.0, level - (now - seen) / SECOND * STARTER_DECAY) + (call.cost if not call.urgent else 0)
        seen = now
        assert level <= STARTER_MAX - (0 if call.has_priority else RESERVE) + 1e-6 or call.urgent

    now = 1
    for wait, cost, rank, urgent in steps:
        now += wait
        rest.add(cancel() if urgent else read(cost=cost, rank=rank))
        while (call := rest.next_call(now)) is not None:
            count(now, call)
            rest.answered(call)
    for time, call in drain(rest, now):
        count(time, call)


def test_what_may_wait_leaves_the_reserve_to_a_recovery() -> None:
    rest = queue()
    for _ in range(STARTER_MAX):
        rest.add(read("query_orders", rank=1))
    inquiries = 0
    while (call := rest.next_call(0)) is not None:
        inquiries += 1
        rest.answered(call)
    assert inquiries == STARTER_MAX - RESERVE
    for kind in ("token", "open_orders", "trades_history"):
        rest.add(read(kind))
    went = []
    while (call := rest.next_call(0)) is not None:
        went.append(call.kind)
        rest.answered(call)
    assert went == ["token", "open_orders", "trades_history"]


@pytest.mark.parametrize("refusals", [0, 3])
def test_cancels_go_whatever_the_counter_says_and_cost_nothing(refusals: int) -> None:
    rest = queue()
    rest.counter.charge(0, STARTER_MAX)
    for _ in range(refusals):
        rest.counter.refused(0)
    before = rest.counter.next_permit_ns(0)
    for _ in range(20):
        rest.add(cancel())
    assert [time for time, _ in drain(rest)] == [0] * 20
    assert rest.counter.next_permit_ns(0) == before


def test_public_reads_are_not_counted() -> None:
    rest = queue()
    for _ in range(30):
        rest.add(read("time", is_private=False))
    assert [time for time, _ in drain(rest)] == [0] * 30


def test_refusal_for_rate_fills_the_counter() -> None:
    rest = queue()
    rest.counter.refused(0)
    rest.add(read())
    # Two points over, since refused calls count too: the next call fits when three have decayed.
    assert rest.next_call(0) is None
    assert rest.due_ns(0) == -(-3 * SECOND * 1000 // 330)


def test_recovery_goes_first_even_when_an_inquiry_is_cheaper() -> None:
    rest = queue()
    rest.counter.charge(0, STARTER_MAX - 1)
    inquiry, history = read("query_orders", rank=1), read("trades_history", cost=4)
    rest.add(inquiry)
    rest.add(history)
    assert rest.next_call(0) is None, "one point is free, and kept for the four that are needed"
    due = rest.due_ns(0)
    assert due == -(-3 * SECOND * 1000 // 330)
    assert rest.next_call(due) is history


def test_inquiries_without_end_do_not_keep_the_account_from_being_read() -> None:
    rest = queue()
    for _ in range(4):
        rest.add(read("query_orders", rank=1))
        rest.add(read("balances", rank=2))
    went = []
    while (call := rest.next_call(0)) is not None:
        went.append(call.kind)
        rest.answered(call)
    assert went == ["query_orders", "balances"] * 4
    rest.add(read("query_orders", rank=1))
    rest.add(read("balances", rank=2))
    rest.add(read("open_orders"))
    call = rest.next_call(60 * SECOND)
    assert call is not None
    assert call.kind == "open_orders", "a recovery waits for neither"

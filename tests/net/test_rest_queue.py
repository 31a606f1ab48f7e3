"""The order of REST calls: lanes, the venue's call counter, retries, room for cancels."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mm.net.breaker import Breaker
from mm.net.rest import CALLS_MAX, READ_ATTEMPTS_MAX, Call, CallCounter, RestQueue

SECOND = 1_000_000_000


def queue(maximum: int = 15) -> RestQueue:
    return RestQueue(Random(1), Breaker(), CallCounter(maximum))


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
    rest = queue(1000)
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


def test_due_time_is_when_the_next_call_really_goes() -> None:
    rest = queue(2)
    for _ in range(5):
        rest.add(read())
    now, times = 0, []
    while len(rest):
        call = rest.next_call(now)
        if call is None:
            due = rest.due_ns(now)
            assert due > now, "a due time in the past would spin"
            now = due
        else:
            times.append(now)
            rest.answered(call)
    assert times[:2] == [0, 0]
    # 0.33 points a second: one call every 3.03 s.
    assert [round((b - a) / SECOND, 2) for a, b in pairwise(times[1:])] == [3.03] * 3


@given(st.lists(st.tuples(st.integers(0, 10 * SECOND), st.integers(0, 2)), max_size=200))
def test_counter_never_passes_what_the_venue_allows(steps: list[tuple[int, int]]) -> None:
    counter = CallCounter(maximum=15, decay_per_s_e3=330)
    now, level, seen = 0, 0.0, 0
    for wait, cost in steps:
        now += wait
        if counter.ready_ns(cost) > now:
            continue
        level = max(0.0, level - (now - seen) / SECOND * 0.33)
        seen = now
        level += cost
        counter.spend(now, cost)
        assert level <= 15.000001


def test_refusal_for_rate_fills_the_counter() -> None:
    counter = CallCounter(maximum=15, decay_per_s_e3=330)
    counter.refused(0)
    assert counter.ready_ns(1) == -(-3 * SECOND * 1000 // 330)


def test_recovery_goes_first_even_when_an_inquiry_is_cheaper() -> None:
    rest = queue(4)
    rest.counter.spend(0, 3)
    inquiry, history = read("query_orders", rank=1), read("trades_history", cost=4)
    rest.add(inquiry)
    rest.add(history)
    assert rest.next_call(0) is None, "one point is free, and kept for the four that are needed"
    due = rest.due_ns(0)
    assert due == -(-3 * SECOND * 1000 // 330)
    assert rest.next_call(due) is history

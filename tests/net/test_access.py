"""Silences: what begins one, what a single answer may end, and which calls it holds back."""

from __future__ import annotations

import pytest

from mm._core.events import Cancel, Place
from mm._core.rest_core import Call
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.net.access import BANNED, QUIET_NS_MAX, QUIET_NS_MIN, Access, News

SECOND = 1_000_000_000
CANCEL = Cancel(1, "here", "BTC/USD", "mm1Q1", "", "stop")
PLACE = Place(1, "here", "BTC/USD", "mm1Q2", "s", "quote", 0, 1, 100, 100, "limit", "gtc", True, False, "")
GOOD = Decoded(Kind.REPLY)


def refusal(error_class):
    return Decoded(Kind.REPLY, ok=False, error="no", error_class=error_class)


def read():
    return Call("open_orders", "session")


def order(command):
    return Call("order", "command", command=command, is_read=False, urgent=True)


def banned():
    access = Access()
    first = read()
    access.sent(first)
    assert access.answered(0, first, BANNED, None) is News.BANNED
    return access


def test_a_ban_holds_back_everything_and_lets_one_call_try_each_time_later() -> None:
    access = banned()
    now_ns, waited = 0, []
    for _ in range(6):
        calls = [read(), order(CANCEL), order(PLACE), Call("time", "clock", is_private=False)]
        due_ns = {access.held_until(now_ns, call) for call in calls}
        assert len(due_ns) == 1
        waited.append(due_ns.pop() - now_ns)
        now_ns += waited[-1]
        probe = calls[1]
        assert not access.held_until(now_ns, probe)
        access.sent(probe)
        assert {access.held_until(now_ns, call) for call in calls} == {-1}, "two tried at once"
        assert access.answered(now_ns, probe, BANNED, None) is News.NONE
    assert waited == [min(QUIET_NS_MIN << power, QUIET_NS_MAX) for power in range(6)]


@pytest.mark.parametrize(
    ("status", "decoded"),
    [
        (429, GOOD),
        (403, GOOD),
        (503, refusal(ErrorClass.BUSY)),
        (200, refusal(ErrorClass.RATE)),
        (200, refusal(ErrorClass.AMBIGUOUS)),
        (0, None),
    ],
)
def test_no_answer_of_a_gateway_ends_a_ban(status: int, decoded: Decoded | None) -> None:
    access = banned()
    probe = read()
    access.sent(probe)
    assert access.answered(QUIET_NS_MIN, probe, status, decoded) is News.NONE
    assert access.held_until(QUIET_NS_MIN, read()) == 3 * QUIET_NS_MIN


def test_what_was_sent_before_a_ban_ends_nothing_and_the_probe_does() -> None:
    access = banned()
    earlier, probe = read(), read()
    access.sent(probe)
    assert access.answered(QUIET_NS_MIN, earlier, 200, GOOD) is News.NONE
    assert access.is_banned
    assert access.answered(QUIET_NS_MIN, probe, 200, refusal(ErrorClass.REJECTED)) is News.BACK
    assert not access.held_until(QUIET_NS_MIN, read())


def test_a_probe_that_never_left_is_followed_by_another_at_once() -> None:
    access = banned()
    probe = read()
    access.sent(probe)
    access.dropped(probe)
    assert not access.held_until(QUIET_NS_MIN, read())


def test_three_refusals_in_a_row_lose_the_key_and_cancels_go_on_until_one_is_refused() -> None:
    access = Access()
    fatal = refusal(ErrorClass.FATAL)
    assert [access.judged(0, PLACE, each) for each in (fatal, fatal, GOOD, fatal, fatal, fatal)] == [False] * 5 + [True]
    access.lock(0)
    assert access.held_until(SECOND, read()) == access.held_until(SECOND, order(PLACE)) == QUIET_NS_MIN
    assert not access.held_until(SECOND, order(CANCEL))
    assert not access.held_until(SECOND, Call("time", "clock", is_private=False))
    assert not access.judged(SECOND, CANCEL, fatal), "it was lost before"
    assert access.held_until(2 * SECOND, order(CANCEL)) == SECOND + QUIET_NS_MIN
    access.judged(3 * SECOND, CANCEL, GOOD)
    assert not access.held_until(3 * SECOND, order(CANCEL)), "a cancel that the venue took is followed by others"
    access.unlock()
    assert not access.held_until(3 * SECOND, read())


def test_a_refused_key_is_no_answer_to_the_probe_of_a_lost_one() -> None:
    access = Access()
    access.lock(0)
    probe = read()
    access.sent(probe)
    access.answered(QUIET_NS_MIN, probe, 200, refusal(ErrorClass.FATAL))
    assert access.held_until(QUIET_NS_MIN, read()) == 3 * QUIET_NS_MIN

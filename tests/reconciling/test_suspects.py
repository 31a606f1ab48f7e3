"""When a balance that is not what it should be counts: not at one read, nor while lists trail or executions come."""

from __future__ import annotations

from fractions import Fraction

from mm.engine.holdings import Holding
from mm.engine.suspects import LASTS_NS, SETTLE_NS, TRAIL_NS, Suspects

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def held(amount: int, **more: object) -> dict[str, Holding]:
    return {"BTC": Holding(Fraction(amount), **more)}  # type: ignore[arg-type]


def judged(suspects: Suspects, now_ns: int, ours: int, theirs: int, known: int = 0) -> dict[str, int]:
    return suspects.judge(now_ns, held(ours), {"BTC": theirs}, {"BTC": known} if known else {})


def test_f56_one_read_proves_nothing_and_two_that_agree_do() -> None:
    suspects = Suspects()
    assert judged(suspects, NOW, 100, 93) == {}, "F56: one read was taken for a proof"
    assert judged(suspects, NOW + SETTLE_NS - 1, 100, 93) == {}, "F56: two reads too soon were taken for a proof"
    assert judged(suspects, NOW + SETTLE_NS, 100, 93) == {"BTC": -7}
    assert len(suspects) == 0


def test_f56_two_reads_that_disagree_begin_anew() -> None:
    suspects = Suspects()
    assert judged(suspects, NOW, 100, 93) == {}
    assert judged(suspects, NOW + SETTLE_NS, 100, 92) == {}
    assert judged(suspects, NOW + 2 * SETTLE_NS, 100, 92) == {"BTC": -8}


def test_f56_a_balance_that_was_right_a_moment_ago_trails() -> None:
    suspects = Suspects()
    suspects.sample(NOW, 1, held(93))
    for late_ns in range(0, TRAIL_NS + 1, SETTLE_NS):
        assert judged(suspects, NOW + late_ns, 100, 93) == {}
        assert len(suspects) == 0, "F56: a balance that trails is suspected"
    # No list is behind for so long.
    assert judged(suspects, NOW + TRAIL_NS + SETTLE_NS, 100, 93) == {}
    assert judged(suspects, NOW + TRAIL_NS + 2 * SETTLE_NS, 100, 93) == {"BTC": -7}


def test_f56_executions_between_two_reads_make_them_wait() -> None:
    suspects = Suspects()
    assert judged(suspects, NOW, 100, 93) == {}
    suspects.sample(NOW + SECOND, 1, held(200))
    assert judged(suspects, NOW + SETTLE_NS, 110, 103) == {}, "F56: with executions in between"
    # Where they never pause: what stays the same for longer than a list trails.
    assert judged(suspects, NOW + LASTS_NS, 110, 103) == {"BTC": -7}


def test_what_is_known_already_is_told_again_when_it_changes_or_is_over() -> None:
    suspects = Suspects()
    assert judged(suspects, NOW, 100, 93, known=-7) == {}
    assert judged(suspects, NOW + SETTLE_NS, 100, 93, known=-7) == {}
    assert judged(suspects, NOW + SETTLE_NS, 100, 100, known=-7) == {"BTC": 0}


def test_what_the_venue_cuts_is_no_difference_and_what_nobody_can_know_is_not_judged() -> None:
    suspects = Suspects()
    for now_ns in (NOW, NOW + SETTLE_NS):
        assert suspects.judge(now_ns, held(100, slack=3), {"BTC": 103}, {}) == {}
        assert suspects.judge(now_ns, held(100, is_sure=False), {"BTC": 50}, {}) == {}
    assert len(suspects) == 0


def test_f56_reads_agree_within_what_the_venue_cuts() -> None:
    """Each close of a contract cuts a digit: where they never pause, no two reads are the same to the unit."""

    def judged(now_ns: int, theirs: int, known: int = 0) -> dict[str, int]:
        return suspects.judge(now_ns, held(100, slack=3), {"BTC": theirs}, {"BTC": known})

    suspects = Suspects()
    for number in range(4):
        suspects.sample(NOW + number * SETTLE_NS, number, held(200))
        assert judged(NOW + number * SETTLE_NS, 50 + number % 2) == {}
    assert judged(NOW + LASTS_NS, 52) == {"BTC": -48}
    # Not again for the same cause, but for another, and once it is over, which another slack says.
    for number in range(3):
        assert judged(NOW + LASTS_NS + number * SETTLE_NS, 50 + number, known=-48) == {}
    assert judged(NOW + 3 * LASTS_NS, 45, known=-48) == {}
    assert judged(NOW + 4 * LASTS_NS, 46, known=-48) == {"BTC": -54}
    assert judged(NOW + 4 * LASTS_NS, 102, known=-2) == {"BTC": 0}


def test_a_venue_out_of_reach_is_read_anew() -> None:
    suspects = Suspects()
    assert judged(suspects, NOW, 100, 93) == {}
    suspects.forget()
    assert judged(suspects, NOW + SETTLE_NS, 100, 93) == {}

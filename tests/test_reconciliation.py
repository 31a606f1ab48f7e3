"""What the venue's lists prove about an order in question, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import Fill, OrderAbsent, OrderReport
from mm.net.inquiry import InquiryDesk
from mm.reconciliation import INQUIRIES_MAX, ORDERS_PER_ROUND_MAX, SECOND_NS, Reconciler

SENT = 1_000 * SECOND_NS
EXPIRED = SENT + 10 * SECOND_NS


def report(client_id: str = "a1", venue_id: str = "O1", status: str = "new", cum_size: int = 0) -> OrderReport:
    return OrderReport(SENT, 0, "kraken", client_id, venue_id, "BTC/USD", 1, status, 100, 10, cum_size, "", "query")


def asked(client_id: str = "a1", venue_id: str = "", request: str = "place") -> Reconciler:
    reconciler = Reconciler("kraken")
    assert reconciler.ask(SENT, client_id, venue_id, since_ns=SENT, expired_ns=EXPIRED, request=request)
    return reconciler


def negative_round(reconciler: Reconciler, begun_ns: int, took_ns: int = SECOND_NS) -> list[object]:
    current = reconciler.begin(begun_ns)
    assert current is not None
    for inquiry in current.open_orders([]):
        current.looked_up(inquiry, [])
    return [proof for _, proof in reconciler.finish(begun_ns + took_ns)]


def test_open_order_is_found_by_either_id() -> None:
    for client_id, venue_id in (("a1", ""), ("", "O1")):
        reconciler = asked(client_id, venue_id)
        current = reconciler.begin(SENT)
        assert current is not None
        assert current.open_orders([report("zz", "O9"), report()]) == []
        assert [proof for _, proof in reconciler.finish(SENT + 1)] == [report()]
        assert len(reconciler) == 0


def test_empty_ids_match_nothing() -> None:
    reconciler = asked("a1", "")
    current = reconciler.begin(SENT)
    assert current is not None
    (missing,) = current.open_orders([report("", "")])
    current.looked_up(missing, [report("", "O7")])
    assert reconciler.finish(SENT + 1) == []


def test_absence_needs_two_rounds_after_the_lag_with_the_settle_time_between_them() -> None:
    reconciler = asked()
    counts = EXPIRED + 30 * SECOND_NS
    assert negative_round(reconciler, SENT) == []
    assert negative_round(reconciler, counts - 1) == [], "a list may still trail the engine"
    first = reconciler.due_ns()
    assert negative_round(reconciler, first) == []
    assert reconciler.due_ns() == first + 5 * SECOND_NS
    (proof,) = negative_round(reconciler, first + 5 * SECOND_NS)
    assert isinstance(proof, OrderAbsent)
    assert proof.client_id == "a1"
    assert len(reconciler) == 0


@pytest.mark.parametrize("gap_ns", [0, SECOND_NS, 5 * SECOND_NS - 1])
def test_two_rounds_closer_than_the_settle_time_prove_nothing(gap_ns: int) -> None:
    reconciler = asked()
    counts = EXPIRED + 30 * SECOND_NS
    assert negative_round(reconciler, counts, 0) == []
    current = reconciler.begin(counts + gap_ns)
    # Not due yet; a caller that insists gets no round.
    assert current is None


def test_abandoned_round_proves_nothing_and_is_tried_again() -> None:
    reconciler = asked()
    counts = EXPIRED + 30 * SECOND_NS
    negative_round(reconciler, counts)
    assert reconciler.begin(counts + 6 * SECOND_NS) is not None
    reconciler.abandon(counts + 7 * SECOND_NS)
    assert len(reconciler) == 1
    assert 0 < reconciler.due_ns() <= counts + 9 * SECOND_NS


def test_rounds_that_fail_come_back_later_and_later_up_to_sixteen_seconds() -> None:
    reconciler = asked()
    now = EXPIRED + 30 * SECOND_NS
    waits = []
    for _ in range(7):
        assert reconciler.begin(now) is not None
        reconciler.abandon(now)
        waits.append((reconciler.due_ns() - now) // SECOND_NS)
        now = reconciler.due_ns()
    assert waits == [1, 2, 4, 8, 16, 16, 16]
    negative_round(reconciler, now)
    now = reconciler.due_ns()
    assert reconciler.begin(now) is not None
    reconciler.abandon(now)
    assert reconciler.due_ns() == now + SECOND_NS, "one that was read begins the count again"


def test_new_doubt_about_the_same_order_starts_the_proof_over() -> None:
    reconciler = asked()
    counts = EXPIRED + 30 * SECOND_NS
    assert negative_round(reconciler, counts) == []
    later = counts + SECOND_NS
    reconciler.ask(later, "a1", "", since_ns=later, expired_ns=later + 10 * SECOND_NS, request="amend")
    assert negative_round(reconciler, counts + 6 * SECOND_NS) == []
    assert len(reconciler) == 1


def test_a_lost_cancel_does_not_put_off_the_proof_that_the_order_never_arrived() -> None:
    reconciler = asked()
    counts = EXPIRED + 30 * SECOND_NS
    assert negative_round(reconciler, counts) == []
    later = counts + SECOND_NS
    reconciler.ask(later, "a1", "", since_ns=later, expired_ns=later + 10 * SECOND_NS, request="cancel")
    assert len(negative_round(reconciler, counts + 6 * SECOND_NS)) == 1


def test_doubt_raised_while_a_round_runs_is_not_settled_by_it() -> None:
    reconciler = asked()
    current = reconciler.begin(SENT)
    assert current is not None
    reconciler.ask(SENT + 1, "a1", "", since_ns=SENT, expired_ns=EXPIRED + 1, request="amend")
    current.open_orders([report()])
    assert reconciler.finish(SENT + 2) == []
    assert len(reconciler) == 1


def test_an_answer_older_than_a_fill_proves_nothing() -> None:
    reconciler = asked("a1", "O1", request="")
    current = reconciler.begin(SENT)
    assert current is not None
    assert current.open_orders([report()]) == []
    # Read before the fill that the stream told of, answered after it.
    desk = InquiryDesk(None, None, reconciler)
    desk.watch(SENT + 1, Fill(SENT + 1, 0, "kraken", "a1", "O1", "BTC/USD", 1, "T1", 100, 10, 10, "m", 0, "USD", 0))
    assert reconciler.finish(SENT + 2) == [], "F01: an answer older than what is known was taken"
    assert len(reconciler) == 1
    assert reconciler.due_ns() > SENT + 2


def test_a_fill_settles_the_doubt_whether_its_order_was_placed() -> None:
    reconciler = asked()
    desk = InquiryDesk(None, None, reconciler)
    desk.watch(SENT + 1, Fill(SENT + 1, 0, "kraken", "a1", "O1", "BTC/USD", 1, "T1", 100, 5, 5, "m", 0, "USD", 0))
    assert len(reconciler) == 0


def test_asking_again_and_again_does_not_put_the_proof_off() -> None:
    reconciler = asked("a1", "O1", request="")
    now, proofs = EXPIRED, []
    for _ in range(60):
        now += SECOND_NS
        assert reconciler.look_up(now, "a1", "O1", since_ns=SENT)
        if 0 < reconciler.due_ns() <= now:
            proofs += negative_round(reconciler, now, 1)
        if proofs:
            break
    assert [type(proof) for proof in proofs] == [OrderAbsent]
    assert now <= EXPIRED + 40 * SECOND_NS


def test_look_up_of_an_order_whose_place_is_in_doubt_waits_for_a_list() -> None:
    reconciler = asked(request="place")
    assert reconciler.look_up(SENT + 1, "a1", "O1", since_ns=SENT)
    reconciler.settle("a1", "", "place")
    assert len(reconciler) == 1


def test_row_read_while_an_amend_may_still_take_effect_is_not_asked_for() -> None:
    reconciler = asked(request="amend")
    assert reconciler.due_ns() == EXPIRED
    assert asked(request="place").due_ns() == SENT


def test_answer_of_the_stream_settles_only_what_it_answers() -> None:
    reconciler = asked(request="cancel")
    reconciler.settle("a1", "", "place")
    assert len(reconciler) == 1
    reconciler.settle("a1", "", "cancel")
    assert len(reconciler) == 0
    reconciler = asked(request="place")
    reconciler.ask(SENT + 1, "a1", "", since_ns=SENT, expired_ns=EXPIRED, request="cancel")
    reconciler.settle("a1", "", "place")
    reconciler.settle("a1", "", "cancel")
    assert len(reconciler) == 1, "two doubts: only a list or the order's end settles both"
    reconciler.settle("a1", "")
    assert len(reconciler) == 0


def test_rounds_and_inquiries_are_bounded() -> None:
    reconciler = Reconciler("kraken")
    for number in range(INQUIRIES_MAX):
        assert reconciler.ask(SENT, f"a{number}", "", since_ns=SENT, expired_ns=EXPIRED)
    assert not reconciler.ask(SENT, "one more", "", since_ns=SENT, expired_ns=EXPIRED)
    assert not Reconciler("kraken").ask(SENT, "", "", since_ns=SENT, expired_ns=EXPIRED)
    current = reconciler.begin(SENT)
    assert current is not None
    assert len(current.inquiries) == ORDERS_PER_ROUND_MAX
    assert reconciler.begin(SENT) is None, "one round at a time"


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), max_size=40))
def test_absence_never_comes_early_whatever_the_rounds(rounds: list[tuple[int, bool, bool]]) -> None:
    reconciler = asked()
    now, begun = SENT, []
    for wait_s, complete, _ in rounds:
        now += wait_s * SECOND_NS
        current = reconciler.begin(now)
        if current is None:
            continue
        if not complete:
            reconciler.abandon(now)
            continue
        begun.append(now)
        for inquiry in current.open_orders([]):
            current.looked_up(inquiry, [])
        for _, proof in reconciler.finish(now):
            assert type(proof) is OrderAbsent
            counting = [time for time in begun if time >= EXPIRED + 30 * SECOND_NS]
            assert len(counting) >= 2
            assert counting[-1] - counting[0] >= 5 * SECOND_NS

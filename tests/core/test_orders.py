"""The order store: named cases of the life of an order."""

import gc
import subprocess
import sys
from random import Random

import pytest

from mm._core import events as ev
from mm._core.orders import TERMINAL, TRANSITIONS, OrderEvent, OrderState, OrderStore
from mm.errors import LocalError
from tests.core.order_messages import (
    BUY,
    SECOND_NS,
    SELL,
    SYMBOL,
    VENUE,
    absent,
    accepted,
    amend,
    amend_rejected,
    amended,
    cancel,
    cancel_rejected,
    canceled,
    denied,
    fill,
    lost,
    pending,
    place,
    rejected,
    report,
)

S = OrderState


def live(client_id="a", **what):
    store = OrderStore()
    store.place(place(client_id, **what))
    store.apply(accepted(client_id))
    return store


def test_the_table_has_every_pair_and_every_target_is_a_word_it_knows():
    assert set(TRANSITIONS) == {(state, event) for state in OrderState for event in OrderEvent}
    words = {state.name for state in OrderState} | {"LIVE", "STANDS", "SAME", "ODD", "REFUSE"}
    assert {transition.target for transition in TRANSITIONS.values()} <= words
    assert all(transition.why for transition in TRANSITIONS.values())


def test_nothing_leaves_a_terminal_state():
    assert {t.target for (state, _), t in TRANSITIONS.items() if state in TERMINAL} <= {"SAME", "ODD", "REFUSE"}


def test_fill_after_cancel_is_booked_and_stays_canceled():
    store = live()
    store.cancel(cancel())
    store.apply(canceled())
    order = store.apply(fill(size=40))
    assert (order.state, order.cum_size, order.booked, store.last_booked) == (S.CANCELED, 40, 40, True)
    assert order.cost == 600_000 * 40


def test_the_same_execution_twice_books_once():
    store = live()
    store.apply(fill(size=40))
    order = store.apply(fill(size=40))
    assert (order.booked, order.cum_size, store.last_booked) == (40, 40, False)


def test_cumulative_quantity_never_falls():
    store = live()
    store.apply(fill(size=40, cum=70))
    order = store.apply(report("partially_filled", cum=10))
    assert order.cum_size == 70
    assert order.fills_missing == 30


def test_a_lost_acknowledgement_counts_as_if_live_until_the_venue_shows_it():
    store = OrderStore()
    store.place(place())
    order = store.apply(lost("place"))
    assert order.state is S.UNKNOWN
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 100
    order = store.apply(report("new"))
    assert (order.state, order.venue_id) == (S.NEW, "V1")


def test_unknown_ends_by_absence_only_with_evidence():
    store = OrderStore()
    store.place(place())
    store.apply(lost("place"))
    order = store.apply(absent())
    assert (order.state, order.reason) == (S.CANCELED, "two complete reads")
    assert (store.n_open, store.open_exposure(VENUE, SYMBOL, BUY)) == (0, 0)


def test_a_fill_in_an_amend_race_keeps_the_larger_size_in_the_worst_case():
    store = live()
    store.amend(amend(size=150))
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 150
    order = store.apply(fill(size=40))
    assert (order.state, order.exposure) == (S.PENDING_REPLACE, 110)
    order = store.apply(amend_rejected())
    assert (order.state, order.exposure, order.price) == (S.PARTIALLY_FILLED, 60, 600_000)


def test_a_confirmed_amend_takes_the_new_numbers():
    store = live()
    store.amend(amend(price=600_100, size=80))
    order = store.apply(amended(size=80, cum=0))
    assert (order.state, order.price, order.size, order.pending_price, order.exposure) == (S.NEW, 600_100, 80, 0, 80)


def test_an_order_whose_cancel_came_too_late_is_unknown_until_its_fills_are_here():
    store = live()
    store.cancel(cancel())
    order = store.apply(cancel_rejected(gone=True))
    assert order.state is S.UNKNOWN
    order = store.apply(report("filled", cum=100))
    assert (order.state, order.fills_missing) == (S.FILLED, 100)
    # Filled by the venue's word, yet not in our position: it still counts.
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 100
    store.apply(fill(size=100))
    assert (order.fills_missing, store.open_exposure(VENUE, SYMBOL, BUY)) == (0, 0)


def test_a_refused_cancel_of_an_order_that_was_never_accepted_goes_back_to_pending():
    store = OrderStore()
    store.place(place())
    store.cancel(cancel())
    order = store.apply(cancel_rejected())
    assert order.state is S.PENDING_NEW


def test_events_find_their_order_by_the_venue_id_alone():
    store = live()
    order = store.apply(fill(client_id="", size=100))
    assert order.state is S.FILLED
    assert store.by_venue_id(VENUE, "V1") is order


def test_words_about_unknown_orders_wait_for_adoption_and_their_fills_for_whoever_books_them():
    store = OrderStore()
    early = fill(client_id="b", execution="E9", size=30)
    assert store.apply(accepted(client_id="b")) is None
    assert store.apply(early) is None
    assert store.quarantined() == [accepted(client_id="b"), early]
    order = store.adopt(report("partially_filled", cum=30, client_id="b"), "")
    assert (order.state, order.booked, order.fills_missing, order.exposure) == (S.PARTIALLY_FILLED, 0, 30, 100)
    assert store.take_fills(order) == [early]
    assert store.take_fills(order) == store.quarantined() == []
    store.apply(early)
    assert (order.booked, order.fills_missing, order.exposure, store.last_booked) == (30, 0, 70, True)
    assert [o.client_id for o in store.open_of_strategy("")] == ["b"]


def test_an_order_that_is_known_by_either_id_is_not_adopted():
    store = live()
    with pytest.raises(LocalError, match="'z' cannot be adopted"):
        store.adopt(report("new", client_id="z", venue_id="V1"), "")
    with pytest.raises(LocalError, match="side 0"):
        store.adopt(report("new", client_id="z", venue_id="V9", side=0), "")


def test_the_quarantine_is_bounded_and_counts_what_it_drops():
    store = OrderStore()
    for index in range(1_100):
        store.apply(accepted(client_id=f"f{index}", venue_id=""))
    for index in range(150):
        store.apply(fill(client_id="f1099", execution=f"E{index}", venue_id=""))
    assert (len(store.quarantined()), store.dropped) == (1_000 + 99, 100 + 51)


def test_a_client_id_is_used_once():
    store = live()
    with pytest.raises(LocalError, match="'a' was used before"):
        store.place(place())


def test_what_is_over_cannot_be_changed():
    store = live()
    store.apply(canceled())
    with pytest.raises(LocalError, match="is CANCELED, REQUEST_REPLACE is refused: it is over"):
        store.amend(amend())


def test_a_denied_order_is_counted_and_never_open():
    store = OrderStore()
    order = store.deny(place(), "over the limit")
    assert (order.state, order.reason, store.n_open, store.count(S.DENIED)) == (S.DENIED, "over the limit", 0, 1)


def test_closed_orders_are_forgotten_in_order_and_open_ones_never():
    store = OrderStore(closed_max=10)
    store.place(place("open"))
    for index in range(50):
        store.place(place(f"c{index}"))
        store.apply(canceled(f"c{index}", venue_id=f"V{index}"))
    assert len(store) == 11
    assert store.get("open") is not None
    assert store.get("c39") is None
    assert store.get("c40") is not None
    assert (store.count(S.CANCELED), store.total, store.n_open) == (50, 51, 1)
    with pytest.raises(LocalError):
        store.place(place("c0"))


def test_an_order_whose_fills_are_missing_is_not_forgotten():
    store = OrderStore(closed_max=2)
    store.place(place("late"))
    store.apply(report("filled", cum=100, client_id="late"))
    for index in range(20):
        store.place(place(f"c{index}"))
        store.apply(canceled(f"c{index}", venue_id=""))
    assert store.get("late").fills_missing == 100
    store.apply(fill(client_id="late", size=100))
    assert store.get("late").fills_missing == 0


# --- an answer settles only what it answers, and the worst case never shrinks before its time -------------------------


def test_a_refused_cancel_leaves_an_amend_in_flight():
    store = live()
    store.amend(amend(size=150))
    store.cancel(cancel())
    order = store.apply(cancel_rejected())
    assert (order.state, order.pending_size, order.exposure) == (S.PENDING_REPLACE, 150, 150)


def test_an_amend_lost_behind_a_cancel_is_in_doubt_once_the_cancel_is_refused():
    store = live()
    store.amend(amend(size=150))
    store.cancel(cancel())
    order = store.apply(lost("amend"))
    assert order.state is S.PENDING_CANCEL
    store.apply(cancel_rejected())
    assert (order.state, order.exposure) == (S.UNKNOWN, 150)


def test_a_fill_of_the_old_size_does_not_end_an_order_that_may_have_grown():
    store = live()
    store.amend(amend(size=150))
    order = store.apply(fill(size=100))
    assert (order.state, order.exposure) == (S.PENDING_REPLACE, 50)
    store.apply(amended(size=150, cum=100))
    assert (order.state, order.leaves) == (S.PARTIALLY_FILLED, 50)


def test_a_refused_amend_ends_an_order_that_filled_meanwhile():
    store = live()
    store.amend(amend(size=150))
    store.apply(fill(size=100))
    order = store.apply(amend_rejected(code="gone"))
    assert (order.state, store.n_open, order.exposure) == (S.FILLED, 0, 0)


def test_an_earlier_amend_told_again_leaves_the_later_one_in_flight():
    store = live()
    store.amend(amend(600_100, 120))
    store.apply(amended(600_100, 120, at=6))
    store.amend(amend(600_200, 150))
    order = store.apply(amended(600_100, 120, at=7, venue_ns=6))
    assert (order.state, order.price, order.pending_price, order.exposure) == (S.PENDING_REPLACE, 600_100, 600_200, 150)
    store.apply(amended(600_200, 150, at=8))
    assert (order.state, order.price, order.size) == (S.NEW, 600_200, 150)


def test_an_amend_told_out_of_order_does_not_bring_old_numbers_back():
    store = live()
    store.apply(amended(600_200, 150, at=8))
    order = store.apply(amended(600_100, 120, at=9, venue_ns=7))
    assert (order.price, order.size) == (600_200, 150)
    store.apply(amended(600_300, 160, at=10, venue_ns=0))
    assert (order.price, order.size) == (600_300, 160)


def test_a_late_acknowledgement_says_nothing_of_a_lost_amend():
    store = live()
    store.amend(amend(size=150))
    store.apply(lost("amend"))
    order = store.apply(accepted())
    assert (order.state, order.exposure) == (S.UNKNOWN, 150)


def test_a_lost_placement_is_settled_alike_by_fill_and_acknowledgement_in_any_order():
    states = set()
    for words in ([accepted(), fill()], [fill(), accepted()]):
        store = OrderStore()
        store.place(place())
        store.apply(lost("place"))
        for word in words:
            order = store.apply(word)
        states.add((order.state, order.exposure, order.doubts))
    assert states == {(S.PARTIALLY_FILLED, 60, 0)}


def test_an_execution_told_again_is_evidence_all_the_same():
    """And of one id on two orders it is two executions, though the venue says it twice: both sides of a trade with
    ourselves have one, and some count from the beginning again."""
    store = live()
    store.place(place("b"))
    store.apply(lost("place", client_id="b"))
    store.apply(fill())
    order = store.apply(fill("b", venue_id="V2"))
    assert (order.state, order.booked, store.last_booked) == (S.PARTIALLY_FILLED, 40, True)
    assert store.contradictions == 1
    order = store.apply(fill("b", venue_id="V2"))
    assert (order.booked, store.last_booked, store.contradictions) == (40, False, 1)


def test_a_success_response_settles_whether_it_was_placed():
    store = OrderStore()
    store.place(place())
    store.apply(lost("place"))
    order = store.apply(pending())
    assert (order.state, order.venue_id) == (S.PENDING_NEW, "V1")


def test_two_lost_requests_need_two_answers():
    store = live()
    store.amend(amend(size=150))
    store.apply(lost("amend"))
    store.cancel(cancel())
    order = store.apply(lost("cancel"))
    store.apply(cancel_rejected())
    assert order.state is S.UNKNOWN
    store.apply(amended(size=150))
    assert (order.state, order.size) == (S.NEW, 150)


def test_a_lost_answer_to_an_amend_that_the_stream_has_told_of_puts_nothing_in_doubt():
    store = live()
    store.amend(amend(size=150))
    store.apply(amended(size=150))
    order = store.apply(lost("amend"))
    assert order.state is S.NEW


@pytest.mark.parametrize("source", ["stream", "snapshot", "query"])
def test_a_report_that_shows_the_change_proves_it(source):
    store = live()
    store.amend(amend(600_100, 150))
    order = store.apply(report("new", price=600_100, size=150, source=source))
    assert (order.state, order.price, order.size, order.pending_size) == (S.NEW, 600_100, 150, 0)


def test_a_list_without_the_change_proves_nothing_before_it_could_no_longer_happen():
    store = live()
    store.amend(amend(600_100, 150))
    store.apply(lost("amend", at=10))
    order = store.apply(report("new", at=34 * SECOND_NS))
    assert (order.state, order.exposure) == (S.UNKNOWN, 150)
    store.apply(report("new", source="snapshot", at=60 * SECOND_NS))
    assert order.state is S.UNKNOWN
    store.apply(report("new", at=36 * SECOND_NS))
    assert (order.state, order.price, order.exposure) == (S.NEW, 600_000, 100)


def test_an_old_list_does_not_undo_what_the_stream_told():
    store = live()
    store.apply(amended(600_100, 150, at=10 * SECOND_NS))
    order = store.apply(report("new", size=100, at=12 * SECOND_NS))
    assert (order.price, order.size) == (600_100, 150)
    store.apply(report("new", size=90, at=41 * SECOND_NS))
    assert order.size == 90


def test_an_amend_refused_because_the_order_is_gone_opens_the_question_how_it_ended():
    store = live()
    store.amend(amend())
    order = store.apply(amend_rejected(code="gone"))
    assert (order.state, order.exposure, store.n_open) == (S.UNKNOWN, 100, 1)
    store.apply(report("new", source="query"))
    assert order.state is S.NEW


def test_a_refusal_of_what_was_accepted_changes_nothing_and_is_counted():
    store = live()
    store.cancel(cancel())
    store.apply(rejected())
    order = store.apply(denied())
    assert (order.state, store.contradictions) == (S.PENDING_CANCEL, 2)


def test_an_order_that_could_not_be_sent_is_denied_with_its_cancel():
    store = OrderStore()
    store.place(place())
    store.cancel(cancel())
    order = store.apply(denied())
    assert (order.state, order.reason, store.n_open) == (S.DENIED, "link is down", 0)


def test_a_cancel_for_an_order_on_its_way_that_nobody_knows_leaves_it_unknown():
    store = OrderStore()
    store.place(place())
    store.cancel(cancel())
    order = store.apply(cancel_rejected(gone=True))
    assert (order.state, order.exposure) == (S.UNKNOWN, 100)
    store.apply(accepted())
    assert order.state is S.NEW


def test_a_cancel_with_more_filled_than_we_have_keeps_the_difference_in_the_worst_case():
    store = live()
    store.apply(fill(size=20))
    order = store.apply(canceled(cum=50))
    assert (order.state, order.fills_missing, store.open_exposure(VENUE, SYMBOL, BUY)) == (S.CANCELED, 30, 30)
    store.apply(fill(size=30, execution="E2"))
    assert (order.booked, store.open_exposure(VENUE, SYMBOL, BUY)) == (50, 0)


def test_the_last_fill_may_be_called_partial():
    store = live()
    order = store.apply(report("partially_filled", cum=100, source="stream"))
    assert (order.state, order.fills_missing, order.exposure) == (S.FILLED, 100, 100)


def test_a_filled_marker_takes_the_size_of_a_reduction_in_flight():
    store = live()
    store.amend(amend(size=60))
    store.apply(fill(size=60))
    order = store.apply(report("filled", cum=60, size=60, source="stream"))
    assert (order.state, order.size, order.exposure) == (S.FILLED, 60, 0)


def test_a_fill_beyond_the_size_is_booked_and_counted_as_a_contradiction():
    store = live()
    order = store.apply(fill(size=130))
    assert (order.state, order.booked, order.exposure, store.contradictions) == (S.FILLED, 130, 0, 1)


def test_a_fill_of_the_other_side_or_symbol_is_booked_and_counted_as_a_contradiction():
    store = live()
    store.apply(fill(side=SELL, execution="E1"))
    order = store.apply(fill(symbol="ETH/USD", execution="E2"))
    assert (order.booked, store.contradictions) == (80, 2)


def test_sums_that_pass_their_range_are_refused_before_anything_changes():
    store = live(size=2**62)
    store.apply(fill(size=2**62, price=2**62))
    before = store.state_hash()
    with pytest.raises(OverflowError, match="order a"):
        store.apply(fill(size=2**62, execution="E2"))
    assert (store.state_hash(), store.knows_execution(VENUE, SYMBOL, "E2")) == (before, False)


def test_exposures_of_many_large_orders_do_not_wrap():
    store = OrderStore()
    for index in range(10):
        store.place(place(f"o{index}", size=2**62))
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 10 * 2**62


def test_a_second_venue_id_is_a_contradiction_and_takes_nothing_away():
    store = live()
    store.place(place("b"))
    store.apply(accepted("b", venue_id="V1"))
    store.apply(accepted("a", venue_id="V7"))
    assert (store.by_venue_id(VENUE, "V1").client_id, store.by_venue_id(VENUE, "V7"), store.contradictions) == (
        "a",
        None,
        2,
    )


def test_executions_are_remembered_within_their_bound_and_those_of_remembered_orders_beyond_it():
    store = OrderStore(closed_max=8, executions_max=5)
    store.place(place("open", size=1_000))
    store.apply(fill("open", execution="first", venue_id="", size=1))
    for index in range(20):
        store.place(place(f"c{index}"))
        store.apply(fill(f"c{index}", execution=f"E{index}", venue_id="", size=100))
    store.apply(fill("open", execution="first", venue_id="", size=1))
    assert (store.last_booked, store.get("open").booked) == (False, 1)
    remembered = [n for n in range(20) if store.get(f"c{n}") is not None]
    assert remembered == list(range(12, 20))
    for n in remembered:
        store.apply(fill(f"c{n}", execution=f"E{n}", venue_id="", size=100))
        assert (store.last_booked, store.get(f"c{n}").booked) == (False, 100)
    assert not any(store.knows_execution(VENUE, SYMBOL, f"E{n}") for n in range(10)), "it grows without a bound"


def test_executions_of_many_open_orders_are_all_kept():
    store = OrderStore(executions_max=5)
    for index in range(50):
        store.place(place(f"o{index}", size=1_000))
        store.apply(fill(f"o{index}", execution=f"E{index}", venue_id="", size=1))
    for index in range(50):
        store.apply(fill(f"o{index}", execution=f"E{index}", venue_id="", size=1))
        assert not store.last_booked


def test_open_orders_are_listed_oldest_first_whichever_of_them_end():
    store = OrderStore()
    for name in "abcdef":
        store.place(place(name, symbol="ETH/USD" if name in "be" else SYMBOL, strategy="x" if name in "cf" else "mm"))
    for name in "adf":
        store.apply(canceled(name, venue_id=""))
    store.place(place("g"))
    names = [
        "".join(o.client_id for o in orders)
        for orders in (store.open(), store.open_of(VENUE, SYMBOL), store.open_of(VENUE, "ETH/USD"))
    ]
    assert names == ["bceg", "cg", "be"]
    assert [o.client_id for o in store.open_of_strategy("mm")] == ["b", "e", "g"]
    assert store.open_count(VENUE, SYMBOL) == len(store.group(VENUE, SYMBOL)) == 2


def test_thousands_of_orders_that_come_and_go_keep_their_sequence():
    random, store, there = Random(11), OrderStore(closed_max=100), {}
    for index in range(6_000):
        store.place(place(f"o{index}", symbol=f"S{index % 3}"))
        there[f"o{index}"] = f"S{index % 3}"
        while there and random.random() < (0.3 if index % 2_000 < 1_000 else 0.6):
            # Mostly the oldest, at times any.
            name = next(iter(there)) if random.random() < 0.7 else random.choice(list(there))
            del there[name]
            store.apply(canceled(name, venue_id=""))
        if index % 97 == 0:
            assert [o.client_id for o in store.open()] == list(there)
            for symbol in ("S0", "S1", "S2"):
                mine = [name for name, of in there.items() if of == symbol]
                assert [o.client_id for o in store.open_of(VENUE, symbol)] == mine
    assert len(store) == len(there) + 100


def test_a_list_of_open_orders_is_the_caller_s_own():
    store = live()
    store.open().clear()
    assert len(store.open()) == 1


def test_a_group_outlives_its_store():
    group = live().group(VENUE, SYMBOL)
    gc.collect()
    assert [o.client_id for o in group.orders()] == ["a"]


def test_orders_are_not_tracked_by_the_garbage_collector():
    order = live().get("a")
    assert not gc.is_tracked(order)


def test_an_order_event_is_asked_for_by_name():
    with pytest.raises(LocalError, match="Timer is not an order event"):
        OrderStore().apply(ev.Timer(1))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"side": 0}, "side 0"),
        ({"size": 0}, "size 0"),
        ({"price": -1}, "price -1"),
        ({"client_id": ""}, "is empty"),
    ],
)
def test_an_order_that_cannot_be_is_refused_by_name(what, message):
    store = OrderStore()
    with pytest.raises(LocalError, match=message):
        store.place(place(**what))
    assert (len(store), store.total) == (0, 0)


HASH = """
from mm._core.orders import OrderStore
from tests.core.order_messages import *
store = OrderStore()
for name in NAMES:
    store.place(place(name))
    store.apply(accepted(name, venue_id=""))
    store.apply(fill(name, execution=name, venue_id=""))
print(store.state_hash())
"""


def test_the_hash_is_the_same_in_another_process_and_another_order_of_insertion():
    hashes = {
        subprocess.run(
            [sys.executable, "-c", f"NAMES = {names!r}\n{HASH}"],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for names, seed in (("abc", "1"), ("cab", "2"))
    }
    assert len(hashes) == 1

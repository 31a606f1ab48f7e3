"""The order store: named cases of the life of an order, and everything observable against the slow twin."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm._core import events as ev
from mm._core.orders import TERMINAL, TRANSITIONS, OrderEvent, OrderState, OrderStore
from mm.errors import LocalError
from tests.reference.orders import Store as Twin

VENUE, SYMBOL = "kraken", "BTC/USD"
BUY, SELL = 1, -1
S = OrderState


def place(client_id="a", side=BUY, price=600_000, size=100, symbol=SYMBOL, strategy="mm"):
    return ev.Place(
        1, VENUE, symbol, client_id, strategy, "quote", 0, side, price, size, "limit", "gtc", True, False, ""
    )


def fill(client_id="a", size=40, execution="E1", price=600_000, cum=-1, venue_id="V1", symbol=SYMBOL):
    return ev.Fill(5, 5, VENUE, client_id, venue_id, symbol, BUY, execution, price, size, cum, "m", 0, "USD")


def accepted(client_id="a", venue_id="V1"):
    return ev.OrderAccepted(2, 2, VENUE, client_id, venue_id)


def report(status, cum=0, size=100, price=600_000, source="query", client_id="a"):
    return ev.OrderReport(6, 6, VENUE, client_id, "V1", SYMBOL, BUY, status, price, size, cum, "", source)


def unknown(request, client_id="a"):
    return ev.OutcomeUnknown(4, 4, VENUE, client_id, "", request, "no answer")


def cancel(client_id="a"):
    return ev.Cancel(3, VENUE, SYMBOL, client_id, "V1", "test")


def amend(price=600_100, size=150, client_id="a"):
    return ev.Amend(3, VENUE, SYMBOL, client_id, "V1", price, size)


def canceled(client_id="a", cum=-1):
    return ev.OrderCanceled(7, 7, VENUE, client_id, "V1", cum, "as asked")


def live(client_id="a", **what):
    store = OrderStore()
    store.place(place(client_id, **what))
    store.apply(accepted(client_id))
    return store


def test_the_table_has_every_pair_and_every_target_is_a_word_it_knows():
    assert set(TRANSITIONS) == {(state, event) for state in OrderState for event in OrderEvent}
    words = {state.name for state in OrderState} | {"LIVE", "BACK", "SAME", "REFUSE"}
    assert {transition.target for transition in TRANSITIONS.values()} <= words
    assert all(transition.why for transition in TRANSITIONS.values())


def test_nothing_leaves_a_terminal_state():
    assert {t.target for (state, _), t in TRANSITIONS.items() if state in TERMINAL} <= {"SAME", "REFUSE"}


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
    order = store.apply(unknown("place"))
    assert order.state is S.UNKNOWN
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 100
    order = store.apply(report("new"))
    assert (order.state, order.venue_id) == (S.NEW, "V1")


def test_unknown_ends_by_absence_only_with_evidence():
    store = OrderStore()
    store.place(place())
    store.apply(unknown("place"))
    order = store.apply(ev.OrderAbsent(9, 9, VENUE, "a", "", "two complete reads"))
    assert (order.state, order.reason) == (S.CANCELED, "two complete reads")
    assert (store.n_open, store.open_exposure(VENUE, SYMBOL, BUY)) == (0, 0)


def test_a_fill_in_an_amend_race_keeps_the_larger_size_in_the_worst_case():
    store = live()
    store.amend(amend(size=150))
    assert store.open_exposure(VENUE, SYMBOL, BUY) == 150
    order = store.apply(fill(size=40))
    assert (order.state, order.exposure) == (S.PENDING_REPLACE, 110)
    order = store.apply(ev.AmendRejected(6, 6, VENUE, "a", "V1", "rate limit", ""))
    assert (order.state, order.exposure, order.price) == (S.PARTIALLY_FILLED, 60, 600_000)


def test_a_confirmed_amend_takes_the_new_numbers():
    store = live()
    store.amend(amend(price=600_100, size=80))
    order = store.apply(ev.OrderAmended(6, 6, VENUE, "a", "V1", 600_100, 80, 0))
    assert (order.state, order.price, order.size, order.pending_price, order.exposure) == (S.NEW, 600_100, 80, 0, 80)


def test_an_order_whose_cancel_came_too_late_is_unknown_until_its_fills_are_here():
    store = live()
    store.cancel(cancel())
    order = store.apply(ev.CancelRejected(5, 5, VENUE, "a", "V1", "unknown order", "", True))
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
    order = store.apply(ev.CancelRejected(5, 5, VENUE, "a", "", "rate limit", "", False))
    assert order.state is S.PENDING_NEW


def test_events_find_their_order_by_the_venue_id_alone():
    store = live()
    order = store.apply(fill(client_id="", size=100))
    assert order.state is S.FILLED
    assert store.by_venue_id(VENUE, "V1") is order


def test_words_about_unknown_orders_wait_for_adoption():
    store = OrderStore()
    assert store.apply(fill(client_id="b", execution="E9", size=30)) is None
    assert store.quarantined() == [fill(client_id="b", execution="E9", size=30)]
    order = store.adopt(report("partially_filled", cum=30, client_id="b"), "")
    assert (order.state, order.booked, order.cum_size) == (S.PARTIALLY_FILLED, 30, 30)
    assert store.quarantined() == []
    assert [o.client_id for o in store.open_of_strategy("")] == ["b"]


def test_a_client_id_is_used_once():
    store = live()
    with pytest.raises(LocalError, match="'a' is empty or was used"):
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
        store.apply(ev.OrderCanceled(2, 2, VENUE, f"c{index}", f"V{index}", -1, ""))
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
        store.apply(ev.OrderCanceled(2, 2, VENUE, f"c{index}", "", -1, ""))
    assert store.get("late").fills_missing == 100
    store.apply(fill(client_id="late", size=100))
    assert store.get("late").fills_missing == 0


CLIENTS = st.sampled_from(["a", "b", "c", "d"])
SYMBOLS = st.sampled_from([SYMBOL, "ETH/USD"])
SIZES = st.integers(1, 120)
PRICES = st.integers(599_990, 600_010)
CUMS = st.integers(-1, 130)
VENUE_IDS = {"a": "V1", "b": "V2", "c": "V3", "d": "V4"}


@st.composite
def commands(draw):
    client_id = draw(CLIENTS)
    venue_id = draw(st.sampled_from(["", VENUE_IDS[client_id]]))
    named = draw(st.sampled_from([client_id, client_id, ""])) if venue_id else client_id
    symbol = draw(SYMBOLS)
    head = (7, 7, VENUE, named, venue_id)
    execution = draw(st.sampled_from("12345678"))
    kinds = [
        lambda: ("place", place(client_id, draw(st.sampled_from([BUY, SELL])), draw(PRICES), draw(SIZES), symbol)),
        lambda: ("amend", amend(draw(PRICES), draw(SIZES), client_id)),
        lambda: ("cancel", cancel(client_id)),
        lambda: ("apply", ev.OrderPending(*head)),
        lambda: ("apply", ev.OrderAccepted(*head)),
        lambda: ("apply", ev.OrderRejected(*head, "no", "")),
        lambda: ("apply", fill(named, draw(SIZES), execution, draw(PRICES), draw(CUMS), venue_id)),
        lambda: ("apply", ev.OrderAmended(*head, draw(PRICES), draw(SIZES), draw(CUMS))),
        lambda: ("apply", ev.AmendRejected(*head, "no", "")),
        lambda: ("apply", ev.CancelRejected(*head, "no", "", draw(st.booleans()))),
        lambda: ("apply", ev.OutcomeUnknown(*head, draw(st.sampled_from(["place", "amend", "cancel"])), "lost")),
        lambda: ("apply", ev.OrderCanceled(*head, draw(CUMS), "")),
        lambda: ("apply", ev.OrderExpired(*head, draw(CUMS), "")),
        lambda: ("apply", ev.OrderAbsent(*head, "read twice")),
        lambda: ("apply", ev.OrderDenied(*head, "unsent")),
        lambda: (
            "apply",
            ev.OrderReport(
                *head,
                symbol,
                BUY,
                draw(st.sampled_from(["pending_new", "new", "partially_filled", "filled", "canceled", "expired"])),
                draw(PRICES),
                draw(SIZES),
                draw(CUMS),
                "",
                draw(st.sampled_from(["stream", "snapshot", "query"])),
            ),
        ),
    ]
    return draw(st.sampled_from(kinds))()


def observed(store, twin):
    """Everything that can be seen of the store, and the same by scanning the twin."""
    fields = ("client_id", "venue_id", "state", "price", "size", "cum_size", "booked", "cost", "exposure", "accepted")
    ours = {}
    for client_id in "abcd":
        order = store.get(client_id)
        if order is not None:
            ours[client_id] = (*(getattr(order, f) for f in fields), (order.pending_price, order.pending_size))
    theirs = {o.client_id: (*(getattr(o, f) for f in fields), o.pending) for o in twin.orders}
    assert ours == theirs
    assert [o.client_id for o in store.open()] == [o.client_id for o in twin.orders if o.is_open]
    assert store.n_open == sum(o.is_open for o in twin.orders)
    for state in OrderState:
        assert store.count(state) == sum(o.state is state for o in twin.orders), state
    for symbol in (SYMBOL, "ETH/USD"):
        mine = [o for o in twin.orders if o.symbol == symbol]
        assert {o.client_id for o in store.open_of(VENUE, symbol)} == {o.client_id for o in mine if o.is_open}
        for side in (BUY, SELL):
            assert store.open_exposure(VENUE, symbol, side) == sum(o.exposure for o in mine if o.side == side)
    for order in twin.orders:
        if order.venue_id:
            assert store.by_venue_id(VENUE, order.venue_id).client_id == order.client_id


@settings(max_examples=300, deadline=None)
@given(st.lists(commands(), max_size=40))
def test_the_store_and_its_twin_agree_after_every_step(steps):
    store, twin = OrderStore(), Twin()
    for verb, argument in steps:
        refused = []
        for target in (store, twin):
            try:
                getattr(target, verb)(argument)
                refused.append(False)
            except LocalError:
                refused.append(True)
        assert refused[0] == refused[1]
        if type(argument) is ev.Fill:
            assert store.last_booked == twin.last_booked
        observed(store, twin)


@settings(max_examples=100, deadline=None)
@given(st.lists(commands(), max_size=25))
def test_the_hash_says_equal_for_equal_histories_and_sees_a_change(steps):
    def run():
        store = OrderStore()
        for verb, argument in steps:
            try:
                getattr(store, verb)(argument)
            except LocalError:
                continue
        return store

    one, two = run(), run()
    assert one.state_hash() == two.state_hash()
    two.place(place("another"))
    assert one.state_hash() != two.state_hash()

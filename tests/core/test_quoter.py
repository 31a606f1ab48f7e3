"""The quoter against its slow twin: the same wishes, answers and times lead to the same steps and the same slots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import events as ev
from mm._core.orders import OrderStore
from mm._core.quoter import TOO_CLOSE, Quoter
from mm._core.quotes import LEVELS_MAX, Quote, Quoting, Terms
from tests.reference.quoter import ReferenceQuoter

VENUE, SYMBOL = "kraken", "BTC/USD"
MS = 1_000_000
SIDES = st.sampled_from([1, -1])
QUOTES = st.lists(
    st.builds(Quote, SIDES, st.integers(0, 2), st.integers(-3, 1010), st.integers(1, 12)),
    max_size=5,
    unique_by=lambda quote: (quote.side, quote.level),
)
WORDS = ["accept", "reject", "amend", "refuse", "part", "fill", "cancel", "lose", "hold", "nothing"]
ANSWERS = st.sampled_from(WORDS)


class Both:
    def __init__(self, **knobs):
        self.store = OrderStore()
        self.ours, self.twin = Quoter(**knobs), ReferenceQuoter(**knobs)
        self.now = 10**18
        self.count = 0

    def tell(self, name, *arguments):
        for quoter in (self.ours, self.twin):
            getattr(quoter, name)(*arguments)

    def plan(self, quotes, fair):
        steps = [
            [(step.order, step.quote, step.reason) for step in quoter.plan(self.now, tuple(quotes), fair, self.store)]
            for quoter in (self.ours, self.twin)
        ]
        assert steps[0] == steps[1]
        assert self.ours.due_ns() == self.twin.due_ns()
        assert list(self.ours.facts()) == list(self.twin.facts())
        assert self.ours.changed_ns == self.twin.changed_ns
        return steps[0]

    def carry_out(self, steps):
        for order, quote, reason in steps:
            if order is None:
                self.count += 1
                name = f"mm1Q{self.count}"
                place = ev.Place(
                    self.now, VENUE, SYMBOL, name, "s", "quote", quote.level, quote.side, max(quote.price, 1),
                    quote.size, "limit", "gtc", True, False, "",
                )  # fmt: skip
                self.store.place(place)
                self.tell("on_place", place)
            elif quote is None:
                self.store.cancel(ev.Cancel(self.now, VENUE, SYMBOL, order.client_id, order.venue_id, reason))
                if order.unsent:
                    self.take_back(order)
            elif order.unsent:
                self.take_back(order)
            elif quote.price > 0:
                total = order.cum_size + quote.size
                self.store.amend(ev.Amend(self.now, VENUE, SYMBOL, order.client_id, order.venue_id, quote.price, total))
                self.tell("on_amend", self.now)

    def take_back(self, order):
        """What has not left ends here."""
        order.unsent = False
        name = order.client_id
        if order.accepted:
            self.store.apply(ev.AmendRejected(self.now, 0, VENUE, name, order.venue_id, "not sent", "withdrawn"))
        else:
            self.store.apply(ev.OrderDenied(self.now, 0, VENUE, name, "", "not sent"))
            self.tell("on_closed", order)

    def answer(self, order, word):
        if word == "hold":
            order.unsent = order.state.name in ("PENDING_NEW", "PENDING_REPLACE")
            return
        order.unsent = False
        now, name, venue_id = self.now, order.client_id, f"O{order.client_id}"
        events = {
            "accept": lambda: ev.OrderAccepted(now, now, VENUE, name, venue_id),
            "reject": lambda: ev.OrderRejected(now, now, VENUE, name, venue_id, "no", ""),
            "amend": lambda: ev.OrderAmended(
                now, now, VENUE, name, venue_id, order.pending_price or order.price, order.pending_size or order.size, 0
            ),
            "refuse": lambda: ev.AmendRejected(now, now, VENUE, name, venue_id, "no", ""),
            "part": lambda: self.fill(order, 1),
            "fill": lambda: self.fill(order, max(1, order.size - order.booked)),
            "cancel": lambda: ev.OrderCanceled(now, now, VENUE, name, venue_id, order.cum_size, "asked"),
            "lose": lambda: ev.OutcomeUnknown(now, now, VENUE, name, order.venue_id, "amend", "lost"),
        }
        if word not in events:
            return
        event = events[word]()
        self.store.apply(event)
        if type(event) in (ev.OrderAccepted, ev.OrderAmended):
            self.tell("on_accepted", order)
        elif type(event) in (ev.OrderRejected, ev.AmendRejected):
            self.tell("on_refused", now, order)
        if not order.is_open:
            self.tell("on_closed", order)

    def fill(self, order, size):
        self.count += 1
        total = order.booked + size
        return ev.Fill(
            self.now, self.now, VENUE, order.client_id, f"O{order.client_id}", SYMBOL, order.side, f"T{self.count}",
            order.price, size, total, "maker", 0, "USD",
        )  # fmt: skip


@given(
    st.booleans(),
    st.sampled_from([0, 50 * MS, 400 * MS]),
    st.sampled_from([0.0, 0.001, 0.01]),
    st.sampled_from([0, 2_000 * MS]),
    st.lists(
        st.tuples(QUOTES, st.floats(900, 1000), st.integers(0, 700 * MS), st.lists(ANSWERS, max_size=6)),
        max_size=12,
    ),
)
def test_the_twin_takes_the_same_steps(can_amend, interval_ns, tolerance, max_age_ns, rounds):
    both = Both(can_amend=can_amend, interval_ns=interval_ns, tolerance=tolerance, max_age_ns=max_age_ns)
    for quotes, fair, wait_ns, answers in rounds:
        both.now += wait_ns
        both.carry_out(both.plan(quotes, fair))
        both.plan(quotes, fair)
        for order, word in zip(both.store.open(), answers, strict=False):
            both.answer(order, word)
    both.plan((), 950.0)


def test_what_has_not_left_is_taken_back_once_it_is_not_wanted_and_left_alone_until_then():
    both = Both(can_amend=True, interval_ns=10**12, tolerance=0.001, max_age_ns=0)
    near, far = Quote(1, 0, 990, 5), Quote(1, 0, 900, 5)
    both.carry_out(both.plan([near], 1000.0))
    (order,) = both.store.open()
    assert both.plan([far], 1000.0) == both.plan([], 1000.0) == [], "its answer is waited for"
    both.answer(order, "hold")
    assert both.plan([near], 1000.0) == []
    assert both.plan([], 1000.0) == [(order, None, "not wanted")]
    assert both.plan([Quote(1, 0, 990, 4)], 1000.0) == [(order, None, "moved")], "it is more than is wanted"
    both.carry_out(both.plan([far], 1000.0))
    assert order.state.name == "DENIED"
    (new,) = both.plan([far], 1000.0)
    both.carry_out([new])
    (order,) = both.store.open()
    both.answer(order, "accept")
    both.now += 10**12
    both.carry_out(both.plan([near], 1000.0))
    both.answer(order, "hold")
    assert order.state.name == "PENDING_REPLACE"
    assert both.plan([near], 1000.0) == both.plan([Quote(1, 0, 995, 5)], 1000.0) == []
    assert both.plan([], 1000.0) == [(order, None, "not wanted")]
    back = both.plan([far], 1000.0)
    assert back == [(order, far, "moved")], "it would come nearer to the market than it is wanted"
    both.carry_out(back)
    assert (order.state.name, order.price) == ("NEW", 900), "the order stands where it stood"
    both.now += 10**12
    both.carry_out(both.plan([Quote(1, 0, 700, 5)], 1000.0))
    both.answer(order, "hold")
    assert both.plan([Quote(1, 0, 600, 5)], 1000.0) == [], "half a retreat is better than none"


def test_the_twin_test_reaches_every_reason():
    """What the sequences above are for: each reason comes up in some of them."""
    both = Both(can_amend=True, interval_ns=0, tolerance=0.001, max_age_ns=10**12)
    near, far = Quote(1, 0, 990, 5), Quote(1, 0, 900, 5)
    (new,) = steps = both.plan([near], 1000.0)
    both.carry_out(steps)
    (order,) = both.store.open()
    both.answer(order, "accept")
    assert both.plan([near], 1000.0) == []
    both.now += 10**9
    (moved,) = steps = both.plan([far], 1000.0)
    both.carry_out(steps)
    both.answer(order, "lose")
    (doubted,) = both.plan([far], 1000.0)
    both.answer(order, "amend")
    (unwanted,) = both.plan([], 1000.0)
    both.now += 10**12
    (old,) = both.plan([far], 1000.0)
    assert [step[2] for step in (new, moved, doubted, unwanted, old)] == [
        "new",
        TOO_CLOSE,
        "in doubt, and too close to the market",
        "not wanted",
        "max_order_age reached",
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((2, 0, 1, 1), "side"), ((1, -1, 1, 1), "level"), ((1, LEVELS_MAX, 1, 1), "level")],
)
def test_a_quote_that_cannot_be_names_the_field(arguments, named):
    with pytest.raises(ValueError, match=named):
        Quote(*arguments)


def test_a_quote_takes_whole_numbers_only():
    with pytest.raises(TypeError, match=r"Quote\.price"):
        Quote(1, 0, 600_000.0, 1)
    with pytest.raises(TypeError, match=r"Quote\.size"):
        Quote(1, 0, 600_000, "1")
    with pytest.raises(TypeError, match=r"Quote\.side"):
        Quote(1.9, 0, 600_000, 1)
    with pytest.raises(TypeError, match=r"Quote\.level"):
        Quote(1, 0.9, 600_000, 1)
    with pytest.raises(OverflowError):
        Quote(1, 0, 2**63, 1)
    with pytest.raises(TypeError, match=r"Quoting\.quotes"):
        Quoting(((1, 0, 600_000, 1),), Terms(1.0, 1.0, 0.0, "", ""))


@pytest.mark.parametrize("fair", [float("nan"), float("inf"), float("-inf")])
def test_a_fair_price_is_a_number(fair):
    with pytest.raises(ValueError, match=r"Terms\.fair"):
        Terms(fair, 1.0, 0.0, "", "")

"""The store against a small venue that tells the truth late, twice, out of order, or not at all.

The venue below is written without the store's table: requests travel, are obeyed within their deadline or never, and
its words come back on a stream (delayed, repeated, shuffled), as responses (late or lost) and in lists (trailing by up
to 30 s). Whatever happens, an order that the venue has or may still get is open in the store, and what is booked plus
the worst case covers all that may have filled. When everything has been told, both agree.
"""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mm._core.orders import OrderState, OrderStore
from mm.errors import LocalError
from tests.cases import cases
from tests.core.order_messages import (
    BUY,
    SECOND_NS,
    SYMBOL,
    VENUE,
    accepted,
    amend,
    amend_rejected,
    amended,
    cancel,
    cancel_rejected,
    canceled,
    fill,
    lost,
    pending,
    place,
    rejected,
    report,
)

DEADLINE_NS = 5 * SECOND_NS
LIST_LAG_NS = 30 * SECOND_NS
ANSWERS_KEPT_NS = 30 * SECOND_NS


@dataclass
class Request:
    kind: str
    price: int
    size: int
    sent_ns: int
    was_lost: bool = False


class StoreAndVenue(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now_ns = 1
        self.store = OrderStore()
        self.order = self.store.place(place())
        self.travelling = [Request("place", 600_000, 100, 1)]
        self.outstanding: Request | None = self.travelling[0]
        self.cancel_waits = False
        self.stream, self.answers = [], []
        self.open, self.ended, self.price, self.size, self.cum = False, "", 0, 0, 0
        self.fills = []
        self.lists = []
        self.keep_list()

    @initialize(placed=st.booleans())
    def it_may_be_placed(self, placed):
        if placed:
            self.a_request_arrives(0)
            self.an_answer_comes()
            self.the_stream_tells(0, False)

    # --- the venue --------------------------------------------------------------------------------------------------

    def keep_list(self):
        status = self.ended or ("partially_filled" if self.cum else "new") if self.open or self.ended else ""
        self.lists.append((self.now_ns, status, self.cum, self.size, self.price))

    def tell(self, event):
        self.stream.append(event)
        self.keep_list()

    def close(self, how):
        self.open, self.ended = False, how

    @precondition(lambda self: self.travelling)
    @rule(which=st.integers(0, 3))
    def a_request_arrives(self, which):
        request = self.travelling.pop(which % len(self.travelling))
        late = self.now_ns - request.sent_ns > DEADLINE_NS
        at, answer = self.now_ns, None
        if request.kind == "place":
            answer = rejected(at=at) if late else pending(at=at)
            if not late:
                self.open, self.price, self.size = True, request.price, request.size
                self.tell(accepted(at=at))
        elif request.kind == "amend":
            if not self.open:
                answer = amend_rejected("gone", at=at)
            elif late or request.size <= self.cum:
                answer = amend_rejected(at=at)
            else:
                self.price, self.size = request.price, request.size
                self.tell(amended(self.price, self.size, self.cum, at=at))
        elif not self.open:
            answer = cancel_rejected(gone=True, at=at)
        elif late:
            answer = cancel_rejected(at=at)
        else:
            self.close("canceled")
            self.tell(canceled(cum=self.cum, at=at))
        self.answers.append((request, answer))

    @precondition(lambda self: self.travelling and self.travelling[0].was_lost)
    @rule()
    def a_lost_request_never_arrives(self):
        self.travelling.pop(0)

    @precondition(lambda self: self.open)
    @rule(size=st.sampled_from([1, 1, 30, 100, 1_000]))
    def it_trades(self, size):
        size = min(size, self.size - self.cum)
        self.cum += size
        event = fill(size=size, execution=f"E{len(self.fills)}", price=self.price, cum=self.cum, at=self.now_ns)
        self.fills.append(event)
        if self.cum == self.size:
            self.close("filled")
        self.tell(event)

    @precondition(lambda self: self.open)
    @rule(really=st.integers(0, 9))
    def the_venue_cancels(self, really):
        if really:
            return
        self.close("canceled")
        self.tell(canceled(cum=self.cum, at=self.now_ns))

    # --- the bot ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.outstanding is None)
    @rule(size=st.sampled_from([40, 70, 150, 400]))
    def we_amend(self, size):
        # A new price each time, so that a list can be told apart from an older one.
        command = amend(self.order.price + 1 + len(self.lists), size, at=self.now_ns)
        try:
            self.store.amend(command)
        except LocalError:
            return
        self.outstanding = Request("amend", command.price, command.size, self.now_ns)
        self.travelling.append(self.outstanding)

    @rule(really=st.integers(0, 3))
    def we_cancel(self, really):
        if really:
            return
        try:
            self.store.cancel(cancel(at=self.now_ns))
        except LocalError:
            return
        self.cancel_waits = True
        self.send_waiting()

    def send_waiting(self):
        if self.cancel_waits and self.outstanding is None:
            self.cancel_waits = False
            self.outstanding = Request("cancel", 0, 0, self.now_ns)
            self.travelling.append(self.outstanding)

    @precondition(lambda self: self.answers)
    @rule()
    def an_answer_comes(self):
        request, answer = self.answers.pop(0)
        if request is self.outstanding:
            self.outstanding = None
        elif self.now_ns - request.sent_ns > ANSWERS_KEPT_NS:
            return
        if answer is not None:
            self.store.apply(answer)
        self.send_waiting()

    @precondition(lambda self: self.outstanding is not None and self.now_ns - self.outstanding.sent_ns > DEADLINE_NS)
    @rule()
    def an_answer_is_given_up(self):
        self.outstanding.was_lost = True
        self.store.apply(lost(self.outstanding.kind, at=self.now_ns))
        self.outstanding = None
        self.send_waiting()

    @precondition(lambda self: self.stream)
    @rule(which=st.sampled_from([0, 0, 0, 1, 2, 7]), again=st.booleans())
    def the_stream_tells(self, which, again):
        event = self.stream[which % len(self.stream)]
        if not again:
            self.stream.remove(event)
        self.store.apply(event)

    @rule(seconds=st.sampled_from([0.1, 3, 6, 20, 40]))
    def time_passes(self, seconds):
        self.now_ns += int(seconds * SECOND_NS)

    @rule(which=st.integers(0, 9), source=st.sampled_from(["query", "snapshot"]))
    def a_list_is_read(self, which, source):
        """As the venue was now, or some time in the last 30 s."""
        recent = [entry for entry in self.lists[:-1] if self.now_ns - entry[0] <= LIST_LAG_NS]
        self.read(([self.lists[-1], *recent])[which % (1 + len(recent))], source)

    def read(self, entry, source):
        _, status, cum, size, price = entry
        if status:
            self.store.apply(report(status, cum, size, price, source, at=self.now_ns))

    @rule(really=st.integers(0, 9))
    def the_link_is_lost_and_comes_back(self, really=0):
        if really:
            return
        if self.outstanding is not None:
            self.an_answer_is_given_up()
        self.stream.clear()
        self.answers.clear()
        if self.open:
            self.read(self.lists[-1], "snapshot")
        for event in self.fills:
            self.store.apply(event)

    # --- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def what_may_live_is_open_and_what_may_have_filled_is_counted(self):
        placing = any(request.kind == "place" for request in self.travelling)
        if self.open or placing:
            assert self.order.is_open
        may_fill = self.size if self.open else self.cum
        if self.open or placing:
            may_fill = max([may_fill, *(r.size for r in self.travelling if r.kind != "cancel" and self.in_time(r))])
        assert self.order.booked + self.order.exposure >= may_fill
        assert self.store.open_exposure(VENUE, SYMBOL, BUY) == self.order.exposure
        assert self.order.booked <= self.cum

    def in_time(self, request):
        return self.now_ns - request.sent_ns <= DEADLINE_NS

    def teardown(self):
        """Everything is told in the end; then both agree."""
        self.now_ns += 40 * SECOND_NS
        while self.travelling:
            self.a_request_arrives(0)
        while self.answers or self.outstanding or self.cancel_waits:
            if self.answers:
                self.an_answer_comes()
            elif self.travelling:
                self.a_request_arrives(0)
            else:
                self.an_answer_is_given_up()
        self.the_link_is_lost_and_comes_back()
        self.now_ns += 40 * SECOND_NS
        self.read(self.lists[-1], "query")
        order = self.order
        assert (order.booked, order.fills_missing) == (self.cum, 0)
        assert order.cost == sum(event.price * event.size for event in self.fills)
        assert order.is_open == self.open or not (self.open or self.ended)
        if self.open:
            live = OrderState.PARTIALLY_FILLED if self.cum else OrderState.NEW
            assert (order.state, order.price, order.size, order.exposure) == (
                live,
                self.price,
                self.size,
                self.size - self.cum,
            )
        elif self.ended:
            assert (order.exposure, self.store.n_open) == (0, 0)


TestStoreAndVenue = StoreAndVenue.TestCase
TestStoreAndVenue.settings = cases(200, stateful_step_count=50)

"""Every index and fact of the store against a scan of its slow twin, after every step of any sequence of words."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mm._core import events as ev
from mm._core.orders import OrderState, OrderStore
from mm.errors import LocalError
from tests.cases import cases
from tests.core.order_messages import BUY, SECOND_NS, SELL, SYMBOL, VENUE
from tests.reference.orders import Store as Twin

DOUBTS = {"place": 1, "amend": 2, "cancel": 4, "gone": 8}
FACTS = (
    "client_id", "venue_id", "strategy", "side", "price", "size", "state", "cum_size", "booked", "cost", "exposure",
    "leaves", "fills_missing", "accepted", "cancel_asked", "is_open", "reason", "touched_ns",
)  # fmt: skip
VENUE_IDS = {"a": "V1", "b": "V2", "c": "V3"}

clients = st.sampled_from("aaabc")
sizes = st.sampled_from([1, 60, 100, 150])
sides = st.sampled_from([BUY, SELL])
prices = st.sampled_from([600_000, 600_100])
cums = st.sampled_from([-1, -1, 60, 100, 150])
named_by = st.sampled_from(["both", "both", "client", "client", "venue", "another's"])
steps_ns = st.sampled_from([0, 1, 6 * SECOND_NS, 31 * SECOND_NS])
lags_ns = st.sampled_from([0, 0, 1, 6 * SECOND_NS])


class StoreAndTwin(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.store, self.twin, self.now_ns = OrderStore(), Twin(), 1

    def both(self, verb, argument):
        refused = []
        for target in (self.store, self.twin):
            try:
                getattr(target, verb)(argument)
                refused.append(False)
            except LocalError:
                refused.append(True)
        assert refused[0] == refused[1]

    def head(self, client_id, named, lag_ns=0):
        venue_id = {"client": "", "another's": "V1"}.get(named, VENUE_IDS[client_id])
        venue_ns = max(0, self.now_ns - lag_ns)
        return self.now_ns, venue_ns, VENUE, "" if named == "venue" else client_id, venue_id

    @initialize(accepted=st.booleans())
    def two_orders_are_there(self, accepted):
        """Without them few sequences would get as far as an amend."""
        for client_id in "ab":
            self.place(client_id, BUY, 600_000, 100, "x")
            if accepted:
                self.acknowledge(client_id, "both", ev.OrderAccepted)

    @rule(step_ns=steps_ns)
    def time_passes(self, step_ns):
        self.now_ns += step_ns

    @rule(client_id=clients, side=sides, price=prices, size=sizes, strategy=st.sampled_from("xy"))
    def place(self, client_id, side, price, size, strategy):
        symbol = "ETH/USD" if client_id == "c" else SYMBOL
        head = (self.now_ns, VENUE, symbol, client_id, strategy, "quote", 0)
        self.both("place", ev.Place(*head, side, price, size, "limit", "gtc", True, False, ""))

    @rule(client_id=clients, price=prices, size=sizes)
    def amend(self, client_id, price, size):
        self.both("amend", ev.Amend(self.now_ns, VENUE, SYMBOL, client_id, "", price, size))

    @rule(client_id=clients, size=sizes)
    def amend_and_then_some(self, client_id, size):
        self.amend(client_id, 600_100, size)

    @rule(client_id=clients)
    def cancel(self, client_id):
        self.both("cancel", ev.Cancel(self.now_ns, VENUE, SYMBOL, client_id, "", "test"))

    @rule(client_id=clients, named=named_by, kind=st.sampled_from([ev.OrderPending, ev.OrderAccepted]))
    def acknowledge(self, client_id, named, kind):
        self.both("apply", kind(*self.head(client_id, named)))

    @rule(client_id=clients, named=named_by, kind=st.sampled_from([ev.OrderAbsent, ev.OrderDenied]))
    def never_was(self, client_id, named, kind):
        self.both("apply", kind(*self.head(client_id, named), "proof"))

    @rule(
        client_id=clients, named=named_by, code=st.sampled_from(["gone", "rejected"]),
        kind=st.sampled_from([ev.OrderRejected, ev.AmendRejected, ev.CancelRejected]),
    )  # fmt: skip
    def refuse(self, client_id, named, code, kind):
        gone = (code == "gone",) if kind is ev.CancelRejected else ()
        self.both("apply", kind(*self.head(client_id, named), "no", code, *gone))

    @rule(client_id=clients, named=named_by, request=st.sampled_from(["place", "amend", "cancel"]))
    def lose(self, client_id, named, request):
        self.both("apply", ev.OutcomeUnknown(*self.head(client_id, named), request, "lost"))

    @rule(client_id=clients, named=named_by, cum=cums, kind=st.sampled_from([ev.OrderCanceled, ev.OrderExpired]))
    def end(self, client_id, named, cum, kind):
        self.both("apply", kind(*self.head(client_id, named), cum, "over"))

    @rule(
        client_id=clients, named=named_by, execution=st.sampled_from("12345"), price=prices, size=sizes, cum=cums,
        side=sides,
    )  # fmt: skip
    def fill(self, client_id, named, execution, price, size, cum, side):
        head = self.head(client_id, named)
        self.both("apply", ev.Fill(*head, SYMBOL, side, execution, price, size, cum, "m", 0, "USD"))
        assert self.store.last_booked == self.twin.last_booked

    @rule(client_id=clients, named=named_by, price=prices, size=sizes, cum=cums, lag_ns=lags_ns)
    def amended(self, client_id, named, price, size, cum, lag_ns):
        self.both("apply", ev.OrderAmended(*self.head(client_id, named, lag_ns), price, size, cum))

    @rule(
        client_id=clients, named=named_by, price=prices, size=sizes, cum=cums, lag_ns=lags_ns,
        status=st.sampled_from(["pending_new", "new", "partially_filled", "filled", "canceled", "expired"]),
        source=st.sampled_from(["stream", "snapshot", "query"]), bare=st.booleans(),
    )  # fmt: skip
    def report(self, client_id, named, price, size, cum, lag_ns, status, source, bare):
        numbers = (0, 0) if bare else (price, size)
        head = self.head(client_id, named, lag_ns)
        self.both("apply", ev.OrderReport(*head, SYMBOL, BUY, status, *numbers, cum, "", source))

    @invariant()
    def everything_that_can_be_seen_agrees(self):
        store, orders = self.store, self.twin.orders
        for twin in orders:
            order = store.get(twin.client_id)
            assert [getattr(order, fact) for fact in FACTS] == [getattr(twin, fact) for fact in FACTS]
            assert (order.pending_price, order.pending_size) == twin.pending
            assert order.doubts == sum(DOUBTS[doubt] for doubt in twin.doubts)
            if twin.venue_id:
                assert store.by_venue_id(VENUE, twin.venue_id) is order
        names = [o.client_id for o in orders if o.is_open]
        assert [o.client_id for o in store.open()] == names
        assert (store.n_open, store.total, len(store)) == (len(names), len(orders), len(orders))
        assert store.contradictions == self.twin.contradictions
        for state in OrderState:
            assert store.count(state) == sum(o.state is state for o in orders), state
        for symbol in (SYMBOL, "ETH/USD"):
            mine = [o for o in orders if o.symbol == symbol]
            assert [o.client_id for o in store.open_of(VENUE, symbol)] == [o.client_id for o in mine if o.is_open]
            assert store.open_count(VENUE, symbol) == sum(o.is_open for o in mine)
            for side in (BUY, SELL):
                assert store.open_exposure(VENUE, symbol, side) == sum(o.exposure for o in mine if o.side == side)
        for strategy in "xy":
            mine = [o.client_id for o in orders if o.strategy == strategy and o.is_open]
            assert [o.client_id for o in store.open_of_strategy(strategy)] == mine
            for side in (BUY, SELL):
                theirs = sum(o.exposure for o in orders if o.strategy == strategy and o.side == side)
                assert store.exposure_of_strategy(strategy, side) == theirs

    @invariant()
    def the_state_says_what_the_facts_say(self):
        for order in self.store.open():
            behind_a_cancel = order.state is OrderState.PENDING_CANCEL and order.doubts == DOUBTS["amend"]
            assert (order.state is OrderState.UNKNOWN) == bool(order.doubts) or behind_a_cancel, order
            if order.state is OrderState.PENDING_REPLACE:
                assert order.pending_size > 0


TestStoreAndTwin = StoreAndTwin.TestCase
TestStoreAndTwin.settings = cases(150, stateful_step_count=40)

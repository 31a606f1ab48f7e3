"""O1-O5: what each step in the life of an order costs, with 1,000 live orders, 100 to a symbol.

A user notices them as a later order: an order is placed, accepted, filled and cancelled on the path between market and
socket, and the strategy asks for its open orders at every decision. Ours takes and checks events, keeps the worst case,
books executions once and answers for requests in doubt; the baselines do none of this. The event of the step is made
beforehand, as the codec or the quoter does; `..._with_event` adds its making.
"""

from __future__ import annotations

from itertools import count

from benches.baselines.orders import PlainStore, TunedStore
from benches.batch import batch, each, each_of
from benches.gate import latencies, p99_under_1ms
from mm._core import events as ev
from mm._core.orders import OrderState, OrderStore

LIVE = 1_000
SYMBOLS = [f"SYM{index}/USD" for index in range(LIVE // 100)]
STEPS = 500
VENUE = "kraken"


def ids(index):
    return f"O-20261122-{index:08d}", f"OV-{index:08d}-XYZ"


def symbol_of(index):
    return SYMBOLS[index % len(SYMBOLS)]


def place(index):
    head = (1, VENUE, symbol_of(index), ids(index)[0], "mm", "quote", 0)
    return ev.Place(*head, 1, 640_001, 50_000_000, "limit", "gtc", True, False, "")


def accepted(index):
    return ev.OrderAccepted(2, 2, VENUE, *ids(index))


def fill(index, size, name):
    head = (3, 3, VENUE, *ids(index), symbol_of(index), 1, f"{name}-{index}")
    return ev.Fill(*head, 640_001, size, -1, "m", 10**10, "USD")


def canceled(index):
    return ev.OrderCanceled(4, 4, VENUE, *ids(index), 0, "as asked")


class Ours:
    """The native store, loaded, and the next orders for it."""

    def __init__(self, live=LIVE):
        self.store = OrderStore()
        self.next = count()
        self.last = []
        for index in self.take(live):
            self.store.place(place(index))
            self.store.apply(accepted(index))
        self.last = []

    def take(self, number=STEPS):
        """The numbers of the next orders; those of the last round end, so that as many are live as before."""
        self.end()
        self.last = [next(self.next) for _ in range(number)]
        return self.last

    def end(self):
        for index in self.last:
            self.store.apply(canceled(index))

    def placed(self):
        indices = self.take()
        for index in indices:
            self.store.place(place(index))
        return indices

    def accepted(self):
        indices = self.placed()
        for index in indices:
            self.store.apply(accepted(index))
        return indices


class Python:
    """A baseline, loaded in the same way."""

    def __init__(self, kind):
        self.store = kind()
        self.next = count()
        self.last = []
        for index in self.take(LIVE):
            self.store.place(ids(index)[0], symbol_of(index))
            self.store.accept(*ids(index))
        self.last = []

    take = Ours.take

    def end(self):
        for index in self.last:
            order = self.store.get(ids(index)[0])
            if not order.venue_id:
                self.store.accept(*ids(index))
            if order in self.store.open_of(order.symbol):
                self.store.cancel(order.client_id)

    def placed(self):
        indices = self.take()
        for index in indices:
            self.store.place(ids(index)[0], symbol_of(index))
        return indices

    def accepted(self):
        indices = self.placed()
        for index in indices:
            self.store.accept(*ids(index))
        return indices


PYTHON = {"tuned": TunedStore, "plain": PlainStore}


# --- O1: create and track ---------------------------------------------------------------------------------------------


def test_o1_ours(benchmark):
    ours = Ours()
    batch(benchmark, "O1", STEPS, lambda: (ours.store.place, [place(i) for i in ours.take()]), each)
    p99_under_1ms(benchmark, latencies(ours.store.place, [place(i) for i in ours.take(10_000)]))


def test_o1_ours_with_event(benchmark):
    ours = Ours()

    def run(take, heads):
        for head in heads:
            take(ev.Place(*head, 1, 640_001, 50_000_000, "limit", "gtc", True, False, ""))

    def prepare():
        heads = [(1, VENUE, symbol_of(i), ids(i)[0], "mm", "quote", 0) for i in ours.take()]
        return ours.store.place, heads

    batch(benchmark, "O1", STEPS, prepare, run)


def o1_python(benchmark, kind):
    python = Python(PYTHON[kind])

    def prepare():
        return python.store.place, [(ids(i)[0], symbol_of(i)) for i in python.take()]

    batch(benchmark, "O1", STEPS, prepare, each_of)


def test_o1_tuned(benchmark):
    o1_python(benchmark, "tuned")


def test_o1_plain(benchmark):
    o1_python(benchmark, "plain")


# --- O2: accept, and cancel -------------------------------------------------------------------------------------------


def test_o2_ours(benchmark):
    ours = Ours()
    batch(benchmark, "O2", STEPS, lambda: (ours.store.apply, [accepted(i) for i in ours.placed()]), each)
    p99_under_1ms(benchmark, latencies(ours.store.apply, [accepted(i) for i in ours.placed()]))


def test_o2_ours_with_event(benchmark):
    ours = Ours()

    def run(take, names):
        for client_id, venue_id in names:
            take(ev.OrderAccepted(2, 2, VENUE, client_id, venue_id))

    batch(benchmark, "O2", STEPS, lambda: (ours.store.apply, [ids(i) for i in ours.placed()]), run)


def o2_python(benchmark, kind):
    python = Python(PYTHON[kind])
    batch(benchmark, "O2", STEPS, lambda: (python.store.accept, [ids(i) for i in python.placed()]), each_of)


def test_o2_tuned(benchmark):
    o2_python(benchmark, "tuned")


def test_o2_plain(benchmark):
    o2_python(benchmark, "plain")


def test_o2_cancel_ours(benchmark):
    ours = Ours()
    batch(benchmark, "O2 cancel", STEPS, lambda: (ours.store.apply, [canceled(i) for i in ours.accepted()]), each)
    p99_under_1ms(benchmark, latencies(ours.store.apply, [canceled(i) for i in ours.accepted()]))


def o2_cancel_python(benchmark, kind):
    python = Python(PYTHON[kind])
    batch(benchmark, "O2 cancel", STEPS, lambda: (python.store.cancel, [ids(i)[0] for i in python.accepted()]), each)


def test_o2_cancel_tuned(benchmark):
    o2_cancel_python(benchmark, "tuned")


def test_o2_cancel_plain(benchmark):
    o2_cancel_python(benchmark, "plain")


# --- O3: fill, in two parts -------------------------------------------------------------------------------------------


def two_fills(indices):
    return [fill(i, 20_000_000, "T") for i in indices] + [fill(i, 30_000_000, "U") for i in indices]


def test_o3_ours(benchmark):
    ours = Ours()
    batch(benchmark, "O3", 2 * STEPS, lambda: (ours.store.apply, two_fills(ours.accepted())), each)
    p99_under_1ms(benchmark, latencies(ours.store.apply, two_fills(ours.accepted())))


def test_o3_ours_with_event(benchmark):
    ours = Ours()

    def run(take, fills):
        for head, size in fills:
            take(ev.Fill(*head, 640_001, size, -1, "m", 10**10, "USD"))

    def prepare():
        indices = ours.accepted()
        return ours.store.apply, [
            ((3, 3, VENUE, *ids(i), symbol_of(i), 1, f"{name}-{i}"), size)
            for name, size in (("T", 20_000_000), ("U", 30_000_000))
            for i in indices
        ]

    batch(benchmark, "O3", 2 * STEPS, prepare, run)


def test_o3_tuned(benchmark):
    python = Python(TunedStore)

    def prepare():
        names = [ids(i)[1] for i in python.accepted()]
        parts = [(name, f"T-{name}", 20_000_000, 640_001, 1_000_000) for name in names]
        return python.store.fill, parts + [(name, f"U-{name}", 30_000_000, 640_001, 1_000_000) for name in names]

    batch(benchmark, "O3", 2 * STEPS, prepare, each_of)


def test_o3_plain(benchmark):
    """From text, as it gets it: floats are this store's way to read a number."""
    python = Python(PlainStore)

    def prepare():
        names = [ids(i)[1] for i in python.accepted()]
        parts = [(name, f"T-{name}", "0.200000", "64000.10", "0.01") for name in names]
        return python.store.fill, parts + [(name, f"U-{name}", "0.300000", "64000.10", "0.01") for name in names]

    batch(benchmark, "O3", 2 * STEPS, prepare, each_of)


# --- O4: look-ups -----------------------------------------------------------------------------------------------------


def client_ids():
    return [ids(i * 7 % LIVE)[0] for i in range(STEPS)]


def venue_ids():
    return [ids(i * 7 % LIVE)[1] for i in range(STEPS)]


def by_venue_id_ours(look_up, names):
    for name in names:
        look_up(VENUE, name)


def test_o4_ours(benchmark):
    store = Ours().store
    batch(benchmark, "O4", STEPS, lambda: (store.get, client_ids()), each)
    p99_under_1ms(benchmark, latencies(store.get, client_ids()))


def o4_python(benchmark, kind):
    store = Python(PYTHON[kind]).store
    batch(benchmark, "O4", STEPS, lambda: (store.get, client_ids()), each)


def test_o4_tuned(benchmark):
    o4_python(benchmark, "tuned")


def test_o4_plain(benchmark):
    o4_python(benchmark, "plain")


def test_o4_venue_id_ours(benchmark):
    store = Ours().store
    batch(benchmark, "O4 venue id", STEPS, lambda: (store.by_venue_id, venue_ids()), by_venue_id_ours)
    p99_under_1ms(benchmark, latencies(lambda name: store.by_venue_id(VENUE, name), venue_ids()))


def o4_venue_id_python(benchmark, kind):
    store = Python(PYTHON[kind]).store
    batch(benchmark, "O4 venue id", STEPS, lambda: (store.get_by_venue_id, venue_ids()), each)


def test_o4_venue_id_tuned(benchmark):
    o4_venue_id_python(benchmark, "tuned")


def test_o4_venue_id_plain(benchmark):
    o4_venue_id_python(benchmark, "plain")


# --- O5: the open orders of a symbol, and counts ----------------------------------------------------------------------


def wanted_symbols():
    return [symbol_of(index) for index in range(STEPS)]


def open_of_ours(open_of, symbols):
    for symbol in symbols:
        open_of(VENUE, symbol)


def test_o5_ours(benchmark):
    store = Ours().store
    batch(benchmark, "O5", STEPS, lambda: (store.open_of, wanted_symbols()), open_of_ours)
    p99_under_1ms(benchmark, latencies(lambda symbol: store.open_of(VENUE, symbol), wanted_symbols()))


def o5_python(benchmark, kind):
    store = Python(PYTHON[kind]).store
    batch(benchmark, "O5", STEPS, lambda: (store.open_of, wanted_symbols()), each)


def test_o5_tuned(benchmark):
    o5_python(benchmark, "tuned")


def test_o5_plain(benchmark):
    o5_python(benchmark, "plain")


def count_open_ours(store):
    for _ in range(STEPS):
        store.n_open  # noqa: B018


def count_open(open_count):
    for _ in range(STEPS):
        open_count()


def test_o5_count_ours(benchmark):
    store = Ours().store
    batch(benchmark, "O5 count", STEPS, lambda: (store,), count_open_ours)
    p99_under_1ms(benchmark, latencies(store.count, [OrderState.NEW] * STEPS))


def o5_count_python(benchmark, kind):
    store = Python(PYTHON[kind]).store
    batch(benchmark, "O5 count", STEPS, lambda: (store.open_count,), count_open)


def test_o5_count_tuned(benchmark):
    o5_count_python(benchmark, "tuned")


def test_o5_count_plain(benchmark):
    o5_count_python(benchmark, "plain")

"""Loads a store with many live orders and prints one measurement as JSON; run in a process of its own."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from random import Random
from time import perf_counter_ns

from benches.baselines.orders import PlainStore, TunedStore
from mm._core import events as ev
from mm._core.orders import OrderStore

VENUE = "kraken"
STEPS = 500
ROUNDS = 20


def ids(index):
    return f"O-20261122-{index:08d}", f"OV-{index:08d}-XYZ"


def symbols_for(live):
    return [f"SYM{index}/USD" for index in range(max(1, live // 100))]


def place(client_id, symbol):
    head = (1, VENUE, symbol, client_id, "mm", "quote", 0)
    return ev.Place(*head, 1, 640_001, 50_000_000, "limit", "gtc", True, False, "")


def load(kind, live):
    """A store with `live` orders, 100 to a symbol, each placed and accepted."""
    symbols = symbols_for(live)
    if kind == "ours":
        store = OrderStore()
        for index in range(live):
            client_id, venue_id = ids(index)
            store.place(place(client_id, symbols[index % len(symbols)]))
            store.apply(ev.OrderAccepted(2, 2, VENUE, client_id, venue_id))
        return store
    store = {"tuned": TunedStore, "plain": PlainStore}[kind]()
    for index in range(live):
        client_id, venue_id = ids(index)
        store.place(client_id, symbols[index % len(symbols)])
        store.accept(client_id, venue_id)
    return store


def resident_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bytes_an_order(kind, live):
    """Resident memory of an order with all indexes and both ids."""
    load(kind, 10)
    gc.collect()
    before = resident_bytes()
    store = load(kind, live)
    gc.collect()
    print(json.dumps({"bytes": round((resident_bytes() - before) / live, 1)}))
    del store


def collector_pause(kind, live):
    """What a full collection takes longer because of the orders, ms."""

    def pause():
        gc.collect()
        taken = []
        for _ in range(5):
            started = perf_counter_ns()
            gc.collect()
            taken.append(perf_counter_ns() - started)
        return min(taken) / 1e6

    before = pause()
    store = load(kind, live)
    print(json.dumps({"pause_ms": round(max(0.0, pause() - before), 4)}))
    del store


def steps_ours(store, new, picked, symbols):
    """Operation and its arguments, by name, in the order in which they must happen."""
    yield "get", store.get, [(client_id,) for client_id, _ in picked]
    yield "by_venue_id", store.by_venue_id, [(VENUE, venue_id) for _, venue_id in picked]
    yield "open_of", store.open_of, [(VENUE, symbol) for symbol in symbols]
    yield "count", store.count, [(3,)] * STEPS
    yield "place", store.place, [(place(client_id, symbol),) for client_id, _, symbol in new]
    accepts = [(ev.OrderAccepted(2, 2, VENUE, client_id, venue_id),) for client_id, venue_id, _ in new]
    yield "accept", store.apply, accepts
    fills = [
        (ev.Fill(3, 3, VENUE, client_id, venue_id, symbol, 1, client_id, 640_001, 20_000_000, -1, "m", 0, "USD"),)
        for client_id, venue_id, symbol in new
    ]
    yield "fill", store.apply, fills
    cancels = [
        (ev.OrderCanceled(4, 4, VENUE, client_id, venue_id, 20_000_000, "as asked"),) for client_id, venue_id, _ in new
    ]
    yield "cancel", store.apply, cancels


def steps_plain(store, new, picked, symbols):
    """The same for plain Python."""
    yield "get", store.get, [(client_id,) for client_id, _ in picked]
    yield "by_venue_id", store.get_by_venue_id, [(venue_id,) for _, venue_id in picked]
    yield "open_of", store.open_of, [(symbol,) for symbol in symbols]
    yield "count", store.open_count, [()] * STEPS
    yield "place", store.place, [(client_id, symbol) for client_id, _, symbol in new]
    yield "accept", store.accept, [(client_id, venue_id) for client_id, venue_id, _ in new]
    yield "fill", store.fill, [(venue_id, venue_id, "0.200000", "64000.10", "0.01") for _, venue_id, _ in new]
    yield "cancel", store.cancel, [(client_id,) for client_id, _, _ in new]


def operations(kind, live):
    """Time of each operation beside `live` orders, ns; the least of some rounds."""
    store = load(kind, live)
    steps = {"ours": steps_ours, "plain": steps_plain}[kind]
    symbols = symbols_for(live)
    random = Random(3)
    least = {}
    for turn in range(ROUNDS):
        new = [(*ids(live + turn * STEPS + step), random.choice(symbols)) for step in range(STEPS)]
        picked = [ids(random.randrange(live)) for _ in range(STEPS)]
        for name, operation, arguments in steps(store, new, picked, random.choices(symbols, k=100)):
            gc.disable()
            started = perf_counter_ns()
            for argument in arguments:
                operation(*argument)
            taken = (perf_counter_ns() - started) / len(arguments)
            gc.enable()
            least[name] = min(taken, least.get(name, taken))
    print(json.dumps({name: round(taken, 1) for name, taken in least.items()}))

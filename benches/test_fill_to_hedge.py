"""T2: the bytes of a quote's fill in, the bytes of its hedge on the other venue out, in process.

A quote that was hit is a position until its hedge is out, so this is how long we stand in the wind by our own doing.
The stopwatch runs from Kraken's executions frame to the bytes of MEXC's signed request, over link, sequence check,
recorder (in memory), order store, position, profit, debts, policy, limits, rates and request: the product's own path.
Between two fills the hedge is answered and filled, both books tick, and timers ring (`hedged_fills.py`).

The baseline gets the same frame right after us in the same round, for the reason told in `test_tick_to_trade.py`.

`T2 loop` is the same in a loop of its own, the way in which such figures are mostly told: each does nothing else
between two fills than it must. A bot is filled once while whatever it is told is kept, and a second one that begins as
the first did is told the same, message by message: its hedges are answered, and every TICK_FILLS fills both books tick.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns

import orjson
import pytest

from benches.baselines.fill_to_hedge import TunedHedger
from benches.hedged_fills import KRAKEN, MEXC, HedgedFills
from benches.loads import kraken_frames
from benches.test_tick_to_trade import median, quickest, record
from mm.net.actions import Request
from tests.backtest.two_venues import SECOND

FILLS = 1000
ROUNDS = 3
LEVELS = 20
TICK_FILLS = 8
FILL_NS = SECOND // 5
"""So much of the bot's time passes between two fills of the loop: the venue takes five orders a second, and a book is
stale after 2 s."""


def in_turn(folder, policy="cross_exchange", *, alone=False):
    """Give a new bot and a new baseline the fills in turn; returns our times and the baseline's, in ns.

    alone: the bot gets them without a baseline in between.
    """
    snapshot, frames = kraken_frames(10, FILLS)
    venues = HedgedFills(folder, policy)
    venues.ports[KRAKEN].frame(venues.now_ns, "public", snapshot)
    venues.settle()
    other = TunedHedger({order.client_id for order in venues.quotes})
    book = venues.engine.markets[MEXC, "BTC/USDT"].book
    ours_ns, others_ns = [], []
    gc.collect()
    gc.freeze()
    for number, message in enumerate(frames):
        venues.wait(message)
        venues.wait()
        other.market(*([(p / 100, s / 1e8) for p, s in book.levels(side, LEVELS)] for side in (1, -1)))
        frame = venues.fill_frame(venues.quotes[number % 2])
        started_ns, left_ns = venues.fill(frame)
        assert left_ns, f"no hedge for fill {number}"
        ours_ns.append(left_ns - started_ns)
        venues.settle()
        if alone:
            continue
        started_ns = perf_counter_ns()
        hedge = other.message(frame)
        others_ns.append(perf_counter_ns() - started_ns)
        assert hedge is not None
    gc.unfreeze()
    ledger = venues.run.desk.ledger
    assert ledger.net == 0
    assert ledger.opened[1] + ledger.opened[-1] == FILLS * 200_000 * 10**4
    assert venues.engine.fills == 2 * FILLS
    assert not venues.engine.orders.contradictions
    return ours_ns, others_ns


def script(folder):
    """Fill a bot; returns all that it was told and where in it the fills are."""
    snapshot, frames = kraken_frames(10, FILLS // TICK_FILLS)
    venues = HedgedFills(folder)
    told, fills = venues.listen(), []
    venues.ports[KRAKEN].frame(venues.now_ns, "public", snapshot)
    venues.settle()
    for number in range(FILLS):
        venues.now_ns += FILL_NS
        if number % TICK_FILLS == 0:
            venues.wait(frames[number // TICK_FILLS])
        fills.append(len(told))
        _, left_ns = venues.fill(venues.fill_frame(venues.quotes[number % 2]))
        assert left_ns, f"no hedge for fill {number}"
        venues.settle()
    return told, fills


def in_loop(folder, told, fills):
    """Tell a new bot all that another was told; returns the times of its fills, in ns."""
    venues = HedgedFills(folder)
    write = venues.client.writer.write
    drains = {name: port.drain for name, port in venues.ports.items()}
    left_ns = 0

    def output(venue):
        nonlocal left_ns
        for action in drains[venue]():
            if type(action) is Request:
                write(action.request)
        left_ns = left_ns or perf_counter_ns()

    venues.run.driver.on_output = output
    calls = [(getattr(venues.ports[name], method), arguments) for name, method, arguments in told]
    taken_ns = []
    starts = iter([*fills, len(calls)])
    next_fill = next(starts)
    gc.collect()
    gc.freeze()
    for index, (call, arguments) in enumerate(calls):
        if index != next_fill:
            call(*arguments)
            continue
        next_fill = next(starts)
        left_ns = 0
        started_ns = perf_counter_ns()
        call(*arguments)
        taken_ns.append(left_ns - started_ns)
    gc.unfreeze()
    # As the first: each fill was hedged, and each hedge filled.
    assert venues.run.desk.ledger.net == 0
    assert venues.engine.fills == 2 * FILLS
    assert not venues.engine.orders.contradictions
    assert min(taken_ns) > 0
    return taken_ns


def baseline_in_loop(told, fills):
    """Give the fills of a script to a new baseline in a row; returns its times, in ns."""
    frames = [told[index][2][2] for index in fills]
    own = {row["cl_ord_id"] for frame in frames for row in orjson.loads(frame)["data"]}
    other = TunedHedger(own)
    other.market([(64_000.0, 10.0)] * LEVELS, [(64_001.0, 10.0)] * LEVELS)
    taken_ns = []
    gc.collect()
    gc.freeze()
    for frame in frames:
        started_ns = perf_counter_ns()
        hedge = other.message(frame)
        taken_ns.append(perf_counter_ns() - started_ns)
        assert hedge is not None
    gc.unfreeze()
    return taken_ns


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The quickest times of each fill, ours and the baseline's."""
    folder = tmp_path_factory.mktemp("run")
    return [quickest(samples) for samples in zip(*(in_turn(folder) for _ in range(ROUNDS)), strict=True)]


def test_t2_ours(benchmark, rounds, tmp_path):
    benchmark.group = "T2"
    # The table reads the extra information; the library wants to time something, so it times one round as a whole: one
    # of the bot alone.
    alone_ns, _ = benchmark.pedantic(in_turn, args=(tmp_path,), kwargs={"alone": True}, rounds=1)
    record(benchmark, rounds[0])
    benchmark.extra_info["alone_p50_ns"] = median(alone_ns)


def test_t2_tuned(benchmark, rounds):
    benchmark.group = "T2"
    benchmark.pedantic(median, args=(rounds[1],), rounds=1)
    record(benchmark, rounds[1])


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return script(tmp_path_factory.mktemp("script"))


def test_t2_loop_ours(benchmark, told, tmp_path):
    benchmark.group = "T2 loop"
    rounds = [in_loop(tmp_path, *told) for _ in range(ROUNDS)]
    benchmark.pedantic(median, args=(rounds[0],), rounds=1)
    record(benchmark, quickest(rounds))


def test_t2_loop_tuned(benchmark, told):
    benchmark.group = "T2 loop"
    rounds = [baseline_in_loop(*told) for _ in range(ROUNDS)]
    benchmark.pedantic(median, args=(rounds[0],), rounds=1)
    record(benchmark, quickest(rounds))

"""T2: the bytes of a quote's fill in, the bytes of its hedge on the other venue out, in process.

A quote that was hit is a position until its hedge is out, so this is how long we stand in the wind by our own doing.
The stopwatch runs from Kraken's executions frame to the bytes of MEXC's signed request, over link, sequence check,
recorder (in memory), order store, position, profit, debts, policy, limits, rates and request: the product's own path.
Between two fills the hedge is answered and filled, both books tick, and timers ring (`hedged_fills.py`).

The baseline gets the same frame right after us in the same round, for the reason told in `test_tick_to_trade.py`.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns

import pytest

from benches.baselines.fill_to_hedge import TunedHedger
from benches.hedged_fills import KRAKEN, MEXC, HedgedFills
from benches.loads import kraken_frames
from benches.test_tick_to_trade import median, quickest, record

FILLS = 1000
ROUNDS = 3
LEVELS = 20


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

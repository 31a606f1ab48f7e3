"""T1: a book message's bytes in, an order's bytes out, in process. It is how late our quotes are by our own doing.

The whole bot first runs against the simulated Kraken under virtual time, and everything that it hears is kept. A bot
that is new, but equal, then hears the same again without the venue in between: link, recorder (in memory), book,
strategy, limits, rate counter, order store, request. The stopwatch runs from the frame to the bytes for the socket.
A tick counts as a trade when an order left because of it. The baselines are given the same book messages, and send an
order for each.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns

import pytest

from benches.baselines.tick_to_trade import PlainChain, TunedChain
from benches.gate import latencies, p99_under_1ms
from mm.net.actions import Send
from tests.backtest.session import Session

SECONDS = 180
"""Of the venue's time."""
DEPTH = 10
ROUNDS = 3
HEARD = ("start", "opened", "frame", "closed", "unsent", "reply", "deadline", "stop")
"""What a machine is told; the rest it is asked."""
SETTINGS = """
[venues.kraken]
tier = "pro"
book_depth = 10
accept_account_wide_timer = true

[strategies.bench]
kind = "benches.one_bid:OneBid"
symbol = "BTC/USD"

[limits]
max_per_symbol = { "BTC/USD" = 5 }
max_total_exposure_usd = 1000000
"""


class Witness:
    """A machine that keeps what it is told."""

    def __init__(self, machine):
        self._machine = machine
        self.calls = []

    def __getattr__(self, name):
        method = getattr(self._machine, name)
        if name not in HEARD:
            return method

        def call(*arguments):
            self.calls.append((name, arguments))
            return method(*arguments)

        return call


def is_book(name, arguments):
    return name == "frame" and arguments[1] == "public" and arguments[2].startswith(b'{"channel":"book"')


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    session = Session(tmp_path_factory.mktemp("run"), toml=SETTINGS)
    witness = session.world.machine = Witness(session.world.machine)
    session.run(SECONDS)
    return witness.calls


def hear(folder, calls):
    """Tell it all to a new bot; returns the times of ticks that led to an order, and of those that did not, ns."""
    port = Session(folder, toml=SETTINGS).driver.ports["kraken"]
    traded_ns, quiet_ns = [], []
    gc.collect()
    gc.freeze()
    for name, arguments in calls:
        if not is_book(name, arguments):
            getattr(port, name)(*arguments)
            port.drain()
            continue
        frame = port.frame
        started = perf_counter_ns()
        frame(*arguments)
        actions = port.drain()
        taken = perf_counter_ns() - started
        traded = any(type(action) is Send and action.channel == "private" for action in actions)
        (traded_ns if traded else quiet_ns).append(taken)
    gc.unfreeze()
    return traded_ns, quiet_ns


def median(samples):
    return sorted(samples)[len(samples) // 2]


def quickest(rounds):
    """The least of each tick: what is ours is there in every round, a neighbour on the machine is not."""
    return [min(times) for times in zip(*rounds, strict=True)]


def record(benchmark, samples_ns):
    benchmark.extra_info["p50_ns"] = median(samples_ns)
    benchmark.extra_info["samples"] = len(samples_ns)
    p99_under_1ms(benchmark, samples_ns)


def test_t1_ours(benchmark, calls, tmp_path):
    benchmark.group = "T1"
    rounds = [hear(tmp_path, calls) for _ in range(ROUNDS - 1)]
    rounds.append(benchmark.pedantic(hear, args=(tmp_path, calls), rounds=1))
    traded_ns, quiet_ns = (quickest(samples) for samples in zip(*rounds, strict=True))
    assert len(traded_ns) > 100
    record(benchmark, traded_ns)
    benchmark.extra_info["quiet_p50_ns"] = median(quiet_ns)


def chain(benchmark, calls, kind):
    benchmark.group = "T1"
    snapshot, *updates = [arguments[2] for name, arguments in calls if is_book(name, arguments)]

    def run():
        made = kind(DEPTH)
        made.message(snapshot)
        return latencies(made.message, updates)

    rounds = [run() for _ in range(ROUNDS - 1)]
    rounds.append(benchmark.pedantic(run, rounds=1))
    record(benchmark, quickest(rounds))


def test_t1_tuned(benchmark, calls):
    chain(benchmark, calls, TunedChain)


def test_t1_plain(benchmark, calls):
    chain(benchmark, calls, PlainChain)

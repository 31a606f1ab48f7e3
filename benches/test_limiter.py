"""R1: a permit that is there. A user notices it as a later order: each command asks for one on its way out."""

from __future__ import annotations

from benches.baselines.limiter import TunedBucket
from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from mm._core import KrakenTradingCounter, TokenBucket

COUNT = 20_000
TIMES = [1_700_000_000_000_000_000 + 1_000 * number for number in range(COUNT)]


def take_often(take):
    for _ in range(COUNT):
        take()


def ours():
    return TokenBucket(10**8, 10**8)


def test_r1_ours(benchmark):
    """The time comes with the call, as it does in the engine; the baseline has to read a clock."""
    batch(benchmark, "R1", COUNT, lambda: (ours().take, TIMES), each)
    p99_under_1ms(benchmark, latencies(ours().take, TIMES))


def test_r1_tuned(benchmark):
    batch(benchmark, "R1", COUNT, lambda: (TunedBucket(1e9, 1e9).take,), take_often)


def ask_and_charge(counter):
    for now_ns in TIMES:
        if counter.allows(now_ns, "place", 0, False, 4):
            counter.charge(now_ns, "place")


def test_r1_kraken_ours(benchmark):
    """Kraken's counter of the pair, asked and charged, most of the time full."""
    batch(benchmark, "R1 kraken", COUNT, lambda: (KrakenTradingCounter("pro"),), ask_and_charge)
    counter = KrakenTradingCounter("pro")
    p99_under_1ms(benchmark, latencies(lambda now_ns: counter.allows(now_ns, "place", 0, False, 4), TIMES))


def test_bucket_lets_every_request_pass():
    bucket = ours()
    assert all(bucket.take(now_ns) for now_ns in TIMES)

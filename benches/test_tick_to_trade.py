"""T1: a book message's bytes in, an order's bytes out, in process. It is how late our quotes are by our own doing.

The whole bot first starts against the simulated Kraken under virtual time and places its order. Then the venue's side
is taken over: book messages come as the baselines get them, one each two seconds of the bot's time, and every amend
that the bot sends is answered at once, with the response and the report that Kraken would write. The stopwatch runs
from the frame to the bytes for the socket, over link, recorder (in memory), book with its checksum, strategy, limits,
rate counter, order store and request. A message counts when an order of ours left because of it.

The baselines send an order for each message. They get the same message right after us, in the same round, when the
bot's answers and timers have been there as well: what lies between two ticks of a market throws out of the caches what
a loop that does nothing else would find there. How quick they are in such a loop is kept besides, as `alone_p50_ns`.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from time import perf_counter_ns

import orjson
import pytest

from benches.baselines.tick_to_trade import PlainChain, TunedChain
from benches.gate import latencies, p99_under_1ms
from benches.loads import kraken_frames
from mm._core.orders import OrderState
from mm.net.actions import Send
from tests.backtest.session import SECOND, Session

DEPTH = 10
MESSAGES = 3000
ROUNDS = 3
PERIOD_NS = 2 * SECOND
"""So much of the bot's time passes between two messages: Kraken's counter takes an amend of each of them."""
HEARTBEAT = b'{"channel":"heartbeat"}'
SETTINGS = """
[venues.kraken]
tier = "pro"
book_depth = 10
accept_account_wide_timer = true

[strategies.bench]
kind = "benches.one_bid:OneBid"
symbol = "BTC/USD"

[limits]
# The messages were recorded on another day and come as fast as they are taken: no side of them is late or dead.
book_lag_ms_max = 0
book_side_age_ms_max = 0
jump_bps_max = 0
max_per_symbol = { "BTC/USD" = 5 }
max_total_exposure_usd = 1000000
"""


class Venue:
    """Kraken's side after the start: answers amends of the one order."""

    def __init__(self, session, sequence):
        self.session = session
        self.port = session.driver.ports["kraken"]
        self.sequence = sequence
        self.now_ns = session.world.now_ns
        (self.order,) = session.engine.orders.open()

    @classmethod
    def after_start(cls, folder, recorder=None):
        """Run until the first order rests, and take over. recorder: another one than the memory's."""
        session = Session(folder, toml=SETTINGS, recorder=recorder)
        port = session.world.machine
        sequences = [0]

        class Hearing:
            def __getattr__(self, name):
                return getattr(port, name)

            def frame(self, now_ns, channel, payload, last=True):
                if channel == "private" and b'"sequence":' in payload:
                    message = orjson.loads(payload)
                    if message["channel"] == "executions":
                        sequences.append(message["sequence"])
                port.frame(now_ns, channel, payload, last)

        session.world.machine = Hearing()
        session.run(5)
        session.world.run(session.world.now_ns + SECOND, done=lambda: session.engine.orders.count(OrderState.NEW) == 1)
        return cls(session, sequences[-1])

    def wait(self):
        """Let time pass: heartbeats, timers, and what they lead to."""
        self.now_ns += PERIOD_NS // 2
        self.port.frame(self.now_ns, "private", HEARTBEAT)
        self.port.deadline(self.now_ns)
        self.settle(self.port.drain())

    def settle(self, actions):
        """Answer what was sent, and what the answers lead to."""
        while actions:
            for action in actions:
                if type(action) is Send and action.channel == "private" and b'"amend_order"' in action.payload:
                    self.answer(action)
            actions = self.port.drain()

    def answer(self, send):
        """Take an amend, as the venue does: a response and a report."""
        request = orjson.loads(send.payload)
        wanted = request["params"]
        assert wanted["order_id"] == self.order.venue_id
        stamp = datetime.fromtimestamp(self.now_ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
        order_id, client_id = wanted["order_id"].encode(), self.order.client_id.encode()
        self.sequence += 1
        self.port.frame(
            self.now_ns,
            "private",
            b'{"method":"amend_order","req_id":%d,"result":{"amend_id":"TSLPPK-3PIRY-F3STLC","order_id":"%b"},'
            b'"success":true,"time_in":"%b","time_out":"%b"}' % (request["req_id"], order_id, stamp, stamp),
            False,
        )
        self.port.frame(
            self.now_ns,
            "private",
            b'{"channel":"executions","type":"update","data":[{"timestamp":"%b","order_status":"new","cl_ord_id":"%b",'
            b'"exec_type":"amended","cum_qty":0.00000000,"reason":"User requested","amended":true,"order_qty":%.8f,'
            b'"limit_price":%.1f,"limit_price_type":"static","order_id":"%b"}],"sequence":%d}'
            % (stamp, client_id, wanted["order_qty"], wanted["limit_price"], order_id, self.sequence),
        )


def in_turn(folder, snapshot, frames, make):
    """Give a new bot and a new baseline the messages in turn.

    Returns, in ns: of messages that led to an order of ours, our times and the baseline's; of the others, ours.
    """
    venue = Venue.after_start(folder)
    frame, drain = venue.port.frame, venue.port.drain
    other = make(DEPTH)
    other.message(snapshot)
    frame(venue.now_ns, "public", snapshot)
    venue.settle(drain())
    traded_ns, others_ns, quiet_ns = [], [], []
    gc.collect()
    gc.freeze()
    for message in frames:
        venue.wait()
        started = perf_counter_ns()
        frame(venue.now_ns, "public", message)
        actions = drain()
        taken = perf_counter_ns() - started
        venue.settle(actions)
        venue.wait()
        started = perf_counter_ns()
        other.message(message)
        others = perf_counter_ns() - started
        if actions:
            traded_ns.append(taken)
            others_ns.append(others)
        else:
            quiet_ns.append(taken)
    gc.unfreeze()
    engine = venue.session.engine
    assert not engine.orders.contradictions
    assert engine.markets["kraken", "BTC/USD"].book_ok
    return traded_ns, others_ns, quiet_ns


def median(samples):
    return sorted(samples)[len(samples) // 2]


def quickest(rounds):
    """The least of each message: what is ours is there in every round, a neighbour on the machine is not."""
    return [min(times) for times in zip(*rounds, strict=True)]


def record(benchmark, samples_ns):
    benchmark.extra_info["p50_ns"] = median(samples_ns)
    benchmark.extra_info["samples"] = len(samples_ns)
    p99_under_1ms(benchmark, samples_ns)


@pytest.fixture(scope="module")
def load():
    return kraken_frames(DEPTH, MESSAGES)


@pytest.fixture(scope="module")
def rounds(load, tmp_path_factory):
    """The quickest times of each: ours and the tuned chain's, ours and the plain chain's."""
    folder = tmp_path_factory.mktemp("run")
    return {
        make: [
            quickest(samples) for samples in zip(*(in_turn(folder, *load, make) for _ in range(ROUNDS)), strict=True)
        ]
        for make in (TunedChain, PlainChain)
    }


def test_t1_ours(benchmark, load, rounds, tmp_path):
    benchmark.group = "T1"
    # The table reads the extra information; the library wants to time something, so it times one round as a whole.
    benchmark.pedantic(in_turn, args=(tmp_path, *load, TunedChain), rounds=1)
    traded_ns, _, quiet_ns = rounds[TunedChain]
    assert len(traded_ns) > MESSAGES // 3
    record(benchmark, traded_ns)
    benchmark.extra_info["quiet_p50_ns"] = median(quiet_ns)


def chain(benchmark, load, rounds, make):
    benchmark.group = "T1"
    snapshot, updates = load

    def run():
        made = make(DEPTH)
        made.message(snapshot)
        return latencies(made.message, updates)

    alone = benchmark.pedantic(run, rounds=1)
    record(benchmark, rounds[make][1])
    benchmark.extra_info["alone_p50_ns"] = median(alone)


def test_t1_tuned(benchmark, load, rounds):
    chain(benchmark, load, rounds, TunedChain)


def test_t1_plain(benchmark, load, rounds):
    chain(benchmark, load, rounds, PlainChain)

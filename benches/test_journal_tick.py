"""J4: the tick to trade with the durable journal, against the same bot without it. It is what the default policy costs.

Two bots as in T1, one recording to a file and one to a file and the journal, take the same messages in turn.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns

import pytest

from benches.loads import kraken_frames
from benches.test_tick_to_trade import DEPTH, MESSAGES, ROUNDS, Venue, quickest, record
from mm.persistence.journal import EventJournal
from mm.persistence.recorder import FileRecorder


def bot(folder, name, journal):
    path = folder / name
    path.mkdir()
    kept = EventJournal(path / "journal", epoch=1, build="bench", now_ns=0) if journal else None
    return Venue.after_start(path, FileRecorder(path / "run.mmr", build="bench", created_ns=0, journal=kept))


def timed(venue, message):
    """What one message takes, with what it led to; 0 when that was nothing."""
    venue.wait()
    started = perf_counter_ns()
    venue.port.frame(venue.now_ns, "public", message)
    actions = venue.port.drain()
    taken = perf_counter_ns() - started
    venue.settle(actions)
    return taken if actions else 0


def in_turn(folder, snapshot, frames):
    """The times of messages that led to an order: (with the journal, without)."""
    bots = [bot(folder, "with", True), bot(folder, "without", False)]
    for each in bots:
        each.port.frame(each.now_ns, "public", snapshot)
        each.settle(each.port.drain())
    times = ([], [])
    gc.collect()
    gc.freeze()
    for number, message in enumerate(frames):
        order = (0, 1) if number % 2 else (1, 0)
        taken = {index: timed(bots[index], message) for index in order}
        assert bool(taken[0]) == bool(taken[1]), "the journal changes nothing"
        if taken[0]:
            times[0].append(taken[0])
            times[1].append(taken[1])
    gc.unfreeze()
    for each in bots:
        each.session.recorder.close()
    return times


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    load = kraken_frames(DEPTH, MESSAGES)
    return [in_turn(tmp_path_factory.mktemp("run"), *load) for _ in range(ROUNDS)]


@pytest.mark.parametrize(("name", "which"), [("ours", 0), ("without", 1)])
def test_j4(benchmark, rounds, name, which):
    benchmark.group = "J4"
    benchmark.name = f"test_j4_{name}"
    benchmark.pedantic(lambda: None, rounds=1)
    record(benchmark, quickest([times[which] for times in rounds]))

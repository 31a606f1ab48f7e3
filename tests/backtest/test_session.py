"""The whole bot against the whole simulated Kraken under virtual time."""

import subprocess
import sys

import pytest

from mm._core import events as ev
from tests.backtest.session import SECOND


def test_a_minute_of_market_making_closes_to_the_unit_and_ends_clean(make_session):
    session = make_session()
    # Past the fall after a minute of the recording, in which the quotes are filled faster than they may be replaced.
    session.run(70)
    assert session.engine.fills >= 20
    assert session.engine.orders.n_open >= 1
    assert session.stop()
    session.run(1)
    session.check_books()
    assert session.engine.orders.contradictions == 0
    # Disarmed, so that the venue's timer cannot hit what others place later.
    assert session.venue._desk.timers == {}


def test_the_first_quote_and_the_first_fill_come_soon(make_session):
    session = make_session()
    session.run(20)
    start_ns = session.recorder.events[0].recv_ns
    assert session.of(ev.Place)[0].recv_ns - start_ns < 3 * SECOND
    assert session.of(ev.Fill)[0].recv_ns - start_ns < 20 * SECOND


def test_a_replay_of_the_recording_ends_in_the_same_state(make_session):
    session = make_session()
    session.run(45)
    session.stop()
    assert session.replayed().state_hash() == session.engine.state_hash()


PROGRAM = """
import sys
from pathlib import Path
from tests.backtest.session import Session
session = Session(Path(sys.argv[1]), seed=3)
session.run(30)
print(session.recorder.log_hash(), session.engine.state_hash())
"""


def test_the_same_seed_gives_the_same_event_log_in_two_processes(tmp_path):
    def run(hash_seed):
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
        ).stdout

    assert run("1") == run("2") != ""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cut_connections_lose_no_fill_and_leave_no_order(make_session, seed):
    session = make_session(seed=seed)
    session.run(10)
    session.world.tell(session.venue.disconnect)
    session.run(20)
    assert session.engine.venues["kraken"].private_up
    assert session.stop()
    session.run(2)
    session.check_books()

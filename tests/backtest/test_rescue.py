"""After a failed engine: a fresh link cancels what is open, and what arrives late, by the venue's own word."""

import pytest

from mm._core import events as ev
from mm.exchanges import find
from mm.live.linking import Addresses, make_link
from mm.live.rescue import Rescue
from mm.simulator.market import ACCOUNT
from tests.backtest.session import SECOND

WHERE = Addresses("http://127.0.0.1", "ws://127.0.0.1/v2", "ws://127.0.0.1/auth/v2")


def rescued(session, epoch_max=None):
    """The bot is gone between two messages; a rescue takes its place on the same venue."""
    for channel in list(session.world._connections):
        session.world._disconnect(channel)
    rescue = Rescue(make_link(session.kraken, WHERE, find("kraken"), ("BTC/USD",), seed=9), "mm", epoch_max)
    session.world.machine = rescue
    session.world.start()
    session.world.run(session.world.now_ns + 20 * SECOND, done=lambda: rescue.is_done(session.world.now_ns))
    return rescue


@pytest.mark.parametrize("seed", [1, 2])
def test_what_stands_is_cancelled_by_id(make_session, seed):
    session = make_session(seed=seed)
    session.run(20)
    assert session.exchange.open_orders(ACCOUNT)
    rescue = rescued(session)
    assert rescue.is_done(session.world.now_ns)
    assert session.exchange.open_orders(ACCOUNT) == []


def test_an_order_that_was_on_its_way_is_waited_for(make_session):
    session = make_session()
    session.run(3)
    session.world._latency_ns = 300_000_000
    placed = len(session.of(ev.Place))
    while len(session.of(ev.Place)) == placed:
        session.run(0.01)
    session.world._latency_ns = 200_000
    rescue = rescued(session)
    assert rescue.is_done(session.world.now_ns)
    session.run(5)
    assert session.exchange.open_orders(ACCOUNT) == []


@pytest.mark.parametrize("later", [False, True])
def test_orders_of_a_later_start_are_left_alone(make_session, later):
    session = make_session()
    session.run(20)
    standing = session.exchange.open_orders(ACCOUNT)
    assert standing
    epoch = session.engine.ids.epoch_of(standing[0].request.client_id)
    rescue = rescued(session, epoch - 1 if later else epoch)
    assert rescue.is_done(session.world.now_ns)
    # What stands may be filled meanwhile.
    assert (rescue.cancelled == 0) is later
    assert later or session.exchange.open_orders(ACCOUNT) == []

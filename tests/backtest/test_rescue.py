"""After a failed engine: a fresh link cancels what is open, and what arrives late, by the venue's own word."""

import pytest

from mm._core import events as ev
from mm.exchanges import find
from mm.live.linking import Addresses, make_link
from mm.live.rescue import Rescue
from mm.simulator.market import ACCOUNT
from tests.backtest.session import SECOND

WHERE = Addresses("http://127.0.0.1", "ws://127.0.0.1/v2", "ws://127.0.0.1/auth/v2")


def begun(session, epoch_max=None, told=()):
    """The bot is gone between two messages; a rescue takes its place on the same venue."""
    for channel in list(session.world._connections):
        session.world._disconnect(channel)
    link = make_link(session.kraken, WHERE, find("kraken"), ("BTC/USD",), seed=9)
    rescue = Rescue(link, "mm", epoch_max, told=dict(told))
    session.world.machine = rescue
    session.world.start()
    return rescue


def rescued(session, epoch_max=None, told=()):
    rescue = begun(session, epoch_max, told)
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


def test_what_the_bot_told_to_be_open_is_cancelled_before_any_list_is_read(make_session):
    session = make_session()
    session.run(20)
    told = {order.client_id: (order.symbol, order.venue_id) for order in session.engine.orders.open()}
    assert len(told) == len(session.exchange.open_orders(ACCOUNT)) > 0
    rescue = begun(session, told=told)
    until_ns = session.world.now_ns + 20 * SECOND
    session.world.run(until_ns, done=lambda: not session.exchange.open_orders(ACCOUNT))
    assert session.exchange.open_orders(ACCOUNT) == []
    assert not rescue.is_read
    session.world.run(until_ns, done=lambda: rescue.is_done(session.world.now_ns))
    assert rescue.is_done(session.world.now_ns)


def test_an_order_that_was_told_and_never_was_keeps_nothing_waiting(make_session):
    session = make_session()
    session.run(20)
    standing = len(session.exchange.open_orders(ACCOUNT))
    rescue = rescued(session, told={"mm1Qz": ("BTC/USD", ""), "foreign": ("BTC/USD", "")})
    assert rescue.is_done(session.world.now_ns)
    assert rescue.cancelled == standing + 1


def test_as_many_orders_as_limits_allow_are_cancelled_one_by_one(make_session):
    session = make_session()
    session.run(20)
    # More than Python calls nest.
    rescue = rescued(session, told={f"mm1Q{number}": ("BTC/USD", "") for number in range(1_100)})
    assert rescue.cancelled > 0
    assert session.exchange.open_orders(ACCOUNT) == []


class TwoOfOneRequest:
    """A link that lists two orders with one client id, and cancels whichever is named by its own."""

    venue = "kraken"

    def __init__(self):
        self.cancelled = []

    def start(self, now_ns):
        rows = [
            ev.OrderReport(now_ns, now_ns, "kraken", "mm1Q1", venue_id, "BTC/USD", 1, "new", 100, 5, 0, "", "list")
            for venue_id in ("A", "B")
        ]
        return [*rows, ev.OpenOrdersRead(now_ns, "kraken", True, 2, now_ns)]

    def submit(self, now_ns, cancel):
        self.cancelled.append(cancel.venue_id)
        return [ev.OrderCanceled(now_ns, now_ns, "kraken", cancel.client_id, cancel.venue_id, -1, "")]


def test_of_two_orders_of_one_request_both_are_cancelled():
    link = TwoOfOneRequest()
    rescue = Rescue(link, "mm", told={"mm1Q1": ("BTC/USD", "")})
    rescue.start(SECOND)
    assert {"A", "B"} <= set(link.cancelled)
    assert rescue.is_done(9 * SECOND)

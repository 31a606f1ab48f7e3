"""Hedges that wait for the disk: which words let them go, and which take them back."""

import pytest

from mm._core import events as ev
from mm.driver import Driver
from tests.engine.test_hedging import OTHER, OTHER_SYMBOL, TwoVenues
from tests.engine.world import KRAKEN, MS, SECOND
from tests.live.test_waiting_orders import Disk, Wire


class Waiting(TwoVenues):
    """A quote has filled, and its hedge waits for a disk that hangs."""

    def begin(self):
        self.places = self.ready()
        self.wire = Wire()
        self.disk = Disk(self.recorder)
        self.driver = Driver(self.engine, {KRAKEN: self.wire, OTHER: self.wire}, self.disk)
        self.driver.begin()
        self.disk.hangs = True
        self.fill(self.places[0], self.places[0].size)
        self.go()
        (hedge,) = [order for order in self.engine.orders.open() if order.purpose == "hedge"]
        assert hedge.unsent
        return hedge

    def go(self, after_ns=2 * MS):
        self.now += after_ns
        self.driver.decide(self.now, KRAKEN)

    def well(self):
        self.disk.hangs = False
        self.go()

    def left(self):
        return [each for each in self.wire.sent if type(each) is ev.Place and each.purpose == "hedge"]


def latch(world, step, scope=""):
    world.driver.latch(world.now, [ev.Latched(world.now, step, scope, True, "operator", "")])


GO_ON = {
    "a pause": lambda world: world.driver.operate(world.now, "pause"),
    "a side's pause": lambda world: latch(world, "pause-side", "side=sell"),
    "reduce-only": lambda world: latch(world, "reduce-only"),
    "a cancel elsewhere": lambda world: latch(world, "cancel", "venue=kraken"),
}


@pytest.mark.parametrize("word", GO_ON)
def test_a_hedge_that_waits_goes_on_where_hedges_do(tmp_path, word):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    GO_ON[word](world)
    world.well()
    assert [place.client_id for place in world.left()] == [hedge.client_id]
    assert world.replayed().state_hash() == world.engine.state_hash()


@pytest.mark.parametrize("step", ["flatten", "halt", "cancel"])
def test_a_hedge_that_waits_is_taken_back_by_a_step_that_cancels_and_made_anew_where_debts_are_paid(tmp_path, step):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    world.disk.hangs = False
    latch(world, step)
    world.go()
    assert hedge.state.name == "DENIED"
    assert hedge.client_id not in [place.client_id for place in world.left()]
    world.go(SECOND)
    assert bool(world.left()) == (step == "cancel")


def test_a_hedge_never_leaves_on_a_book_that_was_lost_while_it_waited(tmp_path):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    world.tell(ev.BookReset(world.now, OTHER, OTHER_SYMBOL, "gap"))
    world.well()
    assert hedge.state.name == "DENIED"
    assert world.left() == []
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_hedge_that_waits_is_taken_back_once_quotes_unwound_its_debt(tmp_path):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    # The other quote fills by more than the first did: now the other side is owed.
    world.fill(world.places[1], world.places[1].size)
    world.fill(world.places[1], world.places[0].size, "E9")
    world.well()
    assert hedge.state.name == "DENIED"
    world.go(SECOND)
    (left,) = world.left()
    assert left.side == -hedge.side
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_hedge_that_waits_is_made_smaller_where_less_is_owed(tmp_path):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    part = world.places[1].size // 4
    world.fill(world.places[1], part)
    world.well()
    world.go(SECOND)
    (left,) = world.left()
    assert left.client_id != hedge.client_id
    assert left.size == world.places[0].size - part, "never more than is owed"


def test_hedges_taken_back_before_they_left_are_no_tries_that_got_nothing(tmp_path):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    for number in range(3):
        # To and fro: each time the other side is owed.
        place = world.places[1 - number % 2]
        world.fill(place, 2 * place.size, f"W{number}")
        world.go()
        assert hedge.state.name == "DENIED"
        world.go(SECOND // 4)
        (hedge,) = [order for order in world.engine.orders.open() if order.purpose == "hedge"]
    assert world.desk._failures == world.desk.misses == 1


def test_a_disk_that_hangs_says_nothing_about_the_hedge_venue(tmp_path):
    world = Waiting(tmp_path / "mm.toml")
    hedge = world.begin()
    for _ in range(12):
        world.other_book()
        world.go(SECOND // 2)
    assert hedge.state.name == "DENIED"
    assert world.desk.misses <= 1
    assert world.desk._failures <= 1
    told = [event.text for event in world.recorder.events if type(event) is ev.Alert]
    assert sum("hedges in a row were kept back: not sent, the disk" in text for text in told) == 1
    world.disk.hangs = False
    world.go(SECOND // 4)
    world.go(SECOND // 4)
    left = world.left()
    assert len(left) == 1, "nothing was tried: nothing more is waited for"
    assert world.desk.kept >= 5
    world.hedge_fills(left[0], left[0].size)
    assert world.desk.kept == 0, "one that fills ends the row"

"""Orders and amends that wait for the disk: once the engine or an operator does not want them, none of them leaves."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mm._core import events as ev
from mm._core.driver_core import HELD_NS_MAX
from mm.config.canonical import to_json
from mm.driver import Driver
from tests.engine.world import BTC, KRAKEN, MS, SECOND, SYMBOL, World

BUY, SELL = 1, -1


class Disk:
    """The recorder of a driver whose disk takes nothing while it hangs."""

    def __init__(self, recorder):
        self.record = recorder.record
        self.hangs = False

    def commit(self):
        return not self.hangs


class Wire:
    """A link that keeps what is handed to it."""

    def __init__(self):
        self.sent = []

    def submit(self, now_ns, command):
        self.sent.append(command)
        return ()

    def waiting_orders(self):
        return []


class Waiting(World):
    """A world with a driver: quotes stand, or wait for a disk that hangs."""

    def __init__(self, folder, extra=""):
        super().__init__(path=folder / "mm.toml", extra=extra)
        self.wire = Wire()
        self.disk = Disk(self.recorder)
        self.driver = Driver(self.engine, {KRAKEN: self.wire}, self.disk)
        self.driver.begin()
        self.stood = []
        self.instrument()
        self.up()

    def hang(self):
        self.disk.hangs = True
        return self

    def wait(self, bid=600_000, ask=600_010):
        """A book is heard, and what follows from it waits; returns the orders by side."""
        self.hang().go(bid, ask)
        found = {order.side: order for order in self.engine.orders.open()}
        assert set(found) == {BUY, SELL}
        assert self.sent(ev.Place) == []
        return found

    def stand(self):
        """Both quotes stand; returns them by side."""
        self.go(600_000, 600_010)
        self.accept(*self.sent(ev.Place))
        self.stood = [place.client_id for place in self.sent(ev.Place)]
        self.wire.sent.clear()
        return {order.side: order for order in self.engine.orders.open()}

    def go(self, bid=0, ask=0, after_ns=2 * MS):
        self.now += after_ns
        if bid:
            self.book(bid, ask)
        self.driver.decide(self.now, KRAKEN)

    def well(self):
        """The disk has everything, and is looked at."""
        self.disk.hangs = False
        self.go()

    def sent(self, kind):
        return [command for command in self.wire.sent if type(command) is kind]

    def sides(self):
        """Of the orders that left."""
        return sorted(place.side for place in self.sent(ev.Place))

    def denied(self):
        return {event.client_id for event in self.recorder.events if type(event) is ev.OrderDenied}

    def check(self):
        assert self.replayed().state_hash() == self.engine.state_hash(), "a replay ends elsewhere"
        assert not any(order.unsent for order in self.engine.orders.open()), "nothing waits any more"
        ours = {place.client_id for place in self.recorder.events if type(place) is ev.Place}
        left = {place.client_id for place in self.sent(ev.Place)}.union(self.stood)
        assert ours - left == self.denied(), "an order either left or was denied"


def latched(step, *scopes):
    return lambda world: world.driver.latch(
        world.now, [ev.Latched(world.now, step, scope, True, "operator", "") for scope in scopes or ("",)]
    )


def said(action, argument=""):
    return lambda world: world.driver.operate(world.now, action, argument)


def told(*events):
    def tell(world):
        world.tell(*(event(world) for event in events))
        world.driver.decide(world.now, KRAKEN)

    return tell


def stale(world):
    """Time passes, and no word of the book."""
    world.go(after_ns=int(world.settings.limits.book_age_ms_max) * MS + 1)


def smaller(world):
    """No position may be as large as a quote any more."""
    limits = replace(world.settings.limits, max_per_symbol={SYMBOL: Decimal("0.001")})
    world.driver.change(world.now, to_json(replace(world.settings, limits=limits)))


FORBIDDEN = {
    "paused": said("pause"),
    "the strategy is paused": said("pause", "test"),
    "the strategy is stopped": said("stop", "test"),
    "the run stops": said("stop"),
    "both sides are paused": latched("pause-side", "side=buy", "side=sell"),
    "the quoted market is reduced only": latched("reduce-only", "venue=kraken"),
    "cancelled": latched("cancel"),
    "flattened": latched("flatten", "strategy=test"),
    "halted": latched("halt"),
    "a trigger": told(lambda world: ev.Latched(world.now, "halt", "", True, "drawdown", "")),
    "the strategy's pause is told": told(lambda world: ev.StrategyPaused(world.now, "test", "raised")),
    "the book is lost": told(lambda world: ev.BookReset(world.now, KRAKEN, SYMBOL, "a frame is missing")),
    "the process stood still": lambda world: (world.driver.stalled(world.now, SECOND), world.go()),
    "the private side is down": told(lambda world: ev.LinkChanged(world.now, KRAKEN, "private", False, "cut")),
    "the venue is in maintenance": told(lambda world: ev.VenueStatus(world.now, KRAKEN, "maintenance")),
    "the book is old": stale,
    "limits are smaller": smaller,
    "another account of it": told(
        lambda world: ev.Difference(world.now, KRAKEN, "position", SYMBOL, "0", "1", BTC, "a read", "unexplained")
    ),
}


@pytest.mark.parametrize("is_well", [False, True], ids=["the disk hangs", "the disk has it in that moment"])
@pytest.mark.parametrize("forbid", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_no_order_that_waits_leaves_once_it_is_forbidden(tmp_path, forbid, is_well):
    world = Waiting(tmp_path)
    waiting = world.wait()
    world.disk.hangs = not is_well
    forbid(world)
    assert {order.state.name for order in waiting.values()} == {"DENIED"}, "F75: what waits may still leave"
    world.well()
    world.go(after_ns=SECOND)
    assert world.sent(ev.Place) == []
    assert world.sent(ev.Cancel) == [], "what never left needs no cancel"
    world.check()


@pytest.mark.parametrize(("side", "stays"), [("buy", SELL), ("sell", BUY)])
def test_a_side_that_is_paused_leaves_the_other_to_go(tmp_path, side, stays):
    world = Waiting(tmp_path)
    waiting = world.wait()
    latched("pause-side", f"side={side}")(world)
    assert waiting[-stays].state.name == "DENIED"
    assert waiting[stays].state.name == "PENDING_NEW"
    world.well()
    assert world.sides() == [stays]
    assert world.sent(ev.Place)[0].client_id == waiting[stays].client_id
    world.check()


def test_under_reduce_only_what_reduces_leaves_and_nothing_else(tmp_path):
    world = Waiting(tmp_path)
    stood = world.stand()
    world.fill(stood[BUY], stood[BUY].size)
    world.tell(ev.OrderCanceled(world.now, world.now, KRAKEN, stood[SELL].client_id, "", -1, "the venue"))
    world.now += SECOND
    waiting = world.wait()
    latched("reduce-only")(world)
    assert waiting[BUY].state.name == "DENIED"
    world.well()
    (place,) = world.sent(ev.Place)
    assert place.side == SELL
    assert place.size <= stood[BUY].size
    world.check()


def test_a_quote_that_is_wanted_elsewhere_is_made_anew_and_the_old_one_never_leaves(tmp_path):
    world = Waiting(tmp_path)
    waiting = world.wait()
    world.go(600_500, 600_510)
    assert {order.state.name for order in waiting.values()} == {"DENIED"}
    world.well()
    places = world.sent(ev.Place)
    assert sorted(place.side for place in places) == [SELL, BUY]
    assert {place.client_id for place in places}.isdisjoint(order.client_id for order in waiting.values())
    assert all(place.price > 600_400 for place in places)
    world.check()


def test_a_quote_that_is_wanted_still_keeps_its_place_in_the_queue(tmp_path):
    world = Waiting(tmp_path)
    waiting = world.wait()
    for _ in range(3):
        world.go(600_000, 600_010)
    world.well()
    assert {place.client_id for place in world.sent(ev.Place)} == {order.client_id for order in waiting.values()}
    world.check()


def halted_with_a_fault(world):
    """What keeps the word breaks: what is left is to cancel past recorder and engine."""
    world.driver.on_latch = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        latched("halt")(world)


@pytest.mark.parametrize(
    "forbid", [said("pause"), latched("halt"), halted_with_a_fault], ids=["paused", "halted", "halted with a fault"]
)
def test_an_amend_that_waits_and_is_not_wanted_any_more_never_leaves_and_its_order_is_cancelled(tmp_path, forbid):
    world = Waiting(tmp_path)
    stood = world.stand()
    world.hang().go(600_100, 600_110, after_ns=SECOND)
    assert {order.state.name for order in stood.values()} == {"PENDING_REPLACE"}
    forbid(world)
    assert world.disk.hangs, "the cancels wait for no disk"
    assert {cancel.client_id for cancel in world.sent(ev.Cancel)} == {order.client_id for order in stood.values()}
    world.canceled(*world.sent(ev.Cancel))
    world.well()
    assert world.sent(ev.Amend) == []
    world.check()


def test_an_amend_that_would_come_too_near_to_the_market_never_leaves_and_one_that_retreats_does(tmp_path):
    world = Waiting(tmp_path)
    stood = world.stand()
    world.hang().go(600_100, 600_110, after_ns=SECOND)
    world.go(599_500, 599_510)
    assert stood[BUY].pending_price < 600_000, "changed anew, from where it stands"
    assert stood[SELL].pending_price > 600_000
    assert [event.code for event in world.recorder.events if type(event) is ev.AmendRejected] == ["withdrawn"]
    world.well()
    assert [(amend.client_id, amend.price > 600_000) for amend in world.sent(ev.Amend)] == [
        (stood[SELL].client_id, True),
        (stood[BUY].client_id, False),
    ]
    assert world.sent(ev.Cancel) == []
    world.check()


def test_an_amend_never_leaves_on_a_book_that_was_lost_and_its_order_stays_as_long_as_any(tmp_path):
    world = Waiting(tmp_path)
    stood = world.stand()
    world.hang().go(600_100, 600_110, after_ns=SECOND)
    FORBIDDEN["the book is lost"](world)
    world.well()
    assert world.sent(ev.Amend) == world.sent(ev.Cancel) == []
    assert {order.state.name for order in stood.values()} == {"NEW"}
    world.go(after_ns=int(world.settings.limits.book_age_ms_max) * MS)
    assert {cancel.client_id for cancel in world.sent(ev.Cancel)} == {order.client_id for order in stood.values()}
    world.check()


def test_amends_that_are_taken_back_are_no_refusals_of_the_venue(tmp_path):
    world = Waiting(tmp_path)
    stood = world.stand()
    world.hang()
    for number in range(40):
        # Up, and back down while it waits.
        world.go(600_100 + number, 600_110 + number, after_ns=SECOND)
        world.go(599_000, 599_010)
    taken = [event for event in world.recorder.events if type(event) is ev.AmendRejected]
    assert len(taken) >= 20
    world.well()
    world.go(600_000, 600_010, after_ns=SECOND)
    assert {amend.client_id for amend in world.sent(ev.Amend)} == {order.client_id for order in stood.values()}


def test_an_order_that_has_left_is_cancelled_as_ever(tmp_path):
    world = Waiting(tmp_path)
    waiting = world.wait()
    world.well()
    said("pause")(world)
    assert world.sent(ev.Cancel) == [], "the venue may not know it yet"
    world.go(after_ns=SECOND)
    assert {cancel.client_id for cancel in world.sent(ev.Cancel)} == {order.client_id for order in waiting.values()}


def test_orders_that_were_taken_back_use_up_none_of_the_venue_s_rate(tmp_path):
    world = Waiting(tmp_path)
    world.wait()
    for price in range(600_100, 603_000, 100):
        world.go(price, price + 10, after_ns=MS)
    assert len(world.denied()) == 58
    world.well()
    assert world.sides() == [SELL, BUY]
    world.check()


def test_an_order_that_waited_while_the_process_stood_still_is_denied_although_the_disk_has_it(tmp_path):
    world = Waiting(tmp_path)
    waiting = world.wait()
    world.disk.hangs = False
    world.now += HELD_NS_MAX
    world.book(600_000, 600_010)
    world.driver.decide(world.now, KRAKEN)
    assert {order.state.name for order in waiting.values()} == {"DENIED"}
    world.check()

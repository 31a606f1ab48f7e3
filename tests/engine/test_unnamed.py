"""Which executions without a name are asked for, after an order like them was refused."""

import pytest

from mm._core import events as ev
from tests.engine.contracts import CONTRACT, E12, FUTURES, PERPETUAL, SELL, Contracts
from tests.engine.world import MS, SECOND


@pytest.fixture
def world(tmp_path):
    return Contracts(tmp_path / "mm.toml").ready_to_quote()


def told(world, price, *, execution="E1", name="", venue_id="V77", side=SELL, size=100, early_ns=0):
    head = (world.now, world.now - early_ns, FUTURES, name, venue_id, PERPETUAL)
    world.tell(ev.Fill(*head, side, execution, price, size, -1, "t", E12, "USDT"))


def refused(world, hedge):
    world.tell(ev.OrderRejected(world.now, world.now, FUTURES, hedge.client_id, "", "funds", "2005"))


def asked(world):
    return [event.venue_id for event in world.decide(200 * MS) if type(event) is ev.QueryOrder and event.venue_id]


@pytest.mark.parametrize("is_late", [False, True], ids=["refusal first", "execution first"])
def test_an_execution_like_a_refused_order_is_asked_for_once_whichever_comes_first(world, is_late):
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    if is_late:
        told(world, hedge.price)
        assert not asked(world)
        refused(world, hedge)
    else:
        refused(world, hedge)
        told(world, hedge.price)
    assert asked(world) == ["V77"]
    told(world, hedge.price)
    told(world, hedge.price, execution="E2", size=1)
    assert not asked(world), "one order is asked for once, however many executions of it are told"
    assert world.engine.unnamed.holds(world.now, FUTURES, PERPETUAL)
    assert not world.engine.unnamed.holds(world.now, FUTURES, "ETH/USDT:USDT"), "another symbol waits for nothing"
    assert not world.engine.unnamed.holds(world.now, "kraken"), "another venue waits for nothing"
    assert not world.engine.unnamed.holds(world.now + 11 * SECOND, FUTURES, PERPETUAL), "it waits for ever"


UNLIKE = {
    "of the other side": {"side": -SELL},
    "larger": {"size": 101},
    "of long before": {"early_ns": 4 * SECOND},
    "with a name": {"name": "by-hand"},
    "without an order": {"venue_id": ""},
}


@pytest.mark.parametrize("unlike", [*UNLIKE, ""])
def test_only_an_execution_like_a_refused_order_is_asked_for(world, unlike):
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    refused(world, hedge)
    # Two clocks may tell it two seconds apart.
    told(world, hedge.price, **({"early_ns": 2 * SECOND} | UNLIKE.get(unlike, {})))
    assert asked(world) == ([] if unlike else ["V77"])


def test_what_is_to_be_asked_waits_until_the_venue_can_be_reached(world):
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    refused(world, hedge)
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", False, "gone"))
    told(world, hedge.price)
    assert not asked(world)
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", True, ""))
    assert asked(world) == ["V77"]


def external(world, signed, price):
    """The position alone has moved, and that was booked as somebody else's doing."""
    assert world.market.perpetual.gap == signed
    world.tell(ev.PositionChanged(world.now, FUTURES, PERPETUAL, signed, price, 2 * price, "the venue's position"))
    assert world.engine.perpetuals.externals == 1


@pytest.mark.parametrize("is_refused", [True, False])
def test_what_was_booked_as_external_goes_back_only_for_an_order_that_was_refused(world, is_refused):
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    if is_refused:
        refused(world, hedge)
    world.position(-100)
    external(world, -100, hedge.price)
    assert world.market.position.quantity == -100
    for number, size in enumerate((60, 40)):
        told(world, hedge.price, execution=f"E{number}", name=hedge.client_id, size=size)
        booked = (60, 100)[number]
        held = -100 if is_refused else -100 - booked
        assert world.market.position.quantity == held, "a fill in parts takes back each part, and of no other order"


def test_a_question_about_an_order_that_is_open_is_none_of_these(world):
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    world.tell(ev.QueryOrder(world.now, FUTURES, hedge.client_id, ""))
    assert hedge.client_id in world.engine.venues[FUTURES].doubtful
    assert not world.engine.unnamed.holds(world.now, FUTURES)

"""What trading costs: told rates, stated ones, and those that fills were charged."""

from mm._core import events as ev
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from tests.engine.world import KRAKEN, SETTINGS, SYMBOL

TOLD_E8 = 250_000
"""A quarter of a per cent."""


def ready(world):
    """Quotes stand, and the account's rates are told."""
    places = world.ready()
    world.tell(ev.FeeRates(world.now, KRAKEN, SYMBOL, TOLD_E8, 2 * TOLD_E8))
    return next(place for place in places if place.side > 0)


def charge(world, place, size, fee_e12, execution):
    """A maker's fill of so much, with such a fee in dollars."""
    world.fill(place, size, execution, fee=fee_e12)


def maker_e8(world):
    return world.engine.markets[KRAKEN, SYMBOL].instrument.maker_fee_e8


def fee_of(place, size, rate_e8):
    """In 1e-12 dollars; prices have one decimal, sizes eight."""
    return place.price * size * 10**3 * rate_e8 // 10**8


def test_a_fee_too_small_to_tell_the_rates_apart_does_not_let_the_dear_one_go(make_world):
    world = make_world()
    bid = ready(world)
    size = bid.size // 4
    charge(world, bid, size, fee_of(bid, size, 2 * TOLD_E8), "E1")
    assert abs(maker_e8(world) - 2 * TOLD_E8) < 10
    # A third of a cent, whose fee is cut to 0.00001 dollars: between 0 and 0.56 per cent.
    dust, digit = 6, 10**7
    charge(world, bid, dust, fee_of(bid, dust, 2 * TOLD_E8) // digit * digit, "E2")
    assert abs(maker_e8(world) - 2 * TOLD_E8) < 10, "what says nothing was believed"
    charge(world, bid, dust, 0, "E3")
    assert abs(maker_e8(world) - 2 * TOLD_E8) < 10, "a fee cut to nothing was believed"
    charge(world, bid, size, fee_of(bid, size, TOLD_E8), "E4")
    assert maker_e8(world) == TOLD_E8


def test_a_fee_of_nothing_lets_a_dear_rate_go_where_nothing_is_told(make_world):
    world = make_world()
    bid = ready(world)
    world.tell(ev.FeeRates(world.now, KRAKEN, SYMBOL, 0, TOLD_E8))
    size = bid.size // 4
    charge(world, bid, size, fee_of(bid, size, TOLD_E8), "E1")
    assert abs(maker_e8(world) - TOLD_E8) < 10
    charge(world, bid, 1, 0, "E2")
    assert abs(maker_e8(world) - TOLD_E8) < 10, "a fee cut to nothing was believed"
    charge(world, bid, size, 0, "E3")
    assert maker_e8(world) == 0


def test_a_definition_without_rates_keeps_those_that_are_told_each_for_itself(make_world):
    world = make_world()
    ready(world)
    rebate = -10_000
    world.tell(ev.FeeRates(world.now, KRAKEN, SYMBOL, rebate, TOLD_E8))
    world.instrument()
    instrument = world.engine.markets[KRAKEN, SYMBOL].instrument
    assert (instrument.maker_fee_e8, instrument.taker_fee_e8) == (rebate, TOLD_E8)
    world.instrument(maker_fee_e8=2 * rebate)
    instrument = world.engine.markets[KRAKEN, SYMBOL].instrument
    assert (instrument.maker_fee_e8, instrument.taker_fee_e8) == (2 * rebate, TOLD_E8), "a rebate was taken as unknown"
    world.instrument(taker_fee_e8=3 * TOLD_E8)
    instrument = world.engine.markets[KRAKEN, SYMBOL].instrument
    assert (instrument.maker_fee_e8, instrument.taker_fee_e8) == (2 * rebate, 3 * TOLD_E8)


def test_a_rebate_of_the_venue_goes_before_a_stated_rate(make_world):
    stated = "dead_man_switch_s = 60\nmaker_fee_bps = 25\ntaker_fee_bps = 40"
    world = make_world(settings=SETTINGS.replace("dead_man_switch_s = 60", stated))
    world.instrument(maker_fee_e8=-10_000)
    instrument = world.engine.markets[KRAKEN, SYMBOL].instrument
    assert (instrument.maker_fee_e8, instrument.taker_fee_e8) == (-10_000, 400_000)


def test_what_a_fill_was_charged_outlives_the_process(make_world):
    world = make_world()
    bid = ready(world)
    size = bid.size // 4
    charge(world, bid, size, fee_of(bid, size, 2 * TOLD_E8), "E1")
    dear_e8 = maker_e8(world)
    assert abs(dear_e8 - 2 * TOLD_E8) < 10
    start = ev.Start(world.now, 1, 8, world.engine.config())
    taken_over = ev.Recovered(world.now, *world.engine.snapshot())
    world.engine = Engine(start, world.settings, {KRAKEN: VENUE}, world.recorder)
    world.tell(taken_over)
    # What is told anew says nothing else, and a fill that is charged as told does.
    for _ in range(2):
        market = world.engine.markets[KRAKEN, SYMBOL]
        assert (market.told.maker_fee_e8, market.instrument.maker_fee_e8) == (TOLD_E8, dear_e8)
        world.tell(ev.FeeRates(world.now, KRAKEN, SYMBOL, TOLD_E8, 2 * TOLD_E8))
    charge(world, bid, size, fee_of(bid, size, TOLD_E8), "E2")
    assert maker_e8(world) == TOLD_E8

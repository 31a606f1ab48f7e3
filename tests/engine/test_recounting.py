"""A venue that counts in contracts of another size than before: what it tells, in ours."""

from fractions import Fraction

import pytest

from mm._core import events as ev
from mm.engine.recounting import Recounting, beyond
from tests.engine.contracts import BUY, CONTRACT, E12, FUTURES, PERPETUAL, SELL, Contracts, perpetual
from tests.engine.world import SECOND

LARGER = {"multiplier_precision": 3}
"""Ten of ours."""
HALF = {"multiplier": 5, "multiplier_precision": 5}


@pytest.mark.parametrize(
    ("told", "held", "unit", "expected"),
    [
        (-40, -100, 1, 60),
        (100, 100, 10, 0),
        # The venue trades whole contracts, and tells nothing of the 4 of ours that are none.
        (100, 104, 10, 0),
        (60, 104, 10, -40),
        (120, 104, 10, 20),
        (-100, -104, 10, 0),
        (-60, -104, 10, 40),
        (-20, 104, 10, -130),
        (0, 4, 10, 0),
        (0, -4, 10, 0),
        (0, 104, 10, -104),
        (0, -10, 10, 10),
        (10, 0, 10, 10),
        (0, 0, 10, 0),
        # Two of the venue's are one of ours, of which we know no half.
        (99, 100, Fraction(1, 2), -1),
        (100, 100, Fraction(1, 2), 0),
        # 104 are 41 of 2.5, which are 102 and a half.
        (102, 104, Fraction(5, 2), 0),
        (50, 104, Fraction(5, 2), -54),
    ],
)
def test_what_is_held_beyond_ours(told, held, unit, expected):
    assert beyond(told, held, Fraction(unit)) == expected


def told_of(recounting, *changes):
    for number, change in enumerate(changes, 1):
        recounting.on_definition(perpetual(), perpetual(**change), number * SECOND, is_frozen=number > 1)
    return recounting


def position(size, frozen=0):
    return ev.PositionReport(
        1, 1, FUTURES, PERPETUAL, "P1", SELL, size, frozen, 60_000 * E12, 0, 0, 10, False, 0, 0, 0, -1, 1, 0, "query"
    )


def deal(size, venue_ns, price=600_000):
    return ev.Fill(9 * SECOND, venue_ns, FUTURES, "", "T1", PERPETUAL, BUY, "L1", price, size, -1, "t", E12, "USDT")


def test_positions_are_told_in_the_contracts_of_now_and_deals_in_those_of_their_time():
    recounting = told_of(Recounting(), LARGER)
    ours = perpetual()
    assert recounting.unit(ours) == 10
    assert recounting.position(ours, position(18, 3)) == position(180, 30)
    assert recounting.fill(ours, deal(7, 2 * SECOND)) == deal(70, 2 * SECOND)
    assert recounting.fill(ours, deal(7, SECOND - 1)) == deal(7, SECOND - 1)


def test_other_decimals_of_the_price_are_brought_to_ours_or_tell_nothing():
    recounting = told_of(Recounting(), {"price_precision": 2})
    ours = perpetual()
    assert recounting.unit(ours) == 1
    assert recounting.fill(ours, deal(7, SECOND, 6_000_010)) == deal(7, SECOND, 600_001)
    assert recounting.fill(ours, deal(7, SECOND, 6_000_015)) is None


def test_a_part_of_our_contract_is_told_in_no_deal_and_left_out_of_a_position():
    recounting = told_of(Recounting(), HALF)
    ours = perpetual()
    assert recounting.unit(ours) == Fraction(1, 2)
    assert recounting.position(ours, position(7)) == position(3)
    assert recounting.fill(ours, deal(7, SECOND)) is None


def test_a_change_counts_from_when_it_was_told_first_and_one_that_is_taken_back_anew():
    assert told_of(Recounting(), {}).durable() == {}
    assert told_of(Recounting(), LARGER, LARGER).since_ns == SECOND
    back = told_of(Recounting(), LARGER, {})
    assert (back.unit(perpetual()), back.since_ns) == (1, 2 * SECOND)
    restored = Recounting()
    restored.restore(told_of(Recounting(), LARGER, {"tick": 5} | LARGER).durable())
    assert (restored.unit(perpetual()), restored.since_ns) == (10, SECOND)


def test_an_inverse_contract_is_counted_in_nothing_of_ours():
    assert told_of(Recounting(), {"linear": False}).theirs is None


def resized(tmp_path):
    """We hold 100 short, and the venue counts in contracts of ten."""
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    world.now += 40 * SECOND
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(**LARGER).to_json()))
    return world


def rounds(world, signed, count=4, between_s=15):
    """Whole reads of the account, each with this position."""
    for _ in range(count):
        begun_ns = world.now
        world.wait(1)
        world.position(signed, source="query")
        world.tell(ev.AccountRead(world.now, FUTURES, begun_ns, True, 8, 8, "due"))
        world.wait(between_s)


def test_a_position_that_is_told_in_other_contracts_is_no_difference(tmp_path):
    world = resized(tmp_path)
    rounds(world, -10, 8)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == -100


def test_f69_a_list_that_trails_the_change_is_no_difference(tmp_path):
    """Guard: it tells the contracts of before, as if ten times as much were held."""
    world = resized(tmp_path)
    rounds(world, -100, 4, 8)
    rounds(world, -10, 8)
    assert world.engine.perpetuals.externals == 0, "F69: a list of before the change was booked as of now"
    assert world.market.position.quantity == -100


@pytest.mark.parametrize("left", [0, -4, -10, 3])
def test_what_others_did_is_booked_by_two_whole_reads(tmp_path, left):
    world = resized(tmp_path)
    rounds(world, -10, 3)
    world.tell(deal(10 + left, world.now) if left != -10 else world.margin(1000))
    rounds(world, left, 1)
    assert world.engine.perpetuals.externals == 0
    rounds(world, left, 5)
    assert world.market.position.quantity == 10 * left
    assert world.engine.perpetuals.externals == int(left != -10)
    fees = {"USDT": E12} if left != -10 else {}
    assert world.market.position.fees == fees, "at the venue's own price and fee"
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_deal_of_others_that_is_no_whole_contract_of_ours_stops_nothing(tmp_path):
    """The position tells of it, as of any other."""
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    world.now += 40 * SECOND
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(**HALF).to_json()))
    world.tell(deal(3, world.now))
    assert not world.market.perpetual.foreign
    rounds(world, -197, 8)
    assert world.market.position.quantity == -98
    assert world.engine.perpetuals.externals == 1


def test_a_restart_knows_what_the_venue_counts_in(tmp_path):
    world = resized(tmp_path)
    rounds(world, -10, 3)
    state, state_hash = world.engine.snapshot()
    engine = world.made(world.start, world.settings, world.recorder)
    engine.restore(state)
    assert engine.durable_hash() == state_hash
    recounting = engine.markets[FUTURES, PERPETUAL].perpetual.recounting
    assert recounting.durable() == world.market.perpetual.recounting.durable() != {}


def test_what_was_frozen_for_something_else_is_not_compared(tmp_path):
    world = Contracts(tmp_path / "mm.toml")
    world.futures_up(linear=False)
    world.ready()
    world.position(-100, source="query")
    rounds(world, -50, 6)
    assert world.engine.perpetuals.externals == 0


def test_an_own_fill_of_before_is_booked_in_the_contracts_of_its_time(tmp_path):
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    world.now += SECOND
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(**LARGER).to_json()))
    world.hedge_fills(hedge, 100)
    rounds(world, -10, 6)
    assert world.market.position.quantity == -100
    assert world.engine.perpetuals.externals == 0


def test_a_change_that_is_taken_back_is_compared_on(tmp_path):
    """The instrument stays frozen, but what is held there is counted in ours again."""
    world = resized(tmp_path)
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual().to_json()))
    rounds(world, -70, 8)
    assert world.market.is_frozen
    assert world.market.position.quantity == -70

"""Starts that go on where killed ones were: in the world of faults, judged by the venues' own ledgers."""

import os
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from mm._core import events as ev
from mm.chaos.faults import Fault
from mm.chaos.running import Trial
from mm.chaos.settings import read
from mm.chaos.world import World
from mm.config.canonical import to_json
from mm.engine.balances import residual
from mm.engine.engine import Engine
from mm.errors import InvariantError
from mm.live.recovering import faces_of
from mm.risk import APPROVED
from tests.engine.contracts import FUTURES, PERPETUAL, Contracts, perpetual
from tests.engine.world import SECOND

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else range(3)


def played(seed, restarts, *, seconds=180, more=(), lost=(0.0, 0.0, 0.02, 0.3)):
    chance = Random(f"restarts {seed}")
    moments = sorted(chance.uniform(6, seconds - 20) for _ in range(restarts))
    faults = [Fault(12, act="restart", at_s=round(at, 3), duration_s=chance.choice(lost)) for at in moments]
    world = World(read(None, seed), seed, [*faults, *more], seconds)
    report = world.play()
    assert report.is_good, (report.violations, report.crash)
    assert sum(type(event) is ev.Recovered for event in world.journal.events) == restarts
    return world, report


@pytest.mark.parametrize("seed", SEEDS)
def test_f72_a_bot_that_is_killed_again_and_again_ends_with_the_books_of_the_venues(seed):
    """Guard: the journal is read back before anything is decided, and the venues from where it ends."""
    world, report = played(seed, 6)
    assert report.fills > 5
    assert world._epoch == 7


@pytest.mark.parametrize("seed", SEEDS)
def test_f72_restarts_among_other_faults(seed):
    faults = [fault for fault in Trial(seed, 3).draw() if fault.act not in ("kill", "disk", "stop", "restart")]
    played(seed, 3, more=faults)


def restarted(make_world, world, epoch):
    """Another start, on what the engine of a world knows."""
    state, told = world.engine.durable_state(), world.engine.durable_hash()
    fresh = make_world(epoch=epoch)
    fresh.now = world.now
    fresh.tell(ev.Recovered(fresh.now, state, told))
    return fresh


def test_f72_a_crash_loop_cannot_buy_the_cap_again(make_world):
    """Guard: the position that counts in the limits is carried over."""
    world, bought = make_world(), 0
    for number in range(12):
        world.ready()
        places = [event for event in world.recorder.events if type(event) is ev.Place]
        for place in places:
            if place.side > 0:
                world.fill(place, place.size, execution=f"E{number}")
                bought += place.size
        assert world.engine.markets["kraken", "BTC/USD"].position.quantity == bought
        world = restarted(make_world, world, number + 8)
    assert 0 < bought <= 6_000_000, "the cap of 0.06 BTC, over all starts"
    world.ready()
    assert not any(type(event) is ev.Place and event.side > 0 for event in world.recorder.events)


def test_contracts_that_were_held_before_count_in_limits_and_exposure(tmp_path):
    world = Contracts(tmp_path / "mm.toml", limits='max_per_symbol = { "BTC/USDT:USDT" = 0.005 }')
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual().to_json()))
    world.position(-40, position_id="old")
    world.ready_to_quote()
    market = world.market
    assert (market.position.quantity, market.base_quantity) == (0, -40)
    limits, price = world.engine.limits, market.bid
    market.refresh(world.engine.orders, world.now)
    # 50 contracts are the cap: 40 were there.
    assert limits.check(market, -1, price, 10, post_only=False, orders_open=0, others_micro_usd=0) is APPROVED
    refused = limits.check(market, -1, price, 11, post_only=False, orders_open=0, others_micro_usd=0)
    assert refused.gate == "position"
    assert limits.check(market, 1, price, 90, post_only=False, orders_open=0, others_micro_usd=0) is APPROVED
    assert market.state.position == 0, "what a strategy did not do is no position of its own"


def engine_of(settings, epoch):
    return Engine(ev.Start(0, 1, epoch, to_json(settings)), settings, faces_of(settings), Nothing())


class Nothing:
    def record(self, event):
        raise AssertionError(f"nothing is decided here: {event}")


def without(settings, venue):
    """The same configuration without a venue, and what quotes and hedges there."""
    return replace(
        settings,
        venues={name: each for name, each in settings.venues.items() if name != venue},
        strategies={name: each for name, each in settings.strategies.items() if each.venue != venue},
        hedging={name: each for name, each in settings.hedging.items() if venue not in (each.primary, each.hedge)},
    )


COMING = [(2, "mexc_futures"), (3, "mexc_spot")]


@pytest.mark.parametrize(("seed", "gone"), COMING if os.environ.get("MM_CAMPAIGN") else COMING[:1])
def test_venues_and_hedges_may_come_and_go_between_two_starts(seed, gone):
    """What a start has beyond the one before has nothing behind it yet, and is no difference."""
    settings = read(None, seed)
    world = World(settings, seed, [], 40)
    report = world.play()
    assert report.is_good, report.violations
    assert report.fills
    full = world.engine
    assert gone in full.venues
    assert any(gone in key for desk in full.desks.values() for key in desk.markets)
    told = abs(residual(full))
    assert told < Fraction(1, 10**6), "the venues' balances say the same as the profit"

    small = engine_of(without(settings, gone), 2)
    small.apply(ev.Recovered(world.now_ns, *full.snapshot()))
    assert gone not in small.venues
    for name in small.venues:
        for asset, total in full.venues[name].balances.items():
            small.apply(ev.Balance(world.now_ns, name, asset, total, "query"))
    assert abs(residual(small)) == told, "as the last start of the venue left it"

    again = engine_of(settings, 3)
    again.apply(ev.Recovered(world.now_ns, *small.snapshot()))
    assert again.venues[gone].history_ns == full.venues[gone].history_ns
    for key, market in full.markets.items():
        assert again.markets[key].position.state_hash() == market.position.state_hash(), key
    for name, desk in full.desks.items():
        assert again.desks[name].ledger.durable() == desk.ledger.durable(), name


def test_a_hash_that_is_not_the_states_is_refused_all_the_same():
    world = World(read(None, 2), 2, [], 30)
    assert world.play().is_good
    state, told = world.engine.snapshot()
    with pytest.raises(InvariantError, match="comes out otherwise"):
        engine_of(world.settings, 2).apply(ev.Recovered(world.now_ns, state, told ^ 1))


@pytest.mark.parametrize("whose", ["earlier", "own", "own, and its name is forgotten"])
def test_an_execution_that_is_told_again_after_its_order_is_forgotten_is_booked_once(make_world, monkeypatch, whose):
    """Not its order either is taken over again, though a start after another one looks for those that it lacks."""
    monkeypatch.setattr("mm.engine.engine.CLOSED_MAX", 2)
    monkeypatch.setattr("mm.engine.engine.EXECUTIONS_MAX", 2)
    is_earlier, is_name_gone = whose == "earlier", "name" in whose
    world = make_world()
    first, *others = world.ready()
    for each in others if is_earlier else (first, *others):
        head = (world.now, world.now, "kraken", each.client_id, "V" + each.client_id)
        world.tell(ev.OrderCanceled(*head, 0, "by hand"))
    world = restarted(make_world, world, 8)
    quotes = world.ready()
    first = first if is_earlier else quotes[0]
    # After the last that the start before knew of.
    world.now += SECOND
    for place in (first, *(each for each in quotes if each is not first)):
        world.fill(place, place.size, execution=place.client_id, cum=place.size)
    orders, market = world.engine.orders, world.engine.markets["kraken", "BTC/USD"]
    name = first.client_id
    for step in range(1, 60):
        is_known = orders.get(name) is not None or orders.knows_execution("kraken", "BTC/USD", name)
        if not is_known and not (is_name_gone and orders.has_forgotten(name)):
            break
        world.now += SECOND
        world.book(600_000 + 10 * step, 600_010 + 10 * step)
        for place in [command for command in world.decide() if type(command) is ev.Place]:
            world.accept(place)
            world.fill(place, place.size, execution=place.client_id, cum=place.size)
    else:
        raise AssertionError("it is remembered")
    held, executions = market.position.quantity, market.position.fill_count
    world.fill(first, first.size, execution=name, cum=first.size)
    world.decide(SECOND)
    head = (world.now, world.now, "kraken", name, "V" + name)
    facts = ("BTC/USD", first.side, "filled", first.price, first.size, first.size, "", "query")
    world.tell(ev.OrderReport(*head, *facts))
    assert (market.position.quantity, market.position.fill_count) == (held, executions)

"""The durable state follows from the durable events alone, and a fresh engine goes on from it.

The streams are those of whole runs in the world of faults: three venues, quotes, hedges, funding, reads, differences.
"""

import json
import os
from random import Random

import pytest

from mm._core import events as ev
from mm.chaos.faults import Fault
from mm.chaos.running import Trial
from mm.chaos.settings import read
from mm.chaos.world import World
from mm.config.canonical import from_json
from mm.engine import Engine
from mm.errors import InvariantError
from mm.inventory.hedging import parameters_of as policies_of
from mm.persistence.journal import DURABLE
from mm.persistence.recorder import NullRecorder
from mm.strategies import parameters_of

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else range(2)
CUT = {"on": "clock", "action": "adl", "percent": 40, "told": "push", "at_s": 50.0, "every_s": 20.0}


@pytest.fixture(scope="module", params=SEEDS)
def run(request):
    """A run of two minutes with its faults, played to the end."""
    trial = Trial(request.param, 2)
    # One start: what a restart reads back is an event that begins anew.
    faults = [fault for fault in trial.draw() if fault.act != "restart"]
    world = World(read(None, request.param), request.param, faults, 120)
    report = world.play()
    assert report.is_good, (report.violations, report.crash)
    assert report.fills > 5
    return world


def fresh(world, config=None):
    engine = Engine(
        world.journal.events[0],
        from_json(config or world.journal.events[0].config, parameters_of, policies_of),
        world.faces,
        NullRecorder(),
    )
    engine.is_recovering = True
    return engine


def feed(engine, events):
    for event in events:
        engine.apply(event)


def test_the_market_stream_makes_no_difference_after_any_durable_event(run):
    events = run.journal.events[1:]
    durable = [event for event in events if type(event) in DURABLE]
    whole, alone, some = fresh(run), fresh(run), fresh(run)
    chance = Random(run.seed)
    hashes = set()
    for event in events:
        whole.apply(event)
        if type(event) in DURABLE:
            alone.apply(event)
            some.apply(event)
            hashes.add(whole.durable_hash())
            assert whole.durable_hash() == alone.durable_hash() == some.durable_hash(), event
        elif chance.random() < 0.5 and type(event) is not ev.BookFrame:
            some.apply(event)
    assert len(durable) > 100
    assert len(hashes) > 50
    assert alone.durable_hash() == run.engine.durable_hash()
    quantities = {key: market.position.quantity for key, market in run.engine.markets.items()}
    assert {key: market.position.quantity for key, market in alone.markets.items()} == quantities


def test_a_fresh_engine_goes_on_from_any_state(run):
    events = [event for event in run.journal.events[1:] if type(event) in DURABLE]
    chance = Random(f"cuts {run.seed}")
    engine = fresh(run)
    for number, event in enumerate(events):
        engine.apply(event)
        if chance.random() < 0.1 or number == len(events) - 1:
            state, told = engine.durable_state(), engine.durable_hash()
            engine = fresh(run)
            engine.restore(state)
            engine.is_recovering = True
            assert engine.durable_hash() == told
            assert json.loads(engine.durable_state()) == json.loads(state)
    assert engine.durable_hash() == run.engine.durable_hash()


def test_profit_goes_on_with_its_parts(run):
    engine = fresh(run)
    engine.restore(run.engine.durable_state())
    for key, market in run.engine.markets.items():
        other = engine.markets[key]
        assert other.profit.durable() == market.profit.durable()
        assert other.position.state_hash() == market.position.state_hash()
    before, after = run.engine.accounts.facts(), engine.accounts.facts()
    assert after == before
    for name, desk in run.engine.desks.items():
        assert engine.desks[name].ledger.state_hash() == desk.ledger.state_hash()
        assert engine.desks[name].ledger.net == desk.ledger.net
    assert engine.orders.state_hash() == run.engine.orders.state_hash()


def test_what_the_settings_have_no_place_for_is_kept_as_it_is(run):
    state = run.engine.durable_state()
    settings = json.loads(run.journal.events[0].config)
    (gone,) = {hedge["hedge"] for hedge in settings["hedging"].values()}
    fewer = settings | {"hedging": {}, "venues": {"kraken": settings["venues"]["kraken"]}, "conversion": {}}
    engine = fresh(run, json.dumps(fewer).encode())
    engine.restore(state)
    assert (gone, "BTC/USDT") not in engine.markets
    assert {each["venue"] for each in engine.elsewhere["markets"]} >= {gone}
    assert [*engine.elsewhere["hedges"]] == ["btc"]
    assert engine.accounts.durable()["markets"] == run.engine.accounts.durable()["markets"]
    again = fresh(run)
    again.restore(engine.durable_state())
    assert again.durable_hash() == run.engine.durable_hash()


def test_a_state_of_another_form_is_refused(run):
    state = json.loads(run.engine.durable_state())
    state["facts"]["form"] = 99
    with pytest.raises(InvariantError, match="form 99"):
        fresh(run).restore(json.dumps(state).encode())


def test_an_operators_words_hold_over_a_restart(run):
    for words, life in ((("pause",), "paused"), (("stop-strategy",), "stopped"), (("pause", "resume"), "running")):
        engine = fresh(run)
        feed(engine, [event for event in run.journal.events[1:] if type(event) in DURABLE][:50])
        feed(engine, [ev.Operator(engine.last_ns, word, "btc") for word in words])
        feed(engine, [ev.Operator(engine.last_ns, "pause", "")])
        other = fresh(run)
        other.restore(engine.durable_state())
        assert other.is_paused
        assert other.roster.members["btc"].life == life


def test_f68_a_change_from_outside_is_booked_as_it_was_concluded(tmp_path):
    """What a position was cut by is in the stream as a conclusion: no mark price and no timer has to come again."""
    seed = next(each for each in range(100) if "mexc_futures" in read(None, each).venues)
    world = World(read(None, seed), seed, [Fault(11, "mexc_futures", CUT)], 120)
    world.play()
    changes = [event for event in world.journal.events if type(event) is ev.PositionChanged]
    assert changes
    alone = fresh(world)
    feed(alone, [event for event in world.journal.events[1:] if type(event) in DURABLE])
    assert alone.perpetuals.externals == world.engine.perpetuals.externals == len(changes)
    assert alone.durable_hash() == world.engine.durable_hash()

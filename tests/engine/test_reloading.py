"""Other settings in the middle of a run: from one event on, and the same in a replay."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mm._core import events as ev
from mm.config.canonical import to_json
from mm.config.settings import StrategyLimits
from mm.engine.roster import Life
from mm.errors import InvariantError
from tests.engine.listening import Listener
from tests.engine.test_hedging import TwoVenues
from tests.engine.test_strategies_apart import OTHER
from tests.engine.test_strategies_by_name import Named, of_kind
from tests.engine.world import BTC, KRAKEN, SECOND, SYMBOL


@pytest.fixture
def world(tmp_path):
    made = Named(tmp_path / "mm.toml")
    made.ready()
    return made


def reload(world, *, limits=None, hedging=None, **strategies):
    """Take other limits, or strategies with other fields."""
    old = world.engine.settings
    fresh = {name: replace(old.strategies[name], **fields) for name, fields in strategies.items()}
    settings = replace(
        old,
        strategies=old.strategies | fresh,
        limits=replace(old.limits, **(limits or {})),
        hedging=hedging or old.hedging,
    )
    world.tell(ev.SettingsChanged(world.now, to_json(settings)))
    return world.decide()


def other_parameters(world, name, **knobs):
    return {"parameters": replace(world.engine.settings.strategies[name].parameters, **knobs)}


def test_the_next_decision_goes_by_the_new_values(world):
    bids = [order.price for order in world.open_of(SYMBOL) if order.side > 0]
    commands = reload(world, good=other_parameters(world, "good", spread_bps=Decimal(20)))
    moved = [command for command in of_kind(commands, ev.Amend) if command.symbol == SYMBOL]
    assert len(moved) == 2
    assert min(command.price for command in moved) < bids[0] - 500
    assert of_kind(commands, ev.Cancel) == []
    world.check_replay()


def test_caps_hold_from_there_on(world):
    reload(world, limits={"max_order_size": Decimal("0.005"), "default_max_position": Decimal("0.02")})
    market = world.engine.markets[KRAKEN, OTHER]
    assert (market.order_size_max, market.position_max) == (BTC // 200, BTC // 50)
    reload(world, limits={"liquidation_distance_min_bps": Decimal(700)})
    assert world.engine.perpetuals.distance_e8 == 7_000_000
    reload(world, limits={"max_open_orders": 1, "max_total_exposure_usd": Decimal(1), "book_age_ms_max": 500})
    (bid,) = world.open_of(OTHER)
    world.fill_of = (OTHER, 1, "E1", bid.price, bid.size, bid.size, "m", 0, "USD")
    world.tell(ev.Fill(world.now, world.now, KRAKEN, bid.client_id, bid.venue_id, *world.fill_of))
    assert of_kind(world.decide(), ev.Place) == []
    world.now += SECOND
    world.decide()
    assert market.last.gate == "the book is 1.0 s old"
    world.check_replay()


def test_caps_of_its_own_come_and_go(world):
    market = world.engine.markets[KRAKEN, OTHER]
    reload(world, second={"limits": StrategyLimits(max_order_size=Decimal("0.001"))})
    assert (market.is_capped, market.own_size_max) == (True, BTC // 1000)
    assert Listener.told == [("second", "start", 0)]
    reload(world, second={"limits": None})
    assert not market.is_capped
    world.check_replay()


def test_who_has_other_parameters_is_made_anew_and_keeps_its_orders(world):
    (order,) = world.open_of(OTHER)
    before = world.engine.markets[KRAKEN, OTHER].strategy
    commands = reload(world, second=other_parameters(world, "second", size=Decimal("0.03")))
    assert world.told() == [("start", 0), ("stop", "its settings changed"), ("start", 0)]
    assert world.engine.markets[KRAKEN, OTHER].strategy is not before
    (amend,) = of_kind(commands, ev.Amend)
    assert (amend.client_id, amend.size) == (order.client_id, 3 * BTC // 100)
    world.check_replay()


@pytest.mark.parametrize("word", ["pause", "stop-strategy"])
def test_who_is_held_back_stays_so_and_has_the_new_values_later(world, word):
    world.canceled(*of_kind(world.say(word), ev.Cancel))
    reload(world, second=other_parameters(world, "second", size=Decimal("0.02")))
    assert world.open_of(OTHER) == []
    assert world.engine.roster.members["second"].life is not Life.RUNNING
    (place,) = of_kind(world.say("resume" if word == "pause" else "start"), ev.Place)
    assert place.size == BTC // 50
    told = [facts[0] for facts in world.told()]
    assert told == ["start", "stop", "start"]
    world.check_replay()


def test_settings_of_another_run_are_an_error_and_change_nothing(world):
    old = world.engine.settings
    fewer = replace(old, strategies={"good": old.strategies["good"]})
    with pytest.raises(InvariantError, match="other strategies"):
        world.engine.apply(ev.SettingsChanged(world.now, to_json(fewer)))
    assert world.engine.settings is old


def test_a_hedge_goes_by_its_new_threshold_and_the_debt_stays(tmp_path):
    world = TwoVenues(tmp_path / "mm.toml")
    bid, _ = world.ready()
    world.other_up()
    world.decide()
    desk = world.desk
    old = world.engine.settings.hedging["btc"]
    high = replace(old, parameters=replace(old.parameters, threshold=Decimal(5000)))
    reload(world, hedging={"btc": high})
    assert world.quote_fills(bid, BTC // 100) == []
    assert desk.ledger.net == 10**10
    hedges = [command for command in reload(world, hedging={"btc": old}) if getattr(command, "purpose", "") == "hedge"]
    assert [hedge.size for hedge in hedges] == [BTC // 100]
    assert world.replayed().state_hash() == world.engine.state_hash()

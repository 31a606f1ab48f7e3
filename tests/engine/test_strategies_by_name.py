"""Strategies are started, paused, resumed and stopped by name, each with caps and orders of its own."""

from itertools import product

import pytest

from mm._core import events as ev
from mm.config import SettingsError
from mm.engine.roster import FAIL, NEXT, WORDS, Life
from mm.quotes import Quote
from tests.engine.listening import Listener
from tests.engine.test_strategies_apart import OTHER, Two
from tests.engine.world import BTC, KRAKEN, SECOND, SYMBOL

SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false

[strategies.good]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0
{good}

[strategies.second]
kind = "tests.engine.listening:Listener"
symbol = "ETH/USD"
{second}

[limits]
default_max_position = 1
"""


class Named(Two):
    """breaks: further keys of the second strategy; good: of the first."""

    settings_text = SETTINGS

    def __init__(self, path, second="", good=""):
        Listener.told.clear()
        super().__init__(path, {"second": second, "good": good})

    def say(self, word, name="second"):
        self.tell(ev.Operator(self.now, word, name))
        return self.decide()

    def told(self):
        return [facts[1:] for facts in Listener.told]

    def check_replay(self):
        heard = list(Listener.told)
        Listener.told.clear()
        assert self.replayed().state_hash() == self.engine.state_hash()
        hooks = [facts for facts in heard if facts[1] != "asked"]
        again = [facts for facts in Listener.told if facts[1] != "asked"]
        # A test may have begun to listen late.
        assert again[len(again) - len(hooks) :] == hooks


@pytest.fixture
def world(tmp_path):
    made = Named(tmp_path / "mm.toml")
    made.ready()
    return made


def of_kind(commands, kind):
    return [command for command in commands if type(command) is kind]


def test_the_table_of_lives_has_every_life_with_every_word():
    assert set(NEXT) == set(product(Life, (*WORDS, FAIL)))


def test_a_stopped_one_is_told_and_only_its_orders_are_cancelled(world):
    (mine,) = world.open_of(OTHER)
    cancels = of_kind(world.say("stop-strategy"), ev.Cancel)
    assert [cancel.client_id for cancel in cancels] == [mine.client_id]
    assert world.told() == [("start", 0), ("stop", "by the operator")]
    world.canceled(*cancels)
    world.books(600_100)
    commands = world.decide(SECOND)
    assert {command.symbol for command in commands} == {SYMBOL}
    assert world.open_of(OTHER) == []
    assert world.engine.markets[KRAKEN, OTHER].last.gate == "strategy second is stopped"
    world.check_replay()


def test_a_started_one_is_made_anew_and_quotes_again(world):
    before = world.engine.markets[KRAKEN, OTHER].strategy
    world.canceled(*of_kind(world.say("stop-strategy"), ev.Cancel))
    assert world.engine.roster.refusal("resume", "second") == "second is stopped: start it"
    places = of_kind(world.say("start"), ev.Place)
    assert [(place.symbol, place.strategy) for place in places] == [(OTHER, "second")]
    assert world.engine.markets[KRAKEN, OTHER].strategy is not before
    assert [facts[0] for facts in world.told()] == ["start", "stop", "start"]
    world.check_replay()


def test_a_paused_one_remembers_and_goes_on_and_a_start_leaves_it_paused(world):
    before = world.engine.markets[KRAKEN, OTHER].strategy
    world.canceled(*of_kind(world.say("pause"), ev.Cancel))
    assert of_kind(world.say("start"), ev.Place) == []
    assert world.engine.roster.refusal("start", "second") == "second is paused: resume it"
    assert len(of_kind(world.say("resume"), ev.Place)) == 1
    assert world.engine.markets[KRAKEN, OTHER].strategy is before
    assert world.told() == [("start", 0)]
    world.check_replay()


def test_one_that_waits_for_the_operator_quotes_once_it_is_started(tmp_path):
    world = Named(tmp_path / "mm.toml", second="autostart = false")
    world.ready()
    assert world.open_of(OTHER) == []
    assert len(world.open_of(SYMBOL)) == 2
    assert world.told() == []
    places = of_kind(world.say("start"), ev.Place)
    assert [place.symbol for place in places] == [OTHER]
    assert world.told() == [("start", 0)]
    world.check_replay()


def test_a_word_before_the_venue_has_told_of_the_symbol_holds(tmp_path):
    world = Named(tmp_path / "mm.toml")
    world.say("stop-strategy")
    world.ready()
    assert world.open_of(OTHER) == []
    assert world.told() == []
    assert len(of_kind(world.say("start"), ev.Place)) == 1
    world.check_replay()


def test_all_are_told_when_the_run_stops_and_nobody_starts_after_that(world):
    world.say("stop", "enough")
    assert world.told() == [("start", 0), ("stop", "enough")]
    world.say("stop-strategy")
    world.say("start")
    assert len(world.told()) == 2
    world.check_replay()


def test_a_word_to_nobody_changes_nothing(world):
    before = world.engine.roster.facts()
    assert of_kind(world.say("stop-strategy", "third"), ev.Cancel) == []
    assert world.engine.roster.facts() == before
    assert world.engine.roster.refusal("pause", "third") == ('no strategy is named "third"; the run has good, second')


@pytest.mark.parametrize("hook", ["start", "stop"])
def test_a_hook_that_raises_is_told_and_the_others_go_on(tmp_path, hook):
    world = Named(tmp_path / "mm.toml", second=f'breaks = "{hook}"')
    world.ready()
    if hook == "stop":
        world.say("stop-strategy")
    (paused,) = of_kind(world.recorder.events, ev.StrategyPaused)
    assert paused.strategy == "second"
    assert f"ZeroDivisionError: in {hook}" in paused.reason
    assert len(world.open_of(SYMBOL)) == 2
    expected = Life.STOPPED if hook == "stop" else Life.FAILED
    assert world.engine.roster.members["second"].life is expected
    world.check_replay()


def test_one_that_failed_hears_no_more_until_it_is_made_anew(tmp_path):
    world = Named(tmp_path / "mm.toml", second='breaks = "Trade"\nanywhere = ["trade"]')
    world.ready()
    trade = ev.Trade(world.now, world.now, KRAKEN, SYMBOL, 1, 600_000, 5, "T1")
    world.tell(trade)
    world.canceled(*of_kind(world.decide(), ev.Cancel))
    world.tell(trade)
    assert [facts[0] for facts in world.told()] == ["start", "Trade"]
    assert len(of_kind(world.say("start"), ev.Place)) == 1
    assert [facts[0] for facts in world.told()] == ["start", "Trade", "stop", "start"]
    world.check_replay()


# --- caps of its own ------------------------------------------------------------------------------------------------


def capped(tmp_path, limits):
    return Named(tmp_path / "mm.toml", second=f"[strategies.second.limits]\n{limits}")


def test_its_own_order_size_holds_and_the_other_one_has_its_own(tmp_path):
    world = capped(tmp_path, "max_order_size = 0.005")
    world.ready()
    assert world.open_of(OTHER) == []
    assert len(world.open_of(SYMBOL)) == 2
    assert "0.01000000 is over max_order_size of second" in world.engine.markets[KRAKEN, OTHER].last.refused[0]


def test_its_own_position_counts_what_its_orders_filled_and_may_fill(tmp_path):
    world = capped(tmp_path, "max_position = 0.015")
    world.ready()
    (bid,) = world.open_of(OTHER)
    fill = (OTHER, 1, "E1", bid.price, BTC // 100, BTC // 100, "m", 0, "USD")
    world.tell(ev.Fill(world.now, world.now, KRAKEN, bid.client_id, bid.venue_id, *fill))
    market = world.engine.markets[KRAKEN, OTHER]
    assert market.own_quantity == BTC // 100
    assert of_kind(world.decide(), ev.Place) == []
    assert "worst case 0.02000000 ETH is over max_position of second" in market.last.refused[0]
    world.check_replay()


def test_its_own_order_count_holds(tmp_path):
    limits = "[strategies.good.limits]\nmax_open_orders = 1"
    with pytest.raises(SettingsError, match=r"two sides within strategies\.good\.limits\.max_open_orders = 1"):
        Named(tmp_path / "mm.toml", good=limits)
    world = capped(tmp_path, "max_open_orders = 1")
    world.ready()
    (bid,) = world.open_of(OTHER)
    market = world.engine.markets[KRAKEN, OTHER]
    quote = Quote(1, 1, bid.price - 10, bid.size)
    market.refresh(world.engine.orders, world.now)
    refused = world.engine.refusal(world.now, market, None, quote, "new", 0)
    assert refused.reason == "1 of its orders are open, max_open_orders of second is 1"
    assert world.engine.refusal(world.now, market, bid, quote, "moved", 0) is None


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            "max_position = 2",
            "strategies.second.limits.max_position: expected at most the limit for ETH/USD = 1, got 2",
        ),
        ("max_order_size = 0.06", "strategies.second.limits.max_order_size: expected at most limits.max_order_size"),
        ("max_open_orders = 21", "strategies.second.limits.max_open_orders: expected at most limits.max_open_orders"),
        ("max_positon = 1", "strategies.second.limits.max_positon: expected a known key, got an unknown one (did you"),
    ],
)
def test_caps_over_those_of_the_run_are_refused_with_their_line(tmp_path, limits, said):
    with pytest.raises(SettingsError) as caught:
        capped(tmp_path, limits)
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert "mm.toml:18" in str(problem)


def test_orders_of_others_on_its_symbol_stay(world):
    """A hedge that rests where a strategy quotes is the desk's affair."""
    name = world.engine.ids.peek("hedge")
    rest = ("limit", "gtc", True, False, "")
    hedge = ev.Place(world.now, KRAKEN, OTHER, name, "hedge x", "hedge", 0, 1, 599_000, BTC // 100, *rest)
    world.tell(hedge)
    world.accept(hedge)
    (mine,) = [order for order in world.open_of(OTHER) if order.strategy == "second"]
    cancels = of_kind(world.say("stop-strategy"), ev.Cancel)
    assert [cancel.client_id for cancel in cancels] == [mine.client_id]
    world.canceled(*cancels)
    assert of_kind(world.decide(SECOND), ev.Cancel) == []
    assert [order.client_id for order in world.open_of(OTHER)] == [name]

"""The steps of the kill ladder: what each leaves of the quotes, what it cancels and closes, and what a replay makes."""

import pytest

from mm._core import events as ev
from mm.driver import Driver
from mm.engine.ladder import Scope
from mm.steps import STEPS
from tests.engine.test_strategies_apart import OTHER, Two
from tests.engine.world import BTC, KRAKEN, SECOND, SETTINGS, SYMBOL


def latch(world, step, scope="", *, is_on=True, reason=""):
    world.tell(ev.Latched(world.now, step, scope, is_on, "operator", reason))
    return world.decide()


def kinds(commands, kind):
    return [command for command in commands if type(command) is kind]


def quotes(world):
    """What stands, or is on its way, by side."""
    return {order.side: order.price for order in world.engine.orders.open()}


def check_replay(world):
    assert world.replayed().state_hash() == world.engine.state_hash(), "a replay ends elsewhere"


@pytest.mark.parametrize("step", ["cancel", "flatten", "halt"])
def test_a_killing_step_cancels_at_once_and_nothing_comes_after_it_until_it_is_let_go(world, step):
    places = world.ready()
    commands = latch(world, step, reason="news")
    assert {command.client_id for command in kinds(commands, ev.Cancel)} == {place.client_id for place in places}
    world.canceled(*kinds(commands, ev.Cancel))
    for _ in range(20):
        world.book(600_100, 600_110)
        assert kinds(world.decide(SECOND // 10), ev.Place) == [], "a quote while the step is in force"
    (decision,) = world.engine.explain(world.now)
    assert decision.gate == f"kill ladder: {step} by the operator: news; until mm resume"
    assert world.engine.ladder.lines() == [decision.gate]
    check_replay(world)
    assert len(kinds(latch(world, step, is_on=False), ev.Place)) == 2
    check_replay(world)


def test_a_step_keeps_its_first_reason_and_pausing_does_not_let_it_go(world):
    world.ready()
    latch(world, "halt", reason="first")
    latch(world, "halt", reason="second")
    world.tell(ev.Operator(world.now, "resume", ""))
    assert kinds(world.decide(SECOND), ev.Place) == []
    assert world.engine.ladder.lines() == ["kill ladder: halt by the operator: first; until mm resume"]


def test_widen_moves_both_quotes_away_from_the_fair_price(world):
    bid, ask = sorted(world.ready(), key=lambda place: -place.side)
    latch(world, "widen")
    world.decide(SECOND)
    fair = (bid.price + ask.price) / 2
    wide = quotes(world)
    amends = {event.client_id: event.price for event in world.recorder.events if type(event) is ev.Amend}
    assert amends[bid.client_id] == pytest.approx(fair - 3 * (fair - bid.price), abs=1)
    assert amends[ask.client_id] == pytest.approx(fair + 3 * (ask.price - fair), abs=1)
    assert set(wide) == {1, -1}
    (decision,) = world.engine.explain(world.now)
    assert decision.quoting.terms.bid_note == "kill ladder: widen by the operator; until mm resume"
    check_replay(world)


@pytest.mark.parametrize(("side", "sign"), [("buy", 1), ("sell", -1)])
def test_a_paused_side_has_no_quote_and_the_other_stays(world, side, sign):
    gone = [place.client_id for place in world.ready() if place.side == sign]
    commands = latch(world, "pause-side", f"side={side}")
    assert [command.client_id for command in kinds(commands, ev.Cancel)] == gone
    world.canceled(*kinds(commands, ev.Cancel))
    for _ in range(5):
        assert [place.side for place in kinds(world.decide(SECOND), ev.Place) if place.side == sign] == []
    assert set(quotes(world)) == {-sign}
    check_replay(world)


def test_reduce_only_quotes_no_more_than_is_held_and_only_against_it(world):
    bid = next(place for place in world.ready() if place.side > 0)
    world.fill(bid, BTC // 200, cum=BTC // 200)
    commands = latch(world, "reduce-only")
    for _ in range(5):
        world.canceled(*kinds(commands, ev.Cancel))
        for amend in kinds(commands, ev.Amend):
            world.tell(
                ev.OrderAmended(
                    world.now, world.now, KRAKEN, amend.client_id, amend.venue_id, amend.price, amend.size, 0
                )
            )
        world.accept(*kinds(commands, ev.Place))
        world.now += SECOND
        world.book(600_000, 600_010)
        commands = world.decide()
    standing = [(order.side, order.leaves) for order in world.engine.orders.open()]
    assert standing == [(-1, BTC // 200)], "more than what reduces the position stands"
    check_replay(world)


def test_flatten_closes_the_position_in_orders_that_wait_for_each_other(world):
    bid = next(place for place in world.ready() if place.side > 0)
    world.fill(bid, BTC // 200, cum=BTC // 200)
    commands = latch(world, "flatten")
    assert kinds(commands, ev.Place) == [], "an order while own ones stand in its way"
    world.canceled(*kinds(commands, ev.Cancel))
    (close,) = kinds(world.decide(SECOND // 10), ev.Place)
    assert (close.side, close.size, close.purpose) == (-1, BTC // 200, "flatten")
    assert (close.time_in_force, close.reduce_only) == ("ioc", False)
    # The venue says that it is over before it tells what it filled: nothing is closed twice.
    world.accept(close)
    world.tell(
        ev.OrderCanceled(world.now, world.now, KRAKEN, close.client_id, "V" + close.client_id, BTC // 200, "ioc")
    )
    assert kinds(world.decide(3 * SECOND), ev.Place) == [], "a position was closed twice"
    world.fill(close, BTC // 200, execution="E2", cum=BTC // 200)
    assert world.engine.markets[KRAKEN, SYMBOL].position.quantity == 0
    assert kinds(world.decide(3 * SECOND), ev.Place) == []
    check_replay(world)


def test_a_halt_after_a_flatten_lets_the_closing_go_on(world):
    bid = next(place for place in world.ready() if place.side > 0)
    world.fill(bid, BTC // 200, cum=BTC // 200)
    world.canceled(*kinds(latch(world, "halt"), ev.Cancel))
    assert kinds(world.decide(SECOND), ev.Place) == []
    assert [place.purpose for place in kinds(latch(world, "flatten"), ev.Place)] == ["flatten"]


def test_a_stop_takes_over_from_every_step(world):
    world.ready()
    latch(world, "flatten")
    world.tell(ev.Operator(world.now, "stop", "asked"))
    assert kinds(world.decide(5 * SECOND), ev.Place) == []


def test_a_step_of_one_strategy_leaves_the_others_alone(tmp_path):
    world = Two(tmp_path / "mm.toml", "nothing")
    world.ready()
    stood = [order.client_id for order in world.open_of(SYMBOL)]
    others = world.open_of(OTHER)
    assert (len(stood), len(others)) == (2, 1)
    commands = latch(world, "halt", "strategy=good")
    assert sorted(command.client_id for command in kinds(commands, ev.Cancel)) == sorted(stood)
    assert world.open_of(OTHER) == others
    check_replay(world)


def test_the_durable_state_keeps_what_is_in_force(make_world):
    world = make_world()
    world.ready()
    latch(world, "widen")
    latch(world, "halt", "venue=kraken", reason="x")
    fresh = make_world()
    fresh.engine.restore(world.engine.durable_state())
    assert fresh.engine.ladder.durable() == world.engine.ladder.durable()
    assert fresh.engine.ladder.lines() == world.engine.ladder.lines()


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_its_scope_in_words_and_back(step):
    named = Scope("my btc = 1% \u00e4")
    for scope in (Scope(), Scope("btc", "kraken", "buy"), Scope(venue="kraken"), Scope(side="sell"), named):
        assert Scope.of(str(scope)) == scope
    with pytest.raises(ValueError, match="is no scope"):
        Scope.of("side=up")
    with pytest.raises(ValueError, match="is no scope"):
        Scope.of(step)


def test_a_halt_waits_for_no_acknowledgement(world):
    world.instrument()
    world.up()
    world.book(600_000, 600_010)
    places = kinds(world.decide(), ev.Place)
    world.now += SECOND // 200
    cancels = kinds(latch(world, "halt"), ev.Cancel)
    assert {cancel.client_id for cancel in cancels} == {place.client_id for place in places} != set()
    check_replay(world)


def test_a_strategy_may_have_any_name(make_world):
    world = make_world(settings=SETTINGS.replace("[strategies.test]", '[strategies."my btc"]'))
    places = world.ready()
    cancels = kinds(latch(world, "halt", str(Scope("my btc"))), ev.Cancel)
    assert {cancel.client_id for cancel in cancels} == {place.client_id for place in places} != set()
    check_replay(world)


def test_reduce_only_sells_nothing_twice_while_a_fill_is_not_told(world):
    bid = next(place for place in world.ready() if place.side > 0)
    world.fill(bid, BTC // 200, cum=BTC // 200)
    commands = latch(world, "reduce-only")
    for _ in range(5):
        world.canceled(*kinds(commands, ev.Cancel))
        for amend in kinds(commands, ev.Amend):
            now = world.now
            world.tell(ev.OrderAmended(now, now, KRAKEN, amend.client_id, amend.venue_id, amend.price, amend.size, 0))
        world.accept(*kinds(commands, ev.Place))
        world.now += SECOND
        world.book(600_000, 600_010)
        commands = world.decide()
    (ask,) = world.engine.orders.open()
    assert (ask.side, ask.leaves) == (-1, BTC // 200)
    gone = ev.OrderCanceled(world.now, world.now, KRAKEN, ask.client_id, ask.venue_id, BTC // 200, "filled")
    world.tell(gone)
    for _ in range(3):
        world.now += SECOND
        world.book(600_000, 600_010)
        assert kinds(world.decide(), ev.Place) == [], "the position is sold again while its fill is on its way"
    check_replay(world)


def test_the_cancels_of_a_kill_wait_for_no_sync(world):
    world.ready()
    synced = []

    class Synced:
        def record(self, event):
            pass

        def commit(self):
            synced.append(True)

    class Link:
        def submit(self, now_ns, command):
            return ()

    driver = Driver(world.engine, {KRAKEN: Link()}, Synced())
    driver.latch(world.now, [ev.Latched(world.now, "halt", "", True, "operator", "")])
    assert synced == []


PRESSED = {
    "a step": lambda world: latch(world, "cancel"),
    "a stop": lambda world: operate(world, "stop"),
    "a kill": lambda world: operate(world, "kill"),
}


def operate(world, word):
    world.tell(ev.Operator(world.now, word, ""))
    return world.decide()


def with_cancels_that_failed(world):
    """As after a ban, when the venue has just come back: the next try would be up to five seconds away."""
    world.ready()
    world.tell(ev.LinkChanged(world.now, KRAKEN, "private", False, "cut"))
    asked = kinds(world.decide(4 * SECOND), ev.Cancel)
    for cancel in asked:
        head = (world.now, world.now, KRAKEN, cancel.client_id, cancel.venue_id)
        world.tell(ev.OutcomeUnknown(*head, "cancel", "HTTP status 429"))
    world.now += SECOND
    return {cancel.client_id for cancel in asked}


@pytest.mark.parametrize("press", PRESSED)
def test_a_kill_waits_for_no_earlier_cancel_that_got_nowhere(world, press):
    asked = with_cancels_that_failed(world)
    again = kinds(PRESSED[press](world), ev.Cancel)
    assert len(asked) == 2
    assert {cancel.client_id for cancel in again} == asked
    assert kinds(world.decide(SECOND // 10), ev.Cancel) == [], "once"
    check_replay(world)


def test_a_step_elsewhere_asks_for_no_cancel_here_again(world):
    assert with_cancels_that_failed(world)
    assert kinds(latch(world, "cancel", "venue=other"), ev.Cancel) == []

"""I13 in the middle of a run: a step of the kill ladder, a restart under it, and a resume."""

from collections import Counter

import pytest

from mm._core import events as ev
from mm.chaos import world as worlds
from mm.chaos.faults import Fault
from mm.chaos.operator import RESUME, STEPS, words
from mm.chaos.running import Trial
from mm.chaos.settings import read
from mm.chaos.wire import Sent
from mm.chaos.world import SECOND, World
from mm.driver import Driver
from mm.engine.ladder import NAME as LADDER
from mm.simulator.kinds import ACCOUNT, KRAKEN
from tests.chaos.judged import SEED, SYMBOL, broken, good_place, intent, later, standing, young_world


@pytest.fixture
def world():
    return young_world()


def acts(*pairs):
    return [Fault(12, act=act, at_s=at_s) for act, at_s in pairs]


def played(*pairs):
    world = World(read(None, SEED), SEED, acts(*pairs), 90)
    return world, world.play()


def places(world, begin_s, end_s):
    begin_ns, end_ns = (worlds.START + int(s * SECOND) for s in (begin_s, end_s))
    return Counter(
        event.purpose for event in world.journal.events if type(event) is ev.Place and begin_ns < event.recv_ns < end_ns
    )


@pytest.mark.parametrize("step", STEPS)
def test_i13_a_step_holds_over_a_restart_until_it_is_let_go(step):
    world, report = played((step, 30), ("restart", 32), (RESUME, 60))
    assert not report.violations
    assert not report.crash
    assert places(world, 5, 30)["quote"]
    assert not places(world, 30.0, 60)["quote"]
    assert places(world, 60, 90)["quote"]


def test_i13_a_step_that_a_restart_forgets(monkeypatch):
    kept = {kind: each for kind, each in worlds.DURABLE.items() if kind is not ev.Latched}
    monkeypatch.setattr(worlds, "DURABLE", kept)
    _, report = played(("halt", 30), ("restart", 32), (RESUME, 60))
    assert "I13" in {violation.invariant for violation in report.violations}


def test_i13_a_step_that_the_bot_does_not_take(monkeypatch):
    monkeypatch.setattr(Driver, "latch", lambda driver, now_ns, events: None)
    _, report = played(("halt", 30), (RESUME, 60))
    assert {violation.invariant for violation in report.violations} == {"I13"}


def test_i13_a_kill_after_which_no_cancel_leaves(world):
    world.checker.latched(world.now_ns, "halt")
    world.checker.look(world.now_ns + SECOND // 5)
    assert broken(world) == {"I13"}


@pytest.mark.parametrize("kind", ["place", "amend"])
def test_i13_a_quote_under_a_killing_step(world, kind):
    world._latch("cancel")
    later(world, 1)
    intent(world, "mm1Qzz")
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, kind=kind))
    assert broken(world) == {"I13"}


@pytest.mark.parametrize(
    ("step", "purpose", "strategy", "is_allowed"),
    [
        ("cancel", "hedge", "btc", True),
        ("flatten", "hedge", "btc", False),
        ("flatten", "flatten", LADDER, True),
        ("halt", "hedge", "btc", False),
        ("halt", "flatten", LADDER, False),
        ("halt", "flatten", "liquidation guard", True),
    ],
)
def test_i13_what_a_step_allows_besides_quotes(world, step, purpose, strategy, is_allowed):
    world._latch(step)
    later(world, 1)
    intent(world, "mm1Hzz", purpose, strategy=strategy)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, "mm1Hzz"))
    assert ("I13" in broken(world)) is not is_allowed


@pytest.mark.parametrize(
    ("step", "scope", "side", "is_allowed"),
    [
        ("cancel", "venue=kraken", 1, False),
        ("cancel", "venue=mexc_spot", 1, True),
        ("halt", "strategy=other", 1, True),
        ("pause-side", "strategy=btc side=buy", 1, False),
        ("pause-side", "strategy=btc side=sell", 1, True),
        ("reduce-only", "", "with", False),
        ("reduce-only", "", "against", True),
        ("widen", "", 1, True),
    ],
)
def test_i13_a_step_that_came_by_itself(world, step, scope, side, is_allowed):
    while not (held := sum(world.checker._executions[KRAKEN, SYMBOL].values())):
        later(world)
    if side in ("with", "against"):
        side = (1 if held > 0 else -1) * (1 if side == "with" else -1)
    world.journal.events.append(ev.Latched(world.now_ns - 1, step, scope, True, "reject rate", ""))
    intent(world, "mm1Qzz", side=side)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side))
    assert broken(world) == (set() if is_allowed else {"I13"})


@pytest.mark.parametrize("is_asked", [False, True])
def test_i13_an_order_that_stands_through_a_step_and_was_never_cancelled(world, is_asked):
    checker = world.checker
    checker.latched(world.now_ns, "halt")
    if is_asked:
        for order in world.venues[KRAKEN].exchange.open_orders(ACCOUNT):
            checker.sent(world.now_ns, KRAKEN, Sent("cancel", order.request.client_id))
    checker._is_cancelled = True
    checker.resumed(world.now_ns + 11 * SECOND)
    assert broken(world) == (set() if is_asked else {"I13"})
    assert standing(world)


def test_a_third_of_the_seeds_has_an_operator_with_every_step_and_restarts():
    found = Counter(fault.act for seed in range(1, 101) for fault in words(seed, 600))
    assert found.keys() == {*STEPS, "restart", RESUME}
    assert 20 <= found[RESUME] <= 40
    assert found["restart"] >= 10
    assert not words(3, 600, [5, 6])
    assert not any(words(seed, 600, [5]) for seed in range(1, 101))
    seed = next(seed for seed in range(1, 101) if words(seed, 600))
    assert {each.act for each in words(seed, 600)} <= {each.act for each in Trial(seed, 10).draw()}

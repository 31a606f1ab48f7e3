"""I6: exposure, debts, positions and counts, on the worst case of each order that leaves."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mm._core import events as ev
from mm.chaos.faults import Fault
from mm.chaos.running import Trial
from mm.chaos.settings import read
from mm.chaos.world import World
from mm.simulator.kinds import ACCOUNT, KRAKEN, MEXC_SPOT
from mm.simulator.orders import TimeInForce
from tests.chaos.judged import SEED, SYMBOL, broken, good_place, intent, later, standing, young_world


@pytest.fixture
def world():
    return young_world()


def bound(world, **bounds):
    world.checker.bounds = replace(world.checker.bounds, **bounds)


def worst(world, side):
    """What the asset may come to over both venues, in BTC, and the price of the best bid."""
    caps = world.checker.caps
    units = sum(caps._held(name) + side * caps._sides(name)[side] for name in world.venues)
    return Decimal(units).scaleb(-8), Decimal(good_place(world).price)


@pytest.mark.parametrize("spare", [Decimal(0), Decimal("0.001")])
@pytest.mark.parametrize("side", [1, -1])
def test_i6_exposure_to_the_last_cent(world, side, spare):
    amount, price = worst(world, side)
    size = Decimal("0.02")
    bound(world, exposure_usd=abs(amount + side * size) * price - Decimal("0.01") + spare * 100)
    intent(world, "mm1Qzz", side=side, size=2_000_000)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side, size="0.02"))
    assert broken(world) == (set() if spare else {"I6"})


@pytest.mark.parametrize(("side", "is_broken"), [(1, True), (-1, False)])
def test_i6_what_adds_nothing_to_the_exposure_may_go(world, monkeypatch, side, is_broken):
    """Long: a sale is the way out, however much is held."""
    monkeypatch.setattr(world.checker.caps, "_held", lambda name: 5_000_000 if name == KRAKEN else 0)
    bound(world, exposure_usd=Decimal(1))
    intent(world, "mm1Qzz", side=side)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side))
    assert broken(world) == ({"I6"} if is_broken else set())


@pytest.mark.parametrize(
    ("filled", "is_written", "is_broken"), [(1, False, False), (1, True, True), (-1, False, True), (0, False, True)]
)
def test_i6_what_filled_and_was_not_told_stands_for_the_bot(world, monkeypatch, filled, is_written, is_broken):
    """Short by 6 where what is to come may make it long by 6: an order that makes it 6 adds nothing, until the bot
    learns that 2 of the short are bought back."""
    exchange = world.venues[KRAKEN].exchange
    ours = replace(standing(world).request, client_id="mm1Qzy", side=filled, price=600_000 + filled * 60_000)
    ours = replace(ours, time_in_force=TimeInForce.IOC, post_only=False, size=200_000)
    intent(world, "mm1Qzy", side=filled, size=200_000)
    if filled:
        order = exchange.place(world.now_ns, ours)
        trade = exchange.trades(ACCOUNT)[-1]
        assert (trade.order_id, trade.side, trade.size) == (order.order_id, filled, 200_000)
        head = (world.now_ns, 0, KRAKEN, "mm1Qzy", order.order_id, SYMBOL, filled, trade.execution_id)
        world.journal.events += [ev.Fill(*head, trade.price, trade.size, -1, "t", 0, "USD")] if is_written else []
    held = {KRAKEN: 400_000, MEXC_SPOT: -800_000}
    sides = {KRAKEN: (200_000, 0), MEXC_SPOT: (800_000, 0)}
    monkeypatch.setattr(world.checker.caps, "_held", held.__getitem__)
    monkeypatch.setattr(world.checker.caps, "_sides", lambda name: dict(zip((1, -1), sides[name], strict=True)))
    bound(world, exposure_usd=Decimal("0.005") * Decimal(good_place(world).price))
    intent(world, "mm1Qzz", side=1, size=200_000)
    world.checker.look(world.now_ns)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world))
    assert ("at worst" in str(world.checker.violations)) is is_broken


@pytest.mark.parametrize(("sign", "side", "is_broken"), [(1, 1, True), (-1, 1, False), (1, -1, False)])
def test_i6_a_position_is_held_against_what_the_bot_was_told(world, monkeypatch, sign, side, is_broken):
    held = {KRAKEN: sign * world.checker.most(KRAKEN), MEXC_SPOT: 0}
    monkeypatch.setattr(world.checker.caps, "_held", held.__getitem__)
    intent(world, "mm1Qzz", side=side)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side))
    assert broken(world) == ({"I6"} if is_broken else set())


@pytest.mark.parametrize(("purpose", "is_broken"), [("quote", True), ("hedge", True), ("flatten", False)])
def test_i6_exposure_holds_for_all_but_those_who_get_out(world, purpose, is_broken):
    bound(world, exposure_usd=Decimal(1))
    intent(world, "mm1Qzz", purpose)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world))
    assert broken(world) == ({"I6"} if is_broken else set())


@pytest.mark.parametrize("size", ["0.5", ""])
def test_i6_a_change_counts_with_its_larger_size(world, size):
    order = standing(world)
    bound(world, exposure_usd=Decimal(1000))
    world.checker.sent(
        world.now_ns, KRAKEN, good_place(world, order.request.client_id, kind="amend", size=size, side=0)
    )
    assert ("at worst" in str(world.checker.violations)) is bool(size)


def test_i6_a_change_that_was_answered_counts_no_more(world):
    order = standing(world)
    key = (KRAKEN, order.request.client_id)
    world.checker.caps.amending[key] = 10**8
    before = world.checker.caps._sides(KRAKEN)[order.request.side]
    head = (world.now_ns, 0, KRAKEN, order.request.client_id, order.order_id)
    world.journal.events.append(ev.AmendRejected(*head, "busy", "busy"))
    world.checker.look(world.now_ns)
    assert before - world.checker.caps._sides(KRAKEN)[order.request.side] == 10**8 - order.request.size


@pytest.mark.parametrize("word", ["fill", "doubt"])
def test_i6_a_change_counts_until_its_answer_is_written(world, word):
    """What else is written of the order does not say that it will not arrive."""
    order = standing(world)
    key = (KRAKEN, order.request.client_id)
    world.checker.caps.amending[key] = 10**8
    before = world.checker.caps._sides(KRAKEN)
    head = (world.now_ns, 0, *key, order.order_id)
    if word == "fill":
        made = (SYMBOL, order.request.side, "TZZ", 600_000, 1, -1, "m", 0, "USD")
        world.journal.events.append(ev.Fill(*head, *made))
    else:
        world.journal.events.append(ev.OutcomeUnknown(*head, "amend", "no response"))
    world.checker.look(world.now_ns)
    assert world.checker.caps._sides(KRAKEN) == before


def test_i6_of_two_changes_on_their_way_the_larger_counts(world):
    order = standing(world)
    for size in ("0.05", "0.01"):
        sent = good_place(world, order.request.client_id, kind="amend", size=size, side=0)
        world.checker.sent(world.now_ns, KRAKEN, sent)
    assert world.checker.caps.amending == {(KRAKEN, order.request.client_id): 5_000_000}


@pytest.mark.parametrize("limit", ["exposure", "count"])
def test_i6_a_lie_about_one_order_excuses_no_other(world, limit):
    world.checker._refused_ns[KRAKEN, "mm1Qnone"] = world.now_ns
    bound(world, **({"exposure_usd": Decimal(1)} if limit == "exposure" else {"orders_max": 1}))
    intent(world, "mm1Qzz")
    world.checker.sent(world.now_ns, KRAKEN, good_place(world))
    assert broken(world) == {"I6"}


@pytest.mark.parametrize("is_filled", [False, True])
def test_i6_an_order_that_the_bot_was_told_was_refused_counts_neither_open_nor_filled(world, monkeypatch, is_filled):
    order = standing(world)
    side = order.request.side
    amount, price = worst(world, side)
    size = Decimal("0.02")
    # To the last cent without it.
    its_size = Decimal(order.leaves).scaleb(-8)
    bound(world, exposure_usd=abs(amount + side * (size - its_size)) * price + Decimal("0.01"))
    world.checker._refused_ns[KRAKEN, order.request.client_id] = world.now_ns
    if is_filled:
        # As if all of it had filled: held by the venue's word, and open no more.
        exchange, held = world.venues[KRAKEN].exchange, world.checker.caps._held
        order.cum_size += order.leaves
        monkeypatch.setattr(exchange, "open_orders", lambda account: [])
        monkeypatch.setattr(
            world.checker.caps, "_held", lambda name: held(name) + side * order.cum_size * (name == KRAKEN)
        )
    intent(world, "mm1Qzz", side=side, size=2_000_000)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side, size="0.02"))
    assert not broken(world)


@pytest.mark.parametrize(
    ("debt_side", "side", "is_broken"), [(1, 1, True), (1, -1, False), (-1, -1, True), (-1, 1, False)]
)
@pytest.mark.parametrize("kind", ["place", "amend"])
def test_i6_a_quote_that_adds_to_a_debt_that_is_full(world, debt_side, side, is_broken, kind):
    price = Decimal(good_place(world).price)
    world.checker.caps._debt = debt_side * int(Decimal(1001) / price * 10**12)
    bound(world, debt_usd=Decimal(900))
    intent(world, "mm1Qzz", side=side)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, side=side, kind=kind, size="0.0001"))
    assert ("debt" in str(world.checker.violations)) is is_broken
    assert "I6" in broken(world) or not is_broken


def test_the_judges_debt_is_what_the_fills_come_to(world):
    while not world.debt():
        later(world, 1)
    assert world.checker.caps._debt == world.debt()


def test_i6_what_fees_took_of_the_asset_is_not_held():
    """As the bot counts it, and as the limits are written: what is there, in whole units."""
    taken = Fault(10, MEXC_SPOT, {"on": "clock", "action": "fee_asset", "text": "base", "at_s": 5})
    made = World(read(None, SEED), SEED, [taken], 60)
    made.play()
    position = made.engine.markets[MEXC_SPOT, "BTC/USDT"].position
    assert position.held != position.quantity == made.checker.position(MEXC_SPOT)
    assert made.checker.caps._held(MEXC_SPOT) == position.held


def test_i6_one_order_more_than_is_allowed(world):
    count = len(world.open_orders())
    for index in range(2):
        intent(world, f"mm1Qz{index}")
        bound(world, orders_max=count + 1)
        world.checker.sent(world.now_ns, KRAKEN, good_place(world, f"mm1Qz{index}"))
        assert broken(world) == ({"I6"} if index else set())


def test_i6_what_the_bot_was_never_told_is_not_counted(world):
    checker = world.checker
    caps = checker.caps
    known = caps._held(MEXC_SPOT)
    assert known == checker.position(MEXC_SPOT)
    caps.read("PositionChanged", ev.PositionChanged(world.now_ns, MEXC_SPOT, "BTC/USDT", 7, 1, 1, "by hand"))
    assert caps.moved == {MEXC_SPOT: 7}


@pytest.mark.parametrize(("seed", "limit"), [(10, "exposure"), (4, "debt")])
def test_i6_drawn_limits_bind(seed, limit):
    """A bot that was not told of the limit goes over it, in a run in which one that was told does not."""
    trial = Trial(seed, 10)
    settings, hedge = trial.settings, trial.settings.hedging["btc"]
    if limit == "exposure":
        loose = replace(settings, limits=replace(settings.limits, max_total_exposure_usd=Decimal(100_000)))
    else:
        loose = replace(settings, hedging={"btc": replace(hedge, debt_max_usd=Decimal(1_000_000))})
    assert not trial.run(trial.draw()).violations
    world = World(loose, seed, trial.draw(), 600)
    bound(world, exposure_usd=settings.limits.max_total_exposure_usd, debt_usd=hedge.debt_max_usd)
    report = world.play()
    assert {violation.invariant for violation in report.violations} == {"I6"}

"""What brings a step of the kill ladder by itself: each trigger over its bound and under it, by events alone."""

import pytest

from mm._core import events as ev
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.engine.recovery import recover
from mm.exchanges.kraken import VENUE
from mm.persistence.journal import DURABLE
from tests.engine.test_hedging import OTHER, TwoVenues
from tests.engine.test_hedging import SETTINGS as HEDGED
from tests.engine.test_ladder import check_replay, kinds, latch
from tests.engine.world import BTC, KRAKEN, MS, SECOND, SETTINGS, SYMBOL, instrument

STRATEGY = "strategy=test"


def with_kill(make_world, *, epoch=7, **keys):
    lines = "\n".join(f"{key} = {value!r}".replace("'", '"') for key, value in keys.items())
    return make_world(settings=f"{SETTINGS}\n[kill]\n{lines}\n", epoch=epoch)


def latches(world):
    return [(event.cause, event.step, event.scope) for event in world.recorder.events if type(event) is ev.Latched]


def looks(world, count=3, *, bid=600_000):
    """Let some seconds pass, with a book."""
    commands = []
    for _ in range(count):
        world.now += SECOND
        world.book(bid, bid + 10)
        commands += world.decide()
    return commands


def bought(world, size=BTC // 100, price=0):
    bid = next(place for place in world.ready() if place.side > 0)
    world.fill(bid, size, price=price, cum=size)
    looks(world)
    return bid


@pytest.mark.parametrize("cause", ["drawdown", "day loss"])
def test_money_that_is_lost_brings_its_step_once_it_is_no_single_bad_print(make_world, cause):
    key = cause.replace(" ", "_")
    world = with_kill(make_world, **{f"{key}_usd": 10, f"{key}_step": "cancel"})
    bought(world)
    # Of a hundredth of a bitcoin, 900 dollars lower are 9 dollars.
    looks(world, bid=591_000)
    assert latches(world) == [], "it fired under its bound"
    looks(world, 1, bid=589_000)
    assert latches(world) == [], "it fired for one print"
    looks(world, 1, bid=591_000)
    commands = looks(world, 3, bid=589_000)
    assert latches(world) == [(cause, "cancel", "")]
    assert kinds(commands, ev.Cancel) != []
    world.canceled(*kinds(commands, ev.Cancel))
    assert kinds(looks(world, bid=589_000), ev.Place) == []
    assert f"by {cause}: " in world.engine.ladder.lines()[0]
    check_replay(world)
    # Let go, the loss until now is known; as much again brings it again.
    latch(world, "cancel", is_on=False)
    looks(world, 5, bid=588_500)
    assert len(latches(world)) == 2, "it fired again for what was known"
    looks(world, 5, bid=578_000)
    assert latches(world)[2:] == [(cause, "cancel", "")]


@pytest.mark.parametrize("cause", ["drawdown", "day loss"])
def test_a_single_print_upwards_is_nothing_to_lose_from(make_world, cause):
    key = cause.replace(" ", "_")
    world = with_kill(make_world, **{"drawdown_usd": 0, "day_loss_usd": 0, f"{key}_usd": 10})
    bought(world)
    day = 86_400 * SECOND
    for _ in range(2):
        looks(world, 1, bid=700_000)
        looks(world, 5, bid=600_000)
        # In a new day the print is the first that is seen.
        world.now = (world.now // day + 1) * day
    looks(world, 1, bid=700_000)
    looks(world, 40, bid=600_000)
    assert latches(world) == []
    looks(world, 5, bid=589_000)
    assert latches(world) == [(cause, "cancel", "")]
    check_replay(world)


def test_another_step_that_is_let_go_forgives_no_loss(make_world):
    world = with_kill(make_world, drawdown_usd=10, day_loss_usd=0, drawdown_step="cancel")
    bought(world)
    looks(world, 5, bid=600_000)
    latch(world, "widen")
    looks(world, 2, bid=595_000)
    latch(world, "widen", is_on=False)
    looks(world, 5, bid=595_000)
    looks(world, 5, bid=589_500)
    assert ("drawdown", "cancel", "") in latches(world), "what was lost before the other step was let go is forgotten"


def test_a_new_day_begins_at_nothing(make_world):
    world = with_kill(make_world, day_loss_usd=10, drawdown_usd=0)
    bought(world)
    looks(world, bid=591_000)
    day = 86_400 * SECOND
    world.now = (world.now // day + 1) * day
    looks(world, 5, bid=586_000)
    assert latches(world) == [], "a loss of yesterday counted"
    looks(world, 5, bid=575_000)
    assert latches(world) == [("day loss", "cancel", "")]


@pytest.mark.parametrize(
    ("count", "seconds", "expected"),
    [(5, 1, [("error rate", "halt", "")]), (4, 1, []), (8, 20, [])],
)
def test_errors_in_a_minute(make_world, count, seconds, expected):
    world = with_kill(make_world, errors_per_minute=5, errors_step="halt")
    world.ready()
    for number in range(count):
        world.tell(ev.Alert(world.now, "error", f"trouble {number}"))
        world.tell(ev.Alert(world.now, "warning", "no trouble"))
        looks(world, seconds)
    assert latches(world) == expected
    check_replay(world)


@pytest.mark.parametrize(("count", "expected"), [(5, [("reject rate", "cancel", "")]), (4, [])])
def test_refusals_in_a_minute(make_world, count, expected):
    world = with_kill(make_world, rejects_per_minute=5)
    places = world.ready()
    for place in places:
        world.tell(ev.OrderCanceled(world.now, world.now, KRAKEN, place.client_id, "V" + place.client_id, 0, "venue"))
    refused = 0
    for _ in range(200):
        if refused == count or latches(world):
            break
        for place in kinds(looks(world, 1), ev.Place)[: count - refused]:
            refused += 1
            world.tell(ev.OrderRejected(world.now, world.now, KRAKEN, place.client_id, "", "no", "rejected"))
    looks(world, 3)
    assert latches(world) == expected
    check_replay(world)


@pytest.mark.parametrize(("step", "expected"), [("pull", []), ("halt", [("stale book", "halt", STRATEGY)])])
def test_a_book_that_stays_silent_pulls_the_quotes_and_may_latch(make_world, step, expected):
    world = with_kill(make_world, stale_book_step=step)
    places = world.ready()
    assert world.decide(1900 * MS) == []
    commands = [*world.decide(200 * MS), *world.decide(SECOND)]
    assert {command.client_id for command in kinds(commands, ev.Cancel)} == {place.client_id for place in places}
    assert latches(world) == expected
    world.canceled(*kinds(commands, ev.Cancel))
    places = kinds(looks(world), ev.Place)
    assert (places == []) is (step == "halt"), "a step that is latched ended by itself, or none did"
    check_replay(world)


@pytest.mark.parametrize(
    ("step", "expected"), [("pull", []), ("cancel", [("private link down", "cancel", "venue=kraken")])]
)
def test_a_private_link_that_is_down_may_latch(make_world, step, expected):
    world = with_kill(make_world, private_down_step=step)
    world.ready()
    world.down()
    looks(world, 2)
    assert latches(world) == []
    looks(world, 3)
    assert latches(world) == expected
    check_replay(world)


@pytest.mark.parametrize(("step", "expected"), [("pull", []), ("halt", [("clock offset", "halt", "venue=kraken")])])
def test_a_clock_that_is_off_may_latch(make_world, step, expected):
    world = with_kill(make_world, clock_offset_step=step)
    world.ready()
    world.tell(ev.ClockOffset(world.now, KRAKEN, 5 * SECOND, MS))
    looks(world, 2)
    assert latches(world) == expected
    check_replay(world)


def test_more_than_a_limit_allows_is_only_reduced(make_world):
    world = with_kill(make_world)
    bought(world, BTC // 100)
    assert latches(world) == []
    # The cap shrinks under what is held.
    limits = type(world.settings.limits)(default_max_position=world.settings.limits.default_max_position / 100)
    fresh = type(world.settings)(
        run=world.settings.run, venues=world.settings.venues, strategies=world.settings.strategies, limits=limits
    )
    world.tell(ev.SettingsChanged(world.now, to_json(fresh)))
    looks(world)
    assert latches(world) == [("limit breach", "reduce-only", STRATEGY)]
    check_replay(world)


def owing(path, **keys):
    """600 dollars are owed and cannot be paid: the venue that hedges are sent to is cut off."""
    lines = "\n".join(f"{key} = {value!r}".replace("'", '"') for key, value in keys.items())
    world = type("World", (TwoVenues,), {"settings_text": f"{HEDGED}\n[kill]\n{lines}\n"})(path / "mm.toml")
    bid = next(place for place in world.ready() if place.side > 0)
    looks(world, 1)
    world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut"))
    assert world.quote_fills(bid, BTC // 100) == [], "it was hedged all the same"
    assert world.desk.ledger.net == 10**10
    world.accept(next(order for order in world.engine.orders.open_of(KRAKEN, SYMBOL) if order.side > 0))
    return world


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"debt_usd": 500}, [("hedge debt", "reduce-only", STRATEGY)]),
        ({"debt_usd": 500, "debt_step": "halt"}, [("hedge debt", "halt", STRATEGY)]),
        ({"debt_usd": 500, "debt_step": "off"}, []),
        ({"debt_usd": 601}, []),
        ({"debt_usd": 0}, []),
    ],
)
def test_a_debt_that_is_not_hedged_is_only_reduced(tmp_path, keys, expected):
    world = owing(tmp_path, **keys)
    looks(world, 1)
    assert latches(world) == [], "it fired at the first look"
    pulled = kinds(looks(world, 1), ev.Cancel)
    assert latches(world) == expected
    # The quote that would add to it goes, or both.
    assert sorted(cancel.client_id for cancel in pulled) == sorted(
        order.client_id
        for order in world.engine.orders.open_of(KRAKEN, SYMBOL)
        if expected and (order.side > 0 or "halt" in expected[0])
    )
    looks(world, 3)
    assert latches(world) == expected, "it fired again for what is in force"
    check_replay(world)


def test_a_debt_that_is_paid_before_the_second_look_is_none(tmp_path):
    world = owing(tmp_path, debt_usd=500)
    looks(world, 1)
    world.tell(ev.LinkChanged(world.now, OTHER, "private", True, ""))
    world.other_book()
    (hedge,) = world.hedges()
    world.hedge_fills(hedge, BTC // 100)
    assert world.desk.ledger.net == 0
    looks(world)
    assert latches(world) == []
    # What is owed from here on is another debt: it has to last by itself.
    world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut again"))
    bid = next(order for order in world.engine.orders.open_of(KRAKEN, SYMBOL) if order.side > 0)
    world.accept(bid)
    world.quote_fills(bid, BTC // 100)
    looks(world, 1)
    assert latches(world) == [], "a debt that was paid counted"
    looks(world, 1)
    assert latches(world) == [("hedge debt", "reduce-only", STRATEGY)]
    check_replay(world)


def test_off_is_off(make_world):
    world = with_kill(make_world, drawdown_usd=1, drawdown_step="off", day_loss_usd=0)
    bought(world)
    looks(world, 5, bid=500_000)
    assert latches(world) == []


def test_a_loss_of_today_counts_over_a_restart(make_world):
    first = with_kill(make_world, day_loss_usd=10, drawdown_usd=0)
    bought(first)
    looks(first, bid=594_000)
    assert latches(first) == []
    fresh = with_kill(make_world, epoch=8, day_loss_usd=10, drawdown_usd=0)
    fresh.engine.restore(first.engine.durable_state())
    fresh.now = first.now
    fresh.up()
    looks(fresh, 2, bid=592_000)
    assert latches(fresh) == []
    looks(fresh, 4, bid=588_000)
    assert latches(fresh) == [("day loss", "cancel", "")], "what was lost before the restart is forgotten"


def killed(*worlds):
    """What a start finds after a kill: the durable events of the starts before, and no snapshot."""
    events = [event for world in worlds for event in world.recorder.events if type(event) in DURABLE]
    return recover(None, events, lambda start: (from_json(start.config), {KRAKEN: VENUE}), Engine)


@pytest.mark.parametrize("cause", ["drawdown", "day loss"])
def test_a_loss_is_counted_on_over_a_kill(make_world, cause):
    keys = {"drawdown_usd": 0, "day_loss_usd": 0, f"{cause.replace(' ', '_')}_usd": 10}
    first = with_kill(make_world, **keys)
    bought(first)
    looks(first, bid=592_000)
    assert latches(first) == []
    found = killed(first)
    assert not found.skipped
    fresh = with_kill(make_world, epoch=8, **keys)
    fresh.now = first.now
    fresh.tell(found.event(fresh.now))
    fresh.up()
    looks(fresh, 2, bid=592_000)
    assert latches(fresh) == []
    looks(fresh, 6, bid=586_000)
    assert latches(fresh) == [(cause, "cancel", "")], "what was lost before the kill is forgotten"


USDT_KEY = (KRAKEN, "USDT/USD")
SOURCES = {
    "1": "\n[conversion.USDT]\nrate = 1\n",
    "0.995": "\n[conversion.USDT]\nrate = 0.995\n",
    "1.005": "\n[conversion.USDT]\nrate = 1.005\n",
    "market": '\n[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\n',
}
HELD_USDT = 10_000


def worth(world, middle):
    """The market of a currency says what it is worth, by ten-thousandths."""
    if USDT_KEY not in world.engine.markets:
        facts = {"symbol": "USDT/USD", "base": "USDT", "price_precision": 4}
        world.tell(ev.InstrumentUpdate(world.now, KRAKEN, "USDT/USD", instrument(**facts).to_json()))
    book = world.engine.markets[USDT_KEY]
    book.book.apply_snapshot([(middle - 1, BTC)], [(middle + 1, BTC)])
    book.take_top()


def counted(make_world, source, cause, *, epoch=7, before=None, how="state"):
    """A start with 10,000 USDT, counted by a source; before: the start before; how: what is left of that one."""
    keys = {"drawdown_usd": 0, "day_loss_usd": 0, f"{cause.replace(' ', '_')}_usd": 10}
    lines = "\n".join(f"{key} = {value!r}" for key, value in keys.items())
    settings = f"{SETTINGS}\n[kill]\n{lines}\n{SOURCES[source]}"
    world = make_world(settings=settings, epoch=epoch)
    if before is not None:
        world.now = before.now
        if how == "state":
            state = ev.Recovered(world.now, *before.engine.snapshot())
        else:
            state = killed(*before.line).event(world.now)
        world.tell(state)
    world.line = [*before.line, world] if before is not None else [world]
    world.tell(ev.Balance(world.now, KRAKEN, "USDT", HELD_USDT * 10**12, "snapshot"))
    return world


@pytest.mark.parametrize("cause", ["drawdown", "day loss"])
@pytest.mark.parametrize("how", ["state", "kill"])
@pytest.mark.parametrize("after", ["0.995", "1.005"])
def test_a_rate_that_a_start_states_otherwise_is_no_loss_and_hides_none(make_world, cause, how, after):
    first = counted(make_world, "1", cause)
    bought(first)
    looks(first, 5, bid=594_000)
    assert latches(first) == []
    fresh = counted(make_world, after, cause, epoch=8, before=first, how=how)
    fresh.up()
    looks(fresh, 5, bid=594_000)
    assert latches(fresh) == [], "F89: fifty dollars that nobody lost brought a step"
    looks(fresh, 5, bid=588_000)
    assert latches(fresh) == [(cause, "cancel", "")], "F89: twelve dollars that were lost were hidden"
    check_replay(fresh)
    # The start after that one finds the same, however this one ended.
    third = counted(make_world, after, cause, epoch=9, before=first, how=how)
    third.up()
    again = counted(make_world, after, cause, epoch=10, before=third, how=how)
    again.up()
    looks(again, 5, bid=594_000)
    assert latches(again) == []
    assert again.engine.triggers.marks() == third.engine.triggers.marks()
    moved = again.engine.triggers.marks()[2] - first.engine.triggers.marks()[2]
    assert moved == (50 if after == "1.005" else -50) * 10**12, "the peak moved by another amount than the account"


@pytest.mark.parametrize("cause", ["drawdown", "day loss"])
def test_a_rate_that_a_start_takes_from_a_market_is_no_loss_until_that_market_moves(make_world, cause):
    first = counted(make_world, "1", cause)
    bought(first)
    fresh = counted(make_world, "market", cause, epoch=8, before=first)
    fresh.up()
    looks(fresh, 5)
    assert latches(fresh) == []
    worth(fresh, 9_950)
    looks(fresh, 5)
    assert latches(fresh) == [], "fifty dollars that nobody lost brought a step"
    worth(fresh, 9_942)
    looks(fresh, 5)
    assert latches(fresh) == []
    worth(fresh, 9_939)
    looks(fresh, 5)
    assert latches(fresh) == [(cause, "cancel", "")], "eleven dollars that the peg cost were hidden"


def test_what_a_peg_loses_while_no_bot_runs_is_a_loss(make_world):
    first = counted(make_world, "market", "drawdown")
    worth(first, 10_000)
    bought(first)
    fresh = counted(make_world, "market", "drawdown", epoch=8, before=first)
    fresh.up()
    worth(fresh, 9_988)
    looks(fresh, 5)
    assert latches(fresh) == [("drawdown", "cancel", "")]

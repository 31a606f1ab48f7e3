"""Funding, liquidation, margin and modes of contracts, as the venue tells them (faults F67 to F70)."""

from random import Random

import pytest

from mm._core import events as ev
from mm._core.positions import Position
from mm.config import SettingsError
from mm.engine.holdings import holdings
from mm.perpetuals import liquidation_estimate, value
from mm.screen.lines import as_json, summary
from mm.screen.observe import observe
from tests.engine.contracts import BUY, CONTRACT, E12, FUTURES, PERPETUAL, SELL, UNIT, Contracts, perpetual
from tests.engine.world import BTC, KRAKEN, MS, SECOND, START

SEEDS = range(20)


@pytest.fixture
def world(tmp_path):
    return Contracts(tmp_path / "mm.toml").ready_to_quote()


def held_at_the_venue(world):
    """What the venue's list would show after the fills that were booked here."""
    return world.market.perpetual.net


# --- F67: funding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_f67_funding_is_booked_once_and_moves_no_position(tmp_path, seed):
    """Guards: FundingPaid has a sum of its own, deduplicated by record; balances are never compared with positions."""
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    chance = Random(seed)
    paid, told, hours = 0.0, [], 8
    for number in range(12):
        world.now += hours * 3600 * SECOND
        if number == 6:
            hours = 4  # The venue changes its schedule.
        amount = chance.randint(-10_000, 10_000) / 10_000
        told.append((amount, f"R{number}", world.now))
        paid += amount
        # Late by some seconds, again after a reconnect, and in any order.
        world.now += chance.randint(0, 15) * SECOND
        for again in [told[-1], *chance.sample(told, min(2, len(told)))]:
            world.funding(again[0], again[1], again[2])
        world.tell(world.margin(1000 + paid))
        world.position(-100)
        world.wait(5)
    paid_once = {"USDT": sum(int(amount * E12) for amount, _, _ in told)}
    assert world.market.perpetual.funding == paid_once, "F67: a settlement counts once"
    assert world.market.position.quantity == -100
    assert world.engine.perpetuals.externals == 0
    assert world.desk.ledger.net == 0
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_f67_a_settlement_without_an_id_counts_once_by_its_time_and_one_of_before_the_start_never(world):
    """Guards: the settle time is the key where there is no id; the history of the account is not this run's."""
    world.funding(-1, "", START + SECOND)
    world.funding(-1, "", START + SECOND)
    world.funding(-2, "", START + 2 * SECOND)
    world.funding(-50, "old", START - 1)
    assert world.market.perpetual.funding == {"USDT": -3 * E12}


def test_funding_is_a_term_of_the_profit(world):
    world.hedged()
    world.funding(-0.25)
    world.funding(0.75, "R2")
    shown = observe(world.engine, world.now, started_ns=0, world="sim")
    (line,) = (line for line in summary(shown) if "on MEXC Futures" in line and "funding" in line)
    assert "funding +0.50 USDT on MEXC Futures" in line
    row = next(row for row in as_json(shown)["markets"] if row["venue"] == FUTURES)
    assert row["profit"]["funding"] == "0.5"


# --- F68: the venue takes a leg ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_f68_a_leg_that_the_venue_cut_is_found_and_hedged_again(tmp_path, seed):
    """Guard: the venue's position is compared with our fills, and a difference that lasts is booked as external."""
    chance = Random(seed)
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    cut = chance.randint(10, 90)
    with_fills = chance.random() < 0.5
    if with_fills:
        # With an event: the deals of the venue's own orders.
        first = chance.randint(1, cut - 1)
        for number, part in enumerate((first, cut - first)):
            world.tell(
                ev.Fill(
                    world.now, world.now, FUTURES, "", f"T{number}", PERPETUAL, BUY, f"L{number}", 601_000, part, -1,
                    "t", 7 * E12, "USDT",
                )
            )  # fmt: skip
    world.now += 2 * SECOND
    world.position(-100 + cut, source="query")
    sent = world.wait(4 + 2)
    assert world.market.position.quantity == -100 + cut or sent
    assert world.engine.perpetuals.externals == 1
    assert any("without an order of ours" in text for text in world.alerts())
    opened = world.desk.ledger.opened[1]
    assert opened == (100 + cut) * UNIT
    # The side that would add is pulled while that debt is open, and the hedge goes once, not in a storm.
    hedges = [place for place in sent if place.purpose == "hedge"]
    assert 1 <= len(hedges) <= 3
    assert hedges[0].size == cut
    assert hedges[0].side == SELL
    assert BUY not in {order.side for order in world.engine.orders.open_of(KRAKEN, "BTC/USD") if not order.cancel_asked}
    world.hedge_ends(hedges[-1])
    if with_fills:
        # At the venue's own prices and fees.
        assert world.market.position.fees == {"USDT": 14 * E12}
        assert world.market.position.bought_cost == cut * 601_000
    assert world.replayed().state_hash() == world.engine.state_hash()


@pytest.mark.parametrize("seed", SEEDS)
def test_f68_fills_and_reports_in_any_order_are_no_liquidation(tmp_path, seed):
    """Guards: a difference has to last, with a report newer than the last fill and no order that could explain it."""
    chance = Random(seed)
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    held = 0
    for _ in range(12):
        quote = world.bid if chance.random() < 0.5 else world.ask
        hedges = world.quote_fills(quote, chance.randint(1, 8) * CONTRACT // 10)
        for hedge in hedges:
            size = chance.randint(1, hedge.size)
            held += hedge.side * size
            told = [
                lambda hedge=hedge, size=size: world.hedge_fills(hedge, size),
                lambda held=held: world.position(held),
            ]
            if chance.random() < 0.3:
                told.pop()  # The push of the position is lost.
            chance.shuffle(told)
            for tell in told:
                tell()
                world.now += chance.randint(1, 900) * MS
                world.mark(60_000.5)
            world.hedge_ends(hedge)
        world.wait(chance.randint(0, 6))
    world.position(held, source="query")
    world.wait(6)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == held == held_at_the_venue(world)


def test_f68_an_order_that_is_over_and_whose_executions_are_missing_explains_the_difference(world):
    """Guard: an order in doubt may be what changed the position; it is settled first."""
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)
    world.tell(
        ev.OrderReport(
            world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id, PERPETUAL, SELL, "filled",
            hedge.price, 100, 100, "", "stream",
        )
    )  # fmt: skip
    world.now += 2 * SECOND
    world.position(-100)
    world.wait(90)
    assert world.engine.perpetuals.externals == 0
    world.hedge_fills(hedge, 100)
    world.wait(5)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == -100


@pytest.mark.parametrize("kind", [ev.OrderPending, ev.OrderAccepted])
def test_f68_a_fill_by_the_venues_id_is_ours_once_that_is_known(world, kind):
    """Guard: what was told before the answer that names its order is booked with the answer."""
    (hedge,) = world.quote_fills(world.bid, 100 * CONTRACT)

    def told(client_id):
        return ev.Fill(
            world.now, world.now, FUTURES, client_id, "V77", PERPETUAL, SELL, "E1", hedge.price, 100, -1, "t", E12,
            "USDT",
        )  # fmt: skip

    world.tell(told(""))
    world.position(-100)
    assert world.market.position.quantity == 0
    world.tell(kind(world.now, world.now, FUTURES, hedge.client_id, "V77"))
    assert world.market.position.quantity == -100, "F68: what is known to be ours waits to be booked as somebody else's"
    world.tell(told(""), told(hedge.client_id))
    world.tell(ev.OrderCanceled(world.now, world.now, FUTURES, hedge.client_id, "V77", -1, "ioc"))
    sent = world.wait(6)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == -100
    assert not [place for place in sent if place.purpose == "hedge"]


def test_f68_fills_of_our_own_in_between_do_not_begin_the_wait_anew(world):
    """Guard: a difference that was another for a moment, until a report had caught up with a fill, has lasted."""
    world.hedged()
    world.now += 2 * SECOND
    world.position(-60, source="query")
    for number in range(1, 6):
        bid = next(order for order in world.engine.orders.open_of(KRAKEN, "BTC/USD") if order.side > 0)
        (hedge,) = world.quote_fills(bid, CONTRACT)
        world.hedge_fills(hedge, 1)
        world.hedge_ends(hedge)
        world.now += 1100 * MS
        world.position(-60 - number, source="query")
        world.wait(1)
        if world.engine.perpetuals.externals:
            break
    assert world.engine.perpetuals.externals == 1, "F68: a difference that lasts was not booked between our own fills"
    assert number > 1, "it was booked before it had lasted"


@pytest.mark.parametrize("begins", [True, False])
def test_f68_news_of_one_position_say_nothing_of_another_whose_end_was_not_told(world, begins):
    """Guard: each report has to be newer than the last fill, or a list was read since."""
    world.hedge_ends(world.hedged(60))
    for side, size in ((BUY, 90), (SELL, 50 if begins else 30)):
        world.wait(2)
        quotes = world.engine.orders.open_of(KRAKEN, "BTC/USD")
        (hedge,) = world.quote_fills(next(order for order in quotes if order.side == -side), size * CONTRACT)
        world.hedge_fills(hedge, size)
        world.hedge_ends(hedge)
    # Of the first nothing was told, nor that another began: of the second its end, and perhaps of a third.
    world.now += 2 * SECOND
    world.position(0, position_id="P2")
    if begins:
        world.position(-20, position_id="P3")
    world.wait(30)
    assert world.engine.perpetuals.externals == 0, "F68: by news of another position one that is over was booked again"
    world.position(0, position_id="P1", source="query")
    if begins:
        world.position(-20, position_id="P3", source="query")
    world.wait(6)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == (-20 if begins else 0)
    # And a difference that a list confirms is one, with two positions beside each other too.
    world.position(-40, position_id="P4")
    world.wait(6)
    assert world.engine.perpetuals.externals == 1


def test_f68_what_the_account_held_before_this_start_is_no_difference(tmp_path):
    """Guard: the first list is the base that later ones are compared with."""
    world = Contracts(tmp_path / "mm.toml")
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual().to_json()))
    world.position(-40, position_id="old")
    world.ready_to_quote()
    world.wait(100)
    assert world.engine.perpetuals.externals == 0
    assert world.market.position.quantity == 0


# --- F69: modes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_f69_a_contract_size_that_differs_after_a_reconnect_sends_nothing_more(tmp_path, seed):
    """Guard: the definition is compared whenever it is told; other units freeze the symbol."""
    chance = Random(seed)
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged(chance.randint(1, 100))
    change = chance.choice([{"multiplier": 10}, {"multiplier_precision": 3}, {"size_precision": 1}])
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", False, "cut"))
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(**change).to_json()))
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", True, ""))
    net = world.desk.ledger.net
    assert world.quote_fills(world.ask, BTC // 100) == []
    assert [place for place in world.wait(5) if place.venue == FUTURES] == []
    assert any("contract size" in text for text in world.alerts())
    assert world.desk.ledger.net == net - 10**10


def test_f69_nothing_is_quoted_before_the_hedge_venue_has_passed_its_preflight(tmp_path):
    """Guard: quotes wait for the private side of the venue that they are hedged on."""
    world = Contracts(tmp_path / "mm.toml")
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual().to_json()))
    assert world.ready() == []
    assert world.decide(SECOND) == []


ON_THE_HEDGES = """
[strategies.second]
venue = "mexc_futures"
symbol = "BTC/USDT:USDT"
spread_bps = 2
quote_size = 0.01
max_position = 0.05

[hedging.back]
primary = "mexc_futures"
symbol = "BTC/USDT:USDT"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"venue": "leverage = 50"}, "liquidation is further away than limits.liquidation_distance_min_bps"),
        ({"venue": 'position_mode = "both"'}, 'one of "one_way", "hedge"'),
        ({"venue": "leverage = 1.5"}, "a whole number"),
        ({"hedging": 'fallback = "mexc_spot"'}, "fallback and fallback_symbol together"),
        ({"hedging": 'fallback = "mexc_spot"\nfallback_symbol = "ETH/USDT"'}, "a symbol of BTC"),
        ({"hedging": 'fallback = "mexc_futures"\nfallback_symbol = "BTC/USDT"'}, "another venue than the hedge venue"),
        ({"hedging": 'fallback = "kraken"\nfallback_symbol = "BTC/USD"'}, "another market than the quoted one"),
        ({"hedging": 'fallback = "mexc_spot"\nfallback_symbol = "BTC/USD:BTC"'}, "inverse contracts are not traded"),
        ({"hedging": ON_THE_HEDGES}, "a contract that is not hedged itself"),
    ],
)
def test_what_cannot_be_hedged_so_is_refused_before_the_first_order(tmp_path, parts, expected):
    with pytest.raises(SettingsError, match=expected):
        Contracts(tmp_path / "mm.toml", **parts)


def test_in_hedge_mode_what_we_hold_is_closed_before_the_other_side_is_opened(tmp_path):
    """F69. Guard: orders against the position are cut to it and reduce-only, so that no long stands beside a short."""
    world = Contracts(tmp_path / "mm.toml", venue='position_mode = "hedge"').ready_to_quote()
    hedge = world.hedged(60)
    assert not hedge.reduce_only
    (close,) = world.quote_fills(world.ask, 100 * CONTRACT)
    assert (close.side, close.size, close.reduce_only) == (BUY, 60, True)
    assert world.hedges(SECOND) == []
    world.hedge_fills(close, 60)
    world.position(0)
    (opening,) = world.hedges(SECOND)
    assert (opening.side, opening.size, opening.reduce_only) == (BUY, 40, False)


def test_in_one_way_mode_one_order_flips_the_position(world):
    world.hedged(60)
    (flip,) = world.quote_fills(world.ask, 100 * CONTRACT)
    assert (flip.side, flip.size, flip.reduce_only) == (BUY, 100, False)


# --- F70: margin ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_f70_a_falling_mark_price_is_met_before_the_venue_takes_the_position(tmp_path, seed):
    """Guards: the distance to liquidation stops what adds first, then reduces, each second, reduce-only."""
    chance = Random(seed)
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    (hedge,) = world.quote_fills(world.ask, 100 * CONTRACT)
    world.hedge_fills(hedge, 100)
    held, cash, entry = 100, chance.uniform(55, 100), 60_000.0  # About ten times leverage.
    pulled_at = reduced_at = 0.0
    added = 0
    for second in range(60):
        price = 60_000.5 * (1 - 0.2 * (second + 1) / 60)
        equity = cash + held * 0.0001 * (price - entry)
        maintenance = 0.004 * held * 0.0001 * price
        assert not held or equity > maintenance, f"the venue would have taken {held} contracts after {second} s"
        liquidation = 0.0
        if held:
            liquidation = (
                liquidation_estimate(world.market.instrument, BUY, int(entry * E12), held, int(cash * E12), 400_000, 0)
                / E12
            )
        world.position(held, liquidation=liquidation, entry=entry)
        for place in world.wait(1, price):
            if place.purpose != "flatten":
                # Added again only where it leaves twice the distance, and never while in danger.
                if place.venue == FUTURES:
                    assert world.market.perpetual.danger == 0
                    world.hedge_ends(place)
                    added += place.size
                continue
            reduced_at = reduced_at or price
            assert (place.side, place.reduce_only, place.time_in_force) == (SELL, True, "ioc")
            fills = chance.randint(1, place.size)
            got = max(place.price, world.market.bid)
            world.hedge_fills(place, fills, got)
            world.hedge_ends(place)
            cash += fills * 0.0001 * (got / 10 - entry)
            held -= fills
        if world.market.perpetual.danger:
            pulled_at = pulled_at or price
            standing = world.engine.orders.open_of(KRAKEN, "BTC/USD")
            # A sold quote would be hedged with more of what is in danger.
            assert [order for order in standing if order.side == SELL and not order.cancel_asked] == []
        world.position(held, liquidation=liquidation, entry=entry)
    assert pulled_at >= reduced_at > 0
    assert world.market.position.quantity == held < 100
    assert added < 30
    assert any("away from its liquidation" in text for text in world.alerts())
    # What was given up is owed, to the unit: nothing of the exposure is forgotten.
    assert world.desk.ledger.net == -(100 - held) * UNIT
    assert world.engine.perpetuals.externals == 0
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_f70_out_of_danger_the_debt_is_hedged_again(world):
    """Guard: the danger ends at a distance above the limit, so that it does not flap at the limit."""
    world.hedged()
    world.position(-100, liquidation=61_000)
    world.wait(2)
    assert world.market.perpetual.danger == SELL
    assert world.quotes_standing() == [SELL]
    world.position(-100, liquidation=62_000)
    world.mark(60_000.5)
    assert world.market.perpetual.danger == SELL
    world.position(-100, liquidation=63_000)
    world.mark(60_000.5)
    assert world.market.perpetual.danger == 0
    assert any("away from its liquidation again" in text for text in [*world.alerts(), *world.engine._upkeep.untold])


def test_f70_the_venues_own_warning_is_enough(world):
    """Guard: LiquidationRisk counts whatever the distance is by our own reading."""
    world.hedged()
    world.tell(ev.LiquidationRisk(world.now, world.now, FUTURES, PERPETUAL, "P1", 0, -1, 1))
    (place,) = (place for place in world.wait(1) if place.purpose == "flatten")
    assert (place.side, place.size, place.reduce_only) == (BUY, 50, True)


def test_f70_without_a_limit_nothing_is_reduced(tmp_path):
    world = Contracts(tmp_path / "mm.toml", limits="liquidation_distance_min_bps = 0").ready_to_quote()
    world.hedged()
    world.position(-100, liquidation=60_001)
    assert [place for place in world.wait(3) if place.purpose == "flatten"] == []


# --- money and prices -------------------------------------------------------------------------------------------------


def test_the_value_of_a_contract_is_what_limits_and_money_take_it_for():
    instrument = perpetual()
    assert value(instrument, 60_000 * E12, 100) == 600 * E12 == instrument.money(600_000 * 100) * 10**7


def test_f68_prices_that_the_venue_tells_later_replace_the_estimate(world):
    """Guard: a change that was booked at the mark price is booked again by the venue's deals, once."""
    world.hedged()
    world.now += 2 * SECOND
    world.position(-60, source="query")
    world.wait(6)
    assert world.engine.perpetuals.externals == 1
    quantity = world.market.position.quantity
    deals = [
        ev.Fill(
            world.now, world.now, FUTURES, "", f"T{number}", PERPETUAL, BUY, f"L{number}", 601_000, 20, -1, "t",
            7 * E12, "USDT",
        )
        for number in range(2)
    ]  # fmt: skip
    for deal in [*deals, *deals]:
        world.tell(deal)
    assert world.market.position.quantity == quantity
    assert world.market.position.fees == {"USDT": 14 * E12}
    assert world.engine.perpetuals.externals == 1
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_f70_what_an_order_pays_beyond_the_mark_price_counts_as_lost(world):
    """Guard: with the mark price away from the market, an order that opens brings the liquidation closer by itself."""
    world.hedged()
    world.position(-100, liquidation=72_000)
    world.mark(60_000)
    near = world.engine.perpetuals.room(world.market, SELL, 600_000)
    # 20 % away; twice 3 % may be left: 100 x (20 - 6) / 6.
    assert near == 233
    assert world.engine.perpetuals.room(world.market, SELL, 540_000) == 87, (
        "F70: what it pays beyond the mark price is no loss"
    )


def test_f70_by_an_old_mark_price_nothing_is_opened_and_what_is_held_may_be_closed(world):
    """Guard: the distance to a liquidation is not taken from a price that nobody has told for long."""
    world.hedged()
    world.position(-100, liquidation=72_000)
    world.mark(60_000)
    held = -world.market.position.quantity
    world.now += 31 * SECOND
    world.futures_book()
    rooms = [world.engine.perpetuals.room(world.market, side, 600_000) for side in (BUY, SELL)]
    assert rooms == [held, 0]
    world.mark(60_000)
    assert world.engine.perpetuals.room(world.market, SELL, 600_000) == 233


def test_a_fill_that_is_booked_behind_newer_ones_leaves_no_balance_unexplained(world):
    """What it realized is another sum than the venue's, and what is held has cost just so much more or less."""
    venue = world.engine.venues[FUTURES]
    begun = holdings(world.engine, venue)["USDT"].amount
    fills = [(SELL, 600_000, 100), (SELL, 602_003, 100), (BUY, 600_500, 100)]
    instrument = world.market.instrument
    theirs = Position(FUTURES, PERPETUAL, instrument.price_precision, instrument.size_precision)
    for fill in fills:
        theirs.apply_fill(*fill)
    for fill in (fills[0], fills[2], fills[1]):
        world.market.position.apply_fill(*fill)
    realized = 5_015 * UNIT
    world.position(-100, entry=60_100.15)
    assert theirs.average_price == 601_001.5
    holding = holdings(world.engine, venue)["USDT"]
    assert holding.amount == begun - 50 * 100 * UNIT, "booked here as a loss"
    assert holding.beyond(int(begun) + realized) == 0
    for missing in (-(10**9), 10**9):
        assert holding.beyond(int(begun) + realized + missing) == 10_015 * UNIT + missing, "0.001 USDT more or less"
    # Of another position the venue's price says nothing, and a price that is none says nothing at all.
    for held, entry in ((-99, 60_100.15), (-100, 0), (-100, -60_100.15)):
        world.position(held, entry=entry)
        assert holdings(world.engine, venue)["USDT"].beyond(int(begun) + realized) == 10_015 * UNIT


def test_with_a_long_and_a_short_beside_each_other_money_is_compared_by_each_legs_mean_price(tmp_path):
    """What a leg realizes is its own, and stays so once the other one is gone. A transfer is told to the last unit
    where it is more than the digits of the mean prices may hide: 0.0016 USDT."""
    world = Contracts(tmp_path / "mm.toml", venue='position_mode = "hedge"').ready_to_quote()
    venue = world.engine.venues[FUTURES]
    begun = int(holdings(world.engine, venue)["USDT"].amount)

    def is_compared(realized):
        holding = holdings(world.engine, venue)["USDT"]
        missed = [holding.beyond(begun + realized + moved) for moved in (0, -2 * 10**9, 2 * 10**9)]
        return holding.is_sure, missed

    # Our short, somebody's long beside it, and 40 of the short closed.
    for fill in ((SELL, 600_000, 100), (BUY, 602_003, 100), (BUY, 600_500, 40)):
        world.market.position.apply_fill(*fill)
    world.position(-60, entry=60_000)
    world.position(100, entry=60_200.3, position_id="P2")
    realized = -500 * 40 * UNIT // 10
    assert is_compared(realized) == (True, [0, -2 * 10**9, 2 * 10**9])
    world.market.position.apply_fill(BUY, 600_400, 60)
    world.position(0)
    realized -= 400 * 60 * UNIT // 10
    assert is_compared(realized) == (True, [0, -2 * 10**9, 2 * 10**9])
    # A leg without a price, or of another size, says nothing of the money.
    world.position(100, entry=0, position_id="P2")
    assert not is_compared(realized)[0]
    world.position(99, entry=60_200.3, position_id="P2")
    assert not is_compared(realized)[0]

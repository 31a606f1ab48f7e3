"""A contract is counted in units of its asset wherever it becomes a limit, a debt or money."""

import pytest

from mm._core import events as ev
from mm.screen.lines import as_json, summary
from mm.screen.observe import observe
from tests.engine.contracts import BUY, CONTRACT, E12, FUTURES, PERPETUAL, SELL, UNIT, Contracts, perpetual
from tests.engine.world import BTC, SECOND


@pytest.fixture
def world(tmp_path):
    return Contracts(tmp_path / "mm.toml").ready_to_quote()


def test_a_filled_bid_is_hedged_in_whole_contracts_and_the_debt_is_paid_to_the_unit(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    assert (hedge.venue, hedge.symbol, hedge.side, hedge.size) == (FUTURES, PERPETUAL, SELL, 100)
    world.hedge_fills(hedge, 60)
    assert world.desk.ledger.net == 40 * UNIT
    world.hedge_ends(hedge)
    (again,) = world.hedges()
    assert again.size == 40
    world.hedge_fills(again, 40)
    assert world.desk.ledger.net == 0
    assert world.market.position.quantity == -100
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_under_a_contract_the_debt_waits_for_the_next_fill(world):
    assert world.quote_fills(world.bid, CONTRACT - 1) == []
    assert world.desk.ledger.net == (CONTRACT - 1) * 10**4
    (hedge,) = world.quote_fills(world.bid, CONTRACT + 2)
    assert hedge.size == 2


def test_a_hedge_needs_margin_and_never_the_base_asset(world):
    # 0.01 BTC at 60,000 are 600 USDT at no leverage; nothing is held of BTC on the hedge's venue.
    world.tell(world.margin(300))
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    assert 45 <= hedge.size < 50
    world.hedge_fills(hedge, hedge.size)
    world.tell(world.margin(0))
    assert world.hedges(SECOND) == []
    assert world.desk.ledger.net == (100 - hedge.size) * UNIT
    # What closes needs no margin: the position is taken back although nothing is available.
    (back,) = world.quote_fills(world.ask, BTC // 100)
    assert (back.side, back.size) == (BUY, hedge.size)


def test_the_caps_of_a_symbol_are_in_base_units(tmp_path):
    world = Contracts(tmp_path / "mm.toml", limits='max_per_symbol = { "BTC/USDT:USDT" = 0.004 }').ready_to_quote()
    assert (world.market.position_max, world.market.order_size_max) == (40, 500)
    assert world.quote_fills(world.bid, BTC // 100) == []
    assert world.desk.note == "held back: worst case -0.0100 BTC is over the limit"


def test_contracts_count_against_what_they_hedge_in_units_of_the_asset(world):
    spot, contracts = (world.engine.markets[key] for key in (("kraken", "BTC/USD"), (FUTURES, "BTC/USDT:USDT")))
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    spot.refresh(world.engine.orders, world.now)
    contracts.refresh(world.engine.orders, world.now)
    assert (spot.state.net_position, contracts.state.net_position) == (BTC // 100, 100)
    world.hedge_fills(hedge, 100)
    spot.refresh(world.engine.orders, world.now)
    contracts.refresh(world.engine.orders, world.now)
    assert (spot.state.net_position, contracts.state.net_position) == (0, 0)
    assert world.engine.others_micro_usd(spot) == 0, "no other asset"


def test_money_on_the_screen_is_price_times_contracts_times_their_size(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    world.hedge_fills(hedge, 100, 600_000, fee=480_000_000_000)
    world.futures_book(590_000, 590_010)
    world.decide()
    shown = observe(world.engine, world.now, started_ns=0, world="sim")
    (view,) = (view for view in shown.markets if view.venue == FUTURES)
    assert "Position: -0.01 BTC (avg entry: 60,000.00 USDT) on MEXC Futures" in summary(shown)
    # Short 0.01 from 60,000 to 59,000.5: 9.995 USDT, of which 0.005 was half the spread at the fill, paid.
    assert view.spread_captured + view.inventory == 9_995 * 10**2
    assert view.spread_captured == -5 * 10**2
    row = next(row for row in as_json(shown)["markets"] if row["venue"] == FUTURES)
    assert row["position"] == "-0.01"
    assert row["profit"] == {"spread_captured": "-0.005", "inventory": "10", "fees": "-0.48", "funding": "0"}
    assert shown.hedges_volume == 600_00


def test_a_contract_size_that_changes_in_the_run_stops_the_symbol(world):
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(multiplier=10).to_json()))
    assert world.quote_fills(world.bid, BTC // 100) == []
    assert "contract size" in world.desk.note
    assert world.desk.ledger.net == 10**10


def test_an_inverse_contract_is_refused_at_the_door(tmp_path):
    world = Contracts(tmp_path / "mm.toml")
    world.futures_up(linear=False)
    assert world.ready() == [], "whose fills could not be hedged"
    assert "inverse contract" in world.desk.note


def test_a_fill_that_flips_the_position_and_comes_again_is_booked_once(world):
    """F71. Guard: executions are booked by the venue's id, once, before the position splits them in close and open."""
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    world.hedge_fills(hedge, 60)
    place = ev.Place(
        world.now, FUTURES, PERPETUAL, "mm1H99", "hedge btc", "hedge", 0, BUY, 600_020, 160, "limit", "ioc", False,
        False, "K9",
    )  # fmt: skip
    world.tell(place)
    fill = world.hedge_fills(place, 160, 600_010, fee=E12)
    facts = (world.market.position.state_hash(), world.desk.ledger.state_hash(), world.engine.fills)
    assert world.market.position.quantity == 100
    world.tell(fill)
    assert facts == (world.market.position.state_hash(), world.desk.ledger.state_hash(), world.engine.fills)
    assert world.replayed().state_hash() == world.engine.state_hash()

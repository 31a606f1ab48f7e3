"""The cross-exchange market maker in the engine: quotes follow the hedge market, and leave with it."""

import pytest

from mm._core import events as ev
from tests.engine.test_hedging import OTHER, OTHER_SYMBOL, TwoVenues
from tests.engine.world import BTC, KRAKEN, SECOND, SYMBOL, World

SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false
dead_man_switch_s = 60
maker_fee_bps = 1

[venues.other]
taker_fee_bps = 5

[strategies.test]
kind = "cross_exchange_market_maker"
symbol = "BTC/USD"
hedge = "other"
hedge_symbol = "BTC/USDT"
edge_bps = 2
slippage_bps = 1
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0
max_order_age_s = 0

[hedging.btc]
policy = "cross_exchange"
symbol = "BTC/USD"
hedge = "other"
hedge_symbol = "BTC/USDT"
slippage_bps = 1
depth_share = 1

[limits]
default_max_position = 1
max_total_exposure_usd = 1_000_000
"""


class Crossing(TwoVenues):
    settings_text = SETTINGS

    def standing(self):
        return {order.side: order.price for order in self.engine.orders.open_of(KRAKEN, SYMBOL)}

    def answer(self, commands):
        """The venue does what it was asked to do."""
        for command in commands:
            if type(command) is ev.Place and command.venue == KRAKEN:
                self.accept(command)
            elif type(command) is ev.Amend:
                told = (command.client_id, command.venue_id, command.price, command.size)
                self.tell(ev.OrderAmended(self.now, self.now, KRAKEN, *told, True))
            elif type(command) is ev.Cancel:
                self.canceled(command)
        return commands


@pytest.fixture
def world(tmp_path):
    made = Crossing(tmp_path / "mm.toml")
    assert World.ready(made) == []
    made.other_up()
    made.answer(made.decide())
    return made


def test_quotes_come_with_the_hedge_market_and_pay_for_it(world):
    # 60000 and 60001 with 5, 1, 2 and 1 bps, on a tick of 0.1.
    assert world.standing() == {1: 599_460, -1: 600_551}
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_they_move_when_the_hedge_market_moves_and_only_that(world):
    world.now += SECOND // 10
    world.other_book(599_000, 599_010)
    world.answer(world.decide())
    assert world.standing()[1] == 598_461
    assert world.replayed().state_hash() == world.engine.state_hash()


class Stated(Crossing):
    settings_text = SETTINGS + "\n[conversion.USDT]\nrate = 0.995\n"


def test_what_a_tether_is_worth_is_in_their_price(tmp_path):
    world = Stated(tmp_path / "mm.toml")
    World.ready(world, 597_000, 597_010)
    world.other_up()
    world.answer(world.decide())
    # 60000 and 60001 USDT are 59700 and 59700.995 dollars: a bid at 59,946 would lose 40 bps when it is hedged.
    assert world.standing() == {1: 596_462, -1: 597_548}
    assert world.replayed().state_hash() == world.engine.state_hash()


@pytest.mark.parametrize("what", ["cut", "reset", "silent", "mode"])
def test_they_leave_with_the_hedge_market(world, what):
    world.now += SECOND
    if what == "cut":
        world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut"))
    elif what == "reset":
        world.tell(ev.BookReset(world.now, OTHER, OTHER_SYMBOL, "gap"))
    elif what == "mode":
        world.tell(ev.VenueStatus(world.now, OTHER, "cancel_only"))
    else:
        world.book(600_000, 600_020)
        world.decide()
        assert world.standing()
        world.now = world.engine.markets[OTHER, OTHER_SYMBOL].book_ns + 2 * SECOND + 1
        assert world.engine.next_deadline() <= world.now
    world.answer(world.decide())
    assert world.standing() == {}
    assert "no hedge on other: " in world.engine.markets[KRAKEN, SYMBOL].last.quoting.terms.bid_note


def test_a_fill_is_hedged_and_has_earned_the_edge(world):
    bid = next(order for order in world.engine.orders.open_of(KRAKEN, SYMBOL) if order.side == 1)
    (hedge,) = world.quote_fills(bid, BTC // 100)
    assert (hedge.venue, hedge.side, hedge.size) == (OTHER, -1, BTC // 100)
    # As far as the hedge's limit lets it slip.
    proceeds, cost = hedge.price * (1 - 0.0005), bid.price * 1.0001
    assert proceeds - cost >= 0.0002 * hedge.price
    world.hedge_fills(hedge, hedge.size)
    assert world.engine.desks["btc"].ledger.net == 0
    assert world.replayed().state_hash() == world.engine.state_hash()

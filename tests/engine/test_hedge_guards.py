"""What guards the hedges when several things go wrong at once: a currency without a rate, a position in danger while a
debt is large already, a limit that would hold a rescue back."""

from mm._core import events as ev
from mm._core.market import BOTH_SIDES
from tests.engine.contracts import BUY, CONTRACT, E12, FUTURES, PERPETUAL, SELL, Contracts
from tests.engine.test_hedging import OTHER, OTHER_SYMBOL, TwoVenues
from tests.engine.test_hedging import SETTINGS as SPOT
from tests.engine.world import BTC, KRAKEN, SECOND, instrument

RATED = '\n[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\n'
EURO = """
[conversion.EUR]
rate = 10
"""


class Rated(TwoVenues):
    """The hedge's currency is worth what a market says that has not been heard of."""

    settings_text = SPOT + RATED


def test_a_currency_is_off_its_peg_until_the_market_that_tells_its_worth_was_heard(tmp_path):
    world = Rated(tmp_path / "mm.toml")
    bid, _ = world.ready()
    hedge = world.engine.markets[OTHER, OTHER_SYMBOL]
    assert hedge.off_peg
    assert world.quote_fills(bid, BTC // 100) == []
    assert world.desk.note == "held back: no price of USDT in USD: exposure cannot be bounded"
    # News of the instrument or of its fees are no news of the currency.
    world.tell(ev.FeeRates(world.now, OTHER, OTHER_SYMBOL, 0, 50_000))
    assert hedge.off_peg
    facts = {"symbol": "USDT/USD", "base": "USDT", "price_precision": 4}
    world.tell(ev.InstrumentUpdate(world.now, KRAKEN, "USDT/USD", instrument(**facts).to_json()))
    assert hedge.off_peg, "its market has no book yet"
    source = world.engine.markets[KRAKEN, "USDT/USD"]
    source.book.apply_snapshot([(9_999, BTC)], [(10_001, BTC)])
    source.take_top()
    assert not hedge.off_peg
    assert [order.size for order in world.hedges()] == [BTC // 100]


class Euro(TwoVenues):
    """Quoted in a currency of which one is worth ten dollars."""

    settings_text = SPOT + EURO


def test_a_debt_is_counted_in_dollars_whatever_its_market_is_quoted_in(tmp_path):
    """0.0004 BTC at 60,000 EUR are 240 dollars at 10 dollars for one: above the threshold of 100, where 24 are not."""
    world = Euro(tmp_path / "mm.toml")
    world.other_up()
    world.instrument(quote="EUR")
    world.up()
    world.tell(ev.Balance(world.now, KRAKEN, "EUR", 10**6 * E12, "snapshot"))
    world.book(600_000, 600_010)
    quotes = [each for each in world.decide() if type(each) is ev.Place]
    world.accept(*quotes)
    (bid,) = (each for each in quotes if each.side == BUY)
    assert [order.size for order in world.quote_fills(bid, BTC // 2500)] == [BTC // 2500]
    # And the debt of 1,000 dollars that pulls the quotes is 0.0016 BTC and not 0.016.
    world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut"))
    world.quote_fills(bid, BTC // 500)
    assert world.engine.markets[world.desk.primary].held == BUY


def test_a_position_in_danger_does_not_take_the_limit_of_the_debt_away(tmp_path):
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    (hedge,) = world.quote_fills(world.ask, 100 * CONTRACT)
    world.hedge_fills(hedge, 100)
    world.position(100, liquidation=59_000)
    world.mark(60_000.5)
    world.decide()
    primary = world.engine.markets[world.desk.primary]
    assert (world.market.perpetual.danger, primary.held) == (BUY, SELL)
    # Bids go on, and their fills cannot be hedged: the debt of the other side comes to its limit meanwhile.
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", False, "cut"))
    world.fill(world.bid, 100 * CONTRACT, "K9")
    world.engine.desks["btc"].ledger.on_quote_fill(world.now, "K10", BUY, 2 * 10**10, 0)
    world.decide()
    assert primary.held == BOTH_SIDES


def flattened(world):
    return [place for place in world.wait(1) if place.purpose == "flatten"]


def test_a_rescue_goes_whatever_the_exposure_that_it_uncovers(tmp_path):
    """The venue would uncover all of it, and at a worse price."""
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    world.engine.limits.retune(collar=0.01, total_micro_usd=1, orders_max=20)
    world.position(-100, liquidation=61_000)
    world.mark(60_000.5)
    assert [(place.side, place.size) for place in flattened(world)] == [(BUY, 50)]


def test_a_rescue_goes_however_many_orders_are_open(tmp_path):
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    world.engine.limits.retune(collar=0.01, total_micro_usd=10**12, orders_max=1)
    world.position(-100, liquidation=61_000)
    world.mark(60_000.5)
    assert [place.size for place in flattened(world)] == [50]


def test_a_rescue_goes_whatever_the_collar_of_quotes(tmp_path):
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    world.engine.limits.retune(collar=0.002, total_micro_usd=10**12, orders_max=20)
    world.position(-100, liquidation=61_000)
    world.mark(60_000.5)
    assert [place.size for place in flattened(world)] == [50]


def test_what_adds_to_a_position_in_danger_is_cancelled_without_a_book(tmp_path):
    """A resting hedge at a venue whose book is lost fills all the same."""
    world = Contracts(tmp_path / "mm.toml").ready_to_quote()
    world.hedged()
    adds = ev.Place(
        world.now, FUTURES, PERPETUAL, world.engine.ids.peek("hedge"), world.desk.name, "hedge", 0, SELL, 600_100, 5,
        "limit", "gtc", True, False, "",
    )  # fmt: skip
    world.tell(adds)
    world.tell(ev.OrderAccepted(world.now, world.now, FUTURES, adds.client_id, "V" + adds.client_id))
    world.now += 2 * SECOND
    world.tell(ev.BookReset(world.now, FUTURES, PERPETUAL, "gap"))
    # The desk would take it back itself, since nothing is owed: what is looked at here is the guard.
    world.engine.desks["btc"].ledger.on_quote_fill(world.now, "K9", BUY, 10**10, 0)
    world.position(-100, liquidation=61_000)
    world.mark(60_000.5)
    canceled = [each.client_id for each in world.decide() if type(each) is ev.Cancel and each.venue == FUTURES]
    assert canceled == [adds.client_id]


def test_a_grid_too_fine_to_be_hedged_stops_its_symbol_before_the_first_order(tmp_path):
    world = Contracts(tmp_path / "mm.toml")
    world.futures_up(multiplier_precision=13)
    world.instrument()
    world.up()
    world.book(600_000, 600_010)
    assert [each for each in world.decide() if type(each) is ev.Place] == []
    assert "finer than" in world.market.problem
    assert world.market.is_frozen


def test_a_hedge_goes_although_quotes_have_every_place_of_max_open_orders(tmp_path):
    """A quote that was filled in part keeps its place: its hedge would wait until the debt has pulled the quotes."""
    world = TwoVenues(tmp_path / "mm.toml")
    bid, _ = world.ready()
    world.decide()
    world.engine.limits.retune(collar=0.01, total_micro_usd=10**12, orders_max=world.engine.orders.n_open)
    assert [order.size for order in world.quote_fills(bid, BTC // 200)] == [BTC // 200]

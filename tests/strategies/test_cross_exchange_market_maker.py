"""Quotes that pay for their hedge: the price, the depth, the fees, and when there is no quote at all."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Book
from mm._core.market import MarketCore, VenueCore
from mm._core.quoter import Quoter
from mm.config import Environment, SettingsError, load
from mm.inventory.hedging import parameters_of as policies_of
from mm.pricing import HedgePricing
from mm.strategies import MarketState, parameters_of
from mm.strategies.cross_exchange_market_maker import CrossExchangeMarketMaker, CrossExchangeMarketMakerParameters
from mm.strategies.exposure import lots_of_base_e12, net_base_e12, size_in
from mm.strategies.others import OtherMarket
from tests.engine.world import BTC, instrument

BUY, SELL = 1, -1
OTHER = ("other", "BTC/USDT")
OWN = instrument(price_precision=2, maker_fee_e8=10_000, taker_fee_e8=40_000)
SPOT = instrument(
    venue="other", symbol="BTC/USDT", quote="USDT", price_precision=2, size_min=1, cost_min=0, taker_fee_e8=50_000
)
CONTRACT = replace(
    SPOT,
    symbol="BTC/USDT:USDT",
    size_precision=0,
    multiplier=1,
    multiplier_precision=4,
    settle="USDT",
    price_precision=1,
)
KNOBS = {
    "hedge": "other",
    "hedge_symbol": "BTC/USDT",
    "edge_bps": Decimal(2),
    "slippage_bps": Decimal(1),
    "quote_size": Decimal("0.01"),
    "max_position": Decimal("0.05"),
    "refresh_tolerance_bps": Decimal(0),
}


class Setting:
    """The strategy, its market and the market that it hedges in."""

    def __init__(self, bids, asks, *, own=OWN, other=SPOT, held=0, hedged=0, gate="", worth=1, **knobs):
        key = (other.venue, other.symbol)
        chosen = KNOBS | {"hedge_symbol": other.symbol} | knobs
        self.strategy = CrossExchangeMarketMaker("test", CrossExchangeMarketMakerParameters(**chosen))
        self.strategy.prepare(own)
        book = Book(0, other.price_precision, other.size_precision)
        book.apply_snapshot(bids, asks)
        venue = VenueCore(other.venue, None, clock_offset_ns_max=0)
        hedge = MarketCore(venue, other, book, None, None, Quoter(can_amend=False))
        hedge.state.bid, hedge.state.bid_size, hedge.state.ask, hedge.state.ask_size = book.top()
        hedge.state.position = hedged
        hedge.seen_gate = gate
        hedge.rate_by(int(worth * 2 * 10**18), None, 0.9, 1.1)
        kraken = VenueCore(own.venue, None, clock_offset_ns_max=0)
        quoted = MarketCore(kraken, own, Book(1, own.price_precision, 8), None, None, Quoter(can_amend=False))
        self.market = MarketState(own, Book(10, own.price_precision, own.size_precision))
        self.market.bid, self.market.ask = 1, 10**9
        self.market.position = held
        self.market.others = MappingProxyType({key: OtherMarket(hedge, quoted)})

    def quotes(self):
        return self.strategy.quotes(self.market)

    def prices(self):
        return {quote.side: quote.price for quote in self.quotes().quotes}


def at(bid, ask, **more):
    return Setting([(bid, BTC)], [(ask, BTC)], **more)


def test_the_price_is_the_formulas_rounded_away_from_risk():
    # 60000, taker 0.05 %, slippage 0.01 %, edge 0.02 %, maker 0.01 %.
    assert at(6_000_000, 6_000_000).prices() == {BUY: 5_994_601, SELL: 6_005_402}
    coarse = replace(OWN, price_precision=1)
    assert at(6_000_000, 6_000_000, own=coarse).prices() == {BUY: 599_460, SELL: 600_541}


def test_a_hedge_in_another_currency_is_priced_by_what_that_is_worth():
    # A USDT of 0.995 dollars: 60,000 of them are 59,700, and the same formula.
    assert at(6_000_000, 6_000_000, worth=Fraction("0.995")).prices() == at(5_970_000, 5_970_000).prices()
    same = replace(SPOT, symbol="BTC/USD", quote="USD")
    assert at(6_000_000, 6_000_000, other=same, worth=1).prices() == {BUY: 5_994_601, SELL: 6_005_402}


def test_the_whole_quote_counts_and_not_the_best_price():
    bids = [(6_000_000, BTC // 200), (5_990_000, BTC)]
    deep = Setting(bids, [(6_001_000, BTC)])
    middle = at(5_995_000, 6_001_000)
    assert deep.prices() == middle.prices()


def test_what_is_owed_already_is_hedged_before_the_quote():
    bids = [(6_000_000, BTC // 100), (5_990_000, BTC)]
    asks = [(6_001_000, BTC // 100), (6_011_000, BTC)]
    free = Setting(bids, asks, inventory_skew_factor=Decimal(0)).prices()
    long = Setting(bids, asks, held=BTC // 100, inventory_skew_factor=Decimal(0)).prices()
    short = Setting(bids, asks, held=-BTC // 100, inventory_skew_factor=Decimal(0)).prices()
    worse_bid = at(5_990_000, 6_001_000).prices()[BUY]
    worse_ask = at(6_000_000, 6_011_000).prices()[SELL]
    assert long == {BUY: worse_bid, SELL: free[SELL]}
    assert short == {BUY: free[BUY], SELL: worse_ask}
    paid = Setting(bids, asks, held=BTC // 100, hedged=-BTC // 100, inventory_skew_factor=Decimal(0)).prices()
    assert paid == free


def test_a_side_that_the_book_cannot_take_is_not_quoted():
    quoting = Setting([(6_000_000, BTC // 200)], [(6_001_000, BTC)]).quotes()
    assert [quote.side for quote in quoting.quotes] == [SELL]
    assert quoting.terms.bid_note == "the hedge market is not deep enough"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gate": "the book is 2.5 s old"}, "no hedge on other: the book is 2.5 s old"),
        ({"gate": "private stream is down"}, "no hedge on other: private stream is down"),
        ({"own": replace(OWN, maker_fee_e8=-1)}, "the maker fee of kraken is not known"),
        ({"other": replace(SPOT, taker_fee_e8=-1)}, "the taker fee there is not known"),
        ({"other": replace(CONTRACT, linear=False)}, "BTC/USDT:USDT is an inverse contract"),
        ({"worth": 0}, "no hedge on other: no price of USDT in USD"),
        ({"worth": Fraction("0.85")}, "no hedge on other: USDT is 0.8500 USD, off its peg"),
    ],
)
def test_without_a_sure_hedge_nothing_is_quoted(more, said):
    quoting = at(6_000_000, 6_000_100, **more).quotes()
    assert quoting.quotes == ()
    assert said in quoting.terms.bid_note
    assert said in quoting.terms.ask_note


def test_a_market_that_is_not_there_yet_and_fees_that_come_later():
    setting = at(6_000_000, 6_000_100, own=replace(OWN, maker_fee_e8=-1))
    assert setting.quotes().quotes == ()
    setting.strategy.prepare(OWN)
    assert len(setting.quotes().quotes) == 2
    setting.market.others = MappingProxyType({})
    assert setting.quotes().terms.bid_note == "other has not told of BTC/USDT yet"


def test_the_net_position_moves_both_quotes_but_never_inside_the_edge():
    wide = {"spread_bps": Decimal(100), "inventory_skew_factor": Decimal(1)}
    calm = at(6_000_000, 6_000_000, **wide).prices()
    edge = at(6_000_000, 6_000_000).prices()
    assert calm == {BUY: 5_970_000, SELL: 6_030_000}
    held = BTC // 40
    long = at(6_000_000, 6_000_000, held=held, **wide)
    assert long.prices() == {BUY: 5_955_000, SELL: 6_015_000}
    assert long.quotes().terms.skew == pytest.approx(15_000)
    assert at(6_000_000, 6_000_000, held=-held, **wide).prices() == {BUY: 5_985_000, SELL: 6_045_000}
    # Hedged, the net position is none.
    assert at(6_000_000, 6_000_000, held=held, hedged=-held, **wide).prices() == calm
    far = wide | {"inventory_skew_factor": Decimal(10)}
    assert at(6_000_000, 6_000_000, held=held, **far).prices()[SELL] == edge[SELL]
    assert at(6_000_000, 6_000_000, held=-held, **far).prices()[BUY] == edge[BUY]


def test_a_net_position_at_its_cap_adds_nothing_and_reduces():
    full = at(6_000_000, 6_000_000, held=5 * BTC // 100).quotes()
    assert [quote.side for quote in full.quotes] == [SELL]
    assert full.terms.bid_note == "max_position reached"
    nearly = at(6_000_000, 6_000_000, held=45 * BTC // 1000).quotes()
    assert [quote.size for quote in nearly.quotes] == [BTC // 200, BTC // 100]
    hedged = at(6_000_000, 6_000_000, held=5 * BTC // 100, hedged=-5 * BTC // 100).quotes()
    assert len(hedged.quotes) == 2


def test_a_quote_never_takes_from_its_own_market():
    setting = at(6_000_000, 6_000_100)
    setting.market.bid, setting.market.ask = 5_000_000, 5_000_100
    assert setting.prices()[BUY] == 5_000_099
    setting.market.bid, setting.market.ask = 7_000_000, 7_000_100
    assert setting.prices()[SELL] == 7_000_001


def test_contracts_are_counted_in_units_of_their_asset():
    asks = [(600_000, 50), (601_000, 1000)]
    contract = Setting([(600_000, 50), (599_000, 1000)], asks, other=CONTRACT)
    spot = Setting([(6_000_000, BTC // 200), (5_990_000, BTC)], [(6_000_000, BTC // 200), (6_010_000, BTC)])
    assert contract.prices() == spot.prices()
    assert net_base_e12(((OWN, BTC), (CONTRACT, -10_000))) == 0
    assert size_in(OWN, BTC // 100 + 1, CONTRACT) == 101
    assert lots_of_base_e12(CONTRACT, 10**8 + 1) == 2


fees = st.integers(-10_000, 100_000)
levels = st.lists(st.tuples(st.integers(1, 300_000), st.integers(1, BTC // 50)), min_size=1, max_size=6)


@given(
    levels,
    levels,
    fees,
    fees,
    st.integers(0, 500),
    st.integers(0, 50),
    st.integers(-3, 3),
    st.integers(0, 30),
    st.integers(9000, 11000),
)
def test_a_fill_that_is_hedged_at_the_priced_hedge_keeps_the_edge(
    below, above, maker_e8, taker_e8, edge_tenths, slippage, held, tolerance, worth_e4
):
    bids = sorted({5_700_000 + step: size for step, size in below}.items(), reverse=True)
    asks = sorted({6_000_001 + step: size for step, size in above}.items())
    setting = Setting(
        bids,
        asks,
        own=replace(OWN, maker_fee_e8=maker_e8),
        other=replace(SPOT, taker_fee_e8=taker_e8),
        held=held * BTC // 100,
        worth=Fraction(worth_e4, 10_000),
        edge_bps=Decimal(edge_tenths) / 10,
        slippage_bps=Decimal(slippage),
        refresh_tolerance_bps=Decimal(tolerance) / 10,
    )
    quoting = setting.quotes()
    edge = Fraction(edge_tenths, 100_000)
    maker, taker = Fraction(maker_e8, 10**8), Fraction(taker_e8, 10**8)
    slip = Fraction(slippage, 10_000)
    off = Fraction(quoting.terms.fair) * tolerance / 100_000
    for quote in quoting.quotes:
        owed = max(0, quote.side * held) * BTC // 100
        units, left = [], quote.size
        for price, size in bids if quote.side == BUY else asks:
            skipped = min(owed, size)
            owed -= skipped
            part = min(left, size - skipped)
            units.append(price * part)
            left -= part
        assert not left
        hedge = Fraction(sum(units), quote.size) * Fraction(worth_e4 / 10_000)
        # Where it may stand before it moves.
        worst = quote.price + quote.side * off
        if quote.side == BUY:
            assert hedge * (1 - slip) * (1 - taker) - worst * (1 + maker) >= edge * hedge * (1 - taker - slip)
        else:
            assert worst * (1 - maker) - hedge * (1 + slip + taker) >= edge * hedge * (1 + slip + taker)


@given(st.integers(1, 10**7), st.integers(1, 10**7), fees, fees)
def test_the_whole_numbers_are_those_of_the_formula(bid, spread, maker_e8, taker_e8):
    own = replace(OWN, maker_fee_e8=maker_e8, tick=5)
    setting = at(10**6 + bid, 10**6 + bid + spread, own=own, other=replace(SPOT, taker_fee_e8=taker_e8))
    setting.market.bid, setting.market.ask = 1, 10**9
    pricing = HedgePricing(
        maker=Fraction(maker_e8, 10**8),
        taker=Fraction(taker_e8, 10**8),
        slippage=Fraction(1, 10_000),
        edge=Fraction(2, 10_000),
    )
    down, up = pricing.bid(Fraction(10**6 + bid)), pricing.ask(Fraction(10**6 + bid + spread))
    assert setting.prices() == {BUY: down // 5 * 5, SELL: -(-up // 5) * 5}


# --- configuration --------------------------------------------------------------------------------------------------

GOOD = """
[venues.kraken]
[strategies.btc]
kind = "cross_exchange_market_maker"
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
edge_bps = 2
quote_size = 0.01
max_position = 0.05

[hedging.btc]
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
slippage_bps = 5
"""


def read(tmp_path, text):
    path = tmp_path / "mm.toml"
    path.write_text(text)
    return load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)


def test_the_venue_of_the_hedge_is_one_of_the_run(tmp_path):
    assert set(read(tmp_path, GOOD).venues) == {"kraken", "mexc_spot"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("edge_bps = 2\n", "", "strategies.btc.edge_bps: expected a number at least 0"),
        ("edge_bps = 2", "edge_bps = -1", "strategies.btc.edge_bps"),
        ('hedge_symbol = "BTC/USDT"\nedge', 'hedge_symbol = "ETH/USDT"\nedge', "expected a symbol of BTC"),
        (
            'hedge_symbol = "BTC/USDT"\nedge',
            'hedge_symbol = "BTC/EUR"\nedge',
            "a symbol priced in USD, or both in dollars",
        ),
        ("quote_size = 0.01", "quote_size = 0.06", "strategies.btc.quote_size: expected at most 0.05, by [limits]"),
        ("max_position = 0.05", "max_position = 5", "strategies.btc.max_position: expected at most 0.1, by [limits]"),
        ("max_position = 0.05", "max_position = 0.005", "at most max_position = 0.005"),
        ("slippage_bps = 5", "slippage_bps = 6", "slippage_bps: expected at least hedging.btc.slippage_bps = 6, got 5"),
        (GOOD[GOOD.index("[hedging.btc]") :], "", "expected a [hedging.NAME] from this market to that one"),
        ("max_position", "[strategies.btc.limits]\nmax_open_orders = 1\n[x]\nmax_position", "two sides within"),
    ],
)
def test_what_contradicts_is_named_before_the_run(tmp_path, old, new, said):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if "[x]" in text:
        text = GOOD + "[strategies.btc.limits]\nmax_open_orders = 1\n"
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)

"""The market maker's quotes for given markets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Book
from mm.config import MarketMakerParameters
from mm.strategies import MarketState
from mm.strategies.market_maker import MarketMaker
from tests.engine.world import BTC, SECOND, instrument

BUY, SELL = 1, -1


def maker(**knobs):
    chosen = {"spread_bps": Decimal(2), "quote_size": Decimal("0.01"), "max_position": Decimal("0.05")} | knobs
    strategy = MarketMaker("test", MarketMakerParameters(**chosen))
    strategy.prepare(instrument())
    return strategy


def market(bid=600_000, ask=600_010, position=0, now=0, **more):
    state = MarketState(instrument(), Book(10, 1, 8))
    state.bid, state.ask, state.bid_size, state.ask_size = bid, ask, BTC, BTC
    state.position, state.now_ns = position, now
    for name, value in more.items():
        setattr(state, name, value)
    return state


def prices(quoting):
    return [(quote.side, quote.price, quote.size) for quote in quoting.quotes]


def test_both_sides_stand_half_a_spread_from_the_middle_rounded_away():
    assert prices(maker().quotes(market())) == [(BUY, 599_944, BTC // 100), (SELL, 600_066, BTC // 100)]


def test_a_full_position_moves_both_quotes_by_factor_times_half_a_spread():
    for position, moved in ((5 * BTC // 100, -60), (-5 * BTC // 100, 60)):
        quoting = maker(inventory_skew_factor=Decimal(1)).quotes(market(position=position))
        assert quoting.terms.skew == pytest.approx(-moved, abs=0.01)
        ((_, price, _),) = prices(quoting)
        assert price == pytest.approx((600_066 if position > 0 else 599_944) + moved, abs=1)


@pytest.mark.parametrize(
    ("chosen", "is_hedged", "leans_net"),
    [("", False, False), ("", True, True), ("net", False, True), ("venue", True, False)],
)
def test_the_skew_leans_against_what_all_venues_hold_where_fills_are_hedged(chosen, is_hedged, leans_net):
    state = market(position=BTC // 50, net_position=-BTC // 100, is_hedged=is_hedged)
    quoting = maker(inventory_skew_factor=Decimal(1), inventory=chosen).quotes(state)
    half = quoting.terms.half_spread
    assert quoting.terms.skew == pytest.approx(half * (-0.2 if leans_net else 0.4))
    # The cap is of this market's position whatever the skew leans against.
    assert [size for side, _, size in prices(quoting) if side == BUY] == [BTC // 100]
    full = maker(inventory=chosen).quotes(market(position=BTC // 20, is_hedged=is_hedged))
    assert full.terms.bid_note == "max_position reached"


def test_levels_step_away_and_grow():
    quoting = maker(levels=3, level_step_bps=Decimal(1), level_size_factor=Decimal(2)).quotes(market())
    assert prices(quoting) == [
        (BUY, 599_944, BTC // 100),
        (BUY, 599_884, BTC // 50),
        (BUY, 599_824, BTC // 50),
        (SELL, 600_066, BTC // 100),
        (SELL, 600_126, BTC // 50),
        (SELL, 600_186, BTC // 50),
    ]
    assert quoting.terms.bid_note == "trimmed to max_position"


def test_the_minimum_spread_wins():
    quoting = maker(spread_bps=Decimal("0.01"), min_spread_bps=Decimal(4)).quotes(market())
    assert quoting.terms.half_spread == pytest.approx(120.001)


def test_a_post_only_quote_stays_behind_the_other_side():
    quoting = maker(spread_bps=Decimal("0.001"), inventory_skew_factor=Decimal(10)).quotes(market(position=-BTC // 20))
    assert [price for _, price, _ in prices(quoting)] == [600_005]
    tight = maker(spread_bps=Decimal("0.001")).quotes(market(600_000, 600_001))
    assert [price for _, price, _ in prices(tight)] == [600_000, 600_001]


def test_a_side_pauses_after_its_fill():
    strategy = maker(filled_order_delay_ms=1000)
    state = market(now=10 * SECOND, buy_fill_ns=int(9.5 * SECOND))
    quoting = strategy.quotes(state)
    assert [quote.side for quote in quoting.quotes] == [SELL]
    assert quoting.terms.bid_note == "pausing after a fill"
    assert strategy.due_ns(state) == int(10.5 * SECOND)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"quote_size": Decimal("0.00004")}, "quote_size: level 0 would be 0.00004000 BTC; kraken takes at least"),
        ({"max_position": Decimal("0.001")}, "max_position: smaller than one quote"),
    ],
)
def test_what_the_venue_would_not_take_is_named_before_the_first_quote(knobs, message):
    with pytest.raises(ValueError, match=message):
        maker(**knobs)


@given(
    st.integers(1000, 10**7),
    st.integers(1, 500),
    st.integers(-BTC, BTC),
    st.integers(1, 5),
    st.decimals("0.001", "50", places=3),
)
def test_quotes_are_on_the_grid_never_cross_and_never_pass_the_cap(bid, width, position, levels, spread):
    strategy = maker(levels=levels, spread_bps=spread, max_position=Decimal("0.05"))
    quotes = strategy.quotes(market(bid, bid + width, position)).quotes
    bids = [quote for quote in quotes if quote.side == BUY]
    asks = [quote for quote in quotes if quote.side == SELL]
    assert all(quote.price > 0 and quote.size >= 5000 for quote in quotes)
    assert [q.price for q in bids] == sorted({q.price for q in bids}, reverse=True)
    assert [q.price for q in asks] == sorted({q.price for q in asks})
    if bids and asks:
        assert bids[0].price < asks[0].price
    assert not bids or (bids[0].price < bid + width and position + sum(q.size for q in bids) <= BTC // 20)
    assert not asks or (asks[0].price > bid and position - sum(q.size for q in asks) >= -BTC // 20)

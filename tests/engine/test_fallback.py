"""Where hedges go while their venue takes none: closed, out of reach, refusing or without money."""

import pytest

from mm._core import events as ev
from tests.engine.contracts import (
    CONTRACT,
    E12,
    FUTURES,
    PERPETUAL,
    SELL,
    UNIT,
    Contracts,
    WithFallback,
    perpetual,
    spot,
)
from tests.engine.world import MS, SECOND


@pytest.fixture
def world(tmp_path):
    return Contracts(tmp_path / "mm.toml").ready_to_quote()


def severities(world, text):
    return [event.severity for event in world.recorder.events if type(event) is ev.Alert and text in event.text]


def status(world, status):
    world.tell(ev.VenueStatus(world.now, FUTURES, status))


def test_while_order_entry_is_closed_debts_are_hedged_on_the_fallback_and_then_as_before(both):
    world = both
    (hedge,) = world.quote_fills(world.bid, 50 * CONTRACT)
    world.hedge_fills(hedge, 20)
    status(world, "cancel_only")
    # Still committed: what is out at the closed venue may fill, and is not sent twice.
    assert world.hedges() == []
    world.hedge_ends(hedge)
    (spot,) = world.hedges(SECOND)
    assert (spot.venue, spot.symbol, spot.side, spot.size) == ("mexc_spot", "BTC/USDT", SELL, 30 * CONTRACT)
    assert any("is closed: hedging on mexc_spot BTC/USDT until it opens; debts are kept" in t for t in world.alerts())
    world.tell(
        ev.Fill(
            world.now, world.now, "mexc_spot", spot.client_id, "S1", "BTC/USDT", SELL, "S1", 600_000, spot.size, -1,
            "t", 0, "USDT",
        )
    )  # fmt: skip
    assert world.desk.ledger.net == 0
    status(world, "online")
    (again,) = world.quote_fills(world.ask, 50 * CONTRACT)
    assert (again.venue, again.size) == (FUTURES, 50)
    assert severities(world, "is open again: hedging there") == ["warning"]
    assert severities(world, "until it opens") == ["error"]


def test_a_contract_that_takes_no_orders_leads_to_the_fallback_too(both):
    both.tell(ev.InstrumentUpdate(both.now, FUTURES, PERPETUAL, perpetual(status="cancel_only").to_json()))
    (spot,) = both.quote_fills(both.bid, 50 * CONTRACT)
    assert spot.venue == "mexc_spot"


def later(world, seconds):
    """Time passes at venues whose books are fresh; returns the hedges that were sent."""
    sent = []
    for _ in range(int(seconds)):
        world.now += SECOND
        world.futures_book()
        world.book(600_000, 600_010)
        world.engine.markets["mexc_spot", "BTC/USDT"].book_ns = world.now
        sent += world.hedges()
    return sent


def routes(world):
    return [event for event in world.recorder.events if type(event) is ev.HedgeRouted]


def refuse(world, place, code="2005"):
    world.tell(ev.OrderRejected(world.now, world.now, place.venue, place.client_id, "", code, "rejected"))


def cut(world):
    world.tell(ev.LinkChanged(world.now, FUTURES, "private", False, "cut"))


def spot_fills(world, place):
    world.executions += 1
    world.tell(
        ev.Fill(
            world.now, world.now, "mexc_spot", place.client_id, "S" + place.client_id, "BTC/USDT", place.side,
            f"S{world.executions}", place.price, place.size, -1, "t", 0, "USDT",
        )
    )  # fmt: skip


def test_a_hedge_venue_that_is_out_of_reach_is_waited_for_and_then_the_fallback_hedges(both):
    cut(both)
    assert both.quote_fills(both.bid, 50 * CONTRACT) == []
    assert later(both, 9) == []
    assert both.desk.ledger.net == 50 * UNIT, "the debt is kept"
    (spot,) = later(both, 2)
    assert (spot.venue, spot.side, spot.size) == ("mexc_spot", SELL, 50 * CONTRACT)
    assert any("mexc_futures BTC/USDT:USDT takes no hedges (private stream is down)" in t for t in both.alerts())
    spot_fills(both, spot)
    assert both.desk.ledger.net == 0
    # Back once the fallback has had its minute and the first venue is there; not a moment before.
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    (near,) = both.quote_fills(both.ask, 20 * CONTRACT)
    assert near.venue == "mexc_spot"
    spot_fills(both, near)
    assert later(both, 61) == []
    (again,) = both.quote_fills(both.ask, 20 * CONTRACT) + both.hedges()
    assert (again.venue, again.size) == (FUTURES, 20)
    assert severities(both, "hedging on mexc_futures BTC/USDT:USDT again") == ["warning"]
    assert severities(both, "takes no hedges") == ["error"]
    assert both.replayed().desks["btc"].facts() == both.desk.facts()


def test_a_short_cut_leads_to_no_fallback(both):
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 6) == []
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    (hedge,) = later(both, 1)
    assert hedge.venue == FUTURES
    both.hedge_ends(hedge)
    # A second one counts from its own beginning, also where nothing was owed when the first one was over.
    cut(both)
    assert later(both, 9) == []
    both.quote_fills(both.ask, 50 * CONTRACT)
    assert both.desk.ledger.net == 0
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    assert later(both, 5) == []
    cut(both)
    both.quote_fills(both.bid, 20 * CONTRACT)
    assert later(both, 9) == []


def test_what_may_still_fill_at_a_venue_out_of_reach_is_not_hedged_again(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    cut(both)
    both.tell(ev.OutcomeUnknown(both.now, both.now, FUTURES, hedge.client_id, "", "place", "cut"))
    assert later(both, 30) == []
    (spot,) = both.quote_fills(both.bid, 20 * CONTRACT)
    assert (spot.venue, spot.size) == ("mexc_spot", 20 * CONTRACT), "what is owed beyond it is hedged there"


def test_a_venue_that_refuses_each_hedge_leads_to_the_fallback(both):
    sent = both.quote_fills(both.bid, 50 * CONTRACT)
    for _ in range(20):
        for place in sent:
            assert place.venue == FUTURES
            refuse(both, place, "2005")
        sent = later(both, 1)
        if sent and sent[0].venue == "mexc_spot":
            break
    assert [place.venue for place in sent] == ["mexc_spot"]
    assert any("5 hedges in a row got nothing on mexc_futures BTC/USDT:USDT" in text for text in both.alerts())
    assert len([each for each in both.recorder.events if type(each) is ev.Place and each.venue == FUTURES]) == 5


def test_hedges_stay_where_they_are_while_the_fallback_takes_none_either(both):
    cut(both)
    both.tell(ev.LinkChanged(both.now, "mexc_spot", "private", False, "cut"))
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 30) == []
    assert not routes(both)
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    (hedge,) = later(both, 1)
    assert hedge.venue == FUTURES


def freeze_spot(world):
    """Other decimals: each number that the run holds would change its meaning."""
    world.tell(ev.InstrumentUpdate(world.now, "mexc_spot", "BTC/USDT", spot(size_precision=7).to_json()))
    assert world.engine.markets["mexc_spot", "BTC/USDT"].is_frozen


GONE = {
    "closed": lambda world: world.tell(ev.VenueStatus(world.now, "mexc_spot", "cancel_only")),
    "frozen": freeze_spot,
}


@pytest.mark.parametrize("gone", GONE)
def test_a_fallback_that_closes_or_freezes_gives_the_hedges_back(both, gone):
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    (place,) = later(both, 11)
    refuse(both, place, "30004")
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    GONE[gone](both)
    (hedge,) = later(both, 2)
    assert (hedge.venue, hedge.size) == (FUTURES, 50)


def test_a_fill_that_is_told_behind_its_end_is_not_hedged_again_elsewhere(both):
    sent = both.quote_fills(both.bid, 50 * CONTRACT)
    while both.desk.misses < 5:
        for place in sent:
            refuse(both, place, "2005")
        sent = later(both, 1)
    (last,) = sent
    both.hedge_ends(last)
    assert both.hedges(20 * MS) + both.hedges(20 * MS) == []
    assert both.desk.hedge[0] == "mexc_spot"
    both.hedge_fills(last, 50)
    assert later(both, 60) == []
    assert both.desk.ledger.net == 0


def test_where_both_markets_give_nothing_tries_get_as_rare_as_with_one(both):
    sent = both.quote_fills(both.bid, 50 * CONTRACT)
    asked = []
    for _ in range(300):
        for place in sent:
            asked.append(place.venue)
            refuse(both, place, "2005")
        sent = later(both, 1)
    assert set(asked) == {FUTURES, "mexc_spot"}
    assert len(asked) <= 20, "orders in five minutes"


def test_debts_are_paid_at_the_fallback_while_the_hedge_venue_was_never_there(both):
    both.market.venue.was_ready = False
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 9) == []
    (spot,) = later(both, 3)
    assert (spot.venue, spot.size) == ("mexc_spot", 50 * CONTRACT)


def test_a_fallback_that_cannot_pay_is_left_alone_and_given_up_as_soon_as_the_first_is_back(both):
    both.tell(ev.Balance(both.now, "mexc_spot", "BTC", 0, "snapshot"))
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 30) == []
    assert both.desk.hedge[0] == FUTURES
    both.tell(ev.Balance(both.now, "mexc_spot", "BTC", E12, "snapshot"))
    (spot,) = later(both, 2)
    assert spot.venue == "mexc_spot"
    refuse(both, spot, "30004")
    both.tell(ev.Balance(both.now, "mexc_spot", "BTC", 0, "snapshot"))
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    (hedge,) = later(both, 2)
    assert hedge.venue == FUTURES


def test_an_account_at_the_hedge_venue_that_cannot_pay_leads_to_the_fallback(both):
    both.tell(both.margin(0))
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 9) == []
    (spot,) = later(both, 3)
    assert spot.venue == "mexc_spot"
    assert any("cannot pay for a hedge" in text for text in both.alerts())


def test_a_hedge_that_is_out_has_reserved_its_money_and_is_no_lack_of_it(both):
    both.tell(both.margin(303))
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    both.tell(ev.OrderAccepted(both.now, both.now, FUTURES, hedge.client_id, "V" + hedge.client_id))
    assert hedge.size == 50
    assert later(both, 30) == []
    assert not routes(both)


def test_dust_needs_no_money(both):
    both.tell(both.margin(0))
    both.quote_fills(both.bid, CONTRACT // 2)
    assert later(both, 30) == []
    assert not routes(both)


def test_hedges_do_not_go_back_to_a_margin_account_without_money_each_minute(both):
    both.tell(both.margin(0))
    both.quote_fills(both.bid, 50 * CONTRACT)
    sent = later(both, 12)
    for _ in range(3):
        (spot,) = sent
        assert spot.venue == "mexc_spot"
        spot_fills(both, spot)
        later(both, 61)
        sent = both.quote_fills(both.bid, 20 * CONTRACT) + later(both, 2)
    assert len(routes(both)) == 1
    both.tell(both.margin(10**6))
    later(both, 2)
    assert [event.venue for event in routes(both)] == ["mexc_spot", FUTURES]


def test_hedges_do_not_go_to_and_fro_between_two_markets_whose_news_take_turns(tmp_path):
    world = WithFallback(tmp_path / "mm.toml", after=0).ready_to_quote()
    cut(world)
    world.tell(world.margin(0))
    world.quote_fills(world.bid, 50 * CONTRACT)
    began_ns = world.now
    for _ in range(20):
        for there, gone in ((FUTURES, "mexc_spot"), ("mexc_spot", FUTURES)):
            world.tell(ev.LinkChanged(world.now, there, "private", True, ""), world.margin(10**6))
            world.tell(ev.LinkChanged(world.now, gone, "private", False, "cut"))
            for place in world.hedges(25 * MS):
                refuse(world, place, "2")
    assert world.now - began_ns == SECOND
    assert 1 <= len(routes(world)) <= 2


def test_a_closed_venue_keeps_its_debt_where_the_fallback_is_frozen(both):
    freeze_spot(both)
    status(both, "cancel_only")
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 15) == []
    assert both.desk.hedge[0] == FUTURES
    status(both, "online")
    (hedge,) = later(both, 1)
    assert hedge.venue == FUTURES


def test_a_venue_that_closes_while_the_fallback_is_closed_is_not_told_to_be_open(both):
    status(both, "cancel_only")
    both.tell(ev.VenueStatus(both.now, "mexc_spot", "cancel_only"))
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 2) == []
    assert not any("open again" in text for text in both.alerts())
    both.tell(ev.VenueStatus(both.now, "mexc_spot", "online"))
    (place,) = later(both, 2)
    assert place.venue == "mexc_spot"


def test_what_is_in_doubt_at_the_first_market_takes_nothing_from_the_account_of_the_other(both):
    both.tell(ev.Balance(both.now, "mexc_spot", "BTC", E12 * 4 // 1000, "snapshot"))
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    both.quote_fills(both.bid, 20 * CONTRACT)
    cut(both)
    both.tell(ev.OutcomeUnknown(both.now, both.now, FUTURES, hedge.client_id, "", "place", "cut"))
    (spot_hedge,) = later(both, 12)
    assert (spot_hedge.venue, spot_hedge.size) == ("mexc_spot", 20 * CONTRACT), "0.002 BTC of 0.004"


STOPS = {
    "closed": lambda world: status(world, "cancel_only"),
    "out of reach": cut,
}


@pytest.mark.parametrize("stop", STOPS)
def test_no_hedge_follows_elsewhere_within_a_second_of_one_that_ended(tmp_path, stop):
    world = WithFallback(tmp_path / "mm.toml", after=0).ready_to_quote()
    (hedge,) = world.quote_fills(world.bid, 50 * CONTRACT)
    world.hedge_ends(hedge)
    ended_ns = world.now
    STOPS[stop](world)
    sent = []
    while not sent:
        sent = world.hedges(50 * MS)
    assert sent[0].venue == "mexc_spot"
    assert SECOND <= world.now - ended_ns <= SECOND + 100 * MS


def test_less_than_the_fallback_takes_is_not_routed_there(both):
    facts = spot(size_min=30 * CONTRACT).to_json()
    both.tell(ev.InstrumentUpdate(both.now, "mexc_spot", "BTC/USDT", facts))
    cut(both)
    both.quote_fills(both.bid, 20 * CONTRACT)
    assert later(both, 15) == []
    assert not routes(both)
    both.quote_fills(both.bid, 20 * CONTRACT)
    (place,) = later(both, 2)
    assert (place.venue, place.size) == ("mexc_spot", 40 * CONTRACT)


def test_a_status_that_comes_and_goes_is_one_alarm_and_makes_no_tries_of_its_own(both):
    both.quote_fills(both.bid, 50 * CONTRACT)
    status(both, "cancel_only")
    both.desk._failures = 7
    for word in ("online", "cancel_only") * 10:
        status(both, word)
        both.decide(50 * MS)
    errors = [each for each in both.recorder.events if type(each) is ev.Alert and each.severity == "error"]
    assert len([each for each in errors if "hedging" in each.text]) == 1
    # The last word is true.
    assert f"hedging on {both.desk.hedge[0]}" in both.alerts()[-1]
    assert both.desk._failures == 7


def test_the_wait_after_a_position_that_the_venue_cut_is_not_cut_short_by_a_hedge_that_never_left(both):
    hedge = both.hedged(100)
    desk = both.desk
    desk.on_external(both.now, "adl", 1, 60, both.market, 1_200_010)
    order = both.engine.orders.get(hedge.client_id)
    desk.on_over(both.now, order, False, True)
    assert both.hedges(900 * MS) == []
    assert [place.size for place in both.hedges(150 * MS)] == [60]


def test_a_hedge_that_its_link_took_back_for_a_cancel_of_ours_is_no_try(both):
    sent = both.quote_fills(both.bid, 50 * CONTRACT)
    for _ in range(6):
        (hedge,) = sent
        cut(both)
        assert hedge.client_id in [each.client_id for each in both.decide(4 * SECOND) if type(each) is ev.Cancel]
        head = (both.now, both.now, FUTURES, hedge.client_id, "")
        both.tell(ev.OrderDenied(*head, "cancelled before it was sent"))
        assert (both.desk._failures, both.desk.misses) == (0, 0)
        both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
        sent = later(both, 1)
    assert not routes(both)


def freeze_futures(world):
    world.tell(ev.InstrumentUpdate(world.now, FUTURES, PERPETUAL, perpetual(size_precision=1).to_json()))
    assert world.market.is_frozen


def test_hedges_stay_at_the_fallback_while_the_first_market_is_frozen(both):
    status(both, "cancel_only")
    (place,) = both.quote_fills(both.bid, 50 * CONTRACT)
    spot_fills(both, place)
    freeze_futures(both)
    status(both, "online")
    assert both.desk.hedge[0] == "mexc_spot"
    # Away by a route, too, whatever befalls the fallback.
    both.desk.is_away = True
    both.tell(ev.VenueStatus(both.now, "mexc_spot", "cancel_only"))
    assert both.desk.hedge[0] == "mexc_spot"


def test_a_fallback_that_closes_leaves_hedges_where_they_are_while_the_first_is_closed_too(both):
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    assert later(both, 11)
    status(both, "cancel_only")
    both.tell(ev.VenueStatus(both.now, "mexc_spot", "cancel_only"))
    assert both.desk.hedge[0] == "mexc_spot"
    assert not any("again" in text for text in both.alerts())


def test_hedges_do_not_go_back_to_a_position_that_is_close_to_its_liquidation(both):
    both.hedged(100)
    cut(both)
    both.quote_fills(both.ask, 20 * CONTRACT)
    (place,) = later(both, 11)
    spot_fills(both, place)
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    both.market.perpetual.danger = -1
    later(both, 61)
    (again,) = both.quote_fills(both.ask, 20 * CONTRACT) + later(both, 2)
    assert again.venue == "mexc_spot"


def test_a_cut_counts_from_its_own_beginning_after_hedges_moved(both):
    cut(both)
    both.quote_fills(both.bid, 50 * CONTRACT)
    (place,) = later(both, 11)
    refuse(both, place, "30004")
    both.tell(ev.LinkChanged(both.now, FUTURES, "private", True, ""))
    both.tell(ev.LinkChanged(both.now, "mexc_spot", "private", False, "cut"))
    (hedge,) = later(both, 2)
    assert hedge.venue == FUTURES
    both.hedge_ends(hedge)
    both.tell(ev.LinkChanged(both.now, "mexc_spot", "private", True, ""))
    cut(both)
    assert later(both, 8) == [], "a cut of its own"


def test_without_a_fallback_a_closed_venue_keeps_the_debt_until_it_opens(world):
    status(world, "cancel_only")
    assert world.quote_fills(world.bid, 50 * CONTRACT) == []
    assert world.desk.note == "mexc_futures is cancel only"
    status(world, "online")
    assert [hedge.size for hedge in world.hedges()] == [50]

"""Orders that their venue refused and has all the same, and second ones of a request: nothing is sent beside them."""

from types import SimpleNamespace

import pytest

from mm._core import events as ev
from mm.engine import contradicted
from mm.engine.ladder import Scope
from mm.live.killing import remains
from mm.persistence.recorder import MemoryRecorder
from tests.engine.contracts import CONTRACT, FUTURES, PERPETUAL, SELL, Contracts, perpetual
from tests.engine.test_fallback import cut, later, refuse
from tests.engine.world import KRAKEN, MS, SECOND


def stands_after_all(world, hedge):
    """Refused, and accepted: no list that trails shows that."""
    refuse(world, hedge)
    world.tell(ev.OrderAccepted(world.now, world.now, hedge.venue, hedge.client_id, "V" + hedge.client_id))


def test_a_hedge_that_was_refused_and_filled_all_the_same_is_not_sent_twice(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    # The answer takes a while, as from far away: the wait since it was sent is over.
    both.now += SECOND
    refuse(both, hedge, "2005")
    assert both.hedges() + both.hedges(100 * MS) == []
    both.hedge_fills(hedge, 50)
    assert both.hedges(SECOND) == []
    assert both.desk.ledger.net == 0


def not_there(world, hedge, *, gone, code="busy", venue_id=""):
    head = (world.now, world.now, FUTURES, hedge.client_id, venue_id or "V" + hedge.client_id)
    world.tell(ev.CancelRejected(*head, "busy", code, gone))


def listed(world, hedge, status, filled=20, venue_id=""):
    head = (world.now, world.now, FUTURES, hedge.client_id, venue_id or "V" + hedge.client_id)
    facts = (PERPETUAL, hedge.side, status, hedge.price, hedge.size, filled, "", "query")
    world.tell(ev.OrderReport(*head, *facts))


def sent_of(world, hedge, kind, since_ns=0):
    """Cancels of an order, or questions about it."""
    ids = (hedge.client_id, "V" + hedge.client_id)
    return [
        event
        for event in world.recorder.events
        if type(event) is kind and event.recv_ns > since_ns and (event.client_id in ids or event.venue_id in ids)
    ]


def in_doubt(world, hedge):
    head = (world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id)
    world.tell(ev.OutcomeUnknown(*head, "cancel", "HTTP status 429"))


ENDINGS = {
    "cancelled": (Contracts.hedge_ends, [30]),
    "filled": (lambda world, hedge: world.hedge_fills(hedge, 30), []),
    "gone": (lambda world, hedge: not_there(world, hedge, gone=True), []),
    "listed as cancelled": (lambda world, hedge: listed(world, hedge, "canceled"), [30]),
    "listed as pending": (lambda world, hedge: listed(world, hedge, "pending_new"), []),
    "not cancelled": (lambda world, hedge: not_there(world, hedge, gone=False), [30]),
    "perhaps cancelled": (in_doubt, [30]),
    "never heard of again": (lambda world, hedge: None, [30]),
}


FAILED = ("not cancelled", "perhaps cancelled")
LASTING = (*FAILED, "gone", "listed as pending", "never heard of again")


@pytest.mark.parametrize("ending", ENDINGS)
def test_while_a_refused_hedge_stands_no_other_is_sent(both, ending):
    end, sizes = ENDINGS[ending]
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    both.hedge_fills(hedge, 20)
    assert later(both, 8) == [], "what it may still fill is counted nowhere"
    end(both, hedge)
    assert bool(both.market.astray_ns) == (ending in LASTING)
    began_ns = both.now
    assert [(place.venue, place.size) for place in later(both, 3)] == [(FUTURES, size) for size in sizes]
    again = sent_of(both, hedge, ev.Cancel, began_ns)
    assert len(again) == (ending in FAILED or "pending" in ending), "its cancel is sent again"
    if ending in FAILED:
        assert again[0].recv_ns >= began_ns + 2 * SECOND, "and not at once"
    assert both.replayed().contradicted.facts() == both.engine.contradicted.facts()


def test_what_a_refused_hedge_may_fill_is_not_hedged_elsewhere_either(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    for _ in range(7):
        # Lists show it again and again: it is not gone, whatever the cancels came to.
        listed(both, hedge, "new")
        assert later(both, 3) == []
    assert both.desk.hedge[0] == "mexc_spot", "looked for, after ten seconds"
    both.hedge_ends(hedge)
    (place,) = later(both, 3)
    assert (place.venue, place.size) == ("mexc_spot", 30 * CONTRACT), "20 were told as filled"


def test_a_restart_knows_which_refused_order_stood_and_holds_its_market(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    assert [type(each) for each in both.decide() if getattr(each, "client_id", "") == hedge.client_id] == [ev.Cancel]
    after = both.made(both.start, both.settings, MemoryRecorder())
    after.restore(both.engine.durable_state())
    after.begin()
    both.engine = after
    both.tell(ev.InstrumentUpdate(both.now, FUTURES, PERPETUAL, perpetual().to_json()))
    market = after.markets[FUTURES, PERPETUAL]
    assert market.astray_ns == both.now
    assert (hedge.client_id, "V" + hedge.client_id) in after.ghosts, "its cancel is sent again"
    both.hedge_ends(hedge)
    assert market.astray_ns == 0
    assert after.ghosts == {}


def test_the_end_of_an_order_is_not_that_of_a_second_one_of_its_request(both):
    kraken = both.engine.markets["kraken", "BTC/USD"]
    bid = both.bid
    both.tell(ev.OrderAccepted(both.now, both.now, "kraken", bid.client_id, "TWIN"))
    assert kraken.astray_ns == both.now
    venue_id = both.engine.orders.get(bid.client_id).venue_id
    both.tell(ev.OrderCanceled(both.now, both.now, "kraken", bid.client_id, venue_id, -1, "x"))
    assert kraken.astray_ns, "the second one stands"
    both.tell(ev.OrderCanceled(both.now, both.now, "kraken", bid.client_id, "TWIN", -1, "x"))
    assert kraken.astray_ns == 0


def test_a_market_waits_for_the_last_of_those_that_stand_in_it(both):
    hedges = both.quote_fills(both.bid, 30 * CONTRACT)
    refuse(both, hedges[0])
    hedges += later(both, 1)
    assert len(hedges) == 2
    refuse(both, hedges[1])
    for hedge in hedges:
        both.tell(ev.OrderAccepted(both.now, both.now, FUTURES, hedge.client_id, "V" + hedge.client_id))
    both.hedge_ends(hedges[0])
    assert both.market.astray_ns
    both.hedge_ends(hedges[1])
    assert not both.market.astray_ns


def test_what_lists_show_of_a_second_order_of_a_request_holds_its_market_on_and_frees_it(both):
    market = both.engine.markets["kraken", "BTC/USD"]
    bid = both.bid
    both.tell(ev.OrderAccepted(both.now, both.now, "kraken", bid.client_id, "TWIN"))
    for status in ("new", "canceled"):
        both.now += 8 * SECOND
        head = (both.now, both.now, "kraken", bid.client_id, "TWIN", "BTC/USD")
        both.tell(ev.OrderReport(*head, bid.side, status, bid.price, bid.size, 0, "", "query"))
        assert market.astray_ns == (both.now if status == "new" else 0)


def standing(world):
    return [(report.client_id, report.venue_id) for report in world.engine.contradicted.standing()]


# --- what ends one ----------------------------------------------------------------------------------------------------


def test_that_a_stray_order_is_not_found_is_no_end_of_it_and_it_is_asked_about(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    both.decide()
    not_there(both, hedge, gone=True)
    began_ns = both.now
    assert later(both, 1) == [], "mostly its fill is on the way"
    assert sent_of(both, hedge, ev.QueryOrder) == []
    assert later(both, 1) == []
    assert [event.recv_ns for event in sent_of(both, hedge, ev.QueryOrder)] == [began_ns + 2 * SECOND]
    assert sent_of(both, hedge, ev.Cancel, began_ns) == []
    both.hedge_fills(hedge, 50)
    assert later(both, 3) == []
    assert both.market.position.quantity == -50
    assert standing(both) == []
    assert not both.engine.venues[FUTURES].doubtful
    assert both.replayed().contradicted.facts() == both.engine.contradicted.facts()


def test_a_stray_order_that_nothing_is_heard_of_is_asked_about_while_its_market_is_held(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    for _ in range(4):
        assert later(both, 5) == []
        assert sent_of(both, hedge, ev.QueryOrder, both.now - SECOND)
        # The answer: it lives, and so its market is held on.
        listed(both, hedge, "new", 0)
    absent = ev.OrderAbsent(both.now, 0, FUTURES, hedge.client_id, "V" + hedge.client_id, "two reads")
    both.tell(absent)
    assert standing(both) == []
    (hedge,) = later(both, 3)
    assert hedge.venue == "mexc_spot", "looked for, after ten seconds"


def test_pending_is_a_first_word_that_a_refused_order_lives(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    refuse(both, hedge)
    listed(both, hedge, "pending_new", 0)
    assert later(both, 4) == []
    assert len(sent_of(both, hedge, ev.Cancel)) == 1


@pytest.mark.parametrize("code", ["local", "busy"])
def test_cancels_that_fail_do_not_keep_hedges_from_the_fallback_for_as_long_as_the_venue_is_away(both, code):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    cut(both)
    sent, cancels = [], 0
    for _ in range(30):
        both.now += SECOND
        both.book(600_000, 600_010)
        both.engine.markets["mexc_spot", "BTC/USDT"].book_ns = both.now
        for each in both.decide():
            if type(each) is ev.Cancel and each.venue == FUTURES:
                cancels += 1
                not_there(both, hedge, gone=False, code=code)
            elif type(each) is ev.Place and each.purpose == "hedge":
                sent.append(each.venue)
    assert sent[0] == "mexc_spot"
    assert cancels >= 10, "and its cancel is sent again and again"
    assert not sent_of(both, hedge, ev.QueryOrder), "nobody is there to be asked"


def test_a_venue_that_shows_a_stray_order_on_and_on_keeps_hedges_from_another_for_half_a_minute(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    began_ns, sent = both.now, []
    while not sent and both.now < began_ns + 60 * SECOND:
        listed(both, hedge, "new", 0)
        sent = later(both, 1)
    assert [(place.venue, place.recv_ns - began_ns) for place in sent] == [("mexc_spot", 30 * SECOND)]
    assert both.engine.market_gate(both.now, both.market) == "an order stands here that should not", "there for good"


def test_what_a_stray_order_may_fill_counts_in_the_limits_whatever_was_heard_of_it(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    both.hedge_fills(hedge, 10)
    later(both, 12)
    assert not both.engine.is_astray(both.now, both.market)
    both.engine.limits.retune(collar=1.0, total_micro_usd=850 * 10**6, orders_max=10)

    def refused(market, size):
        market.refresh(both.engine.orders, both.now)
        words = {"post_only": False, "orders_open": 0, "others_micro_usd": 0}
        return getattr(both.engine.limits.check(market, SELL, 600_010, size, **words), "gate", "")

    kraken = both.engine.markets[KRAKEN, "BTC/USD"]
    for order in [order for order in both.engine.orders.open() if order.purpose == "hedge"]:
        both.tell(ev.OrderDenied(both.now, 0, order.venue, order.client_id, "", "x"))
    both.market.position_max = 60
    # Of 60 contracts 10 are sold and 40 may be. At worst 0.014 BTC are bought, or 0.01 sold with those 40 contracts.
    assert [refused(both.market, size) for size in (10, 11)] == ["", "position"]
    assert [refused(kraken, size) for size in (300_000, 500_000)] == ["", "exposure"]
    both.hedge_ends(hedge)
    assert refused(both.market, 50) == ""
    assert refused(kraken, 500_000) == ""


def test_a_stray_order_whose_id_comes_later_is_one_and_ends_as_one(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    refuse(both, hedge)
    both.tell(ev.OrderAccepted(both.now, both.now, FUTURES, hedge.client_id, ""))
    listed(both, hedge, "new", 0)
    assert standing(both) == [(hedge.client_id, "V" + hedge.client_id)]
    both.hedge_ends(hedge)
    assert standing(both) == []
    assert both.market.astray_ns == 0


# --- a start ----------------------------------------------------------------------------------------------------------


ENDS = {
    "refused": refuse,
    "kept back": lambda world, hedge: world.tell(ev.OrderDenied(world.now, 0, FUTURES, hedge.client_id, "", "x")),
    "not there": lambda world, hedge: world.tell(ev.OrderAbsent(world.now, 0, FUTURES, hedge.client_id, "", "reads")),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_restart_knows_which_orders_never_were(both, end):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    ENDS[end](both, hedge)
    after = both.made(both.start, both.settings, MemoryRecorder())
    after.restore(both.engine.durable_state())
    after.begin()
    assert after.contradicted.facts() == both.engine.contradicted.facts()
    both.engine = after
    both.tell(ev.InstrumentUpdate(both.now, FUTURES, PERPETUAL, perpetual().to_json()))
    listed(both, hedge, "new", 0)
    assert after.markets[FUTURES, PERPETUAL].astray_ns == both.now
    assert standing(both) == [(hedge.client_id, "V" + hedge.client_id)]


# --- a stop and a kill ------------------------------------------------------------------------------------------------


def cancelled(world, commands):
    """The venue of the quotes does as it is told."""
    for each in commands:
        if type(each) is ev.Cancel and each.venue == KRAKEN and world.engine.orders.get(each.client_id).is_open:
            world.canceled(each)


def test_a_stop_is_not_over_while_an_order_stands_that_should_not(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    both.decide()
    not_there(both, hedge, gone=False)
    both.now += 20 * MS
    both.tell(ev.Operator(both.now, "stop", "asked"))
    commands = both.decide()
    assert hedge.client_id in [each.client_id for each in commands if type(each) is ev.Cancel], "not two seconds later"
    cancelled(both, commands)
    assert both.engine.orders.n_open == 0
    assert standing(both) == [(hedge.client_id, "V" + hedge.client_id)]
    assert [each for each in both.decide(SECOND) if type(each) is ev.CancelAfter and not each.timeout_s] == []
    both.hedge_ends(hedge)
    assert standing(both) == []
    assert both.replayed().contradicted.facts() == both.engine.contradicted.facts()


@pytest.mark.parametrize("scope", [Scope(), Scope(venue=FUTURES), Scope(venue=KRAKEN), Scope(strategy="test")], ids=str)
def test_a_kill_is_not_proven_while_an_order_stands_that_should_not(both, scope):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    stands_after_all(both, hedge)
    both.decide()
    not_there(both, hedge, gone=False)
    both.now += 20 * MS
    began_ns = both.now
    both.tell(ev.Latched(both.now, "halt", str(scope), True, "operator", ""))
    commands = both.decide()
    is_meant = scope.holds(both.market)
    assert is_meant == (hedge.client_id in [each.client_id for each in commands if type(each) is ev.Cancel])
    cancelled(both, commands)
    for name in both.engine.venues:
        both.tell(ev.OpenOrdersRead(both.now, name, True, 0, began_ns + MS))
    bot = SimpleNamespace(engine=both.engine)
    left = f"open: {FUTURES} {hedge.client_id} (V{hedge.client_id}), which should not stand"
    assert remains(bot, "halt", scope, began_ns) == [left] * is_meant
    both.hedge_ends(hedge)
    assert remains(bot, "halt", scope, began_ns) == []


def test_a_position_is_not_closed_beside_an_order_that_stands_and_should_not(both):
    (hedge,) = both.quote_fills(both.bid, 50 * CONTRACT)
    both.hedge_fills(hedge, 50)
    both.tell(ev.Latched(both.now, "flatten", "venue=kraken", True, "operator", ""))

    def closing(ticks):
        sent = []
        for _ in range(ticks):
            both.now += 100 * MS
            both.book(600_000, 600_010)
            commands = both.decide()
            cancelled(both, commands)
            sent += [each for each in commands if type(each) is ev.Place and each.purpose == "flatten"]
        return sent

    (order,) = closing(5)
    refuse(both, order)
    both.tell(ev.OrderAccepted(both.now, both.now, KRAKEN, order.client_id, "VF"))
    assert closing(30) == []
    assert both.engine.ladder.notes[KRAKEN, "BTC/USD"] == "an order stands here that should not"
    both.tell(ev.OrderCanceled(both.now, both.now, KRAKEN, order.client_id, "VF", -1, "asked"))
    (again,) = closing(12)
    assert again.size == order.size


# --- second orders of a request ---------------------------------------------------------------------------------------


def filled_with_twin(world):
    """A hedge has filled whole, and a second order of its request stands."""
    (hedge,) = world.quote_fills(world.bid, 30 * CONTRACT)
    world.tell(ev.OrderAccepted(world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id))
    world.hedge_fills(hedge, 30)
    return hedge


def twin_fills(world, hedge, size, told=-1):
    world.executions += 1
    head = (world.now, world.now, FUTURES, hedge.client_id, "TWIN", PERPETUAL, hedge.side, f"F{world.executions}")
    world.tell(ev.Fill(*head, hedge.price, size, told, "t", 0, "USDT"))


@pytest.mark.parametrize(("told", "is_over"), [(-1, False), (10, False), (30, True)])
def test_a_fill_of_a_second_order_of_a_request_is_its_end_only_where_it_is_whole(both, told, is_over):
    hedge = filled_with_twin(both)
    both.tell(ev.OrderAccepted(both.now, both.now, FUTURES, hedge.client_id, "TWIN"))
    twin_fills(both, hedge, max(told, 10), told)
    assert bool(both.market.astray_ns) != is_over
    not_there(both, hedge, gone=False, venue_id="TWIN")
    assert (standing(both) == []) == is_over
    began_ns = both.now
    sent = both.quote_fills(both.bid, 20 * CONTRACT) + later(both, 3)
    assert bool(sent) == is_over
    assert bool([each for each in sent_of(both, hedge, ev.Cancel, began_ns) if each.venue_id == "TWIN"]) != is_over


def test_a_second_order_of_a_request_that_a_list_tells_of_holds_its_market_and_is_asked_about_by_its_own_id(both):
    hedge = filled_with_twin(both)
    listed(both, hedge, "new", 0, "TWIN")
    assert both.market.astray_ns == both.now
    assert both.quote_fills(both.bid, 20 * CONTRACT) + later(both, 3) == []
    not_there(both, hedge, gone=True, venue_id="TWIN")
    assert later(both, 3) == []
    (asked,) = [event for event in both.recorder.events if type(event) is ev.QueryOrder]
    assert (asked.client_id, asked.venue_id) == ("", "TWIN")
    both.tell(ev.OrderAbsent(both.now, 0, FUTURES, "", "TWIN", "two reads"))
    assert both.market.astray_ns == 0
    assert standing(both) == []
    # A list that trails.
    listed(both, hedge, "new", 0, "TWIN")
    assert both.market.astray_ns == 0
    assert both.replayed().contradicted.facts() == both.engine.contradicted.facts()


def test_an_order_that_stands_is_not_forgotten_for_orders_that_never_were(both, monkeypatch):
    monkeypatch.setattr(contradicted, "KEPT_MAX", 1)
    hedges = both.quote_fills(both.bid, 50 * CONTRACT)
    refuse(both, hedges[0])
    hedges += later(both, 1)
    assert len(hedges) == 2
    stood = both.engine.contradicted.standing
    both.tell(ev.OrderAccepted(both.now, both.now, FUTURES, hedges[0].client_id, "V" + hedges[0].client_id))
    assert len(stood()) == 1
    refuse(both, hedges[1])
    assert [report.client_id for report in stood()] == [hedges[0].client_id]
    assert both.market.astray_ns
    both.hedge_ends(hedges[0])
    assert stood() == []

"""Orders that their venue refused and has all the same, and second ones of a request: nothing is sent beside them."""

import pytest

from mm._core import events as ev
from mm.persistence.recorder import MemoryRecorder
from tests.engine.contracts import CONTRACT, FUTURES, PERPETUAL, Contracts, perpetual
from tests.engine.test_fallback import later, refuse
from tests.engine.world import MS, SECOND


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


def not_there(world, hedge, *, gone):
    head = (world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id)
    world.tell(ev.CancelRejected(*head, "busy", "busy", gone))


def listed(world, hedge, status):
    head = (world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id)
    facts = (PERPETUAL, hedge.side, status, hedge.price, hedge.size, 20, "", "query")
    world.tell(ev.OrderReport(*head, *facts))


def in_doubt(world, hedge):
    head = (world.now, world.now, FUTURES, hedge.client_id, "V" + hedge.client_id)
    world.tell(ev.OutcomeUnknown(*head, "cancel", "HTTP status 429"))


ENDINGS = {
    "cancelled": (Contracts.hedge_ends, [30]),
    "filled": (lambda world, hedge: world.hedge_fills(hedge, 30), []),
    "gone": (lambda world, hedge: not_there(world, hedge, gone=True), [30]),
    "listed as cancelled": (lambda world, hedge: listed(world, hedge, "canceled"), [30]),
    "not cancelled": (lambda world, hedge: not_there(world, hedge, gone=False), []),
    "perhaps cancelled": (in_doubt, []),
    "never heard of again": (lambda world, hedge: None, [30]),
}


FAILED = ("not cancelled", "perhaps cancelled")
LASTING = (*FAILED, "never heard of again")


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
    again = [event for event in both.recorder.events if type(event) is ev.Cancel and event.recv_ns > began_ns]
    assert len(again) == (ending in FAILED), "its cancel is sent again"
    assert all(event.recv_ns >= began_ns + 2 * SECOND for event in again), "and not at once"
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

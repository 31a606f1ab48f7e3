"""The engine by its three verbs: what stands, what is pulled, what is asked, and that a replay ends the same."""

import pytest

from mm._core import events as ev
from mm._core.orders import OrderState
from tests.engine.world import BTC, KRAKEN, MS, SECOND, SYMBOL, World, book_frame

BUY, SELL = 1, -1


def quotes(commands):
    return [(c.side, c.price, c.size) for c in commands if type(c) is ev.Place]


def of(kind, commands):
    return [command for command in commands if type(command) is kind]


def test_the_first_book_brings_both_quotes_and_nothing_comes_before(world: World):
    assert world.decide() == []
    world.instrument()
    assert world.decide() == []
    world.up()
    assert of(ev.Place, world.decide()) == []
    world.book(600_000, 600_010)
    # Middle 60,000.5, half of 2 bps is 6.00005: 59,994.49995 down, 60,006.50005 up.
    assert quotes(world.decide()) == [(BUY, 599_944, BTC // 100), (SELL, 600_066, BTC // 100)]
    assert world.decide() == []


def test_a_long_inventory_lowers_both_quotes(world: World):
    bid, ask = world.ready()
    world.fill(bid, BTC // 100)
    commands = world.decide()
    (place,) = of(ev.Place, commands)
    (amend,) = of(ev.Amend, commands)
    assert place.price < bid.price
    assert amend.price < ask.price
    assert amend.client_id == ask.client_id


def test_a_quote_keeps_its_place_within_the_tolerance(make_world):
    world = make_world(extra="", settings=WITH_TOLERANCE)
    world.ready()
    world.book(600_010, 600_020)
    assert world.decide() == []
    world.book(600_100, 600_110)
    assert len(of(ev.Amend, world.decide())) == 2


WITH_TOLERANCE = """
[venues.kraken]
[strategies.test]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0.5
"""


def test_nothing_is_changed_while_an_answer_is_on_its_way(world: World):
    world.instrument()
    world.up()
    world.book(600_000, 600_010)
    places = of(ev.Place, world.decide())
    world.book(601_000, 601_010)
    assert world.decide() == []
    world.accept(*places)
    assert [(type(c), c.client_id) for c in world.decide()] == [(ev.Amend, places[1].client_id)]


def test_the_retreating_side_moves_first(world: World):
    bid, ask = world.ready()
    world.book(600_100, 600_110)
    assert [c.client_id for c in of(ev.Amend, world.decide())] == [ask.client_id, bid.client_id]
    world.book(600_000, 600_010)
    for place, price in ((ask, 600_166), (bid, 600_044)):
        world.tell(
            ev.OrderAmended(world.now, world.now, KRAKEN, place.client_id, "V" + place.client_id, price, place.size, 0)
        )
    assert [c.client_id for c in of(ev.Amend, world.decide())] == [bid.client_id, ask.client_id]


def test_a_bid_does_not_move_onto_an_own_ask_that_is_still_in_flight(world: World):
    _, ask = world.ready()
    world.book(610_000, 610_010)
    assert [c.client_id for c in world.decide()] == [ask.client_id]
    assert "own order" in world.engine.decisions[-1].refused[0]


def test_a_stale_book_pulls_the_quotes_and_says_why(world: World):
    places = world.ready()
    deadline = world.engine.next_deadline()
    assert world.now < deadline <= world.now + 2001 * MS
    cancels = of(ev.Cancel, world.decide(2001 * MS))
    assert {c.client_id for c in cancels} == {p.client_id for p in places}
    assert "s old" in world.engine.decisions[-1].gate


def test_a_checksum_mismatch_stops_quoting_and_asks_for_that_book_only(world: World):
    world.ready()
    world.book(600_000, 600_010, checksum=1)
    world.now += 6 * SECOND
    world.engine._upkeep.wake()
    (resync,) = of(ev.Resync, world.engine.decide(world.now))
    assert (resync.symbol, resync.reason) == (SYMBOL, "checksum mismatch")
    world.book(600_500, 600_510)
    world.canceled(*of(ev.Cancel, world.recorder.events))
    assert len(quotes(world.decide())) == 2


def test_a_lost_private_stream_holds_then_pulls(world: World):
    places = world.ready()
    world.down()
    assert world.decide() == []
    world.book(601_000, 601_010)
    assert world.decide(2900 * MS) == []
    cancels = of(ev.Cancel, world.decide(200 * MS))
    assert len(cancels) == len(places)


def test_an_unknown_order_is_asked_for_and_its_slot_stays_taken(world: World):
    bid, _ = world.ready()
    world.book(600_100, 600_110)
    world.decide()
    world.tell(ev.OutcomeUnknown(world.now, world.now, KRAKEN, bid.client_id, "", "amend", "lost"))
    assert world.engine.orders.get(bid.client_id).state is OrderState.UNKNOWN
    assert [(type(c), c.client_id) for c in world.decide()] == [(ev.QueryOrder, bid.client_id)]
    assert world.decide() == []
    # Both prices may stand: the worst case counts the order, and the self-trade check sees both.
    assert world.engine.orders.open_exposure(KRAKEN, SYMBOL, BUY) == bid.size


def test_orders_that_the_snapshots_leave_out_are_asked_for(world: World):
    bid, ask = world.ready()
    world.down()
    world.decide()
    world.now += MS
    world.tell(report(world, ask), ev.OpenOrdersRead(world.now, KRAKEN, True, 1, world.now))
    world.tell(ev.LinkChanged(world.now, KRAKEN, "private", True, ""))
    assert [c.client_id for c in of(ev.QueryOrder, world.decide())] == [bid.client_id]


def report(world, place, status="new", client_id=""):
    client_id = client_id or place.client_id
    return ev.OrderReport(
        world.now,
        world.now,
        KRAKEN,
        client_id,
        "V" + client_id,
        SYMBOL,
        place.side,
        status,
        place.price,
        place.size,
        0,
        "",
        "snapshot",
    )


def test_an_order_of_an_earlier_start_is_cancelled_and_counted(world: World):
    bid, _ = world.ready()
    world.tell(report(world, bid, client_id="mm3Q9"))
    (cancel,) = of(ev.Cancel, world.decide())
    assert (cancel.client_id, cancel.reason) == ("mm3Q9", "left by an earlier start")


def test_foreign_orders_are_never_touched(world: World):
    bid, _ = world.ready()
    world.tell(report(world, bid, client_id="somebody"))
    assert world.decide() == []
    assert world.engine.orders.get("somebody") is None


def test_the_dead_mans_switch_is_armed_kept_fresh_and_not_with_foreign_orders(make_world):
    world = make_world()
    world.instrument()
    world.up()
    (armed,) = of(ev.CancelAfter, world.decide())
    assert armed.timeout_s == 60
    assert of(ev.CancelAfter, world.decide(19 * SECOND)) == []
    assert len(of(ev.CancelAfter, world.decide(2 * SECOND))) == 1
    world.tell(ev.ForeignOrders(world.now, KRAKEN, 2))
    assert [c.timeout_s for c in of(ev.CancelAfter, world.decide())] == [0]


def test_a_stop_cancels_until_the_venue_has_said_it_and_then_disarms(world: World):
    places = world.ready()
    world.tell(ev.Operator(world.now, "stop", "Ctrl-C"))
    cancels = of(ev.Cancel, world.decide())
    assert {c.client_id for c in cancels} == {p.client_id for p in places}
    assert world.decide(500 * MS) == []
    assert len(of(ev.Cancel, world.decide(600 * MS))) == 2
    world.canceled(*cancels)
    assert [c.timeout_s for c in world.decide()] == [0]
    world.book(600_500, 600_510)
    assert world.decide(5 * SECOND) == []
    assert world.engine.orders.n_open == 0


def test_a_venue_in_maintenance_is_not_quoted_and_in_post_only_mode_it_is(world: World):
    places = world.ready()
    world.tell(ev.VenueStatus(world.now, KRAKEN, "post_only"))
    assert world.decide() == []
    world.tell(ev.VenueStatus(world.now, KRAKEN, "maintenance"))
    assert len(of(ev.Cancel, world.decide())) == len(places)
    assert world.engine.decisions[-1].gate == "kraken is maintenance"


def test_a_clock_that_is_off_stops_quoting(world: World):
    places = world.ready()
    world.tell(ev.ClockOffset(world.now, KRAKEN, 5 * SECOND, 10 * MS))
    assert len(of(ev.Cancel, world.decide())) == len(places)
    assert "clock is 5.0 s off" in world.engine.decisions[-1].gate


def test_own_size_at_the_top_is_not_the_market(world: World):
    bid, _ = world.ready()
    frame_bids = [(bid.price, bid.size), (599_900, BTC)]
    world.tell(ev.BookFrame(world.now, KRAKEN, book_frame(frame_bids, [(600_010, BTC)])))
    world.decide()
    assert world.engine.markets[KRAKEN, SYMBOL].state.bid == 599_900


def test_max_position_trims_then_stops_a_side(world: World):
    bid, _ = world.ready()
    for index in range(5):
        world.fill(bid, BTC // 100, execution=f"E{index}")
        bids = [p for p in of(ev.Place, world.decide()) if p.side == BUY]
        if bids:
            bid = bids[0]
            world.accept(bid)
            world.decide()
    market = world.engine.markets[KRAKEN, SYMBOL]
    assert market.position.quantity == 5 * BTC // 100
    assert [o.side for o in world.engine.orders.open()] == [SELL]
    assert world.engine.decisions[-1].quoting.terms.bid_note == "max_position reached"


def test_a_refused_quote_is_tried_again_later_and_later(world: World):
    world.instrument()
    world.up()
    world.book(600_000, 600_010)
    waits = []
    commands = world.decide()
    for _ in range(4):
        for place in of(ev.Place, commands):
            world.tell(
                ev.OrderRejected(world.now, world.now, KRAKEN, place.client_id, "", "EOrder:Insufficient funds", "")
            )
        asked = world.now
        world.decide()
        while not of(ev.Place, commands := world.decide(50 * MS)):
            world.book(600_000, 600_010)
        waits.append((world.now - asked) // MS)
    assert waits == [250, 500, 1000, 2000]


def test_without_funds_an_order_is_held_back_with_the_reason(world: World):
    world.instrument()
    world.up(btc=0)
    world.book(600_000, 600_010)
    assert [side for side, _, _ in quotes(world.decide())] == [BUY]
    assert world.engine.decisions[-1].refused == ("ask at 60006.6: not enough BTC for another sell order",)


def test_profit_in_two_parts_closes_to_the_last_unit(world: World):
    bid, ask = world.ready()
    world.fill(bid, bid.size)
    world.book(600_333, 600_344)
    world.fill(ask, ask.size // 2, execution="E2")
    market = world.engine.markets[KRAKEN, SYMBOL]
    position, profit = market.position, market.profit
    assert profit.spread2 + profit.inventory2(market.middle2) == profit.total2(market.middle2)
    assert 2 * position.realized + position.open_profit(market.bid) + position.open_profit(market.ask) == profit.total2(
        market.middle2
    )


def test_a_fill_after_the_cancel_changes_the_position(world: World):
    bid, _ = world.ready()
    world.tell(ev.Operator(world.now, "stop", ""))
    world.canceled(*of(ev.Cancel, world.decide()))
    world.fill(bid, BTC // 200)
    assert world.engine.markets[KRAKEN, SYMBOL].position.quantity == BTC // 200
    world.fill(bid, BTC // 200)
    assert world.engine.markets[KRAKEN, SYMBOL].position.quantity == BTC // 200


def test_an_instrument_that_cannot_be_quoted_as_configured_says_what_is_wrong(world: World):
    world.instrument(size_min=BTC)
    world.up()
    world.book(600_000, 600_010)
    assert quotes(world.decide()) == []
    assert "strategies.test.quote_size" in world.engine.decisions[-1].gate


@pytest.mark.parametrize("damage", [b'{"channel":"book","type":"snapshot","data":[{', b'{"channel":"book"} trailing'])
def test_a_malformed_book_frame_is_survived_and_resynced(world: World, damage):
    world.ready()
    world.tell(ev.BookFrame(world.now, KRAKEN, damage))
    world.decide(6 * SECOND)
    assert not world.engine.markets[KRAKEN, SYMBOL].book_ok
    assert "malformed" in world.engine.markets[KRAKEN, SYMBOL].gap
    assert len(of(ev.Resync, world.recorder.events)) == 1


def test_every_command_is_recorded_before_it_is_returned_and_a_replay_ends_in_the_same_state(world: World):
    bid, ask = world.ready()
    world.fill(bid, BTC // 200)
    commands = world.decide(100 * MS)
    world.book(600_100, 600_130)
    commands += world.decide(100 * MS)
    world.tell(ev.OutcomeUnknown(world.now, world.now, KRAKEN, ask.client_id, "", "amend", "lost"))
    commands += world.decide()
    world.tell(ev.Operator(world.now, "stop", ""))
    commands += world.decide()
    assert commands
    assert all(any(command is recorded for recorded in world.recorder.events) for command in commands)
    assert world.replayed().state_hash() == world.engine.state_hash()
    world.tell(ev.ForeignOrders(world.now, KRAKEN, 9))
    assert world.replayed().state_hash() == world.engine.state_hash()
    assert world.engine.venues[KRAKEN].foreign == 9


def test_what_never_left_is_not_counted_so_that_an_outage_uses_nothing_up(world: World):
    world.ready()
    rates = world.engine.markets[KRAKEN, SYMBOL].limits
    world.down()
    before = rates.headroom(world.now)
    for _ in range(60):
        for cancel in of(ev.Cancel, world.decide(SECOND)):
            world.tell(
                ev.CancelRejected(
                    world.now, 0, KRAKEN, cancel.client_id, cancel.venue_id, "not sent: cannot connect", "local", False
                )
            )
    assert rates.headroom(world.now) >= before
    assert world.replayed().state_hash() == world.engine.state_hash()


@pytest.mark.parametrize("code", ["withdrawn", "taken back"])
def test_an_amend_that_was_withdrawn_before_it_left_is_no_refusal_in_an_older_journal_either(make_world, code):
    world = make_world(extra="", settings=PATIENT)
    world.ready()
    rates = world.engine.markets[KRAKEN, SYMBOL].limits
    for step in range(1, 7):
        world.book(600_000 + 100 * step, 600_010 + 100 * step)
        before = rates.headroom(world.now)
        amends = of(ev.Amend, world.decide(200 * MS))
        assert amends, "what was refused waits for its next try"
        for amend in amends:
            words = (KRAKEN, amend.client_id, amend.venue_id, "not sent, it is not wanted any more", code)
            world.tell(ev.AmendRejected(world.now, 0, *words))
        assert rates.headroom(world.now) >= before
    assert world.engine.ladder.latches == {}
    assert world.replayed().state_hash() == world.engine.state_hash()


PATIENT = f"""{WITH_TOLERANCE}
[kill]
rejects_per_minute = 4
"""


def refused_cancels(world, rounds):
    """Refuse every cancel of so many rounds of 100 ms; returns how many there were."""
    asked = 0
    for _ in range(rounds):
        cancels = of(ev.Cancel, world.decide(100 * MS))
        asked += len(cancels)
        for cancel in cancels:
            world.tell(
                ev.CancelRejected(
                    world.now, world.now, KRAKEN, cancel.client_id, cancel.venue_id, "EService:Busy", "", False
                )
            )
    return asked


def test_a_refused_cancel_is_asked_again_after_a_second_and_not_at_once(world: World):
    world.ready()
    world.tell(ev.Operator(world.now, "pause", ""))
    assert refused_cancels(world, 50) == 2 * 5


def test_in_maintenance_a_cancel_is_asked_less_and_less_and_at_once_when_it_is_over(world: World):
    world.ready()
    world.tell(ev.VenueStatus(world.now, KRAKEN, "maintenance"))
    # After 0, 1, 3, 7, 15, 31, 61 and 91 s.
    assert refused_cancels(world, 1000) == 2 * 8
    world.tell(ev.VenueStatus(world.now, KRAKEN, "cancel_only"))
    assert refused_cancels(world, 1) == 2
    assert refused_cancels(world, 50) == 2 * 5
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_symbol_out_of_maintenance_does_not_hurry_cancels_while_its_venue_is_still_in_it(world: World):
    world.ready()
    world.tell(ev.VenueStatus(world.now, KRAKEN, "maintenance"))
    world.instrument(status="maintenance")
    assert refused_cancels(world, 80) == 2 * 4
    world.instrument()
    # The next is due 15 s after the first.
    assert refused_cancels(world, 60) == 0
    world.tell(ev.VenueStatus(world.now, KRAKEN, "cancel_only"))
    assert refused_cancels(world, 1) == 2
    assert world.engine.cancel_tries == {}
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_an_order_that_has_ended_and_is_listed_as_open_long_after_is_cancelled_again(world: World):
    bid, _ = world.ready()
    world.tell(ev.OrderCanceled(world.now, world.now, KRAKEN, bid.client_id, "V" + bid.client_id, -1, "by the venue"))
    world.now += 10 * SECOND
    world.tell(report(world, bid))
    assert bid.client_id not in [c.client_id for c in of(ev.Cancel, world.decide())]
    world.now += 40 * SECOND
    world.tell(report(world, bid))
    cancels = [c for c in of(ev.Cancel, world.decide()) if c.client_id == bid.client_id]
    assert [c.reason for c in cancels] == ["ended, and listed as open"]
    assert [c for c in of(ev.Cancel, world.decide()) if c.client_id == bid.client_id] == []
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_the_fills_of_a_taken_over_order_are_booked(world: World):
    world.ready()
    old = ev.Fill(
        world.now, world.now, KRAKEN, "mm3Q9", "V9", SYMBOL, BUY, "E9", 600_000, BTC // 500, BTC // 500, "m", 0, "USD"
    )
    world.tell(old)
    assert world.engine.markets[KRAKEN, SYMBOL].position.quantity == 0
    world.tell(
        ev.OrderReport(
            world.now,
            world.now,
            KRAKEN,
            "mm3Q9",
            "V9",
            SYMBOL,
            BUY,
            "partially_filled",
            600_000,
            BTC // 100,
            BTC // 500,
            "",
            "snapshot",
        )
    )
    assert world.engine.markets[KRAKEN, SYMBOL].position.quantity == BTC // 500
    assert world.engine.orders.get("mm3Q9").fills_missing == 0


def test_a_fast_market_is_retreated_from_at_most_five_times_a_second(make_world):
    """Each retreat costs points of the venue's counter; without points no quote can be moved at all."""
    world = make_world(settings=WITH_TOLERANCE.replace("refresh_interval_ms = 0", "refresh_interval_ms = 1000"))
    _, ask = world.ready()
    world.now += SECOND
    moved = 0
    for step in range(100):
        world.book(600_100 + 60 * step, 600_110 + 60 * step)
        for amend in of(ev.Amend, world.decide(10 * MS)):
            moved += amend.client_id == ask.client_id
            numbers = (amend.price, amend.size, 0)
            world.tell(ev.OrderAmended(world.now, world.now, KRAKEN, amend.client_id, amend.venue_id, *numbers))
    assert 4 <= moved <= 6

"""Faults of market data and books, each alone and from many seeds (MM_CAMPAIGN=1: twenty), on every venue that can
have them.

`tests.faults.booked.Booked` judges: at every order and amend that is sent, what could be known of the book is whole, a
market, and young enough; at rest every book is the venue's, to the last unit.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from mm.simulator.tape import BookEntry, TradeEntry
from tests.backtest.brief_market import recorded
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND
from tests.faults.booked import CHANNEL, PULL_NS, SNAPSHOT, Booked, everywhere
from tests.faults.hedged import lasting

VERSIONS = {MEXC: "313.4,313.5", FUTURES: "data.begin,data.end,data.version"}
LEVEL = {KRAKEN: "data.0.bids.0.qty|data.0.asks.0.qty", MEXC: "313.2.2|313.1.2", FUTURES: "data.bids.0.1|data.asks.0.1"}
"""Size of a level in a message about a book."""


def started(folder, venue, seed, **options):
    """A bot that quotes, and what is known of its book is its book."""
    run = Booked(folder, venue, seed=seed, **options)
    run.until_quoting()
    run.check_book()
    return run


def ended(run, seconds=60, fault="a fault that is over"):
    """It quotes again without the fault, from the venue's book, and comes to rest."""
    run.mend()
    run.until_quoting(seconds, fault)
    run.check_book()
    run.come_to_rest()


# --- F21: gaps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 5])
@everywhere()
def test_f21_changes_that_are_lost_end_the_trust_in_a_book_at_once(tmp_path, venue, seed, lost):
    run = started(tmp_path, venue, seed)
    run.on_book("gap", times=lost)
    run.run(30, done=lambda: run.heard.resets)
    assert run.heard.resets, "nothing was missed"
    assert not run.market.book_ok, "F21: a book with a gap is trusted"
    run.run(20)
    assert run.heard.resets == 1, "F21: the fresh book was lost again"
    assert run.pulled_ns_max <= PULL_NS, "I9: quotes stood on a book with a gap"
    ended(run, fault="F21")


@pytest.mark.parametrize("by", [1000, -(10**6)], ids=["up", "down"])
@everywhere(MEXC, FUTURES)
def test_f21_versions_that_jump_are_a_gap(tmp_path, venue, seed, by):
    run = started(tmp_path, venue, seed)
    run.on_book("edit", path=VERSIONS[venue], how="shift", value=by, times=5)
    run.run(30, done=lambda: run.heard.resets)
    assert run.heard.resets, "nothing was shifted"
    assert not run.market.book_ok, "F21: a book whose versions jumped is trusted"
    run.run(20)
    assert run.pulled_ns_max <= PULL_NS, "I9: quotes stood on a book with a gap"
    ended(run)


@everywhere(MEXC, FUTURES)
def test_f21_a_stream_of_another_server_that_trails_the_snapshot_is_no_news(tmp_path, venue, seed):
    """Each push is older than the snapshot: none is wrong, and none says that the snapshot is still the book."""
    hooks = [{"on": "message", "name": CHANNEL[venue], "action": "edit", "path": VERSIONS[venue], "how": "shift"}]
    run = Booked(tmp_path, venue, seed=seed, hooks=[hooks[0] | {"value": -(10**6), "until_s": 9}])
    run.run(8)
    assert run.fired("message.edited") > 20
    assert run.market.book_ok, "the snapshot should be believed for a moment"
    assert not run.own_open(), "I9: quotes stand on a book that nothing was heard of"
    ended(run)


# --- F22: checksums ---------------------------------------------------------------------------------------------------


@everywhere(KRAKEN)
def test_f22_a_level_that_is_wrong_resyncs_its_book_and_no_other(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed, is_generated=True)
    run.on_book("edit", path=LEVEL[venue], how="shift", value=1, match='"BTC/USD"')
    # Ten levels a side are in the checksum; what is wrong below them nobody can know.
    run.run(30, done=lambda: run.heard.resets)
    run.venue.hooks.load([])
    assert run.heard.resets, "nothing was changed"
    assert not run.market.book_ok, "F22: a book that is not the venue's is trusted"
    run.run(20)
    assert run.heard.resets == 1
    reset = {event.symbol for event in run.of(ev.BookReset)}
    assert reset == {"BTC/USD"}, f"F22: books that were reset: {reset}"
    ended(run)


@pytest.mark.parametrize("how", ["strip", "reverse"])
@everywhere(KRAKEN)
def test_f22_another_way_of_writing_the_same_levels_is_the_same_book(tmp_path, venue, seed, how):
    run = started(tmp_path, venue, seed)
    of = "data.0.bids.*.{0},data.0.asks.*.{0}"
    path = "data.0.bids,data.0.asks" if how == "reverse" else f"{of.format('price')},{of.format('qty')}"
    run.on_book("edit", path=path, how=how)
    run.run(20)
    assert run.fired("message.edited") > 50
    if how == "strip":
        assert run.heard.resets == 0, "F22: zeros that are not written were missed"
        assert not run.of(ev.Resync)
        run.check_book()
    # Of a level that occurs twice in a message the last counts: turned round it is another book.
    ended(run, seconds=700)


@everywhere(KRAKEN)
def test_f22_a_book_that_never_fits_is_given_up_for_a_while_with_an_alarm(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed)
    asked = run.subscribed
    run.on_book("edit", path=LEVEL[venue], how="shift", value=1, rate=0.3)
    run.run(180)
    assert not run.own_open()
    assert run.subscribed - asked <= 6, f"F22: asked for {run.subscribed - asked} times"
    assert any("is off for" in text for text in run.alerts()), "F22: nobody was told"
    ended(run, seconds=700)


# --- F23: depth -------------------------------------------------------------------------------------------------------


@everywhere()
def test_f23_levels_that_leave_the_depth_and_come_back_are_the_venues(tmp_path, venue, seed):
    """Kraken says nothing of what leaves ten levels; MEXC sends changes of the whole book, which must not be cut."""
    run = started(tmp_path, venue, seed, depth=10)
    compared = 0

    def compare():
        nonlocal compared
        if run.heard.is_whole and run.market.book_ok:
            compared += 1
            if compared % 4 == 0 or venue == KRAKEN:
                run.compare_book()

    run.tap.after = compare
    run.run(lasting(60, 15))
    assert compared > 50, "F23: the book was hardly ever the venue's"
    assert run.heard.resets == 0
    assert not run.of(ev.Resync), "F23: a book was lost without a fault"
    ended(run)


# --- F24: crossed and locked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "steps", "seconds"), [("ask", 3, 0.05), ("bid", 0, 1), ("ask", 40, 12)])
@everywhere()
def test_f24_a_crossed_book_that_fits_its_checksum_prices_nothing(tmp_path, venue, seed, side, steps, seconds):
    run = started(tmp_path, venue, seed, entries_of=recorded)
    if seconds > 5:
        # A book that was fetched just now is not asked for again for a while.
        run.run(30)
    run.act("cross", side=side, value=steps, duration_s=seconds)
    # MEXC tells it with the interval's end.
    run.run(0.25)
    crossed = run.priced_in(seconds - 0.25)
    assert not crossed or seconds < 1, "F24: priced from a crossed book"
    if seconds > 5:
        assert not run.own_open(), "I9: quotes stand on a crossed book"
        reasons = [event.reason for event in run.of(ev.Resync)]
        assert reasons, "F24: a book that stays crossed was never asked for again"
        assert len(reasons) <= 2, f"F24: asked for {len(reasons)} times"
    else:
        assert not run.of(ev.Resync), "F24: a book that is crossed for a moment needs no other"
    assert run.pulled_ns_max <= PULL_NS
    ended(run)


# --- F25: one side stands still ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["ask", "bid"])
@everywhere()
def test_f25_a_side_that_stands_still_while_the_other_moves_is_not_quoted_from(tmp_path, venue, seed, side):
    # A side is dead after twenty changes of the other.
    run = started(tmp_path, venue, seed, entries_of=recorded)
    run.run(5)
    frozen_ns = run.now_ns
    run.act("freeze", side=side, duration_s=12)
    # The age that a side may have, some moves of the other, and a cancel's way.
    run.run(5)
    assert not run.own_open(), f"I9: quotes stand on a dead side: {run.gate()!r}"
    assert run.priced_in(6.5) == 0, "F25: priced from a book of which a side is dead"
    run.check_told("stand still", frozen_ns + 2 * SECOND)
    ended(run)
    assert any("good again" in text for text in run.alerts())


# --- F26: heartbeats without data -------------------------------------------------------------------------------------


@everywhere()
def test_f26_a_channel_that_dies_on_a_connection_that_lives_is_stale_in_two_seconds(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed)
    run.run(28)
    run.act("freeze", duration_s=14)
    run.until_pulled(PULL_NS + SECOND // 2)
    run.run(11)
    assert run.engine.venues[venue].public_up, "the connection was to live on"
    reasons = [event.reason for event in run.of(ev.Resync)]
    assert len(reasons) == 1, f"F26: the silent book was asked for {len(reasons)} times"
    ended(run)


# --- F27: late data ---------------------------------------------------------------------------------------------------


@everywhere()
def test_f27_data_that_flows_later_and_later_is_stale_by_the_venues_own_time(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed)
    begun_ns = run.now_ns
    # Each second of the venue takes two to come: never silent, never young.
    run.on_book("delay", delay_s=0, growth=1, from_s=run.elapsed_s)
    # Late by two seconds after four, seen twice in a row.
    run.run(4.8)
    assert run.priced_in(20) == 0, "F27: priced from late data"
    assert not run.own_open(), "I9: quotes stand on late data"
    run.check_told("late by the venue's time", begun_ns + 4 * SECOND)
    ended(run, seconds=120)


# --- F28: snapshot and stream -----------------------------------------------------------------------------------------


@everywhere()
def test_f28_a_snapshot_that_is_older_or_newer_than_the_first_changes_is_aligned(tmp_path, venue, seed):
    if venue == KRAKEN:
        # In one stream: changes overtake the snapshot that they belong to.
        hooks = [
            {"on": "message", "name": "book", "action": "delay", "delay_s": 0.3, "match": '"snapshot"', "times": 2}
        ]
    else:
        hooks = [
            {"on": "request", "name": SNAPSHOT[venue], "action": "lag", "delay_s": 0.4, "until_s": 4},
            {"on": "reply", "name": SNAPSHOT[venue], "action": "delay", "delay_s": 0.3, "times": 1},
        ]
    # What a lagging snapshot misses are changes of the last moment.
    run = Booked(tmp_path, venue, seed=seed, hooks=hooks, entries_of=recorded)
    run.until_quoting(fault="F28")
    fired = run.fired("message.delay") + run.fired("request.lag") + run.fired("reply.delay")
    assert fired, "nothing raced"
    assert run.subscribed <= 5, f"F28: the book was asked for {run.subscribed} times"
    run.check_book()
    ended(run)


# --- F29: one recovery at a time --------------------------------------------------------------------------------------


@everywhere()
def test_f29_changes_that_flood_a_lost_book_ask_for_it_no_more_often(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed)
    asked = run.subscribed
    if venue == KRAKEN:
        run.hook("message", "drop", "book", match='"snapshot"')
    else:
        run.hook("request", "drop", SNAPSHOT[venue])
        # In a quiet market they may hold all that was lost.
        run.hook("request", "drop", "GET depth_commits")
    run.on_book("gap", times=5)
    run.run(30, done=lambda: run.heard.resets)
    if venue == KRAKEN:
        run.act("flood", value=500, duration_s=lasting(20, 5))
    run.run(60)
    assert run.subscribed > asked, "F29: the book was never asked for"
    commands = len(run.of(ev.Resync))
    assert commands <= 15, f"F29: {commands} recoveries were begun in a minute"
    assert run.subscribed - asked <= 12, f"F29: asked for {run.subscribed - asked} times in a minute"
    assert not run.heard.is_whole
    assert not run.own_open()
    ended(run, seconds=700)


# --- F30: numbers that are none ---------------------------------------------------------------------------------------

PRICE = {
    KRAKEN: "data.0.bids.0.price|data.0.asks.0.price",
    MEXC: "313.2.1|313.1.1",
    FUTURES: "data.bids.0.0|data.asks.0.0",
}
TRADED = {KRAKEN: ("trade", "data.0.price"), MEXC: ("aggre.deals", "314.1.1"), FUTURES: ("deal", "data.0.p")}


@pytest.mark.parametrize("number", ["0", "-1", "NaN", "1e999", "null", '""', "99999999999999999999999"])
@everywhere()
def test_f30_a_price_that_is_none_never_prices_anything(tmp_path, venue, seed, number):
    run = started(tmp_path, venue, seed)
    text = number.strip('"') if venue == MEXC else number
    run.on_book("edit", path=PRICE[venue], how="set", text=text, times=1)
    channel, path = TRADED[venue]
    run.hook("message", "edit", channel, path=path, how="set", text=text, times=3)
    run.run(10, done=lambda: run.heard.resets)
    assert run.heard.resets, "no price was changed"
    assert not run.market.book_ok, "F30: a book with a price that is none is trusted"
    run.run(5)
    assert run.pulled_ns_max <= PULL_NS
    ended(run)


@everywhere(MEXC)
def test_f93_a_price_beyond_its_range_is_no_other_price(tmp_path, venue, seed):
    run = started(tmp_path, venue, seed, entries_of=recorded)
    # 2^63 of the units in which the venue's prices are kept.
    run.on_book("edit", path=PRICE[venue], how="set", text="92233720368547758.08", times=1)
    run.run(10, done=lambda: run.fired("message.edited"))
    assert run.fired("message.edited"), "no price was changed"
    run.run(0.1)
    told = [event.reason for event in run.of(ev.BookReset)]
    assert not run.market.book_ok or told, "F93: a book with a price beyond the range is trusted"
    run.run(5)
    assert run.pulled_ns_max <= PULL_NS
    ended(run)


# --- F31: empty books -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bid", "both"])
@everywhere()
def test_f31_an_empty_side_is_no_price_and_what_is_held_keeps_its_last_one(tmp_path, venue, seed, side):
    run = started(tmp_path, venue, seed)
    run.run(30)
    middle2 = run.market.middle2
    run.act("empty", side=side, duration_s=50)
    run.run(0.3)
    assert run.priced_in(49) == 0, "F31: priced from a side that is empty"
    assert not run.own_open(), "I9: quotes stand on a side that is empty"
    assert run.pulled_ns_max <= PULL_NS
    assert abs(run.market.middle2 - middle2) < middle2 // 1000, "F31: what is held lost its price"
    asked = [event.reason for event in run.of(ev.Resync)]
    assert 1 <= len(asked) <= 2, f"F31: an empty book was asked for {len(asked)} times"
    ended(run)


# --- F32: bad prints --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "percent"), [("both", -87), ("both", 6), ("bid", -87)])
@everywhere()
def test_f32_a_price_that_jumps_is_not_chased(tmp_path, venue, seed, side, percent):
    run = started(tmp_path, venue, seed)
    run.run(5)
    spike_ns = run.now_ns
    run.act("spike", side=side, percent=percent, duration_s=2)
    run.run(0.3)
    assert run.priced_in(1.7) == 0, "F32: the jump was followed"
    assert not run.own_open(), "F32: quotes stood in the jump"
    run.check_told("the price jumped", spike_ns)
    ended(run)


# --- F33: own quotes --------------------------------------------------------------------------------------------------


def thin(name):
    """A market 33 bps wide in which only the fifth level moves, and one sale into the bids."""
    assert name == KRAKEN
    levels = [(1, 599_000 - k, 10**8) for k in range(20)] + [(-1, 601_000 + k, 10**8) for k in range(20)]
    yield BookEntry(0, 0, tuple(levels), True)
    for number in range(1, 2000):
        if number == 20:
            yield TradeEntry(number, 20 * 500_000, -1, 599_500, 10**6)
        else:
            yield BookEntry(number, number * 500_000, ((1, 598_995, 10**8 + number),))


@everywhere(KRAKEN)
def test_f33_own_quotes_that_are_the_best_are_not_the_market(tmp_path, venue, seed):
    # Each step that a quote leans away from itself is taken, however small.
    run = started(tmp_path, venue, seed, entries_of=thin, tolerance=0.01)
    run.run(20)
    assert run.trades(), "nothing was filled"
    # With a position both quotes lean; from here on nothing happens, so nothing moves. An amended order keeps no trace
    # of where it stood, so that each is looked at whenever something is told.
    stood = {1: set(), -1: set()}

    def note(event):
        for order in run.own_open():
            stood[order.request.side].add(order.price)

    run.driver.observers.append(note)
    run.run(60)
    for prices in stood.values():
        assert prices, "nothing was quoted"
        assert max(prices) - min(prices) <= 12, f"F33: the quotes walked from {min(prices)} to {max(prices)}"
    run.come_to_rest()


# --- F34: times that jump ---------------------------------------------------------------------------------------------

STAMP = {KRAKEN: "data.0.timestamp", MEXC: "6", FUTURES: "data.cts,ts"}


def quoted_orders(run):
    orders = [*run.exchange.closed_orders(ACCOUNT), *run.exchange.open_orders(ACCOUNT)]
    return [(order.request.client_id, order.request.side, order.price, order.size, order.cum_size) for order in orders]


@pytest.mark.parametrize("hours", [1, -1])
@everywhere()
def test_f34_times_of_the_venue_that_jump_change_nothing(tmp_path, venue, seed, hours):
    plain = started(tmp_path, venue, seed)
    run = started(tmp_path, venue, seed)
    run.on_book(
        "edit", path=STAMP[venue], how="shift", value=hours * (3600 if venue == KRAKEN else 3_600_000), rate=0.5
    )
    for each in (plain, run):
        each.run(15)
    assert run.fired("message.edited") > 10
    assert quoted_orders(run) == quoted_orders(plain), "F34: a time that jumped changed what was quoted"
    ended(run)


# --- F35: other forms -------------------------------------------------------------------------------------------------

MORE = {KRAKEN: ("data.0.checksum", "data"), MEXC: ("313.4", "6"), FUTURES: ("data.version", "data")}
NEEDED = {
    KRAKEN: ("data.0.checksum", "data.0.symbol", "type"),
    MEXC: ("313.4", "313.5"),
    FUTURES: ("data.version,data.end", "symbol"),
}


@everywhere()
def test_f35_fields_that_are_added_change_nothing(tmp_path, venue, seed):
    plain = started(tmp_path, venue, seed)
    run = started(tmp_path, venue, seed)
    for path in MORE[venue]:
        run.on_book("edit", path=path, how="add", every=len(MORE[venue]))
    for each in (plain, run):
        each.run(10)
    assert run.fired("message.edited") > 10
    assert quoted_orders(run) == quoted_orders(plain), "F35: a field that was added changed what was quoted"
    assert not run.of(ev.Resync)
    ended(run)


@pytest.mark.parametrize("how", ["remove", "rename"])
@everywhere()
def test_f35_a_field_that_is_needed_and_gone_makes_no_default(tmp_path, venue, seed, how):
    for path in NEEDED[venue]:
        run = started(tmp_path, venue, seed)
        run.on_book("edit", path=path, how=how, times=2)
        run.run(8, done=lambda run=run: run.heard.resets)
        assert run.fired("message.edited"), f"{path} was never there"
        assert not run.market.book_ok or run.heard.is_whole, f"F35: a book without {path} is trusted"
        run.run(5)
        assert run.pulled_ns_max <= PULL_NS
        ended(run)

"""Markets that end or stand still for good, alone and from many seeds, on each venue; judged as the other faults are.

The simulated venue cancels what rests in a market that it ends, and takes nothing more there; whether its lists say so
or leave the market out, and whether it still answers questions about what was there, is each a case of its own.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.live.killing import remains
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND
from tests.faults.hedged import CAMPAIGN, QUOTE_SIZE, SEEDS, SYMBOLS, UNITS, WAYS, Hedged, lasting
from tests.faults.quoted import NEWS, VENUES, Quoted, each

SAID, LEFT_OUT, FORGOTTEN = 0, 1, 2
"""What becomes of the market: `value` of the hook."""
FOUND_S = 100
"""Lists are read each minute, and twice; a book is missed after ten seconds."""
UNHEARD_OF = {KRAKEN: ("work_in_progress", "who_knows"), MEXC: ("7", "BREAK"), FUTURES: ("5", "99")}
ALL_CLOSED = {
    KRAKEN: ("cancel_only", "reduce_only", "maintenance", "delisted"),
    MEXC: ("2", "3"),
    FUTURES: ("1", "2", "3", "4"),
}

CUT = {
    KRAKEN: {
        "on": "message",
        "name": "instrument",
        "action": "edit",
        "path": "data.pairs.0.symbol",
        "text": '"OLD/USD"',
    },
    MEXC: {
        "on": "reply",
        "name": "GET exchangeInfo",
        "action": "body",
        "status": 200,
        "error": '{"symbols": [{"symbol": "OLDUSDT"}]}',
        # The list of what was asked for, and the whole one.
        "times": 2,
    },
    FUTURES: {"on": "request", "name": "GET detail", "action": "refuse", "error": "1001"},
}
CUT = {venue: {"times": 1, **rule} for venue, rule in CUT.items()}


def befall(run, venue, action, **more):
    run.venues[venue].act(run.now_ns, {"action": action, **more})
    run.shown()


def quoting(tmp_path, venue, seed, **options):
    """A run with a position and orders on both sides."""
    quoted = Quoted(tmp_path, venue, seed=seed, **options)
    quoted.run(5)
    quoted.run(400, done=lambda: quoted.market.position.quantity and len(quoted.own_open()) >= 2)
    assert quoted.market.position.quantity
    assert len(quoted.own_open()) >= 2
    return quoted


def until_delisted(run, venue, seconds=FOUND_S):
    market = run.engine.markets[venue, SYMBOLS[venue]]
    began_ns = run.now_ns
    run.run(seconds, done=lambda: market.status == "delisted")
    assert market.status == "delisted", f"F55: nobody noticed for {seconds} s that the market is gone"
    return began_ns


def placed_since(run, venue, since_ns):
    return [event for event in run.recorder.events if type(event) is ev.Place and event.recv_ns > since_ns]


@pytest.mark.parametrize("kind", [SAID, LEFT_OUT, FORGOTTEN])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f55_a_market_that_ends_is_left_and_what_is_held_there_stays_visible(tmp_path, venue, seed, kind):
    quoted = quoting(tmp_path, venue, seed)
    befall(quoted, venue, "delist", value=kind)
    until_delisted(quoted, venue)
    told_ns = quoted.now_ns
    quoted.run(lasting(130, 70))
    assert not placed_since(quoted, venue, told_ns), "F55: an order into a market that is gone"
    assert not quoted.engine.orders.n_open, "F55: what the venue told as cancelled is open here"
    held = quoted.market.position.quantity
    assert held * UNITS[venue] == quoted.base(venue) != 0, "F55: what is held was lost from sight"
    assert "is delisted" in quoted.engine.gate(quoted.now_ns, quoted.market)
    size = quoted.market.instrument.base_text(held)
    assert any("is delisted" in text and size in text for text in quoted.alerts()), "F55: no alarm names what is held"
    # A flatten names what it cannot close, and does not end as if it had.
    since_ns = quoted.now_ns
    latch = ev.Latched(since_ns, "flatten", "", True, "operator", "")
    quoted.worlds[venue].tell(lambda now_ns: quoted.driver.latch(now_ns, [latch]))
    quoted.run(10)
    left = remains(Namespace(engine=quoted.engine), "flatten", Scope(), since_ns)
    assert any("position" in text and "delisted" in text for text in left), f"F55: a flatten hides {held}: {left}"
    assert not placed_since(quoted, venue, told_ns), "F55: an order into a market that is gone"
    assert quoted.stop(60)
    quoted.check_books()
    assert quoted.replayed().state_hash() == quoted.engine.state_hash(), "I15: a replay ends elsewhere"


@pytest.mark.parametrize("kind", [SAID, LEFT_OUT] if CAMPAIGN else [LEFT_OUT])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f55_a_market_that_comes_back_is_traded_again(tmp_path, venue, seed, kind):
    quoted = quoting(tmp_path, venue, seed)
    befall(quoted, venue, "delist", value=kind)
    until_delisted(quoted, venue)
    # Connections end meanwhile: what is asked for anew is refused, and asked for again when it is there again.
    quoted.venues[venue].disconnect(quoted.now_ns)
    quoted.shown()
    quoted.run(20)
    befall(quoted, venue, "relist")
    quoted.run(150, done=lambda: len(quoted.own_open()) >= 2)
    assert len(quoted.own_open()) >= 2, f"F55: not traded again: {quoted.engine.gate(quoted.now_ns, quoted.market)}"
    assert any("is listed again" in text for text in quoted.alerts())
    quoted.come_to_rest(is_ordered=False)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f55_one_list_that_was_cut_ends_no_market(tmp_path, venue, seed):
    quoted = quoting(tmp_path, venue, seed)
    quoted.venue.hooks.load([CUT[venue]])
    if venue == KRAKEN:
        # It lists its pairs at the beginning of a connection.
        quoted.venue.disconnect(quoted.now_ns, target="public")
        quoted.shown()

    def is_missed():
        return quoted.market.status != "online"

    quoted.run(70, done=is_missed)
    assert is_missed(), "F55: nobody looks whether the market is in the list"
    told_ns = quoted.now_ns
    quoted.run(5)
    assert not placed_since(quoted, venue, told_ns), "F55: an order into a market that may be gone"
    assert not quoted.own_open(), "F55: quotes stand in a market that may be gone"
    quoted.run(60, done=lambda: len(quoted.own_open()) >= 2)
    assert len(quoted.own_open()) >= 2, "F55: not traded again"
    assert not [event for event in quoted.of(ev.InstrumentUpdate) if b"delisted" in event.definition], (
        "F55: one list was believed"
    )
    quoted.come_to_rest(is_ordered=False)


@pytest.mark.parametrize("kind", [LEFT_OUT, FORGOTTEN])
@each(MEXC, FUTURES, KRAKEN)
def test_f55_orders_of_a_market_that_is_gone_are_over_by_the_venues_word_alone(tmp_path, venue, seed, kind):
    quoted = quoting(tmp_path, venue, seed, more="max_order_age_s = 0", refresh=60_000, tolerance=100)
    gone = {order.request.client_id for order in quoted.own_open()}
    # The cancels are not told.
    quoted.venue.hooks.load([{"on": "message", "name": name, "action": "drop"} for name in NEWS[venue]])
    befall(quoted, venue, "delist", value=kind)
    until_delisted(quoted, venue)
    quoted.run(lasting(200, 150))
    ours = {order.client_id for order in quoted.engine.orders.open()}
    told = [event for event in quoted.recorder.events if getattr(event, "client_id", "") in gone]
    over = {event.client_id for event in told if type(event) in (ev.OrderCanceled, ev.OrderAbsent)}
    over |= {event.client_id for event in told if type(event) is ev.OrderReport and event.status == "canceled"}
    assert gone <= ours | over, "I3: an order is over without a word of the venue"
    if kind == FORGOTTEN and venue == MEXC:
        assert gone <= ours, "I3: a question that the venue does not take was taken for an answer"
    else:
        assert not ours, "F55: the venue can be asked, and was not"
    assert quoted.engine.orders.contradictions == 0


@pytest.mark.parametrize("way", [("spot", LEFT_OUT), ("contracts", SAID), ("contracts and fallback", LEFT_OUT)])
@pytest.mark.parametrize("seed", SEEDS)
def test_f55_debts_of_a_hedge_market_that_ends_go_to_the_fallback_or_stay(tmp_path, seed, way):
    way, kind = way
    hedge, fallback = WAYS[way]
    run = Hedged(tmp_path, seed=seed, way=way)
    run.run(120, done=lambda: len(run.places) >= 3)
    assert len(run.places) >= 3
    befall(run, hedge, "delist", value=kind)
    until_delisted(run, hedge)
    told_ns = run.now_ns
    run.run(lasting(180, 60))
    later = placed_since(run, hedge, told_ns)
    assert not [place for place in later if place.venue == hedge], "F55: an order into a market that is gone"
    if fallback is not None:
        assert [place for place in later if place.purpose == "hedge"], "F55: debts wait for a market that is gone"
        run.pause()
        run.run(60, done=lambda: run.usd(abs(run.net())) < 50)
        assert run.usd(abs(run.net())) < 50, "F55: debts wait for a market that is gone"
    else:
        quotes = [place for place in later if place.purpose != "hedge" and place.recv_ns > told_ns + SECOND]
        assert not quotes, "F55: quotes whose fills nobody can hedge"
        assert "is delisted" in run.engine.gate(run.now_ns, run.engine.markets[KRAKEN, SYMBOLS[KRAKEN]])
    # Owed and counted, whichever way.
    assert run.net() == run.desk.ledger.net, "I5: what is not hedged is the debt, no more and no less"
    assert run.usd(run.unhedged_max) <= 1500 + 3 * run.usd(QUOTE_SIZE)
    assert any("delisted" in text for text in run.alerts())
    assert run.stop(60)
    run.check_books()


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f55_no_state_but_an_open_one_is_traded_in_not_even_one_that_nobody_has_heard_of(tmp_path, venue, seed):
    quoted = quoting(tmp_path, venue, seed)
    words = UNHEARD_OF[venue] + ALL_CLOSED[venue]
    for word in words if CAMPAIGN else (UNHEARD_OF[venue][seed % 2], ALL_CLOSED[venue][seed % 2]):
        befall(quoted, venue, "status", text=word)
        quoted.run(70, done=lambda: quoted.market.status != "online")
        assert quoted.market.status != "online", f"F55: the state {word} is taken for an open market"
        told_ns = quoted.now_ns
        quoted.run(10)
        assert not placed_since(quoted, venue, told_ns), f"F55: an order in the state {word}"
        assert not quoted.own_open(), f"F55: quotes stand in the state {word}"
        befall(quoted, venue, "relist")
        quoted.run(120, done=lambda: len(quoted.own_open()) >= 2)
        assert len(quoted.own_open()) >= 2, f"F55: not traded again after the state {word}"
    quoted.come_to_rest(is_ordered=False)

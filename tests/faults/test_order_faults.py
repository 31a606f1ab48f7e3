"""Faults of order entry and execution reports, each alone and from many seeds (MM_CAMPAIGN=1: twenty, on each venue).

`tests.faults.quoted.Quoted` judges: at every word about an order what is open at the venue is open here, no order is
sent twice and no limit is passed by the venue's ledger; at rest every book is the venue's, to the last unit.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from tests.faults.quoted import (
    CANCEL,
    FILL_NEWS,
    FUTURES,
    KRAKEN,
    MEXC,
    NEWS,
    ORDER_NEWS,
    PLACE,
    SECOND,
    Quoted,
    each,
)

READS = {
    KRAKEN: ("OpenOrders", "QueryOrders", "ClosedOrders", "TradesHistory", "QueryTrades"),
    MEXC: ("GET openOrders", "GET order", "GET myTrades"),
    FUTURES: ("GET order/list/open_orders", "GET order/get", "GET order/external", "GET order/list/order_deals/v3"),
}
ONE_ORDER = {KRAKEN: ("QueryOrders",), MEXC: ("GET order",), FUTURES: ("GET order/get", "GET order/external")}
UNKNOWN_ORDER = {KRAKEN: "EOrder:Unknown order", MEXC: "-2011", FUTURES: "2040"}


def on(place, names, action, **more):
    """Rules for several names at once."""
    return [{"on": place, "name": name, "action": action, **more} for name in names]


def run(folder, venue, seed, hooks, *kinds, seconds=20, is_ordered=True, **options):
    """A run under hooks until each has fired and something was filled, brought to rest without them."""
    quoted = Quoted(folder, venue, seed=seed, hooks=hooks, **options)
    quoted.run(seconds)
    quoted.run(400, done=lambda: quoted.trades() and all(map(quoted.fired, kinds)))
    for kind in kinds:
        assert quoted.fired(kind), f"{kind} never fired"
    assert quoted.trades()
    quoted.venue.hooks.load([])
    quoted.come_to_rest(is_ordered=is_ordered)
    return quoted


@pytest.mark.parametrize("stream", ["up", "mute"])
@each(MEXC, FUTURES, KRAKEN)
def test_f01_a_link_that_dies_after_an_order_was_accepted_leaves_one_order_and_no_doubt(tmp_path, venue, seed, stream):
    hooks = on("reply", [PLACE[venue]], "disconnect", rate=0.3)
    if stream == "mute" and venue != KRAKEN:
        hooks += on("message", NEWS[venue], "drop")
    quoted = run(tmp_path, venue, seed, hooks, "reply.disconnect")
    if stream == "mute" or venue == KRAKEN:
        assert quoted.of(ev.OutcomeUnknown)


@each(FUTURES, MEXC, KRAKEN)
def test_f02_a_link_that_dies_before_the_venue_saw_an_order_leaves_nothing_reserved(tmp_path, venue, seed):
    quoted = run(tmp_path, venue, seed, on("request", [PLACE[venue]], "disconnect", rate=0.3), "request.disconnect")
    lost = {each.client_id for each in quoted.of(ev.OutcomeUnknown)}
    assert lost
    # What ended an order that nobody answered is written down: evidence, not silence.
    told = {type(event) for event in quoted.recorder.events if getattr(event, "client_id", "") in lost}
    assert ev.OrderAbsent in told
    assert quoted.engine.orders.open_exposure(venue, quoted.symbol, 1) == 0
    assert quoted.engine.orders.open_exposure(venue, quoted.symbol, -1) == 0


@each(KRAKEN, MEXC, FUTURES)
def test_f03_an_order_of_which_nothing_is_heard_is_found_and_managed(tmp_path, venue, seed):
    hooks = on("reply", [PLACE[venue]], "withhold", rate=0.4) + on("message", NEWS[venue], "drop", rate=0.4)
    run(tmp_path, venue, seed, hooks, "reply.withhold", "message.drop", is_ordered=False)


@pytest.mark.parametrize("kind", ["page", "cut", "text"])
@each(MEXC, FUTURES, KRAKEN)
def test_f04_an_error_page_after_an_order_was_accepted_says_nothing_about_it(tmp_path, venue, seed, kind):
    more = {"page": {"status": (502, 504, 520, 525)[seed % 4]}}.get(kind, {})
    action = {"page": "status", "cut": "corrupt", "text": "garbage"}[kind]
    if venue == KRAKEN and kind == "page":
        # No HTTP: orders go over the socket, reads do not.
        hooks = on("reply", READS[venue], action, rate=0.5, **more) + on("reply", [PLACE[venue]], "withhold", rate=0.3)
    else:
        hooks = on("reply", [PLACE[venue]], action, rate=0.4, **more)
        hooks += on("reply", READS[venue], action, rate=0.3, **more)
    hooks += on("message", NEWS[venue], "drop", rate=0.3)
    run(tmp_path, venue, seed, hooks, f"reply.{action}")


@each(FUTURES, MEXC)
def test_f05_no_layer_sends_an_order_a_second_time(tmp_path, venue, seed):
    quoted = run(tmp_path, venue, seed, on("reply", [PLACE[venue]], "disconnect", rate=0.6), "reply.disconnect")
    assert set(quoted.sent.values()) == {1}


@each(KRAKEN, MEXC, FUTURES)
def test_f06_a_fill_before_the_acknowledgement_is_booked_at_once(tmp_path, venue, seed):
    # A reply that takes half a second: fills do not wait for it.
    hooks = on("reply", [PLACE[venue]], "delay", delay_s=0.5 * (1 + seed % 3), rate=0.8)
    if ORDER_NEWS[venue] != FILL_NEWS[venue]:
        # Nor for what the stream of orders says.
        hooks += on("message", [ORDER_NEWS[venue]], "delay", delay_s=0.5 * (1 + seed % 3), rate=0.8)
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks)
    late = []

    def look(event):
        if type(event) is ev.Fill:
            is_booked = quoted.engine.orders.knows_execution(venue, quoted.symbol, event.execution_id)
            assert is_booked, "F06: a fill was told and not booked"
            done = next(trade.time_ns for trade in quoted.trades() if trade.execution_id == event.execution_id)
            late.append(event.recv_ns - done)

    quoted.driver.observers.append(look)
    quoted.run(400, done=lambda: len(late) >= 3 and quoted.fired("reply.delay"))
    assert late
    assert max(late) < SECOND // 10, "a fill waited for the acknowledgement"
    quoted.venue.hooks.load([])
    quoted.come_to_rest()


@each(MEXC, FUTURES, KRAKEN)
def test_f07_a_fill_while_the_cancel_is_on_its_way_counts_and_nothing_replaces_the_order_before(tmp_path, venue, seed):
    hooks = on("request", [CANCEL[venue]], "delay", delay_s=0.3 + 0.1 * (seed % 5))
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, more="max_order_age_s = 2")
    asked = {}
    quoted.driver.observers.append(
        lambda event: asked.setdefault(event.venue_id, event.recv_ns) if type(event) is ev.Cancel else None
    )
    quoted.run(600, done=lambda: len(_filled_after(quoted, asked)) >= 2)
    assert _filled_after(quoted, asked), "no fill met a cancel"
    assert quoted.fired("request.delay")
    quoted.come_to_rest()


def _filled_after(quoted, asked):
    return [trade for trade in quoted.trades() if asked.get(trade.order_id, 2**63) < trade.time_ns]


@each(MEXC, KRAKEN, FUTURES)
def test_f08_a_fill_that_is_told_after_the_cancel_is_booked(tmp_path, venue, seed):
    hooks = on("message", [FILL_NEWS[venue]], "delay", delay_s=3 + seed * 2, rate=0.4)
    hooks += [{"on": "clock", "action": "disconnect", "target": "private", "at_s": 14}]
    run(tmp_path, venue, seed, hooks, "message.delay", more="max_order_age_s = 2", is_ordered=False)


@pytest.mark.parametrize("lost", ["answer", "request"])
@each(FUTURES, MEXC, KRAKEN)
def test_f09_a_cancel_of_unknown_outcome_leaves_the_order_open_here(tmp_path, venue, seed, lost):
    place, action = ("reply", "withhold") if lost == "answer" else ("request", "drop")
    hooks = on(place, [CANCEL[venue]], action, rate=0.4) + on("message", NEWS[venue], "drop", rate=0.2)
    run(tmp_path, venue, seed, hooks, f"{place}.{action}", more="max_order_age_s = 2")


@each(MEXC, FUTURES, KRAKEN)
def test_f10_an_unknown_order_is_no_evidence(tmp_path, venue, seed):
    hooks = on("request", [CANCEL[venue], *ONE_ORDER[venue]], "refuse", error=UNKNOWN_ORDER[venue], rate=0.6)
    hooks += on("reply", [PLACE[venue]], "withhold", rate=0.3)
    run(tmp_path, venue, seed, hooks, "request.refuse", more="max_order_age_s = 2")


@each(FUTURES, MEXC, KRAKEN)
def test_f11_lists_that_trail_retire_no_order(tmp_path, venue, seed):
    hooks = [
        {"on": "request", "name": name, "action": "lag", "delay_s": (7 * seed + 11 * number + 20) % 31}
        for number, name in enumerate(READS[venue])
    ]
    hooks += on("reply", [PLACE[venue]], "disconnect", rate=0.3) + on("message", NEWS[venue], "drop", rate=0.2)
    run(tmp_path, venue, seed, hooks, "request.lag", seconds=30)


@each(MEXC, KRAKEN, FUTURES)
def test_f12_an_execution_that_is_told_again_is_booked_once(tmp_path, venue, seed):
    hooks = on("message", NEWS[venue], "duplicate", rate=0.6)
    hooks += [{"on": "clock", "action": "disconnect", "every_s": 8, "times": 2}]
    run(tmp_path, venue, seed, hooks, "message.duplicate")


@each(KRAKEN, MEXC, FUTURES)
def test_f14_the_order_of_execution_reports_does_not_matter(tmp_path, venue, seed):
    hooks = [
        rule for step in (1, 3, 9, 30) for rule in on("message", NEWS[venue], "delay", delay_s=0.02 * step, rate=0.3)
    ]
    run(tmp_path, venue, seed, hooks, "message.delay", is_ordered=False)

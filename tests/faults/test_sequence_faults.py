"""What the venue says of orders out of its order, before its answers or instead of them, and what counts meanwhile.

Beside the judgements of `tests.faults.quoted.Quoted`: what is believed of each order is compared with the venue's own,
at every word while something is on its way, and to the last unit once all of it is here.
"""

from __future__ import annotations

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.faults.quoted import FUTURES, KRAKEN, MEXC, NEWS, ORDER_NEWS, PLACE, SECOND, Quoted, each
from tests.faults.test_order_faults import on

ENDS = {"filled": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED"}


@each(MEXC, FUTURES)
def test_f06_a_fill_is_booked_before_the_venues_id_of_its_order_is_known(tmp_path, venue, seed):
    hooks = on("reply", [PLACE[venue]], "delay", delay_s=1.0 + 0.5 * (seed % 3))
    hooks += on("message", [ORDER_NEWS[venue]], "delay", delay_s=1.0 + 0.5 * (seed % 3))
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, more="max_order_age_s = 1")
    named, early, looked = set(), [], [0]

    def look(event):
        if isinstance(event, ev.OrderNews) and type(event) is not ev.Fill:
            named.add(event.client_id)
        trades = quoted.trades()
        while looked[0] < len(trades) and trades[looked[0]].time_ns <= quoted.now_ns - SECOND // 5:
            trade = trades[looked[0]]
            looked[0] += 1
            is_booked = quoted.engine.orders.knows_execution(venue, quoted.symbol, trade.execution_id)
            assert is_booked, "F06: a fill waits for the venue's id of its order"
            if quoted.exchange.order(trade.order_id).request.client_id not in named:
                early.append(trade)

    quoted.driver.observers.append(look)
    quoted.run(600, done=lambda: len(early) >= 2)
    assert early, "no fill came before the venue's id"
    quoted.venue.hooks.load([])
    quoted.come_to_rest(is_ordered=False)


@each(KRAKEN, MEXC, FUTURES)
def test_f14_what_an_order_has_filled_never_falls_and_ends_as_the_venue_has_it(tmp_path, venue, seed):
    hooks = [
        rule for step in (1, 3, 9, 30) for rule in on("message", NEWS[venue], "delay", delay_s=0.02 * step, rate=0.3)
    ]
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, more="max_order_age_s = 3")
    told = {}

    def look(event):
        if isinstance(event, (ev.OrderNews, ev.Fill)):
            order = quoted.engine.orders.get(event.client_id)
            if order is not None:
                assert order.cum_size >= told.get(order.client_id, 0), "F14: what an order has filled fell"
                assert order.cum_size >= order.booked, "F14: more was booked than an order is said to have filled"
                told[order.client_id] = order.cum_size

    quoted.driver.observers.append(look)
    quoted.run(400, done=lambda: len(quoted.trades()) >= 12 and quoted.fired("message.delay") >= 30)
    assert quoted.fired("message.delay") >= 30
    quoted.venue.hooks.load([])
    quoted.operate("pause")
    quoted.run(90, done=quoted.is_settled)
    for theirs in quoted.exchange.closed_orders(ACCOUNT):
        ours = quoted.engine.orders.get(theirs.request.client_id)
        if ours is not None:
            size = quoted.exchange.instruments[quoted.symbol].shown_size(theirs.cum_size)[0]
            assert (ours.state.name, ours.cum_size) == (ENDS[theirs.status.value], size), "F14: it ended otherwise"
    quoted.come_to_rest(is_ordered=False)


@each(KRAKEN)
def test_f17_a_change_whose_answer_and_news_are_late_counts_at_its_larger_size(tmp_path, venue, seed):
    # What filled in part is asked for at its whole size again: more may fill than is known.
    hooks = on("reply", ["amend_order"], "withhold", rate=0.6)
    # All of it equally late: a message that overtakes another would be a gap.
    hooks += on("message", NEWS[venue], "delay", delay_s=0.3 + 0.1 * (seed % 4))
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, refresh=200, tolerance=0.05)
    larger = []

    def look(event):
        for order in quoted.own_open():
            ours = quoted.engine.orders.get(order.request.client_id)
            counted = ours.exposure if ours is not None else 0
            if ours is not None and ours.accepted and order.size > ours.size:
                larger.append(event)
            assert counted >= order.leaves, f"F17: {order.leaves} may fill, {counted} are counted"

    quoted.driver.observers.append(look)
    quoted.run(600, done=lambda: len(larger) >= 3)
    assert larger, "no order was larger than is known"
    quoted.venue.hooks.load([])
    quoted.come_to_rest(is_ordered=False)

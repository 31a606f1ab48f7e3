"""Faults of a venue's rules and quotas, and the rest of those of orders, each alone and from many seeds.

`tests.faults.quoted.Quoted` judges as for the other faults of orders: at every word about an order and at rest, by the
venue's own ledger. What is added here is what the fault's row demands besides: what reached the venue, and when.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from mm.simulator.orders import NewOrder
from mm.simulator.tape import BookEntry, TradeEntry
from tests.backtest.brief_market import recorded
from tests.backtest.two_venues import START
from tests.faults.quoted import CANCEL, FILL_NEWS, FUTURES, KRAKEN, MEXC, NEWS, PLACE, SECOND, VENUES, Quoted, each
from tests.faults.test_order_faults import READS, on, run

FUNDS = {KRAKEN: "EOrder:Insufficient funds", MEXC: "30004", FUTURES: "2005"}
RATE = {KRAKEN: "EOrder:Rate limit exceeded", MEXC: "429", FUTURES: "510"}
NOBODY_KNOWS = {KRAKEN: "EOrder:Never heard of"}
LOOKED_FOR_S = 20
"""An execution that its order lacks is here within this."""
CLOSED = {KRAKEN: "EService:Market in cancel_only mode", MEXC: "30016", FUTURES: "6001"}


def placed(quoted, since_ns=0):
    """Orders that were asked for since a time."""
    return [event for event in quoted.of(ev.Place) if event.recv_ns >= since_ns]


def refused(quoted, since_ns=0):
    """Orders that the venue refused since a time."""
    return [event for event in quoted.of(ev.OrderRejected) if event.recv_ns >= since_ns]


def heard(quoted, error, kind=ev.OrderRejected):
    """The orders of which the venue's own word is what was heard: the code reached us, and not an outage."""
    return [
        event.client_id
        for event in quoted.of(kind)
        if event.reason.partition(": ")[0] == error or event.reason == error
    ]


def trading(quoted):
    """A run that has orders at its venue."""
    quoted.run(60, done=lambda: len(quoted.own_open()) >= 2)
    assert quoted.own_open()
    return quoted


def wide(name):
    """A market 33 bps wide whose middle jumps by more than our own spread each second, with a few trades."""
    scale = 10 if name == MEXC else 1
    asks = [601_000 * scale + k for k in range(20)]
    levels = [(1, 599_000 * scale - k, 10**8) for k in range(20)]
    levels += [(-1, price, 10**8) for price in asks] + [(-1, 601_100 * scale + k, 10**8) for k in range(20)]
    yield BookEntry(0, 0, tuple(levels), True)
    for number in range(1, 400):
        time_us, is_up = number * 500_000, number // 2 % 2
        if number % 2 == 0:
            moved = [(1, 599_100 * scale, is_up * 10**8), *((-1, price, (1 - is_up) * 10**8) for price in asks)]
            yield BookEntry(number, time_us, tuple(moved))
        elif number % 11 == 0:
            side = 1 if number % 22 else -1
            yield TradeEntry(number, time_us, side, (600_050 + side * 500) * scale, 4 * 10**5)
        else:
            yield BookEntry(number, time_us, ((1, 598_995 * scale, 10**8 + number),))


# --- F13: old executions told again -------------------------------------------------------------------------


@each(KRAKEN, MEXC, FUTURES)
def test_f13_old_executions_that_a_subscription_tells_again_change_nothing(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(400, done=lambda: len(quoted.trades()) >= 2)
    assert len(quoted.trades()) >= 2
    quoted.operate("pause")
    quoted.run(5)
    before = quoted.market.position.quantity, dict(quoted.market.position.fees), quoted.engine.fills
    for _ in range(10):
        quoted.venue.disconnect(quoted.now_ns, target="private")
        quoted.shown()
        quoted.run(10)
    told = [event.execution_id for event in quoted.of(ev.Fill)]
    assert len(told) > len(set(told)), "nothing was told again"
    after = quoted.market.position.quantity, dict(quoted.market.position.fees), quoted.engine.fills
    assert after == before, "F13: an old execution was booked again"
    quoted.come_to_rest()


# --- F15: a sum without its executions ----------------------------------------------------------------------


@each(MEXC, FUTURES, KRAKEN)
def test_f15_executions_that_a_filled_size_lacks_are_fetched(tmp_path, venue, seed):
    # Orders are told as filled, their executions are not; nobody looks at the whole account in between.
    hooks = on("message", [FILL_NEWS[venue]], "drop", from_s=5)
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, more="\n[run]\nreconcile_s = 0", entries_of=recorded)

    def untold():
        return [trade for trade in quoted.trades() if trade.time_ns > START + 5 * SECOND]

    quoted.run(600, done=lambda: len(untold()) >= 4)
    assert len(untold()) >= 4
    quoted.run(LOOKED_FOR_S)
    heard = {}
    for fill in quoted.of(ev.Fill):
        heard.setdefault(fill.execution_id, fill.recv_ns)
    for trade in untold():
        if trade.time_ns < quoted.now_ns - LOOKED_FOR_S * SECOND:
            late_ns = heard.get(trade.execution_id, quoted.now_ns) - trade.time_ns
            assert late_ns <= LOOKED_FOR_S * SECOND, f"F15: an execution was fetched after {late_ns / SECOND:.0f} s"
    quoted.venue.hooks.load([])
    quoted.come_to_rest(is_ordered=False)


# --- F16: several requests at once --------------------------------------------------------------------------


@each(KRAKEN, MEXC, FUTURES)
def test_f16_answers_in_another_order_or_missing_belong_to_their_own_requests(tmp_path, venue, seed):
    # Orders go out one by one, several under way at once; no request carries more than one.
    hooks = on("reply", [PLACE[venue], CANCEL[venue]], "delay", delay_s=0.3 + 0.1 * (seed % 4), rate=0.5)
    hooks += on("reply", [PLACE[venue]], "withhold", rate=0.15) + on(
        "request", [PLACE[venue]], "refuse", rate=0.15, error=FUNDS[venue]
    )
    more = "max_order_age_s = 3"
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, more=more)
    quoted.run(60)
    quoted.run(400, done=lambda: quoted.fired("reply.delay") and quoted.fired("request.refuse"))
    assert quoted.fired("reply.withhold")
    ours = {order.request.client_id: order.order_id for order in _all_orders(quoted)}
    for told in quoted.of(ev.OrderAccepted):
        if told.client_id and told.venue_id:
            assert ours.get(told.client_id) == told.venue_id, "F16: an answer was taken for another order's"
    assert heard(quoted, FUNDS[venue]), "no refusal was heard"
    for told in quoted.of(ev.OrderRejected):
        assert told.client_id not in ours, "F16: an order that stands was taken for refused"
    assert not [path for path in quoted.requests if "batch" in path.lower()]
    quoted.venue.hooks.load([])
    quoted.come_to_rest()


def _all_orders(quoted):
    return [*quoted.exchange.open_orders(ACCOUNT), *quoted.exchange.closed_orders(ACCOUNT)]


# --- F17: amends --------------------------------------------------------------------------------------------


@each(KRAKEN)
def test_f17_an_amend_whose_answer_is_lost_leaves_one_order_that_is_known(tmp_path, venue, seed):
    hooks = on("reply", ["amend_order"], "withhold", rate=0.4)
    hooks += on("request", ["amend_order"], "delay", delay_s=0.2 + 0.1 * (seed % 4), rate=0.3)
    hooks += on("request", ["amend_order"], "drop", rate=0.2)
    hooks += on("message", NEWS[venue], "drop", rate=0.1)
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks)

    def look(event):
        for order in quoted.own_open():
            ours = quoted.engine.orders.get(order.request.client_id)
            counted = ours.exposure if ours is not None else 0
            assert counted >= order.leaves, f"F17: {order.leaves} may fill, {counted} are counted"

    quoted.driver.observers.append(look)

    def is_done():
        return quoted.trades() and quoted.fired("reply.withhold") >= 3 and quoted.fired("request.drop") >= 3

    quoted.run(400, done=is_done)
    assert is_done()
    quoted.venue.hooks.load([])
    # What stands there is what is believed to, once nothing is in doubt.
    quoted.run(120, done=lambda: not quoted.unknown_since and _is_calm(quoted))
    assert _is_calm(quoted), "F17: an order is changed for ever, and nobody asks about it"
    ours = {order.client_id: (order.price, order.size) for order in quoted.engine.orders.open()}
    theirs = {order.request.client_id: (order.price, order.size) for order in quoted.own_open()}
    assert ours == theirs, "F17: an order stands elsewhere than is believed"
    quoted.come_to_rest(is_ordered=False)


def _is_calm(quoted):
    states = {order.state.name for order in quoted.engine.orders.open()}
    return (
        bool(states)
        and states <= {"NEW", "PARTIALLY_FILLED"}
        and len(quoted.own_open()) == len(quoted.engine.orders.open())
    )


# --- F18: post-only -----------------------------------------------------------------------------------------


@each(*VENUES)
def test_f18_quotes_that_would_take_are_refused_a_bounded_number_of_times(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    trading(quoted)
    since_ns = quoted.now_ns
    # The venue's engine is ahead of the book that it shows: whatever is quoted would take.
    quoted.exchange._matching.would_take = lambda symbol, side, price: True
    quoted.venue.act(quoted.now_ns, {"action": "cancel_all"})
    quoted.shown()
    quoted.run(120)
    del quoted.exchange._matching.would_take
    tries = placed(quoted, since_ns)
    assert len(tries) >= 10, "nothing was quoted"
    for side in (1, -1):
        assert sum(place.side == side for place in tries) <= 24, "F18: refused without end"
    quoted.come_to_rest(is_ordered=False)


# --- F20: the venue cancels ---------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["told", "silent"])
@each(*VENUES)
def test_f20_orders_that_the_venue_cancels_are_missed_within_a_cycle(tmp_path, venue, seed, told):
    # Nothing is moved: what asks about an order is not that a change of it is refused.
    quoted = trading(Quoted(tmp_path, venue, seed=seed, refresh=60_000, tolerance=100, more="max_order_age_s = 0"))
    if told == "silent":
        quoted.venue.hooks.load(on("message", [*NEWS[venue], "account", "asset", "balances"], "drop"))
    gone = {order.request.client_id for order in quoted.own_open()}
    since_ns = quoted.now_ns
    quoted.venue.act(quoted.now_ns, {"action": "cancel_all"})
    quoted.shown()

    def is_known():
        return not gone & {order.client_id for order in quoted.engine.orders.open()}

    # A list may trail, so that its silence counts once, and again after the settle time.
    quoted.run(100, done=is_known)
    assert is_known(), "F20: nobody missed what the venue cancelled"
    if told == "told":
        assert quoted.now_ns - since_ns <= 30 * SECOND
    quoted.venue.hooks.load([])
    quoted.come_to_rest(is_ordered=False)


# --- F50: soft limits ---------------------------------------------------------------------------------------


@each(FUTURES, MEXC, KRAKEN)
def test_f50_a_soft_limit_slows_quotes_and_no_cancel(tmp_path, venue, seed):
    quoted = trading(Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 2"))
    since_ns = quoted.now_ns
    quoted.venue.hooks.load(on("request", [PLACE[venue]], "refuse", error=RATE[venue]))
    waits = []
    asked = {}

    def look(event):
        if type(event) is ev.Cancel:
            asked.setdefault(event.client_id, event.recv_ns)
        elif type(event) is ev.OrderCanceled and event.client_id in asked:
            waits.append(event.recv_ns - asked.pop(event.client_id))

    quoted.driver.observers.append(look)
    quoted.run(60)
    count = len(refused(quoted, since_ns))
    assert heard(quoted, RATE[venue]), "no limit was told"
    assert count <= 24, f"F50: {count} orders within a minute into a limit that was told"
    assert all(wait <= SECOND for wait in waits), "F50: a cancel waited behind the limit"
    assert not quoted.engine.ladder.latches, "a limit that passes latched something"
    quoted.venue.hooks.load([])
    quoted.run(90, done=lambda: bool(quoted.own_open()))
    assert quoted.own_open(), "F50: quotes did not come back"
    quoted.come_to_rest()


# --- F51: a ban ---------------------------------------------------------------------------------------------


@each(MEXC, FUTURES, KRAKEN)
def test_f51_while_an_address_is_banned_only_a_few_calls_try(tmp_path, venue, seed):
    quoted = trading(Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 20"))
    quoted.venue.act(quoted.now_ns, {"action": "ban", "status": 418, "duration_s": 600})
    # So that something asks.
    quoted.run(2)
    before = sum(quoted.requests.values())
    quoted.wait(595)
    calls = sum(quoted.requests.values()) - before
    # One at once of each kind that was under way, then 30 s, a minute, two, four and five after the last.
    assert calls <= 12, f"F51: {calls} calls into a ban of ten minutes"
    if venue != KRAKEN:
        assert any("banned" in text for text in quoted.alerts())
    quoted.wait(700, done=lambda: bool(quoted.own_open()) and _is_calm(quoted))
    assert quoted.own_open(), "F51: nothing is quoted after the ban"
    quoted.come_to_rest(is_ordered=False, unknown_s=1000)


# --- F52: refusals without end ------------------------------------------------------------------------------


@each(MEXC, FUTURES, KRAKEN)
def test_f52_a_side_that_is_refused_again_and_again_is_paused_until_somebody_resumes_it(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=on("request", [PLACE[venue]], "refuse", error=FUNDS[venue]))
    quoted.run(420, done=lambda: len(quoted.engine.ladder.latches) >= 2)
    since_ns = quoted.now_ns
    quoted.run(200)
    for side in (1, -1):
        count = sum(place.side == side for place in placed(quoted))
        assert count <= 11, f"F52: {count} orders of a side that the venue refuses"
    assert not placed(quoted, since_ns + SECOND), "F52: a side that was given up is quoted"
    assert len(heard(quoted, FUNDS[venue])) == len(placed(quoted)), "an order was not refused for want of funds"
    scopes = sorted(scope for _, scope in quoted.engine.ladder.latches)
    assert scopes == [f"strategy=btc venue={venue} side={side}" for side in ("buy", "sell")]
    assert any("in a row" in line for line in quoted.engine.ladder.lines())
    # The cause is gone; nobody has said so yet.
    quoted.venue.hooks.load([])
    quoted.run(60)
    assert not quoted.own_open(), "F52: the latch went by itself"
    for scope in scopes:
        latch = ev.Latched(quoted.now_ns, "pause-side", scope, False, "operator", "")
        next(iter(quoted.worlds.values())).tell(lambda now_ns, latch=latch: quoted.driver.latch(now_ns, [latch]))
    quoted.run(60, done=lambda: len(quoted.own_open()) >= 2)
    assert quoted.own_open(), "F52: nothing is quoted after the latch was let go"
    quoted.come_to_rest()


# --- F53: modes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["cancel_only", "maintenance", "untold"])
@each(*VENUES)
def test_f53_no_order_goes_into_a_market_that_takes_none(tmp_path, venue, seed, mode):
    quoted = trading(Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 5"))
    since_ns = quoted.now_ns
    if mode == "untold":
        quoted.venue.hooks.load(on("request", [PLACE[venue]], "refuse", error=CLOSED[venue]))
    else:
        quoted.venue.set_mode(quoted.now_ns, mode)
        quoted.shown()
    quoted.run(60)
    assert mode != "untold" or heard(quoted, CLOSED[venue]), "no refusal was heard"
    told_ns = min((each.recv_ns for each in quoted.of(ev.VenueStatus) if each.recv_ns >= since_ns), default=0)
    tries = placed(quoted, max(since_ns, told_ns) + SECOND // 10) if told_ns else placed(quoted, since_ns)
    assert len(tries) <= (0 if told_ns else 24), f"F53: {len(tries)} orders into a market that takes none"
    quoted.venue.hooks.load([])
    quoted.venue.set_mode(quoted.now_ns, "online")
    quoted.shown()
    # Order entry of a contract that was closed by a refusal is tried again after ten minutes.
    quoted.wait(700 if venue == FUTURES else 120, done=lambda: bool(quoted.own_open()))
    assert quoted.own_open(), "F53: quotes did not come back"
    quoted.come_to_rest(is_ordered=False)


# --- F54: another grid --------------------------------------------------------------------------------------


# MEXC Spot lists decimals of prices and no step.
@each(KRAKEN, FUTURES)
def test_f54_after_a_coarser_grid_was_told_nothing_off_it_is_sent(tmp_path, venue, seed):
    quoted = trading(Quoted(tmp_path, venue, seed=seed))
    was = quoted.market.instrument.tick
    tick = was * (5 + seed % 5)
    since_ns = quoted.now_ns
    quoted.venue.act(
        quoted.now_ns, {"action": "tick", "value": quoted.exchange.instruments[quoted.symbol].tick * tick // was}
    )
    quoted.shown()
    quoted.run(400, done=lambda: quoted.market.instrument.tick == tick)
    assert quoted.market.instrument.tick == tick, "F54: the grid was not taken"
    told_ns = quoted.now_ns
    quoted.run(60)
    sent = [
        event for event in quoted.recorder.events if type(event) in (ev.Place, ev.Amend) and event.recv_ns > told_ns
    ]
    assert sent, "F54: nothing was quoted on the new grid"
    assert all(event.price % tick == 0 for event in sent), "F54: off the grid that was told"
    count = len(refused(quoted, since_ns))
    assert count <= 24, f"F54: {count} orders off the grid before it was taken"
    assert all(order.price % tick == 0 for order in quoted.own_open()), "F54: an order stands off the grid"
    quoted.come_to_rest(is_ordered=False)


# --- F58: own orders that would meet ------------------------------------------------------------------------


@each(*VENUES)
def test_f58_own_orders_never_meet(tmp_path, venue, seed):
    # Cancels, changes and their answers are slow and get lost, and what is wanted moves through what stands.
    hooks = on("request", [CANCEL[venue], "amend_order"], "delay", delay_s=0.3 + 0.1 * (seed % 4), rate=0.5)
    hooks += on("reply", [PLACE[venue]], "withhold", rate=0.1)
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks, refresh=100, entries_of=wide)
    met = []

    def look(event):
        decision = quoted.market.last if quoted.engine.markets else None
        if decision is not None:
            met.extend(each for each in decision.refused if "own order" in each or "would take" in each)
        if type(event) not in (ev.Place, ev.Amend):
            return
        side = event.side if type(event) is ev.Place else quoted.engine.orders.get(event.client_id).side
        for order in quoted.own_open():
            if order.request.side != side:
                assert (event.price - order.price) * side < 0, "F58: an order that would meet our own"

    quoted.driver.observers.append(look)
    quoted.run(90)
    assert met, "nothing was wanted where an own order stood"
    assert quoted.trades()
    quoted.venue.hooks.load([])
    quoted.come_to_rest()


# --- F61: unknown codes -------------------------------------------------------------------------------------


@each(MEXC, FUTURES)
def test_f61_an_unknown_code_after_an_order_was_accepted_says_nothing_about_it(tmp_path, venue, seed):
    code = 900_000 + seed
    body = f'{{"code": {code}, "msg": "who knows", "success": false, "message": "who knows"}}'
    hooks = on(
        "reply", [PLACE[venue]], "body", error=body, status=200 if venue == FUTURES else (200, 400)[seed % 2], rate=0.4
    )
    hooks += on("message", NEWS[venue], "drop", rate=0.5)
    quoted = run(tmp_path, venue, seed, hooks, "reply.body", is_ordered=False)
    assert quoted.of(ev.OutcomeUnknown), "F61: no code was in doubt"


@each(KRAKEN)
def test_f61_an_unknown_text_about_an_order_opens_an_inquiry(tmp_path, venue, seed):
    hooks = on("request", [PLACE[venue]], "refuse", error=NOBODY_KNOWS[venue], rate=0.3)
    quoted = run(tmp_path, venue, seed, hooks, "request.refuse")
    lost = {each.client_id for each in quoted.of(ev.OutcomeUnknown)}
    assert lost, "F61: an unknown text was taken for an answer"
    told = {type(event) for event in quoted.recorder.events if getattr(event, "client_id", "") in lost}
    assert ev.OrderAbsent in told


# --- F19: orders of others ----------------------------------------------------------------------------------


class Crowded(Quoted):
    """An account with orders that stand there before this run knows of them."""

    def own_open(self):
        return [order for order in super().own_open() if not order.request.client_id.startswith("mm0")]

    def _look_at_orders(self):
        forgotten = {order.request.client_id for order in self.own_open()}
        forgotten -= {order.client_id for order in self.engine.orders.open()}
        assert not forgotten, f"I2: open at the venue and not here: {forgotten}"

    def standing(self):
        return {order.request.client_id for order in self.exchange.open_orders(ACCOUNT)}


@each(*VENUES)
def test_f19_orders_of_others_survive_and_those_of_an_earlier_start_do_not(tmp_path, venue, seed):
    lines = 'tier = "pro"\ndead_man_switch_s = 0' if venue == KRAKEN else ""
    quoted = Crowded(tmp_path, venue, seed=seed, lines=lines)
    quoted.run(5)
    best = quoted.exchange.recorded_best(quoted.symbol)
    grid = quoted.market.instrument
    for number, name in enumerate(("by-hand", "other-bot", "mm0Qzz")):
        side = 1 if number % 2 else -1
        price = best[side < 0] * (1000 - side * (12 + number + seed % 5)) // 1000 // grid.tick * grid.tick
        size = quoted.exchange.instruments[quoted.symbol].size_min * 2
        quoted.exchange.place(quoted.now_ns, NewOrder(ACCOUNT, quoted.symbol, side, size, price, client_id=name))
    quoted.shown()
    quoted.run(100, done=lambda: "mm0Qzz" not in quoted.standing())
    quoted.run(35)
    standing = quoted.standing()
    assert {"by-hand", "other-bot"} <= standing, "F19: an order of somebody else was touched"
    assert "mm0Qzz" not in standing, "F19: an order of an earlier start was left"
    assert quoted.stop(60)
    assert quoted.standing() == {"by-hand", "other-bot"}, "F19: the stop touched an order of somebody else"


# --- F48: nonces --------------------------------------------------------------------------------------------


@each(KRAKEN)
def test_f48_a_nonce_that_is_refused_costs_one_more_try_and_nothing_else(tmp_path, venue, seed):
    # Another program signs with the same key: each request of ours comes too late once.
    reads = [*READS[venue], "GetWebSocketsToken"]
    hooks = [rule for name in reads for rule in on("request", [name], "refuse", error="EAPI:Invalid nonce", times=1)]
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=hooks)
    quoted.run(10)
    assert quoted.engine.venues[venue].private_up, "F48: the private side waits for a nonce that was refused once"
    assert quoted.fired("request.refuse") >= 3
    assert set(quoted.sent.values()) <= {1}
    quoted.venue.hooks.load([])
    quoted.run(30)
    quoted.come_to_rest()

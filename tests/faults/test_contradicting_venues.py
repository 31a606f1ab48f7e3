"""Venues that contradict themselves: refused and live, two orders of one request, one execution id for two executions.

Of the kinds of F12, F16, F61 and F65. Each on the test stand in virtual time, judged by the venue's ledger.
"""

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.faults.restarted import BUY, SELL, Restarted, cases

CASES = cases()
REFUSALS = {
    "mexc_spot": ("POST order", '{"code":30004,"msg":"Insufficient position"}', 400),
    "mexc_futures": ("POST order/create", '{"success":false,"code":2005,"message":"Balance insufficient"}', 200),
}
VENUES = ("kraken", *REFUSALS)
ROUND_NS = 31 * 10**9
"""Between two looks at the open orders, and a little."""


def started(name, folder):
    stand = Restarted(CASES[name], folder / "journal")
    stand.ready()
    return stand


def told(stand, text):
    return [event.text for event in stand.recorder.events if type(event) is ev.Alert and text in event.text]


# --- refused, and there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("news", [{"action": "delay", "delay_s": 1.0}, {"action": "drop"}], ids=["late", "lost"])
@pytest.mark.parametrize("name", REFUSALS)
def test_an_order_that_was_refused_and_stands_is_cancelled_at_the_first_word_of_it(tmp_path, name, news):
    stand = started(name, tmp_path)
    path, body, status = REFUSALS[name]
    stand.fault("reply", "body", path, error=body, status=status)
    stand.fault("message", name=CASES[name].words.own[0], **news)
    began_ns = stand.now_ns
    order = stand.place(BUY, stand.price(-2))
    stand.run(0.5)
    assert stand.state(order) == "REJECTED"
    assert stand.standing(), "the fault is that it stands"
    stand.until("it is gone", lambda: not stand.standing())
    within_ns = 2 * 10**9 if news["action"] == "delay" else ROUND_NS
    assert stand.now_ns - began_ns <= within_ns, "I2: it stood there, and was not known"
    assert told(stand, f"order {order} should not stand")
    assert stand.state(order) == "REJECTED", "I3: what ended does not begin again"
    # Lists that trail show it again: nothing is made of that.
    stand.run(70)
    assert len([event for event in stand.recorder.events if type(event) is ev.Cancel]) == 1
    stand.judge()


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_left_of_a_refused_order_that_fills_is_cancelled(tmp_path, name):
    stand = started(name, tmp_path)
    path, body, status = REFUSALS[name]
    stand.fault("reply", "body", path, error=body, status=status)
    stand.fault("message", "drop", CASES[name].words.own[0])
    order = stand.place(BUY, stand.price(-2), stand.size * 2)
    stand.run(0.5)
    assert stand.state(order) == "REJECTED"
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.run(1)
    assert stand.market.position.quantity == stand.size, "I4: the fill of a refused order was not booked"
    assert not stand.standing(), "I2: the rest of it stands"
    stand.judge()


# --- two of one -------------------------------------------------------------------------------------------------------


def doubled(stand, more=1):
    """The venue makes a second order of the request that it took last, or so many more."""
    exchange = stand.counterpart.exchange
    (first,) = exchange.open_orders(ACCOUNT)

    def again(now_ns):
        exchange.by_client_id = lambda *words: None
        try:
            return exchange.place(now_ns, first.request)
        finally:
            del exchange.by_client_id

    stand.outside(lambda now_ns: [again(now_ns) for _ in range(more)])
    assert len(stand.standing()) == 1 + more


@pytest.mark.parametrize("name", VENUES)
def test_a_second_order_of_one_request_is_cancelled_at_once(tmp_path, name):
    stand = started(name, tmp_path)
    order = stand.place(BUY, stand.price(-2))
    stand.live(order)
    first = stand.order(order).venue_id
    doubled(stand)
    stand.until("one is left", lambda: len(stand.standing()) == 1, 2)
    (left,) = stand.counterpart.exchange.open_orders(ACCOUNT)
    assert left.order_id == first, "the order itself was cancelled"
    stand.run(70)
    assert stand.state(order) == "NEW"
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
def test_what_a_second_order_of_one_request_fills_is_ours(tmp_path, name):
    stand = started(name, tmp_path)
    order = stand.place(BUY, stand.price(-2))
    stand.live(order)
    doubled(stand)
    stand.trade(SELL, stand.price(-2), stand.size * 2)
    stand.run(70)
    assert not [event for event in stand.recorder.events if type(event) is ev.Difference], "it was somebody else's"
    assert stand.market.position.quantity == 2 * stand.size
    stand.judge()


def by_the_ladder(stand, order):
    """Cancels ahead of all that is besides quotes."""
    stand.driver.take((ev.Latched(stand.now_ns, "cancel", "", True, "operator", "of both"),))


def by_a_desk(stand, order):
    """Cancels behind it."""
    stand.desk.waiting.append(lambda now_ns: stand.engine.cancel(now_ns, stand.order(order), "of both"))


@pytest.mark.parametrize("cancel", [by_the_ladder, by_a_desk])
@pytest.mark.parametrize("name", VENUES)
def test_two_orders_of_one_request_that_are_cancelled_in_one_decision_are_both_gone(tmp_path, name, cancel):
    stand = started(name, tmp_path)
    order = stand.place(BUY, stand.price(-2))
    stand.live(order)
    first, others = stand.order(order).venue_id, []

    def listening(handler):
        def handle(event):
            handler(event)
            if event.venue_id != first and not others:
                others.append(event.venue_id)
                cancel(stand, order)

        return handle

    for kind in (ev.OrderAccepted, ev.OrderReport):
        stand.engine.handlers[kind] = listening(stand.engine.handlers[kind])
    doubled(stand)
    stand.until("both are gone", lambda: not stand.standing(), 2)
    sent = [event.venue_id for event in stand.recorder.events if type(event) is ev.Cancel]
    assert sorted(sent) == sorted([first, *others]), "one cancel each"
    stand.closed(order, "CANCELED", seconds=1)
    stand.run(70)
    assert stand.order(order).booked == 0
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
def test_three_orders_of_one_request_end_as_one(tmp_path, name):
    stand = started(name, tmp_path)
    order = stand.place(BUY, stand.price(-2))
    stand.live(order)
    first = stand.order(order).venue_id
    doubled(stand, 2)
    stand.until("one is left", lambda: len(stand.standing()) == 1, 2)
    (left,) = stand.counterpart.exchange.open_orders(ACCOUNT)
    assert left.order_id == first, "the order itself was cancelled"
    stand.judge()


# --- one id for two ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VENUES)
def test_an_execution_id_that_the_venue_uses_again_for_another_order_is_another_execution(tmp_path, name):
    stand = started(name, tmp_path)
    blotter = stand.counterpart.exchange._blotter
    made, names = blotter._name, []

    def again(letter, chance):
        if letter == "T":
            names.append(made(letter, chance))
            return names[0]
        return made(letter, chance)

    first, second = (stand.place(BUY, stand.price(-steps)) for steps in (1, 2))
    stand.live(first)
    stand.live(second)
    blotter._name = again
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.closed(first, "FILLED")
    stand.closed(second, "FILLED")
    # Told again by the lists, and by those of the next start.
    stand.run(70)
    assert stand.engine.fills == 2
    stand.kill()
    stand.run(1)
    stand.restart()
    stand.judge()
    assert stand.engine.fills == 2

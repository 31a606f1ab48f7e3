"""Fills that name no order of ours, and positions that no fill explains, after an order like them was refused.

Of the kinds of F12 and F61. The venue refuses in its answer what it fills, and no stream tells of it. Each on the test
stand in virtual time, judged by the venue's ledger.
"""

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import NewOrder, TimeInForce
from tests.faults.hedged import UNITS, Hedged
from tests.faults.restarted import BUY, SELL, Restarted, cases
from tests.faults.test_contradicting_venues import REFUSALS

CASES = cases()
FUTURES = "mexc_futures"
VENUES = tuple(CASES)
KRAKEN_REFUSAL = (
    '{{"error":"EOrder:Insufficient funds","method":"add_order","req_id":{},"success":false,'
    '"time_in":"2023-11-14T22:13:20.000000Z","time_out":"2023-11-14T22:13:20.000001Z"}}'
)
SECOND = 10**9
LISTS_S = 75
"""Whole rounds of the lists, and what has to last after them."""
ASKED_S = 15
"""What a question may hold back, and a difference of the position."""
HELD_S = 10
"""What a question does hold back: nobody else's doing is booked while the venue may still say that it is ours."""
LOOK_UPS = ("GET order/get", "GET order/external")


def started(name, folder):
    stand = Restarted(CASES[name], folder / "journal")
    stand.ready()
    return stand


def refuse(stand):
    """The next order is taken, and its answer says that it was not."""
    if stand.name != "kraken":
        path, body, status = REFUSALS[stand.name]
        stand.fault("reply", "body", path, error=body, status=status)
        return
    outbox = stand.counterpart.venue._outbox
    answer = outbox.answer

    def refused(now_ns, connection, method, text):
        if method == "add_order":
            del outbox.answer
            text = KRAKEN_REFUSAL.format(text.split('"req_id":')[1].split(",")[0].strip("}"))
        answer(now_ns, connection, method, text)

    outbox.answer = refused


def silence(stand, *more):
    """No stream tells of own orders and fills."""
    for name in (*stand.case.words.own, *more):
        stand.fault("message", "drop", name, times=0)


def taken(stand, size=0):
    """An order that is refused in the answer and filled at once."""
    refuse(stand)
    order = stand.place(BUY, stand.price(10), size, time_in_force="ioc")
    stand.run(0.5)
    assert stand.state(order) == "REJECTED"
    return order


def refused(stand):
    """An order that is refused and not there."""
    words = {"kraken": "EOrder:Insufficient funds", "mexc_spot": "30004:Insufficient position"}
    error = words.get(stand.name, "2005:Balance insufficient")
    stand.fault("request", "refuse", stand.case.words.place, error=error)
    order = stand.place(BUY, stand.price(10), time_in_force="ioc")
    stand.run(0.5)
    assert stand.state(order) == "REJECTED"
    return order


def other(stand, side=BUY, size=0, client_id="by-hand"):
    """Somebody trades by hand on the same account."""
    wanted = NewOrder(
        ACCOUNT,
        stand.symbol,
        side,
        size or stand.size,
        stand.price(10 * side),
        time_in_force=TimeInForce.IOC,
        client_id=client_id,
    )
    stand.outside(lambda now_ns: stand.counterpart.exchange.place(now_ns, wanted))


def asked(stand):
    return [event for event in stand.recorder.events if type(event) is ev.QueryOrder]


def external(stand):
    return [event for event in stand.recorder.events if type(event) is ev.PositionChanged]


def booked_on(stand, order, size):
    return stand.order(order).booked == size and stand.market.position.quantity == size


# --- ours -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VENUES)
def test_a_fill_that_only_lists_tell_is_booked_on_the_order_that_was_refused(tmp_path, name):
    stand = started(name, tmp_path)
    silence(stand, "position")
    order = taken(stand)
    stand.run(LISTS_S)
    assert booked_on(stand, order, stand.size), "I4: the fill of a refused order was taken for somebody else's"
    assert stand.state(order) == "REJECTED", "I3: what ended does not begin again"
    assert stand.engine.perpetuals.externals == 0
    assert stand.replayed().state_hash() == stand.engine.state_hash()
    stand.judge()


@pytest.mark.parametrize("name", [FUTURES, "mexc_futures-hedge"])
def test_a_position_that_moved_alone_is_booked_on_the_order_that_was_refused(tmp_path, name):
    stand = started(name, tmp_path)
    silence(stand)
    order = taken(stand)
    stand.run(5)
    assert booked_on(stand, order, stand.size), "I4: the fill of a refused order was taken for somebody else's"
    assert stand.engine.perpetuals.externals == 0
    stand.run(LISTS_S)
    assert len(asked(stand)) == 1
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
def test_a_fill_that_is_read_at_the_connect_is_booked_on_the_order_that_was_refused(tmp_path, name):
    stand = started(name, tmp_path)
    silence(stand, "position")
    order = taken(stand)
    stand.mend()
    stand.fault_now("disconnect", target="private")
    stand.run(30)
    assert booked_on(stand, order, stand.size), "I4: the fill of a refused order was taken for somebody else's"
    assert stand.engine.perpetuals.externals == 0
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
def test_fills_of_a_part_each_are_booked_on_the_order_that_was_refused(tmp_path, name):
    stand = started(name, tmp_path)
    silence(stand, "position")
    refuse(stand)
    order = stand.place(BUY, stand.price(2), 3 * stand.size)
    stand.run(0.5)
    assert stand.state(order) == "REJECTED"
    for _ in range(2):
        stand.trade(SELL, stand.price(2), stand.size)
        stand.run(1)
    stand.mend()
    stand.run(LISTS_S)
    assert booked_on(stand, order, 2 * stand.size)
    assert not stand.standing(), "I2: the rest of it stands"
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("is_both", [False, True], ids=["one", "both"])
def test_of_two_refused_orders_that_are_alike_each_has_its_own_fills(tmp_path, name, is_both):
    stand = started(name, tmp_path)
    silence(stand)
    first = taken(stand)
    second = taken(stand) if is_both else refused(stand)
    stand.run(LISTS_S)
    assert stand.order(first).booked == stand.size
    assert stand.order(second).booked == is_both * stand.size
    assert stand.engine.perpetuals.externals == 0
    stand.judge()


@pytest.mark.parametrize("name", VENUES)
def test_a_start_between_the_refusal_and_the_list_books_the_fill_on_its_order(tmp_path, name):
    stand = started(name, tmp_path)
    silence(stand, "position")
    order = taken(stand)
    stand.kill()
    stand.mend()
    stand.run(3)
    stand.restart()
    stand.run(LISTS_S)
    assert booked_on(stand, order, stand.size)
    assert stand.engine.perpetuals.externals == 0
    stand.judge()


def test_a_start_while_the_question_is_open_books_the_fill_on_its_order(tmp_path):
    stand = started(FUTURES, tmp_path)
    silence(stand, "position")
    order = taken(stand)
    for path in LOOK_UPS:
        stand.fault("reply", "withhold", path, times=0)
    stand.until("it was asked for", lambda: asked(stand))
    stand.kill()
    stand.mend()
    stand.run(3)
    stand.restart()
    stand.run(LISTS_S)
    assert booked_on(stand, order, stand.size)
    assert stand.engine.perpetuals.externals == 0
    stand.judge()


# --- somebody else's --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FUTURES, "mexc_futures-hedge"])
@pytest.mark.parametrize("client_id", ["by-hand", ""], ids=["named", "unnamed"])
def test_a_fill_by_hand_like_a_refused_order_is_external_as_soon_as_the_venue_has_said_so(tmp_path, name, client_id):
    stand = started(name, tmp_path)
    order = refused(stand)
    silence(stand, "position")
    other(stand, client_id=client_id)
    stand.until("it is booked", lambda: external(stand), LISTS_S)
    told = [event for event in stand.fills() if event.execution_id == stand.counterpart.trades()[0].execution_id]
    assert external(stand)[0].recv_ns - told[0].recv_ns <= 5 * SECOND
    assert stand.order(order).booked == 0
    stand.run(LISTS_S)
    assert len(asked(stand)) == 1
    assert stand.engine.perpetuals.externals == 1
    stand.judge()


@pytest.mark.parametrize("name", [FUTURES, "mexc_futures-hedge"])
def test_a_fill_by_hand_unlike_any_refused_order_waits_for_nothing(tmp_path, name):
    stand = started(name, tmp_path)
    refused(stand)
    silence(stand)
    other(stand, size=2 * stand.size)
    began_ns = stand.now_ns
    stand.until("it is booked", lambda: external(stand), 10)
    assert stand.now_ns - began_ns <= 4 * SECOND
    other(stand, SELL)
    began_ns = stand.now_ns
    stand.until("it is booked", lambda: len(external(stand)) == 2, 10)
    assert stand.now_ns - began_ns <= 4 * SECOND
    assert not asked(stand)


def test_a_fill_by_hand_long_after_a_refusal_waits_for_nothing(tmp_path):
    stand = started(FUTURES, tmp_path)
    refused(stand)
    stand.run(150)
    silence(stand, "position")
    other(stand)
    stand.run(LISTS_S)
    assert stand.engine.perpetuals.externals == 1
    assert not asked(stand)
    stand.judge()


# --- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["fill", "position", "late fill"])
def test_without_an_answer_it_is_external_after_a_while_and_ours_once_it_is_known(tmp_path, told):
    stand = started(FUTURES, tmp_path)
    if told == "late fill":
        stand.fault("message", "drop", "order", times=0)
        stand.fault("message", "delay", "order.deal", delay_s=25.0)
        stand.fault("reply", "withhold", "GET order/list/order_deals/v3", times=0)
    else:
        silence(stand, *(("position",) if told == "fill" else ()))
    for path in LOOK_UPS:
        stand.fault("reply", "withhold", path, times=0)
    order = taken(stand)
    stand.until("it was asked for", lambda: asked(stand))
    began_ns = stand.now_ns
    stand.until("it is external", lambda: external(stand), LISTS_S)
    assert HELD_S * SECOND <= stand.now_ns - began_ns <= ASKED_S * SECOND
    if told != "late fill":
        stand.mend()
    stand.until("it is ours", lambda: stand.order(order).booked == stand.size)
    assert stand.market.position.quantity == stand.size, "I4: it was booked twice"
    stand.run(LISTS_S)
    assert stand.engine.perpetuals.externals == 1
    (trade,) = stand.counterpart.trades()
    position = stand.market.position
    assert (position.quantity, position.cash) == (trade.size, -trade.price * trade.size)
    fees = {asset: fee for asset, fee in position.fees.items() if fee}
    assert fees == {trade.fee_asset: trade.fee * 10 ** (12 - DECIMALS)}
    assert stand.replayed().state_hash() == stand.engine.state_hash()


def test_without_an_answer_what_moved_a_balance_is_external_after_a_while_and_ours_once_it_is_known(tmp_path):
    stand = started("kraken", tmp_path)
    silence(stand)
    stand.fault("reply", "withhold", "QueryOrders", times=0)
    order = taken(stand)

    def told():
        return [event for event in stand.recorder.events if type(event) is ev.Difference and event.what == "balance"]

    stand.until("it is external", lambda: len(told()) == 2, 2 * LISTS_S)
    assert {event.verdict for event in told()} == {"external"}
    assert stand.order(order).booked == 0
    stand.mend()
    stand.until("it is ours", lambda: stand.order(order).booked == stand.size)
    stand.until("it is no flow any more", lambda: len(told()) == 4, 2 * LISTS_S)
    flows = {event.subject: 0 for event in told()}
    for event in told():
        assert event.verdict == "external"
        flows[event.subject] += event.amount
    assert not any(flows.values()), f"I5: flows that were none: {flows}"
    stand.judge()


# --- a hedge ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_answered", [True, False], ids=["answered", "not answered"])
def test_a_hedge_that_was_refused_and_filled_is_a_hedge_by_all_ledgers(tmp_path, is_answered):
    path, body, status = REFUSALS[FUTURES]
    refusal = {"on": "reply", "action": "body", "name": path, "error": body, "status": status, "times": 1}
    dropped = [{"on": "message", "action": "drop", "name": name} for name in ("order", "order.deal")]
    unheard = [{"on": "reply", "action": "withhold", "name": name} for name in LOOK_UPS]
    run = Hedged(tmp_path, seed=1, way="contracts")
    venue = run.venues[FUTURES]
    run.run(20)
    venue.hooks.load([refusal, *dropped, *([] if is_answered else unheard)])
    since = len(run.recorder.events)

    def refused():
        found = [event for event in run.recorder.events[since:] if type(event) is ev.OrderRejected]
        return run.engine.orders.get(found[0].client_id) if found else None

    run.run(120, done=refused)
    order = refused()
    # It was owed still: it may be hedged again until the fill is known, and that taken back.
    run.external = 2 * order.size * UNITS[FUTURES]
    venue.hooks.load([] if is_answered else unheard)
    run.pause()
    run.run(45)
    venue.hooks.load([])
    run.run(60)
    assert order.booked == sum(t.size for t in run.trades(FUTURES) if t.order_id == order.venue_id) > 0
    assert run.engine.perpetuals.externals == (0 if is_answered else 1)
    assert run.is_settled()
    assert run.stop(60)
    run.check_books()
    assert run.replayed().state_hash() == run.engine.state_hash()

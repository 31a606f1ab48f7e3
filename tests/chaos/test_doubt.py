"""I10: what is not sent in doubt, and that the cancels which were decided do leave."""

import pytest

from mm._core import events as ev
from mm.chaos.tap import Tapped
from mm.chaos.wire import Sent
from mm.chaos.world import SECOND
from mm.simulator.kinds import KRAKEN, MEXC_SPOT
from tests.chaos.judged import SYMBOL, broken, good_place, intent, later, standing, young_world


@pytest.fixture
def world():
    return young_world()


def placed(world, purpose="quote", kind="place", wait_ns=0):
    """An order of the bot leaves; the books were heard just now."""
    intent(world, "mm1Qzz", purpose)
    world.checker.books[KRAKEN].by_symbol[SYMBOL].heard_ns = world.now_ns + wait_ns
    world.checker.sent(world.now_ns + wait_ns, KRAKEN, good_place(world, kind=kind))
    return broken(world)


def status(system):
    return f'{{"channel":"status","type":"update","data":[{{"version":"2","system":"{system}"}}]}}'.encode()


@pytest.mark.parametrize("purpose", ["quote", "hedge", "flatten"])
@pytest.mark.parametrize(("wait_ns", "is_broken"), [(SECOND // 4, False), (SECOND, True)])
def test_i10_an_order_while_the_private_stream_is_down(world, purpose, wait_ns, is_broken):
    world.checker.linked(world.now_ns, KRAKEN, "private", up=False)
    assert placed(world, purpose, wait_ns=wait_ns) == ({"I10"} if is_broken else set())


@pytest.mark.parametrize("kind", ["place", "amend"])
@pytest.mark.parametrize(("system", "is_broken"), [("maintenance", True), ("cancel_only", True), ("post_only", False)])
def test_i10_an_order_after_the_venue_said_that_it_takes_none(world, system, is_broken, kind):
    world.checker.told(world.now_ns, KRAKEN, status(system))
    assert placed(world, kind=kind) == ({"I10"} if is_broken else set())


def test_i10_a_venue_that_is_open_again(world):
    world.checker.told(world.now_ns, KRAKEN, status("maintenance"))
    world.checker.told(world.now_ns, KRAKEN, status("online"))
    assert not placed(world)


@pytest.mark.parametrize("is_of_symbol", [False, True])
def test_i10_an_order_after_the_bot_wrote_that_the_venue_takes_none(world, is_of_symbol):
    if is_of_symbol:
        known = next(
            event for event in world.journal.events if type(event) is ev.InstrumentUpdate and event.venue == KRAKEN
        )
        definition = known.definition.replace(b'"status":"online"', b'"status":"cancel_only"')
        world.journal.events.append(ev.InstrumentUpdate(world.now_ns, KRAKEN, SYMBOL, definition))
    else:
        world.journal.events.append(ev.VenueStatus(world.now_ns, KRAKEN, "maintenance"))
    assert placed(world) == {"I10"}


def difference(world, venue, subject, verdict):
    world.journal.events.append(
        ev.Difference(world.now_ns, venue, "balance", subject, "1", "2", 1, "two reads", verdict)
    )


@pytest.mark.parametrize(
    ("venue", "subject", "purpose", "is_broken"),
    [
        (KRAKEN, "BTC", "quote", True),
        (KRAKEN, SYMBOL, "quote", True),
        (KRAKEN, "ETH", "quote", False),
        (KRAKEN, "BTC", "hedge", False),
        (MEXC_SPOT, "USDT", "quote", True),
        ("elsewhere", "BTC", "quote", False),
    ],
)
def test_i10_a_quote_while_a_difference_is_unexplained(world, venue, subject, purpose, is_broken):
    difference(world, venue, subject, "unexplained")
    assert placed(world, purpose) == ({"I10"} if is_broken else set())


@pytest.mark.parametrize("verdict", ["explained", "accepted"])
def test_i10_a_difference_that_is_settled(world, verdict):
    difference(world, KRAKEN, "BTC", "unexplained")
    difference(world, KRAKEN, "BTC", verdict)
    assert not placed(world)


def cancel(world):
    order = standing(world)
    command = ev.Cancel(world.now_ns, KRAKEN, SYMBOL, order.request.client_id, order.order_id, "chaos")
    world.journal.events.append(command)
    world.checker.look(world.now_ns)
    return order


def test_i10_a_cancel_that_never_leaves(world):
    cancel(world)
    world.checker.look(world.now_ns + SECOND)
    assert not broken(world)
    world.checker.look(world.now_ns + 3 * SECOND)
    assert broken(world) == {"I10"}


def test_i10_a_cancel_of_an_order_without_an_id_of_the_venue_is_no_other_ones(world):
    world.checker.sent(world.now_ns, KRAKEN, Sent("cancel", "mm1Qother"))
    name = standing(world).request.client_id
    world.journal.events.append(ev.Cancel(world.now_ns, KRAKEN, SYMBOL, name, "", "chaos"))
    world.checker.look(world.now_ns)
    world.checker.sent(world.now_ns, KRAKEN, Sent("cancel", "mm1Qother"))
    world.checker.look(world.now_ns + 3 * SECOND)
    assert broken(world) == {"I10"}


@pytest.mark.parametrize("how", ["by id", "by client id", "all", "over", "refused", "restart"])
def test_i10_a_cancel_that_left_or_is_over(world, how):
    order = cancel(world)
    head = (world.now_ns, 0, KRAKEN, order.request.client_id, order.order_id)
    if how == "by id":
        world.checker.sent(world.now_ns, KRAKEN, Sent("cancel", venue_id=order.order_id))
    elif how == "by client id":
        world.checker.sent(world.now_ns, KRAKEN, Sent("cancel", order.request.client_id))
    elif how == "all":
        world.checker.sent(world.now_ns, KRAKEN, Sent("cancel"))
    elif how == "over":
        world.venues[KRAKEN].exchange.cancel(world.now_ns, order.order_id, "")
        world.journal.events.append(ev.OrderCanceled(*head, 0, "User requested"))
    elif how == "refused":
        world.journal.events.append(ev.CancelRejected(*head, "busy", "busy", False))
    else:
        world.checker.doubt.restarted()
    world.checker.look(world.now_ns + 3 * SECOND)
    assert not broken(world)


def test_i10_a_process_that_stands_still_owes_its_cancels_so_much_longer(world):
    cancel(world)
    world._freeze(3 * SECOND)
    world.checker.look(world.now_ns + 4 * SECOND)
    assert not broken(world)
    world.checker.look(world.now_ns + 6 * SECOND)
    assert broken(world) == {"I10"}


@pytest.mark.parametrize(("is_up", "excused"), [(True, False), (False, True)])
def test_i10_a_ban_excuses_cancels_that_would_go_over_http(world, is_up, excused):
    world.checker.linked(world.now_ns, KRAKEN, "private", up=is_up)
    cancel(world)
    world.checker.answered(world.now_ns, KRAKEN, "", 429, b"")
    world.checker.look(world.now_ns + 3 * SECOND)
    assert broken(world) == (set() if excused else {"I10"})
    world.checker.answered(world.now_ns + 3 * SECOND, KRAKEN, "", 200, b"")
    world.checker.look(world.now_ns + 6 * SECOND)
    assert broken(world) == {"I10"}


def test_i10_a_bot_whose_cancels_are_lost_on_the_way(world, monkeypatch):
    """The judge sees it in a run, without a lie."""
    told = Tapped._do

    def lose(wires, action):
        if b"cancel_order" not in getattr(action, "payload", b""):
            told(wires, action)

    monkeypatch.setattr(Tapped, "_do", lose)
    world._tell("pause", "btc")
    later(world)
    assert "I10" in broken(world)

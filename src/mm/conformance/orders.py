"""The life of an order when nothing goes wrong, and the refusals that are no faults."""

from __future__ import annotations

from typing import Final

from mm.conformance.case import Act
from mm.conformance.counterpart import Standing
from mm.conformance.stand import Stand

BUY: Final = 1
SELL: Final = -1
ENDED: Final = ("CANCELED", "EXPIRED", "REJECTED")


def place(stand: Stand) -> None:
    """An order of each side stands at the venue with its client id, price and size, and the bot knows it."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2), post_only=True)
    ask = stand.place(SELL, stand.price(2), 2 * stand.size, post_only=True)
    stand.live(bid)
    stand.live(ask)
    # Requests that are under way at once may arrive in any order.
    assert set(stand.standing()) == {
        Standing(bid, BUY, stand.price(-2), stand.size),
        Standing(ask, SELL, stand.price(2), 2 * stand.size),
    }
    stand.finish_calmly()


def fill(stand: Stand) -> None:
    """Somebody takes an order whole: one execution, the order is over, position, cash, fee and balances agree."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(bid, "FILLED")
    assert stand.standing() == []
    fills = stand.fills()
    assert [(f.client_id, f.side, f.price, f.size, f.liquidity) for f in fills] == [
        (bid, BUY, stand.price(-1), stand.size, "m")
    ]
    stand.finish_calmly()


def take(stand: Stand) -> None:
    """An order that meets what stands is filled as a taker."""
    stand.ready()
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, SELL, stand.price(1), 2 * stand.size))
    bid = stand.place(BUY, stand.price(1))
    stand.closed(bid, "FILLED")
    assert [fill.liquidity for fill in stand.fills()] == ["t"]
    stand.finish_calmly()


def partial_fill(stand: Stand) -> None:
    """Half of an order is taken, then a quarter, then the rest is cancelled: what was filled stays filled."""
    stand.ready()
    ask = stand.place(SELL, stand.price(1))
    stand.live(ask)
    stand.trade(BUY, stand.price(1), stand.size // 2)
    stand.until("half is filled", lambda: stand.order(ask).cum_size == stand.size // 2)
    assert stand.state(ask) == "PARTIALLY_FILLED"
    stand.trade(BUY, stand.price(1), stand.size // 4)
    stand.until("more is filled", lambda: stand.order(ask).cum_size == stand.size // 2 + stand.size // 4)
    stand.cancel(ask)
    stand.closed(ask, "CANCELED")
    assert sum(trade.size for trade in stand.counterpart.trades()) == stand.order(ask).cum_size
    stand.finish_calmly()


def cancel(stand: Stand) -> None:
    """A cancelled order is over by the venue's word, and the one beside it stands."""
    stand.ready()
    first = stand.place(BUY, stand.price(-2))
    second = stand.place(BUY, stand.price(-3))
    stand.live(first)
    stand.live(second)
    stand.cancel(first)
    stand.closed(first, "CANCELED")
    assert [each.client_id for each in stand.standing()] == [second]
    stand.finish_calmly()


def amend(stand: Stand) -> None:
    """An order moves in price and size under its id; where the venue cannot, a cancel and a new order do it."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-3))
    stand.live(bid)
    if not stand.case.face.capabilities.amend:
        stand.cancel(bid)
        stand.closed(bid, "CANCELED")
        bid = stand.place(BUY, stand.price(-2), 2 * stand.size)
        stand.live(bid)
        assert stand.standing() == [Standing(bid, BUY, stand.price(-2), 2 * stand.size)]
        stand.finish_calmly()
        return
    stand.amend(bid, stand.price(-2), 2 * stand.size)
    order = stand.order(bid)
    stand.until("the amend is confirmed", lambda: (order.price, order.size) == (stand.price(-2), 2 * stand.size))
    stand.live(bid)
    assert stand.standing() == [Standing(bid, BUY, stand.price(-2), 2 * stand.size)]
    # Size is the total: what is filled counts in it.
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.until("a part is filled", lambda: order.cum_size == stand.size)
    stand.amend(bid, stand.price(-1), 3 * stand.size)
    stand.until("the second amend is confirmed", lambda: order.size == 3 * stand.size)
    assert stand.standing() == [Standing(bid, BUY, stand.price(-1), 2 * stand.size)]
    stand.finish_calmly()


def reject_below_minimum(stand: Stand) -> None:
    """An order below the venue's minimum never stands, and ends as refused; the next one is taken."""
    stand.ready()
    traded = stand.counterpart.traded
    least = max(traded.size_min, -(-traded.cost_min // stand.price(-2)))
    if least > 1:
        small = stand.place(BUY, stand.price(-2), least - 1)
        stand.closed(small, "REJECTED", "DENIED")
        assert not stand.counterpart.has_seen(small)
    good = stand.place(BUY, stand.price(-2))
    stand.live(good)
    stand.finish_calmly()


def reject_for_lack_of_funds(stand: Stand) -> None:
    """An order that the account cannot pay never stands, and ends as refused."""
    stand.ready()
    large = stand.place(SELL, stand.price(2), stand.counterpart.unaffordable())
    stand.closed(large, "REJECTED")
    assert not stand.counterpart.has_seen(large)
    stand.finish_calmly()


def post_only(stand: Stand) -> None:
    """A post-only order that would take trades nothing and ends, whether the venue refuses or cancels it."""
    stand.ready()
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, SELL, stand.price(0), stand.size))
    bid = stand.place(BUY, stand.price(1), post_only=True)
    stand.closed(bid, *ENDED)
    assert stand.standing() == []
    assert stand.counterpart.trades() == []
    stand.finish_calmly()


def immediate_or_cancel(stand: Stand) -> None:
    """Of an IOC order that is larger than what stands, the rest is over at once, and its fill is kept."""
    stand.ready()
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, BUY, stand.price(0), stand.size // 2))
    ask = stand.place(SELL, stand.price(0), time_in_force="ioc")
    stand.closed(ask, "CANCELED", "EXPIRED")
    assert stand.order(ask).cum_size == stand.size // 2
    assert stand.standing() == []
    stand.finish_calmly()


def immediate_or_cancel_of_nothing(stand: Stand) -> None:
    """An IOC order that meets nobody is over without a trace."""
    stand.ready()
    bid = stand.place(BUY, stand.price(0), time_in_force="ioc")
    stand.closed(bid, *ENDED)
    assert stand.standing() == []
    assert stand.counterpart.trades() == []
    stand.finish_calmly()


def cancel_of_a_filled_order(stand: Stand) -> None:
    """A cancel that crosses the fill on the way: the order is filled, and the refusal of the cancel changes nothing."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.cancel(bid)
    stand.closed(bid, "FILLED")
    stand.finish_calmly()


def cancel_refused_before_the_fill_is_told(stand: Stand) -> None:
    """The refusal of a cancel is here before the fill that explains it: "gone" is no word about how it ended."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    for name in stand.case.words.own:
        stand.fault("message", "delay", name, times=0, delay_s=0.5)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.cancel(bid)
    stand.closed(bid, "FILLED")
    stand.finish_calmly()


def many_orders(stand: Stand) -> None:
    """Several orders under way at once do not mix up their answers."""
    stand.ready()
    bids = [stand.place(BUY, stand.price(-1 - level)) for level in range(4)]
    asks = [stand.place(SELL, stand.price(1 + level)) for level in range(4)]
    for client_id in (*bids, *asks):
        stand.live(client_id)
    stand.trade(SELL, stand.price(-2), 2 * stand.size)
    for client_id in bids[:2]:
        stand.closed(client_id, "FILLED")
    assert {each.client_id for each in stand.standing()} == {*bids[2:], *asks}
    stand.finish_calmly()


def graceful_stop(stand: Stand) -> None:
    """A stop while orders are on their way, half filled and being cancelled leaves nothing behind."""
    stand.ready()
    half = stand.place(BUY, stand.price(-1))
    leaving = stand.place(BUY, stand.price(-3))
    stand.live(half)
    stand.live(leaving)
    stand.trade(SELL, stand.price(-1), stand.size // 2)
    stand.cancel(leaving)
    stand.place(SELL, stand.price(2))
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "stop", "test"))
    stand.until("every own order is over", lambda: stand.engine.orders.n_open == 0)
    stand.run(1)
    assert stand.standing() == []
    stand.check()


CASES: Final[tuple[Act, ...]] = (
    place,
    fill,
    take,
    partial_fill,
    cancel,
    amend,
    reject_below_minimum,
    reject_for_lack_of_funds,
    post_only,
    immediate_or_cancel,
    immediate_or_cancel_of_nothing,
    cancel_of_a_filled_order,
    cancel_refused_before_the_fill_is_told,
    many_orders,
    graceful_stop,
)

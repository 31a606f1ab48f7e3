"""Connections that end, books that lose step, starts anew: nothing is lost and nothing is forgotten."""

from __future__ import annotations

from typing import Final

from mm._core import events as ev
from mm.conformance.case import Act
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import Stand


def private_stream_cut(stand: Stand) -> None:
    """While the private stream is down an order is filled, one half filled, one cancelled by its owner: all comes."""
    stand.ready()
    filled, half, gone, kept = (stand.place(BUY, stand.price(-1 - level)) for level in range(4))
    for client_id in (filled, half, gone, kept):
        stand.live(client_id)
    stand.outside(lambda now_ns: stand.counterpart.venue.disconnect(now_ns, target="private"))
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.trade(SELL, stand.price(-2), stand.size // 2)
    stand.outside(lambda now_ns: stand.counterpart.withdraw(now_ns, stand.counterpart.order_id(gone)))
    stand.closed(filled, "FILLED")
    stand.closed(gone, "CANCELED")
    stand.until("half is filled", lambda: stand.order(half).cum_size == stand.size // 2)
    stand.live(kept)
    stand.finish()


def every_stream_cut(stand: Stand) -> None:
    """All connections end at once, with an order on its way."""
    stand.ready()
    standing = stand.place(SELL, stand.price(2))
    stand.live(standing)
    moving = stand.place(BUY, stand.price(-2))
    stand.outside(lambda now_ns: stand.counterpart.venue.disconnect(now_ns))
    stand.trade(BUY, stand.price(2), stand.size)
    stand.closed(standing, "FILLED")
    stand.until("the fate of the other is known", lambda: stand.state(moving) not in ("PENDING_NEW", "UNKNOWN"))
    stand.finish()


def stop_while_the_private_stream_is_down(stand: Stand) -> None:
    """A stop in the moment in which the private stream ends, with one order filled that nobody has told of."""
    stand.ready()
    filled = stand.place(BUY, stand.price(-1))
    others = [stand.place(SELL, stand.price(2 + level)) for level in range(2)]
    for client_id in (filled, *others):
        stand.live(client_id)
    stand.outside(lambda now_ns: stand.counterpart.venue.disconnect(now_ns, target="private"))
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "stop", "test"))
    stand.until("every own order is over", lambda: stand.engine.orders.n_open == 0)
    stand.until("the fill is here", lambda: not stand.order(filled).fills_missing)
    stand.run(1)
    assert stand.standing() == []
    stand.check()


def public_stream_cut(stand: Stand) -> None:
    """While the public stream is down the book changes; it is quoted from only when it is the venue's again."""
    stand.ready()
    known = len(stand.recorder.events)
    stand.outside(lambda now_ns: stand.counterpart.venue.disconnect(now_ns, target="public"))
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, BUY, stand.price(-1), stand.size))
    stand.until("the end of the stream is noticed", lambda: not stand.is_ready(), 2)
    later = stand.recorder.events[known:]
    assert any(type(event) is ev.BookReset for event in later), "the book was trusted without a stream"
    stand.until("the book is whole again", lambda: stand.market.book.top() == stand.counterpart.top())
    stand.finish()


def book_gap(stand: Stand) -> None:
    """A book message is lost: the book is not trusted from the next one on, and whole again after a snapshot."""
    stand.ready()
    stand.fault("message", "gap", stand.case.words.book)
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, BUY, stand.price(-1), stand.size))
    stand.run(1)
    assert stand.market.book.top() != stand.counterpart.top(), "the message was not lost: Words.book names no message"
    known = len(stand.recorder.events)
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, SELL, stand.price(2), stand.size))
    stand.until("the book is whole again", lambda: stand.market.book.top() == stand.counterpart.top())
    later = stand.recorder.events[known:]
    assert any(type(event) in (ev.BookReset, ev.Resync, ev.LinkChanged) for event in later), "nobody saw the gap"
    stand.finish()


def book_garbage(stand: Stand) -> None:
    """A book message that cannot be read costs the trust in the book, and a fresh one is asked for."""
    stand.ready()
    stand.fault("message", "corrupt", stand.case.words.book)
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, BUY, stand.price(-1), stand.size))
    stand.run(1)
    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, BUY, stand.price(-2), stand.size))
    stand.until("the book is whole again", lambda: stand.market.book.top() == stand.counterpart.top())
    stand.finish()


def restart(stand: Stand) -> None:
    """The process is killed with orders standing, one filled meanwhile; the next start finds and cancels its own."""
    stand.ready()
    own = [stand.place(BUY, stand.price(-1 - level)) for level in range(3)]
    for client_id in own:
        stand.live(client_id)
    stand.outside(lambda now_ns: stand.counterpart.place_foreign(now_ns, "somebody-else"))
    stand.kill()
    stand.run(1)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.run(1)
    stand.restart()
    stand.ready()
    stand.until(
        "what was left is cancelled", lambda: [each.client_id for each in stand.standing()] == ["somebody-else"]
    )
    fresh = stand.place(SELL, stand.price(2))
    assert fresh not in own
    stand.live(fresh)
    stand.finish(foreign=("somebody-else",))


def restart_with_an_order_on_its_way(stand: Stand) -> None:
    """The process is killed before the answer to an order; the next start finds that order, too."""
    stand.ready()
    late = stand.place(BUY, stand.price(-2))
    stand.restart()
    stand.ready()
    assert stand.counterpart.has_seen(late)
    stand.until("what was left is cancelled", lambda: stand.standing() == [])
    stand.finish()


def foreign_orders(stand: Stand) -> None:
    """Orders of another program on the account are counted and never touched, not even by a stop."""
    stand.outside(lambda now_ns: stand.counterpart.place_foreign(now_ns, "theirs-1"))
    stand.ready()
    stand.until("one is counted", lambda: stand.venue.foreign == 1)
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.finish(foreign=("theirs-1",))


def session_key_expires(stand: Stand) -> None:
    """What the private stream was opened with is not valid any more: another is fetched, and orders go on."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.outside(lambda now_ns: stand.counterpart.venue.invalidate_tokens())
    stand.outside(lambda now_ns: stand.counterpart.venue.disconnect(now_ns, target="private"))
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(bid, "FILLED")
    stand.until("ready again", stand.is_ready)
    ask = stand.place(SELL, stand.price(1))
    stand.live(ask)
    stand.finish()


def silence(stand: Stand) -> None:
    """A connection stands and says nothing any more: it is taken as dead, and what happened meanwhile comes."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.fault_now("silence", target="private")
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.until("the silence is noticed", lambda: stand.state(bid) == "FILLED", 600)
    stand.finish()


def clock(stand: Stand) -> None:
    """The venue's clock is seconds away from ours: nothing is sent until it is not."""
    stand.ready()
    stand.fault_now("skew", skew_s=30.0, duration_s=90)
    stand.until("the difference is noticed", lambda: not stand.is_ready())
    stand.until("it is over", stand.is_ready, 300)
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.finish()


def maintenance(stand: Stand) -> None:
    """The venue goes down for maintenance and comes back: orders stand as the ledger says."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.outside(lambda now_ns: stand.counterpart.venue.set_mode(now_ns, "maintenance"))
    refused = stand.place(SELL, stand.price(2))
    stand.run(30)
    stand.outside(lambda now_ns: stand.counterpart.venue.set_mode(now_ns, "online"))
    stand.closed(refused)
    # A venue whose account has to be looked at anew may be asked seldom.
    stand.until("ready again", stand.is_ready, 1200)
    stand.finish()


CASES: Final[tuple[Act, ...]] = (
    private_stream_cut,
    every_stream_cut,
    stop_while_the_private_stream_is_down,
    public_stream_cut,
    book_gap,
    book_garbage,
    restart,
    restart_with_an_order_on_its_way,
    foreign_orders,
    session_key_expires,
    silence,
    clock,
    maintenance,
)

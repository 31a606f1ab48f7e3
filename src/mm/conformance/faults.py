"""Answers that do not come, come twice or cannot be read: the outcome is doubt, and doubt ends on evidence alone."""

from __future__ import annotations

from typing import Final

from mm._core import events as ev
from mm.conformance.case import Act
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import Stand
from mm.exchanges.venue import Kind

GARBAGE: Final = (b"", b"\x00", b"{", b"[]", b"null", b"{}", b'{"a":1e999}', b"[" * 5000, b"\xff\xfe\x00", b"<html>")


def place_answer_lost(stand: Stand) -> None:
    """An order arrives and its answer does not: it is found, once, and never sent again."""
    stand.ready()
    stand.fault("reply", "withhold", stand.case.words.place)
    bid = stand.place(BUY, stand.price(-2))
    stand.run(20)
    stand.live(bid)
    assert [each.client_id for each in stand.standing()] == [bid]
    stand.finish()


def place_lost(stand: Stand) -> None:
    """An order never arrives: it counts as if it lived until the venue's lists prove that it does not."""
    stand.ready()
    stand.fault("request", "drop", stand.case.words.place)
    bid = stand.place(BUY, stand.price(-2))
    stand.run(10)
    assert stand.order(bid).is_open, "an order without an answer was given up without evidence"
    stand.until("its absence is proven", lambda: not stand.order(bid).is_open)
    assert not stand.counterpart.has_seen(bid)
    stand.finish()


def place_answer_unreadable(stand: Stand) -> None:
    """The answer to an order is cut off in the middle, and the first word of the stream about it is lost."""
    stand.ready()
    stand.fault("reply", "corrupt", stand.case.words.place)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name)
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.run(20)
    assert [each.client_id for each in stand.standing()] == [bid]
    stand.finish()


def cancel_answer_lost(stand: Stand) -> None:
    """A cancel is carried out, and nobody says so: neither the answer nor the stream."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.run(2)
    stand.fault("reply", "withhold", stand.case.words.cancel)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name, times=0)
    stand.cancel(bid)
    stand.run(3)
    stand.mend()
    stand.closed(bid, "CANCELED")
    stand.finish()


def cancel_lost(stand: Stand) -> None:
    """A cancel never arrives: the order stands, and the bot comes to know it."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.fault("request", "drop", stand.case.words.cancel)
    stand.cancel(bid)
    stand.run(15)
    stand.until("the order is known to stand", lambda: stand.state(bid) == "NEW")
    assert [each.client_id for each in stand.standing()] == [bid]
    stand.finish()


def amend_answer_lost(stand: Stand) -> None:
    """An amend is carried out and its answer does not come (where the venue amends)."""
    if not stand.case.face.capabilities.amend:
        return
    stand.ready()
    bid = stand.place(BUY, stand.price(-3))
    stand.live(bid)
    stand.fault("reply", "withhold", stand.case.words.amend)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name)
    stand.amend(bid, stand.price(-2), stand.size)
    stand.run(5)
    order = stand.order(bid)
    stand.until("the new terms are known", lambda: (order.price, order.state.name) == (stand.price(-2), "NEW"))
    stand.finish()


def cancel_of_an_unknown_order(stand: Stand) -> None:
    """The owner has cancelled an order and the news is lost: the refusal of our cancel leads to its end."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.run(2)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name, times=0)
    stand.outside(lambda now_ns: stand.counterpart.withdraw(now_ns, stand.counterpart.order_id(bid)))
    stand.run(1)
    stand.mend()
    assert stand.fired("message.gap"), "the news was not lost: Words.own names no message"
    if stand.order(bid).is_open:
        # A venue that numbers its messages may have been asked already.
        stand.cancel(bid)
    stand.closed(bid, "CANCELED")
    stand.finish()


def execution_lost(stand: Stand) -> None:
    """The messages about a fill are lost, and the connection stands: it is found when the venue is asked."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.run(2)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name, times=0)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.run(1)
    stand.mend()
    assert stand.fired("message.gap"), "the news was not lost: Words.own names no message"
    if stand.order(bid).is_open:
        # A venue that numbers its messages may have been asked already.
        stand.cancel(bid)
    stand.closed(bid, "FILLED")
    stand.finish()


def execution_lost_before_silence(stand: Stand) -> None:
    """The messages about a fill are lost, nothing follows, and nobody asks: it is noticed all the same."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.run(2)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name, times=0)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.run(1)
    stand.mend()
    stand.closed(bid, "FILLED")
    stand.finish()


def end_lost(stand: Stand) -> None:
    """The owner has cancelled an order, the news is lost, and nobody here asks for it: it is noticed all the same."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.run(2)
    for name in stand.case.words.own:
        stand.fault("message", "gap", name, times=0)
    stand.outside(lambda now_ns: stand.counterpart.withdraw(now_ns, stand.counterpart.order_id(bid)))
    stand.run(1)
    stand.mend()
    assert stand.fired("message.gap"), "the news was not lost: Words.own names no message"
    # Other news follows, by whose number a gap shows.
    other = stand.place(SELL, stand.price(2))
    stand.live(other)
    stand.closed(bid, "CANCELED")
    stand.finish()


def refusal_that_proves_nothing(stand: Stand) -> None:
    """An answer that the venue is busy, or failed inside: the order may have been taken, until the lists prove not."""
    stand.ready()
    stand.fault("request", "refuse", stand.case.words.place, error=stand.case.words.doubtful_refusal)
    bid = stand.place(BUY, stand.price(-2))
    stand.run(5)
    assert stand.state(bid) == "UNKNOWN"
    stand.until("its absence is proven", lambda: not stand.order(bid).is_open)
    assert not stand.counterpart.has_seen(bid)
    stand.finish()


def execution_twice(stand: Stand) -> None:
    """Every message about orders and executions comes twice: a fill is booked once."""
    stand.ready()
    for name in stand.case.words.own:
        stand.fault("message", "duplicate", name, times=0)
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    stand.trade(SELL, stand.price(-1), stand.size // 2)
    stand.trade(SELL, stand.price(-1), stand.size - stand.size // 2)
    stand.closed(bid, "FILLED")
    stand.run(2)
    assert stand.fired("message.duplicate") >= 2, "nothing came twice: Words.own names no message"
    assert stand.market.position.quantity == stand.size
    stand.finish()


def execution_late(stand: Stand) -> None:
    """Messages about an account come late and out of order: the books agree in the end."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    for name in stand.case.words.own:
        stand.fault("message", "delay", name, delay_s=3.0)
    stand.trade(SELL, stand.price(-1), stand.size // 2)
    stand.cancel(bid)
    stand.closed(bid)
    stand.finish()


def own_messages_unreadable(stand: Stand) -> None:
    """Messages about an account are cut off: whatever they told is read anew."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-1))
    stand.live(bid)
    for name in stand.case.words.own:
        stand.fault("message", "corrupt", name)
    stand.trade(SELL, stand.price(-1), stand.size)
    # Not by the next look at everything, but because of what could not be read.
    stand.closed(bid, "FILLED", seconds=20)
    stand.finish()


def rate_limit(stand: Stand) -> None:
    """The venue refuses an order for too many requests: it never was, and later ones are taken."""
    stand.ready()
    stand.fault("request", "refuse", stand.case.words.place, error=stand.case.words.rate_refusal)
    refused = stand.place(BUY, stand.price(-2))
    stand.closed(refused, "REJECTED")
    rates = stand.market.limits
    assert rates is None or not rates.allows(stand.now_ns, "place", 0, False, 0), "the venue's word is not believed"
    assert not stand.counterpart.has_seen(refused)
    stand.run(10)
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    stand.finish()


def hostile_bytes(stand: Stand) -> None:
    """Whatever bytes come on any channel, and as any answer, are a value and never an exception."""
    stand.ready()
    session = stand.link.session
    for payload in GARBAGE:
        decoded = session.decode(payload, stand.now_ns)
        assert decoded.kind in (Kind.MALFORMED, Kind.UNKNOWN, Kind.HEARTBEAT, Kind.PONG), (payload[:20], decoded.kind)
        for status in (200, 400, 403, 429, 500, 503):
            answer = session.decode_reply("open_orders", status, payload, stand.now_ns)
            if status >= 400:
                assert not answer.ok, (status, payload[:20])
    for channel in ("public", "private"):
        for payload in GARBAGE:
            stand.world.tell(
                lambda now_ns, channel=channel, payload=payload: stand.world.machine.frame(  # type: ignore[misc]
                    now_ns, channel, payload, True
                )
            )
    stand.until("ready again", stand.is_ready)
    stand.finish()


def secrets_stay_inside(stand: Stand) -> None:
    """No text that the bot makes of its parts, and nothing in its recording, holds the key's secret."""
    stand.ready()
    bid = stand.place(BUY, stand.price(-2))
    stand.live(bid)
    secret = stand.counterpart.venue.api_secret
    session = stand.link.session
    texts = [repr(session), repr(session.__dict__), repr(stand.link), repr(stand.settings)]
    texts += [repr(event) for event in stand.recorder.events]
    assert not [text[:80] for text in texts if secret in text]
    stand.finish()


def same_seed_same_log(stand: Stand) -> None:
    """Two runs with one seed record the same events, byte for byte: nothing in the venue's code draws or remembers."""
    logs = []
    for each in (stand, Stand(stand.case, seed=stand.seed)):
        each.ready()
        bid = each.place(BUY, each.price(-1))
        each.live(bid)
        each.trade(SELL, each.price(-1), each.size)
        each.outside(lambda now_ns, each=each: each.counterpart.venue.disconnect(now_ns))  # type: ignore[misc]
        each.run(10)
        logs.append(each.recorder.log_hash())
    assert logs[0] == logs[1]
    stand.finish()


def capabilities_are_true(stand: Stand) -> None:
    """What the face says of itself is what the rest relies on."""
    face = stand.case.face
    able = face.capabilities
    assert face.name == stand.link.session.venue == stand.name
    assert able.client_id_length_max >= 18, "client ids have up to 18 characters"
    assert able.amend is bool(stand.case.words.amend), "Words.amend is said where the venue amends, and only there"
    stand.ready()
    known = {event.definition for event in stand.recorder.events if type(event) is ev.InstrumentUpdate}
    assert known, "no instrument was told"
    instrument, traded = stand.market.instrument, stand.counterpart.traded
    assert (instrument.price_precision, instrument.tick) == (traded.price_precision, traded.tick)
    if (instrument.multiplier, instrument.multiplier_precision) == (1, 0):
        assert instrument.size_precision == traded.size_precision
    if able.dead_man_switch:
        stand.until("the timer is armed", lambda: stand.venue.protected_s > 0)
        bid = stand.place(BUY, stand.price(-2))
        stand.live(bid)
        # The bot is gone, and nobody comes in its place.
        stand.kill()
        stand.run(stand.venue.settings.dead_man_switch_s + 5)
        assert stand.standing() == [], "the dead man's switch did not cancel"
        return
    stand.finish()


CASES: Final[tuple[Act, ...]] = (
    capabilities_are_true,
    place_answer_lost,
    place_lost,
    place_answer_unreadable,
    cancel_answer_lost,
    cancel_lost,
    amend_answer_lost,
    cancel_of_an_unknown_order,
    execution_lost,
    execution_lost_before_silence,
    end_lost,
    refusal_that_proves_nothing,
    execution_twice,
    execution_late,
    own_messages_unreadable,
    rate_limit,
    hostile_bytes,
    secrets_stay_inside,
    same_seed_same_log,
)

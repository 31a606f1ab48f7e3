"""Whatever the venue does, in any order: nothing raises, nothing is sent twice, and afterwards all is well again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mm._core.events import LinkChanged
from tests.core.mexc_frames import depth
from tests.exchanges.mexc_spot.desk import Desk
from tests.exchanges.mexc_spot.samples import FRAMES_AND_TEXTS, cancel, place

NAMES = ("BTCUSDT", "ETHUSDT")
REQUESTS = [
    *("GET depth", "GET time", "GET exchangeInfo", "GET openOrders", "GET myTrades", "GET account", "GET order"),
    *("POST userDataStream", "PUT userDataStream", "POST order", "DELETE order", "GET tradeFee"),
]
ODD_REPLIES: list[tuple[int, Any]] = [
    (200, b""),
    (200, {}),
    (200, []),
    (200, {"code": 30004, "msg": "Insufficient position"}),
    (400, {"code": -2011, "msg": "Unknown order sent"}),
    (400, {"code": 730708, "msg": "listen key information error"}),
    (400, {"code": 700003, "msg": "Timestamp"}),
    (400, {"code": 33333, "msg": "Parameter error"}),
    (429, {"code": 429, "msg": "Too Many Requests"}),
    (502, b"<html>"),
    (0, b"connection lost"),
    (-1, b"not sent"),
]
STEP = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.3, 3.0, 40.0])),
    st.tuples(st.just("end"), st.sampled_from(["public", "private"])),
    st.tuples(st.just("say"), st.sampled_from(["public", "private"]), st.sampled_from(FRAMES_AND_TEXTS)),
    st.tuples(st.just("damage"), st.sampled_from(NAMES), st.integers(1, 60)),
    st.tuples(st.just("reply"), st.sampled_from(REQUESTS), st.sampled_from(ODD_REPLIES)),
    st.tuples(st.just("heal")),
    st.tuples(st.just("lag"), st.integers(0, 20)),
    st.tuples(st.just("clock"), st.sampled_from([0, 500, -500, 60_000])),
    st.tuples(st.just("deaf"), st.booleans()),
    st.tuples(st.just("place")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("resync"), st.sampled_from(["BTC/USDT", "ETH/USDT"])),
)


def heal(desk: Desk) -> None:
    desk.replies.clear()
    desk.lag, desk.clock_ms, desk.is_deaf = 0, 0, False


@settings(max_examples=80)
@given(st.lists(STEP, max_size=25))
def test_the_link_survives_anything_and_recovers(steps: list[tuple[Any, ...]]) -> None:
    desk = Desk(("BTC/USDT", "ETH/USDT"))
    desk.start()
    for number, (kind, *rest) in enumerate(steps):
        if kind == "push":
            desk.push(rest[0], lose=rest[1])
        elif kind == "wait":
            desk.run(rest[0])
        elif kind == "end" and rest[0] in desk.open:
            desk.end(rest[0])
        elif kind == "say":
            desk.say(rest[0], rest[1])
        elif kind == "damage":
            desk.say("public", depth(1, 2, [("1", "1")], [], rest[0])[: -rest[1]])
        elif kind == "reply":
            desk.replies[rest[0]] = lambda fields, answer=rest[1]: answer  # type: ignore[misc]
        elif kind == "heal":
            heal(desk)
        elif kind == "lag":
            desk.lag = rest[0]
        elif kind == "clock":
            desk.clock_ms = rest[0]
        elif kind == "deaf":
            desk.is_deaf = rest[0]
        elif kind == "place":
            desk.take(desk.link.submit(desk.now, place(client_id=f"mm1Q{number}")))
        elif kind == "cancel":
            desk.take(desk.link.submit(desk.now, cancel(client_id="", venue_id=f"C02__{number}")))
        elif kind == "resync":
            desk.take(desk.session.resync(desk.now, rest[0], "test"))
    heal(desk)
    placed = [fields["newClientOrderId"] for fields in desk.asked("POST order")]
    assert len(placed) == len(set(placed))
    # The engine asks for a book that it cannot trust, each five seconds.
    for _ in range(60):
        for symbol, book in desk.books.items():
            if not book.is_valid:
                desk.take(desk.session.resync(desk.now, symbol, "not valid"))
        for name in NAMES:
            desk.push(name)
        desk.run(5)
    assert all(book.is_valid for book in desk.books.values())
    assert {symbol: desk.decoder.version(symbol) for symbol in desk.books} == {
        f"{name[:3]}/USDT": desk.version[name] for name in NAMES
    }
    ups = {event.channel: event.up for event in desk.of(LinkChanged)}
    if desk.link._rest.access.is_locked:
        return
    assert ups == {"public": True, "private": True}
    assert sorted(desk.topics) == ["private", "public"]

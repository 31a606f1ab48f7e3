"""Any JSON value in any field of any real message: codecs and native readers give values, and links go on."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm._core import Book, KrakenBookDecoder
from mm._core.events import Alert
from mm.exchanges.venue import Decoded, Kind
from tests.cases import cases
from tests.exchanges.json_places import NOTHING, VALUES, Place, places
from tests.exchanges.kraken import samples as kraken
from tests.exchanges.kraken import test_fuzz as kraken_fuzz
from tests.exchanges.mexc_futures import desk as futures_desk
from tests.exchanges.mexc_futures import test_fuzz as futures_fuzz
from tests.exchanges.mexc_spot import desk as spot_desk
from tests.exchanges.mexc_spot import test_fuzz as spot_fuzz
from tests.net.test_link_kraken import Kraken

SECOND = 1_000_000_000
NOW = kraken.NOW
BTC, ETH = "BTC/USD", "ETH/USD"
Filled = tuple[bytes, bytes]
"""A text, and the same with another value somewhere."""


@cache
def places_of(text: bytes) -> list[Place]:
    return places(text)


def filled(texts: list[bytes]) -> st.SearchStrategy[Filled]:
    """Each text as often as any other, and of a text each of its paths."""
    each = st.sampled_from([text for text in texts if places_of(text)]).flatmap(
        lambda text: st.tuples(st.just(text), st.sampled_from(places_of(text)), st.sampled_from([*VALUES, NOTHING]))
    )
    return each.map(lambda drawn: (drawn[0], drawn[1].filled(drawn[0], drawn[2])))


@cache
def kinds_of(venue: str, text: bytes) -> tuple[str, ...]:
    """The kinds of reply that a body is one of."""
    fuzz: Any = FUZZ[venue]
    return tuple(kind for kind in fuzz.KINDS if fuzz.codec().decode_reply(kind, 200, text, NOW).ok) or ("place",)


FUZZ = {"kraken": kraken_fuzz, "mexc_spot": spot_fuzz, "mexc_futures": futures_fuzz}
WANTED = {"kraken": (BTC,), "mexc_spot": ("BTC/USDT",), "mexc_futures": futures_fuzz.SYMBOLS}
FRAMES = {"kraken": kraken_fuzz.FRAMES, "mexc_spot": spot_fuzz.TEXTS, "mexc_futures": futures_fuzz.FRAMES}


@pytest.mark.parametrize("venue", FUZZ)
@cases(80)
@given(data=st.data())
def test_codecs_read_any_value(venue: str, data: st.DataObject) -> None:
    fuzz: Any = FUZZ[venue]
    wanted = data.draw(st.sampled_from([(), WANTED[venue]]))
    _, frame = data.draw(filled(FRAMES[venue]))
    fuzz.check(fuzz.codec(symbols=wanted).decode_frame(frame, NOW))
    body, changed = data.draw(filled(fuzz.BODIES))
    for kind in kinds_of(venue, body):
        fuzz.check(fuzz.codec(symbols=wanted).decode_reply(kind, 200, changed, NOW))


@cases(80)
@given(filled(kraken_fuzz.FRAMES))
def test_native_readers_of_kraken_read_any_value(drawn: Filled) -> None:
    _, frame = drawn
    decoder = KrakenBookDecoder()
    decoder.add(BTC, Book(10, 1, 8))
    decoder.apply(frame)
    read = kraken.codec().fills.read(NOW, frame)
    if read is not None:
        decoded = kraken.codec().decode_frame(frame, NOW)
        assert (tuple(read[0]), read[1]) == (decoded.events, decoded.sequence)


LINKS = settings(max_examples=settings().max_examples // 8, deadline=None)
"""Minutes of a link's life each: fewer of them, in a campaign too."""

# --- links -----------------------------------------------------------------------------------------------------------


class KrakenDesk(Kraken):
    """A link whose venue answers each request with what was recorded of it, but for what was changed of the answers."""

    def __init__(self) -> None:
        super().__init__(kraken.codec(symbols=(BTC, ETH)), (BTC, ETH), rights="accept")
        self.changed: dict[str, bytes] = {}

    def take(self, events: Any) -> list[Any]:
        kraken_fuzz.check(Decoded(Kind.DATA, tuple(events)))
        return super().take(events)

    def answer(self, path: str) -> bytes:
        name = path.rpartition("/")[2]
        return self.changed.get(name) or RECORDED.get(name, b'{"error":["EGeneral:Unknown method"]}')

    def run(self, seconds: int) -> None:
        """Go on for so long, with a heartbeat each second on what is open."""
        for _ in range(seconds):
            end = self.now + SECOND
            for _ in range(200):
                due = self.link.next_deadline()
                if not due or due > end:
                    break
                self.now = max(self.now + 1, due)
                self.take(self.link.deadline(self.now))
            else:
                raise AssertionError("the link wants to be woken again and again")
            self.now = end
            for channel in sorted(self.open):
                self.frame(channel, b'{"channel":"heartbeat"}')


RECORDED = {
    "GetWebSocketsToken": kraken.frame("rest_private/GetWebSocketsToken"),
    # A key that may withdraw is refused, and a page of a history that has more of them leads to the next for ever.
    "GetApiKeyInfo": kraken.frame("rest_private/GetApiKeyInfo").replace(b'"withdraw-funds",', b""),
    "OpenOrders": kraken.frame("rest_private/OpenOrders"),
    "TradesHistory": re.sub(rb'"count":\d+', b'"count":5', kraken.frame("rest_private/TradesHistory")),
    "Balance": kraken.frame("rest_private/Balance"),
    "TradeVolume": kraken.frame("rest_private/TradeVolume_pair"),
    "AssetPairs": kraken.frame("rest_public/AssetPairs_XBTUSDT_2025-11"),
}
SEQUENCED = [frame for frame in kraken_fuzz.FRAMES if b'"sequence"' in frame]


@LINKS
@given(st.sampled_from(["", *RECORDED]), st.lists(filled(kraken_fuzz.FRAMES), max_size=3), st.data())
def test_a_link_to_kraken_goes_on(name: str, drawn: list[Filled], data: st.DataObject) -> None:
    desk = KrakenDesk()
    if name:
        desk.changed[name] = data.draw(filled([RECORDED[name]]))[1]
    desk.take(desk.link.start(desk.now))
    desk.run(2)
    for channel in ("public", "private"):
        for frame in (*SEQUENCED[:4], *(frame for _, frame in drawn)):
            desk.frame(channel, frame)
    desk.run(30)
    desk.changed.clear()
    desk.run(70)
    goes_on(desk)


def goes_on(desk: Any) -> None:
    """Both sides are up, or somebody was told that the key, the account or a symbol is not what it should be."""
    assert desk.link.session.is_up("public")
    told = [event.text for event in desk.events if type(event) is Alert and event.severity == "critical"]
    assert desk.link.session.is_up("private") or any("Not trading" in text for text in told)


def desk_of(venue: str) -> Any:
    if venue == "mexc_spot":
        return spot_desk.Desk(("BTC/USDT", "ETH/USDT"))
    return futures_desk.Desk((futures_desk.BTC, "ETH/USDT:USDT"))


@cache
def answers_of(venue: str) -> dict[str, bytes]:
    """What a desk answers in its first minutes, by the request's name."""
    desk = desk_of(venue)
    told: dict[str, bytes] = {}
    usual = desk._answer

    def tell(name: str, fields: Any) -> Any:
        answer = usual(name, fields)
        told.setdefault(name, answer[1] if isinstance(answer[1], bytes) else orjson.dumps(answer[1]))
        return answer

    desk._answer = tell
    desk.start()
    desk.run(130)
    return told


@pytest.mark.parametrize("venue", ["mexc_spot", "mexc_futures"])
@LINKS
@given(data=st.data())
def test_a_link_to_mexc_goes_on(venue: str, data: st.DataObject) -> None:
    answers = answers_of(venue)
    name = data.draw(st.sampled_from(sorted(answers)))
    frames = [frame for _, frame in data.draw(st.lists(filled(FRAMES[venue]), max_size=3))]
    body = data.draw(filled([answers[name]]))[1]
    desk = desk_of(venue)
    desk.replies[name] = lambda fields: (200, body)
    desk.start()
    desk.run(2)
    for channel in ("public", "private"):
        for frame in frames:
            desk.say(channel, frame)
    desk.run(70)
    desk.replies.clear()
    desk.run(70)
    goes_on(desk)

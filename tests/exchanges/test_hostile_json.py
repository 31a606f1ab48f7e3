"""JSON that readers differ about: a name twice in one object, and numbers with an exponent where none is expected."""

from collections.abc import Callable

import pytest

from mm._core import BOOK_MALFORMED, Book, KrakenBookDecoder, MexcBookDecoder, MexcFuturesBookDecoder
from mm._core.fixed import FixedError
from mm.exchanges import find
from mm.exchanges.mexc_spot.numbers import coins
from mm.exchanges.venue import ErrorClass, Kind
from mm.exchanges.wire import Malformed, parse
from tests.exchanges.json_places import places

PLACED = {
    "kraken": b'{"error":[],"result":{"txid":["O1"],"descr":{}},"error":["EOrder:Insufficient funds"]}',
    "mexc_spot": b'{"orderId":"C02__1","symbol":"BTCUSDT","orderId":"C02__2"}',
    "mexc_futures": b'{"success":false,"code":0,"data":"1","success":true}',
}
PUSHED = {
    "kraken": b'{"channel":"status","data":[{"system":"online","system":"maintenance"}],"type":"update"}',
    "mexc_spot": b'{"id":1,"code":0,"msg":"a","msg":"b"}',
    "mexc_futures": b'{"channel":"push.personal.order.deal","data":{"id":"1","id":"2"},"ts":1}',
}


def test_a_name_twice_is_no_json_whatever_comes_last():
    for text in (b'{"a":1,"a":1}', b'[{"b":{"a":1,"a":2}}]', b'{"a":1,"\\u0061":2}'):
        with pytest.raises(Malformed, match="one name twice"):
            parse(text)
    assert parse(b'[{"a":1},{"a":2}]') == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("venue", PLACED)
def test_an_answer_that_says_two_things_leaves_the_outcome_of_an_order_unknown(venue):
    decoded = find(venue).codec().decode_reply("place", 200, PLACED[venue], 1)
    assert (decoded.ok, decoded.error_class) == (False, ErrorClass.AMBIGUOUS)
    assert "one name twice" in decoded.error


@pytest.mark.parametrize("venue", PUSHED)
def test_a_message_that_says_two_things_is_malformed(venue):
    decoded = find(venue).codec().decode_frame(PUSHED[venue], 1)
    assert decoded.kind is Kind.MALFORMED
    assert not decoded.events


LEVELS = '"bids":[["99.5","1"]],"asks":[["100.5","2"]]'
FUTURES = '{"cts":1,"asks":[[100.5,2,1]],"bids":[[99.5,1,1]],"begin":8,"end":9,"version":9,"timestamp":3,"new":{}}'
KRAKEN = (
    '{"symbol":"BTC/USD","bids":[{"price":9.5,"qty":1.0,"new":1}],"asks":[],"checksum":7,"timestamp":null,"new":[]}'
)
BOOKS: dict[str, tuple[Callable[[], KrakenBookDecoder | MexcBookDecoder | MexcFuturesBookDecoder], str, str]] = {
    "kraken": (KrakenBookDecoder, "BTC/USD", f'{{"channel":"book","type":"update","data":[{KRAKEN}],"new":1}}'),
    "mexc_spot": (
        MexcBookDecoder,
        "BTC/USDT",
        f'snapshot BTCUSDT\n{{"lastUpdateId":7,{LEVELS},"timestamp":3,"new":1}}',
    ),
    "push": (
        MexcFuturesBookDecoder,
        "BTC_USDT",
        f'{{"symbol":"BTC_USDT","data":{FUTURES},"channel":"push.depth","ts":2,"new":1}}',
    ),
    "whole": (
        MexcFuturesBookDecoder,
        "BTC_USDT",
        f'snapshot BTC_USDT\n{{"success":true,"code":0,"data":{FUTURES},"new":1}}',
    ),
    "changes": (MexcFuturesBookDecoder, "BTC_USDT", f'commits BTC_USDT\n{{"success":true,"data":[{FUTURES}]}}'),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_that_says_two_things_is_malformed_whichever_name_is_there_twice(name: str) -> None:
    make, symbol, text = BOOKS[name]

    def apply(payload: bytes) -> int:
        decoder = make()
        decoder.add(symbol, Book(10, 1, 8))
        return decoder.apply(payload)

    head, line, body = text.encode().rpartition(b"\n")
    assert apply(head + line + body) >= 0
    members = [place for place in places(body) if place.member >= 0]
    assert len(members) >= 5
    for place in members:
        assert apply(head + line + place.twice(body)) == BOOK_MALFORMED, place.path
        last = body[: body.rindex(b"}")] + b"," + body[place.member : place.end] + b"}"
        if place.path.count("/") == 2:
            assert apply(head + line + last) == BOOK_MALFORMED, place.path


@pytest.mark.parametrize(
    ("text", "down", "up"),
    [
        # As Java prints what is tiny: one such rest of some coin must not close the whole account's list.
        ("1.5E-15", 0, 1),
        ("-1.5e-15", 0, -1),
        ("1.23456789012345E-5", 12_345_678, 12_345_679),
        ("0E-18", 0, 0),
        ("2.5E-7", 250_000, 250_000),
        ("1E+3", 10**15, 10**15),
    ],
)
def test_an_amount_with_an_exponent_is_read_as_the_same_without(text, down, up):
    assert (coins(text, "free"), coins(text, "fee", up=True)) == (down, up)


@pytest.mark.parametrize(
    "text", ["1E400", "1E-400", "E", "1E", "nanE1", "1_0E1", " 1E1", "1E1 ", "\u0663E1", "1E" + "1" * 80]
)
def test_what_is_no_amount_stays_none(text):
    with pytest.raises(FixedError, match="free"):
        coins(text, "free")


def test_an_account_with_a_rest_too_small_to_print_is_read():
    body = b'{"canTrade":true,"balances":[{"asset":"USDT","free":"5","locked":"0"},{"asset":"X","free":"1.5E-15"}]}'
    decoded = find("mexc_spot").codec().decode_reply("account", 200, body, 1)
    assert decoded.ok
    assert {event.asset: event.total for event in decoded.events} == {"USDT": 5 * 10**12, "X": 0}

"""Kraken's book frames: all recorded and published checksums, and the code of whatever else comes."""

import json
import re

import pytest

from mm._core import (
    BOOK_CHECKSUM_MISMATCH,
    BOOK_CROSSED,
    BOOK_IGNORED_INVALID,
    BOOK_MALFORMED,
    BOOK_OTHER_CHANNEL,
    BOOK_SNAPSHOT,
    BOOK_TOP_CHANGED,
    BOOK_UNKNOWN_SYMBOL,
    BOOK_VALID,
    Book,
)
from tests.core.kraken_frames import DATA, FRAMES, PRECISIONS, decoder_of
from tests.reference.book import Book as Twin
from tests.reference.book import KrakenBookDecoder as TwinDecoder
from tests.reference.book import units

EXPECTED = json.loads((DATA / "recordings" / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_recorded_checksum_agrees(name):
    expected = EXPECTED[name]
    decoder, book = decoder_of(expected["symbol"], expected["depth"])
    twin = Twin(expected["depth"], *PRECISIONS[expected["symbol"]])
    twin_decoder = TwinDecoder(expected["symbol"], twin)
    valid = 0
    for frame in (DATA / "recordings" / name).read_bytes().splitlines():
        before = book.top()
        code = decoder.apply(frame)
        assert twin_decoder.apply(frame) == (code >= 0)
        if code < 0:
            assert code == BOOK_OTHER_CHANNEL
            continue
        assert bool(code & BOOK_SNAPSHOT) == (b'"snapshot"' in frame)
        assert bool(code & BOOK_TOP_CHANGED) == (book.top() != before)
        assert book.state_hash() == twin.state_hash()
        valid += bool(code & BOOK_VALID and book.is_valid)
    assert valid == expected["checksums_matching_with_truncation"]
    assert book.checksum() == expected["final_checksum"]
    prices, sizes = PRECISIONS[expected["symbol"]]
    bid, ask = expected["final_best_bid"], expected["final_best_ask"]
    assert book.top() == tuple(
        units(text, precision)
        for row in (bid, ask)
        for text, precision in ((row["price"], prices), (row["qty"], sizes))
    )
    assert (book.bid_count, book.ask_count) == (expected["final_levels"]["bids"], expected["final_levels"]["asks"])


def test_the_recordings_hold_566_checksums():
    assert sum(expected["book_messages"] for expected in EXPECTED.values()) == 566


def test_a_book_that_never_truncates_fails_as_the_reference_says():
    decoder, book = decoder_of("BTC/USD", depth=0)
    valid = 0
    for frame in FRAMES:
        valid += bool(decoder.apply(frame) & BOOK_VALID)
        if not book.is_valid:  # trust it again, to count every message
            book.apply_snapshot(book.levels(1), book.levels(-1))
    assert valid == 60


def test_published_checksums_agree():
    published = json.loads((DATA / "checksum" / "expected.json").read_text())
    decoder, book = decoder_of("BTC/USD")
    text = (DATA / "checksum" / "l2_btcusd_docs_snapshot.json").read_text()
    unquoted = re.sub(r'"(price|qty)": "([0-9.]+)"', r'"\1": \2', text)  # printed as strings, sent as numbers
    assert decoder.apply(unquoted.encode()) == BOOK_SNAPSHOT | BOOK_TOP_CHANGED | BOOK_VALID
    assert book.checksum() == published["l2_btcusd"]["expected_checksum"]
    decoder, book = decoder_of("MATIC/USD")
    example = published["l2_maticusd"]
    for name, checksum in zip(example["files"], example["expected_checksum_after_each"], strict=True):
        assert decoder.apply((DATA / "checksum" / name).read_bytes()) & BOOK_VALID
        assert book.checksum() == checksum


def frame(kind="update", symbol="BTC/USD", bids="", asks="", rest=',"checksum":0'):
    data = f'{{"symbol":"{symbol}","bids":[{bids}],"asks":[{asks}]{rest}}}'
    return f'{{"channel":"book","type":"{kind}","data":[{data}]}}'.encode()


def test_last_size_of_a_repeated_price_wins_and_the_order_of_a_list_does_not_matter():
    decoder, book = decoder_of("BTC/USD")
    assert decoder.apply(frame("snapshot")) == BOOK_SNAPSHOT | BOOK_VALID
    decoder.apply(
        frame(
            bids='{"price":1.0,"qty":5},{"price":3.0,"qty":7},{"price":2.0,"qty":1},{"price":3.0,"qty":2e-8},{"price":9.9,"qty":0}'
        )
    )
    assert book.levels(1) == [(30, 2), (20, 100_000_000), (10, 500_000_000)]


def test_a_wrong_checksum_keeps_the_book_invalid_until_its_snapshot():
    decoder, book = decoder_of("BTC/USD")
    assert decoder.apply(FRAMES[1]) == BOOK_IGNORED_INVALID
    assert (book.bid_count, decoder.last_venue_ns) == (0, 0)
    assert decoder.apply(FRAMES[0]) & BOOK_VALID
    assert decoder.apply(frame()) == BOOK_CHECKSUM_MISMATCH
    assert (book.is_valid, decoder.mismatch_count) == (False, 1)
    held = book.state_hash()
    assert decoder.apply(FRAMES[1]) == BOOK_IGNORED_INVALID
    assert book.state_hash() == held
    assert decoder.apply(FRAMES[0]) & BOOK_VALID
    assert decoder.apply(FRAMES[1]) & BOOK_VALID


def test_a_crossed_book_is_flagged():
    decoder, book = decoder_of("BTC/USD")
    decoder.apply(frame("snapshot"))
    twin = Twin()
    twin.apply_many([(1, 20, 100_000_000), (-1, 20, 100_000_000)])
    level = '{"price":2,"qty":1}'
    code = decoder.apply(frame(bids=level, asks=level, rest=f',"checksum":{twin.checksum()}'))
    assert code == BOOK_VALID | BOOK_TOP_CHANGED | BOOK_CROSSED
    assert book.is_crossed


OTHER, MALFORMED, UNKNOWN = BOOK_OTHER_CHANNEL, BOOK_MALFORMED, BOOK_UNKNOWN_SYMBOL
ACK = b'{"method":"subscribe","success":true,"result":{"channel":"book","symbol":"BTC/USD"}}'


@pytest.mark.parametrize(
    ("text", "code", "error"),
    [
        (b"CloudFlare WebSocket proxy restarting", MALFORMED, "frame: expected an object at byte 0"),
        (b"", MALFORMED, "frame: expected an object at byte 0"),
        (b'{"channel":"heartbeat"}', OTHER, ""),
        (ACK, OTHER, ""),
        (frame(symbol="ETH/USD"), UNKNOWN, ""),
        (frame(rest=""), MALFORMED, "checksum: expected a member"),
        (frame(rest=',"checksum":4294967296'), MALFORMED, "checksum: expected a whole number from 0 to 4294967295"),
        (frame(rest=',"checksum":0,"timestamp":"noon"'), MALFORMED, "timestamp: expected an RFC 3339 time"),
        (frame(bids='{"price":1.05,"qty":1}'), MALFORMED, "price: expected no more decimals than the instrument has"),
        (frame(bids='{"price":-1,"qty":1}'), MALFORMED, "price: expected a number that is not negative"),
        (frame(bids='{"price":0,"qty":1}'), MALFORMED, "price: expected a number above zero"),
        (frame(asks='{"price":1,"qty":NaN}'), MALFORMED, "qty: expected a decimal number"),
        (frame(asks='{"price":1,"qty":"1"}'), MALFORMED, "qty: expected a decimal number"),
        (frame(asks='{"price":1,"qty":99999999999999999999}'), MALFORMED, "qty: expected a number below 2^63 units"),
        (frame(asks='{"price":1}'), MALFORMED, "qty: expected a member"),
        (frame(asks="1"), MALFORMED, "asks: expected a level"),
        (frame()[:-1], MALFORMED, "frame: expected ',' or '}'"),
        (frame() + b"x", MALFORMED, "frame: expected nothing after the object"),
    ],
)
def test_what_is_no_book_frame_gets_its_code_and_a_reason(text, code, error):
    decoder, book = decoder_of("BTC/USD")
    assert decoder.apply(FRAMES[0]) & BOOK_VALID
    held = book.state_hash()
    assert decoder.apply(text) == code
    assert decoder.last_error.startswith(error)
    assert book.state_hash() == held
    assert book.is_valid == (b"BTC/USD" not in text or code == OTHER)
    assert decoder.malformed_count == (code == MALFORMED)
    assert decoder.unknown_symbol_count == (code == UNKNOWN)
    assert decoder.last_index == (0 if code == MALFORMED and b"BTC/USD" in text else -1)


def test_symbols_keep_their_index_and_a_changed_precision_comes_with_a_new_book():
    decoder, book = decoder_of("BTC/USD")
    other = Book(10, 2, 8)
    assert decoder.add("ETH/USD", other) == 1
    assert decoder.apply(frame("snapshot", "ETH/USD")) == 1 << 8 | BOOK_SNAPSHOT | BOOK_VALID
    assert decoder.remove("ETH/USD") is True
    assert decoder.remove("ETH/USD") is False
    assert decoder.remove("XRP/USD") is False
    assert decoder.apply(frame("snapshot", "ETH/USD")) == BOOK_UNKNOWN_SYMBOL
    finer = Book(10, 3, 8)
    assert decoder.add("ETH/USD", finer) == 1
    decoder.apply(frame("snapshot", "ETH/USD", bids='{"price":1.125,"qty":1}'))
    assert (finer.levels(1), other.bid_count, book.bid_count) == ([(1125, 100_000_000)], 0, 0)


def test_venue_time_is_that_of_the_last_applied_frame():
    decoder, _ = decoder_of("BTC/USD")
    decoder.apply(frame("snapshot", rest=',"checksum":0,"timestamp":"2026-07-19T17:54:39.753424123456Z"'))
    assert decoder.last_venue_ns == 1784483679753424123
    decoder.apply(frame(rest=',"checksum":0'))
    assert decoder.last_venue_ns == 0

"""Public data messages, each against the events written out here."""

from __future__ import annotations

import pytest

from mm._core.events import BUY, SELL, BookFrame, Ticker, Trade, VenueStatus
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.venue import Decoded, Kind
from tests.exchanges.kraken.samples import DATA, NOW, codec, frame, ns, text


def trade(symbol: str, side: int, price: int, size: int, trade_id: str, moment: str) -> Trade:
    return Trade(NOW, ns(moment), "kraken", symbol, side, price, size, trade_id)


def test_trade_snapshot() -> None:
    assert codec().decode_frame(text("ws_public/trade_snapshot"), NOW) == Decoded(
        Kind.DATA,
        (
            trade("BTC/USD", SELL, 684669, 1919415, "70635251", "2024-05-27T12:33:10.826003Z"),
            trade("BTC/USD", BUY, 684712, 7723, "70635252", "2024-05-27T12:33:10.980704Z"),
        ),
        channel="trade",
        snapshot=True,
    )


def test_two_trades_of_one_taker_are_two_events() -> None:
    decoded = codec().decode_frame(frame("ws_public/trade_update"), NOW)
    assert decoded.events == (
        trade("BTC/USD", BUY, 685000, 1044926, "70635299", "2024-05-27T12:43:11.798009Z"),
        trade("BTC/USD", BUY, 685000, 483192, "70635300", "2024-05-27T12:43:11.798009Z"),
    )
    assert not decoded.snapshot


def test_trade_of_2026() -> None:
    decoded = codec().decode_frame(frame("ws_public/trade_update_2026"), NOW)
    assert decoded.events == (trade("ETH/USD", BUY, 321389, 2315574, "59874571", "2026-01-19T15:36:48.413515Z"),)


def test_ticker_without_timestamp() -> None:
    assert codec().decode_frame(frame("ws_public/ticker_snapshot_2024"), NOW) == Decoded(
        Kind.DATA,
        (Ticker(NOW, 0, "kraken", "BTC/USD", 659728, 10000000, 659729, 3967506683, 659729),),
        channel="ticker",
        snapshot=True,
    )


def test_ticker_with_timestamp() -> None:
    moment = ns("2023-09-25T09:04:31.742648Z")
    assert codec().decode_frame(frame("ws_public/ticker_update_docs"), NOW).events == (
        Ticker(NOW, moment, "kraken", "ALGO/USD", 10025, 74000000000, 10035, 74000000000, 10035),
    )


@pytest.mark.parametrize("name", ["status_2024", "status_2026"])
def test_status(name: str) -> None:
    assert codec().decode_frame(frame(f"ws_public/{name}"), NOW) == Decoded(
        Kind.STATUS, (VenueStatus(NOW, "kraken", "online"),), channel="status"
    )


def test_heartbeat() -> None:
    assert codec().decode_frame(frame("ws_public/heartbeat"), NOW) == Decoded(Kind.HEARTBEAT, channel="heartbeat")


def test_book_frame_is_carried_unparsed() -> None:
    payload = frame("ws_public/book_update_2024")
    decoded = codec().decode_frame(payload, NOW)
    assert decoded.kind is Kind.BOOK
    assert decoded.events == (BookFrame(NOW, "kraken", payload),)
    assert decoded.events[0].payload is payload


def test_what_is_wrong_inside_a_book_frame_is_for_the_native_decoder_to_say() -> None:
    payload = b'{"channel":"book","type":"update","data":[{"symbol":'
    assert codec().decode_frame(payload, NOW).events == (BookFrame(NOW, "kraken", payload),)


def test_book_frame_with_other_order_of_keys() -> None:
    payload = b'{"type":"update","data":[],"channel":"book"}'
    assert codec().decode_frame(payload, NOW).events == (BookFrame(NOW, "kraken", payload),)


def test_every_recorded_book_frame_is_recognised_by_its_beginning() -> None:
    kinds: dict[Kind, int] = {}
    for path in sorted((DATA / "recordings").glob("*.ndjson")):
        for line in path.read_bytes().splitlines():
            decoded = codec().decode_frame(line, NOW)
            kinds[decoded.kind] = kinds.get(decoded.kind, 0) + 1
            if decoded.kind is Kind.BOOK:
                assert decoded.events == (BookFrame(NOW, "kraken", line),)
    assert kinds[Kind.BOOK] == 510 + 41 + 15
    assert set(kinds) <= {Kind.BOOK, Kind.STATUS, Kind.SUBSCRIBED, Kind.HEARTBEAT}


@pytest.mark.parametrize(
    "name", ["ws_public/ohlc_snapshot", "ws_public/ohlc_update_docs", "ws_private/level3_update_2024"]
)
def test_channels_that_are_not_used_are_counted(name: str) -> None:
    machine = codec()
    decoded = machine.decode_frame(frame(name), NOW)
    assert decoded.kind is Kind.UNKNOWN
    assert decoded.events == ()
    assert machine.unknown == {decoded.channel: 1}


def test_trades_of_symbols_that_are_not_known_are_left_out() -> None:
    assert KrakenCodec().decode_frame(frame("ws_public/trade_update"), NOW) == Decoded(Kind.DATA, channel="trade")


@pytest.mark.parametrize(
    ("was", "becomes", "place"),
    [
        (b'"price":68500.0', b'"price":68500.05', "trade: data[0].price"),
        (b'"price":68500.0', b'"price":-1.0', "trade: data[0].price"),
        (b'"price":68500.0', b'"price":null', "trade: data[0].price"),
        (b'"qty":0.01044926', b'"qty":0.0', "trade: data[0].qty"),
        (b'"qty":0.01044926', b'"qty":NaN', "NaN is not a number"),
        (b'"side":"buy"', b'"side":"bid"', "trade: data[0].side"),
        (b'"trade_id":70635299', b'"trade_id":7.5', "trade: data[0].trade_id"),
        (b"2024-05-27T12:43:11.798009Z", b"yesterday", "trade: data[0].timestamp"),
        (b'"type":"update"', b'"type":"insert"', "trade: type"),
        (b'"data":[', b'"rows":[', "trade: data"),
    ],
)
def test_malformed_trade_names_the_place(was: bytes, becomes: bytes, place: str) -> None:
    payload = frame("ws_public/trade_update")
    assert was in payload
    decoded = codec().decode_frame(payload.replace(was, becomes), NOW)
    assert (decoded.kind, decoded.ok, decoded.events) == (Kind.MALFORMED, False, ())
    assert place in decoded.error

"""Times, names, remembered orders, and the package's face."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.kraken_requests import KrakenRequestWriter
from mm.errors import ConfigError
from mm.exchanges import find
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.kraken import VENUE, times
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.kraken.instruments import Instruments
from mm.exchanges.kraken.names import PairNames, asset_of, pair_altname, pair_forms
from mm.exchanges.kraken.session import KrakenSession
from mm.exchanges.kraken.terms import Terms, check_kind
from mm.exchanges.kraken.times import nanoseconds, unix_seconds
from mm.exchanges.wire import Malformed, Number
from tests.exchanges.kraken.samples import SECRET

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2261, 12, 31)), st.integers(0, 999))  # noqa: DTZ001
def test_any_time_reads_back(moment: datetime, nanos: int) -> None:
    microseconds = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{nanos:03d}Z"
    assert nanoseconds(text.replace(f"{nanos:03d}Z", "Z"), "t") == microseconds * 1000
    assert nanoseconds(text.rjust(30, "0"), "t") == microseconds * 1000 + nanos


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2261, 12, 31)), st.integers(0, 999))  # noqa: DTZ001
def test_a_deadline_is_the_same_time_in_words_to_a_tenth_of_a_second(moment: datetime, nanos: int) -> None:
    writer = KrakenRequestWriter(Terms(Instruments((), ()), KnownOrders()), print, check_kind, b"", 1)
    venue_ns = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000 + nanos
    if venue_ns:
        expected = moment.replace(microsecond=(venue_ns + 1) // 100_000_000 % 10 * 100_000)
        expected += timedelta(seconds=(venue_ns + 1) // 10**9 - venue_ns // 10**9)
        text = f"{expected:%Y-%m-%dT%H:%M:%S}.{expected.microsecond // 1000:03d}Z"
        assert writer.deadline(venue_ns) == f',"deadline":"{text}"'.encode()


@given(
    st.from_regex(
        r"(2024-01-01T00:00:|1969-12-31T23:59:|2024-13-01T00:00:)[0-9٣+ _-]{2}[.,][0-9٣+_ -]{6}[Zz]", fullmatch=True
    )
)
def test_usual_form_is_read_as_any_other(text: str) -> None:
    def read(function: Callable[[str, str], int]) -> int:
        try:
            return function(text, "t")
        except Malformed:
            return -1

    assert read(nanoseconds) == read(times._any_form)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29T00:00:59.000001Z", 1_709_164_859_000_001_000),
        ("2024-02-29T00:00:60.000001Z", 1_709_164_860_000_001_000),
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:01.1234567899", 1_123_456_789),
        ("1970-01-01T00:00:01+00:00", 1_000_000_000),
        ("1970-01-01T00:00:60Z", 60_000_000_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
    ],
)
def test_forms_of_times(text: str, expected: int) -> None:
    assert nanoseconds(text, "t") == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "2023-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2024-01-01T24:00:00Z",
     "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00+01:00", "٢٠٢٤-01-01T00:00:00Z", None, 5],
)  # fmt: skip
def test_times_that_are_none(text: object) -> None:
    with pytest.raises(Malformed, match="stamp: expected a time"):
        nanoseconds(text, "stamp")


def test_seconds_of_rest() -> None:
    assert unix_seconds({"time": Number("1762820035.9822779")}, "time") == 1762820035982277900
    assert unix_seconds({"time": 0}, "time") == 0
    assert unix_seconds({}, "time") == 0
    with pytest.raises(Malformed, match="time: expected UNIX seconds"):
        unix_seconds({"time": "soon"}, "time")


@pytest.mark.parametrize(
    ("symbol", "altname", "forms"),
    [
        ("BTC/USD", "XBTUSD", {"XXBTZUSD", "XBTUSD", "BTC/USD", "XBT/USD"}),
        ("ETH/BTC", "ETHXBT", {"XETHXXBT", "ETHXBT", "ETH/XBT"}),
        ("DOGE/USD", "XDGUSD", {"XDGUSD", "DOGE/USD"}),
        ("SOL/USD", "SOLUSD", {"SOLUSD"}),
        ("BTC/USDT", "XBTUSDT", {"XBTUSDT"}),
        ("ATOM/ETH", "ATOMETH", {"ATOMETH"}),
    ],
)
def test_names_of_a_pair(symbol: str, altname: str, forms: set[str]) -> None:
    assert pair_altname(symbol) == altname
    assert forms <= pair_forms(symbol)
    names = PairNames()
    names.learn([symbol, "XRP/EUR"])
    assert {names.symbol(form) for form in forms} == {symbol}
    assert names.symbol("ZZZ") == ""


def test_form_of_two_pairs_means_neither() -> None:
    names = PairNames()
    names.learn(["AB/C", "A/BC", "D/E"])
    assert (names.symbol("ABC"), names.symbol("AB/C"), names.symbol("DE")) == ("", "AB/C", "D/E")


@pytest.mark.parametrize(
    ("code", "asset"),
    [("XXBT", "BTC"), ("XBT", "BTC"), ("ZUSD", "USD"), ("XXDG", "DOGE"), ("XTZ", "XTZ"), ("ZRX", "ZRX")],
)
def test_letters_are_not_stripped_by_rule(code: str, asset: str) -> None:
    assert asset_of(code) == asset


def test_client_id_used_again_is_a_new_order() -> None:
    known = KnownOrders()
    first = known.remember("mm1", "O1", "BTC/USD", 1, 100, 5, True)
    known.close(first)
    second = known.remember("mm1", "", "ETH/USD", -1, 200, 7, False)
    assert second is not first
    assert known.find("mm1", "O1") is first
    assert known.find("mm1", "") is second
    assert known.find("mm1", "O2") is second
    assert known.remember("mm1", "O2", "", 0, 0, 0) is second
    assert known.find("mm1", "O3") is None


def test_memory_of_orders_is_bounded_and_keeps_the_open() -> None:
    known = KnownOrders(open_max=10, closed_max=5)
    kept = known.remember("kept", "K", "BTC/USD", 1, 1, 1)
    for index in range(100):
        known.close(known.remember(f"c{index}", f"v{index}", "BTC/USD", 1, 1, 1))
    assert len(known) == 6
    assert known.find("kept", "") is kept
    assert known.find("c94", "") is None
    assert known.find("", "v95") is not None
    for index in range(100):
        known.remember(f"o{index}", "", "BTC/USD", 1, 1, 1)
    assert len(known) == 15
    assert known.find("kept", "") is None


def test_face_makes_the_parts() -> None:
    face = find("kraken")
    assert face is VENUE
    assert (face.name, face.capabilities.client_id_length_max, face.capabilities.batch_place_max) == ("kraken", 18, 15)
    codec = face.codec("key", SECRET, symbols=["BTC/USD"])
    assert type(codec) is KrakenCodec
    assert type(face.session(codec, ["BTC/USD"], private_url="wss://x")) is KrakenSession
    assert face.book_decoder().malformed_count == 0


def test_order_requests_are_counted_by_the_tier_of_the_account() -> None:
    tiers = ("starter", "intermediate", "pro")
    assert [limits.headroom(0) for tier in tiers if (limits := VENUE.trading_limits(tier))] == [60, 125, 180]
    assert VENUE.trading_limits("unlimited") is None


def test_venue_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"venues\.krakn: expected one of kraken.*did you mean kraken"):
        find("krakn")

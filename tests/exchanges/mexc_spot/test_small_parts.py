"""The face, the limits, the listen key, windows of history, and amounts that are finer than ours."""

from __future__ import annotations

import pytest

from mm._core.fixed import FixedError
from mm.errors import LocalError
from mm.exchanges import find
from mm.exchanges.mexc_spot.history import HistoryReader
from mm.exchanges.mexc_spot.limits import ORDERS_PER_S, PAUSE_NS, RESERVE, MexcSpotLimits
from mm.exchanges.mexc_spot.listen_key import KEEP_NS, LIFETIME_NS, OLD_NS, ListenKey
from mm.exchanges.mexc_spot.numbers import coins
from mm.exchanges.mexc_spot.topics import depth, frame_prefix
from tests.exchanges.mexc_spot.samples import sample

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


def test_the_face_says_what_the_venue_can_do() -> None:
    face = find("mexc_spot")
    can = face.capabilities
    assert (can.amend, can.dead_man_switch, can.reduce_only, can.post_only) == (False, False, False, True)
    assert (can.batch_place_max, can.client_id_length_max) == (20, 32)
    assert face.trading_limits("unlimited") is None
    with pytest.raises(LocalError, match="interval"):
        face.session(face.codec(), ["BTC/USDT"], interval="1s")


def test_orders_are_counted_and_cancels_go_while_orders_wait() -> None:
    limits = MexcSpotLimits()
    for _ in range(ORDERS_PER_S - RESERVE):
        assert limits.allows(NOW, "place")
        limits.charge(NOW, "place")
    assert not limits.allows(NOW, "place")
    assert limits.allows(NOW, "place", priority=True)
    assert limits.allows(NOW, "cancel")
    due_ns = limits.next_permit_ns(NOW, "place")
    assert NOW < due_ns <= NOW + SECOND
    assert limits.allows(due_ns, "place")
    assert not limits.allows(due_ns - 1, "place")
    assert limits.next_permit_ns(NOW, "amend") == 0
    assert not limits.allows(NOW, "amend")


def test_a_refusal_of_the_venue_stops_new_orders_for_a_while() -> None:
    limits, twin = MexcSpotLimits(), MexcSpotLimits()
    assert limits.state_hash() == twin.state_hash()
    limits.refused(NOW)
    assert limits.state_hash() != twin.state_hash()
    assert limits.headroom(NOW) == 0
    assert limits.next_permit_ns(NOW, "place", priority=True) == NOW + PAUSE_NS
    assert limits.allows(NOW, "cancel")
    assert limits.allows(NOW + PAUSE_NS, "place")


def test_reads_are_counted_by_their_weight() -> None:
    calls = find("mexc_spot").call_counter("starter")
    for _ in range(24):
        assert calls.next_permit_ns(NOW, 10) <= NOW
        calls.charge(NOW, 10)
    assert NOW < calls.next_permit_ns(NOW, 10) <= NOW + SECOND
    assert calls.next_permit_ns(NOW, 10, True) <= NOW
    calls.refused(NOW)
    assert calls.next_permit_ns(NOW, 1, True) == NOW + PAUSE_NS


def test_a_listen_key_is_looked_after_well_within_its_hour() -> None:
    key = ListenKey()
    assert key.begin()
    assert not key.begin()
    key.taken(NOW, "secret")
    assert "secret" not in repr(key)
    assert key.due_ns == NOW + KEEP_NS < NOW + LIFETIME_NS
    assert not key.is_old(NOW + KEEP_NS)
    key.kept(NOW + KEEP_NS)
    assert not key.is_old(NOW + OLD_NS)
    assert key.is_old(NOW + KEEP_NS + OLD_NS)
    assert key.drop() == "secret"
    assert key.begin()


def test_a_full_page_is_read_again_in_halves() -> None:
    history = HistoryReader()
    history.request(10_000_000, 5_000_000, ["A", "B"])
    assert history.page == ("A", 4_940_000, 10_001_000)
    assert history.read(100)
    assert history.page == ("A", 4_940_000, 7_470_500)
    assert history.read(99)
    assert history.page == ("A", 7_470_501, 10_001_000)
    assert history.read(3)
    assert history.page == ("B", 4_940_000, 10_001_000)
    assert not history.read(0)
    assert history.page is None
    assert not history.is_truncated


def test_what_fails_is_read_again_from_where_it_began() -> None:
    history = HistoryReader()
    history.request(10_000_000, 5_000_000, ["A"])
    history.failed()
    assert history.page is None
    assert history.resume(11_000_000, ["A"])
    assert history.page == ("A", 4_940_000, 11_001_000)
    history.request(12_000_000, 9_000_000, ["A"])
    assert history.page == ("A", 4_940_000, 12_001_000), "what the first was for has not been read"


def test_a_millisecond_with_too_many_fills_is_told() -> None:
    history = HistoryReader()
    history.request(0, 0, ["A"])
    while history.read(100):
        pass
    assert history.is_truncated


@pytest.mark.parametrize(
    ("text", "up", "expected"),
    [
        ("1", False, 10**12),
        ("0.0003998377369698171", False, 399_837_736),
        ("0.0003998377369698171", True, 399_837_737),
        ("-0.0000000000019", False, -1),
        ("-0.0000000000019", True, -2),
        ("0.0000000000010000", True, 1),
        ("0.0000000000000001", True, 1),
        ("1e-3", False, 10**9),
    ],
)
def test_amounts_finer_than_ours_are_cut_or_rounded_against_us(text: str, up: bool, expected: int) -> None:
    assert coins(text, "x", up=up) == expected


@pytest.mark.parametrize("text", ["", "x", "1.0000000000000x", "0.0000000000001e", "1.2.3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(FixedError, match="x"):
        coins(text, "x")


def test_a_frame_begins_with_its_topic() -> None:
    prefix = frame_prefix(depth("ETH/USDT", "100ms"))
    assert sample("aggre_depth_2026").startswith(prefix)
    assert frame_prefix("x" * 128) == b""

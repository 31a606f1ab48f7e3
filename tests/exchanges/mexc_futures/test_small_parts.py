"""The face, the counts of requests, the history's pages and the funding watch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import FundingPaid, FundingRate
from mm.exchanges import find
from mm.exchanges.mexc_futures.funding import FundingWatch
from mm.exchanges.mexc_futures.history import AHEAD_MS, OVERLAP_MS, PAGES_MAX, REACH_MS, HistoryReader
from mm.exchanges.mexc_futures.limits import MexcFuturesCalls, MexcFuturesLimits

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
BTC = "BTC/USDT:USDT"


def test_the_face_is_found_by_its_name() -> None:
    face = find("mexc_futures")
    can = face.capabilities
    assert (face.name, can.amend, can.dead_man_switch, can.post_only, can.reduce_only) == (
        "mexc_futures",
        False,
        False,
        True,
        True,
    )
    assert face.trading_limits("unlimited") is None
    assert type(face.trading_limits("starter")) is MexcFuturesLimits
    assert type(face.call_counter("starter")) is MexcFuturesCalls
    assert face.book_decoder().apply(b"") == -1


@given(st.lists(st.tuples(st.sampled_from(["place", "cancel"]), st.integers(0, SECOND), st.booleans()), max_size=80))
def test_no_window_sees_more_than_the_venue_takes(steps: list[tuple[str, int, bool]]) -> None:
    limits = MexcFuturesLimits()
    now = NOW
    sent: dict[str, list[int]] = {"place": [], "cancel": []}
    for action, wait, priority in steps:
        now += wait // 8
        if limits.allows(now, action, priority=priority):
            limits.charge(now, action)
            sent[action].append(now)
        else:
            permit = limits.next_permit_ns(now, action, priority=priority)
            assert permit > now
            assert limits.allows(permit, action, priority=priority)
    for action, most in (("place", 4), ("cancel", 20)):
        times = sent[action]
        for start in times:
            assert sum(start <= each < start + 2 * SECOND for each in times) <= most


def test_one_order_is_kept_for_hedges() -> None:
    limits = MexcFuturesLimits()
    quotes = 0
    while limits.allows(NOW, "place"):
        limits.charge(NOW, "place")
        quotes += 1
    assert quotes == 2
    assert limits.allows(NOW, "place", priority=True)
    assert limits.allows(NOW, "cancel")
    assert limits.next_permit_ns(NOW, "amend") == 0
    before = limits.state_hash()
    limits.refused(NOW)
    assert limits.state_hash() != before
    assert limits.headroom(NOW) == 0.0
    assert not limits.allows(NOW + SECOND, "place", priority=True)
    assert limits.allows(NOW + 2 * SECOND, "place", priority=True)
    assert limits.headroom(NOW + 2 * SECOND) > 0


def test_reads_wait_after_a_refusal() -> None:
    calls = MexcFuturesCalls()
    assert calls.next_permit_ns(NOW) <= NOW
    calls.charge(NOW, 15)
    assert calls.next_permit_ns(NOW) > NOW
    calls.refused(NOW)
    assert calls.next_permit_ns(NOW, priority=True) >= NOW + 2 * SECOND


def test_history_reads_each_symbol_to_its_end() -> None:
    reader = HistoryReader()
    assert reader.page is None
    now_ms = 10**12
    reader.request(now_ms, now_ms - 5_000, ("A", "B"))
    first = (now_ms - 5_000 - OVERLAP_MS, now_ms + AHEAD_MS)
    assert reader.page == ("A", *first, 1)
    assert reader.read(100, 2**31, 100)
    assert reader.page == ("A", *first, 2)
    assert reader.read(30, 30, 100) is True
    assert reader.page == ("B", *first, 1)
    reader.failed()
    assert reader.page is None
    assert reader.resume(now_ms + 7, ("A", "B"))
    assert reader.page == ("A", first[0], now_ms + 7 + AHEAD_MS, 1)
    assert not reader.resume(now_ms, ())
    # What is asked for anew does not forget what was not read.
    reader.request(now_ms, now_ms, ("A",))
    assert reader.page == ("A", *first, 1)
    assert reader.read(0, 0, 100) is False
    reader.request(now_ms, 0, ("A",))
    assert reader.page is not None
    assert reader.page[1] == now_ms - REACH_MS


def test_history_that_never_ends_is_told() -> None:
    reader = HistoryReader()
    reader.request(10**12, 0, ("A",))
    pages = 1
    while reader.read(100, 2**31, 100):
        pages += 1
    assert (pages, reader.is_truncated) == (PAGES_MAX, True)


def rate(settle_s: int) -> FundingRate:
    return FundingRate(NOW, NOW, "mexc_futures", BTC, 1, settle_s * SECOND, 0)


def test_funding_is_due_three_times_after_each_settlement() -> None:
    watch = FundingWatch((BTC,))
    assert watch.due_ns() == 0
    for _ in range(3):
        watch.heard(rate(1_000))
    watch.heard(FundingRate(NOW, NOW, "mexc_futures", "X/USDT:USDT", 1, 5, 0))
    assert watch.due_ns() == 1_002 * SECOND
    assert watch.due(1_001 * SECOND) == []
    assert watch.due(1_002 * SECOND) == [BTC]
    assert watch.due_ns() == 1_020 * SECOND
    assert watch.due(1_019 * SECOND) == []
    assert watch.due(1_020 * SECOND) == [BTC]
    assert watch.due(1_079 * SECOND) == []
    assert watch.due(1_080 * SECOND) == [BTC]
    watch.failed(1_081 * SECOND, BTC)
    assert watch.due_ns() == 1_111 * SECOND


@pytest.mark.parametrize("record", ["1", "2"])
def test_a_record_is_told_once(record: str) -> None:
    watch = FundingWatch((BTC,))
    paid = FundingPaid(NOW, NOW, "mexc_futures", BTC, record, 1, -5, "USDT", 1, 1)
    assert watch.is_new(paid)
    assert not watch.is_new(paid)

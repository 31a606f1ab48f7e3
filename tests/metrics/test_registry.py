"""Counters, gauges and histograms by name and labels, and what a running bot measures with them."""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm._core.orders import OrderStore
from mm.live.meters import Meters, Stopwatch, latencies
from mm.metrics.registry import METRICS_MAX, Counter, Registry
from mm.net.actions import PUBLIC, Send

NOW = 1_700_000_000_000_000_000


def test_the_same_name_and_labels_are_the_same_metric() -> None:
    registry = Registry()
    first = registry.counter("frames_total", "frames", venue="kraken")
    first.value += 2
    assert registry.counter("frames_total", "frames", venue="kraken") is first
    assert registry.counter("frames_total", "frames", venue="mexc") is not first
    assert [sample.key() for sample in registry.samples()] == [
        'frames_total{venue="kraken"}',
        'frames_total{venue="mexc"}',
    ]


def test_a_name_has_one_kind() -> None:
    registry = Registry()
    registry.gauge("lag", "lag")
    with pytest.raises(ValueError, match="lag is a Gauge, not a Counter"):
        registry.counter("lag", "lag")


def test_a_label_without_bound_is_found() -> None:
    registry = Registry()
    for number in range(METRICS_MAX):
        registry.counter("orders_total", "orders", order=str(number))
    with pytest.raises(ValueError, match="orders_total has a label without bound"):
        registry.counter("orders_total", "orders", order="one more")


class Machine:
    """Answers each frame with what `sends` says, one drain at a time."""

    waits = False

    def __init__(self, sends: list[list[Send]]) -> None:
        self.sends = sends

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool, /) -> None:
        pass

    def drain(self) -> list[Send]:
        return self.sends.pop(0) if self.sends else []

    def start(self, now_ns: int) -> None:
        pass


def test_only_a_message_that_leads_to_an_order_is_timed_and_once() -> None:
    registry = Registry()
    machine = Machine([[], [Send(PUBLIC, b"{}", 1)], [Send(PUBLIC, b"{}", 2)], []])
    watch = Stopwatch(machine, registry, "kraken")  # type: ignore[arg-type]
    spent = registry.histogram("tick_to_trade_ns", "", venue="kraken")
    watch.frame(NOW, PUBLIC, b"", True)
    assert watch.drain() == []
    assert spent.count == 0
    watch.frame(NOW, PUBLIC, b"", True)
    while watch.drain():
        assert spent.count == 0
    assert spent.count == 1
    assert watch.drain() == []
    assert spent.count == 1


def test_an_order_behind_cancels_is_timed_to_its_own_end() -> None:
    """Cancels are written while the message is worked on, and the order once the disk has it."""
    registry = Registry()
    machine = Machine([[Send(PUBLIC, b"{}", 1)], [], [], [Send(PUBLIC, b"{}", 2)], []])
    watch = Stopwatch(machine, registry, "kraken")  # type: ignore[arg-type]
    spent = registry.histogram("tick_to_trade_ns", "", venue="kraken")

    def frame(*arguments: object) -> None:
        while watch.drain():
            pass

    machine.frame = frame  # type: ignore[method-assign]
    watch.frame(NOW, PUBLIC, b"", True)
    assert spent.count == 0
    machine.waits = True
    assert watch.drain() == []
    assert spent.count == 0, "the order waits still"
    machine.waits = False
    while watch.drain():
        assert spent.count == 0
    assert spent.count == 1


def place(client_id: str, now_ns: int) -> ev.Place:
    return ev.Place(now_ns, "kraken", "BTC/USD", client_id, "btc", "quote", 0, ev.BUY, 618_000, 500_000, "limit", "gtc",
                    True, False, "")  # fmt: skip


def test_a_round_trip_ends_with_the_venues_word_and_a_refusal_is_none() -> None:
    registry, orders = Registry(), OrderStore()
    meters = Meters(registry, orders)
    for event in (
        place("mm1Q1", NOW),
        place("mm1Q2", NOW),
        ev.OrderAccepted(NOW + 5_000, NOW, "kraken", "mm1Q1", "O1"),
        ev.OrderRejected(NOW + 9_000, NOW, "kraken", "mm1Q2", "", "EOrder:Insufficient funds", ""),
        ev.OrderAccepted(NOW + 9_999, NOW, "kraken", "mm1Q2", "O2"),
    ):
        meters.observe(event)
    ((name, p50, _, most),) = latencies(registry)
    assert name == "Order round trip"
    assert most == 5_000
    assert 5_000 <= p50 <= 5_000 * 65 // 64


def test_what_went_wrong_is_counted() -> None:
    registry = Registry()
    meters = Meters(registry, OrderStore())
    meters.observe(ev.LinkChanged(NOW, "kraken", "public", True, ""))
    meters.observe(ev.LinkChanged(NOW, "kraken", "public", False, "silence"))
    meters.observe(ev.BookReset(NOW, "kraken", "BTC/USD", "checksum mismatch"))
    counts = {s.name: s.metric.value for s in registry.samples() if isinstance(s.metric, Counter)}
    assert counts == {
        "fills_total": 0,
        "connections_lost_total": 1,
        "book_resets_total": 1,
        "outcomes_unknown_total": 0,
    }

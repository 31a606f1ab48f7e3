"""The book channel against a subscriber that does what the documents say, and the published checksums."""

from __future__ import annotations

import json
from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm.simulator.kraken.book_feed import BookFeed
from mm.simulator.orders import BUY, SELL, BookChange, SimInstrument

BTC = SimInstrument("BTC/USD", "BTC", "USD", 1, 8, 1, 5000, 500_000_000, 4, 2500, 4000)


class Subscriber:
    """Applies messages in order, last wins, then truncates to its depth; keeps every number as text.

    An eager one truncates after every entry, as one widespread client does; on recorded messages both are right.
    """

    def __init__(self, depth: int, *, eager: bool = False) -> None:
        self.depth, self.eager = depth, eager
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}

    def apply(self, text: str) -> int:
        message = json.loads(text, parse_float=str)
        (data,) = message["data"]
        for name, side in self.sides.items():
            if message["type"] == "snapshot":
                side.clear()
            for level in data[name]:
                if Decimal(level["qty"]) == 0:
                    side.pop(level["price"], None)
                else:
                    side[level["price"]] = level["qty"]
                if self.eager:
                    self.truncate(name)
            self.truncate(name)
        return int(data["checksum"])

    def truncate(self, name: str) -> None:
        for price in self.best(name)[self.depth :]:
            del self.sides[name][price]

    def best(self, name: str) -> list[str]:
        return sorted(self.sides[name], key=Decimal, reverse=name == "bids")

    def checksum(self) -> int:
        digits = ""
        for name in ("asks", "bids"):
            for price in self.best(name)[:10]:
                for number in (price, self.sides[name][price]):
                    digits += number.replace(".", "").lstrip("0")
        return crc32(digits.encode())


def apply_all(feed: BookFeed, changes: list[tuple[int, int, int]], time_ns: int) -> None:
    for side, price, size in changes:
        feed.apply(BookChange("BTC/USD", side, price, size, time_ns))


change = st.one_of(
    st.tuples(st.just(BUY), st.integers(1, 40), st.sampled_from([0, 0, 7, 10**8])),
    st.tuples(st.just(SELL), st.integers(41, 80), st.sampled_from([0, 0, 7, 10**8])),
)


@pytest.mark.parametrize("eager", [False, True])
@settings(max_examples=60, deadline=None)
@given(
    st.lists(change, max_size=60),
    st.lists(st.lists(change, min_size=1, max_size=12), max_size=25),
)
def test_a_truncating_subscriber_holds_the_window_and_the_checksum(
    eager: bool, before: list[tuple[int, int, int]], batches: list[list[tuple[int, int, int]]]
) -> None:
    feed = BookFeed(BTC)
    apply_all(feed, before, 1)
    feed.updates()
    clients = {depth: Subscriber(depth, eager=eager) for depth in (10, 25)}
    for depth, client in clients.items():
        feed.watch(depth)
        assert client.apply(feed.snapshot(depth)) == client.checksum()
    for batch in batches:
        apply_all(feed, batch, 2)
        messages = feed.updates()
        for depth, client in clients.items():
            if depth in messages:
                assert client.apply(messages[depth]) == client.checksum()
            whole = Subscriber(depth)
            whole.apply(feed.snapshot(depth))
            assert client.sides == whole.sides


def test_no_removal_is_sent_for_a_level_that_falls_out() -> None:
    feed = BookFeed(BTC)
    apply_all(feed, [(BUY, price, 5) for price in range(100, 110)], 1)
    feed.updates()
    feed.watch(10)
    apply_all(feed, [(BUY, 110, 6)], 2)
    data = json.loads(feed.updates()[10])["data"][0]
    assert data["bids"] == [{"price": 11.0, "qty": 6e-08}]
    assert data["asks"] == []


def test_the_level_that_enters_at_the_bottom_comes_in_the_same_message() -> None:
    feed = BookFeed(BTC)
    apply_all(feed, [(SELL, price, 5) for price in range(100, 112)], 1)
    feed.updates()
    feed.watch(10)
    apply_all(feed, [(SELL, 103, 0)], 2)
    assert '"asks":[{"price":10.3,"qty":0.00000000},{"price":11.0,"qty":0.00000005}]' in feed.updates()[10]


def test_a_change_outside_every_window_sends_nothing() -> None:
    feed = BookFeed(BTC)
    apply_all(feed, [(BUY, price, 5) for price in range(100, 120)], 1)
    feed.updates()
    feed.watch(10)
    apply_all(feed, [(BUY, 101, 9)], 2)
    assert feed.updates() == {}


def test_a_price_that_changed_twice_occurs_twice() -> None:
    feed = BookFeed(BTC)
    feed.watch(10)
    apply_all(feed, [(BUY, 100, 5), (BUY, 100, 9)], 2)
    assert '"bids":[{"price":10.0,"qty":0.00000005},{"price":10.0,"qty":0.00000009}]' in feed.updates()[10]


# From Kraken's guide to the book channel: best ten levels of BTC/USD and their checksum.
PUBLISHED_ASKS = [
    ("45285.2", "0.00100000"),
    ("45286.4", "1.54571953"),
    ("45286.6", "1.54571109"),
    ("45289.6", "1.54560911"),
    ("45290.2", "0.15890660"),
    ("45291.8", "1.54553491"),
    ("45294.7", "0.04454749"),
    ("45296.1", "0.35380000"),
    ("45297.5", "0.09945542"),
    ("45299.5", "0.18772827"),
]
PUBLISHED_BIDS = [
    ("45283.5", "0.10000000"),
    ("45283.4", "1.54582015"),
    ("45282.1", "0.10000000"),
    ("45281.0", "0.10000000"),
    ("45280.3", "1.54592586"),
    ("45279.0", "0.07990000"),
    ("45277.6", "0.03310103"),
    ("45277.5", "0.30000000"),
    ("45277.3", "1.54602737"),
    ("45276.6", "0.15445238"),
]


@pytest.mark.parametrize("depth", [10, 1000])
def test_published_checksum_and_number_texts(depth: int) -> None:
    feed = BookFeed(BTC)
    for side, levels in ((SELL, PUBLISHED_ASKS), (BUY, PUBLISHED_BIDS)):
        apply_all(feed, [(side, int(Decimal(p) * 10), int(Decimal(q) * 10**8)) for p, q in levels], 1)
    text = feed.snapshot(depth)
    assert '"checksum":3310070434,' in text
    for price, size in PUBLISHED_ASKS + PUBLISHED_BIDS:
        assert f'{{"price":{price},"qty":{size}}}' in text

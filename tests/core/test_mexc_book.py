"""`MexcBookDecoder` against its twin: recorded sequences, generated ones with losses and lags, damaged frames."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import (
    BOOK_CROSSED,
    BOOK_GAP,
    BOOK_IGNORED_INVALID,
    BOOK_MALFORMED,
    BOOK_OTHER_CHANNEL,
    BOOK_SNAPSHOT,
    BOOK_TOP_CHANGED,
    BOOK_UNKNOWN_SYMBOL,
    BOOK_VALID,
    Book,
    MexcBookDecoder,
)
from mm._core.fixed import to_units
from tests.cases import cases
from tests.core.mexc_frames import depth, document, sample, snapshot
from tests.reference.book import Book as TwinBook
from tests.reference.mexc_book import MexcBookDecoder as Twin


def native(symbol: str, prices: int, sizes: int) -> tuple[MexcBookDecoder, Book]:
    decoder, book = MexcBookDecoder(), Book(10, prices, sizes)
    assert decoder.add(symbol, book) == 0
    return decoder, book


def word(code: int) -> str:
    """A code in the twin's words."""
    if code < 0:
        return {BOOK_MALFORMED: "malformed"}.get(code, "other")
    if code & BOOK_GAP:
        return "gap"
    if code & BOOK_IGNORED_INVALID:
        return "lags" if code & BOOK_SNAPSHOT else "waits"
    return "ok"


def same(decoder: MexcBookDecoder, book: Book, twin: Twin) -> None:
    assert book.is_valid == twin.book.is_valid
    assert decoder.version("BTC/USDT") == twin.version
    if book.is_valid:
        assert book.state_hash() == twin.book.state_hash()
        assert book.top() == twin.book.top()
        assert book.is_crossed == twin.book.is_crossed


# --- recorded sequences -----------------------------------------------------------------------------------------------


def levels(rows: list[list[str]], book: Book) -> list[tuple[int, int]]:
    return [
        (to_units(price, book.price_precision, "price"), to_units(size, book.size_precision, "size"))
        for price, size in rows
    ]


def check_final(sequence: Any, decoder: MexcBookDecoder, book: Book, symbol: str) -> None:
    assert decoder.version(symbol) == sequence["final"]["version"]
    assert book.levels(1) == levels(sequence["final"]["bids"], book)
    assert book.levels(-1) == levels(sequence["final"]["asks"], book)


def payload(sequence: Any, reply: Any) -> bytes:
    return snapshot(reply["lastUpdateId"], reply["bids"], reply["asks"], sequence["symbol"])


def check_frame(each: Any, decoder: MexcBookDecoder, book: Book, symbol: str) -> None:
    if each.get("versionAfter"):
        assert decoder.version(symbol) == each["versionAfter"], each["i"]
        bid, ask = (to_units(each["topAfter"][name], book.price_precision, name) for name in ("bestBid", "bestAsk"))
        assert (book.best_bid, book.best_ask) == (bid, ask), each["i"]


def test_a_sequence_without_loss() -> None:
    sequence = document("depth_sequence")
    decoder, book = native("ETH/USDT", 2, 8)
    frames = [bytes.fromhex(each["hex"]) for each in sequence["frames"]]
    # The snapshot comes in the middle of the pushes: what is before it waits.
    for at in range(5):
        decoder, book = native("ETH/USDT", 2, 8)
        for frame in frames[:at]:
            assert decoder.apply(frame) == BOOK_IGNORED_INVALID
        assert decoder.apply(payload(sequence, sequence["snapshot"]["body"])) & BOOK_VALID
        for each, frame in zip(sequence["frames"][at:], frames[at:], strict=True):
            before = book.state_hash()
            code = decoder.apply(frame)
            assert code & BOOK_VALID
            if each["expect"] == "stale":
                assert book.state_hash() == before
            check_frame(each, decoder, book, "ETH/USDT")
        check_final(sequence, decoder, book, "ETH/USDT")


def test_a_sequence_with_a_lost_frame() -> None:
    sequence = document("depth_sequence_gap")
    decoder, book = native("BTC/USDT", 2, 8)
    decoder.apply(payload(sequence, sequence["snapshot"]["body"]))
    second = int(sequence["secondSnapshot"]["takenAfter"].rpartition("=")[2])
    gaps = 0
    for each in sequence["frames"]:
        code = decoder.apply(bytes.fromhex(each["hex"]))
        if code & BOOK_GAP:
            gaps += 1
            assert each["i"] == sequence["lostFrame"]["i"] + 1
            assert not book.is_valid
        if each["i"] == second:
            assert not book.is_valid
            assert decoder.apply(payload(sequence, sequence["secondSnapshot"]["body"])) & BOOK_VALID
        else:
            check_frame(each, decoder, book, "BTC/USDT")
    assert gaps == 1
    assert decoder.gap_count == 1
    check_final(sequence, decoder, book, "BTC/USDT")


# --- cases ------------------------------------------------------------------------------------------------------------


def test_two_symbols_have_books_of_their_own() -> None:
    decoder = MexcBookDecoder()
    books = Book(0, 2, 8), Book(0, 2, 4)
    assert [decoder.add(symbol, book) for symbol, book in zip(("BTC/USDT", "ETHUSDT"), books, strict=True)] == [0, 1]
    assert decoder.apply(snapshot(5, [("100", "1")], [("101", "1")])) & BOOK_VALID
    assert decoder.apply(snapshot(9, [("200", "1")], [("201", "1")], "ETHUSDT")) >> 8 == 1
    assert decoder.apply(depth(6, 8, [], [("100.5", "2")])) == BOOK_VALID | BOOK_TOP_CHANGED
    assert decoder.apply(depth(11, 12, [], [], "ETHUSDT")) == 1 << 8 | BOOK_GAP
    assert decoder.last_index == 1
    assert [book.is_valid for book in books] == [True, False]
    assert decoder.last_venue_ns == 1_791_556_844_300_000_000


def test_a_crossed_book_is_told() -> None:
    decoder, _ = native("BTC/USDT", 2, 8)
    decoder.apply(snapshot(5, [("100", "1")], [("101", "1")]))
    assert decoder.apply(depth(6, 6, [], [("102", "2")])) == BOOK_VALID | BOOK_TOP_CHANGED | BOOK_CROSSED


def test_the_depth_of_a_book_does_not_cut_what_the_venue_never_repeats() -> None:
    decoder, book = native("BTC/USDT", 2, 8)
    decoder.apply(snapshot(5, [(str(price), "1") for price in range(100, 80, -1)], [("101", "1")]))
    assert decoder.apply(depth(6, 6, [], [(str(price), "0") for price in range(100, 88, -1)])) & BOOK_VALID
    assert book.top()[0] == 88_00


def test_frames_for_nobody_have_codes() -> None:
    decoder, book = native("BTC/USDT", 2, 8)
    assert decoder.apply(sample("aggre_deals")) == BOOK_OTHER_CHANNEL
    assert decoder.apply(sample("aggre_depth_2026")) == BOOK_UNKNOWN_SYMBOL
    assert decoder.apply(sample("aggre_depth_two_sided")) == BOOK_IGNORED_INVALID
    assert decoder.apply(sample("bad_truncated")) == BOOK_MALFORMED
    assert decoder.last_error == "body: expected as many bytes as the length says at byte 68"
    assert (decoder.malformed_count, decoder.unknown_symbol_count, book.is_valid) == (1, 1, False)
    assert decoder.remove("BTC/USDT")
    assert decoder.apply(sample("aggre_depth_two_sided")) == BOOK_UNKNOWN_SYMBOL


@pytest.mark.parametrize(
    "frame",
    [
        depth(6, 6, [("100.123", "1")], []),
        depth(6, 6, [("100", "0.123456789")], []),
        depth(6, 6, [("0", "1")], []),
        depth(6, 6, [("-1", "1")], []),
        depth(6, 6, [("1e2x", "1")], []),
        depth(7, 6, [], []),
        depth(6, 6, [], [], toVersion="6a"),
        depth(6, 6, [], [], toVersion=""),
        depth(6, 6, [], [], fromVersion="9" * 20),
        depth(6, 6, [("100", "1")], [])[:-3],
        b'snapshot BTCUSDT\n{"code":429,"msg":"Too Many Requests"}',
        b'snapshot BTCUSDT\n{"lastUpdateId":"x","bids":[],"asks":[]}',
        b"snapshot BTCUSDT\n[]",
        b"snapshot BTCUSDT\n",
    ],
    ids=range(14),
)
def test_a_malformed_frame_ends_the_trust_in_the_book_it_names(frame: bytes) -> None:
    decoder, book = native("BTC/USDT", 2, 8)
    decoder.apply(snapshot(5, [("100", "1")], [("101", "1")]))
    before = book.state_hash()
    assert decoder.apply(frame) == BOOK_MALFORMED
    assert decoder.last_index == 0
    assert decoder.last_error
    assert not book.is_valid
    assert book.state_hash() == before
    assert decoder.apply(depth(6, 6, [], [])) == BOOK_IGNORED_INVALID
    assert decoder.apply(snapshot(6, [("100", "1")], [("101", "1")])) & BOOK_VALID


# --- twin -------------------------------------------------------------------------------------------------------------

PRICES = st.integers(9_990, 10_010).map(lambda price: f"{price // 100}.{price % 100:02}")
SIZES = st.sampled_from(["0", "0.00000000", "1", "2.5", "0.125", "3.00"])
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=4)
STEP = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 3), LEVELS, LEVELS),
    st.tuples(st.sampled_from(["lose", "snapshot", "late snapshot", "damage", "repeat", "distrust"])),
)


@cases(150)
@given(st.lists(STEP, max_size=30), st.integers(1, 2**40))
def test_twin_through_losses_lags_and_damage(steps: list[tuple[Any, ...]], version: int) -> None:
    decoder, book = native("BTC/USDT", 2, 8)
    twin = Twin("BTCUSDT", TwinBook(0, 2, 8))
    frame = depth(version, version, [], [])
    bids: list[tuple[str, str]] = [("99.9", "1")]
    for kind, *rest in steps:
        if kind == "push":
            frame = depth(version + 1, version + 1 + rest[0], rest[1], rest[2])
            version += 1 + rest[0]
        elif kind == "lose":
            version += 1
            continue
        elif kind == "distrust":
            book.invalidate()
            if twin.version:
                twin.lose()
            continue
        given_frame = frame
        if kind == "snapshot":
            given_frame = snapshot(version, bids, [("100.2", "1")])
        elif kind == "late snapshot":
            given_frame = snapshot(max(1, version - 3), bids, [("100.3", "2")])
        elif kind == "damage":
            given_frame = frame[:-2]
        code = decoder.apply(given_frame)
        said = twin.apply(given_frame)
        if said == "malformed":
            twin.lose()
        assert word(code) == said
        same(decoder, book, twin)


@cases(150)
@given(
    st.sampled_from(
        [
            depth(6, 9, [("100.10", "1.5")], [("99.9", "0")]),
            snapshot(5, [("100", "1")], [("101", "1")]),
            sample("aggre_depth_2026"),
        ]
    ),
    st.data(),
)
def test_twin_on_damaged_bytes(frame: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame) - 1))
    damaged = frame[:at] + data.draw(st.binary(max_size=2)) + frame[at + data.draw(st.integers(0, 3)) :]
    decoder, book = native("BTC/USDT", 2, 8)
    twin = Twin("BTCUSDT", TwinBook(0, 2, 8))
    code = decoder.apply(damaged)
    said = twin.apply(damaged)
    if word(code) != said:
        # Ours refuses more: a second body, a second list, JSON that no venue writes; and it reads an exponent.
        assert code == BOOK_MALFORMED or b"e" in damaged.lower() or not damaged.isascii()
    elif said == "ok":
        same(decoder, book, twin)

"""`MexcFuturesBookDecoder` against its twin: recorded sequences, generated ones with losses, damaged frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import (
    BOOK_BEHIND,
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
    MexcFuturesBookDecoder,
    mexc_futures_depth_span,
)
from mm._core.fixed import to_units
from tests.cases import cases
from tests.reference.book import Book as TwinBook
from tests.reference.mexc_futures_book import MexcFuturesBookDecoder as Twin

DATA = Path(__file__).parents[1] / "exchanges" / "data" / "mexc_futures"


def document(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


def native(symbol: str, prices: int) -> tuple[MexcFuturesBookDecoder, Book]:
    decoder, book = MexcFuturesBookDecoder(), Book(10, prices, 0)
    assert decoder.add(symbol, book) == 0
    return decoder, book


def sides(asks: list[tuple[str, str]], bids: list[tuple[str, str]]) -> str:
    rows = [",".join(f"[{price},{size},1]" for price, size in side) for side in (asks, bids)]
    return f'"asks":[{rows[0]}],"bids":[{rows[1]}]'


def push(
    first: int, last: int, asks: list[tuple[str, str]], bids: list[tuple[str, str]], symbol: str = "BTC_USDT"
) -> bytes:
    """A frame as the venue prints it; of one version without begin and end."""
    span = f'"begin":{first},"end":{last},"version":{last}' if first != last else f'"version":{last}'
    data = f'{{"cts":1789498321797,{sides(asks, bids)},{span}}}'
    return f'{{"symbol":"{symbol}","data":{data},"channel":"push.depth","ts":1789498321800}}'.encode()


def snapshot(last: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> bytes:
    data = f'{{{sides(asks, bids)},"version":{last},"timestamp":1789498322290,"cts":null}}'
    return f'snapshot BTC_USDT\n{{"success":true,"code":0,"data":{data}}}'.encode()


def commits(rows: list[tuple[int, list[tuple[str, str]]]]) -> bytes:
    text = ",".join(f'{{{sides([], bids)},"version":{version}}}' for version, bids in rows)
    return f'commits BTC_USDT\n{{"success":true,"code":0,"data":[{text}]}}'.encode()


def word(code: int) -> str:
    """A code in the twin's words."""
    if code < 0:
        return "malformed" if code == BOOK_MALFORMED else "other"
    if code & BOOK_GAP:
        return "gap"
    if code & BOOK_IGNORED_INVALID:
        return "waits"
    return "ok"


def same(decoder: MexcFuturesBookDecoder, book: Book, twin: Twin) -> None:
    assert book.is_valid == twin.book.is_valid
    assert decoder.version("BTC/USDT:USDT") == twin.version
    if book.is_valid:
        assert book.state_hash() == twin.book.state_hash()
        assert book.top() == twin.book.top()
        assert book.is_crossed == twin.book.is_crossed


# --- recorded sequences -----------------------------------------------------------------------------------------------


def levels(rows: list[list[Any]], book: Book) -> list[tuple[int, int]]:
    return [(to_units(price, book.price_precision, "price"), int(size)) for price, size, _ in rows]


def check(each: Any, decoder: MexcFuturesBookDecoder, book: Book, symbol: str) -> None:
    if "versionAfter" in each:
        assert decoder.version(symbol) == each["versionAfter"]
        top = [to_units(each["topAfter"][name], book.price_precision, name) for name in ("bestBid", "bestAsk")]
        assert [book.best_bid, book.best_ask] == top


def check_final(sequence: Any, decoder: MexcFuturesBookDecoder, book: Book) -> None:
    final = sequence["final"]
    assert decoder.version(sequence["symbol"]) == final["version"]
    assert book.levels(1) == levels(final["bids"], book)
    assert book.levels(-1) == levels(final["asks"], book)


def reply(kind: str, sequence: Any, part: str) -> bytes:
    return f"{kind} {sequence['symbol']}\n{sequence[part]['text']}".encode()


@pytest.mark.parametrize("at", range(6))
def test_a_sequence_without_loss_whenever_its_snapshot_comes(at: int) -> None:
    sequence = document("depth_sequence")
    decoder, book = native(sequence["symbol"], 2)
    frames = [each["text"].encode() for each in sequence["frames"]]
    for frame in frames[:at]:
        assert decoder.apply(frame) == BOOK_IGNORED_INVALID
    assert decoder.apply(reply("snapshot", sequence, "snapshot")) & (BOOK_SNAPSHOT | BOOK_VALID) == 5
    for each, frame in zip(sequence["frames"][at:], frames[at:], strict=True):
        before = book.state_hash()
        assert decoder.apply(frame) & BOOK_VALID
        if each["expect"] == "stale":
            assert book.state_hash() == before
        check(each, decoder, book, sequence["symbol"])
    check_final(sequence, decoder, book)
    assert decoder.last_venue_ns == 1_789_498_323_197_000_000


def test_a_lost_push_is_repaired_by_the_list_of_changes() -> None:
    sequence = document("depth_sequence_gap")
    decoder, book = native("DOGE/USDT:USDT", 5)
    assert decoder.apply(reply("snapshot", sequence, "snapshot")) & BOOK_VALID
    for each in sequence["frames"]:
        code = decoder.apply(each["text"].encode())
        if each["expect"] == "gap":
            assert code == BOOK_GAP
            assert not book.is_valid
            assert decoder.version("DOGE_USDT") == 0
            assert decoder.apply(reply("commits", sequence, "recovery")) & BOOK_VALID
        else:
            assert code & BOOK_VALID
        check(each, decoder, book, "DOGE_USDT")
    check_final(sequence, decoder, book)
    assert decoder.gap_count == 1


def test_recorded_frames_of_all_years() -> None:
    for sample in document("ws_public"):
        for each in sample["frames"]:
            frame = each["text"].encode()
            if each["from"] != "server":
                continue
            decoder = MexcFuturesBookDecoder()
            symbol = json.loads(frame).get("symbol", "BTC_USDT")
            decoder.add(symbol, Book(0, 6, 0))
            is_depth = sample["id"] in (
                "push-depth-merged", "push-depth-merged-two", "push-depth-unmerged", "push-depth-old"
            ) and b"push" in frame  # fmt: skip
            assert decoder.apply(frame) == (BOOK_IGNORED_INVALID if is_depth else BOOK_OTHER_CHANNEL), frame
            assert (mexc_futures_depth_span(frame) is not None) is is_depth


def test_spans() -> None:
    assert mexc_futures_depth_span(push(5, 9, [], [])) == ("BTC_USDT", 5, 9)
    assert mexc_futures_depth_span(push(5, 5, [], [])) == ("BTC_USDT", 5, 5)
    assert mexc_futures_depth_span(snapshot(5, [], [])) is None


# --- cases ------------------------------------------------------------------------------------------------------------


def test_two_symbols_have_books_of_their_own() -> None:
    decoder = MexcFuturesBookDecoder()
    books = Book(0, 1, 0), Book(0, 2, 0)
    for index, (symbol, book) in enumerate(zip(("BTC/USDT:USDT", "ETH_USDT"), books, strict=True)):
        assert decoder.add(symbol, book) == index
    assert decoder.apply(snapshot(5, [("100", "1")], [("101", "1")])) & BOOK_VALID
    assert decoder.apply(push(6, 8, [], [("100.5", "2")])) == BOOK_VALID | BOOK_TOP_CHANGED
    assert decoder.apply(push(9, 9, [], [], "ETH_USDT")) == 1 << 8 | BOOK_IGNORED_INVALID
    assert decoder.apply(push(9, 9, [], [("101", "1")])) == BOOK_VALID | BOOK_TOP_CHANGED | BOOK_CROSSED
    assert decoder.apply(push(1, 1, [], [], "XRP_USDT")) == BOOK_UNKNOWN_SYMBOL
    assert decoder.remove("ETH/USDT:USDT")
    assert decoder.apply(push(10, 10, [], [], "ETH_USDT")) == BOOK_UNKNOWN_SYMBOL
    assert [book.is_valid for book in books] == [True, False]


@pytest.mark.parametrize(
    "damage",
    [
        (b"100.5", b"100.55"),
        (b"[100.5,2,1]", b"[100.5]"),
        (b"[100.5,2,1]", b"[0,2,1]"),
        (b"[100.5,2,1]", b"[100.5,-2,1]"),
        (b"[100.5,2,1]", b"[100.5,2.5,1]"),
        (b'"begin":6', b'"begin":9'),
        (b'"end":8', b'"end":"x"'),
        (b'"asks"', b'"ask"'),
        (b"}}", b"}"),
        (b'"ts":1789498321800}', b'"ts":1789498321800'),
    ],
)
def test_a_malformed_frame_ends_the_trust_in_the_book_it_names(damage: tuple[bytes, bytes]) -> None:
    decoder, book = native("BTC/USDT:USDT", 1)
    decoder.apply(snapshot(5, [("100", "1")], [("101", "1")]))
    before = book.state_hash()
    frame = push(6, 8, [], [("100.5", "2")])
    assert damage[0] in frame or damage[0] == b"}}"
    frame = frame.replace(*damage, 1) if damage[0] != b"}}" else frame.replace(b'"version":8}', b'"version":8')
    assert decoder.apply(frame) == BOOK_MALFORMED
    assert decoder.last_index == 0
    assert "expected" in decoder.last_error
    assert (book.is_valid, book.state_hash()) == (False, before)
    assert decoder.apply(commits([(6, [])])) == BOOK_IGNORED_INVALID
    assert decoder.apply(snapshot(6, [("100", "1")], [("101", "1")])) & BOOK_VALID


@pytest.mark.parametrize(
    "body", [b'{"success":false,"code":510}', b"[]", b"", b"{}", b'{"data":{}}', b"<html>", b'{"data":[{"version":1}]}']
)
@pytest.mark.parametrize("kind", [b"snapshot", b"commits"])
def test_a_malformed_reply_changes_no_book(body: bytes, kind: bytes) -> None:
    decoder, book = native("BTC/USDT:USDT", 1)
    decoder.apply(snapshot(5, [("100", "1")], [("101", "1")]))
    code = decoder.apply(kind + b" BTC_USDT\n" + body)
    assert code in (BOOK_MALFORMED, BOOK_VALID | BOOK_BEHIND)
    assert decoder.last_index == 0
    assert book.is_valid


# --- twin -------------------------------------------------------------------------------------------------------------

PRICES = st.integers(9_990, 10_010).map(lambda price: f"{price // 10}.{price % 10}")
SIZES = st.sampled_from(["0", "0.0", "1", "2", "3.5E+1", "7.00"])
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=4)
STEP = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 3), LEVELS, LEVELS),
    st.tuples(st.just("lose"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["snapshot", "late snapshot", "damage", "repeat", "distrust"])),
    st.tuples(st.just("commits"), st.integers(0, 12), st.integers(0, 12), LEVELS),
)


@cases(150)
@given(st.lists(STEP, max_size=30), st.integers(20, 2**40))
def test_twin_through_losses_lags_damage_and_repairs(steps: list[tuple[Any, ...]], version: int) -> None:
    decoder, book = native("BTC/USDT:USDT", 1)
    twin = Twin("BTC_USDT", TwinBook(0, 1, 0))
    frame = push(version, version, [], [])
    for kind, *rest in steps:
        if kind == "push":
            frame = push(version + 1, version + 1 + rest[0], rest[1], rest[2])
            version += 1 + rest[0]
        elif kind == "lose":
            version += rest[0]
            continue
        elif kind == "distrust":
            book.invalidate()
            if twin.version:
                twin.lose()
            continue
        payload = frame
        if kind == "snapshot":
            payload = snapshot(version, [("99.9", "1")], [("1002", "1")])
        elif kind == "late snapshot":
            payload = snapshot(max(1, version - 3), [("99.8", "1")], [("1003", "2")])
        elif kind == "commits":
            newest = [(number, rest[2]) for number in range(version, version - rest[0], -1)]
            payload = commits(newest[: rest[1]] if rest[1] > 6 else newest)
        elif kind == "damage":
            payload = frame[:-2]
        code = decoder.apply(payload)
        said = twin.apply(payload)
        if said == "malformed":
            twin.lose()
        assert word(code) == ("waits" if said == "lags" else said)
        same(decoder, book, twin)


@cases(150)
@given(
    st.sampled_from(
        [
            push(6, 9, [("100.10", "15")], [("99.9", "0")]),
            push(6, 6, [("100.10", "15")], [("99.9", "0")]),
            snapshot(5, [("100", "1")], [("101", "1")]),
            commits([(7, [("100", "1")]), (6, [])]),
        ]
    ),
    st.data(),
)
def test_twin_on_damaged_bytes(payload: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(payload) - 1))
    damaged = payload[:at] + data.draw(st.binary(max_size=2)) + payload[at + data.draw(st.integers(0, 3)) :]
    decoder, book = native("BTC/USDT:USDT", 1)
    twin = Twin("BTC_USDT", TwinBook(0, 1, 0))
    code = decoder.apply(damaged)
    try:
        said = twin.apply(damaged)
    except (RecursionError, AttributeError):
        said = "malformed"
    if word(code) != ("waits" if said == "lags" else said):
        # Ours is stricter about doubled members and looser about white space, quotes and what it need not read.
        assert code == BOOK_MALFORMED or said == "malformed"
    elif said == "ok":
        same(decoder, book, twin)
    mexc_futures_depth_span(damaged)

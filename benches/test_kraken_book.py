"""K1: bytes of Kraken's `book` channel to a checked book. A user notices it first: every tick comes this way."""

from __future__ import annotations

import pytest

from benches.baselines.books import PlainBook, TunedBook
from benches.batch import batch, each
from benches.gate import latencies, p99_under_1ms
from benches.loads import SYMBOL, kraken_frames
from mm._core import BOOK_VALID, Book, KrakenBookDecoder

COUNT = 2_000
DEPTHS = pytest.mark.parametrize("depth", [10, 1000])


def native(depth):
    decoder = KrakenBookDecoder()
    decoder.add(SYMBOL, Book(depth, 1, 8))
    assert decoder.apply(kraken_frames(depth, COUNT)[0]) & BOOK_VALID
    return decoder


def python(book, depth):
    book.message(kraken_frames(depth, COUNT)[0])
    return book


@DEPTHS
def test_k1_ours(benchmark, depth):
    frames = kraken_frames(depth, COUNT)[1]
    batch(benchmark, f"K1 {depth}", COUNT, lambda: (native(depth).apply, frames), each)
    p99_under_1ms(benchmark, latencies(native(depth).apply, frames))


@DEPTHS
def test_k1_tuned(benchmark, depth):
    frames = kraken_frames(depth, COUNT)[1]
    batch(benchmark, f"K1 {depth}", COUNT, lambda: (python(TunedBook(depth, True), depth).message, frames), each)


@DEPTHS
def test_k1_tuned_unchecked(benchmark, depth):
    frames = kraken_frames(depth, COUNT)[1]
    batch(benchmark, f"K1 {depth}", COUNT, lambda: (python(TunedBook(depth), depth).message, frames), each)


def test_k1_plain(benchmark):
    frames = kraken_frames(10, COUNT)[1]
    batch(benchmark, "K1 10", COUNT, lambda: (python(PlainBook(10), 10).message, frames), each, rounds=5)


@DEPTHS
def test_every_checksum_passes(depth):
    snapshot, frames = kraken_frames(depth, COUNT)
    ours = native(depth)
    assert all(ours.apply(frame) & BOOK_VALID for frame in frames)
    tuned = python(TunedBook(depth, True), depth)
    assert all(tuned.message(frame) for frame in frames)
    assert snapshot

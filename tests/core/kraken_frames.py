"""Recorded frames, and a decoder with one book."""

from pathlib import Path

from mm._core import Book, KrakenBookDecoder

DATA = Path(__file__).parents[1] / "exchanges" / "data" / "kraken"
PRECISIONS = {"BTC/USD": (1, 8), "MINA/GBP": (4, 8), "MATIC/USD": (4, 8)}
FRAMES = (DATA / "recordings" / "book_btcusd_d10_20230730.ndjson").read_bytes().splitlines()


def decoder_of(symbol: str, depth: int = 10) -> tuple[KrakenBookDecoder, Book]:
    book = Book(depth, *PRECISIONS[symbol])
    decoder = KrakenBookDecoder()
    assert decoder.add(symbol, book) == 0
    return decoder, book

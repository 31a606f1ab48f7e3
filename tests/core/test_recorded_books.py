"""Books rebuilt from a recorded day equal the recorded ticker at every message: an outside judge of the native book."""

from pathlib import Path
from zlib import decompress

import pytest

from mm._core import Book

FOLDER = Path(__file__).parent / "data" / "recorded_books"
COMPARED = {"btcusdt_spot": 3449, "ethusdt_spot": 3432}
"""Messages with a ticker to compare with, as the recording's own notes count them."""


class Reader:
    def __init__(self, path):
        self.body = decompress(path.read_bytes())
        self.at = 0
        self.price = 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.body[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def levels(self):
        found = []
        for _ in range(self.varint()):
            side = 1 if self.varint() else -1
            step = self.varint()
            self.price += (step >> 1) ^ -(step & 1)
            found.append((side, self.price, self.varint()))
        return found


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.l2")))
def test_rebuilt_book_equals_the_recorded_ticker_at_every_message(name):
    reader = Reader(FOLDER / f"{name}.l2")
    book = Book(0)
    snapshot = reader.levels()
    book.apply_snapshot(
        [(p, s) for side, p, s in snapshot if side > 0], [(p, s) for side, p, s in snapshot if side < 0]
    )
    compared = 0
    while reader.at < len(reader.body):
        book.apply_many(reader.levels())
        top = tuple(reader.varint() for _ in range(4))
        assert not book.is_crossed
        if any(top):
            assert book.top() == top
            compared += 1
    assert compared == COMPARED[name]

"""A recorded market in a small binary form, and its endless replay.

The form: 8 bytes magic, u32 length and JSON of the facts, u32 CRC-32 of the rest, then zlib-compressed entries. An
entry is a kind byte, a varint of microseconds since the entry before, and

    0 book   varint count, then each level: varint side (1 bid, 0 ask), zigzag price step, varint size (0: gone)
    1 trade  varint side of the taker (1 buy), zigzag price step, varint size

where a price step is the difference to the last price named, of whatever entry. Little endian; sizes are in
10^-size_precision, prices in 10^-price_precision. The first entry is the whole book.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32, decompress
from zlib import error as ZlibError

MAGIC: Final = b"MMTAPE1\n"
FOLDER: Final = Path(__file__).parent / "data"
BUILTIN: Final = "btcusd_20240808"
BUILTIN_FINE: Final = "btcusdt_20240808"
"""The same recording on its own grid."""
BUY, SELL = 1, -1

Level = tuple[int, int, int]
"""Side, price, size."""


class TapeError(Exception):
    """The file is not a tape, or damaged; the text says what to do."""


class BookEntry(NamedTuple):
    """Levels that changed; is_snapshot: these are all there are."""

    number: int
    time_us: int
    levels: tuple[Level, ...]
    is_snapshot: bool = False


class TradeEntry(NamedTuple):
    """A recorded trade; side of the taker."""

    number: int
    time_us: int
    side: int
    price: int
    size: int


Entry = BookEntry | TradeEntry


class Tape:
    """One recording. Raises TapeError for a file that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TapeError(f"{path}: {(error.strerror or str(error)).lower()}; give a .mmtape file") from None
        if not data.startswith(MAGIC) or len(data) < 16:
            raise TapeError(f"{path}: not a tape of this version; make one with tools/make_cut.py")
        size = int.from_bytes(data[8:12], "little")
        try:
            self.facts: dict[str, Any] = json.loads(data[12 : 12 + size])
            packed = data[16 + size :]
            if crc32(packed) != int.from_bytes(data[12 + size : 16 + size], "little"):
                raise ValueError("checksum")
            self._body = decompress(packed)
        except (ValueError, ZlibError):
            raise TapeError(f"{path}: damaged (its checksum does not agree); copy or make it again") from None

    @property
    def duration_us(self) -> int:
        """How long the recording is."""
        return int(self.facts["duration_us"])

    def entries(self) -> Iterator[Entry]:
        """Every entry once, in order."""
        body = self._body
        position, end = 0, len(body)
        price, time_us, number = int(self.facts["reference"]), 0, 0

        def varint() -> int:
            nonlocal position
            value = shift = 0
            while True:
                byte = body[position]
                position += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    return value
                shift += 7

        while position < end:
            kind = body[position]
            position += 1
            time_us += varint()
            if kind == 0:
                levels = []
                for _ in range(varint()):
                    # Nearly all that a tape is: the two short ones of a level are read here.
                    side = BUY if body[position] else SELL
                    step = body[position + 1]
                    if step < 0x80:
                        position += 2
                    else:
                        position += 1
                        step = varint()
                    price += (step >> 1) ^ -(step & 1)
                    levels.append((side, price, varint()))
                yield BookEntry(number, time_us, tuple(levels), number == 0)
            else:
                side = BUY if varint() else SELL
                step = varint()
                price += (step >> 1) ^ -(step & 1)
                yield TradeEntry(number, time_us, side, price, varint())
            number += 1

    def replay(self, *, endless: bool = True) -> Iterator[Entry]:
        """The entries again and again: time goes on, and each pass begins where the last one's middle was.

        A pass starts with a whole book. Every second pass is the mirror image (bids are asks, up is down) of the one
        before it, so the price comes back: a recording that fell by 150 USD would otherwise fall to nothing in days.
        """
        shift_us = number = axis = 0
        is_mirrored = False
        while True:
            first = 0
            best: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
            for entry in self.entries():
                time_us = entry.time_us + shift_us
                if isinstance(entry, TradeEntry):
                    side, price = (-entry.side, axis - entry.price) if is_mirrored else (entry.side, entry.price)
                    yield TradeEntry(number, time_us, side, price, entry.size)
                elif is_mirrored:
                    levels = tuple((-side, axis - price, size) for side, price, size in entry.levels)
                    yield BookEntry(number, time_us, levels, entry.is_snapshot)
                else:
                    if not axis:
                        for side, price, size in entry.levels:
                            if size:
                                best[side][price] = size
                            else:
                                best[side].pop(price, None)
                        first = first or max(best[BUY]) + min(best[SELL])
                    yield BookEntry(number, time_us, entry.levels, entry.is_snapshot)
                number += 1
            if not endless:
                return
            # A price and its image add up to the axis; so do half the sums of both best prices, first and last.
            axis = axis or (first + max(best[BUY]) + min(best[SELL])) // 2
            is_mirrored = not is_mirrored
            shift_us += self.duration_us


def builtin(name: str = BUILTIN) -> Tape:
    """A recording that is shipped."""
    return Tape(FOLDER / f"{name}.mmtape")

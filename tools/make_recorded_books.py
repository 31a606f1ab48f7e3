"""Cut a recorded day's book changes and the ticker that they must agree with into the tests' own small form.

    python tools/make_recorded_books.py FOLDER tests/core/data/recorded_books/NAME.l2

FOLDER holds depth.parquet, bbo.parquet and snapshot.parquet. Needs polars; nothing of this runs in the tests. The form:
zlib over varints. First the snapshot as a list of levels, then for each depth message after it: its levels, and the
best bid and ask, price and size, of the last ticker row not newer than the message (four zeros: there is none yet). A
list is its length, then side (1 bid, 0 ask), zigzag step from the last price named, and size of each level.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from pathlib import Path
from zlib import compress

import polars as pl


class Writer:
    def __init__(self) -> None:
        self.body = bytearray()
        self.price = 0

    def varint(self, value: int) -> None:
        while value >= 0x80:
            self.body.append(value & 0x7F | 0x80)
            value >>= 7
        self.body.append(value)

    def step(self, price: int) -> None:
        step = price - self.price
        self.varint(step << 1 if step >= 0 else (-step << 1) - 1)
        self.price = price

    def levels(self, rows: list[tuple[int, int, int]]) -> None:
        self.varint(len(rows))
        for side, price, size in rows:
            self.varint(1 if side > 0 else 0)
            self.step(price)
            self.varint(size)


def main(folder: Path, target: Path) -> None:
    snapshot = pl.read_parquet(folder / "snapshot.parquet")
    depth = pl.read_parquet(folder / "depth.parquet").sort("line", maintain_order=True)
    bbo = pl.read_parquet(folder / "bbo.parquet").sort("update_id", maintain_order=True)
    last_id = snapshot["last_update_id"][0]
    is_futures = depth["prev_last_id"].null_count() < len(depth)
    writer = Writer()
    writer.levels(list(snapshot.select("side", "px_ticks", "qty_lots").iter_rows()))
    ids = bbo["update_id"].to_list()
    tops = list(bbo.select("bid_px_ticks", "bid_qty_lots", "ask_px_ticks", "ask_qty_lots").iter_rows())
    messages = compared = 0
    for _, rows in depth.group_by("msg_idx", maintain_order=True):
        newest = rows["last_id"][0]
        if newest < last_id or (newest == last_id and not is_futures):
            continue
        writer.levels(list(rows.select("side", "px_ticks", "qty_lots").iter_rows()))
        place = bisect_right(ids, newest) - 1
        if place < 0:
            for _ in range(4):
                writer.varint(0)
        else:
            for value in tops[place]:
                writer.varint(value)
            compared += 1
        messages += 1
    target.write_bytes(compress(bytes(writer.body), 9))
    print(f"{target}: {target.stat().st_size:,} bytes, {messages} messages, {compared} with a ticker")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

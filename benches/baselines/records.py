"""A fill as a record of bytes, as one writes it in Python: `struct` with lengths (tuned), JSON by orjson (plain)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from struct import Struct

import orjson


@dataclass(slots=True)
class Fill:
    recv_ns: int
    venue_ns: int
    venue: str
    client_id: str
    venue_id: str
    symbol: str
    side: int
    execution_id: str
    price: int
    size: int
    cum_size: int
    liquidity: str
    fee: int
    fee_asset: str


HEAD = Struct("<BqqbqqqqBBBBBBB")


def tuned_pack(fill: Fill) -> bytes:
    texts = [
        fill.venue.encode(),
        fill.client_id.encode(),
        fill.venue_id.encode(),
        fill.symbol.encode(),
        fill.execution_id.encode(),
        fill.liquidity.encode(),
        fill.fee_asset.encode(),
    ]
    head = HEAD.pack(
        1, fill.recv_ns, fill.venue_ns, fill.side, fill.price, fill.size, fill.cum_size, fill.fee, *map(len, texts)
    )
    return head + b"".join(texts)


def tuned_unpack(data: bytes) -> Fill:
    _, recv_ns, venue_ns, side, price, size, cum_size, fee, *lengths = HEAD.unpack_from(data)
    texts = []
    start = HEAD.size
    for length in lengths:
        texts.append(data[start : start + length].decode())
        start += length
    venue, client_id, venue_id, symbol, execution_id, liquidity, fee_asset = texts
    return Fill(
        recv_ns, venue_ns, venue, client_id, venue_id, symbol, side, execution_id, price, size, cum_size, liquidity,
        fee, fee_asset,
    )  # fmt: skip


def plain_pack(fill: Fill) -> bytes:
    return orjson.dumps(asdict(fill))


def plain_unpack(data: bytes) -> Fill:
    return Fill(**orjson.loads(data))

"""Frames of MEXC Spot: the recorded samples, and new ones written by `protobuf`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.reference.mexc_proto import wrapper

DATA = Path(__file__).parents[1] / "exchanges" / "data" / "mexc_spot"
PUSHES = {path.stem: json.loads(path.read_text()) for path in sorted((DATA / "pushes").glob("*.json"))}
EDGES = {
    each["file"].removesuffix(".bin"): each for each in json.loads((DATA / "edge_frames.json").read_text())["files"]
}


def sample(name: str) -> bytes:
    """A sample's bytes."""
    return bytes.fromhex((PUSHES.get(name) or EDGES[name])["hex"])


def document(name: str) -> Any:
    """A sample file that is no frame."""
    return json.loads((DATA / f"{name}.json").read_text())


def depth(
    first: int,
    last: int,
    asks: list[tuple[str, str]],
    bids: list[tuple[str, str]],
    symbol: str = "BTCUSDT",
    **extra: Any,
) -> bytes:
    """A frame of `aggre.depth`."""
    message = wrapper()
    message.channel = f"spot@public.aggre.depth.v3.api.pb@100ms@{symbol}"
    message.symbol = symbol
    message.sendTime = 1_791_556_844_300
    body = message.publicAggreDepths
    for side, levels in ((body.asks, asks), (body.bids, bids)):
        for price, quantity in levels:
            side.add(price=price, quantity=quantity)
    body.eventType = "spot@public.aggre.depth.v3.api.pb@100ms"
    body.fromVersion, body.toVersion = str(first), str(last)
    for name, value in extra.items():
        setattr(body, name, value)
    return bytes(message.SerializeToString())


def snapshot(last: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]], symbol: str = "BTCUSDT") -> bytes:
    """A REST snapshot as the decoder takes it."""
    body = json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks, "timestamp": 1_791_556_844_200})
    return f"snapshot {symbol}\n{body}".encode()

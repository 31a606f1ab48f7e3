"""Samples are taken from a venue as its messages come, and its codec reads them again."""

from __future__ import annotations

import json
from pathlib import Path

from examples.venue.lantern import VENUE
from mm.exchanges.venue import Kind
from mm.live.capture import main
from mm.simulator.world import launch

NOW = 1_700_000_000_000_000_000


def test_public_messages_and_replies_are_written_as_they_come(tmp_path: Path) -> None:
    world = launch(tmp_path / "state", venues=("examples.venue.lantern.simulated",), idle_seconds=30)
    out = tmp_path / "public.jsonl"
    try:
        where = ["--rest-url", world.rest_url, "--ws-url", world.ws_url, "--seconds", "1.5", "--out", str(out)]
        assert main(["--venue", "lantern", "--package", "examples.venue.lantern", "--symbol", "BTC/USD", *where]) == 0
    finally:
        world.control("stop", {})
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    codec = VENUE.codec(symbols=("BTC/USD",))
    asked = {row["request"] for row in rows if "request" in row}
    assert {"GET /instruments", "GET /book?symbol=BTC-USD"} <= asked
    (instruments,) = [row for row in rows if row.get("request") == "GET /instruments"]
    assert codec.decode_reply("instruments", 200, instruments["text"].encode(), NOW).ok
    kinds = {codec.decode_frame(row["text"].encode(), NOW).kind for row in rows if "channel" in row}
    assert {Kind.BOOK, Kind.SUBSCRIBED, Kind.STATUS} <= kinds
    assert Kind.MALFORMED not in kinds
    assert world.api_secret not in out.read_text()


def test_an_unknown_venue_is_refused(tmp_path: Path) -> None:
    assert main(["--venue", "acme", "--symbol", "BTC/USD", "--out", str(tmp_path / "none.jsonl")]) == 2

"""Whatever arrives, decoding returns a value, its events can be recorded, and its error is one line of text."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mm._core.events import pack, unpack
from mm.exchanges.kraken.rest_requests import QUERIES
from mm.exchanges.venue import Decoded, Kind
from tests.cases import cases
from tests.exchanges.kraken.commands import amend, cancel, place
from tests.exchanges.kraken.samples import NOW, codec, frame, names

FRAMES = [frame(name) for folder in ("ws_public", "ws_private", "ws_trading", "ws_errors") for name in names(folder)]
BODIES = [frame(name) for folder in ("rest_private", "rest_public", "rest_errors") for name in names(folder)]
KINDS = [*sorted(QUERIES), "place", "amend", "cancel", "cancel_after", "cancel_all", "place_batch", "cancel_batch"]

BAD_NUMBERS: list[Any] = [0, -1, 7, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, "1e9", "NaN", "-5"]
BAD_TEXTS: list[Any] = ["", "x", "\ud800", "\0", "a" * 100_000, "BTC/USD", "2024-01-01T00:00:00Z", "trade", "snapshot"]
ODD = [*BAD_NUMBERS, *BAD_TEXTS, None, True, [], {}, [[]], [None], {"a": 1}, {"symbol": "BTC/USD"}]


def check(decoded: Decoded) -> None:
    assert type(decoded) is Decoded
    for event in decoded.events:
        assert unpack(pack(event)) == event
    assert len(decoded.error) < 2_000
    assert decoded.error.isprintable()
    if decoded.kind is Kind.MALFORMED:
        assert not decoded.ok
        assert decoded.error
    if not decoded.ok:
        machine = codec()
        for command in (place(), amend(), cancel()):
            for event in machine.response_events(command, decoded, NOW):
                assert unpack(pack(event)) == event
    repr(decoded)


def both(payload: bytes) -> None:
    machine = codec()
    check(machine.decode_frame(payload, NOW))
    for kind in KINDS:
        check(machine.decode_reply(kind, 200, payload, NOW))


def mutate(value: Any, chance: random.Random) -> Any:
    """Change one place of a JSON value: another value, a missing member, a new one, a repeated row."""
    if isinstance(value, dict) and value and chance.random() < 0.95:
        # Mostly deep inside: what is wrong at the top is found out soon.
        inner = [each for each in ("data", "result", "pairs", "open", "trades", "closed") if each in value]
        key = chance.choice(inner if inner and chance.random() < 0.8 else list(value))
        act = chance.random()
        if act < 0.1:
            return {each: value[each] for each in value if each != key}
        if act < 0.15:
            return {**value, chance.choice(["new", key + "x", ""]): chance.choice(ODD)}
        return {**value, key: mutate(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.95:
        index = chance.randrange(len(value))
        if chance.random() < 0.1:
            return [*value, value[index]]
        return [*value[:index], mutate(value[index], chance), *value[index + 1 :]]
    return chance.choice(ODD)


@cases(150)
@given(st.sampled_from(FRAMES), st.integers(0, 2**32), st.integers(1, 3))
def test_changed_frames(payload: bytes, seed: int, times: int) -> None:
    chance = random.Random(seed)
    value = json.loads(payload)
    for _ in range(times):
        value = mutate(value, chance)
    check(codec().decode_frame(json.dumps(value).encode(), NOW))


@cases(150)
@given(st.sampled_from(BODIES), st.sampled_from(KINDS), st.integers(0, 2**32))
def test_changed_bodies(payload: bytes, kind: str, seed: int) -> None:
    value = mutate(json.loads(payload), random.Random(seed))
    check(codec().decode_reply(kind, 200, json.dumps(value).encode(), NOW))


@cases(150)
@given(st.sampled_from(FRAMES), st.data())
def test_cut_and_flipped_bytes(payload: bytes, data: st.DataObject) -> None:
    if data.draw(st.booleans()):
        payload = payload[: data.draw(st.integers(0, len(payload)))]
    else:
        index = data.draw(st.integers(0, len(payload) - 1))
        payload = payload[:index] + data.draw(st.binary(min_size=1, max_size=3)) + payload[index + 1 :]
    check(codec().decode_frame(payload, NOW))


@cases(150)
@given(st.binary(max_size=200))
@example(b"CloudFlare WebSocket proxy restarting")
@example(b"\xef\xbb\xbf{}")
@example("{}".encode("utf-16"))
def test_any_bytes(payload: bytes) -> None:
    both(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"channel":"executions","type":"update","sequence":1,"data":[' + b"[" * 5_000 + b"]" * 5_000 + b"]}",
        b"1" * 10_000,
        b'{"method":"add_order","req_id":' + b"9" * 5_000 + b"}",
        b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","price":1' + b"0" * 5_000 + b".0}]}",
        b'{"channel":"balances","type":"snapshot","sequence":1,"data":[{"asset":"X","balance":1e999999999}]}',
        b'{"channel":"instrument","type":"snapshot","data":{"pairs":[{"symbol":"A/B","cost_min":1e999999999}]}}',
        b'{"method":NaN}',
        b'{"channel":Infinity}',
        b'{"channel":["book"]}',
        b'{"channel":"\\ud800"}',
        b'{"method":"\\u0000","req_id":1}',
        b'{"error":["' + b"x" * 50_000 + b'\\ud800"]}',
        b'{"method":"add_order","success":false,"error":"' + b"x" * 50_000 + b'\\n\\ud800"}',
        b'{"channel":"book"',
        b"null",
        b'""',
        b"",
    ],
    ids=range(19),
)
def test_hostile_payload(payload: bytes) -> None:
    both(payload)


def test_every_sample_in_every_role() -> None:
    for payload in FRAMES + BODIES:
        both(payload)

"""Whatever arrives, decoding returns a value, its events can be recorded, and its error is one line of text."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mm._core.events import pack, unpack
from mm.exchanges.mexc_spot.rest_requests import QUERIES
from mm.exchanges.venue import Decoded, Kind
from tests.cases import cases
from tests.core.test_mexc_push import frames
from tests.exchanges.kraken.test_fuzz import mutate
from tests.exchanges.mexc_spot.samples import NOW, PUSHES, REST, cancel, codec, document, place, sample

FRAMES = [sample(name) for name in PUSHES]
TEXTS = [
    frame["text"].encode() for each in document("ws_control") for frame in each["frames"] if frame["from"] == "server"
]
BODIES = [orjson.dumps(each["response"]["body"]) for each in REST.values()]
KINDS = [*sorted(QUERIES), "place", "cancel", "cancel_all", "place_batch", "no such kind"]


def check(decoded: Decoded) -> None:
    assert type(decoded) is Decoded
    for event in decoded.events:
        assert unpack(pack(event)) == event
    assert len(decoded.error) < 2_000
    assert decoded.error.isprintable()
    if decoded.kind is Kind.MALFORMED:
        assert not decoded.ok
        assert decoded.error
    machine = codec()
    for event in (*machine.response_events(place(), decoded, NOW), *machine.response_events(cancel(), decoded, NOW)):
        assert unpack(pack(event)) == event
    for event in machine.batch_events([place(), place(client_id="mm1Q2")], decoded, NOW):
        assert unpack(pack(event)) == event
    repr(decoded)


def both(payload: bytes) -> None:
    machine = codec()
    check(machine.decode_frame(payload, NOW))
    for kind in KINDS:
        for status in (200, 400):
            check(machine.decode_reply(kind, status, payload, NOW))


@cases(150)
@given(st.one_of(frames(), st.sampled_from(FRAMES)), st.data())
def test_changed_pushes(payload: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, max(0, len(payload) - 1)))
    payload = payload[:index] + data.draw(st.binary(max_size=3)) + payload[index + data.draw(st.integers(0, 3)) :]
    check(codec().decode_frame(payload, NOW))


@cases(150)
@given(frames())
def test_pushes_with_odd_values(payload: bytes) -> None:
    check(codec().decode_frame(payload, NOW))


@cases(150)
@given(st.sampled_from(BODIES), st.sampled_from(KINDS), st.integers(0, 2**32), st.sampled_from([200, 400, 429]))
def test_changed_bodies(payload: bytes, kind: str, seed: int, status: int) -> None:
    value: Any = mutate(orjson.loads(payload), random.Random(seed))
    try:
        changed = orjson.dumps(value)
    except (TypeError, ValueError):
        import json

        changed = json.dumps(value).encode("utf-8", "replace")
    check(codec().decode_reply(kind, status, changed, NOW))


@cases(150)
@given(st.binary(max_size=200))
@example(b"Invalid listen key")
@example(b"\xef\xbb\xbf{}")
def test_any_bytes(payload: bytes) -> None:
    both(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"msg":' * 100_000,
        b"1" * 10_000,
        b'{"id":' + b"9" * 5_000 + b',"code":0,"msg":"x"}',
        b'{"id":1,"code":0,"msg":"' + b"x" * 50_000 + b'\\ud800"}',
        b'{"code":' + b"9" * 30 + b',"msg":"x"}',
        b'{"code":true,"msg":"x"}',
        b'{"code":1.5}',
        b'{"lastUpdateId":' + b"9" * 40 + b"}",
        b'[{"symbol":"BTCUSDT","orderId":1,"status":"NEW","side":"BUY","price":"1e999999999","origQty":"1"}]',
        b'{"balances":[{"asset":"X","free":"1e999999999","locked":"0.' + b"0" * 5_000 + b'1"}]}',
        b'{"symbols":[{"symbol":"AB","baseAsset":"A","quoteAsset":"B","quotePrecision":99}]}',
        b'{"data":{"makerCommission":1e-30,"takerCommission":-1},"code":0}',
        b'{"listenKey":"a?b=c"}',
        b'{"serverTime":-1}',
        b"null",
        b'""',
        b"",
    ],
    ids=range(18),
)
def test_hostile_payload(payload: bytes) -> None:
    both(payload)


def test_every_sample_in_every_role() -> None:
    for payload in FRAMES + TEXTS + BODIES:
        both(payload)

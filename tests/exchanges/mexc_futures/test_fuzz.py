"""Whatever arrives, decoding returns a value, its events can be recorded, and its error is one line of text."""

from __future__ import annotations

import json
import random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Book, MexcFuturesBookDecoder, mexc_futures_depth_span
from mm._core.events import BookFrame, Cancel, pack, unpack
from mm.exchanges.mexc_futures.rest_requests import QUERIES
from mm.exchanges.venue import Decoded, Kind
from tests.cases import cases
from tests.exchanges.kraken.test_fuzz import mutate
from tests.exchanges.mexc_futures.samples import NOW, PRIVATE, PUBLIC, REST, codec, frames
from tests.exchanges.mexc_futures.test_requests import place

FRAMES = [payload for name in (*PRIVATE, *PUBLIC) for payload in frames(name)]
BODIES = [orjson.dumps(each["response"]["body"]) for each in REST.values()]
KINDS = [*sorted(QUERIES), "place", "cancel", "cancel_all", "place_batch", "cancel_batch", "change", "no such kind"]
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")


def check(decoded: Decoded) -> None:
    assert type(decoded) is Decoded
    for event in decoded.events:
        assert unpack(pack(event)) == event
        if type(event) is BookFrame:
            decoder = MexcFuturesBookDecoder()
            decoder.add("BTC_USDT", Book(10, 1, 0))
            decoder.apply(event.payload)
            mexc_futures_depth_span(event.payload)
    assert len(decoded.error) < 2_000
    assert decoded.error.isprintable()
    if decoded.kind is Kind.MALFORMED:
        assert not decoded.ok
        assert decoded.error
    machine = codec()
    cancel = Cancel(NOW, "mexc_futures", SYMBOLS[0], "a", "7", "")
    for event in (*machine.response_events(place(), decoded, NOW), *machine.response_events(cancel, decoded, NOW)):
        assert unpack(pack(event)) == event
    for event in machine.batch_events([place(), place(client_id="mm1Q2")], decoded, NOW):
        assert unpack(pack(event)) == event
    repr(decoded)


def both(payload: bytes) -> None:
    machine = codec(symbols=SYMBOLS)
    check(machine.decode_frame(payload, NOW))
    for kind in KINDS:
        for status in (200, 400):
            check(machine.decode_reply(kind, status, payload, NOW))


def mutated(payload: bytes, seed: int) -> bytes:
    value: Any = mutate(orjson.loads(payload), random.Random(seed))
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return json.dumps(value).encode("utf-8", "replace")


@cases(150)
@given(st.sampled_from(FRAMES), st.integers(0, 2**32))
def test_changed_pushes(payload: bytes, seed: int) -> None:
    check(codec(symbols=SYMBOLS).decode_frame(mutated(payload, seed), NOW))


@cases(150)
@given(st.sampled_from(FRAMES), st.data())
def test_damaged_pushes(payload: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(payload) - 1))
    payload = payload[:index] + data.draw(st.binary(max_size=3)) + payload[index + data.draw(st.integers(0, 3)) :]
    check(codec().decode_frame(payload, NOW))


@cases(150)
@given(st.sampled_from(BODIES), st.sampled_from(KINDS), st.integers(0, 2**32), st.sampled_from([200, 400, 429]))
def test_changed_bodies(payload: bytes, kind: str, seed: int, status: int) -> None:
    check(codec(symbols=SYMBOLS).decode_reply(kind, status, mutated(payload, seed), NOW))


@cases(150)
@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    both(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"data":' * 100_000,
        b"1" * 10_000,
        b'{"channel":"push.personal.order","data":{"orderId":' + b"9" * 5_000 + b"}}",
        b'{"channel":"' + b"x" * 50_000 + b'\\ud800"}',
        b'{"success":true,"code":' + b"9" * 30 + b"}",
        b'{"success":true,"code":true}',
        b'{"success":true,"code":0,"data":1.5}',
        b'{"success":true,"code":0,"data":-1}',
        b'{"success":true,"code":0,"data":{"resultList":7}}',
        b'{"success":true,"code":0,"data":[[]]}',
        b'{"success":true,"data":[{"version":' + b"9" * 40 + b"}]}",
        b'{"success":true,"data":[{"currency":"X","availableBalance":1e999999999}]}',
        b'{"success":true,"data":[{"currency":"X","availableBalance":0.' + b"0" * 5_000 + b"1}]}",
        b'{"success":true,"data":{"symbol":"A_B","priceUnit":1e-40,"contractSize":1e40,"priceScale":1,"volScale":1}}',
        b'{"success":true,"data":{"symbol":"BTC_USDT","fundingRate":1e30,"collectCycle":9223372036854775807}}',
        b'{"success":true,"data":{"realMakerFee":1e-30,"realTakerFee":1e30}}',
        b'{"success":true,"data":[{"positionType":1,"leverage":1e40}]}',
        b'{"success":false,"code":-7,"message":{"a":1}}',
        b'{"channel":"push.ticker","symbol":"BTC_USDT","data":{"fairPrice":-1,"bid1":"x"}}',
        b'{"channel":"push.depth","push":"\\"push.depth\\""}',
        b"null",
        b'""',
        b"",
    ],
    ids=range(24),
)
def test_hostile_payload(payload: bytes) -> None:
    both(payload)


def test_every_sample_in_every_role() -> None:
    for payload in FRAMES + BODIES:
        both(payload)

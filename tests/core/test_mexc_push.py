"""`mexc_push` against `protobuf` itself, on every recorded frame, on generated ones and on damaged ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import mexc_depth_span, mexc_push
from tests.cases import cases
from tests.core.mexc_frames import EDGES, PUSHES, sample
from tests.reference import mexc_proto

TEXTS = st.one_of(st.sampled_from(["0", "0.00000000", "93220.00", "BTCUSDT", "€"]), st.text(max_size=6))
INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)


def messages(name: str) -> st.SearchStrategy[Any]:
    """Messages of a type, each field there or not."""
    kind = mexc_proto.classes()[name]

    def value(field: Any) -> st.SearchStrategy[Any]:
        if field.message_type is not None:
            inner = messages(field.message_type.name)
            return st.lists(inner, max_size=3) if field.is_repeated else inner
        return {9: TEXTS, 3: INT64, 5: INT32, 8: st.booleans()}[field.type]

    return st.fixed_dictionaries({}, optional={field.name: value(field) for field in kind.DESCRIPTOR.fields}).map(
        lambda values: kind(**values)
    )


def frames() -> st.SearchStrategy[bytes]:
    """Whole frames with one body or none."""
    kind = mexc_proto.classes()[mexc_proto.WRAPPER]
    bodies = [field for field in kind.DESCRIPTOR.fields if field.number > 300]

    def build(body: tuple[str, Any] | None, channel: str, symbol: str, created: int, sent: int) -> bytes:
        chosen = {body[0]: body[1]} if body else {}
        message = kind(channel=channel, symbol=symbol, createTime=created, sendTime=sent, **chosen)
        return bytes(message.SerializeToString())

    body = st.one_of(
        st.none(), *(st.tuples(st.just(field.name), messages(field.message_type.name)) for field in bodies)
    )
    return st.builds(build, body, TEXTS, TEXTS, INT64, INT64)


@pytest.mark.parametrize("name", PUSHES)
def test_a_recorded_frame_decodes_to_its_written_out_form(name: str) -> None:
    frame, expected = sample(name), PUSHES[name]["decoded"]
    decoded = mexc_push(frame)
    assert not isinstance(decoded, str)
    assert decoded == mexc_proto.decode(frame)
    channel, symbol, created_ms, sent_ms, number, body = decoded
    assert (channel, symbol) == (expected["channel"], expected.get("symbol", ""))
    assert (created_ms, sent_ms) == (expected.get("createTime", 0), expected.get("sendTime", 0))
    assert number == PUSHES[name]["bodyFieldNumber"]
    schema = mexc_proto.wrapper().DESCRIPTOR.fields_by_number[number]
    assert body == _expected(schema.message_type, expected[PUSHES[name]["body"]])


def _expected(schema: Any, values: dict[str, Any]) -> tuple[Any, ...]:
    row: list[Any] = []
    for field in sorted(schema.fields, key=lambda field: field.number):
        value = values.get(field.name, [] if field.is_repeated else field.default_value)
        row.append([_expected(field.message_type, each) for each in value] if field.is_repeated else value)
    return tuple(row)


def test_a_cut_frame_is_a_text_that_names_the_place() -> None:
    assert mexc_push(sample("bad_truncated")) == "body: expected as many bytes as the length says at byte 68"


def test_an_unknown_body_is_skipped() -> None:
    expected = EDGES["unknown_body"]["expect"]
    decoded = mexc_push(sample("unknown_body"))
    assert decoded == (expected["channel"], expected["symbol"], 0, expected["sendTime"], 0, None)


def test_the_order_of_fields_does_not_matter() -> None:
    assert mexc_push(sample("reordered_fields")) == mexc_push(sample("aggre_deals"))


@cases(150)
@given(frames())
def test_what_protobuf_writes_is_read_alike(frame: bytes) -> None:
    assert mexc_push(frame) == mexc_proto.decode(frame)


@cases(150)
@given(frames(), st.lists(st.tuples(st.integers(400, 2**29 - 1), st.binary(max_size=9)), max_size=3))
def test_fields_of_the_future_are_skipped(frame: bytes, extra: list[tuple[int, bytes]]) -> None:
    longer = frame
    for number, content in extra:
        longer = _varint(number << 3 | 2) + _varint(len(content)) + content + longer + _varint(number << 3) + b"\x07"
    assert mexc_push(longer) == mexc_push(frame)


@cases(150)
@given(st.one_of(frames(), st.sampled_from([sample(name) for name in PUSHES])), st.data())
def test_damage_is_refused_wherever_protobuf_refuses_it(frame: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, max(0, len(frame) - 1)))
    damaged = frame[:at] + data.draw(st.binary(max_size=3)) + frame[at + data.draw(st.integers(0, 4)) :]
    ours, theirs = mexc_push(damaged), mexc_proto.decode(damaged)
    mexc_depth_span(damaged)
    if isinstance(ours, str):
        # Ours is stricter in one thing: a frame has one body.
        assert theirs is None or "one body only" in ours
    else:
        assert ours == theirs


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value(payload: bytes) -> None:
    assert isinstance(mexc_push(payload), str | tuple)
    assert mexc_depth_span(payload) is None or payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)

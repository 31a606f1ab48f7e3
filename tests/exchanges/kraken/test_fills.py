"""The reader of usual fills says what the reader of every form says, or nothing: over samples, written and damaged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mm._core.events import Fill
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.venue import Kind
from tests.cases import cases
from tests.exchanges.json_places import places
from tests.exchanges.kraken.samples import NOW, codec, frame, names

SAMPLES = [frame(name) for name in names("ws_private")]
ROW = {
    "timestamp": '"2026-01-22T06:06:19.833306Z"',
    "order_status": '"partially_filled"',
    "cl_ord_id": '"mm-1"',
    "exec_id": '"TGBB7L-HT5LX-J3BZ4A"',
    "exec_type": '"trade"',
    "trade_id": "365573",
    "symbol": '"BTC/USD"',
    "side": '"sell"',
    "last_qty": "0.005",
    "last_price": "26599.9",
    "liquidity_ind": '"m"',
    "cost": "133.0",
    "order_type": '"limit"',
    "fees": '[{"asset":"USD","qty":0.3458}]',
    "cum_qty": "0.00500000",
    "order_id": '"OK4GJX-KSTLS-7DZZO5"',
}
VALUES = {
    "timestamp": [
        '"2026-01-22T06:06:60.833306Z"',
        '"2026-02-30T06:06:19.833306Z"',
        '"1969-12-31T23:59:59.000000Z"',
        '"2026-01-22T06:06:19Z"',
        '"2026-01-22t06:07:00.000000Z"',
        '""',
        "null",
        "5",
    ],
    "order_status": ['"filled"', '""', '"\u00e9"', "null", "1"],
    "cl_ord_id": ['""', '"mm-2"', "null", '"a\\u0062"', '"' + "x" * 201 + '"'],
    "exec_id": ['""', '"T2"', "7", "null"],
    "exec_type": ['"trade"', '"filled"', '"amended"', '"canceled"', '"new"', "null"],
    "symbol": ['"ETH/USD"', '"ADX/USD"', '"NONE/USD"', '""', "null"],
    "side": ['"buy"', '"Buy"', "1"],
    "last_qty": ["0", "1", "0.00000001", "0.000000001", "9999999999999", '"0.5"', "1e-3", "-1", "01", "1.", ".5"],
    "last_price": ["26599.90", "26599.95", "0.0", "1", "1E5", "null"],
    "liquidity_ind": ['"t"', '""', "null", "true"],
    "fees": [
        "[]",
        '[{"asset":"EUR","qty":1}]',
        '[{"asset":"","qty":1}]',
        '[{"qty":0.1,"asset":"USD"}]',
        "null",
        "{}",
        '[{"asset":"USD","qty":0.1},{"asset":"USD","qty":0.2}]',
        '[{"asset":"USD","qty":-0.1}]',
        '[{"asset":"USD"}]',
        '[{"asset":"USD","qty":0.1,"x":1}]',
        '[{"asset":"USD","qty":0.0000000000001}]',
    ],
    "cum_qty": ["0", "1.5", "null", '"1"', "3e2"],
    "order_id": ['""', '"O2"', "null", "12"],
    "trade_id": ["-1", "1e9", "true", "false", "null", "{}", "[]", '"x"', "00"],
}


def message(*rows: dict[str, str], sequence: object = 7) -> bytes:
    written = ",".join("{" + ",".join(f'"{key}":{value}' for key, value in row.items()) + "}" for row in rows)
    return f'{{"channel":"executions","type":"update","data":[{written}],"sequence":{sequence}}}'.encode()


def memory(machine: KrakenCodec) -> list[str]:
    return sorted(f"{name} {known!r}" for name, known in machine._known.by_venue.items())


def compare(*payloads: bytes) -> int:
    """Give messages to both readers; returns how many the quick one read."""
    quick, slow = codec(), codec()
    read = 0
    for payload in payloads:
        taken = quick.fills.read(NOW, payload)
        decoded = slow.decode_frame(payload, NOW)
        if taken is None:
            # Nothing was remembered: the other reader begins where this one did.
            quick.decode_frame(payload, NOW)
        else:
            read += 1
            events, sequence = taken
            assert decoded.kind is Kind.DATA
            assert tuple(events) == decoded.events
            assert sequence == decoded.sequence
            assert not decoded.snapshot
            assert all(type(event) is Fill for event in events)
        assert memory(quick) == memory(slow)
    return read


def test_usual_fill_is_read() -> None:
    assert compare(message(ROW)) == 1
    assert compare(message(ROW, {**ROW, "exec_id": '"T2"', "symbol": '"ETH/USD"', "last_price": "3000.25"})) == 1
    recorded = [payload for payload in SAMPLES if codec().fills.read(NOW, payload) is not None]
    assert recorded, "no recorded message is in the usual form"


@pytest.mark.parametrize("payload", SAMPLES)
def test_samples_give_the_same_events(payload: bytes) -> None:
    compare(payload, payload)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, str]:
    row: dict[str, str] = dict(ROW)
    for key in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=2)):
        row[key] = draw(st.sampled_from(VALUES[key]))
    for key in draw(st.lists(st.sampled_from(sorted(ROW)), max_size=1)):
        del row[key]
    if draw(st.booleans()):
        row = {key: row[key] for key in draw(st.permutations(sorted(row)))}
    return row


@cases(150)
@given(st.lists(st.lists(rows(), min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_written_messages_give_the_same_events(messages: list[list[dict[str, str]]], data: st.DataObject) -> None:
    sequences: st.SearchStrategy[Any] = st.sampled_from([7, 0, 2**63 - 1, 2**63, "1.0", "-1", '"7"', 10**18, "07"])
    compare(*(message(*each, sequence=data.draw(sequences) if data.draw(st.booleans()) else 7) for each in messages))


@cases(150)
@given(
    st.sampled_from([message(ROW), message(ROW, ROW), *SAMPLES]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(min_size=1, max_size=3)), min_size=1, max_size=3),
)
@example(message(ROW), [(0.0, 0, b"")])
@example(message({**ROW, '","exec_id":"x","': "1"}), [(0.0, 0, b"")])
def test_damaged_messages_give_the_same_events(payload: bytes, wounds: list[tuple[float, int, bytes]]) -> None:
    for at, cut, patch in wounds:
        place = int(at * len(payload))
        payload = payload[:place] + patch + payload[place + cut :]
    compare(payload)


@pytest.mark.parametrize("key", ["", *ROW])
def test_a_row_without_a_name_twice_is_read_and_one_with_it_is_left_to_the_other_reader(key: str) -> None:
    usual = message(ROW, ROW)
    for place in places(usual):
        if place.member >= 0 and place.path.endswith(f'/"{key}"'):
            twice = place.twice(usual)
            # Once more as the last, where another name was in the row before.
            last = usual.replace(b"},{", b"," + usual[place.member : place.end] + b"},{")
            assert compare(usual, twice, usual, last, usual) == 3
            assert codec().decode_frame(twice, NOW).kind is Kind.MALFORMED
    assert compare(usual, usual) == 2


LONG = "a_name_of_more_than_sixteen"


@cases(150)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(list(ROW)), st.permutations(sorted(ROW))),
            st.lists(st.tuples(st.integers(0, len(ROW)), st.sampled_from([*ROW, "new", LONG])), max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
@example([(list(ROW), []), ([*list(ROW)[:3], *list(ROW)[5:]], [(0, "fees")]), (list(ROW), [(0, "fees")])])
def test_names_in_any_place_and_twice_give_the_same_events(rows: list[tuple[list[str], list[tuple[int, str]]]]) -> None:
    payloads, whole = [], 0
    for names_of, more in rows:
        keys = list(names_of)
        for place, key in more:
            keys.insert(place, key)
        written = ",".join(f'"{key}":{ROW.get(key, 1)}' for key in keys)
        payloads.append(message({}).replace(b"[{}]", f"[{{{written}}}]".encode()))
        whole += len(set(keys)) == len(keys) and set(ROW) <= set(keys)
    assert compare(*payloads) >= whole


def test_fill_is_taken_past_the_session_only_when_it_follows_the_one_before() -> None:
    fills = codec().fills
    assert fills.take(NOW, message(ROW, sequence=1)) is None
    fills.is_up = True
    assert fills.take(NOW, message(ROW, sequence=1)) is None
    fills.sequence = 4
    for number in (3, 4, 6):
        assert fills.take(NOW, message(ROW, sequence=number)) is None
    (fill,) = fills.take(NOW, message(ROW, sequence=5)) or ()
    assert (fills.sequence, fills.last_fill_ns) == (5, fill.venue_ns)
    assert fill.venue_ns > 0

"""E1-E3: making, packing and unpacking an event. Every event passes the recorder before anything else happens to it."""

from __future__ import annotations

from benches.baselines import records
from benches.batch import batch, each, each_of
from benches.gate import latencies, p99_under_1ms
from mm._core.events import Fill, pack, unpack

VALUES = [
    (
        1_700_000_000_000_000_000 + number, 1_700_000_000_000_000_000, "kraken", f"O-20261122-{number:08d}",
        f"OV{number:04d}-XYZAB-QRSTUV", "BTC/USD", 1, f"T{number:05d}-ABCDE-FGHIJK", 640_001, 50_000_000, 50_000_000,
        "m", 10**10, "USD",
    )
    for number in range(5_000)
]  # fmt: skip
OURS = [Fill(*values) for values in VALUES]
PYTHON = [records.Fill(*values) for values in VALUES]


def test_e1_ours(benchmark):
    batch(benchmark, "E1", len(VALUES), lambda: (Fill, VALUES), each_of)
    p99_under_1ms(benchmark, latencies(lambda values: Fill(*values), VALUES))


def test_e1_tuned(benchmark):
    batch(benchmark, "E1", len(VALUES), lambda: (records.Fill, VALUES), each_of)


def test_e2_ours(benchmark):
    batch(benchmark, "E2", len(OURS), lambda: (pack, OURS), each)
    p99_under_1ms(benchmark, latencies(pack, OURS))


def test_e2_tuned(benchmark):
    batch(benchmark, "E2", len(PYTHON), lambda: (records.tuned_pack, PYTHON), each)


def test_e2_plain(benchmark):
    batch(benchmark, "E2", len(PYTHON), lambda: (records.plain_pack, PYTHON), each)


def test_e3_ours(benchmark):
    packed = [pack(fill) for fill in OURS]
    batch(benchmark, "E3", len(packed), lambda: (unpack, packed), each)
    p99_under_1ms(benchmark, latencies(unpack, packed))


def test_e3_tuned(benchmark):
    packed = [records.tuned_pack(fill) for fill in PYTHON]
    batch(benchmark, "E3", len(packed), lambda: (records.tuned_unpack, packed), each)


def test_e3_plain(benchmark):
    packed = [records.plain_pack(fill) for fill in PYTHON]
    batch(benchmark, "E3", len(packed), lambda: (records.plain_unpack, packed), each)


def test_all_records_come_back():
    for ours, python in zip(OURS[:100], PYTHON, strict=False):
        assert unpack(pack(ours)) == ours
        assert records.tuned_unpack(records.tuned_pack(python)) == python
        assert records.plain_unpack(records.plain_pack(python)) == python

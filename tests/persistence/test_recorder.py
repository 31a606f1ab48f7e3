"""The recording: what goes in comes out in order, cut tails are noticed, damage is refused, commands are never late."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import BookFrame, Cancel, Event, Fill, Place, Start, Timer, pack
from mm.persistence.recorder import (
    BUFFER_BYTES_MAX,
    FileRecorder,
    MemoryRecorder,
    NullRecorder,
    RecorderError,
)
from mm.persistence.recording import Recording, RecordingError, read


def place(number: int) -> Place:
    return Place(
        number, "kraken", "BTC/USD", f"id{number}", "btc", "quote", 0, 1, 600_000, 100, "limit", "gtc", True, False, ""
    )


EVENTS: list[Event] = [
    Start(1, 7, 3, b"config"),
    BookFrame(2, "kraken", b'{"channel":"book"}'),
    place(3),
    Fill(4, 5, "kraken", "id3", "V", "BTC/USD", 1, "T1", 600_000, 40, 40, "m", 10**25, "USD"),
    Cancel(6, "kraken", "BTC/USD", "id3", "V", "stop"),
    Timer(7),
]


KILLED = """
import os, signal
from pathlib import Path
from mm._core.events import BookFrame, Place
from mm.persistence.recorder import FileRecorder
recorder = FileRecorder(Path("a"), build="", created_ns=0)
for n in range(100):
    recorder.record(BookFrame(n, "kraken", b"x"))
    order = ("BTC/USD", f"id{n}", "btc", "quote", 0, 1, 600_000, 100, "limit", "gtc", True, False, "")
    recorder.record(Place(n, "kraken", *order))
os.kill(os.getpid(), signal.SIGKILL)
"""


def record_all(recorder: FileRecorder, events: list[Event]) -> None:
    for event in events:
        recorder.record(event)


def written(path: Path, events: list[Event]) -> Path:
    recorder = FileRecorder(path, build="test 1", created_ns=99)
    record_all(recorder, events)
    recorder.close()
    return path


def test_what_goes_in_comes_out_in_order(tmp_path: Path) -> None:
    recording = Recording(written(tmp_path / "a", EVENTS))
    assert list(recording) == EVENTS
    assert (recording.build, recording.created_ns, recording.torn_bytes) == ("test 1", 99, 0)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    assert written(tmp_path / "a", []).stat().st_mode & 0o777 == 0o600


def test_a_file_cut_anywhere_gives_every_whole_record(tmp_path: Path) -> None:
    data = written(tmp_path / "a", EVENTS).read_bytes()
    header = len(written(tmp_path / "empty", []).read_bytes())
    for size in range(header, len(data) + 1):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:size])
        recording = Recording(cut)
        events = list(recording)
        assert events == EVENTS[: len(events)]
        whole = sum(len(memory) for memory in frames(EVENTS[: len(events)]))
        assert recording.torn_bytes == size - header - whole


def frames(events: list[Event]) -> list[bytes]:
    return [b"8 bytes." + pack(event) for event in events]


def test_a_header_that_is_cut_or_foreign_is_refused(tmp_path: Path) -> None:
    data = written(tmp_path / "a", []).read_bytes()
    for bad in (b"", data[:10], data[:-1], b"PK\x03\x04" + data, data[:-1] + b"\xff", data.replace(b"test", b"tess")):
        path = tmp_path / "bad"
        path.write_bytes(bad)
        with pytest.raises(RecordingError):
            Recording(path)
    path.write_bytes(data[:8] + b"\x63\x00" + data[10:])
    with pytest.raises(RecordingError, match="header is damaged"):
        Recording(path)


def test_a_flipped_bit_before_the_last_record_is_refused(tmp_path: Path) -> None:
    data = written(tmp_path / "a", EVENTS).read_bytes()
    header = len(written(tmp_path / "empty", []).read_bytes())
    last = len(frames(EVENTS[-1:])[0])
    path = tmp_path / "flipped"
    for index in range(header, len(data) - last):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[index] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(RecordingError, match="damaged at byte"):
                list(Recording(path))


def test_zeros_after_the_end_are_a_cut_tail(tmp_path: Path) -> None:
    path = written(tmp_path / "a", EVENTS)
    path.write_bytes(path.read_bytes() + bytes(4096))
    recording = Recording(path)
    assert list(recording) == EVENTS
    assert recording.torn_bytes == 4096


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    written(tmp_path / "a", EVENTS)
    with pytest.raises(RecorderError, match="File exists"):
        FileRecorder(tmp_path / "a", build="", created_ns=0)
    assert list(read(tmp_path / "a")) == EVENTS


def test_a_command_is_in_the_file_when_record_returns_and_market_data_before_it(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "a", build="", created_ns=0)
    frame = BookFrame(1, "kraken", b"x")
    recorder.record(frame)
    assert list(read(tmp_path / "a")) == []
    recorder.record(place(2))
    assert list(read(tmp_path / "a")) == [frame, place(2)]
    recorder.record(BookFrame(3, "kraken", bytes(BUFFER_BYTES_MAX)))
    assert len(list(read(tmp_path / "a"))) == 3
    recorder.close()


def test_a_killed_process_loses_no_command(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False)
    assert [event for event in read(tmp_path / "a") if type(event) is Place] == [place(n) for n in range(100)]


def test_a_full_disk_is_an_error_once_and_leaves_whole_records(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    recorder = FileRecorder(tmp_path / "a", build="", created_ns=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))
    try:
        with pytest.raises(RecorderError, match="cannot write the recording"):
            record_all(recorder, [place(number) for number in range(100)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert recorder.failed
    with pytest.raises(RecorderError, match="nothing more is taken"):
        recorder.record(place(1))
    recorder.close()
    events = list(read(tmp_path / "a"))
    assert events == [place(number) for number in range(len(events))]
    assert 0 < len(events) < 100


@pytest.mark.parametrize("size", [0, 5])
def test_a_write_that_is_interrupted_is_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A signal's handler may raise in the middle of it: a record after half a record could never be read."""
    recorder = FileRecorder(tmp_path / "a", build="", created_ns=0)
    recorder.record(place(0))
    whole = os.write

    def interrupted(file: int, data: bytes) -> int:
        whole(file, data[:size])
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recorder.record(place(1))
    monkeypatch.undo()
    with pytest.raises(RecorderError, match="nothing more is taken"):
        recorder.record(place(2))
    recorder.close()
    assert list(read(tmp_path / "a")) == [place(0)]


def test_a_folder_that_is_not_there_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="nowhere/a: No such file"):
        FileRecorder(tmp_path / "nowhere" / "a", build="", created_ns=0)


def test_the_hash_tells_order_and_content() -> None:
    def log_hash(events: list[Event]) -> str:
        recorder = MemoryRecorder()
        for event in events:
            recorder.record(event)
        return recorder.log_hash()

    assert log_hash(EVENTS) == log_hash(list(EVENTS))
    assert log_hash(EVENTS) != log_hash(EVENTS[::-1])
    assert log_hash(EVENTS) != log_hash(EVENTS[:-1])


def test_memory_keeps_events_when_asked() -> None:
    recorder = MemoryRecorder(keep=True)
    recorder.record(EVENTS[0])
    assert (recorder.events, recorder.records) == ([EVENTS[0]], 1)
    NullRecorder().record(EVENTS[0])


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_payloads_come_back(tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes]) -> None:
    events: list[Event] = [BookFrame(index, "kraken", payload) for index, payload in enumerate(payloads)]
    assert list(read(written(tmp_path_factory.mktemp("r") / "a", events))) == events

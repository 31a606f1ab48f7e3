"""The latch file: written before a step acts where the disk allows, and never in the way where it does not."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm._core import events as ev
from mm.conformance.stand import Stand
from mm.live.latches import WAIT_S, LatchFile
from mm.persistence.recorder import FileRecorder, RecorderError
from mm.persistence.state import StateFolder
from tests.conformance.venues import VENUES

LATCHES = [
    ev.Latched(1, "halt", "", True, "operator", "the news"),
    ev.Latched(2, "pause-side", "strategy=btc side=buy", True, "drawdown", ""),
]


def eventually(is_it: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_it():
        assert time.monotonic() < deadline, "not within twenty seconds"
        time.sleep(0.01)


def test_what_is_kept_is_read_by_the_next_start(tmp_path: Path) -> None:
    file = LatchFile(tmp_path)
    assert file.read(5) == []
    file.keep(LATCHES)
    eventually(lambda: LatchFile(tmp_path).read(5) == LATCHES)
    file.keep([])
    eventually(lambda: LatchFile(tmp_path).read(5) == [])
    assert (tmp_path / "latches").stat().st_mode & 0o777 == 0o600
    file.close()


def test_every_damaged_byte_is_a_halt(tmp_path: Path) -> None:
    file = LatchFile(tmp_path)
    file.keep(LATCHES)
    eventually(lambda: file.path.exists())
    whole = file.path.read_bytes()
    for place in range(len(whole) - 1):
        file.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        (found,) = file.read(7)
        assert (found.step, found.scope, found.is_on, found.recv_ns) == ("halt", "", True, 7)
        file.path.write_bytes(whole[:place])
        (found,) = file.read(7)
        assert found.step == "halt"
    file.close()


def test_a_file_that_cannot_be_read_is_a_halt(tmp_path: Path) -> None:
    (tmp_path / "latches").mkdir()
    (found,) = LatchFile(tmp_path).read(7)
    assert (found.step, found.cause) == ("halt", "latch file")


def test_a_disk_that_refuses_is_told_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    file = LatchFile(folder)
    assert not file.keep(LATCHES)
    eventually(lambda: "cannot be written" in file.problem)
    folder.mkdir()
    eventually(lambda: not file.problem)
    assert LatchFile(folder).read(5) == LATCHES
    file.close()


def test_nothing_is_written_into_the_folder_of_another_run(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    state = StateFolder(folder)
    file = LatchFile(folder, state.owns)
    assert file.keep([])
    shutil.rmtree(folder)
    other = StateFolder(folder)
    assert not file.keep(LATCHES)
    eventually(lambda: "another run's by now" in file.problem)
    assert LatchFile(folder, other.owns).read(5) == []
    # A copy that was put there, and that no other run has, is held and latched: the next start there begins with it.
    other.close()
    assert state.hold()
    eventually(lambda: not file.problem)
    assert LatchFile(folder).read(5) == LATCHES
    file.close()
    state.close()


def test_a_disk_that_hangs_holds_nothing_up_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lets_go = threading.Event()
    synced = os.fsync

    def hang(descriptor: int) -> None:
        lets_go.wait(60)
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", hang)
    file = LatchFile(tmp_path)
    assert not file.keep(LATCHES[:1])
    # The first word waits its bound, the others not at all: sixty of them take less than a wait each would.
    began = time.monotonic()
    for _ in range(60):
        assert not file.keep(LATCHES)
    assert time.monotonic() - began < 60 * WAIT_S / 2, "a disk that hangs holds the kill up"
    assert "is not on the disk yet" in file.problem
    lets_go.set()
    eventually(lambda: LatchFile(tmp_path).read(5) == LATCHES and not file.problem)
    file.close()


class OnDisk(Stand):
    """The bot on its stand with a recording in a file, and with its latch file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(next(venue for venue in VENUES if venue.face.name == "kraken"))

    def make_recorder(self) -> FileRecorder:
        self.file = FileRecorder(self.folder / f"{self.epoch}.mmr", build="", created_ns=1)
        return self.file

    def _bot(self, now_ns: int) -> Any:
        port = super()._bot(now_ns)
        latches = LatchFile(self.folder)
        self.driver.on_latch = lambda: latches.keep(self.engine.ladder.latches.values())
        self.driver.take(latches.read(now_ns))
        return port

    def fill_up(self) -> None:
        """The disk of the recording takes nothing more."""
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, self.file._file)
        os.close(full)


@pytest.mark.parametrize("fails_at", ["the step", "what follows it"])
def test_a_step_that_a_decision_latched_while_its_recording_failed_is_in_force_at_the_next_start(
    tmp_path: Path, fails_at: str
) -> None:
    stand = OnDisk(tmp_path)
    stand.ready()
    standing = stand.place(1, stand.price(-3))
    stand.live(standing)

    def latch(now_ns: int) -> None:
        if fails_at == "the step":
            stand.fill_up()
        stand.engine.ladder.latch(ev.Latched(now_ns, "halt", "", True, "drawdown", "lost enough"))
        stand.fill_up()
        stand.engine.emit(ev.Alert(now_ns, "error", "lost enough"))

    stand.desk.waiting.append(latch)
    with pytest.raises(RecorderError, match="No space left"):
        stand.driver.decide(stand.now_ns, stand.name)
    stand.kill()
    eventually(lambda: bool(LatchFile(tmp_path).read(1)))
    stand.restart()
    stand.until("the venue has nothing of ours", lambda: not stand.standing())
    stand.run(5)
    assert "halt by drawdown: lost enough" in stand.engine.market_gate(stand.now_ns, stand.market)

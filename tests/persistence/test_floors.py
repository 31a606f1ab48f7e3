"""Epochs and nonces only rise: over crashes, clock steps, and an older copy of the folder that was put back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mm.errors import ConfigError
from mm.persistence.floors import NONCE_BLOCK_NS, Floor, NonceFloor
from mm.persistence.state import EPOCH_MAX, StateFolder

NOW_S = 1_764_000_000
NOW_NS = NOW_S * 1_000_000_000
HOUR_NS = 3_600_000_000_000


def next_epoch(folder: Path, now_s: int, floor: int = 0) -> int:
    state = StateFolder(folder)
    try:
        return state.next_epoch(now_s, floor=floor)
    finally:
        state.close()


def floor(path: Path) -> Floor:
    return Floor(path, key="k", expected="a number", hint="")


class Key:
    """A link that draws nonces as it does, and dies or ends."""

    def __init__(self, folder: Path, now_ns: int) -> None:
        self.floor = NonceFloor(folder, "nonce-abc", now_ns)
        self.last = self.floor.start

    def draw(self, now_ns: int) -> int:
        self.last = max(self.last + 1, now_ns)
        self.floor.keep_ahead(self.last, now_ns)
        assert self.last <= self.floor.end, "used before it was on the disk"
        return self.last


def test_epochs_rise_when_the_clock_steps_back(tmp_path: Path) -> None:
    epochs = [next_epoch(tmp_path, now_s) for now_s in (NOW_S, NOW_S, NOW_S - 3600, 0, NOW_S + 3600, NOW_S)]
    assert epochs == sorted(set(epochs))
    assert epochs[0] == NOW_S


def test_epochs_rise_when_an_older_folder_is_put_back(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy"
    next_epoch(folder, NOW_S)
    shutil.copytree(folder, copy)
    used = [next_epoch(folder, NOW_S + 10 * number) for number in range(1, 5)]
    shutil.rmtree(folder)
    copy.rename(folder)
    assert next_epoch(folder, NOW_S + 50) > max(used)


def test_a_clock_that_stepped_back_over_an_older_folder_needs_the_floor_from_elsewhere(tmp_path: Path) -> None:
    """What the journal or a client id at the venue shows is the witness that the folder lacks."""
    assert next_epoch(tmp_path, NOW_S - 3600, floor=NOW_S + 40) == NOW_S + 41


def test_an_epoch_beyond_what_ids_can_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the clock is far off"):
        next_epoch(tmp_path, EPOCH_MAX + 1)
    assert not (tmp_path / "epoch").exists()


def test_every_damage_of_a_floor_is_told(tmp_path: Path) -> None:
    path = tmp_path / "floor"
    floor(path).write(NOW_S)
    data = path.read_bytes()
    for at in range(len(data) - 1):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            try:
                found = floor(path).read()
            except ConfigError:
                continue
            # The space became another blank, or nothing of the number changed.
            assert found == NOW_S, (at, bit)
    path.write_bytes(b"")
    with pytest.raises(ConfigError):
        floor(path).read()


def test_a_floor_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    (tmp_path / "floor").write_text("41")
    assert floor(tmp_path / "floor").read() == 41


def test_a_floor_is_synced_with_its_name_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    whole_sync, whole_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/dev/fd/{descriptor}") else "file")
        whole_sync(descriptor)

    def replace(*names: str, **folders: int) -> None:
        steps.append("rename")
        whole_replace(*names, **folders)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    floor(tmp_path / "floor").write(1)
    assert steps == ["file", "rename", "folder"]


def test_nonces_rise_over_crashes_and_clock_steps(tmp_path: Path) -> None:
    clocks = [NOW_NS, NOW_NS + 5, NOW_NS - HOUR_NS, NOW_NS, NOW_NS - 10 * HOUR_NS, NOW_NS + 30 * HOUR_NS, NOW_NS]
    drawn: list[int] = []
    for clock in clocks:
        key = Key(tmp_path, clock)  # The one before was killed: nothing was given back.
        drawn += [key.draw(clock + step) for step in (0, 0, 1_000, HOUR_NS // 3, -HOUR_NS, HOUR_NS, 2 * HOUR_NS)]
    assert drawn == sorted(set(drawn))


def test_nonces_rise_when_an_older_folder_is_put_back(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy"
    folder.mkdir()
    Key(folder, NOW_NS).draw(NOW_NS)
    shutil.copytree(folder, copy)
    last = Key(folder, NOW_NS + HOUR_NS).draw(NOW_NS + HOUR_NS)
    shutil.rmtree(folder)
    copy.rename(folder)
    # The older block ends below what was used since then; the clock is beyond it.
    later = max(last, NOW_NS + HOUR_NS) + 1
    assert Key(folder, later).draw(later) > last


def test_an_orderly_end_gives_the_block_back(tmp_path: Path) -> None:
    key = Key(tmp_path, NOW_NS)
    last = key.draw(NOW_NS + 7)
    key.floor.give_back(last)
    again = Key(tmp_path, NOW_NS + 8)
    assert again.floor.start == last
    assert again.draw(NOW_NS + 8) == NOW_NS + 8


def test_a_block_costs_one_sync_in_half_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = NonceFloor(tmp_path, "nonce-abc", NOW_NS)
    written: list[int] = []
    whole = Floor.write

    def write(self: Floor, number: int) -> None:
        written.append(number)
        whole(self, number)

    monkeypatch.setattr(Floor, "write", write)
    for second in range(3600):
        now_ns = NOW_NS + second * 1_000_000_000
        key.keep_ahead(now_ns, now_ns)
    assert len(written) == 1
    assert written[0] >= NOW_NS + 3599 * 1_000_000_000 + NONCE_BLOCK_NS // 2


def test_a_nonce_floor_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "nonce-abc.new").mkdir()
    with pytest.raises(ConfigError, match="is a directory"):
        NonceFloor(tmp_path, "nonce-abc", NOW_NS)


def test_no_nonce_is_written_into_the_folder_of_another_run(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = StateFolder(folder)
    mine = NonceFloor(folder, "nonce-abc", NOW_NS, owns=first.owns)
    mine.keep_ahead(NOW_NS + HOUR_NS, NOW_NS)
    shutil.rmtree(folder)
    second = StateFolder(folder)
    theirs = NonceFloor(folder, "nonce-abc", NOW_NS + 5, owns=second.owns)
    names = sorted(path.name for path in folder.iterdir())
    with pytest.raises(ConfigError, match="another run's by now"):
        mine.keep_ahead(NOW_NS + 9 * HOUR_NS, NOW_NS)
    with pytest.raises(ConfigError, match="another run's by now"):
        first.next_epoch(NOW_S)
    mine.end = theirs.end
    with pytest.raises(ConfigError, match="another run's by now"):
        mine.give_back(NOW_NS + 1)
    assert floor(folder / "nonce-abc").read() == theirs.end
    assert sorted(path.name for path in folder.iterdir()) == names
    second.close()
    first.close()

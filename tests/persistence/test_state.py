"""The state folder: one bot at a time, epochs that never repeat, errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mm.errors import ConfigError
from mm.persistence.state import RECORDINGS_MAX, StateFolder

READ_ONLY = """
import os
from pathlib import Path
from mm.errors import ConfigError
from mm.persistence.state import StateFolder
if os.geteuid() == 0:
    os.setuid(65534)
try:
    StateFolder(Path("state"))
except ConfigError as error:
    print(error)
"""

KILLED = """
import os, signal
from pathlib import Path
from mm.persistence.state import StateFolder
state = StateFolder(Path("."))
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(code: str, folder: Path) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False).stdout


def test_epochs_never_repeat(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        state = StateFolder(tmp_path / "new" / "state")
        assert state.next_epoch() == expected
        state.close()


def test_a_second_bot_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    with pytest.raises(ConfigError, match=f"process {os.getpid()} runs on it; stop that one, or choose another folder"):
        StateFolder(tmp_path)
    state.close()
    StateFolder(tmp_path).close()


def test_a_killed_bot_leaves_no_lock(tmp_path: Path) -> None:
    run(KILLED, tmp_path)
    assert (tmp_path / "bot.lock").exists()
    StateFolder(tmp_path).close()


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(ConfigError, match="expected a folder that can be written"):
        StateFolder(path)


def test_a_read_only_folder_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    answer = run(READ_ONLY, folder)
    assert "permission denied; choose another with --state" in answer


def test_a_damaged_epoch_is_refused_rather_than_repeated(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_text("x")
    state = StateFolder(tmp_path)
    with pytest.raises(ConfigError, match="write a number above every epoch used before"):
        state.next_epoch()
    state.close()


def test_recordings_are_bounded(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    for epoch in range(1, RECORDINGS_MAX + 5):
        state.new_recording(epoch).write_bytes(b"")
    assert len(list(state.recordings.iterdir())) == RECORDINGS_MAX
    assert state.last_recording() == state.recordings / f"{RECORDINGS_MAX + 4:08d}.mmr"
    state.close()

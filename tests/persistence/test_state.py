"""The state folder: one bot at a time, epochs that never repeat, errors that say what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mm.errors import ConfigError
from mm.persistence.state import LOCK, RECORDINGS_MAX, StateFolder

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


def test_a_second_bot_is_refused_also_where_the_lock_file_was_removed(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    (tmp_path / LOCK).unlink()
    with pytest.raises(ConfigError, match="another bot runs on it; stop that one, or choose another folder"):
        StateFolder(tmp_path)
    # The run's next look puts its number there again.
    assert state.hold()
    with pytest.raises(ConfigError, match=f"process {os.getpid()} runs on it"):
        StateFolder(tmp_path)
    state.close()
    StateFolder(tmp_path).close()


def test_a_bot_of_a_build_that_locks_the_file_alone_is_refused_and_refuses(tmp_path: Path) -> None:
    StateFolder(tmp_path).close()
    lock = os.open(tmp_path / LOCK, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    held = len(os.listdir("/dev/fd"))
    with pytest.raises(ConfigError, match=f"process {os.getpid()} runs on it"):
        StateFolder(tmp_path)
    assert len(os.listdir("/dev/fd")) == held, "what was refused is not let go"
    os.close(lock)
    state = StateFolder(tmp_path)
    lock = os.open(tmp_path / LOCK, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
    state.close()


def test_no_child_holds_the_folder(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    code = "print('begun', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, close_fds=False) as child:
        assert child.stdout is not None
        # Not before: until the child is another program it has what we have.
        assert child.stdout.readline() == b"begun\n"
        state.close()
        StateFolder(tmp_path).close()
        child.communicate(b"\n")


def test_a_folder_put_in_the_place_of_the_own_one_is_held_too_unless_another_bot_has_it(tmp_path: Path) -> None:
    path = tmp_path / "state"
    state = StateFolder(path)
    path.rename(tmp_path / "elsewhere")
    assert not state.hold(), "there is no folder"
    other = StateFolder(path)
    assert not state.hold()
    other.close()
    assert state.hold()
    for each in (path, tmp_path / "elsewhere"):
        with pytest.raises(ConfigError, match=f"process {os.getpid()} runs on it"):
            StateFolder(each)
    state.close()
    StateFolder(path).close()


def test_a_file_system_that_locks_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int, real: Callable[[int, int], None] = fcntl.flock) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(ConfigError, match=r"cannot be locked \(bad file descriptor\); choose another with --state"):
        StateFolder(tmp_path)


def test_a_killed_bot_leaves_no_lock(tmp_path: Path) -> None:
    run(KILLED, tmp_path)
    assert (tmp_path / LOCK).exists()
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

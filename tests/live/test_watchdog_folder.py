"""What the watchdog writes goes into the folder that its run had, wherever that is by now."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from mm.live.watchdog import LOG


def until_said(path: Path, times: int) -> None:
    until = time.monotonic() + 60
    while not path.exists() or len(path.read_text().splitlines()) < times:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_its_log_goes_with_the_folder_that_was_moved(tmp_path: Path) -> None:
    state, moved = tmp_path / "state", tmp_path / "moved"
    state.mkdir()
    hello = {"process": 1, "state": str(state), "silence_s": 0.2, "venues": {}}
    command = (sys.executable, "-m", "mm.live.watchdog")
    with subprocess.Popen(command, stdin=subprocess.PIPE) as watchdog:
        assert watchdog.stdin is not None
        watchdog.stdin.write(json.dumps(hello).encode() + b"\n")
        watchdog.stdin.flush()
        until_said(state / LOG, 1)
        state.rename(moved)
        state.mkdir()
        watchdog.stdin.write(b'{"beat": 1}\n')
        watchdog.stdin.flush()
        until_said(moved / LOG, 2)
    assert list(state.iterdir()) == []

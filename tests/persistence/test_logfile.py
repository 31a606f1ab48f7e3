"""The log of a run on a real disk: its cap, what is kept, what a disk that takes nothing costs."""

import os
import shutil

import pytest

from mm.persistence.logfile import AGAIN_NS, FILES, LINE_BYTES_MAX, LogFile
from mm.persistence.state import StateFolder

CAP = FILES * 10_000


def sizes(folder):
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def test_the_newest_lines_are_kept_in_no_more_than_the_cap(tmp_path):
    folder = tmp_path / "logs"
    log = LogFile(folder, CAP)
    for number in range(5000):
        log.write(f"line {number} of a run that has much to say\n".encode())
        if number % 500 == 0:
            assert sum(sizes(folder).values()) <= CAP
    log.close()
    assert sorted(sizes(folder)) == ["run.1.log", "run.2.log", "run.3.log", "run.log"]
    assert sum(sizes(folder).values()) <= CAP
    names = ["run.3.log", "run.2.log", "run.1.log", "run.log"]
    kept = [int(line.split()[1]) for name in names for line in (folder / name).read_text().splitlines()]
    assert kept == list(range(kept[0], 5000))
    assert len(kept) > 600


def test_a_later_run_goes_on_in_the_same_file_for_its_owner_alone(tmp_path):
    for number in range(3):
        log = LogFile(tmp_path, CAP)
        log.write(f"run {number}\n".encode())
        log.close()
    assert (tmp_path / "run.log").read_text() == "run 0\nrun 1\nrun 2\n"
    assert (tmp_path / "run.log").stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(tmp_path):
    log = LogFile(tmp_path, CAP)
    log.write(b"x" * 1_000_000 + b"\n")
    log.write(b"after\n")
    log.close()
    first, second = (tmp_path / "run.log").read_bytes().splitlines()
    assert (len(first), first[-4:], second) == (LINE_BYTES_MAX - 1, b"x...", b"after")


def test_a_disk_that_takes_nothing_costs_lines_and_is_tried_again_later(tmp_path):
    blocker = tmp_path / "logs"
    blocker.write_text("no folder")
    now_ns = 0
    log = LogFile(blocker, CAP, now_ns=lambda: now_ns)
    for _ in range(10):
        log.write(b"lost\n")
    assert log.lost == 10
    blocker.unlink()
    log.write(b"not yet\n")
    now_ns = AGAIN_NS
    log.write(b"kept\n")
    log.close()
    assert log.lost == 11
    assert (tmp_path / "logs" / "run.log").read_text() == "kept\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is full")
def test_a_full_disk_raises_nothing(tmp_path):
    (tmp_path / "run.log").symlink_to("/dev/full")
    log = LogFile(tmp_path, CAP)
    log.write(b"lost\n")
    assert log.lost == 1
    log.close()


@pytest.mark.parametrize("what", ["moved", "removed", "removed, and no other made"])
def test_a_log_whose_folder_is_gone_touches_none_at_its_path(tmp_path, what):
    state, moved = tmp_path / "state", tmp_path / "moved"
    now_ns = 0
    first = StateFolder(state)
    log = LogFile(first.logs, CAP, now_ns=lambda: now_ns, owns=first.owns)
    log.write(b"of the first\n")
    shutil.move(state, moved) if what == "moved" else shutil.rmtree(state)
    if what != "removed, and no other made":
        second = StateFolder(state)
        other = LogFile(second.logs, CAP, owns=second.owns)
        other.write(b"of the second\n")
    for number in range(3000):
        log.write(f"line {number} of the first run, which has another folder or none\n".encode())
        now_ns += AGAIN_NS // 100
    log.close()
    log.write(b"the last one\n")
    if what == "removed, and no other made":
        assert not state.exists()
    else:
        assert sizes(state / "logs") == {"run.log": len(b"of the second\n")}
        other.write(b"goes on\n")
        assert (state / "logs" / "run.log").read_text() == "of the second\ngoes on\n"
    if what == "moved":
        assert sorted(sizes(moved / "logs")) == ["run.1.log", "run.2.log", "run.3.log", "run.log"]
        assert log.lost == 1, "all but the last one"


def test_what_was_said_before_the_first_line_is_written_after_the_folder_was_let_go(tmp_path):
    state = StateFolder(tmp_path / "state")
    log = LogFile(state.logs, CAP, owns=state.owns)
    state.close()
    log.write(b"why it was refused\n")
    log.close()
    assert (state.logs / "run.log").read_text() == "why it was refused\n"

"""`mm journal`: verify, repair, dump, and what they say when there is nothing to look at."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mm.__main__ import main
from mm._core import Journal
from mm._core.events import FORMAT_VERSION, Cancel, pack
from mm.persistence.journal import Kind

CANCEL = Cancel(6, "kraken", "BTC/USD", "id3", "V", "stop")
SECOND_NS = 1_764_000_000_000_000_000


@pytest.fixture
def state(tmp_path: Path) -> Path:
    journal = Journal(str(tmp_path / "journal"), epoch=5, form=FORMAT_VERSION, build="mm 0.1", now_ns=SECOND_NS)
    for number in range(3):
        journal.append(Kind.INTENT, pack(CANCEL), SECOND_NS + number * 1000, number)
    journal.close(SECOND_NS, 0)
    return tmp_path


def damage(state: Path) -> None:
    segment = next((state / "journal").glob("*.mmj"))
    data = bytearray(segment.read_bytes())
    data[150] ^= 1
    segment.write_bytes(data)


def test_verify_says_what_is_there(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", "--state", str(state)]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("0000000001.mmj  records 0..4  ")
    assert first.endswith(f"epoch 5  form {FORMAT_VERSION}  mm 0.1")
    assert last == "sound: 3 records, closed"


def test_dump_prints_events_from_a_record_on(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "dump", "--state", str(state), "--from", "2"]) == 0
    assert capsys.readouterr().out == f"2  2025-11-24 16:00:00.000002  intent  {CANCEL}\n"


def test_damage_is_an_exit_code_and_repair_tells_what_is_gone(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(state)
    assert main(["journal", "verify", "--state", str(state)]) == 1
    assert "segment 0000000001.mmj, byte 128, record 0" in capsys.readouterr().err
    assert main(["journal", "repair", "--state", str(state)]) == 0
    out = capsys.readouterr().out
    assert "cut at record 0; what was behind it is kept in cut-0000000001-128-" in out
    assert main(["journal", "repair", "--state", str(state)]) == 0
    assert capsys.readouterr().out == "nothing to repair\n"
    assert main(["journal", "verify", "--state", str(state)]) == 0
    assert "note: the last writer did not close it" in capsys.readouterr().out


def test_a_folder_without_a_journal_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", "--state", str(tmp_path)]) == 2
    assert "expected the journal of a state folder" in capsys.readouterr().err


def test_a_bot_that_runs_cannot_be_repaired(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(str(state / "journal"), epoch=6, form=FORMAT_VERSION, build="", now_ns=0)
    assert main(["journal", "repair", "--state", str(state)]) == 2
    assert "expected a journal that no other process writes" in capsys.readouterr().err
    journal.close(0, 0)


def test_snapshots_are_shown(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(str(state / "journal"), epoch=6, form=FORMAT_VERSION, build="", now_ns=0)
    journal.begin_snapshot(b"1234", 0xABC, SECOND_NS).wait(20 * 10**9)
    journal.close(0, 0)
    assert main(["journal", "verify", "--state", str(state)]) == 0
    shown = "snapshot at record 4  2025-11-24 16:00:00.000000  4 bytes  hash 0000000000000abc"
    assert shown in capsys.readouterr().out


def test_a_journal_that_a_run_writes_is_no_journal_that_was_left(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(str(state / "journal"), epoch=6, form=FORMAT_VERSION, build="", now_ns=0)
    journal.append(Kind.INTENT, pack(CANCEL), SECOND_NS, 0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(state / "control.sock"))
        door.listen()
        assert main(["journal", "dump", "--state", str(state)]) == 0
        note = "note: a run writes it now: its last records may not be on the disk yet\n"
        assert capsys.readouterr().err == note
        assert main(["journal", "verify", "--state", str(state)]) == 0
        assert note in capsys.readouterr().out
    journal.close(0, 0)


@pytest.mark.parametrize(
    "words",
    [
        *(["journal", each] for each in ("verify", "dump")),
        *([each] for each in ("orders", "fills", "pnl", "hedges", "why", "reconcile", "store")),
        ["store", "--check"],
    ],
)
def test_a_folder_that_cannot_be_entered_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    # Root may enter any folder, and no folder has such a name.
    name = "x" * 300
    assert main([*words, "--state", name]) == 2
    error = capsys.readouterr().err
    assert error.startswith(name)
    assert error.endswith(": file name too long\n")
    assert error.count("\n") == 1


def test_pins_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.packages.check", list)
    path = tmp_path / "no" / "pins"
    assert main(["packages", "--pin", str(path)]) == 2
    assert capsys.readouterr().err == f"{path}: no such file or directory\n"

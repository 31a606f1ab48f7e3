"""`mm why`: a recording explains itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mm.__main__ import main as mm
from mm._core import events as ev
from mm.persistence.recorder import FileRecorder
from mm.screen.explaining import Record
from mm.why import main, records
from tests.backtest.session import Session


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the recording of a minute in which quoting was forbidden twice."""
    folder = tmp_path_factory.mktemp("state")
    session = Session(folder)
    session.run(10)
    session.world.tell(lambda now_ns: session.venue.set_mode(now_ns, "maintenance"))
    session.run(5)
    session.world.tell(lambda now_ns: session.venue.set_mode(now_ns, "online"))
    session.run(15)
    session.world.tell(session.venue.disconnect)
    session.run(20)
    session.stop()
    recordings = folder / "recordings"
    recordings.mkdir()
    recorder = FileRecorder(recordings / "00000001.mmr", build="test", created_ns=0)
    for event in session.recorder.events:
        recorder.record(event)
    recorder.close()
    return folder


def recording(folder: Path) -> Path:
    return folder / "recordings" / "00000001.mmr"


def test_every_command_of_the_run_stands_under_the_decision_that_led_to_it(folder: Path) -> None:
    from mm.persistence.recording import read

    found = list(records(recording(folder)))
    commands = [event for event in read(recording(folder)) if type(event) in (ev.Place, ev.Amend, ev.Cancel)]
    assert sum(len(record.did) for record in found) == len(commands)
    for record in found:
        if any(done.startswith("New quote") for done in record.did):
            assert not record.lines[0].count("no quotes")
            assert any("fair" in line for line in record.lines)
            assert any(line.startswith("  wants bid") for line in record.lines)


def test_a_fill_that_is_told_again_is_no_reason_a_second_time(folder: Path) -> None:
    from mm.persistence.recording import read

    fills = [event for event in read(recording(folder)) if type(event) is ev.Fill]
    executions = {fill.execution_id for fill in fills}
    assert len(fills) > len(executions) > 0, "the history was read again"
    because = [each for each in records(recording(folder)) if each.cause.startswith(("Bought", "Sold"))]
    assert 0 < sum(each.times for each in because) <= len(executions)


def test_a_time_that_is_none_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("25:99", "14:3x", "noon", "1403"):
        with pytest.raises(SystemExit) as ended:
            main(["--state", str(folder), "--at", wrong])
        assert ended.value.code == 2
        told = f"argument --at: expected a time of UTC such as 14:03 or 14:03:59, got {wrong!r}"
        assert told in capsys.readouterr().err


def test_a_quote_is_explained_by_what_the_run_had_decided(folder: Path) -> None:
    """The plan made again from the recording is what the run did: new quotes at the prices that were asked for."""
    first = next(record for record in records(recording(folder)) if record.did)
    asked = {line.rpartition(" ")[2] for line in first.lines if "asks for: new" in line}
    placed = {done.rpartition("$")[2] for done in first.did}
    assert asked == placed != set()
    assert all("," in price for price in asked)


def test_silence_has_its_reasons(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(folder), "--silence", "--last", "100"]) == 0
    text = capsys.readouterr().out
    for reason in ("kraken is maintenance", "private stream is down", "stopping: test"):
        assert f"no quotes, {reason}" in text


def test_the_newest_come_last_and_no_more_than_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(folder), "--last", "1"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith(str(recording(folder)))
    assert "stopping: test" in "\n".join(lines)
    assert sum(line[0] != " " for line in lines) == 1


def moment(record: Record) -> str:
    return f"{datetime.fromtimestamp(record.now_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}"


def test_a_time_that_nothing_was_decided_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(folder), "--at", "03:00"]) == 1
    found = list(records(recording(folder)))
    first, last = moment(found[0]), moment(found[-1])
    assert f"its decisions are from {first} to {last} UTC" in capsys.readouterr().err
    # Of those that are meant.
    assert main(["--state", str(folder), "--at", "03:00", "--silence"]) == 1
    silent = [moment(record) for record in found if record.is_silence]
    assert f"its decisions are from {silent[0]} to {silent[-1]} UTC" in capsys.readouterr().err
    assert main(["--state", str(folder), "--at", "03:00", "--symbol", "FOO/BAR"]) == 1
    assert "from" not in capsys.readouterr().err.partition("like that: ")[2]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--symbol", "FOO/BAR", 'no symbol is "FOO/BAR", there are BTC/USD'),
        ("--venue", "nosuch", 'no venue is "nosuch", there are kraken'),
        ("--strategy", "eth", 'no strategy is "eth", there are btc'),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_those_that_are(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
) -> None:
    assert main(["--state", str(folder), option, value]) == 1
    assert capsys.readouterr().err.strip().endswith(said)


def test_decisions_as_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--venue", "kraken", "--strategy", "btc", "--symbol", "BTC/USD", "--last", "3", "--json"]
    assert main(["--state", str(folder), *wanted]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == str(recording(folder))
    assert len(found["decisions"]) == 3
    last = found["decisions"][-1]
    assert (last["venue"], last["symbol"], last["strategy"]) == ("kraken", "BTC/USD", "btc")
    assert last["is_silence"] is True
    assert "no quotes, stopping: test" in last["text"][0]
    newest = list(records(recording(folder)))[-1]
    assert (last["until_ns"], last["did"]) == (newest.until_ns, newest.did)


def test_a_folder_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path)]) == 2
    assert "run `python -m mm.run` first" in capsys.readouterr().err


def test_a_file_that_is_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text("hello")
    assert main(["--recording", str(tmp_path / "x")]) == 2
    assert "is not a recording" in capsys.readouterr().err


def test_the_commands_of_mm(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mm(["why", "--state", str(folder), "--last", "1"]) == 0
    assert mm(["--help"]) == 0
    assert mm(["hunt"]) == 2
    assert "why" in capsys.readouterr().err

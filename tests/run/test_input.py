"""What a user can get wrong at the start: each is told what to do, and nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from mm.run import main
from mm.stopping import Exit
from tests.one_venue import ONE_VENUE

GOOD = """
[strategies.btc]
symbol = "BTC/USD"
spread_bps = 60
quote_size = 0.001
max_position = 0.01
"""


def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str, toml: str | None = None) -> str:
    options = ["--state", str(tmp_path / "state"), "--env-file", str(tmp_path / "no.env")]
    if toml is not None:
        (tmp_path / "mm.toml").write_text(toml)
        options += ["--config", str(tmp_path / "mm.toml")]
    assert main([*options, *arguments]) == Exit.USAGE
    assert not (tmp_path / "state").exists()
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_broken_toml_names_the_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = refused(capsys, tmp_path, toml="[run]\nseed = = 1\n")
    assert "mm.toml:2:8: file: expected valid TOML, got invalid value (after" in text


def test_every_bad_key_is_named_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = refused(capsys, tmp_path, toml=GOOD + "sprad_bps = 1\nlevels = 0\n[limits]\nmax_order_size = -1\n")
    for part in ("sprad_bps", "spread_bps", "levels", "limits.max_order_size"):
        assert part in text


def test_a_fraction_instead_of_basis_points_is_recognised(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = refused(capsys, tmp_path, toml=GOOD.replace("60", "0.0006"))
    assert "did you write a fraction?" in text


def test_a_missing_key_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "quote_size" in refused(capsys, tmp_path, toml=GOOD.replace("quote_size = 0.001\n", ""))


def test_live_needs_to_be_meant(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRAKEN_API_KEY", "k" * 20)
    monkeypatch.setenv("KRAKEN_API_SECRET", "c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
    addresses = [
        "--rest-url",
        "http://127.0.0.1:1",
        "--ws-url",
        "ws://127.0.0.1:1",
        "--ws-auth-url",
        "ws://127.0.0.1:1",
    ]
    assert "add --live" in refused(capsys, tmp_path, "--config", str(ONE_VENUE), "--world", "live", *addresses)


def test_live_without_its_world_is_refused_and_not_simulated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for arguments in (["--live"], ["--live", "--world", "sim"]):
        text = refused(capsys, tmp_path, *arguments)
        assert text.startswith("command line: --live: expected world live beside it")
        assert "add --world live" in text


def test_world_live_without_a_key_says_where_it_comes_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KRAKEN_API_KEY", raising=False)
    monkeypatch.delenv("KRAKEN_API_SECRET", raising=False)
    for arguments in (["--world", "live"], ["--world", "live", "--live"]):
        text = refused(capsys, tmp_path, *arguments)
        assert "expected KRAKEN_API_KEY and KRAKEN_API_SECRET for world live, got none (see .env.example)" in text


def test_live_without_the_fingerprint_of_the_key_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRAKEN_API_KEY", "k" * 20)
    monkeypatch.setenv("KRAKEN_API_SECRET", "c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
    assert "account_fingerprint" in refused(capsys, tmp_path, "--world", "live", "--live")


def test_a_venue_that_is_unknown_gets_the_nearest_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = refused(capsys, tmp_path, toml=GOOD + 'venue = "krakn"\n')
    assert 'mm.toml:7: strategies.btc.venue: expected one of kraken, mexc_futures, mexc_spot, got "krakn"' in text
    assert "did you mean kraken?" in text


def test_the_strategy_of_a_symbol_is_found_behind_a_mark_of_byte_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = refused(capsys, tmp_path, "--symbol", "btc-usd", toml="\ufeff" + GOOD)
    assert "command line: strategies.btc.symbol: expected" in text


def test_addresses_make_no_sense_for_a_world_that_starts_its_own_venue(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "--world live --live" in refused(capsys, tmp_path, "--rest-url", "http://127.0.0.1:1")


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--state", str(tmp_path / "file" / "state")]) == Exit.USAGE
    error = capsys.readouterr().err
    assert "not a directory" in error
    assert "choose another with --state" in error


@pytest.mark.skipif(not Path("/sys").exists(), reason="needs a file system that nobody can write")
def test_a_read_only_folder(capsys: pytest.CaptureFixture[str]) -> None:
    # Nobody can make a folder there, root included.
    assert main(["--state", "/sys/mm"]) == Exit.USAGE
    assert "choose another with --state" in capsys.readouterr().err


def test_a_simulator_that_does_not_come_up_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "simulator.log").mkdir()
    assert main(["--state", str(tmp_path)]) == Exit.UNREACHABLE
    assert "expected a folder that can be written (is a directory" in capsys.readouterr().err


def test_a_folder_that_turns_out_read_only_is_told_as_such(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    (state / "epoch.new").mkdir(parents=True)
    assert main(["--state", str(state)]) == Exit.USAGE
    assert "run.state: expected a folder that can be written (is a directory" in capsys.readouterr().err


def test_a_damaged_epoch_stops_before_anything_is_placed(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    state.mkdir()
    (state / "epoch").write_text("many")
    assert main(["--state", str(state)]) == Exit.USAGE
    assert "write a number above every epoch used before" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "x", "nan", "inf"])
def test_seconds_are_a_number_over_zero(capsys: pytest.CaptureFixture[str], value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--seconds={value}"])
    assert ended.value.code == 2
    assert "seconds" in capsys.readouterr().err

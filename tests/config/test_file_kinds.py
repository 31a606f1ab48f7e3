"""A configuration is a plain file: what has no end, or waits for ever, is refused at once."""

import os
from pathlib import Path

import pytest

from mm.config import Environment, SettingsError, load


def refused(path: Path) -> str:
    with pytest.raises(SettingsError) as error:
        load(path, Environment({}))
    return str(error.value)


def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert "expected a readable TOML file, got no plain file" in refused(tmp_path / "pipe.toml")


def test_a_device_without_an_end() -> None:
    assert "got no plain file" in refused(Path("/dev/zero"))


def test_a_folder(tmp_path: Path) -> None:
    assert "directory" in refused(tmp_path)


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    long = tmp_path / "long.toml"
    long.write_bytes(b"#" * 1_000_001)
    assert "at most 1000000 bytes" in refused(long)

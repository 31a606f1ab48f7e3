"""A command whose reader has gone, as in `mm why | head`: it ends without a word, and without a code of success."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.store.conftest import Run

WORDS = [
    *([each] for each in ("orders", "fills", "pnl", "hedges", "why")),
    ["fills", "--json", "--last", "0"],
    ["why", "--last", "500"],
    ["journal", "dump"],
    ["journal", "verify"],
    ["why", "--help"],
    ["--help"],
]


def unread(words: list[str], *, both: bool = False, unbuffered: str = "") -> tuple[int, str]:
    """The exit code and what was said, with nobody at the other end of stdout; both: nor of stderr; unbuffered: "1",
    and it is noticed while it is printed, '' at the end."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "mm", *words]
        done = subprocess.run(
            command,
            stdout=writing,
            stderr=writing if both else subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            text=True,
            timeout=60,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_it_ends_quietly_where_its_reader_has_gone(hedged: Run, words: list[str]) -> None:
    state = [] if words[-1] == "--help" else ["--state", str(hedged.state)]
    code, said = unread([*words, *state])
    assert code == 141
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.parametrize("words", [["fills"], ["why"], ["journal", "dump"]], ids=" ".join)
def test_it_ends_quietly_in_the_midst_of_it_too(hedged: Run, words: list[str]) -> None:
    code, said = unread([*words, "--state", str(hedged.state)], unbuffered="1")
    assert code == 141
    assert "Traceback" not in said


def test_it_ends_quietly_where_nobody_hears_its_errors_either(hedged: Run) -> None:
    assert unread(["nothing"], both=True)[0] == 141
    assert unread(["fills", "--state", str(hedged.state)], both=True)[0] == 141


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["why", "--help"]], ids=" ".join)
def test_a_full_disk_under_what_is_said_is_a_sentence(words: list[str], unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mm", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            text=True,
            timeout=60,
        )
    assert done.returncode == 141
    assert done.stderr == "what is said cannot be written: no space left on device\n"

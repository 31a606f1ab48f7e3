"""Canary keys: no path of a run shows them, neither whole nor in part, in output, recording or report."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import pytest

from mm.config import Environment, load
from mm.persistence.crash import redact, write_crash
from mm.run import _told
from mm.simulator.world import World
from tests.faults.hedged import SEEDS
from tests.one_venue import ONE_VENUE
from tests.run.bot_process import BotProcess

Start = Callable[..., BotProcess]
KEY = "CANARY0key1CANARY2key3CANARY4key5CANARY6key7CANARY8key9"
SECRET = base64.b64encode(b"canary-secret-" * 5).decode()


def parts(*secrets: str) -> list[str]:
    """Every secret, and its thirds: a shortened secret is one too."""
    return [piece for text in secrets for piece in (text, text[: len(text) // 3], text[-(len(text) // 3) :])]


def everything(bot: BotProcess, state: Path) -> str:
    """What the bot wrote anywhere."""
    files = [path for path in state.rglob("*") if path.is_file()]
    assert files != []
    return bot.text() + "".join(path.read_bytes().decode("latin-1") for path in files)


def live(world: World) -> list[str]:
    addresses = ["--rest-url", world.rest_url, "--ws-url", world.ws_url, "--ws-auth-url", world.ws_auth_url]
    return ["--world", "live", "--live", "--log-level", "trace", "--seconds", "1", *addresses]


@pytest.mark.parametrize("json_lines", [True, False])
def test_f95_a_run_with_a_good_key_shows_nothing_of_it(
    start: Start, state: Path, world: World, json_lines: bool
) -> None:
    environment = {"KRAKEN_API_KEY": world.api_key, "KRAKEN_API_SECRET": world.api_secret}
    bot = start(*live(world), environment=environment, json_lines=json_lines)
    assert bot.wait() == 0
    shown = everything(bot, state)
    assert "is up" in shown
    # The trace is whole, so there was something to hide in it.
    assert "LinkChanged(" in shown
    assert "OrderAccepted(" in shown
    assert [part for part in parts(world.api_key, world.api_secret) if part in shown] == []


def test_f95_a_run_with_a_refused_key_shows_nothing_of_it(start: Start, state: Path, world: World) -> None:
    bot = start(*live(world), environment={"KRAKEN_API_KEY": KEY, "KRAKEN_API_SECRET": SECRET})
    assert bot.wait() == 3
    shown = everything(bot, state)
    assert "Check the API key" in shown
    assert [part for part in parts(KEY, SECRET) if part in shown] == []


@pytest.mark.parametrize(
    "environment",
    [
        {"KRAKEN_API_KEY": SECRET, "KRAKEN_API_SECRET": KEY + "!"},
        {"KRAKEN_API_KEY": KEY},
        {"KRAKEN_API_KEY": KEY + " x", "KRAKEN_API_SECRET": SECRET},
        {"KRAKEN_API_KEY": KEY, "KRAKEN_API_SECRT": SECRET},
    ],
)
def test_f95_a_wrong_configuration_shows_nothing_of_the_key(
    start: Start, state: Path, environment: dict[str, str]
) -> None:
    bot = start("--world", "live", "--live", environment=environment)
    assert bot.wait() == 2
    text = bot.text()
    assert "KRAKEN_API_" in text
    assert [part for part in parts(KEY, SECRET) if part in text] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_f95_the_report_of_a_crash_has_no_secret_whatever_raised_it(tmp_path: Path, seed: int) -> None:
    chance = Random(f"f95 {seed}")
    key = "CANARY" + "".join(chance.choices(ascii_letters + digits, k=chance.randint(20, 60)))
    secret = base64.b64encode(chance.randbytes(chance.randint(40, 90))).decode()
    settings = load(ONE_VENUE, Environment({"KRAKEN_API_KEY": key, "KRAKEN_API_SECRET": secret}))

    def sign(secret: str) -> None:
        raise ValueError(f"cannot sign with {secret}") from KeyError(key)

    try:
        sign(secret)
    except ValueError as error:
        sentence = _told(error, tmp_path, "00000001", settings)
    report = tmp_path / "crash-00000001.txt"
    text = report.read_text()
    assert report.stat().st_mode & 0o077 == 0
    assert "cannot sign with (secret)" in text, "F95: a secret is in the report"
    assert "cannot sign with (secret)" in sentence
    assert str(report) in sentence
    assert [part for part in parts(key, secret) if part in text + sentence] == [], "F95: a secret is shown"


def test_a_secret_inside_another_is_taken_out_whole() -> None:
    assert redact("a=abcdef b=abcd", ["abcd", "abcdef"]) == "a=(secret) b=(secret)"


def test_a_report_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    assert write_crash(tmp_path / "missing", "1", ValueError(), []) is None


def test_old_reports_go(tmp_path: Path) -> None:
    for number in range(30):
        write_crash(tmp_path, f"{number:08d}", ValueError(), [])
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 20
    assert kept[-1] == "crash-00000029.txt"

"""Keys come from the environment or `.env`, and nothing shows them."""

from __future__ import annotations

import base64
import copy
import pickle
import traceback
from pathlib import Path

import pytest

from mm.config import Environment, Secret, SettingsError, fingerprint, load
from mm.config.places import key_lines
from tests.one_venue import ONE_VENUE

KEY = "CANARYKEYq1w2e3r4t5"
SECRET = base64.b64encode(b"CANARYSECRET" * 5 + b"1234").decode()


def dotenv(tmp_path: Path, text: str, mode: int = 0o600) -> Environment:
    path = tmp_path / ".env"
    path.write_text(text)
    path.chmod(mode)
    return Environment({}, path)


def said(environment: Environment, path: Path | None = None, live: bool = False) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, environment, {("run", "world"): "live"} if live else None)
    return "".join(traceback.format_exception(caught.value))


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {secret!s} {secret:>40} {[secret]}"
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert secret != Secret("other")
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, hash):
        with pytest.raises(TypeError):
            leak(secret)


def test_keys_come_from_dotenv(tmp_path: Path) -> None:
    settings = load(ONE_VENUE, dotenv(tmp_path, f"# mine\nexport KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET='{SECRET}'\n"))
    venue = settings.venues["kraken"]
    assert venue.api_key == Secret(KEY)
    assert venue.api_secret == Secret(SECRET)
    assert KEY not in repr(settings)
    assert SECRET not in repr(settings)


def test_the_process_environment_wins_over_dotenv(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"KRAKEN_API_KEY=old\nKRAKEN_API_SECRET={SECRET}\n")
    path.chmod(0o600)
    settings = load(ONE_VENUE, Environment({"KRAKEN_API_KEY": KEY}, path))
    assert settings.venues["kraken"].api_key == Secret(KEY)


def test_a_dotenv_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    text = f"KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET={SECRET}\n"
    assert any("chmod 600" in warning for warning in load(ONE_VENUE, dotenv(tmp_path, text, 0o644)).warnings)
    assert not any("chmod 600" in warning for warning in load(ONE_VENUE, dotenv(tmp_path, text)).warnings)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"KRAKEN_API_KEY={KEY}\n", "KRAKEN_API_SECRET: expected a value beside KRAKEN_API_KEY, got nothing"),
        (f"KRAKEN_API_SECRET={SECRET}\n", "KRAKEN_API_KEY: expected a value beside KRAKEN_API_SECRET"),
        (f"KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET={SECRET[:-3]}\n", "not base64 (not shown)"),
        (f"KRAKEN_API_KEY={SECRET}\nKRAKEN_API_SECRET={KEY}\n", "key and secret may be swapped"),
        (f"KRAKEN_APIKEY={KEY}\nKRAKEN_API_SECRET={SECRET}\n", 'did you mean "KRAKEN_API_KEY"?'),
        (f"KRAKEN_API_KEY {KEY}\n", ".env:1: line: expected NAME=value, got something else (not shown)"),
    ],
)
def test_wrong_keys_are_answered_without_showing_them(tmp_path: Path, text: str, words: str) -> None:
    answer = said(dotenv(tmp_path, text), live=True)
    assert words in answer
    for canary in (KEY, SECRET, SECRET[:-3]):
        assert canary not in answer


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"KRAKEN_API_KEY={KEY}\n", "KRAKEN_API_SECRET"),
        (f"KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET={SECRET[:-3]}\n", "KRAKEN_API_SECRET"),
        (f"KRAKEN_API_KEY={KEY} x\nKRAKEN_API_SECRET={SECRET[:-3]}\n", "KRAKEN_API_KEY and KRAKEN_API_SECRET"),
        (f"KRAKEN_APIKEY={KEY}\nKRAKEN_API_SECRET={SECRET}\n", "KRAKEN_APIKEY and KRAKEN_API_KEY"),
    ],
)
def test_the_simulation_needs_no_key_and_is_not_stopped_by_a_wrong_one(tmp_path: Path, text: str, named: str) -> None:
    settings = load(ONE_VENUE, dotenv(tmp_path, text))
    (warning,) = [warning for warning in settings.warnings if "API" in warning]
    assert warning.startswith(f"{named} cannot be used")
    assert (settings.venues["kraken"].api_key, settings.venues["kraken"].api_secret) == (None, None)
    for canary in (KEY, SECRET, SECRET[:-3]):
        assert canary not in "".join(settings.warnings)


@pytest.mark.parametrize(
    "line", ['api_secret = "{}"', 'secret = "{}"', 'password = "{}"', 'kraken_api_key = "{}"', 'x = "{}']
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mm.toml"
    path.write_text("[venues.kraken]\n" + line.format(SECRET) + "\n")
    answer = said(Environment({}), path)
    assert SECRET not in answer
    assert "mm.toml" in answer


def test_an_address_with_a_password_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "mm.toml"
    path.write_text(f'[venues.kraken]\nrest_url = "https://me:{KEY}@api.kraken.com"\n')
    answer = said(Environment({}), path)
    assert "keys never go here" in answer
    assert KEY not in answer


def test_a_live_account_is_named_in_the_file_too(tmp_path: Path) -> None:
    environment = {"KRAKEN_API_KEY": KEY, "KRAKEN_API_SECRET": SECRET}
    path = tmp_path / "mm.toml"
    strategy = '[strategies.btc]\nsymbol = "BTC/USD"\nspread_bps = 50\nquote_size = 0.001\nmax_position = 0.01\n'
    path.write_text('[run]\nworld = "live"\n' + strategy)
    own = fingerprint(Secret(KEY))
    assert f'write account_fingerprint = "{own}"' in said(Environment(environment), path)
    path.write_text(f'[run]\nworld = "live"\n[venues.kraken]\naccount_fingerprint = "{own}"\n' + strategy)
    assert load(path, Environment(environment)).run.world == "live"
    path.write_text('[run]\nworld = "live"\n[venues.kraken]\naccount_fingerprint = "0123456789ab"\n' + strategy)
    assert "got that of another key" in said(Environment(environment), path)


def test_lines_of_keys_are_found_past_long_values() -> None:
    text = '# x\na = """\nb = 1\n"""\nlist = [\n  "c = 1",\n]\n[t."u/v"]\nd.e = 3 # f = 4\ng = { h = 1 }\n'
    assert key_lines(text) == {
        ("a",): 2,
        ("list",): 5,
        ("t", "u/v"): 8,
        ("t", "u/v", "d", "e"): 9,
        ("t", "u/v", "g"): 10,
    }

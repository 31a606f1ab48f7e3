"""Settings from the environment and from a `.env` file.

`KRAKEN_API_KEY` and `KRAKEN_API_SECRET` are the secrets of venue `kraken` (another venue: its name in capitals),
`KRAKEN_WATCHDOG_API_KEY` and `KRAKEN_WATCHDOG_API_SECRET` those of a second key for the watchdog, which none needs.
`STORE_URL` says where a PostgreSQL store is, with its password.
`MM_TABLE__KEY` overrides one key of the file, for example `MM_LIMITS__MAX_ORDER_SIZE=0.01`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypedDict

from mm.config.problems import Problem
from mm.config.rule import nearest
from mm.config.secret import Secret

SECRETS: Final = ("API_KEY", "API_SECRET")
WATCHDOG: Final = "WATCHDOG_"
STORE_URL: Final = "STORE_URL"


class Secrets(TypedDict, total=False):
    """The keys and secrets of a venue, by the fields of its settings."""

    api_key: Secret | None
    api_secret: Secret | None
    watchdog_api_key: Secret | None
    watchdog_api_secret: Secret | None


class Environment:
    """The process environment over a `.env` file: the process wins. Values are never shown."""

    def __init__(self, process: Mapping[str, str], dotenv: Path | None = None) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._values: dict[str, str] = {}
        self._places: dict[str, str] = {}
        if dotenv is not None:
            self._read(dotenv)
        for name, value in process.items():
            self._values[name] = value
            self._places[name] = "environment"

    def _read(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
            mode = path.stat().st_mode
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "is not UTF-8"
            self.problems.append(Problem(str(path), "environment", "a readable file", reason, "fix it or remove it"))
            return
        for number, line in enumerate(text.splitlines(), 1):
            bare = line.strip().removeprefix("export ").strip()
            if not bare or bare.startswith("#"):
                continue
            name, equals, value = bare.partition("=")
            name, value = name.strip(), value.strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            if not equals or not name.replace("_", "").isalnum():
                # The line may hold a secret, so it is not shown.
                self.problems.append(Problem("line", f"{path}:{number}", "NAME=value", "something else (not shown)"))
                continue
            self._values[name] = value
            self._places[name] = f"{path}:{number}"
        if mode & (stat.S_IRWXG | stat.S_IRWXO) and any(
            name.endswith((*SECRETS, STORE_URL)) and self._values[name] for name in self._values
        ):
            self.warnings.append(f"{path} can be read by others: run `chmod 600 {path}`")

    def place(self, name: str) -> str:
        """Where a variable was set."""
        return self._places[name]

    def overrides(self) -> dict[tuple[str, ...], tuple[str, str]]:
        """Path of each overridden key -> (value, variable name). A name of the wrong form is a problem."""
        found = {}
        for name, value in self._values.items():
            if not name.startswith("MM_"):
                continue
            path = tuple(part.lower() for part in name[3:].split("__"))
            if len(path) < 2 or not all(path):
                self.problems.append(
                    Problem(
                        name,
                        self._places[name],
                        "MM_TABLE__KEY, for example MM_RUN__SEED",
                        "",
                        "two underscores between",
                    )
                )
                continue
            found[path] = (value, name)
        return found

    def secrets(self, venue: str, *, are_needed: bool = True) -> Secrets:
        """The keys and secrets of a venue by their fields; a name that is nearly right and halves apart are problems.

        are_needed: the world trades with them. One that does not is not stopped by them either: it warns, and goes on
        without.
        """
        before = len(self.problems)
        found = self._secrets(venue)
        if are_needed or len(self.problems) == before:
            return found
        names = dict.fromkeys(problem.key for problem in self.problems[before:])
        del self.problems[before:]
        self.warnings.append(
            f"{' and '.join(names)} cannot be used (world live says why); this world needs no key and goes on without"
        )
        return Secrets()

    def store_url(self) -> Secret | None:
        """Where the store's database is, with its password; None where nothing is said."""
        url = self._values.get(STORE_URL, "")
        return Secret(url) if url else None

    def _secrets(self, venue: str) -> Secrets:
        prefix = venue.upper().replace("-", "_") + "_"
        own = (prefix + SECRETS[0], prefix + SECRETS[1])
        watchdogs = (prefix + WATCHDOG + SECRETS[0], prefix + WATCHDOG + SECRETS[1])
        names = own + watchdogs
        for name in self._values:
            if name.startswith(prefix) and name not in names and "API" in name:
                self.problems.append(Problem(name, self._places[name], " or ".join(own), "", nearest(name, names)))
        key, secret = self._pair(own)
        second_key, second_secret = self._pair(watchdogs)
        if key is not None and second_key is not None and key.reveal() == second_key.reveal():
            hint = "leave it out where the watchdog has no key of its own"
            self.problems.append(
                Problem(watchdogs[0], self._places[watchdogs[0]], f"another key than {own[0]}", "the same one", hint)
            )
        return Secrets(api_key=key, api_secret=secret, watchdog_api_key=second_key, watchdog_api_secret=second_secret)

    def _pair(self, names: tuple[str, str]) -> tuple[Secret | None, Secret | None]:
        key, secret = (self._values.get(name, "") for name in names)
        if bool(key) != bool(secret):
            missing, there = (names[1], names[0]) if key else names
            self.problems.append(
                Problem(missing, self._places[there], "a value beside " + there, "nothing", "set both, or neither")
            )
            return None, None
        if not key:
            return None, None
        for name, value in zip(names, (key, secret), strict=True):
            if value != value.strip() or not value.isascii() or any(character.isspace() for character in value):
                self.problems.append(
                    Problem(
                        name, self._places[name], "the text as the venue showed it", "blanks or odd characters in it"
                    )
                )
        if not _is_base64(secret):
            self.problems.append(
                Problem(
                    names[1],
                    self._places[names[1]],
                    "the private key as the venue showed it (base64)",
                    "a text that is not base64 (not shown)",
                    "copy it again whole; key and secret may be swapped",
                )
            )
        return Secret(key), Secret(secret)


def _is_base64(text: str) -> bool:
    import base64
    import binascii

    try:
        # Kraken's private keys are 64 bytes; anything under 16 is a slip of the clipboard whatever the venue.
        return len(base64.b64decode(text, validate=True)) >= 16
    except (binascii.Error, ValueError):
        return False


def process_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ

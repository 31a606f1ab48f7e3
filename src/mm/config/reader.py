"""A TOML table against a settings class: every bad key at once, with its place and the nearest right name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from mm.config.problems import Problem
from mm.config.rule import UNITS, Refused, nearest, rule_of

Table = TypeVar("Table")

SECRET_WORDS: Final = ("secret", "api_key", "apikey", "password", "passphrase", "token", "private_key")


class Source:
    """One configuration file's tables with overrides laid over, able to say where each key came from."""

    def __init__(self, name: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._lines = lines
        self._overridden: dict[tuple[str, ...], str] = {}

    def override(self, path: tuple[str, ...], place: str) -> None:
        """Remember that `path` was set elsewhere than in the file."""
        self._overridden[path] = place

    def is_overridden(self, path: tuple[str, ...]) -> bool:
        """Whether `path` was set elsewhere than in the file."""
        return path in self._overridden

    def place(self, path: tuple[str, ...]) -> str:
        """`mm.toml:12`, the table's line when the key's is unknown, or the file's name."""
        if path in self._overridden:
            return self._overridden[path]
        while path:
            if path in self._lines:
                return f"{self.name}:{self._lines[path]}"
            path = path[:-1]
        return self.name

    def refuse(self, path: tuple[str, ...], expected: str, came: str = "", hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(".".join(path), self.place(path), expected, came, hint))


def read_table(settings: type[Table], table: Any, source: Source, path: tuple[str, ...], **fixed: Any) -> Table | None:
    """The settings object of one table; None when there were problems, all of which are in `source.problems`.

    `fixed` are fields that do not come from the file. Any: a parsed TOML value of unknown shape.
    """
    if not isinstance(table, dict):
        source.refuse(path, f"a table [{'.'.join(path)}]", "a single value")
        return None
    fields = {field.name: field for field in dataclasses.fields(settings) if "rule" in field.metadata}  # type: ignore[arg-type]
    values: dict[str, Any] = dict(fixed)
    failed = False
    for key, value in table.items():
        field = fields.get(key)
        if field is None:
            refuse_unknown(source, (*path, key), tuple(fields))
            failed = True
            continue
        try:
            values[key] = rule_of(field).check(value)
        except Refused as refused:
            source.refuse((*path, key), refused.expected, refused.came, refused.hint)
            failed = True
    for key, field in fields.items():
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if key not in table and not has_default:
            source.refuse((*path, key), rule_of(field).expected(), "nothing", "this key is required")
            failed = True
    return None if failed else settings(**values)


def refuse_unknown(source: Source, path: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Note an unknown key with the nearest right name; its value is never shown."""
    key = path[-1]
    if any(word in key.lower() for word in SECRET_WORDS):
        source.refuse(
            path,
            "no secrets in this file",
            "a secret (not shown)",
            "put it into the environment or .env as .env.example shows",
        )
        return
    hint = nearest(key, names) or _same_stem(key, names)
    for name in names:
        unit = name.rsplit("_", 1)[-1]
        if unit in UNITS and f'"{name}"' in hint and not key.endswith("_" + unit):
            hint += f" It is in {UNITS[unit]}."
    if not hint:
        hint = "known here: " + ", ".join(names)
    source.refuse(path, "a known key", "an unknown one", hint)


def _same_stem(key: str, names: tuple[str, ...]) -> str:
    """A question naming the one whose first words are the key's: `refresh_seconds` for `refresh_interval_ms`."""
    stem = key.split("_", 1)[0]
    alike = [name for name in names if name.split("_", 1)[0] == stem]
    return f'did you mean "{alike[0]}"?' if stem and alike else ""

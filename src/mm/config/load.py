"""TOML, environment and `.env` into `Settings`: the one door, where every check is made and every bad key named."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from mm.config.crosscheck import cross_check
from mm.config.environment import Environment
from mm.config.places import key_lines
from mm.config.problems import Problem, SettingsError
from mm.config.reader import Source, read_table, refuse_unknown
from mm.config.settings import (
    LimitSettings,
    MarketMakerParameters,
    RunSettings,
    Settings,
    StrategySettings,
    VenueSettings,
)
from mm.config.syntax import syntax_problem

TABLES: Final = ("run", "venues", "strategies", "limits")
BYTES_MAX: Final = 1_000_000
DEFAULT: Final = Path(__file__).with_name("default.toml")

ParametersOf = Callable[[str], type]
"""Gives a strategy kind's `Parameters` class; raises LookupError with a sentence when there is no such kind."""


def builtin_parameters(kind: str) -> type:
    """The parameters of the kinds that need no import of a strategy."""
    if kind == "market_maker":
        return MarketMakerParameters
    raise LookupError('known kinds: "market_maker"')


def load(
    path: Path | None,
    environment: Environment,
    arguments: Mapping[tuple[str, ...], Any] | None = None,
    parameters_of: ParametersOf = builtin_parameters,
) -> Settings:
    """Read and check everything, or raise `SettingsError` naming every problem.

    path: the TOML file, None for the default simulation; arguments: path of a key -> value from the command line, which
    wins over the environment, which wins over `.env`, which wins over the file.
    """
    text, name = _read(path)
    try:
        tables: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        # The error carries the document, which may hold what should not be printed: only its sentence goes on.
        raise SettingsError((syntax_problem(name, text, error),)) from None
    source = Source(name, key_lines(text))
    for override, (value, variable) in environment.overrides().items():
        _lay(tables, override, value, source, f"{environment.place(variable)} {variable}")
    for argument, chosen in (arguments or {}).items():
        _lay(tables, argument, chosen, source, "command line")
    return _check(tables, source, environment, parameters_of)


def _check(tables: dict[str, Any], source: Source, environment: Environment, parameters_of: ParametersOf) -> Settings:
    for unknown in tables.keys() - set(TABLES):
        refuse_unknown(source, (unknown,), TABLES)
    run = read_table(RunSettings, tables.get("run", {}), source, ("run",))
    limits = read_table(LimitSettings, _limits(tables.get("limits", {}), source), source, ("limits",))
    is_live = run is None or run.world == "live"
    venues: dict[str, VenueSettings] = {}
    for name, table in _named(tables, "venues", source).items():
        key, secret = environment.secrets(name, are_needed=is_live)
        venue = read_table(VenueSettings, table, source, ("venues", name), name=name, api_key=key, api_secret=secret)
        if venue is not None:
            venues[name] = venue
    strategies: dict[str, StrategySettings] = {}
    for name, table in _named(tables, "strategies", source).items():
        strategy = _strategy(name, table, source, parameters_of)
        if strategy is not None:
            strategies[name] = strategy
    if not tables.get("strategies"):
        source.refuse(("strategies",), "at least one table [strategies.NAME]", "none")
    if run is not None and limits is not None and not source.problems:
        for name in {strategy.venue for strategy in strategies.values()} - venues.keys():
            key, secret = environment.secrets(name, are_needed=is_live)
            venues[name] = VenueSettings(name=name, api_key=key, api_secret=secret)
        settings = Settings(run=run, venues=venues, strategies=strategies, limits=limits)
        warnings = cross_check(settings, source)
        if not source.problems and not environment.problems:
            return dataclasses.replace(settings, warnings=(*environment.warnings, *warnings))
    raise SettingsError((*source.problems, *environment.problems))


def _strategy(name: str, table: Any, source: Source, parameters_of: ParametersOf) -> StrategySettings | None:
    """The generic keys here, every other key by the kind's own `Parameters`."""
    path = ("strategies", name)
    if not isinstance(table, dict):
        source.refuse(path, f"a table [strategies.{name}]", "a single value")
        return None
    generic = {field.name for field in dataclasses.fields(StrategySettings) if "rule" in field.metadata}
    kind = table.get("kind", "market_maker")
    parameters = None
    try:
        cls = parameters_of(kind) if isinstance(kind, str) else None
    except LookupError as error:
        source.refuse((*path, "kind"), "a strategy that exists", f'"{kind}"', str(error.args[0]) if error.args else "")
        cls = None
    if cls is not None:
        own = {field.name for field in dataclasses.fields(cls)}
        rest = {key: value for key, value in table.items() if key not in generic}
        for key in [key for key in rest if key not in own]:
            # Named here, where the generic keys are known too, so that the nearest name may be one of them.
            refuse_unknown(source, (*path, key), (*sorted(own), *sorted(generic)))
            del rest[key]
        parameters = read_table(cls, rest, source, path)
    return read_table(
        StrategySettings,
        {key: value for key, value in table.items() if key in generic},
        source,
        path,
        name=name,
        parameters=parameters,
    )


def _limits(table: Any, source: Source) -> Any:
    """`max_per_symbol = 0.1` (a number for every symbol) is `default_max_position = 0.1`."""
    if not isinstance(table, dict) or "max_per_symbol" not in table or isinstance(table["max_per_symbol"], dict):
        return table
    if "default_max_position" in table:
        source.refuse(
            ("limits", "max_per_symbol"), "a table of symbol = number beside default_max_position", "a number"
        )
    rest = {key: value for key, value in table.items() if key != "max_per_symbol"}
    return {**rest, "default_max_position": table["max_per_symbol"]}


def _named(tables: dict[str, Any], key: str, source: Source) -> dict[str, Any]:
    found = tables.get(key, {})
    if not isinstance(found, dict):
        source.refuse((key,), f"tables [{key}.NAME]", "a single value")
        return {}
    return found


def _lay(tables: dict[str, Any], path: tuple[str, ...], value: Any, source: Source, place: str) -> None:
    """Set one key, making tables on the way."""
    source.override(path, place)
    table: Any = tables
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            source.refuse(path, "a key of a table", "a single value there")
            return
    table[path[-1]] = value


def _read(path: Path | None) -> tuple[str, str]:
    name = "default configuration" if path is None else str(path)
    try:
        data = (path or DEFAULT).read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise SettingsError((Problem("file", name, "a readable TOML file", reason, "check --config"),)) from None
    if len(data) > BYTES_MAX:
        raise SettingsError((Problem("file", name, f"at most {BYTES_MAX} bytes", f"{len(data)} bytes"),))
    try:
        return data.decode().replace("\r\n", "\n"), name
    except UnicodeDecodeError as error:
        raise SettingsError((Problem("file", name, "UTF-8 text", f"another byte at offset {error.start}"),)) from None

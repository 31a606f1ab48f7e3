"""TOML, environment and `.env` into `Settings`: the one door, where every check is made and every bad key named."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from mm.config.crosscheck import FindVenue, ListedOf, MakerFeeOf, cross_check, find_venues
from mm.config.environment import Environment
from mm.config.places import key_lines
from mm.config.problems import Problem, SettingsError
from mm.config.reader import Source, read_table, refuse_unknown
from mm.config.settings import (
    ConversionSettings,
    HedgeSettings,
    KillSettings,
    LimitSettings,
    MarketMakerParameters,
    RunSettings,
    Settings,
    StrategyLimits,
    StrategySettings,
    VenueSettings,
)
from mm.config.syntax import syntax_problem
from mm.subscriptions import subscriptions_of

TABLES: Final = ("run", "venues", "strategies", "hedging", "conversion", "limits", "kill")
BYTES_MAX: Final = 1_000_000
DEFAULTS: Final = {"kind": "market_maker", "policy": "cross_exchange"}
"""What is chosen where a table does not say."""
DEFAULT: Final = Path(__file__).with_name("default.toml")

Owned = TypeVar("Owned", bound="StrategySettings | HedgeSettings")
ParametersOf = Callable[[str], type]
"""Gives the `Parameters` of a strategy's kind or of a policy; raises LookupError with a sentence if there is none."""


def builtin_parameters(kind: str) -> type:
    """The parameters of the kinds that need no import of a strategy."""
    if kind == "market_maker":
        return MarketMakerParameters
    raise LookupError('known kinds: "market_maker"')


def no_policies(policy: str) -> type:
    """The hedging policies of a reader that was given none."""
    raise LookupError("no hedging policy can be named here")


def load(
    path: Path | None,
    environment: Environment,
    arguments: Mapping[tuple[str, ...], Any] | None = None,
    parameters_of: ParametersOf = builtin_parameters,
    policies_of: ParametersOf = no_policies,
    maker_fee_of: MakerFeeOf = lambda venue: None,
    find_venue: FindVenue = lambda name, package: None,
    listed_of: ListedOf = lambda venue: (),
) -> Settings:
    """Read and check everything, or raise `SettingsError` naming every problem.

    path: the TOML file, None for the default simulation; arguments: path of a key -> value from the command line, which
    wins over the environment, which wins over `.env`, which wins over the file; parameters_of: of a strategy's kind;
    policies_of: of a hedging policy; maker_fee_of: what a venue takes at first, None where that is not known;
    find_venue: raises ConfigError for a venue that is not there; listed_of: every symbol that a simulated venue has.
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
    return _check(tables, source, environment, parameters_of, policies_of, maker_fee_of, find_venue, listed_of)


def load_tables(
    tables: dict[str, Any],
    name: str,
    environment: Environment,
    parameters_of: ParametersOf = builtin_parameters,
    policies_of: ParametersOf = no_policies,
    maker_fee_of: MakerFeeOf = lambda venue: None,
    find_venue: FindVenue = lambda name, package: None,
    listed_of: ListedOf = lambda venue: (),
) -> Settings:
    """Check tables that a program made, as `load` does those of a file; name: what to call them in an error."""
    source = Source(name, {})
    for override, (value, variable) in environment.overrides().items():
        _lay(tables, override, value, source, f"{environment.place(variable)} {variable}")
    return _check(tables, source, environment, parameters_of, policies_of, maker_fee_of, find_venue, listed_of)


def _check(
    tables: dict[str, Any],
    source: Source,
    environment: Environment,
    parameters_of: ParametersOf,
    policies_of: ParametersOf,
    maker_fee_of: MakerFeeOf,
    find_venue: FindVenue,
    listed_of: ListedOf,
) -> Settings:
    for unknown in tables.keys() - set(TABLES):
        refuse_unknown(source, (unknown,), TABLES)
    url = environment.store_url()
    run = read_table(RunSettings, tables.get("run", {}), source, ("run",), store_url=url)
    if run is not None and run.store == "postgres" and url is None:
        source.refuse(
            ("run", "store"),
            "STORE_URL in the environment or .env beside it",
            "none",
            "STORE_URL=postgresql://user:password@host/database",
        )
    limits = read_table(LimitSettings, _limits(tables.get("limits", {}), source), source, ("limits",))
    kill = read_table(KillSettings, tables.get("kill", {}), source, ("kill",))
    is_live = run is None or run.world == "live"
    venues: dict[str, VenueSettings] = {}
    for name, table in _named(tables, "venues", source).items():
        secrets = environment.secrets(name, are_needed=is_live)
        venue = read_table(VenueSettings, table, source, ("venues", name), name=name, **secrets)
        if venue is not None:
            venues[name] = venue
    strategies: dict[str, StrategySettings] = {}
    for name, table in _named(tables, "strategies", source).items():
        strategy = _owned(StrategySettings, "strategies", name, table, source, "kind", parameters_of)
        if strategy is not None:
            strategies[name] = strategy
    hedging: dict[str, HedgeSettings] = {}
    for name, table in _named(tables, "hedging", source).items():
        hedge = _owned(HedgeSettings, "hedging", name, table, source, "policy", policies_of)
        if hedge is not None:
            hedging[name] = hedge
            if "fallback_after_s" in table and not hedge.fallback:
                source.refuse(("hedging", name, "fallback_after_s"), "a fallback beside it", "none")
    conversion: dict[str, ConversionSettings] = {}
    for name, table in _named(tables, "conversion", source).items():
        stated = read_table(ConversionSettings, table, source, ("conversion", name), name=name)
        if stated is not None:
            conversion[name] = stated
    if not tables.get("strategies"):
        source.refuse(("strategies",), "at least one table [strategies.NAME]", "none")
    if run is not None and limits is not None and kill is not None and not source.problems:
        named = {strategy.venue for strategy in strategies.values()}
        named |= {name for hedge in hedging.values() for name, _ in hedge.markets()}
        named |= {stated.venue for stated in conversion.values() if stated.venue}
        named |= _heard(strategies, source)
        for name in named - venues.keys():
            venues[name] = VenueSettings(name=name, **environment.secrets(name, are_needed=is_live))
        settings = Settings(
            run=run,
            venues=venues,
            strategies=strategies,
            limits=limits,
            kill=kill,
            hedging=hedging,
            conversion=conversion,
        )
        find_venues(settings, source, tables.get("venues", {}), find_venue)
        warnings = cross_check(settings, source, maker_fee_of, listed_of) if not source.problems else []
        if not source.problems and not environment.problems:
            return dataclasses.replace(settings, warnings=(*environment.warnings, *warnings))
    raise SettingsError((*source.problems, *environment.problems))


def _owned(
    cls: type[Owned], table_name: str, name: str, table: Any, source: Source, chooser: str, parameters_of: ParametersOf
) -> Owned | None:
    """The generic keys here, every other key by the chosen class's own `Parameters`."""
    path = (table_name, name)
    if not isinstance(table, dict):
        source.refuse(path, f"a table [{table_name}.{name}]", "a single value")
        return None
    table, own_limits = _own_limits(table, source, path)
    generic = {field.name for field in dataclasses.fields(cls) if "rule" in field.metadata}
    chosen = table.get(chooser, DEFAULTS[chooser])
    parameters = None
    try:
        kind = parameters_of(chosen) if isinstance(chosen, str) else None
    except LookupError as error:
        what = "a strategy that exists" if chooser == "kind" else "a policy that exists"
        source.refuse((*path, chooser), what, f'"{chosen}"', str(error.args[0]) if error.args else "")
        kind = None
    if kind is not None:
        own = {field.name for field in dataclasses.fields(kind)}
        rest = {key: value for key, value in table.items() if key not in generic}
        for key in [key for key in rest if key not in own]:
            # Named here, where the generic keys are known too, so that the nearest name may be one of them.
            refuse_unknown(source, (*path, key), (*sorted(own), *sorted(generic)))
            del rest[key]
        parameters = read_table(kind, rest, source, path)
    return read_table(
        cls,
        {key: value for key, value in table.items() if key in generic},
        source,
        path,
        name=name,
        parameters=parameters,
        **own_limits,
    )


def _own_limits(table: dict[str, Any], source: Source, path: tuple[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The table [strategies.NAME.limits], apart from what is the strategy's own."""
    if path[0] != "strategies" or "limits" not in table:
        return table, {}
    rest = {key: value for key, value in table.items() if key != "limits"}
    return rest, {"limits": read_table(StrategyLimits, table["limits"], source, (*path, "limits"))}


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


def _heard(strategies: dict[str, StrategySettings], source: Source) -> set[str]:
    """Venues that strategies want to hear."""
    venues: set[str] = set()
    for name, strategy in strategies.items():
        try:
            venues |= {each.venue for each in subscriptions_of(strategy.parameters) if each.venue}
        except Exception as error:  # noqa: BLE001  # whatever a user's file raises
            path = ("strategies", name)
            source.refuse(path, "subscriptions that can be made", f"{type(error).__name__}: {error}")
    return venues


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


def bounded(path: Path) -> bytes:
    """A file's first bytes, one more than are taken. Raises OSError, for pipes and devices too: they have no end, or
    wait for ever, and a run that reloads would wait with them."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "a directory" if stat.S_ISDIR(mode) else "no plain file")
        return file.read(BYTES_MAX + 1)


def _read(path: Path | None) -> tuple[str, str]:
    name = "default configuration" if path is None else str(path)
    try:
        data = bounded(path or DEFAULT)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise SettingsError((Problem("file", name, "a readable TOML file", reason, "check --config"),)) from None
    if len(data) > BYTES_MAX:
        raise SettingsError((Problem("file", name, f"at most {BYTES_MAX} bytes", "more"),))
    try:
        # Some editors begin a file with a mark of its byte order.
        return data.decode("utf-8-sig").replace("\r\n", "\n"), name
    except UnicodeDecodeError as error:
        raise SettingsError((Problem("file", name, "UTF-8 text", f"another byte at offset {error.start}"),)) from None

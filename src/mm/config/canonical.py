"""Settings as bytes and back: what the first event of a recording carries, so that a replay needs no file.

Secrets are not part of it: only fields with a rule are written.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mm.config.load import Owned, ParametersOf, builtin_parameters, no_policies
from mm.config.problems import SettingsError
from mm.config.reader import Source, read_table
from mm.config.settings import (
    ConversionSettings,
    HedgeSettings,
    KillSettings,
    LimitSettings,
    RunSettings,
    Settings,
    StrategyLimits,
    StrategySettings,
    VenueSettings,
)


class UnknownKind(LookupError):
    """A recorded strategy is not here."""


def to_json(settings: Settings) -> bytes:
    """The canonical text: sorted keys, exact decimals, no secret."""
    strategies = {
        name: _table(strategy)
        | _table(strategy.parameters)
        | ({"limits": _table(strategy.limits)} if strategy.limits is not None else {})
        for name, strategy in settings.strategies.items()
    }
    value = {
        "run": _table(settings.run),
        "venues": {name: _table(venue) for name, venue in settings.venues.items()},
        "strategies": strategies,
        "limits": _table(settings.limits),
        "kill": _table(settings.kill),
    }
    if settings.hedging:
        value["hedging"] = {name: _table(hedge) | _table(hedge.parameters) for name, hedge in settings.hedging.items()}
    if settings.conversion:
        value["conversion"] = {name: _table(stated) for name, stated in settings.conversion.items()}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def from_json(
    text: bytes, parameters_of: ParametersOf = builtin_parameters, policies_of: ParametersOf = no_policies
) -> Settings:
    """The settings of `to_json`, without secrets. Raises SettingsError for anything else."""
    source = Source("recorded configuration", {})
    try:
        value = json.loads(text)
        run = read_table(RunSettings, value["run"], source, ("run",))
        limits = read_table(LimitSettings, value["limits"], source, ("limits",))
        kill = read_table(KillSettings, value.get("kill", {}), source, ("kill",))
        venues = {
            name: read_table(VenueSettings, table, source, ("venues", name), name=name)
            for name, table in value["venues"].items()
        }
        strategies = {
            name: _owned(StrategySettings, ("strategies", name), table, source, "kind", parameters_of)
            for name, table in value["strategies"].items()
        }
        hedging = {
            name: _owned(HedgeSettings, ("hedging", name), table, source, "policy", policies_of)
            for name, table in value.get("hedging", {}).items()
        }
        conversion = {
            name: read_table(ConversionSettings, table, source, ("conversion", name), name=name)
            for name, table in value.get("conversion", {}).items()
        }
    except UnknownKind as error:
        came = str(error.args[0])
        source.refuse(
            ("strategies",), "strategies and policies that can be imported", came, "set PYTHONPATH as in the run"
        )
        raise SettingsError(tuple(source.problems)) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        source.refuse(("file",), "the settings of a run", f"{type(error).__name__}")
        raise SettingsError(tuple(source.problems)) from error
    if source.problems or run is None or limits is None or kill is None:
        raise SettingsError(tuple(source.problems))
    return Settings(
        run=run,
        venues={name: venue for name, venue in venues.items() if venue is not None},
        strategies={name: strategy for name, strategy in strategies.items() if strategy is not None},
        limits=limits,
        kill=kill,
        hedging={name: hedge for name, hedge in hedging.items() if hedge is not None},
        conversion={name: stated for name, stated in conversion.items() if stated is not None},
    )


def _owned(
    cls: type[Owned],
    path: tuple[str, str],
    table: dict[str, Any],
    source: Source,
    chooser: str,
    parameters_of: ParametersOf,
) -> Owned | None:
    fixed: dict[str, Any] = {}
    if cls is StrategySettings and "limits" in table:
        fixed["limits"] = read_table(StrategyLimits, table["limits"], source, (*path, "limits"))
        table = {key: value for key, value in table.items() if key != "limits"}
    generic = {field.name for field in dataclasses.fields(cls) if "rule" in field.metadata}
    own = {key: value for key, value in table.items() if key not in generic}
    try:
        kind = parameters_of(table[chooser])
    except LookupError as error:
        raise UnknownKind(*error.args) from error
    parameters = read_table(kind, own, source, path)
    rest = {key: value for key, value in table.items() if key in generic}
    return read_table(cls, rest, source, path, name=path[1], parameters=parameters, **fixed)


def _table(settings: Any) -> dict[str, Any]:  # Any: a dataclass with ruled fields
    found = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        # An empty text or tuple or None is the default of a field whose rule would refuse it.
        if "rule" in field.metadata and value is not None and value != "" and value != ():
            found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value

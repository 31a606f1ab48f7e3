"""Settings: TOML, environment and `.env`, checked once at the door."""

from mm.config.environment import Environment
from mm.config.load import load, load_tables
from mm.config.problems import Problem, SettingsError
from mm.config.rule import Rule, boolean, choice, integer, number, numbers, text, texts
from mm.config.secret import Secret, fingerprint
from mm.config.settings import (
    ConversionSettings,
    HedgeSettings,
    LimitSettings,
    MarketMakerParameters,
    RunSettings,
    Settings,
    StrategyLimits,
    StrategySettings,
    VenueSettings,
)

__all__ = [
    "ConversionSettings",
    "Environment",
    "HedgeSettings",
    "LimitSettings",
    "MarketMakerParameters",
    "Problem",
    "Rule",
    "RunSettings",
    "Secret",
    "Settings",
    "SettingsError",
    "StrategyLimits",
    "StrategySettings",
    "VenueSettings",
    "boolean",
    "choice",
    "fingerprint",
    "integer",
    "load",
    "load_tables",
    "number",
    "numbers",
    "text",
    "texts",
]

"""Finds a venue's package by its name: `mm.exchanges.<name>` with a `VENUE` in it; no list is edited for a new one."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType
from typing import Any

import mm.exchanges as exchanges
from mm.errors import ConfigError


def names() -> list[str]:
    """Return the venues that are there."""
    return sorted(module.name for module in pkgutil.iter_modules(exchanges.__path__) if module.ispkg)


def find(name: str) -> Any:  # each venue's face has a type of its own; the engine states what it needs of it
    """Return the face of a venue. Raises ConfigError that names the nearest one for a venue that is not there."""
    known = names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else ""
        raise ConfigError(f"venues.{name}", "", f"one of {', '.join(known)}", hint)
    module: ModuleType = importlib.import_module(f"mm.exchanges.{name}")
    return module.VENUE

"""Finds a venue by its name, `mm.exchanges.<name>` with a `VENUE` in it, or by the package that its settings name."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from decimal import Decimal
from types import ModuleType
from typing import Any

import mm.exchanges as exchanges
from mm.errors import ConfigError


def names() -> list[str]:
    """Return the venues that come with the package."""
    return sorted(module.name for module in pkgutil.iter_modules(exchanges.__path__) if module.ispkg)


def find(name: str, package: str = "") -> Any:  # each face has a type of its own; the engine states what it needs of it
    """Return the face of a venue. Raises ConfigError that says what is wrong, and where.

    package: of a venue that does not come with `mm`, importable, with the face as `VENUE`; its name has to be `name`.
    """
    if package:
        return _outside(name, package)
    known = names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else 'a venue of your own says package = "package.module"'
        raise ConfigError(f"venues.{name}", "", f"one of {', '.join(known)}", hint)
    module: ModuleType = importlib.import_module(f"mm.exchanges.{name}")
    return module.VENUE


def entry_maker_fee_bps(name: str, package: str = "") -> Decimal | None:
    """Return what a venue takes of a maker at first in basis points, None where it does not say or is not there."""
    try:
        fee = getattr(find(name, package), "entry_maker_fee_bps", None)
    except ConfigError:
        # Said where the venue is needed.
        return None
    return None if fee is None else Decimal(fee)


def title(name: str, package: str = "") -> str:
    """Return a venue's name for people: as its face says, else made of its name. Raises ConfigError."""
    said = getattr(find(name, package), "title", "")
    return str(said) or " ".join(word.capitalize() for word in name.split("_"))


def _outside(name: str, package: str) -> Any:
    key, came = f"venues.{name}.package", f'"{package}"'
    try:
        module = importlib.import_module(package)
    except Exception as error:  # whatever a user's package raises when it is run
        told = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise ConfigError(key, "", f"a package that can be imported, got {came}", told) from error
    face = getattr(module, "VENUE", None)
    if face is None:
        raise ConfigError(key, "", f"a package with a VENUE in it, got {came}", "see docs/adding_a_venue.md")
    if getattr(face, "name", None) != name:
        said = getattr(face, "name", None)
        raise ConfigError(key, "", f'the package of a venue named "{name}", got {came}', f'its VENUE.name is "{said}"')
    return face

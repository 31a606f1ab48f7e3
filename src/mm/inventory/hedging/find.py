"""Hedging policies by name: `twap` is the file of that name here, `package.module:Class` any class that can be
imported."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from mm.inventory.hedging.policy import HedgePolicy

NOT_POLICIES = frozenset({"find", "hedger", "ledger", "policy"})


def known() -> tuple[str, ...]:
    """The policies that come with the package."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name for module in modules if module.name not in NOT_POLICIES))


def find(name: str) -> type[HedgePolicy]:
    """The class of a policy. Raises LookupError with a sentence that says what is wrong."""
    if ":" in name:
        module_name, _, class_name = name.partition(":")
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # whatever a user's file raises when it is run
            raise LookupError(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from error
        found = getattr(module, class_name, None)
        if not (isinstance(found, type) and issubclass(found, HedgePolicy)):
            raise LookupError(f"{module_name} has no subclass of HedgePolicy named {class_name}")
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            raise LookupError(f"{module_name}.{class_name} does not define {', '.join(missing)}")
        return found
    if name not in known():
        names = ", ".join(f'"{policy}"' for policy in known())
        raise LookupError(f"known policies: {names}; or package.module:Class for a class of your own")
    module = importlib.import_module(f"mm.inventory.hedging.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, HedgePolicy) and value.__module__ == module.__name__:
            return value
    raise LookupError(f"mm.inventory.hedging.{name} defines no policy")


def parameters_of(name: str) -> type:
    """The parameters of a policy, for the reader of the configuration. Raises LookupError as `find` does."""
    return find(name).Parameters

"""Strategies by name: `market_maker` is the file of that name here, `package.module:Class` any class that can be
imported."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from mm.strategies.base import Strategy

NOT_STRATEGIES = frozenset({"base", "exposure", "find", "others"})


def known() -> tuple[str, ...]:
    """The kinds that come with the package."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name for module in modules if module.name not in NOT_STRATEGIES))


def find(kind: str) -> type[Strategy]:
    """The class of a kind. Raises LookupError with a sentence that says what is wrong."""
    if ":" in kind:
        module_name, _, class_name = kind.partition(":")
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # whatever a user's file raises when it is run
            raise LookupError(f"{module_name} cannot be imported: {_told(error)}") from error
        found = getattr(module, class_name, None)
        if not (isinstance(found, type) and issubclass(found, Strategy)):
            raise LookupError(f"{module_name} has no subclass of mm.strategies.Strategy named {class_name}")
        return _complete(found)
    if kind not in known():
        names = ", ".join(f'"{name}"' for name in known())
        raise LookupError(f"known kinds: {names}; or package.module:Class for a class of your own")
    module = importlib.import_module(f"mm.strategies.{kind}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__:
            return _complete(value)
    raise LookupError(f"mm.strategies.{kind} defines no strategy")


def _complete(found: type[Strategy]) -> type[Strategy]:
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise LookupError(f"{found.__module__}.{found.__name__} does not define {', '.join(missing)}")
    if not isinstance(getattr(found, "Parameters", None), type):
        raise LookupError(f"{found.__module__}.{found.__name__} has no class Parameters")
    return found


def _told(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    return f"{type(error).__name__}: {error}" if not isinstance(error, ImportError) else str(error)


def parameters_of(kind: str) -> type:
    """The parameters of a kind, for the reader of the configuration. Raises LookupError as `find` does."""
    return find(kind).Parameters

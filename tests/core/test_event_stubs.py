"""Constructors of events against their stubs: what a checker of stubs cannot see, as they have no signature."""

import ast
import sys
from pathlib import Path

import pytest

from mm._core import events

TYPES = {"i": "int", "c": "int", "n": "int", "s": "str", "b": "bytes", "t": "bool"}


def stub_of(kind):
    path = Path(sys.modules[kind.__module__].__file__)
    tree = ast.parse((path.parent / f"{kind.__module__.rpartition('.')[2]}.pyi").read_text())
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    return {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("kind", events.CLASSES, ids=lambda kind: kind.__name__)
def test_constructor_takes_the_fields_as_the_stub_says(kind):
    _, *arguments = stub_of(kind)["__init__"].args.args
    promised = [(argument.arg, ast.unparse(argument.annotation)) for argument in arguments]
    assert promised == [(name, TYPES[code]) for name, code in kind.FIELDS]
    samples = {"int": 1, "str": "x", "bytes": b"x", "bool": True}
    event = kind(**{name: samples[type_name] for name, type_name in promised})
    assert [type(value).__name__ for value in event.values()] == [type_name for _, type_name in promised]

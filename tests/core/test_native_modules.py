"""Each native module alone in a process: it can be imported first, and the interpreter ends in order."""

import subprocess
import sys
from pathlib import Path

import pytest

import mm

SOURCE = Path(mm.__file__).parents[1]
NATIVE = sorted(".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in SOURCE.glob("mm/**/*.pyi"))


def test_native_modules_are_found():
    assert {"mm._core._rust", "mm._core.events", "mm._core.orders"} <= set(NATIVE)


@pytest.mark.parametrize("name", NATIVE)
def test_process_that_imports_one_native_module_ends_in_order(name):
    done = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

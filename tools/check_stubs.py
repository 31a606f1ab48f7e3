"""Compare each native module with its stub: `python tools/check_stubs.py` (in `make types`).

A native module is one that has a stub beside its sources; the list is read from the tree, so that a new module is
compared without being named anywhere.
"""

import sys
from pathlib import Path

from mypy import stubtest

ROOT = Path(__file__).resolve().parents[1]


def native_modules() -> list[str]:
    """Names of all modules with a stub, those made by Cython and the one made by Rust."""
    source = ROOT / "src"
    return sorted(".".join(path.relative_to(source).with_suffix("").parts) for path in source.glob("mm/**/*.pyi"))


def main() -> int:
    """Return 0 when every stub says what its module is."""
    arguments = ["--allowlist", str(ROOT / "stubtest-allowlist.txt"), "--ignore-unused-allowlist"]
    arguments += ["--mypy-config-file", str(ROOT / "pyproject.toml"), *native_modules()]
    return stubtest.test_stubs(stubtest.parse_options(arguments))


if __name__ == "__main__":
    sys.exit(main())

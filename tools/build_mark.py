"""What a build is made of, as one word: a verdict about another build is no verdict about this one.

    python tools/build_mark.py      print it

Verdicts are kept under it: by the Makefile those of `make faults`, by the other tools their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BUILT_OF: Final = ("src", "rust", "build_backend", "setup.py", "pyproject.toml", "Cargo.toml", "Cargo.lock")
MADE: Final = frozenset({".so", ".pyc"})
MADE_BY_FUZZING: Final = Path("rust/fuzz/Cargo.lock")
"""No part of the build: with it, verdicts before the fuzzing of a campaign were another build's after it."""


def build_mark(root: Path = ROOT, more: Iterable[Path] = ()) -> str:
    """Sixteen digits that are others once a source is. more: files that a verdict hangs on beside the build."""
    digest = hashlib.sha256()
    for path in sorted({*more, *(path for part in BUILT_OF for path in _files(root / part))}):
        name = path.relative_to(root)
        if path.suffix not in MADE and name != MADE_BY_FUZZING:
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(part: Path) -> list[Path]:
    return [part] if part.is_file() else [path for path in part.rglob("*") if path.is_file()]


if __name__ == "__main__":
    print(build_mark())

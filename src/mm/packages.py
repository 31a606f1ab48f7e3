"""Whether what is installed is what was meant: no package that nobody allowed, no file that is not its package's own.

    python -m mm packages                     check, and name everything that is wrong
    python -m mm packages --pin FILE          write down what is installed, by hash
    python -m mm packages --pinned FILE       check, and that it is what was written down

A live start checks by itself (`run.packages`). What is looked at is this program and everything that it needs:

- Each is on the list of allowed packages, `allowed_packages.toml` beside this file.
- Each of its files has the hash that its installation recorded (`RECORD` of the wheel), native modules among them.
- No other module lies in its folders, and its name is imported from there and from nowhere else.
- Nothing that an interpreter runs at its start (`.pth`, `sitecustomize`) is unknown.

Someone who replaces a whole package replaces its record too: that is what pins are for, a hash of every record. What
the interpreter compiles by itself (`__pycache__`) has no record. Strategies and venues of one's own are not looked at.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

LIST: Final = Path(__file__).with_name("allowed_packages.toml")
PROGRAM: Final = "mm"
OPTIONAL: Final = ("sqlalchemy", "asyncpg", "alembic")
"""Of the store in PostgreSQL; looked at where they are installed."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
EXTRAS: Final = re.compile(r"\[([^\]]*)\]")
CODE: Final = frozenset({".py", ".so", ".pyd", ".pth", ".dylib", ".dll"})
START: Final = ("sitecustomize.py", "usercustomize.py")
PLACES: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""Files beside a record that differ by who installed, and how."""
FOUND_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a record. path: below the folder that packages are installed in; sha256: hexadecimal."""

    path: str
    sha256: str


def normal(name: str) -> str:
    """A package's name in the one form that all of its spellings have."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def allowed() -> Mapping[str, Any]:
    """The list. Raises OSError, TOMLDecodeError."""
    return tomllib.loads(LIST.read_text())


def check(path: Sequence[str] | None = None) -> list[str]:
    """Everything that is wrong, as sentences; at most FOUND_MAX. path: where to look, usually where Python does."""
    where = list(sys.path if path is None else path)
    found: list[str] = []
    installed = _installed(where)
    needed = _needed(installed, found)
    roots = {Path(str(each.locate_file(""))).resolve() for each in needed.values()}
    for name, distribution in needed.items():
        if name != PROGRAM and name not in allowed()["packages"]:
            found.append(f"{name}: it is not on the list of allowed packages ({LIST})")
        found += _differences(name, distribution, where)
    for root in sorted(roots):
        found += _start_files(root)
    return found if len(found) <= FOUND_MAX else [*found[:FOUND_MAX], f"and {len(found) - FOUND_MAX} more"]


def pins(path: Sequence[str] | None = None) -> dict[str, dict[str, str]]:
    """Name to version and the hash of its record, for what `check` looks at."""
    where = list(sys.path if path is None else path)
    return {
        name: {"version": each.version, "sha256": _digest(record(each))}
        for name, each in sorted(_needed(_installed(where), []).items())
        if name != PROGRAM or not _is_source_tree(each)
    }


def unpinned(file: Path, path: Sequence[str] | None = None) -> list[str]:
    """What differs from a file that `pins` were written to, as sentences."""
    try:
        wanted = json.loads(file.read_text())
        texts = {name: (str(each["version"]), str(each["sha256"])) for name, each in wanted.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        came = (error.strerror or "").lower() if isinstance(error, OSError) else "something else"
        return [f"{file}: expected what `mm packages --pin` writes ({came})"]
    now = {name: (each["version"], each["sha256"]) for name, each in pins(path).items()}
    found = [f"{name}: it is not among the pinned packages of {file}" for name in sorted(now.keys() - texts.keys())]
    found += [f"{name}: it is pinned in {file} and not installed" for name in sorted(texts.keys() - now.keys())]
    for name in sorted(now.keys() & texts.keys()):
        if now[name] != texts[name]:
            was, came = texts[name][0], now[name][0]
            what = f"version {came}, pinned is {was}" if was != came else f"version {came} with other contents"
            found.append(f"{name}: {what} ({file})")
    return found


def problems(policy: str, file: str) -> list[str]:
    """What a run has to say before it trades. policy: of `run.packages`; file: of `run.package_pins`, '' none."""
    if policy == "off":
        return []
    return check() + (unpinned(Path(file)) if file else [])


# --- what is there --------------------------------------------------------------------------------------------------


def _installed(where: list[str]) -> dict[str, list[Distribution]]:
    """By name, each that is found, the one that is imported first."""
    found: dict[str, list[Distribution]] = {}
    for each in distributions(path=where):
        name = each.metadata["Name"]
        if name:
            found.setdefault(normal(name), []).append(each)
    return found


def _needed(installed: dict[str, list[Distribution]], found: list[str]) -> dict[str, Distribution]:
    """This program and what it needs, and what those need."""
    needed: dict[str, Distribution] = {}
    waiting = [(PROGRAM, "", frozenset[str](), True)]
    waiting += [(name, "", frozenset({"asyncio"}), False) for name in OPTIONAL if name in installed]
    while waiting:
        name, by, extras, is_must = waiting.pop()
        if name not in installed:
            if is_must:
                found.append(f"{name}: it is needed{by and f' by {by}'} and not installed")
            continue
        if name in needed and not extras:
            continue
        needed[name] = distribution = installed[name][0]
        for text in distribution.requires or ():
            wanted, _, marker = text.partition(";")
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
            match = NAME.match(wanted)
            if match is None or (extra is not None and extra[1] not in extras):
                continue
            own = EXTRAS.search(wanted)
            more = frozenset(own[1].replace(" ", "").split(",")) if own else frozenset[str]()
            known = normal(match.group())
            if known not in needed:
                # A marker may say that it is for another system or version.
                waiting.append((known, name, more, not marker.strip()))
    return needed


def record(distribution: Distribution) -> list[Row]:
    """The files that an installation has recorded with their hash; those of other folders (scripts) are left out."""
    rows = []
    for line in csv.reader(io.StringIO(distribution.read_text("RECORD") or "")):
        if len(line) == 3 and line[1].startswith("sha256=") and not line[0].startswith(("..", "/")):
            code = line[1].removeprefix("sha256=")
            rows.append(Row(line[0], base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)).hex()))
    return rows


def _digest(rows: Iterable[Row]) -> str:
    """One hash of a record, whoever installed it and in whatever order."""
    lines = sorted(f"{each.sha256} {each.path}\n" for each in rows if Path(each.path).name not in PLACES)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _is_source_tree(distribution: Distribution) -> bool:
    """Whether it runs from its sources: those have no record."""
    try:
        return bool(json.loads(distribution.read_text("direct_url.json") or "{}")["dir_info"]["editable"])
    except (ValueError, LookupError, TypeError):
        return False


# --- what is wrong --------------------------------------------------------------------------------------------------


def _differences(name: str, distribution: Distribution, where: list[str]) -> Iterator[str]:
    root = Path(str(distribution.locate_file(""))).resolve()
    rows = record(distribution)
    if not rows:
        yield f"{name}: its installation left no record of its files: install it anew"
        return
    for each in rows:
        try:
            came = hashlib.sha256((root / each.path).read_bytes()).hexdigest()
        except OSError as error:
            yield f"{name}: {each.path} cannot be read: {error.strerror}"
            continue
        if came != each.sha256:
            yield f"{name}: {each.path} is not what was installed: its hash is {came[:16]}, not {each.sha256[:16]}"
    if name == PROGRAM and _is_source_tree(distribution):
        return
    known = {each.path for each in rows}
    tops = sorted({path.partition("/")[0] for path in known})
    for top in tops:
        if top.endswith((".dist-info", ".data")):
            continue
        folder = root / top
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix in CODE and path.relative_to(root).as_posix() not in known:
                yield f"{name}: {path.relative_to(root)} was not installed with it"
        yield from _shadowed(name, top, root, where)


def _shadowed(name: str, top: str, root: Path, where: list[str]) -> Iterator[str]:
    """Another module that answers to the name: a folder further to the front of the path."""
    module = top.partition(".")[0]
    is_module = any((root / top).glob("__init__.*")) or (root / top).suffix in CODE
    spec = PathFinder.find_spec(module, where) if is_module and module.isidentifier() else None
    origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    if origin is not None and not origin.is_relative_to(root):
        yield f"{name}: {module} is imported from {origin}, and the package is in {root}"


def _start_files(root: Path) -> Iterator[str]:
    texts = allowed()["start_files"]
    for path in sorted(root.glob("*.pth")):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError as error:
            yield f"{path} cannot be read: {error.strerror}"
            continue
        # Other lines name folders; these are run.
        runs = [line for line in lines if line.startswith(("import ", "import\t"))]
        if runs and "\n".join(runs).strip() != texts.get(path.name):
            yield f"{path}: every start of Python here runs what it says, and nobody allowed it"
    for name in START:
        if (root / name).exists():
            yield f"{root / name}: every start of Python here runs it, and nobody allowed it"


def main(argv: Sequence[str] | None = None) -> int:
    """Check, and pin; returns 0 all is as it should be, 1 something is not, 2 wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m mm packages", description="Is what is installed what was meant?")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--pin", type=Path, metavar="FILE", help="write down what is installed, once all is well")
    which.add_argument("--pinned", type=Path, metavar="FILE", help="compare with what was written down")
    arguments = parser.parse_args(argv)
    found = check() + (unpinned(arguments.pinned) if arguments.pinned else [])
    for each in found:
        print(each, file=sys.stderr)
    if found:
        return 1
    if arguments.pin:
        arguments.pin.write_text(json.dumps(pins(), indent=1) + "\n")
    for name, pin in pins().items():
        licence = allowed()["packages"].get(name, {}).get("licence", "MIT")
        print(f"{name} {pin['version']}  {licence}  {pin['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Show that tests need what they test: take one guard out of the product at a time, and demand that its test fails.

    python tools/guards.py                    every removal of tests/faults/guards*.toml
    python tools/guards.py F68 F70            those of these faults
    python tools/guards.py --left             those of which nothing is known as they are now
    python tools/guards.py --native F93       those in native sources too
    python tools/guards.py --check            only that each removal still fits the sources, in a moment

A removal is one exact piece of a file and what stands there without the guard, at most three lines. It is put into a
copy of the package in a temporary folder, the named test runs on the copy, and must fail by an assertion that says what
the entry expects, by the id of an invariant or a fault: a crash, or another assertion, is no proof. Where a second
guard stands behind the first, an entry takes both out (`also`). Results are kept in `build/guards.json` for
`tools/fault_table.py`, with the mark of all that the entry says: what came of it is nothing that an edited one came to.
Removals in native sources need a build each (`--native`): of a Cython module in the copy, from what was built before;
of the Rust module in `build/guards`, which is kept, so that cargo compiles only what changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
LISTS: Final = ROOT / "tests" / "faults"
"""Each section of faults may have a list of its own there: `guards_a.toml`."""
RESULTS: Final = ROOT / "build" / "guards.json"
SHOWN: Final = LISTS / "results.json"
"""What `tools/fault_table.py` took over from there."""
CRATES: Final = ROOT / "build" / "guards"
"""A copy of the crates and what cargo made of it: a fixed place, for cargo knows a crate by its path."""
LINES_MAX: Final = 3
NATIVE: Final = frozenset({".pyx", ".pxd", ".rs"})
TIMEOUT_S: Final = 900
FAULT: Final = re.compile(r"F\d\d")
ID: Final = re.compile(r"\b[IF]\d{1,2}\b")
"""Of an invariant or a fault: any assertion may fail, and only one that names what broke is a judgement of it."""
ERROR: Final = re.compile(r"^E +(\S.*)$", re.MULTILINE)
VERDICT: Final = ("AssertionError", "assert ", "mm.errors.InvariantError", "Failed: DID NOT RAISE")
"""How the first line of a failure begins that is a judgement; anything else is a crash."""
QUICK: Final = {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
    "PYO3_BUILD_EXTENSION_MODULE": "1",
    "PYO3_PYTHON": sys.executable,
}
"""As the module is built, on every core and from what was compiled before."""
LIBRARIES: Final = ("lib_rust.so", "lib_rust.dylib", "_rust.dll")
COPIED: Final = ("src", "rust", "tests", "tools", "docs", "examples", "build_backend")


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a file below the project, and what stands there without the guard: exact text."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Removal:
    """One guard that is taken out.

    fault: the row that it belongs to; guard: what it does, in words; file, old, new: the piece, see `Cut`; also: what
    else goes, where the guard has a second one behind it; test: a node id of pytest (a parametrised one without its
    brackets runs all of them; `only` is a -k expression); expect: a regular expression that its message holds.
    """

    fault: str
    guard: str
    file: str
    old: str
    new: str
    test: str
    expect: str
    only: str = ""
    campaign: bool = False
    also: Sequence[dict[str, str]] = ()

    @property
    def cuts(self) -> list[Cut]:
        """Every piece that goes. Raises TypeError where one does not say file, old and new."""
        return [Cut(self.file, self.old, self.new), *(Cut(**each) for each in self.also)]

    @property
    def key(self) -> str:
        """Names it among the results."""
        return f"{self.fault} {self.guard}"

    @property
    def mark(self) -> str:
        """Of all that it says: what came of it once is nothing that another one came to."""
        cuts = [[cut.file, cut.old, cut.new] for cut in self.cuts]
        said = [self.fault, self.guard, cuts, self.test, self.only, self.campaign, self.expect]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    @property
    def suffixes(self) -> set[str]:
        """Of the native sources that it changes: what needs a build."""
        return {Path(cut.file).suffix for cut in self.cuts} & NATIVE


@dataclass(slots=True)
class Result:
    """What became of a removal. problem: empty when the test failed as it should."""

    removal: Removal
    problem: str
    said: str = ""
    seconds: float = 0.0
    output: str = field(default="", repr=False)


def read_all(folder: Path = LISTS) -> list[Removal]:
    """Return every list's removals. Raises ValueError naming the entry and what is wrong with it."""
    return [removal for path in sorted(folder.glob("guards*.toml")) for removal in read(path)]


def read(path: Path) -> list[Removal]:
    """Return a list. Raises ValueError naming the entry and what is wrong with it."""
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text()).get("removal", [])
    removals = []
    for number, entry in enumerate(entries):
        try:
            removal = Removal(**entry)
            _ = removal.cuts
        except TypeError as error:
            raise ValueError(f"removal {number} of {path.name}: {error}") from None
        problem = problem_of(removal)
        if problem:
            raise ValueError(f"removal {number} of {path.name} ({removal.fault}, {removal.guard}): {problem}")
        removals.append(removal)
    return removals


def problem_of(removal: Removal, root: Path = ROOT) -> str:
    """Say why a removal cannot be made, or nothing."""
    if not FAULT.fullmatch(removal.fault):
        return f"fault must be like F68, not {removal.fault!r}"
    for cut in removal.cuts:
        if not cut.file.startswith(("src/", "rust/")):
            return f"{cut.file} is no part of the product"
        source = root / cut.file
        if not source.is_file():
            return f"{cut.file} does not exist"
        found = source.read_text().count(cut.old)
        if found != 1:
            return f"the text is {found} times in {cut.file}, it must be there once:\n{cut.old}"
        if cut.old == cut.new:
            return "nothing changes"
    if max(changed_lines(removal)) > LINES_MAX:
        return f"more than {LINES_MAX} lines change"
    if not (root / removal.test.partition("::")[0]).is_file():
        return f"there is no test {removal.test}"
    try:
        re.compile(removal.expect)
    except re.error as error:
        return f"expect: {error}"
    # Each alternative for itself: beside "assert" any assertion would do.
    if not all(ID.search(part) for part in removal.expect.split("|")):
        return f"expect must name an invariant or a fault, as I5 or {removal.fault}, in each alternative"
    return ""


def changed_lines(removal: Removal) -> tuple[int, int]:
    """How many lines go, and how many come, without those that stay at either end of a piece."""
    gone = come = 0
    for cut in removal.cuts:
        old, new = cut.old.splitlines(), cut.new.splitlines()
        while old and new and old[0] == new[0]:
            del old[0], new[0]
        while old and new and old[-1] == new[-1]:
            del old[-1], new[-1]
        gone, come = gone + len(old), come + len(new)
    return gone, come


def judge(removal: Removal, code: int, output: str) -> tuple[str, str]:
    """Return what is wrong with a test's failure (nothing: it is the right one) and the first thing that it said."""
    if code == 0:
        return "the test passes without the guard", ""
    said = ERROR.findall(output)
    if code != 1 or not said:
        return f"the test could not run (pytest's code {code})", output[-400:]
    for line in said:
        if line.startswith(VERDICT) and re.search(removal.expect, line):
            return "", line
    verdicts = [line for line in said if line.startswith(VERDICT)]
    if not verdicts:
        return "the test crashed instead of judging", said[-1]
    return f"the test failed for another reason than {removal.expect!r}", verdicts[0]


def run(removal: Removal, *, keep: bool = False) -> Result:
    """Take a guard out of a copy and run its test there."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="mm-guard-"))
    try:
        overlay(folder, is_built=bool(removal.suffixes - {".rs"}))
        for cut in removal.cuts:
            target = folder / cut.file
            target.write_text(target.read_text().replace(cut.old, cut.new))
        for build in [_build_rust] * (".rs" in removal.suffixes) + [_build] * bool(removal.suffixes - {".rs"}):
            built = build(folder)
            if built.returncode:
                return Result(removal, "the copy does not build", built.stderr[-400:], time.monotonic() - began)
        code, output = _test(folder, removal)
        problem, said = judge(removal, code, output)
        return Result(removal, problem, said, time.monotonic() - began, output)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def overlay(folder: Path, *, is_built: bool) -> None:
    """Copy what a test needs; native modules come along as they were built, unless Cython builds one again."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "target"))
    for path in ROOT.iterdir():
        if path.is_file() and (path.suffix in (".toml", ".py", ".lock", ".txt", ".md") or path.name == "LICENSE"):
            shutil.copy2(path, folder / path.name)
    if is_built and (ROOT / "build").is_dir():
        # With what was built before, so that only what changed is built.
        shutil.copytree(ROOT / "build", folder / "build", ignore=shutil.ignore_patterns("guards*"))


def _build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _build_rust(folder: Path) -> subprocess.CompletedProcess[str]:
    mirror(folder, CRATES / "crates")
    command = ["cargo", "build", "-q", "--release", "--locked", "-p", "mm-py"]
    environment = os.environ | QUICK | {"CARGO_TARGET_DIR": str(CRATES / "target")}
    done = subprocess.run(command, cwd=CRATES / "crates", env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        made = CRATES / "target" / "release"
        library = next(each for name in LIBRARIES if (each := made / name).is_file())
        module = folder / "src" / "mm" / "_core" / f"_rust{sysconfig.get_config_var('EXT_SUFFIX')}"
        shutil.copy2(library, module)
    return done


def mirror(folder: Path, copy: Path) -> None:
    """Make `copy` the crates of `folder`. What differs is written anew and gets the time of now: cargo goes by time,
    and a source that is put back with its old one would pass for the changed one that was compiled after it."""
    sources = [folder / "Cargo.toml", folder / "Cargo.lock", *(each for each in (folder / "rust").rglob("*"))]
    wanted = {path.relative_to(folder): path.read_bytes() for path in sources if path.is_file()}
    for path in [each for each in copy.rglob("*") if each.is_file()]:
        if path.relative_to(copy) not in wanted:
            path.unlink()
    for name, content in wanted.items():
        target = copy / name
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _test(folder: Path, removal: Removal) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", "-p", "no:cacheprovider", removal.test]
    command += ["-k", removal.only] if removal.only else []
    # The copy comes before the package that is installed.
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    if removal.campaign:
        environment["MM_CAMPAIGN"] = "1"
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return 2, f"not done after {TIMEOUT_S} s"
    return done.returncode, done.stdout + done.stderr


def keep_results(results: Sequence[Result], path: Path = RESULTS) -> None:
    """Add to the file of results, by guard."""
    kept = _kept(path)
    for result in results:
        removal = result.removal
        said = {"problem": result.problem, "said": result.said, "test": removal.test, "mark": removal.mark}
        kept[removal.key] = said
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, sort_keys=True))


def _kept(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns 1 when a test does not need its guard, 2 when the list is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faults", nargs="*", help="ids as F68; none: all")
    parser.add_argument("--check", action="store_true", help="only look whether the removals fit the sources")
    parser.add_argument("--left", action="store_true", help="only those that have no result as they are now")
    parser.add_argument("--native", action="store_true", help="those in native sources too, with a build each")
    arguments = parser.parse_args(argv)
    try:
        removals = read_all()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = [each for each in removals if not arguments.faults or each.fault in arguments.faults]
    if arguments.left:
        shown = json.loads(SHOWN.read_text()).get("guards", {}) | _kept(RESULTS)
        chosen = [each for each in chosen if shown.get(each.key, {}).get("mark") != each.mark]
    if arguments.check:
        print(f"{len(chosen)} removals fit the sources")
        return 0
    results = []
    # Those that need a build last, each file's after one another.
    for removal in sorted(chosen, key=lambda each: (sorted(each.suffixes), each.file if each.suffixes else "")):
        if removal.suffixes and not arguments.native:
            print(f"left out {removal.fault} {removal.guard} (native: --native)", flush=True)
            continue
        result = run(removal)
        results.append(result)
        keep_results([result])
        word = f"NOT NEEDED: {result.problem}" if result.problem else "fails without it"
        print(f"{removal.fault} {removal.guard}: {word} ({result.seconds:.0f} s)\n    {result.said}", flush=True)
    wrong = sum(bool(result.problem) for result in results)
    print(f"{len(results)} guards taken out, {wrong} of them not needed by their test")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

"""The manner of the repository, as far as a machine can judge it: lengths, leftovers, links, what comes together."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "Makefile").exists():
    pytest.skip("runs in the source tree only", allow_module_level=True)

LOCK = ROOT / "Cargo.lock"
LINES_MAX = 600
LONGER: dict[str, str] = {}
"""Path to reason."""
CODE = (".py", ".pyx", ".pxd", ".pyi", ".rs")
SKIPPED = {".git", ".venv", "target", "build", "dist", "__pycache__", "state"}


def tracked() -> list[Path]:
    """Files that are, or are about to be, in the repository; those of the tree where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        files = [ROOT / name for name in listed]
    except (OSError, subprocess.CalledProcessError):
        files = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in files if path.is_file())


FILES = tracked()
SOURCES = [path for path in FILES if path.suffix in CODE]
DOCUMENTS = [path for path in FILES if path.suffix == ".md" and "data" not in path.relative_to(ROOT).parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_files_were_found():
    assert len(SOURCES) > 100
    assert ROOT / "README.md" in DOCUMENTS


def test_no_file_is_longer_than_it_can_be_read():
    lengths = {name(path): path.read_text().count("\n") for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > LINES_MAX and path not in LONGER} == {}
    assert [path for path in LONGER if lengths[path] <= LINES_MAX] == [], "no longer an exception"


def test_nothing_is_left_for_later_in_the_code():
    left = re.compile(r"\b(TODO|FIXME|HACK|XXX)\b(?!-)")
    found = [
        f"{name(path)}:{number}"
        for path in SOURCES
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if left.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("source", [path for path in SOURCES if path.suffix == ".pyx"], ids=lambda path: path.stem)
def test_cython_module_is_three_files(source):
    assert source.with_suffix(".pxd").exists()
    assert source.with_suffix(".pyi").exists()
    assert not source.stem.startswith("_"), "only the Rust module starts with an underscore"


def test_every_module_says_what_it_is_for():
    silent = [
        name(path)
        for path in SOURCES
        if path.suffix in (".py", ".pyx") and path.is_relative_to(ROOT / "src")
        if path.read_text().strip() and not path.read_text().startswith(('"""', "#!", "# cython"))
    ]
    assert silent == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_and_paths_in_documents_lead_somewhere(document):
    text = document.read_text()
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    for target in filter(None, targets):
        assert (document.parent / target).exists(), target
    # What stands in code marks and begins with a folder of the repository is a path of it.
    folders = "|".join(["src", "tests", "benches", "docs", "tools", "rust", "examples", "build_backend"])
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_in_documents_exist(document):
    text = document.read_text()
    commands = re.findall(r"(?:`|^ {4})make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
    assert {target for command in commands for target in command.split()} <= make_targets()
    for module in re.findall(r"python -m (mm(?:\.\w+)*)", text):
        path = ROOT / "src" / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_every_target_that_ci_calls_exists_and_help_lists_it():
    script = (ROOT / ".ci/run").read_text()
    called = set(re.findall(r"^gate \S+ make (\S+)|^exec make (\S+)", script, re.MULTILINE))
    called = {word for pair in called for word in pair if word}
    listed = set(re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert "test" in called
    assert called <= listed
    assert listed == make_targets()


def test_ci_script_can_be_executed():
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_changelog_begins_with_the_version_that_is_built():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in (version, "Unreleased")


def test_the_page_of_faults_is_what_would_be_written():
    command = [sys.executable, str(ROOT / "tools" / "fault_table.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_registry_or_the_machine_it_was_written_on():
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "crates" + ".io", "npmjs" + ".org", "/home" + "/", "/root" + "/"]
    pattern = re.compile("|".join(map(re.escape, hosts)))
    # How cargo names its public index in a lock file, whatever mirror it reads: that line, in that file, and no other.
    index = 'source = "registry+https://github.com/rust-lang/crates' + '.io-index"\n'
    found = [
        f"{name(path)}: {match.group()}"
        for path in FILES
        if path.suffix in (*CODE, ".md", ".toml", ".yml", ".txt", ".lock", ".cfg", "")
        if (match := pattern.search(path.read_text(errors="replace").replace(index if path == LOCK else "\0", "")))
    ]
    assert found == []


def test_the_rust_dependencies_are_locked_whole():
    packages = tomllib.loads(LOCK.read_text())["package"]
    ours = {package["name"] for package in packages if "source" not in package}
    assert LOCK in FILES
    assert ours == {"mm-core", "mm-py"}
    assert all(len(package["checksum"]) == 64 for package in packages if package["name"] not in ours)


@pytest.mark.parametrize(
    "changed", ["src/mm/a.py", "rust/a.rs", "build_backend/a.py", "setup.py", "Cargo.lock", "pyproject.toml"]
)
def test_verdicts_of_another_build_are_kept_apart_without_git_too(tmp_path, changed):
    parts = ["src/mm/a.py", "rust/a.rs", "build_backend/a.py", "setup.py", "pyproject.toml", "Cargo.toml", "Cargo.lock"]
    for part in parts:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).write_text("one")
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text() + "\nshow:\n\t@echo $(FAULTS)\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "build_mark.py").write_text((ROOT / "tools" / "build_mark.py").read_text())
    command = ["make", "-s", "show", f"BIN={Path(sys.executable).parent}"]

    def file():
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    first = file()
    assert re.fullmatch(r"build/faults/[0-9a-f]{16}\n", first)
    (tmp_path / "src/mm/a.so").write_text("what the compiler makes of it")
    (tmp_path / "rust/fuzz").mkdir()
    (tmp_path / "rust/fuzz/Cargo.lock").write_text("what fuzzing makes, after the seeds of the same campaign")
    assert file() == first
    (tmp_path / changed).write_text("two")
    assert file() != first

"""What the packaging files must agree on among themselves; quick, part of every run."""

import re
import runpy
import shutil
import tomllib
from pathlib import Path

import pytest

import mm

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / "setup.py").exists():
    pytest.skip("runs in the source tree only", allow_module_level=True)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())


def pin(requirements, name):
    """Return the requirement of `name` in a list of them."""
    (found,) = [item for item in requirements if re.match(rf"{re.escape(name)}\b", item)]
    return found


def test_picows_is_pinned_to_one_version_for_build_and_run():
    build = pin(PROJECT["build-system"]["requires"], "picows")
    run = pin(PROJECT["project"]["dependencies"], "picows")
    assert build == run
    assert re.fullmatch(r"picows==[\d.]+", run)


def test_a_build_that_ends_while_it_fills_the_cache_leaves_no_half_of_a_module(tmp_path, monkeypatch):
    """The next build would take it for the whole."""
    monkeypatch.setattr("setuptools.setup", lambda **settings: None)
    monkeypatch.setattr("Cython.Build.cythonize", lambda *modules, **settings: [])
    keep = runpy.run_path(str(ROOT / "setup.py"))["keep"]
    made, kept = tmp_path / "made.so", tmp_path / "kept"
    made.write_bytes(b"a whole module")

    def ended(source, target):
        Path(target).write_bytes(Path(source).read_bytes()[:7])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", ended)
        with pytest.raises(KeyboardInterrupt):
            keep(made, kept)
    assert not kept.exists()
    keep(made, kept)
    assert kept.read_bytes() == b"a whole module"


def test_one_version_everywhere():
    assert PROJECT["project"]["version"] == CARGO["workspace"]["package"]["version"] == mm.__version__


def test_cibuildwheel_is_the_same_in_workflow_and_extra():
    extra = pin(PROJECT["project"]["optional-dependencies"]["release"], "cibuildwheel")
    assert f"pip install {extra}" in (ROOT / ".github/workflows/wheels.yml").read_text()


def test_workflows_call_targets_that_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    workflows = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    called = set(re.findall(r"run: make (\S+)", workflows))
    assert called
    assert called <= targets


def test_what_the_tests_read_is_there_where_a_wheel_is_tested():
    for name in PROJECT["tool"]["cibuildwheel"]["test-sources"]:
        assert (ROOT / name).exists(), name

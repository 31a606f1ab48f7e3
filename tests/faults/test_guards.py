"""The tool that takes guards out, and the page of faults: what they refuse, and what they take for a proof."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# As the tools find one another.
sys.path.append(str(ROOT / "tools"))


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


guards = tool("guards")
table = tool("fault_table")
REMOVAL = guards.Removal(
    "F70", "a guard", "src/mm/engine/liquidation.py", "    return\n", "", "tests/faults/test_guards.py::test_x", "F70"
)


def test_every_removal_fits_the_sources_and_each_fault_of_hedging_has_two():
    removals = guards.read_all()
    for number in range(62, 72):
        assert sum(each.fault == f"F{number}" for each in removals) >= 2, number


@pytest.mark.parametrize(
    ("code", "output", "problem"),
    [
        (0, "1 passed", "passes without the guard"),
        (1, "E   AssertionError: F70: the venue's threshold was reached\n", ""),
        (1, "E   AssertionError: I5: fees\n", "another reason"),
        (1, "E   KeyError: 'F70'\n", "crashed"),
        (1, "E       KeyError: 1\nE   AssertionError: F70: reached\n", ""),
        (2, "E   ImportError: F70\n", "could not run"),
        (5, "no tests ran", "could not run"),
    ],
)
def test_a_test_has_to_fail_by_a_judgement_of_the_expected_kind(code, output, problem):
    said, _ = guards.judge(REMOVAL, code, output)
    assert said == problem == "" or (problem and problem in said)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fault": "70"}, "like F68"),
        ({"file": "tests/conftest.py"}, "no part of the product"),
        ({"file": "src/mm/none.py"}, "does not exist"),
        ({"old": "no such text"}, "0 times"),
        ({"old": "from mm", "new": ""}, "times in"),
        ({"test": "tests/none.py::test_x"}, "there is no test"),
        ({"expect": "("}, "expect"),
        ({"expect": ""}, "must name"),
        ({"expect": "assert"}, "must name"),
        ({"expect": "DID NOT RAISE"}, "must name"),
        ({"expect": "F70|assert"}, "must name"),
        ({"expect": "F70: reached|I6"}, ""),
    ],
)
def test_a_removal_that_cannot_be_made_is_refused(changes, problem):
    good = next(each for each in guards.read_all() if each.fault == "F70")
    assert guards.problem_of(good) == ""
    found = guards.problem_of(replace(good, **changes))
    assert problem in found
    assert bool(found) is bool(problem)


@pytest.mark.parametrize(
    "changes",
    [
        {"fault": "F71"},
        {"guard": "another"},
        {"new": "x"},
        {"test": "tests/faults/test_guards.py::test_y"},
        {"expect": "I5"},
        {"only": "kraken"},
        {"campaign": True},
        {"also": [{"file": "src/a.py", "old": "a", "new": "b"}]},
    ],
)
def test_what_came_of_a_removal_is_nothing_that_an_edited_one_came_to(tmp_path, changes):
    results = tmp_path / "guards.json"
    guards.keep_results([guards.Result(REMOVAL, "")], results)
    kept = json.loads(results.read_text())
    assert table.word_of(REMOVAL, kept) == "needed"
    edited = replace(REMOVAL, **changes)
    assert table.word_of(edited, kept) == "not taken out yet"
    guards.keep_results([guards.Result(edited, "the test passes without the guard")], results)
    assert table.word_of(edited, json.loads(results.read_text())) == "NOT NEEDED"


def test_a_fault_is_run_once_a_build_unless_it_is_named(tmp_path, monkeypatch):
    ran, build = [], "one"
    tests = {fault: [f"tests/faults/test_guards.py::test_{fault.lower()}_x"] for fault in ("F01", "F02")}

    def run(fault, _):
        ran.append(fault)
        failed = ["test_f02_x"] if fault == "F02" else []
        return {"cases": 3, "failed": failed, "seeds": 20 if fault == "F02" else 0, "build": build}

    monkeypatch.setattr(table, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(table, "PAGE", tmp_path / "faults.md")
    monkeypatch.setattr(table, "tests_of", lambda: tests)
    monkeypatch.setattr(table, "mark_of", lambda _: build)
    monkeypatch.setattr(table, "run", run)
    table.RESULTS.write_text("{}")
    assert table.main(["--run"]) == 1
    assert table.main(["--run"]) == 1, "what failed on this build has failed still"
    assert ran == ["F01", "F02"], "it was run again"
    assert "| no chance in it | 3 cases passed |" in table.PAGE.read_text()
    assert "| 20 | 1 of 3 cases FAILED |" in table.PAGE.read_text()
    assert table.main(["--run", "F01"]) == 0
    assert table.main(["--run", "--again"]) == 1
    build = "another"
    assert table.main(["--run"]) == 1
    assert ran == ["F01", "F02", "F01", "F01", "F02", "F01", "F02"]


def test_a_build_is_another_once_a_source_or_what_else_is_named_changes(tmp_path):
    marks = table.build_mark
    for name in ("src/mm/a.py", "Cargo.toml", "tests/test_a.py", "docs/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    seen = [marks(tmp_path), marks(tmp_path, {tmp_path / "tests/test_a.py"})]
    (tmp_path / "src/mm/a.so").write_text("made")
    (tmp_path / "docs/a.md").write_text("two")
    assert [marks(tmp_path), marks(tmp_path, {tmp_path / "tests/test_a.py"})] == seen
    (tmp_path / "tests/test_a.py").write_text("two")
    assert marks(tmp_path) == seen[0]
    assert marks(tmp_path, {tmp_path / "tests/test_a.py"}) != seen[1]
    (tmp_path / "src/mm/a.py").write_text("two")
    assert marks(tmp_path) != seen[0]


def test_more_than_three_lines_are_no_small_removal():
    source = (ROOT / "src/mm/engine/liquidation.py").read_text().splitlines(keepends=True)
    long = replace(next(each for each in guards.read_all() if each.fault == "F70"), old="".join(source[:5]), new="")
    assert "more than 3 lines" in guards.problem_of(replace(long, file="src/mm/engine/liquidation.py"))
    assert guards.changed_lines(replace(long, old="a\nb\nc\n", new="a\nx\nc\n")) == (1, 1)


def test_the_page_names_each_of_the_98_faults_once():
    sections = tomllib.loads((ROOT / "tests" / "faults" / "faults.toml").read_text())
    ids = [fault for section in sections.values() for fault in section if fault != "title"]
    assert ids == [f"F{number:02}" for number in range(1, 99)]
    shown = (ROOT / "docs" / "faults.md").read_text()
    assert all(shown.count(f"| {fault} |") == 1 for fault in ids)


def test_a_guard_with_another_behind_it_is_taken_out_with_it_and_its_lines_count():
    source = "src/mm/engine/liquidation.py"
    good = next(each for each in guards.read_all() if each.fault == "F70")
    words = (ROOT / source).read_text().splitlines(keepends=True)
    cut = next(
        {"file": source, "old": line, "new": ""} for line in words if words.count(line) == 1 and line not in good.old
    )
    both = replace(good, also=[cut])
    assert guards.problem_of(both) == ""
    assert sum(guards.changed_lines(both)) == sum(guards.changed_lines(good)) + 1
    assert "times in" in guards.problem_of(replace(good, also=[cut | {"old": "no such text"}]))
    assert "no part of the product" in guards.problem_of(replace(good, also=[cut | {"file": "tests/conftest.py"}]))
    assert "more than 3 lines" in guards.problem_of(replace(good, also=[cut, cut, cut, cut]))
    assert guards.Removal(
        "F70", "", "rust/a.rs", "a", "b", "", "", also=[{"file": "src/a.pyx", "old": "", "new": "c"}]
    ).suffixes == {
        ".rs",
        ".pyx",
    }


def test_crates_that_are_put_back_are_newer_than_what_was_compiled_from_others(tmp_path):
    tree, copy = tmp_path / "tree", tmp_path / "copy"
    for name in ("Cargo.toml", "Cargo.lock", "rust/one.rs", "rust/two.rs"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
        os.utime(tree / name, (1, 1))
    (copy / "rust").mkdir(parents=True)
    (copy / "rust" / "gone.rs").write_text("of another version")
    guards.mirror(tree, copy)
    os.utime(copy / "rust" / "two.rs", (5, 5))
    (copy / "rust" / "one.rs").write_text("without its guard")
    guards.mirror(tree, copy)
    assert {path.name: path.read_text() for path in (copy / "rust").iterdir()} == {
        "one.rs": "rust/one.rs",
        "two.rs": "rust/two.rs",
    }
    assert (copy / "rust" / "one.rs").stat().st_mtime > 5
    assert (copy / "rust" / "two.rs").stat().st_mtime == 5, "what is the same is not compiled again"

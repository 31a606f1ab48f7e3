"""The script of `make endurance`: it strikes with every hook that its judge asks for, as often and in time."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


endurance = tool("endurance_faults")
judge = tool("endurance_judge")


@pytest.mark.parametrize("venue", [endurance.KRAKEN, endurance.MEXC_SPOT, endurance.MEXC_FUTURES])
def test_every_hook_that_is_asked_for_strikes_often_enough(venue):
    rules = endurance.script(900.0)[venue]
    struck = Counter((rule["on"], rule["action"]) for rule in rules)
    assert [kind for kind in endurance.expected(venue) if struck[kind] < judge.FIRED_MIN] == []
    assert max(rule.get("at_s", rule.get("from_s", 0)) for rule in rules) < 900


def test_what_is_left_out_is_tried_elsewhere():
    names = ("test_rule_faults", "test_delisting_faults", "test_dust_faults", "test_fee_faults")
    alone = "".join((ROOT / "tests" / "faults" / f"{name}.py").read_text() for name in names)
    assert [action for action in sorted(endurance.TERMS) if f'"{action}"' not in alone] == []
    world = (ROOT / "tests" / "chaos" / "test_checker.py").read_text()
    assert [action for action in sorted(endurance.MOVES) if f'"{action}"' not in world] == []
    ends = (ROOT / "tools" / "endurance_ends.py").read_text()
    assert [action for action in sorted(endurance.FATAL) if f'"{action}"' not in ends] == []


def statistics(seconds=900.0, fired=1):
    """Of venues at which each rule of the script has fired so often."""
    rules = endurance.script(seconds)
    return {
        venue: {"hooks": {"rules": [{"name": "", **rule, "fired": fired} for rule in rules[venue]]}} for venue in rules
    }


def test_each_hook_has_to_fire_by_its_name():
    """Three other messages that were dropped do not stand for an execution that was."""
    stats = statistics()
    assert judge.unfired(stats, 900.0) == []
    for rule in stats[endurance.KRAKEN]["hooks"]["rules"]:
        if (rule["action"], rule["name"]) == ("drop", "executions"):
            rule["fired"] = 0
    assert judge.unfired(stats, 900.0) == ["hook message drop executions never fired at kraken"]
    rules = [rule for rule in stats[endurance.MEXC_SPOT]["hooks"]["rules"] if rule["action"] == "ban"]
    for rule in rules[2:]:
        rule["fired"] = 0
    assert judge.unfired(stats, 900.0)[1:] == ["hook clock ban fired 2 times at mexc_spot"]


def test_a_run_that_is_too_short_for_floors_says_so():
    stats = statistics(150.0, fired=0)
    assert judge.unfired(stats, 150.0) == []
    assert judge.floors(150.0) == "not asked for: a run under 900 s"
    assert judge.floors(900.0) == "asked for"

"""The script of `make endurance`: it strikes with every hook that its judge asks for, as often and in time."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRED_MIN = 3
"""As the judge's."""


def script_module():
    spec = importlib.util.spec_from_file_location("endurance_faults", ROOT / "tools" / "endurance_faults.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


endurance = script_module()


@pytest.mark.parametrize("venue", [endurance.KRAKEN, endurance.MEXC_SPOT, endurance.MEXC_FUTURES])
def test_every_hook_that_is_asked_for_strikes_often_enough(venue):
    rules = endurance.script(600.0)[venue]
    struck = Counter((rule["on"], rule["action"]) for rule in rules)
    assert [kind for kind in endurance.expected(venue) if struck[kind] < FIRED_MIN] == []
    assert max(rule.get("at_s", rule.get("from_s", 0)) for rule in rules) < 600


def test_what_is_left_out_is_tried_elsewhere():
    names = ("test_rule_faults", "test_delisting_faults", "test_dust_faults", "test_fee_faults")
    alone = "".join((ROOT / "tests" / "faults" / f"{name}.py").read_text() for name in names)
    assert [action for action in sorted(endurance.TERMS) if f'"{action}"' not in alone] == []
    ends = (ROOT / "tools" / "endurance_ends.py").read_text()
    assert [action for action in sorted(endurance.FATAL) if f'"{action}"' not in ends] == []

"""When fault hooks fire, and which rules are refused."""

from __future__ import annotations

from typing import Any

import pytest

from mm.simulator.hooks import HookError, Hooks, parse_rule

SECOND = 10**9


def hooks(*rules: dict[str, Any], seed: int = 1) -> Hooks:
    made = Hooks(seed, 0)
    made.load(list(rules))
    return made


def fired(made: Hooks, count: int, name: str = "add_order") -> list[int]:
    return [k for k in range(count) if made.find(0, "reply", name) is not None]


def test_script_counts_matches() -> None:
    made = hooks({"on": "reply", "name": "add_order", "action": "withhold", "skip": 2, "every": 3, "times": 2})
    assert fired(made, 12) == [2, 5]
    assert made.fired == {"reply.withhold": 2}


def test_other_names_do_not_match() -> None:
    made = hooks({"on": "reply", "name": "add_order", "action": "withhold"})
    assert made.find(0, "reply", "cancel_order") is None
    assert made.find(0, "request", "add_order") is None
    assert made.find(0, "reply", "add_order") is not None


def test_rate_is_drawn_from_the_seed() -> None:
    rule = {"on": "message", "action": "drop", "rate": 0.25}
    counts = {}
    for seed in (1, 1, 2):
        made = hooks(rule, seed=seed)
        hits = tuple(k for k in range(1000) if made.find(0, "message", "book") is not None)
        assert 200 < len(hits) < 300
        counts.setdefault(seed, set()).add(hits)
    assert len(counts[1]) == 1
    assert counts[1] != counts[2]


def test_window_of_time() -> None:
    made = hooks({"on": "reply", "action": "delay", "from_s": 10, "until_s": 20})
    times = [k for k in range(0, 30, 5) if made.find(k * SECOND, "reply", "x") is not None]
    assert times == [10, 15]


def test_clock_rule_repeats() -> None:
    made = hooks({"on": "clock", "action": "mode", "at_s": 5, "every_s": 10, "times": 3})
    moments = []
    while (due := made.next_due_ns()) != 0:
        moments.append(due // SECOND)
        assert made.due(due - 1) == []
        assert len(made.due(due)) == 1
    assert moments == [5, 15, 25]


def test_first_rule_wins_and_the_others_still_count() -> None:
    made = hooks(
        {"on": "reply", "action": "withhold", "times": 1},
        {"on": "reply", "action": "duplicate", "skip": 1},
    )
    actions = []
    for _ in range(2):
        rule = made.find(0, "reply", "x")
        actions.append(rule.action if rule is not None else "")
    assert actions == ["withhold", "duplicate"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"on": "nowhere", "action": "drop"}, "'on' must be one of"),
        ({"on": "reply", "action": "checksum"}, "action on 'reply' must be one of"),
        ({"on": "reply", "action": "delay", "delay": 1}, "unknown field 'delay'"),
        ({"on": "reply", "action": "delay", "delay_s": "1"}, "'delay_s' has a bad value"),
        ({"on": "reply", "action": "delay", "delay_s": -1}, "'delay_s' has a bad value"),
        ({"on": "reply", "action": "delay", "every": 0}, "out of range"),
        ({"on": "reply", "action": "delay", "rate": 2}, "out of range"),
        ({"on": "clock", "action": "mode", "mode": "sleepy"}, "out of range"),
        ({"on": "clock", "action": "disconnect", "code": 4}, "'code' must be one of"),
        (17, "must be an object"),
    ],
)
def test_wrong_rules_are_named(rule: object, words: str) -> None:
    with pytest.raises(HookError, match=words):
        parse_rule(rule)


def test_loading_is_all_or_nothing() -> None:
    made = hooks({"on": "reply", "action": "withhold"})
    with pytest.raises(HookError, match="hook 1"):
        made.load([{"on": "reply", "action": "delay"}, {"on": "x"}])
    rule = made.find(0, "reply", "x")
    assert rule is not None
    assert rule.action == "withhold"

"""The table of `make bench`: what it calls a pass, a miss and a regression, and that its file is in order."""

import pytest

from benches.batch import paced
from benches.table import Budget, Row, Timing, best_of, budgets, compare, name_in_group, render, timings


def timing(nanoseconds, **extra):
    return Timing(nanoseconds, nanoseconds, extra)


def row(ours_ns, baseline_ns, target=4.0, budget=4.0):
    return Row(Budget("B1", "a level", "plain", target, budget), 0.25, timing(ours_ns), timing(baseline_ns))


@pytest.mark.parametrize(
    ("ours_ns", "verdict"),
    [(100, "pass"), (101, "miss"), (133, "miss"), (134, "REGRESSED (gate 3.00)")],
)
def test_verdict_follows_target_and_gate(ours_ns, verdict):
    assert row(ours_ns, 400).verdict == verdict


def test_row_without_a_measurement_does_not_hold():
    nothing = Row(Budget("B1", "a level", "plain", 4, 4), 0.25, None, timing(400))
    assert not nothing.holds
    assert nothing.verdict == "NOT MEASURED"


def test_row_of_a_library_that_is_not_installed_is_left_out():
    wanted = [Budget("R1", "a permit", "aiolimiter", 15, 20, peer=True)]
    ours = {("R1", "ours"): timing(30)}
    assert compare(ours, 0.25, wanted) == []
    assert [row.ratio for row in compare(ours | {("R1", "aiolimiter"): timing(900)}, 0.25, wanted)] == [30]


def test_the_better_of_two_measurements_counts_and_what_was_not_measured_again_stays():
    first = [row(100, 300), Row(Budget("R1", "a permit", "aiolimiter", 15, 20, peer=True), 0.25, timing(1), timing(30))]
    assert [each.ratio for each in best_of(first, [row(100, 400)])] == [4, 30]
    assert [each.ratio for each in best_of(first, [row(100, 200)])] == [3, 30]


def test_report_is_divided_by_its_operations_and_named_within_its_group():
    report = {
        "benchmarks": [
            {
                "name": "test_o2_cancel_plain",
                "group": "O2 cancel",
                "extra_info": {"operations": 1000},
                "stats": {"min": 1e-3, "median": 2e-3},
            }
        ]
    }
    assert timings(report) == {("O2 cancel", "plain"): Timing(1000.0, 2000.0, {"operations": 1000})}


def test_a_slow_minute_of_the_machine_is_no_slower_code():
    assert paced([10.0, 17.0, 5.0], [2.0, 2.0, 3.4, 3.4]) == 5.0 / 3.4
    assert paced([10.0], [2.0, 9.0]) == 5.0
    ours, baseline = timing(170, paced=1_000, operations=10), timing(400, paced=4_000, operations=10)
    assert Row(Budget("B1", "a level", "plain", 4, 4), 0.25, ours, baseline).ratio == 4
    assert Row(Budget("B1", "a level", "plain", 4, 4), 0.25, timing(170), baseline).ratio == 400 / 170


def test_parameters_are_part_of_the_group_not_of_the_name():
    assert name_in_group("test_b2_ours[10]", "B2 10") == "ours"
    assert name_in_group("test_k1_tuned_unchecked[1000]", "K1 1000") == "tuned_unchecked"


def test_a_measure_other_than_time_is_compared():
    wanted = Budget("O7", "bytes an order", "plain", 1.8, 1.5, measure="bytes")
    measured = {("O7", "ours"): timing(9e9, bytes=400), ("O7", "plain"): timing(1.0, bytes=800)}
    (compared,) = compare(measured, 0.25, [wanted])
    assert compared.ratio == 2
    assert "400 bytes" in render([compared])


def test_budgets_hold_every_target_to_a_quarter():
    margin, rows = budgets()
    assert margin == 0.25
    assert {"B1", "B5", "K1 10", "O1", "O7", "P1", "R1", "S1"} <= {row.group for row in rows}


def test_a_row_that_is_there_twice_is_refused(tmp_path):
    text = '[[rows]]\ngroup = "B1"\nwhat = ""\nbaseline = "plain"\ntarget = 1\nbudget = 1\n'
    path = tmp_path / "budgets.toml"
    path.write_text("margin = 0.25\n" + text + text)
    with pytest.raises(ValueError, match="B1 against plain is there twice"):
        budgets(path)

"""The end of a run: who is cancelled when, when it is over, which exit code tells the truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mm.stopping import HURRIED_NS, PATIENCE_NS, Exit, Patience, Residue, exit_code

NOW = 1_700_000_000_000_000_000


def test_patience_ends() -> None:
    patience = Patience(NOW)
    assert not patience.is_over(NOW + PATIENCE_NS - 1)
    assert patience.is_over(NOW + PATIENCE_NS)


def test_a_second_signal_shortens_the_wait() -> None:
    patience = Patience(NOW)
    patience.hurry(NOW + 5)
    assert not patience.is_over(NOW + 4 + HURRIED_NS)
    assert patience.is_over(NOW + 5 + HURRIED_NS)


def test_hurry_never_lengthens_the_wait() -> None:
    patience = Patience(NOW)
    patience.hurry(NOW + PATIENCE_NS - 1)
    assert patience.is_over(NOW + PATIENCE_NS)


CLEAN = Residue(orders=(), unknown=(), positions=("0 BTC (flat)",), protection=("its timer",))


@pytest.mark.parametrize(
    ("residue", "requested", "code"),
    [
        (CLEAN, True, Exit.CLEAN),
        (CLEAN, False, Exit.FAULT),
        (Residue(("x",), (), (), ()), True, Exit.LEFT),
        (Residue((), ("x",), (), ()), True, Exit.LEFT),
        (Residue((), ("x",), (), ()), False, Exit.LEFT),
        (Residue((), (), (), (), unready=("no book",)), False, Exit.FAULT),
    ],
)
def test_the_exit_code_is_zero_only_for_a_requested_and_proven_stop(
    residue: Residue, requested: bool, code: Exit
) -> None:
    assert exit_code(residue, requested=requested) is code


UNHEARD = Residue((), (), (), ("no timer",), unheard=("kraken",))
UNREADY = Residue((), (), (), (), unready=("no proven book",))


@pytest.mark.parametrize("requested", [True, False])
def test_a_venue_that_was_not_heard_is_never_a_clean_end(requested: bool) -> None:
    assert exit_code(UNHEARD, requested=requested, placed=False) is Exit.UNREACHABLE
    assert exit_code(UNHEARD, requested=requested, placed=True) is Exit.LEFT
    assert exit_code(Residue(("x",), (), (), (), ("kraken",)), requested=requested, placed=False) is Exit.LEFT


def test_a_run_that_could_never_trade_is_no_success() -> None:
    assert exit_code(UNREADY, requested=True, placed=False) is Exit.UNREACHABLE


@pytest.mark.parametrize("residue", [CLEAN, UNHEARD, UNREADY])
def test_a_configuration_that_cannot_work_is_named_as_such(residue: Residue) -> None:
    assert exit_code(residue, requested=False, placed=False, is_refused=True) is Exit.USAGE
    assert exit_code(Residue((), ("x",), (), ()), requested=False, is_refused=True) is Exit.LEFT


def test_the_statement_says_of_a_venue_that_was_not_heard_that_earlier_orders_are_unknown() -> None:
    lines = UNHEARD.lines("Ctrl-C")
    assert "Own orders: none of this start; of earlier ones, unknown:" in lines
    assert "  unknown: kraken was not heard: orders of an earlier start may be left" in lines
    assert not any("by the venue's word" in line for line in lines)
    facts = UNHEARD.facts("Ctrl-C", Exit.UNREACHABLE)
    assert (facts["clean"], facts["orders"]) == (False, [])
    assert facts["unknown"] == ["kraken was not heard: orders of an earlier start may be left"]


def test_a_first_start_that_placed_nothing_alarms_nobody_about_orders_and_is_no_clean_end() -> None:
    first = replace(UNHEARD, is_first=True)
    said = "kraken was not heard: only a start on another folder can have left orders there"
    assert first.lines("refused") == [
        "Stopped: refused",
        "Own orders: none of this start, which is the first on its state folder",
        f"  unknown: {said}",
    ]
    assert (first.is_clean, first.facts("refused", Exit.UNREACHABLE)["unknown"]) == (False, [said])
    # What is in doubt stays an alarm.
    assert "OWN ORDERS MAY BE LEFT AT THE VENUE:" in replace(first, unknown=("x",)).lines("refused")
    assert "  no timer" in replace(first, unknown=("x",)).lines("refused")


def test_the_statement_says_why_a_run_was_never_ready() -> None:
    assert "Never ready to trade: no proven book" in UNREADY.lines("3 s are over")
    assert UNREADY.facts("3 s are over", Exit.UNREACHABLE)["unready"] == ["no proven book"]


def test_the_statement_names_what_is_left_and_what_protects() -> None:
    residue = Residue(("a: buy 1 BTC",), ("b: sell 2 BTC",), ("0.1 BTC",), ("kraken cancels all within 15 s",))
    text = "\n".join(residue.lines("Ctrl-C"))
    for part in ("Ctrl-C", "open: a: buy", "unknown: b: sell", "Position: 0.1 BTC", "within 15 s", "cancel them there"):
        assert part in text
    assert "Own orders: none, by the venue's word" in CLEAN.lines("done")
    assert not any("its timer" in line for line in CLEAN.lines("done"))

"""The end of a run: who is cancelled when, when it is over, which exit code tells the truth."""

from __future__ import annotations

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
    ],
)
def test_the_exit_code_is_zero_only_for_a_requested_and_proven_stop(
    residue: Residue, requested: bool, code: Exit
) -> None:
    assert exit_code(residue, requested=requested) is code


def test_the_statement_names_what_is_left_and_what_protects() -> None:
    residue = Residue(("a: buy 1 BTC",), ("b: sell 2 BTC",), ("0.1 BTC",), ("kraken cancels all within 15 s",))
    text = "\n".join(residue.lines("Ctrl-C"))
    for part in ("Ctrl-C", "open: a: buy", "unknown: b: sell", "Position: 0.1 BTC", "within 15 s", "cancel them there"):
        assert part in text
    assert "Own orders: none, by the venue's word" in CLEAN.lines("done")
    assert not any("its timer" in line for line in CLEAN.lines("done"))

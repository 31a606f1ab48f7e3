"""The end of a run: who is cancelled when, when it is over, which exit code tells the truth."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mm.stopping import AGAIN_NS, HURRIED_NS, PATIENCE_NS, Exit, Residue, Stopping, exit_code

NOW = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Open:
    client_id: str
    venue: str = "kraken"


A, B = Open("a"), Open("b")


def test_every_open_order_is_cancelled_at_once_and_asked_again_each_second() -> None:
    stopping = Stopping(NOW)
    assert stopping.to_cancel(NOW, [A, B]) == [A, B]
    assert stopping.to_cancel(NOW + 1, [A, B]) == []
    assert stopping.next_deadline() == NOW + AGAIN_NS
    assert stopping.to_cancel(NOW + AGAIN_NS, [B]) == [B]
    assert stopping.next_deadline() == NOW + 2 * AGAIN_NS
    assert not stopping.is_over


def test_an_order_that_was_being_created_is_cancelled_when_it_appears() -> None:
    stopping = Stopping(NOW)
    assert stopping.to_cancel(NOW, [A]) == [A]
    assert stopping.to_cancel(NOW + 5, [A, B]) == [B]


def test_no_open_order_is_the_end() -> None:
    stopping = Stopping(NOW)
    stopping.to_cancel(NOW, [A])
    assert stopping.to_cancel(NOW + 5, []) == []
    assert stopping.is_over


def test_patience_ends_and_a_second_signal_shortens_it() -> None:
    stopping = Stopping(NOW)
    stopping.to_cancel(NOW + PATIENCE_NS - 1, [A])
    assert not stopping.is_over
    hurried = Stopping(NOW)
    hurried.hurry(NOW + 5)
    hurried.to_cancel(NOW + 4 + HURRIED_NS, [A])
    assert not hurried.is_over
    for each, end in ((stopping, NOW + PATIENCE_NS), (hurried, NOW + 5 + HURRIED_NS)):
        each.to_cancel(end, [A])
        assert each.is_over


def test_hurry_never_lengthens_the_wait() -> None:
    stopping = Stopping(NOW)
    stopping.hurry(NOW + PATIENCE_NS - 1)
    stopping.to_cancel(NOW + PATIENCE_NS, [A])
    assert stopping.is_over


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

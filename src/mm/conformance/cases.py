"""All cases, found by their files' lists."""

from __future__ import annotations

from mm.conformance import faults, orders, recovery
from mm.conformance.case import Case, case_of


def cases() -> tuple[Case, ...]:
    """Every case, in the order in which a new venue comes to pass them."""
    return tuple(case_of(act) for act in (*orders.CASES, *recovery.CASES, *faults.CASES))


__all__ = ["Case", "cases"]

"""A round of reads over the account ends with what was asked for in it, and with nothing else."""

from __future__ import annotations

from mm._core.events import AccountRead
from mm.exchanges.audit import Audit


def test_a_list_that_was_asked_for_before_the_round_is_no_part_of_it() -> None:
    audit = Audit("kraken", lambda kind: 1)
    audit.begin(10, ("open_orders",), "due")
    audit.asks("open_orders")
    assert audit.read(11, "open_orders", 9) == []
    assert audit.is_running
    assert audit.read(12, "open_orders", 10) == [AccountRead(12, "kraken", 10, True, 1, 1, "due")]

"""Money that was moved to and from the accounts of a run, and what of it the bot may be without at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from mm.simulator.kinds import ACCOUNT

TRANSFER: Final = "transfer"
"""Of an entry of the ledger."""
SCALE: Final = 12
FOUND_NS: Final = 100_000_000_000
"""So long a transfer that nobody tells may be without a word of the bot: until two rounds of reads have shown it."""
CLOSES_E12: Final = 10**4
"""A venue for contracts cuts the mean price at each close: 10^-10 of the money each time, told with what is missing."""

Amounts = dict[tuple[str, str], int]
"""Venue and asset to 10^-12 of it."""


def ways_of(
    venues: Mapping[str, Any], unexplained: Amounts, stopped_ns: int, *, moved: Collection[str] = ()
) -> tuple[list[Amounts], dict[tuple[str, str], str]]:
    """What the bot may not have taken for a transfer, each way that can be right, and what it tells wrongly.

    What it says that it cannot explain has to be a transfer, or some together; and what was moved at the end it need
    not have found. moved: venues where others moved the position: fills of theirs that are booked in another order than
    they came make other money for a while, and what is told there need not be exact. The profit has to close all the
    same, to the last unit.
    """
    moves: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for name, venue in venues.items():
        ledger = venue.exchange.ledger
        for entry in ledger.entries:
            if entry.account == ACCOUNT and entry.kind == TRANSFER:
                amount = entry.amount * 10 ** (SCALE - ledger.decimals(entry.asset))
                moves.setdefault((name, entry.asset), []).append((entry.time_ns, amount))
    told: Amounts = {}
    wrong: dict[tuple[str, str], str] = {}
    for where, amount in unexplained.items():
        here = moves.get(where, [])
        traded = next(iter(venues[where[0]].exchange.instruments.values()))
        _, told[where] = min((abs(each - amount), each) for each in _sums(each for _, each in here))
        if where[0] not in moved and abs(told[where] - amount) > (CLOSES_E12 if traded.contract else 0):
            wrong[where] = f"{amount} of {where[1]} told as unexplained, moved: {here} (10^-{SCALE})"
    ways = [told]
    for where, here in moves.items():
        late = _sums(amount for time_ns, amount in here if time_ns > stopped_ns - FOUND_NS)
        ways = [way | {where: way.get(where, 0) + amount} for way in ways for amount in sorted(late)]
    return ways, wrong


def _sums(amounts: Iterable[int]) -> set[int]:
    """What any of them come to together, none of them included."""
    found = {0}
    for amount in amounts:
        found |= {each + amount for each in found}
    return found

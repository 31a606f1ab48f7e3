"""Money that was moved to and from the accounts of a run, and what of it the bot may be without at the end.

It may be without what it tells as unexplained, without what it tells at its end as not compared, if for as long as that
takes the venue could not be read, and without what was moved at the end, if it has heard nothing of that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from mm.chaos.doubt import SHUT
from mm.simulator.kinds import ACCOUNT

TRANSFER: Final = "transfer"
"""Of an entry of the ledger."""
SCALE: Final = 12
FOUND_NS: Final = 100_000_000_000
"""So long a transfer that nobody tells may be without a word of the bot: until two rounds of reads have shown it."""
TOLD_NS: Final = 2_000_000_000
"""So much later than the venue's word the bot's own is there: it looks each second."""
CLOSES_E12: Final = 10**4
"""A venue for contracts cuts the mean price at each close: 10^-10 of the money each time, told with what is missing."""
BALANCES: Final = frozenset({"Balance", "BalanceChange"})
UNEXPLAINED: Final = "unexplained"
UNCOMPARED: Final = "not compared"

Amounts = dict[tuple[str, str], int]
"""Venue and asset to 10^-12 of it."""


class Reach:
    """When a venue could be read: the bot's private stream is up, and the last answer over HTTP was no ban."""

    __slots__ = ("_spells", "is_banned", "is_up")

    def __init__(self) -> None:
        self.is_up = self.is_banned = False
        self._spells: list[tuple[int, int]] = []
        """From when to when, 0 while it lasts."""

    def look(self, now_ns: int) -> None:
        """Either has changed, or not."""
        is_open = bool(self._spells) and not self._spells[-1][1]
        can_read = self.is_up and not self.is_banned
        if can_read and not is_open:
            self._spells.append((now_ns, 0))
        elif is_open and not can_read:
            self._spells[-1] = (self._spells[-1][0], now_ns)

    def open_ns(self, since_ns: int, until_ns: int) -> int:
        """For how long of this time."""
        spells = ((max(begun_ns, since_ns), min(end_ns or until_ns, until_ns)) for begun_ns, end_ns in self._spells)
        return sum(max(0, end_ns - begun_ns) for begun_ns, end_ns in spells)


class Transfers:
    """Of all venues, as the simulator has them."""

    def __init__(self, venues: Mapping[str, Any]) -> None:
        self._venues = venues
        self._reach = {name: Reach() for name in venues}
        self._unexplained: Amounts = {}
        """What the bot says that it cannot explain."""
        self._uncompared: Amounts = {}
        """What a venue has beyond what is booked by its last word, as the bot says at its end."""
        self._reads: dict[str, list[int]] = {name: [] for name in venues}
        """When each whole read of an account began that the bot wrote, in ns."""
        self._heard: dict[tuple[str, str], tuple[int, int]] = {}
        """Balances, and when the bot wrote them, in ns."""

    def linked(self, now_ns: int, venue: str, *, up: bool) -> None:
        """The private stream of a venue began or ended."""
        self._reach[venue].is_up = up
        self._reach[venue].look(now_ns)

    def answered(self, now_ns: int, venue: str, status: int) -> None:
        """An answer over HTTP reaches the bot."""
        if status > 0:
            self._reach[venue].is_banned = status in SHUT
            self._reach[venue].look(now_ns)

    def read(self, kind: str, record: Any) -> None:
        """A record of the journal."""
        if kind in BALANCES:
            self._heard[record.venue, record.asset] = (record.total, record.recv_ns)
        elif kind == "AccountRead" and record.is_complete:
            self._reads[record.venue].append(record.begun_ns)
        elif kind == "Difference" and record.what == "balance":
            where = (record.venue, record.subject)
            if record.verdict == UNCOMPARED:
                self._uncompared[where] = record.amount
            else:
                self._uncompared.pop(where, None)
                self._unexplained[where] = record.amount if record.verdict == UNEXPLAINED else 0

    def reads(self, venue: str, since_ns: int) -> int:
        """How many whole reads of an account the bot had that began after a moment."""
        return sum(begun_ns > since_ns for begun_ns in self._reads[venue])

    def ways(
        self, stopped_ns: int, now_ns: int, *, moved: Collection[str] = ()
    ) -> tuple[list[Amounts], dict[tuple[str, str], str]]:
        """What the bot may not have taken for a transfer, each way that can be right, and what it tells wrongly.

        What it says that it cannot explain has to be a transfer, or some together; what it says that it has not
        compared as well, of those since which it could not; and what was moved at the end it need not have found, where
        it has not heard of it. moved: venues where others moved the position: fills of theirs that are booked in
        another order than they came make other money for a while, and what is told there need not be exact. The profit
        has to close all the same, to the last unit.
        """
        moves: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for name, venue in self._venues.items():
            ledger = venue.exchange.ledger
            for entry in ledger.entries:
                if entry.account == ACCOUNT and entry.kind == TRANSFER:
                    amount = entry.amount * 10 ** (SCALE - ledger.decimals(entry.asset))
                    moves.setdefault((name, entry.asset), []).append((entry.time_ns, amount))
        told: Amounts = {}
        wrong: dict[tuple[str, str], str] = {}
        for verdict, amounts in ((UNEXPLAINED, self._unexplained), (UNCOMPARED, self._uncompared)):
            for where, amount in amounts.items():
                here = moves.get(where, [])
                if verdict == UNCOMPARED:
                    # By the last word all that is there beyond; what is explained by nothing is a part of that.
                    amount -= self._unexplained.get(where, 0)
                    here = [move for move in here if self._reach[where[0]].open_ns(move[0], stopped_ns) <= FOUND_NS]
                traded = next(iter(self._venues[where[0]].exchange.instruments.values()))
                _, found = min((abs(each - amount), each) for each in _sums(each for _, each in here))
                told[where] = told.get(where, 0) + found
                if where[0] not in moved and abs(found - amount) > (CLOSES_E12 if traded.contract else 0):
                    wrong[where] = f"{amount} of {where[1]} told as {verdict}, moved: {here} (10^-{SCALE})"
        ways = [told]
        for where, here in moves.items():
            is_heard = self._is_heard(where, now_ns)
            late = _sums(amount for time_ns, amount in here if not is_heard and time_ns > stopped_ns - FOUND_NS)
            ways = [way | {where: way.get(where, 0) + amount} for way in ways for amount in sorted(late)]
        return ways, wrong

    def _is_heard(self, where: tuple[str, str], now_ns: int) -> bool:
        """Whether the bot has been told the balance of the ledger, long enough ago to say what it makes of it."""
        ledger = self._venues[where[0]].exchange.ledger
        units = ledger.balance(ACCOUNT, where[1]) * 10 ** (SCALE - ledger.decimals(where[1]))
        total, heard_ns = self._heard.get(where, (0, 0))
        return bool(heard_ns) and total == units and now_ns - heard_ns > TOLD_NS


def _sums(amounts: Iterable[int]) -> set[int]:
    """What any of them come to together, none of them included."""
    found = {0}
    for amount in amounts:
        found |= {each + amount for each in found}
    return found

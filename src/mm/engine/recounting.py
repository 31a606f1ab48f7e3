"""What a venue tells in contracts of another size than ours, in ours.

A venue may change what a contract is while we hold some: nothing is sent there any more (`Engine`), but what is held
can still be cut by the venue, or closed by hand. Positions are taken to be in its contracts of now, a deal in those
of its time. Of less than a contract the venue says nothing.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any, Final

from mm._core import events as ev
from mm.instruments import Instrument

ONE: Final = Fraction(1)
TRAIL_NS: Final = 35_000_000_000
"""So long after a change or a fill a list may be of before it: lists trail by 20 s and more."""


class Recounting:
    """Of one symbol. theirs: what the venue counts in, None where it is what we count in; since_ns: since when it is
    another than before."""

    __slots__ = ("since_ns", "theirs")

    def __init__(self) -> None:
        self.theirs: Instrument | None = None
        self.since_ns = 0

    def on_definition(self, ours: Instrument, told: Instrument, recv_ns: int, *, is_frozen: bool) -> None:
        """The venue tells its definition. An inverse contract is not counted here."""
        if not (ours.linear and told.linear):
            return
        was = self.theirs or ours
        # What is frozen by a change stays so until the next start, also where the venue takes it back.
        is_known = told.meaning() == ours.meaning() and not (is_frozen and self.theirs is not None)
        self.theirs = None if is_known else told
        if told.meaning() != was.meaning():
            self.since_ns = recv_ns

    def unit(self, ours: Instrument) -> Fraction:
        """How many of our contracts one of the venue's is."""
        theirs = self.theirs
        if theirs is None:
            return ONE
        return Fraction(theirs.multiplier * 10**ours.base_precision, ours.multiplier * 10**theirs.base_precision)

    def position(self, ours: Instrument, report: ev.PositionReport) -> ev.PositionReport:
        """A position in our contracts; a part of one, that we cannot hold, is left out."""
        if self.theirs is None:
            return report
        unit = self.unit(ours)
        sizes = {"size": int(report.size * unit), "size_frozen": int(report.size_frozen * unit)}
        return ev.PositionReport(**_facts(report) | sizes)

    def fill(self, ours: Instrument, fill: ev.Fill) -> ev.Fill | None:
        """A deal in our contracts and on our scale of prices; None where there is no such: the position tells of it.
        One of before the change is in the contracts of its time."""
        if self.theirs is None or fill.venue_ns < self.since_ns:
            return fill
        size = fill.size * self.unit(ours)
        price = Fraction(fill.price * 10**ours.price_precision, 10**self.theirs.price_precision)
        if size.denominator != 1 or price.denominator != 1:
            return None
        return ev.Fill(**_facts(fill) | {"size": int(size), "price": int(price)})

    @property
    def sure_ns(self) -> int:
        """From when on a read cannot be of before the change, in whose contracts a list that trails is; 0 always."""
        return 0 if self.theirs is None else self.since_ns + TRAIL_NS

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (self.theirs, self.since_ns)

    def durable(self) -> dict[str, Any]:
        """What a restart must know. Nothing where the venue counts in what we count in: snapshots of earlier builds
        have none of it, and their hash."""
        return {} if self.theirs is None else {"theirs": [self.theirs.to_json().decode(), self.since_ns]}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `durable` gave."""
        if "theirs" in saved:
            definition, self.since_ns = saved["theirs"]
            self.theirs = Instrument.from_json(definition.encode())


def beyond(told: int, held: int, unit: Fraction) -> int:
    """What a venue holds beyond what we think that it does, both signed and in our contracts. unit: how many of them
    one of the venue's is.

    It trades in whole ones: the rest that we had, and that it does not tell, is still there, unless nothing is.
    """
    if not told:
        return -held if abs(held) >= unit else 0
    if unit.denominator == 1:
        one = int(unit)
        rest = held % one if told > 0 else -(-held % one)
        return told + rest - held
    # Of a contract that is one of ours and a part of the next, both have a rest.
    cut = 0 if unit.numerator == 1 else ceil(unit)
    return told - held if abs(told - held) > cut else 0


def _facts(event: ev.Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name, _ in type(event).FIELDS}

"""One id for one fill, whichever way it is heard of.

The stream names fills like `505979017439002624X1`; older replies of `myTrades` have ids of another form, and nobody has
shown on the wire that both are the same today (MEXC Spot reference: unconfirmed). A fill that was booked under one id
must not be booked again under the other. So ids of one form are taken as they are, and one of another form is matched,
one to one, with a fill of the same order, price, size and nearly the same time.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FILLS_MAX: Final = 20_000
TIME_NS_MAX: Final = 2_000_000_000
"""How far the two ways may differ about the time of one fill."""
_STREAM_FORM: Final = re.compile(r"\d{6,30}X\d{1,6}", re.ASCII)
Terms = tuple[str, int, int, int]
"""Venue order id, side, price, size."""


@dataclass(slots=True)
class _Known:
    name: str
    time_ns: int
    twin: str = ""


class FillIds:
    """Names of the fills that were heard of lately."""

    __slots__ = ("_by_terms", "_names")

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()
        self._by_terms: dict[Terms, list[_Known]] = {}

    def booked(self, name: str, terms: Terms, time_ns: int) -> None:
        """Take a fill that an earlier start has booked by a name: it may be heard of by its other one."""
        if name not in self._names:
            self._by_terms.setdefault(terms, []).append(_Known(name, time_ns))
            self._names[name] = name

    def name(self, heard: str, terms: Terms, time_ns: int) -> str:
        """Return the id under which a fill is booked: the first one that it was heard of by."""
        known = self._names.get(heard)
        if known is not None:
            return known
        form = _form(heard)
        fills = self._by_terms.setdefault(terms, [])
        for fill in fills:
            if not fill.twin and _form(fill.name) != form and abs(fill.time_ns - time_ns) <= TIME_NS_MAX:
                fill.twin = heard
                self._names[heard] = fill.name
                return fill.name
        fills.append(_Known(heard, time_ns))
        self._names[heard] = heard
        while len(self._names) > FILLS_MAX:
            self._names.popitem(last=False)
        if len(self._by_terms) > FILLS_MAX:
            del self._by_terms[next(iter(self._by_terms))]
        return heard


def _form(name: str) -> bool:
    return _STREAM_FORM.fullmatch(name) is not None

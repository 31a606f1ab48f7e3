"""Tables for people: aligned, plain, and no wider than the screen."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

WIDTH: Final = 80
"""Of a terminal that does not tell its own."""


@dataclass(slots=True)
class Column:
    """One column. is_number: to the right; rank: columns of the highest are left out first where there is no room."""

    title: str
    is_number: bool = False
    rank: int = 0
    values: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Of the longest text."""
        return max(len(self.title), *(len(value) for value in self.values), 0)

    def cells(self) -> list[str]:
        """The title and each text in its place."""
        # Once for the column: it is as long as the list is.
        width = self.width
        return [text.rjust(width) if self.is_number else text.ljust(width) for text in (self.title, *self.values)]


def lines(columns: Sequence[Column], width: int = 0) -> list[str]:
    """The table, a title line first; empty without a row. width: 0 the terminal's; whole where there is none (a file,
    another program)."""
    shown = list(columns)
    if not width:
        # A width that is exported is meant.
        is_seen = os.environ.get("COLUMNS") or sys.stdout.isatty()
        width = shutil.get_terminal_size((WIDTH, 24)).columns if is_seen else sys.maxsize
    gap = 2
    while sum(column.width for column in shown) + gap * (len(shown) - 1) > width:
        if gap == 2 and sum(column.width for column in shown) + len(shown) - 1 <= width:
            gap = 1
            break
        last = max(shown, key=lambda column: column.rank)
        if not last.rank:
            gap = 1
            break
        shown.remove(last)
    space = " " * gap
    return [space.join(row).rstrip() for row in zip(*(column.cells() for column in shown), strict=True)]


def number(text: str | None, *, places: int = -1, sign: bool = False) -> str:
    """`61,854.1` for exact decimal text; places: rounded to so many, -1 all; `-` for None."""
    if text is None:
        return "-"
    value = Decimal(text)
    if places >= 0:
        value = round(value, places)
    shown = format(value, "+,f" if sign else ",f")
    if places < 0 and "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    # What was rounded to nothing has no sign.
    return shown.lstrip("+-") if not value else shown


def clock(at_ns: int, day: str = "") -> str:
    """`14:03:05`; with a day that is another, `11-25 14:03`."""
    when = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
    return f"{when:%H:%M:%S}" if f"{when:%Y-%m-%d}" == day else f"{when:%m-%d %H:%M}"


def day_of(at_ns: int) -> str:
    """`2026-11-25`."""
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%d}"


def waited(ns: int) -> str:
    """`12 ms`, `3.1 s`, `5 min`."""
    if ns < 1_000_000_000:
        return f"{ns // 1_000_000} ms"
    seconds = ns / 1e9
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

"""How a run ends: how long it waits for proof, what is said about what remains, and with which exit code.

The story: the engine places nothing more and cancels every own open order by id, at once and again each second (an
order that was being created when the stop came is cancelled when the venue knows it); the end is proven when no own
order is open, by the venue's own word. After PATIENCE_NS the wait is over, and the statement says what is left. A
second signal shortens the wait, it never skips the cancelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

PATIENCE_NS: Final = 10_000_000_000
HURRIED_NS: Final = 2_000_000_000
"""A second Ctrl-C: long enough for a cancel and its confirmation on a slow link."""


class Exit(IntEnum):
    """Exit codes of a run. They tell the truth in order of what matters: is anything left at the venue?"""

    CLEAN = 0
    """A requested stop, every own order proven gone."""
    USAGE = 2
    """Wrong arguments or configuration: this start left nothing."""
    UNREACHABLE = 3
    """Never ready to trade: this start placed nothing. Where the venue was not heard, what an earlier one left is not
    known, and the statement says so."""
    LEFT = 4
    """Something of this start, or that it took over, may be left at the venue: read the statement."""
    FAULT = 5
    """Stopped by a fault of the program or its machine; every own order proven gone."""


@dataclass(frozen=True, slots=True)
class Residue:
    """What is there when the run ends; texts for people, one a thing."""

    orders: tuple[str, ...]
    unknown: tuple[str, ...]
    positions: tuple[str, ...]
    protection: tuple[str, ...]
    """What the venue will do by itself with what is left."""
    unheard: tuple[str, ...] = ()
    """Venues that have not told their open orders in this run, so that an earlier start may have left some."""
    unready: tuple[str, ...] = ()
    """What kept the run from being ready to trade, to the end."""
    is_first: bool = False
    """No start has used the state folder before, and this one has placed nothing: it has left no order anywhere."""

    @property
    def is_clean(self) -> bool:
        """Nothing of ours is or may be open, by the venues' word."""
        return not self.orders and not self.unknown and not self.unheard

    @property
    def _is_unused(self) -> bool:
        return self.is_first and not self.orders and not self.unknown

    def lines(self, why: str) -> list[str]:
        """The statement."""
        lines = [f"Stopped: {why}"]
        lines += [f"Never ready to trade: {text}" for text in self.unready]
        if self.is_clean:
            lines.append("Own orders: none, by the venue's word")
        elif self.orders or self.unknown:
            lines.append("OWN ORDERS MAY BE LEFT AT THE VENUE:")
        elif self.is_first:
            lines.append("Own orders: none of this start, which is the first on its state folder")
        else:
            lines.append("Own orders: none of this start; of earlier ones, unknown:")
        lines += [f"  open: {text}" for text in self.orders]
        lines += [f"  unknown: {text}" for text in self._unknown()]
        if not self.is_clean and not self._is_unused:
            lines += [f"  {text}" for text in self.protection]
            lines.append("  Look at the venue and cancel them there, or start again on the same state folder.")
        lines += [f"Position: {text}" for text in self.positions]
        return lines

    def facts(self, why: str, code: Exit) -> dict[str, Any]:
        """The statement as values."""
        return {
            "why": why,
            "exit_code": int(code),
            "clean": self.is_clean,
            "orders": list(self.orders),
            "unknown": list(self._unknown()),
            "unready": list(self.unready),
            "positions": list(self.positions),
            "protection": [] if self.is_clean or self._is_unused else list(self.protection),
        }

    def _unknown(self) -> tuple[str, ...]:
        may = "only a start on another folder can have left orders there"
        may = may if self.is_first else "orders of an earlier start may be left"
        unheard = (f"{name} was not heard: {may}" for name in self.unheard)
        return (*self.unknown, *unheard)


class Patience:
    """How long a stop waits for the venue's word."""

    __slots__ = ("_until_ns",)

    def __init__(self, now_ns: int) -> None:
        self._until_ns = now_ns + PATIENCE_NS

    def hurry(self, now_ns: int) -> None:
        """Wait no longer than HURRIED_NS from now; never longer than before."""
        self._until_ns = min(self._until_ns, now_ns + HURRIED_NS)

    def is_over(self, now_ns: int) -> bool:
        """Time is up: what is not proven by now is named as left."""
        return now_ns >= self._until_ns


def exit_code(residue: Residue, *, requested: bool, placed: bool = True, is_refused: bool = False) -> Exit:
    """0 only for a requested stop of a run that could trade and is proven clean.

    placed: this start has placed an order; is_refused: it ended because the configuration cannot work.
    """
    if residue.orders or residue.unknown or (residue.unheard and placed):
        return Exit.LEFT
    if is_refused:
        return Exit.USAGE
    if residue.unheard or (residue.unready and requested):
        return Exit.UNREACHABLE
    return Exit.CLEAN if requested else Exit.FAULT

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
    """Wrong arguments or configuration: nothing was placed."""
    UNREACHABLE = 3
    """The world could not be reached or refused us before the first order."""
    LEFT = 4
    """Something may be left at the venue: read the statement."""
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

    @property
    def is_clean(self) -> bool:
        """Nothing of ours is or may be open."""
        return not self.orders and not self.unknown

    def lines(self, why: str) -> list[str]:
        """The statement."""
        lines = [f"Stopped: {why}"]
        lines.append(
            "Own orders: none, by the venue's word" if self.is_clean else "OWN ORDERS MAY BE LEFT AT THE VENUE:"
        )
        lines += [f"  open: {text}" for text in self.orders]
        lines += [f"  unknown: {text}" for text in self.unknown]
        if not self.is_clean:
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
            "unknown": list(self.unknown),
            "positions": list(self.positions),
            "protection": [] if self.is_clean else list(self.protection),
        }


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


def exit_code(residue: Residue, *, requested: bool) -> Exit:
    """0 only for a requested stop that is proven clean."""
    if not residue.is_clean:
        return Exit.LEFT
    return Exit.CLEAN if requested else Exit.FAULT

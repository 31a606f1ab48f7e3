"""How a run ends: what is cancelled and when, when the end is proven, what is said about what remains.

Pure: time and open orders are given in. The story: no new orders; cancel every own open order by id, at once; ask again
each second for those that still stand (an order that was being created when the stop came has to be cancelled after the
venue knows it); the end is proven when no own order is open, by the venue's own word. After PATIENCE_NS the wait is
over, and the statement says what is left. A second signal shortens the wait, it never skips the cancelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Protocol

PATIENCE_NS: Final = 10_000_000_000
HURRIED_NS: Final = 2_000_000_000
"""A second Ctrl-C: long enough for a cancel and its confirmation on a slow link."""
AGAIN_NS: Final = 1_000_000_000


class Exit(IntEnum):
    """Exit codes of a run. They tell the truth in order of what matters: is anything left at the venue?"""

    CLEAN = 0
    """A requested stop, every own order proven gone."""
    USAGE = 2
    """Wrong arguments or configuration: nothing was started."""
    UNREACHABLE = 3
    """The world could not be reached or refused us before the first order."""
    LEFT = 4
    """Something may be left at the venue: read the statement."""
    FAULT = 5
    """Stopped by a fault of the program or its machine; every own order proven gone."""


class OpenOrder(Protocol):
    """What the stop needs to know of an order."""

    @property
    def venue(self) -> str: ...
    @property
    def client_id(self) -> str: ...


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


class Stopping:
    """One stop, from the signal to the verdict."""

    __slots__ = ("_asked_ns", "_deadline_ns", "is_over")

    def __init__(self, now_ns: int) -> None:
        self._deadline_ns = now_ns + PATIENCE_NS
        self._asked_ns: dict[tuple[str, str], int] = {}
        self.is_over = False

    def hurry(self, now_ns: int) -> None:
        """Wait no longer than HURRIED_NS from now."""
        self._deadline_ns = min(self._deadline_ns, now_ns + HURRIED_NS)

    def to_cancel(self, now_ns: int, open_orders: Iterable[OpenOrder]) -> list[OpenOrder]:
        """The orders to ask the venue to cancel now; ends the stop when there are none open or time is up."""
        orders = list(open_orders)
        if not orders or now_ns >= self._deadline_ns:
            self.is_over = True
        asked_ns = {(order.venue, order.client_id): 0 for order in orders}
        due = []
        for order in orders:
            key = (order.venue, order.client_id)
            last_ns = self._asked_ns.get(key)
            if last_ns is None or now_ns - last_ns >= AGAIN_NS:
                due.append(order)
                last_ns = now_ns
            asked_ns[key] = last_ns
        self._asked_ns = asked_ns
        return due

    def next_deadline(self) -> int:
        """When to look again if nothing comes, ns."""
        return min([self._deadline_ns, *(asked + AGAIN_NS for asked in self._asked_ns.values())])


def exit_code(residue: Residue, *, requested: bool) -> Exit:
    """0 only for a requested stop that is proven clean."""
    if not residue.is_clean:
        return Exit.LEFT
    return Exit.CLEAN if requested else Exit.FAULT

"""The kill ladder as `docs/kill_ladder.md` promises it, for the judge: which steps are in force, and what they forbid.

What an operator says is taken from whoever speaks to the bot, and outlives the bot's process; what came by itself is
read from the journal. Nothing of the bot is imported.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

KILLING: Final = frozenset({"cancel", "flatten", "halt"})
"""Nothing is quoted."""
SEALING: Final = frozenset({"flatten", "halt"})
"""Nothing is hedged either."""
LADDER: Final = "kill ladder"
"""As which strategy the bot closes what a flatten closes; what else closes is a contract close to its liquidation."""


class Latches:
    """What is in force, by step and scope, each with the moment from which on it holds."""

    def __init__(self) -> None:
        self._since_ns: dict[tuple[str, str], int] = {}

    def say(self, now_ns: int, step: str) -> None:
        """An operator says a step for everything: nothing that leaves from now on may go against it."""
        self._since_ns.setdefault((step, ""), now_ns - 1)

    def read(self, record: Any) -> None:
        """A record of the journal. What leaves in its own moment may have been decided before it."""
        key = (record.step, record.scope)
        if record.is_on:
            self._since_ns.setdefault(key, record.recv_ns)
        elif record.scope:
            # Those for everything are let go by the operator's own word alone.
            self._since_ns.pop(key, None)

    def resume(self) -> None:
        """The operator lets everything go."""
        self._since_ns.clear()

    @property
    def is_killing(self) -> bool:
        """Whether nothing may be quoted anywhere."""
        return any((step, "") in self._since_ns for step in KILLING)

    @property
    def killing_since_ns(self) -> int:
        """Since when, 0 for not."""
        return min((self._since_ns[step, ""] for step in KILLING if (step, "") in self._since_ns), default=0)

    def forbids(self, now_ns: int, place: Any, held: int) -> str:
        """Why an order, or a change of it, may not leave now, '' when it may. place: the record of its intent; held:
        the position of its market by the fills that were written, signed."""
        here = {}
        for (step, scope), since_ns in self._since_ns.items():
            words = {name: unquote(value) for name, _, value in (word.partition("=") for word in scope.split())}
            if words.get("venue") in (None, place.venue) and words.get("strategy") in (None, place.strategy):
                here[step, words.get("side", "")] = since_ns
        steps = {step for step, _ in here}
        for (step, side), since_ns in here.items():
            if now_ns <= since_ns:
                continue
            if step in KILLING and place.purpose == "quote":
                return f"{step} is in force"
            if step in SEALING and place.purpose == "hedge":
                return f"{step} is in force"
            if step == "halt" and place.strategy == LADDER and "flatten" not in steps:
                return "halt is in force, and no flatten"
            if place.purpose != "quote":
                continue
            if step == "pause-side" and side == ("buy" if place.side > 0 else "sell"):
                return f"{step} {side} is in force"
            if step == "reduce-only" and place.side * held >= 0:
                return f"{step} is in force and {held} are held"
        return ""

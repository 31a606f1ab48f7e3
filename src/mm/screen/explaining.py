"""Why quotes were where they were, or were not: a recording goes through a fresh engine, which is asked for reasons.

Before what the run did and after what changed its mind, the engine is asked what it decides at that moment, on the same
state as in the run; below it stands what the run really did.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from mm._core import events as ev
from mm.config.canonical import from_json
from mm.engine import Decision, Engine
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.screen.decisions import decision_lines
from mm.screen.narrator import Narrator
from mm.screen.observe import Instruments
from mm.screen.picture import clock
from mm.strategies import parameters_of

COMMANDS: Final = (ev.Place, ev.Amend, ev.Cancel)
CAUSES: Final = (
    ev.BookReset,
    ev.LinkChanged,
    ev.VenueStatus,
    ev.Operator,
    ev.Latched,
    ev.SettingsChanged,
    ev.Fill,
    ev.OrderRejected,
    ev.ClockOffset,
)


class Unrecorded:
    """Takes the commands of an engine that only looks back."""

    def record(self, event: ev.Event, /) -> None:
        """Forget it."""


@dataclass(slots=True)
class Record:
    """One decision with what followed: texts for people. times: how often the same was decided in a row."""

    now_ns: int
    until_ns: int
    symbol: str
    is_silence: bool
    lines: list[str]
    did: list[str] = field(default_factory=list)
    cause: str = ""
    times: int = 1
    venue: str = ""
    strategy: str = ""

    def absorb(self, other: Record) -> bool:
        """Become both, if they say the same and nothing was done."""
        is_same = self.lines == other.lines and (self.is_silence or self.cause == other.cause)
        if self.did or other.did or not is_same:
            return False
        self.until_ns = other.until_ns
        self.times += 1
        return True

    def facts(self) -> dict[str, Any]:
        """As values: what is said in lines is in lists."""
        return {
            "at_ns": self.now_ns,
            "until_ns": self.until_ns,
            "times": self.times,
            "venue": self.venue,
            "symbol": self.symbol,
            "strategy": self.strategy,
            "is_silence": self.is_silence,
            "cause": self.cause,
            "text": self.lines,
            "did": self.did,
        }

    def text(self) -> list[str]:
        """The lines to print."""
        span = f" ({self.times} times until {clock(self.until_ns)})" if self.times > 1 else ""
        first = [f"{clock(self.now_ns)}  after: {self.cause}"] if self.cause else []
        margin = " " * 14
        head = margin if first else f"{clock(self.now_ns)}  "
        rest = [*self.lines[1:], *(f"  did: {done}" for done in self.did)]
        return [*first, f"{head}{self.lines[0]}{span}", *(margin + line for line in rest)]


class Explainer:
    """Replays the events of one recording; start: its first.

    Raises SettingsError and ConfigError for a run whose strategies, policies or venues are not here.
    """

    def __init__(self, start: ev.Start) -> None:
        settings = from_json(start.config, parameters_of, policies_of)
        faces = {name: find(name, venue.package) for name, venue in settings.venues.items()}
        self.engine = Engine(start, settings, faces, Unrecorded())
        self._narrator = Narrator(Instruments(self.engine))
        self._acting: Record | None = None
        """The decision whose commands are being read."""

    def take(self, event: Any) -> list[Record]:  # Any: the kinds share no class with a symbol
        """Take the next event; returns the decisions that are known whole by now."""
        found = []
        kind = type(event)
        if kind in COMMANDS:
            acting = self._acting
            if acting is None or acting.now_ns != event.recv_ns or acting.symbol != event.symbol:
                found += self.end()
                # Explained by the state just before, which is the state now.
                decisions = [each for each in self.engine.explain(event.recv_ns) if each.symbol == event.symbol]
                self._acting = self._record(decisions[0]) if decisions else None
            told = self._narrator.tell(event)
            if self._acting is not None and told is not None:
                self._acting.did.append(told.text)
        else:
            found += self.end()
        fills = self.engine.fills
        self.engine.apply(event)
        # A fill that is told again, as each reading of the history does, was heard before.
        if kind in CAUSES and (kind is not ev.Fill or self.engine.fills != fills):
            told = self._narrator.tell(event)
            for decision in self.engine.explain(event.recv_ns):
                # The clock is looked at again and again: worth a word only while it forbids to quote.
                if told is not None or decision.gate:
                    found.append(self._record(decision, told.text if told is not None else ""))
        return found

    def end(self) -> list[Record]:
        """The decision whose commands were being read, if any."""
        acting, self._acting = self._acting, None
        return [acting] if acting is not None else []

    def _record(self, decision: Decision, cause: str = "") -> Record:
        instrument = self.engine.markets[decision.venue, decision.symbol].instrument
        is_silence = bool(decision.gate or decision.refused)
        lines = decision_lines(decision, instrument)
        return Record(
            decision.now_ns,
            decision.now_ns,
            decision.symbol,
            is_silence,
            lines,
            cause=cause,
            venue=decision.venue,
            strategy=decision.strategy,
        )

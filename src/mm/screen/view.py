"""The three ways a run shows itself: a live screen, plain lines, JSON lines."""

from __future__ import annotations

import json
import shutil
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from mm.screen.lines import as_json, block, details, market_lines, summary
from mm.screen.narrator import Happening
from mm.screen.output import Output
from mm.screen.snapshot import Snapshot

HAPPENINGS_MAX: Final = 100
_LEVELS: Final = {"info": 0, "debug": 1, "trace": 2}


class View(Protocol):
    """Where a run's news go. interval_s: between snapshots."""

    interval_s: float

    def say(self, text: str) -> None:
        """A sentence of the program itself."""

    def happened(self, happening: Happening) -> None:
        """News from an event."""

    def show(self, snapshot: Snapshot) -> None:
        """The state now."""

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """The last word: as lines, or as values."""


def clock(recv_ns: int) -> str:
    """`14:03:07.123`, UTC."""
    moment = datetime.fromtimestamp(recv_ns // 1_000_000_000, UTC)
    return f"{moment:%H:%M:%S}.{recv_ns // 1_000_000 % 1000:03d}"


def clean(text: str) -> str:
    """Without control characters: what a venue sends must not steer a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


class PlainView:
    """Sentences as they happen and a block of figures every few seconds."""

    interval_s = 5.0

    def __init__(self, output: Output, log_level: str) -> None:
        self._output = output
        self._level = _LEVELS[log_level]
        self._last_key = ""

    def say(self, text: str) -> None:
        """Print it."""
        self._output.put(clean(text) + "\n")

    def happened(self, happening: Happening) -> None:
        """Print it, unless it repeats the one before."""
        if _LEVELS[happening.level] > self._level or (happening.key and happening.key == self._last_key):
            return
        self._last_key = happening.key
        self._output.put(f"{clock(happening.recv_ns)} {clean(happening.text)}\n")

    def show(self, snapshot: Snapshot) -> None:
        """Print the block."""
        self._output.put("".join(clean(line) + "\n" for line in block(snapshot)))

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """Print the last lines."""
        self._output.put("".join(clean(line) + "\n" for line in lines))


class JsonView:
    """One JSON object a line."""

    interval_s = 1.0

    def __init__(self, output: Output, log_level: str) -> None:
        self._output = output
        self._level = _LEVELS[log_level]

    def _put(self, value: dict[str, Any]) -> None:
        self._output.put(json.dumps(value, separators=(",", ":")) + "\n")

    def say(self, text: str) -> None:
        """As {"type": "note"}."""
        self._put({"type": "note", "text": text})

    def happened(self, happening: Happening) -> None:
        """As {"type": "event"}."""
        if _LEVELS[happening.level] <= self._level:
            self._put({"type": "event", "time_ns": happening.recv_ns, "text": happening.text, **happening.extra})

    def show(self, snapshot: Snapshot) -> None:
        """As {"type": "status"}."""
        self._put(as_json(snapshot))

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """As {"type": "end"}."""
        self._put({"type": "end", **facts})


class TerminalView:
    """A block that is redrawn in place, without taking the terminal over: the last one stays when the run ends."""

    interval_s = 0.25

    def __init__(self, output: Output) -> None:
        self._output = output
        self._notes: list[str] = []
        self._happenings: deque[Happening] = deque(maxlen=HAPPENINGS_MAX)
        self._drawn = 0

    def say(self, text: str) -> None:
        """Print above the block."""
        self._notes.append(text)
        if not self._drawn:
            self._flush_notes()

    def happened(self, happening: Happening) -> None:
        """Keep it for the block; one that repeats the last is counted on it."""
        if happening.level != "info":
            return
        last = self._happenings[-1] if self._happenings else None
        if last is not None and happening.key and last.key == happening.key:
            last.count += 1
            last.recv_ns = happening.recv_ns
            return
        self._happenings.append(happening)

    def show(self, snapshot: Snapshot) -> None:
        """Redraw."""
        size = shutil.get_terminal_size((100, 30))
        lines = [
            f"mm {snapshot.world}  {snapshot.elapsed_ns / 1e9:.0f} s  (Ctrl-C stops and cancels)",
            *snapshot.labels,
        ]
        lines += ["", *summary(snapshot), ""]
        for market in snapshot.markets:
            lines += market_lines(market)
        lines += [*details(snapshot), ""]
        room = max(3, size.lines - len(lines) - 2)
        for happening in list(self._happenings)[-room:]:
            times = f" (x{happening.count})" if happening.count > 1 else ""
            lines.append(f"{clock(happening.recv_ns)} {happening.text}{times}")
        lines = [clean(line)[: size.columns - 1] for line in lines[: size.lines - 1]]
        # One write a picture: a dropped one is dropped whole, and the next erases what the last one drew.
        picture = self._erase() + self._take_notes() + "".join(f"{line}\n" for line in lines)
        self._drawn = len(lines)
        self._output.put(picture)

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """Print the last lines under the block."""
        self._flush_notes()
        self._drawn = 0
        self._output.put("".join(clean(line) + "\n" for line in lines))

    def _erase(self) -> str:
        return f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""

    def _take_notes(self) -> str:
        notes, self._notes = self._notes, []
        return "".join(clean(note) + "\n" for note in notes)

    def _flush_notes(self) -> None:
        self._output.put(self._take_notes())

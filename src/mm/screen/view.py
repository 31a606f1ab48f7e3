"""The three ways a run shows itself: a live screen, plain lines, JSON lines."""

from __future__ import annotations

import json
import shutil
from collections import OrderedDict, deque
from textwrap import wrap
from typing import Any, Final, Protocol

from mm.screen.lines import as_json, block
from mm.screen.narrator import Happening
from mm.screen.output import Output
from mm.screen.picture import clean, clock, paint, picture
from mm.screen.snapshot import Snapshot

HAPPENINGS_MAX: Final = 100
LOOK_BACK: Final = 6
"""How many sentences back a repetition joins its like: some orders in the same trouble take turns."""
REPEAT_NS: Final = 10_000_000_000
"""A trouble that lasts is told again after so long, not each second."""
KEYS_MAX: Final = 100
SYNC: Final = "\x1b[?2026h"
SYNCED: Final = "\x1b[?2026l"
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


class PlainView:
    """Sentences as they happen and a block of figures every few seconds."""

    interval_s = 5.0

    def __init__(self, output: Output, log_level: str) -> None:
        self._output = output
        self._level = _LEVELS[log_level]
        self._told_ns: OrderedDict[str, int] = OrderedDict()
        """When each of the newest keys was last told."""

    def say(self, text: str) -> None:
        """Print it."""
        self._output.put(clean(text) + "\n")

    def happened(self, happening: Happening) -> None:
        """Print it, unless the same was said a moment ago."""
        if _LEVELS[happening.level] > self._level:
            return
        key = happening.key
        if key:
            if happening.recv_ns - self._told_ns.get(key, -REPEAT_NS) < REPEAT_NS:
                return
            self._told_ns[key] = happening.recv_ns
            self._told_ns.move_to_end(key)
            if len(self._told_ns) > KEYS_MAX:
                self._told_ns.popitem(last=False)
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
    """A picture that is redrawn in place, without taking the terminal over: the last one stays when the run ends."""

    interval_s = 0.2
    """Fast enough to look alive, slow enough to be read."""

    def __init__(self, output: Output, *, has_colour: bool = True) -> None:
        self._output = output
        self._has_colour = has_colour
        self._notes: list[str] = []
        self._happenings: deque[Happening] = deque(maxlen=HAPPENINGS_MAX)
        self._depth: dict[tuple[str, str], int] = {}
        self._drawn = 0
        self._size = (0, 0)

    def say(self, text: str) -> None:
        """Print above the picture."""
        self._notes.append(text)

    def happened(self, happening: Happening) -> None:
        """Keep it for the picture, together with a late one if they say the same."""
        if happening.level != "info":
            return
        for back in range(1, min(LOOK_BACK, len(self._happenings)) + 1):
            earlier = self._happenings[-back]
            if earlier.absorb(happening):
                del self._happenings[-back]
                happening = earlier
                break
        self._happenings.append(happening)

    def show(self, snapshot: Snapshot) -> None:
        """Redraw."""
        columns, lines = shutil.get_terminal_size((100, 30))
        size = (columns, lines)
        if not self._drawn or size == self._size:
            home = f"\x1b[{self._drawn}F" if self._drawn else ""
        else:
            # What was drawn has been wrapped anew by the terminal: nobody knows where it is.
            home = "\x1b[2J\x1b[H"
        self._size = size
        # Labels are in the picture: those said before it would stand there twice.
        notes = [note for note in self._notes if note not in snapshot.labels]
        self._notes = []
        rows = picture(snapshot, self._happenings, columns, lines - 1, self._depth)
        text = [line for note in notes for line in _wrapped(note, columns)]
        text += [paint(row, columns, has_colour=self._has_colour) for row in rows]
        self._drawn = len(rows)
        # One write a picture, which overwrites the last one line by line: nothing is ever blank in between. A terminal
        # that knows the synchronised update (mode 2026) shows it at once, others ignore it.
        self._output.put(SYNC + home + "".join(f"{line}\x1b[K\n" for line in text) + "\x1b[J" + SYNCED)

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """Print the last lines under the picture."""
        notes, self._notes = self._notes, []
        self._drawn = 0
        columns = shutil.get_terminal_size((100, 30)).columns
        wrapped = [part for line in (*notes, *lines) for part in _wrapped(line, columns)]
        self._output.put("\n" + "".join(f"{line}\n" for line in wrapped))


def _wrapped(text: str, columns: int) -> list[str]:
    """A sentence on as many lines as it needs, broken between words and each but the first further in."""
    margin = " " * (len(text) - len(text.lstrip()) + 2)
    shown = wrap(
        clean(text), max(20, columns), subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )
    return shown or [""]

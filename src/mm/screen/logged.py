"""A view before a view: bounds how much is said, and keeps what was said in the state folder's log."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any, Final

from mm.persistence.logfile import LogFile
from mm.screen.narrator import Happening, Traded
from mm.screen.output import Output
from mm.screen.snapshot import Snapshot
from mm.screen.throttle import Throttle
from mm.screen.view import View

TEXT_MAX: Final = 2000
"""Characters of a sentence in the log."""


class LoggedView:
    """See the module's text. Sentences that were asked for (log_level) and fills are never left out.

    log: None keeps nothing.
    """

    def __init__(self, view: View, log: LogFile | None, throttle: Throttle | None = None) -> None:
        self._view = view
        self._throttle = throttle or Throttle()
        self._log = log
        self._output = Output(sink=log.write) if log is not None else None
        self.interval_s = view.interval_s

    def say(self, text: str) -> None:
        """Pass it on, unless too much of it is said."""
        if text := self._throttle.let(text):
            self._keep("note", text)
            self._view.say(text)

    def happened(self, happening: Happening) -> None:
        """Pass it on, unless too much of it is said."""
        if happening.level == "info" and not isinstance(happening, Traded):
            text = self._throttle.let(happening.text)
            if not text:
                return
            if text != happening.text:
                happening = replace(happening, text=text)
        self._keep("event", happening.text, **happening.extra)
        self._view.happened(happening)

    def show(self, snapshot: Snapshot) -> None:
        """Pass it on; a state is no news to keep."""
        self._view.show(snapshot)

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """Pass it on, with how much was left out."""
        if self._throttle.left_out:
            lines = [*lines, f"{self._throttle.left_out:,} sentences were left out: too many of a kind"]
        for line in lines:
            self._keep("end", line)
        self._view.end(lines, facts)

    def close(self) -> None:
        """Write what waits."""
        if self._output is not None and self._log is not None:
            self._output.close()
            self._log.close()

    def _keep(self, kind: str, text: str, **more: Any) -> None:
        if self._output is not None:
            value = {"time_ns": time.time_ns(), "type": kind, "text": text[:TEXT_MAX], **more}
            self._output.put(json.dumps(value, separators=(",", ":")) + "\n")

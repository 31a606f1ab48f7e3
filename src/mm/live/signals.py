"""The signals that end a run, from its first moment to its last: none of them kills it in the middle of something.

Before the run can be asked to stop they interrupt what prepares it, once; then they ask; after its last word they
change nothing, because the exit code is decided. The default of SIGTERM and SIGHUP would end the process without a
word.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Self

NUMBERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal interrupts what prepares a run.

    A class of its own: where a KeyboardInterrupt itself passes through exec() of a text (dataclasses are made so), the
    interpreter remembers it and ends by SIGINT, whatever catches it and whatever exit code was decided since.
    """


class Signals:
    """See the module's text. Outside of the main thread, which has the signals, it does nothing."""

    def __init__(self) -> None:
        self._ask: Callable[[str], None] | None = None
        self._is_deaf = False
        self._early = ""
        """The signal that came before anybody could be asked."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        with contextlib.suppress(ValueError):
            for number in NUMBERS:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(ValueError):
            for number, before in self._before.items():
                signal.signal(number, before)

    def hand_to(self, loop: asyncio.AbstractEventLoop, ask: Callable[[str], None]) -> None:
        """Ask from now on, on the loop, with the signal's name."""

        def asked(name: str) -> None:
            loop.call_soon_threadsafe(ask, name)

        self._ask = asked
        if self._early:
            # It interrupted something that would not be.
            asked(self._early)

    def end(self) -> None:
        """The last word is spoken."""
        self._ask = None
        self._is_deaf = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._ask is not None:
            self._ask(signal.Signals(number).name)
        elif not self._is_deaf:
            # A second one would interrupt the answer to the first.
            self._is_deaf = True
            self._early = signal.Signals(number).name
            raise Interrupted

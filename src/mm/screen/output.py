"""Writing to a terminal or a pipe from a thread of its own, so that neither can stop the bot.

A terminal that is paused (Ctrl-S) or a reader that has gone away costs output, never a quote: the queue is bounded, the
oldest text is dropped, and a closed pipe ends the writing without a word.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

WAITING_MAX: Final = 200
CLOSE_TIMEOUT_S: Final = 1.0


class Output:
    """Takes texts, writes them in order to a file descriptor, or hands each to a `sink` that never raises."""

    def __init__(self, descriptor: int = 1, *, sink: Callable[[bytes], None] | None = None) -> None:
        self._descriptor = descriptor
        self._sink = sink
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._ready = threading.Condition()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def put(self, text: str) -> None:
        """Queue a text; returns at once."""
        with self._ready:
            if len(self._waiting) == WAITING_MAX:
                self.dropped += 1
            self._waiting.append(text.encode("utf-8", "replace"))
            self._ready.notify()

    def close(self) -> None:
        """Write what waits, for at most CLOSE_TIMEOUT_S."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closing:
                    self._ready.wait()
                if not self._waiting:
                    return
                data = self._waiting.popleft()
            if self._sink is not None:
                self._sink(data)
                continue
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                continue
            except OSError:
                with self._ready:
                    self._waiting.clear()
                return

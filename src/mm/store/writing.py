"""The store's process: follows the journal until it is told to stop, patient with a database that is not there.

    python -m mm.store.writing     started by the bot, which says over standard input where, and closes it at its end

It may be killed, stopped or blocked at any moment: the journal keeps what it has not taken, and the next one goes on
from the place that the database itself names. Its standard output is read by the bot: sentences for people.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mm._core import JournalError
from mm.config.secret import Secret
from mm.persistence.recording import RecordingError
from mm.store.database import Database, StoreBusy, StoreError
from mm.store.following import Follower
from mm.store.opening import WriterLock, open_database, owner_of
from mm.store.recordings import SLICE_S, Recordings

RECORDINGS: Final = "recordings"
RECORDINGS_AFTER_S: Final = 10.0
"""A run that is over sooner is not kept waiting for its reasons: the next one takes its recording in."""
LAST_SLICE_S: Final = 2.0
POLL_S: Final = 0.25
"""How often the journal is looked at: what a person notices."""
AGAIN_S: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Between tries while the database is out of reach; the last one from then on."""
GOODBYE_S: Final = 20.0
"""How long the end of the bot is taken in, at most: the next start goes on from there."""
UNFIT: Final = 2
"""Exit code: starting again would end the same."""


class Writer:
    """Follows a journal into a database. say: takes a sentence for people."""

    def __init__(self, kind: str, state: Path, url: Secret | None, say: Callable[[str], None]) -> None:
        self._kind, self._state, self._url, self._say = kind, state, url, say
        self._database: Database | None = None
        self._follower: Follower | None = None
        self._recordings: Recordings | None = None
        self._trouble = ""
        self._failures = 0

    def run(self, wait: Callable[[float], bool]) -> None:
        """Go on until `wait`, which takes seconds, says that it is over; then take what is left.

        Raises StoreError for a database that is of no use.
        """
        began_s = time.monotonic()
        is_more = False
        while not wait(0.0 if is_more else self._pause_s()):
            is_well = self._try(lambda follower: follower.step())
            is_more = is_well and time.monotonic() - began_s > RECORDINGS_AFTER_S and self._look_back(SLICE_S)
        end_s = time.monotonic() + GOODBYE_S
        while not self._try(lambda follower: follower.finish()) and time.monotonic() < end_s:
            time.sleep(self._pause_s())
        if self._recordings is not None:
            self._look_back(LAST_SLICE_S)
        if self._database is not None:
            self._database.close()

    def _pause_s(self) -> float:
        if not self._failures:
            return POLL_S
        return AGAIN_S[min(self._failures, len(AGAIN_S)) - 1]

    def _look_back(self, seconds: float) -> bool:
        """Take in a slice of the recordings; returns whether there is more."""
        database = self._database
        assert database is not None
        found = False

        def look(follower: Follower) -> int:
            nonlocal found
            if self._recordings is None:
                self._recordings = Recordings(database, self._state / RECORDINGS)
            found = self._recordings.step(seconds)
            return 0

        if not self._try(look):
            # Begun anew: what was made of it may not have been written.
            self._recordings = None
        return found

    def _try(self, does: Callable[[Follower], int]) -> bool:
        """Do one thing; returns whether the database took it."""
        try:
            if self._follower is None:
                owner = owner_of(self._kind, self._state)
                self._database = open_database(self._kind, self._state, self._url)
                self._follower = Follower(self._database, self._state / "journal", owner=owner)
            does(self._follower)
        except (StoreBusy, JournalError, RecordingError) as error:
            self._failures += 1
            if self._trouble != str(error):
                self._trouble = str(error)
                self._say(f"waiting: {error}")
            return False
        if self._trouble:
            self._say("goes on")
        self._trouble, self._failures = "", 0
        return True


def main() -> int:
    """Run the bot's store; returns 0, or UNFIT with a sentence on standard output."""
    hello = json.loads(sys.stdin.buffer.readline())
    # The bot has the machine first.
    os.nice(10)
    url = Secret(hello["url"]) if hello.get("url") else None

    def say(text: str) -> None:
        print(text, flush=True)

    def wait(seconds: float) -> bool:
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        # Nothing more is said: what can be read is the end.
        return bool(ready)

    try:
        lock = WriterLock(Path(hello["state"]))
    except (StoreError, OSError) as error:
        say(str(error))
        return UNFIT
    try:
        Writer(hello["store"], Path(hello["state"]), url, say).run(wait)
    except StoreError as error:
        say(str(error))
        return UNFIT
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except (KeyboardInterrupt, BrokenPipeError):
        code = 0
    sys.exit(code)

"""The bot's side of the store: starts its process, passes on what it says, and says goodbye. Nothing waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Final

from mm.config import RunSettings
from mm.live.tasks import Tasks

GOODBYE_S: Final = 5.0
"""How long the end of a run waits for the store to have it; it goes on by itself afterwards."""
AGAIN_S: Final = (0.2, 1.0, 5.0, 5.0)
"""Between the starts of a process that does not stay alive."""
UNFIT: Final = 2
"""Its exit code when another start would end the same."""
LINE_MAX: Final = 4096
STORE: Final = "store"
"""Its task."""


class Storing:
    """Keeps one store process for a run. say: takes a sentence for people."""

    def __init__(self, run: RunSettings, say: Callable[[str], None], tasks: Tasks) -> None:
        self._run = run
        self._say = say
        self._tasks = tasks
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to store, and anywhere."""
        return self._run.store != "off" and self._run.journal != "off"

    @property
    def pid(self) -> int:
        """Of the process, 0 without one."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Have the process started; whatever becomes of it, the run goes on."""
        if self.is_wanted:
            self._keeping = self._tasks.start(STORE, self._keep(), may_end=True)

    async def stop(self) -> None:
        """Say goodbye: it takes in what the journal has and ends by itself."""
        self._is_over = True
        if self._keeping is None:
            return
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        await asyncio.wait((self._keeping,), timeout=GOODBYE_S)

    async def _keep(self) -> None:
        for again_s in (*AGAIN_S, 0.0):
            try:
                code = await self._serve()
            except OSError as error:
                self._say(f"The store cannot be started: {error}")
                code = 1
            if self._is_over or code == UNFIT:
                return
            if again_s:
                self._say("The store's process has ended; starting another")
                await asyncio.sleep(again_s)
        self._say("The store does not stay alive: the journal has everything, `mm store` brings it up to date later")

    async def _serve(self) -> int:
        """Start one, and pass on what it says until it ends; returns its exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mm.store.writing",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C on the terminal is the bot's affair.
            start_new_session=True,
            limit=LINE_MAX,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        url = self._run.store_url
        hello = {"state": self._run.state, "store": self._run.store, "url": url.reveal() if url is not None else ""}
        with contextlib.suppress(ConnectionError, RuntimeError):
            process.stdin.write(json.dumps(hello).encode() + b"\n")
            if self._is_over:
                process.stdin.close()
        with contextlib.suppress(ValueError):
            async for line in process.stdout:
                self._say(f"The store: {line.decode(errors='replace').strip()}")
        return await process.wait()

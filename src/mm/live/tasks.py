"""The long-lived tasks of a run in one register: none of them ends without a word.

A task that raises, returns though it was to go on, or is cancelled by somebody else has died: `died` hears of it at
once, and decides what becomes of the run. Nobody awaits such a task, so that without this its exception would be told
when the interpreter collects it, and its work would just not be done any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class TaskDied(RuntimeError):
    """A task of the register has ended although the run goes on."""


class Tasks:
    """See the module's text. died: is told the name and why."""

    def __init__(self, died: Callable[[str, BaseException], None]) -> None:
        self._died = died
        self._running: dict[str, asyncio.Task[None]] = {}
        self._is_over = False

    @property
    def running(self) -> dict[str, asyncio.Task[None]]:
        """By name, those that go on."""
        return dict(self._running)

    def start(self, name: str, work: Coroutine[Any, Any, None], *, may_end: bool = False) -> asyncio.Task[None]:
        """Have a task run until `stop`; may_end: it may return before. Raises ValueError for a name that runs."""
        if name in self._running:
            work.close()
            raise ValueError(f"the task {name} runs already")
        task = asyncio.ensure_future(work)
        task.set_name(name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._ended(name, done, may_end=may_end))
        return task

    async def stop(self, *names: str) -> None:
        """End these tasks, or all; they have ended when it returns."""
        self._is_over = self._is_over or not names
        for name in names or tuple(self._running):
            task = self._running.pop(name, None)
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))

    def _ended(self, name: str, task: asyncio.Task[None], *, may_end: bool) -> None:
        error = None if task.cancelled() else task.exception()
        if self._running.get(name) is not task:
            return
        del self._running[name]
        is_right = may_end and error is None and not task.cancelled()
        if not self._is_over and not is_right:
            how = "was cancelled" if task.cancelled() else "came to an end"
            self._died(name, error or TaskDied(f"the task {name} {how}, and it was to go on"))

"""`mm reconcile` at the run's door: the last comparison with each venue, another one now, and what is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mm.engine.differences import report_lines
from mm.live.control import Answer, Command, done, failed

if TYPE_CHECKING:
    from mm.live.bot import Bot

PATIENCE_S: Final = 20.0
"""A round of reads takes well under a second; where the venue's count of reads is used up, some more."""
POLL_S: Final = 0.05


class ReconcileDoor:
    """The command of a run."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def commands(self) -> dict[str, Command]:
        """By name."""
        return {"reconcile": self._reconcile}

    async def _reconcile(self, request: Mapping[str, Any]) -> Answer:
        """Tell the last rounds. now: read every venue first; accept: a scope whose differences are accepted, "" all."""
        bot = self._bot
        engine = bot.engine
        accept = request.get("accept")
        if accept is not None:
            if not isinstance(accept, str):
                return failed("accept: expected VENUE, or VENUE and what it is about")
            if not engine.reconciling.matches(accept):
                return failed(f"nothing is unexplained{f' about {accept}' if accept else ''}")
            bot.operate("accept", accept)
        late: list[str] = []
        if request.get("now"):
            if engine.is_stopping:
                return failed("the run is stopping")
            late = await self._read()
        report = engine.reconciling.report(bot.clock.now_ns())
        lines = report_lines(report) + [f"{name} has not answered yet" for name in late]
        return done(*lines, report=report)

    async def _read(self) -> list[str]:
        """Read every venue that is up; returns those that did not answer in time."""
        bot = self._bot
        began_ns = bot.clock.now_ns()
        bot.operate("reconcile")
        reads = bot.engine.reconciling.reads
        awaited = [name for name, venue in bot.engine.venues.items() if venue.private_up]
        for _ in range(int(PATIENCE_S / POLL_S)):
            awaited = [name for name in awaited if reads[name].read_ns < began_ns]
            if not awaited or bot.failure is not None:
                break
            await asyncio.sleep(POLL_S)
        return awaited

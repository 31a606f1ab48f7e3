"""What an operator can say to a run from outside: to one strategy or to all, and a changed file of settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mm._core.orders import OrderState
from mm.config import SettingsError
from mm.config.canonical import to_json
from mm.config.changes import changes
from mm.engine.roster import BY_OPERATOR, PAUSE, RESUME, START, STOP, Life
from mm.inventory.hedging import find as policy_of
from mm.live.control import Answer, Command, done, failed
from mm.live.killing import KillDoor
from mm.live.reconciling import ReconcileDoor
from mm.strategies import find as strategy_of

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.config import Settings
    from mm.live.bot import Bot

PAST: Final = {PAUSE: "paused", RESUME: "resumed", START: "started", STOP: "stopped"}
STALE: Final = "the file has changed since it was shown: ask again"


class Operating:
    """The commands of a run.

    bot: of the run; loaded: its settings as its file and command line gave them; load: reads a file again under the
    same command line and environment, None for the one that the run was started with, and raises SettingsError.
    """

    def __init__(self, bot: Bot, loaded: Settings, load: Callable[[Path | None], Settings]) -> None:
        self._bot = bot
        self._loaded = loaded
        self._load = load

    def commands(self) -> dict[str, Command]:
        """By name."""
        words = dict.fromkeys((PAUSE, RESUME, START, STOP), self._word)
        door = ReconcileDoor(self._bot)
        kill = KillDoor(self._bot, self._word)
        return {**words, **door.commands(), **kill.commands(), "strategies": self._strategies, "reload": self._reload}

    async def _word(self, request: Mapping[str, Any]) -> Answer:
        """Pause, resume, start or stop a strategy; pause all, or resume all that are paused."""
        bot, word, name = self._bot, str(request["command"]), request.get("strategy", "")
        if not isinstance(name, str) or (not name and word in (START, STOP)):
            return failed(f"which strategy? The run has {', '.join(sorted(bot.engine.roster.members))}")
        if bot.engine.is_stopping:
            return failed("the run is stopping")
        if name:
            if refusal := bot.engine.roster.refusal(word, name):
                return failed(refusal)
            bot.operate(word, name)
        elif word == PAUSE:
            if bot.engine.is_paused:
                return failed("every strategy is paused already")
            bot.operate(word, name)
        else:
            members = bot.engine.roster.members.items()
            paused = [each for each, member in sorted(members) if member.life is Life.PAUSED]
            is_all = bot.engine.is_paused or any(desk.fault for desk in bot.engine.desks.values())
            if not paused and not is_all:
                return failed("nothing to resume: no strategy is paused, and no step is in force")
            for each in [*([""] if is_all else []), *paused]:
                bot.operate(word, each)
        return done(f"{name or 'every strategy'}: {PAST[word]}", *self._lives())

    async def _strategies(self, request: Mapping[str, Any]) -> Answer:
        """Tell how each strategy is."""
        return done(*self._lives())

    def _lives(self) -> list[str]:
        engine = self._bot.engine
        lines = [*engine.ladder.lines(), *(["every strategy is paused by the operator"] if engine.is_paused else [])]
        lines += [desk.fault for desk in engine.desks.values() if desk.fault]
        for name, member in sorted(engine.roster.members.items()):
            said = ("", BY_OPERATOR, f"strategy {name} is stopped")
            why = f" ({member.reason})" if member.reason not in said else ""
            where = f"{member.settings.symbol} on {member.settings.venue}"
            lines.append(f"{name}: {member.life.value}{why}, {where}, {_orders(engine.orders.open_of_strategy(name))}")
        return lines

    def _untaken(self, fresh: Settings) -> list[str]:
        """Why strategies and policies would not take their new parameters on the grids of the venues, each in a line.

        Tried on objects of their own: the run would be left without quotes, or end, if it were found out there.
        """
        found = []
        for name, strategy in fresh.strategies.items():
            market = self._bot.engine.markets.get((strategy.venue, strategy.symbol))
            try:
                made = strategy_of(strategy.kind)(name, strategy.parameters)
                if market is not None:
                    made.prepare(market.instrument)
            except Exception as error:  # noqa: BLE001  # whatever a user's file raises
                found.append(f"strategies.{name}: {_told(error)}")
        for name, hedge in fresh.hedging.items():
            try:
                policy_of(hedge.policy)(hedge.policy, hedge.parameters)
            except Exception as error:  # noqa: BLE001  # as above
                found.append(f"hedging.{name}: {_told(error)}")
        return found

    async def _reload(self, request: Mapping[str, Any]) -> Answer:
        """Check a file whole and show what it changes; with the token of that answer, go by it.

        file: '' for the one of the start; token: of the answer that was seen; raised: raised limits are meant.
        """
        file = request.get("file", "")
        if not isinstance(file, str):
            return failed("file: expected a path")
        path = Path(file) if file else None
        try:
            fresh = await asyncio.to_thread(self._load, path)
        except SettingsError as error:
            return failed(*str(error).splitlines())
        found = changes(self._loaded, fresh)
        token = blake2b(to_json(self._loaded) + to_json(fresh), digest_size=16).hexdigest()
        refused = [str(change) for change in found if change.refused]
        if refused:
            return failed(f"{len(refused)} of {len(found)} changes cannot be made while the run goes on:", *refused)
        if not found:
            return done("nothing differs from the values in force")
        if untaken := self._untaken(fresh):
            return failed(*untaken)
        raised = [str(change) for change in found if change.is_raised]
        if not request.get("token"):
            warnings = (f"warning: {text}" for text in fresh.warnings)
            return done(*map(str, found), *warnings, token=token, raised=raised)
        if request["token"] != token:
            return failed(STALE)
        if raised and request.get("raised") is not True:
            return failed("not confirmed:", *raised)
        if self._bot.engine.is_stopping:
            return failed("the run is stopping")
        self._bot.take_settings(fresh)
        self._loaded = replace(
            self._loaded,
            strategies=fresh.strategies,
            hedging=fresh.hedging,
            limits=fresh.limits,
            kill=fresh.kill,
        )
        return done(*(f"{change.key} = {change.new or 'none'}, was {change.old or 'none'}" for change in found))


def _orders(orders: Sequence[Order]) -> str:
    """`2 open orders`, `2 orders being cancelled`: a pause does not wait for the venue's word."""
    leaving = sum(order.state is OrderState.PENDING_CANCEL for order in orders)
    staying = len(orders) - leaving
    words = f"{staying} open order{'' if staying == 1 else 's'}"
    if not leaving:
        return words
    going = f"{leaving} order{'' if leaving == 1 else 's'} being cancelled"
    return f"{words}, {going}" if staying else going


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"

"""The strategies of a run by name: which of them quotes, which is held back, and what they are told.

    running    it is asked for quotes
    paused     by the operator; it goes on from where it was
    failed     it raised: its orders are cancelled, and it is asked no more until the operator says so
    stopped    it was told so (`on_stop`); a start makes it anew and tells it (`on_start`)

What a strategy does not quote any more is cancelled, and only that: its own orders, by their ids. All of it changes in
`apply` alone, so that a replay hears the same hooks in the same order and ends in the same place.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mm.engine.market import Market
from mm.strategies import Strategy, find

if TYPE_CHECKING:
    from mm._core import events as ev
    from mm.config import StrategySettings
    from mm.engine.engine import Engine


class Life(StrEnum):
    """Where a strategy is in its life."""

    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "failed"
    STOPPED = "stopped"


PAUSE: Final = "pause"
RESUME: Final = "resume"
START: Final = "start"
STOP: Final = "stop-strategy"
"""Not "stop", which ends the run."""
FAIL: Final = "fail"
WORDS: Final = (PAUSE, RESUME, START, STOP)
"""What an operator says to one strategy."""
NEXT: Final[dict[tuple[Life, str], Life]] = {
    (Life.RUNNING, PAUSE): Life.PAUSED,
    (Life.RUNNING, RESUME): Life.RUNNING,
    (Life.RUNNING, START): Life.RUNNING,
    (Life.RUNNING, STOP): Life.STOPPED,
    (Life.RUNNING, FAIL): Life.FAILED,
    (Life.PAUSED, PAUSE): Life.PAUSED,
    (Life.PAUSED, RESUME): Life.RUNNING,
    # It was started: to go on is "resume". A start would throw away what it remembers.
    (Life.PAUSED, START): Life.PAUSED,
    (Life.PAUSED, STOP): Life.STOPPED,
    (Life.PAUSED, FAIL): Life.FAILED,
    # The operator saw to it that it will not quote, whatever is found out about it.
    (Life.FAILED, PAUSE): Life.PAUSED,
    (Life.FAILED, RESUME): Life.RUNNING,
    (Life.FAILED, START): Life.RUNNING,
    (Life.FAILED, STOP): Life.STOPPED,
    (Life.FAILED, FAIL): Life.FAILED,
    (Life.STOPPED, PAUSE): Life.STOPPED,
    (Life.STOPPED, RESUME): Life.STOPPED,
    (Life.STOPPED, START): Life.RUNNING,
    (Life.STOPPED, STOP): Life.STOPPED,
    # Its last hook raised, or a late fill's: it is over all the same.
    (Life.STOPPED, FAIL): Life.STOPPED,
}
"""Every life with every word."""
BY_OPERATOR: Final = "paused by the operator"
NOT_STARTED: Final = "not started: autostart is false"


@dataclass(slots=True)
class Member:
    """One strategy. reason: why it is not running; is_told: `on_start` was called, and `on_stop` not since."""

    settings: StrategySettings
    life: Life
    reason: str = ""
    is_told: bool = False
    latch: Life | None = None
    """What an operator has said of it last, if that holds it back: it does so after a restart, too."""
    market: Market | None = None
    """Once its venue has told of its symbol."""

    @property
    def name(self) -> str:
        """As in the configuration."""
        return self.settings.name


class Roster:
    """See the module's text.

    errors: what strategies raised, by name, for reports and no part of the state; unannounced: those that raised in
    `apply`, which emits nothing, and why: `decide` tells of them.
    """

    __slots__ = ("_engine", "errors", "members", "unannounced")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.members = {
            name: Member(settings, Life.RUNNING if settings.autostart else Life.STOPPED, _first_reason(settings))
            for name, settings in engine.settings.strategies.items()
        }
        self.errors: dict[str, Exception] = {}
        self.unannounced: dict[str, str] = {}

    def of(self, venue: str, symbol: str) -> Member | None:
        """The strategy that quotes a symbol."""
        for member in self.members.values():
            if (member.settings.venue, member.settings.symbol) == (venue, symbol):
                return member
        return None

    def facts(self) -> list[tuple[object, ...]]:
        """What a replay must agree on."""
        return [
            (member.name, member.life.value, member.reason, member.is_told)
            for _, member in sorted(self.members.items())
        ]

    def durable(self) -> dict[str, str]:
        """Who is held back by an operator's word. One that failed is made anew by a start, as by an operator."""
        return {name: member.latch.value for name, member in sorted(self.members.items()) if member.latch is not None}

    def restore(self, saved: Mapping[str, str]) -> None:
        """Take back what `durable` gave."""
        for name, life in saved.items():
            member = self.members.get(name)
            if member is not None:
                self._move(member, PAUSE if life == Life.PAUSED else STOP, BY_OPERATOR)
                member.latch = member.life

    @property
    def is_over(self) -> bool:
        """Whether nobody is left who quotes or could be let go on without being made anew."""
        lives = [member.life for member in self.members.values()]
        return Life.FAILED in lives and not {Life.RUNNING, Life.PAUSED} & set(lives)

    # --- what an operator says --------------------------------------------------------------------------------------

    def refusal(self, word: str, name: str) -> str:
        """Why a word to a strategy would change nothing, '' when it does; for whoever asks."""
        member = self.members.get(name)
        if member is None:
            names = ", ".join(sorted(self.members))
            return f'no strategy is named "{name}"; the run has {names}'
        if NEXT[member.life, word] is not member.life:
            return ""
        if member.life is Life.PAUSED and word == START:
            return f"{name} is paused: resume it"
        if member.life is Life.STOPPED and word in (PAUSE, RESUME):
            return f"{name} is stopped: start it"
        held = self._held(member) if member.life is Life.RUNNING else ()
        return "; ".join(held) or f"{name} is {member.life.value} already"

    def _held(self, member: Member) -> list[str]:
        """What keeps a strategy from quoting that is not its own life."""
        paused = ["every strategy is paused: mm resume lets all go on"] if self._engine.is_paused else []
        return [*paused, *self._engine.ladder.lines(member.settings)]

    def operate(self, event: ev.Operator) -> None:
        """Take a word to one strategy; a name that nobody has changes nothing."""
        member = self.members.get(event.argument)
        if member is None or self._engine.is_stopping:
            return
        before = member.life
        self._move(member, event.action, BY_OPERATOR)
        member.latch = member.life if member.life in (Life.PAUSED, Life.STOPPED) else None
        if member.life is Life.RUNNING:
            # Forgiven: what is still to be told of it would pause it again.
            self.unannounced.pop(member.name, None)
            if event.action == RESUME and not member.is_told and member.market is not None:
                # Made anew while it was held back.
                self._engine.prepare(member.market)
        if before is not Life.STOPPED and member.life is Life.STOPPED:
            self._tell_stop(event.recv_ns, member, "by the operator")
        elif event.action == START and before is not member.life:
            if before is Life.FAILED:
                self._tell_stop(event.recv_ns, member, "to be started anew")
            if member.life is Life.RUNNING:
                self._start_anew(event.recv_ns, member)

    def stop_all(self, recv_ns: int, reason: str) -> None:
        """The run ends: every strategy is told."""
        for member in self.members.values():
            self._tell_stop(recv_ns, member, reason)

    def take_settings(self, recv_ns: int, settings: Mapping[str, StrategySettings]) -> None:
        """Go by other settings; who has other parameters is made anew."""
        for name, member in sorted(self.members.items()):
            old, member.settings = member.settings, settings[name]
            is_same = (old.kind, old.parameters) == (member.settings.kind, member.settings.parameters)
            if not is_same and member.life is not Life.STOPPED:
                self._tell_stop(recv_ns, member, "its settings changed")
                self._start_anew(recv_ns, member)

    # --- what strategies are told -----------------------------------------------------------------------------------

    def tell(self, market: Market, hook: Callable[[Any], None], event: Any) -> None:
        """Let a strategy learn of something; one that failed hears no more. A replay raises just so."""
        if self.members[market.strategy_name].life is not Life.FAILED and not self._engine.is_recovering:
            self._call(market, hook, event)

    def _call(self, market: Market, hook: Callable[..., None], *facts: Any) -> None:
        try:
            hook(*facts)
        except Exception as error:  # noqa: BLE001  # whatever a user's file raises, the others go on
            self.failed(market, error)

    def prepared(self, recv_ns: int, market: Market) -> None:
        """A strategy has the grid of its symbol: it starts, if it may and has not."""
        member = self.members[market.strategy_name]
        is_held = member.life in (Life.STOPPED, Life.FAILED) or self._engine.is_recovering
        if member.is_told or is_held or market.strategy is None:
            return
        member.is_told = True
        self._to_moment(recv_ns, market)
        self._call(market, market.strategy.on_start, market.state)

    def take(self, member: Member, market: Market) -> None:
        """Its symbol is known: from here on it has a market."""
        member.market = market
        self._show(member)

    def failed(self, market: Market, error: Exception) -> None:
        """A strategy raised in `apply`."""
        reason = self.raised(market.strategy_name, error)
        self._fail(market.strategy_name, reason)
        self.unannounced[market.strategy_name] = reason
        self._engine.wake_upkeep()

    def raised(self, name: str, error: Exception) -> str:
        """What a strategy, or a desk's policy, raised, in words; the error itself is kept for a report."""
        self.errors[name] = error
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        return f"it raised {type(error).__name__}: {error}{where}"

    def on_paused(self, event: ev.StrategyPaused) -> None:
        """It was told that a strategy raised, or the policy of a desk."""
        self.unannounced.pop(event.strategy, None)
        self._fail(event.strategy, event.reason)
        for desk in self._engine.desks.values():
            if desk.name == event.strategy:
                desk.fault = event.reason

    def renew_policies(self) -> None:
        """An operator lets all go on: policies that raised are made anew."""
        for desk in self._engine.desks.values():
            if desk.fault:
                desk.renew()

    # --- small ------------------------------------------------------------------------------------------------------

    def _fail(self, name: str, reason: str) -> None:
        member = self.members.get(name)
        if member is not None:
            self._move(member, FAIL, f"strategy {name} has failed: {reason}")

    def _move(self, member: Member, word: str, reason: str) -> None:
        member.life = NEXT[member.life, word]
        if member.life is Life.RUNNING:
            member.reason = ""
        elif member.life is Life.STOPPED:
            member.reason = f"strategy {member.name} is stopped"
        elif word in (PAUSE, FAIL):
            member.reason = reason
        self._show(member)

    def _show(self, member: Member) -> None:
        if member.market is not None:
            member.market.paused = member.reason
            member.market.changed = True

    def _tell_stop(self, recv_ns: int, member: Member, reason: str) -> None:
        market = member.market
        if member.is_told and market is not None and market.strategy is not None:
            member.is_told = False
            self._to_moment(recv_ns, market)
            self._call(market, market.strategy.on_stop, market.state, reason)

    def _start_anew(self, recv_ns: int, member: Member) -> None:
        """Make the strategy again, as the run's settings have it now."""
        market = member.market
        if market is None:
            return
        try:
            strategy = made(member.settings)
        except Exception as error:  # noqa: BLE001  # as in `tell`
            self.failed(market, error)
            return
        market.take_strategy_of(strategy)
        self._engine.prepare(market)

    def _to_moment(self, recv_ns: int, market: Market) -> None:
        """What a hook sees is of its moment."""
        market.refresh(self._engine.orders, recv_ns)
        self._engine.look_around(recv_ns, market)


def made(settings: StrategySettings) -> Strategy:
    """A fresh strategy."""
    return find(settings.kind)(settings.name, settings.parameters)


def _first_reason(settings: StrategySettings) -> str:
    return "" if settings.autostart else f"strategy {settings.name} is {NOT_STARTED}"

"""`mm kill` and `mm resume` at the run's door: steps of the kill ladder, and whether they did what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.orders import OrderState
from mm.engine.closing import least
from mm.engine.ladder import OPERATOR, SIDES, Scope
from mm.engine.reconciling import VERIFY
from mm.engine.roster import RESUME
from mm.live.control import Answer, Command, done, failed
from mm.screen.amounts import plain
from mm.steps import FLATTEN, HALT, KILLING, PAUSE_SIDE, STEPS

if TYPE_CHECKING:
    from mm.engine.market import Market
    from mm.live.bot import Bot

PROOF_S: Final = 5.0
"""By then a step is verified, or what is not known is named."""
POLL_S: Final = 0.02
REASON_LENGTH_MAX: Final = 200


class KillDoor:
    """The commands of a run. resume: what "resume" did before: strategies that are paused."""

    def __init__(self, bot: Bot, resume: Command) -> None:
        self._bot = bot
        self._resume_strategies = resume

    def commands(self) -> dict[str, Command]:
        """By name."""
        return {"kill": self._kill, RESUME: self._resume}

    async def _kill(self, request: Mapping[str, Any]) -> Answer:
        """Latch a step and verify it. step: "halt" unless named; strategy, venue, side: of what; reason: for people."""
        bot = self._bot
        engine = bot.engine
        words = {key: request.get(key, "") for key in ("step", "strategy", "venue", "side", "reason")}
        if not all(isinstance(value, str) for value in words.values()):
            return failed("step, strategy, venue, side and reason: expected texts")
        step = words["step"] or HALT
        if step not in STEPS:
            return failed(f'no step is named "{step}"; there are {", ".join(STEPS)}')
        if words["strategy"] and words["strategy"] not in engine.roster.members:
            names = ", ".join(sorted(engine.roster.members))
            return failed(f'no strategy is named "{words["strategy"]}"; the run has {names}')
        if words["venue"] and words["venue"] not in engine.venues:
            return failed(f'no venue is named "{words["venue"]}"; the run has {", ".join(sorted(engine.venues))}')
        if (step == PAUSE_SIDE) is not bool(words["side"]) or words["side"] not in ("", *SIDES):
            return failed(f"{PAUSE_SIDE} takes --side buy or --side sell, and no other step does")
        scope = Scope(words["strategy"], words["venue"], words["side"])
        reason = words["reason"][:REASON_LENGTH_MAX]
        began_ns = bot.clock.now_ns()
        bot.latch([ev.Latched(began_ns, step, str(scope), True, OPERATOR, reason)])
        if bot.failure is not None:
            return failed(
                "the engine or its recording has failed: own orders are being cancelled without it, and the run ends",
                "its last word says what is left",
            )
        lines = bot.engine.ladder.lines()
        if (step, str(scope)) not in bot.engine.ladder.latches:
            return failed(*lines, f"{step} was NOT taken, nothing is verified: the run is ending, see its last word")
        is_proven, told = await proof(bot, step, scope, began_ns)
        return done(*lines, *told) if is_proven else failed(*lines, *told)

    async def _resume(self, request: Mapping[str, Any]) -> Answer:
        """Let steps go: all, those of a strategy, or those of one step; and strategies that are paused."""
        bot = self._bot
        name, step = request.get("strategy", ""), request.get("step", "")
        if not isinstance(name, str) or not isinstance(step, str):
            return failed("strategy, step: expected texts")
        if step and step not in STEPS:
            return failed(f'no step is named "{step}"; there are {", ".join(STEPS)}')
        if bot.engine.is_stopping:
            return failed("the run is stopping")
        latches = [
            event
            for event in bot.engine.ladder.latches.values()
            if step in ("", event.step) and name in ("", Scope.of(event.scope).strategy)
        ]
        now_ns = bot.clock.now_ns()
        bot.latch([ev.Latched(now_ns, each.step, each.scope, False, OPERATOR, "") for each in latches])
        lines = [f"let go: {each.step}{f' ({each.scope})' if each.scope else ''}" for each in latches]
        if bot.latches.problem and latches:
            lines.append(f"a restart may begin with them again: {bot.latches.problem}")
        if step:
            return done(*lines) if lines else failed(f"{step} is not in force")
        answer = await self._resume_strategies(request)
        if answer["ok"] or not lines:
            return {**answer, "text": [*lines, *answer["text"]]}
        return done(*lines, *bot.engine.ladder.lines())


async def proof(bot: Bot, step: str, scope: Scope, began_ns: int) -> tuple[bool, list[str]]:
    """Ask the venues whether a step did what it says, for PROOF_S at most; returns whether, and that in sentences."""
    told = []
    if bot.latches.problem:
        told.append(f"it is in force, and may not survive a restart: {bot.latches.problem}")
    if step in KILLING and not bot.engine.is_stopping and bot.failure is None:
        bot.operate(VERIFY)
    unknown = remains(bot, step, scope, began_ns)
    loop = asyncio.get_running_loop()
    # By the clock: on a busy loop each turn takes longer than it was asked to.
    until_s = loop.time() + PROOF_S
    while unknown and bot.failure is None and loop.time() < until_s:
        await asyncio.sleep(POLL_S)
        unknown = remains(bot, step, scope, began_ns)
    seconds = (bot.clock.now_ns() - began_ns) / 1e9
    if unknown:
        return False, [*told, f"NOT VERIFIED after {seconds:.1f} s:", *(f"  {text}" for text in unknown)]
    if step in KILLING:
        what = "flat and no orders" if step == FLATTEN else "no own orders"
        told.append(f"verified after {seconds:.1f} s: {what}, by the venues' word")
        told += rests(bot, scope) if step == FLATTEN else []
    return True, told


def rests(bot: Bot, scope: Scope) -> list[str]:
    """What is left of positions that is less than the venue takes, in words."""
    found = []
    for key, market in bot.engine.markets.items():
        booked = market.position.held
        if booked and scope.holds(market) and not bot.engine.ladder.held(market) and abs(booked) < 2 * _least(market):
            size = plain(market.instrument.base_units(booked), market.instrument.base_precision)
            found.append(f"left: {size} {market.instrument.base} on {key[0]} {key[1]}, less than the venue takes")
    return found


def _least(market: Market) -> int:
    return least(market, -1 if market.position.held > 0 else 1)


def remains(bot: Bot, step: str, scope: Scope, began_ns: int) -> list[str]:
    """What a step was to bring about and is not proven yet, in words."""
    engine = bot.engine
    if step not in KILLING:
        return []
    found = []
    for order in engine.orders.open():
        if engine.ladder.unwanted(order) or (step == FLATTEN and scope.venue in ("", order.venue)):
            word = "unknown" if order.state is OrderState.UNKNOWN else "open"
            found.append(f"{word}: {order.venue} {order.client_id} ({order.venue_id or 'no id yet'})")
    for report in engine.contradicted.standing():
        named = engine.orders.get(report.client_id)
        if scope.venue in ("", report.venue) and scope.strategy in ("", named.strategy if named is not None else ""):
            found.append(f"open: {report.venue} {report.client_id} ({report.venue_id}), which should not stand")
    for name, venue in engine.venues.items():
        if scope.venue not in ("", name):
            continue
        if not venue.private_up:
            found.append(f"unknown: {name} cannot be heard, its private stream is down")
        elif engine.reconciling.reads[name].orders_ns < began_ns:
            # A list that was asked for before, and answered since, may have been made before the cancels.
            found.append(f"unknown: {name} has not told its open orders since")
    if step == FLATTEN:
        for key, market in engine.markets.items():
            held = engine.ladder.held(market)
            instrument = market.instrument
            booked = market.position.held
            if not held and scope.holds(market) and abs(booked) >= 2 * _least(market):
                size = plain(instrument.base_units(booked), instrument.base_precision)
                found.append(f"position: {size} {instrument.base} on {key[0]} {key[1]} (the account does not have it)")
            if held and scope.holds(market):
                size = plain(instrument.base_units(held), instrument.base_precision)
                note = engine.ladder.notes.get(key, "being closed")
                found.append(f"position: {size} {instrument.base} on {key[0]} {key[1]} ({note})")
    return found

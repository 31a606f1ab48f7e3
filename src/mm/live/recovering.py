"""What a start takes over of the starts before it, from the journal of its state folder, and what it says of that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mm._core import JournalError
from mm.config import Settings, SettingsError
from mm.config.canonical import UnknownKind, from_json
from mm.engine import Engine
from mm.engine.balances import elsewhere
from mm.engine.recovery import Recovery, recover
from mm.errors import ConfigError, InvariantError
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.screen.amounts import in_base, plain
from mm.strategies import parameters_of

if TYPE_CHECKING:
    from mm._core import events as ev
    from mm.persistence.journal import EventJournal

AMOUNT_PRECISION = 12


def read_back(journal: EventJournal, settings: Settings) -> Recovery:
    """Apply what the journal holds. settings: of this start, for an earlier one whose own are not understood any more.

    Raises JournalError for one that cannot be applied, and ConfigError for the journal of another world.
    """

    def make(start: ev.Start) -> tuple[Settings, Mapping[str, Any]]:
        try:
            chosen = from_json(start.config, parameters_of, policies_of)
            return chosen, faces_of(chosen)
        except (SettingsError, ConfigError, UnknownKind, ValueError):
            # A strategy or a venue of the user's own that is not here any more.
            return settings, faces_of(settings)

    try:
        found = recover(journal.snapshot(), journal.recovered(), make, Engine)
    except InvariantError as error:
        raise JournalError(
            f"the journal of {settings.run.state} cannot be taken over: {error}. See `mm journal verify`; to begin "
            "without it, stop what runs, look at the venues, and move the folder `journal` away"
        ) from error
    if found.engine is not None and found.world != settings.run.world:
        raise ConfigError(
            "run.state",
            settings.run.state,
            f"the state folder of a run of world {settings.run.world}",
            f"what it holds is of world {found.world}: choose another with --state",
        )
    return found


def faces_of(settings: Settings) -> dict[str, Any]:
    """The exchange package of each venue. Raises ConfigError for one that is not here."""
    return {name: find(name, venue.package) for name, venue in settings.venues.items()}


def told(recovery: Recovery, engine: Engine) -> list[str]:
    """What was taken over, in sentences; nothing at a first start."""
    if recovery.engine is None:
        return []
    lines = [_carried(recovery, engine)]
    if engine.earlier:
        count = len(engine.earlier)
        are = "order of an earlier start was" if count == 1 else "orders of earlier starts were"
        lines.append(f"{count} {are} open when it ended: looked up at the venue, and cancelled where open")
    if engine.is_paused:
        lines.append("paused by the operator before this start, and still: mm resume")
    lines += [
        f"strategy {name} is {member.life.value} by the operator since before this start: mm resume, or mm start"
        for name, member in sorted(engine.roster.members.items())
        if member.latch is not None
    ]
    if engine.reconciling.unexplained:
        what = ", ".join(f"{venue} {subject}" for venue, _, subject in sorted(engine.reconciling.unexplained))
        lines.append(f"unexplained since before this start: {what} (mm reconcile)")
    lines += _elsewhere(engine)
    lines += [f"not taken over, the venues are asked: {text}" for text in recovery.skipped]
    return lines


def _carried(recovery: Recovery, engine: Engine) -> str:
    held = [
        f"{in_base(market.instrument, market.position.held)} on {market.venue.name}"
        for market in engine.markets.values()
        if market.position.held
    ]
    owed = [
        f"{plain(desk.ledger.net, AMOUNT_PRECISION)} {desk.settings.symbol.partition('/')[0]} to hedge ({name})"
        for name, desk in engine.desks.items()
        if desk.ledger.net
    ]
    when = datetime.fromtimestamp(engine.started_ns // 1_000_000_000, UTC)
    what = ", ".join([*held, *owed]) or "no position"
    return (
        f"Goes on where the last start ended: {engine.fills} fills since {when:%Y-%m-%d %H:%M} UTC, {what} "
        f"({recovery.events} events read back)"
    )


def held_elsewhere(engine: Engine) -> list[str]:
    """What is held at venues that this run does not look after: `-0.0296 BTC in BTC/USDT:USDT on mexc_futures`."""
    return [
        f"{in_base(instrument, position.held)} in {instrument.symbol} on {instrument.venue}"
        for instrument, position in elsewhere(engine)
        if position.held
    ]


def _elsewhere(engine: Engine) -> list[str]:
    found = engine.elsewhere
    kept = held_elsewhere(engine)
    kept += [f"orders on {row[2]}" for row in found.get("orders", [])[:1]]
    kept += [f"debts of hedging.{name}" for name, ledger in found.get("hedges", {}).items() if ledger["debts"]]
    if not kept:
        return []
    return [f"KEPT AND NOT LOOKED AFTER, the configuration has no place for it: {', '.join(kept)}"]

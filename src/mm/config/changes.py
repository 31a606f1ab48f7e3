"""What differs between the settings of a run and those of a changed file: key by key, and what cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from mm.config.canonical import to_json
from mm.config.settings import Settings
from mm.subscriptions import subscriptions_of

FIXED_TABLES: Final = {
    "run": "it is about the run as a whole",
    "venues": "its connections stand",
    "conversion": "the account's value is counted by it since the start",
}
FIXED_KEYS: Final = {
    "strategies": ("venue", "symbol", "autostart"),
    "hedging": ("primary", "symbol", "hedge", "hedge_symbol", "fallback", "fallback_symbol"),
}
WITH_THE_RUN: Final = "stop the run and start it with this file"
DEBT: Final = "debt_max_usd"
FLOORS: Final = ("liquidation_distance_min_bps", "disk_free_mb", "descriptors_free", "widen_factor")
"""Limits that let more happen the lower they are."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key. old, new: as texts, '' for none; is_raised: a limit that lets more happen; refused: why it cannot be
    changed while the run goes on, '' when it can."""

    key: str
    old: str
    new: str
    is_raised: bool = False
    refused: str = ""

    def __str__(self) -> str:
        text = f"{self.key}: {self.old or 'none'} -> {self.new or 'none'}"
        if self.refused:
            return f"{text}: cannot change in a run ({self.refused}); {WITH_THE_RUN}"
        return f"{text} (a raised limit)" if self.is_raised else text


def changes(old: Settings, new: Settings) -> list[Change]:
    """Every difference, in the order of the keys."""
    before, after = _flat(old), _flat(new)
    found = []
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path, ""), after.get(path, "")
        if was != now:
            refused = _refused(path, old, new)
            is_raised = not refused and _is_raised(path, old, new, was, now)
            found.append(Change(".".join(path), was, now, is_raised, refused))
    for name in sorted(old.strategies.keys() & new.strategies.keys()):
        heard = [subscriptions_of(settings.strategies[name].parameters) for settings in (old, new)]
        if heard[0] != heard[1]:
            texts = [", ".join(f"{each.kind} {each.venue} {each.symbol}".rstrip() for each in told) for told in heard]
            why = "what it hears was subscribed to at the start"
            found.append(Change(f"strategies.{name}", texts[0], texts[1], refused=why))
    return found


def _flat(settings: Settings) -> dict[tuple[str, ...], str]:
    return dict(_leaves((), json.loads(to_json(settings))))


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:  # Any: parsed JSON
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves((*path, key), each)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _refused(path: tuple[str, ...], old: Settings, new: Settings) -> str:
    table = path[0]
    if table in FIXED_TABLES:
        return FIXED_TABLES[table]
    if table in FIXED_KEYS:
        both = (old.strategies, new.strategies) if table == "strategies" else (old.hedging, new.hedging)
        if not all(path[1] in named for named in both):
            return "the run has it from its start to its end"
        if path[2:] in [(key,) for key in FIXED_KEYS[table]]:
            return "its market is that of the whole run" if path[2] != "autostart" else "it is about the start"
    return ""


def _is_raised(path: tuple[str, ...], old: Settings, new: Settings, was: str, now: str) -> bool:
    if path[0] == "kill":
        # A milder step, or a trigger that is never reached, lets more happen: which is milder is for people to say.
        is_step = path[1].endswith("_step")
        return is_step or now == "0" or (_is_more(was, now) if path[1] in FLOORS else was != "0" and _is_more(now, was))
    if path[:2] == ("limits", "max_per_symbol"):
        return new.limits.position_max(path[2]) > old.limits.position_max(path[2])
    is_own = path[0] == "strategies" and path[2:3] == ("limits",)
    is_cap = path[0] == "limits" or is_own or path[-1] == DEBT or path[-1].startswith("max_")
    if not is_cap:
        return False
    if path[-1] in FLOORS:
        return _is_more(was, now)
    # Without a cap of its own a strategy has that of the run, which is never smaller.
    return bool(was) and (not now or _is_more(now, was))


def _is_more(now: str, was: str) -> bool:
    try:
        return Decimal(now) > Decimal(was)
    except InvalidOperation:
        # A strategy's own key, and no number: nobody knows what it allows.
        return True

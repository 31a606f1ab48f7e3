"""The same run with other settings, from one event on: caps, parameters of strategies, hedging.

What a run cannot change (venues, symbols, the world, the state folder) is refused by whoever makes the event; here it
stays as it was. A strategy whose parameters changed is told to stop and made anew; its orders keep their places until
it says otherwise, and one that was paused stays so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypedDict

from mm.config.canonical import from_json
from mm.errors import InvariantError
from mm.inventory.hedging import parameters_of as policies_of
from mm.strategies import parameters_of

if TYPE_CHECKING:
    from mm._core import events as ev
    from mm.config import LimitSettings
    from mm.engine.engine import Engine

MS: Final = 1_000_000
MICRO_USD: Final = 1_000_000


class Caps(TypedDict):
    """What `Limits` takes."""

    collar: float
    total_micro_usd: int
    orders_max: int


def caps_of(limits: LimitSettings) -> Caps:
    """The caps over all symbols in the units of `Limits`."""
    return {
        "collar": float(limits.price_collar_bps) / 10_000,
        "total_micro_usd": int(limits.max_total_exposure_usd * MICRO_USD),
        "orders_max": limits.max_open_orders,
    }


def take_settings(engine: Engine, event: ev.SettingsChanged) -> None:
    """Go by the settings of an event. Raises InvariantError for those of another run."""
    fresh = from_json(event.config, parameters_of, policies_of)
    old = engine.settings
    if fresh.strategies.keys() != old.strategies.keys() or fresh.hedging.keys() != old.hedging.keys():
        raise InvariantError("settings with other strategies or hedges than the run has")
    engine.settings = replace(
        old, strategies=fresh.strategies, hedging=fresh.hedging, limits=fresh.limits, kill=fresh.kill
    )
    limits = fresh.limits
    engine.limits.retune(**caps_of(limits))
    engine.wait_for(limits.book_age_ms_max * MS, limits.private_down_ms_max * MS)
    engine.perpetuals.keep_away(float(limits.liquidation_distance_min_bps))
    engine.triggers.retune()
    engine.ladder.show()
    for market in engine.markets.values():
        engine.cap(market)
        market.changed = True
    engine.roster.take_settings(event.recv_ns, fresh.strategies)
    for name, desk in engine.desks.items():
        desk.take_settings(fresh.hedging[name])

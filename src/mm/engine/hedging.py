"""The desk of one `[hedging.NAME]`: where it hedges, by which policy, and what changes that. Part of the engine.

From a debt to its order is native (`mm._core.desk_core`); here is what happens seldom: another market while order entry
of the first is closed, other settings, positions that the venue changed, and what a margin account can pay for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm._core.desk_core import HedgeDeskCore
from mm.instruments import AMOUNT_PRECISION, Instrument
from mm.inventory.hedging import HedgePolicy, HedgeState, find

if TYPE_CHECKING:
    from mm.config import HedgeSettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market

HEDGE: Final = "hedge"
CLOSED: Final = frozenset({"cancel_only", "delisted"})
"""Order entry is closed to the account or the contract, for longer than a pause."""
EXTERNAL_NS: Final = 1_000_000_000
"""A position that the venue cuts is mostly cut in several steps."""


def base_units(instrument: Instrument, size: int) -> int:
    """A size in 10^-12 of the base asset. Raises ValueError for a grid finer than that."""
    if instrument.base_precision > AMOUNT_PRECISION:
        raise ValueError(f"{instrument.symbol}: sizes finer than 10^-{AMOUNT_PRECISION} cannot be hedged exactly")
    return instrument.base_units(size) * int(10 ** (AMOUNT_PRECISION - instrument.base_precision))


def price_units(instrument: Instrument, price: int) -> int:
    """A price in 10^-12 of the quote currency; finer ones are cut off, they are for the cost and not for orders."""
    shift = AMOUNT_PRECISION - instrument.price_precision
    return price * int(10**shift) if shift >= 0 else price // int(10**-shift)


class HedgeDesk(HedgeDeskCore):
    """Hedges the fills of one market on another. due_ns: when it wants to be woken, 0 never.

    markets: where hedges may go, the hedge venue's first; hedge: where they go now. The fallback is used while order
    entry at the hedge venue is closed (its status or the symbol's says so), and not while it is only out of reach.
    """

    __slots__ = ("settings",)
    _engine: Engine
    policy: HedgePolicy

    def __init__(self, engine: Engine, settings: HedgeSettings) -> None:
        self.settings = settings
        name = f"{HEDGE} {settings.name}"
        markets = tuple(settings.markets())
        # As which strategy its orders go, by market: sizes of two markets are no sum.
        names = dict(zip(markets, (name, f"{name} fallback"), strict=False))
        primary = (settings.primary, settings.symbol)
        debt_max = float(settings.debt_max_usd)
        super().__init__(engine, name, settings.name, primary, markets, names, debt_max, engine.seed)
        self._take_policy(find(settings.policy)(settings.policy, settings.parameters))

    def _take_policy(self, policy: HedgePolicy) -> None:
        kind = type(policy)
        # What a policy leaves to its base class is not called for.
        remembers = kind.on_sent is not HedgePolicy.on_sent
        self.take_policy(policy, policy.native, remembers, kind.on_paid is not HedgePolicy.on_paid)

    # --- apply ------------------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """A venue's or a symbol's status changed: hedge at the fallback while the first market is closed."""
        chosen = self.markets[0]
        if len(self.markets) > 1 and self._is_closed(chosen) and not self._is_closed(self.markets[1]):
            chosen = self.markets[1]
        if chosen == self.hedge:
            return
        first, now = self.markets[0], chosen
        self.hedge = chosen
        # A schedule counts in lots, and those are another market's now.
        self.policy.on_paid()
        self._retry_ns = self._failures = 0
        if now != first:
            text = f"order entry at {first[0]} for {first[1]} is closed: hedging on {now[0]} {now[1]} until it opens"
        else:
            text = f"order entry at {first[0]} for {first[1]} is open again: hedging there"
        self._engine.tell(f"{self.settings.name}: {text}; debts are kept")

    def _is_closed(self, key: tuple[str, str]) -> bool:
        market = self._engine.markets.get(key)
        return self._engine.venues[key[0]].status in CLOSED or (market is not None and market.status in CLOSED)

    def on_external(self, now_ns: int, owner: str, side: int, size: int, market: Market, middle2: int) -> None:
        """A position of this desk changed without an order of ours: the exposure that follows is owed."""
        key = (market.venue.name, market.symbol)
        if key != self.primary and key not in self.markets:
            return
        price = price_units(market.instrument, middle2)
        self.ledger.on_external(now_ns, owner, side, base_units(market.instrument, size), price)
        self._retry_ns = max(self._retry_ns, now_ns + EXTERNAL_NS)
        self.wake()

    def wake(self) -> None:
        """Look at the next decision, whatever else happens."""
        self.due_ns = 1

    def take_settings(self, settings: HedgeSettings) -> None:
        """Go by other settings; a policy with other parameters begins anew, the debts stay."""
        old, self.settings = self.settings, settings
        self.take_debt_max(float(settings.debt_max_usd))
        if (old.policy, old.parameters) != (settings.policy, settings.parameters):
            self._take_policy(find(settings.policy)(settings.policy, settings.parameters))

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (self.name, self.hedge, self.ledger.state_hash(), self.policy.facts(), self._retry_ns, self._failures)

    # --- decide -----------------------------------------------------------------------------------------------------

    def _margin_balance(self, hedge: Market, state: HedgeState, price: int) -> int | None:
        """How many lots more a margin account can pay for; None while the venue has not said."""
        lot = hedge.instrument.lot
        rooms = [hedge.affordable(state.side, price)]
        if hedge.perpetual is not None:
            room = self._engine.perpetuals.room(hedge, state.side, price)
            rooms.append(room if room is None else max(0, room - state.committed * lot))
        return min((room // lot for room in rooms if room is not None), default=None)

"""The desk of one `[hedging.NAME]`: where it hedges, by which policy, and what changes that. Part of the engine.

From a debt to its order is native (`mm._core.desk_core`); here is what happens seldom: another market while order entry
of the first is closed, other settings, positions that the venue changed, and what a margin account can pay for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.desk_core import ALARM_TRIES, HedgeDeskCore
from mm._core.driver_core import KEPT_BACK
from mm.instruments import AMOUNT_PRECISION, Instrument
from mm.inventory.hedging import HedgePolicy, HedgeState, find

if TYPE_CHECKING:
    from mm._core.orders import Order
    from mm.config import HedgeSettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market

SECOND_NS: Final = 1_000_000_000
HEDGE: Final = "hedge"
CLOSED: Final = frozenset({"cancel_only", "delisted"})
"""Order entry is closed to the account or the contract, for longer than a pause."""
ENDS: Final = frozenset({ev.OrderCanceled, ev.OrderExpired, ev.OrderRejected, ev.OrderAbsent, ev.OrderDenied})
"""What is said of a hedge that has ended, but for its last fill."""
BACK_NS: Final = 60 * SECOND_NS
"""So long hedges stay at the fallback: a first market that still gives nothing costs each try the time to find out."""
LATE_NS: Final = 1_000_000_000
"""An execution may be told so much later than that its order has ended."""
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
    entry at the hedge venue is closed (its status or the symbol's says so), and once it is out of reach or has refused
    each hedge for a while (`seek`).
    """

    __slots__ = ("_moved_ns", "settings")
    _engine: Engine
    policy: HedgePolicy

    def __init__(self, engine: Engine, settings: HedgeSettings) -> None:
        self.settings = settings
        self._moved_ns = 0
        name = f"{HEDGE} {settings.name}"
        markets = tuple(settings.markets())
        # As which strategy its orders go, by market: sizes of two markets are no sum.
        names = dict(zip(markets, (name, f"{name} fallback"), strict=False))
        primary = (settings.primary, settings.symbol)
        debt_max = float(settings.debt_max_usd)
        super().__init__(engine, name, settings.name, primary, markets, names, debt_max, engine.seed)
        self._make_policy()

    def _make_policy(self) -> None:
        settings = self.settings
        policy = find(settings.policy)(settings.policy, settings.parameters)
        kind = type(policy)
        # What a policy leaves to its base class is not called for.
        remembers = kind.on_sent is not HedgePolicy.on_sent
        self.take_policy(policy, policy.native, remembers, kind.on_paid is not HedgePolicy.on_paid)

    # --- a policy that raises ---------------------------------------------------------------------------------------

    def raised(self, error: Exception) -> str:
        """What the policy raised, in words; the error itself is kept for a report."""
        reason = self._engine.roster.raised(self.name, error)
        return f"hedging.{self.settings.name}: policy {self.settings.policy}: {reason}"

    def tell_policy(self, hook: Callable[..., None], *facts: Any) -> None:
        """Let the policy learn of something; one that raised hears no more. A replay raises just so."""
        if self.fault:
            return
        try:
            hook(*facts)
        except Exception as error:  # noqa: BLE001  # whatever a user's file raises, the debts are kept
            self.fault = self.raised(error)
            # `decide` tells of it.
            self._engine.roster.unannounced[self.name] = self.fault
            self._engine.wake_upkeep()
            self.wake()

    def renew(self) -> None:
        """Make the policy anew and ask it again."""
        self.fault = ""
        self._engine.roster.unannounced.pop(self.name, None)
        self.tell_policy(self._make_policy)
        self.wake()

    # --- apply ------------------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """A venue's or a symbol's status changed: hedge at the fallback while the first market is closed."""
        first, other = self.markets[0], self.markets[-1]
        now_ns = self._engine.last_ns
        if self.is_away and self._is_closed(other) and not (self._is_closed(first) or self._is_frozen(first)):
            self.is_away = False
            text = f"order entry at {_named(other)} is closed: hedging on {_named(first)} again"
            self._move(now_ns, first, text, is_told=True)
        if self.is_away:
            return
        if not self._is_closed(first):
            if not self._is_frozen(first):
                self._move(now_ns, first, f"order entry at {_named(first)} is open again: hedging there", is_told=True)
        elif not self._is_closed(other) and not self._is_frozen(other):
            text = f"order entry at {_named(first)} is closed: hedging on {_named(other)} until it opens"
            self._move(now_ns, other, text, is_told=True)

    def on_routed(self, event: ev.HedgeRouted) -> None:
        """Its hedges go elsewhere: the market before gave nothing."""
        key = self.markets[self.markets.index((event.venue, event.symbol))]
        self.is_away = key != self.markets[0]
        self._move(event.recv_ns, key, event.reason, is_told=False)

    def _move(self, now_ns: int, key: tuple[str, str], text: str, *, is_told: bool) -> None:
        """is_told: the venue said why it takes nothing, so that what got nothing there says nothing about the other."""
        if key == self.hedge:
            return
        self.hedge = key
        is_flapping = now_ns - self._moved_ns < SECOND_NS
        self._moved_ns = now_ns
        # A schedule counts in lots, and those are another market's now.
        self.tell_policy(self.policy.on_paid)
        if is_told and not is_flapping:
            self._failures = 0
        if self._failures < ALARM_TRIES:
            # Soon, but for a fill of the last one that is on its way. Where each try gets nothing, whichever the
            # market, the next waits as long as it would have: two markets that give nothing are one.
            self._retry_ns = min(self._retry_ns, now_ns + LATE_NS)
        self._hold_ns = max(self._hold_ns, self._ended_ns + LATE_NS)
        self.misses = self.gated_ns = 0
        # Back where hedges are meant to go is no trouble. Too many alarms stop the quotes.
        severity = "warning" if key == self.markets[0] or is_flapping else "error"
        self._engine.tell(f"{self.settings.name}: {text}; debts are kept", severity)

    def _is_closed(self, key: tuple[str, str]) -> bool:
        market = self._engine.markets.get(key)
        return self._engine.venues[key[0]].status in CLOSED or (market is not None and market.status in CLOSED)

    def _is_frozen(self, key: tuple[str, str]) -> bool:
        market = self._engine.markets.get(key)
        return market is not None and market.is_frozen

    def on_external(self, now_ns: int, owner: str, side: int, size: int, market: Market, middle2: int) -> None:
        """A position of this desk changed without an order of ours: the exposure that follows is owed."""
        key = (market.venue.name, market.symbol)
        if key != self.primary and key not in self.markets:
            return
        price = price_units(market.instrument, middle2)
        self.ledger.on_external(now_ns, owner, side, base_units(market.instrument, size), price)
        self._hold_ns = max(self._hold_ns, now_ns + EXTERNAL_NS)
        self.wake()

    def wake(self) -> None:
        """Look at the next decision, whatever else happens."""
        self.due_ns = 1

    def take_settings(self, settings: HedgeSettings) -> None:
        """Go by other settings; a policy with other parameters begins anew, the debts stay."""
        old, self.settings = self.settings, settings
        self.take_debt_max(float(settings.debt_max_usd))
        if (old.policy, old.parameters) != (settings.policy, settings.parameters):
            self.renew()

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        routed = (self.is_away, self._moved_ns, self.misses, self.kept)
        return (
            self.name,
            self.fault,
            self.hedge,
            routed,
            self.ledger.state_hash(),
            self.policy.facts(),
            (self._retry_ns, self._hold_ns, self._ended_ns),
            self._failures,
        )

    # --- decide -----------------------------------------------------------------------------------------------------

    def seek(self, now_ns: int, gate: str) -> bool:
        """Route hedges to the other market where the one of now gives nothing; whether they go there now.

        gate: why nothing can be sent to it. Back to the first one after a while, since it is the one that is wanted.
        """
        first, other = self.markets[0], self.markets[-1]
        after_ns = int(self.settings.fallback_after_s * SECOND_NS)
        if not gate:
            self.gated_ns = 0
        elif not self.gated_ns:
            self.gated_ns = now_ns
        target = other if self.hedge == first else first
        if gate and target == other and now_ns - self.gated_ns < after_ns:
            self._wake_at(self.gated_ns + after_ns)
            return False
        if gate:
            reason = f"{_named(self.hedge)} takes no hedges ({gate}): hedging on {_named(target)}"
        elif self.misses >= ALARM_TRIES and not self._is_out_at(self.hedge):
            reason = f"{self.misses} hedges in a row got nothing on {_named(self.hedge)}: hedging on {_named(target)}"
        elif self.is_away and now_ns - self._moved_ns >= BACK_NS:
            reason = f"hedging on {_named(first)} again"
        else:
            return False
        # Not to and fro: what two markets tell by turns would be as many orders a second.
        if now_ns - self._moved_ns < SECOND_NS or not self._takes(now_ns, target):
            self._wake_at(now_ns + SECOND_NS)
            return False
        self._engine.emit(ev.HedgeRouted(now_ns, self.settings.name, *target, reason))
        return True

    def _takes(self, now_ns: int, key: tuple[str, str]) -> bool:
        """Whether a hedge could be sent to a market now, and be paid for."""
        market = self._engine.markets.get(key)
        if market is None or not market.venue.was_ready or market.is_frozen or self._is_closed(key):
            return False
        if market.perpetual is not None and market.perpetual.danger:
            return False
        return not self._engine.market_gate(now_ns, market) and self.pays(now_ns, market)

    def _is_out_at(self, key: tuple[str, str]) -> bool:
        """Whether a hedge there may still fill."""
        return any(order.strategy == self.names[key] for order in self._engine.markets[key].orders)

    def _wake_at(self, due_ns: int) -> None:
        if not self.due_ns or due_ns < self.due_ns:
            self.due_ns = due_ns

    def _margin_balance(self, hedge: Market, state: HedgeState, price: int, reserved: int) -> int | None:
        """How many lots more a margin account can pay for; None while the venue has not said."""
        lot = hedge.instrument.lot
        rooms = [hedge.affordable(state.side, price)]
        if hedge.perpetual is not None:
            room = self._engine.perpetuals.room(hedge, state.side, price)
            rooms.append(room if room is None else max(0, room - reserved * lot))
        return min((room // lot for room in rooms if room is not None), default=None)


def hedge_is_over(engine: Engine, event: Any, order: Order) -> None:
    """One of `ENDS` was said of a hedge: its desk hears of it."""
    is_denied = type(event) is ev.OrderDenied
    is_cancelled = is_denied and order.client_id in engine.cancel_asked_ns
    is_kept = is_denied and not is_cancelled and event.reason.startswith(KEPT_BACK)
    for desk in engine.desks.values():
        if desk.places(order.strategy):
            desk.on_over(event.recv_ns, order, type(event) is ev.OrderRejected, is_cancelled or is_kept)
            desk.kept = desk.kept + 1 if is_kept else 0
            if desk.kept == ALARM_TRIES:
                engine.tell(f"{desk.settings.name}: {desk.kept} hedges in a row were kept back: {event.reason}")


def _named(key: tuple[str, str]) -> str:
    return f"{key[0]} {key[1]}"

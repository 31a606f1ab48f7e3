"""What a venue says of itself, of the account and of the connection, and what is asked of it. Part of the engine."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Final

from mm._core import events as ev

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.venue import VenueState

TIMER_AGAIN_NS: Final = 1_000_000_000
FLOWS: Final = ("deposit", "withdrawal", "withdraw", "transfer")
"""Kinds of balance changes that are no profit, by their ends: MEXC writes CONTRACT_TRANSFER."""
MAINTENANCE: Final = "maintenance"


class VenueNews:
    """Applies such events to an engine."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on_status(self, event: ev.VenueStatus) -> None:
        """A venue says in which mode it is."""
        venue = self._engine.venues[event.venue]
        was = venue.status
        venue.status = event.status
        if was == MAINTENANCE != event.status:
            self._engine.cancels_are_taken()
        for desk in self._engine.desks.values():
            desk.choose()
        self._touch(venue)

    def on_link(self, event: ev.LinkChanged) -> None:
        """A connection began or ended."""
        venue = self._engine.venues[event.venue]
        if event.channel == "public":
            venue.public_up = event.up
            for market in venue.markets.values():
                # The subscription brings a snapshot by itself.
                market.resync_ns = max(market.resync_ns, event.recv_ns) if market.resync_ns else 0
        elif event.up:
            if not venue.private_up:
                venue.private_up = venue.was_ready = True
                # Its history was read.
                venue.history_ns = max(venue.history_ns, venue.fill_ns)
                if not self._engine.strays.of_venue(venue.name):
                    self.conclude(venue, event.recv_ns)
                self._engine.reconciling.on_up(venue, event.recv_ns)
                self._engine.muster.look()
        elif venue.private_up or not venue.private_down_ns:
            venue.private_up = False
            venue.private_down_ns = event.recv_ns
            venue.armed_ns = 0
            self._engine.reconciling.on_down(venue)
        self._touch(venue)

    def conclude(self, venue: VenueState, recv_ns: int) -> None:
        """All that a venue has told of the time before is booked: the rest of what it holds was there."""
        self._engine.accounts.open(venue.name, venue.balances)
        self._engine.perpetuals.on_up(venue, recv_ns)

    def on_clock_offset(self, event: ev.ClockOffset) -> None:
        """How far our clock is off was measured."""
        venue = self._engine.venues[event.venue]
        bound_ns = venue.settings.clock_offset_ms_max * 1_000_000
        was_good = abs(venue.clock_offset_ns) <= bound_ns
        # Only what is certain counts: an estimate over a slow line may be off by its own uncertainty.
        certain_ns = max(0, abs(event.offset_ns) - event.uncertainty_ns)
        venue.clock_offset_ns = certain_ns if event.offset_ns >= 0 else -certain_ns
        if was_good is not (certain_ns <= bound_ns):
            self._touch(venue)

    def on_balance(self, event: ev.Balance | ev.BalanceChange) -> None:
        """The account holds so much of an asset."""
        venue = self._engine.venues[event.venue]
        # By the very word that markets have: each decision asks.
        venue.balances[intern(event.asset)] = event.total
        if (
            type(event) is ev.BalanceChange
            and event.kind.lower().endswith(FLOWS)
            and venue.name in self._engine.accounts.opened
        ):
            self._engine.accounts.on_flow(venue.name, event.asset, event.amount - event.fee)

    def on_foreign_orders(self, event: ev.ForeignOrders) -> None:
        """So many open orders of the account are not ours."""
        self._engine.venues[event.venue].foreign = event.count
        self._engine.wake_upkeep()

    def _touch(self, venue: VenueState) -> None:
        for market in venue.markets.values():
            market.changed = True
        self._engine.wake_upkeep()

    def on_open_orders_read(self, event: ev.OpenOrdersRead) -> None:
        """A whole list was read, its rows at this very moment: what it leaves out is in doubt, but for what was sent
        after it was asked for."""
        venue = self._engine.venues[event.venue]
        if event.complete:
            reads = self._engine.reconciling.reads[venue.name]
            reads.orders_ns = max(reads.orders_ns, event.asked_ns)
            for order in self._engine.orders.open():
                is_listed = venue.seen.get(order.client_id) == event.recv_ns
                if order.venue == venue.name and order.created_ns < event.asked_ns and not is_listed:
                    venue.doubtful.setdefault(order.client_id, 0)
        self._engine.wake_upkeep()

    def on_timer_set(self, event: ev.TimerSet) -> None:
        """The venue's timer runs, or does not."""
        venue = self._engine.venues[event.venue]
        venue.protected_s = event.timeout_s
        if not event.timeout_s and venue.armed_s:
            # Refused or lost: asked again soon, and not as late as a period that stands.
            venue.armed_ns = min(venue.armed_ns, event.recv_ns - venue.armed_s * 1_000_000_000 // 3 + TIMER_AGAIN_NS)
            self._engine.wake_upkeep()

    def on_cancel_after(self, command: ev.CancelAfter) -> None:
        """The venue's timer was asked for."""
        venue = self._engine.venues[command.venue]
        venue.armed_ns = command.recv_ns
        venue.armed_s = command.timeout_s

    def on_resync(self, command: ev.Resync) -> None:
        """A fresh snapshot was asked for."""
        self._engine.markets[command.venue, command.symbol].resync_ns = command.recv_ns

    def on_query(self, command: ev.QueryOrder) -> None:
        """An order was asked for."""
        engine = self._engine
        if engine.strays.asked(command) or engine.contradicted.asked(command) or engine.unnamed.asked(command):
            return
        self._engine.venues[command.venue].doubtful[command.client_id] = command.recv_ns

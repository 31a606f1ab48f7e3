"""The slow twin of `BookingCore.apply_fill`: one statement after the other, and everybody told, asked for or not."""

from __future__ import annotations

from mm._core import events as ev
from mm.engine import Engine
from mm.engine.closing import FLATTEN
from mm.engine.strays import ADOPTED


class PlainEngine(Engine):
    """An engine that books fills in Python."""

    def apply_fill(self, event: ev.Fill) -> int:
        known = self.orders.get(event.client_id) or self.orders.by_venue_id(event.venue, event.venue_id)
        if known is not None and known.purpose == ADOPTED and event.venue_ns < self.started_ns:
            return 0
        order = self.orders.apply(event)
        if order is None:
            self.unbooked += 1
            self.perpetuals.on_foreign_fill(event)
            return 0
        if self.orders.last_booked:
            self.fills += 1
            market = self.markets.get((order.venue, order.symbol))
            if market is not None:
                market.position.apply_fill(event.side, event.price, event.size, event.fee, event.fee_asset)
                middle2 = event.middle2 or market.middle2
                market.profit.on_fill(event.side, event.price, event.size, middle2)
                self.accounts.on_fill(
                    (order.venue, order.symbol),
                    event.side,
                    event.price,
                    event.size,
                    middle2,
                    event.fee,
                    event.fee_asset,
                    is_hedge=order.purpose in ("hedge", FLATTEN),
                )
                if order.purpose == "hedge":
                    market.hedge_fills += 1
                    market.hedge_cost += market.instrument.money(event.price * event.size)
                if event.side > 0:
                    market.state.buy_fill_ns = event.recv_ns
                else:
                    market.state.sell_fill_ns = event.recv_ns
                for sibling in market.siblings:
                    sibling.changed = True
                for desk in self.desks.values():
                    desk.on_fill(event, order, market)
                self.perpetuals.on_own_fill(market, event)
                if market.strategy is not None and order.purpose != "hedge":
                    if order.strategy == market.strategy_name:
                        market.own_quantity += event.side * event.size
                    self.roster.tell(market, market.strategy.on_fill, event)
            self.hearing.on_fill(event)
        self._after(event, order)
        return 0

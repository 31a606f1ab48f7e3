"""The order desk: places and cancels for accounts, in the venue's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mm.simulator.exchange import Exchange
from mm.simulator.mexc_spot.entry import read_order
from mm.simulator.mexc_spot.errors import Refused, refused, unknown_symbol
from mm.simulator.mexc_spot.feeds import Feeds
from mm.simulator.mexc_spot.terms import Terms
from mm.simulator.orders import BUY, NewOrder, OrderType, Refusal, SimOrder

OPEN_ORDERS_MAX: Final = 500
USER_REQUESTED: Final = "User requested"


class Desk:
    """Takes order requests of accounts; raises `Refused` where nothing was done."""

    def __init__(self, exchange: Exchange, feeds: Feeds, *, post_only_refuses: bool) -> None:
        self._exchange, self._feeds, self._post_only_refuses = exchange, feeds, post_only_refuses

    def terms(self, name: str) -> Terms:
        """The symbol of a venue's name."""
        terms = self._feeds.listing.known(name)
        if terms is None:
            raise unknown_symbol()
        return terms

    def read(self, account: str, terms: Terms, fields: Mapping[str, str]) -> NewOrder:
        """The order that a request asks for, checked as far as it can be without placing it."""
        symbol = terms.traded.symbol
        bids, asks = self._feeds.books[symbol].best(1)
        met = asks if fields.get("side") == "BUY" else bids
        last = self._feeds.records[symbol].last
        wanted = read_order(
            account, terms, fields, best=met[0][0] if met else 0, last=last.price if last is not None else 0
        )
        if wanted.order_type is OrderType.MARKET and wanted.user_reference:
            wanted.size = self._exchange.affordable(wanted, wanted.user_reference)
        crosses = met and (wanted.price >= met[0][0] if wanted.side == BUY else wanted.price <= met[0][0])
        if wanted.post_only and self._post_only_refuses and crosses:
            raise Refused(30041, "current order type can not place order")
        refusal = self._exchange.check(wanted)
        if refusal is not None:
            raise refused(refusal, terms.traded, str(terms.notional_min))
        return wanted

    def place(self, now_ns: int, account: str, fields: Mapping[str, str]) -> SimOrder:
        """Place an order."""
        terms = self.terms(fields.get("symbol", ""))
        wanted = self.read(account, terms, fields)
        if len(self._exchange.open_orders(account)) >= OPEN_ORDERS_MAX:
            raise Refused(30029, "Cannot exceed the maximum order limit")
        result = self._exchange.place(now_ns, wanted)
        if isinstance(result, Refusal):
            raise refused(result, terms.traded, str(terms.notional_min))
        return result

    def find(self, account: str, symbol: str, fields: Mapping[str, str]) -> SimOrder | None:
        """The order that `orderId` or else `origClientOrderId` names, open or remembered."""
        if fields.get("orderId"):
            order = self._exchange.order(fields["orderId"])
        else:
            order = self._exchange.by_client_id(account, fields["origClientOrderId"])
        if order is None or order.request.account != account or order.request.symbol != symbol:
            return None
        return order

    def cancel(self, now_ns: int, order: SimOrder) -> None:
        """Cancel an open order."""
        if self._exchange.instruments[order.request.symbol].status == "maintenance":
            raise Refused(30016, "Trading disabled")
        self._exchange.cancel(now_ns, order.order_id, USER_REQUESTED)

    def open_orders(self, account: str, symbol: str) -> list[SimOrder]:
        """Open orders of a symbol, oldest first."""
        return [order for order in self._exchange.open_orders(account) if order.request.symbol == symbol]

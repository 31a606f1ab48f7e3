"""The order desk: takes, enters and cancels orders of accounts, in the venue's words.

An order that is taken has an id at once and comes into the book some milliseconds later: success means accepted, not
open. A cancel goes behind the orders that were taken before it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, cast

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import HEDGE, ContractOrder
from mm.simulator.mexc_futures.entry import Around, Fields, field_text, read_order
from mm.simulator.mexc_futures.errors import Refused, entry_closed, refused, unknown_contract
from mm.simulator.mexc_futures.feeds import Feeds
from mm.simulator.mexc_futures.numbers import MS_NS
from mm.simulator.mexc_futures.prices import Prices
from mm.simulator.mexc_futures.rows import LIMIT, MODE_REASON, POST_ONLY, band
from mm.simulator.mexc_futures.terms import ORDERS_MAX, Contract
from mm.simulator.orders import BUY, Refusal, SimOrder, Status

USER_REQUESTED: Final = "User requested"


class Desk:
    """Takes order requests of accounts; raises `Refused` where nothing was done. entry_ms: how long an order takes into
    the book, from and to."""

    def __init__(
        self,
        exchange: ContractExchange,
        feeds: Feeds,
        prices: Callable[[], Prices],
        chance: random.Random,
        entry_ms: tuple[float, float],
    ) -> None:
        self._exchange, self._feeds, self._prices, self._random = exchange, feeds, prices, chance
        self._entry_ns = [int(each * MS_NS) for each in entry_ms]
        self._taken: list[tuple[int, int, SimOrder]] = []
        self._serial = 0
        self.closed_code = 0
        """With which order entry is refused to the account; 0: it is open."""

    def contract(self, name: object) -> Contract:
        """The contract of a venue's name."""
        contract = self._feeds.listing.known(str(name))
        if contract is None:
            raise unknown_contract()
        return contract

    def place(self, now_ns: int, account: str, fields: Fields) -> SimOrder:
        """Take an order."""
        contract = self.contract(field_text(fields, "symbol"))
        if self.closed_code:
            raise entry_closed(self.closed_code)
        if not contract.api_allowed:
            raise entry_closed()
        wanted = read_order(account, contract, fields, self._around(account, contract))
        return self._take(now_ns, contract, wanted)

    def _take(self, now_ns: int, contract: Contract, wanted: ContractOrder) -> SimOrder:
        exchange, symbol = self._exchange, contract.traded.symbol
        if wanted.client_id and exchange.by_client_id(wanted.account, wanted.client_id) is not None:
            raise Refused(2042, "The externalOid already exists")
        if not wanted.client_id:
            wanted.client_id = f"_m_{self._random.randbytes(16).hex()}"
        if exchange.open_count(wanted.account, symbol) >= ORDERS_MAX[wanted.mode - 1]:
            raise Refused(2036, "Too many open orders")
        held = exchange.positions.get(wanted.account, symbol, wanted.side)
        if held is not None and not wanted.closes:
            if held.open_type != wanted.open_type:
                raise Refused(2027, "Cross and isolated positions in the same direction")
            if held.leverage != wanted.leverage:
                raise Refused(2021, "Leverage differs from the position's")
        result = exchange.take(now_ns, wanted)
        if isinstance(result, Refusal):
            raise refused(result)
        self._serial += 1
        delay_ns = self._random.randrange(self._entry_ns[0], self._entry_ns[1] + 1)
        heappush(self._taken, (now_ns + delay_ns, self._serial, result))
        self.enter_due(now_ns)
        return result

    def next_deadline(self) -> int:
        """When the next order comes into the book; 0 for none."""
        return self._taken[0][0] if self._taken else 0

    def enter_due(self, now_ns: int, *, everything: bool = False) -> None:
        """Let orders whose time has come into the book."""
        while self._taken and (everything or self._taken[0][0] <= now_ns):
            order = heappop(self._taken)[2]
            if order.status is not Status.PENDING_NEW:
                continue
            request = cast(ContractOrder, order.request)
            if request.mode != self._exchange.positions.setup(request.account).mode:
                self._exchange.cancel(now_ns, order.order_id, MODE_REASON)
            else:
                self._exchange.enter(now_ns, order)

    def replace(self, now_ns: int, account: str, order_id: str, price: int | None, vol: str) -> SimOrder:
        """Replace a limit order by one with a new id; in hedge mode alone. Without a price: at the own best."""
        order = self.own(account, order_id)
        if order is None or not order.leaves:
            raise Refused(2040, "order not exist")
        request = cast(ContractOrder, order.request)
        if request.mode != HEDGE:
            raise Refused(2053, "Not supported in one-way mode")
        if request.kind not in (LIMIT, POST_ONLY):
            raise Refused(2041, "order state cannot be cancelled")
        contract = self._feeds.listing.by_symbol[request.symbol]
        if price is None:
            (price,) = self._best(contract, request.side, 1) or [order.price]
        size = contract.size(vol) if vol else order.leaves
        if not size:
            raise Refused(2011, "Order quantity error")
        fresh = ContractOrder(
            account, request.symbol, request.side, size, price, time_in_force=request.time_in_force,
            post_only=request.post_only, reduce_only=request.reduce_only, self_trade=request.self_trade,
            closes=request.closes, mode=request.mode, open_type=request.open_type, leverage=request.leverage,
            kind=request.kind, side_code=request.side_code,
        )  # fmt: skip
        refusal = self._exchange.check(fresh)
        # What the order keeps itself is free for the one that replaces it.
        if refusal not in (None, Refusal.INSUFFICIENT_FUNDS, Refusal.POSITION_TOO_SMALL):
            raise refused(refusal)
        self.cancel(now_ns, account, order_id)
        return self._take(now_ns, contract, fresh)

    def own(self, account: str, order_id: str) -> SimOrder | None:
        """An order of an account, open or remembered."""
        order = self._exchange.order(order_id)
        return order if order is not None and order.request.account == account else None

    def by_external(self, account: str, name: str, external: str) -> SimOrder | None:
        """An order of an account by its own id."""
        order = self._exchange.by_client_id(account, external)
        if order is None or self._feeds.listing.by_symbol[order.request.symbol].name != name:
            return None
        return order

    def cancel(self, now_ns: int, account: str, order_id: str) -> tuple[int, str]:
        """Cancel an order; returns the row's code and words."""
        self.enter_due(now_ns, everything=True)
        order = self.own(account, order_id)
        if order is None:
            return 2040, "order not exist"
        if not order.leaves:
            return 2041, "order state cannot be cancelled"
        if self._exchange.instruments[order.request.symbol].status == "maintenance":
            raise Refused(801, "System maintenance")
        self._exchange.cancel(now_ns, order.order_id, USER_REQUESTED)
        return 0, "success"

    def cancel_all(self, now_ns: int, account: str, symbol: str) -> None:
        """Cancel every order, of a contract or all."""
        self.enter_due(now_ns, everything=True)
        self._exchange.cancel_all(now_ns, account, USER_REQUESTED, symbol)

    def _around(self, account: str, contract: Contract) -> Around:
        symbol = contract.traded.symbol
        positions = self._exchange.positions
        index = self._prices().by_symbol[symbol].index
        return Around(
            lambda side, count: self._best(contract, side, count),
            band(contract, index),
            positions.setup(account).mode,
            lambda side, kind: positions.leverage(account, symbol, side, kind),
        )

    def _best(self, contract: Contract, side: int, count: int) -> list[int]:
        bids, asks = self._feeds.books[contract.traded.symbol].best(count)
        return [price for price, _ in (bids if side == BUY else asks)]

"""The simulated exchange: accounts' orders matched price-time in a replayed market, with a ledger of its own.

I/O-free and deterministic: time comes with every call, chance only from the seed. Requests return the order or a
`Refusal`; everything that then happens comes out of `drain_reports()` and `drain_market()` in its order. Nothing is
shared with the bot: this is its judge.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from mm.simulator.ledger import DECIMALS, Ledger
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    LedgerEntry,
    NewOrder,
    OrderType,
    Refusal,
    Report,
    ReportKind,
    SelfTrade,
    SimInstrument,
    SimOrder,
    SimTrade,
    Status,
    TimeInForce,
    TradePrint,
)
from mm.simulator.resting import RestingSide
from mm.simulator.tape import BookEntry, Entry, TradeEntry

CLOSED_MAX: Final = 50_000
TRADES_MAX: Final = 200_000
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
POST_ONLY_REASON: Final = "Post only order"
SELF_TRADE_REASON: Final = "Self trade prevention"
REST_REASON: Final = "Unfilled rest canceled"

OrderLog = Callable[[dict[str, Any]], None]
"""Takes what happened to orders, for an audit: see `tools/audit_fills.py`."""


class Exchange:
    """One exchange with one tape.

    entries: the tape's replay (None: no recorded market) of `tape_symbol`; start_ns: when its clock starts; speed: tape
    seconds in one second; log: see OrderLog.
    """

    def __init__(
        self,
        instruments: Iterable[SimInstrument],
        *,
        entries: Iterator[Entry] | None = None,
        tape_symbol: str = "",
        start_ns: int = 0,
        speed: float = 1.0,
        seed: int = 1,
        log: OrderLog | None = None,
    ) -> None:
        self.instruments = {instrument.symbol: instrument for instrument in instruments}
        self.ledger = Ledger()
        self._sides = {symbol: {BUY: RestingSide(BUY), SELL: RestingSide(SELL)} for symbol in self.instruments}
        self._entries = entries
        self._next: Entry | None = None
        self._tape_symbol = tape_symbol
        self._start_ns, self._speed = start_ns, speed
        self._random = random.Random(seed)
        self._log = log
        self.tape_number = 0
        """Entries of the tape applied so far."""
        self._orders: dict[str, SimOrder] = {}
        self._by_client_id: dict[tuple[str, str], SimOrder] = {}
        self._open: dict[str, dict[str, SimOrder]] = {}
        self._closed: dict[str, deque[SimOrder]] = {}
        self._trades: dict[str, deque[SimTrade]] = {}
        self._expiring: dict[str, SimOrder] = {}
        self._reports: list[Report | LedgerEntry] = []
        self._market: list[BookChange | TradePrint] = []
        self._trade_number = 0
        self.now_ns = start_ns
        if entries is not None:
            self._next = next(entries, None)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def deposit(self, now_ns: int, account: str, asset: str, amount: int) -> None:
        """Give an account some of an asset, in the ledger's decimals."""
        self._reports.append(self.ledger.change(now_ns, account, "deposit", asset, amount, 0, self._identifier("D")))

    def holds(self, account: str) -> dict[str, int]:
        """What open orders hold, by asset, in the ledger's decimals."""
        found: dict[str, int] = {}
        for order in self._open.get(account, {}).values():
            asset, amount = self._hold(order.request, order.price, order.leaves)
            found[asset] = found.get(asset, 0) + amount
        return found

    def order(self, order_id: str) -> SimOrder | None:
        """An order by the venue's id, open or remembered."""
        return self._orders.get(order_id)

    def by_client_id(self, account: str, client_id: str) -> SimOrder | None:
        """The last order with a client id."""
        return self._by_client_id.get((account, client_id))

    def open_orders(self, account: str) -> list[SimOrder]:
        """Open orders, oldest first."""
        return list(self._open.get(account, {}).values())

    def open_count(self, account: str, symbol: str) -> int:
        """How many orders of a symbol are open."""
        return sum(order.request.symbol == symbol for order in self._open.get(account, {}).values())

    def closed_orders(self, account: str) -> list[SimOrder]:
        """Orders that are over and remembered, in the order in which they ended."""
        return list(self._closed.get(account, ()))

    def trades(self, account: str) -> list[SimTrade]:
        """Executions remembered, oldest first."""
        return list(self._trades.get(account, ()))

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Replay the market up to a time, and expire what is due."""
        while self._next is not None and (due_ns := self._due_ns(self._next)) <= now_ns:
            self._expire(due_ns)
            self._take(due_ns, self._next)
            self.tape_number = self._next.number + 1
            self._next = next(self._entries, None) if self._entries is not None else None
        self._expire(now_ns)
        self.now_ns = max(self.now_ns, now_ns)

    def next_deadline(self) -> int:
        """When something happens by itself, 0 never."""
        dues = [order.request.expire_ns for order in self._expiring.values()]
        if self._next is not None:
            dues.append(self._due_ns(self._next))
        return min(dues, default=0)

    def _due_ns(self, entry: Entry) -> int:
        return self._start_ns + int(entry.time_us * 1000 / self._speed)

    def _expire(self, now_ns: int) -> None:
        if self._expiring:
            for order in [order for order in self._expiring.values() if order.request.expire_ns <= now_ns]:
                self._end(now_ns, order, Status.EXPIRED, "")

    def set_status(self, now_ns: int, symbol: str, status: str) -> None:
        """Put a symbol into a market mode: online, post_only, cancel_only, limit_only, maintenance."""
        del now_ns
        self.instruments[symbol].status = status

    # --- requests ---------------------------------------------------------------------------------------------------

    def check(self, wanted: NewOrder) -> Refusal | None:
        """Say why an order would be refused, None when it would be taken."""
        instrument = self.instruments.get(wanted.symbol)
        if instrument is None:
            return Refusal.UNKNOWN_SYMBOL
        mode = _mode(instrument.status, wanted)
        if mode is not None:
            return mode
        if wanted.size < max(instrument.size_min, 1):
            return Refusal.SIZE_BELOW_MINIMUM if wanted.size > 0 else Refusal.BAD_SIZE
        price = wanted.price
        if wanted.order_type is OrderType.LIMIT:
            if price <= 0:
                return Refusal.BAD_PRICE
            if price % instrument.tick:
                return Refusal.OFF_TICK
        else:
            price = self._sides[wanted.symbol][-wanted.side].best()
        if price * wanted.size < instrument.cost_min:
            return Refusal.COST_BELOW_MINIMUM
        if wanted.client_id:
            known = self.by_client_id(wanted.account, wanted.client_id)
            if known is not None and known.leaves:
                return Refusal.DUPLICATE_CLIENT_ID
        asset, amount = self._hold(wanted, price, wanted.size)
        if amount > self.ledger.balance(wanted.account, asset) - self.holds(wanted.account).get(asset, 0):
            return Refusal.INSUFFICIENT_FUNDS
        return None

    def place(self, now_ns: int, wanted: NewOrder) -> SimOrder | Refusal:
        """Take an order, match what matches, rest what may rest."""
        refusal = self.check(wanted)
        if refusal is not None:
            return refusal
        order = SimOrder(wanted, self._identifier("O"), Status.PENDING_NEW, wanted.price, wanted.size)
        order.created_ns = order.touched_ns = now_ns
        self._orders[order.order_id] = order
        self._open.setdefault(wanted.account, {})[order.order_id] = order
        if wanted.client_id:
            self._by_client_id[wanted.account, wanted.client_id] = order
        self._report(ReportKind.PENDING_NEW, now_ns, order)
        self._note("place", now_ns, order, limit=wanted.order_type is OrderType.LIMIT, post_only=wanted.post_only)
        takes = self._would_take(order)
        if wanted.post_only and takes:
            self._end(now_ns, order, Status.CANCELED, POST_ONLY_REASON)
            return order
        if wanted.time_in_force is TimeInForce.FOK and self._reachable(order) < order.size:
            self._end(now_ns, order, Status.CANCELED, REST_REASON)
            return order
        order.status = Status.NEW
        self._report(ReportKind.NEW, now_ns, order)
        self._work(now_ns, order)
        return order

    def amend(
        self, now_ns: int, order_id: str, *, price: int | None = None, size: int | None = None, post_only: bool = False
    ) -> SimOrder | Refusal:
        """Change an open order in place. Size is the total; at or below what is filled, the rest is cancelled."""
        order = self._orders.get(order_id)
        if order is None or not order.leaves:
            return Refusal.UNKNOWN_ORDER
        instrument = self.instruments[order.request.symbol]
        fresh_price = order.price if price is None else price
        fresh_size = order.size if size is None else size
        if fresh_price == order.price and fresh_size == order.size:
            return Refusal.NOTHING_TO_AMEND
        if fresh_price <= 0:
            return Refusal.BAD_PRICE
        if fresh_price % instrument.tick:
            return Refusal.OFF_TICK
        if fresh_size <= 0:
            return Refusal.BAD_SIZE
        if instrument.status == "maintenance" or instrument.status == "cancel_only":
            return _mode(instrument.status, order.request) or Refusal.MARKET_CLOSED
        if fresh_size <= order.cum_size:
            order.size = order.cum_size
            self._note("amend", now_ns, order)
            self._report(ReportKind.AMENDED, now_ns, order)
            self._leave_book(now_ns, order)
            self._end(now_ns, order, Status.CANCELED, "User requested", resting=False)
            return order
        if fresh_size < instrument.size_min:
            return Refusal.SIZE_BELOW_MINIMUM
        asset, amount = self._hold(order.request, fresh_price, fresh_size - order.cum_size)
        _, held = self._hold(order.request, order.price, order.leaves)
        if amount - held > self.ledger.balance(order.request.account, asset) - self.holds(order.request.account).get(
            asset, 0
        ):
            return Refusal.INSUFFICIENT_FUNDS
        opposite = self._sides[order.request.symbol][-order.request.side].best()
        crosses = opposite > 0 and (fresh_price >= opposite if order.request.side == BUY else fresh_price <= opposite)
        if post_only and crosses:
            return Refusal.POST_ONLY_WOULD_TAKE
        order.amended = True
        order.touched_ns = now_ns
        if fresh_price == order.price and fresh_size < order.size:
            order.size = fresh_size
            self._note("amend", now_ns, order, keeps_place=True)
            self._report(ReportKind.AMENDED, now_ns, order)
            self._show(now_ns, order.request.symbol, order.request.side, order.price)
            return order
        self._leave_book(now_ns, order)
        order.price, order.size = fresh_price, fresh_size
        self._note("amend", now_ns, order, keeps_place=False)
        self._report(ReportKind.AMENDED, now_ns, order)
        self._work(now_ns, order)
        return order

    def cancel(self, now_ns: int, order_id: str, reason: str) -> SimOrder | Refusal:
        """End an open order."""
        order = self._orders.get(order_id)
        if order is None or not order.leaves:
            return Refusal.UNKNOWN_ORDER
        self._note("cancel", now_ns, order)
        self._end(now_ns, order, Status.CANCELED, reason)
        return order

    def drain_reports(self) -> list[Report | LedgerEntry]:
        """Take what happened to orders and balances since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def drain_market(self) -> list[BookChange | TradePrint]:
        """Take what happened to the public market since the last call."""
        market, self._market = self._market, []
        return market

    # --- matching ---------------------------------------------------------------------------------------------------

    def _would_take(self, order: SimOrder) -> bool:
        best = self._sides[order.request.symbol][-order.request.side].best()
        return best > 0 and _reaches(order, best)

    def _reachable(self, order: SimOrder) -> int:
        side = self._sides[order.request.symbol][-order.request.side]
        total = 0
        for price in side.prices():
            if not _reaches(order, price) or total >= order.size:
                break
            total += side.size(price)
        return total

    def _work(self, now_ns: int, order: SimOrder) -> None:
        """Match an arriving order; what is left rests, or ends."""
        request = order.request
        side = self._sides[request.symbol][-request.side]
        for price in side.prices():
            if not order.leaves or not _reaches(order, price):
                break
            self._take_level(now_ns, order, side, price)
        if not order.leaves:
            return
        if request.order_type is OrderType.MARKET or request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            self._end(now_ns, order, Status.CANCELED, REST_REASON, resting=False)
            return
        self._sides[request.symbol][request.side].add(order)
        self._note("rest", now_ns, order, queue_ahead=order.queue_ahead)
        if request.time_in_force is TimeInForce.GTD and request.expire_ns:
            self._expiring[order.order_id] = order
        self._show(now_ns, request.symbol, request.side, order.price)

    def _take_level(self, now_ns: int, taker: SimOrder, side: RestingSide, price: int) -> None:
        """Take one price: what is recorded ahead of each resting order, the order, then what is recorded behind."""
        eaten = 0
        for maker in list(side.orders.get(price, ())):
            ahead = min(taker.leaves, maker.queue_ahead - eaten)
            if ahead > 0:
                self._take_recorded(now_ns, taker, side, price, ahead)
                eaten += ahead
            if not taker.leaves:
                break
            if maker.request.account == taker.request.account:
                mode = taker.request.self_trade
                if mode is not SelfTrade.CANCEL_NEWEST:
                    self._end(now_ns, maker, Status.CANCELED, SELF_TRADE_REASON)
                if mode is not SelfTrade.CANCEL_OLDEST:
                    self._end(now_ns, taker, Status.CANCELED, SELF_TRADE_REASON, resting=False)
                    break
                continue
            size = min(taker.leaves, maker.leaves)
            self._print(now_ns, taker.request.symbol, taker.request.side, price, size)
            self._fill(now_ns, maker, price, size, maker=True, cause=f"match:{taker.order_id}")
            self._fill(now_ns, taker, price, size, maker=False, cause=f"match:{maker.order_id}")
        left = min(taker.leaves, side.recorded.get(price, 0))
        if left > 0:
            self._take_recorded(now_ns, taker, side, price, left)
        for maker in side.orders.get(price, ()):
            maker.queue_ahead = max(0, maker.queue_ahead - eaten)
        self._show(now_ns, taker.request.symbol, side.side, price)

    def _take_recorded(self, now_ns: int, taker: SimOrder, side: RestingSide, price: int, size: int) -> None:
        remaining = side.recorded.get(price, 0) - size
        if remaining > 0:
            side.recorded[price] = remaining
        else:
            side.set_recorded(price, 0)
        self._print(now_ns, taker.request.symbol, taker.request.side, price, size)
        self._fill(now_ns, taker, price, size, maker=False, cause="take")

    # --- the tape ---------------------------------------------------------------------------------------------------

    def _take(self, now_ns: int, entry: Entry) -> None:
        if isinstance(entry, TradeEntry):
            self._take_trade(now_ns, entry)
        else:
            self._take_book(now_ns, entry)

    def _take_book(self, now_ns: int, entry: BookEntry) -> None:
        sides = self._sides[self._tape_symbol]
        touched: dict[tuple[int, int], None] = {}
        if entry.is_snapshot:
            fresh = {(side, price) for side, price, _ in entry.levels}
            for side in (BUY, SELL):
                for price in list(sides[side].recorded):
                    if (side, price) not in fresh:
                        sides[side].set_recorded(price, 0)
                        touched[side, price] = None
        for side, price, size in entry.levels:
            sides[side].set_recorded(price, size)
            touched[side, price] = None
        self._cross(now_ns, touched)
        for side, price in touched:
            self._show(now_ns, self._tape_symbol, side, price)

    def _cross(self, now_ns: int, touched: dict[tuple[int, int], None]) -> None:
        """Let recorded size that came to or through an order's price trade with the order, at the order's price."""
        sides = self._sides[self._tape_symbol]
        for side in (BUY, SELL):
            own, other = sides[side], sides[-side]
            for price in own.prices():
                best = other.best_recorded()
                if not best or (price < best if side == BUY else price > best):
                    break
                for order in list(own.orders.get(price, ())):
                    while order.leaves:
                        best = other.best_recorded()
                        if not best or (price < best if side == BUY else price > best):
                            break
                        size = min(order.leaves, other.recorded[best])
                        other.set_recorded(best, other.recorded[best] - size)
                        touched[-side, best] = touched[side, price] = None
                        self._print(now_ns, self._tape_symbol, -side, price, size)
                        self._fill(now_ns, order, price, size, maker=True, cause="cross")

    def _take_trade(self, now_ns: int, entry: TradeEntry) -> None:
        side = self._sides[self._tape_symbol][-entry.side]
        left = entry.size
        for price in side.prices():
            if left <= 0 or (price < entry.price if side.side == BUY else price > entry.price):
                break
            if price != entry.price:
                left -= self._tape_fills(now_ns, entry, side, price, left)
        if left > 0:
            eaten = 0
            for order in list(side.orders.get(entry.price, ())):
                ahead = min(left, max(0, order.queue_ahead - eaten))
                eaten += ahead
                left -= ahead
                if left > 0:
                    size = min(left, order.leaves)
                    left -= size
                    self._tape_fill(now_ns, entry, order, entry.price, size)
            eaten += left
            for order in side.orders.get(entry.price, ()):
                order.queue_ahead = max(0, order.queue_ahead - eaten)
            if eaten:
                self._print(now_ns, self._tape_symbol, entry.side, entry.price, eaten)
            remaining = side.recorded.get(entry.price, 0) - eaten
            if remaining > 0:
                side.recorded[entry.price] = remaining
            elif entry.price in side.recorded:
                side.set_recorded(entry.price, 0)
        self._show(now_ns, self._tape_symbol, side.side, entry.price)

    def _tape_fills(self, now_ns: int, entry: TradeEntry, side: RestingSide, price: int, left: int) -> int:
        """Fill orders at a better price than the trade's; the recorded size there is not the trade's business."""
        filled = 0
        for order in list(side.orders.get(price, ())):
            size = min(left - filled, order.leaves)
            if size <= 0:
                break
            filled += size
            self._tape_fill(now_ns, entry, order, price, size)
        return filled

    def _tape_fill(self, now_ns: int, entry: TradeEntry, order: SimOrder, price: int, size: int) -> None:
        self._print(now_ns, self._tape_symbol, entry.side, price, size)
        self._fill(now_ns, order, price, size, maker=True, cause=f"tape:{entry.number}", tape_size=entry.size)
        self._show(now_ns, self._tape_symbol, order.request.side, price)

    # --- what follows -----------------------------------------------------------------------------------------------

    def _fill(
        self, now_ns: int, order: SimOrder, price: int, size: int, *, maker: bool, cause: str, tape_size: int = 0
    ) -> None:
        request = order.request
        instrument = self.instruments[request.symbol]
        cost = price * size
        rate = instrument.maker_fee_e6 if maker else instrument.taker_fee_e6
        scale = 10 ** (instrument.price_precision + instrument.size_precision - instrument.quote_decimals)
        fee = (2 * cost * rate + scale * 1_000_000) // (2 * scale * 1_000_000)
        self._trade_number += 1
        trade = SimTrade(
            self._identifier("T"), self._trade_number, order.order_id, request.account, request.symbol, request.side,
            price, size, cost, fee, instrument.quote, maker, now_ns, cause, order.queue_ahead, tape_size,
        )  # fmt: skip
        order.cum_size += size
        order.cum_cost += cost
        order.fee += fee
        order.trade_ids.append(trade.execution_id)
        self._trades.setdefault(request.account, deque(maxlen=TRADES_MAX)).append(trade)
        self._note(
            "fill", now_ns, order, fill_price=price, fill_size=size, maker=maker, cause=cause,
            queue_ahead=trade.queue_ahead, tape_size=tape_size, execution_id=trade.execution_id,
        )  # fmt: skip
        is_done = order.cum_size >= order.size
        if is_done:
            # The book must lose the order while it still counts as open.
            self._unrest(order)
        order.status = Status.PARTIALLY_FILLED
        self._report(ReportKind.TRADE, now_ns, order, trade=trade)
        account, reference = request.account, trade.execution_id
        base = request.side * size * 10 ** (DECIMALS - instrument.size_precision)
        quote = -request.side * cost * 10**DECIMALS // 10 ** (instrument.price_precision + instrument.size_precision)
        paid = fee * 10 ** (DECIMALS - instrument.quote_decimals)
        self._reports.append(self.ledger.change(now_ns, account, "trade", instrument.base, base, 0, reference))
        self._reports.append(self.ledger.change(now_ns, account, "trade", instrument.quote, quote, paid, reference))
        if is_done:
            order.status = Status.FILLED
            order.closed_ns = now_ns
            self._report(ReportKind.FILLED, now_ns, order)
            self._forget(order)

    def _end(self, now_ns: int, order: SimOrder, status: Status, reason: str, *, resting: bool = True) -> None:
        if resting:
            self._leave_book(now_ns, order)
        order.status = status
        order.closed_ns = now_ns
        order.reason = reason
        kind = ReportKind.CANCELED if status is Status.CANCELED else ReportKind.EXPIRED
        self._note("end", now_ns, order, status=status.value, reason=reason)
        self._report(kind, now_ns, order, reason=reason)
        self._forget(order)

    def _unrest(self, order: SimOrder) -> bool:
        side = self._sides[order.request.symbol][order.request.side]
        if order in side.orders.get(order.price, ()):
            side.remove(order)
            return True
        return False

    def _leave_book(self, now_ns: int, order: SimOrder) -> None:
        if self._unrest(order):
            self._show(now_ns, order.request.symbol, order.request.side, order.price)

    def _forget(self, order: SimOrder) -> None:
        account = order.request.account
        self._open[account].pop(order.order_id, None)
        self._expiring.pop(order.order_id, None)
        closed = self._closed.setdefault(account, deque())
        closed.append(order)
        if len(closed) > CLOSED_MAX:
            oldest = closed.popleft()
            self._orders.pop(oldest.order_id, None)
            key = (account, oldest.request.client_id)
            if self._by_client_id.get(key) is oldest:
                del self._by_client_id[key]

    def _report(
        self, kind: ReportKind, now_ns: int, order: SimOrder, *, reason: str = "", trade: SimTrade | None = None
    ) -> None:
        self._reports.append(
            Report(
                kind, now_ns, order, order.status, order.price, order.size, order.cum_size, order.cum_cost, order.fee,
                reason, trade,
            )
        )  # fmt: skip

    def _show(self, now_ns: int, symbol: str, side: int, price: int) -> None:
        self._market.append(BookChange(symbol, side, price, self._sides[symbol][side].size(price), now_ns))

    def _print(self, now_ns: int, symbol: str, side: int, price: int, size: int) -> None:
        self._trade_number += 1
        self._market.append(TradePrint(symbol, side, price, size, self._trade_number, now_ns))

    def _hold(self, wanted: NewOrder, price: int, size: int) -> tuple[str, int]:
        instrument = self.instruments[wanted.symbol]
        if wanted.side == SELL:
            return instrument.base, size * 10 ** (DECIMALS - instrument.size_precision)
        return instrument.quote, price * size * 10**DECIMALS // 10 ** (
            instrument.price_precision + instrument.size_precision
        )

    def _identifier(self, letter: str) -> str:
        text = letter + "".join(self._random.choices(ALPHABET, k=16))
        return f"{text[:6]}-{text[6:11]}-{text[11:]}"

    def _note(self, event: str, now_ns: int, order: SimOrder, **more: Any) -> None:
        if self._log is not None:
            request = order.request
            self._log(
                {
                    "event": event, "tape": self.tape_number, "time_ns": now_ns, "order_id": order.order_id,
                    "account": request.account, "symbol": request.symbol, "side": request.side, "price": order.price,
                    "size": order.size, "cum_size": order.cum_size, **more,
                }
            )  # fmt: skip


def _reaches(order: SimOrder, price: int) -> bool:
    if order.request.order_type is OrderType.MARKET:
        return True
    return price <= order.price if order.request.side == BUY else price >= order.price


def _mode(status: str, wanted: NewOrder) -> Refusal | None:
    if status == "post_only" and not wanted.post_only:
        return Refusal.MARKET_POST_ONLY
    if status == "cancel_only":
        return Refusal.MARKET_CANCEL_ONLY
    if status == "limit_only" and wanted.order_type is not OrderType.LIMIT:
        return Refusal.MARKET_LIMIT_ONLY
    if status not in ("online", "post_only", "limit_only", "reduce_only"):
        return Refusal.MARKET_CLOSED
    return None

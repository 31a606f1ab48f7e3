"""Every order of the venue from its first report to its last, with the money that it moves.

The blotter opens, fills, changes and ends orders; who meets whom is decided elsewhere (`matching.py`, `recorded.py`).
Whatever happens is reported in order, and noted in the order log for the audit.
"""

from __future__ import annotations

import random
from base64 import b32encode
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from mm.simulator.ledger import DECIMALS, Ledger
from mm.simulator.orders import (
    BUY,
    SELL,
    LedgerEntry,
    NewOrder,
    OrderType,
    Report,
    ReportKind,
    SimInstrument,
    SimOrder,
    SimTrade,
    Status,
    TimeInForce,
)
from mm.simulator.surcharge import BASE, DISCOUNT_E2, PRICE, Surcharge

CLOSED_MAX: Final = 50_000
TRADES_MAX: Final = 200_000

OrderLog = Callable[[dict[str, Any]], None]
"""Takes what happened to orders as JSON values, see `tools/audit_fills.py`."""


Name = Callable[[str, random.Random], str]
"""A new id in a venue's own form, by the letter of its kind: O order, T execution, D deposit."""


def kraken_like(letter: str, chance: random.Random) -> str:
    """`OXXXXX-XXXXX-XXXXXX`: ten bytes are sixteen letters of A-Z and 2-7, as in Kraken's ids."""
    text = letter + b32encode(chance.randbytes(10)).decode()
    return f"{text[:6]}-{text[6:11]}-{text[11:]}"


class Blotter:
    """Orders, trades, ledger and what was reported of them. `request_type`: what its orders ask with."""

    request_type: type[NewOrder] = NewOrder

    def __init__(
        self, instruments: dict[str, SimInstrument], seed: int, log: OrderLog | None, name: Name | None = None
    ) -> None:
        for instrument in instruments.values():
            if instrument.price_precision + instrument.size_precision > DECIMALS:
                raise ValueError(
                    f"{instrument.symbol}: price_precision + size_precision must be at most {DECIMALS}, not "
                    f"{instrument.price_precision + instrument.size_precision}: the ledger could not hold a cost"
                )
        self.instruments = instruments
        self.ledger = Ledger()
        self.random = random.Random(seed)
        self.tape_number = 0
        """Entries of the tape applied so far."""
        self.trade_number = 0
        self.orders: dict[str, SimOrder] = {}
        self.by_client_id: dict[tuple[str, str], SimOrder] = {}
        self.open: dict[str, dict[str, SimOrder]] = {}
        self.closed: dict[str, deque[SimOrder]] = {}
        self.trades: dict[str, deque[SimTrade]] = {}
        self.expiring: dict[str, SimOrder] = {}
        self.surcharges = {symbol: Surcharge() for symbol in instruments}
        self.reports: list[Report | LedgerEntry] = []
        self._log = log
        self._name = name or kraken_like

    # --- money ------------------------------------------------------------------------------------------------------

    def deposit(self, now_ns: int, account: str, asset: str, amount: int) -> None:
        """Give an account some of an asset, in the ledger's decimals."""
        self.move(now_ns, account, "deposit", asset, amount)

    def move(self, now_ns: int, account: str, kind: str, asset: str, amount: int, *, is_told: bool = True) -> None:
        """Change a balance by what is no trade, below zero too; is_told: it is reported."""
        entry = self.ledger.change(now_ns, account, kind, asset, amount, 0, self.identifier("D"))
        if is_told:
            self.reports.append(entry)
        if self._log is not None:
            self._log(
                {
                    "event": "deposit", "tape": self.tape_number, "time_ns": now_ns, "account": account,
                    "asset": asset, "amount": amount,
                }
            )  # fmt: skip

    def asset(self, wanted: NewOrder) -> str:
        """What an order pays with."""
        instrument = self.instruments[wanted.symbol]
        return instrument.base if wanted.side == SELL else instrument.quote

    def principal(self, wanted: NewOrder, price: int, size: int) -> int:
        """What an order's size costs at a price (a sell: the size itself), in ledger units."""
        instrument = self.instruments[wanted.symbol]
        if wanted.side == SELL:
            return int(size * 10 ** (DECIMALS - instrument.size_precision))
        return int(price * size * 10 ** (DECIMALS - instrument.price_precision - instrument.size_precision))

    def reservation(self, wanted: NewOrder, price: int, size: int) -> int:
        """What an order must have: its principal and, for a buy, the greater fee on it; a sell pays out of proceeds."""
        principal = self.principal(wanted, price, size)
        instrument, surcharge = self.instruments[wanted.symbol], self.surcharges[wanted.symbol]
        rate = surcharge.highest_e6(instrument)
        if wanted.side == SELL:
            return principal + (-(-principal * rate // 1_000_000) if surcharge.asset == BASE else 0)
        unit: int = 10 ** (DECIMALS - instrument.quote_decimals)
        return principal + -(-principal * rate // (1_000_000 * unit)) * unit

    def reserve(self, order: SimOrder, amount: int) -> None:
        """Keep this much for an order from now on."""
        if amount != order.reserved:
            self.ledger.reserve(order.request.account, self.asset(order.request), amount - order.reserved)
            order.reserved = amount

    def accounts(self) -> list[str]:
        """Every account that has or had an open order."""
        return list(self.open)

    # --- the life of an order ---------------------------------------------------------------------------------------

    def place(self, now_ns: int, wanted: NewOrder, reserved: int) -> SimOrder:
        """A new order, pending."""
        order = SimOrder(wanted, self.identifier("O"), Status.PENDING_NEW, wanted.price, wanted.size)
        order.created_ns = order.touched_ns = now_ns
        self.take(order)
        self.reserve(order, reserved)
        self.report(ReportKind.PENDING_NEW, now_ns, order)
        return order

    def take(self, order: SimOrder) -> None:
        """Count an order as open."""
        request = order.request
        self.orders[order.order_id] = order
        self.open.setdefault(request.account, {})[order.order_id] = order
        if request.client_id:
            self.by_client_id[request.account, request.client_id] = order
        if request.time_in_force is TimeInForce.GTD and request.expire_ns:
            self.expiring[order.order_id] = order

    def accept(self, now_ns: int, order: SimOrder) -> None:
        """A pending order is new."""
        order.status = Status.NEW
        self.report(ReportKind.NEW, now_ns, order)

    def amended(self, now_ns: int, order: SimOrder, price: int, size: int, **more: Any) -> None:
        """An open order has other terms from now on."""
        order.price, order.size = price, size
        order.amended = True
        order.touched_ns = now_ns
        self.reserve(order, self.reservation(order.request, price, order.leaves))
        self.note("amend", now_ns, order, **more)
        self.report(ReportKind.AMENDED, now_ns, order)

    def fill(
        self, now_ns: int, order: SimOrder, price: int, size: int, trade_number: int, *, maker: bool, cause: str,
        tape_size: int = 0,
    ) -> None:  # fmt: skip
        """Execute some of an order: book the trade, its fee and both balances; the last fill ends the order.

        The fee is rounded half up for each trade, so many small trades can cost one unit more than was reserved for
        them together; the venue then takes that unit less rather than let a balance go below what orders hold.
        """
        request = order.request
        instrument = self.instruments[request.symbol]
        cost = price * size
        order.cum_size += size
        order.cum_cost += cost
        is_done = order.cum_size >= order.size
        fee = self.charge(order, cost, size, maker=maker, is_done=is_done)
        order.fee += fee
        trade = SimTrade(
            self.identifier("T"), trade_number, order.order_id, request.account, request.symbol, request.side, price,
            size, cost, fee, instrument.quote, maker, now_ns, cause, order.queue_ahead, tape_size,
        )  # fmt: skip
        self._charge_elsewhere(trade, instrument)
        order.trade_ids.append(trade.execution_id)
        self.trades.setdefault(request.account, deque(maxlen=TRADES_MAX)).append(trade)
        if self._log is not None:
            self.note(
                "fill", now_ns, order, fill_price=price, fill_size=size, fee=fee, maker=maker, cause=cause,
                queue_joined=order.queue_joined, queue_ahead=order.queue_ahead, tape_size=tape_size,
                execution_id=trade.execution_id,
            )  # fmt: skip
        order.status = Status.PARTIALLY_FILLED
        self.report(ReportKind.TRADE, now_ns, order, trade=trade)
        self.settle(now_ns, order, trade)
        if is_done:
            order.status = Status.FILLED
            order.closed_ns = now_ns
            self.report(ReportKind.FILLED, now_ns, order)
            self._close(order)

    def charge(self, order: SimOrder, cost: int, size: int, *, maker: bool, is_done: bool) -> int:
        """The fee of an execution that is counted in its order already; what the rest of the order keeps is settled."""
        request, ledger = order.request, self.ledger
        instrument = self.instruments[request.symbol]
        rate = self.surcharges[request.symbol].rate_e6(instrument, maker=maker)
        scale = 10 ** (instrument.price_precision + instrument.size_precision - instrument.quote_decimals)
        unit: int = 10 ** (DECIMALS - instrument.quote_decimals)
        fee: int = (2 * cost * rate + scale * 1_000_000) // (2 * scale * 1_000_000)
        base, quote = self._amounts(instrument, cost, size)
        if request.order_type is OrderType.LIMIT:
            self.reserve(order, 0 if is_done else self.reservation(request, order.price, order.leaves))
        else:
            spent = quote + fee * unit if request.side == BUY else base
            self.reserve(order, 0 if is_done else max(0, order.reserved - spent))
        if request.side == BUY:
            fee = min(fee, (ledger.free(request.account, instrument.quote) - quote) // unit)
        return fee

    def settle(self, now_ns: int, order: SimOrder, trade: SimTrade) -> None:
        """Move what an execution exchanged: base for quote, and the fee."""
        del order
        instrument = self.instruments[trade.symbol]
        base, quote = self._amounts(instrument, trade.cost, trade.size)
        fee = trade.paid or trade.fee * 10 ** (DECIMALS - instrument.quote_decimals)
        moved = {instrument.base: trade.side * base, instrument.quote: -trade.side * quote}
        moved.setdefault(trade.fee_asset, 0)
        for asset, amount in moved.items():
            paid = fee if asset == trade.fee_asset else 0
            entry = self.ledger.change(now_ns, trade.account, "trade", asset, amount, paid, trade.execution_id)
            self.reports.append(entry)

    def _charge_elsewhere(self, trade: SimTrade, instrument: SimInstrument) -> None:
        """Take the fee of an execution in another asset than the quote, where that is how it is and there is enough."""
        surcharge = self.surcharges[trade.symbol]
        if not surcharge.asset or trade.fee <= 0:
            return
        if surcharge.asset == BASE:
            asset = instrument.base
            base = self._amounts(instrument, trade.cost, trade.size)[0]
            paid = (2 * base * surcharge.rate_e6(instrument, maker=trade.maker) + 1_000_000) // 2_000_000
            gets = base if trade.side == BUY else 0
        else:
            asset, gets = surcharge.asset, 0
            paid = trade.fee * 10 ** (DECIMALS - instrument.quote_decimals) * DISCOUNT_E2 // (100 * PRICE)
        if 0 < paid <= self.ledger.free(trade.account, asset) + gets:
            trade.fee_asset, trade.paid = asset, paid

    @staticmethod
    def _amounts(instrument: SimInstrument, cost: int, size: int) -> tuple[int, int]:
        """Base and quote of an execution in ledger units."""
        base: int = size * 10 ** (DECIMALS - instrument.size_precision)
        quote: int = cost * 10 ** (DECIMALS - instrument.price_precision - instrument.size_precision)
        return base, quote

    def end(self, now_ns: int, order: SimOrder, status: Status, reason: str) -> None:
        """An order is over without being filled; it has left the book before."""
        self.reserve(order, 0)
        order.status = status
        order.closed_ns = now_ns
        order.reason = reason
        kind = ReportKind.CANCELED if status is Status.CANCELED else ReportKind.EXPIRED
        self.note("end", now_ns, order, status=status.value, reason=reason)
        self.report(kind, now_ns, order, reason=reason)
        self._close(order)

    def _close(self, order: SimOrder) -> None:
        account = order.request.account
        del self.open[account][order.order_id]
        self.expiring.pop(order.order_id, None)
        closed = self.closed.setdefault(account, deque())
        closed.append(order)
        if len(closed) > CLOSED_MAX:
            oldest = closed.popleft()
            self.orders.pop(oldest.order_id, None)
            key = (account, oldest.request.client_id)
            if self.by_client_id.get(key) is oldest:
                del self.by_client_id[key]

    # --- what is told -----------------------------------------------------------------------------------------------

    def report(
        self, kind: ReportKind, now_ns: int, order: SimOrder, *, reason: str = "", trade: SimTrade | None = None
    ) -> None:
        """Tell a step of an order."""
        self.reports.append(
            Report(
                kind, now_ns, order, order.status, order.price, order.size, order.cum_size, order.cum_cost, order.fee,
                reason, trade,
            )
        )  # fmt: skip

    def identifier(self, letter: str) -> str:
        """A new id in the venue's form, drawn from the seed."""
        return self._name(letter, self.random)

    def note(self, event: str, now_ns: int, order: SimOrder, **more: Any) -> None:
        """Write to the order log."""
        if self._log is not None:
            request = order.request
            self._log(
                {
                    "event": event, "tape": self.tape_number, "time_ns": now_ns, "order_id": order.order_id,
                    "account": request.account, "symbol": request.symbol, "side": request.side, "price": order.price,
                    "size": order.size, "cum_size": order.cum_size, **more,
                }
            )  # fmt: skip

    def note_placed(self, event: str, now_ns: int, order: SimOrder, **more: Any) -> None:
        """Write an order's terms to the order log."""
        request = order.request
        self.note(
            event, now_ns, order, type=request.order_type.value, time_in_force=request.time_in_force.value,
            post_only=request.post_only, self_trade=request.self_trade.value, expire_ns=request.expire_ns,
            **more,
        )  # fmt: skip

    def note_market(self, event: str, now_ns: int, **more: Any) -> None:
        """Write something to the order log that is not about one order."""
        if self._log is not None:
            self._log({"event": event, "tape": self.tape_number, "time_ns": now_ns, **more})

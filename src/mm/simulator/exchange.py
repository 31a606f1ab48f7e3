"""The simulated exchange: accounts' orders matched price-time in a replayed market, with a ledger of its own.

I/O-free and deterministic: time comes with every call, chance only from the seed. Requests return the order or a
`Refusal`; everything that then happens comes out of `drain_reports()` and `drain_market()` in its order. Nothing is
shared with the bot: this is its judge.

The pieces: `blotter.py` (orders and money), `books.py` over `resting.py` (queues), `matching.py` (arriving orders),
`recorded.py` (the tape's effect). Here are the requests with their checks, and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from mm.simulator import world_state
from mm.simulator.blotter import Blotter, Name, OrderLog
from mm.simulator.books import Books
from mm.simulator.generated import GeneratedMarket
from mm.simulator.matching import REST_REASON, Matching
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    LedgerEntry,
    NewOrder,
    OrderType,
    Refusal,
    Report,
    SimInstrument,
    SimOrder,
    SimTrade,
    Status,
    TimeInForce,
    TradePrint,
)
from mm.simulator.recorded import RecordedMarket
from mm.simulator.tape import BookEntry, Entry

LOG_FORMAT: Final = 2
POST_ONLY_REASON: Final = "Post only order"
DELISTED: Final = "delisted"
DELISTED_REASON: Final = "Market delisted"
AMENDED_AWAY_REASON: Final = "User requested"
MATCHING_MODES: Final = frozenset({"online", "limit_only", "reduce_only"})
"""Where orders trade; elsewhere nothing matches (Kraken reference: system status), and the recording stands still."""
OPEN_MODES: Final = MATCHING_MODES | {"post_only"}
"""Where orders are taken."""


class Exchange:
    """One exchange with one tape.

    entries: the tape's replay (None: no recorded market) of `tape_symbol`; start_ns: when its clock starts; speed: tape
    seconds in one second; log: see OrderLog; name: makes ids in the venue's form (default: Kraken's); generated:
    markets besides that have no recording (`generated.py`), by the clock whatever the speed.
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
        name: Name | None = None,
        generated: Iterable[GeneratedMarket] = (),
    ) -> None:
        self.generated = tuple(generated)
        listed = [*instruments, *(market.instrument for market in self.generated)]
        self.instruments = {instrument.symbol: instrument for instrument in listed}
        self._blotter = self._make_blotter(seed, log, name)
        self._books = Books(self.instruments, self._blotter)
        self._matching = Matching(self._blotter, self._books)
        self._recorded = RecordedMarket(tape_symbol, self._books)
        self._unrecorded = [
            (market, RecordedMarket(market.instrument.symbol, self._books)) for market in self.generated
        ]
        self.ledger = self._blotter.ledger
        self._entries = entries
        self._next = None if entries is None else next(entries, None)
        self._start_ns, self._speed = start_ns, speed
        self._halted_ns = 0
        self.now_ns = start_ns
        if log is not None:
            log(_start_of_log(self.instruments, tape_symbol, start_ns, speed))

    def _make_blotter(self, seed: int, log: OrderLog | None, name: Name | None) -> Blotter:
        """What keeps the accounts; an exchange of another kind has another one."""
        return Blotter(self.instruments, seed, log, name)

    @property
    def tape_number(self) -> int:
        """Entries of the tape applied so far."""
        return self._blotter.tape_number

    # --- accounts ---------------------------------------------------------------------------------------------------

    def deposit(self, now_ns: int, account: str, asset: str, amount: int) -> None:
        """Give an account some of an asset, in the ledger's decimals."""
        self._blotter.deposit(now_ns, account, asset, amount)

    def transfer(self, now_ns: int, account: str, asset: str, amount: Decimal, *, is_told: bool) -> None:
        """Move whole units of an asset to an account, below zero away from it; is_told: it is reported."""
        self.advance(now_ns)
        units = int(amount.scaleb(self.ledger.decimals(asset)))
        self._blotter.move(now_ns, account, "transfer", asset, units, is_told=is_told)

    def holds(self, account: str) -> dict[str, int]:
        """What open orders hold, by asset, in the ledger's decimals: their sizes or costs, fees left out."""
        found: dict[str, int] = {}
        for order in self.open_orders(account):
            asset = self._blotter.asset(order.request)
            found[asset] = found.get(asset, 0) + self._blotter.principal(order.request, order.price, order.leaves)
        return found

    def order(self, order_id: str) -> SimOrder | None:
        """An order by the venue's id, open or remembered."""
        return self._blotter.orders.get(order_id)

    def by_client_id(self, account: str, client_id: str) -> SimOrder | None:
        """The last order with a client id."""
        return self._blotter.by_client_id.get((account, client_id))

    def open_orders(self, account: str) -> list[SimOrder]:
        """Open orders, oldest first."""
        return list(self._blotter.open.get(account, {}).values())

    def more(self, account: str) -> dict[str, Any]:
        """What an exchange of another kind has in its ledger report besides."""
        del account
        return {}

    def open_count(self, account: str, symbol: str) -> int:
        """How many orders of a symbol are open."""
        return sum(order.request.symbol == symbol for order in self._blotter.open.get(account, {}).values())

    def closed_orders(self, account: str) -> list[SimOrder]:
        """Orders that are over and remembered, in the order in which they ended."""
        return list(self._blotter.closed.get(account, ()))

    def trades(self, account: str) -> list[SimTrade]:
        """Executions remembered, oldest first."""
        return list(self._blotter.trades.get(account, ()))

    def book(self, symbol: str, side: int) -> list[tuple[int, int]]:
        """Prices with the whole displayed size of each, best first."""
        return self._books.side(symbol, side).levels()

    def recorded_best(self, symbol: str) -> tuple[int, int]:
        """The best recorded bid and ask, without accounts' orders; 0 on an empty side."""
        return self._books.side(symbol, BUY).best_recorded(), self._books.side(symbol, SELL).best_recorded()

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Replay the market up to a time, and expire what is due."""
        if self._is_halted():
            self._halted_ns += max(0, now_ns - self.now_ns)
        else:
            while self._next is not None and (due_ns := self._due_ns(self._next)) <= now_ns:
                if self._unrecorded:
                    # Of two books that are due at once the recorded one comes first.
                    self._generate(due_ns - 1)
                self._expire(due_ns)
                self._recorded.apply(due_ns, self._next)
                self._blotter.tape_number = self._next.number + 1
                self._next = next(self._entries, None) if self._entries is not None else None
        if self._unrecorded:
            self._generate(now_ns)
        self._expire(now_ns)
        self.now_ns = max(self.now_ns, now_ns)

    def set_speed(self, now_ns: int, speed: float) -> None:
        """Let the recorded market go on from where it is at so many times its pace."""
        self.advance(now_ns)
        gone_ns = (self.now_ns - self._start_ns - self._halted_ns) * self._speed
        self._start_ns = self.now_ns - self._halted_ns - int(gone_ns / speed)
        self._speed = speed

    def next_deadline(self) -> int:
        """When something happens by itself, 0 never."""
        due_ns = self._due_ns(self._next) if self._next is not None and not self._is_halted() else 0
        if self._blotter.expiring:
            ends = [order.request.expire_ns for order in self._blotter.expiring.values()]
            due_ns = min(filter(None, (due_ns, *ends)), default=0)
        if self.generated:
            moving = [market.due_ns for market in self.generated if market.instrument.status in MATCHING_MODES]
            due_ns = min(filter(None, (due_ns, *moving)), default=0)
        return due_ns

    def shift(self, now_ns: int, bps: float) -> None:
        """Move the middle of what is generated by basis points, at once; 0 puts it back."""
        self.advance(now_ns)
        for market, book in self._unrecorded:
            market.shift(bps)
            if market.instrument.status in MATCHING_MODES:
                self._show_generated(now_ns, market, book)

    def _generate(self, now_ns: int) -> None:
        for market, book in self._unrecorded:
            if market.instrument.status not in MATCHING_MODES:
                # Nothing moves in a halt; after it the market is where the clock has it by then.
                market.passed(now_ns)
            while market.due_ns <= now_ns:
                due_ns = market.due_ns or self.now_ns
                self._expire(due_ns)
                self._show_generated(due_ns, market, book)

    def _show_generated(self, now_ns: int, market: GeneratedMarket, book: RecordedMarket) -> None:
        symbol = market.instrument.symbol
        sides = [(side, self._books.side(symbol, side).recorded) for side in (BUY, SELL)]
        shown = {(side, price): size for side, recorded in sides for price, size in recorded.items()}
        levels = market.change(now_ns, shown)
        market.passed(now_ns)
        # It is on no tape, so the audit takes it from the log.
        self._blotter.note_market("book", now_ns, symbol=symbol, levels=levels)
        book.apply(now_ns, BookEntry(0, 0, levels))

    def _due_ns(self, entry: Entry) -> int:
        return self._start_ns + self._halted_ns + int(entry.time_us * 1000 / self._speed)

    def _is_halted(self) -> bool:
        instrument = self.instruments.get(self._recorded.symbol)
        return instrument is not None and instrument.status not in MATCHING_MODES

    def _expire(self, now_ns: int) -> None:
        expiring = self._blotter.expiring
        if expiring:
            for order in [order for order in expiring.values() if order.request.expire_ns <= now_ns]:
                self._end(now_ns, order, Status.EXPIRED, "")

    def set_status(self, now_ns: int, symbol: str, status: str) -> None:
        """Put a symbol into a market mode: online, post_only, cancel_only, limit_only, maintenance."""
        self.advance(now_ns)
        self.instruments[symbol].status = status
        self._blotter.note_market("status", now_ns, symbol=symbol, status=status)

    def delist(self, now_ns: int, symbol: str, *, is_listed: bool) -> None:
        """End a market for good: its orders are cancelled, and nothing is traded or taken there. is_listed: the venue's
        lists still have it, with a word that says so."""
        self.set_status(now_ns, symbol, DELISTED)
        self.instruments[symbol].listed = is_listed
        for account in self._blotter.accounts():
            for order in self.open_orders(account):
                if order.request.symbol == symbol:
                    self.cancel(now_ns, order.order_id, DELISTED_REASON)

    def relist(self, now_ns: int, symbol: str) -> None:
        """Open a market again that was ended, or that is shown in another state."""
        instrument = self.instruments[symbol]
        instrument.listed, instrument.shown_status = True, ""
        self.set_status(now_ns, symbol, "online")

    # --- requests ---------------------------------------------------------------------------------------------------

    def check(self, wanted: NewOrder) -> Refusal | None:
        """Say why an order would be refused, None when it would be taken."""
        instrument = self.instruments.get(wanted.symbol)
        if instrument is None or not instrument.listed:
            return Refusal.UNKNOWN_SYMBOL
        mode = _mode(instrument.status, wanted)
        if mode is not None:
            return mode
        if wanted.reduce_only and not self._has_positions():
            return Refusal.NO_POSITION
        if wanted.size < max(instrument.size_min, 1):
            return Refusal.SIZE_BELOW_MINIMUM if wanted.size > 0 else Refusal.BAD_SIZE
        if wanted.size % instrument.lot:
            return Refusal.BAD_SIZE
        price = wanted.price
        if wanted.order_type is OrderType.LIMIT:
            if price <= 0:
                return Refusal.BAD_PRICE
            if price % instrument.tick:
                return Refusal.OFF_TICK
        else:
            price = self._books.side(wanted.symbol, -wanted.side).best()
        if price * wanted.size < instrument.cost_min:
            return Refusal.COST_BELOW_MINIMUM
        if wanted.client_id:
            known = self.by_client_id(wanted.account, wanted.client_id)
            if known is not None and known.leaves:
                return Refusal.DUPLICATE_CLIENT_ID
        return self._check_funds(wanted)

    def _has_positions(self) -> bool:
        """Whether there is something that an order could reduce."""
        return False

    def _check_funds(self, wanted: NewOrder) -> Refusal | None:
        if self._reservation(wanted) > self.ledger.free(wanted.account, self._blotter.asset(wanted)):
            return Refusal.INSUFFICIENT_FUNDS
        return None

    def place(self, now_ns: int, wanted: NewOrder) -> SimOrder | Refusal:
        """Take an order, match what matches, rest what may rest."""
        taken = self.take(now_ns, wanted)
        if isinstance(taken, SimOrder):
            self.enter(now_ns, taken)
        return taken

    def take(self, now_ns: int, wanted: NewOrder) -> SimOrder | Refusal:
        """Take an order without letting it into the market yet: it has an id and its funds, and is pending."""
        refusal = self.check(wanted)
        if refusal is not None:
            return refusal
        return self._blotter.place(now_ns, wanted, self._reservation(wanted))

    def enter(self, now_ns: int, order: SimOrder) -> None:
        """Let a pending order into the market."""
        wanted = order.request
        self._blotter.note_placed("place", now_ns, order)
        if wanted.post_only and self._matching.would_take(wanted.symbol, wanted.side, wanted.price):
            self._blotter.end(now_ns, order, Status.CANCELED, POST_ONLY_REASON)
        elif wanted.time_in_force is TimeInForce.FOK and self._matching.reachable(wanted)[0] < wanted.size:
            self._blotter.end(now_ns, order, Status.CANCELED, REST_REASON)
        else:
            self._blotter.accept(now_ns, order)
            self._matching.work(now_ns, order)

    def affordable(self, wanted: NewOrder, money: int) -> int:
        """How much of a market buy some money pays for now, fees apart."""
        return self._matching.affordable(wanted, money)

    def amend(
        self, now_ns: int, order_id: str, *, price: int | None = None, size: int | None = None, post_only: bool = False
    ) -> SimOrder | Refusal:
        """Change an open order in place. Size is the total; at or below what is filled, the rest is cancelled.

        Only less size at the same price keeps the place in the queue (Kraken reference: amend).
        """
        order = self._blotter.orders.get(order_id)
        if order is None or not order.leaves:
            return Refusal.UNKNOWN_ORDER
        fresh_price = order.price if price is None else price
        fresh_size = order.size if size is None else size
        refusal = self._check_amend(order, fresh_price, fresh_size, post_only)
        if refusal is not None:
            return refusal
        if fresh_size <= order.cum_size:
            self._books.leave(now_ns, order)
            self._blotter.amended(now_ns, order, order.price, order.cum_size, keeps_place=True, post_only=post_only)
            self._blotter.end(now_ns, order, Status.CANCELED, AMENDED_AWAY_REASON)
        elif fresh_price == order.price and fresh_size < order.size:
            request = order.request
            self._books.side(request.symbol, request.side).shrink(order, order.size - fresh_size)
            self._blotter.amended(now_ns, order, fresh_price, fresh_size, keeps_place=True, post_only=post_only)
            self._books.show(now_ns, request.symbol, request.side, order.price)
        else:
            self._books.leave(now_ns, order)
            self._blotter.amended(now_ns, order, fresh_price, fresh_size, keeps_place=False, post_only=post_only)
            self._matching.work(now_ns, order)
        return order

    def _check_amend(self, order: SimOrder, price: int, size: int, post_only: bool) -> Refusal | None:
        request = order.request
        instrument = self.instruments[request.symbol]
        if price == order.price and size == order.size:
            return Refusal.NOTHING_TO_AMEND
        if price <= 0:
            return Refusal.BAD_PRICE
        if price % instrument.tick:
            return Refusal.OFF_TICK
        if size <= 0 or (size != order.size and size % instrument.lot):
            return Refusal.BAD_SIZE
        if instrument.status in ("cancel_only", DELISTED):
            return Refusal.MARKET_CANCEL_ONLY
        if instrument.status not in OPEN_MODES:
            return Refusal.MARKET_CLOSED
        if size <= order.cum_size:
            return None
        if size < instrument.size_min:
            return Refusal.SIZE_BELOW_MINIMUM
        if price * size < instrument.cost_min:
            return Refusal.COST_BELOW_MINIMUM
        more = self._blotter.reservation(request, price, size - order.cum_size) - order.reserved
        if more > 0 and more > self.ledger.free(request.account, self._blotter.asset(request)):
            return Refusal.INSUFFICIENT_FUNDS
        if self._matching.would_take(request.symbol, request.side, price):
            if post_only:
                return Refusal.POST_ONLY_WOULD_TAKE
            if instrument.status == "post_only":
                return Refusal.MARKET_POST_ONLY
        return None

    def cancel(self, now_ns: int, order_id: str, reason: str) -> SimOrder | Refusal:
        """End an open order."""
        order = self._blotter.orders.get(order_id)
        if order is None or not order.leaves:
            return Refusal.UNKNOWN_ORDER
        self._blotter.note("cancel", now_ns, order, reason=reason)
        self._end(now_ns, order, Status.CANCELED, reason)
        return order

    def cancel_all(self, now_ns: int, account: str, reason: str) -> int:
        """The venue cancels an account's orders on its own; returns how many."""
        self.advance(now_ns)
        orders = self.open_orders(account)
        for order in orders:
            self.cancel(now_ns, order.order_id, reason)
        return len(orders)

    def set_tick(self, now_ns: int, tick: int) -> list[str]:
        """Give every symbol another step of prices; orders stay as they are. Returns the symbols."""
        self.advance(now_ns)
        for instrument in self.instruments.values():
            instrument.tick = tick
        return list(self.instruments)

    def set_fees(self, now_ns: int, maker_e6: int, taker_e6: int, *, is_told: bool) -> None:
        """Charge other rates from now on, of every symbol; is_told: the account's own rates are shown as these."""
        self.advance(now_ns)
        for symbol, instrument in self.instruments.items():
            self._blotter.surcharges[symbol].rates = None if is_told else (maker_e6, taker_e6)
            if is_told:
                instrument.maker_fee_e6, instrument.taker_fee_e6 = maker_e6, taker_e6

    def set_fee_asset(self, now_ns: int, asset: str) -> None:
        """Charge fees in another asset from now on: "base", a name, or "" for the quote."""
        self.advance(now_ns)
        for surcharge in self._blotter.surcharges.values():
            surcharge.asset = asset

    def set_minimum(self, now_ns: int, name: str, value: int) -> list[str]:
        """Give every symbol another least size (`size_min`), step of sizes (`lot`), both as the venue counts them, or
        least value (`cost_min`, in whole units of the quote); orders stay as they are. Returns the symbols."""
        self.advance(now_ns)
        for instrument in self.instruments.values():
            if name == "cost_min":
                instrument.cost_min = value * int(10 ** (instrument.price_precision + instrument.size_precision))
            else:
                setattr(instrument, name, max(1, value) * max(1, instrument.contract))
        return list(self.instruments)

    def drain_reports(self) -> list[Report | LedgerEntry]:
        """Take what happened to orders and balances since the last call."""
        reports, self._blotter.reports = self._blotter.reports, []
        return reports

    def drain_market(self) -> list[BookChange | TradePrint]:
        """Take what happened to the public market since the last call."""
        told, self._books.told = self._books.told, []
        return told

    def _end(self, now_ns: int, order: SimOrder, status: Status, reason: str) -> None:
        self._books.leave(now_ns, order)
        self._blotter.end(now_ns, order, status, reason)

    def _reservation(self, wanted: NewOrder) -> int:
        if wanted.order_type is OrderType.LIMIT:
            return self._blotter.reservation(wanted, wanted.price, wanted.size)
        if wanted.side == SELL:
            return self._blotter.reservation(wanted, 0, wanted.size)
        # A market buy costs what the book says: the money, as the price of one unit.
        return self._blotter.reservation(wanted, self._matching.reachable(wanted)[1], 1)

    # --- the state folder -------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Balances, open orders, remembered trades and the source of ids as JSON values, for `restore`."""
        return world_state.snapshot(self._blotter)

    def restore(self, now_ns: int, saved: dict[str, Any]) -> None:
        """Take back what `snapshot` gave, into an exchange that has no accounts yet and is advanced to its first book.

        Open orders queue up again at the back, in their old order; what the market has come over trades at once.
        Raises ValueError for what is no snapshot.
        """
        for order in world_state.restore(now_ns, self._blotter, saved):
            self._blotter.note_placed("restored", now_ns, order)
            self._books.rest(now_ns, order)
        self._blotter.note_market("uncross", now_ns)
        for book in (self._recorded, *(book for _, book in self._unrecorded)):
            book.uncross(now_ns)

    def end_log(self) -> None:
        """Note the end of the session: the audit then knows that nothing is missing."""
        balances = {account: self.ledger.balances(account) for account in self.ledger.accounts()}
        self._blotter.note_market("stop", self.now_ns, balances=balances)


def _mode(status: str, wanted: NewOrder) -> Refusal | None:
    if status == "post_only" and not wanted.post_only:
        return Refusal.MARKET_POST_ONLY
    if status in ("cancel_only", DELISTED):
        return Refusal.MARKET_CANCEL_ONLY
    if status == "limit_only" and wanted.order_type is not OrderType.LIMIT:
        return Refusal.MARKET_LIMIT_ONLY
    return None if status in OPEN_MODES else Refusal.MARKET_CLOSED


def _start_of_log(
    instruments: dict[str, SimInstrument], tape_symbol: str, start_ns: int, speed: float
) -> dict[str, Any]:
    return {
        "event": "start",
        "format": LOG_FORMAT,
        "tape": 0,
        "time_ns": start_ns,
        "speed": speed,
        "tape_symbol": tape_symbol,
        "instruments": {
            traded.symbol: {
                "base": traded.base,
                "quote": traded.quote,
                "price_precision": traded.price_precision,
                "size_precision": traded.size_precision,
                "quote_decimals": traded.quote_decimals,
                "maker_fee_e6": traded.maker_fee_e6,
                "taker_fee_e6": traded.taker_fee_e6,
                "status": traded.status,
                "contract": traded.contract,
            }
            for traded in instruments.values()
        },
    }

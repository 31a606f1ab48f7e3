"""The order desk behind both faces: rate counters, open-order limits, and the core's refusals in Kraken's words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from mm.simulator.exchange import Exchange
from mm.simulator.kraken import errors
from mm.simulator.kraken.entry import Change, check_deadline, user_reference
from mm.simulator.kraken.errors import Refused, invalid_arguments, refusal_text
from mm.simulator.kraken.rates import AMEND_BY_AGE, CANCEL_BY_AGE, EDIT_BY_AGE, Counter, Tier, age_points
from mm.simulator.kraken.texts import SECOND_NS
from mm.simulator.orders import NewOrder, Refusal, SimInstrument, SimOrder

TIMEOUT_SECONDS_MAX: Final = 86_400
USER_REQUESTED: Final = "User requested"
REPLACED: Final = "Order replaced"
TIMER_FIRED: Final = "CancelAllOrdersAfter Timeout"


class Desk:
    """Takes order requests of accounts; raises `Refused` where nothing was done."""

    def __init__(self, exchange: Exchange, tier: Tier, rng: random.Random) -> None:
        self._exchange, self._tier, self._rng = exchange, tier, rng
        self.instruments: dict[str, SimInstrument] = exchange.instruments
        self._counters: dict[tuple[str, str], Counter] = {}
        self.timers: dict[str, int] = {}
        """Dead man's switch: account to the time at which all its orders go."""
        self._overdue: dict[str, int] = {}
        self.skew_ns = 0
        """How far the clock that clients see is off (a fault hook)."""

    # Counters.

    def counter(self, account: str, symbol: str) -> Counter:
        """The trading counter of an account and a pair."""
        key = (account, symbol)
        if key not in self._counters:
            self._counters[key] = Counter(self._tier.trading_max, self._tier.trading_decay)
        return self._counters[key]

    def admit(self, now_ns: int, account: str, symbol: str, points: float) -> None:
        """Charge a request that may pass; a full counter refuses it. The charge stays if the request then fails."""
        counter = self.counter(account, symbol)
        if counter.full(now_ns):
            raise Refused(errors.ORDER_RATE)
        counter.charge(now_ns, points)

    def admit_amend(self, now_ns: int, order: SimOrder) -> None:
        """Charge an amend by the order's age."""
        points = 1 + age_points(AMEND_BY_AGE, now_ns - order.touched_ns)
        self.admit(now_ns, order.request.account, order.request.symbol, points)

    def admit_edit(self, now_ns: int, order: SimOrder) -> None:
        """Charge an edit by the order's age."""
        points = 1 + age_points(EDIT_BY_AGE, now_ns - order.touched_ns)
        self.admit(now_ns, order.request.account, order.request.symbol, points)

    def check_deadline(self, deadline: object, received_ns: int, now_ns: int) -> None:
        """Refuse a request whose deadline has passed by the clock that clients see."""
        check_deadline(deadline, received_ns + self.skew_ns, now_ns + self.skew_ns)

    # Lookups.

    def open_order(self, account: str, *, order_id: str = "", client_id: str = "") -> SimOrder | None:
        """An open order of the account by one of its names."""
        order = self._exchange.by_client_id(account, client_id) if client_id else self._exchange.order(order_id)
        return order if order is not None and order.request.account == account and order.leaves else None

    def by_user_reference(self, account: str, reference: int) -> list[SimOrder]:
        """All open orders with the tag."""
        return [o for o in self._exchange.open_orders(account) if reference and o.request.user_reference == reference]

    def by_text_reference(self, account: str, text: str) -> list[SimOrder]:
        """All open orders with the tag that a text names; none where it names no tag."""
        try:
            return self.by_user_reference(account, user_reference(text))
        except Refused:
            return []

    # Requests.

    def check(self, wanted: NewOrder, *, websocket: bool) -> None:
        """Refuse what fails the request checks, without placing it."""
        refusal = self._exchange.check(wanted)
        if refusal is not None and refusal is not Refusal.INSUFFICIENT_FUNDS:
            raise Refused(refusal_text(refusal, websocket=websocket))

    def place(self, now_ns: int, wanted: NewOrder, *, websocket: bool) -> SimOrder:
        """Place an order."""
        if self._exchange.open_count(wanted.account, wanted.symbol) >= self._tier.open_orders_max:
            raise Refused(errors.ORDERS_LIMIT)
        result = self._exchange.place(now_ns, wanted)
        if isinstance(result, Refusal):
            raise Refused(refusal_text(result, websocket=websocket))
        return result

    def amend(self, now_ns: int, order: SimOrder, change: Change, *, websocket: bool) -> str:
        """Change an order in place; returns the amend id."""
        result = self._exchange.amend(
            now_ns, order.order_id, price=change.price, size=change.size, post_only=bool(change.post_only)
        )
        if isinstance(result, Refusal):
            raise Refused(refusal_text(result, websocket=websocket))
        if not result.leaves:
            # Below the filled amount: the rest was cancelled, and that costs like a cancel.
            self._charge_cancel(now_ns, result)
        return identifier(self._rng, "T")

    def edit(self, now_ns: int, order: SimOrder, change: Change, *, websocket: bool) -> SimOrder:
        """Replace an order: the old one is cancelled, a new one placed with the changes; flags are not inherited."""
        request = order.request
        wanted = NewOrder(
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            size=order.size if change.size is None else change.size,
            price=order.price if change.price is None else change.price,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            post_only=bool(change.post_only),
            self_trade=request.self_trade,
            user_reference=request.user_reference if change.user_reference is None else change.user_reference,
            expire_ns=request.expire_ns,
        )
        if request.client_id:
            raise Refused("EGeneral:Invalid arguments:cl_ord_id orders cannot be edited")
        if wanted.size <= order.cum_size:
            raise invalid_arguments("volume")
        refusal = self._exchange.check(wanted)
        if refusal is not None and refusal is not Refusal.INSUFFICIENT_FUNDS:
            raise Refused(refusal_text(refusal, websocket=websocket))
        self._exchange.cancel(now_ns, order.order_id, REPLACED)
        wanted.size -= order.cum_size
        result = self._exchange.place(now_ns, wanted)
        if isinstance(result, Refusal):
            raise Refused(refusal_text(result, websocket=websocket))
        return result

    def cancel(self, now_ns: int, order: SimOrder) -> None:
        """Cancel an order; the younger it is the more it costs, and a full counter refuses."""
        self._check_open(order.request.symbol)
        if self.counter(order.request.account, order.request.symbol).full(now_ns):
            raise Refused(errors.ORDER_RATE)
        self._charge_cancel(now_ns, order)
        result = self._exchange.cancel(now_ns, order.order_id, USER_REQUESTED)
        if isinstance(result, Refusal):
            raise Refused(refusal_text(result, websocket=True))

    def cancel_batch(self, now_ns: int, account: str, references: Sequence[str], client_ids: Sequence[str]) -> int:
        """Cancel many by order id, userref or client id; unknown ones are not counted, the counter may overshoot."""
        found: dict[str, SimOrder] = {}
        for text in references:
            order = self.open_order(account, order_id=text)
            for match in [order] if order is not None else self.by_text_reference(account, text):
                found[match.order_id] = match
        for text in client_ids:
            order = self.open_order(account, client_id=text)
            if order is not None:
                found[order.order_id] = order
        symbols = {order.request.symbol for order in found.values()}
        for symbol in symbols:
            self._check_open(symbol)
        if any(self.counter(account, symbol).full(now_ns) for symbol in symbols):
            raise Refused(errors.ORDER_RATE)
        for order in found.values():
            self._charge_cancel(now_ns, order)
            self._exchange.cancel(now_ns, order.order_id, USER_REQUESTED)
        return len(found)

    def cancel_all(self, now_ns: int, account: str, reason: str = USER_REQUESTED) -> int:
        """Cancel everything of the account: one point for each pair; returns how many."""
        orders = self._exchange.open_orders(account)
        symbols = {order.request.symbol: None for order in orders}
        for symbol in symbols:
            self._check_open(symbol)
        for symbol in symbols:
            self.counter(account, symbol).charge(now_ns, 1)
        for order in orders:
            self._exchange.cancel(now_ns, order.order_id, reason)
        return len(orders)

    # Dead man's switch.

    def cancel_after(self, now_ns: int, account: str, seconds: int | None) -> tuple[int, int]:
        """Arm the account's timer, or turn it off with 0; returns the time and when it fires (0: off)."""
        if seconds is None or not 0 <= seconds < TIMEOUT_SECONDS_MAX:
            raise invalid_arguments("Invalid timeout argument")
        if seconds == 0:
            self.timers.pop(account, None)
            return now_ns, 0
        self.timers[account] = now_ns + seconds * SECOND_NS
        return now_ns, self.timers[account]

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due; each is off until it is armed again.

        In maintenance nothing can be cancelled: the orders go when the engine returns.
        """
        for account in [account for account, due_ns in self.timers.items() if due_ns <= now_ns]:
            self._overdue[account] = self.timers.pop(account)
        if self._overdue and not any(traded.status == "maintenance" for traded in self.instruments.values()):
            overdue, self._overdue = self._overdue, {}
            for account in overdue:
                self.cancel_all(now_ns, account, TIMER_FIRED)

    def saved_timers(self) -> dict[str, int]:
        """The timers for the next process, with those that are due and wait for the end of a maintenance."""
        return {**self.timers, **self._overdue}

    def restore_timers(self, saved: object) -> None:
        """Take back what `saved_timers` gave; those that fell due meanwhile fire at the next `advance`.

        Raises:
            ValueError: it is not that.
        """
        if not isinstance(saved, dict) or not all(type(due) is int and due > 0 for due in saved.values()):
            raise ValueError("timers: expected accounts with the time at which their orders go")
        self.timers.update({str(account): due for account, due in saved.items()})

    def next_deadline(self) -> int:
        """When the next timer fires; 0 for never."""
        return min(self.timers.values(), default=0)

    def _check_open(self, symbol: str) -> None:
        if self.instruments[symbol].status == "maintenance":
            raise Refused(errors.UNAVAILABLE)

    def _charge_cancel(self, now_ns: int, order: SimOrder) -> None:
        points = age_points(CANCEL_BY_AGE, now_ns - order.touched_ns)
        self.counter(order.request.account, order.request.symbol).charge(now_ns, points)


_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def identifier(rng: random.Random, letter: str) -> str:
    """An id in Kraken's form, `XXXXXX-XXXXX-XXXXXX`, beginning with the letter of its kind."""
    text = letter + "".join(rng.choices(_ALPHABET, k=16))
    return f"{text[:6]}-{text[6:11]}-{text[11:]}"

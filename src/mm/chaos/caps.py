"""`[limits]` and the debt of `[hedging]` as the configuration promises them, held against the venues' own word.

The worst case of an order that leaves: what is held, open, on its way and being changed, as if all of one side filled
and nothing of the other did. What the bot was never told of (a position that somebody else moved) is not in it before
the bot has written it down: nobody counts what he cannot know, and at rest it has to be booked (I5).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from mm.chaos.wire import units
from mm.simulator.kinds import ACCOUNT
from mm.simulator.orders import BUY, SELL

if TYPE_CHECKING:
    from mm.chaos.checker import Checker
    from mm.chaos.wire import Sent

SCALE: Final = 12
DEBT_SLACK: Final = Decimal("1.002")
"""The middle moves between the fill and the message that it is valued by."""
SILENT: Final = frozenset({"Amend", "Fill", "OutcomeUnknown", "Cancel", "CancelRejected", "QueryOrder"})
"""Records of an order that do not say what became of a change of it."""


class Caps:
    """Looks at each order and change of the bot when it leaves; what is over a limit is told to the checker."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self.amending: dict[tuple[str, str], int] = {}
        """Size that an order may have once a change of it arrives, in its units; until the answer was written."""
        self.moved: dict[str, int] = {}
        """Venue to what the bot has booked there as somebody else's doing, in units of size."""
        self._debt = 0
        """What the fills that were written and what was booked besides come to, 10^-12 of the asset."""

    def read(self, kind: str, record: Any) -> None:
        """A record of the journal."""
        if kind not in SILENT:
            self.amending.pop((record.venue, getattr(record, "client_id", "")), None)
        if kind == "PositionChanged":
            self.moved[record.venue] = self.moved.get(record.venue, 0) + record.size
            self._debt += record.size * 10 ** (SCALE - self._checker.traded(record.venue).size_precision)

    def filled(self, record: Any) -> None:
        """An execution of an own order is written for the first time."""
        traded = self._checker.traded(record.venue)
        self._debt += record.side * record.size * 10 ** (SCALE - traded.size_precision)
        if record.fee_asset == traded.base:
            self._debt -= record.fee

    def leaves(self, venue: str, request: Sent, place: Any, size: int | None) -> None:
        """An order or a change of one leaves. size: of the order, in units; None where it is not changed."""
        checker = self._checker
        if place.purpose == "flatten" or not checker.is_alive:
            # Whatever the limits say: a position has to be got out of.
            return
        if request.kind == "amend" and size is not None:
            # Of two on their way either may be the last to arrive.
            self.amending[venue, request.client_id] = max(size, self.amending.get((venue, request.client_id), 0))
        if place.purpose == "quote":
            self._count(venue, request)
            self._owe(venue, request, place)
        if request.kind == "place" or size is not None:
            self._expose(venue, request, place, size or 0)

    def _count(self, venue: str, request: Sent) -> None:
        checker = self._checker
        most = checker.bounds.orders_max
        if request.kind == "amend" or most is None:
            return
        known = checker.places.keys() - checker.believed_refused()
        there = sum((name, order.request.client_id) in known for name, order in checker.standing())
        count = there + len(checker.flying)
        if count > most:
            checker.broken("I6", venue, "orders", f"{count} orders with {request.client_id}, allowed are {most}")

    def _owe(self, venue: str, request: Sent, place: Any) -> None:
        checker = self._checker
        most = checker.bounds.debt_usd
        middle = checker.middle(venue, place.symbol)
        if most is None or middle is None or self._debt * place.side <= 0:
            return
        owed = abs(Decimal(self._debt).scaleb(-SCALE)) * middle
        if owed >= most * DEBT_SLACK:
            text = f"{request.kind} of {request.client_id} adds to a debt of {owed:.2f} dollars, allowed are {most}"
            checker.broken("I6", venue, "debt", text)

    def _expose(self, venue: str, request: Sent, place: Any, size: int) -> None:
        checker = self._checker
        base = checker.traded(venue).base
        highest = lowest = 0
        for name in checker.venues:
            traded = checker.traded(name)
            if traded.base != base:
                continue
            scale = 10 ** (SCALE - traded.size_precision)
            held, sides = self._held(name), self._sides(name)
            for each in sides:
                sides[each] -= self._unheard(name, each)
            highest += (held + sides[BUY]) * scale
            lowest += (held - sides[SELL]) * scale
            if name == venue:
                most = checker.most(name)
                worst = place.side * held + sides[place.side]
                if most is not None and worst > max(most, 0):
                    text = f"{held} held and {sides[place.side]} to come with {request.client_id}, allowed are {most}"
                    checker.broken("I6", name, traded.symbol, text)
                added = self._added(venue, request, size) * scale
        largest = max(abs(highest), abs(lowest))
        most_usd = checker.bounds.exposure_usd
        traded = checker.traded(venue)
        price = units(request.price, traded.price_precision) if request.price else None
        if most_usd is None or price is None:
            # A price that is none is another matter (I8).
            return
        value = (
            Decimal(largest).scaleb(-SCALE) * Decimal(price).scaleb(-traded.price_precision) * self._rate(traded.quote)
        )
        if value > most_usd and self._is_more(base, place.side, highest, lowest, added):
            text = f"{value:.2f} dollars at worst with {request.client_id}, allowed are {most_usd}"
            checker.broken("I6", venue, "exposure", text)

    def _is_more(self, base: str, side: int, highest: int, lowest: int, added: int) -> bool:
        """Whether an order adds to the worst case, by the venues' word and by what the bot was told: an order that
        filled stands until that is written, so that what it bought has not yet made the lowest case any better."""
        untold = self._untold(base)
        for up, down in ((highest, lowest), (highest + untold[SELL], lowest - untold[BUY])):
            before = max(abs(up - (added if side > 0 else 0)), abs(down + (added if side < 0 else 0)))
            if max(abs(up), abs(down)) <= before:
                return False
        return True

    def _untold(self, base: str) -> dict[int, int]:
        """What own orders bought and sold of an asset that the bot has not written, in 10^-12."""
        checker = self._checker
        found = {BUY: 0, SELL: 0}
        for name in checker.venues:
            traded = checker.traded(name)
            written = checker._executions.get((name, traded.symbol), {})
            for trade in checker.own_trades(name) if traded.base == base else ():
                if trade.execution_id not in written:
                    found[trade.side] += trade.size * 10 ** (SCALE - traded.size_precision)
        return found

    def _rate(self, quote: str) -> Decimal:
        """Dollars for one unit of a quote currency: by the market that tells it, where one is heard, else its peg."""
        for name, books in self._checker.books.items():
            if f"{quote}/USD" in books.by_symbol:
                return self._checker.middle(name, f"{quote}/USD") or Decimal(1)
        return Decimal(1)

    def _added(self, venue: str, request: Sent, size: int) -> int:
        if request.kind == "place":
            return size
        order = self._order((venue, request.client_id))
        return 0 if order is None else max(0, size - order.request.size)

    def _held(self, name: str) -> int:
        """By the venue's word, after fees in the asset and in whole units, but for what the bot was not told."""
        checker = self._checker
        traded = checker.traded(name)
        held = checker.left(name) // int(10 ** (SCALE - traded.size_precision))
        if traded.contract:
            held -= checker.external(name) - self.moved.get(name, 0)
        return held

    def _unheard(self, name: str, side: int) -> int:
        """What orders of a side filled that the bot was told were refused: it may not know of that either."""
        orders = (self._order(key) for key in self._checker.believed_refused() if key[0] == name)
        return sum(order.cum_size for order in orders if order is not None and order.request.side == side)

    def _order(self, key: tuple[str, str]) -> Any:
        return self._checker.venues[key[0]].exchange.by_client_id(ACCOUNT, key[1])

    def _sides(self, name: str) -> dict[int, int]:
        """What may still be bought and sold at a venue, but for orders that the bot was told were refused."""
        checker = self._checker
        found = {BUY: 0, SELL: 0}
        symbol, refused = checker.traded(name).symbol, checker.believed_refused()
        for order in checker.venues[name].exchange.open_orders(ACCOUNT):
            if order.request.symbol == symbol and (name, order.request.client_id) not in refused:
                more = self.amending.get((name, order.request.client_id), 0) - order.cum_size
                found[order.request.side] += max(order.leaves, more)
        for (at, _), (way, size) in checker.flying.items():
            if at == name:
                found[way] += size
        return found

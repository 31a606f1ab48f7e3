"""When a position is taken over, and at which price. The rule is the simulator's own; the venue's is not published.

A position is taken over when the fair price reaches its liquidation price:

    isolated   what the position's margin leaves is the maintenance margin and the fee of closing, both of the entry
    cross      what the account has (cash, less isolated margins, plus what cross positions would bring) is that sum
               of all its cross positions

It is then closed whole at the price at which the margin is gone (cross: everything that backs it), on the tick towards
the entry, so that an account never owes. (MEXC Futures reference: arithmetic, liquidation price: approximate.)
"""

from __future__ import annotations

from collections.abc import Mapping

from mm.simulator.contracts.positions import ISOLATED, LONG, RATE, Position, Positions, money
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import SimInstrument

LEDGER_ONE = 10**DECIMALS


class Liquidation:
    """Prices and ratios of one exchange's positions. maintenance_e6: by symbol, of the entry value."""

    def __init__(
        self, positions: Positions, maintenance_e6: Mapping[str, int], marks: Mapping[str, int], cash: Mapping[str, int]
    ) -> None:
        self._positions, self._maintenance_e6, self._marks = positions, maintenance_e6, marks
        self._cash = cash
        """The account's balance in the settlement asset."""

    def required(self, position: Position) -> int:
        """The maintenance margin and the fee of closing, rounded up."""
        traded = self._positions.instruments[position.symbol]
        return -(-position.cost * (self._maintenance_e6[position.symbol] + traded.taker_fee_e6) // RATE)

    def price(self, position: Position) -> int:
        """The liquidation price in ledger units of the quote asset; 0 where no price above zero does it."""
        traded = self._positions.instruments[position.symbol]
        if position.open_type == ISOLATED:
            room = self._positions.margin(position) - self.required(position)
            return _price(traded, position.cost - position.side * room, position.hold)
        _, size, base = self._cross(position)
        required = sum(self.required(each) for each in self._backed(position.account))
        if not size:
            return 0
        # base + size x price is what there is; it is taken over where that is what is required.
        return _price(traded, (required - base) if size > 0 else (base - required), abs(size))

    def is_due(self, position: Position) -> bool:
        """Whether the fair price has reached the liquidation price."""
        price = self.price(position)
        traded = self._positions.instruments[position.symbol]
        mark = self._marks[position.symbol] * int(10 ** (DECIMALS - traded.price_precision))
        if not price:
            return False
        # A cross position falls with the account's net size, be it on the side that wins.
        side = position.side if position.open_type == ISOLATED else (1 if self._cross(position)[1] > 0 else -1)
        return mark <= price if side == LONG else mark >= price

    def takeover(self, position: Position) -> int:
        """The price of the takeover in units: the margin is gone there, fee included."""
        traded = self._positions.instruments[position.symbol]
        rate = traded.taker_fee_e6
        if position.open_type == ISOLATED:
            size, gross = position.side * position.hold, position.hold
            base = self._positions.margin(position) - position.side * position.cost
        else:
            gross, size, base = self._cross(position)
            if not size:
                return self._marks[position.symbol]
        unit = money(traded, 1, 1)
        # base + (size -+ rate x gross) x price = 0
        if size > 0:
            price = -(base * RATE // ((size * RATE - rate * gross) * unit))
            price = -(-price // traded.tick) * traded.tick
        else:
            price = base * RATE // ((-size * RATE + rate * gross) * unit) // traded.tick * traded.tick
        return max(price, traded.tick)

    def ratio_e4(self, position: Position) -> int:
        """Required over available, in 1e-4; 10,000 is the takeover."""
        mark = self._marks[position.symbol]
        if position.open_type == ISOLATED:
            there = self._positions.margin(position) + self._positions.unrealised(position, mark)
            required = self.required(position)
        else:
            backed = self._backed(position.account)
            there = self._balance(position.account)
            there += sum(self._positions.unrealised(each, self._marks[each.symbol]) for each in backed)
            required = sum(self.required(each) for each in backed)
        return min(99_999, required * 10_000 // there) if there > 0 else 99_999

    def _backed(self, account: str) -> list[Position]:
        return [each for each in self._positions.of(account) if each.open_type != ISOLATED]

    def _balance(self, account: str) -> int:
        isolated = (each for each in self._positions.of(account) if each.open_type == ISOLATED)
        return self._cash[account] - sum(self._positions.margin(each) for each in isolated)

    def _cross(self, position: Position) -> tuple[int, int, int]:
        """Of the account's cross positions in a symbol: gross size, net size, and what there is at a price of 0."""
        base, gross, net = self._balance(position.account), 0, 0
        for each in self._backed(position.account):
            if each.symbol == position.symbol:
                gross += each.hold
                net += each.side * each.hold
                base -= each.side * each.cost
            else:
                base += self._positions.unrealised(each, self._marks[each.symbol])
        return gross, net, base


def _price(traded: SimInstrument, value: int, size: int) -> int:
    return max(0, value * int(10**traded.size_precision) // size)

"""The slow twins of a position: the textbook in Fractions, and integers for runs too long for those."""

from __future__ import annotations

from fractions import Fraction


class Position:
    def __init__(self):
        self.quantity = 0
        self.average = Fraction(0)
        self.realized = Fraction(0)
        self.fees: dict[str, int] = {}

    def apply_fill(self, side, price, size, fee=0, fee_asset=""):
        if fee:
            self.fees[fee_asset] = self.fees.get(fee_asset, 0) + fee
        left = size
        if self.quantity * side < 0:
            closed = min(size, abs(self.quantity))
            sign = 1 if self.quantity > 0 else -1
            self.realized += sign * closed * (price - self.average)
            self.quantity += side * closed
            left = size - closed
            if self.quantity == 0:
                self.average = Fraction(0)
        if left:
            held = abs(self.quantity)
            self.average = (self.average * held + price * left) / (held + left)
            self.quantity += side * left

    def open_profit(self, mark):
        return self.quantity * (mark - self.average)


class LongPosition:
    """As above in integers, the cost with 96 bits below the unit: ten million roundings move it by less than 2^-72."""

    def __init__(self):
        self.quantity = self.cash = self.basis = 0

    def apply_fill(self, side, price, size):
        self.cash -= side * price * size
        held, self.quantity = self.quantity, self.quantity + side * size
        if held * side >= 0:
            self.basis += side * price * size << 96
        elif size < abs(held):
            self.basis -= self.basis * size // abs(held)
        else:
            self.basis = self.quantity * price << 96

    @property
    def realized(self):
        return self.cash + Fraction(self.basis, 1 << 96)

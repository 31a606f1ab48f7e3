"""Positions as one writes them in Python: in floats (plain, and quick), in Decimals, and in exact integers (tuned)."""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

Number = TypeVar("Number", float, Decimal)


class PlainPosition(Generic[Number]):
    """Average entry price, adjusted fill by fill; every reduction at a price that binary or decimal digits round."""

    __slots__ = ("average", "fees", "quantity", "realized")

    def __init__(self, zero: Number) -> None:
        self.quantity = self.average = self.realized = self.fees = zero

    def apply_fill(self, side: int, price: Number, size: Number, fee: Number) -> None:
        change = size if side > 0 else -size
        held = self.quantity
        if held == 0 or (held > 0) == (change > 0):
            self.quantity = held + change
            self.average = (self.average * abs(held) + price * size) / abs(self.quantity)
        else:
            closed = min(size, abs(held))
            self.realized += (price - self.average) * closed * (1 if held > 0 else -1)
            self.quantity = held + change
            if self.quantity == 0:
                self.average = self.average * 0
            elif (self.quantity > 0) != (held > 0):
                self.average = price
        self.fees += fee


class TunedPosition:
    """Integers: cash and the cost of what is held with 32 bits below the unit, as exact as the native one."""

    __slots__ = ("_basis", "_cash", "fees", "quantity")

    def __init__(self) -> None:
        self.quantity = self._cash = self._basis = self.fees = 0

    @property
    def realized(self) -> int:
        return self._cash + (self._basis >> 32)

    def apply_fill(self, side: int, price: int, size: int, fee: int) -> None:
        change = side * size
        held = self.quantity
        self._cash -= change * price
        self.quantity = left = held + change
        if held * side >= 0:
            self._basis += change * price << 32
        elif left * held > 0:
            self._basis -= self._basis * size // abs(held)
        else:
            self._basis = left * price << 32
        self.fees += fee

"""The slow twin of `mm._core.profit`: plain ints.

Profit of one symbol in two parts that add up to the last unit: spread captured and inventory.

A fill captures the distance between its price and the middle of the market at that moment; what the middle does
afterwards is the inventory's doing. With cash = -sum(side x price x size) and middle2 = bid + ask:

    total x 2     = 2 x cash + quantity x middle2
    spread x 2    = sum(side x size x (middle2 at the fill - 2 x price))
    inventory x 2 = total x 2 - spread x 2

Everything is kept doubled, because the middle may be half a tick: nothing is rounded before the screen. Of contracts it
is still price x size: `Instrument.money` makes it money. Fees are not part.
"""

from __future__ import annotations


class ProfitSplit:
    """Price x size, doubled where its name ends in 2; ints, unbounded."""

    __slots__ = ("cash", "quantity", "spread2")

    def __init__(self) -> None:
        self.cash = 0
        self.quantity = 0
        self.spread2 = 0

    def on_fill(self, side: int, price: int, size: int, middle2: int) -> None:
        """Take a booked fill. middle2: bid + ask at that moment; 0 unknown, then nothing counts as captured."""
        self.cash -= side * price * size
        self.quantity += side * size
        if middle2:
            self.spread2 += side * size * (middle2 - 2 * price)

    def total2(self, middle2: int) -> int:
        """Profit before fees, doubled, with the position valued at the middle."""
        return 2 * self.cash + self.quantity * middle2

    def inventory2(self, middle2: int) -> int:
        """What holding made, doubled."""
        return self.total2(middle2) - self.spread2

"""Profit of one symbol in two parts that add up to the last unit: spread captured and inventory.

A fill captures the distance between its price and the middle of the market at that moment; what the middle does
afterwards is the inventory's doing. With cash = -sum(side x price x size) and middle2 = bid + ask:

    total x 2     = 2 x cash + quantity x middle2
    spread x 2    = sum(side x size x (middle2 at the fill - 2 x price))
    inventory x 2 = total x 2 - spread x 2

Everything is kept doubled, because the middle may be half a tick: nothing is rounded before the screen. Of contracts it
is still price x size: `Instrument.money` makes it money. Fees are not part.
"""

from cython cimport final
from libc.stdint cimport int64_t


@final
cdef class ProfitSplit:
    """Price x size, doubled where its name ends in 2; ints, unbounded."""

    def __init__(self):
        self.cash = self.quantity = self.spread2 = 0

    cpdef on_fill(self, int side, int64_t price, int64_t size, object middle2):
        """Take a booked fill. middle2: bid + ask at that moment; 0 unknown, then nothing counts as captured."""
        signed = <object>size if side > 0 else -<object>size
        self.cash -= signed * price
        self.quantity += signed
        if middle2:
            self.spread2 += signed * (middle2 - 2 * <object>price)

    def total2(self, middle2):
        """Profit before fees, doubled, with the position valued at the middle."""
        return 2 * self.cash + self.quantity * middle2

    def inventory2(self, middle2):
        """What holding made, doubled."""
        return self.total2(middle2) - self.spread2

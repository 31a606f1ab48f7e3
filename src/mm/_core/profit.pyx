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

from mm._core.int128 cimport as_int, mm_add_int128, mm_fits_int64, mm_int128


@final
cdef class ProfitSplit:
    """Price x size, doubled where its name ends in 2; ints, unbounded: what 128 bits do not hold goes over into wider
    numbers."""

    def __init__(self):
        self._cash_above = self._quantity_above = self._spread2_above = 0

    @property
    def cash(self):
        """-sum(side x price x size)."""
        return self._cash_above + as_int(self._cash)

    @property
    def quantity(self):
        """sum(side x size)."""
        return self._quantity_above + as_int(self._quantity)

    @property
    def spread2(self):
        """sum(side x size x (middle2 at the fill - 2 x price))."""
        return self._spread2_above + as_int(self._spread2)

    def on_fill(self, int side, int64_t price, int64_t size, middle2):
        """Take a booked fill. middle2: bid + ask at that moment; 0 unknown, then nothing counts as captured."""
        cdef mm_int128 signed = size if side > 0 else -<mm_int128>size
        # No fill of a book has such a middle, but the sum stays exact.
        if middle2 and middle2 >> 62:
            self.take(side, price, size, 0)
            self._spread2_above += as_int(signed) * (middle2 - 2 * <object>price)
        else:
            self.take(side, price, size, middle2)

    cdef int take(self, int side, int64_t price, int64_t size, int64_t middle2) except -1:
        """The same, for a middle of 63 bits."""
        cdef mm_int128 signed = size if side > 0 else -<mm_int128>size
        cdef mm_int128 captured = <mm_int128>middle2 - 2 * <mm_int128>price
        cdef mm_int128 total = 0
        if mm_add_int128(self._cash, -signed * price, &total):
            self._cash_above += as_int(self._cash)
            total = -signed * price
        self._cash = total
        if mm_add_int128(self._quantity, signed, &total):
            self._quantity_above += as_int(self._quantity)
            total = signed
        self._quantity = total
        if middle2:
            if not mm_fits_int64(captured):
                self._spread2_above += as_int(signed) * as_int(captured)
                return 0
            if mm_add_int128(self._spread2, signed * captured, &total):
                self._spread2_above += as_int(self._spread2)
                total = signed * captured
            self._spread2 = total
        return 0

    def total2(self, middle2):
        """Profit before fees, doubled, with the position valued at the middle."""
        return 2 * self.cash + self.quantity * middle2

    def inventory2(self, middle2):
        """What holding made, doubled."""
        return self.total2(middle2) - self.spread2

    def durable(self):
        """Return what `restore` takes back."""
        return [self.cash, self.quantity, self.spread2]

    def restore(self, list saved not None):
        """Take back what `durable` gave."""
        self._cash = self._quantity = self._spread2 = 0
        self._cash_above, self._quantity_above, self._spread2_above = saved

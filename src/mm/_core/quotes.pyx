"""What a strategy wishes for: quotes, and the terms they came from. Made once, never changed.

They are made at every tick, so that they are structs: a named tuple takes five times as long to make.
"""

from cpython.long cimport PyLong_Check
from cpython.number cimport PyNumber_Index
from cython cimport final, freelist, no_gc
from libc.math cimport isfinite
from libc.stdint cimport int8_t, int64_t

# Levels are places in a list; nobody quotes thousands of orders a side on one symbol (Kraken takes 225 a pair).
LEVELS_MAX = 1000

cdef int64_t _LEVELS_MAX = LEVELS_MAX


cdef int64_t whole(number, str field) except? -1:
    """A float would be cut off without a word, on whichever side of the market."""
    if PyLong_Check(number):
        return number
    try:
        return PyNumber_Index(number)
    except TypeError:
        raise TypeError(f"{field}: {number!r} is not a whole number") from None


@final
@no_gc
@freelist(64)
cdef class Quote:
    """One order that should stand in the book.

    side: +1 buy, -1 sell; level: 0 is the best; price, size in the instrument's units. Raises ValueError for a side or
    a level that cannot be, TypeError for a number that is not whole.
    """

    def __init__(self, side, level, price, size):
        cdef int64_t whole_side = whole(side, "Quote.side")
        cdef int64_t whole_level = whole(level, "Quote.level")
        if whole_side != 1 and whole_side != -1:
            raise ValueError(f"Quote.side: {side} is neither +1 nor -1")
        if not 0 <= whole_level < _LEVELS_MAX:
            raise ValueError(f"Quote.level: {level} is not from 0 to {LEVELS_MAX - 1}")
        self.side = <int8_t>whole_side
        self.level = whole_level
        self.price = whole(price, "Quote.price")
        self.size = whole(size, "Quote.size")

    def __eq__(self, other):
        if type(other) is not Quote:
            return NotImplemented
        cdef Quote that = <Quote>other
        return (self.side, self.level, self.price, self.size) == (that.side, that.level, that.price, that.size)

    def __hash__(self):
        return hash((self.side, self.level, self.price, self.size))

    def __repr__(self):
        return f"Quote(side={self.side}, level={self.level}, price={self.price}, size={self.size})"

    def __reduce__(self):
        return Quote, (self.side, self.level, self.price, self.size)


@final
@no_gc
@freelist(64)
cdef class Terms:
    """Why the quotes are where they are; prices in units as floats, for people and not for orders.

    fair: the model's price; half_spread: half the width around it; skew: how far inventory moved both quotes down
    (negative: up); bid_note, ask_note: why a side is trimmed or missing, empty when it is whole.
    """

    def __init__(
        self, double fair, double half_spread, double skew, str bid_note not None, str ask_note not None
    ):
        if not isfinite(fair):
            # Nothing compares with it, so that every tolerance would be taken as passed.
            raise ValueError(f"Terms.fair: {fair} is not a finite number")
        self.fair = fair
        self.half_spread = half_spread
        self.skew = skew
        self.bid_note = bid_note
        self.ask_note = ask_note

    cdef tuple _values(self):
        return (self.fair, self.half_spread, self.skew, self.bid_note, self.ask_note)

    def __eq__(self, other):
        return self._values() == (<Terms>other)._values() if type(other) is Terms else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __repr__(self):
        return (
            f"Terms(fair={self.fair!r}, half_spread={self.half_spread!r}, skew={self.skew!r}, "
            f"bid_note={self.bid_note!r}, ask_note={self.ask_note!r})"
        )

    def __reduce__(self):
        return Terms, self._values()


@final
@no_gc
@freelist(64)
cdef class Quoting:
    """One answer of a strategy. Raises TypeError for what are not quotes."""

    def __init__(self, tuple quotes not None, Terms terms not None):
        for quote in quotes:
            if type(quote) is not Quote:
                raise TypeError(f"Quoting.quotes: {quote!r} is not a Quote")
        self.quotes = quotes
        self.terms = terms

    def __eq__(self, other):
        if type(other) is not Quoting:
            return NotImplemented
        return self.quotes == (<Quoting>other).quotes and self.terms == (<Quoting>other).terms

    def __hash__(self):
        return hash((self.quotes, self.terms))

    def __repr__(self):
        return f"Quoting(quotes={self.quotes!r}, terms={self.terms!r})"

    def __reduce__(self):
        return Quoting, (self.quotes, self.terms)

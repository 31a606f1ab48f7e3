"""The record that every quote and every absence of a quote leaves. Made at every tick, put into words when read."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int64_t

from mm._core.quotes cimport Quoting

from mm._core.fixed import to_text


@final
@no_gc
@freelist(64)
cdef class Act:
    """One command of a decision, in few words.

    verb: "place", "move" or "cancel"; side: +1 or -1; price: in units of 10^-price_precision, of no meaning for a
    cancel.
    """

    def __init__(
        self, str verb not None, str client_id not None, int side, int64_t price, int price_precision,
        str reason not None,
    ):
        self.verb = verb
        self.client_id = client_id
        self.side = side
        self.price = price
        self.price_precision = price_precision
        self.reason = reason

    def __str__(self):
        if self.verb == "cancel":
            return f"cancel {self.client_id}: {self.reason}"
        side = "bid" if self.side > 0 else "ask"
        price = to_text(self.price, self.price_precision)
        if self.verb == "place":
            return f"{side} {self.client_id} at {price}"
        return f"{side} {self.client_id} moved to {price}: {self.reason}"

    def __repr__(self):
        return f"Act({self})"


cdef Act act_of(str verb, str client_id, int side, int64_t price, int price_precision, str reason):
    cdef Act act = Act.__new__(Act)
    act.verb = verb
    act.client_id = client_id
    act.side = side
    act.price = price
    act.price_precision = price_precision
    act.reason = reason
    return act


@final
@no_gc
@freelist(64)
cdef class Decision:
    """What was decided for one symbol, and on what.

    gate: why nothing may be quoted, empty when quotes may stand; bid, ask: the best prices of others that the strategy
    saw; quoting: its answer, None behind a gate; acts: what was sent (`Act`, or text); refused: what the limits or the
    rate counters held back, with the reason.
    """

    def __init__(
        self, int64_t now_ns, str venue not None, str symbol not None, str strategy not None, str gate not None,
        int64_t bid, int64_t ask, int64_t position, Quoting quoting, tuple acts not None, tuple refused not None,
    ):
        self.now_ns = now_ns
        self.venue = venue
        self.symbol = symbol
        self.strategy = strategy
        self.gate = gate
        self.bid = bid
        self.ask = ask
        self.position = position
        self.quoting = quoting
        self.acts = acts
        self.refused = refused

    @property
    def actions(self):
        """What was sent, in words."""
        return tuple([str(act) for act in self.acts])

    def _values(self):
        return (
            self.now_ns, self.venue, self.symbol, self.strategy, self.gate, self.bid, self.ask, self.position,
            self.quoting, self.actions, self.refused,
        )

    def __eq__(self, other):
        return self._values() == other._values() if type(other) is Decision else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __repr__(self):
        return (
            f"Decision(now_ns={self.now_ns}, venue={self.venue!r}, symbol={self.symbol!r}, "
            f"strategy={self.strategy!r}, gate={self.gate!r}, bid={self.bid}, ask={self.ask}, "
            f"position={self.position}, quoting={self.quoting!r}, actions={self.actions!r}, refused={self.refused!r})"
        )

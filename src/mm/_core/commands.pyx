# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""What people, clocks and the engine want: operator's words and timers first, then the engine's commands."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


@final
@no_gc
@freelist(64)
cdef class Timer(Event):
    """Time passed and nothing else happened."""

    KIND = 50
    FIELDS = (("recv_ns", "i"),)

    def __init__(self, int64_t recv_ns):
        self.recv_ns = recv_ns


@final
@no_gc
@freelist(64)
cdef class Operator(Event):
    """The operator asks: stop, pause, resume, kill; start, pause, resume, stop-strategy with a strategy's name."""

    KIND = 51
    FIELDS = (("recv_ns", "i"), ("action", "s"), ("argument", "s"),)

    def __init__(self, int64_t recv_ns, str action not None, str argument not None):
        self.recv_ns = recv_ns
        self.action = action
        self.argument = argument


@final
@no_gc
@freelist(64)
cdef class Start(Event):
    """A run begins; client ids carry the epoch."""

    KIND = 52
    FIELDS = (("recv_ns", "i"), ("seed", "i"), ("epoch", "i"), ("config", "b"),)

    def __init__(self, int64_t recv_ns, int64_t seed, int64_t epoch, bytes config not None):
        self.recv_ns = recv_ns
        self.seed = seed
        self.epoch = epoch
        self.config = config


@final
@no_gc
@freelist(1)
cdef class Recovered(Event):
    """A run goes on where an earlier one was: its durable state, and the hash of it."""

    KIND = 59
    FIELDS = (("recv_ns", "i"), ("state", "b"), ("state_hash", "n"),)

    def __init__(self, int64_t recv_ns, bytes state not None, object state_hash not None):
        self.recv_ns = recv_ns
        self.state = state
        self.state_hash = state_hash


@final
@no_gc
@freelist(64)
cdef class SettingsChanged(Event):
    """From here on the run goes by these settings, whole and checked, in the form that `Start` carries."""

    KIND = 54
    FIELDS = (("recv_ns", "i"), ("config", "b"),)

    def __init__(self, int64_t recv_ns, bytes config not None):
        self.recv_ns = recv_ns
        self.config = config


@final
@no_gc
@freelist(64)
cdef class Place(Event):
    """Place a new order."""

    KIND = 60
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("strategy", "s"), ("purpose", "s"),
        ("level", "i"), ("side", "c"), ("price", "i"), ("size", "i"), ("order_type", "s"), ("time_in_force", "s"),
        ("post_only", "t"), ("reduce_only", "t"), ("parent", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str strategy not None,
        str purpose not None, int64_t level, int8_t side, int64_t price, int64_t size, str order_type not None,
        str time_in_force not None, bint post_only, bint reduce_only, str parent not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.strategy = strategy
        self.purpose = purpose
        self.level = level
        self.side = side
        self.price = price
        self.size = size
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.parent = parent


@final
@no_gc
@freelist(64)
cdef class Amend(Event):
    """Change price and total size of a live order in place."""

    KIND = 61
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("venue_id", "s"), ("price", "i"),
        ("size", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str venue_id not None,
        int64_t price, int64_t size
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.venue_id = venue_id
        self.price = price
        self.size = size


@final
@no_gc
@freelist(64)
cdef class Cancel(Event):
    """Cancel one own order."""

    KIND = 62
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str venue_id not None,
        str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class CancelAfter(Event):
    """Arm the venue's dead man's switch; 0 disarms it."""

    KIND = 63
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("timeout_s", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, int64_t timeout_s):
        self.recv_ns = recv_ns
        self.venue = venue
        self.timeout_s = timeout_s


@final
@no_gc
@freelist(64)
cdef class Resync(Event):
    """Drop a book and take a fresh snapshot."""

    KIND = 64
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("reason", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str symbol not None, str reason not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class QueryOrder(Event):
    """Find out what the venue knows of an order."""

    KIND = 65
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str client_id not None, str venue_id not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id


@final
@no_gc
@freelist(64)
cdef class Alert(Event):
    """Tell the operator."""

    KIND = 66
    FIELDS = (("recv_ns", "i"), ("severity", "s"), ("text", "s"),)

    def __init__(self, int64_t recv_ns, str severity not None, str text not None):
        self.recv_ns = recv_ns
        self.severity = severity
        self.text = text


@final
@no_gc
@freelist(64)
cdef class StrategyPaused(Event):
    """A strategy is not asked any more, until an operator lets it go on: what it raised is the reason.

    So with the policy of a hedging: strategy is the name of its desk then.
    """

    KIND = 67
    FIELDS = (("recv_ns", "i"), ("strategy", "s"), ("reason", "s"),)

    def __init__(self, int64_t recv_ns, str strategy not None, str reason not None):
        self.recv_ns = recv_ns
        self.strategy = strategy
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class Latched(Event):
    """A step of the kill ladder is in force from here on, or is let go (is_on false).

    step: one of `mm.engine.ladder.STEPS`; scope: "" everything, or strategy=NAME, venue=NAME, side=buy and side=sell
    with a space between; cause: "operator" or the name of the trigger; reason: for people.
    """

    KIND = 68
    FIELDS = (("recv_ns", "i"), ("step", "s"), ("scope", "s"), ("is_on", "t"), ("cause", "s"), ("reason", "s"),)

    def __init__(
        self, int64_t recv_ns, str step not None, str scope not None, bint is_on, str cause not None,
        str reason not None,
    ):
        self.recv_ns = recv_ns
        self.step = step
        self.scope = scope
        self.is_on = is_on
        self.cause = cause
        self.reason = reason


@final
@no_gc
@freelist(8)
cdef class ProfitMarked(Event):
    """What a loss is counted from, for a start that comes after a kill.

    day: of UTC since 1970; begun: the profit when it began, or when an operator let a step go in it; peak: the highest
    since then; in 1e-12 dollars.
    """

    KIND = 69
    FIELDS = (("recv_ns", "i"), ("day", "i"), ("begun", "n"), ("peak", "n"),)

    def __init__(self, int64_t recv_ns, int64_t day, object begun not None, object peak not None):
        self.recv_ns = recv_ns
        self.day = day
        self.begun = begun
        self.peak = peak


@final
@no_gc
@freelist(8)
cdef class HedgeRouted(Event):
    """The hedges of a `[hedging.NAME]` go to another of its markets from here on: the one before gave nothing.

    hedging: that name; venue, symbol: where they go; reason: for people.
    """

    KIND = 72
    FIELDS = (("recv_ns", "i"), ("hedging", "s"), ("venue", "s"), ("symbol", "s"), ("reason", "s"),)

    def __init__(
        self, int64_t recv_ns, str hedging not None, str venue not None, str symbol not None, str reason not None
    ):
        self.recv_ns = recv_ns
        self.hedging = hedging
        self.venue = venue
        self.symbol = symbol
        self.reason = reason

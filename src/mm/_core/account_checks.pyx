# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""Our books against the venue's: the reads of the whole account, what they found, and what follows."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int64_t

from mm._core.event cimport Event


@final
@no_gc
@freelist(64)
cdef class Reconcile(Event):
    """Read of a venue what its account holds and has open, to compare it with what we think."""

    KIND = 70
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("reason", "s"))

    def __init__(self, int64_t recv_ns, str venue not None, str reason not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class AccountRead(Event):
    """A venue's word about the whole account is here: open orders, fills, balances, positions, funding.

    begun_ns: when the first of it was asked for; is_complete: nothing of it is missing; calls, cost: what it took of
    the venue's count of reads; reason: why it was read, or what could not be.
    """

    KIND = 55
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("begun_ns", "i"), ("is_complete", "t"), ("calls", "i"), ("cost", "i"),
        ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, int64_t begun_ns, bint is_complete, int64_t calls, int64_t cost,
        str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.begun_ns = begun_ns
        self.is_complete = is_complete
        self.calls = calls
        self.cost = cost
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class Difference(Event):
    """What a venue says and what we thought are not the same, and what follows.

    subject: a symbol, an asset or an order; what: order, fill, balance, position, funding; ours, theirs: in words;
    amount: theirs less ours, in 1e-12 of an asset or units of a size, 0 where it is neither; evidence: what says so;
    verdict: see `mm.engine.differences`.
    """

    KIND = 56
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("what", "s"), ("subject", "s"), ("ours", "s"), ("theirs", "s"),
        ("amount", "n"), ("evidence", "s"), ("verdict", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str what not None, str subject not None, str ours not None,
        str theirs not None, object amount not None, str evidence not None, str verdict not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.what = what
        self.subject = subject
        self.ours = ours
        self.theirs = theirs
        self.amount = amount
        self.evidence = evidence
        self.verdict = verdict


@final
@no_gc
@freelist(64)
cdef class Reconciled(Event):
    """A venue's whole word was compared with ours. differences: found by it; unexplained: of all that still are."""

    KIND = 57
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("begun_ns", "i"), ("differences", "i"), ("unexplained", "i"),
        ("summary", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, int64_t begun_ns, int64_t differences, int64_t unexplained,
        str summary not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.begun_ns = begun_ns
        self.differences = differences
        self.unexplained = unexplained
        self.summary = summary

# cython: nonecheck=True
"""From what a shell hears to what it has to do: record, apply, decide, submit. `mm.driver` has what is seldom."""

from libc.stdint cimport int64_t

from mm._core.account_checks cimport Difference, Reconciled
from mm._core.commands cimport Alert, StrategyPaused
from mm._core.engine_core cimport EngineCore
from mm._core.event cimport Event
from mm._core.link_core cimport LinkCore
from mm._core.order_events cimport Fill

# How often one input may lead to another decision at once; what is left waits for the next input or deadline.
ROUNDS_MAX = 4

cdef int _ROUNDS_MAX = ROUNDS_MAX


cdef class DriverCore:
    """An engine with its links and its recorder.

    observers: see each event and command, in order, after it was applied and after what it led to was handed to the
    sockets, but fills that were not booked (told again, or of an earlier run): nobody's screen is on the way of an
    order; on_output: called with the name of a venue for which actions wait, other than the one whose input made them.
    """

    def __init__(self, EngineCore engine not None, dict links not None, recorder):
        self.engine = engine
        self.links = links
        self.observers = []
        self._unseen = []
        self._record = recorder.record
        # What a decision recorded may have to wait for the disk before its bytes leave.
        self._commit = getattr(recorder, "commit", None)
        # And what it put off can be done once they have left.
        self._settle = getattr(recorder, "settle", None)

    cpdef take(self, events):
        """Record, apply and show events, in order."""
        cdef Event event
        cdef int64_t fills
        for each in events:
            event = <Event?>each
            self._record(event)
            fills = self.engine.fills
            self.engine.apply(event)
            # Looked at now: once observers see it, later fills have been applied.
            if self.observers and (type(event) is not Fill or self.engine.fills != fills):
                self._unseen.append(event)

    cpdef decide(self, int64_t now_ns, str source):
        """Let the engine decide, and hand its commands to the links. source: the venue that will be drained anyway."""
        cdef list first, quotes
        cdef bint heard
        for _ in range(_ROUNDS_MAX):
            heard = False
            first = self.engine.decide_first(now_ns)
            if first:
                # Hedges are on their way before the quotes are thought of.
                heard = self._submit(now_ns, source, first)
            quotes = self.engine.decide_quotes(now_ns)
            if quotes and self._submit(now_ns, source, quotes):
                heard = True
            if not heard:
                return

    cdef bint _submit(self, int64_t now_ns, str source, list commands) except -1:
        """Hand commands to the links; returns whether they led to events."""
        cdef bint heard = False
        if self._commit is not None:
            self._commit()
        for command in commands:
            if self.observers:
                self._unseen.append(command)
            kind = type(command)
            if kind is Alert or kind is StrategyPaused or kind is Difference or kind is Reconciled:
                # News of the engine itself: for the recording and for people.
                continue
            venue = command.venue
            link = self.links[venue]
            if isinstance(link, LinkCore):
                events = (<LinkCore>link).submit(now_ns, command)
            else:
                events = link.submit(now_ns, command)
            if events:
                heard = True
                self.take(events)
            if self.on_output is not None and venue != source:
                self.on_output(venue)
        return heard

    cpdef show(self):
        """Let the observers see what they have not seen."""
        cdef list unseen
        while self._unseen:
            unseen = self._unseen
            self._unseen = []
            for event in unseen:
                for observer in self.observers:
                    observer(event)


cdef class PortCore:
    """One venue's side of the driver."""

    def __init__(self, DriverCore driver not None, str venue not None, link):
        self.driver = driver
        self.venue = venue
        self.link = link

    cpdef frame(self, int64_t now_ns, str channel, bytes payload, bint last=True):
        """Take a whole message; last: nothing more is read already, so it is time to decide (an empty one only says
        so)."""
        if payload:
            if isinstance(self.link, LinkCore):
                events = (<LinkCore>self.link).frame(now_ns, channel, payload)
            else:
                events = self.link.frame(now_ns, channel, payload)
            if events:
                self.driver.take(events)
        if last:
            self.driver.decide(now_ns, self.venue)

    cpdef drain(self):
        """Take the actions since the last call, in order; when there are none, all before are with the sockets."""
        actions = self.link.drain()
        if not actions:
            if self.driver._settle is not None:
                self.driver._settle()
            if self.driver._unseen:
                self.driver.show()
        return actions

# cython: nonecheck=True
"""From what a shell hears to what it has to do: record, apply, decide, submit. `mm.driver` has what is seldom."""

from sys import intern

from libc.stdint cimport int64_t

from mm._core.account_checks cimport Difference, Reconciled
from mm._core.commands cimport Alert, Amend, Cancel, HedgeRouted, Latched, Place, ProfitMarked, StrategyPaused
from mm._core.engine_core cimport EngineCore
from mm._core.event cimport Event
from mm._core.link_core cimport LinkCore
from mm._core.margin_events cimport PositionChanged
from mm._core.order cimport Order
from mm._core.order_events cimport AmendRejected, CancelRejected, Fill, OrderDenied
from mm._core.recording cimport RecorderCore
from mm._core.words cimport same

# How often one input may lead to another decision at once; what is left waits for the next input or deadline.
ROUNDS_MAX = 4
# How long an order may wait for the disk: later its price is of another market. And how often it is looked at.
HELD_NS_MAX = 1_000_000_000
LOOK_NS = 2_000_000
WITHDRAWN = "withdrawn"

cdef int _ROUNDS_MAX = ROUNDS_MAX
cdef int64_t _HELD_NS_MAX = HELD_NS_MAX
cdef int64_t _LOOK_NS = LOOK_NS
cdef str EMPTY = ""
cdef str HALT = "halt"
cdef str JOURNAL = "journal"
# Codes of refusals that are our own: it could not be sent; it was not wanted any more before it was.
cdef str LOCAL = "local"
cdef str _WITHDRAWN = WITHDRAWN
# How the reason of what was kept back here begins: the link was not even asked.
KEPT_BACK = "not sent, "
cdef str CANCELLED = "it waited for the disk when it was cancelled"


cdef bint _adds(list commands) except -1:
    """Whether an order or an amend is among them."""
    for command in commands:
        if type(command) is Place or type(command) is Amend:
            return True
    return False


cdef tuple _split(list commands):
    """What may leave at once, and what waits: orders and amends, with the cancels of those orders that follow them.

    Before its order a cancel would find nothing to cancel, and the order would stand.
    """
    cdef list others = [], adding = []
    cdef set waiting = set()
    for command in commands:
        kind = type(command)
        if kind is Place or kind is Amend:
            waiting.add((command.venue, command.client_id))
            adding.append(command)
        elif kind is Cancel and (command.venue, command.client_id) in waiting:
            adding.append(command)
        else:
            others.append(command)
    return others, adding


cdef class DriverCore:
    """An engine with its links and its recorder.

    observers: see each event and command, in order, after it was applied and after what it led to was handed to the
    sockets, but fills that were not booked (told again, or of an earlier run): nobody's screen is on the way of an
    order; on_output: called with the name of a venue for which actions wait, other than the one whose input made them,
    and of that one too where orders wait for the disk behind cancels; it returns False where what sends for the venue
    has failed, and orders behind are kept back; on_latch: called when a decision has latched a
    step of the kill ladder, before its cancels are handed over.
    """

    def __init__(self, EngineCore engine not None, dict links not None, recorder):
        self.engine = engine
        # By the very words that markets and commands have.
        self.links = {intern(name): link for name, link in links.items()}
        self.observers = []
        self._unseen = []
        self._held = []
        self._record = recorder.record
        self._recorder = recorder if isinstance(recorder, RecorderCore) else None
        # Orders and amends may have to wait for the disk before their bytes leave.
        self._commit = getattr(recorder, "commit", None)
        # And what it put off can be done once they have left.
        self._settle = getattr(recorder, "settle", None)

    cpdef take(self, events):
        """Record, apply and show events, in order."""
        cdef Event event
        cdef int64_t fills
        for each in events:
            event = <Event?>each
            if type(event) is Fill:
                self.engine.price_fill(<Fill>event)
            if self._recorder is not None:
                self._recorder.record(event)
            else:
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
        # What waits from before leaves last, if it is wanted after all that was heard.
        cdef bint waits = len(self._held) > 0
        if self._is_leaving:
            self._was_late = True
            return
        for _ in range(_ROUNDS_MAX):
            heard = False
            if self._recorder is not None and self._recorder.broken:
                self._halt(now_ns)
            try:
                first = self.engine.decide_first(now_ns)
            except BaseException:
                if self.on_latch is not None:
                    # What it latched before it failed was not handed over.
                    self.on_latch()
                raise
            if first:
                # Hedges are on their way before the quotes are thought of.
                heard = self._submit(now_ns, source, first)
            quotes = self.engine.decide_quotes(now_ns)
            if quotes and self._submit(now_ns, source, quotes):
                heard = True
            if waits and not heard:
                waits = False
                heard = self._submit(now_ns, source, self.engine.decide_unsent(now_ns))
                heard = self._release(now_ns, source) or heard
            if not heard:
                return

    cdef bint _submit(self, int64_t now_ns, str source, list commands) except -1:
        """Hand commands to the links; returns whether they led to events.

        Orders and amends wait for what the journal promises. Nothing else does: with a disk that is slow or hangs,
        cancels of the same decision are on the wire before it is waited for, and the loop goes on after a moment: what
        waits then is looked at again soon, and what comes meanwhile waits behind it.
        """
        cdef bint heard = False
        cdef bint waits
        cdef list others, adding
        if self._held:
            heard = self._recall(now_ns, commands)
        if self._commit is None or not _adds(commands):
            return self._hand_over(now_ns, source, commands) or heard
        others, adding = _split(commands)
        if others:
            self._is_leaving = True
            try:
                heard = self._hand_over(now_ns, source, others) or heard
                if source and self.on_output is not None and self.on_output(source) is False:
                    self._is_void = True
            finally:
                self._is_leaving = False
            heard = heard or self._was_late
            self._was_late = False
        waits = len(self._held) > 0
        for command in adding:
            self._held.append((now_ns, command))
        if not waits and self._release(now_ns, source):
            return True
        if self._held:
            self._mark(adding, True)
        return heard

    cdef bint _release(self, int64_t now_ns, str source) except -1:
        """Hand over what waits for the disk, if that has it by now; returns whether it led to events."""
        cdef list held = self._held, commands
        if not held:
            return False
        if now_ns - <int64_t>held[0][0] >= _HELD_NS_MAX:
            # Also where this process stood still, and the disk has it by now.
            return self.withdraw(now_ns, f"the disk has not taken it within {_HELD_NS_MAX // 1_000_000} ms")
        if not self._is_void and not self._commit():
            self.held_due_ns = now_ns + _LOOK_NS
            return False
        self._held = []
        self.held_due_ns = 0
        commands = [command for _, command in held]
        self._mark(commands, False)
        return self._hand_over(now_ns, source, commands)

    cdef int _mark(self, list commands, bint unsent) except -1:
        """Let the engine know of which orders a request waits here."""
        cdef Order order
        for command in commands:
            order = self.engine.orders.get(command.client_id)
            if order is not None:
                order.unsent = unsent
        return 0

    cdef bint _recall(self, int64_t now_ns, list commands) except -1:
        """Take back what waits for the disk where a cancel follows it, or the engine says so: no cancel waits behind
        it, and one of an order that has not left is no request any more. Returns whether anything was."""
        cdef set cancelled = {(each.venue, each.client_id) for each in commands if type(each) is Cancel}
        cdef set placed
        cdef list kept = []
        # Amends alone: their orders stay.
        cancelled |= self.engine.recalled
        self.engine.recalled.clear()
        if not cancelled:
            return False
        placed = {(command.venue, command.client_id) for _, command in self._held if type(command) is Place}
        if not self.withdraw(now_ns, CANCELLED, cancelled):
            return False
        for command in commands:
            if type(command) is Cancel and (command.venue, command.client_id) in placed:
                if self.observers:
                    self._unseen.append(command)
                # It does not leave either, and the venue counts it not.
                self.take((self._kept_back(now_ns, command, CANCELLED, _WITHDRAWN),))
            else:
                kept.append(command)
        commands[:] = kept
        return True

    cpdef bint withdraw(self, int64_t now_ns, str why, set which=None) except -1:
        """Take back the orders and amends that wait for the disk, or those of `which`, (venue, client id): not one byte
        of them leaves. Returns whether there were any."""
        cdef list kept = [], taken = []
        cdef set placed = set()
        for each in self._held:
            command = each[1]
            if which is None or (command.venue, command.client_id) in which:
                taken.append(command)
            else:
                kept.append(each)
        if not taken:
            return False
        self._held = kept
        if not kept:
            self.held_due_ns = 0
        self._mark(taken, False)
        for command in taken:
            kind = type(command)
            if kind is Cancel:
                if (command.venue, command.client_id) not in placed:
                    # Behind an amend of the same decision: that order stands.
                    self._hand_over(now_ns, EMPTY, [command])
                continue
            if self.observers:
                self._unseen.append(command)
            if kind is Place:
                placed.add((command.venue, command.client_id))
            self.take((self._kept_back(now_ns, command, why, _WITHDRAWN),))
        return True

    cdef bint _hand_over(self, int64_t now_ns, str source, list commands) except -1:
        """See `_submit`."""
        cdef bint heard = False
        cdef bint is_kept_back
        cdef str venue
        is_kept_back = self._is_void or (self._recorder is not None and bool(self._recorder.broken))
        for command in commands:
            if self.observers:
                self._unseen.append(command)
            kind = type(command)
            if kind is Latched:
                if self.on_latch is not None:
                    # Kept before the cancels that follow it are with the sockets.
                    self.on_latch()
                continue
            if (
                kind is Alert or kind is StrategyPaused or kind is Difference or kind is Reconciled
                or kind is PositionChanged or kind is ProfitMarked or kind is HedgeRouted
            ):
                # News of the engine itself: for the recording and for people.
                continue
            if is_kept_back and (kind is Place or kind is Amend):
                self.take((self._kept_back(now_ns, command, self._refused(), LOCAL),))
                heard = True
                continue
            if kind is Place:
                venue = (<Place>command).venue
            elif kind is Amend:
                venue = (<Amend>command).venue
            else:
                venue = <str?>command.venue
            link = self.links[venue]
            if isinstance(link, LinkCore):
                events = (<LinkCore>link).take_command(now_ns, command)
            else:
                events = link.submit(now_ns, command)
            if events:
                heard = True
                self.take(events)
            if self.on_output is not None and not same(venue, source) and self.on_output(venue) is False:
                self._is_void = is_kept_back = True
        return heard

    cdef str _refused(self):
        """Why an intent is kept back that the journal does not have, or that nobody is left to send."""
        if self._recorder is not None and self._recorder.broken:
            return f"the journal does not take it: {self._recorder.broken}"
        return "what sends has failed and the run ends"

    cdef _kept_back(self, int64_t now_ns, command, str why, str code):
        """The end of an intent of which not one byte leaves; why: without `KEPT_BACK`."""
        why = KEPT_BACK + why
        if type(command) is Place:
            return OrderDenied(now_ns, 0, command.venue, command.client_id, EMPTY, why)
        if type(command) is Cancel:
            return CancelRejected(now_ns, 0, command.venue, command.client_id, command.venue_id, why, code, False)
        return AmendRejected(now_ns, 0, command.venue, command.client_id, command.venue_id, why, code)

    cdef int _halt(self, int64_t now_ns) except -1:
        """Without a journal nothing new is risked, until an operator has seen to it."""
        if (HALT, EMPTY) in self.engine.ladder.latches:
            return 0
        self.take((Latched(now_ns, HALT, EMPTY, True, JOURNAL, self._recorder.broken),))
        if self.on_latch is not None:
            self.on_latch()
        return 0

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
        self.venue = intern(venue)
        self.link = link

    cpdef frame(self, int64_t now_ns, str channel, bytes payload, bint last=True):
        """Take a whole message; last: nothing more is read already, so it is time to decide (an empty one only says
        so)."""
        if payload:
            if isinstance(self.link, LinkCore):
                events = (<LinkCore>self.link).take_frame(now_ns, channel, payload)
            else:
                events = self.link.frame(now_ns, channel, payload)
            if events:
                self.driver.take(events)
        if last:
            self.driver.decide(now_ns, self.venue)

    @property
    def waits(self):
        """Whether orders wait for the disk."""
        return bool(self.driver._held)

    cpdef drain(self):
        """Take the actions since the last call, in order; when there are none, all before are with the sockets."""
        if isinstance(self.link, LinkCore):
            actions = (<LinkCore>self.link).taken_actions()
        else:
            actions = self.link.drain()
        if not actions:
            if self.driver._settle is not None:
                self.driver._settle()
            if self.driver._unseen:
                self.driver.show()
        return actions

"""The durable stream of events: what a restart must know, in the kernel's hands before anything acts on it.

Intents, what the venue says in private, the operator, the policy and the latches are durable; market data is not, and
the durable state never depends on it. `mm._core.Journal` keeps the bytes, `docs/journal.md` says what is promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final, Literal

from mm._core import Journal, JournalError, JournalReader, SnapshotSaving, events
from mm._core.events import FORMAT_VERSION, READABLE_FORMS, Event, pack, unpack

Policy = Literal["os", "group", "always"]
POLICIES: Final[tuple[Policy, ...]] = ("os", "group", "always")


class Kind(IntEnum):
    """What a record is, for readers that do not unpack it."""

    INTENT = 1
    PRIVATE = 2
    OPERATOR = 3
    POLICY = 4
    LATCH = 5
    REOPENED = 0xFFFF_FFFF
    """No event, but the journal's own word: it had failed and was opened again here, and what happened since the record
    before is in no record."""


SEGMENT: Final = ".mmj"
"""How the name of a journal's file of records ends."""
PATIENCE_NS: Final = 5_000_000
"""A sound disk syncs in less; a loop that stands for longer hears no kill."""

SOON: Final = frozenset((Kind.INTENT, Kind.OPERATOR, Kind.LATCH))
"""Kinds that wait for no disk when they are appended: a kill, its cancels, orders (whose bytes wait for `commit`)."""


DURABLE: Final[dict[type[Event], Kind]] = {
    **dict.fromkeys((events.Place, events.Amend, events.Cancel, events.CancelAfter), Kind.INTENT),
    **dict.fromkeys(
        (
            events.OrderPending,
            events.OrderAccepted,
            events.OrderRejected,
            events.OrderCanceled,
            events.OrderExpired,
            events.OrderAmended,
            events.AmendRejected,
            events.CancelRejected,
            events.OutcomeUnknown,
            events.OrderReport,
            events.OrderAbsent,
            events.OrderDenied,
            events.OpenOrdersRead,
            events.Fill,
            events.Balance,
            events.BalanceChange,
            events.ForeignOrders,
            events.FeeRates,
            events.TimerSet,
            events.PositionReport,
            events.FundingPaid,
            events.MarginReport,
            events.LiquidationRisk,
            events.AccountRead,
            events.Difference,
            events.Reconciled,
            events.PositionChanged,
            # Once it is up, the account was read: what is there now was there before, and no fill is missing.
            events.LinkChanged,
        ),
        Kind.PRIVATE,
    ),
    events.Operator: Kind.OPERATOR,
    events.Start: Kind.POLICY,
    events.SettingsChanged: Kind.POLICY,
    # What the integers of all the others mean: without it no reader could tell a price.
    events.InstrumentUpdate: Kind.POLICY,
    events.StrategyPaused: Kind.LATCH,
    events.Latched: Kind.LATCH,
    events.ProfitMarked: Kind.LATCH,
}
"""By type. What is not here is market data, a timer, a read or a word to the user: each comes anew."""


class EventJournal:
    """The journal of a state folder, in events.

    folder: of the journal; epoch: of this start; build: of this program; now_ns: UTC. A torn tail is cut and told in
    `notices`. Raises JournalError: the folder is locked, damaged, of another form, or cannot be written.
    """

    def __init__(self, folder: Path, *, epoch: int, build: str, now_ns: int, policy: Policy = "os") -> None:
        self._journal = Journal(
            str(folder), epoch=epoch, form=FORMAT_VERSION, build=build, now_ns=now_ns, policy=policy
        )
        self.append = self._journal.append
        """Of the journal itself: (kind, payload, wall_ns, mono_ns)."""
        self.append_soon = self._journal.append_soon
        """As `append`, and waits for no disk in any policy."""
        self.policy = policy
        self.notices = self._journal.notices

    def record(self, event: Event, wall_ns: int, mono_ns: int) -> bool:
        """Take an event if it is durable; returns whether it is.

        The kernel has it when this returns. Raises JournalFailed: an intent that it was raised for must not be sent.
        """
        kind = DURABLE.get(type(event))
        if kind is None:
            return False
        self.append(kind, pack(event), wall_ns, mono_ns)
        return True

    def append_briefly(self, kind: int, payload: bytes, wall_ns: int, mono_ns: int) -> int:
        """As `append`, and waits no longer than a loop may stand: on a slower disk a thread has it there soon after."""
        return self._journal.append_within(kind, payload, wall_ns, mono_ns, PATIENCE_NS)

    def commit(self) -> bool:
        """Whether the disk has what the policy promises, after the last intent that takes a risk and before its bytes
        leave. Waits for it no longer than a loop may stand: ask again."""
        return self._journal.commit_within(PATIENCE_NS)

    def sync(self) -> None:
        """Wait until the disk has everything."""
        self._journal.sync()

    def snapshot(self) -> tuple[int, bytes] | None:
        """The state that recovery begins with: (hash, state), None before the first.

        Raises JournalError for one of another form.
        """
        found = self._journal.snapshot()
        if found is None:
            return None
        _, _, state_hash, form, state = found
        if form not in READABLE_FORMS:
            raise JournalError(f"a snapshot in form {form}, this build reads form {FORMAT_VERSION}")
        return state_hash, state

    def recovered(self) -> Iterator[Event]:
        """The events behind that snapshot, in order: to be applied, without a decision."""
        return events_of(self._journal.records())

    def begin_snapshot(self, state: bytes, state_hash: int, wall_ns: int) -> SnapshotSaving:
        """Begin to keep the state that all events so far made, in a thread: the next start begins with it.

        Nothing here waits for the disk. Raises JournalError, ValueError while another one is under way.
        """
        return self._journal.begin_snapshot(state, state_hash, wall_ns)

    def begin_anew(self, state: bytes, state_hash: int, wall_ns: int) -> None:
        """Begin to open it again after a failure, with the state that all events so far made, in a thread.

        Events from here on are to be appended once `go_on` says so. Raises JournalError, ValueError for one that is
        sound.
        """
        self._journal.begin_anew(state, state_hash, wall_ns)

    def fail(self, reason: str) -> None:
        """Take nothing more: what should have been appended was not."""
        self._journal.fail(reason)

    def go_on(self) -> bool:
        """Whether it takes events again, False while that is under way. Raises JournalError when it failed."""
        return self._journal.go_on()

    @property
    def next_index(self) -> int:
        """Index that the next record gets."""
        return self._journal.next_index

    @property
    def durable_index(self) -> int:
        """Records below it are known to be on the disk."""
        return self._journal.durable_index

    @property
    def failure(self) -> str:
        """Why nothing more is taken; empty while all is well."""
        return self._journal.failure

    def close(self, wall_ns: int, mono_ns: int) -> None:
        """Put everything on the disk, say so, and let the next one in."""
        self._journal.close(wall_ns, mono_ns)


def events_of(reader: JournalReader) -> Iterator[Event]:
    """The events that a reader finds. Raises JournalError for records in another form, before the first of them."""
    for name, _, _, _, _, form, build in reader.segments():
        if form not in READABLE_FORMS:
            raise JournalError(
                f"{name}: events in form {form} by build {build}, this build reads form {FORMAT_VERSION}"
            )
    for index, _, _, kind, payload in reader:
        if kind == Kind.REOPENED:
            continue
        try:
            yield unpack(payload)
        except ValueError as error:
            raise JournalError(f"record {index}: {error}") from error

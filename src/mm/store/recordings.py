"""What the journal cannot tell, from the recordings: decisions and their reasons, parts of the profit, hedge costs.

A recording is the market and all that the journal has, so that a fresh engine is where the run's engine was. It goes
through one here, as for `mm why`, while the run goes on and far behind it. A recording that is gone, or of strategies
that are not here, leaves these tables as they are, and no other table is made of it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.events import unpack
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.persistence.recording import Recording, RecordingError
from mm.store.amounts import amount_text, units_text
from mm.store.database import Database, StoreError
from mm.store.tables import CURSORS, DECISIONS, NOTES, PAYMENTS, PROFITS, Row

if TYPE_CHECKING:
    from mm.screen.explaining import Explainer, Record

CURSOR: Final = "recordings"
SLICE_S: Final = 0.1
"""Of work at a time: the journal is looked at in between."""
LOOK: Final = 64
"""Events between two looks at the clock."""
MINUTE_NS: Final = 60_000_000_000
DECISIONS_NS: Final = 30 * 86_400_000_000_000
"""How long decisions are kept: a busy symbol makes some 40 MB of them a day."""
COST_DIGITS: Final = 24
"""Of 10^-12 of an asset at 10^-12 of a currency."""


class Tail(Recording):
    """A recording that may still grow."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.position = self._start

    def new(self) -> Iterator[Any]:
        """The events behind the last one that was given; what is written meanwhile is for the next time."""
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = len(data)
            while self.position < end:
                body = self._body(data, self.position, end)
                if body is None:
                    return
                start, self.position = body
                try:
                    event = unpack(data[start : self.position])
                except ValueError as error:
                    raise RecordingError(f"{self.path}: record at byte {start}: {error}") from error
                yield event


class Recordings:
    """Takes the recordings of a state folder in, a slice at a time. folder: of the recordings."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._tail: Tail | None = None
        self._explainer: Explainer | None = None
        found = database.rows(CURSORS.name, "WHERE name = :name", {"name": CURSOR})
        self._done = found[0]["epoch"] if found else 0
        """The last epoch that is whole."""
        self._epoch = 0
        self._number = 0
        self._last: Record | None = None
        self._decisions: list[Row] = []
        self._minute = -1
        self._profits: dict[int, Row] = {}
        self._costs: list[tuple[str, Any]] = []
        self._paid: dict[str, tuple[int, Any]] = {}

    def step(self, seconds: float = SLICE_S) -> bool:
        """Work for so long; returns whether there is more to do. Raises StoreBusy and StoreError."""
        try:
            return self._step(perf_counter() + seconds)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a user's strategy may raise whatever it likes, here as in the run
            self._give_up(str(error) or type(error).__name__)
            return True

    def _step(self, until_s: float) -> bool:
        waiting = self._waiting()
        if not waiting:
            return False
        path = waiting[0]
        if self._tail is None or self._tail.path != path:
            self._begin(path)
        assert self._tail is not None
        is_all = True
        for count, event in enumerate(self._tail.new()):
            self._take(event)
            if count % LOOK == 0 and perf_counter() > until_s:
                is_all = False
                break
        # A later one means that nothing follows in this one.
        is_over = is_all and len(waiting) > 1
        self._write(is_over=is_over)
        return not is_all or is_over

    def _waiting(self) -> list[Path]:
        """Recordings that are not whole yet, oldest first; the last of them may still grow."""
        found = [path for path in self._folder.glob("*.mmr") if path.stem.isdecimal() and int(path.stem) > self._done]
        return sorted(found, key=lambda path: int(path.stem))

    def _begin(self, path: Path) -> None:
        self._forget()
        self._epoch = int(path.stem)
        self._tail = Tail(path)

    def _forget(self) -> None:
        self._tail = self._explainer = self._last = None
        self._number, self._minute = 0, -1
        self._decisions, self._costs, self._paid, self._profits = [], [], {}, {}

    def _take(self, event: Any) -> None:
        from mm.screen.explaining import Explainer

        if self._explainer is None:
            if not isinstance(event, ev.Start):
                raise RecordingError("it does not begin with the start of a run")
            self._explainer = Explainer(event)
            return
        for record in self._explainer.take(event):
            self._decided(record)
        if type(event) in (ev.Fill, ev.FundingPaid, ev.Operator) or event.recv_ns // MINUTE_NS > self._minute:
            self._profited(event.recv_ns)
        if type(event) is ev.Fill:
            self._hedged()

    def _decided(self, record: Record) -> None:
        if self._last is not None and self._last.absorb(record):
            record = self._last
        else:
            self._number += 1
            self._last = record
        row = {
            "epoch": self._epoch,
            "number": self._number,
            "at_ns": record.now_ns,
            "until_ns": record.until_ns,
            "times": record.times,
            "is_silence": int(record.is_silence),
            "venue": record.venue,
            "symbol": record.symbol,
            "strategy": record.strategy,
            "cause": record.cause,
            "text": "\n".join(record.lines),
            "did": "\n".join(record.did),
        }
        if self._decisions and self._decisions[-1]["number"] == self._number:
            self._decisions[-1] = row
        else:
            self._decisions.append(row)

    def _profited(self, now_ns: int) -> None:
        """The terms as they are now stand for this minute."""
        assert self._explainer is not None
        terms = self._explainer.engine.accounts.terms()
        self._minute = now_ns // MINUTE_NS
        row: Row = {"epoch": self._epoch, "minute": self._minute, "at_ns": now_ns}
        for name in ("spread", "inventory", "fees", "hedging", "funding", "conversion", "held"):
            row[name] = units_text(getattr(terms, name), DOLLAR_DIGITS)
        self._profits[self._minute] = row | {"unvalued": ", ".join(terms.unvalued)}

    def _hedged(self) -> None:
        """Payments that the desks' ledgers have since the last look, with what they cost."""
        assert self._explainer is not None
        for name, desk in self._explainer.engine.desks.items():
            payments = desk.ledger.payments
            _, last = self._paid.get(name, (0, None))
            fresh = []
            for payment in reversed(payments):
                if payment is last:
                    break
                fresh.append(payment)
            if fresh:
                self._paid[name] = (len(payments), fresh[0])
                self._costs += [(name, payment) for payment in reversed(fresh)]

    def _write(self, *, is_over: bool) -> None:
        """Write what a slice made. The journal's rows of payments may come later: their costs wait for them."""
        batch: dict[str, list[Row]] = {DECISIONS.name: self._decisions, PROFITS.name: list(self._profits.values())}
        costs, waiting = [], []
        for desk, payment in self._costs:
            rows = self._payments(desk, payment) if payment.cost2 is not None else []
            costs += [row | {"cost": units_text(payment.cost2 * 5, COST_DIGITS + 1)} for row in rows]
            if not rows and payment.cost2 is not None and not is_over:
                waiting.append((desk, payment))
        batch[PAYMENTS.name] = costs
        if is_over:
            batch[CURSORS.name] = [{"name": CURSOR, "owner": "", "epoch": self._epoch, "record": 0}]
        if any(batch.values()):
            self._database.write(batch)
        self._decisions, self._costs, self._profits = [], waiting, {}
        if is_over:
            self._done = self._epoch
            if self._last is not None:
                self._database.prune(DECISIONS.name, "at_ns", self._last.now_ns - DECISIONS_NS)
            self._forget()

    def _payments(self, desk: str, payment: Any) -> list[Row]:
        """The rows of a payment."""
        where = "WHERE desk = :desk AND epoch = :epoch AND owner = :owner AND paid_ns = :paid"
        values = {"desk": desk, "epoch": self._epoch, "owner": payment.owner, "paid": payment.paid_ns}
        found = self._database.rows(PAYMENTS.name, where, values)
        amount = amount_text(payment.amount)
        return [row for row in found if row["kind"] != "netted" and row["amount"] == amount]

    def _give_up(self, reason: str) -> None:
        """A recording that cannot be replayed: told once, and left out."""
        epoch = self._epoch or max((int(path.stem) for path in self._waiting()[:1]), default=0)
        note = {"epoch": epoch, "record": -1, "at_ns": 0, "kind": "recording", "subject": f"{epoch:08d}.mmr"}
        cursor = {"name": CURSOR, "owner": "", "epoch": epoch, "record": 0}
        self._database.write({NOTES.name: [note | {"text": reason}], CURSORS.name: [cursor]})
        self._done = epoch
        self._forget()

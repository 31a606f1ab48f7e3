"""The bot on its test stand with a journal on the disk: a start that follows takes over what the one before left."""

from __future__ import annotations

from dataclasses import replace
from shutil import copytree

from mm._core import JournalReader
from mm.config.canonical import from_json
from mm.conformance.stand import Stand
from mm.engine import Engine
from mm.engine.recovery import recover
from mm.instruments import AMOUNT_PRECISION
from mm.persistence.journal import EventJournal, events_of
from mm.persistence.recorder import MemoryRecorder
from tests.conformance.venues import VENUES

BUY, SELL = 1, -1


class Journalled(MemoryRecorder):
    """A recorder with a journal, as `FileRecorder` is; `is_full`: it takes nothing any more."""

    def __init__(self, journal):
        super().__init__(keep=True)
        self.journal = journal

    def record(self, event):
        self.journal.record(event, event.recv_ns, 0)
        super().record(event)


class Restarted(Stand):
    """`kill` and `restart` as ever; what the new start has of the old one is in the folder alone."""

    def __init__(self, venue, folder, *, seed=1):
        self.folder = folder / "0"
        super().__init__(venue, seed=seed)

    def _bot(self, now_ns):
        if self.epoch:
            # What a killed process leaves is its files; its objects live on here, and hold the lock of theirs.
            left, self.folder = self.folder, self.folder.with_name(str(self.epoch))
            copytree(left, self.folder)
        self.journal = EventJournal(self.folder, epoch=self.epoch + 1, build="", now_ns=now_ns)
        self.recovery = recover(self.journal.snapshot(), self.journal.recovered(), self._made, Engine)
        port = super()._bot(now_ns)
        taken_over = self.recovery.event(now_ns)
        if taken_over is not None:
            self.recorder.record(taken_over)
            self.engine.apply(taken_over)
        return port

    def make_recorder(self):
        return Journalled(self.journal)

    def _made(self, start):
        return from_json(start.config), {self.name: self.case.face}

    def judge(self, foreign=()):
        """Our books over all starts against the venue's ledger, to the unit."""
        self.until("ready before the end", self.is_ready)
        self.until("nothing in doubt", lambda: not self.engine.orders.unsettled() and not self.engine.earlier)
        self.run(2)
        ours = {order.client_id for order in self.engine.orders.open()}
        assert ours == {each.client_id for each in self.standing()} - set(foreign)
        trades = self.counterpart.trades()
        position = self.market.position
        assert position.quantity == sum(trade.side * trade.size for trade in trades), "I5: the position"
        assert position.cash == -sum(trade.side * trade.price * trade.size for trade in trades), "I5: the cash"
        assert position.fill_count == len(trades), "I4: executions"
        for asset in self.counterpart.assets:
            assert self.venue.balances.get(asset, 0) == self.counterpart.balance(asset, AMOUNT_PRECISION), (
                f"I5: {asset}"
            )
        unexplained = self.engine.reconciling.unexplained
        assert not unexplained, f"I5: unexplained: {unexplained}"
        events = events_of(JournalReader(str(self.folder)))
        again = recover(None, events, self._made, Engine)
        assert not again.skipped
        assert again.engine.durable_hash() == self.engine.durable_hash()


def cases():
    """Every venue; none takes back by itself what a dead process has left."""
    found = {}
    for venue in VENUES:
        name = f"{venue.face.name}-{venue.mode}" if venue.mode else venue.face.name
        found[name] = replace(venue, settings={**venue.settings, "dead_man_switch_s": 0})
    return found

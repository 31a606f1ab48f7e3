"""F79: what a run keeps does not grow with how long it runs: orders, executions, connections, descriptors, tasks.

Orders in memory under virtual time, by everything that the driver holds on to; connections over real sockets.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import os
from collections import Counter, deque
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType

from mm._core import events as ev
from mm._core.known_orders import KnownOrders
from mm.engine import engine as engines
from mm.exchanges.mexc_spot import fills as mexc_fills
from mm.live.shell import Shell
from mm.net.actions import Connect, Disconnect
from mm.net.websocket import WebSocket
from tests.backtest.brief_market import recorded
from tests.faults import quoted
from tests.faults.hedged import CAMPAIGN
from tests.faults.quoted import KRAKEN, MEXC, Quoted, each
from tests.faults.test_socket_faults import talk
from tests.net.conftest import serve_script

RECONCILED = "[run]\nreconcile_s = 0\n"
"""A comparison tells the fills of the last minute again: they would be strangers' here."""
KEPT_MAX = 5
"""How much is kept instead of thousands, so that named limits are met soon."""
ROUND = 50
"""Orders between two looks."""
RECONNECTS = 1000 if CAMPAIGN else 100
NO_DATA = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, FrameType)


def held_by(root, without=()):
    """Every object that can be reached, by its type; not through what is in `without`, nor what bounds itself."""
    seen = {id(each) for each in without} | {id(each) for each in (globals(), without)}
    waiting, found = [root], Counter()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, NO_DATA) or (isinstance(each, deque) and each.maxlen is not None):
            continue
        seen.add(id(each))
        found[type(each).__name__] += 1
        waiting += gc.get_referents(each)
    return found


class Growing(Quoted):
    def __init__(self, *arguments, **options):
        self.n_placed = 0
        super().__init__(*arguments, **options)
        self.driver.observers.append(self._count)

    def _count(self, event):
        if type(event) is ev.Place:
            self.n_placed += 1

    def kept(self):
        """By type; without what this test and the recorder keep, which is everything, and the newest fills, of which
        native code keeps at most 4,000 for their names."""
        observers, self.driver.observers[:] = list(self.driver.observers), []
        named = [venue.named_fills for venue in self.engine.venues.values() if venue.named_fills is not None]
        try:
            return held_by(self.driver, (self.recorder, self.recorder.events, *named))
        finally:
            self.driver.observers[:] = observers

    def place(self, count):
        until = self.n_placed + count
        self.run(30 * count, done=lambda: self.n_placed >= until)
        assert self.n_placed >= until, "too few orders: it proves nothing"


@each(MEXC, KRAKEN)
def test_f79_what_is_kept_does_not_grow_with_the_orders_that_were_made(tmp_path, venue, seed, monkeypatch):
    monkeypatch.setattr(engines, "CLOSED_MAX", KEPT_MAX)
    monkeypatch.setattr(engines, "EXECUTIONS_MAX", KEPT_MAX)
    monkeypatch.setattr(mexc_fills, "FILLS_MAX", KEPT_MAX)
    for name in (KRAKEN, MEXC):
        few = functools.partial(KnownOrders, KEPT_MAX, KEPT_MAX)
        monkeypatch.setattr(importlib.import_module(f"mm.exchanges.{name}.codec"), "KnownOrders", few)
    monkeypatch.setattr(quoted, "SETTINGS", RECONCILED + quoted.SETTINGS)
    growing = Growing(tmp_path, venue, seed=seed, refresh=50, entries_of=recorded)
    growing.place(ROUND)
    before = growing.kept()
    growing.place(ROUND)
    grown = growing.kept() - before
    grown_most = grown.most_common(5)
    assert sum(grown.values()) < ROUND, f"F79: after {ROUND} orders more there are more of {grown_most}"
    growing.come_to_rest()


class Reconnecting:
    """A machine that gives up its connection once it stands and makes another, so many times."""

    def __init__(self, url, count):
        self.url, self.left = url, count
        self.actions = [Connect("public", url)]
        self.over = asyncio.Event()

    def drain(self):
        actions, self.actions = self.actions, []
        return actions

    def opened(self, now_ns, channel):
        if self.left:
            self.left -= 1
            self.actions += [Disconnect(channel, "again"), Connect(channel, self.url)]
        else:
            self.over.set()

    def closed(self, now_ns, channel, code, reason):
        raise AssertionError(f"{channel} was closed: {code} {reason}")

    def start(self, now_ns):
        pass

    stop = start

    def frame(self, now_ns, channel, payload, last):
        pass

    def next_deadline(self):
        return 0


def used():
    """Descriptors, tasks and connections of this process."""
    gc.collect()
    sockets = sum(type(each) is WebSocket for each in gc.get_objects())
    return len(os.listdir("/dev/fd")), len(asyncio.all_tasks()), sockets


async def test_f79_connections_that_were_given_up_leave_nothing_although_their_peer_holds_them():
    # The peer neither answers a close nor ends: only our side can.
    async with serve_script(talk) as port:
        machine = Reconnecting(f"ws://127.0.0.1:{port}/v2", 5)
        shell = Shell(machine, {})
        shell.start()
        await machine.over.wait()
        before = used()
        machine.left = RECONNECTS
        machine.over.clear()
        shell.tell(lambda now_ns: machine.opened(now_ns, "public"))
        await asyncio.wait_for(machine.over.wait(), 60 + RECONNECTS)
        # The peer, in this process too, notices the last ones a turn later.
        for _ in range(200):
            after = used()
            if after[0] <= before[0] + 4:
                break
            await asyncio.sleep(0.02)
        shell.stop()
        await shell.wait_closed()
    names = ("descriptors", "tasks", "connections")
    grown = {name: now - then for name, then, now in zip(names, before, after, strict=True) if now > then + 4}
    assert not grown, f"F79: {RECONNECTS} connections later there are more {grown}"

"""Orders that wait for a disk that hangs, and are not wanted any more, under a whole session: the venue never sees
them, and the recording and the journal say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from mm._core import JournalReader
from mm._core import events as ev
from mm._core.orders import Order
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.engine.recovery import Recovery, lost_requests, recover
from mm.exchanges import find
from mm.persistence.journal import EventJournal, Policy, events_of
from mm.persistence.recorder import FileRecorder, MemoryRecorder
from mm.persistence.recording import read
from mm.simulator.market import ACCOUNT
from mm.strategies import parameters_of
from tests.backtest.session import START, Session

BUY, SELL = 1, -1
POLICIES = ["group", "always"]
FACES = {"kraken": find("kraken")}


class Hanging(EventJournal):
    """A journal whose disk takes no order while it hangs."""

    hangs = False

    def commit(self) -> bool:
        return not self.hangs and super().commit()


class Waiting(Session):
    """A session whose orders can be made to wait."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.folder = folder
        self.journal = Hanging(folder / "journal", epoch=1, build="", now_ns=START, policy=policy)
        recorder = FileRecorder(folder / "run.mmr", build="", created_ns=START, journal=self.journal)
        super().__init__(folder, recorder=recorder)

    def say(self, action: str, argument: str = "") -> None:
        self.world.tell(lambda now_ns: self.driver.operate(now_ns, action, argument))

    def latch(self, step: str, scope: str = "") -> None:
        self.world.tell(
            lambda now_ns: self.driver.latch(now_ns, [ev.Latched(now_ns, step, scope, True, "operator", "")])
        )

    def wait(self) -> list[Order]:
        """Nothing stands any more, and fresh quotes wait for the disk."""
        self.say("pause")
        self.run(3)
        assert self.engine.orders.n_open == 0
        self.journal.hangs = True
        self.say("resume")
        self.run(0.1)
        found = list(self.engine.orders.open())
        assert {order.side for order in found} == {BUY, SELL}
        assert not any(self.is_seen(order) for order in found)
        return found

    def is_seen(self, order: Order) -> bool:
        return self.exchange.by_client_id(ACCOUNT, order.client_id) is not None

    def check(self) -> None:
        """Both books, a replay of the recording, and what a start would find in the journal."""
        self.journal.hangs = False
        assert self.stop()
        self.check_orders()
        self.recorder.close()
        start, *events = read(self.folder / "run.mmr")
        assert isinstance(start, ev.Start)
        again = Engine(start, from_json(start.config, parameters_of), FACES, MemoryRecorder())
        for event in events:
            again.apply(event)
        assert again.state_hash() == self.engine.state_hash(), "a replay ends elsewhere"
        found = recovered(self.folder / "journal")
        assert found.engine is not None
        assert found.engine.durable_hash() == self.engine.durable_hash(), "a start goes on elsewhere"

    def check_orders(self) -> None:
        """Each own order is at the venue, or was denied."""
        events = list(read(self.folder / "run.mmr"))
        placed = {event.client_id for event in events if isinstance(event, ev.Place)}
        denied = {event.client_id for event in events if isinstance(event, ev.OrderDenied)}
        there = {each.request.client_id for each in self.exchange.closed_orders(ACCOUNT)}
        assert placed - there == denied


def recovered(folder: Path) -> Recovery:
    def made(start: ev.Start) -> tuple[object, object]:
        return from_json(start.config, parameters_of), FACES

    return recover(None, events_of(JournalReader(str(folder))), made, Engine)


def tighter(session: Waiting) -> None:
    """The same strategy wants to stand elsewhere."""
    settings = session.settings
    btc = settings.strategies["btc"]
    wide = replace(btc, parameters=replace(btc.parameters, spread_bps=Decimal(3)))
    config = to_json(replace(settings, strategies={"btc": wide}))
    session.world.tell(lambda now_ns: session.driver.change(now_ns, config))


WORDS: dict[str, Callable[[Waiting], object]] = {
    "pause": lambda session: session.say("pause"),
    "pause of the strategy": lambda session: session.say("pause", "btc"),
    "halt": lambda session: session.latch("halt"),
    "re-quote": tighter,
    "a loop that stood still": lambda session: session.world.tell(
        lambda now_ns: (session.driver.stalled(now_ns, 10**9), session.driver.decide(now_ns, ""))
    ),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("word", WORDS)
def test_f75_no_order_that_waits_leaves_after_the_word(tmp_path: Path, policy: Policy, word: str) -> None:
    session = Waiting(tmp_path, policy)
    session.run(3)
    waiting = session.wait()
    WORDS[word](session)
    session.run(0.05)
    assert {order.state.name for order in waiting} == {"DENIED"}
    session.journal.hangs = False
    session.run(3)
    assert not any(session.is_seen(order) for order in waiting), f"F75: an order left after the {word}"
    stand = {order.side for order in session.engine.orders.open()}
    assert stand == ({BUY, SELL} if word in ("re-quote", "a loop that stood still") else set())
    session.check()


@pytest.mark.parametrize("policy", POLICIES)
def test_f75_a_side_that_is_paused_does_not_hold_the_other_back(tmp_path: Path, policy: Policy) -> None:
    session = Waiting(tmp_path, policy)
    session.run(3)
    bid, ask = sorted(session.wait(), key=lambda order: -order.side)
    session.latch("pause-side", "side=buy")
    session.journal.hangs = False
    session.run(3)
    assert bid.state.name == "DENIED"
    assert not session.is_seen(bid), "F75: an order left on a side that was paused"
    assert session.is_seen(ask) or ask.state.name == "DENIED"
    assert {order.side for order in session.engine.orders.open()} == {SELL}
    session.check()


@pytest.mark.parametrize("policy", POLICIES)
def test_f75_under_reduce_only_an_order_that_reduces_still_leaves(tmp_path: Path, policy: Policy) -> None:
    session = Waiting(tmp_path, policy)
    for _ in range(60):
        session.run(1)
        if session.market.position.quantity:
            break
    held = session.market.position.quantity
    assert held, "nothing was bought or sold"
    reduces = SELL if held > 0 else BUY
    adds = next(order for order in session.wait() if order.side != reduces)
    session.latch("reduce-only")
    session.journal.hangs = False
    session.run(1)
    assert adds.state.name == "DENIED"
    assert not session.is_seen(adds), "F75: an order that adds left under reduce-only"
    assert {order.side for order in session.engine.orders.open()} <= {reduces}
    there = session.exchange.closed_orders(ACCOUNT) + session.exchange.open_orders(ACCOUNT)
    assert any(each.request.side == reduces and each.created_ns > adds.created_ns for each in there)
    session.check()


@pytest.mark.parametrize("policy", POLICIES)
def test_f72_a_start_after_a_kill_asks_for_what_waited_and_knows_what_was_taken_back(
    tmp_path: Path, policy: Policy
) -> None:
    session = Waiting(tmp_path, policy)
    session.run(3)
    waiting = session.wait()
    shutil.copytree(tmp_path / "journal", tmp_path / "between")
    session.say("pause")
    shutil.copytree(tmp_path / "journal", tmp_path / "after")
    names = {order.client_id for order in waiting}
    for folder, asked in (("between", names), ("after", set())):
        engine = recovered(tmp_path / folder).engine
        assert engine is not None
        engine.begin()
        lost = lost_requests(engine, "kraken", session.world.now_ns)
        assert {each.client_id for each in lost if each.request == "place"} == asked
        assert {order.client_id for order in engine.orders.open()} == asked
    session.check()

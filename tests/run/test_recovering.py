"""A bot as a process of its own that is killed and started again, judged by the simulated venue's ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

import pytest

from mm._core import JournalError, JournalReader, events
from mm.config import Environment, load
from mm.config.canonical import to_json
from mm.errors import ConfigError
from mm.live.recovering import read_back
from mm.persistence.journal import EventJournal, events_of
from mm.screen.amounts import plain
from mm.simulator import world as simulator
from tests.one_venue import ONE_VENUE
from tests.run.bot_process import BotProcess, eventually, ledger

Start = Callable[..., BotProcess]


def held(state: Path) -> str:
    """What the venue's executions add up to."""
    sides = {"buy": 1, "sell": -1}
    net = sum(sides[fill["side"]] * Decimal(fill["size"]) for fill in ledger(state)["fills"])
    return plain(int(net.scaleb(8)), 8)


def test_f72_a_process_that_is_killed_goes_on_with_position_and_fills(start: Start, state: Path) -> None:
    """Guard: what the journal holds is applied before the venue is asked, and the venue from there."""
    first = start()
    first.until_fills(1)
    first.kill()
    second = start()
    second.until_said("Goes on where the last start ended")
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    second.kill()
    third = start()
    third.until_fills(2)
    code, end = third.stop()
    assert (code, end["clean"]) == (0, True)
    books = ledger(state)
    assert books["open_orders"] == []
    found = list(events_of(JournalReader(str(state / "journal"))))
    fills = {event.execution_id for event in found if isinstance(event, events.Fill)}
    assert fills == {fill["execution_id"] for fill in books["fills"]}
    assert end["positions"] == [f"{held(state)} BTC from this run and those before on kraken"]
    places = [event.client_id for event in found if isinstance(event, events.Place)]
    assert len(set(places)) == len(places)
    assert sum(isinstance(event, events.Start) for event in found) == 3


def test_what_is_told_at_an_end_and_at_a_start_is_less_by_fees_that_were_taken_of_it(start: Start, state: Path) -> None:
    first = start()
    first.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    world = simulator.find(state)
    assert world is not None
    world.control("hooks", [{"on": "clock", "action": "fee_asset", "text": "base", "at_s": 0}])
    eventually(state, lambda books: any(fill["fee_asset"] == "BTC" for fill in books["fills"]))
    code, end = first.stop()
    assert (code, end["clean"]) == (0, True)
    taken = sum(Decimal(fill["fee"]) for fill in ledger(state)["fills"] if fill["fee_asset"] == "BTC")
    left = plain(int((Decimal(held(state)) - taken).scaleb(8).to_integral_value(ROUND_FLOOR)), 8)
    assert left != held(state)
    assert end["positions"] == [f"{left} BTC from this run on kraken"]
    start().until_said(f"UTC, {left} BTC on kraken")


def test_an_orderly_end_and_another_start_go_on_without_a_halt(start: Start, state: Path) -> None:
    first = start()
    first.until_fills(1)
    assert first.stop()[0] == 0
    second = start()
    second.until_fills(1)
    code, end = second.stop()
    assert (code, end["clean"]) == (0, True)
    assert "halted" not in second.text()
    assert end["positions"] == [f"{held(state)} BTC from this run and those before on kraken"]


def settings(state: Path):
    return load(ONE_VENUE, Environment({}), {("run", "state"): str(state)})


def test_the_journal_of_another_world_is_refused(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    live = to_json(chosen).replace(b'"world":"sim"', b'"world":"live"')
    assert live != to_json(chosen)
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0)
    journal.record(events.Start(1, 1, 1, live), 1, 0)
    journal.close(0, 0)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=0)
    with pytest.raises(ConfigError, match="what it holds is of world live"):
        read_back(journal, chosen)


def test_a_journal_without_a_beginning_is_refused_with_what_to_do(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0)
    journal.record(events.Operator(1, "pause", ""), 1, 0)
    journal.close(0, 0)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=0)
    with pytest.raises(JournalError, match=r"does not begin with a start.*mm journal verify"):
        read_back(journal, settings(tmp_path))


def test_a_first_start_takes_over_nothing(tmp_path: Path) -> None:
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0)
    assert read_back(journal, settings(tmp_path)).event(1) is None


def test_what_cannot_be_applied_is_told_and_passed_over(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=0)
    journal.record(events.Start(1, 1, 1, to_json(chosen)), 1, 0)
    journal.record(events.Cancel(2, "kraken", "BTC/USD", "never", "", "x"), 2, 0)
    journal.record(events.Operator(3, "pause", ""), 3, 0)
    journal.close(0, 0)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="", now_ns=0)
    found = read_back(journal, chosen)
    assert found.engine is not None
    assert found.engine.is_paused
    (skipped,) = found.skipped
    assert skipped.startswith("Cancel at 2: LocalError: there is no order 'never'")

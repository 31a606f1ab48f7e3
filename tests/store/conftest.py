"""Journals of whole sessions in memory, with the venues' ledgers to judge the store by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mm.persistence.journal import EventJournal
from mm.persistence.recorder import FileRecorder
from tests.backtest.brief_market import recorded
from tests.backtest.session import START, Session
from tests.backtest.two_venues import SETTINGS, TwoVenues

FUTURES, PERPETUAL = "mexc_futures", "BTC/USDT:USDT"
CONTRACTS = SETTINGS.replace("mexc_spot", FUTURES).replace("BTC/USDT", PERPETUAL)


class Run:
    """A session that is over, and a state folder with its journal and recording."""

    def __init__(self, state: Path, session: Any) -> None:
        self.state = state
        self.session = session

    @property
    def journal(self) -> Path:
        return self.state / "journal"


def keep(state: Path, events: list[Any], epoch: int = 1) -> None:
    """Write a journal and a recording as a run would have."""
    (state / "recordings").mkdir(parents=True, exist_ok=True)
    journal = EventJournal(state / "journal", epoch=epoch, build="test", now_ns=START)
    recorder = FileRecorder(state / "recordings" / f"{epoch:08d}.mmr", build="test", created_ns=START, journal=journal)
    for event in events:
        recorder.record(event)
        assert recorder.settle is not None
        recorder.settle()
    recorder.close()


@pytest.fixture(scope="session")
def kraken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A minute on one venue."""
    state = tmp_path_factory.mktemp("kraken")
    session = Session(state)
    session.run(70)
    assert session.stop()
    keep(state, session.recorder.events)
    return Run(state, session)


@pytest.fixture(scope="session")
def hedged(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Quotes on Kraken and hedges in contracts, whose funding is settled each twenty seconds."""
    state = tmp_path_factory.mktemp("hedged")
    session = TwoVenues(state, hedge_venue=FUTURES, settings=CONTRACTS, funding_seconds=20, entries_of=recorded)
    session.run(70)
    assert session.stop()
    keep(state, session.recorder.events)
    return Run(state, session)

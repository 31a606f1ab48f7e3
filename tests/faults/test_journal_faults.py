"""What happens to a run whose storage fails, judged by the venues' ledgers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mm._core import events as ev
from mm.engine.market import Market
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.kinds import ACCOUNT
from tests.backtest.brief_market import recorded
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SETTINGS, TwoVenues

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else (1,)
CONTRACTS = SETTINGS.replace("mexc_spot", FUTURES).replace('"BTC/USDT"', '"BTC/USDT:USDT"')


class Failing(MemoryRecorder):
    """Its journal takes nothing more from the next event of a kind on, which is where a disk tells that it is full."""

    fails_at: type = type(None)
    kept = 0
    """Events that it had before."""

    def record(self, event: ev.Event) -> None:
        if type(event) is self.fails_at and not self.broken:
            self.break_journal("no space left on the device")
            self.kept = len(self.events)
        super().record(event)


def standing(run: TwoVenues, venue: str) -> list[object]:
    return run.exchanges[venue].open_orders(ACCOUNT)


def told(run: TwoVenues) -> set[str]:
    """Client ids of all orders that the venues ever had of us."""
    orders = [
        order
        for exchange in run.exchanges.values()
        for order in (*exchange.closed_orders(ACCOUNT), *exchange.open_orders(ACCOUNT))
    ]
    return {order.request.client_id for order in orders}


def markets(run: TwoVenues) -> list[Market]:
    return list(run.engine.markets.values())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("hedge", "kind"),
    [(MEXC, ev.Place), (FUTURES, ev.Fill), (MEXC, ev.Amend), (FUTURES, ev.Cancel)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_f82_an_intent_that_the_journal_does_not_take_never_leaves(
    tmp_path: Path, seed: int, hedge: str, kind: type
) -> None:
    settings = CONTRACTS if hedge == FUTURES else SETTINGS
    # Quotes that are moved are seldom cancelled, in a quiet market least.
    market = recorded if kind is ev.Cancel else None
    run = TwoVenues(
        tmp_path, seed=seed, settings=settings, hedge_venue=hedge, recorder=Failing(keep=True), entries_of=market
    )
    run.run(30 + seed, done=lambda: len(run.trades(hedge)) > 2 and bool(standing(run, KRAKEN)))
    run.run(1)
    run.recorder.fails_at = kind
    for _ in range(6000):
        run.run(0.1)
        if run.recorder.broken:
            break
    at_ns = run.now_ns - 10**8
    run.run(10)
    assert standing(run, KRAKEN) == standing(run, hedge) == [], "I10: what stood is cancelled"
    run.run(20)
    written = {event.client_id for event in run.recorder.events[: run.recorder.kept] if type(event) is ev.Place}
    assert told(run) <= written, "I7: something left that the journal does not have"
    events = [event for event in run.recorder.events if event.recv_ns >= at_ns]
    if kind is ev.Place:
        assert [event for event in events if type(event) is ev.OrderDenied], "nothing was denied"
    assert {latch.cause for latch in run.engine.ladder.latches.values()} == {"journal"}, "F82: no halt"
    # What was filled meanwhile is booked all the same.
    for venue in (KRAKEN, hedge):
        trades = {trade.execution_id for trade in run.trades(venue)}
        fills = {event.execution_id for event in run.recorder.events if type(event) is ev.Fill and event.venue == venue}
        assert fills == trades, "I4"
    assert run.stop()
    assert run.replayed().state_hash() == run.engine.state_hash()


@pytest.mark.parametrize("seed", SEEDS)
def test_f82_without_a_journal_reductions_are_not_tried_without_end_and_somebody_is_told(
    tmp_path: Path, seed: int
) -> None:
    run = TwoVenues(tmp_path, seed=seed, hedge_venue=MEXC, recorder=Failing(keep=True))
    run.run(60, done=lambda: bool(standing(run, KRAKEN)) and any(run.engine.ladder.held(m) for m in markets(run)))
    assert any(run.engine.ladder.held(market) for market in markets(run)), "nothing is held that could be closed"
    before = told(run)
    run.recorder.break_journal("no space left on the device")
    begun = len(run.recorder.events)
    flatten = [ev.Latched(run.now_ns, "flatten", "", True, "operator", "")]
    run.worlds[KRAKEN].tell(lambda now_ns: run.driver.latch(now_ns, flatten))
    run.run(20)
    assert standing(run, KRAKEN) == standing(run, MEXC) == [], "I10: what stood is cancelled"
    assert told(run) <= before, "I7: something left that the journal does not have"
    since = run.recorder.events[begun:]
    tried = [event for event in since if type(event) is ev.Place and event.purpose == "flatten"]
    assert not tried, f"F82: {len(tried)} reductions were tried that could not leave"
    said = [event.text for event in since if type(event) is ev.Alert and "reductions cannot be sent" in event.text]
    assert len(said) == 1, f"F82: said {len(said)} times that reductions cannot be sent"
    assert "no space left on the device" in said[0]
    assert run.replayed().state_hash() == run.engine.state_hash()

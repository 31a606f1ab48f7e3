"""A settlement of funding while nobody was there: booked before the first comparison of the start that follows."""

from dataclasses import replace
from pathlib import Path

from mm._core import events as ev
from tests.faults.restarted import BUY, SELL, Restarted, cases

CYCLE_S = 120
FUTURES = cases()["mexc_futures"]
CASE = replace(FUTURES, options={**FUTURES.options, "funding_seconds": CYCLE_S})


def test_it_is_booked_before_the_first_decision_and_leaves_no_residual(tmp_path: Path) -> None:
    stand = Restarted(CASE, tmp_path / "journal")
    stand.ready()
    bought = stand.place(BUY, stand.price(-1), stand.size)
    stand.live(bought)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(bought, "FILLED")
    stand.run(1)
    stand.kill()
    stand.run(CYCLE_S)
    stand.restart()
    stand.until("up", lambda: stand.venue.private_up)
    kinds = [type(event) for event in stand.recorder.events]
    assert ev.FundingPaid in kinds
    up = next(i for i, e in enumerate(stand.recorder.events) if type(e) is ev.LinkChanged and e.channel == "private")
    assert kinds.index(ev.FundingPaid) < up
    stand.judge()

"""A list of positions that leaves one out: once it is a mistake of the venue, again and again the position is gone.

Of the kind of F10, F11 and F68, and in none of them: what would follow is a second hedge of all that is held.
"""

import pytest

from mm._core import events as ev
from tests.faults.hedged import FUTURES, UNITS
from tests.faults.restarted import BUY, SELL, Restarted, cases
from tests.faults.test_contract_faults import contracts, sent, until_held

CASES = cases()
POSITIONS = "GET position/open_positions"
NOTHING = ['{"success":true,"code":0,"data":[]}', '{"success":true,"code":0}']


def silent(venue, body, times=1):
    """The venue's next lists of positions are empty."""
    rule = {"on": "reply", "name": POSITIONS, "action": "body", "error": body, "status": 200, "times": times}
    venue.hooks.load([rule])


@pytest.mark.parametrize("body", NOTHING, ids=["empty", "missing"])
def test_a_list_that_is_empty_once_is_not_hedged_again(tmp_path, body):
    run = contracts(tmp_path, 1)
    held = until_held(run)
    run.pause()
    run.run(10)
    held = run.contracts()
    since = len(run.recorder.events)
    silent(run.venues[FUTURES], body)
    run.run(100)
    assert run.venues[FUTURES].hooks.fired["reply.body"] == 1
    assert run.contracts() == held
    assert run.engine.perpetuals.externals == 0, "I3: one list's silence was taken for somebody else's doing"
    assert not sent(run, since), "I11: it was hedged again"
    run.come_to_rest(30)


def test_a_start_whose_first_list_is_empty_keeps_what_it_holds(tmp_path):
    stand = Restarted(CASES[FUTURES], tmp_path / "journal")
    stand.ready()
    bought = stand.place(BUY, stand.price(-1), stand.size)
    stand.live(bought)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(bought, "FILLED")
    stand.kill()
    stand.run(3)
    silent(stand.counterpart.venue, NOTHING[0])
    stand.restart()
    stand.run(100)
    assert stand.fired("reply.body") == 1
    assert stand.engine.perpetuals.externals == 0, "I3: one list's silence was taken for somebody else's doing"
    stand.judge()


@pytest.mark.parametrize("told", ["lists", "position"])
def test_a_position_that_lists_leave_out_again_and_again_is_gone(tmp_path, told):
    run = contracts(tmp_path, 1)
    until_held(run)
    run.pause()
    run.run(10)
    run.external = abs(run.contracts()) * UNITS[FUTURES]
    run.is_told = told != "position"
    run.act(action="adl", percent=100, told=told)
    assert run.contracts() == 0
    began = run.now_ns
    run.run(150, done=lambda: run.engine.perpetuals.externals)
    assert run.engine.perpetuals.externals == 1, "the position that the venue took was never booked as gone"
    assert run.now_ns - began <= 75 * 10**9
    changed = [event for event in run.recorder.events if type(event) is ev.PositionChanged]
    assert len(changed) == 1
    run.run(20)
    run.come_to_rest(60)

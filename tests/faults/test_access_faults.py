"""Bans that go on behind other answers, and rights that are lost in the run: what may be asked, and that cancels go.

Judged as `tests.faults.test_rule_faults`: by what reached the venue and what stands there.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from tests.faults.hedged import CAMPAIGN
from tests.faults.quoted import FUTURES, KRAKEN, MEXC, PLACE, VENUES, Quoted, each
from tests.faults.test_order_faults import on
from tests.faults.test_rule_faults import refused, trading

RIGHTS = {
    KRAKEN: "EGeneral:Permission denied",
    MEXC: "700007:No permission to access the endpoint",
    FUTURES: "402:API key expired",
}


@each(MEXC, FUTURES)
@pytest.mark.parametrize("then", [503, 429, 403][: None if CAMPAIGN else 1])
def test_f51_another_answer_behind_a_ban_does_not_end_it(tmp_path, venue, seed, then):
    quoted = trading(Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 20"))
    quoted.venue.act(quoted.now_ns, {"action": "ban", "status": 418, "duration_s": 600})
    quoted.run(2)
    quoted.venue.act(quoted.now_ns, {"action": "ban", "status": then, "duration_s": 600})
    before = sum(quoted.requests.values())
    quoted.wait(595)
    calls = sum(quoted.requests.values()) - before
    assert calls <= 12, f"F51: {calls} calls into a ban of ten minutes"
    assert not any("answers again" in text for text in quoted.alerts()), "F51: a gateway's page is no venue"
    quoted.wait(700, done=lambda: bool(quoted.own_open()))
    assert quoted.own_open(), "F51: nothing is quoted after the ban"


class Deep(Quoted):
    """Of several levels a side: an order stands beside others and in the place of none."""

    def _look_at_place(self, event):
        self.own_sent.add(event.client_id)


@each(*VENUES)
def test_f60_rights_that_are_lost_are_named_and_not_asked_with_again(tmp_path, venue, seed):
    quoted = trading(Quoted(tmp_path, venue, seed=seed, more="max_order_age_s = 20"))
    lost_ns = quoted.now_ns
    quoted.venue.hooks.load(on("request", [PLACE[venue]], "refuse", error=RIGHTS[venue]))
    quoted.wait(300)
    tried = len(refused(quoted, lost_ns))
    assert 1 <= tried <= 3, f"F60: {tried} orders were asked for without the rights"
    said = [text for text in quoted.alerts() if "rights" in text]
    assert said, "F60: nobody was told"
    assert RIGHTS[venue].partition(":")[2].split()[0] in said[-1], "F60: the cause is not named"


@each(MEXC, FUTURES)
def test_f60_cancels_that_the_venue_takes_do_not_wait_for_the_lost_rights(tmp_path, venue, seed):
    quoted = trading(Deep(tmp_path, venue, seed=seed, more="max_order_age_s = 20\nlevels = 4"))
    quoted.run(30, done=lambda: len(quoted.own_open()) >= 4)
    quoted.venue.hooks.load(on("request", [PLACE[venue]], "refuse", error=RIGHTS[venue]))
    quoted.run(300, done=lambda: any("rights" in text for text in quoted.alerts()))
    assert len(quoted.own_open()) >= 1
    latch = ev.Latched(quoted.now_ns, "halt", "", True, "operator", "")
    next(iter(quoted.worlds.values())).tell(lambda now_ns: quoted.driver.latch(now_ns, [latch]))
    quoted.run(9, done=lambda: not quoted.own_open())
    assert not quoted.own_open(), "F60: orders stand for want of cancels that the venue takes"

"""What does not count as drift: balances on their way, lists that trail, an account that is busy; and what is left."""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import Stand
from tests.reconciling import drift
from tests.reconciling.drift import ALL, FUTURES

STARTER = next(case for case in ALL if str(case) == "kraken")


@pytest.fixture(params=ALL, ids=str)
def stand(request: pytest.FixtureRequest) -> Stand:
    stand = Stand(request.param)
    stand.ready()
    stand.run(3)
    return stand


def take_turns(stand: Stand, seconds: int) -> None:
    """Buy and sell, each second, as a busy maker does."""
    for number in range(seconds):
        side = BUY if number % 2 else SELL
        order = stand.place(side, stand.price(-side))
        stand.run(0.4)
        stand.trade(-side, stand.price(-side), stand.size)
        stand.run(0.6)
        assert not stand.order(order).is_open


def test_f56_lists_and_balances_that_trail_a_busy_account_are_no_drift(stand: Stand) -> None:
    stand.fault("request", "lag", "", delay_s=20, times=0)
    take_turns(stand, 100)
    stand.run(60)
    assert [each for each in drift.differences(stand) if each.what in ("balance", "position")] == []
    stand.finish()


def test_a_busy_account_that_drifts_is_seen_all_the_same(stand: Stand) -> None:
    asset = stand.counterpart.assets[-1]
    drift.move(stand, asset, -(10**5))
    began_ns = stand.now_ns
    for _ in range(60):
        if drift.differences(stand, "balance"):
            break
        take_turns(stand, 1)
    (found,) = drift.differences(stand, "balance")
    assert (found.subject, found.verdict) == (asset, "unexplained")
    assert found.amount == -drift.told_amount(stand, asset, 10**5)
    assert found.recv_ns - began_ns <= drift.CYCLES_S * 1_000_000_000


def test_f15_a_sum_that_no_fill_explains_halts_the_instrument_and_says_so(stand: Stand) -> None:
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    told = stand.order(order)
    more = ev.OrderReport(
        stand.now_ns,
        stand.now_ns,
        stand.name,
        order,
        told.venue_id,
        stand.symbol,
        BUY,
        "partially_filled",
        told.price,
        told.size,
        stand.size // 2,
        "",
        "stream",
    )
    stand.world.tell(lambda now_ns: stand.driver.take((more,)))
    found = drift.seen(stand, "fill", "unexplained")
    assert found.subject == order
    assert found.amount == stand.size // 2
    assert "halted" in stand.market.halted, "F15: what nobody explains halts nothing"
    stand.run(1.1)
    assert any("unexplained" in event.text for event in stand.recorder.events if type(event) is ev.Alert)
    stand.run(40)
    assert len(drift.differences(stand, "fill")) == 1
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "accept", stand.name))
    stand.until("it is accepted", lambda: not stand.market.halted, 5)
    drift.replays(stand)


def test_an_account_that_cannot_be_read_whole_proves_nothing(stand: Stand) -> None:
    asset = stand.counterpart.assets[0]
    drift.move(stand, asset, 1000)
    stand.fault("request", "drop", "", times=0)
    stand.run(50)
    assert drift.differences(stand, "balance") == []
    stand.mend()
    drift.seen(stand, "balance", "unexplained")


def test_a_halt_is_kept_by_what_a_restart_knows(stand: Stand) -> None:
    drift.move(stand, stand.counterpart.assets[0], 1000)
    drift.seen(stand, "balance", "unexplained")
    saved = stand.engine.reconciling.durable()
    assert saved
    fresh = stand.replayed()
    assert fresh.reconciling.durable() == saved
    fresh.reconciling.restore([])
    assert not fresh.markets[stand.name, stand.symbol].halted
    fresh.reconciling.restore(saved)
    assert fresh.markets[stand.name, stand.symbol].halted


def test_the_reads_of_a_busy_account_stay_within_the_smallest_budget_of_kraken() -> None:
    stand = Stand(type(STARTER)(**{**_fields(STARTER), "settings": {**STARTER.settings, "tier": "starter"}}))
    stand.ready()
    take_turns(stand, 120)
    refused = [event for event in stand.recorder.events if type(event) is ev.Alert and "limit" in event.text.lower()]
    assert refused == []
    reads = [event for event in stand.recorder.events if type(event) is ev.AccountRead]
    assert len(reads) >= 2
    assert all(read.is_complete for read in reads)


def test_a_position_that_is_cut_while_deals_trail_is_booked_once() -> None:
    stand = Stand(FUTURES)
    stand.ready()
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(order, "FILLED")
    stand.fault("request", "lag", "", delay_s=20, times=0)
    resting = stand.place(BUY, stand.price(-1))
    stand.live(resting)
    drift.fill(stand, SELL, stand.price(-1), stand.size)
    stand.until("the hidden fill is booked", lambda: stand.market.position.quantity == 2 * stand.size, 90)
    stand.run(90)
    assert drift.differences(stand, "position") == []
    assert stand.market.position.quantity == 2 * stand.size


def _fields(case: object) -> dict[str, object]:
    return {name: getattr(case, name) for name in type(case).__slots__}  # type: ignore[attr-defined]
